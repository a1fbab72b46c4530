//! Damage on the disk: it must be told, and what is told must name how much is left.

use super::power_tests::fast_dir;
use super::*;
use crate::store::contract::{History, Severity, Store};
use crate::store::record::{AuditEntry, Batch, DailySum, Episode};
use crate::store::samples::{batch, record};
use crate::store::{EpisodeQuery, document_hash};

const DB: &str = "journal.db";

fn opened(dir: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(&dir.join(DB), OpenOptions::default())
}

/// A closed store with something in every table; returns its bytes.
fn sound(dir: &Path) -> Vec<u8> {
    let mut store = opened(dir).unwrap();
    for n in 0..8 {
        store.append(&batch(n * 20 + 1, 20)).unwrap();
    }
    let episode = |n: u64| Episode {
        id: format!("e{n}"),
        seq: n,
        object: 1,
        site: "SITE".to_owned(),
        host: "ce".to_owned(),
        service: None,
        metric: String::new(),
        opened: Timestamp(1),
        closed: Timestamp(2),
        body: "{}".to_owned(),
    };
    let audit = |n: u64| AuditEntry {
        seq: n,
        part: 0,
        at: Timestamp(1),
        who: "CN=Jane".to_owned(),
        action: "switch-off".to_owned(),
        subject: "a1".to_owned(),
        body: "{}".to_owned(),
    };
    let b = Batch {
        episodes: (1..20).map(episode).collect(),
        audit: (1..20).map(audit).collect(),
        daily: (1..20).map(|day| DailySum { day, object: 1, state: "OK".to_owned(), seconds: 60 }).collect(),
        ..Batch::default()
    };
    store.append(&b).unwrap();
    let text = (0..4000).map(|n| format!("<SITE ID=\"{n}\"/>")).collect::<String>();
    store.put_document(&document_hash(text.as_bytes()), "topology", text.as_bytes()).unwrap();
    drop(store);
    std::fs::read(dir.join(DB)).unwrap()
}

/// Everything that can be read, or the first complaint.
fn content(dir: &Path) -> Result<String, String> {
    let told = |e: StoreError| e.to_string();
    let store = opened(dir).map_err(told)?;
    let mut all = format!("{} {} {:?}", store.last_seq(), store.flushed_seq(), store.truth_begins());
    let history = store.history().map_err(told)?;
    let findings = [store.findings().to_vec(), history.check_all().map_err(told)?].concat();
    if let Some(f) = findings.iter().find(|f| f.severity == Severity::Damage) {
        return Err(f.text.clone());
    }
    store.read_from(0, usize::MAX, &mut |r| all += &format!("{r:?}")).map_err(told)?;
    store.rows(&mut |k, v| all += &format!("{k}{v:?}")).map_err(told)?;
    all += &format!("{:?}", store.cursors().map_err(told)?);
    all += &format!("{:?}", history.episodes(&EpisodeQuery::default()).map_err(told)?);
    all += &format!("{:?}", history.audit(None, u64::MAX, 99, None).map_err(told)?);
    all += &format!("{:?}", history.daily(None, 0, 99).map_err(told)?);
    all += &format!("{:?}", history.of_object(1, u64::MAX, 999, None).map_err(told)?);
    Ok(all)
}

#[test]
fn every_flipped_byte_is_told_or_changes_nothing() {
    let dir = fast_dir();
    let good_bytes = sound(dir.path());
    let good = content(dir.path()).unwrap();
    let (mut told, mut harmless) = (0, 0);
    // Every 311th byte: all pages, all kinds of places in them; and all of the file's header.
    let places = (0..100).chain((100..good_bytes.len()).step_by(311));
    for place in places {
        for bits in [0x01, 0xff] {
            let hurt = fast_dir();
            let mut bytes = good_bytes.clone();
            bytes[place] ^= bits;
            std::fs::write(hurt.path().join(DB), &bytes).unwrap();
            std::fs::copy(dir.path().join("journal.mark"), hurt.path().join("journal.mark")).unwrap();
            match content(hurt.path()) {
                Ok(same) if same == good => harmless += 1,
                Ok(_) => panic!("byte {place} flipped by {bits:#x} changed what is read and nobody told"),
                Err(text) => {
                    assert!(!text.contains('\n'), "{text}");
                    told += 1;
                }
            }
        }
    }
    assert!(told > 200, "{told} told, {harmless} harmless");
}

/// The end of the log is cut off or damaged, at every place: SQLite then silently holds less.
#[test]
fn a_log_that_lost_its_end_is_told_and_its_seqs_are_not_given_again() {
    let live = fast_dir();
    let mut store = opened(live.path()).unwrap();
    for n in 0..6 {
        store.append(&batch(n * 5 + 1, 5)).unwrap();
    }
    let read = |name: &str| std::fs::read(live.path().join(name)).unwrap();
    let (db, wal, mark) = (read(DB), read("journal.db-wal"), read("journal.mark"));
    assert!(wal.len() > 20_000);
    for place in (0..wal.len()).step_by(2503) {
        for cut in [true, false] {
            let hurt = fast_dir();
            let mut log = wal.clone();
            if cut {
                log.truncate(place)
            } else {
                log[place] ^= 0x10
            }
            for (name, bytes) in [(DB, &db), ("journal.db-wal", &log), ("journal.mark", &mark)] {
                std::fs::write(hurt.path().join(name), bytes).unwrap();
            }
            let mut store = match opened(hurt.path()) {
                Ok(store) => store,
                // So early that not even the tables were left.
                Err(e) => {
                    assert!(matches!(e, StoreError::Missing { .. } | StoreError::Corrupt { .. }), "{place}: {e}");
                    continue;
                }
            };
            assert_eq!(store.last_seq(), 30, "{place}");
            let mut left = Vec::new();
            store.read_from(0, usize::MAX, &mut |r| left.push(r.seq)).unwrap();
            assert_eq!(left, (1..=left.len() as u64).collect::<Vec<_>>(), "a prefix");
            let told: Vec<_> = store.findings().iter().filter(|f| f.severity == Severity::Damage).cloned().collect();
            assert_eq!(told.is_empty(), left.len() == 30, "{place}: {} left, {told:?}", left.len());
            assert_eq!(store.append(&batch(31, 5)).unwrap(), 35, "it goes on behind the lost ones");
            assert_eq!(store.history().unwrap().check_all().unwrap(), told, "the whole check says the same");
            if let Some(finding) = told.first() {
                let words = format!("the records {} to 30 had been stored and are lost", left.len() + 1);
                assert!(finding.text.contains(&words), "{}", finding.text);
                assert!(finding.text.contains(&record(30).at.to_string()), "{}", finding.text);
                assert_eq!(store.history().unwrap().losses().unwrap().len(), 1);
            }
        }
    }
}

#[test]
fn damage_names_the_last_good_record() {
    let dir = fast_dir();
    let bytes = sound(dir.path());
    let needle = b"job 101 timed out";
    let place = bytes.windows(needle.len()).position(|w| w == needle).unwrap();
    let mut hurt = bytes.clone();
    hurt[place + 4] = b'9';
    std::fs::write(dir.path().join(DB), &hurt).unwrap();
    let store = opened(dir.path()).unwrap();
    let error = store.read_from(1, 1000, &mut |_| ()).unwrap_err().to_string();
    let words = format!("record 101 does not match its checksum; readable up to seq 100 ({})", record(100).at);
    assert!(error.contains(&words), "{error}");
    assert!(store.check_tail(10).unwrap().is_empty(), "it lies further back");
    assert_eq!(store.check_tail(100).unwrap().len(), 1);
    assert_eq!(store.history().unwrap().check_all().unwrap().len(), 1);
}

#[test]
fn rows_that_vanish_or_come_back_are_told() {
    let dir = fast_dir();
    sound(dir.path());
    let store = opened(dir.path()).unwrap();
    store.conn.execute_batch("DELETE FROM state_rows WHERE key='object/20'").unwrap();
    assert!(store.rows(&mut |_, _| ()).unwrap_err().to_string().contains("some are missing or old"));
    assert_eq!(store.check_tail(1).unwrap().len(), 1);
    store.conn.execute_batch("DELETE FROM journal WHERE seq BETWEEN 40 AND 42").unwrap();
    let error = store.read_from(1, 1000, &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("the records 40 to 42 are missing; readable up to seq 39"), "{error}");
    assert_eq!(store.history().unwrap().check_all().unwrap().len(), 2);
}

#[test]
fn a_lost_database_is_not_made_anew() {
    let dir = fast_dir();
    sound(dir.path());
    std::fs::remove_file(dir.path().join(DB)).unwrap();
    for _ in 0..2 {
        let error = opened(dir.path()).err().unwrap().to_string();
        assert!(error.contains("is gone, but") && error.contains("up to seq 160"), "{error}");
        assert!(!dir.path().join(DB).exists());
    }
    std::fs::write(dir.path().join(DB), "").unwrap();
    assert!(matches!(opened(dir.path()), Err(StoreError::Missing { .. })), "emptied is gone");
    std::fs::remove_file(dir.path().join("journal.mark")).unwrap();
    assert_eq!(opened(dir.path()).unwrap().last_seq(), 0, "as the message says");
}

#[test]
fn what_is_no_database_is_left_alone() {
    let dir = fast_dir();
    let text = "this is not a database\n".repeat(1000);
    std::fs::write(dir.path().join(DB), &text).unwrap();
    let error = opened(dir.path()).err().unwrap();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(dir.path().join(DB)).unwrap(), text);
}

#[test]
fn an_older_copy_in_its_place_is_told() {
    let dir = fast_dir();
    let mut store = opened(dir.path()).unwrap();
    store.append(&batch(1, 10)).unwrap();
    store.backup_to(&dir.path().join("backup")).unwrap();
    store.append(&batch(11, 10)).unwrap();
    drop(store);
    std::fs::rename(dir.path().join("backup"), dir.path().join(DB)).unwrap();
    let store = opened(dir.path()).unwrap();
    assert_eq!(store.last_seq(), 20);
    assert!(store.findings().iter().any(|f| f.text.contains("the records 11 to 20 had been stored and are lost")));
}
