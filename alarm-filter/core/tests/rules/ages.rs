//! The age of an alarm (AL4, DC1, DC4).

use crate::desk::*;
use alarm_core::input::{Input, Observation, Origin, Seen};
use alarm_core::state::State;
use alarm_core::time::HOUR;
use alarm_core::topology::Severity;

#[test]
fn age_stands_still_while_ok_and_starts_anew_after_a_stable_ok() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.wait("10h");
    d.recovers("ce.a", JOB);
    d.wait("3h");
    assert_eq!(d.age("ce.a", JOB), 10 * HOUR);
    d.fails("ce.a", JOB);
    d.wait("2h");
    assert_eq!(d.age("ce.a", JOB), 12 * HOUR, "the OK between was not stable");
    d.recovers("ce.a", JOB);
    d.wait("4h");
    d.fails("ce.a", JOB);
    d.wait("1h");
    assert_eq!(d.age("ce.a", JOB), HOUR);
}

#[test]
fn dc1_in_an_outage_it_is_raised_and_marked_and_its_age_stands_still() {
    let mut d = Desk::new();
    d.downtime("ce.a", Severity::Outage, true, "0s", "10h");
    d.fails("ce.a", JOB);
    assert_eq!(d.flags("ce.a", JOB), [alarm_core::flag::Flag::Outage]);
    d.wait("10h");
    assert_eq!(d.age("ce.a", JOB), 0);
    assert_eq!(d.flags("ce.a", JOB), []);
    d.wait("23h59m");
    assert!(!d.open("ce.a", JOB).aged);
    d.wait("1m");
    assert!(d.open("ce.a", JOB).aged);
}

#[test]
fn dc1_age_is_recomputed_also_backwards_when_downtimes_change() {
    let mut d = Desk::new();
    let raised = d.now;
    d.fails("ce.a", JOB);
    d.wait("20h");
    // Declared late: it covers 10 h that have gone by, and 10 h to come.
    d.window("ce.a", Severity::Outage, false, raised.plus(span("10h")), raised.plus(span("30h")));
    d.refresh_downtimes();
    assert_eq!(d.age("ce.a", JOB), 10 * HOUR);
    d.wait("20h");
    assert_eq!(d.age("ce.a", JOB), 20 * HOUR);
    d.downtimes.windows.clear();
    d.refresh_downtimes();
    assert_eq!(d.age("ce.a", JOB), 40 * HOUR, "deleted: it never covered anything");
    d.wait("1s");
    assert!(d.open("ce.a", JOB).aged);
}

#[test]
fn dc1_at_risk_does_not_hold_the_age() {
    let mut d = Desk::new();
    d.downtime("ce.a", Severity::Warning, true, "0s", "10h");
    d.fails("ce.a", JOB);
    d.wait("5h");
    assert_eq!(d.age("ce.a", JOB), 5 * HOUR);
}

#[test]

fn dc1_a_hosts_age_stands_still_in_an_outage_of_all_its_services() {
    let mut d = Desk::new();
    d.downtime("ce.a", Severity::Outage, true, "0s", "10h");
    d.host("ce.a", alarm_core::state::State::Down, true);
    assert_eq!(d.flags("ce.a", ""), [alarm_core::flag::Flag::Outage]);
    d.wait("10h");
    assert_eq!(d.age("ce.a", ""), 0);
    d.wait("23h");
    assert!(!d.open("ce.a", "").aged);
}

#[test]

fn dc1_a_downtime_of_one_endpoint_does_not_hold_the_age_of_the_service() {
    let mut d = Desk::new();
    d.endpoint("ce.a", "CREAM-CE").endpoints = [("one".into(), true), ("two".into(), true)].into();
    d.refresh_topology();
    d.window("ce.a", Severity::Outage, true, d.now.plus(-HOUR), d.now.plus(span("10h")));
    d.downtimes.windows.get_mut("ce.a").unwrap().get_mut("CREAM-CE").unwrap()[0].endpoints = vec!["one".into()];
    d.refresh_downtimes();
    d.fails("ce.a", JOB);
    assert_eq!(d.flags("ce.a", JOB), [], "it is not covered (AL10)");
    d.sleepy = true;
    d.wait("5h");
    assert_eq!(d.age("ce.a", JOB), 5 * HOUR, "so its age runs");
}

#[test]
fn dc4_hours_decide_the_24_h_band_and_days_off_stay_out_of_the_72_h() {
    let mut d = Desk::new();
    d.until(time("2026-11-27T12:00:00Z")); // a Friday
    d.fails("ce.a", JOB);
    d.until(time("2026-11-28T12:00:00Z"));
    assert!(d.open("ce.a", JOB).aged, "Saturday counts for the 24 h");
    d.until(time("2026-11-30T12:00:00Z"));
    let alarm = d.open("ce.a", JOB);
    assert_eq!(alarm.age(d.now, &[]), 72 * HOUR);
    assert_eq!(alarm.working_age(d.now, &[], &d.settings), 24 * HOUR);
    d.settings.calendar.holidays.insert(chrono::NaiveDate::from_ymd_opt(2026, 11, 30).unwrap());
    assert_eq!(alarm.working_age(d.now, &[], &d.settings), 12 * HOUR);
    d.settings.calendar.age72 = alarm_core::settings::Age72::WallClock;
    assert_eq!(alarm.working_age(d.now, &[], &d.settings), 72 * HOUR, "a region may count days off");
}

#[test]

fn dc4_a_day_off_within_an_outage_is_left_out_once() {
    let mut d = Desk::new();
    d.until(time("2026-11-27T12:00:00Z"));
    d.fails("ce.a", JOB);
    let saturday = time("2026-11-28T00:00:00Z");
    d.window("ce.a", Severity::Outage, true, saturday, saturday.plus(span("1d")));
    d.refresh_downtimes();
    d.until(time("2026-11-30T12:00:00Z"));
    let alarm = d.open("ce.a", JOB);
    let windows = d.engine.world().windows_of(&alarm);
    assert_eq!(alarm.age(d.now, &windows), 48 * HOUR);
    // Friday afternoon and Monday morning: 12 h each.
    assert_eq!(alarm.working_age(d.now, &windows, &d.settings), 24 * HOUR);
}

/// The timer of the 24 h is set anew, as it would be after a restart.
#[test]
fn dc1_a_hosts_age_follows_what_the_topology_says_is_monitored() {
    let mut d = Desk::new();
    let second = d.endpoint("ce.a", "CREAM-CE").clone();
    d.topology.endpoints.get_mut("ce.a").unwrap().insert("APEL".into(), second);
    d.refresh_topology();
    d.host("ce.a", State::Down, true);
    d.downtime("ce.a", Severity::Outage, true, "1h", "3h");
    d.downtimes.windows.get_mut("ce.a").unwrap().remove("APEL");
    d.refresh_downtimes();
    d.wait("10h");
    assert_eq!(d.age("ce.a", ""), 10 * HOUR, "one of its services was not out");
    d.endpoint("ce.a", "APEL").monitored = false;
    d.refresh_topology();
    assert_eq!(d.age("ce.a", ""), 8 * HOUR);
    d.wait("15h59m");
    assert!(!d.open("ce.a", "").aged);
    d.wait("1m");
    assert!(d.open("ce.a", "").aged);
}

/// Late lines, or a filter that catches up: its own clock has seen a stable OK, the monitor's has not.
#[test]
fn law10_a_late_line_does_not_make_an_ok_stable_for_the_age() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.wait("1h");
    d.recovers("ce.a", JOB);
    let since = d.now.plus(span("3h59m"));
    d.wait("4h1m");
    let mut late = seen("ce.a", JOB, State::Critical, true, FAILED);
    late.output = "CRITICAL: again".into();
    let seen = Seen::Service(late);
    let o = Observation { monitor: "nagios".into(), since, origin: Origin::Log, sequence: None, seen };
    d.feed(Input::Observation(o));
    assert_eq!(d.age("ce.a", JOB), span("1h2m"));
}
