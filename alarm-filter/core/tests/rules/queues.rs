//! DE3: the queues, and the next step of what stands in them. That they add up over any world: properties/queues.rs.

use crate::desk::*;
use alarm_core::alarm::{Alarm, Band};
use alarm_core::command::{Action, CauseKind, OffReason};
use alarm_core::input::{Object, Origin, Seen};
use alarm_core::profile::MetricSettings;
use alarm_core::queue::{NextStep, Queue};
use alarm_core::state::State;
use alarm_core::topology::Severity;

/// Where the alarm stands now, and what comes next.
fn stands(d: &Desk, host: &str, service: &str) -> (Queue, NextStep) {
    let alarm = d.open(host, service);
    let windows = d.engine.world().windows_of(&alarm);
    let age = alarm.age(d.now, &windows);
    let working = alarm.working_age(d.now, &windows, &d.settings);
    let band = if Alarm::band(working) < Alarm::band(age) { Alarm::band(age).min(Band::Rod) } else { Alarm::band(age) };
    (Queue::of(&alarm, d.now, band), NextStep::of(&alarm, d.now, age, band))
}

#[test]
fn de3_new_then_over_24_then_over_72_hours() {
    let mut d = Desk::new(); // a Monday, 08:00
    d.fails("ce.a", JOB);
    let until = d.now.plus(span("24h"));
    assert_eq!(stands(&d, "ce.a", JOB), (Queue::New, NextStep::FirstLine { until }));
    d.wait("23h59m");
    assert_eq!(stands(&d, "ce.a", JOB), (Queue::New, NextStep::FirstLine { until }));
    d.wait("1m");
    assert_eq!(stands(&d, "ce.a", JOB), (Queue::Over24, NextStep::Ticket));
    d.wait("47h59m");
    assert_eq!(stands(&d, "ce.a", JOB).0, Queue::Over24);
    d.wait("1m");
    assert_eq!(stands(&d, "ce.a", JOB), (Queue::Over72, NextStep::Ticket));
}

#[test]
fn de3_a_state_that_needs_no_ticket_by_the_profile_says_so() {
    let mut d = Desk::new();
    let ticket = Some(vec![State::Critical]);
    d.profile.metrics.insert("org.sam.*".into(), MetricSettings { ticket, ..MetricSettings::default() });
    d.refresh_profiles(&[]);
    d.alert("ce.a", JOB, State::Warning, true, "WARNING: slow");
    d.wait("25h");
    let next = NextStep::NoTicketNeeded { state: State::Warning };
    assert_eq!(stands(&d, "ce.a", JOB), (Queue::Over24, next));
    d.fails("ce.a", JOB);
    assert_eq!(stands(&d, "ce.a", JOB), (Queue::Over24, NextStep::Ticket));
}

#[test]
fn de3_ok_is_waited_for_until_it_is_stable() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.wait("30h");
    d.recovers("ce.a", JOB);
    let at = Some(d.now.plus(span("4h")));
    assert_eq!(stands(&d, "ce.a", JOB), (Queue::OkNotStable, NextStep::WaitUntilStable { at }));
    d.wait("4h");
    assert_eq!(stands(&d, "ce.a", JOB), (Queue::OkStable, NextStep::SwitchOff));
    let object = Object { host: "ce.a".into(), service: Some(JOB.into()) };
    d.say(Origin::Log, Seen::Flapping { object, on: true });
    assert_eq!(stands(&d, "ce.a", JOB), (Queue::OkNotStable, NextStep::WaitUntilStable { at: None }));
}

#[test]
fn de3_a_time_out_waits_for_the_next_result_but_not_beyond_24_hours() {
    let mut d = Desk::new();
    d.alert("ce.a", JOB, State::Critical, true, TIMED_OUT);
    assert_eq!(stands(&d, "ce.a", JOB), (Queue::New, NextStep::WaitForResult));
    d.wait("24h");
    assert_eq!(stands(&d, "ce.a", JOB), (Queue::Over24, NextStep::Ticket));
}

#[test]
fn de3_what_is_set_apart_says_which_way() {
    let turns: [fn(&mut Desk); 3] = [
        |d| d.endpoint("ce.a", "CREAM-CE").monitored = false,
        |d| d.endpoint("ce.a", "CREAM-CE").in_production = false,
        |d| {
            d.topology.endpoints.remove("ce.a");
        },
    ];
    let next = [NextStep::MonitoringOff, NextStep::NotInProduction, NextStep::NotRegistered];
    for (turn, next) in turns.into_iter().zip(next) {
        let mut d = Desk::new();
        d.fails("ce.a", JOB);
        d.downtime("ce.a", Severity::Outage, true, "0s", "99h");
        turn(&mut d);
        d.refresh_topology();
        assert_eq!(stands(&d, "ce.a", JOB), (Queue::SetApart, next), "before the downtime");
    }
}

#[test]
fn de3_in_an_outage_and_not_at_risk() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.downtime("ce.a", Severity::Warning, true, "0s", "6h");
    assert_eq!(stands(&d, "ce.a", JOB).0, Queue::New, "AL11: information only");
    d.downtime("ce.a", Severity::Outage, false, "0s", "6h");
    let until = Some(d.now.plus(span("6h")));
    assert_eq!(stands(&d, "ce.a", JOB), (Queue::Downtime, NextStep::InDowntime { until }));
    d.recovers("ce.a", JOB);
    assert_eq!(stands(&d, "ce.a", JOB).0, Queue::Downtime, "downtime comes before OK");
}

#[test]
fn de3_masked_comes_before_a_common_cause_and_both_before_all_else() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.fails("ce2.a", JOB);
    d.endpoint("ce2.a", "CREAM-CE").monitored = false;
    d.refresh_topology();
    let (kind, text) = (CauseKind::Network, "backbone".into());
    let cause = d.ask(Action::OpenCause { kind, text, alarms: vec![d.seen("ce2.a", JOB)] }).unwrap().made.unwrap();
    assert_eq!(stands(&d, "ce2.a", JOB), (Queue::CommonCause, NextStep::UnderCause { cause }));
    let (leader, followers) = (d.seen("ce.a", JOB), vec![d.seen("ce2.a", JOB)]);
    d.ask(Action::Mask { leader, followers }).unwrap();
    let (leader, family) = (d.id("ce.a", JOB), false);
    assert_eq!(stands(&d, "ce2.a", JOB), (Queue::Masked, NextStep::Masked { leader, family }));
}

#[test]
fn de3_security_matters_have_a_queue_of_their_own() {
    let mut d = Desk::new();
    d.fails("ce.a", SECRET);
    assert_eq!(stands(&d, "ce.a", SECRET).0, Queue::Security);
    d.endpoint("ce.a", "CREAM-CE").monitored = false;
    d.refresh_topology();
    assert_eq!(stands(&d, "ce.a", SECRET).0, Queue::Security, "before what is set apart");
    assert!(!Queue::ON_BOARD.contains(&Queue::Security));
}

#[test]
fn de3_what_is_no_longer_monitored_needs_no_ticket_but_somebody_who_looks() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.wait("25h");
    let object = Object { host: "ce.a".into(), service: Some(JOB.into()) };
    d.say(Origin::Status, Seen::Gone { object });
    assert_eq!(stands(&d, "ce.a", JOB), (Queue::Over24, NextStep::NoLongerMonitored));
}

#[test]
fn de3_what_was_switched_off_says_when_it_comes_back() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.fails("ce2.a", JOB);
    d.recovers("ce2.a", JOB);
    let (failing, ok) = (d.id("ce.a", JOB), d.id("ce2.a", JOB));
    d.off("ce.a", JOB, Some(OffReason::MonitoringFault)).unwrap();
    d.off("ce2.a", JOB, None).unwrap();
    let next = |id| NextStep::of_closed(&d.engine.world().closed[id]);
    let until = Some(time("2026-11-30T18:00:00Z"));
    assert_eq!(next(&failing), Some(NextStep::SwitchedOff { until }));
    assert_eq!(next(&ok), Some(NextStep::SwitchedOff { until: None }));
}

#[test]
fn de3_the_words_are_short_and_each_queue_has_its_own() {
    let mut words: Vec<&str> = Queue::ALL.iter().map(|q| q.word()).collect();
    words.sort();
    words.dedup();
    assert_eq!(words.len(), Queue::ALL.len());
    let mut on_board = Queue::ON_BOARD.to_vec();
    on_board.push(Queue::Security);
    on_board.sort();
    assert_eq!(on_board, Queue::ALL, "the board shows all but security matters");
    let json = serde_json::to_string(&Queue::ALL).unwrap();
    let words: Vec<String> = Queue::ALL.iter().map(|q| format!("\"{q}\"")).collect();
    assert_eq!(json, format!("[{}]", words.join(",")), "the interface has the same words");
    let at = alarm_core::time::Timestamp(0);
    let steps = [
        NextStep::SwitchOff,
        NextStep::WaitUntilStable { at: None },
        NextStep::WaitUntilStable { at: Some(at) },
        NextStep::Ticket,
        NextStep::NoTicketNeeded { state: State::Warning },
        NextStep::WaitForResult,
        NextStep::FirstLine { until: at },
        NextStep::InDowntime { until: None },
        NextStep::NoLongerMonitored,
        NextStep::MonitoringOff,
        NextStep::NotInProduction,
        NextStep::NotRegistered,
        NextStep::Masked { leader: "a".into(), family: true },
        NextStep::Masked { leader: "a".into(), family: false },
        NextStep::UnderCause { cause: "c".into() },
        NextStep::SwitchedOff { until: None },
        NextStep::SwitchedOff { until: Some(at) },
    ];
    for step in steps {
        assert!(step.title().len() <= 24 && step.words().len() <= 80, "{}", step.words());
        assert!(step.words().ends_with('.') && step.words().split_whitespace().count() <= 16, "{}", step.words());
    }
}
