//! The command line: one file a command. `main` picks it; errors are one line on stderr, exit code 1; usage errors exit 2.

mod audit;
mod backup;
mod check_config;
mod check_store;
mod demo;
mod explain;
mod profile;
mod replay;
mod run;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Keeps the alarms that a profile calls critical, from what a Nagios sees, and explains each of them.
#[derive(Debug, Parser)]
#[command(name = "alarm-filter", version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Run(run::Args),
    Replay(replay::Args),
    Explain(explain::Args),
    Audit(audit::Args),
    CheckConfig(check_config::Args),
    CheckStore(check_store::Args),
    Backup(backup::Args),
    Profile(profile::Args),
}

/// Runs the command that the process's arguments name.
pub fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Replay(args) => replay::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::CheckConfig(args) => check_config::run(&args),
        Command::CheckStore(args) => check_store::run(&args),
        Command::Backup(args) => backup::run(&args),
        Command::Profile(args) => profile::run(&args),
    };
    match result {
        Ok(code) => code,
        Err(message) => {
            note(&[message]);
            ExitCode::FAILURE
        }
    }
}

/// Names the file or folder in the way, and the command that helps, when this user may not read the journal. That there is
/// none is the store's to say.
fn journal_readable(journal: &std::path::Path) -> Result<(), String> {
    let is_there = !std::fs::metadata(journal).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound);
    match crate::access::obstacle(journal, false).filter(|_| is_there) {
        None => Ok(()),
        Some(why) => Err(format!("cannot read the journal {}: {why}", journal.display())),
    }
}

/// Prints what was asked for. Whoever reads only the beginning of it (`| head`) has got what they wanted.
fn print(text: &str) -> Result<(), String> {
    print_bytes(text.as_bytes())
}

/// The same of what is text in bytes.
fn print_bytes(text: &[u8]) -> Result<(), String> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(format!("cannot write to standard output: {e}")),
        _ => Ok(()),
    }
}

/// What should be known, a line each on standard error. Where that cannot be written to, nobody can be told.
fn note(lines: &[String]) {
    use std::io::Write;
    let mut out = std::io::stderr().lock();
    for line in lines {
        let _unheard = writeln!(out, "alarm-filter: {line}");
    }
}

/// What a command ends with: an exit code, or one line that says what happened, to which object, and what to do.
type Outcome = Result<ExitCode, String>;
