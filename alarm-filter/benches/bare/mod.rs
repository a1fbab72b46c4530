//! The floor of the store's figures.

use alarm_filter::store::Batch;
use rusqlite::{Connection, params};
use std::path::Path;

/// SQLite with the same table, synced as ours is, its pages as SQLite has them, and nothing else.
pub struct Bare(Connection);

impl Bare {
    /// Makes the file, with an index by object or with the table alone. Ours writes where an object's records are later, with the snapshot.
    pub fn open(path: &Path, indexed: bool) -> Self {
        let conn = Connection::open(path).unwrap();
        conn.execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-16384;
             CREATE TABLE journal(seq INTEGER PRIMARY KEY, at INTEGER, kind TEXT, version INTEGER, rules INTEGER,
                                  object INTEGER, body TEXT, events TEXT);",
        )
        .unwrap();
        if indexed {
            let index = "CREATE INDEX journal_object ON journal(object, seq) WHERE object IS NOT NULL";
            conn.execute_batch(index).unwrap();
        }
        Bare(conn)
    }

    /// The records of a batch as one transaction.
    pub fn insert(&mut self, batch: &Batch) {
        let tx = self.0.transaction().unwrap();
        {
            let mut insert = tx.prepare_cached("INSERT INTO journal VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)").unwrap();
            for (seq, r) in batch.numbered() {
                let seq = seq.cast_signed();
                insert.execute(params![seq, r.at.0, r.kind, r.version, r.rules, r.object, r.body, r.events]).unwrap();
            }
        }
        tx.commit().unwrap();
    }
}
