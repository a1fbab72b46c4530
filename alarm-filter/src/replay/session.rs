//! An engine that is fed with a recording, and nothing else.

use super::episodes::Episodes;
use crate::audit::AuditCounter;
use crate::store::document_hash;
use alarm_core::command::{Command, Done, Refusal};
use alarm_core::document::Document;
use alarm_core::engine::{Engine, Handled, Record};
use alarm_core::input::{Input, Text};
use alarm_core::objects::MonitorObjects;
use alarm_core::profile::Profiles;
use alarm_core::settings::Settings;
use alarm_core::time::Timestamp;
use alarm_core::topology::{Downtimes, Topology};
use serde::Serialize;
use std::sync::Arc;

/// An engine and what it decided.
#[derive(Debug, Default)]
pub struct Session {
    /// The engine.
    pub engine: Engine,
    /// The episodes so far.
    pub episodes: Episodes,
    /// All that was decided, for those who ask for it (`explain`, `profile test`).
    pub journal: Option<Vec<Record>>,
    /// The check against the monitor's own notifications, for those who ask for it.
    pub audit: Option<AuditCounter>,
    /// How many inputs came in, and how many records came of them.
    pub counts: (u64, u64),
}

impl Session {
    /// One that knows nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Feeds an input; gives back what was decided.
    #[inline]
    pub fn feed(&mut self, at: Timestamp, input: Input) -> Vec<Record> {
        let Handled { records, .. } = self.engine.handle(at, input);
        self.took(&records);
        records
    }

    fn took(&mut self, records: &[Record]) {
        self.counts.0 += 1;
        self.counts.1 += records.len() as u64;
        self.episodes.take(records, &self.engine);
        if let Some(audit) = &mut self.audit {
            audit.take(records, self.engine.world());
        }
        if let Some(journal) = &mut self.journal {
            journal.extend(records.iter().cloned());
        }
    }

    /// Somebody asks for something; gives back why nothing of it was carried out.
    pub fn ask(&mut self, at: Timestamp, command: Command) -> Result<Done, Vec<Refusal>> {
        let Handled { records, outcome } = self.engine.handle(at, Input::Command(command));
        self.took(&records);
        outcome.unwrap_or_else(|| Ok(Done::default()))
    }

    /// Puts settings in force.
    pub fn settings(&mut self, at: Timestamp, settings: Settings) {
        let hash = hash(&settings);
        self.engine.learn(hash.clone(), Document::Settings(Arc::new(settings)));
        self.feed(at, Input::Settings { hash });
    }

    /// Puts profiles in force.
    pub fn profiles(&mut self, at: Timestamp, profiles: Profiles) {
        let hash = hash(&profiles);
        self.engine.learn(hash.clone(), Document::Profiles(Arc::new(profiles)));
        self.feed(at, Input::Profiles { hash });
    }

    /// Puts a topology in force.
    pub fn topology(&mut self, at: Timestamp, topology: Topology) {
        let hash = hash(&topology);
        self.engine.learn(hash.clone(), Document::Topology(Arc::new(topology)));
        self.feed(at, Input::Topology { hash });
    }

    /// Puts downtimes in force.
    pub fn downtimes(&mut self, at: Timestamp, downtimes: Downtimes) {
        let hash = hash(&downtimes);
        self.engine.learn(hash.clone(), Document::Downtimes(Arc::new(downtimes)));
        self.feed(at, Input::Downtimes { hash });
    }

    /// Puts a monitor's configuration in force.
    pub fn objects(&mut self, at: Timestamp, monitor: &Text, objects: Arc<MonitorObjects>) {
        let hash = hash(&*objects);
        self.engine.learn(hash.clone(), Document::Objects(objects));
        self.feed(at, Input::Objects { monitor: monitor.clone(), hash });
    }
}

/// The hash of a document's JSON.
pub fn hash<T: Serialize>(document: &T) -> Text {
    // Documents have string keys only, so writing them as JSON cannot fail.
    document_hash(&serde_json::to_vec(document).unwrap_or_default()).into()
}
