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
///
/// An alarm that flaps moves its timers with each of its states, mostly to later. So what stands in the queue for one of
/// them may be earlier than it falls due: when it comes to the front, it is put where it belongs. The first one is always
/// true.
#[derive(Clone, Default)]
pub struct Timers {
    queue: BTreeSet<(Timestamp, Timer)>,
    /// When the first in the queue falls due: asked for with every input.
    first: Option<Timestamp>,
    alarms: Map<AlarmId, Slot>,
    /// [`Timer::Return`] and [`Timer::Settle`].
    objects: Map<Timer, Timestamp>,
}

/// The timers of one alarm, and where they stand in the queue.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    due: AlarmTimers,
    /// `None`: not there; never later than it is due.
    queued: AlarmTimers,
}

/// The kinds of timers that an alarm has, each with its name and its place.
type Kind = (fn(AlarmId) -> Timer, fn(&mut AlarmTimers) -> &mut Option<Timestamp>);

const KINDS: [Kind; 4] = [
    (Timer::Aged, |t| &mut t.aged),
    (Timer::DowntimeEdge, |t| &mut t.downtime_edge),
    (Timer::StableOk, |t| &mut t.stable_ok),
    (Timer::MonitoringOff, |t| &mut t.monitoring_off),
];

impl Timer {
    /// The alarm that it belongs to, and which of its timers it is.
    fn of_alarm(&self) -> Option<(&AlarmId, &'static Kind)> {
        let [aged, downtime_edge, stable_ok, monitoring_off] = &KINDS;
        match self {
            Timer::Aged(id) => Some((id, aged)),
            Timer::DowntimeEdge(id) => Some((id, downtime_edge)),
            Timer::StableOk(id) => Some((id, stable_ok)),
            Timer::MonitoringOff(id) => Some((id, monitoring_off)),
            Timer::Return(_) | Timer::Settle(_) => None,
        }
    }
}

/// In the order in which they fall due, whatever the order they were set in.
impl std::fmt::Debug for Timers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut due: BTreeSet<(Timestamp, Timer)> = self.objects.iter().map(|(t, at)| (*at, t.clone())).collect();
        for (id, slot) in &self.alarms {
            let mut timers = slot.due;
            due.extend(KINDS.iter().filter_map(|(timer, at)| Some(((*at(&mut timers))?, timer(id.clone())))));
        }
        f.debug_struct("Timers").field("due", &due).finish()
    }
}

impl Timers {
    /// Sets the timer of an object, or stops it with `None`.
    pub fn set(&mut self, timer: Timer, at: Option<Timestamp>) {
        if let Some(old) = self.objects.get(&timer).copied() {
            if Some(old) == at {
                return;
            }
            self.queue.remove(&(old, timer.clone()));
        }
        match at {
            Some(at) => {
                self.queue.insert((at, timer.clone()));
                self.objects.insert(timer, at);
            }
            None => {
                self.objects.swap_remove(&timer);
            }
        }
        self.make_first_true();
    }

    /// Whether any timer of an object is set.
    pub fn any_of_objects(&self) -> bool {
        !self.objects.is_empty()
    }

    /// Sets all timers of an alarm. An edge of a downtime that is due at `passed` and has not had its turn yet (several
    /// alarms may share it) stays.
    pub fn set_alarm(&mut self, id: &AlarmId, mut timers: AlarmTimers, passed: Timestamp) {
        let slot = match self.alarms.get_mut(id) {
            Some(slot) => slot,
            None if timers == AlarmTimers::default() => return,
            None => self.alarms.entry(id.clone()).or_default(),
        };
        if let Some(edge) = slot.due.downtime_edge.filter(|edge| *edge <= passed) {
            timers.downtime_edge = Some(edge);
        }
        if slot.due == timers {
            return;
        }
        slot.due = timers;
        let mut wanted = timers;
        for (timer, at) in &KINDS {
            let queued = at(&mut slot.queued);
            // Stopped, or moved to later: what stands there is seen to when its time has come.
            let Some(due) = *at(&mut wanted) else { continue };
            if queued.is_some_and(|queued| queued <= due) {
                continue;
            }
            if let Some(old) = queued.replace(due) {
                self.queue.remove(&(old, timer(id.clone())));
            }
            self.queue.insert((due, timer(id.clone())));
        }
        // No other alarm's can have come to stand there wrongly.
        if self.queue.first().is_some_and(|(_, first)| first.of_alarm().is_some_and(|(first, _)| first == id)) {
            self.make_first_true();
        }
    }

    /// Stops all timers of an alarm.
    pub fn stop(&mut self, id: &AlarmId) {
        self.set_alarm(id, AlarmTimers::default(), Timestamp(i64::MIN));
    }

    /// The smallest due time.
    #[inline]
    pub fn next(&self) -> Option<Timestamp> {
        self.first
    }

    /// Takes the first timer that is due at `at` or before, with its due time.
    pub fn pop(&mut self, at: Timestamp) -> Option<(Timestamp, Timer)> {
        if self.next()? > at {
            return None;
        }
        let (due, timer) = self.queue.pop_first()?;
        match timer.of_alarm() {
            Some((id, (_, place))) => {
                if let Some(slot) = self.alarms.get_mut(id) {
                    *place(&mut slot.due) = None;
                    *place(&mut slot.queued) = None;
                    if slot.due == AlarmTimers::default() && slot.queued == AlarmTimers::default() {
                        self.alarms.swap_remove(id);
                    }
                }
            }
            None => {
                self.objects.swap_remove(&timer);
            }
        }
        self.make_first_true();
        Some((due, timer))
    }

    /// Puts what stands first and is not due then where it belongs, until what stands first is due then.
    fn make_first_true(&mut self) {
        while self.put_first_where_it_belongs() {}
        self.first = self.queue.first().map(|(at, _)| *at);
    }

    /// Gives back whether something else may stand first now.
    fn put_first_where_it_belongs(&mut self) -> bool {
        let Some((at, timer)) = self.queue.first() else { return false };
        let Some((id, (_, place))) = timer.of_alarm() else { return false };
        let Some(slot) = self.alarms.get_mut(id) else { return false };
        let due = *place(&mut slot.due);
        if due == Some(*at) {
            return false;
        }
        *place(&mut slot.queued) = due;
        let forgotten = slot.due == AlarmTimers::default() && slot.queued == AlarmTimers::default();
        if forgotten {
            self.alarms.swap_remove(id);
        }
        if let Some((_, timer)) = self.queue.pop_first()
            && let Some(due) = due
        {
            self.queue.insert((due, timer));
        }
        true
    }

    /// How many are set.
    pub fn len(&self) -> usize {
        let of = |slot: &Slot| {
            let mut timers = slot.due;
            KINDS.iter().filter(|(_, at)| at(&mut timers).is_some()).count()
        };
        self.objects.len() + self.alarms.values().map(of).sum::<usize>()
    }

    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Clone, Debug)]
    enum Step {
        Alarm(u8, [Option<i64>; 4]),
        Stop(u8),
        Object(u8, Option<i64>),
        Pop(i64),
    }

    fn step() -> impl Strategy<Value = Step> {
        let at = || prop::option::of(0i64..40);
        prop_oneof![
            4 => (0u8..4, [at(), at(), at(), at()]).prop_map(|(id, at)| Step::Alarm(id, at)),
            1 => (0u8..4).prop_map(Step::Stop),
            2 => (0u8..3, at()).prop_map(|(key, at)| Step::Object(key, at)),
            2 => (0i64..40).prop_map(Step::Pop),
        ]
    }

    fn due(at: [Option<i64>; 4]) -> AlarmTimers {
        let [aged, downtime_edge, stable_ok, monitoring_off] = at.map(|at| at.map(Timestamp));
        AlarmTimers { aged, downtime_edge, stable_ok, monitoring_off }
    }

    proptest! {
        /// Against a plain list of what is due when.
        #[test]
        fn timers_fall_due_in_order_however_often_they_were_moved(steps in prop::collection::vec(step(), 0..60)) {
            let mut timers = Timers::default();
            let mut model: BTreeMap<Timer, Timestamp> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Alarm(id, at) => {
                        let id: AlarmId = id.to_string().into();
                        let mut due = due(at);
                        timers.set_alarm(&id, due, Timestamp(-1));
                        for (timer, place) in &KINDS {
                            match *place(&mut due) {
                                Some(at) => model.insert(timer(id.clone()), at),
                                None => model.remove(&timer(id.clone())),
                            };
                        }
                    }
                    Step::Stop(id) => {
                        let id: AlarmId = id.to_string().into();
                        timers.stop(&id);
                        model.retain(|timer, _| timer.of_alarm().is_none_or(|(of, _)| *of != id));
                    }
                    Step::Object(key, at) => {
                        let key = Key { group: "g".into(), host: key.to_string().into(), service: None };
                        timers.set(Timer::Return(key.clone()), at.map(Timestamp));
                        match at {
                            Some(at) => model.insert(Timer::Return(key), Timestamp(at)),
                            None => model.remove(&Timer::Return(key)),
                        };
                    }
                    Step::Pop(at) => {
                        let first = model.iter().map(|(timer, at)| (*at, timer.clone())).min();
                        let first = first.filter(|(due, _)| due.0 <= at);
                        if let Some((_, timer)) = &first {
                            model.remove(timer);
                        }
                        prop_assert_eq!(timers.pop(Timestamp(at)), first);
                    }
                }
                prop_assert_eq!(timers.next(), model.values().copied().min());
                prop_assert_eq!(timers.len(), model.len());
            }
        }
    }

    #[test]
    fn an_edge_that_is_due_keeps_its_turn() {
        let mut timers = Timers::default();
        let id: AlarmId = "a".into();
        timers.set_alarm(&id, due([None, Some(10), None, None]), Timestamp(0));
        timers.set_alarm(&id, due([None, Some(20), None, None]), Timestamp(10));
        assert_eq!(timers.next(), Some(Timestamp(10)));
        timers.set_alarm(&id, due([None, Some(20), None, None]), Timestamp(9));
        assert_eq!(timers.next(), Some(Timestamp(20)), "it was not due yet");
    }
}
