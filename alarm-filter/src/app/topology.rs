//! The thread that keeps sites, services and downtimes up to date.

use super::papers::Papers;
use crate::keeper::documents::Paper;
use crate::keeper::news::News;
use crate::source::run::Shared;
use crate::topology::canonical::Snapshot;
use crate::topology::refresh::{RefreshOutcome, Refresher};
use alarm_core::document::Document;
use alarm_core::input::{Input, SourceHealth, SourceState, Text};
use alarm_core::time::Timestamp;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

/// The source's name.
pub(super) const GOCDB: &str = "gocdb";
/// How often the thread looks whether something is due, or whether to stop.
const LOOK: Duration = Duration::from_millis(200);

/// Starts it, if a topology is configured.
pub(super) fn start(papers: &Papers, shared: &Shared) -> Result<Option<JoinHandle<()>>, String> {
    let config = papers.config();
    let Some(topology) = &config.topology else { return Ok(None) };
    let refresher = Refresher::new(topology, &super::topology_folder(&config.store)).map_err(|e| e.to_string())?;
    let shared = shared.clone();
    super::thread("topology", move || keep(refresher, &shared)).map(Some)
}

fn keep(mut refresher: Refresher, shared: &Shared) {
    let mut last = None;
    while !shared.stop.load(Ordering::Relaxed) {
        let now = super::now();
        if refresher.next_due().is_none_or(|due| due <= now) {
            let problem = ask(&mut refresher, shared, now);
            let health = match problem {
                None => (SourceHealth::Fresh, Text::from("")),
                Some(text) => (SourceHealth::Silent, text),
            };
            if last.as_ref() != Some(&health) {
                let (state, detail) = health.clone();
                let input = Input::SourceState(SourceState { source: GOCDB.into(), health: state, since: now, detail });
                let monitor = Text::from(GOCDB);
                let news = News::Inputs { monitor, inputs: vec![input], cursor: None, caught_up: true, place: None };
                if shared.news.blocking_send(news).is_err() {
                    return;
                }
                last = Some(health);
            }
        }
        std::thread::sleep(LOOK);
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
    let paper = Paper { hash: s.hash.clone(), kind, json: Arc::clone(&s.json), document };
    // When the keeper is gone the thread ends at its next look.
    let _ = shared.news.blocking_send(News::Paper { about: Text::from(""), paper });
}
