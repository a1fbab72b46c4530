//! The power goes at every sync of a run, and what the disk may then hold must open as a prefix of what was committed,
//! with every batch whose `append` had returned.

use super::tracing_vfs::{Op, Tracer};
use super::*;
use crate::store::contract::{History, PruneSlice, Severity, Store};
use crate::store::record::{Batch, StoredRecord};
use crate::store::samples::batch;
use crate::store::{MemoryStore, document_hash};
use std::collections::BTreeMap;

/// What became of what was written and not yet synced.
#[derive(Clone, Copy, Debug)]
enum Unsynced {
    /// None of it reached the disk.
    Lost,
    /// All of it did.
    Written,
    /// Some sectors of 512 bytes did, by this seed, in any order.
    Torn(u64),
}

/// Memory, where the machine has it as a file system: thousands of syncs that cost nothing.
pub(super) fn fast_dir() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn dice(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

fn put(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[at..end].copy_from_slice(bytes);
}

fn apply(file: &mut Vec<u8>, op: &Op, torn: Option<&mut u64>) {
    match op {
        Op::Write(_, at, data) => {
            let Some(seed) = torn else { return put(file, *at as usize, data) };
            let mut at = *at as usize;
            let mut rest = data.as_slice();
            while !rest.is_empty() {
                let sector = (512 - at % 512).min(rest.len());
                if dice(seed).is_multiple_of(2) {
                    put(file, at, &rest[..sector]);
                }
                (at, rest) = (at + sector, &rest[sector..]);
            }
        }
        Op::Truncate(_, size) if torn.is_none_or(|seed| dice(seed).is_multiple_of(2)) => {
            file.resize(*size as usize, 0);
        }
        _ => {}
    }
}

/// What the disk holds when the power goes before `ops[cut]`.
fn disk(ops: &[Op], how: Unsynced) -> BTreeMap<String, Vec<u8>> {
    let mut files: BTreeMap<String, (Vec<u8>, bool)> = BTreeMap::new();
    let mut pending: BTreeMap<String, Vec<&Op>> = BTreeMap::new();
    for op in ops {
        match op {
            Op::Create(name) => {
                files.insert(name.clone(), (Vec::new(), false));
                pending.remove(name);
            }
            Op::Write(name, ..) | Op::Truncate(name, _) => pending.entry(name.clone()).or_default().push(op),
            Op::Sync(name) => {
                let (file, synced) = files.entry(name.clone()).or_default();
                pending.remove(name).unwrap_or_default().into_iter().for_each(|op| apply(file, op, None));
                *synced = true;
            }
            Op::Delete(name) => {
                files.remove(name);
                pending.remove(name);
            }
            Op::Note(_) => {}
        }
    }
    for (name, ops) in pending {
        let (file, _) = files.entry(name).or_default();
        match how {
            Unsynced::Lost => {}
            Unsynced::Written => ops.into_iter().for_each(|op| apply(file, op, None)),
            Unsynced::Torn(mut seed) => ops.into_iter().for_each(|op| apply(file, op, Some(&mut seed))),
        }
    }
    // The name of a file that was never synced may not have reached the disk either; the database's was made to.
    let there = |(name, (bytes, synced)): (String, (Vec<u8>, bool))| {
        (synced || !matches!(how, Unsynced::Lost) || name.ends_with(".db")).then_some((name, bytes))
    };
    files.into_iter().filter_map(there).collect()
}

type Held = (Vec<StoredRecord>, BTreeMap<String, Vec<u8>>, Vec<(String, String)>, u64);

fn held(store: &dyn Store) -> Held {
    let (mut records, mut rows) = (Vec::new(), BTreeMap::new());
    store.read_from(0, usize::MAX, &mut |r| records.push(r)).unwrap();
    store.rows(&mut |k, v| assert!(rows.insert(k, v).is_none())).unwrap();
    (records, rows, store.cursors().unwrap(), store.flushed_seq())
}

/// A run with everything in it that writes: batches of several sizes, documents, pruning, checkpoints, a restart.
struct Run {
    ops: Vec<Op>,
    /// What the store holds after so many committed steps.
    states: Vec<Held>,
    batches: Vec<Batch>,
}

fn run() -> Run {
    let tracer = Tracer::register();
    let dir = fast_dir();
    let path = dir.path().join("journal.db");
    let options = OpenOptions { vfs: Some(tracer.name), ..OpenOptions::default() };
    tracer.inner().ops.push(Op::Create(path.to_str().unwrap().to_owned()));
    let mut model = MemoryStore::new();
    let mut states = vec![held(&model)];
    let mut batches = Vec::new();
    let mut store = SqliteStore::open(&path, options).unwrap();
    let mut next = 1;
    for step in 0..36_u64 {
        // A checkpoint every few commits, so that the cuts fall into them as well.
        store.conn.execute_batch("PRAGMA wal_autocheckpoint=12").unwrap();
        let mut b = batch(next, [1, 3, 25, 2][step as usize % 4]);
        if step % 5 == 4 {
            (b.rows, b.flushed) = (Vec::new(), None);
        }
        next = store.append(&b).unwrap() + 1;
        tracer.note(batches.len() as u64 + 1);
        model.append(&b).unwrap();
        states.push(held(&model));
        batches.push(b);
        if step % 8 == 3 {
            let text = format!("document {step} ").repeat(700);
            store.put_document(&document_hash(text.as_bytes()), "profiles", text.as_bytes()).unwrap();
        }
        if step == 20 {
            drop(store);
            store = SqliteStore::open(&path, options).unwrap();
        }
    }
    drop(store);
    let ops = std::mem::take(&mut tracer.inner().ops);
    Run { ops, states, batches }
}

fn open_on(image: &BTreeMap<String, Vec<u8>>, mark: (u64, Timestamp)) -> (tempfile::TempDir, SqliteStore) {
    let dir = fast_dir();
    for (name, bytes) in image {
        let name = Path::new(name).file_name().unwrap();
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    let path = dir.path().join("journal.db");
    // The strictest witness: it reached the disk at once.
    Mark::open(&path).unwrap().set(mark.0, mark.1);
    let store = SqliteStore::open(&path, OpenOptions::default()).unwrap();
    (dir, store)
}

#[test]
fn what_had_returned_survives_the_power() {
    let run = run();
    let mut seen = [0_usize; 2];
    for cut in 0..run.ops.len() {
        let near_sync = |i: usize| run.ops.get(i).is_some_and(|op| matches!(op, Op::Sync(_) | Op::Delete(_)));
        // Right before each sync, when most is at stake, and right after it.
        if !(near_sync(cut) || cut > 0 && near_sync(cut - 1)) {
            continue;
        }
        let mut done = run.ops[..cut].iter().filter_map(|op| if let Op::Note(n) = op { Some(*n) } else { None });
        let returned = done.next_back().unwrap_or(0) as usize;
        for how in [Unsynced::Lost, Unsynced::Written, Unsynced::Torn(cut as u64), Unsynced::Torn(!cut as u64)] {
            let at = format!("cut before operation {cut} of {}, {how:?}", run.ops.len());
            let image = disk(&run.ops[..cut], how);
            let last = run.states[returned].0.last().map_or((0, Timestamp(0)), |r| (r.seq, r.record.at));
            let (_dir, mut store) = open_on(&image, last);
            let lost: Vec<_> = store.findings().iter().filter(|f| f.severity == Severity::Damage).collect();
            assert!(lost.is_empty(), "{at}: {lost:?}");
            let held = held(&store);
            let is = run.states.iter().position(|s| *s == held);
            let is = is.unwrap_or_else(|| panic!("{at}: no prefix: ends at {}", store.last_seq()));
            assert!(is == returned || is == returned + 1, "{at}: {is} batches there, {returned} had returned");
            assert_eq!(store.history().unwrap().check_all().unwrap(), [], "{at}");
            seen[is - returned] += 1;
            // What the engine then does: gives again what it had not been told of. Stored once, whatever was there.
            if let Some(next) = run.batches.get(returned) {
                assert_eq!(store.append(next).unwrap(), next.last_seq(0), "{at}");
                assert_eq!(store.last_seq(), next.last_seq(0), "{at}");
            }
        }
    }
    assert!(seen[0] > 200 && seen[1] > 50, "the cuts have to fall before and after commits: {seen:?}");
}

#[test]
fn a_cut_during_pruning_leaves_more_never_less_than_is_said() {
    let tracer = Tracer::register();
    let dir = fast_dir();
    let path = dir.path().join("journal.db");
    tracer.inner().ops.push(Op::Create(path.to_str().unwrap().to_owned()));
    let options = OpenOptions { vfs: Some(tracer.name), ..OpenOptions::default() };
    let mut store = SqliteStore::open(&path, options).unwrap();
    store.conn.execute_batch("PRAGMA wal_autocheckpoint=8").unwrap();
    store.append(&batch(1, 200)).unwrap();
    let begin = tracer.inner().ops.len();
    let mut slice = PruneSlice { before: Timestamp(i64::MAX), from: 0, at_most: 30 };
    while let Some(next) = store.prune(slice, &|o| o == 1).unwrap().next {
        slice.from = next;
    }
    let ops = tracer.inner().ops.clone();
    for cut in begin..ops.len() {
        for how in [Unsynced::Lost, Unsynced::Torn(cut as u64)] {
            let last = batch(200, 1).records[0].at;
            let (_dir, store) = open_on(&disk(&ops[..cut], how), (200, last));
            let (records, ..) = held(&store);
            let complete = records.iter().filter(|r| r.seq >= store.truth_begins().seq).count() as u64;
            assert_eq!(complete, 201 - store.truth_begins().seq, "cut before operation {cut}, {how:?}");
            assert_eq!(store.history().unwrap().check_all().unwrap(), []);
        }
    }
}
