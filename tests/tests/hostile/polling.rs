//! A log on a file system that tells of nothing, as those of other machines do: `inotify = false` reads it in the same way.

use super::{alerts, append, with};
use e2e::filter::Filter;
use e2e::interface::monitor_of_log;
use e2e::place::{Place, now};
use e2e::{Result, wait};
use std::fs;

#[test]
fn the_log_is_followed_by_looking_through_rotation_truncation_and_a_gap() -> Result {
    let place = Place::new("logs")?;
    let log = place.join("nagios.log");
    fs::write(&log, alerts(&[(now() - 60, "org.example.A", "CRITICAL")]))?;
    let filter = Filter::start(with(monitor_of_log("nagios", &log, "inotify = false")))?;
    let stands =
        |service: &str| filter.until_alarm("ce.example.org", service, "stands", |a| a.state == "CRITICAL").map(drop);
    stands("org.example.A")?;
    // Really without: the daemon holds no inotify instance.
    let id = filter.id()?;
    for entry in fs::read_dir(format!("/proc/{id}/fd"))? {
        let target = entry?.path().read_link().unwrap_or_default();
        assert!(!target.to_string_lossy().contains("inotify"), "{}", target.display());
    }
    let add = |service: &str| append(&log, alerts(&[(now(), service, "CRITICAL")]).as_bytes());
    add("org.example.B")?;
    stands("org.example.B")?;
    // Half a line, and its rest later.
    let line = alerts(&[(now(), "org.example.C", "CRITICAL")]);
    let (head, rest) = line.split_at(30);
    append(&log, head.as_bytes())?;
    add_nothing_yet(&filter)?;
    append(&log, rest.as_bytes())?;
    stands("org.example.C")?;
    // Moved away with a line that was not read yet, and a new one in its place.
    add("org.example.D")?;
    fs::rename(&log, place.join("nagios.log.1"))?;
    add("org.example.E")?;
    stands("org.example.D")?;
    stands("org.example.E")?;
    // Copied and emptied.
    add("org.example.F")?;
    fs::copy(&log, place.join("nagios.log.2"))?;
    fs::write(&log, alerts(&[(now(), "org.example.G", "CRITICAL")]))?;
    stands("org.example.F")?;
    stands("org.example.G")?;
    // Gone for a while.
    fs::remove_file(&log)?;
    wait::until_true("the daemon to miss its log", || Ok(filter.console()?.contains("does not exist")))?;
    add("org.example.H")?;
    stands("org.example.H")?;
    let all = filter.episodes()?;
    assert_eq!(all.len(), 8, "each once: {all:?}");
    Ok(())
}

/// The daemon looked at the half-written line and took nothing of it: the metrics count whole lines.
fn add_nothing_yet(filter: &Filter) -> Result {
    assert!(filter.alarm("ce.example.org", "org.example.C")?.is_none());
    Ok(())
}
