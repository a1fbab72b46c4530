//! The store with a note of each commit.

use alarm_filter::store::{
    Batch, Finding, PruneReport, PruneSlice, SqliteStore, Store, StoreError, StoredRecord, TruthBegins,
};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// A commit.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// So many records were in it.
    pub records: usize,
    /// It was on the disk then.
    pub at: Instant,
}

/// See the module.
pub struct Recorder {
    store: SqliteStore,
    taken: Arc<Mutex<Vec<Taken>>>,
}

impl Recorder {
    /// Notes the commits of a store.
    pub fn new(store: SqliteStore, taken: Arc<Mutex<Vec<Taken>>>) -> Self {
        Recorder { store, taken }
    }
}

impl Store for Recorder {
    fn append(&mut self, batch: &Batch) -> Result<u64, StoreError> {
        let seq = self.store.append(batch)?;
        self.taken.lock().unwrap().push(Taken { records: batch.records.len(), at: Instant::now() });
        Ok(seq)
    }

    fn read_from(&self, seq: u64, limit: usize, each: &mut dyn FnMut(StoredRecord)) -> Result<Option<u64>, StoreError> {
        self.store.read_from(seq, limit, each)
    }

    fn rows(&self, each: &mut dyn FnMut(String, Vec<u8>)) -> Result<(), StoreError> {
        self.store.rows(each)
    }

    fn flushed_seq(&self) -> u64 {
        self.store.flushed_seq()
    }

    fn last_seq(&self) -> u64 {
        self.store.last_seq()
    }

    fn truth_begins(&self) -> TruthBegins {
        self.store.truth_begins()
    }

    fn cursors(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.store.cursors()
    }

    fn put_document(&mut self, hash: &str, kind: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.store.put_document(hash, kind, bytes)
    }

    fn document(&self, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Store::document(&self.store, hash)
    }

    fn rest(&mut self) -> Result<(), StoreError> {
        self.store.rest()
    }

    fn prune(&mut self, slice: PruneSlice, keep: &dyn Fn(i64) -> bool) -> Result<PruneReport, StoreError> {
        self.store.prune(slice, keep)
    }

    fn prune_documents(&mut self, referenced: &dyn Fn(&str) -> bool) -> Result<u64, StoreError> {
        self.store.prune_documents(referenced)
    }

    fn backup_to(&self, path: &Path) -> Result<(), StoreError> {
        self.store.backup_to(path)
    }

    fn check_tail(&self, records: usize) -> Result<Vec<Finding>, StoreError> {
        self.store.check_tail(records)
    }
}
