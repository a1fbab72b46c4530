//! The daemon's configuration: one TOML file. Every error says file, line and column, what is wrong, and what to write.
//!
//! Start reading in [`Config`]. `sections.rs` holds the tables and how the rules' settings are made of them, `values.rs`
//! the kinds of values (lengths of time, addresses), `place.rs` turns the reader's errors into places and hints,
//! `monitor.rs` finds a monitor's files, `web.rs` says who acts. `check.rs` is what `check-config` looks at beside the file, `content.rs` whether
//! the files that it names hold what they should.

mod check;
mod content;
mod monitor;
mod place;
mod sections;
mod values;
mod web;

#[cfg(test)]
mod tests;

use crate::access;
pub use crate::access::Me;
pub use check::{Finding, Severity, check, check_file};
pub use monitor::MonitorFiles;
pub use sections::{CalendarSection, HttpSection, JournalSection, MonitorSection, ProfilesSection, RulesSection};
pub use values::{CatchUp, Keep, Length, Listen};
pub use web::WebSection;

use crate::topology::config::{Place, TopologyConfig};
use alarm_core::settings::{MonitorSettings, Settings};
pub(crate) use place::{hint_for, position};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Where the configuration is looked for unless it is named.
pub const DEFAULT_PATH: &str = "/etc/gridward/alarm-filter.toml";

/// The journal's file in the store's folder.
pub const JOURNAL: &str = "journal.db";

/// The whole configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The folder of the journal.
    #[serde(default = "default_store")]
    pub store: PathBuf,
    /// How long its records are kept.
    #[serde(default)]
    pub journal: JournalSection,
    /// Where the pages and the interface are served: a loopback address, or `unix:/path`.
    #[serde(default)]
    pub listen: Listen,
    /// The monitors that are read. Without any, and without sources over HTTP: Debian's nagios4.
    #[serde(default, rename = "monitor")]
    pub monitors: Vec<MonitorSection>,
    /// Where sites, services and downtimes come from (GOCDB); without it nothing is known of them.
    #[serde(default)]
    pub topology: Option<TopologyConfig>,
    /// Which metrics count.
    #[serde(default)]
    pub profiles: ProfilesSection,
    /// The rules' numbers.
    #[serde(default)]
    pub rules: RulesSection,
    /// The region's working days.
    #[serde(default)]
    pub calendar: CalendarSection,
    /// What may be handed in over HTTP.
    #[serde(default)]
    pub http: HttpSection,
    /// Who acts on the pages, and by which names they are reached.
    #[serde(default)]
    pub web: WebSection,
    /// The file that it was read from.
    #[serde(skip)]
    pub path: PathBuf,
}

/// What is wrong with the file, one line each.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}", lines.join("\n"))]
pub struct ConfigError {
    /// `file:line:column: error: what; what to do`.
    pub lines: Vec<String>,
}

fn default_store() -> PathBuf {
    "/var/lib/gridward".into()
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, is no TOML, or says what cannot be.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let wrong = |what: String| ConfigError { lines: vec![format!("{}: error: {what}", path.display())] };
        let bytes = std::fs::read(path).map_err(|e| {
            wrong(access::denied(path, &e).unwrap_or_else(|| format!("{e}; name the configuration with --config FILE")))
        })?;
        let text = String::from_utf8(bytes).map_err(|e| {
            let before = e.as_bytes().get(..e.utf8_error().valid_up_to()).unwrap_or_default();
            let line = 1 + before.iter().filter(|b| **b == b'\n').count();
            let file = path.display();
            ConfigError { lines: vec![format!("{file}:{line}: error: this is not UTF-8; save the file as UTF-8 text")] }
        })?;
        Config::parse(path, &text)
    }

    /// Reads the text of the file at `path`. Paths in it are relative to its folder.
    ///
    /// # Errors
    /// As for [`Config::load`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let line = |span: std::ops::Range<usize>, what: &str, hint: &str| {
            let (line, column) = position(text, span.start);
            let hint = if hint.is_empty() { String::new() } else { format!("; {hint}") };
            format!("{}:{line}:{column}: error: {}{hint}", path.display(), what.replace('\n', " "))
        };
        let mut config: Config = toml::from_str(text).map_err(|e| {
            let (what, hint) = hint_for(e.message());
            ConfigError { lines: vec![line(e.span().unwrap_or(0..0), &what, &hint)] }
        })?;
        config.path = path.to_owned();
        let mut lines: Vec<String> = config.faults().into_iter().map(|f| line(f.span, &f.what, &f.hint)).collect();
        if let Some(topology) = &config.topology
            && let Err(e) = topology.check()
        {
            // The section's own check knows keys, not places.
            let at = text.find("[topology").unwrap_or(0);
            lines.push(line(at..at, &e.to_string(), ""));
        }
        if !lines.is_empty() {
            return Err(ConfigError { lines });
        }
        // Absolute, so that messages name files that can be found from anywhere.
        let folder = path.parent().unwrap_or(Path::new(""));
        config.settle(&std::env::current_dir().map(|here| here.join(folder)).unwrap_or_else(|_| folder.to_owned()));
        Ok(config)
    }

    /// What is left to do once the file is known to be right: defaults that depend on other values, and relative paths.
    fn settle(&mut self, folder: &Path) {
        if self.monitors.is_empty() && self.http.sources.is_empty() {
            self.monitors.push(MonitorSection::debian());
        }
        self.store = folder.join(&self.store);
        self.monitors.iter_mut().for_each(|m| m.settle(folder));
        if let Some(t) = &mut self.topology {
            let sources = [
                &mut t.get_site,
                &mut t.get_service_endpoint,
                &mut t.get_downtime,
                &mut t.get_downtime_nested_services,
                &mut t.get_roc_list,
            ];
            let mut files = vec![&mut t.certificate, &mut t.key, &mut t.ca];
            for source in sources.into_iter().flatten() {
                if let Ok(Place::File(path)) = source.place() {
                    source.source = folder.join(path).display().to_string();
                }
                files.extend([&mut source.certificate, &mut source.key, &mut source.ca]);
            }
            for file in files.into_iter().flatten().chain(&mut t.published) {
                *file = folder.join(&*file);
            }
        }
        self.profiles.settle(folder);
    }

    fn faults(&self) -> Vec<sections::Fault> {
        let mut faults = Vec::new();
        for (i, monitor) in self.monitors.iter().enumerate() {
            monitor.faults(&self.monitors[..i], &mut faults);
        }
        let monitors: Vec<&str> = self.monitors.iter().map(|m| m.name.get_ref().as_str()).collect();
        self.http.faults(&monitors, &mut faults);
        self.profiles.faults(&mut faults);
        self.journal.faults(&mut faults);
        self.web.faults(&mut faults);
        faults
    }

    /// The journal's file.
    pub fn journal(&self) -> PathBuf {
        self.store.join(JOURNAL)
    }

    /// The rules' settings. `has` says of a monitor whether its notifications and its status.dat can be seen, what its
    /// time unit is and how far its local time is ahead of UTC.
    pub fn settings(&self, has: impl Fn(&MonitorSection) -> MonitorSettings) -> Settings {
        let mut settings = Settings::default();
        self.rules.put_into(&mut settings);
        self.calendar.put_into(&mut settings);
        for monitor in &self.monitors {
            let known = MonitorSettings { group: monitor.group.as_str().into(), ..has(monitor) };
            settings.monitors.insert(monitor.name.get_ref().as_str().into(), known);
        }
        settings
    }
}
