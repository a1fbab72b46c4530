//! The alarms on the board: in the order of their ids for those who look at all, and found at once for those who ask for
//! one. An input asks for the same alarm a dozen times; a search by text through thousands for each was half of deciding.

use crate::alarm::{Alarm, AlarmId};
use crate::world::Map;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Alarms by id.
#[derive(Clone, Default)]
pub struct Board {
    /// In order: the place of each.
    order: BTreeMap<AlarmId, usize>,
    /// The same, to find one without comparing it with others.
    places: Map<AlarmId, usize>,
    /// What stands where; free places stand in `free`.
    seats: Vec<Seat>,
    free: Vec<usize>,
    /// Those that changed, came or went since that was last asked. One that went and came again may stand here twice.
    changed: Vec<AlarmId>,
    /// The place of the one that was asked for last; only a hint.
    last: Cell<usize>,
}

/// A place for an alarm.
#[derive(Clone, Default)]
struct Seat {
    alarm: Option<Arc<Alarm>>,
    /// It stands among those that changed.
    changed: bool,
}

impl Board {
    /// The place of an alarm. What is asked for twice in a row, under the same text, is found without hashing.
    fn place(&self, id: &str) -> Option<usize> {
        let last = self.last.get();
        if let Some(Seat { alarm: Some(alarm), .. }) = self.seats.get(last)
            && std::ptr::eq(&raw const *alarm.id, id)
        {
            return Some(last);
        }
        let place = *self.places.get(id)?;
        self.last.set(place);
        Some(place)
    }

    /// An alarm.
    pub fn get(&self, id: &str) -> Option<&Arc<Alarm>> {
        self.seats.get(self.place(id)?)?.alarm.as_ref()
    }

    /// The same, to be changed.
    pub fn change(&mut self, id: &str) -> Option<&mut Arc<Alarm>> {
        let place = self.place(id)?;
        let Seat { alarm, changed } = self.seats.get_mut(place)?;
        let alarm = alarm.as_mut()?;
        if !*changed {
            *changed = true;
            self.changed.push(alarm.id.clone());
        }
        Some(alarm)
    }

    /// Whether it is on the board.
    pub fn contains_key(&self, id: &str) -> bool {
        self.place(id).is_some()
    }

    /// Puts an alarm on the board, in the place of the one with the same id.
    pub fn insert(&mut self, id: AlarmId, alarm: Arc<Alarm>) {
        if let Some(there) = self.change(&id) {
            *there = alarm;
            return;
        }
        self.changed.push(id.clone());
        let seat = Seat { alarm: Some(alarm), changed: true };
        let place = match self.free.pop() {
            Some(place) => {
                self.seats[place] = seat;
                place
            }
            None => {
                self.seats.push(seat);
                self.seats.len() - 1
            }
        };
        self.places.insert(id.clone(), place);
        self.order.insert(id, place);
        self.last.set(place);
    }

    /// Takes an alarm off the board.
    pub fn remove(&mut self, id: &str) -> Option<Arc<Alarm>> {
        self.order.remove(id);
        let place = self.places.swap_remove(id)?;
        self.free.push(place);
        let Seat { alarm, changed } = std::mem::take(self.seats.get_mut(place)?);
        let alarm = alarm?;
        if !changed {
            self.changed.push(alarm.id.clone());
        }
        Some(alarm)
    }

    /// Those that changed, came or went since this was last asked.
    pub fn take_changed(&mut self) -> Vec<AlarmId> {
        let changed = std::mem::take(&mut self.changed);
        for id in &changed {
            if let Some(place) = self.place(id)
                && let Some(seat) = self.seats.get_mut(place)
            {
                seat.changed = false;
            }
        }
        changed
    }

    /// How many these are.
    pub fn changed(&self) -> usize {
        self.changed.len()
    }

    /// All ids, in order.
    pub fn keys(&self) -> impl Iterator<Item = &AlarmId> + Clone {
        self.order.keys()
    }

    /// All alarms, in the order of their ids.
    pub fn values(&self) -> impl Iterator<Item = &Arc<Alarm>> + Clone {
        self.order.values().filter_map(|place| self.seats.get(*place)?.alarm.as_ref())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

/// In the order of their ids, wherever they stand.
impl std::fmt::Debug for Board {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.keys().zip(self.values())).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarm::About;
    use crate::flag::FlagSet;
    use crate::state::State;
    use crate::time::Timestamp;
    use crate::watch::Key;
    use proptest::prelude::*;
    use std::collections::{BTreeMap as Model, BTreeSet};

    fn alarm(id: &AlarmId, version: u64) -> Arc<Alarm> {
        let at = Timestamp::default();
        Arc::new(Alarm {
            id: id.clone(),
            key: Key { group: "g".into(), host: "h".into(), service: None },
            about: About::default(),
            monitors: Vec::new(),
            state: State::Down,
            since: at,
            raised: at,
            episode_since: at,
            episodes: 1,
            failing: Vec::new(),
            failing_before: 0,
            aged: false,
            stable: false,
            refreshed: None,
            output: "".into(),
            long_output: "".into(),
            perf_data: "".into(),
            flags: Model::new(),
            episode_flags: FlagSet::default(),
            episode_states: Vec::new(),
            history: Vec::new(),
            turns: Vec::new(),
            masked_by: None,
            cause: None,
            unmonitored_since: None,
            unmonitored_reported: false,
            version,
            changed: version,
            touched: None,
            notes: Vec::new(),
            stood: Vec::new(),
        })
    }

    proptest! {
        #[test]
        fn a_board_is_a_map_in_order(steps in prop::collection::vec((0u8..4, 0u8..8), 0..80)) {
            let mut board = Board::default();
            let mut model: Model<AlarmId, u64> = Model::new();
            let mut changed = BTreeSet::new();
            for (n, (what, id)) in (0u64..).zip(steps) {
                let id: AlarmId = id.to_string().into();
                match what {
                    0 => {
                        board.insert(id.clone(), alarm(&id, n));
                        model.insert(id.clone(), n);
                        changed.insert(id.clone());
                    }
                    1 => {
                        changed.extend(model.contains_key(&id).then(|| id.clone()));
                        prop_assert_eq!(board.remove(&id).map(|a| a.version), model.remove(&id));
                    }
                    2 => {
                        if let Some(a) = board.change(&id) {
                            Arc::make_mut(a).version = n;
                        }
                        if let Some(version) = model.get_mut(&id) {
                            *version = n;
                            changed.insert(id.clone());
                        }
                    }
                    _ => {
                        let taken: BTreeSet<AlarmId> = board.take_changed().into_iter().collect();
                        prop_assert_eq!(taken, std::mem::take(&mut changed));
                        prop_assert_eq!(board.changed(), 0);
                    }
                }
                prop_assert_eq!(board.get(&id).map(|a| a.version), model.get(&id).copied());
                prop_assert_eq!(board.contains_key(&id), model.contains_key(&id));
                prop_assert_eq!((board.len(), board.is_empty()), (model.len(), model.is_empty()));
                prop_assert!(board.keys().eq(model.keys()));
                prop_assert!(board.values().map(|a| &a.version).eq(model.values()));
            }
        }
    }
}
