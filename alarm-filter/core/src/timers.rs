//! Timers as data: what falls due and when. Derived from the world; never stored.

use crate::alarm::AlarmId;
use crate::time::Timestamp;
use crate::watch::Key;
use crate::world::Map;
use std::collections::BTreeSet;

/// What can fall due.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Timer {
    /// The alarm becomes 24 h old.
    Aged(AlarmId),
    /// A downtime of the topology begins or ends for the alarm.
    DowntimeEdge(AlarmId),
    /// The alarm's OK becomes stable.
    StableOk(AlarmId),
    /// Monitoring has been off for the alarm's service for long.
    MonitoringOff(AlarmId),
    /// A switched-off alarm returns by its date.
    Return(Key),
    /// A held service is raised as not settled.
    Settle(Key),
}

/// The timers that are set.
#[derive(Clone, Default)]
pub struct Timers {
    due: BTreeSet<(Timestamp, Timer)>,
    armed: Map<Timer, Timestamp>,
}

/// In the order of the timers, whatever the order they were set in.
impl std::fmt::Debug for Timers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let armed: std::collections::BTreeMap<_, _> = self.armed.iter().collect();
        f.debug_struct("Timers").field("armed", &armed).finish()
    }
}

impl Timers {
    /// Sets a timer, or stops it with `None`.
    pub fn set(&mut self, timer: Timer, at: Option<Timestamp>) {
        if let Some(old) = self.armed.get(&timer).copied() {
            if Some(old) == at {
                return;
            }
            self.due.remove(&(old, timer.clone()));
        }
        match at {
            Some(at) => {
                self.due.insert((at, timer.clone()));
                self.armed.insert(timer, at);
            }
            None => {
                self.armed.swap_remove(&timer);
            }
        }
    }

    /// When a timer is due, if it is set.
    pub fn at(&self, timer: &Timer) -> Option<Timestamp> {
        self.armed.get(timer).copied()
    }

    /// The smallest due time.
    pub fn next(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes the first timer that is due at `at` or before, with its due time.
    pub fn pop(&mut self, at: Timestamp) -> Option<(Timestamp, Timer)> {
        let first = self.due.first()?;
        if first.0 > at {
            return None;
        }
        let (due, timer) = self.due.pop_first()?;
        self.armed.swap_remove(&timer);
        Some((due, timer))
    }

    /// How many are set.
    pub fn len(&self) -> usize {
        self.due.len()
    }

    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.due.is_empty()
    }
}
