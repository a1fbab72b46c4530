//! From the lines of a nagios.log to the commit, against bare SQLite inserts of the same rows in the same batches.
//!
//! `cargo bench -p alarm-filter --bench log -- RECORDING [FOLDER]`: RECORDING holds `log/` and `objects/`, as
//! tests/data/nagios/corpus-a.tar.zst does; the stores are made in FOLDER. The path is the daemon's own: the source's thread
//! reads and parses, the keeper's decides, the store's commits. That and bare SQLite take turns, because a disk's speed
//! changes from second to second: the ratio counts, not the figures.
#![expect(clippy::unwrap_used, reason = "a bench may stop at the first surprise")]
mod bare;
mod papers;
mod recorder;

use alarm_core::input::Text;
use alarm_filter::intake;
use alarm_filter::keeper::news::News;
use alarm_filter::keeper::restore::restore;
use alarm_filter::keeper::{Ends, Keeper};
use alarm_filter::metrics::Metrics;
use alarm_filter::source::nagios_log::tail::{Begin, TailOptions};
use alarm_filter::source::run::{MonitorFiles, Shared, run};
use alarm_filter::store::{Batch, OpenOptions, SqliteStore, Store};
use alarm_filter::view::View;
use bare::Bare;
use recorder::{Recorder, Taken};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};

const ROUNDS: usize = 7;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    // `cargo test --benches` starts it too.
    let Some(recording) = arguments.first() else {
        println!("usage: log RECORDING [FOLDER]");
        return;
    };
    let dir = arguments.get(1).map_or_else(tempfile::tempdir, tempfile::tempdir_in).unwrap();
    let mut all: Vec<[f64; 2]> = Vec::new();
    println!(
        "| rows | batches | log to committed, rows/s | bare with an index by object | bare table alone |\n| --- | --- | --- | --- | --- |"
    );
    for round in 0..ROUNDS {
        let path = |name: &str| dir.path().join(format!("{name}-{round}.db"));
        let (taken, whole) = from_log(Path::new(recording), &path("whole"));
        let batches = batches(&path("whole"), &taken);
        let floor = |name: &str, indexed: bool| {
            let mut bare = Bare::open(&path(name), indexed);
            let begun = Instant::now();
            batches.iter().for_each(|b| bare.insert(b));
            begun.elapsed()
        };
        let rows = taken.iter().map(|t| t.records).sum::<usize>() as f64;
        let [ours, indexed, alone] =
            [whole, floor("indexed", true), floor("alone", false)].map(|t| rows / t.as_secs_f64());
        let percent = |of: f64| ours / of * 100.0;
        println!(
            "| {rows} | {} | {ours:.0} | {indexed:.0} ({:.0} %) | {alone:.0} ({:.0} %) |",
            batches.len(),
            percent(indexed),
            percent(alone)
        );
        all.push([indexed, alone].map(percent));
    }
    let [indexed, alone] = [0, 1].map(|n| {
        let mut column: Vec<f64> = all.iter().map(|row| row[n]).collect();
        column.sort_by(f64::total_cmp);
        column[ROUNDS / 2]
    });
    println!("median of {ROUNDS}: {indexed:.0} % of bare with the index, {alone:.0} % of the table alone");
}

/// Reads the logs into a new store; gives back what was committed when, and how long all of it took.
fn from_log(recording: &Path, journal: &Path) -> (Vec<Taken>, Duration) {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let store = Recorder::new(SqliteStore::open(journal, OpenOptions::default()).unwrap(), taken.clone());
    let engine = restore(&store).unwrap();
    let name = Text::from("nagios");
    let behind = Arc::new(Mutex::new(BTreeSet::from([name.clone()])));
    let metrics = Arc::new(Metrics::new());
    let (view, _shown) = watch::channel(Arc::new(View::default()));
    let mut keeper = Keeper::new(engine, Box::new(store), view, metrics.clone(), behind.clone());
    let first = papers::papers().into_iter().map(|paper| News::Paper { about: Text::from(""), paper });
    keeper.take_first(first.collect());
    let (_intake, outlet) = intake::channel();
    // As many as the daemon lets wait.
    let (news, incoming) = mpsc::channel(8);
    let (stop, stopped) = oneshot::channel();
    let keeping = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(keeper.run(Ends { outlet, news: incoming, stop: stopped })).unwrap();
    });
    let ending = Arc::new(AtomicBool::new(false));
    let shared = Shared { news, stop: ending.clone(), metrics, utc_offset: Arc::new(|_, _| {}) };
    let folder = recording.join("log");
    let files = MonitorFiles {
        name,
        log: TailOptions {
            archives: vec![folder.clone()],
            begin: Begin::From(0),
            ..TailOptions::new(folder.join("nagios.log"))
        },
        status: None,
        objects: objects(recording),
        silent_after: i64::MAX,
        sites_needed: false,
    };
    let begun = Instant::now();
    let source = std::thread::spawn(move || run(files, None, shared));
    while !behind.lock().unwrap().is_empty() {
        std::thread::sleep(Duration::from_millis(1));
    }
    ending.store(true, std::sync::atomic::Ordering::Relaxed);
    source.join().unwrap();
    stop.send(()).unwrap();
    keeping.join().unwrap();
    let taken: Vec<Taken> = std::mem::take(&mut *taken.lock().unwrap());
    let taken: Vec<Taken> = taken.into_iter().filter(|t| t.records > 0).collect();
    let last = taken.last().unwrap().at;
    (taken, last - begun)
}

/// The last of the recorded configurations.
fn objects(recording: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(recording.join("objects")).ok()?;
    entries.flatten().map(|e| e.path()).max()
}

/// The rows of a journal in the batches in which they were committed, whole: what ours leaves out of them is put back.
fn batches(journal: &Path, taken: &[Taken]) -> Vec<Batch> {
    let store = SqliteStore::open(journal, OpenOptions::default()).unwrap();
    let mut next = 1;
    let mut all = Vec::new();
    for t in taken {
        let mut batch = Batch { first_seq: next, ..Batch::default() };
        store.read_from(next, t.records, &mut |stored| batch.records.push(stored.record)).unwrap();
        next += t.records as u64;
        all.push(batch);
    }
    all
}
