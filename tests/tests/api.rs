//! The JSON interface of a running daemon keeps to its description, whatever is sent: schemathesis makes it up.
//! `GRIDWARD_SCHEMATHESIS` names its program.

use e2e::fail::ensure;
use e2e::filter::Filter;
use e2e::interface::{self, Setup};
use e2e::{Fail, Result, wait};
use std::process::{Command, Stdio};

/// Who hands in.
const SOURCE: &str = "cron";

/// A daemon that knows alarms of several sites and states, a note, a mask and a cause.
fn daemon() -> Result<Filter> {
    let setup = Setup { tables: interface::operator("ana"), ..Setup::posted_by(SOURCE) };
    let filter = Filter::start(setup)?;
    let mut sequence = 0;
    let mut observe = |host: &str, state: &str| {
        sequence += 1;
        let since = e2e::place::now() - 3600 + sequence;
        let one = interface::observation(SOURCE, sequence, host, "org.example.A", state, since, "said so");
        filter.post(interface::OBSERVATIONS, &format!("[{one}]"))?.good()
    };
    for host in ["h1", "h2", "h3", "h4"] {
        observe(host, "CRITICAL")?;
    }
    observe("h4", "OK")?;
    let alarms = wait::until("four alarms", || Ok(Some(filter.alarms()?).filter(|all| all.len() == 4)))?;
    let target = |i: usize| serde_json::json!({"alarm": alarms[i].id});
    for command in [
        serde_json::json!({"action": "note", "on": {"alarm": alarms[0].id}, "text": "seen"}),
        serde_json::json!({"action": "mask", "leader": target(0), "followers": [target(1)]}),
        serde_json::json!({"action": "open-cause", "kind": "network", "text": "the backbone", "alarms": [target(2)]}),
    ] {
        filter.post(interface::COMMANDS, &command.to_string())?.good()?;
    }
    Ok(filter)
}

#[test]
fn the_interface_keeps_to_its_description() -> Result {
    let program = std::env::var_os("GRIDWARD_SCHEMATHESIS")
        .ok_or_else(|| Fail::new("GRIDWARD_SCHEMATHESIS names no program: run this as `tests/run api`"))?;
    let filter = daemon()?;
    let hooks = concat!(env!("CARGO_MANIFEST_DIR"), "/api/hooks.py");
    let output = Command::new(program)
        .args(["run", &format!("http://{}{}", filter.address()?, interface::OPENAPI)])
        .args(["--checks", "all", "--mode", "all", "--max-examples", "60", "--seed", "20261122", "--no-color"])
        .args(["--request-timeout", "20", "--suppress-health-check", "too_slow,filter_too_much"])
        .env("SCHEMATHESIS_HOOKS", hooks)
        .env("GRIDWARD_SOURCE", SOURCE)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(filter.folder())
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    ensure(output.status.success(), || {
        format!("schemathesis found something ({}):\n{said}{}", output.status, String::from_utf8_lossy(&output.stderr))
    })?;
    // It tested what there is to test: each operation, but for the one that it asked for the description itself.
    let described = filter.get(interface::OPENAPI)?.good()?.text();
    let description: serde_json::Value = serde_json::from_str(&described).map_err(Fail::at("the description"))?;
    let methods = description["paths"].as_object().into_iter().flatten().filter_map(|(_, methods)| methods.as_object());
    let operations = methods.map(|methods| methods.len()).sum::<usize>().saturating_sub(1);
    ensure(operations >= 8 && said.contains(&format!("{operations} selected / {operations} total")), || {
        format!("not all of {operations} operations were tested:\n{said}")
    })?;
    // And the daemon is as well as before.
    ensure(filter.get(interface::READY)?.status == 200, || "it is not ready any more".to_owned())?;
    ensure(filter.get(interface::TRAIL)?.good()?.text().contains("the backbone"), || "the trail is gone".to_owned())
}
