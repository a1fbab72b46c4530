//! The last 24 hours of an alarm in 24 slots: the worst hard state of each hour, by colour and by height.

use alarm_core::alarm::Alarm;
use alarm_core::state::State;
use alarm_core::time::{HOUR, Timestamp};
use std::fmt::Write;

/// How many hours.
const SLOTS: usize = 24;

/// A strip, ready to be drawn.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(in crate::web) struct Strip {
    /// One path a colour: its class, and where it goes.
    pub(in crate::web) paths: Vec<(&'static str, String)>,
    /// The same in words.
    pub(in crate::web) words: String,
}

/// The worst state of each slot, the oldest first; `None`: the alarm's history does not reach back to it. The last slot is
/// the hour that goes on, so that a strip stays as it is until the next hour.
fn slots(alarm: &Alarm, now: Timestamp) -> [Option<State>; SLOTS] {
    let begin = |i: usize| Timestamp((now.0.div_euclid(HOUR) + 1 - (SLOTS - i) as i64) * HOUR);
    let mut out = [None; SLOTS];
    let mut changes = alarm.history.iter().peekable();
    let mut state: Option<State> = None;
    for (i, slot) in out.iter_mut().enumerate() {
        while let Some(c) = changes.next_if(|c| c.at <= begin(i)) {
            state = Some(c.state);
        }
        *slot = state;
        while let Some(c) = changes.next_if(|c| c.at < begin(i + 1)) {
            state = Some(c.state);
            if slot.is_none_or(|s| c.state.badness() >= s.badness()) {
                *slot = state;
            }
        }
    }
    out
}

/// The strip of an alarm.
pub(in crate::web) fn strip(alarm: &Alarm, now: Timestamp) -> Strip {
    let slots = slots(alarm, now);
    let mut words = Vec::new();
    let mut paths = Vec::new();
    // Height, and where the middle of the line lies in a box that is 12 high.
    for (class, name, y) in [
        ("crit", "critical", "6"),
        ("unkn", "unknown", "7"),
        ("warn", "warning", "8.5"),
        ("ok", "OK", "10.5"),
        ("none", "not known", "11.5"),
    ] {
        let is = |s: &Option<State>| s.map_or("none", super::super::super::words::state_class) == class;
        let mut path = String::new();
        let mut hours = 0;
        let mut i = 0;
        while i < SLOTS {
            let run = slots[i..].iter().take_while(|s| is(s)).count();
            if run > 0 {
                // Writing into a String cannot fail.
                let _fits = write!(path, "M{i} {y}h{run}");
                hours += run;
            }
            i += run.max(1);
        }
        if hours > 0 {
            paths.push((class, path));
            words.push(format!("{name} {hours} h"));
        }
    }
    Strip { paths, words: words.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::super::super::super::samples::{NOW, sample_view};
    use super::*;
    use alarm_core::alarm::{Change, Told};
    use alarm_core::time::MINUTE;

    #[test]
    fn each_hour_shows_its_worst_state() {
        let view = sample_view(10);
        let mut alarm = (**view.alarms().next().unwrap()).clone();
        let change = |minutes: i64, state| Change {
            at: NOW.plus(-minutes * MINUTE),
            state,
            output: "".into(),
            told: Told::NotAsked,
        };
        // NOW is 12:00: the last slot begins then.
        alarm.history = vec![
            change(5 * 60 + 30, State::Critical),
            change(4 * 60 + 10, State::Ok),
            change(4 * 60 + 5, State::Warning),
            change(3 * 60, State::Ok),
        ];
        let s = slots(&alarm, NOW.plus(MINUTE));
        assert_eq!(s[..17], [None; 17]);
        assert_eq!(s[17], Some(State::Critical));
        assert_eq!(s[18], Some(State::Critical), "still so when the hour began");
        assert_eq!(s[19], Some(State::Warning));
        assert_eq!(s[20..], [Some(State::Ok); 4]);
        let drawn = strip(&alarm, NOW);
        assert_eq!(drawn.words, "critical 2 h, warning 1 h, OK 4 h, not known 17 h");
        assert_eq!(drawn.paths[0], ("crit", "M17 6h2".to_owned()));
        // Long ago: all of it is the present state.
        alarm.history = vec![change(60 * 24 * 9, State::Unknown)];
        assert_eq!(strip(&alarm, NOW).words, "unknown 24 h");
    }
}
