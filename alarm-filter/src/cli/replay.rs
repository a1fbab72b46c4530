//! `replay`: decide a recording anew and print its alarm episodes, a JSON object a line.

use super::Outcome;
use crate::profile_file;
use crate::replay::recording::Recording;
use crate::replay::session::Session;
use crate::topology::load_dir::load_dir;
use alarm_core::profile::Profiles;
use alarm_core::settings::Settings;
use alarm_core::time::Timestamp;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Decide a recording of a Nagios anew, and print its alarm episodes.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    files: Files,
    /// How to print: a JSON object a line.
    #[arg(long, default_value = "jsonl", value_parser = ["jsonl"])]
    format: String,
}

/// A recording, and what it is judged by.
#[derive(Debug, clap::Args)]
pub(super) struct Files {
    /// A nagios.log; several, oldest first.
    #[arg(long = "nagios-log", required = true, value_name = "FILE")]
    pub(super) logs: Vec<PathBuf>,
    /// An objects.cache; several, oldest first.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(super) objects: Vec<PathBuf>,
    /// A status.dat; several, in any order.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(super) status: Vec<PathBuf>,
    /// The profile that raises alarms.
    #[arg(long, value_name = "FILE")]
    pub(super) profile: PathBuf,
    /// A folder with GOCDB's answers, named by their methods.
    #[arg(long, value_name = "DIR")]
    pub(super) gocdb: Option<PathBuf>,
}

/// So many bytes are written at once.
const PAGE: usize = 1 << 16;

/// The name that the one monitor of a recording gets.
const MONITOR: &str = "nagios";

impl Files {
    /// A session with profile and topology in force, and the recording to feed it with.
    pub(super) fn open(&self) -> Result<(Session, Recording, Settings), String> {
        let mut session = Session::new();
        let start = Timestamp::default();
        session.profiles(start, profile(&self.profile)?);
        if let Some(dir) = &self.gocdb {
            let loaded = load_dir(dir).map_err(|e| e.to_string())?;
            super::note(&loaded.notes.iter().map(|note| format!("{}: {note}", dir.display())).collect::<Vec<_>>());
            session.topology(start, loaded.topology);
            session.downtimes(start, loaded.downtimes.unwrap_or_default());
        }
        let recording = Recording::open(MONITOR, &self.logs, &self.objects, &self.status).map_err(|e| e.to_string())?;
        super::note(&recording.notes);
        Ok((session, recording, Settings::default()))
    }
}

/// The one profile of a trial, as the one that raises alarms.
pub(super) fn profile(path: &Path) -> Result<Profiles, String> {
    let report = profile_file::check(path);
    for (severity, line) in report.lines() {
        if severity != profile_file::Severity::Error {
            super::note(&[line.to_string()]);
        }
    }
    match report.profile {
        Some(profile) => {
            let operators = profile.name.clone();
            Ok(Profiles { operators: operators.clone(), profiles: [(operators, profile)].into() })
        }
        None => Err(report.lines().map(|(_, line)| line).collect::<Vec<_>>().join("\n")),
    }
}

pub(super) fn run(args: &Args) -> Outcome {
    let (mut session, recording, settings) = args.files.open()?;
    let notes = recording.play(&mut session, &settings, |_, _| {}).map_err(|e| e.to_string())?;
    super::note(&notes);
    let mut out = Vec::with_capacity(2 * PAGE);
    for episode in std::mem::take(&mut session.episodes).finish(&session.engine) {
        episode.write(&mut out);
        out.push(b'\n');
        if out.len() >= PAGE {
            super::print_bytes(&out)?;
            out.clear();
        }
    }
    super::print_bytes(&out)?;
    // The process ends here, and all that it holds with it: taking a world apart piece by piece helps nobody.
    std::mem::forget(session);
    Ok(ExitCode::SUCCESS)
}
