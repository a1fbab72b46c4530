//! For those who watch the watcher: `/metrics`, `/health`, `/ready`.

use super::WebState;
use super::problem::{Problem, json_of};
use crate::soundness::REMEDY;
use alarm_core::time::Timestamp;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Prometheus' text.
pub(super) async fn metrics(State(state): State<WebState>) -> Response {
    let now = state.now();
    let all = state.prepared(now);
    match state.metrics.text(&all.view, all.aged(now, None).map(|a| (a.state, a.band)), now) {
        Ok(text) => {
            const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, KIND)], text).into_response()
        }
        Err(_) => Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Cannot be written",
            "a metric cannot be written; this is a fault of alarm-filter, please report it",
        )
        .into_response(),
    }
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    store: Option<StoreHealth>,
}

/// What the last check of the store found.
#[derive(Serialize)]
struct StoreHealth {
    sound: bool,
    #[serde(serialize_with = "super::api::seconds")]
    checked_at: Timestamp,
    /// All of it; otherwise its newest records only.
    whole: bool,
    damage: Vec<String>,
    /// What to do about damage.
    remedy: Option<&'static str>,
}

/// The process is alive, and whether its store is sound: damage to what is old does not keep it from working.
pub(super) async fn health(State(state): State<WebState>) -> Response {
    let store = state.soundness().map(|s| StoreHealth {
        sound: s.damage.is_empty(),
        checked_at: s.at,
        whole: s.whole,
        damage: s.damage.clone(),
        remedy: (!s.damage.is_empty()).then_some(REMEDY),
    });
    json_of(&Health { status: "alive", store })
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    seq: u64,
    reasons: Vec<String>,
}

/// Whether the list can be believed: caught up with the sources, and storing.
pub(super) async fn ready(State(state): State<WebState>) -> Response {
    let view = state.view();
    let mut reasons = (state.waiting_for)();
    if let Some(n) = &view.not_stored {
        reasons.push(format!("nothing is stored since {}: {}", n.since, n.reason));
    }
    let ready = reasons.is_empty();
    let mut response = json_of(&Readiness { ready, seq: view.seq, reasons });
    if !ready {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(2));
    }
    response
}
