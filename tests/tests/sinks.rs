//! Group `sinks`: results that nobody asked for, handed to a real Nagios by `gridprobe batch`, through its spool and its command pipe.

use e2e::fail::{Fail, ensure};
use e2e::fleet::{Fleet, Host, Service};
use e2e::nagios::{Nagios, Options};
use e2e::{Result, place, prober, wait};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime};

/// Hosts and services of each.
const SIZE: (usize, usize) = (100, 100);

fn fleet(hosts: usize, services: usize) -> Fleet {
    let host = |n: usize| {
        let services = (0..services).map(|s| Service::passive(&format!("org.example.M-{s}")).attempts(1)).collect();
        Host::new(&format!("h{n:03}.example.org"), "ALPHA-LCG2", "CE", services)
    };
    Fleet::new((0..hosts).map(host).collect())
}

fn batch(file: &Path, more: &[&str]) -> Result<Command> {
    let mut command = Command::new(prober::program()?);
    command.arg("batch").arg(file).args(more).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok(command)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The files of results in a spool.
fn waiting(spool: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(spool).map_err(Fail::at(spool.display()))?;
    Ok(entries
        .flatten()
        .map(|e| e.path())
        .filter(|path| path.with_extension("ok").exists() && path.extension().is_none())
        .collect())
}

/// Two hours later, as far as files can tell.
fn age(file: &Path) -> Result {
    let then = place::now() - 7200;
    let text = std::fs::read(file)?;
    let at = text.windows(10).position(|w| w == b"file_time=").ok_or_else(|| Fail::new("no date"))? + 10;
    let mut text = text;
    text[at..at + 10].copy_from_slice(format!("{then:010}").as_bytes());
    std::fs::write(file, text)?;
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(then);
    std::fs::File::options().write(true).open(file)?.set_modified(then)?;
    Ok(())
}

#[test]
fn ten_thousand_long_results_of_two_writers_outlive_a_nagios_that_is_down_for_hours() -> Result {
    // Ten thousand notifications at once are another matter: Nagios hangs in them.
    let quiet = Options { extra: vec!["enable_notifications=0".into()], ..Options::default() };
    let mut nagios = Nagios::start(fleet(SIZE.0, SIZE.1), quiet)?;
    nagios.stop()?;
    let folder = nagios.folder().to_owned();
    let spool = folder.join("spool");
    // 8 KiB each, the name of whose service stands at its end.
    let long = folder.join("long");
    place::write(&long, format!("EXAMPLE WARNING: long | a=1\n{}\n", "0123456789abcdef\n".repeat(480)))?;
    let writer = |which: usize| -> Result<Command> {
        let mut lines = String::new();
        for host in (0..SIZE.0).filter(|host| host % 2 == which) {
            for service in 0..SIZE.1 {
                let name = format!("h{host:03}.example.org;org.example.M-{service}");
                lines.push_str(&format!("{name};/bin/cat {} && echo end-{host}-{service} && exit 1\n", long.display()));
            }
        }
        let file = folder.join(format!("tasks{which}"));
        place::write(&file, lines)?;
        batch(&file, &["--nagios-cfg", &nagios.configuration().display().to_string(), "--threads", "8"])
    };
    let both = [writer(0)?.spawn()?, writer(1)?.spawn()?];
    for one in both {
        let output = one.wait_with_output()?;
        ensure(output.status.success() && said(&output).contains("5000 of 5000 results delivered"), || said(&output))?;
    }
    // Each is there once.
    let mut seen: HashMap<String, usize> = HashMap::new();
    for file in waiting(&spool)? {
        let text = String::from_utf8_lossy(&std::fs::read(&file)?).into_owned();
        for record in text.split("\n\n").filter(|record| record.contains("host_name=")) {
            let field = |key: &str| record.lines().find_map(|l| l.strip_prefix(key)).unwrap_or_default().to_owned();
            *seen.entry(format!("{};{}", field("host_name="), field("service_description="))).or_default() += 1;
        }
        age(&file)?;
    }
    assert_eq!((seen.len(), seen.values().max()), (SIZE.0 * SIZE.1, Some(&1)));
    // Nagios would throw them away now. Whoever hands in next dates them anew.
    let one = folder.join("one");
    place::write(&one, "h000.example.org;org.example.M-0;/bin/cat /dev/null && echo the newest && exit 2\n")?;
    let configuration = nagios.configuration().display().to_string();
    let output = batch(&one, &["--nagios-cfg", &configuration])?.output()?;
    ensure(output.status.success(), || said(&output))?;
    nagios.resume()?;
    let mut checked = 0;
    wait::until_true("a result of every service", || {
        let Ok(status) = nagios.status() else { return Ok(false) };
        let services = status.kind("servicestatus").filter(|block| block.get("host_name").starts_with('h'));
        checked = services.filter(|block| block.get("has_been_checked") == "1").count();
        Ok(checked == SIZE.0 * SIZE.1)
    })
    .map_err(|e| Fail::new(format!("{e}: {checked} have one")))?;
    let status = nagios.status()?;
    for (host, service) in [(0, 1), (57, 99), (99, 42)] {
        let name = (format!("h{host:03}.example.org"), format!("org.example.M-{service}"));
        let block = status.service(&name.0, &name.1).ok_or_else(|| Fail::new("no such service"))?;
        assert_eq!((block.get("current_state"), block.get("plugin_output")), ("1", "EXAMPLE WARNING: long"));
        assert!(block.get("long_plugin_output").ends_with(&format!("end-{host}-{service}")), "the end is there");
    }
    // The newest of one service counts, whatever order the files are read in.
    let block = status.service("h000.example.org", "org.example.M-0").ok_or_else(|| Fail::new("no such service"))?;
    assert!(["the newest", "EXAMPLE WARNING: long"].contains(&block.get("plugin_output")), "{block:?}");
    wait::until_true("an empty spool", || Ok(waiting(&spool)?.is_empty()))
}

#[test]
fn a_spool_that_is_full_loses_the_oldest_and_says_so() -> Result {
    let mut nagios = Nagios::start(fleet(10, 20), Options::default())?;
    nagios.stop()?;
    let folder = nagios.folder().to_owned();
    let long = folder.join("long");
    place::write(&long, "x".repeat(50_000))?;
    let mut last = String::new();
    // Room is made before the next ones are written.
    for round in 0..3 {
        let lines: String = (0..200)
            .map(|n| {
                format!(
                    "h{:03}.example.org;org.example.M-{};/bin/cat {} && echo {round}\n",
                    n / 20,
                    n % 20,
                    long.display()
                )
            })
            .collect();
        let file = folder.join("tasks");
        place::write(&file, lines)?;
        let configuration = nagios.configuration().display().to_string();
        let output = batch(&file, &["--nagios-cfg", &configuration, "--room", "12"])?.output()?;
        last = said(&output);
    }
    ensure(last.contains(" older results were left out: more than 12 MiB waited in "), || last)
}

#[test]
fn the_command_pipe_takes_what_fits_and_what_nagios_lacks_is_said() -> Result {
    let nagios = Nagios::start(fleet(2, 2), Options::default())?;
    let folder = nagios.folder().to_owned();
    let long = folder.join("long");
    place::write(&long, format!("{}\n", "long ".repeat(1600)))?;
    let lines = format!(
        "# a comment\n\nh000.example.org;org.example.M-0;/bin/echo 'A OK: short | a=1' \nh000.example.org;org.example.M-1;/bin/cat {}\n\
         h001.example.org;;/bin/cat /no/such || exit 2\nh001.example.org;no.such.Service;/bin/true\n",
        long.display()
    );
    let file = folder.join("tasks");
    place::write(&file, lines)?;
    let pipe = folder.join("var/nagios.cmd").display().to_string();
    let (spool, objects) =
        (folder.join("spool").display().to_string(), folder.join("var/objects.cache").display().to_string());
    let output = batch(&file, &["--pipe", &pipe, "--spool", &spool, "--objects", &objects])?.output()?;
    ensure(output.status.code() == Some(1) && said(&output).contains("3 of 4 results delivered"), || said(&output))?;
    ensure(said(&output).contains("no.such.Service: the monitor does not know it"), || said(&output))?;
    for (service, words) in [("org.example.M-0", "A OK: short"), ("org.example.M-1", "long long")] {
        wait::until_true(format!("a result of {service}"), || {
            let status = nagios.status().ok();
            let block = status.as_ref().and_then(|status| status.service("h000.example.org", service));
            Ok(block.is_some_and(|block| block.get("plugin_output").starts_with(words)))
        })?;
    }
    wait::until_true("the host to be down", || {
        let status = nagios.status().ok();
        let mut hosts = status.iter().flat_map(|status| status.kind("hoststatus"));
        Ok(hosts.any(|block| block.get("host_name") == "h001.example.org" && block.get("current_state") == "1"))
    })
}
