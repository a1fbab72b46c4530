//! The command line of `gridprobe serve`.

use super::pool::workers::Limits;
use super::{front, nagios_cfg, pool, watchdog};
use crate::registry::PROBES;
use clap::{Args, Command, FromArgMatches};
use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

/// What can be said to it.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Nagios' main configuration file, which names its sockets and files
    #[arg(long, value_name = "FILE")]
    pub nagios_cfg: Option<PathBuf>,
    /// The socket of Nagios' query handler, where nagios.cfg does not name it
    #[arg(long, value_name = "SOCKET")]
    pub query_handler: Option<PathBuf>,
    /// Only the checks of these plugins, by the name of the program; may be repeated. Without it: of all probes
    #[arg(long = "name", value_name = "PLUGIN")]
    pub names: Vec<String>,
    /// So many probes run at a time
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub threads: u32,
    /// So many of them ask the same host
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub share: u32,
    /// So many checks may wait; more are answered UNKNOWN at once
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub open: u32,
    /// Which of the three processes this is
    #[arg(long = "as", value_name = "PART", hide = true, value_parser = ["front", "pool"])]
    pub part: Option<String>,
    /// Which pool this is
    #[arg(long, value_name = "N", hide = true, default_value_t = 0)]
    pub generation: u32,
}

/// As clap sees it.
pub fn command() -> Command {
    let about = "Runs the probes for Nagios in one resident process, as a worker of its query handler";
    Options::augment_args(Command::new("serve")).about(about).disable_help_subcommand(true).max_term_width(120)
}

/// Runs what the arguments, `serve` first, say. The exit code is 0 after an orderly end, 3 when they are wrong, else 1.
pub fn serve(args: Vec<OsString>) -> u8 {
    let parsed =
        command().bin_name("gridprobe serve").try_get_matches_from(args).and_then(|m| Options::from_arg_matches(&m));
    let options = match parsed {
        Ok(options) => options,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { 3 } else { 0 };
        }
    };
    run(&options).unwrap_or_else(|why| {
        eprintln!("gridprobe serve: {why}");
        1
    })
}

fn run(options: &Options) -> Result<u8, String> {
    match options.part.as_deref() {
        Some("front") => {
            let (control, pool) = handed_down()?;
            let socket = options.query_handler.as_deref().ok_or("the front needs --query-handler")?;
            front::main(control, pool, socket, &options.names, options.open as usize)
        }
        Some(_) => {
            let (control, front) = handed_down()?;
            let limits = Limits {
                threads: options.threads as usize,
                share: options.share as usize,
                given_up: options.threads as usize / 4,
            };
            pool::main(control, front, options.generation, limits)
        }
        None => {
            let mut files = match nagios_cfg::read(options.nagios_cfg.as_deref()) {
                Ok(files) => files,
                // With the socket it does all but find what was lost.
                Err(_) if options.nagios_cfg.is_none() && options.query_handler.is_some() => Default::default(),
                Err(why) => return Err(why),
            };
            if let Some(socket) = &options.query_handler {
                files.query_handler = Some(socket.clone());
            }
            watchdog::main(options, &files, names(options))
        }
    }
}

/// One registration a name: the probes', and that of the binary, which takes a probe's name as its first word.
fn names(options: &Options) -> Vec<String> {
    let mut names: Vec<String> = match options.names.is_empty() {
        false => options.names.clone(),
        true => PROBES.iter().map(|probe| probe.plugin.name.to_owned()).chain(["gridprobe".to_owned()]).collect(),
    };
    names.sort();
    names.dedup();
    names
}

/// The sockets that the watchdog gives its children in place of standard input and output.
fn handed_down() -> Result<(OwnedFd, OwnedFd), String> {
    let copy =
        |fd: std::os::fd::BorrowedFd<'_>| fd.try_clone_to_owned().map_err(|e| format!("no descriptors are left: {e}"));
    Ok((copy(std::io::stdin().as_fd())?, copy(std::io::stdout().as_fd())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound_and_all_probes_are_served() {
        command().debug_assert();
        let matches = command().try_get_matches_from(["serve"]).unwrap();
        let options = Options::from_arg_matches(&matches).unwrap();
        let names = names(&options);
        assert_eq!(names.len(), PROBES.len() + 1);
        assert!(PROBES.iter().all(|probe| names.contains(&probe.plugin.name.to_owned())));
    }
}
