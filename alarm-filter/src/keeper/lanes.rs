//! What sources hand in, in the order in which it happened: while monitors read what happened before, the oldest line of
//! all of them comes first, whoever read it first. So a start decides what a filter that was there all along decided.
//!
//! A monitor whose lane is empty while it still reads is waited for, but not for ever.

use super::documents::Paper;
use super::news::{News, StatusFile};
use crate::source::room::Place;
use alarm_core::input::{Input, Text};
use alarm_core::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a monitor that still reads may say nothing before the rest goes on without it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The monitors whose past is not yet in the view: `/ready` names them.
pub type Behind = Arc<Mutex<BTreeSet<Text>>>;

/// See the module.
pub struct Lanes {
    /// The monitors that still read what happened before; timers wait for them.
    behind: BTreeSet<Text>,
    told: Behind,
    /// Of these more is to come.
    awaited: BTreeSet<Text>,
    lanes: BTreeMap<Text, VecDeque<Waiting>>,
    heard: Instant,
}

/// What is next.
#[derive(Debug)]
pub enum Next {
    /// An input, to be decided as of then.
    Input(Timestamp, Input),
    /// All inputs before this cursor of the monitor's log were given out.
    Cursor(Text, String),
    /// A monitor's configuration.
    Paper(Text, Paper),
    /// A monitor's status.dat.
    Snapshot(Text, StatusFile),
}

enum Waiting {
    Input(Timestamp, Input),
    /// Its place is free once this is given out.
    End {
        cursor: Option<String>,
        caught_up: bool,
        place: Option<Place>,
    },
    Paper(Paper),
    Snapshot(Timestamp, StatusFile),
}

impl Waiting {
    /// When it happened; what stands for no moment goes with what is before it in its lane.
    fn at(&self) -> Timestamp {
        match self {
            Waiting::Input(at, _) | Waiting::Snapshot(at, _) => *at,
            Waiting::End { .. } | Waiting::Paper(_) => Timestamp(i64::MIN),
        }
    }
}

impl Lanes {
    /// Empty, and all of `behind` are waited for.
    pub fn new(told: Behind) -> Self {
        let behind = lock(&told).clone();
        Lanes { awaited: behind.clone(), behind, told, lanes: BTreeMap::new(), heard: Instant::now() }
    }

    /// Whether anybody still reads what happened before.
    pub fn are_behind(&self) -> bool {
        !self.behind.is_empty()
    }

    /// Who still reads what happened before.
    pub fn behind(&self) -> &BTreeSet<Text> {
        &self.behind
    }

    /// Says who was behind when all that is shown now was given out; `None`: all that was given out is shown.
    pub fn tell(&self, behind: Option<BTreeSet<Text>>) {
        let mut told = lock(&self.told);
        let behind = behind.as_ref().unwrap_or(&self.behind);
        if *told != *behind {
            told.clone_from(behind);
        }
    }

    /// Takes in news of a monitor, which came at `now`.
    pub fn push(&mut self, news: News, now: Timestamp) {
        self.heard = Instant::now();
        match news {
            News::Inputs { monitor, inputs, cursor, caught_up, place } => {
                if caught_up {
                    self.awaited.remove(&monitor);
                } else {
                    self.awaited.insert(monitor.clone());
                    self.behind.insert(monitor.clone());
                }
                let lane = self.lanes.entry(monitor).or_default();
                lane.extend(inputs.into_iter().map(|i| Waiting::Input(time_of(&i, now), i)));
                lane.push_back(Waiting::End { cursor, caught_up, place });
            }
            News::Paper { about, paper } => self.lanes.entry(about).or_default().push_back(Waiting::Paper(paper)),
            News::Snapshot { monitor, file } => {
                self.lanes.entry(monitor).or_default().push_back(Waiting::Snapshot(now, file));
            }
        }
    }

    /// What is next; `None`: nothing, or somebody has to be waited for.
    pub fn pull(&mut self) -> Option<Next> {
        loop {
            if self.awaited.iter().any(|m| self.lanes.get(m).is_none_or(VecDeque::is_empty)) {
                return None;
            }
            let heads = self.lanes.iter().filter_map(|(name, lane)| Some((lane.front()?.at(), name)));
            let name = heads.min()?.1.clone();
            match self.lanes.get_mut(&name)?.pop_front()? {
                Waiting::Input(at, input) => return Some(Next::Input(at, input)),
                Waiting::Paper(paper) => return Some(Next::Paper(name, paper)),
                Waiting::Snapshot(_, file) => return Some(Next::Snapshot(name, file)),
                Waiting::End { cursor, caught_up, place } => {
                    drop(place);
                    if caught_up {
                        self.behind.remove(&name);
                    }
                    if let Some(cursor) = cursor {
                        return Some(Next::Cursor(name, cursor));
                    }
                }
            }
        }
    }

    /// Monitors that were waited for long enough: the rest goes on without them.
    pub fn give_up(&mut self) -> Vec<Text> {
        if self.awaited.is_empty() || self.heard.elapsed() < PATIENCE {
            return Vec::new();
        }
        let empty = |m: &Text| self.lanes.get(m).is_none_or(VecDeque::is_empty);
        let late: Vec<Text> = self.awaited.iter().filter(|m| empty(m)).cloned().collect();
        for monitor in &late {
            self.awaited.remove(monitor);
            self.behind.remove(monitor);
        }
        late
    }
}

/// What the monitor says happened then is decided as of then; only what is said to lie in the future is not believed.
pub fn time_of(input: &Input, now: Timestamp) -> Timestamp {
    match input {
        Input::Observation(o) => o.since.min(now),
        Input::MonitorStarted { since, .. } | Input::MonitorStopped { since, .. } => (*since).min(now),
        _ => now,
    }
}

fn lock(behind: &Behind) -> std::sync::MutexGuard<'_, BTreeSet<Text>> {
    behind.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::room::Room;

    fn started(monitor: &str, secs: i64) -> Input {
        Input::MonitorStarted { monitor: monitor.into(), since: Timestamp::from_secs(secs) }
    }

    fn inputs(monitor: &str, secs: &[i64], caught_up: bool) -> News {
        let inputs = secs.iter().map(|s| started(monitor, *s)).collect();
        News::Inputs { monitor: monitor.into(), inputs, cursor: None, caught_up, place: None }
    }

    fn lanes(monitors: &[&str]) -> Lanes {
        Lanes::new(Arc::new(Mutex::new(monitors.iter().map(|m| Text::from(*m)).collect())))
    }

    fn times(lanes: &mut Lanes) -> Vec<i64> {
        std::iter::from_fn(|| lanes.pull())
            .filter_map(|n| if let Next::Input(at, _) = n { Some(at.secs()) } else { None })
            .collect()
    }

    #[test]
    fn the_oldest_line_of_all_monitors_comes_first() {
        let now = Timestamp::from_secs(100);
        let mut lanes = lanes(&["a", "b"]);
        lanes.push(inputs("a", &[1, 5, 9], false), now);
        assert!(lanes.pull().is_none(), "b may have older ones");
        lanes.push(inputs("b", &[2, 3], false), now);
        assert_eq!(times(&mut lanes), [1, 2, 3], "b may have one before 5");
        lanes.push(inputs("b", &[7], true), now);
        assert_eq!(times(&mut lanes), [5, 7, 9]);
        lanes.push(inputs("a", &[], true), now);
        assert!(times(&mut lanes).is_empty() && !lanes.are_behind());
        lanes.push(inputs("a", &[11], true), now);
        assert_eq!(times(&mut lanes), [11], "live: at once");
    }

    #[test]
    fn nothing_is_believed_to_lie_in_the_future() {
        let mut lanes = lanes(&[]);
        lanes.push(inputs("a", &[500], true), Timestamp::from_secs(100));
        assert_eq!(times(&mut lanes), [100]);
    }

    #[test]
    fn who_says_nothing_for_long_is_no_longer_waited_for() {
        let mut lanes = lanes(&["a", "b"]);
        lanes.push(inputs("a", &[1], false), Timestamp::from_secs(100));
        assert!(lanes.give_up().is_empty(), "not at once");
        lanes.heard -= PATIENCE;
        assert_eq!(lanes.give_up(), ["b".into()]);
        assert_eq!(times(&mut lanes), [1]);
        assert!(lanes.are_behind(), "a is still at it");
    }

    #[test]
    fn a_place_is_free_again_when_its_piece_was_given_out() {
        let room = Room::new(1);
        let place = room.take(&|| false);
        assert!(place.is_some() && room.take(&|| true).is_none(), "one place only");
        let mut lanes = lanes(&[]);
        let news = News::Inputs { monitor: "a".into(), inputs: Vec::new(), cursor: None, caught_up: true, place };
        lanes.push(news, Timestamp::default());
        assert!(lanes.pull().is_none());
        assert!(room.take(&|| true).is_some());
    }
}
