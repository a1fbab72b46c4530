//! `profile check` and `profile test`: is a profile right, and does it do what the region wants?

use super::Outcome;
use crate::profile_file::{self, Severity};
use crate::profile_test::run_file;
use clap::Subcommand;
use std::path::PathBuf;
use std::process::ExitCode;

/// Check profiles, and run a region's own cases for them.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check profile files: everything that is wrong, with file, line and hint.
    Check {
        /// The profiles.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Run the cases of test files: observations in, expected alarms out, on virtual time.
    Test {
        /// The test files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

pub(super) fn run(args: &Args) -> Outcome {
    let (fine, text) = match &args.command {
        Command::Check { files } => check(files),
        Command::Test { files } => test(files),
    };
    super::print(&text)?;
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn check(files: &[PathBuf]) -> (bool, String) {
    let (mut fine, mut text) = (true, String::new());
    for path in files {
        let report = profile_file::check(path);
        for (severity, line) in report.lines() {
            fine &= severity != Severity::Error;
            text.push_str(&format!("{line}\n"));
        }
        if let Some(profile) = &report.profile {
            let pairs: usize = profile.service_types.values().map(Vec::len).sum();
            let (path, name) = (path.display(), &profile.name);
            text.push_str(&format!("{path}: ok: {name}, {pairs} pairs of service type and metric\n"));
        }
    }
    (fine, text)
}

fn test(files: &[PathBuf]) -> (bool, String) {
    let (mut cases, mut failed, mut fine, mut text) = (0, 0, true, String::new());
    for path in files {
        let report = run_file(path);
        text.push_str(&report.to_string());
        cases += report.cases.len();
        failed += report.cases.iter().filter(|c| !c.failures.is_empty()).count();
        fine &= report.passes();
    }
    text.push_str(&format!("{cases} cases, {failed} failed\n"));
    (fine, text)
}
