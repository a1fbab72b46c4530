//! How long questions about the past take: `cargo run --release --example past -- [SITES] [SERVICES A SITE] [CHANGES A
//! SERVICE]`, over 30 days, in a store in a temporary folder. Everything is decided by the engine, and asked as the pages ask.

use alarm_core::document::Document;
use alarm_core::input::{Input, Text};
use alarm_core::objects::{HostObject, MonitorObjects, ServiceObject};
use alarm_core::profile::{Profile, Profiles};
use alarm_core::time::{DAY, MINUTE, Timestamp};
use alarm_filter::availability::{Kept, Knowing, Period, Service, counted, site_report, strips};
use alarm_filter::keeper::commit::row;
use alarm_filter::replay::session::{Session, hash};
use alarm_filter::source::nagios_log::observe::Observer;
use alarm_filter::store::{Batch, History, OpenOptions, SqliteHistory, SqliteStore, Store};
use alarm_filter::view::View;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

const BEGIN: Timestamp = Timestamp(20_780 * DAY);
const METRICS: usize = 6;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("past: {error}");
            ExitCode::FAILURE
        }
    }
}

fn configuration(sites: usize, services: usize) -> MonitorObjects {
    let mut objects = MonitorObjects::default();
    for site in 0..sites {
        for host in 0..services.div_ceil(METRICS) {
            let mut object = HostObject { site: format!("SITE-{site:03}").into(), ..HostObject::default() };
            for metric in 0..METRICS.min(services - host * METRICS) {
                let service_type: Text = ["ARC-CE", "SRM", "Site-BDII"][host % 3].into();
                let service = ServiceObject { service_type, ..ServiceObject::default() };
                object.services.insert(format!("org.example.Metric-{metric}").into(), service);
            }
            objects.hosts.insert(format!("h{host}.site{site:03}.example.org").into(), object);
        }
    }
    objects
}

/// Failures and recoveries by turns, at times that look like chance, in order.
fn lines(objects: &MonitorObjects, changes: usize) -> Vec<(Timestamp, String)> {
    let (mut all, mut seed) = (Vec::new(), 7_u64);
    for (host, object) in &objects.hosts {
        for service in object.services.keys() {
            let mut times: Vec<i64> = (0..changes)
                .map(|_| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    i64::try_from(seed >> 33).unwrap_or(0) % (30 * 24 * 60)
                })
                .collect();
            times.sort_unstable();
            for (n, minute) in times.into_iter().enumerate() {
                let at = BEGIN.plus(minute * MINUTE);
                let state = if n % 2 == 0 { "CRITICAL" } else { "OK" };
                let said = format!("{state}: the job {n} did not come back from the queue within 2400 s");
                all.push((at, format!("[{}] SERVICE ALERT: {host};{service};{state};HARD;3;{said}", at.secs())));
            }
        }
    }
    all.sort_by_key(|(at, _)| *at);
    all
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let numbers: Vec<usize> = std::env::args().skip(1).map(|n| n.parse()).collect::<Result<_, _>>()?;
    let number = |n: usize, default| numbers.get(n).copied().unwrap_or(default);
    let (sites, services, changes) = (number(0, 300), number(1, 60), number(2, 10));
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("journal.db");
    let mut store = SqliteStore::open(&path, OpenOptions::default())?;
    let mut session = Session::new();
    session.journal = Some(Vec::new());
    let everything =
        Profile { name: "ALL".into(), service_types: [("*".into(), vec!["*".into()])].into(), ..Profile::default() };
    session
        .profiles(BEGIN, Profiles { operators: "ALL".into(), profiles: [("ALL".into(), everything.clone())].into() });
    let objects = configuration(sites, services);
    let h = hash(&objects);
    let lines = lines(&objects, changes);
    session.engine.learn(h.clone(), Document::Objects(Arc::new(objects)));
    session.feed(BEGIN, Input::Objects { monitor: "nagios".into(), hash: h });
    let mut observer = Observer::new("nagios");
    for (at, line) in &lines {
        if let Some(input) = observer.read(line.as_bytes()) {
            session.feed(*at, input);
        }
        if session.journal.as_ref().is_some_and(|j| j.len() >= 2000) {
            flush(&mut session, &mut store)?;
        }
    }
    flush(&mut session, &mut store)?;
    let mut view = View::of(session.engine.world());
    view.heard = [("nagios".into(), BEGIN)].into();
    println!("{sites} sites, {services} services each, {} changes, {} records", lines.len(), view.seq);

    let history = SqliteHistory::open(&path, OpenOptions::default())?;
    let kept = Kept::default();
    let period = Period { from: BEGIN, to: BEGIN.plus(30 * DAY), upto: view.seq };
    let begin = Instant::now();
    let inventory = kept.inventory(&view);
    println!("inventory of {} sites: {:?}", inventory.sites().len(), begin.elapsed());
    let site = |name: &str| -> Result<(Vec<Service>, usize), Box<dyn std::error::Error>> {
        let background = kept.background(&history as &dyn History, period)?;
        let knowing = Knowing { background: &background, heard: &view.heard, topology: None };
        let mut services = inventory.at_site(&view, name, &[]);
        services.retain(|s| counted(None, &everything, s) == alarm_filter::availability::Counted::Yes);
        let strips = strips(&history, &knowing, &services, period)?;
        let report = site_report(&services, &strips, &everything, period);
        Ok((services, report.figures.days.len()))
    };
    for round in 0..5 {
        let begin = Instant::now();
        let (services, days) = site(&format!("SITE-{:03}", (round * 7) % sites))?;
        println!("30-day strips of a site with {} services, {days} days: {:?}", services.len(), begin.elapsed());
    }
    for _ in 0..3 {
        let begin = Instant::now();
        for name in inventory.sites() {
            site(&name)?;
        }
        println!("availability of {sites} sites for 30 days: {:?}", begin.elapsed());
    }
    Ok(())
}

fn flush(session: &mut Session, store: &mut SqliteStore) -> Result<(), Box<dyn std::error::Error>> {
    let records = std::mem::take(session.journal.get_or_insert_default());
    let batch =
        Batch { first_seq: store.last_seq() + 1, records: records.iter().map(row).collect(), ..Batch::default() };
    store.append(&batch)?;
    Ok(())
}
