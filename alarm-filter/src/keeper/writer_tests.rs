//! What is decided while a batch is being written leaves only after its own commit, and not at all when that fails.

use super::{Ends, Keeper};
use crate::intake::{self, Answer, Intake};
use crate::metrics::Metrics;
use crate::store::{
    Batch, Finding, MemoryStore, PruneReport, PruneSlice, Store, StoreError, StoredRecord, TruthBegins,
};
use crate::view::View;
use alarm_core::engine::Engine;
use alarm_core::input::{Input, SourceHealth, SourceState};
use alarm_core::time::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc as sync;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Long enough for whatever has to come.
const LONG: Duration = Duration::from_secs(60);

/// A store that says what it is to write, and waits to be told whether it can.
struct Gate {
    store: MemoryStore,
    asked: sync::Sender<u64>,
    told: sync::Receiver<bool>,
}

impl Store for Gate {
    fn append(&mut self, batch: &Batch) -> Result<u64, StoreError> {
        self.asked.send(batch.last_seq(self.store.last_seq())).unwrap();
        match self.told.recv_timeout(LONG).unwrap() {
            true => self.store.append(batch),
            false => Err(StoreError::Full { path: "journal.db".into(), doing: "storing a batch" }),
        }
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
        self.store.document(hash)
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

/// A keeper over such a store.
struct Desk {
    intake: Intake,
    shown: watch::Receiver<Arc<View>>,
    /// The last seq of each batch that is to be written.
    asked: sync::Receiver<u64>,
    tell: sync::Sender<bool>,
    stop: oneshot::Sender<()>,
    _news: mpsc::Sender<super::news::News>,
    keeping: std::thread::JoinHandle<Result<(), StoreError>>,
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

impl Desk {
    fn new() -> Self {
        let ((ask, asked), (tell, told)) = (sync::channel(), sync::channel());
        let (view, shown) = watch::channel(Arc::new(View::default()));
        let (intake, outlet) = intake::channel();
        let (news, incoming) = mpsc::channel(1);
        let (stop, stopped) = oneshot::channel();
        let store = Box::new(Gate { store: MemoryStore::new(), asked: ask, told });
        let keeper = Keeper::new(Engine::new(), store, view, Arc::new(Metrics::new()), Arc::default());
        let ends = Ends { outlet, news: incoming, stop: stopped };
        let keeping = std::thread::spawn(move || runtime().block_on(keeper.run(ends)));
        Desk { intake, shown, asked, tell, stop, _news: news, keeping }
    }

    /// Hands in so many inputs, each of which makes a record.
    fn post(&self, name: &str, count: usize) -> oneshot::Receiver<Answer> {
        let input = |n: usize| {
            let (source, since) = (format!("{name}-{n}").into(), Timestamp::from_secs(1_795_000_000));
            Input::SourceState(SourceState { source, health: SourceHealth::Fresh, since, detail: "".into() })
        };
        let (answer, wait) = oneshot::channel();
        let observations = intake::Observations { inputs: (0..count).map(input).collect(), answer };
        self.intake.observations.blocking_send(observations).unwrap();
        wait
    }

    fn until_asked(&self) -> u64 {
        self.asked.recv_timeout(LONG).unwrap()
    }

    /// Until all that came in was taken in: nothing waits in the queue.
    fn until_taken(&self) {
        let queue = &self.intake.observations;
        let begun = std::time::Instant::now();
        while queue.capacity() < queue.max_capacity() {
            assert!(begun.elapsed() < LONG);
            std::thread::yield_now();
        }
    }

    fn until_shown(&mut self, seq: u64) -> Arc<View> {
        let wait =
            async { tokio::time::timeout(LONG, self.shown.wait_for(|v| v.seq >= seq)).await.unwrap().unwrap().clone() };
        runtime().block_on(wait)
    }

    fn seq(&self) -> u64 {
        self.shown.borrow().seq
    }

    /// Ends it; what is still to be written, the rows of the snapshot too, can be.
    fn end(self) -> Arc<View> {
        self.stop.send(()).unwrap();
        for _ in 0..3 {
            // It may have ended already.
            let _needed = self.tell.send(true);
        }
        self.keeping.join().unwrap().unwrap();
        self.shown.borrow().clone()
    }
}

/// More than are written without being handed over.
const MANY: usize = super::FEW + 1;

#[test]
fn the_next_batch_is_decided_meanwhile_and_nothing_of_it_is_told_before_its_own_commit() {
    let mut desk = Desk::new();
    let first = desk.post("a", MANY);
    assert_eq!(desk.until_asked(), MANY as u64);
    let second = desk.post("b", MANY);
    desk.until_taken();
    let (mut first, mut second) = (first, second);
    assert!(first.try_recv().is_err() && second.try_recv().is_err());
    assert_eq!(desk.seq(), 0, "nothing is stored");

    desk.tell.send(true).unwrap();
    assert_eq!(desk.until_asked(), 2 * MANY as u64, "the second batch is whole already");
    assert_eq!(first.blocking_recv().unwrap(), Answer::stored(MANY as u64));
    assert!(second.try_recv().is_err());
    assert!(desk.seq() <= MANY as u64, "the picture is that of the first commit at most");

    desk.tell.send(true).unwrap();
    assert_eq!(second.blocking_recv().unwrap(), Answer::stored(2 * MANY as u64));
    assert_eq!(desk.until_shown(2 * MANY as u64).sources.len(), 2 * MANY);
    desk.end();
}

#[test]
fn a_commit_that_fails_is_kept_with_what_was_decided_behind_it_and_all_who_wait_are_told() {
    let mut desk = Desk::new();
    let first = desk.post("a", MANY);
    desk.until_asked();
    let second = desk.post("b", 1);
    desk.until_taken();
    desk.tell.send(false).unwrap();
    for answer in [first, second] {
        let answer = answer.blocking_recv().unwrap();
        assert!(matches!(&answer, Answer::NotStored { reason, .. } if reason.contains("no space left")), "{answer:?}");
    }
    let refused = desk.post("c", 1).blocking_recv().unwrap();
    assert!(matches!(refused, Answer::NotStored { .. }), "{refused:?}");
    assert!(desk.shown.borrow().not_stored.is_some());
    assert_eq!(desk.seq(), 0, "what is shown is what is stored");

    assert_eq!(desk.until_asked(), MANY as u64, "the same batch again");
    desk.tell.send(true).unwrap();
    assert_eq!(desk.until_asked(), MANY as u64 + 1, "what was decided meanwhile, and not what was refused");
    desk.tell.send(true).unwrap();
    let view = desk.until_shown(MANY as u64 + 1);
    assert!(view.not_stored.is_none());
    assert_eq!(view.sources.len(), MANY + 1);
    desk.end();
}

#[test]
fn at_the_end_all_that_was_taken_in_is_stored_and_shown() {
    let desk = Desk::new();
    let first = desk.post("a", MANY);
    desk.until_asked();
    let second = desk.post("b", 1);
    desk.until_taken();
    let view = desk.end();
    for answer in [first, second] {
        assert!(matches!(answer.blocking_recv().unwrap(), Answer::Stored { .. }));
    }
    assert_eq!((view.seq, view.sources.len()), (MANY as u64 + 1, MANY + 1));
}

#[test]
fn when_told_to_stop_while_nothing_can_be_stored_it_ends_and_says_why() {
    let desk = Desk::new();
    let first = desk.post("a", MANY);
    desk.until_asked();
    desk.stop.send(()).unwrap();
    desk.tell.send(false).unwrap();
    let again = desk.tell.send(false);
    assert!(matches!(first.blocking_recv().unwrap(), Answer::NotStored { .. }));
    let ended = desk.keeping.join().unwrap();
    assert!(matches!(ended, Err(StoreError::Full { .. })), "{ended:?} {again:?}");
}

#[test]
fn a_last_commit_that_fails_ends_it_with_the_reason() {
    let desk = Desk::new();
    let first = desk.post("a", MANY);
    desk.until_asked();
    desk.tell.send(true).unwrap();
    assert!(matches!(first.blocking_recv().unwrap(), Answer::Stored { .. }));
    desk.stop.send(()).unwrap();
    desk.asked.recv_timeout(LONG).unwrap();
    desk.tell.send(false).unwrap();
    let ended = desk.keeping.join().unwrap();
    assert!(matches!(ended, Err(StoreError::Full { .. })), "{ended:?}");
}

#[test]
fn where_nothing_happens_no_new_picture_is_made_and_the_moment_counts_as_quiet() {
    let (view, shown) = watch::channel(Arc::new(View::default()));
    let store = Box::new(MemoryStore::new());
    let mut keeper = Keeper::new(Engine::new(), store, view, Arc::new(Metrics::new()), Arc::default());
    let first = shown.borrow().clone();
    keeper.tick();
    assert!(!keeper.stale && !keeper.busy);
    assert!(Arc::ptr_eq(&first, &shown.borrow()));
    let (source, since) = ("s".into(), Timestamp::from_secs(1_795_000_000));
    let state = SourceState { source, health: SourceHealth::Fresh, since, detail: "".into() };
    let observations = intake::Observations { inputs: vec![Input::SourceState(state)], answer: oneshot::channel().0 };
    keeper.observed(observations);
    assert!(keeper.stale && keeper.busy);
}
