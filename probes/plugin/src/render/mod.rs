//! A report as text for Nagios or as JSON. The first line is `first_line.rs`; what does not fit there stands below it.

mod first_line;
mod json;

use crate::{Finding, Perfdata, Report, State, text};
use std::fmt::Write;

/// How long the first line may be: NRPE v2 hands on 1,023 bytes and cuts the rest silently.
pub const FIRST_LINE: usize = 1023;
/// How much Nagios 4 keeps of a plugin's output (MAX_PLUGIN_OUTPUT_LENGTH, with its final NUL).
const WHOLE: usize = 8191;
/// How much of that performance data below the first line may take.
const DATA_BELOW: usize = 2048;

/// The form of the output.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Form {
    /// As the plugin guidelines want it.
    #[default]
    Nagios,
    /// One JSON document: everything, whatever the verbosity.
    Json,
}

/// How to write a report.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// In which form.
    pub form: Form,
    /// 0 to 3, as `-v` was given.
    pub verbosity: u8,
    /// The limit of the first line, in bytes, without its line end.
    pub first_line: usize,
}

impl Default for Style {
    fn default() -> Style {
        Style { form: Form::Nagios, verbosity: 0, first_line: FIRST_LINE }
    }
}

impl Report {
    /// The output, with a line end.
    pub fn render(&self, style: Style) -> String {
        match style.form {
            Form::Json => json::document(self),
            Form::Nagios => nagios(self, style),
        }
    }
}

fn nagios(report: &Report, style: Style) -> String {
    let first = first_line::write(report, style.first_line);
    let mut out = first.text;
    let mut lines = Vec::new();
    let sorted = report.worst_first();
    // One finding that the first line tells in full needs no second line.
    let told =
        first.complete && sorted.iter().all(|f| f.parts.is_empty()) && sorted.iter().filter(|f| bad(f)).count() < 2;
    for finding in sorted {
        if (bad(finding) && !told) || style.verbosity > 0 {
            tree(finding, 0, &mut lines);
        }
    }
    lines.extend(report.details(style.verbosity).map(|detail| text::line(detail).into_owned()));
    // Whoever asks for more than detail sits before a terminal, not behind a transport.
    let whole = if style.verbosity > 1 { usize::MAX } else { WHOLE.max(style.first_line) };
    below(&mut out, &lines, first.data_left, whole);
    out.push('\n');
    out
}

fn bad(finding: &Finding) -> bool {
    finding.state() != State::Ok
}

fn tree(finding: &Finding, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    lines.push(format!("{indent}{} {}: {}", finding.state(), text::line(&finding.id), text::line(&finding.line())));
    for part in &finding.parts {
        tree(part, depth + 1, lines);
    }
}

/// Writes the lines and the performance data that the first line had no room for, whole ones only, within `limit` bytes in all.
fn below(out: &mut String, lines: &[String], data: &[Perfdata], limit: usize) {
    let mut left_out = 0;
    let mut rest = String::new();
    for datum in data {
        let datum = datum.to_string();
        let room = if limit == usize::MAX { limit } else { DATA_BELOW.min(limit / 4) };
        if rest.len() + datum.len() + 1 > room {
            left_out += 1;
        } else {
            let _ = write!(rest, " {datum}");
        }
    }
    // What is not written is counted; so much room for saying so.
    let room = limit.saturating_sub(out.len() + rest.len() + 120);
    let mut used = 0;
    let fitting = lines.iter().take_while(|line| {
        used += line.len() + 1;
        used <= room
    });
    let shown = fitting.count();
    for line in &lines[..shown] {
        let _ = write!(out, "\n{line}");
    }
    if shown < lines.len() {
        let _ = write!(out, "\n+{} more lines (run it with -vv to see all)", lines.len() - shown);
    }
    if left_out > 0 {
        let _ = write!(out, "\n+{left_out} more performance data");
    }
    if !rest.is_empty() {
        let _ = write!(out, "\n|{rest}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Unit;

    fn report(findings: usize, data: usize) -> Report {
        let mut report = Report::new("X");
        report.headline(format!("{findings} things"));
        for i in 0..findings {
            report.add(Finding::warning("odd", format!("thing {i} is ödd | here")).about(format!("T{i}")));
        }
        for i in 0..data {
            report.perfdata(Perfdata::new(format!("number of {i}"), i as f64, Unit::None));
        }
        report
    }

    #[test]
    fn one_finding_is_one_line() {
        assert_eq!(
            report(1, 1).render(Style::default()),
            "X WARNING: 1 things - T0: thing 0 is ödd / here | 'number of 0'=0\n"
        );
    }

    #[test]
    fn what_does_not_fit_is_named_and_stands_below() {
        let out = report(100, 100).render(Style::default());
        let (first, long) = out.split_once('\n').unwrap();
        assert!(first.len() <= FIRST_LINE, "{}", first.len());
        assert!(first.contains(" more | 'number of 0'=0 "), "{first}");
        assert!(long.starts_with("WARNING odd: T0: thing 0 is ödd / here\n"), "{long}");
        assert!(long.contains("T99:") && long.contains("\n| 'number of"), "{long}");
        // Each datum once, in order of importance.
        let data: Vec<&str> = out.split('\'').filter(|part| part.starts_with("number")).collect();
        assert_eq!(data.len(), 100);
        assert!(data.iter().enumerate().all(|(i, d)| *d == format!("number of {i}")));
    }

    #[test]
    fn no_more_than_nagios_keeps_unless_asked_for() {
        let many = report(1000, 500);
        let out = many.render(Style::default());
        assert!(
            out.len() <= 8192 && out.contains("more lines (run it with -vv") && out.contains("more performance data")
        );
        let all = many.render(Style { verbosity: 2, ..Style::default() });
        assert!(all.contains("T999:") && all.contains("number of 499"));
    }

    #[test]
    fn parts_and_details_are_shown_by_verbosity() {
        let mut r = Report::new("X");
        r.add(Finding::ok("note", "by the way"));
        r.add(Finding::ok("E1", "2 entries").with(Finding::critical("E1", "no name").about("dn")));
        r.detail(2, "asked for o=grid");
        assert_eq!(
            r.render(Style::default()),
            "X CRITICAL: 2 entries\nCRITICAL E1: 2 entries\n  CRITICAL E1: dn: no name\n"
        );
        let more = r.render(Style { verbosity: 2, ..Style::default() });
        assert!(more.contains("OK note: by the way") && more.ends_with("asked for o=grid\n"));
    }
}
