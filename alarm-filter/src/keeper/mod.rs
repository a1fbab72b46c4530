//! The engine's thread: takes what sources, monitors over HTTP and people hand in, lets the engine decide, commits, and
//! only then shows, answers and moves cursors (law 11). Start with [`Keeper::run`].
//!
//! [`restore`] is the start, [`commit`] what is written, `writer` how, while the next is decided, [`news`] what sources hand
//! in, [`lanes`] its order, [`documents`] what is stored once by its hash, [`trail`] what people did, [`prune`] what leaves
//! again.
pub mod commit;
pub mod documents;
pub mod lanes;
pub mod news;
pub mod prune;
pub mod restore;
pub mod trail;
mod writer;

#[cfg(test)]
mod days_tests;
#[cfg(test)]
mod writer_tests;

use crate::audit::AuditCounter;
use crate::clock::Clock;
use crate::intake::{self, Asked, Observations, Outlet};
use crate::metrics::Metrics;
use crate::store::{Store, StoreError};
use crate::view::{NotStored, View};
use crate::web::audit::AuditReport;
use alarm_core::days::Days;
use alarm_core::engine::{Engine, Handled, Record};
use alarm_core::input::{Input, Text};
use alarm_core::time::{Millis, SECOND, Timestamp};
use commit::Pending;
use documents::Paper;
use lanes::{Behind, Lanes, Next, time_of};
use news::News;
use prune::Pruner;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};
use writer::{Commit, Picture, Writer, Written, refuse};

/// With so many records waiting for their commit nothing more is taken in.
const BATCH: usize = 512;
/// So many records are written at once rather than handed over, when nothing else waits: that takes longer.
const FEW: usize = 16;
/// After something waited for a commit, so many more are handed over.
const CROWD: u32 = 32;
/// How long a small batch waits at most for those who were in the last one and were answered just now: less than the commit
/// of their own that it spares.
const GATHER: Duration = Duration::from_micros(250);
/// A new picture of the world is shown at most so often.
const SHOW_EVERY: Duration = Duration::from_millis(50);
/// How far behind the clock timers run, so that a line of the log that is on its way comes before them.
const GRACE: Millis = 2 * SECOND;
/// How long to wait before a commit that failed is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// See the module.
pub struct Keeper {
    engine: Engine,
    writer: Writer,
    clock: Clock,
    pending: Pending,
    view: watch::Sender<Arc<View>>,
    /// When the last picture was taken.
    shown: Instant,
    /// Something was decided since.
    stale: bool,
    /// For so many more commits it is likely that something comes in while they are written.
    crowd: u32,
    /// So many requests came together for the last commit, or while it was written: so many are likely for the next.
    company: usize,
    /// Something came in since the last tick.
    busy: bool,
    stopping: bool,
    metrics: Arc<Metrics>,
    /// What sources handed in and was not yet taken in.
    lanes: Lanes,
    audit: AuditCounter,
    begun: Timestamp,
    audited: Option<watch::Sender<Option<Arc<AuditReport>>>>,
    not_stored: Option<NotStored>,
    pruner: Option<Pruner>,
}

/// The ends through which things come in.
pub struct Ends {
    /// From monitors over HTTP, and from people.
    pub outlet: Outlet,
    /// From sources.
    pub news: mpsc::Receiver<News>,
    /// Stop when this says so, or its sender is gone.
    pub stop: oneshot::Receiver<()>,
}

impl Keeper {
    /// A keeper of a store that was read, which shows its view through `view`.
    pub fn new(
        engine: Engine,
        store: Box<dyn Store>,
        view: watch::Sender<Arc<View>>,
        metrics: Arc<Metrics>,
        behind: Behind,
    ) -> Self {
        let pending = Pending::new(store.last_seq());
        let mut keeper = Keeper {
            engine,
            writer: Writer::new(store),
            clock: Clock::start(),
            pending,
            view,
            shown: Instant::now(),
            stale: false,
            crowd: 0,
            company: 0,
            busy: false,
            stopping: false,
            metrics,
            lanes: Lanes::new(behind),
            audit: AuditCounter::default(),
            begun: Clock::start().now().at,
            audited: None,
            not_stored: None,
            pruner: None,
        };
        let picture = keeper.picture();
        keeper.show(picture);
        keeper
    }

    /// Where the filter's check of itself is shown.
    pub fn audit_to(&mut self, audited: watch::Sender<Option<Arc<AuditReport>>>) {
        self.audited = Some(audited);
    }

    /// The sums of days go on from where the store has them.
    pub fn sum_days(&mut self, days: Days) {
        self.pending.go_on(days);
        let picture = self.picture();
        self.show(picture);
    }

    /// Records older than that leave the journal.
    pub fn prune_after(&mut self, keep: Millis) {
        self.pruner = Some(Pruner::new(keep));
    }

    /// Takes in what has to be in force before anything else.
    pub fn take_first(&mut self, news: Vec<News>) {
        news.into_iter().for_each(|n| self.news(n));
    }

    /// Works until told to stop; what was taken in by then is committed.
    ///
    /// # Errors
    /// The store can no longer be written to, for a reason that waiting does not mend.
    pub async fn run(mut self, mut ends: Ends) -> Result<(), StoreError> {
        let mut tick = tokio::time::interval(Duration::from_millis(250));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut show = std::pin::pin!(tokio::time::sleep(Duration::ZERO));
        let mut awake = false;
        while !self.stopping {
            // What people and monitors over HTTP say is said now: it comes after what happened before.
            let present = !self.lanes.are_behind();
            let room = self.pending.len() < BATCH;
            tokio::select! {
                biased;
                written = self.writer.written(), if self.writer.is_away() => {
                    self.settled(written, &mut ends).await?;
                }
                _ = &mut ends.stop => self.stopping = true,
                Some(asked) = ends.outlet.commands.recv(), if present && room => self.asked(asked),
                Some(observations) = ends.outlet.observations.recv(), if present && room => {
                    // One at a time: with all that waits in one batch the store would have nothing to do now, and
                    // everybody who sends would wait for the same commit next.
                    self.observed(observations);
                    if self.writer.is_away() {
                        self.crowd = CROWD;
                    }
                }
                Some(news) = ends.news.recv(), if room => {
                    self.news(news);
                    while self.pending.len() < BATCH
                        && (!present || ends.outlet.commands.is_empty())
                        && let Ok(more) = ends.news.try_recv()
                    {
                        self.news(more);
                    }
                }
                _ = tick.tick() => self.tick(),
                () = &mut show, if awake => awake = false,
            }
            if !self.writer.is_away() && !self.pending.is_empty() {
                self.gather(&mut ends.outlet);
                let waits = !ends.news.is_empty() || !ends.outlet.observations.is_empty();
                self.commit(waits, &mut ends).await?;
            }
            if !self.writer.is_away() && self.pending.is_empty() {
                if self.stale && self.shown.elapsed() >= SHOW_EVERY {
                    let picture = self.picture();
                    self.show(picture);
                }
                if !self.stale {
                    self.lanes.tell(None);
                } else if !awake {
                    awake = true;
                    show.as_mut().reset(tokio::time::Instant::from_std(self.shown + SHOW_EVERY));
                }
            }
        }
        if self.writer.is_away() {
            let written = self.writer.written().await;
            self.settled(written, &mut ends).await?;
        }
        self.pending.flush(&mut self.engine);
        if !self.pending.is_empty() {
            let written = self.writer.write_here(self.pending.take_commit());
            self.settled(written, &mut ends).await?;
        }
        let picture = self.picture();
        self.show(picture);
        Ok(())
    }

    /// Takes in what those send who were in the last commit, when this one is small: several senders that wait for their
    /// answers would else share out among two commits in turns, and each would wait for both.
    fn gather(&mut self, outlet: &mut Outlet) {
        let few = |pending: &Pending| pending.is_small(FEW) && !pending.has_papers();
        let until = Instant::now() + GATHER;
        while (1..self.company).contains(&self.pending.waiting()) && few(&self.pending) && !self.lanes.are_behind() {
            match intake::recv_until(&mut outlet.observations, until) {
                Some(observations) => self.observed(observations),
                None => break,
            }
        }
        self.company = self.pending.waiting();
    }

    fn now(&mut self) -> Timestamp {
        let now = self.clock.now();
        if let Some(by) = now.stepped {
            let at = self.present(now.at);
            let handled = self.engine.handle(at, Input::ClockStep { by });
            self.keep(handled.records);
        }
        self.metrics.clock_doubt(now.doubt.unwrap_or(0));
        now.at
    }

    /// The time for what stands for no moment of its own. While what happened before is still being read, that is the
    /// engine's own: the clock's would let timers fire that lines still to come forestall.
    fn present(&self, now: Timestamp) -> Timestamp {
        if self.lanes.are_behind() { self.engine.world().at } else { now }
    }

    /// What was decided waits for the commit, and is counted.
    fn keep(&mut self, records: Vec<Record>) {
        self.metrics.inputs.inc();
        if !records.is_empty() {
            (self.stale, self.busy) = (true, true);
        }
        self.audit.take(&records, self.engine.world());
        self.pending.take(records, &self.engine);
    }

    fn tick(&mut self) {
        let now = self.now();
        for monitor in self.lanes.give_up() {
            tracing::warn!(%monitor, "nothing came of what it is still reading; the rest goes on without it: see whether its files can be read");
        }
        self.take_waiting(now);
        if !self.lanes.are_behind() {
            let Handled { records, .. } = self.engine.advance(now.plus(-GRACE));
            self.keep(records);
        }
        let at_rest = !std::mem::take(&mut self.busy);
        self.pending.flush_when_due(&mut self.engine, at_rest);
        if at_rest
            && self.pending.is_empty()
            && let Some(store) = self.writer.at_home()
            && let Err(error) = store.rest()
        {
            // The next commit will say so if it is more than that.
            tracing::warn!("{error}");
        }
        if let Some(pruner) = &mut self.pruner
            && let Some(store) = self.writer.at_home()
            && self.pending.is_empty()
            && !self.lanes.are_behind()
            && pruner.is_due()
        {
            match pruner.wants_flush() {
                true => self.pending.flush(&mut self.engine),
                false => pruner.cut(&mut **store, self.engine.world(), now),
            }
        }
    }

    fn asked(&mut self, asked: Asked) {
        let now = self.now();
        let at = now.max(self.engine.world().at);
        let input = Input::Command(asked.command);
        let Handled { records, outcome } = self.engine.handle(at, input);
        self.keep(records);
        self.pending.answer(asked.answer, outcome);
    }

    fn observed(&mut self, observations: Observations) {
        let now = self.now();
        for input in observations.inputs {
            let at = time_of(&input, now);
            let Handled { records, .. } = self.engine.handle(at, input);
            self.keep(records);
        }
        self.pending.answer(observations.answer, None);
    }

    fn news(&mut self, news: News) {
        let now = self.now();
        match news {
            News::Paper { about, paper } if about.is_empty() => self.paper(&about, paper, now),
            news => self.lanes.push(news, now),
        }
        self.take_waiting(now);
    }

    fn take_waiting(&mut self, now: Timestamp) {
        while let Some(next) = self.lanes.pull() {
            match next {
                Next::Input(at, input) => {
                    let Handled { records, .. } = self.engine.handle(at, input);
                    self.keep(records);
                }
                Next::Cursor(monitor, cursor) => self.pending.cursor(format!("log/{monitor}"), cursor),
                Next::Paper(about, paper) => self.paper(&about, paper, now),
                Next::Snapshot(monitor, file) => self.snapshot(&monitor, file, now),
            }
        }
    }

    fn paper(&mut self, about: &Text, paper: Paper, now: Timestamp) {
        let input = paper.input(about);
        if !self.engine.world().documents_in_force().contains(&paper.hash) {
            self.engine.learn(paper.hash.clone(), paper.document.clone());
            self.pending.paper(paper);
        }
        let Handled { records, .. } = self.engine.handle(self.present(now), input);
        self.keep(records);
        self.engine.forget_documents();
    }

    fn snapshot(&mut self, monitor: &Text, file: news::StatusFile, now: Timestamp) {
        match news::reconcile(self.engine.world(), monitor, file) {
            Ok((created, differences)) => {
                let count = u32::try_from(differences.observations.len()).unwrap_or(u32::MAX);
                let at = created.min(now);
                for observation in differences.observations {
                    let Handled { records, .. } = self.engine.handle(at, Input::Observation(observation));
                    self.keep(records);
                }
                if count > 0 {
                    let input = Input::Reconciled {
                        monitor: monitor.clone(),
                        source: "status.dat".into(),
                        since: created,
                        differences: count,
                        agreements: differences.agreements,
                    };
                    let Handled { records, .. } = self.engine.handle(at, input);
                    self.keep(records);
                }
            }
            Err(error) => tracing::warn!(%monitor, "{error}"),
        }
    }

    /// Has written what is pending: here when it is little and nobody else sends, otherwise while the next is decided.
    /// Documents are large and rare, and written here too: the other thread would keep the room that their JSON took.
    async fn commit(&mut self, waits: bool, ends: &mut Ends) -> Result<(), StoreError> {
        self.pending.flush_when_full(&mut self.engine);
        self.crowd = if waits { self.crowd.max(1) } else { self.crowd.saturating_sub(1) };
        let here = self.pending.has_papers() || (self.crowd == 0 && self.pending.is_small(FEW));
        let picture = (self.stale && self.shown.elapsed() >= SHOW_EVERY).then(|| self.picture());
        let commit = Commit { picture, ..self.pending.take_commit() };
        let written = if here { Some(self.writer.write_here(commit)) } else { self.writer.hand_over(commit) };
        match written {
            Some(written) => {
                if !ends.outlet.observations.is_empty() {
                    self.crowd = CROWD;
                }
                self.settled(written, ends).await
            }
            None => Ok(()),
        }
    }

    /// Deals with a batch that was written, or tries again however long that takes; meanwhile nothing is taken in, and
    /// everybody who asks is told that nothing is stored.
    async fn settled(&mut self, mut written: Written, ends: &mut Ends) -> Result<(), StoreError> {
        loop {
            let Written { mut commit, outcome, took } = written;
            match outcome {
                Ok(seq) => {
                    if self.not_stored.take().is_some() {
                        tracing::info!(seq, "storing again");
                        // The warning on the picture goes.
                        self.stale = true;
                    }
                    self.metrics.committed(commit.batch.records.len(), took);
                    self.engine.reuse(commit.records);
                    self.company += self.pending.waiting() + ends.outlet.observations.len();
                    if let Some(picture) = commit.picture {
                        self.show(picture);
                    }
                    return Ok(());
                }
                Err(error) if error.may_pass() => {
                    let why = self.tell_not_stored(&error);
                    commit.refuse(&why);
                    self.pending.refuse_waiting(&why);
                    if self.stopping {
                        return Err(error);
                    }
                    self.stopping = wait_refusing(&why, ends).await;
                }
                Err(error) => return Err(error),
            }
            written = match self.writer.hand_over(commit) {
                Some(written) => written,
                None => self.writer.written().await,
            };
        }
    }

    fn tell_not_stored(&mut self, error: &StoreError) -> NotStored {
        let reason: Text = error.to_string().into();
        let since = match &self.not_stored {
            Some(n) => n.since,
            None => {
                tracing::error!("nothing can be stored: {error}");
                self.clock.now().at
            }
        };
        let why = NotStored { since, reason };
        self.not_stored = Some(why.clone());
        // The picture stays that of the last commit; only the warning on it is new.
        self.view.send_modify(|view| Arc::make_mut(view).not_stored = Some(why.clone()));
        why
    }

    /// The world as it is now, to be shown once all of it is on the disk.
    fn picture(&mut self) -> Picture {
        let world = self.engine.world();
        let audit = AuditReport::of(self.audit.report(), self.begun, world.at);
        self.shown = Instant::now();
        self.stale = false;
        let mut view = View::of(world);
        view.heard = self.pending.heard();
        Picture { view: Arc::new(view), audit, behind: self.lanes.behind().clone() }
    }

    /// Shows a picture of what is on the disk.
    fn show(&mut self, picture: Picture) {
        self.view.send_replace(picture.view);
        if let Some(audited) = &self.audited {
            audited.send_replace(Some(Arc::new(picture.audit)));
        }
        self.lanes.tell(Some(picture.behind));
    }
}

/// Tells everybody who asks that nothing is stored, until it is time to try again; whether it is told to stop meanwhile.
async fn wait_refusing(why: &NotStored, ends: &mut Ends) -> bool {
    let mut stopping = false;
    let pause = tokio::time::sleep(AGAIN);
    tokio::pin!(pause);
    loop {
        tokio::select! {
            () = &mut pause => return stopping,
            Some(asked) = ends.outlet.commands.recv() => refuse(asked.answer, why),
            Some(o) = ends.outlet.observations.recv() => refuse(o.answer, why),
            _ = &mut ends.stop, if !stopping => stopping = true,
        }
    }
}
