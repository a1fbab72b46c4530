//! The store beside the engine: while one batch is written, the next one is decided. What depends on the commit (answers,
//! the picture that is shown) travels with its batch, so that nothing leaves before it (law 11).
//!
//! There is one store, and whoever writes holds it: it is at home here, or away with its batch. A batch that is small is
//! written at home when nothing else waits: handing it over would take longer than what it saves.

use super::commit::row;
use super::documents::Paper;
use crate::intake::Answer;
use crate::store::{Batch, Store, StoreError};
use crate::view::{NotStored, View};
use crate::web::audit::AuditReport;
use alarm_core::command::Outcome;
use alarm_core::engine::Record;
use alarm_core::input::Text;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc as sync;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// What is shown once a batch is on the disk: the world as it was behind that batch, and before anything later.
pub(super) struct Picture {
    pub(super) view: Arc<View>,
    pub(super) audit: AuditReport,
    /// Who still read what happened before.
    pub(super) behind: BTreeSet<Text>,
}

/// What is written as one, and what waits for it.
#[derive(Default)]
pub(super) struct Commit {
    /// Documents that the batch names; stored before it.
    pub(super) papers: Vec<Paper>,
    /// The batch, and the records that are still to become rows of it.
    pub(super) batch: Batch,
    pub(super) records: Vec<Record>,
    /// Who waits for it.
    pub(super) answers: Vec<(oneshot::Sender<Answer>, Option<Outcome>)>,
    /// What is shown then, when it is time for a new picture.
    pub(super) picture: Option<Picture>,
}

impl Commit {
    /// The batch, whole. Its rows are made here, where the next batch does not wait for it. The records go back to where
    /// they were decided: what they share with the world is counted there, and nowhere else at the same time.
    pub(super) fn batch(&mut self) -> &Batch {
        if self.batch.records.is_empty() {
            self.batch.records.extend(self.records.iter().map(row));
        }
        &self.batch
    }

    /// It is on the disk: answers go out.
    fn answer(&mut self, seq: u64) {
        for (answer, outcome) in self.answers.drain(..) {
            let answered = outcome.map_or_else(|| Answer::stored(seq), Answer::from);
            // Whoever asked may have gone; then nobody needs the answer.
            let _ = answer.send(answered);
        }
    }

    /// Nothing can be stored: those who wait are told, and need not wait for what may take long.
    pub(super) fn refuse(&mut self, why: &NotStored) {
        for (answer, _) in self.answers.drain(..) {
            refuse(answer, why);
        }
    }
}

/// Says that nothing can be stored.
pub(super) fn refuse(answer: oneshot::Sender<Answer>, why: &NotStored) {
    // Whoever asked may have gone; then nobody needs the answer.
    let _ = answer.send(Answer::NotStored { since: why.since, reason: why.reason.clone() });
}

/// A batch that came back.
pub(super) struct Written {
    /// It; without those who were answered.
    pub(super) commit: Commit,
    /// The journal's last seq, or why not.
    pub(super) outcome: Result<u64, StoreError>,
    /// How long it took.
    pub(super) took: Duration,
}

type Job = (Box<dyn Store>, Commit);

/// See the module.
pub(super) struct Writer {
    home: Option<Box<dyn Store>>,
    thread: Option<Thread>,
}

struct Thread {
    jobs: sync::Sender<Job>,
    done: mpsc::Receiver<(Box<dyn Store>, Written)>,
}

impl Writer {
    /// Of this store.
    pub(super) fn new(store: Box<dyn Store>) -> Self {
        Writer { home: Some(store), thread: None }
    }

    /// The store, when it is at home.
    pub(super) fn at_home(&mut self) -> Option<&mut Box<dyn Store>> {
        self.home.as_mut()
    }

    /// Whether a batch is being written.
    pub(super) fn is_away(&self) -> bool {
        self.home.is_none()
    }

    /// Writes it here and now.
    pub(super) fn write_here(&mut self, commit: Commit) -> Written {
        match &mut self.home {
            Some(store) => write(&mut **store, commit),
            None => lost(commit, "a batch was to be written while another one was"),
        }
    }

    /// Has it written on the store's own thread; [`Writer::written`] tells when it is. Here, where that is not possible.
    pub(super) fn hand_over(&mut self, commit: Commit) -> Option<Written> {
        if self.thread.is_none() {
            match Thread::start() {
                Ok(thread) => self.thread = Some(thread),
                Err(error) => {
                    tracing::warn!("{error}; each batch is written before the next one is decided");
                    return Some(self.write_here(commit));
                }
            }
        }
        let (Some(store), Some(thread)) = (self.home.take(), &self.thread) else {
            return Some(lost(commit, "a batch was handed over while another one was written"));
        };
        match thread.jobs.send((store, commit)) {
            Ok(()) => None,
            // It has panicked, and taken nothing along.
            Err(sync::SendError((store, commit))) => {
                self.home = Some(store);
                Some(self.write_here(commit))
            }
        }
    }

    /// Waits for the batch that is away. May be dropped and asked again.
    pub(super) async fn written(&mut self) -> Written {
        let back = match &mut self.thread {
            Some(thread) => thread.done.recv().await,
            None => None,
        };
        match back {
            Some((store, written)) => {
                self.home = Some(store);
                written
            }
            None => lost(Commit::default(), "the thread of the store panicked"),
        }
    }
}

impl Thread {
    /// Ends when its jobs' sender is dropped.
    fn start() -> Result<Self, String> {
        let (jobs, work) = sync::channel::<Job>();
        let (finished, done) = mpsc::channel(1);
        crate::app::thread("store", move || {
            while let Ok((mut store, commit)) = work.recv() {
                let written = write(&mut *store, commit);
                if finished.blocking_send((store, written)).is_err() {
                    break;
                }
            }
        })?;
        Ok(Thread { jobs, done })
    }
}

/// Commits, and answers at once: whoever waits need not wait for the engine as well.
fn write(store: &mut dyn Store, mut commit: Commit) -> Written {
    let begun = Instant::now();
    let papers = commit.papers.iter().try_for_each(|paper| paper.put(store));
    let outcome = papers.and_then(|()| store.append(commit.batch()));
    if let Ok(seq) = outcome {
        commit.answer(seq);
    }
    Written { commit, outcome, took: begun.elapsed() }
}

fn lost(commit: Commit, what: &str) -> Written {
    Written { commit, outcome: Err(StoreError::Refused { what: what.to_owned() }), took: Duration::ZERO }
}
