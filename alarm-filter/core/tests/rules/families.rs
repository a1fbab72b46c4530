//! AL14: families of alarms of one site, accounting first of all.

use crate::desk::*;
use alarm_core::command::{Action, CauseKind, OffReason, Refusal};
use alarm_core::input::{Input, Origin, Report, Seen};
use alarm_core::state::State;
use alarm_core::topology::Severity;
use alarm_core::watch::Key;

/// Accounting fails at site A on two hosts; `apel2.a` is the older one.
fn two() -> Desk {
    let mut d = Desk::new();
    d.fails("apel2.a", APEL);
    d.wait("1h");
    d.fails("apel.a", APEL);
    d
}

fn leader_of(d: &Desk, host: &str) -> Option<String> {
    let mask = d.open(host, APEL).masked_by.clone()?;
    Some(d.engine.world().alarms.get(&mask.leader).unwrap().key.host.to_string())
}

#[test]
fn al14_the_oldest_leads_and_the_rest_are_masked_by_the_program() {
    let mut d = two();
    assert_eq!(leader_of(&d, "apel2.a"), None);
    assert_eq!(leader_of(&d, "apel.a").as_deref(), Some("apel2.a"));
    assert!(d.open("apel.a", APEL).masked_by.as_ref().unwrap().family);
    d.fails("apel.b", APEL);
    assert_eq!(leader_of(&d, "apel.b"), None, "another site is another family");
    let target = d.seen("apel.a", APEL);
    let alarm = target.alarm.clone();
    assert_eq!(d.ask(Action::Unmask { alarms: vec![target] }), Err(Refusal::FamilyMask { alarm }));
}

#[test]
fn al14_of_equal_age_the_host_name_decides() {
    let mut d = Desk::new();
    d.fails("apel2.a", APEL);
    d.fails("apel.a", APEL);
    assert_eq!(leader_of(&d, "apel2.a").as_deref(), Some("apel.a"));
    assert_eq!(leader_of(&d, "apel.a"), None);
}

/// Not the order in which they came in, nor their ids, which come of it.
#[test]
fn al14_of_one_service_in_two_groups_the_groups_name_decides() {
    for (order, before) in [["east", "west"], ["west", "east"]].into_iter().flat_map(|o| (0..8).map(move |n| (o, n))) {
        let mut d = Desk::new();
        (0..before).for_each(|by| assert_eq!(d.feed(Input::ClockStep { by }), None));
        for monitor in order {
            d.say_as(monitor, Origin::Log, Seen::Service(seen("apel.a", APEL, State::Unknown, true, FAILED)));
        }
        let of = |group: &str| {
            let key = Key { group: group.into(), ..Desk::key("apel.a", APEL) };
            d.engine.world().alarm_of(&key).cloned().unwrap()
        };
        assert_eq!(of("east").masked_by, None, "{order:?} after {before}");
        assert_eq!(of("west").masked_by.as_ref().map(|m| &m.leader), Some(&of("east").id));
    }
}

#[test]
fn al14_the_next_leads_when_the_leader_goes() {
    let mut d = two();
    d.off("apel2.a", APEL, Some(OffReason::CoreService)).unwrap();
    assert_eq!(leader_of(&d, "apel.a"), None);
    let mut d = two();
    d.recovers("apel2.a", APEL);
    d.wait("4h");
    assert_eq!(leader_of(&d, "apel.a"), None, "stable OK");
}

#[test]
fn al14_what_is_set_apart_leads_nobody() {
    let mut d = two();
    d.endpoint("apel2.a", "APEL").monitored = false;
    d.refresh_topology();
    assert_eq!((leader_of(&d, "apel.a"), leader_of(&d, "apel2.a")), (None, None));
    d.endpoint("apel2.a", "APEL").monitored = true;
    d.refresh_topology();
    assert_eq!(leader_of(&d, "apel.a").as_deref(), Some("apel2.a"));
}

#[test]

fn al14_what_is_in_an_outage_leads_nobody() {
    let mut d = two();
    d.downtime("apel2.a", Severity::Outage, true, "0s", "4h");
    assert_eq!(leader_of(&d, "apel.a"), None);
    d.wait("4h");
    assert_eq!(leader_of(&d, "apel.a").as_deref(), Some("apel2.a"), "it leads again when the outage is over");
}

#[test]

fn al14_a_leader_under_a_common_cause_leaves_the_family() {
    let mut d = two();
    let alarms = vec![d.seen("apel2.a", APEL)];
    d.ask(Action::OpenCause { kind: CauseKind::CoreService, text: "repository down".into(), alarms }).unwrap();
    assert_eq!(leader_of(&d, "apel.a"), None);
    let cause = d.engine.world().causes.keys().next().unwrap().clone();
    d.ask(Action::EndCause { cause }).unwrap();
    assert_eq!(leader_of(&d, "apel.a").as_deref(), Some("apel2.a"));
}

#[test]
fn al14_alarms_of_unknown_sites_are_no_family() {
    let mut d = Desk::new();
    d.topology.endpoints.clear();
    d.refresh_topology();
    let mut objects = Desk::objects();
    objects.hosts.values_mut().for_each(|h| h.site = "".into());
    d.configure(objects);
    d.fails("apel.a", APEL);
    d.fails("apel.b", APEL);
    assert_eq!(&*d.open("apel.a", APEL).about.site, "");
    assert_eq!((leader_of(&d, "apel.a"), leader_of(&d, "apel.b")), (None, None));
}

#[test]
fn al14_a_leader_that_comes_back_leads_again() {
    let mut d = two();
    let alarm = d.id("apel2.a", APEL);
    d.off("apel2.a", APEL, Some(OffReason::CoreService)).unwrap();
    d.ask(Action::SwitchOn { alarms: vec![alarm] }).unwrap();
    assert_eq!(leader_of(&d, "apel.a").as_deref(), Some("apel2.a"));
}

#[test]
fn al14_a_begin_that_becomes_known_later_makes_it_the_oldest() {
    let mut d = Desk::new();
    d.fails("apel2.a", APEL);
    d.wait("1h");
    let mut s = seen("apel.a", APEL, State::Critical, true, FAILED);
    s.report = Report::Listed;
    d.say(Origin::Log, Seen::Service(s.clone()));
    assert_eq!(leader_of(&d, "apel.a").as_deref(), Some("apel2.a"));
    s.last_change = Some(d.now.plus(-span("5h")));
    d.say(Origin::Status, Seen::Service(s));
    assert_eq!(leader_of(&d, "apel2.a").as_deref(), Some("apel.a"));
}
