//! AL19, DC2: switching a failing alarm off, and how it comes back.

use crate::desk::*;
use alarm_core::command::{Action, Command, OffReason, Refusal, Target};
use alarm_core::event::Event;
use alarm_core::input::Input;
use alarm_core::profile::MetricSettings;
use alarm_core::state::State;
use alarm_core::topology::Severity;
use alarm_core::watch::SetAside;

/// Failing and switched off for a fault of the monitoring.
fn off() -> Desk {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.wait("1h");
    d.off("ce.a", JOB, Some(OffReason::MonitoringFault)).unwrap();
    d
}

fn returned(d: &Desk) -> usize {
    d.count(|e| matches!(e, Event::Returned { .. }))
}

#[test]
fn dc2_a_failing_alarm_needs_a_typed_reason() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    assert!(matches!(d.off("ce.a", JOB, None), Err(Refusal::NeedsReason { .. })));
    assert_eq!(d.off("ce.a", JOB, Some(OffReason::Other)), Err(Refusal::NeedsText));
    assert!(d.alarm("ce.a", JOB).is_some(), "a refusal changes nothing");
    d.off("ce.a", JOB, Some(OffReason::Duplicate)).unwrap();
    assert!(d.alarm("ce.a", JOB).is_none());
    assert!(matches!(d.aside("ce.a", JOB), Some(SetAside::SwitchedOff { .. })));
}

#[test]
fn dc2_it_can_be_undone() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    let alarm = d.id("ce.a", JOB);
    d.off("ce.a", JOB, Some(OffReason::CoreService)).unwrap();
    d.wait("1h");
    d.ask(Action::SwitchOn { alarms: vec![alarm.clone()] }).unwrap();
    assert_eq!(d.id("ce.a", JOB), alarm);
    assert_eq!(d.aside("ce.a", JOB), None);
    assert!(matches!(d.ask(Action::SwitchOn { alarms: vec![alarm] }), Err(Refusal::CannotReturn { .. })));
}

#[test]
fn dc2_what_changed_meanwhile_is_refused_and_a_form_counts_once() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    let (alarm, saw) = (d.id("ce.a", JOB), d.open("ce.a", JOB).version);
    d.wait("1m");
    d.alert("ce.a", JOB, State::Unknown, true, "UNKNOWN");
    let ask = |alarm: &str, version| Action::SwitchOff {
        alarms: vec![Target { alarm: alarm.into(), version }],
        reason: Some(OffReason::Duplicate),
        text: "".into(),
        until: None,
    };
    assert!(matches!(d.ask(ask(&alarm, saw)), Err(Refusal::ChangedMeanwhile { .. })));
    let version = d.open("ce.a", JOB).version;
    let command = Command { who: "rod".into(), form: "form-1".into(), action: ask(&alarm, version) };
    let done = d.feed(Input::Command(command.clone())).unwrap();
    assert!(done.as_ref().is_ok_and(|done| done.alarms == [alarm]), "{done:?}");
    d.wait("1m");
    assert_eq!(d.feed(Input::Command(command)).unwrap(), done, "the double submit gets the same answer");
    assert_eq!(d.count(|e| matches!(e, Event::SwitchedOff { .. })), 1);
}

#[test]
fn al19_stays_off_while_it_goes_on_failing() {
    let mut d = off();
    d.wait("1h");
    d.notifies("ce.a", JOB, State::Critical);
    d.wait("1h");
    d.alert("ce.a", JOB, State::Warning, true, "WARNING: slow");
    d.wait("1h");
    d.fails("ce.a", JOB);
    assert!(d.alarm("ce.a", JOB).is_none());
    assert_eq!(returned(&d), 0);
}

#[test]
fn al19_returns_with_its_history_at_the_next_hard_change_after_an_ok() {
    let mut d = off();
    d.wait("1h");
    d.alert("ce.a", JOB, State::Warning, true, "WARNING: slow");
    d.wait("1h");
    d.recovers("ce.a", JOB);
    d.wait("1h");
    d.alert("ce.a", JOB, State::Critical, false, FAILED);
    assert!(d.alarm("ce.a", JOB).is_none(), "a soft state does not bring it back");
    d.wait("1m");
    d.fails("ce.a", JOB);
    let alarm = d.open("ce.a", JOB);
    let states: Vec<State> = alarm.history.iter().map(|c| c.state).collect();
    assert_eq!(states, [State::Critical, State::Warning, State::Ok, State::Critical]);
    assert_eq!((alarm.episodes, returned(&d)), (2, 1));
}

/// As on the board: the failure is over for the age, but it is no OK that would bring the alarm back.
#[test]
fn al19_a_state_that_does_not_raise_ends_the_failure_and_is_no_ok() {
    let mut d = Desk::new();
    let raise = Some(vec![State::Critical]);
    d.profile.metrics.insert("org.sam.*".into(), MetricSettings { raise, ..MetricSettings::default() });
    d.refresh_profiles(&[]);
    d.fails("ce.a", JOB);
    d.off("ce.a", JOB, Some(OffReason::MonitoringFault)).unwrap();
    d.wait("1h");
    d.alert("ce.a", JOB, State::Warning, true, "WARNING: slow");
    d.wait("1h");
    d.fails("ce.a", JOB);
    assert_eq!((d.alarm("ce.a", JOB), returned(&d)), (None, 0), "there was no OK");
    d.alert("ce.a", JOB, State::Warning, true, "WARNING: slow");
    d.wait("5h");
    d.recovers("ce.a", JOB);
    d.fails("ce.a", JOB);
    assert_eq!((d.age("ce.a", JOB), returned(&d)), (0, 1), "not failing for longer than makes it stable");
}

#[test]
fn al19_returns_after_five_working_days() {
    let mut d = off(); // a Monday
    d.until(time("2026-11-30T17:59:59Z"));
    assert!(d.alarm("ce.a", JOB).is_none());
    d.until(time("2026-11-30T18:00:00Z"));
    assert!(d.open("ce.a", JOB).failing_now(), "the end of the fifth working day");
    assert_eq!(d.open("ce.a", JOB).history.len(), 1);
}

#[test]
fn al19_returns_when_the_date_of_its_reason_has_come() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    let (alarm, until) = (d.id("ce.a", JOB), d.now.plus(span("6h")));
    let action = Action::SwitchOff {
        alarms: vec![Target::any(alarm)],
        reason: Some(OffReason::Downtime),
        text: "".into(),
        until: Some(until),
    };
    d.ask(action).unwrap();
    d.wait("5h59m");
    assert!(d.alarm("ce.a", JOB).is_none());
    d.wait("1m");
    assert!(d.open("ce.a", JOB).failing_now());
}

#[test]

fn al19_a_downtimes_end_is_the_date_when_none_is_given() {
    let mut d = Desk::new();
    d.downtime("ce.a", Severity::Outage, true, "0s", "6h");
    d.fails("ce.a", JOB);
    d.off("ce.a", JOB, Some(OffReason::Downtime)).unwrap();
    d.wait("6h");
    assert!(d.open("ce.a", JOB).failing_now());
}

#[test]
fn al19_a_date_that_comes_while_it_is_ok_ends_the_matter() {
    let mut d = off();
    d.wait("1h");
    d.recovers("ce.a", JOB);
    d.wait("10d");
    assert_eq!((d.alarm("ce.a", JOB), d.aside("ce.a", JOB)), (None, None));
    d.fails("ce.a", JOB);
    assert!(d.open("ce.a", JOB).failing_now());
}

#[test]
fn al19_it_is_set_aside_meanwhile_and_says_until_when() {
    let d = off();
    let Some(SetAside::SwitchedOff { until }) = d.aside("ce.a", JOB) else { panic!("{:?}", d.aside("ce.a", JOB)) };
    assert_eq!(until, time("2026-11-30T18:00:00Z"));
}

#[test]
fn al19_a_host_that_goes_down_does_not_bring_it_back() {
    let mut d = off();
    d.wait("1h");
    d.host("ce.a", State::Down, true);
    d.wait("1h");
    d.host("ce.a", State::Up, true);
    d.wait("1m");
    d.fails("ce.a", JOB);
    assert!(d.alarm("ce.a", JOB).is_none());
}

#[test]
fn al19_an_ok_and_a_failure_under_a_host_that_is_down_brings_it_back_once_it_counts() {
    let mut d = off();
    d.wait("1h");
    d.recovers("ce.a", JOB);
    d.host("ce.a", State::Down, true);
    d.alert("ce.a", JOB, State::Critical, true, FAILED);
    assert!(d.alarm("ce.a", JOB).is_none(), "held (DC6)");
    d.wait("1h");
    d.host("ce.a", State::Up, true);
    d.wait("5m");
    d.notifies("ce.a", JOB, State::Critical);
    assert!(d.open("ce.a", JOB).failing_now());
    assert_eq!(returned(&d), 1);
}
