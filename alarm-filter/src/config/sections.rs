//! The tables of the file.

use super::values::{CatchUp, Keep, Length};
use crate::profile_file;
use alarm_core::profile::Profiles;
use alarm_core::settings::{Age72, Settings};
use alarm_core::time::{DAY, MINUTE, Millis};
use chrono::{NaiveDate, NaiveTime, Weekday};
use chrono_tz::Tz;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// Something in the file that cannot be, with its place.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) span: Range<usize>,
    pub(super) what: String,
    pub(super) hint: String,
}

impl Fault {
    pub(super) fn new(span: Range<usize>, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Fault { span, what: what.into(), hint: hint.into() }
    }
}

/// A monitor.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonitorSection {
    /// Its name in the filter: alarms and pages say it.
    pub name: Spanned<String>,
    /// Monitors of one group watch the same things; empty: its own.
    #[serde(default)]
    pub group: String,
    /// Its nagios.cfg, which names all other files. What stands here beside it takes precedence.
    #[serde(default)]
    pub nagios_cfg: Option<PathBuf>,
    /// Its log.
    #[serde(default)]
    pub log: Option<PathBuf>,
    /// The folder with the rotated logs.
    #[serde(default)]
    pub archive_dir: Option<PathBuf>,
    /// Its status.dat.
    #[serde(default)]
    pub status: Option<PathBuf>,
    /// Its objects.cache.
    #[serde(default)]
    pub objects: Option<PathBuf>,
    /// Length of one of its time units.
    #[serde(default)]
    pub interval_length: Option<Length>,
    /// How far back the log is read at the first start.
    #[serde(default)]
    pub catch_up: CatchUp,
    /// Without a line and without a new status.dat for so long, it counts as silent.
    #[serde(default = "silent_after")]
    pub silent_after: Length,
    /// Wait for the kernel's word that the log was written to; otherwise it is only looked at twice a second. Unless
    /// set: yes, but not on a network file system, where the kernel does not know.
    #[serde(default)]
    pub inotify: Option<bool>,
}

fn silent_after() -> Length {
    Length(15 * MINUTE)
}

impl MonitorSection {
    /// Debian's nagios4.
    pub(super) fn debian() -> Self {
        MonitorSection {
            name: Spanned::new(0..0, "nagios".to_owned()),
            group: String::new(),
            nagios_cfg: Some("/etc/nagios4/nagios.cfg".into()),
            log: None,
            archive_dir: None,
            status: None,
            objects: None,
            interval_length: None,
            catch_up: CatchUp::default(),
            silent_after: silent_after(),
            inotify: None,
        }
    }

    pub(super) fn settle(&mut self, folder: &Path) {
        let paths = [&mut self.nagios_cfg, &mut self.log, &mut self.archive_dir, &mut self.status, &mut self.objects];
        for path in paths.into_iter().flatten() {
            *path = folder.join(&*path);
        }
    }

    pub(super) fn faults(&self, before: &[MonitorSection], faults: &mut Vec<Fault>) {
        let (name, span) = (self.name.get_ref(), self.name.span());
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
            let hint = "use up to 64 letters, digits, '.', '_' and '-'";
            faults.push(Fault::new(span.clone(), format!("{name:?} is no name of a monitor"), hint));
        }
        if before.iter().any(|m| m.name.get_ref() == name) {
            let hint = "every [[monitor]] has a name of its own; monitors that watch the same things share a group";
            faults.push(Fault::new(span.clone(), format!("a second monitor is named {name:?}"), hint));
        }
        if self.nagios_cfg.is_none() && self.log.is_none() {
            let hint = "add nagios_cfg = \"/etc/nagios4/nagios.cfg\" or log = \"/var/log/nagios4/nagios.log\"";
            faults.push(Fault::new(span, format!("the monitor {name} has neither nagios_cfg nor log"), hint));
        }
    }
}

/// `[profiles]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProfilesSection {
    /// Profile files; without any, all `*.toml` of `folder`.
    pub files: Vec<PathBuf>,
    /// A folder of profile files.
    pub folder: PathBuf,
    /// The profile that raises operators' alarms.
    pub operators: Spanned<String>,
}

impl Default for ProfilesSection {
    fn default() -> Self {
        ProfilesSection {
            files: Vec::new(),
            folder: "/etc/gridward/profiles".into(),
            operators: Spanned::new(0..0, "ROC_OPERATORS".to_owned()),
        }
    }
}

impl ProfilesSection {
    pub(super) fn settle(&mut self, folder: &Path) {
        self.folder = folder.join(&self.folder);
        self.files.iter_mut().for_each(|f| *f = folder.join(&*f));
    }

    pub(super) fn faults(&self, faults: &mut Vec<Fault>) {
        if self.operators.get_ref().is_empty() {
            faults.push(Fault::new(self.operators.span(), "operators is empty", "name a profile: \"ROC_OPERATORS\""));
        }
    }

    /// Reads the profiles.
    ///
    /// # Errors
    /// One line for each thing that is wrong.
    pub fn load(&self) -> Result<Profiles, Vec<String>> {
        let operators = self.operators.get_ref().as_str();
        if self.files.is_empty() {
            return profile_file::load_folder(&self.folder, operators).map(|(p, _)| p).map_err(|e| e.lines);
        }
        let mut profiles = Profiles { operators: operators.into(), ..Profiles::default() };
        let mut errors = Vec::new();
        for path in &self.files {
            let report = profile_file::check(path);
            errors.extend(report.lines().filter(|(s, _)| *s == profile_file::Severity::Error).map(|(_, line)| line));
            let Some(profile) = report.profile else { continue };
            let name = profile.name.clone();
            if profiles.profiles.insert(name.clone(), profile).is_some() {
                errors.push(format!("{}: error: a second profile of the name {name}; rename one", path.display()));
            }
        }
        if errors.is_empty() && !profiles.profiles.contains_key(operators) {
            let names: Vec<&str> = profiles.profiles.keys().map(|n| &**n).collect();
            errors.push(format!(
                "profiles.operators: no profile is named {operators}; the files have {}",
                if names.is_empty() { "none".to_owned() } else { names.join(", ") }
            ));
        }
        if errors.is_empty() { Ok(profiles) } else { Err(errors) }
    }
}

/// `[rules]`: what is left out has the procedure's own value.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RulesSection {
    /// How long OK is stable OK (4h).
    pub stable_for: Option<Length>,
    /// So many hard changes between OK and non-OK … (3)
    pub unstable_changes: Option<u32>,
    /// … within so long make an alarm unstable (1d).
    pub unstable_window: Option<Length>,
    /// How long after its host came up a held service is raised when no source shows it (15m).
    pub settle_after: Option<Length>,
    /// Certification statuses of sites that raise nothing (Suspended, Closed, Uncertified).
    pub silent_certifications: Option<BTreeSet<String>>,
    /// Switch off what went by itself (false).
    pub auto_off: Option<bool>,
    /// Monitoring off for so long and still reported on: one report (1d).
    pub monitoring_off_report: Option<Length>,
    /// A metric that turns non-OK at so many sites … (3)
    pub cause_sites: Option<usize>,
    /// … within so long is proposed as a common cause (30m).
    pub cause_window: Option<Length>,
    /// A failing alarm that was switched off returns after so many working days (5).
    pub off_working_days: Option<u32>,
    /// How many hard states an open alarm carries with it (50).
    pub history_kept: Option<usize>,
}

impl RulesSection {
    pub(crate) fn put_into(&self, s: &mut Settings) {
        fn put<T: Copy, U>(from: Option<T>, to: &mut U, turn: impl Fn(T) -> U) {
            if let Some(value) = from {
                *to = turn(value);
            }
        }
        put(self.stable_for, &mut s.stable_for, |l| l.0);
        put(self.unstable_changes, &mut s.unstable_changes, |n| n);
        put(self.unstable_window, &mut s.unstable_window, |l| l.0);
        put(self.settle_after, &mut s.settle_after, |l| l.0);
        put(self.auto_off, &mut s.auto_off, |b| b);
        put(self.monitoring_off_report, &mut s.monitoring_off_report, |l| l.0);
        put(self.cause_sites, &mut s.cause_sites, |n| n);
        put(self.cause_window, &mut s.cause_window, |l| l.0);
        put(self.off_working_days, &mut s.off_working_days, |n| n);
        put(self.history_kept, &mut s.history_kept, |n| n);
        if let Some(silent) = &self.silent_certifications {
            s.silent_certifications = silent.iter().map(|t| t.as_str().into()).collect();
        }
    }
}

/// `[calendar]`: the region's working days.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CalendarSection {
    /// The region's time zone, an IANA name (UTC).
    pub timezone: Option<Tz>,
    /// Days of the week that are off (Sat, Sun).
    pub weekend: Option<Vec<Weekday>>,
    /// Further days off, as dates in quotes.
    pub holidays: Vec<NaiveDate>,
    /// When a day's deadline is (18:00:00).
    pub end_of_day: Option<NaiveTime>,
    /// Whether days off count for the 72 h mark: `working-days` (they do not) or `wall-clock`.
    pub age72: Option<Age72>,
}

impl CalendarSection {
    pub(crate) fn put_into(&self, s: &mut Settings) {
        let c = &mut s.calendar;
        c.timezone = self.timezone.unwrap_or(c.timezone);
        c.end_of_day = self.end_of_day.unwrap_or(c.end_of_day);
        c.age72 = self.age72.unwrap_or(c.age72);
        c.holidays.extend(&self.holidays);
        if let Some(weekend) = &self.weekend {
            c.weekend.clone_from(weekend);
        }
    }
}

/// `[journal]`: what is kept of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JournalSection {
    /// How long its records are kept (100d). Open alarms keep theirs; closed alarms, sums of days and the audit trail stay.
    pub keep: Spanned<Keep>,
}

impl Default for JournalSection {
    fn default() -> Self {
        JournalSection { keep: Spanned::new(0..0, Keep::For(Length(100 * DAY))) }
    }
}

impl JournalSection {
    pub(super) fn faults(&self, faults: &mut Vec<Fault>) {
        if let Keep::For(length) = self.keep.get_ref()
            && length.0 < 7 * DAY
        {
            let hint = "write 7d or more: questions about the last days are answered from them";
            faults.push(Fault::new(self.keep.span(), "the journal is to be kept for less than a week", hint));
        }
    }

    /// How old a record may become; `None`: any age.
    pub fn keep(&self) -> Option<Millis> {
        match self.keep.get_ref() {
            Keep::Forever => None,
            Keep::For(length) => Some(length.0),
        }
    }
}

/// `[http]`: what may be handed in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSection {
    /// Names of monitors that may hand in observations; none: nobody may.
    pub sources: Vec<Spanned<String>>,
}

impl HttpSection {
    pub(super) fn faults(&self, monitors: &[&str], faults: &mut Vec<Fault>) {
        for source in &self.sources {
            let name = source.get_ref();
            if monitors.contains(&name.as_str()) {
                let hint = "a monitor is read from its files or hands in over HTTP, not both; rename one";
                faults.push(Fault::new(source.span(), format!("{name:?} is also the name of a [[monitor]]"), hint));
            }
            if name.is_empty() {
                faults.push(Fault::new(source.span(), "a source without a name", "name it"));
            }
        }
    }
}
