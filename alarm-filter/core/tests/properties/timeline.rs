//! The line of an object against counting second by second.

use alarm_core::input::Text;
use alarm_core::profile::Profile;
use alarm_core::state::State;
use alarm_core::time::{SECOND, Timestamp};
use alarm_core::timeline::{Fact, Health, Line, Member, Said, Status, Tree, Watchers, object_line};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A story of a hundred seconds; the line is asked for from the twentieth to the ninetieth.
const FROM: i64 = 20;
const TO: i64 = 90;
const STATES: [State; 4] = [State::Ok, State::Warning, State::Critical, State::Unknown];

fn at(second: i64) -> Timestamp {
    Timestamp(second * SECOND)
}

#[derive(Clone, Debug)]
struct Story {
    /// In the order of time: second, monitor, what.
    facts: Vec<(i64, usize, Said)>,
    /// The same for health.
    health: Vec<(i64, usize, bool)>,
    heard: [i64; 2],
    scheduled: (i64, i64),
}

fn story() -> impl Strategy<Value = Story> {
    let said = prop_oneof![
        8 => prop::sample::select(&STATES[..]).prop_map(Said::State),
        1 => Just(Said::Soft),
        1 => any::<bool>().prop_map(Said::Gone),
    ];
    let facts = prop::collection::vec((0i64..100, 0usize..2, said), 0..12);
    let health = prop::collection::vec((0i64..100, 0usize..2, any::<bool>()), 0..6);
    (facts, health, [0i64..40, 0i64..40], (0i64..100, 0i64..100)).prop_map(
        |(mut facts, mut health, heard, scheduled)| {
            facts.sort_by_key(|f| f.0);
            health.sort_by_key(|h| h.0);
            Story { facts, health, heard, scheduled }
        },
    )
}

fn name(monitor: usize) -> Text {
    ["a", "b"][monitor].into()
}

fn fact((second, monitor, said): &(i64, usize, Said)) -> Fact {
    Fact { monitor: name(*monitor), since: at(*second), said: *said }
}

fn line(story: &Story) -> Line {
    let facts: Vec<Fact> = story.facts.iter().map(fact).collect();
    let heard: BTreeMap<Text, Timestamp> = (0..2).map(|m| (name(m), at(story.heard[m]))).collect();
    let mut health: BTreeMap<Text, Health> = BTreeMap::new();
    for (second, monitor, fresh) in &story.health {
        health.entry(name(*monitor)).or_default().push((at(*second), *fresh));
    }
    let silent = [name(0)];
    let watchers = Watchers { heard: &heard, health: &health, silent: &silent };
    let (from, to) = story.scheduled;
    object_line(at(FROM), at(TO), &facts, &watchers).overlaid(&[(at(from), at(to))], Status::Downtime)
}

/// How it stood in a second, by looking through the whole story.
fn naive(story: &Story, second: i64) -> Option<Status> {
    let mut views = Vec::new();
    for monitor in 0..2 {
        let all: Vec<&(i64, usize, Said)> = story.facts.iter().filter(|f| f.1 == monitor).collect();
        let begin = match all.first() {
            Some(first) => story.heard[monitor].min(first.0),
            None if story.facts.is_empty() && monitor == 0 => story.heard[0],
            None => continue,
        };
        if second < begin {
            continue;
        }
        let (mut state, mut gone) = (State::Ok, false);
        for (_, _, said) in all.iter().filter(|f| f.0 <= second) {
            match said {
                Said::State(s) => (state, gone) = (*s, false),
                Said::Soft => gone = false,
                Said::Gone(g) => gone = *g,
            }
        }
        let fresh = story.health.iter().rfind(|h| h.1 == monitor && h.0 <= second).is_none_or(|h| h.2);
        views.push((Status::of(state), gone, fresh));
    }
    let present: Vec<_> = views.into_iter().filter(|(_, gone, _)| !gone).collect();
    if present.is_empty() {
        return None;
    }
    if story.scheduled.0 <= second && second < story.scheduled.1 {
        return Some(Status::Downtime);
    }
    let order = [Status::Ok, Status::Warning, Status::Unknown, Status::Critical];
    let fresh = present.iter().filter(|(_, _, fresh)| *fresh).map(|(s, _, _)| *s);
    fresh.max_by_key(|s| order.iter().position(|o| o == s)).or(Some(Status::Missing))
}

proptest! {
    /// The fold over intervals is what counting every second gives: the line, its sums, and those of a site made of it.
    #[test]
    fn a_line_is_what_counting_seconds_gives(stories in prop::collection::vec(story(), 1..5)) {
        let mut members = Vec::new();
        for (n, story) in stories.iter().enumerate() {
            let line = line(story);
            let mut counted: BTreeMap<Option<Status>, i64> = BTreeMap::new();
            for second in FROM..TO {
                let expected = naive(story, second);
                prop_assert_eq!(line.at(at(second)), expected, "second {} of {:?}", second, story);
                *counted.entry(expected).or_default() += SECOND;
            }
            let times = line.times();
            for status in Status::ALL {
                prop_assert_eq!(times.in_status(status), counted.get(&Some(status)).copied().unwrap_or(0));
            }
            prop_assert_eq!(times.no_data(), counted.get(&None).copied().unwrap_or(0));
            // Two endpoints a type, two types.
            members.push(Member { service_type: ["A", "B"][n / 2 % 2].into(), host: format!("h{n}").into(), line });
        }
        let tree = Tree::of(at(FROM), at(TO), &members, &Profile::default());
        for second in FROM..TO {
            let of = |from: usize| {
                let both = stories.iter().skip(from).take(2).filter_map(|s| naive(s, second));
                both.reduce(Status::or)
            };
            // The fifth story is a third endpoint of the first type.
            let fifth = stories.get(4).and_then(|s| naive(s, second));
            let first = [of(0), fifth].into_iter().flatten().reduce(Status::or);
            let expected = [first, of(2)].into_iter().flatten().reduce(Status::and);
            prop_assert_eq!(tree.site.at(at(second)), expected);
        }
    }

    /// What comes late never turns time back: from its moment on it counts, or from the last change when that is later;
    /// what stood before stays.
    #[test]
    fn what_comes_late_counts_from_then_on(
        mut story in story(), late in 0i64..100, state in prop::sample::select(&STATES[..]),
    ) {
        story.facts.retain(|f| f.1 == 0);
        story.health.clear();
        story.scheduled = (0, 0);
        let whole = |story: &Story| {
            let facts: Vec<Fact> = story.facts.iter().map(fact).collect();
            let heard = [(name(0), at(story.heard[0]))].into();
            let watchers = Watchers { heard: &heard, health: &BTreeMap::new(), silent: &[] };
            object_line(at(-1), at(101), &facts, &watchers)
        };
        prop_assume!(!story.facts.is_empty());
        let before = whole(&story);
        story.facts.push((late, 0, Said::State(state)));
        let after = whole(&story);
        let from = before.last().0.max(at(late));
        // A change that left no trace in the line (two of one moment, gone before it was heard) holds it back, too.
        let latest = story.facts.iter().take(story.facts.len() - 1).map(|f| f.0).max().unwrap_or(late);
        let mut counts = false;
        for second in 0..100 {
            let (stood, stands) = (before.at(at(second)), Some(Status::of(state)));
            let is = after.at(at(second));
            if at(second) < from {
                prop_assert_eq!(is, stood, "second {}", second);
            } else if counts || second >= latest {
                prop_assert_eq!(is, stands, "second {}", second);
            } else {
                prop_assert!(is == stood || is == stands, "second {}: {:?}", second, is);
                counts = is != stood;
            }
        }
    }
}
