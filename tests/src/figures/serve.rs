//! What checks cost a real Nagios: by fork and exec, and by `gridprobe serve`, with equal settings, one after the other.
//!
//! [`measure`] has one kind of check, a bind and a search of a base, at a real slapd. [`mixed`] has four kinds, and targets that
//! take a connection and never answer. What slapd and the targets cost is not counted.

use super::{process, row};
use crate::bdii::{Content, Slapd, fake};
use crate::fail::{Fail, Result};
use crate::fleet::{Fleet, Host, Service};
use crate::nagios::{Nagios, Options};
use crate::place::now;
use crate::prober::{Prober, from_now, plugins, until_all_checked};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Services of one host.
const OF_A_HOST: usize = 20;

/// One kind of check, `services` of them in `round` seconds, watched for so many rounds.
pub fn measure(services: usize, round: u32, rounds: u32) -> Result {
    let slapd = Slapd::start(&Content::clean(7, 1, now()), "")?;
    let line = format!("FOLDER/plugins/check_bdii -H 127.0.0.1 -p {} --reachable", slapd.port);
    both(&format!("{services} services in {round} s, one bind and one base search"), services, round, rounds, |_| {
        line.clone()
    })
}

/// Four kinds of checks, one of twenty at a target that never answers.
pub fn mixed(services: usize, round: u32, rounds: u32) -> Result {
    let slapd = Slapd::start(&Content::clean(7, 1, now()), "")?;
    let (answers, hangs) = (
        slapd.port,
        fake::serve(|_| {
            std::thread::sleep(Duration::from_secs(120));
            Ok(())
        })?,
    );
    let title = format!("{services} services in {round} s, four probes, one of twenty hangs");
    both(&title, services, round, rounds, |number| {
        let port = if number % 20 == 7 { hangs } else { answers };
        match number % 4 {
            0 => "FOLDER/plugins/check_crl --ca-dir FOLDER/empty".to_owned(),
            1 => "FOLDER/plugins/check_ca --ca-dir FOLDER/empty".to_owned(),
            2 => format!("FOLDER/plugins/check_bdii -H 127.0.0.1 -p {port} --no-content"),
            _ => format!("FOLDER/plugins/check_bdii -H 127.0.0.1 -p {port} --reachable"),
        }
    })
}

fn both(title: &str, services: usize, round: u32, rounds: u32, line: impl Fn(usize) -> String) -> Result {
    let mut spent = Vec::new();
    for resident in [false, true] {
        let mut nagios = prepare(services, round, &line)?;
        nagios.resume()?;
        let mut prober = if resident { Some(Prober::start(&nagios, &[])?) } else { None };
        until_all_checked(&nagios, from_now())?;
        let all = |of: &Option<Prober>| -> Result<f64> {
            tree(nagios.id()?).and_then(|nagios| Ok(nagios + of.as_ref().map_or(Ok(0.0), |prober| tree(prober.id()?))?))
        };
        let (begun, before, since) = (Instant::now(), all(&prober)?, from_now());
        std::thread::sleep(Duration::from_secs(u64::from(round * rounds)));
        let (cpu, passed) = (all(&prober)? - before, begun.elapsed().as_secs_f64());
        let status = nagios.status()?;
        let checks: Vec<f64> = status
            .kind("servicestatus")
            .filter(|service| service.get("last_check").parse::<u64>().is_ok_and(|at| at >= since))
            .filter_map(|service| service.get("check_latency").parse().ok())
            .collect();
        // What was said, by its first three words: a check that is answered without being run is quick, too.
        let mut said: BTreeMap<String, usize> = BTreeMap::new();
        for service in status.kind("servicestatus") {
            let words: Vec<&str> = service.get("plugin_output").split_whitespace().take(3).collect();
            *said.entry(words.join(" ")).or_default() += 1;
        }
        let (most, middle) = (checks.iter().copied().fold(0.0, f64::max), super::median(checks.clone()));
        let how = if resident { "resident" } else { "fork and exec" };
        row(
            &format!("{title}: {how}"),
            format!(
                "{cpu:.2} s of CPU in {passed:.0} s, {} of {services} services checked since, latency {middle:.3} s, at most {most:.3} s",
                checks.len()
            ),
        );
        row(&format!("{title}: {how}, what was said"), format!("{said:?}"));
        spent.push(cpu / passed);
        if let Some(prober) = &mut prober {
            prober.stop()?;
        }
    }
    let ratio = spent.first().zip(spent.get(1)).map_or(0.0, |(fork, resident)| fork / resident);
    row(&format!("{title}: fork and exec, divided by resident"), format!("{ratio:.1}"));
    Ok(())
}

/// With the settings that both have in common.
fn prepare(services: usize, round: u32, line: &impl Fn(usize) -> String) -> Result<Nagios> {
    // As for the tests, but that status.dat is written every ten seconds and the log has no line for each result.
    let extra = [
        "status_update_interval=10",
        "retention_update_interval=60",
        "log_passive_checks=0",
        "log_service_retries=0",
        "service_check_timeout=60",
        "service_check_timeout_state=u",
    ];
    let mut nagios =
        Nagios::prepare(Fleet::default(), Options { extra: extra.map(str::to_owned).to_vec(), ..Options::default() })?;
    let folder = nagios.folder().to_owned();
    plugins(&folder.join("plugins"), &["check_bdii", "check_ca", "check_crl"])?;
    std::fs::create_dir(folder.join("empty")).map_err(Fail::at("empty"))?;
    let service = |number: usize| {
        let command = line(number).replace("FOLDER", &folder.display().to_string());
        Service::runs(&format!("org.example.Metric-{:02}", number % OF_A_HOST), round, command)
    };
    let host = |number: usize| {
        let services = (number * OF_A_HOST..services.min((number + 1) * OF_A_HOST)).map(service).collect();
        Host::new(&format!("host{number:04}.example.org"), &format!("SITE-{:03}", number / 8), "Site-BDII", services)
    };
    let fleet = Fleet::new((0..services.div_ceil(OF_A_HOST)).map(host).collect());
    nagios.change(|old| *old = fleet)?;
    Ok(nagios)
}

/// Seconds on a processor so far of a process and all below it, those that ended too.
fn tree(root: u32) -> Result<f64> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let entries = std::fs::read_dir("/proc").map_err(Fail::at("/proc"))?;
    for id in entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()) {
        if let Some(parent) = process::parent(id) {
            children.entry(parent).or_default().push(id);
        }
    }
    let (mut sum, mut left) = (Duration::ZERO, vec![root]);
    while let Some(id) = left.pop() {
        // One that has ended meanwhile is counted with its parent.
        sum += process::cpu_with_ended(id).unwrap_or_default();
        left.extend(children.remove(&id).unwrap_or_default());
    }
    Ok(sum.as_secs_f64())
}
