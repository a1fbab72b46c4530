//! What a job brings back from its worker node: gridprobe-wn as a real A-REX's job, its results in a real Nagios, and its life where
//! there is nothing.

use e2e::arex::Arex;
use e2e::fail::Fail;
use e2e::fleet::{Fleet, Host, Service};
use e2e::nagios::{Nagios, Options};
use e2e::place::{self, Place};
use e2e::{Result, prober, wait};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const SERVICES: [&str; 7] = [
    "org.sam.WN-Env",
    "org.sam.WN-SoftVer",
    "hr.srce.CADist-Check",
    "eu.egi.sec.WN-CRL",
    "org.sam.WN-Scratch",
    "org.sam.WN-Clock",
    "org.sam.WN-Net",
];

#[test]
fn what_a_job_finds_on_its_node_comes_back_as_results_of_services_of_their_own() -> Result {
    let arex = Arex::start()?;
    let services = SERVICES.iter().map(|name| Service::passive(&format!("{name}-ops")).attempts(1)).collect();
    let host = Host::new("localhost", "ALPHA-LCG2", "ARC-CE", services);
    let mut nagios = Nagios::start(Fleet::new(vec![host]), Options::default())?;
    let program = prober::worker_node_program()?.display().to_string();
    let configuration = format!("nagios:{}", nagios.configuration().display());
    let anchors = format!("--ca-dir={}", arex.pki.anchors().display());
    let this = format!("localhost:{}", arex.port);
    // Nobody listens on a port that was just free.
    let nobody = format!("localhost:{}", std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port());
    let words = [
        "--wn",
        &program,
        "--wn-arg",
        &anchors,
        "--wn-arg=--program=sh",
        "--wn-arg=--program=no-such-program",
        "--wn-connect",
        &this,
        "--wn-connect",
        &nobody,
        "--wn-suffix",
        "-ops",
    ];
    let probe = arex.probe("wn").with(&words).with(&["--results", &configuration]);
    probe.call()?;
    // Nagios is down when the job ends: nothing is lost.
    nagios.stop()?;
    let ended = probe.until("from end to end")?;
    assert!(ended.code == 0 && ended.text.contains(" of 7 checks there are not OK"), "{}", ended.text);
    nagios.resume()?;
    let expected = [
        ("org.sam.WN-Env", "0", "ENV OK: user "),
        ("org.sam.WN-SoftVer", "2", "no-such-program: it is not in the PATH"),
        ("hr.srce.CADist-Check", "0", "CADIST OK: 2 usable authorities"),
        ("eu.egi.sec.WN-CRL", "", "CRL "),
        ("org.sam.WN-Scratch", "", "SCRATCH "),
        ("org.sam.WN-Clock", "0", "CLOCK OK: "),
        ("org.sam.WN-Net", "2", "NET CRITICAL: 1 of 2 servers are reached"),
    ];
    for (name, state, words) in expected {
        let block = wait::until(format!("a result of {name}"), || {
            let status = nagios.status().ok();
            let block = status.as_ref().and_then(|s| s.service("localhost", &format!("{name}-ops")));
            Ok(block
                .filter(|b| b.get("has_been_checked") == "1")
                .map(|b| ["current_state", "plugin_output", "long_plugin_output"].map(|key| b.get(key).to_owned())))
        })?;
        let [current, output, long] = &block;
        assert!(state.is_empty() || current == state, "{name}: {block:?}");
        assert!(output.contains(words), "{name}: {block:?}");
        assert!(long.contains("\\non ") || long.starts_with("on "), "{name}: the node is named: {block:?}");
        assert!(long.contains(", job "), "{name}: the job is named: {block:?}");
    }
    probe.until_clean()?;
    assert!(!probe.memory()?.contains("results"), "nothing waits: {}", probe.memory()?);

    // A node of another kind cannot run it: the shell answers, with less. Without a monitor the job's verdict says it all.
    let mut foreign = std::fs::read(prober::worker_node_program()?)?;
    // e_machine: EM_AARCH64.
    foreign[18] = 0xb7;
    let file = arex.file("foreign");
    std::fs::write(&file, foreign)?;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755))?;
    let probe = arex.probe("shell").with(&["--wn", &file.display().to_string()]);
    probe.call()?;
    let ended = probe.until("from end to end")?;
    assert!(ended.text.contains("gridprobe-wn could not run there ("), "{}", ended.text);
    probe.until_clean()?;

    // Services that Nagios does not have are named.
    let probe = arex.probe("strange").with(&["--wn", &program, "--results", &configuration, "--wn-suffix", "-atlas"]);
    probe.call()?;
    let ended = probe.until("from end to end")?;
    assert!(
        ended.code == 1 && ended.text.contains("on localhost, and 6 results are lost: org.sam.WN-Env-atlas"),
        "{}",
        ended.text
    );
    probe.until_clean()?;
    assert!(arex.jobs()?.is_empty(), "{:?}", arex.jobs()?);
    Ok(())
}

/// Runs it with that folder as the root of all, as a user without a name.
fn inside(root: &Path, arguments: &[&str]) -> Result<serde_json::Value> {
    let output = Command::new("unshare")
        .args(["--user", "--root"])
        .arg(root)
        .arg("/gridprobe-wn")
        .args(arguments)
        .env_clear()
        .output()
        .map_err(Fail::at("unshare"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).map_err(|e| Fail::new(format!("{e}: {said}")))
}

#[test]
fn it_runs_where_there_is_nothing_else() -> Result {
    place::unprivileged()?;
    let place = Place::new("wn")?;
    let root = place.folder("root")?;
    let program = prober::worker_node_program()?;
    std::fs::copy(&program, root.join("gridprobe-wn")).map_err(Fail::at(program.display()))?;
    let size = std::fs::metadata(&program)?.len();
    assert!(size < 4_000_000, "{size} octets");
    std::fs::set_permissions(&root, std::fs::Permissions::from_mode(0o555))?;
    let answer = inside(&root, &["--job", "a \"job\"", "--ntp", "127.0.0.1:1", "--connect", "x=127.0.0.1:1"]);
    std::fs::set_permissions(&root, std::fs::Permissions::from_mode(0o755))?;
    let answer = answer?;
    assert_eq!(answer["job"], "a \"job\"");
    let results = answer["results"].as_array().ok_or_else(|| Fail::new("no results"))?;
    let codes: Vec<_> = results.iter().map(|r| (r["service"].as_str(), r["code"].as_u64())).collect();
    // Nothing can be written, there is no authority, and nobody answers; the environment is empty and no fault.
    let expected = [0, 0, 2, 2, 2, 3, 2];
    assert_eq!(codes, SERVICES.iter().zip(expected).map(|(s, c)| (Some(*s), Some(c))).collect::<Vec<_>>(), "{answer}");
    let output = |n: usize| results[n]["output"].as_str().unwrap_or_default().to_owned();
    assert!(output(4).contains("no file can be written in /"), "{}", output(4));
    Ok(())
}
