//! AL5, AL6, AL18, AL19, DC2: what people do to several alarms at once, and taking it back.

use crate::desk::*;
use alarm_core::alarm::AlarmId;
use alarm_core::command::{Action, CauseKind, Done, OffReason, Outcome, Refusal, Target};
use alarm_core::event::Event;
use alarm_core::state::State;
use alarm_core::undo;
use alarm_core::watch::SetAside;

const SITES: [&str; 3] = ["ce.a", "ce.b", "ce.c"];

/// Three failing alarms of three sites.
fn three() -> Desk {
    let mut d = Desk::new();
    SITES.iter().for_each(|host| d.fails(host, JOB));
    d
}

fn all(d: &Desk) -> Vec<Target> {
    SITES.iter().map(|host| d.seen(host, JOB)).collect()
}

fn off(alarms: Vec<Target>, reason: Option<OffReason>) -> Action {
    Action::SwitchOff { alarms, reason, text: "".into(), until: None }
}

/// Takes back what the last command did.
fn take_back(d: &mut Desk) -> Vec<Outcome> {
    let command = d.records.iter().rposition(|r| r.kind() == "command").unwrap();
    let events: Vec<Event> = d.records[command..].iter().flat_map(|r| r.events.clone()).collect();
    undo::of(&events).into_iter().map(|action| d.ask_as("eve", "", action)).collect()
}

fn ids(targets: &[Target]) -> Vec<AlarmId> {
    targets.iter().map(|t| t.alarm.clone()).collect()
}

#[test]
fn al5_in_bulk_what_is_ok_goes_and_what_fails_says_why_not() {
    let mut d = three();
    d.recovers("ce.b", JOB);
    let alarms = all(&d);
    let done = d.ask(off(alarms.clone(), None)).unwrap();
    assert_eq!(done.alarms, [alarms[1].alarm.clone()]);
    let needs = |n: usize| Refusal::NeedsReason { alarm: alarms[n].alarm.clone() };
    assert_eq!(done.refused, [needs(0), needs(2)]);
    assert!(d.alarm("ce.b", JOB).is_none() && d.alarm("ce.a", JOB).is_some() && d.alarm("ce.c", JOB).is_some());
    assert!(d.records.last().unwrap().seq >= done.seq);
}

#[test]
fn al5_nothing_at_all_is_a_refusal_with_every_reason_and_changes_nothing() {
    let mut d = three();
    let before = d.engine.world().state_hash();
    let alarms = all(&d);
    let refused = d.ask_as("rod", "form", off(alarms.clone(), None)).unwrap_err();
    assert_eq!(refused.len(), 3);
    assert_eq!(d.engine.world().state_hash(), before);
    let none = d.ask_as("rod", "form", off(Vec::new(), None));
    assert_eq!(none, Err(vec![Refusal::NothingChosen]));
    let done = d.ask_as("rod", "form", off(alarms, Some(OffReason::Duplicate))).unwrap();
    assert_eq!(done.alarms.len(), 3, "a form that was refused may be mended and sent again");
}

#[test]
fn al5_an_alarm_that_is_named_twice_counts_once() {
    let mut d = three();
    let twice = vec![d.seen("ce.a", JOB), d.seen("ce.a", JOB), Target::any("none".into())];
    let done = d.ask(off(twice, Some(OffReason::Duplicate))).unwrap();
    assert_eq!((done.alarms.len(), done.refused), (1, vec![Refusal::NoSuchAlarm { alarm: "none".into() }]));
}

#[test]
fn dc2_the_same_form_again_gets_the_same_answer_also_in_part() {
    let mut d = three();
    d.recovers("ce.b", JOB);
    let action = off(all(&d), None);
    let first = d.ask_as("rod", "form", action.clone()).unwrap();
    assert_eq!((first.alarms.len(), first.refused.len()), (1, 2));
    d.wait("1h");
    d.recovers("ce.a", JOB);
    assert_eq!(d.ask_as("rod", "form", action.clone()), Ok(first), "nothing more is done");
    assert!(d.alarm("ce.a", JOB).is_some());
    assert!(d.ask_as("rod", "another", action).is_err(), "seen before ce.a recovered, and ce.b is gone");
}

#[test]
fn dc2_an_answer_keeps_what_was_made() {
    let mut d = three();
    let alarms = all(&d);
    let open = Action::OpenCause { kind: CauseKind::Network, text: "backbone".into(), alarms };
    let first = d.ask_as("rod", "form", open.clone()).unwrap();
    assert!(first.made.is_some());
    assert_eq!(d.ask_as("rod", "form", open), Ok(first));
    assert_eq!(d.engine.world().causes.len(), 1);
}

#[test]
fn dc2_a_change_made_meanwhile_is_told_in_words() {
    let mut d = three();
    let saw = all(&d);
    d.wait("1m");
    d.alert("ce.a", JOB, State::Warning, true, "WARNING: slow");
    let (kind, text) = (CauseKind::Network, "x".into());
    d.ask_as("ana", "", Action::OpenCause { kind, text, alarms: vec![Target::any(saw[1].alarm.clone())] }).unwrap();
    d.ask_as("bob", "", off(vec![Target::any(saw[2].alarm.clone())], Some(OffReason::Duplicate))).unwrap();
    let refused = d.ask_as("eve", "", off(saw, Some(OffReason::CoreService))).unwrap_err();
    let words: Vec<String> = refused.iter().map(ToString::to_string).collect();
    assert!(words[0].contains("it was CRITICAL and is WARNING since 2026-11-23T08:01:00Z"), "{words:?}");
    assert!(words[1].contains("changed meanwhile: ana put it under a common cause"), "{words:?}");
    assert!(words[2].starts_with("bob switched alarm") && words[2].contains("2026-11-23T08:01:00Z"), "{words:?}");
    assert!(refused.iter().all(Refusal::is_conflict));
}

#[test]
fn dc2_the_same_problem_said_again_is_no_change() {
    let mut d = three();
    let saw = d.seen("ce.a", JOB);
    d.wait("1h");
    d.notifies("ce.a", JOB, State::Critical);
    d.alert("ce.a", JOB, State::Critical, true, "CRITICAL: job was aborted again");
    assert!(d.open("ce.a", JOB).version > saw.version);
    d.ask(off(vec![saw], Some(OffReason::Duplicate))).unwrap();
}

#[test]
fn dc2_time_that_passes_is_no_change() {
    let mut d = three();
    d.recovers("ce.a", JOB);
    let saw = all(&d);
    d.wait("25h");
    assert!(d.open("ce.a", JOB).stable && d.open("ce.b", JOB).aged);
    let done = d.ask(off(saw, Some(OffReason::Duplicate))).unwrap();
    assert_eq!((done.alarms.len(), done.refused), (3, vec![]));
}

#[test]
fn dc2_a_version_that_is_still_to_come_was_not_seen_here() {
    let mut d = three();
    let mut target = d.seen("ce.a", JOB);
    target.version += 1;
    let refused = d.ask(off(vec![target], Some(OffReason::Duplicate)));
    assert!(matches!(refused, Err(Refusal::ChangedMeanwhile { .. })), "after a restored backup: {refused:?}");
}

#[test]
fn dc2_texts_and_dates_have_their_limits() {
    let mut d = three();
    let ask = |text: &str, until| Action::SwitchOff {
        alarms: all(&three()),
        reason: Some(OffReason::Other),
        text: text.into(),
        until,
    };
    let (long, now) = ("x".repeat(1001), d.now);
    assert!(matches!(d.ask(ask(&long, None)), Err(Refusal::TooLong { has: 1001, .. })));
    assert_eq!(d.ask(ask("known", Some(now))), Err(Refusal::DateIsOver { until: now }));
    let refused = d.ask_as(&"n".repeat(201), "", ask("known", None));
    assert!(matches!(refused.as_ref().map_err(|all| &all[0]), Err(Refusal::TooLong { .. })), "{refused:?}");
    let refused = d.ask_as("rod", &"k".repeat(201), ask("known", None));
    assert!(matches!(refused.as_ref().map_err(|all| &all[0]), Err(Refusal::TooLong { .. })), "{refused:?}");
}

#[test]
fn al19_in_bulk_each_returns_by_its_own_rule() {
    let mut d = three();
    d.recovers("ce.c", JOB);
    d.ask(off(all(&d), Some(OffReason::MonitoringFault))).unwrap();
    assert!(matches!(d.aside("ce.a", JOB), Some(SetAside::SwitchedOff { .. })));
    assert_eq!(d.aside("ce.c", JOB), None, "it was OK: nothing returns");
    d.wait("1h");
    d.recovers("ce.a", JOB);
    d.fails("ce.a", JOB);
    assert!(d.open("ce.a", JOB).failing_now(), "failed after an OK");
    assert!(d.alarm("ce.b", JOB).is_none());
    d.until(time("2026-11-30T18:00:00Z"));
    assert!(d.open("ce.b", JOB).failing_now(), "the date");
    assert!(d.alarm("ce.c", JOB).is_none());
}

#[test]
fn al5_taken_back_in_bulk_they_stand_as_before() {
    let mut d = three();
    let alarms = all(&d);
    d.ask(off(alarms.clone(), Some(OffReason::MonitoringFault))).unwrap();
    d.fails("ce2.a", JOB);
    let back = d.ask(Action::SwitchOn { alarms: ids(&alarms) }).unwrap();
    assert_eq!(back.alarms, ids(&alarms));
    for (host, target) in SITES.iter().zip(&alarms) {
        assert_eq!(d.id(host, JOB), target.alarm);
        assert_eq!(d.aside(host, JOB), None);
        assert_eq!(&*d.open(host, JOB).touched.as_ref().unwrap().who, "rod");
    }
    let again = d.ask_as("rod", "", Action::SwitchOn { alarms: ids(&alarms) }).unwrap_err();
    assert!(again.iter().all(|r| matches!(r, Refusal::CannotReturn { .. })), "{again:?}");
    d.wait("10d");
    assert_eq!(d.count(|e| matches!(e, Event::Returned { .. })), 3, "the dates are gone with it");
}

#[test]
fn al6_a_leader_that_is_taken_back_leads_again() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.fails("ce2.a", JOB);
    let (leader, followers) = (d.seen("ce.a", JOB), vec![d.seen("ce2.a", JOB)]);
    d.ask(Action::Mask { leader: leader.clone(), followers }).unwrap();
    let led = |d: &Desk| d.alarm("ce2.a", JOB)?.masked_by.as_ref().map(|m| m.leader.clone());
    // The leader alone: its follower comes back, and folds under it again.
    d.off("ce.a", JOB, Some(OffReason::Duplicate)).unwrap();
    assert_eq!(led(&d), None);
    assert!(take_back(&mut d)[0].is_ok());
    assert_eq!(led(&d), Some(leader.alarm.clone()));
    // Both at once.
    let both = vec![d.seen("ce.a", JOB), d.seen("ce2.a", JOB)];
    assert_eq!(d.ask(off(both.clone(), Some(OffReason::Duplicate))).unwrap().alarms, ids(&both), "as they were named");
    assert!(take_back(&mut d)[0].is_ok());
    assert_eq!(led(&d), Some(leader.alarm.clone()));
    // The follower alone.
    d.off("ce2.a", JOB, Some(OffReason::Duplicate)).unwrap();
    assert!(take_back(&mut d)[0].is_ok());
    assert_eq!(led(&d), Some(leader.alarm.clone()));
    // A return by itself brings no mask back (AL6: the leader was switched off).
    d.off("ce.a", JOB, Some(OffReason::Duplicate)).unwrap();
    d.wait("10d");
    assert!(d.alarm("ce.a", JOB).is_some());
    assert_eq!(led(&d), None);
}

#[test]
fn al6_a_mask_is_set_on_those_of_the_site_and_taken_back() {
    let mut d = three();
    d.fails("ce2.a", JOB);
    let followers = vec![d.seen("ce.b", JOB), d.seen("ce2.a", JOB)];
    let done = d.ask(Action::Mask { leader: d.seen("ce.a", JOB), followers: followers.clone() }).unwrap();
    assert_eq!(done.alarms, [followers[1].alarm.clone()]);
    assert!(matches!(&done.refused[..], [Refusal::OtherSite { .. }]), "{done:?}");
    take_back(&mut d);
    assert_eq!(d.open("ce2.a", JOB).masked_by, None);
    take_back(&mut d);
    let leader = d.open("ce2.a", JOB).masked_by.clone().map(|m| m.leader);
    assert_eq!(leader, Some(d.id("ce.a", JOB)), "what took it back can be taken back");
}

#[test]
fn al6_a_follower_that_was_put_under_another_goes_back_to_the_one_before() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.fails("ce2.a", JOB);
    d.fails("apel.a", APEL);
    let mask = |d: &mut Desk, leader: Target, follower: Target| {
        d.ask(Action::Mask { leader, followers: vec![follower] }).unwrap();
    };
    let (first, second) = (d.seen("ce.a", JOB), d.seen("apel.a", APEL));
    let follower = d.seen("ce2.a", JOB);
    mask(&mut d, first.clone(), follower.clone());
    let follower = d.seen("ce2.a", JOB);
    mask(&mut d, second.clone(), follower);
    let led = |d: &Desk| d.open("ce2.a", JOB).masked_by.clone().unwrap().leader;
    assert_eq!(led(&d), second.alarm);
    take_back(&mut d);
    assert_eq!(led(&d), first.alarm);
}

#[test]
fn al6_what_followed_a_follower_is_not_a_change_that_somebody_else_made() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.fails("ce2.a", JOB);
    d.fails("apel.a", APEL);
    let (leader, followers) = (d.seen("ce.a", JOB), vec![d.seen("ce2.a", JOB)]);
    d.ask(Action::Mask { leader, followers }).unwrap();
    let followers = vec![d.seen("ce.a", JOB), d.seen("ce2.a", JOB)];
    let done = d.ask(Action::Mask { leader: d.seen("apel.a", APEL), followers: followers.clone() }).unwrap();
    assert_eq!((done.alarms, done.refused), (ids(&followers), vec![]));
    let outcomes = take_back(&mut d);
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let led = d.open("ce2.a", JOB).masked_by.clone().unwrap().leader;
    assert_eq!((led, d.open("ce.a", JOB).masked_by.clone()), (d.id("ce.a", JOB), None), "as it was before");
}

#[test]
fn al18_alarms_join_and_leave_a_cause_and_it_goes_on_over_the_others() {
    let mut d = three();
    let targets = all(&d);
    let (kind, text) = (CauseKind::CoreService, "top BDII");
    let open = Action::OpenCause { kind, text: text.into(), alarms: targets[..2].to_vec() };
    let cause = d.ask(open).unwrap().made.unwrap();
    let join = Action::JoinCause { cause: cause.clone(), alarms: all(&d) };
    assert_eq!(d.ask(join).unwrap().alarms.len(), 3, "those that are under it already are as they were asked to be");
    assert_eq!(d.count(|e| matches!(e, Event::CauseJoined { alarms, .. } if alarms.len() == 1)), 1);
    assert!(SITES.iter().all(|host| d.open(host, JOB).cause == Some(cause.clone())));
    d.ask(Action::LeaveCause { alarms: vec![d.seen("ce.a", JOB)] }).unwrap();
    assert_eq!((d.open("ce.a", JOB).cause.clone(), d.open("ce.b", JOB).cause.clone()), (None, Some(cause.clone())));
    take_back(&mut d);
    assert_eq!(d.open("ce.a", JOB).cause, Some(cause.clone()));
    d.ask(Action::EndCause { cause: cause.clone() }).unwrap();
    let join = Action::JoinCause { cause: cause.clone(), alarms: all(&d) };
    assert_eq!(d.ask(join), Err(Refusal::NoSuchCause { cause: cause.clone() }));
    let records = d.records.len();
    let left = d.ask(Action::LeaveCause { alarms: all(&d) }).unwrap();
    assert_eq!((left.alarms.len(), d.records.len()), (3, records), "they were under none, and nothing is written");
}

#[test]
fn al18_an_ended_cause_is_opened_again_over_the_same_alarms() {
    let mut d = three();
    let open = Action::OpenCause { kind: CauseKind::Network, text: "fibre".into(), alarms: all(&d) };
    let first = d.ask(open).unwrap().made.unwrap();
    d.ask(Action::EndCause { cause: first.clone() }).unwrap();
    let back = take_back(&mut d);
    let Ok(Done { made: Some(second), alarms, .. }) = &back[0] else { panic!("{back:?}") };
    assert_eq!((alarms.len(), second == &first), (3, false));
    let cause = &d.engine.world().causes[second];
    assert_eq!((&*cause.text, &*cause.who, cause.kind), ("fibre", "eve", CauseKind::Network));
    take_back(&mut d);
    assert!(d.engine.world().causes.is_empty() && d.open("ce.a", JOB).cause.is_none(), "opening is taken back too");
}

#[test]
fn al18_alarms_of_another_cause_go_back_to_it() {
    let mut d = three();
    let open = |alarms, text: &str| Action::OpenCause { kind: CauseKind::Network, text: text.into(), alarms };
    let alarms = all(&d);
    let first = d.ask(open(alarms, "one")).unwrap().made.unwrap();
    let alarms = vec![d.seen("ce.a", JOB)];
    d.ask(open(alarms, "two")).unwrap();
    take_back(&mut d);
    assert!(SITES.iter().all(|host| d.open(host, JOB).cause == Some(first.clone())));
    assert_eq!(d.engine.world().causes.len(), 1);
}

#[test]
fn al14_in_bulk_a_family_looks_once_who_leads() {
    let mut d = Desk::new();
    for host in ["apel.a", "apel2.a"] {
        d.fails(host, APEL);
    }
    let both = vec![d.seen("apel.a", APEL), d.seen("apel2.a", APEL)];
    d.ask(off(both.clone(), Some(OffReason::CoreService))).unwrap();
    let masks = |d: &Desk| d.count(|e| matches!(e, Event::Masked { .. } | Event::Unmasked { .. }));
    assert_eq!(masks(&d), 1, "only when they were raised");
    d.ask(Action::SwitchOn { alarms: ids(&both) }).unwrap();
    assert_eq!(masks(&d), 2);
    assert!(d.open("apel2.a", APEL).masked_by.as_ref().unwrap().family);
}
