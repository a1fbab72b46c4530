//! Fills the file system under a folder through the store, makes room again, and checks that nothing was lost or doubled.
//!
//! For small file systems: `mount -t tmpfs -o size=8m none /mnt/small`, then `fill_store /mnt/small`. Ends with 0 when all
//! is well. Nobody wants this on a disk that others use.
#![expect(clippy::unwrap_used, reason = "a trial stops at the first surprise")]

use alarm_core::time::Timestamp;
use alarm_filter::store::{Batch, History, OpenOptions, Record, SqliteStore, Store, StoreError};
use std::borrow::Cow;
use std::path::PathBuf;

fn main() {
    let Some(folder) = std::env::args().nth(1).map(PathBuf::from) else {
        println!("usage: fill_store FOLDER (on a small file system of its own)");
        return;
    };
    let ballast = folder.join("ballast");
    std::fs::write(&ballast, vec![0; 1 << 20]).unwrap();
    let path = folder.join("journal.db");
    let mut store = SqliteStore::open(&path, OpenOptions::default()).unwrap();
    let mut batch = batch(store.last_seq() + 1);
    let error = loop {
        match store.append(&batch) {
            Ok(last) => batch = self::batch(last + 1),
            Err(error) => break error,
        }
    };
    println!("full at seq {}: {error}", batch.first_seq);
    assert!(matches!(error, StoreError::Full { .. }) && error.may_pass());
    assert!(store.append(&batch).is_err(), "still full");
    assert_eq!(count(&store), batch.first_seq - 1, "nothing of the batch is there");
    drop(store);
    match SqliteStore::open(&path, OpenOptions::default()) {
        Ok(again) => assert_eq!(count(&again), batch.first_seq - 1, "opened while full"),
        Err(e) => println!("cannot be opened while full: {e}"),
    }
    std::fs::remove_file(&ballast).unwrap();
    let mut store = SqliteStore::open(&path, OpenOptions::default()).unwrap();
    assert_eq!(store.append(&batch).unwrap(), batch.last_seq(0));
    assert_eq!(store.append(&batch).unwrap(), batch.last_seq(0), "twice is once");
    assert_eq!(count(&store), batch.last_seq(0));
    let findings = store.history().unwrap().check_all().unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    println!("room again: stored up to seq {}, all sound", store.last_seq());
}

fn count(store: &SqliteStore) -> u64 {
    let mut count = 0;
    store.read_from(1, usize::MAX, &mut |_| count += 1).unwrap();
    count
}

fn batch(first: u64) -> Batch {
    let record = |seq: u64| Record {
        at: Timestamp(seq.cast_signed()),
        kind: Cow::Borrowed("observation"),
        version: 1,
        object: Some((seq % 100).cast_signed()),
        body: format!("{{\"n\":{seq},\"output\":\"{}\"}}", "x".repeat(300)),
        rules: 1,
        events: "[]".to_owned(),
    };
    Batch { first_seq: first, records: (first..first + 50).map(record).collect(), ..Batch::default() }
}
