//! `gridprobe batch FILE`: runs command lines once, many at a time, and hands their results to a Nagios that did not ask, through one
//! of [`crate::sink`]. Lines are `host;service;command`, with an empty service for the host's own result.

use crate::resident::nagios_cfg;
use crate::resident::pool::{ours::Ours, run};
use crate::resident::worker_protocol::Outcome;
use crate::sink::{Delivery, PassiveResult, Sink, icinga::Icinga, known::Known, pipe::Pipe, spool::Spool};
use clap::{Args, Command, FromArgMatches};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// So many results are handed in together at most.
const TOGETHER: usize = 2000;
/// None waits longer for others to join it.
const SOON: Duration = Duration::from_secs(5);

/// What can be said to it.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Lines of host;service;command; empty ones and those that begin with # are passed over
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Nagios' main configuration file, which names its files; those below win
    #[arg(long, value_name = "FILE")]
    pub nagios_cfg: Option<PathBuf>,
    /// Into this spool of check results, Nagios' check_result_path
    #[arg(long, value_name = "FOLDER")]
    pub spool: Option<PathBuf>,
    /// Into this command pipe, Nagios' command_file; what is too long for it goes to the spool where one is known
    #[arg(long, value_name = "PIPE")]
    pub pipe: Option<PathBuf>,
    /// To this Icinga 2: a file with url, user, password, ca, and name where its certificate has another one than the host's
    #[arg(long, value_name = "FILE", conflicts_with_all = ["nagios_cfg", "spool", "pipe"])]
    pub icinga: Option<PathBuf>,
    /// Nagios' object_cache_file, which says what it knows
    #[arg(long, value_name = "FILE")]
    pub objects: Option<PathBuf>,
    /// So many MiB may wait in the spool; beyond them the oldest results are left out
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    pub room: u64,
    /// So many commands run at a time
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub threads: u32,
    /// A command is ended after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}

/// A line of the file.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Task {
    host: String,
    service: Option<String>,
    command: String,
}

/// As clap sees it.
pub fn command() -> Command {
    let about = "Runs the command lines of a file once and hands their results to a Nagios";
    Options::augment_args(Command::new("batch")).about(about).max_term_width(120)
}

/// Runs what the arguments, `batch` first, say. The exit code is 0 when all is delivered, 1 when something is not, 3 when nothing
/// could be run.
pub fn main(args: Vec<OsString>) -> u8 {
    let parsed =
        command().bin_name("gridprobe batch").try_get_matches_from(args).and_then(|m| Options::from_arg_matches(&m));
    let options = match parsed {
        Ok(options) => options,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { 3 } else { 0 };
        }
    };
    let prepared = read(&options.file).and_then(|tasks| Ok((tasks, sink(&options)?)));
    let (tasks, mut sink) = match prepared {
        Ok(prepared) => prepared,
        Err(why) => {
            eprintln!("gridprobe batch: {why}");
            return 3;
        }
    };
    let delivery = all(&tasks, sink.as_mut(), options.threads as usize, Duration::from_secs(options.timeout));
    for name in &delivery.unknown {
        eprintln!("gridprobe batch: {}: the monitor does not know it; not delivered", plugin::text::line(name));
    }
    for (name, why) in &delivery.failed {
        eprintln!("gridprobe batch: {}: not delivered: {why}", plugin::text::line(name));
    }
    delivery.notes.iter().for_each(|note| eprintln!("gridprobe batch: {note}"));
    eprintln!("gridprobe batch: {} of {} results delivered", delivery.delivered, tasks.len());
    u8::from(delivery.delivered != tasks.len())
}

fn read(path: &Path) -> Result<Vec<Task>, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let mut tasks = Vec::new();
    for (number, line) in text.lines().enumerate().map(|(n, line)| (n + 1, line.trim())) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut fields = line.splitn(3, ';').map(str::trim);
        match (fields.next(), fields.next(), fields.next()) {
            (Some(host), Some(service), Some(command)) if !host.is_empty() && !command.is_empty() => {
                let service = Some(service).filter(|name| !name.is_empty()).map(str::to_owned);
                tasks.push(Task { host: host.to_owned(), service, command: command.to_owned() });
            }
            _ => return Err(format!("{}:{number}: this is not host;service;command; nothing was run", path.display())),
        }
    }
    if tasks.is_empty() { Err(format!("there is no command in {}", path.display())) } else { Ok(tasks) }
}

fn sink(options: &Options) -> Result<Box<dyn Sink>, String> {
    if let Some(file) = &options.icinga {
        return Ok(Box::new(Icinga::read(file)?));
    }
    let own = options.spool.is_some() || options.pipe.is_some();
    let files = match nagios_cfg::read(options.nagios_cfg.as_deref()) {
        // Where the place is named, another Nagios' files must not be guessed.
        _ if own && options.nagios_cfg.is_none() => nagios_cfg::Files::default(),
        read => read?,
    };
    let known = || options.objects.clone().or_else(|| files.objects.clone()).map(Known::new);
    let spool = options.spool.clone().or_else(|| files.spool.clone());
    let room = options.room << 20;
    match (&options.pipe, spool) {
        (Some(pipe), spool) => {
            Ok(Box::new(Pipe::new(pipe.clone(), known(), spool.map(|folder| Spool::new(folder, None, room)))))
        }
        (None, Some(folder)) => Ok(Box::new(Spool::new(folder, known(), room))),
        (None, None) => match &files.command {
            Some(pipe) => Ok(Box::new(Pipe::new(pipe.clone(), known(), None))),
            None => Err("Nagios' file names neither check_result_path nor command_file; give --spool or --pipe".into()),
        },
    }
}

/// Runs them and hands in what comes of them, while the others run.
fn all(tasks: &[Task], sink: &mut dyn Sink, threads: usize, limit: Duration) -> Delivery {
    let (next, ours) = (AtomicUsize::new(0), Ours::default());
    let (done, results) = channel();
    std::thread::scope(|scope| {
        for _ in 0..threads.min(tasks.len()) {
            let (done, next, ours) = (done.clone(), &next, &ours);
            scope.spawn(move || {
                while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let _ = done.send(one(task, ours, limit));
                }
            });
        }
        drop(done);
        deliver(&results, sink)
    })
}

fn deliver(results: &Receiver<PassiveResult>, sink: &mut dyn Sink) -> Delivery {
    let mut delivery = Delivery::default();
    let (mut held, mut end, mut more) = (Vec::new(), Instant::now() + SOON, true);
    while more {
        match results.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(result) => held.push(result),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => more = false,
        }
        if held.len() < TOGETHER && more && Instant::now() < end {
            continue;
        }
        if !held.is_empty() {
            match sink.submit(&held) {
                Ok(new) => delivery.add(new),
                Err(why) => delivery.failed.extend(held.iter().map(|result| (result.name(), why.clone()))),
            }
            held.clear();
        }
        end = Instant::now() + SOON;
    }
    delivery
}

/// Runs one as a process; what is wrong with a probe's arguments is said without one.
fn one(task: &Task, ours: &Ours, limit: Duration) -> PassiveResult {
    let command = task.command.as_bytes();
    let begun = std::time::SystemTime::now();
    let outcome = match run::plan(command, ours) {
        run::Plan::Said(answer) => Outcome::exited(answer.code, answer.text.into_bytes(), begun),
        // A process of its own can be ended wherever it hangs; a thread cannot.
        run::Plan::Here(_) | run::Plan::Shell => run::by_shell(command, limit),
    };
    let (code, output) = judged(&outcome, limit);
    PassiveResult { host: task.host.clone(), service: task.service.clone(), code, output, times: outcome.times }
}

/// The code and text of a result, as Nagios makes them of a plugin's end; what is no plugin's end is UNKNOWN.
fn judged(outcome: &Outcome, limit: Duration) -> (u8, String) {
    let text = String::from_utf8_lossy(if outcome.out.is_empty() { &outcome.err } else { &outcome.out });
    if outcome.timed_out {
        return (3, format!("GRIDPROBE UNKNOWN: the command did not end within {} s", limit.as_secs()));
    }
    let said = if text.trim().is_empty() { "it said nothing" } else { text.trim_end() };
    match (outcome.wait_status & 0x7f, (outcome.wait_status >> 8) & 0xff) {
        (0, code @ 0..=3) => (u8::try_from(code).unwrap_or(3), said.to_owned()),
        (0, code) => (3, format!("GRIDPROBE UNKNOWN: the command ended with {code}, which is no state: {said}")),
        (signal, _) => (3, format!("GRIDPROBE UNKNOWN: the command was ended by signal {signal}: {said}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound_and_wrong_lines_are_named() {
        command().debug_assert();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "# c\n\nh;s;echo a; echo b\nh;;true\n").unwrap();
        let tasks = read(&path).unwrap();
        assert_eq!((tasks.len(), tasks[0].command.as_str(), &tasks[1].service), (2, "echo a; echo b", &None));
        std::fs::write(&path, "h;s;true\nh;s\n").unwrap();
        let wrong = read(&path).unwrap_err();
        assert!(wrong.contains(":2: ") && !wrong.contains('\n'), "{wrong}");
    }

    #[test]
    fn every_command_has_its_result_and_what_is_unknown_is_not_delivered() {
        let folder = tempfile::tempdir().unwrap();
        let objects = folder.path().join("objects");
        let names = ["fine", "signal", "code", "hangs"];
        let define = |name: &str| format!("define service {{\n\thost_name\th\n\tservice_description\t{name}\n\t}}\n");
        std::fs::write(&objects, names.map(define).concat()).unwrap();
        let task = |service: &str, command: &str| Task {
            host: "h".to_owned(),
            service: Some(service.to_owned()),
            command: command.to_owned(),
        };
        let tasks = [
            task("fine", "echo 'X WARNING: a|b=1'; exit 1"),
            task("signal", "kill -9 $$"),
            task("code", "exit 127"),
            task("hangs", "sleep 60"),
            task("nobody's", "true"),
        ];
        let spool = folder.path().join("spool");
        std::fs::create_dir(&spool).unwrap();
        let mut sink = Spool::new(spool.clone(), Some(Known::new(objects)), 1 << 30);
        let delivery = all(&tasks, &mut sink, 2, Duration::from_secs(2));
        assert_eq!((delivery.delivered, delivery.unknown), (4, vec!["h;nobody's".to_owned()]));
        let files = std::fs::read_dir(&spool).unwrap().flatten().map(|entry| entry.path());
        let text: String = files.map(|path| std::fs::read_to_string(path).unwrap()).collect();
        for part in ["return_code=1\noutput=X WARNING: a|b=1\n", "by signal 9", "ended with 127", "not end within 2 s"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
