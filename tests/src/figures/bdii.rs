//! What check_bdii costs beside ldapsearch reading the same: a site BDII, and a top-level BDII of some 200,000 entries, both a real
//! slapd with content of our own.

use super::{median, row};
use crate::bdii::{Content, Slapd};
use crate::fail::{Fail, Result};
use crate::place::now;
use nix::sys::resource::{UsageWho, getrusage};
use std::process::{Command, Stdio};
use std::time::Instant;

/// What one command cost: seconds on the clock, seconds on processors, MB at most.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    wall: f64,
    cpu: f64,
    memory: f64,
}

/// Runs a command and prints what it cost, for [`cost`], which starts a process of its own for it: only so is its memory known.
pub fn one(command: &[&str]) -> Result {
    let [program, arguments @ ..] = command else { return Err(Fail::new("no command")) };
    let begun = Instant::now();
    let mut child = Command::new(program);
    child.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    child.status().map_err(Fail::at(*program))?;
    let wall = begun.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(Fail::at("getrusage"))?;
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    let cpu = seconds(usage.user_time()) + seconds(usage.system_time());
    println!("{wall} {cpu} {}", usage.max_rss() as f64 * 1024.0 / 1e6);
    Ok(())
}

fn cost(command: &[&str]) -> Result<Cost> {
    let ourselves = std::env::current_exe().map_err(Fail::at("our own program"))?;
    let output = Command::new(ourselves).arg("one").args(command).output().map_err(Fail::at("figures one"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [wall, cpu, memory] = numbers[..] else { return Err(Fail::new(format!("{command:?} cost {text:?}"))) };
    Ok(Cost { wall, cpu, memory })
}

/// Several commands one after the other, as one.
fn together(commands: &[Vec<&str>]) -> Result<Cost> {
    let mut sum = Cost::default();
    for command in commands {
        let one = cost(command)?;
        sum = Cost { wall: sum.wall + one.wall, cpu: sum.cpu + one.cpu, memory: sum.memory.max(one.memory) };
    }
    Ok(sum)
}

fn medians(all: &[Cost]) -> Cost {
    let of = |field: fn(&Cost) -> f64| median(all.iter().map(field).collect());
    Cost { wall: of(|c| c.wall), cpu: of(|c| c.cpu), memory: of(|c| c.memory) }
}

/// Takes turns between check_bdii and the peers, and prints the medians.
fn compare(name: &str, port: u16, peers: &[(&str, &[&str])], rounds: usize) -> Result {
    let probes = std::env::var("GRIDWARD_PROBES").map_err(Fail::at("GRIDWARD_PROBES"))?;
    let (port, url) = (port.to_string(), format!("ldap://127.0.0.1:{port}"));
    let ours = vec![probes.as_str(), "check_bdii", "-H", "127.0.0.1", "-p", &port, "-t", "120"];
    let searches = |bases: &[&str]| -> Vec<Vec<String>> {
        let words = |base: &str| ["ldapsearch", "-LLL", "-x", "-H", &url, "-b", base].map(str::to_owned).to_vec();
        bases.iter().map(|base| words(base)).collect()
    };
    let mut costs = vec![Vec::new(); peers.len() + 1];
    for _ in 0..rounds {
        costs[0].push(together(std::slice::from_ref(&ours))?);
        for (at, (_, bases)) in peers.iter().enumerate() {
            let words = searches(bases);
            let words: Vec<Vec<&str>> = words.iter().map(|one| one.iter().map(String::as_str).collect()).collect();
            costs[at + 1].push(together(&words)?);
        }
    }
    let shown = |cost: Cost| format!("{:.3} s, {:.4} s of CPU, {:.1} MB", cost.wall, cost.cpu, cost.memory);
    row(&format!("{name}: check_bdii"), shown(medians(&costs[0])));
    for (at, (peer, _)) in peers.iter().enumerate() {
        row(&format!("{name}: {peer}"), shown(medians(&costs[at + 1])));
    }
    Ok(())
}

/// Measures both.
pub fn measure(sites: usize) -> Result {
    let site = Content::clean(7, 1, now());
    row("site BDII", format!("{} entries", site.glue1.len() + site.glue2.len()));
    let slapd = Slapd::start(&site, "")?;
    compare(
        "site",
        slapd.port,
        &[("ldapsearch of o=grid, o=glue, o=infosys", &["o=grid", "o=glue", "o=infosys"])],
        41,
    )?;
    let top = Content::clean(7, sites, now());
    row("top-level BDII", format!("{sites} sites, {} entries", top.glue1.len() + top.glue2.len()));
    let slapd = Slapd::start(&top, "")?;
    let peers: [(&str, &[&str]); 2] = [
        ("ldapsearch of o=grid,o=shadow and o=glue", &["o=grid,o=shadow", "o=glue"]),
        ("ldapsearch of o=grid and o=glue", &["o=grid", "o=glue"]),
    ];
    compare("top", slapd.port, &peers, 5)
}
