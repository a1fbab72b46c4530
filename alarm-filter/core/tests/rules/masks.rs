//! AL6: masks set by people.

use crate::desk::*;
use alarm_core::command::{Action, Done, OffReason, Refusal};
use alarm_core::time::HOUR;
use alarm_core::topology::Severity;

/// Two failing alarms of site A, the first leading the second.
fn masked() -> Desk {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.wait("1h");
    d.fails("ce2.a", JOB);
    mask(&mut d, "ce.a", "ce2.a").unwrap();
    d
}

fn mask(d: &mut Desk, leader: &str, follower: &str) -> Result<Done, Refusal> {
    let (leader, follower) = (d.seen(leader, JOB), d.seen(follower, JOB));
    d.ask(Action::Mask { leader, followers: vec![follower] })
}

fn is_free(d: &Desk, host: &str) -> bool {
    d.open(host, JOB).masked_by.is_none()
}

#[test]
fn al6_followers_fold_under_a_leader_of_the_same_site() {
    let mut d = masked();
    assert_eq!(d.open("ce2.a", JOB).masked_by.as_ref().unwrap().leader, d.id("ce.a", JOB));
    d.fails("ce.b", JOB);
    let refused = mask(&mut d, "ce.a", "ce.b");
    assert!(matches!(refused, Err(Refusal::OtherSite { .. })), "{refused:?}");
    assert!(matches!(mask(&mut d, "ce2.a", "ce.a"), Err(Refusal::CannotLead { .. })), "a follower leads nobody");
    assert!(matches!(mask(&mut d, "ce.a", "ce.a"), Err(Refusal::CannotLead { .. })));
}

#[test]
fn al6_followers_come_back_with_their_own_age_when_the_leader_is_stable_ok() {
    let mut d = masked();
    d.wait("1h");
    d.recovers("ce.a", JOB);
    d.wait("3h59m");
    assert!(!is_free(&d, "ce2.a"), "OK alone is not enough");
    d.wait("1m");
    assert!(is_free(&d, "ce2.a"));
    assert_eq!(d.age("ce2.a", JOB), 5 * HOUR);
}

#[test]
fn al6_followers_come_back_when_the_leader_is_switched_off() {
    let mut d = masked();
    d.off("ce.a", JOB, Some(OffReason::MonitoringFault)).unwrap();
    assert!(is_free(&d, "ce2.a"));
}

#[test]
fn al6_followers_come_back_when_the_leader_is_set_apart() {
    let turns: [fn(&mut Desk); 3] = [
        |d| d.endpoint("ce.a", "CREAM-CE").monitored = false,
        |d| d.endpoint("ce.a", "CREAM-CE").in_production = false,
        |d| {
            d.topology.endpoints.remove("ce.a");
        },
    ];
    for turn in turns {
        let mut d = masked();
        turn(&mut d);
        d.refresh_topology();
        assert!(is_free(&d, "ce2.a"));
    }
}

#[test]

fn al6_followers_come_back_when_the_leader_goes_into_an_outage() {
    let mut d = masked();
    d.downtime("ce.a", Severity::Outage, true, "1h", "10h");
    assert!(!is_free(&d, "ce2.a"));
    d.wait("1h");
    assert!(is_free(&d, "ce2.a"), "set aside by AL10");
}

#[test]
fn al6_followers_come_back_when_they_are_unmasked() {
    let mut d = masked();
    let alarms = vec![d.seen("ce2.a", JOB)];
    d.ask(Action::Unmask { alarms }).unwrap();
    assert!(is_free(&d, "ce2.a"));
}

#[test]
fn al6_there_are_no_chains() {
    let mut d = masked();
    d.alert("apel.a", APEL, alarm_core::state::State::Critical, true, FAILED);
    let (leader, follower) = (d.seen("apel.a", APEL), d.seen("ce.a", JOB));
    d.ask(Action::Mask { leader: leader.clone(), followers: vec![follower] }).unwrap();
    for host in ["ce.a", "ce2.a"] {
        assert_eq!(d.open(host, JOB).masked_by.as_ref().unwrap().leader, leader.alarm);
    }
}

#[test]

fn al6_an_alarm_that_is_set_apart_or_stable_ok_leads_nobody() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.fails("ce2.a", JOB);
    d.downtime("ce.a", Severity::Outage, true, "0s", "10h");
    assert!(matches!(mask(&mut d, "ce.a", "ce2.a"), Err(Refusal::CannotLead { .. })), "in an outage (AL10)");
}

#[test]
fn al6_followers_come_back_when_an_ok_leader_leaves_the_board() {
    let mut d = Desk::new();
    d.fails("ce.a", "org.sam.Other");
    d.fails("ce2.a", JOB);
    let (leader, follower) = (d.seen("ce.a", "org.sam.Other"), d.seen("ce2.a", JOB));
    d.ask(Action::Mask { leader, followers: vec![follower] }).unwrap();
    d.recovers("ce.a", "org.sam.Other");
    d.profile.service_types.insert("CREAM-CE".into(), vec!["org.sam.CREAMCE-*".into()]);
    d.refresh_profiles(&[]);
    assert!(d.alarm("ce.a", "org.sam.Other").is_none());
    assert_eq!(d.aside("ce.a", "org.sam.Other"), None, "it is OK: there is nothing to set aside");
    assert!(is_free(&d, "ce2.a"));
}

#[test]
fn al6_a_mask_ends_when_the_topology_says_that_the_sites_differ() {
    for moves in ["ce.a", "ce2.a"] {
        let mut d = masked();
        d.endpoint(moves, "CREAM-CE").site = "B".into();
        d.refresh_topology();
        assert!(is_free(&d, "ce2.a"), "{moves}");
    }
}
