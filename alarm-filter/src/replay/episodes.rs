//! Alarm episodes: from a failure to the OK that ends it.

use alarm_core::alarm::{AlarmId, Change, Told};
use alarm_core::engine::{Engine, Record};
use alarm_core::event::Event;
use alarm_core::flag::Flag;
use alarm_core::state::State;
use alarm_core::watch::Key;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// One episode, as `replay --format jsonl` prints it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Episode {
    /// Nagios' host_name.
    pub host: String,
    /// Nagios' service_description; `Host` for a host's own check.
    pub service: String,
    /// The site; empty when nothing says.
    pub site: String,
    /// The metric; `Host` for a host's own check.
    pub metric: String,
    /// The last non-OK state.
    pub state: State,
    /// Epoch seconds.
    pub raised_at: i64,
    /// Every hard non-OK state, the first one at `raised_at`.
    pub changes: Vec<Turn>,
    /// Epoch seconds of the OK; `null` while it fails.
    pub cleared_at: Option<i64>,
    /// All flags that held at some time of it, and all reasons for which the monitor notified nobody of a state of it.
    pub flags: BTreeSet<Flag>,
}

/// A hard state of an episode.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Turn {
    /// Epoch seconds.
    pub at: i64,
    /// The state.
    pub state: State,
}

/// Collects episodes from the records of an engine.
#[derive(Debug, Default)]
pub struct Episodes {
    open: BTreeMap<AlarmId, Episode>,
    done: Vec<Episode>,
}

impl Episodes {
    /// Takes in what was decided; the engine is asked for the flags that hold now.
    pub fn take(&mut self, records: &[Record], engine: &Engine) {
        let mut touched = BTreeSet::new();
        for event in records.iter().flat_map(|r| &r.events) {
            match event {
                Event::Raised { id, key, about, change, .. } => {
                    self.begin(id, key, (&about.site, &about.metric), change);
                    touched.insert(id);
                }
                Event::Changed { id, key, change, again: true, .. } => {
                    let about = engine.world().alarms.get(id).map(|a| a.about.clone()).unwrap_or_default();
                    self.begin(id, key, (&about.site, &about.metric), change);
                    touched.insert(id);
                }
                Event::Changed { id, change, .. } => {
                    if let Some(e) = self.open.get_mut(id) {
                        if e.state != change.state {
                            e.state = change.state;
                            e.changes.push(Turn { at: change.at.secs(), state: change.state });
                        }
                        e.explain(change);
                    }
                }
                Event::Flags { id, .. } => {
                    touched.insert(id);
                }
                Event::Recovered { id, change, .. } => self.end(id, change.at.secs()),
                Event::SwitchedOff { id, .. } | Event::Withdrawn { id, .. } => {
                    let at = records.last().map_or(0, |r| r.at.secs());
                    self.end(id, at);
                }
                Event::Returned { id, key, .. } => {
                    if let Some(a) = engine.world().alarms.get(id).filter(|a| a.failing_now())
                        && let Some(change) = a.history.last()
                    {
                        let again = Change { at: engine.world().at, ..change.clone() };
                        self.begin(id, key, (&a.about.site, &a.about.metric), &again);
                        touched.insert(id);
                    }
                }
                _ => {}
            }
        }
        for id in touched {
            if let (Some(e), Some(a)) = (self.open.get_mut(id), engine.world().alarms.get(id)) {
                e.flags.extend(a.flags.keys());
            }
        }
    }

    /// All episodes, by begin, host and service.
    pub fn finish(self) -> Vec<Episode> {
        let mut all = self.done;
        all.extend(self.open.into_values());
        all.sort_by(|a, b| (a.raised_at, &a.host, &a.service).cmp(&(b.raised_at, &b.host, &b.service)));
        all
    }

    fn begin(&mut self, id: &AlarmId, key: &Key, about: (&str, &str), change: &Change) {
        let at = change.at.secs();
        self.end(id, at);
        let mut episode = Episode {
            host: key.host.to_string(),
            service: key.service.as_deref().unwrap_or(alarm_core::verdict::HOST).to_owned(),
            site: about.0.to_owned(),
            metric: about.1.to_owned(),
            state: change.state,
            raised_at: at,
            changes: vec![Turn { at, state: change.state }],
            cleared_at: None,
            flags: BTreeSet::new(),
        };
        episode.explain(change);
        self.open.insert(id.clone(), episode);
    }

    fn end(&mut self, id: &AlarmId, at: i64) {
        if let Some(mut e) = self.open.remove(id) {
            e.cleared_at = Some(at);
            self.done.push(e);
        }
    }
}

impl Episode {
    fn explain(&mut self, change: &Change) {
        if let Told::Not(reasons) = &change.told {
            self.flags.extend(reasons);
        }
    }
}
