//! Where results go that no monitor asked for: Nagios' spool of check results, its command pipe, Icinga's API. [`Sink`] is
//! all that the one who has results needs to know; start reading in [`spool`], which is the one to prefer beside Nagios: it takes
//! many results at once, of any length, and keeps them while Nagios is down.

pub mod icinga;
pub mod known;
pub mod pipe;
pub mod place;
pub mod record;
pub mod spool;

pub use record::PassiveResult;

/// What waits in a spool has at most so many bytes where nothing else is said.
pub const ROOM: u64 = 1 << 30;

/// Takes passive results to one monitor.
pub trait Sink {
    /// Hands results in. What the monitor does not know, or does not take, is said in the answer and is no error.
    ///
    /// # Errors
    /// One line: nothing could be handed in, where, and what to do.
    fn submit(&mut self, results: &[PassiveResult]) -> Result<Delivery, String>;
}

/// What became of results.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Delivery {
    /// So many are with the monitor, or where it looks.
    pub delivered: usize,
    /// Those of hosts and services that it does not have, as `host;service`. Not delivered.
    pub unknown: Vec<String>,
    /// Those that it did not take, with the reason. Not delivered.
    pub failed: Vec<(String, String)>,
    /// What else an administrator should know, a line each: what was shortened, or left out for lack of room.
    pub notes: Vec<String>,
}

impl Delivery {
    /// Adds another one to it.
    pub fn add(&mut self, other: Delivery) {
        self.delivered += other.delivered;
        self.unknown.extend(other.unknown);
        self.failed.extend(other.failed);
        self.notes.extend(other.notes);
    }
}
