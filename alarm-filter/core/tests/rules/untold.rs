//! AL3: of a state that a monitor told to nobody, the reason: dependencies of hosts, escalations, time periods with dates,
//! downtimes that wait for others.

use crate::desk::*;
use alarm_core::alarm::Told;
use alarm_core::flag::Flag;
use alarm_core::input::{Contacts, MuteScope, Object, Origin, PeriodOf, Report, ScheduledDowntime, Seen, ServiceSeen};
use alarm_core::objects::{Contact, Dependency, Escalation};
use alarm_core::period::{Dates, Day, Timeperiod};
use alarm_core::state::State;
use chrono::{DateTime, Datelike};

fn why(d: &Desk, host: &str) -> Vec<Flag> {
    match &d.open(host, JOB).history[0].told {
        Told::Not(why) => why.clone(),
        told => panic!("{told:?}"),
    }
}

fn on(host: &str, criteria: &str) -> Dependency {
    Dependency { host: host.into(), criteria: criteria.into(), ..Dependency::default() }
}

#[test]
fn al3_a_host_that_depends_on_a_failing_one_silences_its_services_too() {
    let mut objects = Desk::objects();
    objects.hosts.get_mut("ce.a").unwrap().depends_on.push(on("apel.a", "du"));
    let mut d = Desk::new();
    d.configure(objects.clone());
    d.fails("ce.a", JOB);
    assert_eq!(why(&d, "ce.a"), []);

    let mut d = Desk::new();
    d.configure(objects);
    d.host("apel.a", State::Down, false);
    d.wait("10s");
    d.fails("ce.a", JOB);
    assert_eq!(why(&d, "ce.a"), [], "a soft state of the master counts with the hard one before");

    d.host("apel.a", State::Down, true);
    d.wait("10s");
    d.host("ce.a", State::Down, true);
    let Told::Not(why) = &d.open("ce.a", "").history[0].told else { panic!() };
    assert_eq!(why, &[Flag::Dependency]);
}

#[test]
fn al3_outside_of_its_period_a_dependency_holds_nothing_back_and_ends_the_asking() {
    let mut objects = Desk::objects();
    objects.timeperiods.insert("never".into(), Timeperiod::default());
    let service = objects.hosts.get_mut("ce.a").unwrap().services.get_mut(JOB).unwrap();
    let master = |period: &str| Dependency { service: "new.metric".into(), period: period.into(), ..on("ce.a", "c") };
    service.depends_on = vec![master("never"), master("")];
    let mut d = Desk::new();
    d.configure(objects.clone());
    d.fails("ce.a", "new.metric");
    d.fails("ce.a", JOB);
    assert_eq!(why(&d, "ce.a"), []);

    objects.hosts.get_mut("ce.a").unwrap().services.get_mut(JOB).unwrap().depends_on.reverse();
    let mut d = Desk::new();
    d.configure(objects);
    d.fails("ce.a", "new.metric");
    d.fails("ce.a", JOB);
    assert_eq!(why(&d, "ce.a"), [Flag::Dependency]);
}

#[test]
fn al3_an_escalation_of_the_host_says_who_hears_of_it() {
    let mut objects = Desk::objects();
    objects.contacts.insert("deaf".into(), Contact::default());
    let to_nobody = Escalation { first: 1, contacts: vec!["deaf".into()], ..Escalation::default() };
    objects.hosts.get_mut("ce.a").unwrap().escalations.push(to_nobody);
    let mut d = Desk::new();
    d.configure(objects);
    d.fails("ce.a", JOB);
    assert_eq!(why(&d, "ce.a"), [], "it is the host's, not the service's");
    d.host("ce.a", State::Down, true);
    let Told::Not(why) = &d.open("ce.a", "").history[0].told else { panic!() };
    assert_eq!(why, &[Flag::NoContact]);
}

#[test]
fn al3_a_date_of_a_time_period_stands_above_its_weekday() {
    let mut d = Desk::new();
    let today = DateTime::from_timestamp_millis(d.now.0).unwrap();
    let date = Day::Date(today.year(), today.month(), today.day());
    let holiday = Timeperiod {
        days: std::array::from_fn(|_| vec![(0, 86_400)]),
        dates: vec![Dates { from: date, to: date, every: 1, hours: vec![(0, 0)] }],
        ..Timeperiod::default()
    };
    let mut objects = Desk::objects();
    objects.timeperiods.insert("work".into(), holiday);
    objects.rules[0].period = "work".into();
    d.configure(objects);
    d.fails("ce.a", JOB);
    assert_eq!(why(&d, "ce.a"), [Flag::NotificationPeriod]);
    d.wait("24h");
    d.fails("ce2.a", JOB);
    assert_eq!(why(&d, "ce2.a"), []);
}

#[test]
fn al3_a_flexible_downtime_that_waits_for_another_silences_nobody() {
    for (triggered_by, reasons) in [(7, vec![]), (0, vec![Flag::FlexibleDowntime])] {
        let mut d = Desk::new();
        d.configure(Desk::objects());
        let downtime = ScheduledDowntime {
            object: Object { host: "ce.a".into(), service: Some(JOB.into()) },
            host_services: false,
            id: None,
            start: d.now,
            end: d.now.plus(span("1h")),
            fixed: false,
            duration: span("10m"),
            triggered_by,
            author: "rod".into(),
            comment: "".into(),
        };
        d.say(Origin::Log, Seen::DowntimeScheduled(downtime));
        d.wait("1m");
        d.fails("ce.a", JOB);
        assert_eq!(why(&d, "ce.a"), reasons);
    }
}

#[test]
fn al3_a_soft_recovery_of_a_master_frees_what_depends_on_it() {
    let mut objects = Desk::objects();
    let service = objects.hosts.get_mut("ce.a").unwrap().services.get_mut(JOB).unwrap();
    service.depends_on = vec![Dependency { service: "new.metric".into(), ..on("ce.a", "c") }];
    let mut d = Desk::new();
    d.configure(objects);
    d.fails("ce.a", "new.metric");
    d.wait("1m");
    // As after a host that was not UP: hard below its attempts, so that its OK is called soft.
    d.alert("ce.a", "new.metric", State::Ok, false, "OK");
    d.wait("1m");
    d.alert("ce.a", "new.metric", State::Critical, false, "again");
    d.fails("ce.a", JOB);
    assert_eq!(why(&d, "ce.a"), []);
}

#[test]
fn al3_a_reason_at_the_last_result_that_a_snapshot_shows_has_to_last_until_the_snapshot() {
    for (later, expected) in [("20s", Told::Not(vec![Flag::FirstNotificationDelay])), ("2m", Told::NotAsked)] {
        let mut objects = Desk::objects();
        // One unit: a minute.
        objects.rules[0].first_delay_milli = 1_000;
        let mut d = Desk::new();
        d.configure(objects);
        d.host("ce.a", State::Down, true);
        d.fails("ce.a", JOB);
        d.wait("10s");
        d.host("ce.a", State::Up, true);
        d.wait("10s");
        let checked = d.now;
        d.wait(later);
        let shown = ServiceSeen {
            report: Report::Listed,
            last_check: Some(checked),
            ..seen("ce.a", JOB, State::Critical, true, "it fails")
        };
        d.say(Origin::Status, Seen::Service(shown));
        assert_eq!(d.open("ce.a", JOB).history[0].told, expected, "{later}");
    }
}

/// Switches as a command does.
fn switch(d: &mut Desk, scope: MuteScope, name: &str, muted: bool) {
    d.say(Origin::Log, Seen::Muted { scope, host: name.into(), service: None, muted });
}

fn muted(d: &Desk, host: &str, service: &str) -> bool {
    d.open(host, service).flags.contains_key(&Flag::Muted)
}

#[test]
fn al3_a_switch_of_a_group_is_one_of_each_member_and_can_be_taken_back() {
    let mut objects = Desk::objects();
    objects.host_groups.insert("ces".into(), vec!["ce.a".into(), "ce2.a".into()]);
    objects.service_groups.insert("jobs".into(), vec![("ce.a".into(), JOB.into())]);
    for (scope, group, expected) in [
        (MuteScope::HostGroupServices, "ces", [true, true]),
        (MuteScope::ServiceGroup, "jobs", [true, false]),
        (MuteScope::HostGroup, "ces", [false, false]),
        (MuteScope::HostGroupServices, "none-such", [false, false]),
    ] {
        let mut d = Desk::new();
        d.configure(objects.clone());
        d.fails("ce.a", JOB);
        switch(&mut d, scope, group, true);
        d.fails("ce2.a", JOB);
        assert_eq!([muted(&d, "ce.a", JOB), muted(&d, "ce2.a", JOB)], expected, "{scope:?} {group}");
        let told = Told::Not(vec![Flag::Muted]);
        assert_eq!(d.open("ce2.a", JOB).history[0].told == told, expected[1], "{scope:?} {group}");
        switch(&mut d, scope, group, false);
        assert_eq!([muted(&d, "ce.a", JOB), muted(&d, "ce2.a", JOB)], [false, false], "{scope:?} {group}, taken back");
    }
    for (scope, group) in [(MuteScope::HostGroup, "ces"), (MuteScope::ServiceGroupHosts, "jobs")] {
        let mut d = Desk::new();
        d.configure(objects.clone());
        switch(&mut d, scope, group, true);
        d.host("ce.a", State::Down, true);
        assert!(muted(&d, "ce.a", ""), "{scope:?}");
    }
}

#[test]
fn al3_what_lies_behind_a_host_is_switched_with_its_services_at_any_distance() {
    let mut objects = Desk::objects();
    objects.hosts.get_mut("ce.a").unwrap().parents.push("apel.a".into());
    objects.hosts.get_mut("ce2.a").unwrap().parents.push("ce.a".into());
    // A circle, as no sane configuration has one.
    objects.hosts.get_mut("apel.a").unwrap().parents.push("ce2.a".into());
    for (scope, top) in [(MuteScope::HostAndChildren, true), (MuteScope::BeyondHost, false)] {
        let mut d = Desk::new();
        d.configure(objects.clone());
        switch(&mut d, scope, "apel.a", true);
        d.fails("ce2.a", JOB);
        assert!(muted(&d, "ce2.a", JOB), "{scope:?}");
        d.host("ce.a", State::Down, true);
        assert!(muted(&d, "ce.a", ""), "{scope:?}");
        d.host("apel.a", State::Down, true);
        assert_eq!(muted(&d, "apel.a", ""), top, "{scope:?}");
    }
}

#[test]
fn al3_contacts_that_a_command_silenced_and_periods_that_one_changed_count() {
    let mut objects = Desk::objects();
    objects.timeperiods.insert("never".into(), Timeperiod::default());
    let always = Timeperiod { days: std::array::from_fn(|_| vec![(0, 86_400)]), ..Timeperiod::default() };
    objects.timeperiods.insert("always".into(), always);
    let contact = objects.rules[0].contacts.first().cloned();
    let Some(contact) = contact else { panic!("the desk's services have a contact: {:?}", objects.rules) };
    objects.contact_groups.insert("desk".into(), vec![contact.clone()]);
    let service = || PeriodOf::Object(Object { host: "ce.a".into(), service: Some(JOB.into()) });
    let silenced = |who| Seen::ContactsTold { who, services: true, told: false };
    let changed = |of, period: &str| Seen::PeriodChanged { of, period: period.into() };
    for (said, reasons) in [
        (silenced(Contacts::Contact(contact.clone())), vec![Flag::NoContact]),
        (silenced(Contacts::Group("desk".into())), vec![Flag::NoContact]),
        (Seen::ContactsTold { who: Contacts::Contact(contact.clone()), services: false, told: false }, vec![]),
        (changed(PeriodOf::ContactServices(contact.clone()), "never"), vec![Flag::NoContact]),
        (changed(PeriodOf::ContactHosts(contact.clone()), "never"), vec![]),
        (changed(service(), "never"), vec![Flag::NotificationPeriod]),
        // The monitor refuses it.
        (changed(service(), "none-such"), vec![]),
    ] {
        let mut d = Desk::new();
        d.configure(objects.clone());
        d.say(Origin::Log, said.clone());
        d.fails("ce.a", JOB);
        assert_eq!(why(&d, "ce.a"), reasons, "{said:?}");
    }
    let mut d = Desk::new();
    d.configure(objects);
    d.say(Origin::Log, changed(service(), "never"));
    d.say(Origin::Log, changed(service(), "always"));
    d.fails("ce.a", JOB);
    assert_eq!(why(&d, "ce.a"), [], "the last change counts");
}
