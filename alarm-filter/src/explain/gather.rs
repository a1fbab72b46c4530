//! Finding the records of an object: by its number in the journal, with those of its host, and the people's commands.

use crate::store::{History, StoreError, StoredRecord};
use alarm_core::engine::Record;
use alarm_core::event::Event;
use alarm_core::profile::Profiles;
use alarm_core::time::Timestamp;
use alarm_core::upcast::{self, ReadError};
use alarm_core::watch::{Key, SetAside};
use std::collections::{BTreeMap, BTreeSet};

/// How many records are read at a time.
const PAGE: usize = 1000;

/// A record of the journal, as far as an explanation needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Its place.
    pub seq: u64,
    /// The engine's time.
    pub at: Timestamp,
    /// What was decided.
    pub events: Vec<Event>,
}

/// Why nothing can be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The journal cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record's events are not what this release knows.
    #[error("record {seq} of the journal cannot be understood: {error}; else see what check-store says")]
    Events {
        /// The record.
        seq: u64,
        /// Why.
        error: ReadError,
    },
    /// The profiles in the journal are not what this release knows.
    #[error("the profiles {hash} in the journal cannot be understood ({error}); run the release that wrote them")]
    Profiles {
        /// Their hash.
        hash: String,
        /// Why.
        error: serde_json::Error,
    },
}

/// What somebody asks about: a host and one of its metrics, as people name them.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Nagios' host_name, in any case.
    pub host: &'a str,
    /// A service description, a metric with or without a VO's suffix, or `Host`.
    pub metric: &'a str,
}

impl Asked<'_> {
    /// How well an object answers the question: 0 by the very name, 1 by the metric, 2 without the VO's suffix.
    fn fits(&self, key: &Key, metric: Option<&str>) -> Option<u8> {
        if !key.host.eq_ignore_ascii_case(self.host) {
            return None;
        }
        let Some(service) = &key.service else {
            return self.metric.eq_ignore_ascii_case(alarm_core::verdict::HOST).then_some(0);
        };
        if **service == *self.metric {
            return Some(0);
        }
        if metric == Some(self.metric) {
            return Some(1);
        }
        // `-ops` and the like: the name, a hyphen, and a VO in lower case with neither hyphen nor capital.
        let is_vo = |rest: &str| {
            rest.strip_prefix('-').is_some_and(|vo| {
                !vo.is_empty() && vo.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.')
            })
        };
        let with_suffix = |long: &str, short: &str| long.strip_prefix(short).is_some_and(is_vo);
        let near = |name: &str| with_suffix(name, self.metric) || with_suffix(self.metric, name);
        (near(service) || metric.is_some_and(near)).then_some(2)
    }
}

/// The objects that answer a question, best first: several when several groups of monitors watch it. The whole journal
/// is looked through, since only its events say which metric a service stands for.
///
/// # Errors
/// The journal cannot be read.
pub fn keys_of(history: &dyn History, asked: Asked<'_>, upto: u64) -> Result<Vec<Key>, ExplainError> {
    let mut found = BTreeMap::new();
    let mut after = 0;
    let host = asked.host.to_ascii_lowercase();
    loop {
        let page = history.between(Timestamp(i64::MIN), Timestamp(i64::MAX), upto, PAGE, after)?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for record in page {
            // Most records are of other hosts; reading their events would take most of the time.
            if record.record.events.to_ascii_lowercase().contains(&host) {
                look(&told(record)?, asked, &mut found);
            }
        }
    }
    Ok(best(found))
}

/// The profiles in force at the end, as the journal names them: an answer that has no configuration goes by them (AL17).
///
/// # Errors
/// The journal, or the profiles in it, cannot be read.
pub fn profiles_of(history: &dyn History, upto: u64) -> Result<Option<Profiles>, ExplainError> {
    let (mut after, mut hash) = (0, None);
    loop {
        let page = history.between(Timestamp(i64::MIN), Timestamp(i64::MAX), upto, PAGE, after)?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        // The name of the event stands in few records; only those are read.
        for record in page.into_iter().filter(|r| r.record.events.contains("rofiles\"")) {
            for event in told(record)?.events {
                if let Event::Profiles { hash: of } = event {
                    hash = Some(of);
                }
            }
        }
    }
    let Some(hash) = hash else { return Ok(None) };
    let Some(json) = history.document(&hash)? else { return Ok(None) };
    serde_json::from_slice(&json).map(Some).map_err(|error| ExplainError::Profiles { hash: hash.to_string(), error })
}

/// The same among what was already gathered.
pub fn keys_among(told: &[Told], asked: Asked<'_>) -> Vec<Key> {
    let mut found = BTreeMap::new();
    for t in told {
        look(t, asked, &mut found);
    }
    best(found)
}

fn look(told: &Told, asked: Asked<'_>, found: &mut BTreeMap<Key, u8>) {
    for event in &told.events {
        let Some(key) = event.key() else { continue };
        let metric = match event {
            Event::Raised { about, .. } | Event::About { about, .. } => Some(&*about.metric),
            Event::SetAside { reason: Some(SetAside::NotInProfile { metric, .. }), .. } => Some(&**metric),
            _ => None,
        };
        if let Some(fit) = asked.fits(key, metric) {
            let known = found.entry(key.clone()).or_insert(fit);
            *known = fit.min(*known);
        }
    }
}

/// Those of the best fit.
fn best(found: BTreeMap<Key, u8>) -> Vec<Key> {
    let least = found.values().min().copied();
    found.into_iter().filter(|(_, fit)| Some(*fit) == least).map(|(key, _)| key).collect()
}

/// All that the journal has of an object, oldest first.
pub(super) fn of_key(history: &dyn History, key: &Key, upto: u64) -> Result<Vec<Told>, ExplainError> {
    let mut found = BTreeMap::new();
    let host = Key { service: None, ..key.clone() };
    let mut numbers = vec![key.number()];
    numbers.extend(key.service.is_some().then(|| host.number()));
    for number in numbers {
        let mut before = None;
        loop {
            let page = history.of_object(number, upto, PAGE, before)?;
            let Some(last) = page.last() else { break };
            before = Some(last.seq);
            for record in page {
                let told = told(record)?;
                found.insert(told.seq, told);
            }
        }
    }
    // What people did to several alarms at once stands in a record of no single object: the audit trail has it under each
    // of the alarms, and what became of a common cause under that.
    let mut asked = BTreeSet::new();
    loop {
        let subject = found.values().flat_map(|t| subjects(t, key)).find(|s| !asked.contains(s));
        let Some(subject) = subject else { break };
        let mut before = None;
        loop {
            let page = history.audit(Some(&subject), upto, PAGE, before)?;
            let Some(last) = page.last() else { break };
            before = Some((last.seq, last.part));
            for entry in page {
                if !found.contains_key(&entry.seq)
                    && let Some(record) = history.record(entry.seq)?
                {
                    found.insert(entry.seq, told(record)?);
                }
            }
        }
        asked.insert(subject);
    }
    Ok(found.into_values().collect())
}

/// Under what the audit trail may have more: the object's alarms, and the common causes over them.
fn subjects(told: &Told, key: &Key) -> impl Iterator<Item = String> {
    told.events.iter().filter_map(move |e| match e {
        Event::Raised { id, key: k, .. } if k == key => Some(id.to_string()),
        Event::CauseOpened { cause, .. } | Event::CauseJoined { cause, .. } => Some(cause.to_string()),
        _ => None,
    })
}

fn told(record: StoredRecord) -> Result<Told, ExplainError> {
    let seq = record.seq;
    let events = upcast::events(record.record.rules, &record.record.events)
        .map_err(|error| ExplainError::Events { seq, error })?;
    Ok(Told { seq, at: record.record.at, events })
}

/// What an engine decided, without a journal between.
pub fn from_records(records: &[Record]) -> Vec<Told> {
    records.iter().map(|r| Told { seq: r.seq, at: r.at, events: r.events.clone() }).collect()
}
