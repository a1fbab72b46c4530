//! A changed configuration: taken at a signal or by itself, and when it is wrong the one before stays in force.

use super::{alerts, append, one_line, with};
use e2e::filter::Filter;
use e2e::interface::{METRICS, SOURCES_PAGE, monitor_of_log};
use e2e::place::{Place, now, write};
use e2e::{Result, wait};
use std::fs;

fn until_said(filter: &Filter, path: &str, parts: &[&str]) -> Result {
    wait::until_true(format!("{path} to say {parts:?}"), || {
        let text = filter.get(path)?.good()?.text();
        Ok(parts.iter().all(|part| text.contains(part)))
    })
}

#[test]
fn monitors_come_move_and_go() -> Result {
    let place = Place::new("logs")?;
    for (file, service) in [("a.log", "org.example.A"), ("b.log", "org.example.B")] {
        fs::write(place.join(file), alerts(&[(now() - 60, service, "CRITICAL")]))?;
    }
    let a = monitor_of_log("a", &place.join("a.log"), "");
    let mut filter = Filter::start(with(a.clone()))?;
    filter.until_alarm("ce.example.org", "org.example.A", "stands", |a| a.state == "CRITICAL")?;
    assert!(filter.alarm("ce.example.org", "org.example.B")?.is_none());

    let both = a + &monitor_of_log("b", &place.join("b.log"), "");
    filter.reload(|setup| setup.tables = both)?;
    filter.until_alarm("ce.example.org", "org.example.B", "stands", |a| a.state == "CRITICAL")?;

    // Moved: what was read is not read again, what was not is.
    fs::rename(place.join("a.log"), place.join("moved.log"))?;
    append(&place.join("moved.log"), alerts(&[(now(), "org.example.C", "WARNING")]).as_bytes())?;
    let moved = monitor_of_log("a", &place.join("moved.log"), "") + &monitor_of_log("b", &place.join("b.log"), "");
    filter.reload(|setup| setup.tables = moved)?;
    filter.until_alarm("ce.example.org", "org.example.C", "stands", |a| a.state == "WARNING")?;
    assert_eq!(filter.episodes()?.iter().filter(|e| e.service == "org.example.A").count(), 1);

    let one = monitor_of_log("a", &place.join("moved.log"), "");
    filter.reload(|setup| setup.tables = one)?;
    until_said(&filter, SOURCES_PAGE, &["it is no longer in the configuration; its alarms stand as it saw them last"])?;
    append(&place.join("b.log"), alerts(&[(now(), "org.example.B", "OK")]).as_bytes())?;
    append(&place.join("moved.log"), alerts(&[(now(), "org.example.A", "OK")]).as_bytes())?;
    filter.until_ok("ce.example.org", "org.example.A")?;
    filter.until_alarm("ce.example.org", "org.example.B", "is as it was seen last", |a| a.state == "CRITICAL")?;

    // It is so after a restart, too, and when it comes back it is read from where it was left.
    filter.restart()?;
    until_said(&filter, SOURCES_PAGE, &["it is no longer in the configuration"])?;
    let back = monitor_of_log("a", &place.join("moved.log"), "") + &monitor_of_log("b", &place.join("b.log"), "");
    filter.reload(|setup| setup.tables = back)?;
    filter.until_ok("ce.example.org", "org.example.B")?;
    Ok(())
}

#[test]
fn another_nagios_cfg_is_followed_by_itself() -> Result {
    let place = Place::new("logs")?;
    fs::write(place.join("a.log"), alerts(&[(now() - 60, "org.example.A", "CRITICAL")]))?;
    fs::write(place.join("b.log"), alerts(&[(now() - 60, "org.example.B", "CRITICAL")]))?;
    write(&place.join("nagios.cfg"), "log_file=a.log\n")?;
    let table = format!("[[monitor]]\nname = \"n\"\ncatch_up = \"all\"\nnagios_cfg = {:?}\n", place.join("nagios.cfg"));
    let filter = Filter::start(with(table))?;
    filter.until_alarm("ce.example.org", "org.example.A", "stands", |a| a.state == "CRITICAL")?;
    write(&place.join("nagios.cfg"), "log_file=b.log\ninterval_length=1\n")?;
    append(&place.join("b.log"), alerts(&[(now(), "org.example.C", "WARNING")]).as_bytes())?;
    filter.until_alarm("ce.example.org", "org.example.C", "stands", |a| a.state == "WARNING")?;
    Ok(())
}

#[test]
fn a_wrong_configuration_leaves_the_old_one_in_force_and_is_said_everywhere() -> Result {
    let place = Place::new("logs")?;
    let log = place.join("a.log");
    fs::write(&log, alerts(&[(now() - 60, "org.example.A", "CRITICAL")]))?;
    let good = monitor_of_log("a", &log, "");
    let mut filter = Filter::start(with(good.clone()))?;
    until_said(&filter, METRICS, &["\ngridward_configuration_taken 1\n"])?;
    // Noticed by itself: no signal is sent.
    let right = fs::read_to_string(filter.configuration())?;
    write(filter.configuration(), right.replace("[[monitor]]", "[[montior]]"))?;
    until_said(&filter, METRICS, &["\ngridward_configuration_taken 0\n"])?;
    until_said(&filter, "/", &["The new configuration is wrong", "unknown key", "montior", "did you mean monitor?"])?;
    one_line(&filter.console()?, &["the new configuration is wrong, the old one stays in force", "montior"])?;
    append(&log, alerts(&[(now(), "org.example.B", "WARNING")]).as_bytes())?;
    filter.until_alarm("ce.example.org", "org.example.B", "stands under the old one", |a| a.state == "WARNING")?;
    // A wrong profile is a wrong configuration.
    write(filter.configuration(), &right)?;
    until_said(&filter, METRICS, &["\ngridward_configuration_taken 1\n"])?;
    assert!(!filter.get("/")?.good()?.text().contains("configuration is wrong"));
    let profile = filter.folder().join("profile.toml");
    let kept = fs::read_to_string(&profile)?;
    write(&profile, kept.replace("service_types", "service_typs"))?;
    until_said(&filter, "/", &["The new configuration is wrong", "profile.toml", "service_types"])?;
    // Right again, with a profile that takes less: its word holds from then on.
    write(&profile, kept.replace("[\"*\"]", "[\"org.example.A\"]"))?;
    until_said(&filter, METRICS, &["\ngridward_configuration_taken 1\n"])?;
    append(&log, alerts(&[(now(), "org.example.C", "CRITICAL"), (now(), "org.example.A", "WARNING")]).as_bytes())?;
    filter.until_alarm("ce.example.org", "org.example.A", "follows", |a| a.state == "WARNING")?;
    assert!(filter.alarm("ce.example.org", "org.example.C")?.is_none(), "the new profile does not list it");
    // What cannot change while it runs is said.
    filter.reload(|setup| setup.listen = Some("127.0.0.1:9".into()))?;
    wait::until_true("the daemon to say what needs a restart", || {
        Ok(one_line(&filter.console()?, &["another listen address", "takes effect at the next start"]).is_ok())
    })
}
