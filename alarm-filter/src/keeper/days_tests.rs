//! Sums of days on their way into a store: in the transaction of the rows, by a fold that a kill does not disturb, and
//! beyond what pruning leaves. The same for every store.

use super::commit::Pending;
use super::restore::{refold, restore_all};
use crate::source::nagios_log::observe::Observer;
use crate::store::{DailySum, History, MemoryStore, OpenOptions, PruneSlice, SqliteStore, Store};
use alarm_core::engine::Engine;
use alarm_core::time::{DAY, HOUR, Timestamp};
use alarm_core::watch::Key;

/// A day of 2026, at midnight.
const START: Timestamp = Timestamp(20_600 * DAY);

/// Hours from the start, and what nagios said then.
const STORY: [(i64, &str); 8] = [
    (2, "SERVICE ALERT: ce;job;CRITICAL;HARD;3;bad"),
    (5, "SERVICE ALERT: ce;job;OK;HARD;3;good"),
    (7, "SERVICE ALERT: se;put;WARNING;HARD;3;slow"),
    (30, "SERVICE ALERT: ce;job;UNKNOWN;HARD;3;?"),
    (31, "SERVICE ALERT: ce;job;OK;HARD;3;good"),
    (80, "SERVICE ALERT: ce;other;CRITICAL;HARD;3;bad"),
    (81, "SERVICE ALERT: ce;other;OK;HARD;3;good"),
    (200, "SERVICE ALERT: se;put;OK;HARD;3;good"),
];

/// Commits after each line, flushes after those of `flushes`, and is killed after those of `kills`.
fn play(store: &mut dyn Store, flushes: &[usize], kills: &[usize]) {
    let (mut engine, mut pending) = (Engine::new(), Pending::new(0));
    for (n, (hours, line)) in STORY.iter().enumerate() {
        let at = START.plus(hours * HOUR);
        let line = format!("[{}] {line}", at.secs());
        let input = Observer::new("nagios").read(line.as_bytes()).unwrap();
        pending.take(engine.handle(at, input).records, &engine);
        if flushes.contains(&n) {
            pending.flush(&mut engine);
        }
        store.append(pending.take_commit().batch()).unwrap();
        if kills.contains(&n) {
            let (again, days) = restore_all(store).unwrap();
            (engine, pending) = (again, Pending::new(store.last_seq()));
            pending.go_on(days);
        }
    }
    pending.flush(&mut engine);
    store.append(pending.take_commit().batch()).unwrap();
    assert_eq!(store.flushed_seq(), store.last_seq());
}

/// `day object state hours`, without zeros.
fn table(history: &dyn History) -> Vec<String> {
    let object = |number: i64| {
        let known = [("ce", "job"), ("ce", "other"), ("se", "put")];
        let key = |(h, s): &(&str, &str)| Key { group: "nagios".into(), host: (*h).into(), service: Some((*s).into()) };
        known.iter().find(|k| key(k).number() == number).map_or("?", |(_, service)| *service)
    };
    let line = |d: DailySum| format!("{} {} {} {}", d.day - 20_600, object(d.object), d.state, d.seconds / 3600);
    let mut lines: Vec<String> =
        history.daily(None, 0, 40_000).unwrap().into_iter().filter(|d| d.seconds > 0).map(line).collect();
    lines.sort();
    lines
}

/// Heard since 2:00 of the first day.
const TOLD: [&str; 16] = [
    "0 job CRITICAL 3",
    "0 job OK 19",
    "0 put OK 5",
    "0 put WARNING 17",
    "1 job OK 23",
    "1 job UNKNOWN 1",
    "1 put WARNING 24",
    "2 put WARNING 24",
    "3 other CRITICAL 1",
    "3 other OK 23",
    "3 put WARNING 24",
    "4 put WARNING 24",
    "5 put WARNING 24",
    "6 put WARNING 24",
    "7 put WARNING 24",
    "8 put WARNING 8",
];

fn sums_survive_kills_and_pruning<S: Store, H: History>(mut new: impl FnMut() -> (S, Box<dyn Fn(&S) -> H>)) {
    let cases: [(&[usize], &[usize]); 5] =
        [(&[], &[]), (&[0, 3], &[]), (&[], &[2]), (&[1, 4], &[0, 3, 5]), (&[6], &[6, 7])];
    for (flushes, kills) in cases {
        let (mut store, history) = new();
        play(&mut store, flushes, kills);
        assert_eq!(table(&history(&store)), TOLD, "flushed after {flushes:?}, killed after {kills:?}");
        let slice = PruneSlice { before: START.plus(100 * DAY), from: 0, at_most: 1000 };
        assert!(store.prune(slice, &|_| false).unwrap().removed > 0);
        assert_eq!(table(&history(&store)), TOLD, "pruned");
    }
}

#[test]
fn in_memory_sums_survive_kills_and_pruning() {
    sums_survive_kills_and_pruning(|| (MemoryStore::new(), Box::new(|s: &MemoryStore| s.history())));
}

#[test]
fn in_sqlite_sums_survive_kills_and_pruning() {
    let dir = tempfile::tempdir().unwrap();
    let mut n = 0;
    sums_survive_kills_and_pruning(|| {
        n += 1;
        let store = SqliteStore::open(&dir.path().join(format!("{n}.db")), OpenOptions::default()).unwrap();
        (store, Box::new(|s: &SqliteStore| s.history().unwrap()))
    });
}

#[test]
fn rows_and_tail_are_the_fold_of_all_events() {
    let mut store = MemoryStore::new();
    play(&mut store, &[1, 4], &[3]);
    let (of_rows, _) = restore_all(&store).unwrap();
    let (of_events, _) = refold(&store).unwrap();
    assert_eq!(of_rows.world().state_hash(), of_events.world().state_hash());
}
