//! The daemon beside monitors whose files are bad: it says so on the page, in the log and in the metrics, and the monitors
//! beside them are read.

use super::{alerts, append, one_line, with};
use e2e::Result;
use e2e::filter::Filter;
use e2e::interface::{METRICS, SOURCES_PAGE, monitor_of_log};
use e2e::place::{Place, now};
use e2e::wait;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

/// Waits until a page says all of this.
fn until_said(filter: &Filter, path: &str, parts: &[&str]) -> Result {
    wait::until_true(format!("{path} to say {parts:?}"), || {
        let text = filter.get(path)?.good()?.text();
        Ok(parts.iter().all(|part| text.contains(part)))
    })
}

#[test]
fn a_monitor_that_cannot_be_read_is_shown_with_the_reason_and_the_others_go_on() -> Result {
    let place = Place::new("logs")?;
    fs::write(place.join("good.log"), alerts(&[(now() - 60, "org.example.A", "CRITICAL")]))?;
    fs::write(place.join("secret.log"), "[1] x\n")?;
    fs::set_permissions(place.join("secret.log"), Permissions::from_mode(0o000))?;
    fs::create_dir(place.join("dir"))?;
    let mut tables = String::new();
    for (name, file) in [("good", "good.log"), ("gone", "none.log"), ("folder", "dir"), ("secret", "secret.log")] {
        tables += &monitor_of_log(name, &place.join(file), "");
    }
    tables += &format!("[[monitor]]\nname = \"unconfigured\"\nnagios_cfg = {:?}\n", place.join("nagios.cfg"));
    let filter = Filter::start(with(tables))?;
    filter.until_alarm("ce.example.org", "org.example.A", "stands", |a| a.state == "CRITICAL")?;
    until_said(&filter, SOURCES_PAGE, &["none.log does not exist", "waiting for it"])?;
    until_said(&filter, SOURCES_PAGE, &["dir is a directory, not a file"])?;
    until_said(&filter, SOURCES_PAGE, &["secret.log: permission denied", "chmod g+r"])?;
    until_said(&filter, SOURCES_PAGE, &["nagios.cfg: there is none; correct the path"])?;
    for name in ["gone", "folder", "secret", "unconfigured"] {
        until_said(&filter, METRICS, &[&format!("gridward_source_fresh{{source=\"{name}\"}} 0")])?;
    }
    until_said(&filter, METRICS, &["gridward_source_fresh{source=\"good\"} 1"])?;

    // Each is read as soon as it can be.
    fs::write(place.join("none.log"), alerts(&[(now(), "org.example.B", "WARNING")]))?;
    filter.until_alarm("ce.example.org", "org.example.B", "is read", |a| a.state == "WARNING")?;
    fs::write(place.join("late.log"), alerts(&[(now(), "org.example.C", "UNKNOWN")]))?;
    fs::write(place.join("nagios.cfg"), "log_file=late.log\n")?;
    filter.until_alarm("ce.example.org", "org.example.C", "is read", |a| a.state == "UNKNOWN")?;
    until_said(&filter, METRICS, &["gridward_source_fresh{source=\"unconfigured\"} 1"])
}

#[test]
fn garbage_in_a_log_is_counted_and_said_and_the_lines_around_it_are_read() -> Result {
    let place = Place::new("logs")?;
    let log = place.join("nagios.log");
    fs::write(&log, alerts(&[(now() - 60, "org.example.A", "CRITICAL")]))?;
    let filter = Filter::start(with(monitor_of_log("nagios", &log, "")))?;
    let garbage: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    append(&log, &garbage)?;
    append(&log, b"\n")?;
    append(&log, alerts(&[(now(), "org.example.B", "WARNING")]).as_bytes())?;
    filter.until_alarm("ce.example.org", "org.example.B", "stands", |a| a.state == "WARNING")?;
    filter.until_alarm("ce.example.org", "org.example.A", "stands", |a| a.state == "CRITICAL")?;
    one_line(&filter.console()?, &["nagios.log: ", " lines are no lines of a Nagios log", "look at the file"])?;
    let metrics = filter.get(METRICS)?.good()?.text();
    let counted = metrics.lines().find_map(|l| l.strip_prefix("gridward_source_lines_malformed{source=\"nagios\"} "));
    assert!(counted.is_some_and(|n| n.parse::<u64>().is_ok_and(|n| n > 100)), "{counted:?}");
    Ok(())
}

#[test]
fn damaged_files_beside_the_log_are_said_and_taken_when_they_are_whole() -> Result {
    let place = Place::new("logs")?;
    let log = place.join("nagios.log");
    fs::write(&log, alerts(&[(now() - 60, "org.example.A", "CRITICAL")]))?;
    fs::write(place.join("status.dat"), "info {\n\tcreated=1\n")?;
    fs::write(place.join("objects.cache"), "<html>\n")?;
    let more = format!("status = {:?}\nobjects = {:?}\n", place.join("status.dat"), place.join("objects.cache"));
    let filter = Filter::start(with(monitor_of_log("nagios", &log, &more)))?;
    filter.until_alarm("ce.example.org", "org.example.A", "stands without a site", |a| a.site.is_empty())?;
    let said = |parts: &[&str]| {
        wait::until_true(format!("the daemon to say {parts:?}"), || Ok(one_line(&filter.console()?, parts).is_ok()))
    };
    said(&["status.dat is cut off or damaged", "have the monitor write it anew"])?;
    said(&["objects.cache is not a objects.cache", "correct the path"])?;
    let whole = "define host {\n\thost_name\tce.example.org\n\t_SITE_NAME\tSITE-1\n\t}\n\ndefine service {\n\thost_name\tce.example.org\n\
                 \tservice_description\torg.example.A\n\t}\n\n";
    fs::write(place.join("objects.cache"), whole)?;
    filter.until_alarm("ce.example.org", "org.example.A", "has its site", |a| a.site == "SITE-1")?;
    Ok(())
}
