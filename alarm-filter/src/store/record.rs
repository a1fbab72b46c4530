//! What is stored, independent of the engine below: inputs with their events, and the tables that outlive pruning.

use super::checksum::Sum;
use super::error::StoreError;
use alarm_core::rows::Value;
use alarm_core::time::Timestamp;
use std::borrow::Cow;

/// One input and the events that were decided from it: one row of the journal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// The engine's time, in milliseconds since 1970; never goes back from one record to the next.
    pub at: Timestamp,
    /// What kind of input: `observation`, `command`, …
    pub kind: Cow<'static, str>,
    /// Version of the body's shape; the reader's upcaster of that version understands it.
    pub version: u32,
    /// 64-bit hash of `group/host/service`, for history look-ups; `None` when the input is about no single object.
    pub object: Option<i64>,
    /// The input as JSON.
    pub body: String,
    /// The version of the rules that decided.
    pub rules: u32,
    /// JSON array of the events decided from it.
    pub events: String,
}

impl Record {
    /// The checksum of this record standing at `seq`.
    pub(super) fn sum(&self, seq: u64) -> i64 {
        Sum::new()
            .int(seq.cast_signed())
            .int(self.at.0)
            .bytes(self.kind.as_bytes())
            .int(i64::from(self.version))
            .int(i64::from(self.rules))
            .opt(self.object)
            .bytes(self.body.as_bytes())
            .bytes(self.events.as_bytes())
            .finish()
    }
}

/// A record with its place in the order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredRecord {
    /// Its place: 1, 2, 3, … without gaps from where the truth begins.
    pub seq: u64,
    /// The record.
    pub record: Record,
}

/// A closed alarm, from its opening to its end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Episode {
    /// The alarm's id; storing the same id again replaces the row.
    pub id: String,
    /// The seq of the input that closed it.
    pub seq: u64,
    /// Hash of the object, as in [`Record::object`].
    pub object: i64,
    /// The site by the topology; empty when none was known.
    pub site: String,
    /// Nagios' host_name.
    pub host: String,
    /// Nagios' service_description; `None` for the host itself.
    pub service: Option<String>,
    /// The metric by the profile; empty when none.
    pub metric: String,
    /// When it opened.
    pub opened: Timestamp,
    /// When it closed.
    pub closed: Timestamp,
    /// Everything else, as JSON.
    pub body: String,
}

impl Episode {
    pub(super) fn sum(&self) -> i64 {
        Sum::new()
            .bytes(self.id.as_bytes())
            .int(self.seq.cast_signed())
            .int(self.object)
            .bytes(self.site.as_bytes())
            .bytes(self.host.as_bytes())
            .opt_bytes(self.service.as_deref().map(str::as_bytes))
            .bytes(self.metric.as_bytes())
            .int(self.opened.0)
            .int(self.closed.0)
            .bytes(self.body.as_bytes())
            .finish()
    }
}

/// How long an object was in a state on one day.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct DailySum {
    /// Days since 1970-01-01, UTC.
    pub day: i32,
    /// Hash of the object.
    pub object: i64,
    /// The state's name.
    pub state: String,
    /// The whole of that day so far in this state, in seconds: stored again, it replaces the earlier figure.
    pub seconds: u32,
}

impl DailySum {
    pub(super) fn sum(&self) -> i64 {
        let sum = Sum::new().int(i64::from(self.day)).int(self.object).bytes(self.state.as_bytes());
        sum.int(i64::from(self.seconds)).finish()
    }
}

/// Who did what: one line of the audit trail.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditEntry {
    /// The seq of the command.
    pub seq: u64,
    /// Counts from 0 where one command touched several subjects.
    pub part: u32,
    /// The engine's time.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// What.
    pub action: String,
    /// To what: an alarm's id, a site, …
    pub subject: String,
    /// Everything else, as JSON.
    pub body: String,
}

impl AuditEntry {
    pub(super) fn sum(&self) -> i64 {
        Sum::new()
            .int(self.seq.cast_signed())
            .int(i64::from(self.part))
            .int(self.at.0)
            .bytes(self.who.as_bytes())
            .bytes(self.action.as_bytes())
            .bytes(self.subject.as_bytes())
            .bytes(self.body.as_bytes())
            .finish()
    }
}

/// What is committed together, all or nothing.
///
/// The same batch may be given again after any failure and is stored once: its records by their seqs, everything else
/// because it says what holds and not what to add.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Batch {
    /// The seq of the first record: `last_seq() + 1`. Without records it says nothing.
    pub first_seq: u64,
    /// Inputs and events, in order.
    pub records: Vec<Record>,
    /// How far each source was read, as JSON of the source's own; `None` forgets the source.
    pub cursors: Vec<(String, Option<String>)>,
    /// What changed in the snapshot: the row's key and its value; `None` deletes it.
    pub rows: Vec<(String, Option<Value>)>,
    /// The rows are now complete up to this seq; `None` leaves the mark where it is.
    pub flushed: Option<u64>,
    /// Alarms that closed.
    pub episodes: Vec<Episode>,
    /// Sums of the days.
    pub daily: Vec<DailySum>,
    /// Lines of the audit trail.
    pub audit: Vec<AuditEntry>,
}

/// How a batch relates to what is already stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Standing {
    /// It continues the journal.
    Next,
    /// Its seqs are all taken: stored before, or somebody else's.
    Before,
}

impl Batch {
    /// The last seq of the journal once this batch is in; `last` is the last one before.
    pub fn last_seq(&self, last: u64) -> u64 {
        if self.records.is_empty() { last } else { self.first_seq.saturating_add(self.records.len() as u64 - 1) }
    }

    /// The records with their seqs.
    pub fn numbered(&self) -> impl Iterator<Item = (u64, &Record)> {
        (self.first_seq..).zip(&self.records)
    }

    /// Where the batch stands to a journal that ends at `last` and is flushed up to `flushed`.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when it neither continues the journal nor lies wholly inside it, or flushes what is not there.
    pub(super) fn standing(&self, last: u64, flushed: u64) -> Result<Standing, StoreError> {
        let refuse = |what: String| Err(StoreError::Refused { what });
        let ends = self.last_seq(last);
        let standing = match self.records.is_empty() || self.first_seq == last.saturating_add(1) {
            true => Standing::Next,
            false if self.first_seq > 0 && ends <= last => Standing::Before,
            false => {
                return refuse(format!("a batch of seq {} to {ends} cannot follow seq {last}", self.first_seq));
            }
        };
        match self.flushed {
            Some(f) if f > ends => refuse(format!("rows cannot be flushed up to seq {f}: the journal ends at {ends}")),
            Some(f) if standing == Standing::Next && f < flushed => {
                refuse(format!("rows are flushed up to seq {flushed} already, not only {f}"))
            }
            _ => Ok(standing),
        }
    }
}
