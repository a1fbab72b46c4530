//! `check-config`: is the configuration right, and can this user read and write what it names?

use super::Outcome;
use crate::config::{DEFAULT_PATH, Me, Severity, check_file};
use std::path::PathBuf;
use std::process::ExitCode;

/// Check the configuration, and whether this user can read and write what it names.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_PATH)]
    config: PathBuf,
}

pub(super) fn run(args: &Args) -> Outcome {
    let findings = check_file(&args.config, &Me::now());
    super::print(&findings.iter().map(|finding| format!("{finding}\n")).collect::<String>())?;
    let bad = findings.iter().any(|f| f.severity == Severity::Error);
    Ok(if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
