//! The threads that run probes. There are as many as are needed, up to a limit. One whose probe hangs beyond its time is given
//! up: the order is answered, and another thread takes its place. When too many were given up the pool ends itself, and begins anew.

use super::fair::Fair;
use super::ours::Ours;
use super::run::{Plan, by_shell, plan, target};
use crate::resident::wire::{Done, Order};
use crate::resident::worker_protocol::Outcome;
use nix::sys::socket::{MsgFlags, send};
use plugin::{Answer, Context, Ready};
use std::collections::HashMap;
use std::os::fd::{AsRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// So many threads are kept, however little there is to do.
const KEPT: usize = 4;
/// So many are added at a time, when all are at work for this long.
const ADDED: usize = 8;
const BUSY: Duration = Duration::from_millis(20);
/// One that had nothing to do for so long ends.
const IDLE: Duration = Duration::from_secs(30);
/// An answer is there so long before whoever waits for it gives up.
const MARGIN: Duration = Duration::from_millis(300);
/// What a probe may need on its stack.
const STACK: usize = 4 << 20;

/// How much may happen at a time.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Threads, those that were given up not counted.
    pub threads: usize,
    /// Runs that ask the same target.
    pub share: usize,
    /// Threads that were given up.
    pub given_up: usize,
}

/// The threads and what they share.
#[derive(Debug)]
pub struct Workers {
    limits: Limits,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    work: Condvar,
    ours: Ours,
    front: Arc<OwnedFd>,
}

#[derive(Debug)]
struct State {
    waiting: Fair<Job>,
    running: HashMap<u64, Running>,
    threads: usize,
    idle: usize,
    given_up: usize,
    all_at_work_since: Option<Instant>,
}

#[derive(Debug)]
struct Job {
    order: Order,
    arrived: Instant,
}

/// What is known of a run, for the one who gives it up.
#[derive(Debug)]
struct Running {
    stop: Instant,
    begun: SystemTime,
    target: Vec<u8>,
    run: Option<(Arc<Ready>, Context)>,
}

impl Workers {
    /// No thread yet.
    pub fn new(limits: Limits, front: Arc<OwnedFd>) -> Workers {
        let state = State {
            waiting: Fair::new(limits.share),
            running: HashMap::new(),
            threads: 0,
            idle: 0,
            given_up: 0,
            all_at_work_since: None,
        };
        let shared = Shared { state: Mutex::new(state), work: Condvar::new(), ours: Ours::default(), front };
        Workers { limits, shared: Arc::new(shared) }
    }

    /// Takes an order in; a thread will run it.
    pub fn take_in(&self, order: Order) {
        let target = target(&order.command);
        let mut state = self.shared.lock();
        state.waiting.push(&target, Job { order, arrived: Instant::now() });
        drop(state);
        self.shared.work.notify_one();
    }

    /// Gives up what hangs and adds threads where they lack. Returns when it wants to be called again, at the latest.
    ///
    /// # Errors
    /// Too many threads were given up.
    pub fn tend(&self) -> Result<Duration, String> {
        let now = Instant::now();
        let mut state = self.shared.lock();
        let late: Vec<u64> = state.running.iter().filter(|(_, run)| run.stop <= now).map(|(id, _)| *id).collect();
        for id in late {
            let Some(run) = state.running.remove(&id) else { continue };
            state.waiting.ended(&run.target);
            state.given_up += 1;
            state.threads -= 1;
            let outcome = match run.run {
                Some((ready, context)) => said(ready.stopped(&context), run.begun),
                None => Outcome::timed_out(run.begun),
            };
            // Whoever cannot take it now answers for itself when the time is over.
            let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
            let _ = send(self.shared.front.as_raw_fd(), &Done { id, outcome }.encode(), flags);
        }
        if state.given_up > self.limits.given_up {
            return Err(format!("{} probes hang beyond their time, the pool begins anew", state.given_up));
        }
        self.add_threads(&mut state, now);
        let next_stop = state.running.values().map(|run| run.stop.saturating_duration_since(now)).min();
        let busy = if state.waiting.ready() { BUSY } else { IDLE };
        Ok(next_stop.unwrap_or(IDLE).min(busy))
    }

    fn add_threads(&self, state: &mut State, now: Instant) {
        if !state.waiting.ready() || state.idle > 0 {
            state.all_at_work_since = None;
            return;
        }
        let since = *state.all_at_work_since.get_or_insert(now);
        let wanted = match state.threads {
            few if few < KEPT => KEPT - few,
            _ if now.duration_since(since) >= BUSY => ADDED,
            _ => 0,
        };
        let wanted = wanted.min(state.waiting.len()).min(self.limits.threads.saturating_sub(state.threads));
        if wanted > 0 {
            state.all_at_work_since = Some(now);
        }
        for _ in 0..wanted {
            let shared = self.shared.clone();
            let thread = std::thread::Builder::new().name("probe".to_owned()).stack_size(STACK);
            // Where the system grants no more threads, there are those that are.
            if thread.spawn(move || shared.work()).is_ok() {
                state.threads += 1;
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread's life.
    fn work(&self) {
        while let Some((target, job)) = self.next_job() {
            let (id, begun) = (job.order.id, SystemTime::now());
            let outcome = catch_unwind(AssertUnwindSafe(|| self.run(&job, begun)));
            let mut state = self.lock();
            if state.running.remove(&id).is_none() {
                // It was given up meanwhile, and another one has its place.
                state.given_up -= 1;
                return;
            }
            state.waiting.ended(&target);
            let more = state.waiting.ready();
            drop(state);
            if more {
                self.work.notify_one();
            }
            let outcome = outcome.unwrap_or_else(|_| {
                let text =
                    "GRIDPROBE UNKNOWN: there is a fault in the probe; run it by hand and report what it prints\n";
                Outcome::exited(3, text.into(), begun)
            });
            // A front that is stopped is ended by the watchdog soon, which ends this wait.
            let _ = send(self.front.as_raw_fd(), &Done { id, outcome }.encode(), MsgFlags::MSG_NOSIGNAL);
        }
    }

    /// The next job whose time is not over, entered as running. Nothing: the thread may end.
    fn next_job(&self) -> Option<(Vec<u8>, Job)> {
        let mut state = self.lock();
        loop {
            if let Some((target, job)) = state.waiting.take() {
                let left = job.left();
                if left.is_zero() {
                    // The front has answered it.
                    state.waiting.ended(&target);
                    continue;
                }
                let running = Running {
                    stop: Instant::now() + left,
                    begun: SystemTime::now(),
                    target: target.clone(),
                    run: None,
                };
                state.running.insert(job.order.id, running);
                return Some((target, job));
            }
            state.idle += 1;
            let (woken, waited) = self.work.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if waited.timed_out() && !state.waiting.ready() && state.threads > KEPT {
                state.threads -= 1;
                return None;
            }
        }
    }

    fn run(&self, job: &Job, begun: SystemTime) -> Outcome {
        let ready = match plan(&job.order.command, &self.ours) {
            Plan::Here(ready) => Arc::new(ready),
            Plan::Said(answer) => return said(answer, begun),
            Plan::Shell => return by_shell(&job.order.command, job.left().saturating_sub(MARGIN)),
        };
        let left = job.left().saturating_sub(MARGIN);
        let context = ready.context_within(left);
        // As in a process of its own: between the run's own deadline and the one who would kill it.
        let margin = (ready.timeout() / 20).min(Duration::from_millis(500));
        let stop = Instant::now() + ready.timeout().saturating_sub(margin).min(left);
        if let Some(running) = self.lock().running.get_mut(&job.order.id) {
            running.stop = stop;
            running.run = Some((ready.clone(), context.clone()));
        }
        said(ready.run(&context), begun)
    }
}

impl Job {
    fn left(&self) -> Duration {
        self.order.left.saturating_sub(self.arrived.elapsed())
    }
}

fn said(answer: Answer, begun: SystemTime) -> Outcome {
    Outcome::exited(answer.code, answer.text.into_bytes(), begun)
}
