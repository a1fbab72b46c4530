//! `demo`: the daemon on a bundled recording, for a first look.

use super::Outcome;
use crate::config::Config;
use crate::demo;
use std::process::ExitCode;

/// See it at work on a bundled recording of a real Nagios: no root, no network, nothing left behind.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8620")]
    listen: String,
}

pub(super) fn run(args: &Args) -> Outcome {
    super::run::log_to_stderr();
    let folder = tempfile::Builder::new()
        .prefix("gridward-demo-")
        .tempdir()
        .map_err(|e| format!("cannot make a temporary folder: {e}; set TMPDIR to one that can be written"))?;
    let cannot = |e: std::io::Error| format!("cannot write to {}: {e}", folder.path().display());
    std::fs::write(folder.path().join("roc_operators.toml"), demo::PROFILE).map_err(cannot)?;
    let path = folder.path().join("alarm-filter.toml");
    let text = demo::configuration(folder.path(), &args.listen);
    std::fs::write(&path, &text).map_err(cannot)?;
    let config = Config::parse(&path, &text).map_err(|e| e.to_string())?;
    super::print(&format!(
        "A recording of a real Nagios (300 hosts, part of it), its times stretched to four and a half days; the last hour \
         plays on live.\nOpen http://{} in a browser; Ctrl-C ends the demo and removes {}.\n\n\
         For your own Nagios, write three lines into alarm-filter.toml and start `alarm-filter run --config alarm-filter.toml`:\n\n\
         \x20   store = \"gridward\"\n    monitor = [{{ name = \"nagios\", nagios_cfg = \"/etc/nagios4/nagios.cfg\" }}]\n\
         \x20   profiles = {{ folder = \"profiles\", operators = \"ROC_OPERATORS\" }}\n\n",
        args.listen,
        folder.path().display()
    ))?;
    crate::app::run_with(config, demo::MONITOR, demo::start)?;
    Ok(ExitCode::SUCCESS)
}
