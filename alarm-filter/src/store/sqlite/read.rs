//! The writer's own reading, at a start and for a replay: in order, complete, and verified.

use super::{SqliteStore, check, decode};
use crate::store::checksum;
use crate::store::contract::{Finding, PruneReport, PruneSlice, Store, TruthBegins};
use crate::store::error::StoreError;
use crate::store::record::{Batch, StoredRecord};
use alarm_core::time::Timestamp;
use std::path::Path;

impl SqliteStore {
    fn damaged(&self, what: String, last_good: Option<(u64, Timestamp)>) -> StoreError {
        StoreError::Corrupt { path: self.path.clone(), what, last_good }
    }

    /// Whether the seqs in between are missing for a known reason.
    fn explained(&self, from: u64, to: u64) -> bool {
        check::explained(from, to, self.meta.truth, &self.losses)
    }
}

impl Store for SqliteStore {
    fn append(&mut self, batch: &Batch) -> Result<u64, StoreError> {
        self.commit_batch(batch)
    }

    fn read_from(&self, seq: u64, limit: usize, each: &mut dyn FnMut(StoredRecord)) -> Result<Option<u64>, StoreError> {
        let doing = "reading the journal";
        let told = |e: &rusqlite::Error| self.told(doing, e);
        let sql = format!("SELECT {} FROM journal WHERE seq >= ?1 ORDER BY seq LIMIT ?2", decode::RECORD);
        let mut query = self.conn.prepare_cached(&sql).map_err(|e| told(&e))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = query.query((decode::sql(seq), limit)).map_err(|e| told(&e))?;
        let (mut expected, mut last) = (seq.max(1), None);
        let damaged = |what: String, last| self.damaged(what, last);
        loop {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => break,
                Err(e) => return Err(told(&e).after(last)),
            };
            let (stored, sound) = decode::record(row).map_err(|e| told(&e).after(last))?;
            if !sound {
                return Err(damaged(format!("record {} does not match its checksum", stored.seq), last));
            }
            if stored.seq > expected && !self.explained(expected, stored.seq - 1) {
                return Err(damaged(format!("the records {expected} to {} are missing", stored.seq - 1), last));
            }
            expected = stored.seq + 1;
            last = Some((stored.seq, stored.record.at));
            each(stored);
        }
        Ok(last.map(|(seq, _)| seq))
    }

    fn rows(&self, each: &mut dyn FnMut(String, Vec<u8>)) -> Result<(), StoreError> {
        let doing = "reading the state rows";
        let told = |e: rusqlite::Error| self.told(doing, &e);
        let mut query = self.conn.prepare("SELECT key, sum, value FROM state_rows ORDER BY key").map_err(told)?;
        let mut rows = query.query([]).map_err(told)?;
        let mut total = 0_i64;
        while let Some(row) = rows.next().map_err(told)? {
            let get = || Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, Vec<u8>>(2)?));
            let (key, sum, value) = get().map_err(told)?;
            if checksum::pair(&key, &value) != sum {
                return Err(self.damaged(format!("the state row {key} does not match its checksum"), None));
            }
            total = total.wrapping_add(sum);
            each(key, value);
        }
        if total != self.meta.rows_sum {
            let what = "the state rows together are not those that were flushed: some are missing or old".to_owned();
            return Err(self.damaged(what, None));
        }
        Ok(())
    }

    fn flushed_seq(&self) -> u64 {
        self.meta.flushed
    }

    fn last_seq(&self) -> u64 {
        self.last
    }

    fn truth_begins(&self) -> TruthBegins {
        self.meta.truth
    }

    fn cursors(&self) -> Result<Vec<(String, String)>, StoreError> {
        let read = || -> rusqlite::Result<Vec<(String, i64, String)>> {
            let mut query = self.conn.prepare_cached("SELECT source, sum, value FROM cursors ORDER BY source")?;
            query.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?.collect()
        };
        let all = read().map_err(|e| self.told("reading the cursors", &e))?;
        all.into_iter()
            .map(|(source, sum, value)| match checksum::pair(&source, value.as_bytes()) == sum {
                true => Ok((source, value)),
                false => Err(self.damaged(format!("the cursor of {source} does not match its checksum"), None)),
            })
            .collect()
    }

    fn put_document(&mut self, hash: &str, kind: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.store_document(hash, kind, bytes)
    }

    fn document(&self, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
        decode::document(&self.conn, &self.path, hash)
    }

    fn rest(&mut self) -> Result<(), StoreError> {
        self.fold_log()
    }

    fn prune(&mut self, slice: PruneSlice, keep: &dyn Fn(i64) -> bool) -> Result<PruneReport, StoreError> {
        self.prune_slice(slice, keep)
    }

    fn prune_documents(&mut self, referenced: &dyn Fn(&str) -> bool) -> Result<u64, StoreError> {
        self.drop_documents(referenced)
    }

    fn backup_to(&self, path: &Path) -> Result<(), StoreError> {
        super::backup::copy(&self.path, path, self.options)
    }

    fn check_tail(&self, records: usize) -> Result<Vec<Finding>, StoreError> {
        check::tail(&self.conn, &self.path, records)
    }
}
