//! Beside a real Nagios with 10,000 services: what the daemon costs while nothing happens, how long a line takes until
//! its alarm can be seen, and how quickly a log of five hours is read.

use super::{backlog, fleet, median, process, row};
use crate::fail::{Fail, Result};
use crate::filter::Filter;
use crate::http::Client;
use crate::interface::{self, Setup};
use crate::nagios::{Nagios, Options, Passive};
use crate::wait;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

/// So often status.dat is rewritten while the daemon's cost is taken.
const REWRITTEN: usize = 6;
/// So many alarms are raised one after another.
const LATENCIES: usize = 60;

/// Measures all of it.
pub fn measure() -> Result {
    let options = Options { extra: vec!["status_update_interval=10".into()], ..Options::default() };
    let mut nagios = Nagios::start(fleet(500, 20), options)?;
    // What the plugins of a grid print makes status.dat as large as it is.
    let output = format!("OK: {}", "all endpoints answered within the time allowed; ".repeat(19));
    let all: Vec<(String, String)> = nagios.fleet().services().map(|(h, s)| (h.name.clone(), s.name.clone())).collect();
    for piece in all.chunks(500) {
        let results: Vec<Passive<'_>> =
            piece.iter().map(|(host, service)| Passive { host, service, state: 0, output: &output }).collect();
        nagios.spool(&results)?;
    }
    wait::until_true("Nagios to take the results", || Ok(nagios.spool_left()? == 0))?;
    let mut filter = Filter::start(Setup::beside(&nagios))?;
    filter.catch_up(&mut nagios)?;
    quiet(&nagios, &filter)?;
    latency(&nagios, &filter)?;
    filter.stop()?;
    backlog::measure(&nagios)
}

fn quiet(nagios: &Nagios, filter: &Filter) -> Result {
    let path = nagios.status_file();
    // From just after one rewriting to just after the sixth after it, so that none is cut in two.
    let mut written = next_written(&path, written(&path)?)?;
    std::thread::sleep(Duration::from_secs(1));
    let (begun, before) = (Instant::now(), process::cpu(filter.id()?)?);
    for _ in 0..REWRITTEN {
        written = next_written(&path, written)?;
    }
    std::thread::sleep(Duration::from_secs(1));
    let (spent, passed) = (process::cpu(filter.id()?)?.saturating_sub(before), begun.elapsed());
    let share = spent.as_secs_f64() / passed.as_secs_f64() * 100.0;
    let size = std::fs::metadata(&path)?.len() as f64 / 1e6;
    row(
        &format!("10,000 services, status.dat of {size:.0} MB written {REWRITTEN} times, log quiet: of a core"),
        format!("{share:.2} % ({:.2} s in {:.0} s)", spent.as_secs_f64(), passed.as_secs_f64()),
    );
    let (now, most) = process::memory(filter.id()?)?;
    row("the same: resident", format!("{now:.0} MB, at most {most:.0} MB"));
    Ok(())
}

fn written(path: &Path) -> Result<SystemTime> {
    std::fs::metadata(path).and_then(|m| m.modified()).map_err(Fail::at(path.display()))
}

fn next_written(path: &Path, before: SystemTime) -> Result<SystemTime> {
    wait::until("a new status.dat", || Ok(written(path).ok().filter(|at| *at > before)))
}

/// From the line in the log to the alarm in the answer of the interface.
fn latency(nagios: &Nagios, filter: &Filter) -> Result {
    let mut log = BufReader::new(std::fs::File::open(nagios.log_file()).map_err(Fail::at("nagios.log"))?);
    let mut client = Client::connect(filter.address()?)?;
    let mut hosts: Vec<String> = nagios.fleet().services().map(|(host, _)| host.name.clone()).collect();
    hosts.dedup();
    let mut times = Vec::new();
    for host in hosts.iter().take(LATENCIES) {
        let Some((_, service)) = nagios.fleet().services().find(|(h, _)| h.name == *host) else { continue };
        let line = format!("SERVICE ALERT: {host};{};CRITICAL;HARD;", service.name);
        nagios.commands(&[format!("PROCESS_SERVICE_CHECK_RESULT;{host};{};2;broken", service.name)])?;
        let began = until_line(&mut log, &line)?;
        let path = format!("{}?host={host}&limit=1", interface::ALARMS);
        while interface::alarms(&client.get(&path)?.good()?.text())?.is_empty() {
            if began.elapsed() > wait::hang_limit() {
                return Err(Fail::new(format!("waited for {path}")));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    let most = times.iter().copied().fold(0.0, f64::max);
    row(
        &format!("the line stands in the log until the alarm is in the interface's answer, {} times", times.len()),
        format!("{:.0} ms, at most {most:.0} ms", median(times)),
    );
    Ok(())
}

/// When the line was first there.
pub(super) fn until_line(log: &mut impl BufRead, wanted: &str) -> Result<Instant> {
    let begun = Instant::now();
    let mut line = Vec::new();
    loop {
        log.read_until(b'\n', &mut line)?;
        if line.ends_with(b"\n") {
            if line.windows(wanted.len()).any(|part| part == wanted.as_bytes()) {
                return Ok(Instant::now());
            }
            line.clear();
            continue;
        }
        if begun.elapsed() > wait::hang_limit() {
            return Err(Fail::new(format!("waited for {wanted} in the log")));
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}
