//! Five hours of a Nagios with 10,000 services that the daemon has missed. Nobody waits five hours for them: the log is
//! written by the measurement, in Nagios' words, about the services that the real one watches.

use super::row;
use crate::fail::{Fail, Result, ensure};
use crate::filter::Filter;
use crate::interface::Setup;
use crate::nagios::Nagios;
use crate::place::{self, Place, now};
use std::io::Write;
use std::time::Instant;

/// How long it was away, in seconds.
const AWAY: u64 = 5 * 3600;
/// Every service has a result so often (log_passive_checks writes a line for each).
const EVERY: u64 = 300;
/// One of so many services fails and recovers, once an hour.
const FAILING: usize = 50;

/// Measures how long the daemon takes from its start until it is ready with all of it decided and stored.
pub fn measure(nagios: &Nagios) -> Result {
    let place = Place::new("backlog")?;
    let log = place.join("nagios.log");
    let configuration = place.join("nagios.cfg");
    let old = std::fs::read_to_string(nagios.configuration())?;
    // The real configuration, objects and states, and a log of its own.
    place::write(
        &configuration,
        format!("{old}\nlog_file={}\nlog_archive_path={}\n", log.display(), place.path().display()),
    )?;
    let end = now() - 2;
    place::write(&log, format!("[{}] LOG VERSION: 2.0\n", end - AWAY))?;
    let setup = Setup { monitors: vec![("nagios-a".into(), String::new(), configuration)], ..Setup::default() };
    let mut filter = Filter::start(setup)?;
    filter.stop()?;
    let lines = write(nagios, &log, end - AWAY, end)?;
    let size = std::fs::metadata(&log)?.len() as f64 / 1e6;
    let begun = Instant::now();
    filter.launch()?;
    filter.until_ready()?;
    let seconds = begun.elapsed().as_secs_f64();
    // The last line of all: whoever is ready has read it.
    let (host, service) = last(nagios)?;
    ensure(filter.alarm(&host, &service)?.is_some(), || format!("ready without the last line, of {host} {service}"))?;
    row(
        &format!("a backlog of 5 hours, {lines} lines, {size:.0} MB: start to ready"),
        format!("{seconds:.1} s, {} alarms", filter.alarms()?.len()),
    );
    Ok(())
}

fn write(nagios: &Nagios, log: &std::path::Path, from: u64, to: u64) -> Result<usize> {
    let file = std::fs::OpenOptions::new().append(true).open(log).map_err(Fail::at(log.display()))?;
    let mut file = std::io::BufWriter::new(file);
    let services: Vec<(&str, &str)> =
        nagios.fleet().services().map(|(h, s)| (h.name.as_str(), s.name.as_str())).collect();
    let good = "OK: all endpoints answered within the time allowed";
    let mut lines = 0;
    for second in from..to {
        // The services whose turn it is, and of these the ones that fail now.
        let turn = usize::try_from(second % EVERY).unwrap_or(0);
        for (i, (host, service)) in services.iter().enumerate().skip(turn).step_by(EVERY as usize) {
            let fails = i % FAILING == 0 && (second / EVERY) % 12 < 4;
            let began = fails && (second / EVERY).is_multiple_of(12);
            let ended = i % FAILING == 0 && (second / EVERY) % 12 == 4;
            let state = if fails { 2 } else { 0 };
            let output = if fails { crate::load::output(i) } else { good.to_owned() };
            writeln!(file, "[{second}] PASSIVE SERVICE CHECK: {host};{service};{state};{output}")?;
            lines += 1;
            if began || ended {
                let word = if began { "CRITICAL" } else { "OK" };
                writeln!(file, "[{second}] SERVICE ALERT: {host};{service};{word};HARD;1;{output}")?;
                writeln!(file, "[{second}] SERVICE NOTIFICATION: rod;{host};{service};{word};tell;{output}")?;
                lines += 2;
            }
        }
    }
    let (host, service) = last(nagios)?;
    writeln!(file, "[{to}] SERVICE ALERT: {host};{service};CRITICAL;HARD;1;the last line")?;
    file.flush()?;
    Ok(lines + 1)
}

/// A service that fails at the end only.
fn last(nagios: &Nagios) -> Result<(String, String)> {
    let last = nagios.fleet().services().last().map(|(host, service)| (host.name.clone(), service.name.clone()));
    last.ok_or_else(|| Fail::new("no service is watched"))
}
