//! `backup`: a copy of the journal, beside a running daemon or without one, and a check of that copy.

use super::Outcome;
use crate::config::{Config, DEFAULT_PATH, JOURNAL};
use crate::store::{OpenOptions, Severity, SqliteHistory};
use alarm_core::time::Timestamp;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Copy the journal to a file and check the copy. A running daemon is neither stopped nor held up.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file to write, which must not exist yet; or a folder, in which it is named after the time.
    #[arg(value_name = "FILE")]
    to: PathBuf,
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
    let to = target(&args.to, crate::app::now())?;
    let history = SqliteHistory::open(&journal, OpenOptions::default()).map_err(|e| e.to_string())?;
    history.backup_to(&to).map_err(|e| e.to_string())?;
    // A copy that nobody has read is a hope and not a backup.
    let copy = SqliteHistory::open(&to, OpenOptions::default()).map_err(|e| e.to_string())?;
    let findings = super::check_store::findings(&copy)?;
    let damaged = findings.iter().filter(|f| f.severity == Severity::Damage).count();
    super::print(&findings.iter().map(super::check_store::line).collect::<String>())?;
    let (seq, at) = copy.end().map_err(|e| e.to_string())?;
    let verdict = match damaged {
        0 => "sound".to_owned(),
        n => format!("{n} findings of damage, which the journal has as well: keep earlier backups"),
    };
    super::print(&format!("{}: the journal up to seq {seq} ({at}), {verdict}\n", to.display()))?;
    Ok(if damaged > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn target(to: &Path, now: Timestamp) -> Result<PathBuf, String> {
    let file = match to.is_dir() {
        true => to.join(format!("journal-{}.db", now.to_string().replace([':', '-'], ""))),
        false => to.to_owned(),
    };
    match file.symlink_metadata() {
        Ok(_) => Err(format!("{} exists already, and a backup overwrites nothing; name another file", file.display())),
        Err(_) => Ok(file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_folder_it_is_named_after_the_time_and_overwrites_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let file = target(dir.path(), Timestamp::from_secs(1_795_320_000)).unwrap();
        assert_eq!(file.file_name().unwrap(), "journal-20261122T040000Z.db");
        std::fs::write(&file, "").unwrap();
        assert!(target(dir.path(), Timestamp::from_secs(1_795_320_000)).unwrap_err().contains("overwrites nothing"));
        assert!(target(&file, Timestamp(0)).is_err());
    }
}
