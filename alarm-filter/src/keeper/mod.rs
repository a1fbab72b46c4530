//! The engine's thread: takes what sources, monitors over HTTP and people hand in, lets the engine decide, commits, and
//! only then shows, answers and moves cursors (law 11). Start with [`Keeper::run`].
//!
//! [`restore`] is the start, [`commit`] what is written, [`news`] what sources hand in, [`lanes`] its order, [`documents`]
//! what is stored once by its hash, [`trail`] what people did,
//! [`prune`] what leaves again.
pub mod commit;
pub mod documents;
pub mod lanes;
pub mod news;
pub mod prune;
pub mod restore;
pub mod trail;

#[cfg(test)]
mod days_tests;

use crate::audit::AuditCounter;
use crate::clock::Clock;
use crate::intake::{Answer, Asked, Observations, Outlet};
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

/// How many records one commit holds at most.
const BATCH: usize = 512;
/// A new picture of the world is shown at most so often.
const SHOW_EVERY: Duration = Duration::from_millis(50);
/// How far behind the clock timers run, so that a line of the log that is on its way comes before them.
const GRACE: Millis = 2 * SECOND;
/// How long to wait before a commit that failed is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// See the module.
pub struct Keeper {
    engine: Engine,
    store: Box<dyn Store>,
    clock: Clock,
    pending: Pending,
    view: watch::Sender<Arc<View>>,
    shown: Instant,
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
            store,
            clock: Clock::start(),
            pending,
            view,
            shown: Instant::now(),
            metrics,
            lanes: Lanes::new(behind),
            audit: AuditCounter::default(),
            begun: Clock::start().now().at,
            audited: None,
            not_stored: None,
            pruner: None,
        };
        keeper.show();
        keeper
    }

    /// Where the filter's check of itself is shown.
    pub fn audit_to(&mut self, audited: watch::Sender<Option<Arc<AuditReport>>>) {
        self.audited = Some(audited);
    }

    /// The sums of days go on from where the store has them.
    pub fn sum_days(&mut self, days: Days) {
        self.pending.go_on(days);
    }

    /// Records older than that leave the journal.
    pub fn prune_after(&mut self, keep: Millis) {
        self.pruner = Some(Pruner::new(keep));
    }

    /// Takes in what has to be in force before anything else.
    ///
    /// # Errors
    /// The store.
    pub fn take_first(&mut self, news: Vec<News>) -> Result<(), StoreError> {
        news.into_iter().try_for_each(|n| self.news(n))
    }

    /// Works until told to stop; what was taken in by then is committed.
    ///
    /// # Errors
    /// The store can no longer be written to, for a reason that waiting does not mend.
    pub async fn run(mut self, mut ends: Ends) -> Result<(), StoreError> {
        let mut tick = tokio::time::interval(Duration::from_millis(250));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut show = std::pin::pin!(tokio::time::sleep(Duration::ZERO));
        let mut stale = false;
        loop {
            // What people and monitors over HTTP say is said now: it comes after what happened before.
            let present = !self.lanes.are_behind();
            tokio::select! {
                biased;
                _ = &mut ends.stop => break,
                Some(asked) = ends.outlet.commands.recv(), if present => self.asked(asked),
                Some(observations) = ends.outlet.observations.recv(), if present => {
                    self.observed(observations);
                    while self.pending.len() < BATCH
                        && let Ok(more) = ends.outlet.observations.try_recv()
                    {
                        self.observed(more);
                    }
                }
                Some(news) = ends.news.recv() => {
                    self.news(news)?;
                    while self.pending.len() < BATCH
                        && (!present || ends.outlet.commands.is_empty())
                        && let Ok(more) = ends.news.try_recv()
                    {
                        self.news(more)?;
                    }
                }
                _ = tick.tick() => self.tick()?,
                () = &mut show, if stale => {
                    self.show();
                    stale = false;
                }
            }
            if self.commit(&mut ends).await? {
                if self.shown.elapsed() >= SHOW_EVERY {
                    self.show();
                    stale = false;
                } else if !stale {
                    stale = true;
                    show.as_mut().reset(tokio::time::Instant::from_std(self.shown + SHOW_EVERY));
                }
            }
            if !stale {
                self.lanes.tell();
            }
        }
        self.pending.flush(&mut self.engine);
        self.commit(&mut ends).await?;
        self.show();
        Ok(())
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
        self.audit.take(&records, self.engine.world());
        self.pending.take(records, &self.engine);
    }

    fn tick(&mut self) -> Result<(), StoreError> {
        let now = self.now();
        for monitor in self.lanes.give_up() {
            tracing::warn!(%monitor, "nothing came of what it is still reading; the rest goes on without it: see whether its files can be read");
        }
        self.take_waiting(now)?;
        if !self.lanes.are_behind() {
            let Handled { records, .. } = self.engine.advance(now.plus(-GRACE));
            self.keep(records);
        }
        self.pending.flush_when_due(&mut self.engine);
        if let Some(pruner) = &mut self.pruner
            && self.pending.is_empty()
            && !self.lanes.are_behind()
            && pruner.is_due()
        {
            match pruner.wants_flush() {
                true => self.pending.flush(&mut self.engine),
                false => pruner.cut(&mut *self.store, self.engine.world(), now),
            }
        }
        Ok(())
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

    fn news(&mut self, news: News) -> Result<(), StoreError> {
        let now = self.now();
        match news {
            News::Paper { about, paper } if about.is_empty() => self.paper(&about, &paper, now)?,
            news => self.lanes.push(news, now),
        }
        self.take_waiting(now)
    }

    fn take_waiting(&mut self, now: Timestamp) -> Result<(), StoreError> {
        while let Some(next) = self.lanes.pull() {
            match next {
                Next::Input(at, input) => {
                    let Handled { records, .. } = self.engine.handle(at, input);
                    self.keep(records);
                }
                Next::Cursor(monitor, cursor) => self.pending.cursor(format!("log/{monitor}"), cursor),
                Next::Paper(about, paper) => self.paper(&about, &paper, now)?,
                Next::Snapshot(monitor, file) => self.snapshot(&monitor, file, now),
            }
        }
        Ok(())
    }

    fn paper(&mut self, about: &Text, paper: &Paper, now: Timestamp) -> Result<(), StoreError> {
        if !self.engine.world().documents_in_force().contains(&paper.hash) {
            paper.put(&mut *self.store, &mut self.engine)?;
        }
        let Handled { records, .. } = self.engine.handle(self.present(now), paper.input(about));
        self.keep(records);
        self.engine.forget_documents();
        Ok(())
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

    /// Commits what is pending, however long that takes; meanwhile everybody who asks is told that nothing is stored.
    async fn commit(&mut self, ends: &mut Ends) -> Result<bool, StoreError> {
        if self.pending.is_empty() {
            return Ok(false);
        }
        self.pending.flush_when_full(&mut self.engine);
        let begun = Instant::now();
        let mut stopping = false;
        loop {
            match self.store.append(self.pending.batch()) {
                Ok(seq) => {
                    if self.not_stored.take().is_some() {
                        tracing::info!(seq, "storing again");
                    }
                    self.metrics.committed(self.pending.len(), begun.elapsed());
                    self.pending.committed(seq);
                    return Ok(true);
                }
                Err(error) if error.may_pass() => {
                    self.tell_not_stored(&error);
                    if stopping {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
            let reason = self.not_stored.clone();
            let pause = tokio::time::sleep(AGAIN);
            tokio::pin!(pause);
            loop {
                tokio::select! {
                    () = &mut pause => break,
                    Some(asked) = ends.outlet.commands.recv() => refuse(asked.answer, reason.as_ref()),
                    Some(o) = ends.outlet.observations.recv() => refuse(o.answer, reason.as_ref()),
                    _ = &mut ends.stop, if !stopping => stopping = true,
                }
            }
        }
    }

    fn tell_not_stored(&mut self, error: &StoreError) {
        let reason: Text = error.to_string().into();
        let since = match &self.not_stored {
            Some(n) => n.since,
            None => {
                tracing::error!("nothing can be stored: {error}");
                self.clock.now().at
            }
        };
        self.not_stored = Some(NotStored { since, reason });
        self.pending.refuse_waiting(self.not_stored.as_ref());
        // The picture stays that of the last commit; only the warning on it is new.
        let not_stored = self.not_stored.clone();
        self.view.send_modify(|view| Arc::make_mut(view).not_stored = not_stored);
    }

    fn show(&mut self) {
        let view = View::of(self.engine.world());
        self.view.send_replace(Arc::new(view));
        if let Some(audited) = &self.audited {
            let (from, to) = (self.begun, self.engine.world().at);
            audited.send_replace(Some(Arc::new(AuditReport::of(self.audit.report(), from, to))));
        }
        self.shown = Instant::now();
    }
}

fn refuse(answer: oneshot::Sender<Answer>, why: Option<&NotStored>) {
    if let Some(why) = why {
        // Whoever asked may have gone; then nobody needs the answer.
        let _ = answer.send(Answer::NotStored { since: why.since, reason: why.reason.clone() });
    }
}
