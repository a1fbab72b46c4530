//! A store without a disk: for replays and trials of profiles, which must not touch the journal, and for tests.

use super::contract::{Finding, History, Losses, PruneReport, PruneSlice, RareKind, Store, TruthBegins};
use super::documents;
use super::error::StoreError;
use super::query::EpisodeQuery;
use super::record::{AuditEntry, Batch, DailySum, Episode, Record, Standing, StoredRecord};
use alarm_core::time::Timestamp;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The store; clones and [`MemoryHistory`]s see the same content.
#[derive(Clone, Default)]
pub struct MemoryStore {
    shared: Arc<Mutex<Content>>,
}

/// The readers' side of a [`MemoryStore`].
#[derive(Clone)]
pub struct MemoryHistory {
    shared: Arc<Mutex<Content>>,
}

#[derive(Default)]
struct Content {
    journal: BTreeMap<u64, Record>,
    cursors: BTreeMap<String, String>,
    rows: BTreeMap<String, Vec<u8>>,
    documents: BTreeMap<String, Vec<u8>>,
    episodes: BTreeMap<String, Episode>,
    daily: BTreeMap<(i32, i64, String), u32>,
    audit: BTreeMap<(u64, u32), AuditEntry>,
    flushed: u64,
    truth: Option<TruthBegins>,
}

impl Content {
    fn truth(&self) -> TruthBegins {
        self.truth.unwrap_or(TruthBegins { seq: 1, at: Timestamp(0) })
    }

    fn last(&self) -> u64 {
        self.journal.last_key_value().map_or(0, |(seq, _)| *seq).max(self.truth().seq - 1)
    }

    fn between(&self, seqs: std::ops::Range<u64>) -> impl DoubleEndedIterator<Item = StoredRecord> {
        let seqs = seqs.start..seqs.end.max(seqs.start);
        self.journal.range(seqs).map(|(seq, record)| StoredRecord { seq: *seq, record: record.clone() })
    }
}

/// Each change is one assignment, so what a panicking thread leaves behind is still whole.
fn open(shared: &Mutex<Content>) -> MutexGuard<'_, Content> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn put<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The readers' side.
    pub fn history(&self) -> MemoryHistory {
        MemoryHistory { shared: Arc::clone(&self.shared) }
    }
}

impl Store for MemoryStore {
    fn append(&mut self, batch: &Batch) -> Result<u64, StoreError> {
        let mut c = open(&self.shared);
        let last = c.last();
        if batch.standing(last, c.flushed)? == Standing::Before {
            return match batch.numbered().all(|(seq, r)| c.journal.get(&seq) == Some(r)) {
                true => Ok(last),
                false => Err(StoreError::Refused {
                    what: format!("other records stand at seq {} and following", batch.first_seq),
                }),
            };
        }
        for (seq, record) in batch.numbered() {
            c.journal.insert(seq, record.clone());
        }
        for (source, value) in batch.cursors.iter().cloned() {
            put(&mut c.cursors, source, value);
        }
        for (key, value) in batch.rows.iter().cloned() {
            put(&mut c.rows, key, value.map(|value| value.json().into_owned()));
        }
        c.episodes.extend(batch.episodes.iter().map(|e| (e.id.clone(), e.clone())));
        c.daily.extend(batch.daily.iter().map(|d| ((d.day, d.object, d.state.clone()), d.seconds)));
        c.audit.extend(batch.audit.iter().map(|a| ((a.seq, a.part), a.clone())));
        c.flushed = batch.flushed.unwrap_or(c.flushed);
        Ok(c.last())
    }

    fn read_from(&self, seq: u64, limit: usize, each: &mut dyn FnMut(StoredRecord)) -> Result<Option<u64>, StoreError> {
        // Copied out, so that `each` may ask this store again.
        let found: Vec<_> = open(&self.shared).between(seq..u64::MAX).take(limit).collect();
        let last = found.last().map(|r| r.seq);
        found.into_iter().for_each(each);
        Ok(last)
    }

    fn rows(&self, each: &mut dyn FnMut(String, Vec<u8>)) -> Result<(), StoreError> {
        let rows = open(&self.shared).rows.clone();
        rows.into_iter().for_each(|(key, value)| each(key, value));
        Ok(())
    }

    fn flushed_seq(&self) -> u64 {
        open(&self.shared).flushed
    }

    fn last_seq(&self) -> u64 {
        open(&self.shared).last()
    }

    fn truth_begins(&self) -> TruthBegins {
        open(&self.shared).truth()
    }

    fn cursors(&self) -> Result<Vec<(String, String)>, StoreError> {
        Ok(open(&self.shared).cursors.clone().into_iter().collect())
    }

    fn put_document(&mut self, hash: &str, kind: &str, bytes: &[u8]) -> Result<(), StoreError> {
        if documents::document_hash(bytes) != hash {
            return Err(documents::not_its_own(hash, kind));
        }
        open(&self.shared).documents.insert(hash.to_owned(), bytes.to_owned());
        Ok(())
    }

    fn document(&self, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(open(&self.shared).documents.get(hash).cloned())
    }

    fn prune(&mut self, slice: PruneSlice, keep: &dyn Fn(i64) -> bool) -> Result<PruneReport, StoreError> {
        let mut c = open(&self.shared);
        let flushed = c.flushed;
        let old = |(seq, r): &(&u64, &Record)| **seq <= flushed && r.at < slice.before;
        let candidates: Vec<(u64, Timestamp, Option<i64>)> = c
            .journal
            .range(slice.from..)
            .take_while(old)
            .take(slice.at_most)
            .map(|(seq, r)| (*seq, r.at, r.object))
            .collect();
        let mut report = PruneReport { truth_begins: c.truth(), ..PruneReport::default() };
        // What was put in force before anything had happened stands at time zero: it is as old as what follows it.
        if c.journal.iter().take_while(old).last().is_none_or(|(_, r)| r.at.0 <= 0) {
            return Ok(report);
        }
        for (seq, _, object) in &candidates {
            if object.is_some_and(keep) {
                report.kept += 1;
            } else {
                c.journal.remove(seq);
                report.removed += 1;
            }
        }
        if let Some((seq, at, _)) = candidates.last() {
            let next = c.journal.range(seq + 1..).next().map(|(seq, r)| (*seq, r.at));
            if seq + 1 > c.truth().seq && report.removed > 0 {
                c.truth = Some(TruthBegins { seq: seq + 1, at: next.map_or(*at, |(_, at)| at) });
            }
            let more = next.is_some_and(|(seq, at)| seq <= flushed && at < slice.before);
            report.next = (candidates.len() >= slice.at_most && more).then_some(seq + 1);
        }
        report.truth_begins = c.truth();
        Ok(report)
    }

    fn prune_documents(&mut self, referenced: &dyn Fn(&str) -> bool) -> Result<u64, StoreError> {
        let mut c = open(&self.shared);
        let before = c.documents.len();
        c.documents.retain(|hash, _| referenced(hash));
        Ok((before - c.documents.len()) as u64)
    }

    /// There is no file to copy.
    fn backup_to(&self, path: &Path) -> Result<(), StoreError> {
        Err(StoreError::Refused { what: format!("a backup of a store in memory to {}", path.display()) })
    }

    fn check_tail(&self, _records: usize) -> Result<Vec<Finding>, StoreError> {
        Ok(Vec::new())
    }
}

impl History for MemoryHistory {
    fn of_object(
        &self,
        object: i64,
        upto: u64,
        limit: usize,
        before: Option<u64>,
    ) -> Result<Vec<StoredRecord>, StoreError> {
        let end = before.unwrap_or(u64::MAX).min(upto.saturating_add(1));
        let c = open(&self.shared);
        Ok(c.between(0..end).rev().filter(|r| r.record.object == Some(object)).take(limit).collect())
    }

    fn of_kind(&self, kind: RareKind, upto: u64, limit: usize, after: u64) -> Result<Vec<StoredRecord>, StoreError> {
        let c = open(&self.shared);
        let all = c.between(after.saturating_add(1)..upto.saturating_add(1));
        Ok(all.filter(|r| r.record.kind == kind.word()).take(limit).collect())
    }

    fn record(&self, seq: u64) -> Result<Option<StoredRecord>, StoreError> {
        Ok(open(&self.shared).journal.get(&seq).map(|record| StoredRecord { seq, record: record.clone() }))
    }

    fn between(
        &self,
        from: Timestamp,
        to: Timestamp,
        upto: u64,
        limit: usize,
        after: u64,
    ) -> Result<Vec<StoredRecord>, StoreError> {
        let seqs = after.saturating_add(1)..upto.saturating_add(1);
        let c = open(&self.shared);
        Ok(c.between(seqs).filter(|r| from <= r.record.at && r.record.at < to).take(limit).collect())
    }

    fn episodes(&self, query: &EpisodeQuery) -> Result<Vec<Episode>, StoreError> {
        let c = open(&self.shared);
        let mut found: Vec<Episode> = c.episodes.values().filter(|e| query.matches(e)).cloned().collect();
        found.sort_by(|a, b| (b.closed, &b.id).cmp(&(a.closed, &a.id)));
        found.truncate(query.limit);
        Ok(found)
    }

    fn daily(&self, object: Option<i64>, from: i32, to: i32) -> Result<Vec<DailySum>, StoreError> {
        let c = open(&self.shared);
        let wanted = |day: i32, o: i64| from <= day && day <= to && object.is_none_or(|asked| asked == o);
        let sums = c.daily.iter().filter(|((day, o, _), _)| wanted(*day, *o));
        let typed = |((day, object, state), seconds): (&(i32, i64, String), &u32)| DailySum {
            day: *day,
            object: *object,
            state: state.clone(),
            seconds: *seconds,
        };
        Ok(sums.map(typed).collect())
    }

    fn audit(
        &self,
        subject: Option<&str>,
        upto: u64,
        limit: usize,
        before: Option<(u64, u32)>,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let end = before.unwrap_or((u64::MAX, 0)).min((upto.saturating_add(1), 0));
        let c = open(&self.shared);
        let lines = c.audit.range(..end).rev().map(|(_, a)| a);
        Ok(lines.filter(|a| subject.is_none_or(|s| s == a.subject)).take(limit).cloned().collect())
    }

    fn document(&self, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(open(&self.shared).documents.get(hash).cloned())
    }

    fn truth_begins(&self) -> Result<TruthBegins, StoreError> {
        Ok(open(&self.shared).truth())
    }

    fn losses(&self) -> Result<Vec<Losses>, StoreError> {
        Ok(Vec::new())
    }

    fn check_slices(&self, _go_on: &mut dyn FnMut() -> bool) -> Result<Option<Vec<Finding>>, StoreError> {
        Ok(Some(Vec::new()))
    }
}
