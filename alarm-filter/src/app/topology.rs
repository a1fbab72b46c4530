//! The thread that keeps sites, services and downtimes up to date.

use super::papers::Papers;
use crate::keeper::documents::Paper;
use crate::keeper::news::News;
use crate::source::run::Shared;
use crate::topology::canonical::Snapshot;
use crate::topology::config::TopologyConfig;
use crate::topology::refresh::{RefreshOutcome, Refresher};
use alarm_core::document::Document;
use alarm_core::input::{Input, SourceHealth, SourceState, Text};
use alarm_core::time::Timestamp;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The source's name.
pub(super) const GOCDB: &str = "gocdb";
/// How often the thread looks whether something is due, or whether to stop.
const LOOK: Duration = Duration::from_millis(200);

/// How often certificates and keys that could not be used are looked at again.
const AGAIN: Duration = Duration::from_secs(30);

/// Starts it. Without a topology in the configuration it only waits for one; `known` says that there was one earlier.
pub(super) fn start(papers: &Papers, known: bool, shared: &Shared) -> Result<JoinHandle<()>, String> {
    let (papers, shared) = (papers.clone(), shared.clone());
    let mut keeper = Keeper { papers, shared, config: None, known, asks: None, last: None };
    super::thread("topology", move || {
        // An end before it was told to stop means that the engine's thread is gone.
        let _gone = keeper.keep();
    })
}

/// The engine's thread is gone.
struct Gone;

struct Keeper {
    papers: Papers,
    shared: Shared,
    /// What `asks` was made of.
    config: Option<TopologyConfig>,
    /// It is shown as a source.
    known: bool,
    asks: Option<Refresher>,
    /// What was last told of the source.
    last: Option<(SourceHealth, Text)>,
}

impl Keeper {
    fn keep(&mut self) -> Result<(), Gone> {
        let mut seen = None;
        let mut tried = Instant::now();
        while !self.shared.stop.load(Ordering::Relaxed) {
            let generation = self.papers.generation();
            let again = self.asks.is_none() && self.config.is_some() && tried.elapsed() >= AGAIN;
            if seen != Some(generation) || again {
                seen = Some(generation);
                tried = Instant::now();
                self.configure(again)?;
            }
            let now = super::now();
            if let Some(asks) = &mut self.asks
                && asks.next_due().is_none_or(|due| due <= now)
            {
                match ask(asks, &self.shared, now) {
                    None => self.tell(SourceHealth::Fresh, "".into())?,
                    Some(problem) => self.tell(SourceHealth::Silent, problem)?,
                }
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Takes what is configured now.
    fn configure(&mut self, again: bool) -> Result<(), Gone> {
        let config = self.papers.config();
        let gone = self.known && config.topology.is_none();
        if config.topology.is_none() && !gone {
            return Ok(());
        }
        // Also when it is the same: certificates may have been renewed.
        self.known = config.topology.is_some();
        self.config = config.topology;
        self.asks = None;
        let Some(topology) = &self.config else {
            if gone {
                tracing::info!("{GOCDB}: no longer in the configuration; what was known last stays in force");
                let detail = "it is no longer in the configuration; what was known last stays in force";
                self.tell(SourceHealth::Stopped, detail.into())?;
            }
            return Ok(());
        };
        match Refresher::new(topology, &super::topology_folder(&config.store)) {
            Ok(asks) => self.asks = Some(asks),
            Err(e) => {
                // Certificates are renewed while the daemon runs; meanwhile what is in force stays so.
                let problem = e.to_string();
                if !again {
                    tracing::error!("{GOCDB}: {problem}; looked at again every {} s", AGAIN.as_secs());
                }
                self.tell(SourceHealth::Silent, problem.into())?;
            }
        }
        Ok(())
    }

    fn tell(&mut self, health: SourceHealth, detail: Text) -> Result<(), Gone> {
        let state = (health, detail);
        if self.last.as_ref() != Some(&state) {
            let (health, detail) = state.clone();
            let input = Input::SourceState(SourceState { source: GOCDB.into(), health, since: super::now(), detail });
            let monitor = Text::from(GOCDB);
            let news = News::Inputs { monitor, inputs: vec![input], cursor: None, caught_up: true, place: None };
            self.shared.news.blocking_send(news).map_err(|_| Gone)?;
            self.last = Some(state);
        }
        Ok(())
    }
}

/// Refreshes what is due; gives back what is wrong, in one line.
fn ask(refresher: &mut Refresher, shared: &Shared, now: Timestamp) -> Option<Text> {
    let problems = match refresher.refresh(now) {
        RefreshOutcome::Unchanged => Vec::new(),
        RefreshOutcome::Changed(changed) => {
            for note in &changed.notes {
                tracing::info!("{GOCDB}: {note}");
            }
            if let Some(s) = changed.topology {
                send(shared, "topology", &s, Document::Topology(s.value.clone()));
            }
            if let Some(s) = changed.downtimes {
                send(shared, "downtimes", &s, Document::Downtimes(s.value.clone()));
            }
            changed.problems
        }
        RefreshOutcome::Failed { problems } | RefreshOutcome::Refused { problems } => problems,
    };
    for problem in &problems {
        tracing::warn!("{GOCDB}: {}", problem.message);
    }
    if problems.is_empty() {
        shared.metrics.heard(&GOCDB.into(), now);
    }
    // A source that failed earlier and is not due again is still wrong.
    let wrong: Vec<String> = refresher.health().into_iter().filter_map(|h| h.problem).map(|p| p.message).collect();
    (!wrong.is_empty()).then(|| wrong.join(" · ").into())
}

fn send<T>(shared: &Shared, kind: &'static str, s: &Snapshot<T>, document: Document) {
    let paper = Paper { hash: s.hash.clone(), kind, json: Some(Arc::clone(&s.json)), document };
    // When the keeper is gone the thread ends at its next look.
    let _ = shared.news.blocking_send(News::Paper { about: Text::from(""), paper });
}
