//! A live run and a replay of the same input decide the same. Live: lines come in batches of any size, as late as may be,
//! timers fire behind them, rows are flushed now and then, documents forgotten, and the daemon restarted from rows and
//! the journal behind them. Replay: one line after another, nothing else.
//!
//! The lines are those of the recordings that `GRIDWARD_RECORDINGS` names (folders; the first N thousand lines of each),
//! and, always, of a monitor that is made up of a seed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "in the helpers of tests a surprise is a failure"
)]
mod daemon;
mod made_up;

use alarm_core::document::Document;
use alarm_core::engine::{Engine, Record};
use alarm_core::input::{Input, Text};
use alarm_core::profile::{Profile, Profiles};
use alarm_core::settings::{MonitorSettings, Settings};
use alarm_core::time::{HOUR, SECOND, Timestamp};
use alarm_filter::replay::session::{Session, hash};
use alarm_filter::source::nagios_log::observe::Observer;
use made_up::{Lines, Random};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Lines of a recording that are played.
const LINES: usize = 30_000;
/// How far behind the clock the daemon's timers run.
const GRACE: i64 = 2 * SECOND;

/// Without notifications time settles what a host held: one timer more.
fn documents(monitors: &[&str], has_notifications: bool) -> (Settings, Profiles) {
    let monitor = MonitorSettings { has_notifications, ..MonitorSettings::default() };
    let monitors = monitors.iter().map(|m| (Text::from(*m), monitor.clone())).collect();
    let settings = Settings { monitors, auto_off: true, ..Settings::default() };
    let everything = Profile {
        name: "EVERYTHING".into(),
        vo: "ops".into(),
        service_types: [("*".into(), vec!["*".into()])].into(),
        ..Profile::default()
    };
    let profiles = [(everything.name.clone(), everything)].into();
    (settings, Profiles { operators: "EVERYTHING".into(), profiles })
}

fn inputs_of(monitor: &str, log: &[u8]) -> Vec<(Timestamp, Input)> {
    let mut observer = Observer::new(monitor);
    let since = |input: &Input| match input {
        Input::Observation(o) => o.since,
        Input::MonitorStarted { since, .. } | Input::MonitorStopped { since, .. } => *since,
        other => panic!("{other:?} from a log"),
    };
    log.split(|b| *b == b'\n').filter_map(|line| observer.read(line)).map(|i| (since(&i), i)).collect()
}

fn replay(inputs: &[(Timestamp, Input)], notifications: bool) -> Session {
    let (settings, profiles) = documents(&["m"], notifications);
    let mut session = Session::new();
    session.journal = Some(Vec::new());
    session.settings(Timestamp::default(), settings);
    session.profiles(Timestamp::default(), profiles);
    for (since, input) in inputs {
        session.feed(*since, input.clone());
    }
    let end = end(inputs);
    session.feed(end, Input::Tick);
    session
}

/// A daemon: an engine, what it flushed, and the journal behind that.
struct Daemon {
    engine: Engine,
    rows: BTreeMap<String, Vec<u8>>,
    tail: Vec<Record>,
    journal: Vec<Record>,
    documents: Vec<(Text, Document)>,
}

impl Daemon {
    fn start(notifications: bool) -> Daemon {
        let (settings, profiles) = documents(&["m"], notifications);
        let (s, p) = (hash(&settings), hash(&profiles));
        let documents = vec![
            (s.clone(), Document::Settings(Arc::new(settings))),
            (p.clone(), Document::Profiles(Arc::new(profiles))),
        ];
        let (rows, tail, journal) = (BTreeMap::new(), Vec::new(), Vec::new());
        let mut daemon = Daemon { engine: Engine::new(), rows, tail, journal, documents };
        daemon.learn();
        daemon.handle(Timestamp::default(), Input::Settings { hash: s });
        daemon.handle(Timestamp::default(), Input::Profiles { hash: p });
        daemon
    }

    fn learn(&mut self) {
        for (hash, document) in &self.documents {
            self.engine.learn(hash.clone(), document.clone());
        }
    }

    fn keep(&mut self, records: Vec<Record>) {
        self.tail.extend(records.iter().cloned());
        self.journal.extend(records);
    }

    fn handle(&mut self, at: Timestamp, input: Input) {
        let records = self.engine.handle(at, input).records;
        self.keep(records);
    }

    fn advance(&mut self, at: Timestamp) {
        let records = self.engine.advance(at).records;
        self.keep(records);
    }

    fn flush(&mut self) {
        let changed = self.engine.take_changed_rows();
        if changed.is_empty() {
            return;
        }
        for (name, value) in changed {
            match value {
                Some(value) => self.rows.insert(name, value.json().into_owned()),
                None => self.rows.remove(&name),
            };
        }
        self.tail.clear();
    }

    /// As after kill -9: what was not flushed comes from the journal, as text.
    fn restart(&mut self) {
        self.engine = Engine::new();
        self.learn();
        for (name, value) in &self.rows {
            self.engine.load_row(name, value).unwrap();
        }
        self.engine.restore();
        for r in &self.tail {
            let text = serde_json::to_string(&r.events).unwrap();
            let events: Vec<alarm_core::event::Event> = serde_json::from_str(&text).unwrap();
            assert_eq!(events, r.events, "{text}");
            self.engine.replay(r.seq, r.at, &events);
        }
    }
}

fn live(inputs: &[(Timestamp, Input)], random: &mut Random, notifications: bool, restarts: bool) -> Daemon {
    let mut daemon = Daemon::start(notifications);
    let mut now = Timestamp::default();
    let mut rest = inputs;
    while !rest.is_empty() {
        let most = if random.one_in(3) { 300 } else { 8 };
        let size = (1 + random.below(most)).min(rest.len());
        let (batch, after) = rest.split_at(size);
        rest = after;
        let last = batch.iter().map(|(since, _)| *since).fold(now, Timestamp::max);
        // While the log is being caught up with, the clock is far ahead; else nothing that is yet to come lies further
        // behind it than the grace.
        let behind = random.one_in(4);
        let next = rest.first().map_or(last.plus(HOUR), |(since, _)| *since);
        now = if behind {
            last.plus(5 * HOUR)
        } else {
            last.max(Timestamp(last.0 + random.upto(next.since(last) + GRACE)))
        };
        for (since, input) in batch {
            daemon.handle((*since).min(now), input.clone());
        }
        if behind {
            // The next clock is read when the rest of the log has come.
            now = last;
        } else {
            daemon.advance(now.plus(-GRACE));
        }
        if random.one_in(5) {
            daemon.flush();
            daemon.engine.forget_documents();
        }
        if restarts && random.one_in(20) {
            daemon.restart();
        }
    }
    daemon.advance(end(inputs));
    daemon
}

/// When all that the log leads to has fallen due.
fn end(inputs: &[(Timestamp, Input)]) -> Timestamp {
    inputs.iter().map(|(since, _)| *since).max().unwrap_or_default().plus(48 * HOUR)
}

/// Events in order, each with its time; of one moment in no order, since a restart does not keep that of a host's services.
fn told(records: &[Record], ordered: bool) -> Vec<(Timestamp, String)> {
    let mut all: Vec<_> = records.iter().flat_map(|r| r.events.iter().map(|e| (r.at, format!("{e:?}")))).collect();
    if !ordered {
        all.sort();
    }
    all
}

fn compare(name: &str, log: &[u8], seed: u64) {
    let inputs = inputs_of("m", log);
    // A restart forgets the timers of held services; see dc6_time_settles_a_held_service_after_a_restart_too.
    for (notifications, restarts) in [(false, false), (true, true)] {
        compare_once(name, &inputs, seed, notifications, restarts);
    }
}

fn compare_once(name: &str, inputs: &[(Timestamp, Input)], seed: u64, notifications: bool, restarts: bool) {
    let replayed = replay(inputs, notifications);
    let journal = replayed.journal.as_deref().unwrap_or_default();
    let raised =
        journal.iter().flat_map(|r| &r.events).filter(|e| matches!(e, alarm_core::event::Event::Raised { .. }));
    assert!(raised.count() > 20, "{name}: next to nothing happens in it");
    let daemon = live(inputs, &mut Random(seed), notifications, restarts);
    let (a, b) = (told(journal, !restarts), told(&daemon.journal, !restarts));
    if let Some(i) = (0..a.len().max(b.len())).find(|i| a.get(*i) != b.get(*i)) {
        panic!("{name}, seed {seed}, restarts {restarts}: event {i}\nreplay {:?}\nlive   {:?}", a.get(i), b.get(i));
    }
    if !restarts {
        assert_eq!(journal, daemon.journal, "{name}, seed {seed}: the records");
        assert_eq!(replayed.engine.world().state_hash(), daemon.engine.world().state_hash());
    }
}

#[test]
fn a_made_up_monitor_live_and_replayed() {
    for seed in 1..=12 {
        compare("made up", &Lines::of(seed, 2_500), seed);
    }
}

#[test]
fn recordings_live_and_replayed() {
    let named = std::env::var("GRIDWARD_RECORDINGS").unwrap_or_default();
    let folders: Vec<&Path> = named.split_whitespace().map(Path::new).filter(|p| p.join("log").is_dir()).collect();
    if folders.is_empty() {
        println!("GRIDWARD_RECORDINGS names no folder: a long made-up log instead");
        compare("made up, long", &Lines::of(1, LINES), 1);
    }
    for folder in folders {
        let log = log_of(folder);
        let end = log.iter().enumerate().filter(|(_, b)| **b == b'\n').nth(LINES).map_or(log.len(), |(i, _)| i);
        for seed in 1..=3 {
            compare(&folder.display().to_string(), &log[..end], seed);
        }
    }
}

/// The log of a recording, archives first.
fn log_of(folder: &Path) -> Vec<u8> {
    let mut logs: Vec<_> = std::fs::read_dir(folder.join("log")).unwrap().map(|e| e.unwrap().path()).collect();
    logs.retain(|p| p.extension().is_some_and(|e| e == "log"));
    logs.sort_by_key(|p| (p.file_name().is_some_and(|n| n == "nagios.log"), p.clone()));
    logs.into_iter().flat_map(|path| std::fs::read(path).unwrap()).collect()
}
