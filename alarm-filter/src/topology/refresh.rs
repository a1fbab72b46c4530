//! Keeps the topology up to date: asks each source when it is due, refuses what cannot be right, and says what changed.
//!
//! Synchronous; it belongs on a thread of its own, which calls [`Refresher::refresh`] and sleeps until
//! [`Refresher::next_due`]. Time comes in as an argument.

use super::cache;
use super::canonical::{Snapshot, snapshot};
use super::config::{ConfigError, TopologyConfig};
use super::fetch::Fetcher;
use super::gocdb::{Method, Rows};
use super::merge::{Parts, merge, merge_downtimes};
use super::part::{Asked, Part, Problem};
use alarm_core::input::Text;
use alarm_core::time::{Millis, Timestamp};
use alarm_core::topology::{Downtimes, Topology};
use std::path::{Path, PathBuf};

/// A file of this name in the folder of last good copies is the operator's [`Refresher::accept_shrink`]; it is removed.
pub const ACCEPT_SHRINK: &str = "accept-shrink";

/// What came of a refresh.
#[derive(Clone, Debug, PartialEq)]
pub enum RefreshOutcome {
    /// Nothing was due, or every source that was says what it said before.
    Unchanged,
    /// There is a new document to give to the engine. (At the first refresh also one from the last good copies.)
    Changed(Box<Changed>),
    /// At least one source gave no usable answer, and none of the others anything new. The last good copies hold.
    Failed {
        /// All that went wrong, refusals included.
        problems: Vec<Problem>,
    },
    /// At least one answer would take away too much, none failed otherwise, and none brought anything new.
    Refused {
        /// Each refused answer, with its numbers.
        problems: Vec<Problem>,
    },
}

/// New documents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changed {
    /// Sites and services; `None`: as before.
    pub topology: Option<Snapshot<Topology>>,
    /// Downtimes; `None`: as before.
    pub downtimes: Option<Snapshot<Downtimes>>,
    /// What was skipped, taken with a default, or is remarkable; a line each.
    pub notes: Vec<String>,
    /// Sources that had no usable answer while others changed.
    pub problems: Vec<Problem>,
}

/// How one source does.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceHealth {
    /// Which method.
    pub method: Method,
    /// Path or address.
    pub place: String,
    /// When it last gave or confirmed what is in force; `None`: never.
    pub confirmed: Option<Timestamp>,
    /// How often it is asked, in milliseconds.
    pub poll: Millis,
    /// What is wrong since it was last asked.
    pub problem: Option<Problem>,
}

/// Keeps the topology up to date.
pub struct Refresher {
    parts: Vec<Part>,
    dir: PathBuf,
    shrink_limit: f64,
    /// Hash of the topology and of the downtimes that were given out last.
    given: (Option<Text>, Option<Text>),
    notes: Vec<String>,
}

impl Refresher {
    /// Reads certificates and the last good copies in `dir`, which is made if need be; opens no connection. Copies that
    /// are of no use are left where they are, and stand in the notes of the first change.
    pub fn new(config: &TopologyConfig, dir: &Path) -> Result<Self, ConfigError> {
        config.check()?;
        cache::prepare(dir).map_err(|e| ConfigError { key: "folder".to_owned(), what: e.to_string() })?;
        let mut parts = Vec::new();
        let mut notes = Vec::new();
        for method in Method::ALL {
            let Some(source) = config.effective(method) else { continue };
            let (fetcher, left_out) = Fetcher::new(method, &source)?;
            notes.extend(left_out);
            let mut part = Part::new(method, fetcher, source.poll(method));
            if let Err(note) = part.restore(dir, source.max_bytes) {
                notes.push(note);
            }
            parts.push(part);
        }
        if config.get_site.is_none() {
            notes.push("get_site is not configured: no certification status is known".to_owned());
        }
        notes.sort();
        notes.dedup();
        let shrink_limit = config.shrink_limit;
        Ok(Refresher { parts, dir: dir.to_owned(), shrink_limit, given: (None, None), notes })
    }

    /// Accepts the answers that stand refused for what they take away: they are asked for again at the next refresh, and
    /// taken if they take away no more than was refused. `false`: nothing stands refused.
    pub fn accept_shrink(&mut self) -> bool {
        let mut any = false;
        for part in &mut self.parts {
            any |= part.accept();
        }
        any
    }

    /// When the next source is due; `None`: one that was never asked, so at once.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.parts.iter().map(|p| p.due).min().flatten()
    }

    /// How each source does.
    pub fn health(&self) -> Vec<SourceHealth> {
        self.parts
            .iter()
            .map(|p| SourceHealth {
                method: p.method,
                place: p.fetcher.place(),
                confirmed: p.confirmed,
                poll: p.poll,
                problem: p.problem.clone(),
            })
            .collect()
    }

    /// Asks every source that is due, one after the other; may take each one's timeout, and with paging each page's.
    pub fn refresh(&mut self, now: Timestamp) -> RefreshOutcome {
        let mut notes = std::mem::take(&mut self.notes);
        let flag = self.dir.join(ACCEPT_SHRINK);
        if flag.exists() {
            // Removed first: one that stayed would accept whatever is refused in a year's time.
            match std::fs::remove_file(&flag) {
                Ok(()) if self.accept_shrink() => {}
                Ok(()) => notes.push(format!("{}: nothing stands refused; removed", flag.display())),
                Err(e) => notes.push(format!("{}: cannot be removed ({e}), so it is not heeded", flag.display())),
            }
        }
        let mut problems = Vec::new();
        let mut new = false;
        for part in self.parts.iter_mut().filter(|p| p.is_due(now)) {
            match part.ask(now, &self.dir, self.shrink_limit, &mut notes) {
                Asked::Same => {}
                Asked::New => new = true,
                Asked::Problem(problem) => problems.push(problem),
            }
        }
        let first = self.given == (None, None);
        let (topology, downtimes) = if new || first { self.snapshots(&mut notes) } else { (None, None) };
        if topology.is_some() || downtimes.is_some() {
            return RefreshOutcome::Changed(Box::new(Changed { topology, downtimes, notes, problems }));
        }
        // What was noted is told with the next change.
        self.notes = notes;
        self.notes.truncate(200);
        if problems.is_empty() {
            RefreshOutcome::Unchanged
        } else if problems.iter().all(|p| p.refused.is_some()) {
            RefreshOutcome::Refused { problems }
        } else {
            RefreshOutcome::Failed { problems }
        }
    }

    /// What differs from what was given out last.
    fn snapshots(&mut self, notes: &mut Vec<String>) -> (Option<Snapshot<Topology>>, Option<Snapshot<Downtimes>>) {
        let mut parts = Parts::default();
        let mut windows = None;
        for part in &self.parts {
            match &part.rows {
                Some(Rows::Sites(d)) => parts.sites = Some(&d.rows),
                Some(Rows::Services(d)) => parts.services = Some(&d.rows),
                Some(Rows::Rocs(d)) => parts.rocs = Some(&d.rows),
                Some(Rows::Downtimes(d)) => windows = Some(merge_downtimes(&d.rows)),
                None => {}
            }
        }
        // Without services a topology would say that none is registered, which nobody said.
        let topology = parts.services.map(|_| merge(parts));
        let mut of_topology = Vec::new();
        let topology = changed(topology, &mut self.given.0, &mut of_topology);
        let downtimes = changed(windows, &mut self.given.1, &mut of_topology);
        notes.extend(of_topology);
        (topology, downtimes)
    }
}

fn changed<T: serde::Serialize>(
    new: Option<(T, super::gocdb::Remarks)>,
    given: &mut Option<Text>,
    notes: &mut Vec<String>,
) -> Option<Snapshot<T>> {
    let (value, remarks) = new?;
    match snapshot(value) {
        Ok(s) if given.as_ref() == Some(&s.hash) => None,
        Ok(s) => {
            *given = Some(s.hash.clone());
            notes.extend(remarks.to_lines());
            Some(s)
        }
        Err(e) => {
            notes.push(format!("a document could not be put into canonical form ({e}); report this"));
            None
        }
    }
}

#[cfg(test)]
mod tests;
