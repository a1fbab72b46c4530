//! Runs the tools of a batch system: no shell, an environment of our own, a bounded output, and an end by the run's deadline with all
//! that the tool has started.

use crate::net::rest::Fault;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use plugin::Context;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;

/// More of an output is not kept; the tool may write it all the same.
const LIMIT: usize = 4 * 1024 * 1024;

/// What a tool printed, and how it ended.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Output {
    /// Whether it succeeded.
    pub fn is_ok(&self) -> bool {
        self.code == Some(0)
    }

    /// What it says of a failure: the last line with words that it wrote.
    pub fn said(&self) -> String {
        let line = |text: &str| text.lines().rev().map(str::trim).find(|l| !l.is_empty()).map(str::to_owned);
        let said = line(&self.err).or_else(|| line(&self.out)).unwrap_or_else(|| "nothing".to_owned());
        let code = self.code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
        format!("{} ({code})", plugin::text::shortened(&said, 200))
    }
}

/// Runs it in a folder.
///
/// # Errors
/// It cannot be started, or has not ended in time: ours.
pub fn run(
    words: &[String],
    folder: &Path,
    environment: &[(String, String)],
    context: &Context,
) -> Result<Output, Fault> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(Fault::Ours("there is no command to run".to_owned()));
    };
    context.doing(format_args!("running {program}"));
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env_clear().envs(environment.iter().map(|(k, v)| (k, v)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(|e| Fault::Ours(format!("cannot run {program}: {e}")))?;
    let group = Pid::from_raw(child.id().cast_signed());
    let (sender, receiver) = channel();
    let streams: [(usize, Option<Box<dyn Read + Send>>); 2] = [
        (0, child.stdout.take().map(|s| Box::new(s) as Box<dyn Read + Send>)),
        (1, child.stderr.take().map(|s| Box::new(s) as Box<dyn Read + Send>)),
    ];
    for (which, stream) in streams {
        let sender = sender.clone();
        thread::spawn(move || {
            let _ = sender.send((which, stream.map(read).unwrap_or_default()));
        });
    }
    let late = || Fault::Ours(format!("{program} has not ended in time"));
    let mut texts = [String::new(), String::new()];
    for _ in 0..2 {
        match receiver.recv_timeout(context.deadline.remaining()) {
            Ok((which, text)) => texts[which] = text,
            Err(_) => {
                let _ = killpg(group, Signal::SIGKILL);
                let _ = child.wait();
                return Err(late());
            }
        }
    }
    // It has closed both; that it ends is a matter of moments, or it hangs as well.
    loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                let [out, err] = texts;
                return Ok(Output { code: status.code(), out, err });
            }
            Ok(None) if !context.deadline.remaining().is_zero() => thread::sleep(std::time::Duration::from_millis(2)),
            _ => {
                let _ = killpg(group, Signal::SIGKILL);
                let _ = child.wait();
                return Err(late());
            }
        }
    }
}

/// Reads all of it, keeps the beginning.
fn read(mut stream: Box<dyn Read + Send>) -> String {
    let mut kept = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => kept.extend_from_slice(&buffer[..n.min(LIMIT.saturating_sub(kept.len()))]),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn sh(script: &str, timeout: u64) -> Result<Output, Fault> {
        let context = Context::new("check_test", Duration::from_secs(timeout), 0);
        let words = ["/bin/sh", "-c", script].map(str::to_owned);
        run(&words, Path::new("/"), &[("A".to_owned(), "b".to_owned())], &context)
    }

    #[test]
    fn output_code_and_environment_are_its_own() {
        let output = sh("echo $A; echo oops >&2; echo $HOME; exit 3", 10).unwrap();
        assert_eq!((output.code, output.out.as_str(), output.err.as_str()), (Some(3), "b\n\n", "oops\n"));
        assert_eq!(output.said(), "oops (exit code 3)");
        let much = sh("head -c 9000000 /dev/zero", 10).unwrap();
        assert_eq!(much.out.len(), LIMIT);
    }

    #[test]
    fn what_hangs_is_ended_with_its_children() {
        let fault = sh("sleep 1000 & echo $! ; sleep 1000", 1).unwrap_err();
        assert!(fault.to_string().contains("has not ended in time"), "{fault}");
        assert!(matches!(
            run(&["/no/such".to_owned()], Path::new("/"), &[], &Context::new("x", Duration::from_secs(1), 0)),
            Err(Fault::Ours(_))
        ));
    }
}
