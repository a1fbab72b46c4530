//! What a store promises: [`Store`] for the one writer, [`History`] for the many readers.

use super::error::StoreError;
use super::query::EpisodeQuery;
use super::record::{AuditEntry, Batch, DailySum, Episode, StoredRecord};
use alarm_core::time::Timestamp;
use std::path::Path;

/// From where on the journal is complete. Before it only records of objects with open alarms may remain.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TruthBegins {
    /// Every seq from here on is there; 1 when nothing was ever cut.
    pub seq: u64,
    /// The time of the record at `seq`, or of the last one cut where none followed; zero when nothing was ever cut.
    pub at: Timestamp,
}

/// Records that had been stored and are no longer there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Losses {
    /// First lost seq.
    pub from: u64,
    /// Last lost seq.
    pub to: u64,
    /// The time of the last record before the loss; zero when there is none.
    pub from_at: Timestamp,
    /// The time of the last record lost.
    pub to_at: Timestamp,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Worth knowing; nothing is lost.
    Note,
    /// Something stored is lost or unreadable.
    Damage,
}

/// What a check found: one plain sentence.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// The sentence.
    pub text: String,
}

impl Finding {
    pub(super) fn note(text: impl Into<String>) -> Self {
        Finding { severity: Severity::Note, text: text.into() }
    }

    pub(super) fn damage(text: impl Into<String>) -> Self {
        Finding { severity: Severity::Damage, text: text.into() }
    }
}

/// One step of pruning, so that the writer is never held up for long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PruneSlice {
    /// Records from this time on stay.
    pub before: Timestamp,
    /// Where to go on: 0 at first, then [`PruneReport::next`].
    pub from: u64,
    /// How many records to look at in this step; a few thousand take a few milliseconds.
    pub at_most: usize,
}

/// What one step of pruning did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PruneReport {
    /// Records removed.
    pub removed: u64,
    /// Records that stay although they are old: their object has an open alarm.
    pub kept: u64,
    /// Where the truth begins now.
    pub truth_begins: TruthBegins,
    /// Where to go on; `None` when all is done.
    pub next: Option<u64>,
}

/// Kinds of inputs that are few, and that timelines need whatever object they are about; the store finds them quickly.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RareKind {
    /// How a source does.
    SourceState,
    /// Downtimes came into force.
    Downtimes,
}

impl RareKind {
    /// As in [`super::record::Record::kind`].
    pub fn word(self) -> &'static str {
        match self {
            RareKind::SourceState => "source-state",
            RareKind::Downtimes => "downtimes",
        }
    }
}

/// The writer's side: one per journal, on one thread, synchronous.
///
/// A failed call leaves nothing behind and may be repeated as it was.
pub trait Store: Send {
    /// Commits a batch as one transaction and returns the journal's last seq. When this returns, the batch is on the disk.
    ///
    /// A batch whose records are stored already (a commit whose answer was lost) is recognised and not stored twice.
    ///
    /// # Errors
    /// [`StoreError`]; the batch is then wholly absent, or wholly there and recognised when it is given again.
    fn append(&mut self, batch: &Batch) -> Result<u64, StoreError>;

    /// Gives up to `limit` records from `seq` on, in order, to `each`; returns the last seq given.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] at the first record that is damaged or missing; those before it were given.
    fn read_from(&self, seq: u64, limit: usize, each: &mut dyn FnMut(StoredRecord)) -> Result<Option<u64>, StoreError>;

    /// Gives every state row, in the order of the keys.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when a row is damaged or the rows together are not those that were stored.
    fn rows(&self, each: &mut dyn FnMut(String, Vec<u8>)) -> Result<(), StoreError>;

    /// The seq up to which the state rows are complete; 0 when nothing was flushed.
    fn flushed_seq(&self) -> u64;

    /// The highest seq ever given out; 0 when the journal is empty.
    fn last_seq(&self) -> u64;

    /// From where on the journal is complete.
    fn truth_begins(&self) -> TruthBegins;

    /// How far each source was read: name and JSON, in the order of the names.
    ///
    /// # Errors
    /// [`StoreError`].
    fn cursors(&self) -> Result<Vec<(String, String)>, StoreError>;

    /// Keeps a document under the hash of its content ([`super::document_hash`]). Again: nothing happens.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the hash is not that of the bytes.
    fn put_document(&mut self, hash: &str, kind: &str, bytes: &[u8]) -> Result<(), StoreError>;

    /// A document by its hash; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when its content no longer has that hash.
    fn document(&self, hash: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// There is nothing else to do: time for what a commit would otherwise have to wait for.
    ///
    /// # Errors
    /// [`StoreError`]; nothing that was stored is the worse for it.
    fn rest(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Removes old records of objects for which `keep` says no, only behind the flushed seq, and writes down where the
    /// truth begins now. Ask again with [`PruneReport::next`] until that is `None`.
    ///
    /// # Errors
    /// [`StoreError`]; what earlier steps did stands.
    fn prune(&mut self, slice: PruneSlice, keep: &dyn Fn(i64) -> bool) -> Result<PruneReport, StoreError>;

    /// Removes the documents for which `referenced` says no; returns how many.
    ///
    /// # Errors
    /// [`StoreError`].
    fn prune_documents(&mut self, referenced: &dyn Fn(&str) -> bool) -> Result<u64, StoreError>;

    /// Writes a consistent copy to a file that must not exist yet.
    ///
    /// # Errors
    /// [`StoreError`]; an unfinished copy is removed.
    fn backup_to(&self, path: &Path) -> Result<(), StoreError>;

    /// Checks the last `records` records and all state rows; quick enough for every start.
    ///
    /// # Errors
    /// [`StoreError`] when the check itself cannot go on; what it found is in the answer.
    fn check_tail(&self, records: usize) -> Result<Vec<Finding>, StoreError>;
}

/// The readers' side: questions that never block the writer. `upto` bounds an answer to what the asker's view shows.
pub trait History: Send {
    /// Records of one object, newest first, with `seq <= upto` and, for the next page, `seq < before`.
    ///
    /// # Errors
    /// [`StoreError`].
    fn of_object(
        &self,
        object: i64,
        upto: u64,
        limit: usize,
        before: Option<u64>,
    ) -> Result<Vec<StoredRecord>, StoreError>;

    /// Records of a rare kind with `after < seq <= upto`, oldest first; for the next page `after` is the last seq.
    ///
    /// # Errors
    /// [`StoreError`].
    fn of_kind(&self, kind: RareKind, upto: u64, limit: usize, after: u64) -> Result<Vec<StoredRecord>, StoreError>;

    /// One record; `None` when it was pruned or never was.
    ///
    /// # Errors
    /// [`StoreError`].
    fn record(&self, seq: u64) -> Result<Option<StoredRecord>, StoreError>;

    /// Records with `from <= at < to` and `after < seq <= upto`, oldest first; for the next page `after` is the last seq.
    ///
    /// # Errors
    /// [`StoreError`].
    fn between(
        &self,
        from: Timestamp,
        to: Timestamp,
        upto: u64,
        limit: usize,
        after: u64,
    ) -> Result<Vec<StoredRecord>, StoreError>;

    /// Closed alarms, last closed first.
    ///
    /// # Errors
    /// [`StoreError`].
    fn episodes(&self, query: &EpisodeQuery) -> Result<Vec<Episode>, StoreError>;

    /// Sums of the days `from..=to` (days since 1970), of one object or of all, in the order of day, object, state.
    /// Sums of running days change; they are not bounded by a seq.
    ///
    /// # Errors
    /// [`StoreError`].
    fn daily(&self, object: Option<i64>, from: i32, to: i32) -> Result<Vec<DailySum>, StoreError>;

    /// The audit trail with `seq <= upto`, newest first; of one subject or of all; for the next page `before` is seq and
    /// part of the last line seen.
    ///
    /// # Errors
    /// [`StoreError`].
    fn audit(
        &self,
        subject: Option<&str>,
        upto: u64,
        limit: usize,
        before: Option<(u64, u32)>,
    ) -> Result<Vec<AuditEntry>, StoreError>;

    /// A document by its hash, as [`Store::document`].
    ///
    /// # Errors
    /// [`StoreError`].
    fn document(&self, hash: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// From where on the journal is complete.
    ///
    /// # Errors
    /// [`StoreError`].
    fn truth_begins(&self) -> Result<TruthBegins, StoreError>;

    /// Records that had been stored and are gone, oldest first; empty in a sound store.
    ///
    /// # Errors
    /// [`StoreError`].
    fn losses(&self) -> Result<Vec<Losses>, StoreError>;

    /// The whole check: structure, every checksum, gaps, documents, cursors. Reads everything, and asks between slices
    /// whether to go on; `None`: it was told not to. Empty when all is sound.
    ///
    /// # Errors
    /// [`StoreError`] when the check itself cannot go on.
    fn check_slices(&self, go_on: &mut dyn FnMut() -> bool) -> Result<Option<Vec<Finding>>, StoreError>;

    /// The same without a pause.
    ///
    /// # Errors
    /// As for [`History::check_slices`].
    fn check_all(&self) -> Result<Vec<Finding>, StoreError> {
        self.check_slices(&mut || true).map(Option::unwrap_or_default)
    }
}
