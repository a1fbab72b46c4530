//! One alarm, whole: on the board or switched off, with what the journal says of its object.
//! This is where single alarms are looked up, and where security matters stop (AL17).

use super::readers::{Readers, Unanswered};
use crate::store::{Episode, EpisodeQuery, History, StoreError};
use crate::view::View;
use alarm_core::alarm::Alarm;
use alarm_core::event::Event;
use alarm_core::input::Text;
use alarm_core::state::State;
use alarm_core::time::Timestamp;
use alarm_core::upcast;
use alarm_core::watch::Key;
use serde::Serialize;
use std::sync::Arc;

/// The newest records of an object that are read for one answer.
const RECORDS: usize = 500;

/// One step of an explanation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Step {
    /// When, by the engine's time.
    #[serde(serialize_with = "super::api::seconds")]
    pub(super) at: Timestamp,
    /// The journal's record.
    pub(super) seq: u64,
    /// What happened, in a sentence.
    pub(super) sentence: String,
}

/// What one monitor last said of an object.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Said {
    /// The monitor.
    pub(super) monitor: Text,
    /// The state.
    pub(super) state: State,
    /// HARD; otherwise SOFT.
    pub(super) hard: bool,
    /// Since when, by the monitor's clock.
    #[serde(serialize_with = "super::api::seconds")]
    pub(super) since: Timestamp,
    /// The first line of its output, where the journal has it.
    pub(super) output: Text,
}

/// A record of the journal, as far as it is about one object.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    seq: u64,
    at: Timestamp,
    /// `None`: this release cannot read it.
    events: Option<Vec<Event>>,
}

/// How an alarm left the board.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Closed {
    /// When.
    pub(super) at: Timestamp,
}

/// An alarm that anybody may see.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// It.
    pub(super) alarm: Arc<Alarm>,
    /// It left the board.
    pub(super) closed: Option<Closed>,
}

/// What the journal says of an object, oldest first: at most the newest [`RECORDS`] records up to `upto`.
fn entries(history: &dyn History, key: &Key, upto: u64) -> Result<Vec<Entry>, StoreError> {
    let mut records = history.of_object(key.number(), upto, RECORDS, None)?;
    records.reverse();
    let entry = |r: crate::store::StoredRecord| {
        let events = upcast::events(r.record.rules, &r.record.events).ok().map(|mut events| {
            // Two objects may share a number.
            events.retain(|e| e.key().is_none_or(|k| k == key));
            events
        });
        Entry { seq: r.seq, at: r.record.at, events }
    };
    Ok(records.into_iter().map(entry).filter(|e| e.events.as_ref().is_none_or(|e| !e.is_empty())).collect())
}

fn steps(entries: &[Entry]) -> Vec<Step> {
    let mut steps = Vec::new();
    for e in entries {
        let mut say = |sentence| steps.push(Step { at: e.at, seq: e.seq, sentence });
        match &e.events {
            Some(events) => events.iter().filter_map(crate::explain::sentence).for_each(say),
            None => say("Something was decided that this release cannot read; was it written by a newer one?".into()),
        }
    }
    steps
}

/// Why there is an alarm of this object, or none: the steps from the journal up to `upto`, oldest first, and from when on
/// it is complete where something was cut.
///
/// # Errors
/// The journal cannot be read.
pub(super) fn explain_alarm(
    history: &dyn History,
    key: &Key,
    upto: u64,
) -> Result<(Vec<Step>, Option<Timestamp>), StoreError> {
    Ok((steps(&entries(history, key, upto)?), crate::explain::truth_of(history)?))
}

/// What each monitor last said, by its name.
fn said(entries: &[Entry]) -> Vec<Said> {
    let mut all: Vec<Said> = Vec::new();
    for event in entries.iter().flat_map(|e| e.events.iter().flatten()) {
        match event {
            Event::Seen(s) => {
                let output = s.output.clone();
                let new = Said { monitor: s.monitor.clone(), state: s.state, hard: s.hard, since: s.since, output };
                all.retain(|old| old.monitor != new.monitor);
                all.push(new);
            }
            // The output is stored once, with the event beside it that carries it.
            Event::Raised { change, .. } | Event::Changed { change, .. } | Event::Recovered { change, .. } => {
                if let Some(last) = all.last_mut().filter(|s| s.output.is_empty() && s.state == change.state) {
                    last.output = change.output.clone();
                }
            }
            _ => {}
        }
    }
    all.sort_by(|a, b| a.monitor.cmp(&b.monitor));
    all
}

/// What the journal says of an object.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// The explanation.
    pub(super) steps: Vec<Step>,
    /// What each monitor last said.
    pub(super) said: Vec<Said>,
    /// The journal is complete only since then; `None`: nothing was ever cut.
    pub(super) begins: Option<Timestamp>,
}

/// Asks the journal about an object.
pub(super) async fn told(readers: &Arc<Readers>, key: Key, upto: u64) -> Result<Told, Unanswered> {
    readers
        .ask(move |history| {
            let entries = entries(history, &key, upto)?;
            Ok(Told { steps: steps(&entries), said: said(&entries), begins: crate::explain::truth_of(history)? })
        })
        .await
}

/// Looks an alarm up: on the board, or among those that left it.
pub(super) async fn find(readers: &Arc<Readers>, view: &Arc<View>, id: &str) -> Result<Option<Found>, Unanswered> {
    if let Some(alarm) = view.alarm(id) {
        return Ok(Some(Found { alarm: alarm.clone(), closed: None }));
    }
    if id.len() != 16 || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(None);
    }
    let query = EpisodeQuery { id: Some(id.to_owned()), upto: view.seq, limit: 1, ..EpisodeQuery::default() };
    let episode = readers.ask(move |h| Ok(h.episodes(&query)?.pop())).await?;
    Ok(episode.and_then(|e| open_to_all(view, &e)))
}

/// A closed alarm, unless it is a security matter, or cannot be told not to be one.
fn open_to_all(view: &View, episode: &Episode) -> Option<Found> {
    let alarm: Alarm = serde_json::from_str(&episode.body).ok()?;
    let profiles = &view.profiles;
    let now_security =
        profiles.profiles.get(&profiles.operators).is_some_and(|p| p.settings(&alarm.about.metric).security);
    if alarm.about.security || now_security {
        return None;
    }
    Some(Found { alarm: Arc::new(alarm), closed: Some(Closed { at: episode.closed }) })
}
