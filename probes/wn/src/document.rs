//! What is printed: one JSON document of version 1.
//!
//! `{"gridprobe_wn":1,"version":…,"job":…,"node":…,"begun":…,"ended":…,"results":[{"service":…,"code":…,"output":…},…]}`; times are
//! seconds since 1970 by the node's clock, `code` and `output` are those of a Nagios plugin.

use crate::check::Check;
use plugin::render::{Form, Style};
use plugin::{Finding, Report};
use serde::Serialize;

/// All of it.
#[derive(Debug, Serialize)]
pub(crate) struct Document {
    gridprobe_wn: u32,
    version: &'static str,
    job: String,
    node: String,
    pub begun: i64,
    pub ended: i64,
    pub results: Vec<Outcome>,
}

/// What one check found.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    service: &'static str,
    code: u8,
    output: String,
}

impl Document {
    /// Without results yet.
    pub fn new(job: &str, begun: i64) -> Document {
        let node = nix::sys::utsname::uname().map(|u| u.nodename().to_string_lossy().into_owned()).unwrap_or_default();
        let version = env!("CARGO_PKG_VERSION");
        Document { gridprobe_wn: 1, version, job: job.to_owned(), node, begun, ended: begun, results: Vec::new() }
    }

    /// In one line.
    pub fn json(&self) -> String {
        // Strings and numbers: nothing that JSON has no form for.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Outcome {
    /// As a plugin would print it.
    pub fn of(check: &Check, report: &Report) -> Outcome {
        let style = Style { form: Form::Nagios, verbosity: 1, ..Style::default() };
        let output = report.render(style).trim_end().to_owned();
        Outcome { service: check.name, code: report.state().exit_code(), output }
    }

    /// Of one that does not end.
    pub fn given_up(check: &Check, limit: u64) -> Outcome {
        let mut report = Report::new(check.word);
        report.add(Finding::unknown(
            "timeout",
            format!("it was given up after {limit} s; a file system or a server that it looks at hangs"),
        ));
        Outcome::of(check, &report)
    }
}
