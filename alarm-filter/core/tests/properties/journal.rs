//! The journal is the truth: the fold of events is what was decided, from nothing and from rows at any cut; and what is
//! written comes back as it was.

use crate::alphabet::{Story, input, steps};
use crate::papers::papers;
use crate::small::{Shown, difference, fold, learned, reborn, restored, same_records, sound};
use alarm_core::alarm::AlarmId;
use alarm_core::command::{Action, Command, Outcome};
use alarm_core::event::Event;
use alarm_core::input::Input;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

proptest! {
    #[test]
    fn the_fold_is_what_was_decided(steps in steps()) {
        let story = Story::of(&steps);
        let mut folded = learned(&papers());
        fold(&mut folded, &story.all());
        prop_assert_eq!(difference(&Shown::of(&story.engine), &folded), None);
        prop_assert_eq!(story.engine.world().state_hash(), folded.world().state_hash());
    }

    #[test]
    fn every_state_is_sound_and_ids_are_given_once(steps in steps()) {
        let story = Story::of(&steps);
        let mut engine = learned(&papers());
        let mut ids = BTreeSet::new();
        let (mut seq, mut at) = (0, alarm_core::time::Timestamp(i64::MIN));
        for (now, input) in &story.inputs {
            for r in engine.handle(*now, input.clone()).records {
                prop_assert!(r.seq == seq + 1 && r.at >= at, "{r:?} after {seq} at {at}");
                (seq, at) = (r.seq, r.at);
                for event in &r.events {
                    if let Event::Raised { id, .. } = event {
                        prop_assert!(ids.insert(id.clone()), "{id} again");
                    }
                }
            }
            prop_assert_eq!(sound(&engine), Ok(()), "after {:?}", input);
        }
    }

    /// A restart at any point: from all rows, and from the rows that were flushed now and then.
    #[test]
    fn rows_at_any_cut_and_the_tail_are_the_same_world(steps in steps(), cut in any::<prop::sample::Index>(), every in 1usize..9) {
        let story = Story::of(&steps);
        let cut = cut.index(story.inputs.len() + 1);
        let mut engine = learned(&papers());
        let mut flushed: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut tail = Vec::new();
        for (i, (now, input)) in story.inputs[..cut].iter().enumerate() {
            tail.extend(engine.handle(*now, input.clone()).records);
            if i % every == 0 {
                let changed = engine.take_changed_rows();
                if changed.is_empty() {
                    // As the daemon: without rows the journal behind the last ones stays.
                    continue;
                }
                for (name, value) in changed {
                    match value {
                        Some(value) => flushed.insert(name, value.json().into_owned()),
                        None => flushed.remove(&name),
                    };
                }
                tail.clear();
            }
        }
        let shown = Shown::of(&engine);
        let mut of_flushed = restored(&papers(), &flushed);
        fold(&mut of_flushed, &tail);
        prop_assert_eq!(difference(&shown, &of_flushed), None, "flushed rows and the tail");
        let of_all = reborn(&papers(), &shown);
        prop_assert_eq!(difference(&shown, &of_all), None, "all rows");
        let mut rest = of_all.clone();
        for records in &story.records[cut..] {
            fold(&mut rest, records);
        }
        prop_assert_eq!(difference(&Shown::of(&story.engine), &rest), None, "rows at the cut and all after it");
    }

    /// What was restored goes on as the undisturbed one does.
    #[test]
    fn a_restored_engine_decides_the_same(steps in steps(), cut in any::<prop::sample::Index>()) {
        let story = Story::of(&steps);
        let cut = cut.index(story.inputs.len() + 1);
        let mut engine = learned(&papers());
        for (now, input) in &story.inputs[..cut] {
            engine.handle(*now, input.clone());
        }
        let mut again = reborn(&papers(), &Shown::of(&engine));
        for (i, (now, input)) in story.inputs.iter().enumerate().skip(cut) {
            let records = again.handle(*now, input.clone()).records;
            prop_assert!(same_records(&records, &story.records[i]), "{input:?}:\n{records:?}\n{:?}", story.records[i]);
        }
    }

    #[test]
    fn what_is_written_comes_back(input in input(), steps in steps()) {
        let story = Story::of(&steps);
        let inputs = story.inputs.into_iter().map(|(_, input)| input).chain([input]);
        for input in inputs {
            let text = serde_json::to_string(&input).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Input>(&text).unwrap(), &input, "{}", text);
        }
        for event in story.records.iter().flatten().flat_map(|r| &r.events) {
            let text = serde_json::to_string(event).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Event>(&text).unwrap(), event, "{}", text);
        }
    }
}

proptest! {
    /// The same form again, at any later time and after a restart, gets the same answer and changes nothing; what was
    /// refused as a whole changed nothing.
    #[test]
    fn a_form_that_comes_again_gets_the_same_answer(steps in steps()) {
        let story = Story::of(&steps);
        let mut engine = learned(&papers());
        let mut answers: BTreeMap<alarm_core::input::Text, Outcome> = BTreeMap::new();
        let mut last = None;
        for (now, input) in &story.inputs {
            let handled = engine.handle(*now, input.clone());
            let Input::Command(command) = input else { continue };
            last = Some(*now);
            let outcome = handled.outcome.unwrap();
            match answers.get(&command.form) {
                Some(before) if before.is_ok() => prop_assert_eq!(before, &outcome, "{:?}", command),
                _ => {
                    let own = handled.records.iter().any(|r| matches!(r.input, Some(Input::Command(_))));
                    prop_assert_eq!(own, outcome.is_ok(), "{:?} {:?}", command, handled.records);
                    answers.insert(command.form.clone(), outcome);
                }
            }
        }
        let mut again = reborn(&papers(), &Shown::of(&engine));
        for (form, outcome) in answers.iter().filter(|(_, outcome)| outcome.is_ok()) {
            let action = Action::EndCause { cause: "another".into() };
            let command = Command { who: "ana".into(), form: form.clone(), action };
            let at = again.world().at.max(last.unwrap());
            let handled = again.handle(at, Input::Command(command));
            let nothing = handled.records.iter().all(|r| !matches!(r.input, Some(Input::Command(_))));
            prop_assert!(nothing && handled.outcome.as_ref() == Some(outcome), "{:?}", handled);
        }
    }

    /// Whatever the engine answers, it names each alarm that was asked for once, done or refused; and taking back is
    /// something that it understands.
    #[test]
    fn each_alarm_of_a_command_is_done_or_refused(steps in steps()) {
        let story = Story::of(&steps);
        let mut engine = learned(&papers());
        for (now, input) in &story.inputs {
            let handled = engine.handle(*now, input.clone());
            let Input::Command(command) = input else { continue };
            let mut asked: Vec<&AlarmId> = match &command.action {
                Action::SwitchOff { alarms, .. }
                | Action::Unmask { alarms }
                | Action::OpenCause { alarms, .. }
                | Action::JoinCause { alarms, .. }
                | Action::LeaveCause { alarms } => alarms.iter().map(|t| &t.alarm).collect(),
                Action::Mask { followers, .. } => followers.iter().map(|t| &t.alarm).collect(),
                Action::SwitchOn { alarms } => alarms.iter().collect(),
                _ => continue,
            };
            asked.sort();
            asked.dedup();
            let own = handled.records.iter().skip_while(|r| !matches!(r.input, Some(Input::Command(_))));
            let own: Vec<&Event> = own.take_while(|r| r.input.as_ref().is_none_or(|i| *i != Input::Tick)).flat_map(|r| &r.events).collect();
            if let (Some(Ok(done)), false) = (&handled.outcome, own.is_empty()) {
                let mut named: Vec<&AlarmId> = done.alarms.iter().chain(done.refused.iter().filter_map(|r| r.alarm())).collect();
                named.sort();
                prop_assert_eq!(&named, &asked, "{:?}", done);
                for action in alarm_core::undo::of(own.iter().copied()) {
                    let mut back = engine.clone();
                    let command = Command { who: "ana".into(), form: "".into(), action };
                    back.handle(*now, Input::Command(command));
                    prop_assert_eq!(sound(&back), Ok(()));
                }
            }
        }
    }
}

/// Stories do what they are for: over some of them every kind of event and of command comes up.
#[test]
fn stories_are_rich() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut events, mut actions, mut notes) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let name = |text: String| text.split([' ', '(']).next().unwrap_or_default().to_owned();
    for _ in 0..300 {
        let story = Story::of(&steps().new_tree(&mut runner).unwrap().current());
        for e in story.records.iter().flatten().flat_map(|r| &r.events) {
            events.insert(name(format!("{e:?}")));
            if let Event::Noted { note, .. } = e {
                notes.insert(name(format!("{note:?}")));
            }
        }
        for ((_, input), records) in story.inputs.iter().zip(&story.records) {
            if let Input::Command(Command { action, .. }) = input
                && records.iter().any(|r| !r.events.is_empty())
            {
                actions.insert(name(format!("{action:?}")));
            }
        }
    }
    let lacking: Vec<&str> = [
        "Seen",
        "NotificationSent",
        "Noted",
        "Muted",
        "DowntimeDeleted",
        "MonitorStarted",
        "Source",
        "Received",
        "Objects",
        "Topology",
        "Downtimes",
        "Profiles",
        "Settings",
        "Raised",
        "Changed",
        "Recovered",
        "Refreshed",
        "Output",
        "Flags",
        "About",
        "SwitchedOff",
        "Returned",
        "Withdrawn",
        "SetAside",
        "Masked",
        "Unmasked",
        "StableOk",
        "CauseOpened",
        "CauseJoined",
        "CauseLeft",
        "NoteWritten",
        "NoteStruck",
        "CauseEnded",
        "CommandTaken",
        "CauseProposed",
        "Corrected",
        "Aged",
        "ReportMonitoringOff",
    ]
    .into_iter()
    .filter(|e| !events.contains(*e))
    .collect();
    assert!(lacking.is_empty(), "no story had {lacking:?}");
    assert_eq!(notes.len(), 9, "every kind of note: {notes:?}");
    let all = [
        "SwitchOff",
        "SwitchOn",
        "Mask",
        "Unmask",
        "OpenCause",
        "JoinCause",
        "LeaveCause",
        "EndCause",
        "Note",
        "StrikeNote",
    ];
    assert!(all.iter().all(|a| actions.contains(*a)), "only {actions:?}");
}
