//! Laws 4 and 10 of the design: applied once, and late timers change nothing.

use crate::desk::*;
use alarm_core::command::OffReason;
use alarm_core::input::{Input, Observation, Origin, Seen};
use alarm_core::state::State;
use alarm_core::time::Timestamp;
use alarm_core::topology::Severity;

/// A story that sets every kind of timer.
fn story(sleepy: bool) -> Desk {
    let mut d = Desk::new();
    d.sleepy = sleepy;
    d.downtime("ce.a", Severity::Outage, true, "2h", "5h");
    d.fails("ce.a", JOB);
    d.endpoint("ce.b", "CREAM-CE").monitored = false;
    d.refresh_topology();
    d.fails("ce.b", JOB);
    d.fails("ce2.b", JOB);
    d.off("ce2.b", JOB, Some(OffReason::CoreService)).unwrap();
    d.fails("apel.a", APEL);
    d.fails("apel2.a", APEL);
    d.wait("30m");
    d.recovers("apel.a", APEL);
    d.wait("29h");
    d.fails("ce.c", JOB);
    d.wait("7d");
    d.recovers("ce.c", JOB);
    d
}

#[test]
fn law10_a_late_wake_up_changes_nothing() {
    let (prompt, late) = (story(false), story(true));
    let told = |d: &Desk| -> Vec<(Timestamp, String)> {
        d.records.iter().flat_map(|r| r.events.iter().map(|e| (r.at, format!("{e:?}")))).collect()
    };
    assert_eq!(told(&prompt), told(&late));
    assert_eq!(prompt.engine.world().all_rows(), late.engine.world().all_rows());
}

#[test]
fn law10_an_input_from_the_past_does_not_turn_time_back() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    let before = d.now;
    d.now = before.plus(-span("1h"));
    d.fails("ce.b", JOB);
    let last = d.records.last().unwrap();
    assert_eq!(last.at, before, "the engine's time stands");
    assert_eq!(d.open("ce.b", JOB).since, before.plus(-span("1h")), "since is the monitor's word");
}

#[test]
fn law4_an_observation_with_a_number_counts_once() {
    let mut d = Desk::new();
    let mut say = |n: u64, state: State| {
        let since = d.now;
        let seen = Seen::Service(seen("ce.a", JOB, state, true, "x"));
        let o = Observation { monitor: "nagios".into(), since, origin: Origin::Http, sequence: Some(n), seen };
        d.feed(Input::Observation(o));
        d.wait("1m");
    };
    say(1, State::Critical);
    say(2, State::Ok);
    say(1, State::Critical);
    assert!(!d.open("ce.a", JOB).failing_now());
}

#[test]
fn law4_a_log_read_twice_makes_no_second_alarm_and_no_second_episode() {
    let story = |d: &mut Desk| {
        d.now = time("2026-11-23T08:00:00Z");
        d.fails("ce.a", JOB);
        d.now = d.now.plus(span("10m"));
        d.recovers("ce.a", JOB);
        d.now = d.now.plus(span("10m"));
        d.fails("ce.a", JOB);
    };
    let mut d = Desk::new();
    story(&mut d);
    d.fails("ce.a", JOB);
    assert_eq!((d.open("ce.a", JOB).episodes, d.open("ce.a", JOB).history.len()), (2, 3));
}

#[test]
fn law3_what_is_set_aside_is_never_without_a_reason() {
    let mut d = Desk::new();
    d.profile.service_types.clear();
    d.refresh_profiles(&[]);
    d.fails("ce.a", JOB);
    d.fails("unknown.host", "unknown.metric");
    for (host, service) in [("ce.a", JOB), ("unknown.host", "unknown.metric")] {
        assert!(d.alarm(host, service).is_some() || d.aside(host, service).is_some());
    }
}
