//! `explain`: why there is an alarm, or why not; from a journal, beside a running daemon, or from a recording.

use super::Outcome;
use super::replay::Files;
use crate::config::{Config, JOURNAL};
use crate::explain::{
    Asked, Explanation, explain, explain_told, from_records, keys_among, keys_of, profiles_of, words,
};
use crate::store::{OpenOptions, SqliteHistory};
use alarm_core::profile::Profiles;
use alarm_core::time::Timestamp;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Why is there an alarm, or why not.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The host, as the monitor names it.
    host: String,
    /// The service's description, its metric with or without -ops, or Host.
    metric: String,
    /// As of then: RFC 3339 (2026-11-22T08:00:00Z) or epoch seconds.
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<Timestamp>,
    /// The folder of the journal.
    #[arg(long, value_name = "DIR", conflicts_with = "logs")]
    store: Option<PathBuf>,
    /// The daemon's configuration, which names the folder.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["logs", "store"])]
    config: Option<PathBuf>,
    /// How many steps to show, the last ones; 0: all.
    #[arg(long, value_name = "N", default_value_t = 40)]
    last: usize,
    /// How to print.
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    format: String,
    #[command(flatten)]
    recording: Recorded,
}

/// A recording instead of a journal: as `replay` takes it, and all of it optional.
#[derive(Debug, clap::Args)]
struct Recorded {
    /// Instead of a journal: a recording. A nagios.log; several, oldest first.
    #[arg(long = "nagios-log", requires = "profile", value_name = "FILE")]
    logs: Vec<PathBuf>,
    /// Of the recording: an objects.cache; several, oldest first.
    #[arg(long, requires = "logs", value_name = "FILE", num_args = 1..)]
    objects: Vec<PathBuf>,
    /// Of the recording: a status.dat; several, in any order.
    #[arg(long, requires = "logs", value_name = "FILE", num_args = 1..)]
    status: Vec<PathBuf>,
    /// Of the recording: the profile that raises alarms.
    #[arg(long, requires = "logs", value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Of the recording: a folder with GOCDB's answers, named by their methods.
    #[arg(long, requires = "logs", value_name = "DIR")]
    gocdb: Option<PathBuf>,
}

impl Recorded {
    fn files(&self) -> Option<Files> {
        Some(Files {
            logs: self.logs.clone(),
            objects: self.objects.clone(),
            status: self.status.clone(),
            profile: self.profile.clone()?,
            gocdb: self.gocdb.clone(),
        })
    }
}

/// RFC 3339 or epoch seconds.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Ok(Timestamp::from_secs(seconds));
    }
    chrono::DateTime::parse_from_rfc3339(text)
        .map(|t| Timestamp(t.timestamp_millis()))
        .map_err(|_| "write a time as 2026-11-22T08:00:00Z or in epoch seconds".to_owned())
}

pub(super) fn run(args: &Args) -> Outcome {
    let answers = match args.recording.files() {
        Some(files) => of_recording(args, &files)?,
        None => of_journal(args)?,
    };
    if args.format == "json" {
        super::print(&format!("{}\n", serde_json::to_string(&answers).map_err(|e| e.to_string())?))?;
    } else {
        super::print(&answers.iter().map(|a| text(a, args.last)).collect::<Vec<_>>().join("\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn of_recording(args: &Args, files: &Files) -> Result<Vec<Explanation>, String> {
    let (mut session, recording, settings) = files.open()?;
    session.journal = Some(Vec::new());
    let notes = recording.play(&mut session, &settings, |_, _| {}).map_err(|e| e.to_string())?;
    super::note(&notes);
    if let Some(at) = args.at {
        // Timers that fell due until then have fired then.
        let at = at.max(session.engine.world().at);
        session.feed(at, alarm_core::input::Input::Tick);
    }
    let told = from_records(session.journal.as_deref().unwrap_or_default());
    let asked = Asked { host: &args.host, metric: &args.metric };
    let profiles = session.engine.world().profiles.clone();
    let keys = or_itself(keys_among(&told, asked), asked);
    Ok(keys.iter().map(|key| explain_told(&told, key, args.at, Some(&profiles), None)).collect())
}

fn of_journal(args: &Args) -> Result<Vec<Explanation>, String> {
    let (journal, profiles) = match &args.store {
        Some(folder) => (folder.join(JOURNAL), None),
        None => {
            let path = args.config.as_deref().unwrap_or(Path::new(crate::config::DEFAULT_PATH));
            let config = Config::load(path).map_err(|e| e.to_string())?;
            let profiles = config.profiles.load().map_err(|lines| lines.join("\n"))?;
            (config.journal(), Some(profiles))
        }
    };
    super::journal_readable(&journal)?;
    let history = SqliteHistory::open(&journal, OpenOptions::default()).map_err(|e| e.to_string())?;
    let asked = Asked { host: &args.host, metric: &args.metric };
    let upto = u64::MAX;
    let profiles = match profiles {
        Some(profiles) => Some(profiles),
        None => profiles_of(&history, upto).map_err(|e| e.to_string())?,
    };
    let keys = or_itself(keys_of(&history, asked, upto).map_err(|e| e.to_string())?, asked);
    let one = |key| explain(&history, key, upto, args.at, profiles.as_ref().map(|p: &Profiles| p));
    keys.iter().map(one).collect::<Result<_, _>>().map_err(|e| e.to_string())
}

/// What nothing is known of is answered for under the name that it was asked for by.
fn or_itself(keys: Vec<alarm_core::watch::Key>, asked: Asked<'_>) -> Vec<alarm_core::watch::Key> {
    if !keys.is_empty() {
        return keys;
    }
    let service = (!asked.metric.eq_ignore_ascii_case(alarm_core::verdict::HOST)).then(|| asked.metric.into());
    vec![alarm_core::watch::Key { group: "".into(), host: asked.host.into(), service }]
}

fn text(e: &Explanation, last: usize) -> String {
    let mut out = format!("{}\n", e.verdict);
    let hidden = if last == 0 { 0 } else { e.steps.len().saturating_sub(last) };
    if hidden > 0 {
        let _ = writeln!(out, "\n({hidden} earlier steps; --last 0 shows all)");
    } else if !e.steps.is_empty() {
        out.push('\n');
    }
    for step in &e.steps[hidden..] {
        let since = step.since.unwrap_or(step.at);
        let _ = write!(out, "{}  #{:<7} {}", words::time(since), step.seq, step.sentence);
        let late = step.at.since(since);
        if late.abs() >= alarm_core::time::MINUTE {
            let _ = write!(out, " [noted {}]", words::time(step.at));
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_both_forms() {
        assert_eq!(time("1795320000").unwrap(), time("2026-11-22T04:00:00Z").unwrap());
        assert_eq!(time("2026-11-22T05:00:00+01:00").unwrap(), time("1795320000").unwrap());
        assert!(time("yesterday").unwrap_err().contains("2026-11-22T08:00:00Z"));
    }
}
