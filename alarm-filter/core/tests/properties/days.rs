//! Sums of days against counting hour by hour; and a kill at any moment changes nothing in them.

use alarm_core::days::{Days, monitor_key};
use alarm_core::document::Documents;
use alarm_core::event::{Event, Note, Seen};
use alarm_core::input::{SourceHealth, SourceState};
use alarm_core::state::State;
use alarm_core::time::{DAY, HOUR, Timestamp};
use alarm_core::watch::Key;
use alarm_core::world::World;
use proptest::prelude::*;
use std::collections::BTreeMap;

const START: Timestamp = Timestamp(20_000 * DAY + 5 * HOUR);
const STATES: [State; 4] = [State::Ok, State::Warning, State::Critical, State::Unknown];

/// What happens some hours after the one before.
#[derive(Clone, Copy, Debug)]
enum What {
    Seen(usize, State, bool),
    Health(bool),
    Gone(usize, bool),
    Flush,
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        6 => (0usize..3, prop::sample::select(&STATES[..]), prop::bool::weighted(0.8))
            .prop_map(|(n, s, hard)| What::Seen(n, s, hard)),
        1 => any::<bool>().prop_map(What::Health),
        1 => (0usize..3, any::<bool>()).prop_map(|(n, gone)| What::Gone(n, gone)),
        2 => Just(What::Flush),
    ]
}

fn story() -> impl Strategy<Value = Vec<(i64, What)>> {
    prop::collection::vec((0i64..40, what()), 1..40)
}

fn key(n: usize) -> Key {
    Key { group: "g".into(), host: "h".into(), service: Some(format!("s{n}").into()) }
}

fn event(since: Timestamp, what: What) -> Option<Event> {
    Some(match what {
        What::Seen(n, state, hard) => Event::Seen(Seen {
            key: key(n),
            monitor: "m".into(),
            state,
            hard,
            since,
            heard: since,
            held: false,
            attempt: 1,
            resets: false,
            softly_over: false,
            output: "".into(),
            long_output: "".into(),
            perf_data: "".into(),
            stands_for: None,
        }),
        What::Health(fresh) => {
            let health = if fresh { SourceHealth::Fresh } else { SourceHealth::Silent };
            Event::Source(SourceState { source: "m".into(), health, since, detail: "".into() })
        }
        What::Gone(n, gone) => Event::Noted { key: key(n), monitor: "m".into(), since, note: Note::Gone { gone } },
        What::Flush => return None,
    })
}

/// Sums by day, object and word. Days of nothing but OK are not told of, and a zero is nothing.
type Table = BTreeMap<(i32, i64), BTreeMap<&'static str, u32>>;

/// A store: rows and sums in one transaction, and the journal behind them.
#[derive(Default)]
struct Kept {
    rows: BTreeMap<String, Vec<u8>>,
    table: Table,
    tail: Vec<(Timestamp, Vec<Event>)>,
}

impl Kept {
    fn flush(&mut self, days: &mut Days, world: &World) {
        let written = days.take_changed(world);
        for sum in written.sums {
            self.table.entry((sum.day, sum.object)).or_default().insert(sum.standing.word(), sum.seconds);
        }
        for (name, value) in written.rows {
            match value {
                Some(value) => self.rows.insert(name, value.json().into_owned()),
                None => self.rows.remove(&name),
            };
        }
        self.tail.clear();
    }

    fn restart(&self, world: &World) -> Days {
        let mut days = Days::default();
        for (name, value) in &self.rows {
            days.load_row(name, value).unwrap();
        }
        for (at, events) in &self.tail {
            days.take(*at, events, world);
        }
        days
    }

    fn told(mut self) -> Table {
        self.table.values_mut().for_each(|day| day.retain(|_, seconds| *seconds > 0));
        self.table.retain(|_, day| day.keys().any(|word| !matches!(*word, "OK" | "UP")));
        self.table
    }
}

fn world() -> World {
    let mut world = World::default();
    world.apply(1, START, &Event::MonitorStarted { monitor: "m".into(), since: START }, &Documents::default());
    world
}

/// Plays a story; a kill before the steps at `kills`.
fn play(story: &[(i64, What)], kills: &[usize]) -> (Table, Timestamp) {
    let world = world();
    let (mut days, mut kept, mut at) = (Days::default(), Kept::default(), START);
    for (i, (hours, what)) in story.iter().enumerate() {
        if kills.contains(&i) {
            days = kept.restart(&world);
        }
        at = at.plus(hours * HOUR);
        match event(at, *what) {
            Some(event) => {
                days.take(at, std::slice::from_ref(&event), &world);
                kept.tail.push((at, vec![event]));
            }
            None => kept.flush(&mut days, &world),
        }
    }
    // A day that ends is told of to its end.
    let end = Timestamp((at.0.div_euclid(DAY) + 1) * DAY);
    days.take(end, &[], &world);
    kept.flush(&mut days, &world);
    (kept.told(), end)
}

/// The plain definition, hour by hour.
fn counted(story: &[(i64, What)], end: Timestamp) -> Table {
    let mut table = Table::new();
    let mut moments = Vec::new();
    let mut at = START;
    for (hours, what) in story {
        at = at.plus(hours * HOUR);
        moments.push((at, *what));
    }
    for n in 0..3 {
        let Some(first) =
            moments.iter().position(|(_, w)| matches!(w, What::Seen(m, ..) | What::Gone(m, true) if *m == n))
        else {
            continue;
        };
        let heard = moments.iter().find(|(_, w)| matches!(w, What::Seen(..) | What::Health(_))).map(|(at, _)| *at);
        let heard = heard.unwrap_or(moments[first].0).min(moments[first].0);
        let day = Timestamp(moments[first].0.0.div_euclid(DAY) * DAY);
        let mut hour = day.max(heard);
        while hour < end {
            let so_far = moments.iter().take_while(|(at, _)| *at <= hour).enumerate();
            let (mut state, mut gone, mut fresh) = (State::Ok, false, true);
            for (i, (_, what)) in so_far {
                match what {
                    What::Seen(m, s, hard) if *m == n => {
                        gone = false;
                        if *hard || *s == State::Ok {
                            state = *s;
                        }
                    }
                    What::Health(f) => fresh = *f,
                    What::Gone(m, g) if *m == n && i >= first => gone = *g,
                    _ => {}
                }
            }
            let word = match () {
                () if gone => "GONE",
                () if !fresh => "NOT-MONITORED",
                () => state.word(),
            };
            if word != "GONE" {
                let day = i32::try_from(hour.0.div_euclid(DAY)).unwrap();
                *table.entry((day, key(n).number())).or_default().entry(word).or_default() += 3600;
            }
            hour = hour.plus(HOUR);
        }
    }
    let own = monitor_key(&"m".into()).number();
    if let Some((first, _)) = moments.iter().find(|(_, w)| matches!(w, What::Health(_))) {
        let heard = moments.iter().find(|(_, w)| matches!(w, What::Seen(..) | What::Health(_))).map(|(at, _)| *at);
        let mut hour = Timestamp(first.0.div_euclid(DAY) * DAY).max(heard.unwrap());
        while hour < end {
            let healths = moments.iter().take_while(|(at, _)| *at <= hour);
            let fresh = healths.filter_map(|(_, w)| if let What::Health(f) = w { Some(*f) } else { None }).last();
            let day = i32::try_from(hour.0.div_euclid(DAY)).unwrap();
            let word = if fresh.unwrap_or(true) { "UP" } else { "NOT-MONITORED" };
            *table.entry((day, own)).or_default().entry(word).or_default() += 3600;
            hour = hour.plus(HOUR);
        }
    }
    table.retain(|_, day| day.keys().any(|word| !matches!(*word, "OK" | "UP")));
    table
}

proptest! {
    #[test]
    fn sums_of_days_are_what_counting_gives(story in story()) {
        let (table, end) = play(&story, &[]);
        // What was good for long has no strip of its own: then the monitor's silence stands with the monitor alone.
        let told = |table: Table| -> Table {
            let own = monitor_key(&"m".into()).number();
            let problem = |word: &&str| !matches!(*word, "OK" | "NOT-MONITORED");
            table.into_iter().filter(|((_, object), day)| *object == own || day.keys().any(problem)).collect()
        };
        prop_assert_eq!(told(table), told(counted(&story, end)));
    }

    #[test]
    fn a_kill_at_any_moment_changes_no_sum(story in story(), kills in prop::collection::vec(0usize..40, 1..6)) {
        prop_assert_eq!(play(&story, &kills).0, play(&story, &[]).0);
    }
}
