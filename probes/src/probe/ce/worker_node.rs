//! What a job that ran gridprobe-wn found on its worker node: read from its output, and handed in as passive results of services of
//! their own, or told with the job's verdict where no monitor takes them. What a node writes is believed of that node only: results
//! of other names than ours are passed over.

use super::memory::{Active, Pending};
use super::options::Args;
use crate::net::rest::Fault;
use crate::sink::{PassiveResult, place::Place};
use crate::trust::time::{Seconds, length};
use plugin::{Finding, State};
use serde::Deserialize;
use std::net::ToSocketAddrs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Runs the executable, or does a part of its work in its place.
pub(super) const WRAPPER: &str = include_str!("wn.sh");
/// Its name at the compute element.
pub(super) const WRAPPER_NAME: &str = "gridprobe-wn.sh";
/// The executable's name there.
pub(super) const PROGRAM: &str = "gridprobe-wn";

/// The services whose results are taken.
const SERVICES: [&str; 7] = [
    "org.sam.WN-Env",
    "org.sam.WN-SoftVer",
    "hr.srce.CADist-Check",
    "eu.egi.sec.WN-CRL",
    "org.sam.WN-Scratch",
    CLOCK,
    "org.sam.WN-Net",
];
const CLOCK: &str = "org.sam.WN-Clock";
/// More of one result is not handed on.
const OUTPUT: usize = 4000;
/// A node's clock may be off by so much: what is compared with are the moments at which the compute element was asked.
const CLOCK_WARNING: Seconds = 5;
const CLOCK_CRITICAL: Seconds = 60;
/// What waits for a sink is not more.
const WAITING: usize = 100;

/// The document that gridprobe-wn prints.
#[derive(Debug, Deserialize)]
struct Document {
    gridprobe_wn: u32,
    #[serde(default)]
    job: String,
    #[serde(default)]
    node: String,
    #[serde(default)]
    begun: i64,
    #[serde(default)]
    ended: i64,
    #[serde(default)]
    why: Option<String>,
    results: Vec<Outcome>,
}

#[derive(Debug, Deserialize)]
struct Outcome {
    service: String,
    code: u8,
    output: String,
}

/// What a job found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Found {
    /// The results.
    pub results: Vec<Pending>,
    /// Why the executable did not run on the node, where the shell answered for it.
    pub fallback: Option<String>,
}

/// Reads a job's output.
///
/// # Errors
/// It is no answer of this job's; what it is instead.
pub(super) fn read(output: &str, active: &Active, now: Seconds) -> Result<Found, String> {
    // A site may print something of its own before.
    let line = output.lines().find(|line| line.starts_with("{\"gridprobe_wn\""));
    let line = line.ok_or_else(|| match output.lines().find(|line| !line.trim().is_empty()) {
        Some(line) => format!("its output begins with {:?}", plugin::text::shortened(line.trim(), 100)),
        None => "its output is empty".to_owned(),
    })?;
    let document: Document = serde_json::from_str(line).map_err(|e| format!("its output is damaged: {e}"))?;
    if document.gridprobe_wn != 1 {
        return Err(format!("gridprobe-wn there is of form {}, this probe reads 1", document.gridprobe_wn));
    }
    if document.job != active.name {
        return Err(format!("it is the answer of another job, {:?}", plugin::text::shortened(&document.job, 100)));
    }
    let node = plugin::text::shortened(plugin::text::line(&document.node).trim(), 255).into_owned();
    let job = active.id.as_deref().unwrap_or(&active.name);
    let mut results: Vec<Pending> = Vec::new();
    for outcome in document.results {
        let taken = SERVICES.contains(&outcome.service.as_str());
        if !taken || results.iter().any(|result| result.service == outcome.service) {
            continue;
        }
        let output = plugin::text::shortened(outcome.output.trim(), OUTPUT);
        results.push(Pending {
            service: outcome.service,
            code: outcome.code.min(3),
            output: format!("{output}\non {node}, job {job}"),
            at: now,
        });
    }
    if !results.iter().any(|result| result.service == CLOCK) {
        let (state, text) = clock(document.begun, document.ended, active.submitted, now);
        let output = format!("CLOCK {state}: {text}\non {node}, job {job}");
        results.push(Pending { service: CLOCK.to_owned(), code: state.exit_code(), output, at: now });
    }
    Ok(Found { results, fallback: document.why })
}

/// The node's times must lie between submission and now by our clock.
fn clock(begun: i64, ended: i64, submitted: Seconds, now: Seconds) -> (State, String) {
    let off = submitted.saturating_sub(begun).max(ended.saturating_sub(now));
    let state = match off {
        off if off > CLOCK_CRITICAL => State::Critical,
        off if off > CLOCK_WARNING => State::Warning,
        _ => State::Ok,
    };
    let text = match state {
        State::Ok => format!("the job's times lie within the {} between submission and now", length(now - submitted)),
        _ => format!("the node's clock is off by {} at least", length(off)),
    };
    (state, text)
}

/// The worst of them, and those that are not OK in a line; for whoever has no service for each.
pub(super) fn summary(found: &Found) -> (State, String) {
    let mut worst = State::Ok;
    let mut bad = Vec::new();
    for result in found.results.iter().filter(|result| result.code != 0) {
        let first = result.output.lines().next().unwrap_or_default();
        let first = first.split(" | ").next().unwrap_or_default();
        bad.push(format!("{}: {}", result.service, plugin::text::shortened(first, 200)));
        worst = worst.max(result.state());
    }
    match bad.is_empty() {
        true => (worst, format!("all of {} checks there are OK", found.results.len())),
        false => {
            (worst, format!("{} of {} checks there are not OK: {}", bad.len(), found.results.len(), bad.join("; ")))
        }
    }
}

/// Adds results to those that wait, and keeps the newest.
pub(super) fn wait(waiting: &mut Vec<Pending>, found: Vec<Pending>) {
    waiting.retain(|old| found.iter().all(|new| new.service != old.service));
    waiting.extend(found);
    let surplus = waiting.len().saturating_sub(WAITING);
    waiting.drain(..surplus);
}

/// Hands in what waits. What could not be handed in still waits.
pub(super) fn deliver(args: &Args, place: &Place, waiting: &mut Vec<Pending>) -> Vec<Finding> {
    let host = args.wn_host.as_ref().unwrap_or(&args.hostname);
    let results: Vec<PassiveResult> = waiting
        .iter()
        .map(|pending| {
            let at = UNIX_EPOCH + Duration::from_secs(u64::try_from(pending.at).unwrap_or(0));
            // Nagios looks at nothing of tomorrow.
            let at = at.min(SystemTime::now());
            let service = format!("{}{}", pending.service, args.wn_suffix);
            let (code, output) = (pending.code, pending.output.clone());
            PassiveResult { host: host.clone(), service: Some(service), code, output, times: (at, at) }
        })
        .collect();
    match place.open().and_then(|mut sink| sink.submit(&results)) {
        Err(why) => {
            vec![Finding::unknown("sink", format!("what the job found on its node waits to be handed in: {why}"))]
        }
        Ok(delivery) => {
            waiting.clear();
            let mut findings = Vec::new();
            if !delivery.unknown.is_empty() {
                let names = delivery
                    .unknown
                    .iter()
                    .map(|name| name.split_once(';').map_or(name.as_str(), |(_, service)| service));
                let names: Vec<_> = names.collect();
                findings.push(Finding::warning(
                    "unknown_services",
                    format!(
                        "Nagios has none of these services on {host}, and {} results are lost: {}; define them as passive, or name their host with --wn-host",
                        names.len(),
                        names.join(", ")
                    ),
                ));
            }
            for (name, why) in delivery.failed {
                findings.push(Finding::warning("sink", format!("the job's result of {name} was not taken: {why}")));
            }
            findings.extend(delivery.notes.into_iter().map(|note| Finding::ok("sink", note)));
            findings
        }
    }
}

/// The arguments of `--wn-connect` as gridprobe-wn wants them: it looks up no names.
///
/// # Errors
/// A name leads nowhere: ours.
pub(super) fn targets(args: &Args) -> Result<Vec<String>, Fault> {
    let mut words = Vec::new();
    for target in &args.wn_connect {
        let found = target.to_socket_addrs();
        let address = found.map_err(|e| Fault::Ours(format!("--wn-connect {target}: {e}")))?.next();
        let address = address.ok_or_else(|| Fault::Ours(format!("--wn-connect {target}: it has no address")))?;
        words.push("--connect".to_owned());
        words.push(format!("{target}={address}"));
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn active() -> Active {
        Active { name: "gridprobe:m:t:1.a".into(), id: Some("j1".into()), submitted: 1000, ..Active::default() }
    }

    fn document(results: &str) -> String {
        format!(
            "Welcome\n{{\"gridprobe_wn\":1,\"version\":\"0\",\"job\":\"gridprobe:m:t:1.a\",\"node\":\"wn1\\nx\",\"begun\":1010,\"ended\":1011,\"results\":[{results}]}}\n"
        )
    }

    #[test]
    fn results_are_taken_once_and_under_our_names_only() {
        let text = document(
            r#"{"service":"org.sam.WN-Env","code":0,"output":"ENV OK: a"},{"service":"org.sam.WN-Env","code":2,"output":"b"},
               {"service":"hr.srce.SRM2-CertLifetime","code":0,"output":"not ours"},{"service":"org.sam.WN-Scratch","code":200,"output":"S"}"#
                .replace('\n', " ")
                .as_str(),
        );
        let found = read(&text, &active(), 1100).unwrap();
        let names: Vec<_> = found.results.iter().map(|r| (r.service.as_str(), r.code)).collect();
        assert_eq!(names, [("org.sam.WN-Env", 0), ("org.sam.WN-Scratch", 3), (CLOCK, 0)]);
        assert_eq!(found.results[0].output, "ENV OK: a\non wn1 x, job j1");
        let (state, text) = summary(&found);
        assert_eq!((state, text.as_str()), (State::Unknown, "1 of 3 checks there are not OK: org.sam.WN-Scratch: S"));
    }

    #[test]
    fn what_is_no_answer_of_this_job_is_said() {
        let wrong = |text: &str| read(text, &active(), 1100).unwrap_err();
        assert!(wrong("").contains("is empty"));
        assert!(wrong("/bin/sh: not found").contains("begins with \"/bin/sh: not found\""));
        assert!(wrong("{\"gridprobe_wn\":1").contains("damaged"));
        assert!(wrong(&document("").replace(":1.a", ":2.b")).contains("another job"));
        assert!(wrong(&document("").replace("wn\":1", "wn\":2")).contains("form 2"));
    }

    #[test]
    fn a_clock_that_is_off_shows_in_the_times() {
        assert_eq!(clock(1010, 1011, 1000, 1100).0, State::Ok);
        assert_eq!(clock(990, 991, 1000, 1100).0, State::Warning);
        assert_eq!(clock(1010, 4700, 1000, 1100).0, State::Critical);
        assert_eq!(clock(i64::MIN, i64::MAX, 1000, 1100).0, State::Critical);
    }

    #[test]
    fn what_waits_is_the_newest_of_each() {
        let pending = |service: &str, at| Pending { service: service.into(), at, ..Pending::default() };
        let mut waiting = vec![pending("a", 1), pending("b", 1)];
        wait(&mut waiting, vec![pending("a", 2), pending("c", 2)]);
        assert_eq!(waiting, [pending("b", 1), pending("a", 2), pending("c", 2)]);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\{\"gridprobe_wn\".{0,80}", results in "[{}\\[\\]\":,a-z0-9]{0,60}") {
            let _ = (read(&text, &active(), 5), read(&document(&results), &active(), 5));
        }
    }
}
