//! The engine. Start reading here: [`Engine::handle`] takes an input and gives back the records of what was decided;
//! the world ([`crate::world::World`]) is the fold of their events. Timers that are due fire first, each at its own time.
//!
//! Where to go next: `nagios.rs` says which observations count, `settle.rs` makes alarms of them, `verdict.rs` and
//! `viability.rs` give the reasons, `marks.rs` the flags, `mask.rs` and `cause.rs` what stands under what, `commands.rs`
//! what people may do, `refresh.rs` what follows from new documents.

use crate::command::Outcome;
use crate::document::{Document, Documents};
use crate::event::Event;
use crate::input::{Input, Text};
use crate::nagios::Heard;
use crate::rows::{RowError, Value};
use crate::time::Timestamp;
use crate::world::World;

/// The state machine.
#[derive(Clone, Debug, Default)]
pub struct Engine {
    /// All that is known.
    pub(crate) world: World,
    documents: Documents,
    /// The records of the input that is being handled.
    records: Vec<Record>,
    /// Room for records and for events of what was decided before, to be filled again.
    spare: (Vec<Record>, Vec<Vec<Event>>),
    /// What the next record will carry.
    pending: Pending,
    /// The time of the events that are being decided.
    pub(crate) now: Timestamp,
    /// Whose words come in.
    pub(crate) heard: Option<Heard>,
}

/// Lists of events that are kept to be filled again.
const SPARE: usize = 16;

/// What the next record that is opened will carry.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Pending {
    /// Nothing: it follows from the one before.
    #[default]
    Nothing,
    /// That time passed.
    Tick,
    /// The input at hand. It is moved there when all is decided: most inputs open no record, and need no copy.
    Input,
    /// The input at hand, and that record is open already: its place.
    Opened(usize),
}

/// What is written to the journal: an input, if this is where it came in, and events that were decided from it.
/// An input whose events are about several objects takes a record for each of them; only the first carries the input.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its place in the order; follows the one before without a gap.
    pub seq: u64,
    /// The engine's time.
    pub at: Timestamp,
    /// The input; `None`: it follows from the record before.
    pub input: Option<Input>,
    /// The object's number ([`Key::number`]), for look-ups.
    pub object: Option<i64>,
    /// What was decided.
    pub events: Vec<Event>,
}

/// What became of an input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Handled {
    /// To be committed, in order; none when nothing changed.
    pub records: Vec<Record>,
    /// For a command: what became of it. `None`: there was none.
    pub outcome: Option<Outcome>,
}

impl Engine {
    /// An engine that knows nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// All that is known.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Takes in a document that an input or event is about to name.
    pub fn learn(&mut self, hash: Text, document: Document) {
        self.documents.insert(hash, document);
    }

    /// Drops documents that are no longer in force.
    pub fn forget_documents(&mut self) {
        let hashes = self.world.documents_in_force();
        self.documents.retain(|h| hashes.iter().any(|k| **k == *h));
    }

    /// Rows that changed since the last call; see [`World::take_changed_rows`].
    pub fn take_changed_rows(&mut self) -> Vec<(String, Option<Value>)> {
        self.world.take_changed_rows()
    }

    /// The smallest due time of all timers.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.world.timers.next()
    }

    /// Handles one input at `at`. A time before the last one is taken as the last one. Timers due until then fire first.
    pub fn handle(&mut self, at: Timestamp, input: Input) -> Handled {
        let at = at.max(self.world.at);
        self.fire(at);
        self.now = at;
        self.world.now = at;
        let mut handled = Handled::default();
        self.pending = Pending::Input;
        match &input {
            Input::Observation(o) => self.observe(o),
            Input::MonitorStarted { monitor, since } => self.monitor_started(monitor, *since),
            Input::MonitorStopped { .. } | Input::Reconciled { .. } | Input::ClockStep { .. } => {
                // Nothing follows for any alarm; that it happened is kept.
                self.open_record(None);
            }
            Input::SourceState(state) => self.source_state(state.clone()),
            Input::Objects { monitor, hash } => self.objects_changed(monitor, hash),
            Input::Topology { hash } => self.topology_changed(hash),
            Input::Downtimes { hash } => self.downtimes_changed(hash),
            Input::Profiles { hash } => self.profiles_changed(hash),
            Input::Settings { hash } => self.settings_changed(hash),
            Input::Command(command) => handled.outcome = Some(self.command(command.clone())),
            Input::Tick => {}
        }
        let opened = std::mem::take(&mut self.pending);
        if let Pending::Opened(place) = opened
            && let Some(record) = self.records.get_mut(place)
        {
            record.input = Some(input);
        }
        self.world.rearm_touched();
        // What this set for a moment that has come already happens now, not at the next input.
        self.fire(at);
        handled.records = std::mem::take(&mut self.records);
        handled
    }

    /// Takes back records that nobody needs any more: what is decided next is written in their place. For those who
    /// decide a long recording; there is no need to.
    pub fn reuse(&mut self, mut records: Vec<Record>) {
        if records.is_empty() {
            return;
        }
        for record in &mut records {
            if self.spare.1.len() < SPARE {
                let mut events = std::mem::take(&mut record.events);
                events.clear();
                self.spare.1.push(events);
            }
        }
        records.clear();
        self.spare.0 = records;
    }

    /// Lets time pass until `at`.
    pub fn advance(&mut self, at: Timestamp) -> Handled {
        if self.next_deadline().is_none_or(|due| due > at) {
            return Handled::default();
        }
        self.handle(at, Input::Tick)
    }

    /// Takes in a row of a snapshot; all rows first, then [`Engine::restore`].
    ///
    /// # Errors
    /// The row is of an unknown kind or cannot be read.
    pub fn load_row(&mut self, name: &str, value: &[u8]) -> Result<(), RowError> {
        self.world.load_row(name, value)
    }

    /// Puts the documents in force that the rows name, and sets the timers. The documents have to be learned before.
    pub fn restore(&mut self) {
        self.world.restore(&self.documents);
    }

    /// Takes in a record of the journal: its events as they were decided; nothing is judged anew.
    pub fn replay(&mut self, seq: u64, at: Timestamp, events: &[Event]) {
        self.world.seq = self.world.seq.max(seq);
        self.world.at = self.world.at.max(at);
        for event in events {
            self.world.apply(seq, at, event, &self.documents);
        }
        self.world.rearm_touched();
    }

    #[inline]
    fn fire(&mut self, at: Timestamp) {
        if self.next_deadline().is_some_and(|due| due <= at) {
            self.fire_due(at);
        }
        self.pending = Pending::Nothing;
    }

    #[inline(never)]
    fn fire_due(&mut self, at: Timestamp) {
        while let Some((due, timer)) = self.world.timers.pop(at) {
            self.now = due.max(self.world.at);
            self.world.now = self.now;
            self.pending = Pending::Tick;
            self.timer(timer);
            self.world.rearm_touched();
        }
    }

    /// Decides: the event takes its place in the journal's records, and the world takes it in.
    pub(crate) fn emit(&mut self, event: Event) {
        let object = event.key().map(|key| self.world.number(key));
        self.open_record(object);
        let at = self.now;
        if let Some(record) = self.records.last_mut() {
            record.events.push(event);
            if let Some(event) = record.events.last() {
                self.world.apply(record.seq, at, event, &self.documents);
            }
        }
    }

    fn open_record(&mut self, object: Option<i64>) {
        if let Some(last) = self.records.last_mut()
            && !matches!(self.pending, Pending::Input | Pending::Tick)
        {
            if object.is_none() || last.object == object {
                return;
            }
            if last.object.is_none() {
                last.object = object;
                return;
            }
        }
        let seq = self.world.seq + 1;
        self.world.seq = seq;
        self.world.at = self.now;
        let mut input = None;
        self.pending = match self.pending {
            Pending::Input => Pending::Opened(self.records.len()),
            Pending::Tick => {
                input = Some(Input::Tick);
                Pending::Nothing
            }
            other => other,
        };
        if self.records.is_empty() {
            self.records = std::mem::take(&mut self.spare.0);
            // Most inputs open one record of one to three events; room for four of each would be a page.
            self.records.reserve_exact(1);
        }
        let events = self.spare.1.pop().unwrap_or_else(|| Vec::with_capacity(3));
        self.records.push(Record { seq, at: self.now, input, object, events });
    }

    /// The seq of the record that events about the object at hand stand under.
    pub(crate) fn opening_seq(&self) -> u64 {
        self.records.last().map_or_else(|| self.next_seq(), |r| r.seq)
    }

    /// The seq that the events decided now will stand under, if they are about a new object.
    pub(crate) fn next_seq(&self) -> u64 {
        self.world.seq + 1
    }
}

impl Record {
    /// The input's kind as the journal names it; `consequence` for a record without one.
    pub fn kind(&self) -> &'static str {
        match &self.input {
            None => "consequence",
            Some(Input::Observation(_)) => "observation",
            Some(Input::MonitorStarted { .. }) => "monitor-started",
            Some(Input::MonitorStopped { .. }) => "monitor-stopped",
            Some(Input::Reconciled { .. }) => "reconciled",
            Some(Input::SourceState(_)) => "source-state",
            Some(Input::Objects { .. }) => "objects",
            Some(Input::Topology { .. }) => "topology",
            Some(Input::Downtimes { .. }) => "downtimes",
            Some(Input::Profiles { .. }) => "profiles",
            Some(Input::Settings { .. }) => "settings",
            Some(Input::Command(_)) => "command",
            Some(Input::ClockStep { .. }) => "clock-step",
            Some(Input::Tick) => "tick",
        }
    }
}
