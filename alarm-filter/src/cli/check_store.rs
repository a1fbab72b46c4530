//! `check-store`: the whole check of a store, beside a running daemon or without one. It changes nothing.

use super::Outcome;
use crate::config::{Config, DEFAULT_PATH, JOURNAL};
use crate::store::{History, OpenOptions, Severity, SqliteHistory};
use std::path::PathBuf;
use std::process::ExitCode;

/// Check a store from end to end: every checksum, every gap, every document. Changes nothing.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of the store; otherwise as the configuration says.
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    store: Option<PathBuf>,
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_PATH)]
    config: PathBuf,
}

pub(super) fn run(args: &Args) -> Outcome {
    let journal = match &args.store {
        Some(folder) => folder.join(JOURNAL),
        None => Config::load(&args.config).map_err(|e| e.to_string())?.journal(),
    };
    super::journal_exists(&journal)?;
    let history = SqliteHistory::open(&journal, OpenOptions::default()).map_err(|e| e.to_string())?;
    let findings = history.check_all().map_err(|e| e.to_string())?;
    let mut damaged = false;
    for finding in &findings {
        damaged |= finding.severity == Severity::Damage;
        let word = if finding.severity == Severity::Damage { "damage" } else { "note" };
        println!("{word}: {}", finding.text);
    }
    if !damaged {
        println!("{}: sound", journal.display());
    }
    Ok(if damaged { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
