//! Group `nagios`: the harness against a real Nagios, without the daemon. What the other groups take for granted is proved
//! here: results, commands, restarts, reloads and rotations do to Nagios what the harness says they do.

use e2e::Result;
use e2e::fleet::{Fleet, Host, MARK_HOST, Service};
use e2e::nagios::{Nagios, Options, Passive};
use e2e::wait;

const CE: &str = "arc.example.org";
const SUBMIT: &str = "org.nordugrid.ARC-CE-submit-ops";

fn one_host(services: Vec<Service>) -> Fleet {
    Fleet::new(vec![Host::new(CE, "ALPHA-LCG2", "ARC-CE", services)])
}

fn start() -> Result<Nagios> {
    Nagios::start(one_host(vec![Service::passive(SUBMIT)]), Options::default())
}

#[test]
fn a_passive_problem_is_soft_then_hard_then_notified_then_over() -> Result {
    let nagios = start()?;
    let from = nagios.logs().mark()?;
    nagios.result(CE, SUBMIT, 2, "CRITICAL: first")?;
    let soft = nagios.logs_until(from, &["SERVICE ALERT: ", SUBMIT, ";CRITICAL;SOFT;1;CRITICAL: first"])?;
    nagios.hard(CE, SUBMIT, 2, "CRITICAL: again")?;
    let hard = nagios.logs_until(soft, &["SERVICE ALERT: ", ";CRITICAL;HARD;3;"])?;
    nagios.logs_until(soft, &["SERVICE NOTIFICATION: rod;", SUBMIT, ";CRITICAL;"])?;
    nagios.result(CE, SUBMIT, 0, "OK")?;
    nagios.logs_until(hard, &["SERVICE ALERT: ", ";OK;HARD;3;"])?;
    Ok(())
}

#[test]
fn results_of_the_spool_are_taken() -> Result {
    let mut nagios = Nagios::start(Fleet::grid(5, 4), Options::default())?;
    let fleet = nagios.fleet().clone();
    let results: Vec<_> = fleet
        .services()
        .map(|(host, service)| Passive { host: &host.name, service: &service.name, state: 2, output: "spooled\\nlong" })
        .collect();
    for _ in 0..3 {
        nagios.spool(&results)?;
        wait::until_true("an empty spool", || Ok(nagios.spool_left()? == 0))?;
    }
    for (host, service) in fleet.services() {
        nagios.logs_until(
            Default::default(),
            &[&format!("SERVICE ALERT: {};{};CRITICAL;HARD;", host.name, service.name)],
        )?;
    }
    Ok(())
}

#[test]
fn an_active_service_says_what_the_plugin_says() -> Result {
    let nagios = Nagios::start(one_host(vec![Service::active(SUBMIT, 1).attempts(2)]), Options::default())?;
    let from = nagios.logs().mark()?;
    nagios.plugin_says(CE, SUBMIT, 1, "WARNING: slow")?;
    let hard = nagios.logs_until(from, &["SERVICE ALERT: ", SUBMIT, ";WARNING;HARD;2;WARNING: slow"])?;
    nagios.plugin_says(CE, SUBMIT, 0, "OK: quick")?;
    nagios.logs_until(hard, &["SERVICE ALERT: ", SUBMIT, ";OK;HARD;2;OK: quick"])?;
    Ok(())
}

#[test]
fn a_host_that_is_down_makes_services_hard_without_a_notification() -> Result {
    let nagios = start()?;
    let from = nagios.logs().mark()?;
    nagios.host_result(CE, 1, "no answer")?;
    let down = nagios.logs_until(from, &["HOST ALERT: ", CE, ";DOWN;HARD;1;no answer"])?;
    nagios.result(CE, SUBMIT, 2, "CRITICAL: no route")?;
    nagios.logs_until(down, &["SERVICE ALERT: ", SUBMIT, ";CRITICAL;HARD;1;"])?;
    assert!(nagios.logs().matching(from, &["SERVICE NOTIFICATION"])?.is_empty());
    nagios.host_result(CE, 0, "up")?;
    nagios.logs_until(down, &["HOST ALERT: ", CE, ";UP;HARD;1;up"])?;
    Ok(())
}

#[test]
fn acknowledgement_downtime_and_mute_stand_in_the_status() -> Result {
    let nagios = start()?;
    nagios.hard(CE, SUBMIT, 2, "CRITICAL")?;
    nagios.acknowledge(CE, SUBMIT, true, "on it; really")?;
    nagios.mute(CE, SUBMIT, true)?;
    nagios.downtime(CE, SUBMIT, 600, "new disks")?;
    let from = Default::default();
    nagios.logs_until(from, &["SERVICE DOWNTIME ALERT: ", SUBMIT, ";STARTED;"])?;
    nagios.until_status("ack, mute, downtime", |status| {
        status.service(CE, SUBMIT).is_some_and(|service| {
            service.get("problem_has_been_acknowledged") == "1"
                && service.get("acknowledgement_type") == "2"
                && service.get("notifications_enabled") == "0"
                && service.get("scheduled_downtime_depth") == "1"
        })
    })?;
    let status = nagios.status()?;
    let downtime = status.kind("servicedowntime").next().expect("a downtime");
    assert_eq!(downtime.get("comment"), "new disks");
    nagios.command(&format!("DEL_SVC_DOWNTIME;{}", downtime.get("downtime_id")))?;
    nagios.logs_until(from, &["SERVICE DOWNTIME ALERT: ", SUBMIT, ";CANCELLED;"])?;
    Ok(())
}

#[test]
fn a_service_that_changes_all_the_time_flaps() -> Result {
    let nagios = Nagios::start(one_host(vec![Service::passive(SUBMIT).attempts(1).may_flap()]), Options::default())?;
    let from = nagios.logs().mark()?;
    for _ in 0..6 {
        nagios.hard(CE, SUBMIT, 2, "CRITICAL")?;
        nagios.hard(CE, SUBMIT, 0, "OK")?;
    }
    nagios.logs_until(from, &["SERVICE FLAPPING ALERT: ", SUBMIT, ";STARTED;"])?;
    Ok(())
}

#[test]
fn a_restart_deletes_the_status_and_keeps_the_problem() -> Result {
    let mut nagios = start()?;
    nagios.hard(CE, SUBMIT, 2, "CRITICAL")?;
    let before = nagios.id()?;
    nagios.stop()?;
    assert!(!nagios.status_file().exists(), "4.4.6 deletes status.dat at a clean stop");
    assert!(nagios.objects_file().exists());
    nagios.resume()?;
    assert_ne!(nagios.id()?, before);
    let critical =
        |status: &e2e::nagios::Status| status.service(CE, SUBMIT).is_some_and(|s| s.get("current_state") == "2");
    nagios.until_status("the problem, retained", critical)?;
    nagios.kill()?;
    assert!(nagios.status_file().exists(), "kill -9 leaves status.dat");
    nagios.resume()?;
    nagios.until_status("the problem, retained", critical)?;
    Ok(())
}

#[test]
fn a_reload_takes_services_away_and_brings_new_ones() -> Result {
    let mut nagios = start()?;
    let before = nagios.id()?;
    nagios.reload(|fleet| {
        assert!(fleet.remove(CE, SUBMIT));
        fleet.hosts[0].services.push(Service::passive("org.example.New"));
    })?;
    assert_eq!(nagios.id()?, before);
    nagios.hard(CE, "org.example.New", 3, "UNKNOWN: new")?;
    nagios.until_status("the new service and not the old", |status| {
        status.service(CE, SUBMIT).is_none() && status.service(CE, "org.example.New").is_some()
    })?;
    let objects = std::fs::read_to_string(nagios.objects_file())?;
    assert!(objects.contains("org.example.New") && !objects.contains(SUBMIT));
    Ok(())
}

#[test]
fn a_planned_rotation_happens_while_it_runs() -> Result {
    let options = Options { rotate_after: Some(3), ..Options::default() };
    let nagios = Nagios::start(one_host(vec![Service::passive(SUBMIT)]), options)?;
    let id = nagios.id()?;
    nagios.hard(CE, SUBMIT, 2, "before")?;
    nagios.until_archives(1)?;
    let from = nagios.logs_until(Default::default(), &["LOG ROTATION: HOURLY"])?;
    nagios.logs_until(from, &["CURRENT SERVICE STATE: ", SUBMIT, ";CRITICAL;HARD;3;before"])?;
    nagios.hard(CE, SUBMIT, 1, "after")?;
    assert_eq!(nagios.id()?, id);
    Ok(())
}

#[test]
fn rotations_follow_one_another_and_lose_no_line() -> Result {
    let mut nagios = start()?;
    for turn in 1..=3 {
        nagios.hard(CE, SUBMIT, if turn % 2 == 1 { 2 } else { 1 }, &format!("turn {turn}"))?;
        nagios.rotate()?;
        assert_eq!(nagios.logs().files()?.len(), turn + 1);
    }
    let hard = nagios.logs().matching(Default::default(), &["SERVICE ALERT: ", SUBMIT, ";HARD;3;turn "])?;
    let turns: Vec<_> = hard.iter().filter_map(|line| line.rsplit(' ').next()).collect();
    assert_eq!(turns, ["1", "2", "3"]);
    Ok(())
}

#[test]
fn each_mark_is_a_new_line_of_the_log() -> Result {
    let mut nagios = start()?;
    for _ in 0..4 {
        nagios.mark()?;
    }
    let marks = nagios.logs().matching(Default::default(), &["SERVICE ALERT: ", MARK_HOST, ";HARD;1;mark "])?;
    assert_eq!(marks.len(), 4);
    Ok(())
}
