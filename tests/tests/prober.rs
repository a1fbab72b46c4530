//! Group `prober`: `gridprobe serve` beside a real Nagios. What is wanted of it is that nobody notices it: no check without its
//! result, and a Nagios that never stands still, whatever happens to the prober.

use e2e::fleet::{Fleet, Host, Service};
use e2e::nagios::{Nagios, Options};
use e2e::prober::{Prober, checked_since, from_now, plugins, until_all_checked};
use e2e::wait;
use e2e::{Fail, Result};
use nix::sys::signal::Signal;
use std::path::Path;
use std::time::{Duration, Instant};

/// A check of everything happens in so many seconds.
const ROUND: u32 = 12;
const WITNESS: &str = "witness.example.org";

/// Hosts with services that run `command`, in which FOLDER is the Nagios' own and HOST differs from host to host; beside them a
/// host whose service is checked every second by Nagios' own workers.
fn fleet(hosts: usize, services: usize, folder: &Path, command: &str) -> Fleet {
    let host = |number: usize| {
        let name = format!("ca{number:03}.example.org");
        let line = command.replace("FOLDER", &folder.display().to_string()).replace("HOST", &name);
        let services = (0..services).map(|n| Service::runs(&format!("org.example.CA-{n}"), ROUND, line.clone()));
        Host::new(&name, "ALPHA-LCG2", "CA", services.collect())
    };
    let tick = format!("/bin/sh -c 'date +%s.%N >>{}/ticks'", folder.display());
    let witness = Host::new(WITNESS, "ALPHA-LCG2", "CA", vec![Service::runs("tick", 1, tick)]);
    Fleet::new((0..hosts).map(host).chain([witness]).collect())
}

/// A Nagios with such services. The first configuration is written without them: they name its folder.
fn nagios(hosts: usize, services: usize, command: &str) -> Result<Nagios> {
    let options = Options { extra: vec!["service_check_timeout_state=u".into()], ..Options::default() };
    let mut nagios = Nagios::prepare(Fleet::new(Vec::new()), options)?;
    let folder = nagios.folder().to_owned();
    plugins(&folder.join("plugins"), &["check_ca", "check_crl"])?;
    std::fs::create_dir(folder.join("empty")).map_err(Fail::at("empty"))?;
    nagios.change(|old| *old = fleet(hosts, services, &folder, command))?;
    nagios.resume()?;
    Ok(nagios)
}

/// Finds nothing, and says so, at once.
const QUICK: &str = "FOLDER/plugins/check_ca --ca-dir FOLDER/empty --ignore HOST";
/// Takes two seconds, and needs a shell. In Nagios' configuration a `;` would begin a comment.
const SLOW: &str = "FOLDER/plugins/check_ca --ca-dir FOLDER/empty --ignore HOST || (sleep 2 && exit 2)";

/// The longest time between two checks of the witness after `since`, up to now.
fn longest_gap(nagios: &Nagios, since: f64) -> Result<f64> {
    let text = std::fs::read_to_string(nagios.folder().join("ticks")).map_err(Fail::at("ticks"))?;
    let now = seconds();
    let mut times: Vec<f64> = text.lines().filter_map(|line| line.parse().ok()).filter(|at| *at >= since).collect();
    times.insert(0, since);
    times.push(now);
    Ok(times.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max))
}

fn seconds() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

fn alive(nagios: &Nagios) -> Result {
    let from = from_now();
    wait::until_true("a check by Nagios' own workers", || {
        Ok(nagios.status().is_ok_and(|status| {
            status.service(WITNESS, "tick").is_some_and(|tick| tick.get("last_check").parse().unwrap_or(0) >= from)
        }))
    })
}

#[test]
fn two_thousand_services_are_checked_without_a_process() -> Result {
    let nagios = nagios(100, 20, QUICK)?;
    // A copy that cannot be started: only who does not need to start it has a result.
    let plugin = nagios.folder().join("plugins/check_ca");
    std::fs::remove_file(&plugin).map_err(Fail::at("plugin"))?;
    std::fs::copy(e2e::prober::program()?, &plugin).map_err(Fail::at("plugin"))?;
    std::fs::set_permissions(&plugin, std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .map_err(Fail::at("plugin"))?;
    let mut prober = Prober::start(&nagios, &[])?;
    let begun = Instant::now();
    let from = from_now();
    until_all_checked(&nagios, from)?;
    let first = begun.elapsed();
    until_all_checked(&nagios, from_now())?;
    let status = nagios.status()?;
    let mut seen = 0;
    for block in status.kind("servicestatus").filter(|block| block.get("host_name").starts_with("ca")) {
        seen += 1;
        assert!(block.get("plugin_output").starts_with("CA CRITICAL: there is no authority in "), "{block:?}");
        assert_eq!(block.get("current_state"), "2");
    }
    assert_eq!(seen, 2000);
    eprintln!("2,000 services: all checked after {:.1} s", first.as_secs_f64());
    assert!(prober.stop()?.success());
    Ok(())
}

#[test]
fn under_ten_thousand_checks_a_minute_each_fault_is_got_over() -> Result {
    // 2,000 services in 12 s.
    let nagios = nagios(100, 20, QUICK)?;
    let mut prober = Prober::start(&nagios, &[])?;
    until_all_checked(&nagios, from_now())?;
    for (part, signal) in
        [("front", Signal::SIGSTOP), ("pool", Signal::SIGSTOP), ("pool", Signal::SIGKILL), ("front", Signal::SIGKILL)]
    {
        let (from, since) = (from_now(), seconds());
        let old = prober.signal_part(part, signal)?;
        prober.new_part(part, old)?;
        until_all_checked(&nagios, from)?;
        let gap = longest_gap(&nagios, since)?;
        assert!(gap < 5.0, "after {signal} to the {part} Nagios stood still for {gap:.1} s");
    }
    assert!(prober.said("the front was silent for 2 s and is ended") == 1, "the front");
    assert!(prober.said("the pool was silent for 2 s and is ended") == 1, "the pool");
    prober.kill()?;
    let killed = from_now();
    alive(&nagios)?;
    prober.resume()?;
    until_all_checked(&nagios, killed)?;
    alive(&nagios)
}

#[test]
fn what_needs_a_shell_gets_one_and_what_is_wrong_is_said() -> Result {
    let command = "FOLDER/plugins/check_ca --nonsense | tr a-z A-Z && echo 'HOST' >&2 && exit 1";
    let nagios = nagios(2, 1, command)?;
    let _prober = Prober::start(&nagios, &[])?;
    until_all_checked(&nagios, from_now())?;
    let status = nagios.status()?;
    let block = status.service("ca000.example.org", "org.example.CA-0").ok_or_else(|| Fail::new("no such service"))?;
    assert!(block.get("plugin_output").starts_with("CA UNKNOWN: UNEXPECTED ARGUMENT '--NONSENSE'"), "{block:?}");
    assert_eq!(block.get("current_state"), "1");
    Ok(())
}

#[test]
fn a_stopped_front_holds_nagios_up_for_seconds_only_and_nothing_stays_lost() -> Result {
    let nagios = nagios(20, 10, SLOW)?;
    let prober = Prober::start(&nagios, &[])?;
    until_all_checked(&nagios, from_now())?;
    let (stopped, since) = (from_now(), seconds());
    let front = prober.signal_part("front", Signal::SIGSTOP)?;
    prober.new_part("front", front)?;
    until_all_checked(&nagios, stopped)?;
    assert_eq!(prober.said("the front was silent for 2 s and is ended"), 1);
    let gap = longest_gap(&nagios, since)?;
    assert!(gap < 5.0, "Nagios stood still for {gap:.1} s");
    Ok(())
}

#[test]
fn a_stopped_pool_costs_no_result() -> Result {
    let nagios = nagios(20, 10, QUICK)?;
    let prober = Prober::start(&nagios, &[])?;
    until_all_checked(&nagios, from_now())?;
    let (stopped, since) = (from_now(), seconds());
    let pool = prober.signal_part("pool", Signal::SIGSTOP)?;
    prober.new_part("pool", pool)?;
    let begun = Instant::now();
    until_all_checked(&nagios, stopped)?;
    assert!(begun.elapsed() < Duration::from_secs(u64::from(3 * ROUND)), "no result was waited for until a time-out");
    assert_eq!(prober.said("the pool was silent for 2 s and is ended"), 1);
    let gap = longest_gap(&nagios, since)?;
    assert!(gap < 5.0, "Nagios stood still for {gap:.1} s");
    Ok(())
}

#[test]
fn a_killed_pool_costs_no_result() -> Result {
    let nagios = nagios(20, 10, SLOW)?;
    let prober = Prober::start(&nagios, &[])?;
    until_all_checked(&nagios, from_now())?;
    for _ in 0..5 {
        let pool = prober.signal_part("pool", Signal::SIGKILL)?;
        prober.new_part("pool", pool)?;
        alive(&nagios)?;
    }
    let begun = Instant::now();
    until_all_checked(&nagios, from_now())?;
    assert!(begun.elapsed() < Duration::from_secs(u64::from(3 * ROUND)));
    assert_eq!(prober.said("checks that an earlier front lost are forced"), 0, "the front lived");
    Ok(())
}

#[test]
fn what_a_killed_part_had_started_ends_with_it() -> Result {
    let command =
        "FOLDER/plugins/check_ca --ca-dir FOLDER/empty --ignore HOST || (echo $$$$ >>FOLDER/shells && sleep 600)";
    let nagios = nagios(1, 1, command)?;
    let prober = Prober::start(&nagios, &[])?;
    let shells = || -> Vec<i32> {
        let text = std::fs::read_to_string(nagios.folder().join("shells")).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    };
    let gone = |pid: i32| !Path::new(&format!("/proc/{pid}")).exists();
    for (n, part) in ["pool", "front"].into_iter().enumerate() {
        let shell = wait::until(format!("shell {n} to run"), || Ok(shells().get(n).copied()))?;
        assert!(!gone(shell), "it runs");
        let old = prober.signal_part(part, Signal::SIGKILL)?;
        wait::until_true(format!("the shell of the killed {part} to end"), || Ok(gone(shell)))?;
        prober.new_part(part, old)?;
    }
    alive(&nagios)
}

#[test]
fn after_a_killed_front_every_service_has_a_result_within_a_minute() -> Result {
    let nagios = nagios(30, 20, SLOW)?;
    let prober = Prober::start(&nagios, &[])?;
    until_all_checked(&nagios, from_now())?;
    let front = prober.signal_part("front", Signal::SIGKILL)?;
    let killed = from_now();
    prober.new_part("front", front)?;
    // The limit of all waiting here is 60 s.
    until_all_checked(&nagios, killed)?;
    prober.until_said("checks that an earlier front lost are forced", 1)?;
    alive(&nagios)
}

#[test]
fn nagios_outlives_a_killed_prober_and_the_next_one_finds_what_was_lost() -> Result {
    let nagios = nagios(20, 10, SLOW)?;
    let mut prober = Prober::start(&nagios, &[])?;
    until_all_checked(&nagios, from_now())?;
    prober.kill()?;
    let killed = from_now();
    alive(&nagios)?;
    // Nagios' own workers go on with what was not lost.
    wait::until_true(
        "checks without a prober",
        || Ok(checked_since(&nagios, killed).is_ok_and(|old| old.len() < 150)),
    )?;
    let lost = checked_since(&nagios, killed)?.len();
    prober.resume()?;
    until_all_checked(&nagios, killed)?;
    eprintln!("{lost} checks had no result yet when the new prober came");
    nagios.id()?;
    alive(&nagios)
}

#[test]
fn it_follows_nagios_through_reload_restart_and_kill() -> Result {
    let mut nagios = nagios(10, 10, QUICK)?;
    let prober = Prober::start(&nagios, &[])?;
    let registered = "registered with Nagios for check_ca";
    until_all_checked(&nagios, from_now())?;
    nagios.reload(|_| {})?;
    prober.until_said(registered, 2)?;
    until_all_checked(&nagios, from_now())?;
    nagios.restart()?;
    prober.until_said(registered, 3)?;
    until_all_checked(&nagios, from_now())?;
    nagios.kill()?;
    nagios.resume()?;
    prober.until_said(registered, 4)?;
    until_all_checked(&nagios, from_now())?;
    assert_eq!(prober.said("and is started again"), 0, "its own parts live on");
    Ok(())
}

#[test]
fn an_orderly_end_finishes_what_is_open() -> Result {
    let nagios = nagios(10, 5, SLOW)?;
    let mut prober = Prober::start(&nagios, &[])?;
    until_all_checked(&nagios, from_now())?;
    assert!(prober.stop()?.success());
    let stopped = from_now();
    wait::until_true("checks by Nagios' own workers", || {
        Ok(checked_since(&nagios, stopped).is_ok_and(|old| old.len() <= 10))
    })?;
    alive(&nagios)
}

#[test]
fn hanging_probes_are_answered_in_time_and_keep_nobody_else_waiting() -> Result {
    let mut nagios = nagios(38, 10, QUICK)?;
    let folder = nagios.folder().to_owned();
    let fifo = folder.join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).map_err(Fail::at("fifo"))?;
    // One hangs in a system call, where no deadline is asked; the other in a shell.
    let inside = format!("{0}/plugins/check_ca --ca-dir {0}/empty --extra-opts=@{0}/fifo", folder.display());
    let shell = format!("{0}/plugins/check_ca --ca-dir {0}/empty || sleep 1000", folder.display());
    nagios.change(|fleet| {
        for (name, line) in [("hang-inside", inside), ("hang-shell", shell)] {
            let services = (0..10).map(|n| Service::runs(&format!("{name}-{n}"), ROUND, line.clone()));
            fleet.hosts.push(Host::new(&format!("{name}.example.org"), "BETA", "CA", services.collect()));
        }
    })?;
    nagios.restart()?;
    let prober = Prober::start(&nagios, &[])?;
    let from = from_now();
    until_all_checked(&nagios, from)?;
    until_all_checked(&nagios, from_now())?;
    let status = nagios.status()?;
    let says = |host: &str, words: &str| {
        let blocks = status.kind("servicestatus").filter(|block| block.get("host_name") == host);
        blocks.filter(|block| block.get("plugin_output").contains(words)).count()
    };
    for host in ["hang-inside.example.org", "hang-shell.example.org"] {
        assert_eq!(says(host, "(Service check timed out after "), 10, "{host}");
    }
    // The others are as punctual as without them.
    let latency = status.kind("servicestatus").filter(|block| block.get("host_name").starts_with("ca"));
    let worst = latency.filter_map(|block| block.get("check_latency").parse().ok()).fold(0.0, f64::max);
    assert!(worst < 5.0, "latency {worst}");
    assert_eq!(prober.said("the front was silent"), 0);
    Ok(())
}

/// As above, where so few may hang that the pool has to begin anew each round.
#[test]
fn a_pool_that_begins_anew_because_too_much_hangs_costs_no_result() -> Result {
    let mut nagios = nagios(10, 10, QUICK)?;
    nagios.set("service_check_timeout=6");
    let folder = nagios.folder().to_owned();
    nix::unistd::mkfifo(&folder.join("fifo"), nix::sys::stat::Mode::S_IRWXU).map_err(Fail::at("fifo"))?;
    let inside = format!("{0}/plugins/check_ca --ca-dir {0}/empty --extra-opts=@{0}/fifo", folder.display());
    nagios.change(|fleet| {
        let services = (0..10).map(|n| Service::runs(&format!("hang-{n}"), ROUND, inside.clone()));
        fleet.hosts.push(Host::new("hang.example.org", "BETA", "CA", services.collect()));
    })?;
    nagios.restart()?;
    let prober = Prober::start(&nagios, &["--threads", "16"])?;
    prober.until_said("hang beyond their time, the pool begins anew", 2)?;
    until_all_checked(&nagios, from_now())?;
    let status = nagios.status()?;
    for block in status.kind("servicestatus").filter(|block| block.get("host_name") == "hang.example.org") {
        assert!(block.get("plugin_output").starts_with("(Service check timed out after "), "{block:?}");
    }
    Ok(())
}
