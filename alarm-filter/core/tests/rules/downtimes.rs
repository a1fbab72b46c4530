//! AL10 to AL13, DC3: downtimes of the topology.

use crate::desk::*;
use alarm_core::downtime::site_outage;
use alarm_core::event::Event;
use alarm_core::flag::Flag;
use alarm_core::state::State;
use alarm_core::time::{DAY, HOUR, Timestamp};
use alarm_core::topology::Severity;

#[test]
fn al10_an_outage_marks_exactly_its_service() {
    let mut d = Desk::new();
    let mut second = d.endpoint("ce.a", "CREAM-CE").clone();
    second.site = "A".into();
    d.topology.endpoints.get_mut("ce.a").unwrap().insert("APEL".into(), second);
    d.refresh_topology();
    d.window("ce.a", Severity::Outage, true, d.now, d.now.plus(4 * HOUR));
    d.downtimes.windows.get_mut("ce.a").unwrap().remove("APEL");
    d.refresh_downtimes();
    d.fails("ce.a", JOB);
    d.fails("ce2.a", JOB);
    d.host("ce.a", State::Down, true);
    let alarm = d.open("ce.a", JOB);
    assert!(alarm.flags.contains_key(&Flag::Outage));
    assert_eq!(alarm.flags[&Flag::Outage].until, Some(d.now.plus(4 * HOUR)));
    assert_eq!(d.flags("ce2.a", JOB), []);
    assert_eq!(d.flags("ce.a", ""), [], "another service of the host is not covered");
}

#[test]
fn al10_a_host_is_covered_when_all_its_monitored_services_are() {
    let mut d = Desk::new();
    let mut second = d.endpoint("ce.a", "CREAM-CE").clone();
    second.monitored = false;
    d.topology.endpoints.get_mut("ce.a").unwrap().insert("APEL".into(), second);
    d.refresh_topology();
    d.window("ce.a", Severity::Outage, true, d.now, d.now.plus(4 * HOUR));
    d.downtimes.windows.get_mut("ce.a").unwrap().remove("APEL");
    d.refresh_downtimes();
    d.host("ce.a", State::Down, true);
    assert_eq!(d.flags("ce.a", ""), [Flag::Outage]);
}

#[test]
fn al10_an_endpoint_alone_is_not_the_service() {
    let mut d = Desk::new();
    d.endpoint("ce.a", "CREAM-CE").endpoints = [("one".into(), true), ("two".into(), true)].into();
    d.refresh_topology();
    d.window("ce.a", Severity::Outage, true, d.now, d.now.plus(HOUR));
    let list = |d: &mut Desk, names: &[&str]| {
        let list = d.downtimes.windows.get_mut("ce.a").unwrap().get_mut("CREAM-CE").unwrap();
        list[0].endpoints = names.iter().map(|n| (*n).into()).collect();
    };
    list(&mut d, &["one"]);
    d.refresh_downtimes();
    d.fails("ce.a", JOB);
    assert_eq!(d.flags("ce.a", JOB), []);
    list(&mut d, &["one", "two"]);
    d.refresh_downtimes();
    assert_eq!(d.flags("ce.a", JOB), [Flag::Outage]);
}

#[test]
fn al11_at_risk_is_information_only() {
    let mut d = Desk::new();
    d.downtime("ce.a", Severity::Warning, true, "0s", "48h");
    d.fails("ce.a", JOB);
    assert_eq!(d.flags("ce.a", JOB), [Flag::AtRisk]);
    assert!(!d.open("ce.a", JOB).set_apart());
    d.wait("24h");
    assert!(d.open("ce.a", JOB).aged);
}

#[test]
fn al12_scheduled_and_unscheduled_are_told_apart() {
    let mut d = Desk::new();
    d.downtime("ce.a", Severity::Outage, true, "0s", "4h");
    d.downtime("ce.b", Severity::Outage, false, "0s", "4h");
    d.fails("ce.a", JOB);
    d.fails("ce.b", JOB);
    assert!(d.open("ce.a", JOB).flags[&Flag::Outage].detail.starts_with("scheduled"));
    assert!(d.open("ce.b", JOB).flags[&Flag::Outage].detail.starts_with("unscheduled"));
}

#[test]
fn al12_late_shortened_and_deleted_downtimes_act_at_the_refresh() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.wait("2h");
    let raised = d.open("ce.a", JOB).raised;
    d.window("ce.a", Severity::Outage, false, raised, raised.plus(8 * HOUR));
    d.refresh_downtimes();
    assert_eq!(d.flags("ce.a", JOB), [Flag::Outage], "announced late");
    d.downtimes.windows.get_mut("ce.a").unwrap().get_mut("CREAM-CE").unwrap()[0].end = raised.plus(HOUR);
    d.refresh_downtimes();
    assert_eq!(d.flags("ce.a", JOB), [], "shortened");
    d.downtimes.windows.get_mut("ce.a").unwrap().get_mut("CREAM-CE").unwrap()[0].end = raised.plus(8 * HOUR);
    d.refresh_downtimes();
    d.downtimes.windows.clear();
    d.refresh_downtimes();
    assert_eq!(d.flags("ce.a", JOB), [], "deleted");
}

#[test]
fn al12_a_downtime_begins_and_ends_by_its_own_time() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.downtime("ce.a", Severity::Outage, true, "1h", "3h");
    assert_eq!(d.flags("ce.a", JOB), []);
    d.wait("1h");
    assert_eq!(d.flags("ce.a", JOB), [Flag::Outage]);
    d.wait("1h59m");
    assert_eq!(d.flags("ce.a", JOB), [Flag::Outage]);
    d.wait("1m");
    assert_eq!(d.flags("ce.a", JOB), []);
    let flags: Vec<_> = d.events().filter(|e| matches!(e, Event::Flags { .. })).collect();
    assert_eq!(flags.len(), 2, "once on, once off: {flags:?}");
}

/// The first to come out of the family's mask touches the second at the very moment of the edge.
#[test]
fn al12_an_edge_that_two_alarms_share_acts_on_both() {
    let mut d = Desk::new();
    d.fails("apel.a", APEL);
    d.fails("apel2.a", APEL);
    let (start, end) = (d.now.plus(HOUR), d.now.plus(3 * HOUR));
    for host in ["apel.a", "apel2.a"] {
        d.window(host, Severity::Outage, true, start, end);
    }
    d.refresh_downtimes();
    d.wait("1h");
    assert_eq!((d.flags("apel.a", APEL), d.flags("apel2.a", APEL)), (vec![Flag::Outage], vec![Flag::Outage]));
    d.wait("2h");
    assert_eq!((d.flags("apel.a", APEL), d.flags("apel2.a", APEL)), (vec![], vec![]));
}

/// Hands one timer after the other to the engine, so that one that sets itself again and again fails here and does not hang.
fn tick_carefully(d: &mut Desk, until: &str) {
    let end = d.now.plus(span(until));
    let mut last = None;
    while let Some(due) = d.engine.next_deadline().filter(|t| *t <= end) {
        assert_ne!(last, Some(due), "the timer due at {due} sets itself again");
        last = Some(due);
        d.wait_until_for_edge(due);
    }
}

impl Desk {
    /// In a thread of its own: the engine may not come back.
    fn wait_until_for_edge(&mut self, due: alarm_core::time::Timestamp) {
        let mut engine = self.engine.clone();
        let (done, wait) = std::sync::mpsc::channel();
        #[expect(clippy::disallowed_methods, reason = "a test of the engine, not the engine")]
        std::thread::spawn(move || {
            engine.advance(due);
            let _ = done.send(());
        });
        let came_back = wait.recv_timeout(std::time::Duration::from_secs(10)).is_ok();
        assert!(came_back, "the engine does not come back from a timer due at {due}");
        self.until(due);
    }
}

#[test]

fn al12_an_adjacent_window_extends_and_its_seam_changes_nothing() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    let start = d.now;
    d.window("ce.a", Severity::Outage, true, start, start.plus(2 * HOUR));
    d.window("ce.a", Severity::Outage, true, start.plus(2 * HOUR), start.plus(4 * HOUR));
    d.refresh_downtimes();
    assert_eq!(d.open("ce.a", JOB).flags[&Flag::Outage].until, Some(start.plus(4 * HOUR)));
    tick_carefully(&mut d, "5h");
    assert_eq!(d.flags("ce.a", JOB), []);
}

#[test]

fn al12_an_edge_of_one_endpoint_alone_changes_nothing() {
    let mut d = Desk::new();
    d.endpoint("ce.a", "CREAM-CE").endpoints = [("one".into(), true), ("two".into(), true)].into();
    d.refresh_topology();
    d.fails("ce.a", JOB);
    d.window("ce.a", Severity::Outage, true, d.now.plus(HOUR), d.now.plus(2 * HOUR));
    d.downtimes.windows.get_mut("ce.a").unwrap().get_mut("CREAM-CE").unwrap()[0].endpoints = vec!["one".into()];
    d.refresh_downtimes();
    tick_carefully(&mut d, "5h");
    assert_eq!(d.flags("ce.a", JOB), []);
}

/// Since and until when site A is out as a whole, in days from `start`, and whether that is long.
fn site_a(d: &Desk, start: Timestamp) -> Option<(i64, i64, bool)> {
    let world = d.engine.world();
    let out = site_outage(world.topology.as_ref().unwrap(), &world.downtimes, "A", d.now)?;
    Some((out.since.since(start) / DAY, out.until.since(start) / DAY, out.advises_to_uncertify()))
}

#[test]
fn al13_a_site_that_is_out_for_more_than_a_month_is_advised_to_be_uncertified() {
    let mut d = Desk::new();
    let start = d.now;
    let days = |n: i64| start.plus(n * DAY);
    for host in ["ce.a", "ce2.a", "apel.a", "apel2.a"] {
        d.window(host, Severity::Outage, true, start, days(20));
    }
    d.window("ce.a", Severity::Outage, true, days(-5), start);
    d.window("ce2.a", Severity::Warning, true, start, days(60));
    d.refresh_downtimes();
    assert_eq!(site_a(&d, start), Some((0, 20, false)));
    for host in ["ce.a", "ce2.a", "apel.a", "apel2.a"] {
        d.window(host, Severity::Outage, false, days(20), days(30));
    }
    d.refresh_downtimes();
    assert_eq!(site_a(&d, start), Some((0, 30, false)), "extended, and a month is not more than a month");
    for host in ["ce.a", "ce2.a", "apel.a", "apel2.a"] {
        d.window(host, Severity::Outage, true, days(29), days(if host == "apel.a" { 31 } else { 40 }));
    }
    d.refresh_downtimes();
    assert_eq!(site_a(&d, start), Some((0, 31, true)));
    d.until(days(31));
    assert_eq!(site_a(&d, start), None, "the first of its services is back");
}

#[test]
fn al13_asks_the_services_that_count_of_a_site_that_is_certified() {
    let mut d = Desk::new();
    let start = d.now;
    for host in ["ce.a", "ce2.a", "apel.a"] {
        d.window(host, Severity::Outage, true, start, start.plus(50 * DAY));
    }
    d.refresh_downtimes();
    assert_eq!(site_a(&d, start), None, "apel2.a is in service");
    d.endpoint("apel2.a", "APEL").monitored = false;
    d.refresh_topology();
    assert_eq!(site_a(&d, start), Some((0, 50, true)));
    d.endpoint("apel2.a", "APEL").monitored = true;
    d.endpoint("apel2.a", "APEL").in_production = false;
    d.refresh_topology();
    assert_eq!(site_a(&d, start), Some((0, 50, true)));
    d.topology.sites.get_mut("A").unwrap().certification = "Suspended".into();
    d.refresh_topology();
    assert_eq!(site_a(&d, start), None, "nothing is left to be advised");
}

#[test]
fn dc3_an_unscheduled_outage_blocks_like_a_scheduled_one() {
    for scheduled in [true, false] {
        let mut d = Desk::new();
        d.downtime("ce.a", Severity::Outage, scheduled, "0s", "10h");
        d.fails("ce.a", JOB);
        d.wait("5h");
        assert_eq!(d.flags("ce.a", JOB), [Flag::Outage]);
        assert_eq!(d.age("ce.a", JOB), 0);
    }
}
