//! DC6: a host that is not UP.

use crate::desk::*;
use alarm_core::alarm::Told;
use alarm_core::event::Event;
use alarm_core::flag::Flag;
use alarm_core::input::{Origin, Report, Seen};
use alarm_core::profile::HostDown;
use alarm_core::state::State;
use alarm_core::watch::SetAside;

/// The host is down and forced its service HARD.
fn held() -> Desk {
    let mut d = Desk::new();
    d.host("ce.a", State::Down, false);
    d.wait("1m");
    d.host("ce.a", State::Down, true);
    d.fails("ce.a", JOB);
    d
}

#[test]
fn dc6_one_alarm_for_the_host_and_none_of_its_services() {
    let d = held();
    let host = d.open("ce.a", "");
    assert_eq!((host.state, &*host.about.service_type, &*host.about.site), (State::Down, "Host", "A"));
    assert!(d.alarm("ce.a", JOB).is_none());
    assert_eq!(d.aside("ce.a", JOB), Some(SetAside::HostNotUp));
}

#[test]
fn dc6_a_soft_host_holds_already() {
    let mut d = Desk::new();
    d.host("ce.a", State::Down, false);
    d.fails("ce.a", JOB);
    assert!(d.alarm("ce.a", "").is_none(), "the host itself raises only when it is hard (AL2)");
    assert_eq!(d.aside("ce.a", JOB), Some(SetAside::HostNotUp));
}

#[test]
fn dc6_an_alert_with_the_host_up_releases() {
    let mut d = held();
    d.wait("1h");
    d.host("ce.a", State::Up, true);
    assert!(d.alarm("ce.a", JOB).is_none(), "the host's recovery alone says nothing of the service");
    d.wait("1m");
    d.alert("ce.a", JOB, State::Unknown, true, "UNKNOWN");
    let alarm = d.open("ce.a", JOB);
    assert_eq!((alarm.state, alarm.since), (State::Unknown, d.now));
    assert_eq!(d.aside("ce.a", JOB), None);
}

#[test]
fn dc6_a_notification_releases() {
    let mut d = held();
    d.wait("1h");
    d.host("ce.a", State::Up, true);
    d.wait("1m");
    d.notifies("ce.a", JOB, State::Critical);
    let alarm = d.open("ce.a", JOB);
    assert_eq!((alarm.since, &alarm.history[0].told), (d.now, &Told::Notified));
}

#[test]
fn dc6_status_dat_releases_with_a_check_after_the_host_came_up() {
    let mut d = held();
    d.wait("1h");
    let before = d.now;
    d.wait("1s");
    d.host("ce.a", State::Up, true);
    d.wait("10s");
    let mut s = seen("ce.a", JOB, State::Critical, true, FAILED);
    (s.report, s.last_check) = (Report::Listed, Some(before));
    d.say(Origin::Status, Seen::Service(s));
    assert!(d.alarm("ce.a", JOB).is_none(), "that check was before");
    d.wait("5m");
    d.status("ce.a", JOB, State::Critical, FAILED);
    assert!(d.open("ce.a", JOB).failing_now());
}

#[test]
fn dc6_an_episode_within_the_hosts_leaves_no_alarm() {
    let mut d = held();
    d.wait("10m");
    d.alert("ce.a", JOB, State::Ok, false, "OK");
    d.wait("1m");
    d.host("ce.a", State::Up, true);
    d.wait("1d");
    assert!(d.alarm("ce.a", JOB).is_none());
    assert_eq!(d.aside("ce.a", JOB), None);
    assert_eq!(d.count(|e| matches!(e, Event::Raised { key, .. } if key.service.is_some())), 0);
}

#[test]
fn dc6_what_stood_before_goes_on_and_is_marked() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    let id = d.id("ce.a", JOB);
    d.wait("1h");
    d.host("ce.a", State::Unreachable, true);
    assert_eq!(d.flags("ce.a", JOB), [Flag::HostNotUp]);
    d.alert("ce.a", JOB, State::Unknown, true, "UNKNOWN");
    let alarm = d.open("ce.a", JOB);
    assert_eq!((&alarm.id, alarm.state), (&id, State::Unknown));
    assert_eq!(alarm.history.last().unwrap().told, Told::Not(vec![Flag::HostNotUp]));
    d.wait("1h");
    d.host("ce.a", State::Up, true);
    assert_eq!(d.flags("ce.a", JOB), []);
}

#[test]

fn dc6_without_sources_that_could_settle_it_a_time_decides() {
    let mut d = Desk::new();
    d.settings.monitors.get_mut("nagios").unwrap().has_notifications = false;
    d.refresh_settings();
    d.host("ce.a", State::Down, true);
    d.fails("ce.a", JOB);
    d.wait("1h");
    assert!(d.alarm("ce.a", JOB).is_none(), "not while the host is down");
    d.host("ce.a", State::Up, true);
    d.wait("14m59s");
    assert!(d.alarm("ce.a", JOB).is_none());
    d.wait("1s");
    assert_eq!(d.flags("ce.a", JOB), [Flag::NotSettled]);
    d.wait("1h");
    d.alert("ce.a", JOB, State::Warning, true, "WARNING");
    assert_eq!(d.flags("ce.a", JOB), [], "a result settles it");
}

#[test]
fn dc6_with_them_no_time_decides() {
    let mut d = held();
    d.wait("1h");
    d.host("ce.a", State::Up, true);
    d.wait("2d");
    assert!(d.alarm("ce.a", JOB).is_none());
    assert_eq!(d.aside("ce.a", JOB), Some(SetAside::HostNotUp));
}

#[test]
fn dc6_a_profile_may_ignore_hosts() {
    let mut d = Desk::new();
    d.profile.host_down = HostDown::Ignore;
    d.refresh_profiles(&[]);
    d.host("ce.a", State::Down, true);
    d.fails("ce.a", JOB);
    assert!(d.alarm("ce.a", "").is_none());
    assert_eq!(d.aside("ce.a", ""), Some(SetAside::HostDownIgnored));
    assert_eq!(d.aside("ce.a", JOB), Some(SetAside::HostNotUp), "its services are held all the same");
}

#[test]
fn dc6_a_host_without_critical_services_raises_nothing() {
    let mut d = Desk::new();
    d.host("router.a", State::Down, true);
    assert!(matches!(d.aside("router.a", ""), Some(SetAside::NotInProfile { .. })));
}

#[test]
fn dc6_the_hosts_alarm_ends_when_it_is_up() {
    let mut d = held();
    d.wait("1h");
    d.host("ce.a", State::Up, true);
    let host = d.open("ce.a", "");
    assert_eq!((host.state, host.failing_now()), (State::Up, false));
}

#[test]

fn dc6_a_host_raises_once_a_critical_service_of_it_is_known() {
    // Neither objects.cache nor topology: services are known once they were seen.
    let mut d = Desk::empty();
    d.profile.service_types = [("*".into(), vec!["org.sam.*".into()])].into();
    d.refresh_profiles(&[]);
    d.host("ce.a", State::Down, true);
    d.wait("1m");
    d.fails("ce.a", JOB);
    assert_eq!(d.aside("ce.a", JOB), Some(SetAside::HostNotUp));
    assert!(d.alarm("ce.a", "").is_some(), "nothing else would tell of it: {:?}", d.aside("ce.a", ""));
}
