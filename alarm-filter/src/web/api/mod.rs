//! The JSON interface, version 1. Times are whole epoch seconds, lengths of time seconds; names are those of
//! `alarm-filter replay`. Errors are problem documents (RFC 9457).
//!
//! [`routes`] is the list of its addresses. `alarms.rs`, `trail.rs` and `sources.rs` are what is read, `observations/` is what
//! is handed in, `commands.rs` what people do, `openapi.rs` is the description of it all.
mod alarms;
mod availability;
mod commands;
mod differences;
mod episodes;
mod observations;
mod openapi;
mod sites;
mod sources;
mod trail;

pub(super) use observations::from_anybody;
use observations::{is_json, whole};
pub(super) use trail::trail_query;

use super::WebState;
use super::problem::Problem;
use super::readers::Unanswered;
use alarm_core::time::Timestamp;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, get, post};
use serde::Serializer;

/// Every address of this interface, its one method, and what answers there. docs/openapi.json describes the same: a test
/// compares them.
pub(super) fn routes() -> Vec<(&'static str, &'static str, MethodRouter<WebState>)> {
    vec![
        ("/api/v1/alarms", "get", get(alarms::alarms)),
        ("/api/v1/alarms/{id}", "get", get(alarms::alarm)),
        ("/api/v1/alarms/{id}/explain", "get", get(alarms::explain)),
        ("/api/v1/availability", "get", get(availability::availability)),
        ("/api/v1/commands", "post", post(commands::commands)),
        ("/api/v1/differences", "get", get(differences::differences)),
        ("/api/v1/episodes", "get", get(episodes::episodes)),
        ("/api/v1/observations", "post", post(observations::observations)),
        ("/api/v1/openapi.json", "get", get(openapi::openapi)),
        ("/api/v1/sites", "get", get(sites::sites)),
        ("/api/v1/sites/{name}", "get", get(sites::site)),
        ("/api/v1/sources", "get", get(sources::sources)),
        ("/api/v1/trail", "get", get(trail::trail)),
    ]
}

/// A moment as whole epoch seconds.
pub(super) fn seconds<S: Serializer>(t: &Timestamp, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_i64(t.secs())
}

/// The same for one that may be missing.
fn seconds_or_null<S: Serializer>(t: &Option<Timestamp>, s: S) -> Result<S::Ok, S::Error> {
    match t {
        Some(t) => s.serialize_some(&t.secs()),
        None => s.serialize_none(),
    }
}

pub(super) fn unanswered(error: &Unanswered) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Journal not readable", error.to_string()).retry_after(10)
}

fn no_such_alarm(id: &str) -> Problem {
    let id = super::visible::clipped(id, 64);
    let detail = format!("there is no alarm '{id}' that can be shown; ids stand in /api/v1/alarms");
    Problem::new(StatusCode::NOT_FOUND, "No such alarm", detail)
}
