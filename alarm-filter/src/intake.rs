//! How the web (and anybody else in the process) hands something to the engine's thread, and waits for the answer that
//! comes after the commit. Two bounded queues: commands go first.

use alarm_core::alarm::AlarmId;
use alarm_core::command::{Command, Done, Outcome, Refusal};
use alarm_core::input::{Input, Text};
use alarm_core::time::Timestamp;
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
