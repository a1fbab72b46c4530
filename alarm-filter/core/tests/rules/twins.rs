//! Monitors of one group watch the same things: one alarm, the worst of the fresh states.

use crate::desk::*;
use alarm_core::command::{Action, OffReason, Target};
use alarm_core::event::Event;
use alarm_core::flag::Flag;
use alarm_core::input::{
    Input, NotificationKind, NotificationSeen, Object, Origin, Report, Seen, ServiceSeen, SourceHealth, SourceState,
};
use alarm_core::settings::MonitorSettings;
use alarm_core::state::State;
use alarm_core::watch::Key;

const GROUP: &str = "pair";

/// Two monitors, `east` and `west`, of one group, besides `nagios`.
fn twins() -> Desk {
    let mut d = Desk::new();
    for name in ["east", "west"] {
        d.settings.monitors.insert(name.into(), MonitorSettings { group: GROUP.into(), ..Default::default() });
    }
    d.profile.service_types.insert("*".into(), vec!["org.sam.*".into()]);
    d.refresh_settings();
    d.refresh_profiles(&[]);
    d
}

fn says(d: &mut Desk, monitor: &str, state: State) {
    d.say_as(monitor, Origin::Log, Seen::Service(seen("ce.a", JOB, state, true, "output")));
}

fn alarm(d: &Desk) -> Option<std::sync::Arc<alarm_core::alarm::Alarm>> {
    d.engine.world().alarm_of(&Key { group: GROUP.into(), ..Desk::key("ce.a", JOB) }).cloned()
}

fn health(d: &mut Desk, monitor: &str, health: SourceHealth) {
    let since = d.now;
    d.feed(Input::SourceState(SourceState { source: monitor.into(), health, since, detail: "".into() }));
}

#[test]
fn al2_two_monitors_of_one_group_make_one_alarm_of_the_worst_state() {
    let mut d = twins();
    says(&mut d, "east", State::Warning);
    d.wait("1m");
    says(&mut d, "west", State::Critical);
    let a = alarm(&d).unwrap();
    assert_eq!((a.state, a.monitors.len()), (State::Critical, 2));
    assert_eq!(d.count(|e| matches!(e, Event::Raised { .. })), 1);
    d.wait("1m");
    says(&mut d, "west", State::Ok);
    let a = alarm(&d).unwrap();
    assert_eq!((a.state, a.failing_now(), a.monitors.len()), (State::Warning, true, 1));
    d.wait("1m");
    says(&mut d, "east", State::Ok);
    assert!(!alarm(&d).unwrap().failing_now());
}

#[test]
fn al2_a_silent_monitor_does_not_outvote_a_fresh_one() {
    let mut d = twins();
    says(&mut d, "east", State::Critical);
    says(&mut d, "west", State::Critical);
    d.wait("1m");
    health(&mut d, "east", SourceHealth::Silent);
    d.wait("1m");
    says(&mut d, "west", State::Ok);
    assert!(!alarm(&d).unwrap().failing_now());
    d.wait("1m");
    health(&mut d, "east", SourceHealth::Fresh);
    assert!(alarm(&d).unwrap().failing_now(), "it speaks again and says that it fails");
}

#[test]
fn al2_a_group_that_is_silent_as_a_whole_keeps_its_alarms() {
    let mut d = twins();
    says(&mut d, "east", State::Critical);
    d.wait("1m");
    health(&mut d, "east", SourceHealth::Silent);
    health(&mut d, "west", SourceHealth::Silent);
    assert!(alarm(&d).unwrap().failing_now());
}

#[test]

fn al19_an_ok_of_one_of_two_monitors_is_no_ok() {
    let mut d = twins();
    says(&mut d, "east", State::Critical);
    says(&mut d, "west", State::Critical);
    let id = alarm(&d).unwrap().id.clone();
    let reason = Some(OffReason::MonitoringFault);
    d.ask(Action::SwitchOff { alarms: vec![Target::any(id)], reason, text: "".into(), until: None }).unwrap();
    d.wait("1h");
    says(&mut d, "west", State::Ok);
    d.wait("1h");
    says(&mut d, "east", State::Warning);
    d.wait("1h");
    says(&mut d, "west", State::Critical);
    assert!(alarm(&d).is_none(), "it has failed all the while: it stays off");
}

#[test]

fn al19_an_ok_by_the_silence_of_one_of_two_monitors_is_an_ok() {
    let mut d = twins();
    says(&mut d, "east", State::Critical);
    d.wait("1m");
    says(&mut d, "west", State::Warning);
    says(&mut d, "west", State::Ok);
    let id = alarm(&d).unwrap().id.clone();
    let reason = Some(OffReason::MonitoringFault);
    d.ask(Action::SwitchOff { alarms: vec![Target::any(id)], reason, text: "".into(), until: None }).unwrap();
    d.wait("1h");
    health(&mut d, "east", SourceHealth::Stopped);
    d.wait("1h");
    says(&mut d, "west", State::Critical);
    assert!(alarm(&d).is_some_and(|a| a.failing_now()), "it failed anew after an OK");
}

#[test]
fn dc10_what_one_of_two_monitors_no_longer_watches_is_said_by_the_other() {
    let mut d = twins();
    says(&mut d, "east", State::Critical);
    says(&mut d, "west", State::Warning);
    says(&mut d, "west", State::Ok);
    assert!(alarm(&d).unwrap().failing_now());
    let object = Object { host: "ce.a".into(), service: Some(JOB.into()) };
    d.say_as("east", Origin::Status, Seen::Gone { object });
    assert!(!alarm(&d).unwrap().failing_now(), "only west watches it");
    let listed = ServiceSeen { report: Report::Listed, ..seen("ce.a", JOB, State::Critical, true, "output") };
    d.say_as("east", Origin::Log, Seen::Service(listed));
    assert!(alarm(&d).unwrap().failing_now(), "east watches it again");
}

#[test]
fn dc10_a_monitor_that_leaves_the_settings_or_its_group_does_not_keep_its_last_word() {
    for group in [None, Some("alone")] {
        let mut d = twins();
        says(&mut d, "east", State::Critical);
        says(&mut d, "west", State::Warning);
        says(&mut d, "west", State::Ok);
        let before = d.settings.clone();
        match group {
            None => drop(d.settings.monitors.remove("east")),
            Some(group) => d.settings.monitors.get_mut("east").unwrap().group = group.into(),
        }
        d.refresh_settings();
        assert!(!alarm(&d).unwrap().failing_now());
        d.settings = before;
        d.refresh_settings();
        assert!(alarm(&d).unwrap().failing_now(), "it is back");
        d.settings.monitors.remove("east");
        d.settings.monitors.remove("west");
        d.refresh_settings();
        assert!(alarm(&d).unwrap().flags.contains_key(&Flag::NoLongerMonitored));
    }
}

/// A time settles what the one holds; the other waits for its notifications.
#[test]
fn dc6_each_monitor_of_a_group_settles_what_it_holds() {
    let mut d = twins();
    d.settings.monitors.get_mut("west").unwrap().has_notifications = false;
    d.refresh_settings();
    for monitor in ["east", "west"] {
        d.say_as(monitor, Origin::Log, Seen::Host(host_seen("ce.a", State::Down, true)));
        says(&mut d, monitor, State::Critical);
    }
    assert!(alarm(&d).is_none());
    for monitor in ["east", "west"] {
        d.say_as(monitor, Origin::Log, Seen::Host(host_seen("ce.a", State::Up, true)));
    }
    d.wait("15m");
    let a = alarm(&d).unwrap();
    assert_eq!(a.monitors, ["west".into()]);
    assert!(a.flags.contains_key(&Flag::NotSettled));
}

#[test]
fn al2_a_mark_of_one_of_two_monitors_says_nothing_of_the_state() {
    let mut d = twins();
    says(&mut d, "east", State::Critical);
    health(&mut d, "east", SourceHealth::Silent);
    let object = Object { host: "ce.a".into(), service: Some(JOB.into()) };
    d.say_as("west", Origin::Log, Seen::InDowntime { object, on: true });
    let id = alarm(&d).unwrap().id.clone();
    let reason = Some(OffReason::MonitoringFault);
    let until = Some(d.now.plus(span("1h")));
    d.ask(Action::SwitchOff { alarms: vec![Target::any(id)], reason, text: "".into(), until }).unwrap();
    d.wait("1h");
    assert!(alarm(&d).is_some_and(|a| a.failing_now()), "it comes back by its date: nobody said that it is OK");
}

#[test]
fn dc10_a_recovery_told_by_another_monitor_shows_that_it_is_watched() {
    let mut d = twins();
    says(&mut d, "east", State::Critical);
    let object = Object { host: "ce.a".into(), service: Some(JOB.into()) };
    d.say_as("east", Origin::Status, Seen::Gone { object: object.clone() });
    assert!(alarm(&d).unwrap().flags.contains_key(&Flag::NoLongerMonitored));
    let (contact, kind, state) = ("rod".into(), NotificationKind::Recovery, State::Ok);
    let told = NotificationSeen { object, contact, kind, state, output: "OK".into() };
    d.say_as("west", Origin::Log, Seen::Notification(told));
    assert!(!alarm(&d).unwrap().flags.contains_key(&Flag::NoLongerMonitored));
}
