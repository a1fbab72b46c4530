//! One order: which probe it is for, if for one of ours, and its run.

use super::ours::Ours;
use crate::oneshot;
use crate::resident::command_line::{Line, read};
use crate::resident::shell::Run;
use crate::resident::worker_protocol::Outcome;
use nix::poll::{PollFd, PollFlags, poll};
use plugin::{Answer, Ready};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::panic::catch_unwind;
use std::time::{Duration, Instant, SystemTime};

/// How a command line is run.
#[derive(Debug)]
pub enum Plan {
    /// In this process.
    Here(Ready),
    /// There is nothing to run: help, or what is wrong with the arguments.
    Said(Answer),
    /// By a shell: it needs one, or it is not of this binary.
    Shell,
}

/// Reads a command line.
pub fn plan(command: &[u8], ours: &Ours) -> Plan {
    let Line::Words(words) = read(command) else { return Plan::Shell };
    let args: Vec<OsString> = words.into_iter().map(OsString::from_vec).collect();
    if !args.first().is_some_and(|program| ours.is(program)) {
        return Plan::Shell;
    }
    let Some((probe, args)) = oneshot::pick(args) else { return Plan::Shell };
    match catch_unwind(|| probe.plugin.prepare(args)) {
        Ok(Ok(ready)) => Plan::Here(ready),
        Ok(Err(answer)) => Plan::Said(answer),
        // The process that is started instead says what is wrong.
        Err(_) => Plan::Shell,
    }
}

/// Whom a command line asks: the host it names, or else itself. Targets take turns, and each has its share.
pub fn target(command: &[u8]) -> Vec<u8> {
    let mut words = command.split(|b| matches!(b, b' ' | b'\t')).filter(|word| !word.is_empty()).skip(1);
    while let Some(word) = words.next() {
        let host = match word {
            b"-H" | b"--host" | b"--hostname" => words.next(),
            _ => [&b"--hostname="[..], b"--host=", b"-H"].iter().find_map(|option| word.strip_prefix(*option)),
        };
        if let Some(host) = host {
            return host.to_vec();
        }
    }
    command.to_vec()
}

/// Runs a command line by a shell, for so long at most.
pub fn by_shell(command: &[u8], left: Duration) -> Outcome {
    let deadline = Instant::now() + left;
    let mut run = match Run::start(command) {
        Ok(run) => run,
        Err(error) => return cannot_start(&error),
    };
    loop {
        let now = Instant::now();
        if now >= deadline {
            run.kill();
            let begun = run.begun;
            // So that no body is left; one that cannot be killed is left to the system.
            for _ in 0..20 {
                if run.ended().is_some() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            return Outcome::timed_out(begun);
        }
        let open: Vec<_> = run.pipes().into_iter().flatten().collect();
        let mut wait: Vec<_> = open.iter().map(|pipe| PollFd::new(*pipe, PollFlags::POLLIN)).collect();
        // Without pipes it is asked again and again: one that closed its outputs and goes on is rare.
        let pause = if wait.is_empty() { 5 } else { 100 };
        let pause = (deadline - now).as_millis().clamp(1, pause);
        let _ = poll(&mut wait, u16::try_from(pause).unwrap_or(100));
        drop(wait);
        run.read();
        if let Some(status) = run.ended() {
            return run.outcome(status);
        }
    }
}

/// What is said when not even a shell can be had.
pub fn cannot_start(error: &std::io::Error) -> Outcome {
    let text = format!("GRIDPROBE UNKNOWN: cannot start /bin/sh: {error}; are there too many processes?\n");
    Outcome::exited(3, text.into_bytes(), SystemTime::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_the_host_that_is_named() {
        for line in ["/p/c -H h.x -t 5", "/p/c -t 5 -Hh.x", "c --hostname=h.x", "c -v --host h.x"] {
            assert_eq!(target(line.as_bytes()), b"h.x", "{line}");
        }
        assert_eq!(target(b"/p/check_ca -d /x"), b"/p/check_ca -d /x");
    }

    #[test]
    fn a_shells_outputs_and_end_are_handed_on() {
        let left = Duration::from_secs(20);
        let outcome = by_shell(b"echo out; echo err >&2; exit 2", left);
        assert_eq!((outcome.wait_status, outcome.timed_out), (2 << 8, false));
        assert_eq!((&outcome.out[..], &outcome.err[..]), (&b"out\n"[..], &b"err\n"[..]));
        assert_eq!(by_shell(b"kill -9 $$", left).wait_status, 9);
        let long = by_shell(b"head -c 300000 /dev/zero", left);
        assert_eq!(long.out.len(), crate::resident::worker_protocol::LONGEST_OUTPUT);
        let outcome = by_shell(b"exec >&- 2>&-; sleep 0.05; exit 1", left);
        assert_eq!(outcome.wait_status, 1 << 8);
    }

    #[test]
    fn a_shell_that_hangs_is_ended_with_all_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("pid");
        let line = format!("sleep 1000 & echo $! >{}; wait", mark.display());
        let begun = Instant::now();
        let outcome = by_shell(line.as_bytes(), Duration::from_millis(500));
        assert!(outcome.timed_out && begun.elapsed() < Duration::from_secs(10));
        let pid: i32 = std::fs::read_to_string(mark).unwrap().trim().parse().unwrap();
        let gone = (0..500).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            // A body that init has not taken away yet is dead as well.
            std::fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
        });
        assert!(gone);
    }
}
