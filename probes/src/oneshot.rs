//! One command line, one answer: what Nagios and NRPE start. The probe is picked by the name the binary is called by
//! (`check_crl …`, a link) or by its first word (`gridprobe check_crl …`).

use crate::registry::{self, PROBES, Probe};
use crate::{batch, config, resident};
use clap::{Command, ValueEnum};
use clap_complete::Shell;
use plugin::Answer;
use std::ffi::OsString;
use std::fmt::Write;
use std::path::Path;

/// Runs what the process's arguments name.
pub fn main() -> u8 {
    let args: Vec<OsString> = std::env::args_os().collect();
    if let Some((probe, args)) = pick(args.clone()) {
        return probe.plugin.main(args);
    }
    let word = args.get(1).map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    match word.as_str() {
        "serve" => resident::serve(args.into_iter().skip(1).collect()),
        "batch" => batch::main(args.into_iter().skip(1).collect()),
        "config" => config::main(args.into_iter().skip(1).collect()),
        _ => about(&word, &args).print(),
    }
}

/// The probe that a command line is for, by the name it is called by or by its first word, and the probe's own arguments with
/// its name first.
pub fn pick(mut args: Vec<OsString>) -> Option<(&'static Probe, Vec<OsString>)> {
    let called = args.first().map(base_name)?;
    if let Some(probe) = registry::find(&called) {
        return Some((probe, args));
    }
    let probe = registry::find(&args.get(1)?.to_string_lossy())?;
    args.remove(0);
    Some((probe, args))
}

fn base_name(path: &OsString) -> String {
    Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What is asked of the binary itself. The exit code is 0 for what was asked for by name, 3 as a plugin's for the rest.
fn about(word: &str, args: &[OsString]) -> Answer {
    let second = args.get(2).map(|a| a.to_string_lossy().into_owned());
    let done = |text| Answer { text, code: 0 };
    let refused = |text: String| Answer { text: format!("GRIDPROBE UNKNOWN: {text}\n"), code: 3 };
    match (word, second.as_deref()) {
        ("list", None) => done(list()),
        ("man", Some(name)) => match registry::find(name) {
            Some(probe) => done(man(probe)),
            None => refused(format!("there is no probe {}; gridprobe list names them", plugin::text::line(name))),
        },
        ("completions", Some(shell)) => match Shell::from_str(shell, true) {
            Ok(shell) => done(completions(shell)),
            Err(_) => refused("completions are there for bash, zsh and fish".to_owned()),
        },
        ("--version" | "-V" | "version", _) => Answer { text: format!("gridprobe {}\n", registry::version()), code: 3 },
        ("--help" | "-h" | "help", _) => Answer { text: help(), code: 3 },
        ("", _) => refused("no probe is named; gridprobe list names them".to_owned()),
        (word, _) => refused(format!("there is no probe {}; gridprobe list names them", plugin::text::line(word))),
    }
}

fn list() -> String {
    PROBES.iter().fold(String::new(), |mut out, probe| {
        let _ = writeln!(out, "{}\t{}\t{}", probe.plugin.name, probe.summary, probe.metrics.join(" "));
        out
    })
}

fn help() -> String {
    format!(
        "gridprobe PROBE [OPTION]…, or a link with a probe's name to it: runs the probe\n\
         gridprobe PROBE --help: its options\n\
         gridprobe serve: runs the probes for Nagios in one resident process; see gridprobe serve --help\n\
         gridprobe batch FILE: runs the commands of a file once, results to Nagios; see gridprobe batch --help\n\
         gridprobe config: a region's hosts and services for Nagios, from GOCDB and profiles; see gridprobe config --help\n\
         gridprobe list: the probes, what they are for, the metrics they stand for\n\
         gridprobe man PROBE: its manual page, in roff\n\
         gridprobe completions bash|zsh|fish: for the shell's own folder\n\n{}",
        list()
    )
}

fn man(probe: &Probe) -> String {
    let mut page = Vec::new();
    // Writing into memory does not fail.
    let _ = clap_mangen::Man::new(probe.plugin.full_command()).section("1").render(&mut page);
    String::from_utf8_lossy(&page).into_owned()
}

/// For the binary with its probes as first words, and for each link.
fn completions(shell: Shell) -> String {
    let mut out = Vec::new();
    let words = ["list", "man", "completions"].into_iter().map(Command::new).chain([
        resident::options::command(),
        batch::command(),
        config::command(),
    ]);
    let mut whole = Command::new("gridprobe").disable_help_subcommand(true).subcommands(words);
    whole = whole.subcommands(PROBES.iter().map(|probe| probe.plugin.full_command()));
    clap_complete::generate(shell, &mut whole, "gridprobe", &mut out);
    for probe in PROBES {
        clap_complete::generate(shell, &mut probe.plugin.full_command(), probe.plugin.name, &mut out);
    }
    String::from_utf8_lossy(&out).into_owned()
}
