//! AL17 and AL18: security matters, and causes that several sites share.

use crate::desk::*;
use alarm_core::alarm::AlarmId;
use alarm_core::command::{Action, CauseKind, Done, OffReason, Refusal, Target};
use alarm_core::event::Event;
use alarm_core::time::HOUR;

fn open_cause(d: &mut Desk, alarms: Vec<AlarmId>) -> Result<Done, Refusal> {
    let alarms = alarms.into_iter().map(Target::any).collect();
    d.ask(Action::OpenCause { kind: CauseKind::MonitoringFault, text: "broker down".into(), alarms })
}

fn end_cause(d: &mut Desk) {
    let cause = d.engine.world().causes.keys().next().unwrap().clone();
    d.ask(Action::EndCause { cause }).unwrap();
}

fn proposals(d: &Desk) -> usize {
    d.count(|e| matches!(e, Event::CauseProposed { .. }))
}

#[test]
fn al17_a_security_metric_is_stored_and_tagged() {
    let mut d = Desk::new();
    d.fails("ce.a", SECRET);
    assert!(d.open("ce.a", SECRET).about.security);
    d.fails("ce.a", JOB);
    assert!(!d.open("ce.a", JOB).about.security);
}

#[test]
fn al17_a_tag_that_comes_later_holds_for_what_stands() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.profile
        .metrics
        .insert("org.sam.*".into(), alarm_core::profile::MetricSettings { security: true, ..Default::default() });
    d.refresh_profiles(&[]);
    assert!(d.open("ce.a", JOB).about.security);
}

#[test]
fn al17_security_matters_propose_no_common_cause() {
    let mut d = Desk::new();
    for host in ["ce.a", "ce.b", "ce.c"] {
        d.fails(host, SECRET);
    }
    assert_eq!(proposals(&d), 0);
}

#[test]
fn al18_three_sites_within_30_minutes_are_proposed() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.wait("10m");
    d.fails("ce.b", JOB);
    d.fails("ce2.b", JOB);
    assert_eq!(proposals(&d), 0, "two sites");
    d.wait("20m");
    d.fails("ce.c", JOB);
    let Some(Event::CauseProposed { metric, sites, alarms, .. }) =
        d.events().find(|e| matches!(e, Event::CauseProposed { .. }))
    else {
        panic!("nothing was proposed");
    };
    assert_eq!((&**metric, sites.len(), alarms.len()), (JOB, 3, 4));
    d.wait("1m");
    d.fails("ce2.c", JOB);
    assert_eq!(proposals(&d), 1, "a further host of the same sites is nothing new");
}

#[test]
fn al18_a_further_site_joins_the_proposal() {
    let mut d = Desk::new();
    d.settings.cause_sites = 2;
    d.refresh_settings();
    d.fails("ce.a", JOB);
    d.fails("ce.b", JOB);
    d.fails("ce2.b", JOB);
    d.fails("ce.c", JOB);
    let joined = d.events().filter_map(|e| match e {
        Event::CauseProposed { sites, alarms, joins: true, .. } => Some((sites.len(), alarms.len())),
        _ => None,
    });
    assert_eq!(joined.collect::<Vec<_>>(), [(1, 2)], "what is proposed already is not written again");
    let proposal = &d.engine.world().meta.proposed[JOB];
    assert_eq!((proposal.sites.len(), proposal.alarms.len()), (3, 4));
}

#[test]
fn al18_what_lies_further_apart_is_not_proposed() {
    let mut d = Desk::new();
    for host in ["ce.a", "ce.b", "ce.c"] {
        d.fails(host, JOB);
        d.wait("16m");
    }
    assert_eq!(proposals(&d), 0);
}

#[test]
fn al18_alarms_under_a_cause_return_with_their_age() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.fails("ce.b", JOB);
    let alarms = vec![d.id("ce.a", JOB), d.id("ce.b", JOB)];
    let nameless = Action::OpenCause {
        kind: CauseKind::Network,
        text: " ".into(),
        alarms: alarms.iter().cloned().map(Target::any).collect(),
    };
    assert_eq!(d.ask(nameless), Err(Refusal::NeedsText));
    open_cause(&mut d, alarms).unwrap();
    assert!(d.open("ce.a", JOB).cause.is_some() && d.open("ce.b", JOB).cause.is_some());
    d.wait("5h");
    end_cause(&mut d);
    assert!(d.open("ce.a", JOB).cause.is_none());
    assert_eq!(d.age("ce.a", JOB), 5 * HOUR);
}

#[test]

fn al18_what_returns_after_its_cause_ended_stands_free() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    let alarm = d.id("ce.a", JOB);
    open_cause(&mut d, vec![alarm.clone()]).unwrap();
    d.off("ce.a", JOB, Some(OffReason::CoreService)).unwrap();
    end_cause(&mut d);
    d.ask(Action::SwitchOn { alarms: vec![alarm] }).unwrap();
    assert_eq!(d.open("ce.a", JOB).cause, None, "the cause is over, nothing would ever bring it back to its queue");
}

#[test]
fn al18_a_cause_that_there_is_not_is_refused() {
    let mut d = Desk::new();
    let refused = d.ask(Action::EndCause { cause: "cause-9".into() });
    assert!(matches!(refused, Err(Refusal::NoSuchCause { .. })), "{refused:?}");
    assert!(matches!(open_cause(&mut d, vec!["nope".into()]), Err(Refusal::NoSuchAlarm { .. })));
}

#[test]
fn al17_a_security_matter_leads_no_family() {
    let mut d = Desk::new();
    d.profile.metrics.get_mut("eu.egi.sec.*").unwrap().mask_family = Some("accounting".into());
    d.refresh_profiles(&[]);
    d.fails("ce.a", SECRET);
    d.wait("1h");
    d.fails("apel.a", APEL);
    assert_eq!(d.open("apel.a", APEL).masked_by, None, "it would hide under what nobody sees");
}
