//! `run`: the daemon.

use super::Outcome;
use crate::config::{Config, DEFAULT_PATH};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

/// Run beside a Nagios: read it, keep the alarms, show them.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_PATH)]
    config: PathBuf,
}

pub(super) fn run(args: &Args) -> Outcome {
    log_to_stderr();
    let config = Config::load(&args.config).map_err(|e| e.to_string())?;
    crate::app::run(config)?;
    Ok(ExitCode::SUCCESS)
}

/// Structured lines for a journal, readable ones for a terminal.
pub(super) fn log_to_stderr() {
    // A line that cannot be written is lost; telling that on the same standard error would panic.
    let lines = tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false).log_internal_errors(false);
    // A second one in the same process would be refused; the first one does.
    let _set = match std::io::stderr().is_terminal() {
        true => tracing::subscriber::set_global_default(lines.finish()),
        false => tracing::subscriber::set_global_default(lines.json().finish()),
    };
}
