//! `load compare [COUNT]`: alarms over HTTP, ours against Debian's Alertmanager in the same run with the same client: 4
//! connections, 64 alarms a request and 1 a request; then kill -9 of both, and what is left. Prints a table in Markdown.
//!
//! `load post ADDRESS COUNT BATCH CONNECTIONS [FIRST]`: the same load of ours on a daemon that runs already.

use e2e::alertmanager::{ALERTS, Alertmanager};
use e2e::filter::Filter;
use e2e::interface::{self, Setup};
use e2e::load::{self, Outcome};
use e2e::place::now;
use e2e::{Fail, Result};
use std::net::SocketAddr;
use std::process::ExitCode;

const CONNECTIONS: usize = 4;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["compare"] => compare(10_000),
        ["compare", count] => number(count).and_then(compare),
        ["post", address, count, batch, connections] => post(address, [count, batch, connections, "0"]),
        ["post", address, count, batch, connections, first] => post(address, [count, batch, connections, first]),
        _ => Err(Fail::new("usage: load compare [COUNT] | load post ADDRESS COUNT BATCH CONNECTIONS [FIRST]")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fail) => {
            eprintln!("load: {fail}");
            ExitCode::FAILURE
        }
    }
}

fn number(text: &str) -> Result<usize> {
    text.parse().map_err(Fail::at(text))
}

fn compare(count: usize) -> Result {
    println!(
        "| who | alarms a request | alarms/s | requests/s | left after kill -9 |\n| --- | --- | --- | --- | --- |"
    );
    for batch in [64, 1] {
        let mut peer = Alertmanager::start()?;
        let requests = load::requests(ALERTS, count, batch, 0, Alertmanager::body);
        let outcome = load::send(peer.address(), &requests, CONNECTIONS)?;
        peer.kill()?;
        peer.resume()?;
        print_row("Alertmanager", count, batch, outcome, peer.count()?);

        let mut ours = Filter::start(Setup::posted_by("bench"))?;
        let outcome = load::send(ours.address()?, &our_requests(count, batch, 0), CONNECTIONS)?;
        ours.kill()?;
        ours.launch()?;
        ours.until_ready()?;
        print_row("Gridward", count, batch, outcome, ours.alarms()?.len());
    }
    Ok(())
}

fn post(address: &str, numbers: [&str; 4]) -> Result {
    let address: SocketAddr = address.parse().map_err(Fail::at(address))?;
    let [count, batch, connections, first] = numbers.map(number);
    let (count, batch) = (count?, batch?);
    let outcome = load::send(address, &our_requests(count, batch, first?), connections?)?;
    println!(
        "{:.0} alarms/s, {} requests in {:.3} s",
        count as f64 / outcome.seconds,
        outcome.requests,
        outcome.seconds
    );
    Ok(())
}

fn our_requests(count: usize, batch: usize, first: usize) -> Vec<Vec<u8>> {
    let since = now();
    load::requests(interface::OBSERVATIONS, count, batch, first, |numbers| {
        let one = |n: usize| {
            let host = format!("ce{n}.example.org");
            interface::observation(
                "bench",
                n as u64 + 1,
                &host,
                "org.nordugrid.ARC-CE-submit-ops",
                "CRITICAL",
                since,
                &load::output(n),
            )
            // As many sites as the peer's alerts have.
            .replace("\"SITE-1\"", &format!("\"SITE-{}\"", n % 300))
        };
        format!("[{}]", numbers.map(one).collect::<Vec<_>>().join(","))
    })
}

fn print_row(who: &str, count: usize, batch: usize, outcome: Outcome, left: usize) {
    let (alarms, requests) = (count as f64 / outcome.seconds, outcome.requests as f64 / outcome.seconds);
    println!("| {who} | {batch} | {alarms:.0} | {requests:.0} | {left} of {count} |");
}
