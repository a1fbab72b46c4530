//! The daemon's own threads, from the log to the store, reading at once what happened over days: what they store is what a
//! replay decides, also when they were stopped on the way.

use crate::made_up::Lines;
use crate::{documents, inputs_of, told};
use alarm_core::document::Document;
use alarm_core::engine::{Engine, Record};
use alarm_core::event::Event;
use alarm_core::input::{Input, Text};
use alarm_core::time::Timestamp;
use alarm_filter::intake;
use alarm_filter::keeper::documents::Paper;
use alarm_filter::keeper::news::News;
use alarm_filter::keeper::restore::restore;
use alarm_filter::keeper::{Ends, Keeper};
use alarm_filter::metrics::Metrics;
use alarm_filter::replay::session::Session;
use alarm_filter::source::nagios_log::tail::{Begin, TailOptions};
use alarm_filter::source::run::{MonitorFiles, Shared};
use alarm_filter::store::{OpenOptions, SqliteStore, Store};
use alarm_filter::view::View;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};

/// A hang fails.
const LIMIT: Duration = Duration::from_secs(300);

/// Runs it over the logs of these monitors until all is read, or until the view shows this seq.
fn run(folder: &Path, monitors: &[&str], until: Option<u64>) {
    let store = SqliteStore::open(&folder.join("journal.sqlite"), OpenOptions::default()).unwrap();
    let engine = restore(&store).unwrap();
    let cursors = store.cursors().unwrap();
    let metrics = Arc::new(Metrics::new());
    let (view, mut shown) = watch::channel(Arc::new(View::default()));
    let (_intake, outlet) = intake::channel();
    let (news, incoming) = mpsc::channel(8);
    let (stop_keeper, stop) = oneshot::channel();
    let behind = Arc::new(Mutex::new(monitors.iter().map(|m| Text::from(*m)).collect()));
    let (settings, profiles) = documents(monitors, true);
    let (settings, profiles) = (Arc::new(settings), Arc::new(profiles));
    let papers = [
        Paper::new("settings", &*settings, Document::Settings(settings.clone())),
        Paper::new("profiles", &*profiles, Document::Profiles(profiles.clone())),
    ];
    let mut keeper = Keeper::new(engine, Box::new(store), view, metrics.clone(), Arc::clone(&behind));
    keeper.take_first(papers.into_iter().map(|paper| News::Paper { about: "".into(), paper }).collect());
    let keeping = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(keeper.run(Ends { outlet, news: incoming, stop })).unwrap();
    });
    let stop_sources = Arc::new(AtomicBool::new(false));
    let shared = Shared { news, stop: stop_sources.clone(), metrics, utc_offset: Arc::new(|_, _| {}) };
    let mut sources = Vec::new();
    for monitor in monitors {
        let log = TailOptions { begin: Begin::From(0), ..TailOptions::new(folder.join(format!("{monitor}.log"))) };
        let name = Text::from(*monitor);
        let files =
            MonitorFiles { name, log, status: None, objects: None, silent_after: i64::MAX, sites_needed: false };
        let key = format!("log/{monitor}");
        let cursor = cursors.iter().find(|(k, _)| *k == key).map(|(_, json)| serde_json::from_str(json).unwrap());
        let shared = shared.clone();
        sources.push(std::thread::spawn(move || alarm_filter::source::run::run(files, cursor, shared)));
    }
    drop(shared);
    let begun = Instant::now();
    loop {
        let seq = shown.borrow_and_update().seq;
        if until.is_some_and(|u| seq >= u) || behind.lock().unwrap().is_empty() {
            break;
        }
        assert!(begun.elapsed() < LIMIT, "still behind: {:?}", behind.lock().unwrap());
        std::thread::yield_now();
    }
    stop_sources.store(true, Ordering::Relaxed);
    stop_keeper.send(()).unwrap();
    keeping.join().unwrap();
    sources.into_iter().for_each(|s| drop(s.join().unwrap()));
}

fn stored(folder: &Path) -> (Vec<Record>, Engine) {
    let store = SqliteStore::open(&folder.join("journal.sqlite"), OpenOptions::default()).unwrap();
    let mut records = Vec::new();
    store
        .read_from(1, usize::MAX >> 1, &mut |r| {
            let events: Vec<Event> = serde_json::from_str(&r.record.events).unwrap();
            records.push(Record { seq: r.seq, at: r.record.at, input: None, object: r.record.object, events });
        })
        .unwrap();
    (records, restore(&store).unwrap())
}

/// How sources do, and what of it is said, goes by the clock of the machine.
fn is_of_the_past(event: &Event) -> bool {
    !matches!(event, Event::Source(_))
}

fn compare(logs: &[(&str, Vec<u8>)], stops: &[u64]) {
    let folder = tempfile::tempdir().unwrap();
    for (monitor, log) in logs {
        std::fs::write(folder.path().join(format!("{monitor}.log")), log).unwrap();
    }
    let monitors: Vec<&str> = logs.iter().map(|(m, _)| *m).collect();
    for stop in stops {
        run(folder.path(), &monitors, Some(*stop));
    }
    run(folder.path(), &monitors, None);
    let (mut live, engine) = stored(folder.path());

    let mut session = Session::new();
    session.journal = Some(Vec::new());
    let (settings, profiles) = documents(&monitors, true);
    session.settings(Timestamp::default(), settings);
    session.profiles(Timestamp::default(), profiles);
    let mut all: Vec<_> = logs.iter().flat_map(|(m, log)| inputs_of(m, log)).collect();
    // Of one second, in the order of the monitors' names.
    all.sort_by_key(|(since, _)| *since);
    for (since, input) in all {
        session.feed(since, input);
    }
    // What fell due since, fell due in both.
    session.feed(engine.world().at, Input::Tick);
    let mut replayed = session.journal.unwrap_or_default();
    for record in live.iter_mut().chain(&mut replayed) {
        record.events.retain(is_of_the_past);
    }
    let ordered = stops.is_empty();
    let (a, b) = (told(&replayed, ordered), told(&live, ordered));
    assert!(a.len() > 100, "next to nothing happens in it");
    if let Some(i) = (0..a.len().max(b.len())).find(|i| a.get(*i) != b.get(*i)) {
        panic!("event {i} of {} and {}\nreplay {:?}\nlive   {:?}", a.len(), b.len(), a.get(i), b.get(i));
    }
}

#[test]
fn a_log_read_late_is_decided_as_if_read_in_time() {
    compare(&[("m", Lines::of(3, 20_000))], &[]);
}

#[test]
fn a_log_read_late_with_stops_on_the_way() {
    compare(&[("m", Lines::of(4, 20_000))], &[2_000, 6_000, 6_001]);
}

#[test]
fn two_monitors_read_late_are_read_in_one_order() {
    compare(&[("m", Lines::of(5, 12_000)), ("n", Lines::of(6, 9_000))], &[]);
}

#[test]
fn a_recording_read_late() {
    let named = std::env::var("GRIDWARD_RECORDINGS").unwrap_or_default();
    for folder in named.split_whitespace().map(Path::new).filter(|p| p.join("log").is_dir()) {
        compare(&[("m", crate::log_of(folder))], &[]);
    }
}
