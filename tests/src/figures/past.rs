//! How a month stood: 300 sites with 9,000 services, and one site with 60 more. Nobody waits a month for it: the log is
//! written by the measurement, in Nagios' words, about the services of a real Nagios' objects.cache, and read by the daemon.

use super::{median, row};
use crate::fail::{Fail, Result, ensure};
use crate::filter::Filter;
use crate::fleet::{Fleet, Host, Service};
use crate::http::Client;
use crate::interface::{self, Setup};
use crate::nagios::{Nagios, Options};
use crate::place::{self, Place, now};
use crate::rng::Rng;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// The site with 60 services, in the same month as the others.
const LARGE: &str = "SITE-LARGE";
const DAYS: u64 = 30;
/// One of so many services is bad at this the whole month long.
const SHAKY: usize = 20;

/// Measures the strips of a site and the figures of all, as pages, JSON and CSV.
pub fn measure() -> Result {
    let nagios = Nagios::start(fleet(), Options::default())?;
    let place = Place::new("past")?;
    let (log, configuration) = (place.join("nagios.log"), place.join("nagios.cfg"));
    let old = std::fs::read_to_string(nagios.configuration())?;
    place::write(
        &configuration,
        format!("{old}\nlog_file={}\nlog_archive_path={}\n", log.display(), place.path().display()),
    )?;
    let end = now() - 2;
    let begin = end - DAYS * 86_400;
    place::write(&log, format!("[{begin}] LOG VERSION: 2.0\n"))?;
    let setup = Setup { monitors: vec![("nagios-a".into(), String::new(), configuration)], ..Setup::default() };
    let mut filter = Filter::start(setup)?;
    filter.stop()?;
    let lines = write(nagios.fleet(), &log, begin, end)?;
    let begun = Instant::now();
    filter.launch()?;
    filter.until_ready()?;
    row(
        &format!("a month of {lines} alerts, {} services: start to ready", nagios.fleet().services().count()),
        format!("{:.1} s", begun.elapsed().as_secs_f64()),
    );
    let period = format!("from={}&to={}", interface::date(begin + 86_400), interface::date(end));
    let mut client = Client::connect(filter.address()?)?;
    for (what, path, rounds, holds) in [
        ("30-day strips of a site with 60 services", format!("/sites/{LARGE}"), 20, 60),
        ("availability of 301 sites for a month, as JSON", format!("{}?{period}", interface::AVAILABILITY), 10, 301),
        ("the same as CSV", format!("/availability.csv?{period}"), 10, 301),
        ("the same as a page", format!("/availability?{period}"), 10, 301),
        ("the same by day, as JSON", format!("{}?{period}&detail=day", interface::AVAILABILITY), 5, 301 * 29),
    ] {
        let (mut times, mut size) = (Vec::new(), 0);
        for _ in 0..rounds {
            let begun = Instant::now();
            let answer = client.get(&path)?.good()?;
            times.push(begun.elapsed().as_secs_f64() * 1e3);
            size = answer.body.len();
            // A site's name stands at least once in each of its rows.
            let found = answer.text().matches(if path.contains(LARGE) { "org.example." } else { "SITE-" }).count();
            ensure(found >= holds, || format!("{path} has {found} rows, not {holds}"))?;
        }
        let first = times.first().copied().unwrap_or_default();
        row(what, format!("{:.0} ms, the first time {first:.0} ms ({:.0} kB)", median(times), size as f64 / 1e3));
    }
    filter.stop().map(drop)
}

/// Names as long as those of a grid; a site has 30 services on 5 hosts.
fn fleet() -> Fleet {
    const TYPES: [&str; 5] = ["ARC-CE", "SRM", "Site-BDII", "APEL", "org.opensciencegrid.htcondorce"];
    let host = |site: &str, number: usize, count: usize| {
        let flavour = TYPES[number % TYPES.len()];
        let names = (0..count).map(|n| format!("org.example.{flavour}-Metric{n:02}-ops"));
        let services = names.map(|name| Service::passive(&name).attempts(1)).collect();
        Host::new(&format!("host{number}.{}.example.org", site.to_lowercase()), site, flavour, services)
    };
    let sites = (0..300).map(|n| (format!("SITE-{n:03}"), 6)).chain([(LARGE.to_owned(), 12)]);
    Fleet::new(sites.flat_map(|(site, count)| (0..TYPES.len()).map(move |n| host(&site, n, count))).collect())
}

/// Failures of a month: most services a few, some a hundred.
fn write(fleet: &Fleet, log: &Path, from: u64, to: u64) -> Result<usize> {
    let mut rng = Rng::new(30);
    let mut lines: Vec<(u64, String)> = Vec::new();
    for (i, (host, service)) in fleet.services().enumerate() {
        let failures = if i % SHAKY == 0 { 60 + rng.below(60) } else { 2 + rng.below(6) };
        for _ in 0..failures {
            let began = from + rng.below((to - from) as usize) as u64;
            let ended = (began + 300 + rng.below(6 * 3600) as u64).min(to);
            let (host, service) = (&host.name, &service.name);
            let word = ["CRITICAL", "WARNING", "UNKNOWN"][rng.below(3)];
            let output = crate::load::output(i);
            lines.push((began, format!("SERVICE ALERT: {host};{service};{word};HARD;1;{output}")));
            lines.push((ended, format!("SERVICE ALERT: {host};{service};OK;HARD;1;OK: all endpoints answered")));
        }
    }
    lines.sort();
    let file = std::fs::OpenOptions::new().append(true).open(log).map_err(Fail::at(log.display()))?;
    let mut file = std::io::BufWriter::new(file);
    for (at, line) in &lines {
        writeln!(file, "[{at}] {line}")?;
    }
    file.flush()?;
    Ok(lines.len())
}
