//! How the web (and anybody else in the process) hands something to the engine's thread, and waits for the answer that
//! comes after the commit. Two bounded queues: commands go first.

use alarm_core::alarm::AlarmId;
use alarm_core::command::{Command, Done, Outcome, Refusal};
use alarm_core::input::{Input, Text};
use alarm_core::time::Timestamp;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};

/// Handed in over HTTP: to be decided and stored as one, answered after the commit.
#[derive(Debug)]
pub struct Observations {
    /// The inputs, in order.
    pub inputs: Vec<Input>,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Answer>,
}

/// Something that somebody asked for.
#[derive(Debug)]
pub struct Asked {
    /// What.
    pub command: Command,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Answer>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It is stored; the view of this seq shows it.
    Stored {
        /// The seq.
        seq: u64,
        /// For a command: the alarms that it was carried out on.
        done: Vec<AlarmId>,
        /// For a command over several alarms: why not on the others.
        refused: Vec<Refusal>,
        /// For a command: the common cause or the note that it made.
        made: Option<Text>,
    },
    /// Nothing of it was carried out, and why.
    Refused(Vec<Refusal>),
    /// Nothing can be stored now: repeat it later.
    NotStored {
        /// Since when.
        since: Timestamp,
        /// Why, and what to do.
        reason: Text,
    },
}

impl Answer {
    /// Observations are stored.
    pub fn stored(seq: u64) -> Self {
        Answer::Stored { seq, done: Vec::new(), refused: Vec::new(), made: None }
    }
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Ok(Done { seq, alarms, refused, made }) => Answer::Stored { seq, done: alarms, refused, made },
            Err(why) => Answer::Refused(why),
        }
    }
}

/// The sending ends.
#[derive(Clone, Debug)]
pub struct Intake {
    /// Observations.
    pub observations: mpsc::Sender<Observations>,
    /// Commands.
    pub commands: mpsc::Sender<Asked>,
}

/// The receiving ends.
#[derive(Debug)]
pub struct Outlet {
    /// Observations.
    pub observations: mpsc::Receiver<Observations>,
    /// Commands.
    pub commands: mpsc::Receiver<Asked>,
}

/// Wakes a thread that is parked.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits in this thread for what comes next, not longer than until then; a runtime's timers know milliseconds only. Nothing
/// when nothing came or nobody can send.
pub fn recv_until<T>(from: &mut mpsc::Receiver<T>, until: Instant) -> Option<T> {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(came) = from.poll_recv(&mut context) {
            return came;
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        std::thread::park_timeout(left);
    }
}

/// How many requests may wait in each queue.
const WAITING: usize = 256;

/// A pair of ends.
pub fn channel() -> (Intake, Outlet) {
    let (observations, o) = mpsc::channel(WAITING);
    let (commands, c) = mpsc::channel(WAITING);
    (Intake { observations, commands }, Outlet { observations: o, commands: c })
}

/// Nobody answers: the engine's thread has ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the alarm filter is stopping; repeat the request when it runs again")]
pub struct Stopping;

impl Intake {
    /// Hands in observations and waits until they are stored.
    ///
    /// # Errors
    /// The engine's thread has ended.
    pub async fn observe(&self, inputs: Vec<Input>) -> Result<Answer, Stopping> {
        let (answer, wait) = oneshot::channel();
        self.observations.send(Observations { inputs, answer }).await.map_err(|_| Stopping)?;
        wait.await.map_err(|_| Stopping)
    }

    /// Asks for something and waits until it is stored, or refused.
    ///
    /// # Errors
    /// The engine's thread has ended.
    pub async fn ask(&self, command: Command) -> Result<Answer, Stopping> {
        let (answer, wait) = oneshot::channel();
        self.commands.send(Asked { command, answer }).await.map_err(|_| Stopping)?;
        wait.await.map_err(|_| Stopping)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_thread_waits_for_what_comes_and_not_for_ever() {
        let (to, mut from) = mpsc::channel(4);
        let far = || Instant::now() + Duration::from_secs(60);
        let sender = std::thread::spawn(move || {
            to.blocking_send(1).unwrap();
            to.blocking_send(2).unwrap();
            to
        });
        assert_eq!((recv_until(&mut from, far()), recv_until(&mut from, far())), (Some(1), Some(2)));
        let to = sender.join().unwrap();
        let until = Instant::now() + Duration::from_millis(5);
        assert_eq!(recv_until(&mut from, until), None::<i32>);
        assert!(Instant::now() >= until);
        // What waits already is taken, however late it is.
        to.try_send(3).unwrap();
        assert_eq!(recv_until(&mut from, until), Some(3));
        drop(to);
        assert_eq!(recv_until(&mut from, far()), None);
    }
}
