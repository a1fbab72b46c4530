//! The web side: pages that work without scripts, a JSON interface for the same, and what monitoring wants to know.
//!
//! Pages and lists read the view of the last commit and nothing else; history and explanations are asked of the journal on
//! connections of their own, bounded to that view's seq. What is handed in goes through [`crate::intake`] and is answered
//! after the commit (law 11). Security matters are left out everywhere (AL17): lists go through [`View::alarms`], single
//! alarms through [`details`].
//!
//! Start reading in [`router`] below, then `list/` (what stands on the board, and why that is quick), `pages/` and `api/`.
//! `act/` is everything that changes state, `trail.rs` who did it; `live/` is the stream, `visit.rs` what is new since the
//! last visit, `past/` how services stood. `front.rs` is what every request passes; `serve.rs` is where connections come from.
mod act;
mod api;
mod assets;
pub mod audit;
mod details;
mod front;
mod list;
mod live;
mod pages;
mod past;
mod problem;
mod readers;
pub mod samples;
mod serve;
mod status;
mod trail;
mod visible;
mod visit;
mod words;

#[cfg(test)]
mod board_tests;
#[cfg(test)]
mod tests;

pub use act::{Acts, Operators, Unknown, fit_name};
pub use list::prepared::Cache;
pub use readers::{OpenHistory, Readers};
pub use serve::{BindError, Listening, bind, serve};
pub use visible::{visible, visible_lines};
pub use words::band_name;

use crate::intake::Intake;
use crate::metrics::Metrics;
use crate::soundness::Soundness;
use crate::topology::published::Shown;
use crate::view::View;
use alarm_core::input::{Input, Text};
use alarm_core::time::Timestamp;
use audit::AuditReport;
use axum::Router;
use axum::routing::{get, post};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

/// The inputs of an array of observations as `POST /api/v1/observations` takes it, from any source; or what is wrong with
/// it, in one line.
///
/// # Errors
/// It is not JSON, or says what cannot be taken.
pub fn observations_of(body: &[u8], now: Timestamp) -> Result<Vec<Input>, String> {
    api::from_anybody(body, now)
}

/// Largest body of a request.
const BODY: usize = 1 << 20;

/// What the handlers need; cheap to clone.
#[derive(Clone)]
pub struct WebState {
    /// The view after the last commit.
    pub view: watch::Receiver<Arc<View>>,
    /// The filter's check of itself, when there is one.
    pub audit: watch::Receiver<Option<Arc<AuditReport>>>,
    /// What the last check of the store found, when there was one.
    pub soundness: watch::Receiver<Option<Arc<Soundness>>>,
    /// The way in.
    pub intake: Intake,
    /// The journal, for reading.
    pub readers: Arc<Readers>,
    /// The time.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// What is configured; a new value holds from the next request on.
    pub config: watch::Receiver<Arc<WebConfig>>,
    /// What is still being waited for before the list can be believed, a sentence each; none: caught up.
    pub waiting_for: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
    /// What is kept from one request to the next; `Arc::default()` at first.
    pub cache: Arc<Cache>,
    /// What acting needs from one request to the next; `Arc::default()` at first.
    pub acts: Arc<Acts>,
}

/// What is configured for the web side.
#[derive(Clone, Debug, Default)]
pub struct WebConfig {
    /// The name in the head of every page: the region's.
    pub title: String,
    /// Host names, beside those of loopback, under which this daemon is reached (through a reverse proxy); lower case.
    pub allowed_hosts: BTreeSet<String>,
    /// Sources that may hand in observations.
    pub http_sources: BTreeSet<Text>,
    /// Anybody who reaches the socket may name any source.
    pub open_sources: bool,
    /// Who acts.
    pub operators: Operators,
    /// What check_bdii found of GOCDB in BDIIs: the files that it writes.
    pub published: Vec<PathBuf>,
    /// The configuration as it stands in the files is wrong: since when, and what is wrong. An older one is in force.
    pub wrong: Option<(Timestamp, String)>,
}

impl WebState {
    fn view(&self) -> Arc<View> {
        self.view.borrow().clone()
    }

    fn prepared(&self, now: Timestamp) -> Arc<list::prepared::Prepared> {
        self.cache.prepared(self.view(), now)
    }

    fn config(&self) -> Arc<WebConfig> {
        self.config.borrow().clone()
    }

    /// What BDIIs publish and GOCDB does not have, and the reverse, by file.
    fn published(&self) -> Vec<Shown> {
        self.cache.published.look(&self.config().published)
    }

    fn soundness(&self) -> Option<Arc<Soundness>> {
        self.soundness.borrow().clone()
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

/// Everything under its address.
pub fn router(state: WebState) -> Router {
    let (questions, commands): (Vec<_>, Vec<_>) =
        api::routes().into_iter().partition(|(_, method, _)| *method == "get");
    let add = |router: Router<WebState>, (path, _, handler): (&str, _, _)| router.route(path, handler);
    let read = Router::new()
        .route("/", get(pages::board))
        .route("/alarms.csv", get(list::export::csv))
        .route("/alarms.txt", get(list::export::txt))
        .route("/alarms/{id}", get(pages::alarm))
        .route("/sites", get(pages::sites))
        .route("/sites/{name}", get(pages::site))
        .route("/metric/{name}", get(pages::metric))
        .route("/availability", get(pages::availability))
        .route("/availability.csv", get(pages::csv))
        .route("/sources", get(pages::sources))
        .route("/audit", get(pages::audit))
        .route("/trail", get(act::trail))
        .route("/metrics", get(status::metrics))
        .route("/static/{file}", get(assets::file))
        .merge(questions.into_iter().fold(Router::new(), add))
        .layer(axum::middleware::from_fn_with_state(state.clone(), visit::go_on))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest));
    Router::new()
        .merge(read)
        .merge(commands.into_iter().fold(Router::new(), add))
        .route("/act/preview", post(act::before))
        .route("/act/{what}", post(act::act))
        .route("/health", get(status::health))
        .route("/ready", get(status::ready))
        .route("/events", get(live::events))
        .route("/favicon.ico", get(assets::icon))
        .fallback(pages::not_found)
        .method_not_allowed_fallback(pages::wrong_method)
        .layer(axum::extract::DefaultBodyLimit::max(BODY))
        .layer(axum::middleware::from_fn_with_state(state.clone(), act::know))
        .layer(axum::middleware::from_fn_with_state(state.clone(), front::front))
        .with_state(state)
}
