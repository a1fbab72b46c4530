//! Group `scenarios`: what a real Nagios decides becomes alarms, one situation a test.

use e2e::Result;
use e2e::filter::Filter;
use e2e::fleet::{Fleet, Host, Service};
use e2e::interface::Setup;
use e2e::nagios::{Nagios, Options};

const CE: &str = "arc.example.org";
const SE: &str = "se.example.org";
const SUBMIT: &str = "org.nordugrid.ARC-CE-submit-ops";
const ARIS: &str = "org.nordugrid.ARC-CE-ARIS-ops";
const FLAPS: &str = "org.example.Flaps-ops";
const PUT: &str = "org.sam.SRM-Put-ops";

fn start() -> Result<(Nagios, Filter)> {
    start_with(Options::default())
}

fn start_with(options: Options) -> Result<(Nagios, Filter)> {
    let services =
        vec![Service::passive(SUBMIT), Service::passive(ARIS), Service::passive(FLAPS).attempts(1).may_flap()];
    let hosts = vec![
        Host::new(CE, "ALPHA-LCG2", "ARC-CE", services),
        Host::new(SE, "BETA-T2", "SRM", vec![Service::passive(PUT).attempts(2)]),
    ];
    let nagios = Nagios::start(Fleet::new(hosts), options)?;
    let filter = Filter::start(Setup::beside(&nagios))?;
    Ok((nagios, filter))
}

#[test]
fn a_soft_problem_raises_nothing_a_hard_one_does_and_recovery_clears_it() -> Result {
    let (mut nagios, filter) = start()?;
    nagios.result(CE, SUBMIT, 2, "CRITICAL: first")?;
    filter.catch_up(&mut nagios)?;
    assert!(filter.alarm(CE, SUBMIT)?.is_none(), "a soft problem is no alarm");
    nagios.hard(CE, SUBMIT, 2, "CRITICAL: at last")?;
    let alarm = filter.until_alarm(CE, SUBMIT, "CRITICAL", |alarm| alarm.state == "CRITICAL")?;
    assert_eq!(alarm.site, "ALPHA-LCG2");
    assert_eq!(alarm.output, "CRITICAL: at last");
    nagios.result(CE, SUBMIT, 0, "OK")?;
    filter.catch_up(&mut nagios)?;
    filter.until_ok(CE, SUBMIT)?;
    Ok(())
}

#[test]
fn a_change_of_the_problem_stays_the_same_alarm() -> Result {
    let (nagios, filter) = start()?;
    nagios.hard(CE, SUBMIT, 1, "WARNING: slow")?;
    let first = filter.until_alarm(CE, SUBMIT, "WARNING", |alarm| alarm.state == "WARNING")?;
    nagios.result(CE, SUBMIT, 2, "CRITICAL: dead")?;
    let second = filter.until_alarm(CE, SUBMIT, "CRITICAL", |alarm| alarm.state == "CRITICAL")?;
    assert_eq!(first.id, second.id);
    Ok(())
}

#[test]
fn flapping_is_a_flag() -> Result {
    let (nagios, filter) = start()?;
    for _ in 0..8 {
        nagios.hard(CE, FLAPS, 2, "CRITICAL")?;
        nagios.hard(CE, FLAPS, 0, "OK")?;
    }
    nagios.hard(CE, FLAPS, 2, "CRITICAL")?;
    nagios.logs_until(Default::default(), &["SERVICE FLAPPING ALERT: ", FLAPS, ";STARTED;"])?;
    filter.until_alarm(CE, FLAPS, "flapping", |alarm| alarm.has("flapping"))?;
    Ok(())
}

#[test]
fn acknowledged_muted_and_in_downtime_are_flags_that_go_again() -> Result {
    let (nagios, filter) = start()?;
    nagios.hard(CE, SUBMIT, 2, "CRITICAL")?;
    nagios.acknowledge(CE, SUBMIT, true, "on it")?;
    filter.until_alarm(CE, SUBMIT, "acknowledged", |alarm| alarm.has("acknowledged"))?;
    nagios.command(&format!("REMOVE_SVC_ACKNOWLEDGEMENT;{CE};{SUBMIT}"))?;
    filter.until_alarm(CE, SUBMIT, "not acknowledged", |alarm| !alarm.has("acknowledged"))?;
    nagios.mute(CE, SUBMIT, true)?;
    filter.until_alarm(CE, SUBMIT, "muted", |alarm| alarm.has("muted"))?;
    nagios.mute(CE, SUBMIT, false)?;
    filter.until_alarm(CE, SUBMIT, "not muted", |alarm| !alarm.has("muted"))?;
    nagios.downtime(CE, SUBMIT, 3, "short")?;
    filter.until_alarm(CE, SUBMIT, "downtime", |alarm| alarm.has("nagios-downtime"))?;
    filter.until_alarm(CE, SUBMIT, "no downtime", |alarm| !alarm.has("nagios-downtime"))?;
    Ok(())
}

#[test]
fn a_problem_under_a_host_that_is_down_is_held_until_the_host_is_up() -> Result {
    let (mut nagios, filter) = start()?;
    nagios.host_result(CE, 1, "no answer")?;
    nagios.result(CE, SUBMIT, 2, "CRITICAL: no route")?;
    nagios.result(CE, ARIS, 2, "CRITICAL: no route")?;
    filter.catch_up(&mut nagios)?;
    assert!(filter.alarm(CE, SUBMIT)?.is_none(), "held while the host is down");
    nagios.result(CE, ARIS, 0, "OK")?;
    nagios.host_result(CE, 0, "up")?;
    // The state has not changed, so Nagios writes no alert; its next result makes it notify.
    nagios.result(CE, SUBMIT, 2, "CRITICAL: still")?;
    filter.until_alarm(CE, SUBMIT, "released", |alarm| alarm.state == "CRITICAL")?;
    filter.catch_up(&mut nagios)?;
    let episodes = filter.episodes()?;
    assert!(!episodes.iter().any(|episode| episode.service == ARIS), "began and ended under a host that was down");
    Ok(())
}

#[test]
fn alarms_outlive_a_restart_of_nagios() -> Result {
    let (mut nagios, filter) = start()?;
    nagios.hard(CE, SUBMIT, 2, "CRITICAL")?;
    let before = filter.until_alarm(CE, SUBMIT, "stands", |_| true)?;
    nagios.stop()?;
    assert!(filter.alarm(CE, SUBMIT)?.is_some(), "a stopped Nagios is not an OK");
    nagios.resume()?;
    nagios.hard(SE, PUT, 2, "CRITICAL")?;
    filter.catch_up(&mut nagios)?;
    let after = filter.alarm(CE, SUBMIT)?.map(|alarm| alarm.id);
    assert_eq!(after, Some(before.id));
    filter.until_alarm(SE, PUT, "stands", |_| true)?;
    Ok(())
}

#[test]
fn what_nagios_wrote_while_the_daemon_was_away_is_caught_up_with() -> Result {
    let (mut nagios, mut filter) = start()?;
    nagios.hard(CE, SUBMIT, 2, "CRITICAL")?;
    filter.until_alarm(CE, SUBMIT, "stands", |_| true)?;
    assert!(filter.stop()?.success());
    nagios.result(CE, SUBMIT, 0, "OK")?;
    nagios.rotate()?;
    nagios.hard(SE, PUT, 2, "CRITICAL")?;
    nagios.rotate()?;
    filter.launch()?;
    filter.until_ready()?;
    filter.catch_up(&mut nagios)?;
    assert_eq!(filter.alarm(CE, SUBMIT)?.map(|alarm| alarm.state), Some("OK".to_owned()));
    assert!(filter.alarm(SE, PUT)?.is_some());
    e2e::episodes::same(("the daemon", &filter.episodes()?), ("replay", &filter.replay(&nagios)?), false)
}

#[test]
fn a_rotation_while_both_run_loses_and_doubles_nothing() -> Result {
    let (mut nagios, filter) = start_with(Options { rotate_after: Some(4), ..Options::default() })?;
    let mut state = 1;
    while nagios.logs().files()?.len() < 2 {
        nagios.hard(CE, SUBMIT, state, "around the rotation")?;
        state = 3 - state;
    }
    nagios.result(CE, SUBMIT, 0, "OK")?;
    filter.catch_up(&mut nagios)?;
    let episodes = filter.episodes()?;
    e2e::episodes::none_overlap(&episodes)?;
    e2e::episodes::same(("the daemon", &episodes), ("replay", &filter.replay(&nagios)?), false)
}

#[test]
fn dc10_a_service_that_vanishes_from_nagios_keeps_its_alarm_and_is_marked() -> Result {
    let (mut nagios, filter) = start()?;
    nagios.hard(CE, SUBMIT, 2, "CRITICAL")?;
    filter.until_alarm(CE, SUBMIT, "stands", |_| true)?;
    nagios.reload(|fleet| assert!(fleet.remove(CE, SUBMIT)))?;
    let alarm = filter.until_alarm(CE, SUBMIT, "is marked", |alarm| alarm.has("no-longer-monitored"))?;
    assert_eq!(alarm.state, "CRITICAL", "DC10: it stays until somebody switches it off");
    Ok(())
}

#[test]
fn a_reload_of_the_daemon_keeps_the_alarms_and_a_wrong_configuration_is_not_taken() -> Result {
    let (mut nagios, mut filter) = start()?;
    nagios.hard(CE, SUBMIT, 2, "CRITICAL")?;
    let before = filter.until_alarm(CE, SUBMIT, "stands", |_| true)?;
    filter.reload(|setup| setup.extra = "no_such_key = 1\n".into())?;
    e2e::wait::until_true("the complaint", || Ok(filter.console()?.contains("no_such_key")))?;
    filter.reload(|setup| setup.extra.clear())?;
    nagios.hard(SE, PUT, 2, "CRITICAL")?;
    filter.catch_up(&mut nagios)?;
    assert_eq!(filter.alarm(CE, SUBMIT)?.map(|alarm| alarm.id), Some(before.id));
    Ok(())
}
