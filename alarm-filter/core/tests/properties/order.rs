//! Order and repetition: batches, late wake-ups and senders that repeat themselves change nothing; what has nothing to do
//! with one another may come in either order.

use crate::alphabet::{START, Step, Story, said, steps};
use crate::papers::papers;
use crate::small::{Shown, difference, learned};
use alarm_core::document::Document;
use alarm_core::engine::{Engine, Record};
use alarm_core::event::Event;
use alarm_core::input::{Input, Object, Observation, Origin, Seen, Text};
use alarm_core::time::{DAY, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;

proptest! {
    /// What a batch ends with, a flush, documents forgotten and time that passes, is nothing to the rules; nor is a wake-up
    /// in between.
    #[test]
    fn batches_and_wake_ups_change_nothing(steps in steps(), ends in prop::collection::vec((any::<bool>(), 0u8..=100), 60)) {
        let story = Story::of(&steps);
        let mut engine = learned(&papers());
        let mut all: Vec<Record> = Vec::new();
        for (i, (now, input)) in story.inputs.iter().enumerate() {
            for (hash, document) in &papers() {
                if names(input) == Some(hash) {
                    engine.learn((*hash).into(), Document::clone(document));
                }
            }
            all.extend(engine.handle(*now, input.clone()).records);
            if let Some((true, part)) = ends.get(i) {
                engine.take_changed_rows();
                engine.forget_documents();
                let next = story.inputs.get(i + 1).map_or(*now, |(at, _)| *at);
                all.extend(engine.advance(now.plus(next.since(*now) * i64::from(*part) / 100)).records);
            }
        }
        // What was due at once by the last input.
        let (mut whole, mut engine_of_all) = (story.all(), story.engine.clone());
        let end = story.inputs.last().map_or(START, |(at, _)| *at);
        all.extend(engine.advance(end).records);
        whole.extend(engine_of_all.advance(end).records);
        let other = (0..all.len().max(whole.len())).find(|i| all.get(*i) != whole.get(*i));
        prop_assert!(other.is_none(), "{:?}\n{:?}", other.map(|i| all.get(i)), other.map(|i| whole.get(i)));
        prop_assert_eq!(difference(&Shown::of(&engine_of_all), &engine), None);
    }

    /// Law 10: woken at any moments on the way, or once at the end.
    #[test]
    fn a_late_wake_up_changes_nothing(steps in steps(), stops in prop::collection::vec(0i64..12 * DAY, 0..6)) {
        let story = Story::of(&steps);
        let (mut prompt, mut late) = (story.engine.clone(), story.engine.clone());
        let begin = story.inputs.last().map_or(START, |(at, _)| *at);
        let end = begin.plus(12 * DAY);
        let mut stops: Vec<Timestamp> = stops.into_iter().map(|by| begin.plus(by)).collect();
        stops.sort();
        let mut all = Vec::new();
        for stop in stops.into_iter().chain([end]) {
            all.extend(prompt.advance(stop).records);
            prop_assert!(prompt.next_deadline().is_none_or(|due| due > stop), "due at {:?}", prompt.next_deadline());
        }
        prop_assert_eq!(&late.advance(end).records, &all);
        prop_assert_eq!(difference(&Shown::of(&prompt), &late), None);
    }

    /// Law 4: what has a number counts once, however often it comes.
    #[test]
    fn repeated_observations_change_nothing(steps in steps(), again in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..20)) {
        let story = Story::of(&steps);
        let numbered = |i: &Input| matches!(i, Input::Observation(o) if o.sequence.is_some());
        let mut repeats: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (from, to) in again {
            let (from, to) = (from.index(story.inputs.len()), to.index(story.inputs.len()));
            if from <= to && numbered(&story.inputs[from].1) {
                repeats.entry(to).or_default().push(from);
            }
        }
        let mut engine = learned(&papers());
        for (i, (now, input)) in story.inputs.iter().enumerate() {
            prop_assert_eq!(&engine.handle(*now, input.clone()).records, &story.records[i]);
            for from in repeats.get(&i).into_iter().flatten() {
                let input = &story.inputs[*from].1;
                prop_assert_eq!(engine.handle(*now, input.clone()).records, vec![], "{:?} again", input);
            }
        }
    }

    /// Observations of hosts of different sites, at one time, in either order: every object gets the same events.
    #[test]
    fn unrelated_objects_commute(steps in said(), at in any::<prop::sample::Index>()) {
        // All at one time, so that order is all that differs.
        let steps: Vec<Step> = steps.into_iter().filter(|s| matches!(s, Step::Input(_))).collect();
        let story = Story::of(&steps);
        let n = story.inputs.len();
        let i = at.index(n);
        if i + 1 >= n || !unrelated(&story.inputs[i].1, &story.inputs[i + 1].1) {
            return Ok(());
        }
        let mut turned = story.inputs.clone();
        turned.swap(i, i + 1);
        let mut engine = learned(&papers());
        let records: Vec<Record> =
            turned.into_iter().flat_map(|(now, input)| engine.handle(now, input).records).collect();
        prop_assert_eq!(by_object(&records), by_object(&story.all()));
    }
}

/// The document that an input names.
fn names(input: &Input) -> Option<&str> {
    match input {
        Input::Objects { hash, .. }
        | Input::Topology { hash }
        | Input::Downtimes { hash }
        | Input::Profiles { hash }
        | Input::Settings { hash } => Some(hash),
        _ => None,
    }
}

/// The host that an observation is about.
fn host(input: &Input) -> Option<&Text> {
    let Input::Observation(Observation { seen, origin: Origin::Log | Origin::Status, .. }) = input else { return None };
    match seen {
        Seen::Service(s) => Some(&s.host),
        Seen::Host(h) => Some(&h.host),
        Seen::Notification(n) => Some(&n.object.host),
        Seen::Flapping { object: Object { host, .. }, .. }
        | Seen::InDowntime { object: Object { host, .. }, .. }
        | Seen::Acknowledged { object: Object { host, .. }, .. }
        | Seen::AcknowledgementRemoved { object: Object { host, .. } }
        | Seen::NotificationDelayed { object: Object { host, .. }, .. }
        | Seen::Gone { object: Object { host, .. } } => Some(host),
        _ => None,
    }
}

fn unrelated(a: &Input, b: &Input) -> bool {
    matches!((host(a), host(b)), (Some(a), Some(b)) if a.chars().last() != b.chars().last())
}

/// The events of each object, without ids; what spans objects is left out.
fn by_object(records: &[Record]) -> BTreeMap<String, Vec<String>> {
    let mut ids: BTreeMap<Text, String> = BTreeMap::new();
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in records {
        for event in &record.events {
            let Some(key) = event.key() else { continue };
            let name = format!("{key:?}");
            if let Event::Raised { id, .. } = event {
                let number = ids.len();
                ids.insert(id.clone(), format!("{name} {number}"));
            }
            let mut text = format!("{} {event:?}", record.at);
            for id in ids.keys() {
                text = text.replace(&**id, "id");
            }
            all.entry(name).or_default().push(text);
        }
    }
    all
}

/// An engine is a value: a clone of it goes its own way.
#[test]
fn a_clone_is_another_engine() {
    let one = Engine::new();
    let mut other = one.clone();
    other.handle(START, Input::ClockStep { by: 1 });
    assert_eq!((one.world().seq, other.world().seq), (0, 1));
}
