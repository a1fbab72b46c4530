//! The JSON interface, version 1. Times are whole epoch seconds, lengths of time seconds; names are those of
//! `alarm-filter replay`. Errors are problem documents (RFC 9457).
//!
//! `alarms.rs` and `sources.rs` are what is read, `observations/` is what is handed in.
mod alarms;
mod availability;
mod episodes;
mod observations;
mod sites;
mod sources;

pub(super) use alarms::{alarm, alarms, explain};
pub(super) use availability::availability;
pub(super) use episodes::episodes;
pub(super) use observations::{from_anybody, observations};
pub(super) use sites::{site, sites};
pub(super) use sources::sources;

use super::problem::Problem;
use super::readers::Unanswered;
use alarm_core::time::Timestamp;
use axum::http::StatusCode;
use serde::Serializer;

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

fn unanswered(error: &Unanswered) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Journal not readable", error.to_string()).retry_after(10)
}

fn no_such_alarm(id: &str) -> Problem {
    let id = super::visible::clipped(id, 64);
    let detail = format!("there is no alarm '{id}' that can be shown; ids stand in /api/v1/alarms");
    Problem::new(StatusCode::NOT_FOUND, "No such alarm", detail)
}
