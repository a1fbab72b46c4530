//! The incremental snapshot: the world as rows of JSON, and back. Only rows that changed are written.

use crate::alarm::{Alarm, AlarmId};
use crate::command::Done;
use crate::input::Text;
use crate::notepad::Note;
use crate::places::Place;
use crate::time::Timestamp;
use crate::watch::{Key, Watch};
use crate::world::{Cause, Closed, Meta, Monitor, Sequences, World};
use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Names a row.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum RowKey {
    Meta,
    Monitor(Text),
    Watch(Key),
    Alarm(AlarmId),
    Closed(AlarmId),
    Cause(Text),
    Notepad(Text),
    Answer(Text),
    Sequences(Text),
}

/// The rows that changed, but for those of alarms on the board, which notes its own. What changes often notes beside itself
/// that it stands here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dirty {
    rows: IndexSet<RowKey, FxBuildHasher>,
    /// Objects; whether one stands here is [`crate::watch::Margin::changed`].
    watches: Vec<Place>,
    meta: bool,
}

impl Dirty {
    /// The row changed.
    pub(crate) fn insert(&mut self, row: RowKey) {
        self.rows.insert(row);
    }

    /// The row of the object in that place changed, and does not stand here yet.
    pub(crate) fn watch(&mut self, place: Place) {
        self.watches.push(place);
    }

    /// The small things that hold for all of it changed.
    pub(crate) fn meta(&mut self) {
        if !self.meta {
            self.meta = true;
            self.rows.insert(RowKey::Meta);
        }
    }
}

/// A row that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// Its name is none of those that this build knows.
    #[error("state row '{0}' is of a kind that this version does not know; was the store written by a newer one?")]
    Unknown(String),
    /// Its value is not what its name says.
    #[error("state row '{row}' cannot be read: {error}; restore a backup, or rebuild the rows from the journal")]
    Unreadable {
        /// The row.
        row: String,
        /// Why.
        error: serde_json::Error,
    },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct MetaRow {
    seq: u64,
    at: Timestamp,
    #[serde(flatten)]
    meta: Meta,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct WatchRow {
    key: Key,
    #[serde(flatten)]
    watch: Watch,
}

impl RowKey {
    fn name(&self) -> String {
        match self {
            RowKey::Meta => "meta".into(),
            RowKey::Monitor(m) => format!("monitor/{m}"),
            RowKey::Watch(k) => match &k.service {
                // A unit separator cannot be in a name of Nagios', so the name is unambiguous.
                Some(s) => format!("watch/{}\u{1f}{}\u{1f}{s}", k.group, k.host),
                None => format!("watch/{}\u{1f}{}", k.group, k.host),
            },
            RowKey::Alarm(id) => format!("alarm/{id}"),
            RowKey::Closed(id) => format!("closed/{id}"),
            RowKey::Cause(id) => format!("cause/{id}"),
            RowKey::Notepad(site) => format!("notepad/{site}"),
            RowKey::Answer(form) => format!("answer/{form}"),
            RowKey::Sequences(s) => format!("sequences/{s}"),
        }
    }
}

/// What a row holds, as it was when it was taken. It becomes JSON when it is written, which need not be where it was taken:
/// thousands of rows change at once, and whoever decides does not wait for them.
#[derive(Clone, Debug)]
pub struct Value(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Json(Vec<u8>),
    Meta(Box<MetaRow>),
    Monitor(Box<Monitor>),
    Watch(Box<WatchRow>),
    Alarm(Arc<Alarm>),
    Closed(Box<Closed>),
    Cause(Box<Cause>),
    Notepad(Arc<Vec<Note>>),
    Answer(Arc<Done>),
    Sequences(Sequences),
}

/// Two that are written alike are one.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.json() == other.json()
    }
}

impl Eq for Value {}

impl Value {
    /// What is JSON already.
    pub fn of_json(json: Vec<u8>) -> Self {
        Value(Kind::Json(json))
    }

    /// It, as JSON.
    pub fn json(&self) -> Cow<'_, [u8]> {
        let text = match &self.0 {
            Kind::Json(json) => return Cow::Borrowed(json),
            Kind::Meta(row) => crate::json::text(&**row),
            Kind::Monitor(row) => crate::json::text(&**row),
            Kind::Watch(row) => crate::json::text(&**row),
            Kind::Alarm(row) => crate::json::text(&**row),
            Kind::Closed(row) => crate::json::text(&**row),
            Kind::Cause(row) => crate::json::text(&**row),
            Kind::Notepad(row) => crate::json::text(&**row),
            Kind::Answer(row) => crate::json::text(&**row),
            Kind::Sequences(row) => crate::json::text(row),
        };
        // Serialising these types cannot fail: no map has keys other than strings, and nothing here returns an error.
        Cow::Owned(text.unwrap_or_default().into_bytes())
    }
}

fn parse<'a, T: Deserialize<'a>>(row: &str, value: &'a [u8]) -> Result<T, RowError> {
    serde_json::from_slice(value).map_err(|error| RowError::Unreadable { row: row.to_owned(), error })
}

/// Of an alarm that was written before it was kept what its last change was, every one counts as such.
fn alarm_of(mut alarm: Alarm) -> Alarm {
    if alarm.changed == 0 {
        alarm.changed = alarm.version;
    }
    alarm
}

fn closed_of(mut closed: Closed) -> Closed {
    if closed.alarm.changed == 0 {
        closed.alarm = Arc::new(alarm_of(Alarm::clone(&closed.alarm)));
    }
    closed
}

impl World {
    /// The rows that changed since the last call, each with its new value or `None` when it is gone; names in order.
    pub fn take_changed_rows(&mut self) -> Vec<(String, Option<Value>)> {
        let Dirty { rows, watches, .. } = self.forget_changed_rows();
        let mut dirty: BTreeSet<RowKey> = rows.into_iter().collect();
        dirty.extend(self.alarms.take_changed().into_iter().map(RowKey::Alarm));
        dirty.extend(watches.into_iter().filter_map(|place| self.key_at(place)).map(RowKey::Watch));
        if !dirty.is_empty() {
            dirty.insert(RowKey::Meta);
        }
        dirty.iter().map(|k| (k.name(), self.row(k))).collect()
    }

    /// How many rows wait to be written.
    pub fn changed_rows(&self) -> usize {
        self.dirty.rows.len() + self.dirty.watches.len() + self.alarms.changed()
    }

    /// From here on no row counts as changed; gives back what did, but for the alarms.
    fn forget_changed_rows(&mut self) -> Dirty {
        let dirty = std::mem::take(&mut self.dirty);
        for place in &dirty.watches {
            if let Some(margin) = self.margin_at(*place) {
                margin.changed = false;
            }
        }
        dirty
    }

    /// After a snapshot was read: what stands in it is written already.
    pub(crate) fn all_rows_are_written(&mut self) {
        self.forget_changed_rows();
        self.alarms.take_changed();
    }

    /// All rows, names in order: the canonical form of the world.
    pub fn all_rows(&self) -> Vec<(String, Vec<u8>)> {
        let mut keys = BTreeSet::from([RowKey::Meta]);
        keys.extend(self.monitors.keys().cloned().map(RowKey::Monitor));
        for ((group, host), entry) in &self.hosts {
            let key = |service| RowKey::Watch(Key { group: group.clone(), host: host.clone(), service });
            keys.insert(key(None));
            keys.extend(entry.services.keys().map(|s| key(Some(s.clone()))));
        }
        keys.extend(self.alarms.keys().cloned().map(RowKey::Alarm));
        keys.extend(self.closed.keys().cloned().map(RowKey::Closed));
        keys.extend(self.causes.keys().cloned().map(RowKey::Cause));
        keys.extend(self.notepads.keys().cloned().map(RowKey::Notepad));
        keys.extend(self.answers.keys().cloned().map(RowKey::Answer));
        keys.extend(self.sequences.keys().cloned().map(RowKey::Sequences));
        keys.iter().filter_map(|k| Some((k.name(), self.row(k)?.json().into_owned()))).collect()
    }

    /// A hash of all that is known (FNV-1a over the canonical rows): equal worlds have equal hashes.
    pub fn state_hash(&self) -> u64 {
        let mut h: u64 = 0xcbf2_9ce4_8422_2325;
        for (name, value) in self.all_rows() {
            for b in name.bytes().chain([0]).chain(value).chain([0]) {
                h = (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3);
            }
        }
        h
    }

    fn row(&self, key: &RowKey) -> Option<Value> {
        Some(Value(match key {
            RowKey::Meta => Kind::Meta(Box::new(MetaRow { seq: self.seq, at: self.at, meta: self.meta.clone() })),
            RowKey::Monitor(m) => Kind::Monitor(Box::new(self.monitors.get(m)?.clone())),
            RowKey::Watch(k) => {
                let watch = self.watch(k)?;
                if *watch == Watch::default() {
                    return None;
                }
                Kind::Watch(Box::new(WatchRow { key: k.clone(), watch: watch.clone() }))
            }
            RowKey::Alarm(id) => Kind::Alarm(self.alarms.get(id)?.clone()),
            RowKey::Closed(id) => Kind::Closed(Box::new(self.closed.get(id)?.clone())),
            RowKey::Cause(id) => Kind::Cause(Box::new(self.causes.get(id)?.clone())),
            RowKey::Notepad(site) => Kind::Notepad(self.notepads.get(site)?.clone()),
            RowKey::Answer(form) => Kind::Answer(self.answers.get(form)?.clone()),
            RowKey::Sequences(s) => Kind::Sequences(self.sequences.get(s)?.clone()),
        }))
    }

    /// Takes in one row of a snapshot. Order does not matter. When all are in: put the documents in force with
    /// [`crate::engine::Engine::restore`].
    pub(crate) fn load_row(&mut self, name: &str, value: &[u8]) -> Result<(), RowError> {
        let (kind, rest) = name.split_once('/').unwrap_or((name, ""));
        match kind {
            "meta" => {
                let row: MetaRow = parse(name, value)?;
                self.seq = row.seq;
                self.at = row.at;
                self.meta = row.meta;
            }
            "monitor" => {
                self.monitors.insert(rest.into(), parse::<Monitor>(name, value)?);
            }
            "watch" => {
                let mut row: WatchRow = parse(name, value)?;
                self.texts.key(&mut row.key);
                self.texts.watch(&mut row.watch);
                *self.watch_mut(&row.key) = row.watch;
            }
            "alarm" => {
                let mut alarm = alarm_of(parse(name, value)?);
                self.texts.alarm(&mut alarm);
                self.alarms.insert(alarm.id.clone(), Arc::new(alarm));
            }
            "closed" => {
                Arc::make_mut(&mut self.closed).insert(rest.into(), closed_of(parse(name, value)?));
            }
            "cause" => {
                self.causes.insert(rest.into(), parse::<Cause>(name, value)?);
            }
            "notepad" => {
                Arc::make_mut(&mut self.notepads).insert(rest.into(), Arc::new(parse::<Vec<Note>>(name, value)?));
            }
            "answer" => {
                let done: Done = parse(name, value)?;
                self.answered += done.alarms.len() + done.refused.len();
                self.answers.insert(rest.into(), Arc::new(done));
            }
            "sequences" => {
                self.sequences.insert(rest.into(), parse::<Sequences>(name, value)?);
            }
            _ => return Err(RowError::Unknown(name.to_owned())),
        }
        Ok(())
    }
}
