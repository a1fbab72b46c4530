//! DC7 to DC10: what ends a problem, what only marks it, what is neither.

use crate::desk::*;
use alarm_core::command::Action;
use alarm_core::event::Event;
use alarm_core::flag::Flag;
use alarm_core::input::{MuteScope, NotificationKind, NotificationSeen, Object, Origin, Report, Seen};
use alarm_core::state::State;
use alarm_core::watch::SetAside;

fn object() -> Object {
    Object { host: "ce.a".into(), service: Some(JOB.into()) }
}

#[test]
fn dc7_a_soft_ok_ends_a_hard_problem() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.wait("1h");
    d.alert("ce.a", JOB, State::Ok, false, "OK");
    let alarm = d.open("ce.a", JOB);
    assert_eq!((alarm.state, alarm.failing_now(), alarm.ok_since()), (State::Ok, false, Some(d.now)));
}

#[test]
fn dc7_a_recovery_notification_is_not_needed() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.wait("1h");
    d.recovers("ce.a", JOB);
    assert!(!d.open("ce.a", JOB).failing_now());
    d.say(
        Origin::Log,
        Seen::Notification(NotificationSeen {
            object: object(),
            contact: "rod".into(),
            kind: NotificationKind::Recovery,
            state: State::Ok,
            output: "OK".into(),
        }),
    );
    assert_eq!(d.count(|e| matches!(e, Event::Recovered { .. })), 1);
}

#[test]
fn dc7_a_listed_ok_ends_it_too() {
    // Lines were lost with a rotation; status.dat shows where the service stands.
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.wait("1h");
    d.status("ce.a", JOB, State::Ok, "OK");
    assert!(!d.open("ce.a", JOB).failing_now());
}

#[test]
fn dc8_acknowledgement_downtime_mute_and_flapping_mark_and_never_hide() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.wait("1m");
    d.say(
        Origin::Log,
        Seen::Acknowledged { object: object(), sticky: true, author: "Zoë".into(), comment: "ticket 7".into() },
    );
    assert_eq!(&*d.open("ce.a", JOB).flags[&Flag::Acknowledged].detail, "Zoë: ticket 7");
    d.say(Origin::Log, Seen::InDowntime { object: object(), on: true });
    d.say(Origin::Log, Seen::Flapping { object: object(), on: true });
    let mute = |muted| Seen::Muted { scope: MuteScope::Service, host: "ce.a".into(), service: Some(JOB.into()), muted };
    d.say(Origin::Log, mute(true));
    let all = [Flag::Flapping, Flag::Acknowledged, Flag::Muted, Flag::NagiosDowntime];
    assert_eq!(d.flags("ce.a", JOB), all);
    assert!(d.open("ce.a", JOB).failing_now() && !d.open("ce.a", JOB).set_apart());
    d.say(Origin::Log, Seen::AcknowledgementRemoved { object: object() });
    d.say(Origin::Log, Seen::InDowntime { object: object(), on: false });
    d.say(Origin::Log, Seen::Flapping { object: object(), on: false });
    d.say(Origin::Log, mute(false));
    assert_eq!(d.flags("ce.a", JOB), []);
}

#[test]
fn dc8_an_acknowledgement_ends_as_in_nagios() {
    for (sticky, stays) in [(true, true), (false, false)] {
        let mut d = Desk::new();
        d.alert("ce.a", JOB, State::Warning, true, "WARNING");
        d.wait("1m");
        d.say(Origin::Log, Seen::Acknowledged { object: object(), sticky, author: "a".into(), comment: "c".into() });
        d.wait("1m");
        d.fails("ce.a", JOB);
        assert_eq!(d.flags("ce.a", JOB).contains(&Flag::Acknowledged), stays, "sticky {sticky}");
        d.recovers("ce.a", JOB);
        d.wait("1m");
        d.fails("ce.a", JOB);
        assert_eq!(d.flags("ce.a", JOB), [], "an OK ends every acknowledgement");
    }
}

#[test]
fn dc8_a_hosts_downtime_marks_its_services_and_a_mute_of_all_services_too() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.say(Origin::Log, Seen::InDowntime { object: Object { host: "ce.a".into(), service: None }, on: true });
    assert_eq!(d.flags("ce.a", JOB), [Flag::NagiosDowntime]);
    d.say(Origin::Log, Seen::Muted { scope: MuteScope::HostServices, host: "ce.a".into(), service: None, muted: true });
    assert_eq!(d.flags("ce.a", JOB), [Flag::Muted, Flag::NagiosDowntime]);
}

#[test]
fn dc8_a_restart_of_the_monitor_forgets_flapping_and_nothing_else() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.say(Origin::Log, Seen::Acknowledged { object: object(), sticky: true, author: "a".into(), comment: "c".into() });
    d.say(Origin::Log, Seen::Flapping { object: object(), on: true });
    d.wait("1m");
    d.feed(alarm_core::input::Input::MonitorStarted { monitor: "nagios".into(), since: d.now });
    assert_eq!(d.flags("ce.a", JOB), [Flag::Acknowledged]);
}

#[test]
fn dc8_a_mark_set_before_the_failure_holds_from_its_begin() {
    let mut d = Desk::new();
    d.say(Origin::Log, Seen::InDowntime { object: object(), on: true });
    d.wait("1h");
    d.fails("ce.a", JOB);
    assert_eq!(d.flags("ce.a", JOB), [Flag::NagiosDowntime]);
}

#[test]
fn dc9_never_checked_is_neither_problem_nor_recovery() {
    let mut d = Desk::new();
    let pending = |state| {
        let mut s = seen("ce.a", JOB, state, true, "(null)");
        (s.report, s.pending) = (Report::Listed, true);
        Seen::Service(s)
    };
    d.say(Origin::Log, pending(State::Ok));
    assert_eq!(d.engine.world().watch(&Desk::key("ce.a", JOB)), None, "nothing is known of it");
    d.fails("ce.a", JOB);
    d.wait("1h");
    d.say(Origin::Log, pending(State::Ok));
    assert!(d.open("ce.a", JOB).failing_now());
    let mut h = host_seen("ce.b", State::Down, false);
    (h.report, h.pending) = (Report::Listed, true);
    d.say(Origin::Log, Seen::Host(h));
    assert!(d.alarm("ce.b", "").is_none());
}

#[test]
fn dc10_a_service_that_vanishes_keeps_its_alarm_marked() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.wait("1h");
    d.say(Origin::Status, Seen::Gone { object: object() });
    assert_eq!(d.flags("ce.a", JOB), [Flag::NoLongerMonitored]);
    assert!(d.open("ce.a", JOB).failing_now());
    d.wait("10d");
    assert!(d.alarm("ce.a", JOB).is_some());
    d.off("ce.a", JOB, Some(alarm_core::command::OffReason::NotInProduction)).unwrap();
    assert!(d.alarm("ce.a", JOB).is_none());
}

#[test]
fn dc10_vanished_from_the_configuration_is_the_same() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.fails("ce.b", JOB);
    d.wait("1h");
    let mut objects = Desk::objects();
    objects.hosts.get_mut("ce.a").unwrap().services.shift_remove(JOB);
    objects.hosts.shift_remove("ce.b");
    d.configure(objects);
    for host in ["ce.a", "ce.b"] {
        assert!(d.alarm(host, JOB).is_some(), "{host}: {:?}", d.aside(host, JOB));
        assert_eq!(d.flags(host, JOB), [Flag::NoLongerMonitored]);
        assert_eq!(&*d.open(host, JOB).about.service_type, "CREAM-CE", "what it stood for is kept");
    }
    d.wait("1h");
    d.configure(Desk::objects());
    assert_eq!(d.flags("ce.a", JOB), [], "it is back");
}

#[test]

fn dc10_vanished_without_a_topology_is_the_same() {
    let mut d = Desk::empty();
    d.configure(Desk::objects());
    d.fails("ce.a", JOB);
    d.wait("1h");
    let mut objects = Desk::objects();
    objects.hosts.shift_remove("ce.a");
    d.configure(objects);
    assert!(d.alarm("ce.a", JOB).is_some(), "{:?}", d.aside("ce.a", JOB));
    assert_eq!(&*d.open("ce.a", JOB).about.site, "A", "its site is kept");
}

#[test]
fn dc10_a_problem_that_was_set_aside_leaves_nothing_behind() {
    let mut d = Desk::new();
    d.fails("ce.a", "new.metric");
    assert!(matches!(d.aside("ce.a", "new.metric"), Some(SetAside::Candidate { .. })));
    let mut objects = Desk::objects();
    objects.hosts.get_mut("ce.a").unwrap().services.shift_remove("new.metric");
    d.configure(objects);
    assert!(d.alarm("ce.a", "new.metric").is_none());
}

#[test]
fn dc10_what_is_taken_back_after_it_vanished_is_as_it_was_last_said() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    let alarm = d.id("ce.a", JOB);
    d.topology.sites.get_mut("A").unwrap().certification = "Suspended".into();
    d.refresh_topology();
    d.recovers("ce.a", JOB);
    let mut objects = Desk::objects();
    objects.hosts.get_mut("ce.a").unwrap().services.shift_remove(JOB);
    d.configure(objects);
    d.ask(Action::SwitchOn { alarms: vec![alarm] }).unwrap();
    assert!(!d.open("ce.a", JOB).failing_now());
}
