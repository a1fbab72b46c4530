//! 100,000 services and 10,000 open alarms: memory, pages, starts.

use super::{fleet, median, process, row};
use crate::fail::{Fail, Result};
use crate::filter::Filter;
use crate::http::Client;
use crate::interface::{self, Setup};
use crate::nagios::{Nagios, Options, Passive};
use crate::wait;
use std::time::Instant;

/// Measures beside a real Nagios with so many services, of which so many have failed.
pub fn measure(services: usize, alarms: usize) -> Result {
    // status.dat is 200 MB and more: once a minute is what such a site would write. Nagios notifies nobody: thousands of
    // jobs in a second are more than it and its one worker can pass to each other.
    let extra = vec!["status_update_interval=60".into(), "enable_notifications=0".into()];
    let options = Options { extra, ..Options::default() };
    let mut nagios = Nagios::start(fleet(services / 50, 50), options)?;
    let mut filter = Filter::start(Setup::beside(&nagios))?;
    fail(&mut nagios, alarms)?;
    wait::until_true(format!("{alarms} alarms"), || Ok(standing(&filter)? == alarms))?;
    row(
        "objects.cache and status.dat",
        format!("{:.0} MB, {:.0} MB", megabytes(&nagios.objects_file())?, megabytes(&nagios.status_file())?),
    );
    memory(&filter, "as it came about")?;
    // Nagios writes its status.dat once more, and the daemon compares all of it.
    let written = std::fs::metadata(nagios.status_file())?.modified()?;
    wait::until_true("a new status.dat", || {
        Ok(std::fs::metadata(nagios.status_file()).is_ok_and(|m| m.modified().is_ok_and(|at| at > written)))
    })?;
    // Its reading lies behind it when a line written after it is shown.
    filter.catch_up(&mut nagios)?;
    memory(&filter, "after a status.dat was compared")?;
    pages(&filter)?;

    let starts = |filter: &mut Filter, what: &str, end: &dyn Fn(&mut Filter) -> Result| -> Result {
        let mut seconds = Vec::new();
        for _ in 0..3 {
            end(filter)?;
            let begun = Instant::now();
            filter.launch()?;
            filter.until_ready()?;
            seconds.push(begun.elapsed().as_secs_f64());
            if standing(filter)? < alarms {
                return Err(Fail::new(format!("{} alarms of {alarms} after {what}", standing(filter)?)));
            }
        }
        row(&format!("start to ready after {what}"), format!("{:.2} s", median(seconds)));
        Ok(())
    };
    starts(&mut filter, "SIGTERM", &|filter| filter.stop().map(drop))?;
    starts(&mut filter, "kill -9", &Filter::kill)?;
    memory(&filter, "after a start")
}

/// Sends so many CRITICAL results, spread over the hosts, and waits until Nagios has taken them.
fn fail(nagios: &mut Nagios, count: usize) -> Result {
    let all: Vec<(String, String)> = nagios.fleet().services().map(|(h, s)| (h.name.clone(), s.name.clone())).collect();
    let every = (all.len() / count.max(1)).max(1);
    let chosen: Vec<_> = all.iter().step_by(every).take(count).collect();
    let output = crate::load::output(7);
    for piece in chosen.chunks(500) {
        let results: Vec<Passive<'_>> =
            piece.iter().map(|(host, service)| Passive { host, service, state: 2, output: &output }).collect();
        nagios.spool(&results)?;
    }
    wait::until_true("Nagios to take the results", || Ok(nagios.spool_left()? == 0))
}

fn standing(filter: &Filter) -> Result<usize> {
    #[derive(serde::Deserialize)]
    struct Answer {
        total: usize,
    }
    let body = filter.get(&format!("{}?limit=1", interface::ALARMS))?.good()?.body;
    let answer: Answer = serde_json::from_slice(&body).map_err(Fail::at(interface::ALARMS))?;
    Ok(answer.total)
}

fn memory(filter: &Filter, when: &str) -> Result {
    let (now, most) = process::memory(filter.id()?)?;
    row(&format!("resident {when}"), format!("{now:.0} MB, at most {most:.0} MB"));
    Ok(())
}

fn pages(filter: &Filter) -> Result {
    let mut client = Client::connect(filter.address()?)?;
    for (what, path, rounds) in
        [("the list page's first 100", "/?limit=100", 200), ("all alarms as JSON", interface::ALARMS, 40)]
    {
        let (mut times, mut size) = (Vec::new(), 0);
        for _ in 0..rounds {
            let begun = Instant::now();
            size = client.get(path)?.good()?.body.len();
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        row(what, format!("{:.1} ms ({:.0} kB)", median(times), size as f64 / 1e3));
    }
    Ok(())
}

fn megabytes(path: &std::path::Path) -> Result<f64> {
    Ok(std::fs::metadata(path).map_err(Fail::at(path.display()))?.len() as f64 / 1e6)
}
