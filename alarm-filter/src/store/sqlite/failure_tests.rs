//! Errors of disks and neighbours: told by kind, nothing half stored, the same batch later stored once.

use super::power_tests::fast_dir;
use super::tracing_vfs::{Fault, On, Tracer};
use super::*;
use crate::store::contract::{History, PruneSlice, Store};
use crate::store::samples::batch;
use rusqlite::ffi;

fn seqs(store: &SqliteStore) -> Vec<u64> {
    let mut got = Vec::new();
    store.read_from(0, usize::MAX, &mut |r| got.push(r.seq)).unwrap();
    got
}

fn opened(dir: &tempfile::TempDir) -> SqliteStore {
    SqliteStore::open(&dir.path().join("journal.db"), OpenOptions::default()).unwrap()
}

/// Copies what a disk would hold had the machine stopped now.
fn copied(from: &Path) -> tempfile::TempDir {
    let to = fast_dir();
    for name in ["journal.db", "journal.db-wal", "journal.mark"] {
        if let Ok(bytes) = std::fs::read(from.join(name)) {
            std::fs::write(to.path().join(name), bytes).unwrap();
        }
    }
    to
}

/// Every write and every sync of a commit fails once, in each of the ways, with and without the work done.
#[test]
fn a_commit_that_fails_anywhere_is_stored_once_in_the_end() {
    let mut struck = 0;
    for (on, code) in
        [(On::Sync, ffi::SQLITE_IOERR_FSYNC), (On::Write, ffi::SQLITE_IOERR_WRITE), (On::Write, ffi::SQLITE_FULL)]
    {
        for (after, done) in (0..12).flat_map(|n| [(n, false), (n, true)]) {
            let tracer = Tracer::register();
            let dir = fast_dir();
            let options = OpenOptions { vfs: Some(tracer.name), ..OpenOptions::default() };
            let mut store = SqliteStore::open(&dir.path().join("journal.db"), options).unwrap();
            store.append(&batch(1, 30)).unwrap();
            let reader = store.history().unwrap();
            tracer.inner().fault = Some(Fault { on, file: "-wal", after, code, done });
            let outcome = store.append(&batch(31, 30));
            let did_strike = std::mem::take(&mut tracer.inner().struck);
            tracer.inner().fault = None;
            assert_eq!(outcome.is_err(), did_strike, "{on:?} {code} {after} {done}: {outcome:?}");
            if !did_strike {
                break;
            }
            struck += 1;
            let error = outcome.unwrap_err();
            assert!(error.may_pass(), "{error}");
            assert_eq!(matches!(error, StoreError::Full { .. }), code == ffi::SQLITE_FULL, "{error}");
            assert!(reader.record(31).unwrap().is_none(), "nobody sees what was not committed");

            // The machine stops here: all of the batch may be there, or nothing of it.
            let crashed = copied(dir.path());
            let mut after_crash = opened(&crashed);
            assert!([30, 60].contains(&after_crash.last_seq()), "{}", after_crash.last_seq());
            assert_eq!(after_crash.append(&batch(31, 30)).unwrap(), 60);
            assert_eq!(seqs(&after_crash), (1..=60).collect::<Vec<_>>());
            assert_eq!(after_crash.history().unwrap().check_all().unwrap(), []);

            // Or it goes on, and the batch is given again.
            assert_eq!(store.append(&batch(31, 30)).unwrap(), 60);
            assert_eq!(store.append(&batch(61, 1)).unwrap(), 61);
            assert_eq!(seqs(&store), (1..=61).collect::<Vec<_>>());
            assert_eq!(reader.check_all().unwrap(), []);
        }
    }
    assert!(struck > 15, "{struck} faults struck");
}

/// The answer to the commit is lost, the commit is not: made by committing behind the store's back.
#[test]
fn a_commit_that_happened_unnoticed_is_recognised() {
    let dir = fast_dir();
    let mut store = opened(&dir);
    store.append(&batch(1, 5)).unwrap();
    let (last, at, meta) = (store.last, store.last_at, store.meta.clone());
    store.append(&batch(6, 5)).unwrap();
    (store.last, store.last_at, store.meta, store.doubt) = (last, at, meta, true);
    assert_eq!(store.append(&batch(6, 5)).unwrap(), 10);
    assert_eq!(store.check_tail(10).unwrap(), []);
    assert_eq!(seqs(&store), (1..=10).collect::<Vec<_>>());
}

#[test]
fn a_full_disk_is_told_and_passes() {
    let dir = fast_dir();
    let mut store = opened(&dir);
    store.append(&batch(1, 30)).unwrap();
    let pages: i64 = store.conn.query_row("PRAGMA page_count", [], |r| r.get(0)).unwrap();
    store.conn.pragma_update(None, "max_page_count", pages + 2).unwrap();
    for _ in 0..3 {
        let error = store.append(&batch(31, 500)).unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }) && error.may_pass(), "{error}");
        assert_eq!((store.last_seq(), seqs(&store).len()), (30, 30));
    }
    store.conn.pragma_update(None, "max_page_count", 1_000_000).unwrap();
    assert_eq!(store.append(&batch(31, 500)).unwrap(), 530);
    assert_eq!(store.history().unwrap().check_all().unwrap(), []);
}

#[test]
fn read_only_and_busy_are_told_and_pass() {
    let dir = fast_dir();
    let mut store = opened(&dir);
    store.conn.execute_batch("PRAGMA query_only=ON").unwrap();
    let error = store.append(&batch(1, 1)).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }) && error.may_pass(), "{error}");
    store.conn.execute_batch("PRAGMA query_only=OFF").unwrap();

    store.conn.busy_timeout(std::time::Duration::ZERO).unwrap();
    let other = Connection::open(store.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.append(&batch(1, 1)).unwrap_err();
    assert!(matches!(error, StoreError::Busy { .. }) && error.may_pass(), "{error}");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(store.append(&batch(1, 1)).unwrap(), 1);
}

#[test]
fn a_reader_does_not_hold_up_the_writer_and_cannot_write() {
    let dir = fast_dir();
    let mut store = opened(&dir);
    store.append(&batch(1, 10)).unwrap();
    store.conn.busy_timeout(std::time::Duration::ZERO).unwrap();
    let path = store.path().to_owned();
    let reader = connect(&path, OpenOptions::default(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    schema::prepare_reader(&reader, &path).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(decode::last_seq(&reader).unwrap(), 10);
    assert_eq!(store.append(&batch(11, 10)).unwrap(), 20);
    assert_eq!(decode::last_seq(&reader).unwrap(), 10, "it goes on seeing what it saw");
    assert!(reader.execute_batch("DELETE FROM journal").is_err());
}

#[test]
fn the_whole_check_agrees_with_a_running_daemon() {
    let dir = fast_dir();
    let mut store = opened(&dir);
    store.append(&batch(1, 2000)).unwrap();
    let reader = store.history().unwrap();
    let writing = std::thread::spawn(move || {
        let mut slice = PruneSlice { before: Timestamp(i64::MAX), from: 0, at_most: 40 };
        for n in 0..150 {
            store.append(&batch(2001 + n * 3, 3)).unwrap();
            slice.from = store.prune(slice, &|o| o == 2).unwrap().next.unwrap_or(0);
        }
    });
    let mut checks = 0;
    while !writing.is_finished() || checks == 0 {
        assert_eq!(reader.check_all().unwrap(), [], "check {checks}");
        checks += 1;
    }
    writing.join().unwrap();
}

#[test]
fn it_can_be_read_and_checked_without_a_daemon() {
    let dir = fast_dir();
    let mut store = opened(&dir);
    store.append(&batch(1, 9)).unwrap();
    let path = store.path().to_owned();
    drop(store);
    let history = SqliteHistory::open(&path, OpenOptions::default()).unwrap();
    assert_eq!(history.check_all().unwrap(), []);
    assert_eq!(history.record(9).unwrap().unwrap().seq, 9);
    let none = SqliteHistory::open(&dir.path().join("none.db"), OpenOptions::default()).err().unwrap();
    assert!(!dir.path().join("none.db").exists(), "{none}");
}

#[test]
fn a_backup_is_whole_and_overwrites_nothing() {
    let dir = fast_dir();
    let mut store = opened(&dir);
    store.append(&batch(1, 100)).unwrap();
    let copy = dir.path().join("copy.db");
    store.backup_to(&copy).unwrap();
    store.append(&batch(101, 1)).unwrap();
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(store.backup_to(&copy).is_err());
    let reader = SqliteHistory::open(&copy, OpenOptions::default()).unwrap();
    assert_eq!(reader.check_all().unwrap(), []);
    assert_eq!(reader.end().unwrap().0, 100);
    let mut names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.retain(|n| n.to_str().unwrap().starts_with("copy"));
    assert_eq!(names, ["copy.db"], "one file, also while it is read");
    drop(reader);
    let copy = SqliteStore::open(&copy, OpenOptions::default()).unwrap();
    assert_eq!(seqs(&copy), (1..=100).collect::<Vec<_>>());
    assert_eq!(copy.history().unwrap().check_all().unwrap(), []);
}

#[test]
fn doors_that_stay_shut() {
    let dir = fast_dir();
    let path = dir.path().join("journal.db");
    let refused = || SqliteStore::open(&path, OpenOptions::default()).err().unwrap().to_string();
    let store = opened(&dir);
    assert!(refused().contains(&format!("held by pid {} on", std::process::id())));
    store.conn.execute_batch("PRAGMA user_version=99; UPDATE meta SET written_by='9.9.9'").unwrap();
    drop(store);
    assert!(refused().contains("written by alarm-filter 9.9.9 (schema 99), this release knows schemas up to 4"));
    let other = Connection::open(&path).unwrap();
    other.execute_batch("PRAGMA application_id=1").unwrap();
    drop(other);
    assert!(refused().contains("of another program"));
    let nowhere = SqliteStore::open(&dir.path().join("no/journal.db"), OpenOptions::default()).err().unwrap();
    assert!(nowhere.to_string().contains("there is no folder"), "{nowhere}");
}
