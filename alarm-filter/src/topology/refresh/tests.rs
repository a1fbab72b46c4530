//! Refreshes over files and over a server that misbehaves.

use super::super::config::SourceConfig;
use super::super::testserver::{Reply, Server, ok, status};
use super::*;
use alarm_core::time::MINUTE;
use std::sync::{Arc, Mutex};

const T0: Timestamp = Timestamp(1_795_000_000_000);

fn services(range: std::ops::Range<u32>) -> String {
    let rows: String = range
        .map(|n| {
            format!(
                "<SERVICE_ENDPOINT PRIMARY_KEY=\"{n}G0\"><HOSTNAME>h{n}</HOSTNAME><SERVICE_TYPE>SRM</SERVICE_TYPE>\
                 <IN_PRODUCTION>Y</IN_PRODUCTION><NODE_MONITORED>Y</NODE_MONITORED><SITENAME>S</SITENAME></SERVICE_ENDPOINT>"
            )
        })
        .collect();
    format!("<results>{rows}</results>")
}

fn downtime(id: u32) -> String {
    format!(
        "<results><DOWNTIME PRIMARY_KEY=\"{id}G0\" CLASSIFICATION=\"SCHEDULED\"><HOSTNAME>h1</HOSTNAME>\
         <SERVICE_TYPE>SRM</SERVICE_TYPE><SEVERITY>OUTAGE</SEVERITY><START_DATE>1</START_DATE><END_DATE>2</END_DATE></DOWNTIME></results>"
    )
}

/// A folder with sources as files, and one for the copies.
struct Files {
    dir: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let files = Files { dir: tempfile::tempdir().unwrap() };
        files.put("services", &services(0..10));
        files.put("downtimes", &downtime(1));
        files
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.dir.path().join(name), text).unwrap();
    }

    fn copies(&self) -> PathBuf {
        self.dir.path().join("copies")
    }

    fn refresher(&self) -> Refresher {
        let source = |name: &str| {
            let mut source = SourceConfig::new(self.dir.path().join(name).display().to_string());
            source.poll_seconds = Some(60);
            Some(source)
        };
        let config = TopologyConfig {
            get_service_endpoint: source("services"),
            get_downtime: source("downtimes"),
            ..TopologyConfig::default()
        };
        Refresher::new(&config, &self.copies()).unwrap()
    }
}

fn changed(outcome: RefreshOutcome) -> Changed {
    match outcome {
        RefreshOutcome::Changed(changed) => *changed,
        other => panic!("{other:?}"),
    }
}

fn later(minutes: i64) -> Timestamp {
    T0.plus(minutes * MINUTE)
}

#[test]
fn gives_each_document_once_and_then_only_what_changed() {
    let files = Files::new();
    let mut r = files.refresher();
    let first = changed(r.refresh(T0));
    assert_eq!(first.topology.unwrap().value.endpoints.len(), 10);
    let downtimes = first.downtimes.unwrap();
    assert_eq!(downtimes.value.windows.len(), 1);
    assert!(first.notes.iter().any(|n| n.contains("get_site is not configured")), "{:?}", first.notes);
    assert_eq!(r.refresh(T0.plus(1)), RefreshOutcome::Unchanged, "nothing is due");
    assert_eq!(r.next_due(), Some(later(1)));
    assert_eq!(r.refresh(later(1)), RefreshOutcome::Unchanged, "the same bytes");

    files.put("services", &services(0..10).replace("><", ">\n<"));
    assert_eq!(r.refresh(later(2)), RefreshOutcome::Unchanged, "other bytes that say the same");

    files.put("downtimes", &downtime(2));
    let second = changed(r.refresh(later(3)));
    assert!(second.topology.is_none());
    assert_ne!(second.downtimes.unwrap().hash, downtimes.hash);
    assert!(r.health().iter().all(|h| h.problem.is_none() && h.confirmed == Some(later(3))));
}

#[test]
fn no_error_empties_anything() {
    let files = Files::new();
    let mut r = files.refresher();
    changed(r.refresh(T0));
    for (minute, bad) in [
        (2, "<html><title>Login</title>"),
        (4, ""),
        (6, "<results><SERVICE_ENDPOINT>"),
        (8, "Error: no"),
        (10, "<results/>"),
    ] {
        files.put("services", bad);
        match r.refresh(later(minute)) {
            RefreshOutcome::Failed { problems } | RefreshOutcome::Refused { problems } => {
                assert_eq!((problems.len(), problems[0].age), (1, Some(minute * MINUTE)), "{bad:?} {problems:?}");
                assert_eq!(problems[0].last_good, Some(T0));
            }
            other => panic!("{bad:?}: {other:?}"),
        }
    }
    // A downtime list may well be empty, and a problem elsewhere does not hold it up.
    files.put("downtimes", "<results/>");
    let c = changed(r.refresh(later(12)));
    assert!(c.topology.is_none() && c.downtimes.unwrap().value.windows.is_empty());
    assert_eq!(c.problems.len(), 1);
    // A new program with the same folder starts from the copies, and knows how old they are.
    let mut r = files.refresher();
    let c = changed(r.refresh(later(14)));
    assert_eq!(c.topology.unwrap().value.endpoints.len(), 10);
    assert_eq!(c.problems[0].age, Some(14 * MINUTE));
}

#[test]
fn a_web_page_in_place_of_the_downtimes_ends_no_downtime() {
    let files = Files::new();
    let mut r = files.refresher();
    changed(r.refresh(T0));
    files.put("downtimes", "<!DOCTYPE html><html><body>maintenance");
    assert!(matches!(r.refresh(later(1)), RefreshOutcome::Failed { .. }));
}

#[test]
fn a_shrink_beyond_the_limit_is_refused_until_somebody_accepts_it() {
    let files = Files::new();
    let mut r = files.refresher();
    changed(r.refresh(T0));
    files.put("services", &services(0..8));
    assert_eq!(changed(r.refresh(later(2))).topology.unwrap().value.endpoints.len(), 8, "a fifth may go");

    files.put("services", &services(0..5));
    let RefreshOutcome::Refused { problems } = r.refresh(later(4)) else { panic!("taken") };
    let loss = problems[0].refused.unwrap();
    assert_eq!((loss.known, loss.now, loss.lost), (8, 5, 3));
    assert!(problems[0].message.contains("3 of 8 known ones would vanish"), "{}", problems[0].message);
    assert!(problems[0].message.contains("accept-shrink"), "{}", problems[0].message);
    assert!(matches!(r.refresh(later(6)), RefreshOutcome::Refused { .. }), "again and again");

    assert!(r.accept_shrink());
    files.put("services", &services(0..2));
    assert!(matches!(r.refresh(later(6)), RefreshOutcome::Refused { .. }), "more than what was accepted");
    files.put("services", &services(0..5));
    assert!(r.accept_shrink());
    let c = changed(r.refresh(later(6)));
    assert_eq!(c.topology.unwrap().value.endpoints.len(), 5);
    assert!(c.notes.iter().any(|n| n.contains("accepted by command")), "{:?}", c.notes);
    assert!(!r.accept_shrink(), "nothing stands refused");
}

#[test]
fn the_operators_file_accepts_once_and_is_removed() {
    let files = Files::new();
    let mut r = files.refresher();
    changed(r.refresh(T0));
    let flag = files.copies().join(ACCEPT_SHRINK);
    std::fs::write(&flag, "").unwrap();
    r.refresh(later(2));
    assert!(!flag.exists(), "with nothing refused it must not wait for next year's accident");
    files.put("services", &services(50..60));
    assert!(matches!(r.refresh(later(4)), RefreshOutcome::Refused { .. }), "as many, but others");
    std::fs::write(&flag, "").unwrap();
    assert!(changed(r.refresh(later(4))).topology.unwrap().value.endpoints.contains_key("h50"));
    assert!(!flag.exists());
}

#[test]
fn at_first_nothing_is_said_rather_than_something_wrong() {
    let files = Files::new();
    files.put("services", "<results/>");
    std::fs::remove_file(files.dir.path().join("downtimes")).unwrap();
    let mut r = files.refresher();
    let RefreshOutcome::Failed { problems } = r.refresh(T0) else { panic!("taken") };
    assert_eq!(problems.len(), 2);
    assert!(problems.iter().all(|p| p.age.is_none()));
    files.put("services", &services(0..1));
    assert_eq!(r.refresh(T0.plus(1)), RefreshOutcome::Unchanged, "asked again only when due");
    assert!(changed(r.refresh(later(2))).downtimes.is_none(), "unknown downtimes are not no downtimes");
}

#[test]
fn a_damaged_copy_is_noted_and_replaced() {
    let files = Files::new();
    changed(files.refresher().refresh(T0));
    std::fs::write(files.copies().join("get_service_endpoint.lastgood"), "rubbish").unwrap();
    let c = changed(files.refresher().refresh(later(1)));
    assert_eq!(c.topology.unwrap().value.endpoints.len(), 10);
    assert!(c.notes.iter().any(|n| n.contains("damaged")), "{:?}", c.notes);
}

#[test]
fn a_clock_set_back_does_not_stop_the_refreshes() {
    let files = Files::new();
    let mut r = files.refresher();
    changed(r.refresh(T0));
    files.put("downtimes", &downtime(2));
    changed(r.refresh(T0.plus(-60 * MINUTE)));
}

#[test]
fn over_http_a_304_confirms_and_an_error_ages() {
    let reply = Arc::new(Mutex::new(ok("")));
    let now = reply.clone();
    let server = Server::new(move |_| now.lock().unwrap().clone());
    let set = |r: Reply| *reply.lock().unwrap() = r;
    let dir = tempfile::tempdir().unwrap();
    let config = TopologyConfig {
        get_service_endpoint: Some(SourceConfig::new(server.url("/?method=get_service_endpoint"))),
        ..TopologyConfig::default()
    };
    let mut r = Refresher::new(&config, dir.path()).unwrap();
    set(Reply { headers: vec![("ETag", "\"1\"".into())], ..ok(services(0..5)) });
    changed(r.refresh(T0));
    set(status(304, ""));
    assert_eq!(r.refresh(later(30)), RefreshOutcome::Unchanged);
    assert_eq!(server.seen.lock().unwrap()[1].headers["if-none-match"], "\"1\"");
    set(status(502, "Bad gateway"));
    let RefreshOutcome::Failed { problems } = r.refresh(later(60)) else { panic!("taken") };
    assert_eq!(problems[0].age, Some(30 * MINUTE), "since the 304");
    assert_eq!(r.next_due(), Some(later(62)), "sooner than usual after a failure");
    // A restart remembers the copy, when it was confirmed, and what to ask with.
    drop(r);
    let mut r = Refresher::new(&config, dir.path()).unwrap();
    set(status(304, ""));
    assert!(changed(r.refresh(later(61))).problems.is_empty());
    assert_eq!(r.health()[0].confirmed, Some(later(61)));
}
