//! The board with 10,000 alarms, in the server and in Debian's Chromium, and how long a line of a real Nagios takes until
//! the row on the screen has changed. Chromium is driven by tests/board/figures.mjs; `GRIDWARD_BOARD` names a copy of that
//! folder in which `npm ci` was run.

use super::beside::until_line;
use super::{fleet, median, row};
use crate::fail::{Fail, Result, ensure};
use crate::filter::Filter;
use crate::http::{Client, request};
use crate::interface::{self, Setup};
use crate::nagios::{Nagios, Options};
use crate::place::now;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

const ALARMS: usize = 10_000;
/// How often each page is asked for.
const ROUNDS: usize = 100;
/// So many rows change one after another.
const CHANGES: usize = 60;

/// Measures all of it.
pub fn measure() -> Result {
    let mut filter = Filter::start(Setup::posted_by("bench"))?;
    fill(&filter)?;
    let pages: Vec<String> =
        std::iter::once("/".to_owned()).chain(interface::QUEUES.map(|queue| format!("/?queue={queue}"))).collect();
    served(&filter, &pages)?;
    shown(&filter, &pages)?;
    filter.stop()?;
    changed()
}

/// Ages from minutes to ten days; a third has become OK since, long ago or just now.
fn fill(filter: &Filter) -> Result {
    let mut client = Client::connect(filter.address()?)?;
    let (mut sequence, at) = (0, now());
    for first in (0..ALARMS).step_by(500) {
        let mut all = Vec::new();
        for n in first..(first + 500).min(ALARMS) {
            let began = at - 600 - (n as u64 * 86) % (10 * 86_400);
            let ended =
                if n % 6 == 0 { Some(at - 60) } else { (n % 6 == 3).then_some((began + 60).max(at - 5 * 3600)) };
            for (state, since) in std::iter::once(("CRITICAL", began)).chain(ended.map(|ended| ("OK", ended))) {
                sequence += 1;
                let (host, metric) = (format!("ce{n}.site{}.example.org", n / 30), "org.nordugrid.ARC-CE-submit");
                let text = crate::load::output(n);
                let one = interface::observation("bench", sequence, &host, metric, state, since, &text);
                all.push(one.replace("\"SITE-1\"", &format!("\"SITE-{:03}\"", n / 30)));
            }
        }
        let body = format!("[{}]", all.join(","));
        client.send(&request("POST", interface::OBSERVATIONS, "application/json", body.as_bytes()))?.good()?;
    }
    let standing = filter.alarms()?.len();
    ensure(standing == ALARMS, || format!("{standing} alarms stand, not {ALARMS}"))
}

fn served(filter: &Filter, pages: &[String]) -> Result {
    let mut client = Client::connect(filter.address()?)?;
    for path in pages {
        let (mut times, mut rows) = (Vec::new(), 0);
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            let answer = client.get(path)?.good()?;
            times.push(begun.elapsed().as_secs_f64() * 1e3);
            rows = answer.text().matches("<tr class=\"row").count();
        }
        let most = times.iter().copied().fold(0.0, f64::max);
        row(
            &format!("{path}, {rows} rows, of {ALARMS}: in the server"),
            format!("{:.1} ms, at most {most:.1} ms", median(times)),
        );
    }
    Ok(())
}

fn shown(filter: &Filter, pages: &[String]) -> Result {
    let mut chromium = Chromium::start(filter, "interactive", pages)?;
    while let Some(line) = chromium.line()? {
        if let [path, middle, most] = line.split(' ').collect::<Vec<_>>().as_slice() {
            row(&format!("{path}: until it can be used, in Chromium"), format!("{middle} ms, at most {most} ms"));
        }
    }
    chromium.end()
}

fn changed() -> Result {
    let nagios = Nagios::start(fleet(CHANGES, 1), Options::default())?;
    let mut filter = Filter::start(Setup::beside(&nagios))?;
    let services: Vec<(String, String)> =
        nagios.fleet().services().map(|(host, s)| (host.name.clone(), s.name.clone())).collect();
    for (host, service) in &services {
        nagios.command(&format!("PROCESS_SERVICE_CHECK_RESULT;{host};{service};2;broken"))?;
    }
    for (host, service) in &services {
        filter.until_alarm(host, service, "stands", |_| true)?;
    }
    let mut log = BufReader::new(std::fs::File::open(nagios.log_file()).map_err(Fail::at("nagios.log"))?);
    let mut chromium = Chromium::start(&filter, "rows", &["/?group=none&limit=500".into()])?;
    ensure(chromium.line()?.as_deref() == Some("open"), || "Chromium did not open the board".into())?;
    let mut times = Vec::new();
    for (host, service) in &services {
        nagios.command(&format!("PROCESS_SERVICE_CHECK_RESULT;{host};{service};1;not so well"))?;
        until_line(&mut log, &format!("SERVICE ALERT: {host};{service};WARNING;HARD;"))?;
        let written = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1e3;
        // Ages of other rows go on meanwhile.
        loop {
            let line = chromium.line()?.ok_or_else(|| Fail::new("Chromium ended"))?;
            if let Some(at) = line.strip_prefix(host.as_str()).and_then(|at| at.trim().parse::<f64>().ok()) {
                times.push(at - written);
                break;
            }
        }
    }
    chromium.end()?;
    filter.stop()?;
    let most = times.iter().copied().fold(0.0, f64::max);
    row(
        &format!("the line stands in the log until the row has changed on the screen, {} times", times.len()),
        format!("{:.0} ms, at most {most:.0} ms", median(times)),
    );
    Ok(())
}

/// The browser, under its script.
struct Chromium {
    script: Child,
    lines: BufReader<ChildStdout>,
}

impl Chromium {
    fn start(filter: &Filter, what: &str, paths: &[String]) -> Result<Self> {
        let folder = std::env::var("GRIDWARD_BOARD")
            .map_err(|_| Fail::new("GRIDWARD_BOARD names no copy of tests/board in which npm ci was run"))?;
        let mut command = Command::new("node");
        command.arg(format!("{folder}/figures.mjs")).arg(format!("http://{}", filter.address()?)).arg(what).args(paths);
        let mut script = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(Fail::at("node"))?;
        let out = script.stdout.take().ok_or_else(|| Fail::new("node says nothing"))?;
        Ok(Chromium { script, lines: BufReader::new(out) })
    }

    /// What it prints next; none at its end.
    fn line(&mut self) -> Result<Option<String>> {
        let mut line = String::new();
        Ok((self.lines.read_line(&mut line)? > 0).then(|| line.trim_end().to_owned()))
    }

    fn end(mut self) -> Result {
        drop(self.script.stdin.take());
        let status = self.script.wait()?;
        ensure(status.success(), || format!("figures.mjs ended with {status}"))
    }
}
