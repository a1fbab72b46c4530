//! Profile files: TOML to [`Profile`], with everything that is wrong said at once, each with its place and a hint.
//!
//! Start reading in [`check_text`]. `read.rs` turns the file's tables into a profile and reports what does not fit;
//! `judge.rs` looks at the finished profile for what is allowed and yet hardly meant; `suggest.rs` finds the nearest
//! word; `service_types.rs` knows GOCDB's service types. The shape of a file is that of `alarm_core::profile::Profile`;
//! the profiles that come with the product lie in `profiles/` with a README.

mod judge;
mod read;
mod service_types;
mod suggest;

pub(crate) use suggest::nearest;

use alarm_core::profile::{Profile, Profiles};
use std::fmt;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use thiserror::Error;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// The file is not taken.
    Error,
    /// The file is taken; somebody should look.
    Warning,
}

/// Something to say about a profile file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What, one line.
    pub what: String,
    /// What to do, one line.
    pub hint: String,
}

/// What a check of one file found.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The file, as it was named.
    pub file: String,
    /// The profile, when there are no errors.
    pub profile: Option<Profile>,
    /// Errors and warnings by place.
    pub findings: Vec<Finding>,
}

/// A folder of profiles that was not taken.
#[derive(Clone, Debug, Error, Eq, PartialEq)]
#[error("{}", lines.join("\n"))]
pub struct ProfilesError {
    /// One line for each error.
    pub lines: Vec<String>,
}

/// No profile of the field has a hundredth of this.
const MAX_BYTES: u64 = 1 << 20;

/// Reads and checks a file. One that cannot be read is an error at 1:1.
pub fn check(path: &Path) -> Report {
    let name = path.display().to_string();
    let failed = |what: String, hint: &str| Report {
        file: name.clone(),
        profile: None,
        findings: vec![Finding { severity: Severity::Error, line: 1, column: 1, what, hint: hint.to_owned() }],
    };
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|f| f.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    if let Err(e) = read {
        return failed(format!("cannot be read: {}", crate::access::because(path, &e, false)), "");
    }
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BYTES {
        return failed(format!("is longer than {MAX_BYTES} bytes"), "name a profile file");
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => check_text(&name, text),
        Err(e) => {
            let line = 1 + bytes[..e.valid_up_to()].iter().filter(|b| **b == b'\n').count();
            let mut report = failed("is not UTF-8".to_owned(), "save it as UTF-8");
            report.findings.iter_mut().for_each(|f| f.line = line);
            report
        }
    }
}

/// Checks the text of a file; `file` is what findings call it.
pub fn check_text(file: &str, text: &str) -> Report {
    let mut findings = Findings { text, list: Vec::new() };
    let profile = read::profile(text, &mut findings);
    let mut list = findings.list;
    list.sort_by_key(|f| (f.line, f.column, f.severity));
    let bad = list.iter().any(|f| f.severity == Severity::Error);
    Report { file: file.to_owned(), profile: profile.filter(|_| !bad), findings: list }
}

/// Reads all `*.toml` of a folder; `operators` names the profile that raises alarms. The second value are the warnings,
/// a line each. Any error in any file is an error: a profile left out would be alarms left out.
pub fn load_folder(dir: &Path, operators: &str) -> Result<(Profiles, Vec<String>), ProfilesError> {
    let one = |line: String| ProfilesError { lines: vec![line] };
    let entries = std::fs::read_dir(dir)
        .map_err(|e| one(format!("profiles in {}: {}", dir.display(), crate::access::because(dir, &e, true))))?;
    let mut paths: Vec<_> =
        entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "toml")).collect();
    paths.sort();
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    let mut profiles = Profiles { operators: operators.into(), ..Profiles::default() };
    for path in paths {
        let report = check(&path);
        for (severity, line) in report.lines() {
            if severity == Severity::Error { &mut errors } else { &mut warnings }.push(line);
        }
        let Some(profile) = report.profile else { continue };
        let name = profile.name.clone();
        if profiles.profiles.insert(name.clone(), profile).is_some() {
            errors.push(format!("{}:1:1: error: a second profile of the name {name}, rename one", report.file));
        }
    }
    if errors.is_empty() && !profiles.profiles.contains_key(operators) {
        let names: Vec<&str> = profiles.profiles.keys().map(|n| &**n).collect();
        let hint = suggest::nearest(operators, &names).map(|n| format!(", did you mean {n}?")).unwrap_or_default();
        let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        errors.push(format!("{}: no profile is named {operators}{hint}; there is {there}", dir.display()));
    }
    if errors.is_empty() { Ok((profiles, warnings)) } else { Err(ProfilesError { lines: errors }) }
}

impl Report {
    /// Each finding as `file:line:column: error: what, hint`.
    pub fn lines(&self) -> impl Iterator<Item = (Severity, String)> + '_ {
        self.findings.iter().map(|f| {
            let word = match f.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            let comma = if f.hint.is_empty() { "" } else { ", " };
            (f.severity, format!("{}:{}:{}: {word}: {}{comma}{}", self.file, f.line, f.column, f.what, f.hint))
        })
    }
}

/// All findings, a line each.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines().try_for_each(|(_, line)| writeln!(f, "{line}"))
    }
}

/// Collects findings by byte range of the text.
struct Findings<'t> {
    text: &'t str,
    list: Vec<Finding>,
}

impl Findings<'_> {
    fn error(&mut self, at: &Range<usize>, what: impl Into<String>, hint: impl Into<String>) {
        self.add(Severity::Error, at, what.into(), hint.into());
    }

    fn warn(&mut self, at: &Range<usize>, what: impl Into<String>, hint: impl Into<String>) {
        self.add(Severity::Warning, at, what.into(), hint.into());
    }

    fn add(&mut self, severity: Severity, at: &Range<usize>, what: String, hint: String) {
        let mut start = at.start.min(self.text.len());
        while !self.text.is_char_boundary(start) {
            start -= 1;
        }
        let before = &self.text[..start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        self.list.push(Finding { severity, line, column, what: one_line(&what), hint });
    }
}

fn one_line(text: &str) -> String {
    text.split('\n').map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
