//! `profile test`: a region's own cases for its profile, on virtual time: what the monitor says in, which alarms stand
//! out. docs/profile-tests.md explains the file.
//!
//! Start reading in [`run_file`]. `file.rs` is the shape of a test file, `play.rs` feeds a case to an engine, `compare.rs`
//! holds what stands on the board against what was expected.

mod compare;
mod file;
mod play;

#[cfg(test)]
mod tests;

use crate::config::{hint_for, position};
use crate::profile_file;
use alarm_core::profile::Profiles;
use file::TestFile;
use std::fmt;
use std::ops::Range;
use std::path::Path;

/// What came of one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileReport {
    /// The file, as it was named.
    pub file: String,
    /// The file itself cannot be used: `file:line:column: error: …`.
    pub errors: Vec<String>,
    /// Its cases, in order.
    pub cases: Vec<CaseReport>,
}

/// What came of one case.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseReport {
    /// Its name.
    pub name: String,
    /// Expectations that were not met; empty: it passed.
    pub failures: Vec<Failure>,
}

/// An expectation that was not met.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// `file:line`, and when.
    pub place: String,
    /// What was expected, a line each.
    pub expected: Vec<String>,
    /// What was there instead, a line each.
    pub got: Vec<String>,
    /// Why, a line each: verdicts, and the steps that led there.
    pub why: Vec<String>,
}

impl FileReport {
    /// All cases passed.
    pub fn passes(&self) -> bool {
        self.errors.is_empty() && self.cases.iter().all(|c| c.failures.is_empty())
    }
}

/// Runs the cases of a file.
pub fn run_file(path: &Path) -> FileReport {
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => run_text(&name, path.parent().unwrap_or(Path::new("")), &text),
        Err(e) => {
            let line = format!("{name}: error: it cannot be read: {e}; name a test file that this user can read");
            FileReport { file: name, errors: vec![line], cases: Vec::new() }
        }
    }
}

/// Runs the cases of a text; `folder` is where the profile's path is taken from.
pub fn run_text(file: &str, folder: &Path, text: &str) -> FileReport {
    let mut report = FileReport { file: file.to_owned(), ..FileReport::default() };
    let places = Places { file, text };
    let test: TestFile = match toml::from_str(text) {
        Ok(test) => test,
        Err(e) => {
            let (what, hint) = hint_for(e.message());
            report.errors.push(places.error(&e.span().unwrap_or(0..0), &what, &hint));
            return report;
        }
    };
    report.errors = test.faults().iter().map(|f| places.error(&f.span, &f.what, &f.hint)).collect();
    let profiles = match profiles(&test, folder, &places) {
        Ok(profiles) => profiles,
        Err(lines) => {
            report.errors.extend(lines);
            return report;
        }
    };
    if report.errors.is_empty() {
        report.cases = test.case.iter().map(|case| play::run(&test, case, &profiles, &places)).collect();
    }
    report
}

fn profiles(test: &TestFile, folder: &Path, places: &Places<'_>) -> Result<Profiles, Vec<String>> {
    let checked = profile_file::check(&folder.join(test.profile.get_ref()));
    match checked.profile {
        Some(profile) => {
            let operators = profile.name.clone();
            Ok(Profiles { operators: operators.clone(), profiles: [(operators, profile)].into() })
        }
        None => {
            let mut lines = vec![places.error(&test.profile.span(), "the profile cannot be used", "see below")];
            let errors = checked.lines().filter(|(s, _)| *s == profile_file::Severity::Error).map(|(_, line)| line);
            lines.extend(errors);
            Err(lines)
        }
    }
}

/// Where things stand in the file.
pub(crate) struct Places<'a> {
    file: &'a str,
    text: &'a str,
}

impl Places<'_> {
    fn error(&self, span: &Range<usize>, what: &str, hint: &str) -> String {
        let (line, column) = position(self.text, span.start);
        let hint = if hint.is_empty() { String::new() } else { format!("; {hint}") };
        format!("{}:{line}:{column}: error: {}{hint}", self.file, what.replace('\n', " "))
    }

    fn line(&self, span: &Range<usize>) -> String {
        format!("{}:{}", self.file, position(self.text, span.start).0)
    }
}

impl fmt::Display for FileReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for error in &self.errors {
            writeln!(f, "{error}")?;
        }
        for case in &self.cases {
            writeln!(
                f,
                "{}  {}: {}",
                if case.failures.is_empty() { "ok    " } else { "FAILED" },
                self.file,
                case.name
            )?;
            for failure in &case.failures {
                writeln!(f, "  {}", failure.place)?;
                for (word, lines) in [("expected", &failure.expected), ("got", &failure.got), ("why", &failure.why)] {
                    for (i, line) in lines.iter().enumerate() {
                        writeln!(f, "    {:<9} {line}", if i == 0 { word } else { "" })?;
                    }
                }
            }
        }
        Ok(())
    }
}
