//! check_ce in the resident prober beside a real Nagios: connections that outlive a call.

use e2e::arex::Arex;
use e2e::fleet::{Fleet, Host, Service};
use e2e::nagios::{Nagios, Options};
use e2e::prober::{Prober, from_now, plugins, until_all_checked};
use e2e::{Fail, Result};

/// Every service is checked once; how often hands were shaken for all of them.
fn round(nagios: &Nagios) -> Result<u32> {
    let from = from_now();
    let names: Vec<_> =
        nagios.fleet().services().map(|(host, service)| (host.name.clone(), service.name.clone())).collect();
    let force = names.iter().map(|(host, service)| format!("SCHEDULE_FORCED_SVC_CHECK;{host};{service};{from}"));
    nagios.commands(&force.collect::<Vec<_>>())?;
    until_all_checked(nagios, from)?;
    let status = nagios.status()?;
    let mut handshakes = 0;
    for (host, service) in &names {
        let block = status.service(host, service).ok_or_else(|| Fail::new(format!("there is no {host} {service}")))?;
        let (first, long) = (block.get("plugin_output"), block.get("long_plugin_output"));
        assert!(first.starts_with("CE OK: the first job is under way"), "{service}: {first} {long}");
        let number = long.split("\\n").find_map(|line| line.strip_suffix(" TLS handshake(s)")?.parse::<u32>().ok());
        handshakes +=
            number.ok_or_else(|| Fail::new(format!("{service} does not tell its handshakes: {first} {long}")))?;
    }
    Ok(handshakes)
}

#[test]
fn hands_are_shaken_once_with_a_compute_element_and_again_when_it_was_away() -> Result {
    let mut arex = Arex::start()?;
    let sleep = arex.script("sleep.sh", "#!/bin/sh\nsleep 600\n")?;
    let mut nagios = Nagios::prepare(Fleet::default(), Options::default())?;
    let plugin_folder = nagios.folder().join("plugins");
    plugins(&plugin_folder, &["check_ce"])?;
    let mut services = Vec::new();
    for tag in ["one", "two", "three"] {
        let probe = arex.probe(tag).with(&["--payload", &sleep, "-vv", "-t", "50"]);
        services.push(Service::runs(tag, 100_000, probe.line(&plugin_folder)?));
    }
    let host = Host::new("arc01.example.org", "SITE-A", "ARC-CE", services);
    nagios.change(|fleet| *fleet = Fleet::new(vec![host]))?;
    nagios.resume()?;
    let mut prober = Prober::start(&nagios, &[])?;
    // Three services at once: they look for jobs, delegate and submit one after the other on one connection.
    let shaken = [round(&nagios)?, round(&nagios)?, round(&nagios)?];
    assert!(shaken.iter().all(|n| *n <= 1), "{shaken:?}");
    assert!(shaken.iter().sum::<u32>() < 3, "nothing was kept: {shaken:?}");
    // What was kept is dead, and nobody hears of it.
    arex.kill()?;
    arex.resume()?;
    assert_eq!(round(&nagios)?, 1);
    assert_eq!(arex.jobs()?.len(), 3);
    prober.stop()?;
    nagios.stop()
}
