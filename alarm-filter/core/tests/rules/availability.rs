//! DE7, DC3: what availability and reliability are made of, summed by day.

use crate::desk::*;
use alarm_core::days::{Days, Standing, monitor_key};
use alarm_core::input::{Input, Origin, Seen, SourceHealth, SourceState};
use alarm_core::state::State;
use alarm_core::time::{DAY, HOUR};
use alarm_core::topology::Severity;
use alarm_core::watch::Key;
use std::collections::BTreeMap;

/// Hours of an object on one of the days from Monday 2026-11-23 (0) on, in every standing that has any.
fn hours(desk: &Desk, key: &Key, day: i32) -> Vec<(Standing, u32)> {
    let world = desk.engine.world();
    let mut days = Days::default();
    for r in &desk.records {
        days.take(r.at, &r.events, world);
    }
    days.take(desk.now, &[], world);
    let monday = i32::try_from(time("2026-11-23T00:00:00Z").0 / DAY).unwrap();
    let sums = days.take_changed(world).sums.into_iter().filter(|s| s.object == key.number() && s.day == monday + day);
    let last: BTreeMap<Standing, u32> = sums.map(|s| (s.standing, s.seconds / 3600)).collect();
    last.into_iter().filter(|(_, hours)| *hours > 0).collect()
}

#[test]
fn de7_a_day_is_summed_by_hard_states() {
    let mut d = Desk::new();
    d.say(Origin::Log, Seen::Host(host_seen("ce.b", State::Down, true)));
    d.wait("2h");
    d.alert("ce.a", JOB, State::Critical, false, FAILED);
    d.wait("1h");
    d.fails("ce.a", JOB);
    d.wait("3h");
    d.alert("ce.a", JOB, State::Unknown, true, "UNKNOWN: ?");
    d.wait("1h");
    d.alert("ce.a", JOB, State::Warning, false, "WARNING: slow");
    d.wait("1h");
    d.alert("ce.a", JOB, State::Ok, false, "OK");
    d.wait("1d");
    let key = Desk::key("ce.a", JOB);
    // Heard since 8:00: OK until 11:00 as a soft problem is none; CRITICAL until 14:00, UNKNOWN until 16:00.
    let monday = [(Standing::Ok, 3 + 8), (Standing::Critical, 3), (Standing::Unknown, 2)];
    assert_eq!(hours(&d, &key, 0), monday);
    assert_eq!(hours(&d, &key, 1), [], "a day that was good is not told of");
    assert_eq!(hours(&d, &Desk::key("ce.b", ""), 0), [(Standing::Down, 16)]);
    assert_eq!(hours(&d, &Desk::key("ce.b", ""), 1), [(Standing::Down, 16)], "of the running day as far as it is");
}

#[test]
fn dc3_only_a_scheduled_outage_is_set_apart() {
    let mut d = Desk::new();
    d.downtime("ce.a", Severity::Outage, true, "2h", "6h");
    d.downtime("ce2.a", Severity::Outage, false, "2h", "6h");
    d.downtime("ce.b", Severity::Warning, true, "2h", "6h");
    d.wait("1h");
    let services = [("ce.a", JOB), ("ce2.a", JOB), ("ce.b", JOB)];
    services.iter().for_each(|(host, service)| d.fails(host, service));
    d.wait("4h");
    services.iter().for_each(|(host, service)| d.recovers(host, service));
    d.wait("1d");
    let of = |host| hours(&d, &Desk::key(host, JOB), 0);
    // Heard since 9:00, failing until 13:00; the outage from 10:00 to 14:00, in which it counts as nothing else.
    assert_eq!(of("ce.a"), [(Standing::Ok, 10), (Standing::Critical, 1), (Standing::ScheduledOutage, 4)]);
    assert_eq!(of("ce2.a"), [(Standing::Ok, 11), (Standing::Critical, 4)], "unscheduled: not excused");
    assert_eq!(of("ce.b"), [(Standing::Ok, 11), (Standing::Critical, 4)], "at risk: information only");
}

#[test]
fn de7_time_in_which_nobody_looked_is_not_up() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.wait("4h");
    let health = |d: &mut Desk, health| {
        let since = d.now;
        d.feed(Input::SourceState(SourceState { source: "nagios".into(), health, since, detail: "x".into() }));
    };
    health(&mut d, SourceHealth::Silent);
    d.wait("5h");
    health(&mut d, SourceHealth::Fresh);
    d.now = d.now.plus(DAY + HOUR);
    let failing = hours(&d, &Desk::key("ce.a", JOB), 0);
    assert_eq!(failing, [(Standing::Critical, 4 + 7), (Standing::NotMonitored, 5)]);
    let own = hours(&d, &monitor_key(&"nagios".into()), 0);
    assert_eq!(own, [(Standing::Up, 4 + 7), (Standing::NotMonitored, 5)], "for all that was good");
}
