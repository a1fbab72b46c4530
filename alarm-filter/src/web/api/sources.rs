//! How every source does.

use super::super::WebState;
use super::super::problem::json_of;
use super::super::words::{health, health_meaning};
use super::{seconds, seconds_or_null};
use alarm_core::time::{MINUTE, Timestamp};
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

#[derive(Serialize)]
struct SourceOut<'a> {
    source: &'a str,
    /// `monitor` or `topology`.
    kind: &'static str,
    group: Option<&'a str>,
    health: &'static str,
    meaning: &'static str,
    /// `null`: nothing was said of it yet; it is being read up to now.
    #[serde(serialize_with = "seconds_or_null")]
    since: Option<Timestamp>,
    #[serde(serialize_with = "seconds_or_null")]
    heard_at: Option<Timestamp>,
    detail: &'a str,
    notifications_off: bool,
}

#[derive(Serialize)]
struct SourcesOut<'a> {
    seq: u64,
    #[serde(serialize_with = "seconds")]
    at: Timestamp,
    sources: Vec<SourceOut<'a>>,
}

/// `GET /api/v1/sources`.
pub(in crate::web) async fn sources(State(state): State<WebState>) -> Response {
    let view = state.view();
    let monitors = view.monitors.iter().map(|(name, m)| SourceOut {
        source: name,
        kind: "monitor",
        group: Some(&m.group),
        health: health(m.health),
        meaning: health_meaning(m.health, false),
        since: Some(m.health_since).filter(|t| t.0 > MINUTE),
        heard_at: state.metrics.last_heard(name),
        detail: &m.detail,
        notifications_off: m.notifications_off,
    });
    let others = view.sources.iter().map(|(name, s)| SourceOut {
        source: name,
        kind: "topology",
        group: None,
        health: health(s.health),
        meaning: health_meaning(s.health, true),
        since: Some(s.since),
        heard_at: state.metrics.last_heard(name),
        detail: &s.detail,
        notifications_off: false,
    });
    json_of(&SourcesOut { seq: view.seq, at: state.now(), sources: monitors.chain(others).collect() })
}
