use super::*;
use crate::replay::session::Session;
use crate::source::nagios_log::observe::Observer;
use crate::source::nagios_status::status;
use std::path::Path;

fn after(lines: &[&str]) -> Session {
    let mut session = Session::new();
    let mut observer = Observer::new("nagios");
    for line in lines {
        let at = line[1..].split(']').next().unwrap().parse().unwrap();
        let input = observer.read(line.as_bytes()).unwrap();
        session.feed(Timestamp::from_secs(at), input);
    }
    session
}

fn differences(session: &Session, created: i64, blocks: &str) -> Vec<Seen> {
    let text =
        format!("info {{\n\tcreated={created}\n\t}}\n\nprogramstatus {{\n\tenable_notifications=1\n\t}}\n\n{blocks}");
    let mut names = Interner::default();
    let mut reconciler = Reconciler::new(session.engine.world(), &"nagios".into(), Timestamp::from_secs(created));
    let summary = status::visit(text.as_bytes(), Path::new("status.dat"), |r| reconciler.take(&r, &mut names)).unwrap();
    reconciler.finish(&summary).observations.into_iter().map(|o| o.seen).collect()
}

fn service(state: u8, last_check: i64) -> String {
    format!(
        "servicestatus {{\n\thost_name=ce\n\tservice_description=job\n\thas_been_checked=1\n\tcurrent_state={state}\n\
         \tstate_type=1\n\tlast_hard_state={state}\n\tlast_check={last_check}\n\tnotifications_enabled=1\n\t}}\n\n"
    )
}

fn states(seen: &[Seen]) -> Vec<State> {
    let state = |s: &Seen| match s {
        Seen::Service(s) => Some(s.state),
        _ => None,
    };
    seen.iter().filter_map(state).collect()
}

#[test]
fn what_a_killed_monitor_last_saved_takes_nothing_back() {
    // Saved before 100, killed after 140: it comes back with the state of 90, and tells it until the next check.
    let failed = after(&["[100] SERVICE ALERT: ce;job;CRITICAL;HARD;3;x"]);
    assert_eq!(states(&differences(&failed, 150, &service(0, 90))), []);
    assert_eq!(states(&differences(&failed, 170, &service(0, 160))), [State::Ok]);
    let well = after(&["[80] SERVICE ALERT: ce;job;CRITICAL;HARD;3;x", "[100] SERVICE ALERT: ce;job;OK;HARD;3;x"]);
    assert_eq!(states(&differences(&well, 150, &service(2, 80))), []);
    assert_eq!(states(&differences(&well, 170, &service(2, 160))), [State::Critical]);
}

#[test]
fn a_flexible_downtime_that_waits_for_another_is_no_open_window() {
    let failed = after(&["[100] SERVICE ALERT: ce;job;CRITICAL;HARD;3;x"]);
    let window = |trigger: u32| {
        format!(
            "{}servicedowntime {{\n\thost_name=ce\n\tservice_description=job\n\tdowntime_id=4\n\tentry_time=90\n\
             \tstart_time=95\n\tend_time=300\n\ttriggered_by={trigger}\n\tfixed=0\n\tduration=60\n\tis_in_effect=0\n\
             \tauthor=a\n\tcomment=c\n\t}}\n\n",
            service(2, 100)
        )
    };
    assert_eq!(differences(&failed, 150, &window(3)), []);
    let found = differences(&failed, 150, &window(0));
    assert!(matches!(found[..], [Seen::DowntimeScheduled(_)]), "{found:?}");
}
