//! `check-store`: the whole check of a store, beside a running daemon or without one. It changes nothing.

use super::Outcome;
use crate::config::{Config, DEFAULT_PATH, JOURNAL};
use crate::store::{Finding, History, OpenOptions, Severity, SqliteHistory};
use std::path::PathBuf;
use std::process::ExitCode;

/// Check a store from end to end: every checksum, every gap, every document. Changes nothing.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A journal by its file: a backup.
    #[arg(value_name = "FILE", conflicts_with_all = ["store", "config"])]
    file: Option<PathBuf>,
    /// The folder of the store; otherwise as the configuration says.
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    store: Option<PathBuf>,
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_PATH)]
    config: PathBuf,
}

pub(super) fn run(args: &Args) -> Outcome {
    let journal = match (&args.file, &args.store) {
        (Some(file), _) => file.clone(),
        (None, Some(folder)) => folder.join(JOURNAL),
        (None, None) => Config::load(&args.config).map_err(|e| e.to_string())?.journal(),
    };
    super::journal_readable(&journal)?;
    let history = SqliteHistory::open(&journal, OpenOptions::default()).map_err(|e| e.to_string())?;
    let findings = findings(&history)?;
    super::print(&findings.iter().map(line).collect::<String>())?;
    let damaged = findings.iter().any(|f| f.severity == Severity::Damage);
    if !damaged {
        super::print(&format!("{}: sound\n", journal.display()))?;
    }
    Ok(if damaged { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What the whole check finds.
pub(super) fn findings(history: &SqliteHistory) -> Result<Vec<Finding>, String> {
    history.check_all().map_err(|e| e.to_string())
}

/// A finding as a line.
pub(super) fn line(finding: &Finding) -> String {
    let word = if finding.severity == Severity::Damage { "damage" } else { "note" };
    format!("{word}: {}\n", finding.text)
}
