//! Many compute elements in one resident prober: `gridprobe serve` beside a real Nagios with a service of check_ce for each of them.
//! One is a real A-REX, with a job of its own; the others are stand-ins (tests/ce/arex_many.py), some of which take connections and never
//! answer.

use super::{median, process, row};
use crate::arex::{Arex, pki::Pki};
use crate::fail::{Fail, Result};
use crate::fleet::{Fleet, Host, Service};
use crate::nagios::{Nagios, Options};
use crate::place::{self, Place};
use crate::prober::{Prober, plugins};
use crate::process::Process;
use crate::wait;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Every check is forced at once so many times.
const ROUNDS: usize = 5;

/// The one that is real, as Nagios names it.
const REAL: &str = "arex.example.org";

/// Measures `count` of them, `hanging` of which hang.
pub fn measure(count: usize, hanging: usize) -> Result {
    place::unprivileged()?;
    let place = Place::new("ces")?;
    let pki = Pki::new(&place.folder("pki")?)?;
    let address = |number: usize| format!("127.1.{}.{}", number / 250, number % 250 + 1);
    let names: Vec<String> = (0..count).map(|number| format!("IP:{}", address(number))).collect();
    pki.certificate("many", "/DC=org/DC=gridtest/CN=many", &format!("subjectAltName={}\n", names.join(",")))?;
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new("python3");
    command.arg(tests.join("ce/arex_many.py")).arg(tests.join("data/arex/rest-1.0.jsonl"));
    command.args([pki.arg("many.pem"), pki.arg("many.key"), count.to_string(), hanging.to_string()]);
    command.stdin(Stdio::null()).stdout(std::fs::File::create(place.join("port"))?);
    let _stand_in = Process::start("arex_many.py", &mut command)?;
    let port: u16 = wait::until("the stand-ins' port", || {
        let text = std::fs::read_to_string(place.join("port"))?;
        Ok(text.strip_suffix('\n').and_then(|line| line.parse().ok()))
    })?;
    let mut nagios = Nagios::prepare(
        Fleet::default(),
        Options { extra: vec!["max_concurrent_checks=0".into()], ..Options::default() },
    )?;
    let folder = nagios.folder().to_owned();
    plugins(&folder.join("plugins"), &["check_ce", "check_ca"])?;
    let (state, anchors, proxy) = (place.folder("state")?, pki.anchors(), pki.arg("proxy.pem"));
    let host = |number: usize| {
        let line = format!(
            "{}/plugins/check_ce -H {} -p {port} --state-dir {} --ca-dir {} -x {proxy} --fresh 1s",
            folder.display(),
            address(number),
            state.display(),
            anchors.display()
        );
        // By themselves they are not due while this lasts.
        Host::new(&format!("ce{number:03}.example.org"), "SITE-A", "ARC-CE", vec![Service::runs("ce", 100_000, line)])
    };
    let arex = Arex::start()?;
    let sleep = arex.script("sleep.sh", "#!/bin/sh\nsleep 600\n")?;
    let real = arex.probe("real").with(&["--payload", &sleep, "--fresh", "1s", "-vv"]).line(&folder.join("plugins"))?;
    let real = Host::new(REAL, "SITE-A", "ARC-CE", vec![Service::runs("ce", 100_000, real)]);
    // The stand-ins by their numbers, and the real one.
    let name = |number: usize| if number == count - 1 { REAL.to_owned() } else { format!("ce{number:03}.example.org") };
    nagios.change(|old| *old = Fleet::new((0..count - 1).map(host).chain([real]).collect()))?;
    nagios.resume()?;
    let mut prober = Prober::start(&nagios, &["--threads", "64"])?;
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let (begun, from) = (Instant::now(), place::now());
        let commands = (0..count).map(|n| format!("SCHEDULE_FORCED_SVC_CHECK;{};ce;{from}", name(n)));
        nagios.commands(&commands.collect::<Vec<_>>())?;
        let answered = |hang: bool| {
            nagios.status().is_ok_and(|status| {
                let range = if hang { 0..hanging } else { hanging..count };
                range.into_iter().all(|n| {
                    status
                        .service(&name(n), "ce")
                        .is_some_and(|service| service.get("last_check").parse::<u64>().is_ok_and(|at| at >= from))
                })
            })
        };
        wait::until_true("the others' results", || Ok(answered(false)))?;
        times.push(begun.elapsed().as_secs_f64());
        wait::until_true("all results", || Ok(answered(true)))?;
        let all = begun.elapsed().as_secs_f64();
        let status = nagios.status()?;
        let word = |n: usize| status.service(&name(n), "ce").map(|s| s.get("plugin_output").to_owned());
        let good = (hanging..count).filter(|n| word(*n).is_some_and(|text| text.starts_with("CE OK"))).count();
        let [hangs, last, real] = [0, count - 2, count - 1].map(|n| word(n).unwrap_or_default());
        row(&format!("round {}", round + 1), format!("{:.1} s, {good} OK: {last}", times[round]));
        let shaken = status.service(REAL, "ce").map(|s| s.get("long_plugin_output").to_owned()).unwrap_or_default();
        let shaken = shaken.split("\\n").find(|line| line.ends_with("handshake(s)")).unwrap_or("not asked").to_owned();
        row(&format!("round {}, the real one", round + 1), format!("{shaken}: {real}"));
        row(&format!("round {}, all", round + 1), format!("{all:.1} s: {hangs}"));
        // The times in status.dat are whole seconds.
        std::thread::sleep(std::time::Duration::from_secs(2));
    }
    let pool = prober.part("pool")?;
    let (now, most) = process::memory(u32::try_from(pool.as_raw()).map_err(Fail::at("pool"))?)?;
    let what = format!("{count} compute elements in one prober, one of them real, {hanging} hang, 64 threads");
    row(
        &format!("{what}: until the others have their results, to the second"),
        format!("{:.1} s (at most {:.1})", median(times.clone()), times.iter().copied().fold(0.0, f64::max)),
    );
    row(&format!("{what}: the pool's memory"), format!("{now:.0} MB, at most {most:.0} MB"));
    prober.stop()?;
    Ok(())
}
