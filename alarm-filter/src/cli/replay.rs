//! `replay`: decide a recording anew and print its alarm episodes, a JSON object a line.

use super::Outcome;
use crate::replay::recording::Recording;
use crate::replay::session::Session;
use alarm_core::input::Text;
use alarm_core::profile::{Profile, Profiles};
use alarm_core::settings::{MonitorSettings, Settings};
use alarm_core::time::Timestamp;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Decide a recording of a Nagios anew, and print its alarm episodes.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A nagios.log; several, oldest first.
    #[arg(long = "nagios-log", required = true, value_name = "FILE")]
    logs: Vec<PathBuf>,
    /// An objects.cache; several, oldest first.
    #[arg(long, value_name = "FILE")]
    objects: Vec<PathBuf>,
    /// A status.dat; several, in any order.
    #[arg(long, value_name = "FILE")]
    status: Vec<PathBuf>,
    /// The profile that raises alarms.
    #[arg(long, value_name = "FILE")]
    profile: PathBuf,
    /// A folder with GOCDB's answers, named by their methods.
    #[arg(long, value_name = "DIR")]
    gocdb: Option<PathBuf>,
    /// How to print.
    #[arg(long, default_value = "jsonl")]
    format: String,
}

pub(super) fn run(args: &Args) -> Outcome {
    let text = std::fs::read_to_string(&args.profile).map_err(|e| format!("{}: {e}", args.profile.display()))?;
    let profile: Profile = toml::from_str(&text).map_err(|e| format!("{}: {e}", args.profile.display()))?;
    let monitor = Text::from("nagios");
    let mut session = Session::new();
    let start = Timestamp::default();
    let mut settings = Settings::default();
    settings.monitors.insert(
        monitor.clone(),
        MonitorSettings { has_status: !args.status.is_empty(), interval_length: 1000, ..MonitorSettings::default() },
    );
    session.settings(start, settings);
    let operators = profile.name.clone();
    session.profiles(start, Profiles { operators: operators.clone(), profiles: [(operators, profile)].into() });
    let recording = Recording { logs: args.logs.clone(), objects: Vec::new() };
    recording.play(&monitor, &mut session).map_err(|e| e.to_string())?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for episode in session.episodes.finish() {
        let line = serde_json::to_string(&episode).map_err(|e| e.to_string())?;
        writeln!(out, "{line}").map_err(|e| format!("cannot write to standard output: {e}"))?;
    }
    out.flush().map_err(|e| format!("cannot write to standard output: {e}"))?;
    Ok(ExitCode::SUCCESS)
}
