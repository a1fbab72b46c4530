//! Group `hostile`: what a new user or somebody hostile puts before it. Every message names the object and what to do, in
//! one line, and the rest goes on.
#![allow(clippy::panic, reason = "a test that cannot go on")]

mod checks;
mod commands;
mod daemon;
mod gocdb;
mod polling;
mod reload;
mod socket;

use e2e::Result;
use e2e::fail::ensure;
use e2e::interface::{Setup, names_all};
use std::fmt::Write;
use std::path::Path;

/// A daemon's setup with this table of monitors (and whatever else).
fn with(tables: impl Into<String>) -> Setup {
    Setup { tables: tables.into(), ..Setup::default() }
}

/// Lines of a Nagios log: one hard state each.
fn alerts(all: &[(u64, &str, &str)]) -> String {
    let mut text = String::new();
    for (at, service, state) in all {
        let _always_fits =
            writeln!(text, "[{at}] SERVICE ALERT: ce.example.org;{service};{state};HARD;3;{service} {state} at {at}");
    }
    text
}

fn append(path: &Path, bytes: &[u8]) -> Result {
    use std::io::Write;
    std::fs::OpenOptions::new().create(true).append(true).open(path)?.write_all(bytes)?;
    Ok(())
}

/// Fails unless the text holds a single line that names all of these.
fn one_line(text: &str, parts: &[&str]) -> Result {
    let line = text.lines().find(|line| parts.iter().all(|part| line.contains(part)));
    match line {
        Some(_) => Ok(()),
        None => {
            names_all(text, parts)?;
            ensure(false, || format!("{parts:?} stand in several lines of:\n{text}"))
        }
    }
}
