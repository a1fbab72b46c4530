//! AL8, AL9, AL13, AL15: what the topology says of a site and its services.

use crate::desk::*;
use alarm_core::event::Event;
use alarm_core::flag::Flag;
use alarm_core::state::State;
use alarm_core::watch::SetAside;

#[test]
fn al8_monitoring_off_is_raised_set_apart_and_reported_once() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.wait("1h");
    d.endpoint("ce.a", "CREAM-CE").monitored = false;
    d.refresh_topology();
    assert_eq!(d.flags("ce.a", JOB), [Flag::MonitoringOff]);
    assert!(d.open("ce.a", JOB).set_apart());
    d.wait("23h59m");
    assert_eq!(d.count(|e| matches!(e, Event::ReportMonitoringOff { .. })), 0);
    d.wait("1m");
    assert_eq!(d.count(|e| matches!(e, Event::ReportMonitoringOff { .. })), 1);
    d.wait("5d");
    assert_eq!(d.count(|e| matches!(e, Event::ReportMonitoringOff { .. })), 1);
    d.endpoint("ce.a", "CREAM-CE").monitored = true;
    d.refresh_topology();
    assert_eq!(d.flags("ce.a", JOB), []);
}

#[test]
fn al8_no_report_of_what_is_ok_by_then() {
    let mut d = Desk::new();
    d.endpoint("ce.a", "CREAM-CE").monitored = false;
    d.refresh_topology();
    d.fails("ce.a", JOB);
    d.wait("10h");
    d.recovers("ce.a", JOB);
    d.wait("3d");
    assert_eq!(d.count(|e| matches!(e, Event::ReportMonitoringOff { .. })), 0);
}

#[test]
fn al8_raised_where_monitoring_was_off_all_along() {
    let mut d = Desk::new();
    d.endpoint("ce.a", "CREAM-CE").monitored = false;
    d.refresh_topology();
    d.fails("ce.a", JOB);
    assert_eq!(d.flags("ce.a", JOB), [Flag::MonitoringOff]);
    d.wait("24h");
    assert_eq!(d.count(|e| matches!(e, Event::ReportMonitoringOff { .. })), 1);
}

#[test]
fn al9_not_in_production_and_not_registered_are_set_apart() {
    let mut d = Desk::new();
    d.endpoint("ce.a", "CREAM-CE").in_production = false;
    d.topology.endpoints.remove("ce.b");
    d.refresh_topology();
    d.fails("ce.a", JOB);
    d.fails("ce.b", JOB);
    assert_eq!(d.flags("ce.a", JOB), [Flag::NotInProduction]);
    assert_eq!(d.flags("ce.b", JOB), [Flag::NotRegistered]);
    assert!(d.open("ce.a", JOB).set_apart() && d.open("ce.b", JOB).set_apart());
    assert_eq!(&*d.open("ce.b", JOB).about.site, "B", "the site by the monitor's own variables");
}

#[test]
fn al9_without_any_topology_nothing_is_said_to_be_unregistered() {
    let mut d = Desk::empty();
    d.configure(Desk::objects());
    d.fails("ce.a", JOB);
    assert_eq!(d.flags("ce.a", JOB), []);
    assert_eq!(&*d.open("ce.a", JOB).about.site, "A");
}

#[test]
fn al9_a_host_is_judged_by_all_of_its_services() {
    let mut d = Desk::new();
    let mut other = d.endpoint("ce.a", "CREAM-CE").clone();
    other.in_production = false;
    d.topology.endpoints.get_mut("ce.a").unwrap().insert("APEL".into(), other);
    d.refresh_topology();
    d.host("ce.a", State::Down, true);
    assert_eq!(d.flags("ce.a", ""), [], "one of its services is in production");
    d.endpoint("ce.a", "CREAM-CE").in_production = false;
    d.refresh_topology();
    assert_eq!(d.flags("ce.a", ""), [Flag::NotInProduction]);
}

#[test]
fn al15_suspended_closed_and_uncertified_sites_raise_nothing() {
    for status in ["Suspended", "Closed", "Uncertified"] {
        let mut d = Desk::new();
        d.topology.sites.get_mut("A").unwrap().certification = status.into();
        d.refresh_topology();
        d.fails("ce.a", JOB);
        let wanted = SetAside::Certification { site: "A".into(), status: status.into() };
        assert_eq!(d.aside("ce.a", JOB), Some(wanted));
        d.host("ce2.a", State::Down, true);
        assert!(d.alarm("ce2.a", "").is_none(), "nor does a host of it");
    }
}

#[test]
fn al15_a_change_of_status_acts_on_standing_alarms_and_problems() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.wait("1h");
    d.topology.sites.get_mut("A").unwrap().certification = "Suspended".into();
    d.refresh_topology();
    assert!(d.alarm("ce.a", JOB).is_none());
    assert!(matches!(d.aside("ce.a", JOB), Some(SetAside::Certification { .. })));
    d.wait("1h");
    d.topology.sites.get_mut("A").unwrap().certification = "Certified".into();
    d.refresh_topology();
    assert!(d.open("ce.a", JOB).failing_now());
}

#[test]
fn al15_is_configurable_per_status() {
    let mut d = Desk::new();
    d.settings.silent_certifications = ["Candidate".into()].into();
    d.refresh_settings();
    d.topology.sites.get_mut("A").unwrap().certification = "Suspended".into();
    d.topology.sites.get_mut("B").unwrap().certification = "Candidate".into();
    d.refresh_topology();
    d.fails("ce.a", JOB);
    d.fails("ce.b", JOB);
    assert!(d.alarm("ce.a", JOB).is_some());
    assert!(d.alarm("ce.b", JOB).is_none());
}
