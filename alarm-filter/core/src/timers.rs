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

/// The timers of one alarm; `None`: not set.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct AlarmTimers {
    /// [`Timer::Aged`].
    pub aged: Option<Timestamp>,
    /// [`Timer::DowntimeEdge`].
    pub downtime_edge: Option<Timestamp>,
    /// [`Timer::StableOk`].
    pub stable_ok: Option<Timestamp>,
    /// [`Timer::MonitoringOff`].
    pub monitoring_off: Option<Timestamp>,
}

/// The timers that are set.
#[derive(Clone, Default)]
pub struct Timers {
    due: BTreeSet<(Timestamp, Timer)>,
    alarms: Map<AlarmId, AlarmTimers>,
    /// [`Timer::Return`] and [`Timer::Settle`].
    objects: Map<Timer, Timestamp>,
}

/// In the order in which they fall due, whatever the order they were set in.
impl std::fmt::Debug for Timers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Timers").field("due", &self.due).finish()
    }
}

impl Timers {
    /// Sets the timer of an object, or stops it with `None`.
    pub fn set(&mut self, timer: Timer, at: Option<Timestamp>) {
        if self.objects.is_empty() && at.is_none() {
            return;
        }
        if let Some(old) = self.objects.get(&timer).copied() {
            if Some(old) == at {
                return;
            }
            self.due.remove(&(old, timer.clone()));
        }
        match at {
            Some(at) => {
                self.due.insert((at, timer.clone()));
                self.objects.insert(timer, at);
            }
            None => {
                self.objects.swap_remove(&timer);
            }
        }
    }

    /// Sets all timers of an alarm.
    pub fn set_alarm(&mut self, id: &AlarmId, timers: AlarmTimers) {
        let old = self.of_alarm(id);
        if old == timers {
            return;
        }
        for (old, new, timer) in [
            (old.aged, timers.aged, Timer::Aged as fn(AlarmId) -> Timer),
            (old.downtime_edge, timers.downtime_edge, Timer::DowntimeEdge),
            (old.stable_ok, timers.stable_ok, Timer::StableOk),
            (old.monitoring_off, timers.monitoring_off, Timer::MonitoringOff),
        ] {
            if old == new {
                continue;
            }
            if let Some(old) = old {
                self.due.remove(&(old, timer(id.clone())));
            }
            if let Some(new) = new {
                self.due.insert((new, timer(id.clone())));
            }
        }
        if timers == AlarmTimers::default() {
            self.alarms.swap_remove(id);
        } else {
            self.alarms.insert(id.clone(), timers);
        }
    }

    /// The timers of an alarm.
    pub fn of_alarm(&self, id: &AlarmId) -> AlarmTimers {
        self.alarms.get(id).copied().unwrap_or_default()
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
        let mut of = |id: &AlarmId, stop: fn(&mut AlarmTimers)| {
            if let Some(timers) = self.alarms.get_mut(id) {
                stop(timers);
                if *timers == AlarmTimers::default() {
                    self.alarms.swap_remove(id);
                }
            }
        };
        match &timer {
            Timer::Aged(id) => of(id, |t| t.aged = None),
            Timer::DowntimeEdge(id) => of(id, |t| t.downtime_edge = None),
            Timer::StableOk(id) => of(id, |t| t.stable_ok = None),
            Timer::MonitoringOff(id) => of(id, |t| t.monitoring_off = None),
            Timer::Return(_) | Timer::Settle(_) => {
                self.objects.swap_remove(&timer);
            }
        }
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
