//! `GET /api/v1/trail`: who did what, newest first.

use super::super::WebState;
use super::super::problem::{Fault, Problem, json_of};
use super::super::trail::{Entry, TrailQuery, read};
use super::{seconds, seconds_or_null, unanswered};
use alarm_core::time::Timestamp;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

/// Entries of one answer, unless the address says otherwise.
const LIMIT: usize = 100;
/// Entries of one answer at most.
const MOST: usize = 1000;

#[derive(Serialize)]
struct TrailOut {
    seq: u64,
    entries: Vec<EntryOut>,
    next: Option<u64>,
}

#[derive(Serialize)]
struct EntryOut {
    seq: u64,
    #[serde(serialize_with = "seconds")]
    at: Timestamp,
    who: String,
    action: String,
    reason: Option<String>,
    text: Option<String>,
    #[serde(serialize_with = "seconds_or_null")]
    until: Option<Timestamp>,
    subjects: Vec<SubjectOut>,
    more: usize,
}

#[derive(Serialize)]
struct SubjectOut {
    alarm: Option<String>,
    name: String,
    event: String,
}

impl EntryOut {
    fn of(e: Entry) -> Self {
        let Entry { seq, at, who, action, reason, text, until, subjects, more } = e;
        let subjects = subjects.into_iter().map(|s| SubjectOut { alarm: s.alarm, name: s.name, event: s.event }).collect();
        EntryOut { seq, at, who, action, reason, text, until, subjects, more }
    }
}

/// What an address asks for, or what in it cannot be understood.
pub(in crate::web) fn trail_query(pairs: &[(String, String)], limit: usize) -> Result<TrailQuery, Vec<Fault>> {
    let mut query = TrailQuery { limit, ..TrailQuery::default() };
    let mut faults = Vec::new();
    for (name, value) in pairs {
        let mut fault = |detail: String| faults.push(Fault { index: None, field: name.clone(), detail });
        match name.as_str() {
            "subject" if value.is_empty() => {}
            "subject" => query.subjects.push(value.clone()),
            "who" => query.who.clone_from(value),
            "before" => match value.parse() {
                Ok(seq) => query.before = Some(seq),
                Err(_) => fault("not a number; give the next of an answer".to_owned()),
            },
            "limit" => match value.parse().ok().filter(|n| (1..=MOST).contains(n)) {
                Some(n) => query.limit = n,
                None => fault(format!("not a number from 1 to {MOST}")),
            },
            // It was waited for already: see `front.rs`.
            "seq" => {
                if value.parse::<u64>().is_err() {
                    fault("not a number; give the seq of an answer".to_owned());
                }
            }
            _ => fault("there is no parameter of that name; known are subject, who, before, limit, seq".to_owned()),
        }
    }
    if faults.is_empty() { Ok(query) } else { Err(faults) }
}

/// The handler.
pub(in crate::web) async fn trail(
    State(state): State<WebState>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let mut query = trail_query(&pairs, LIMIT).map_err(|faults| {
        let detail = "a parameter cannot be understood; see errors";
        Problem::new(StatusCode::BAD_REQUEST, "Bad parameter", detail).with_errors(faults)
    })?;
    let view = state.view();
    query.upto = view.seq;
    let seq = view.seq;
    let page = state.readers.ask(move |h| read(h, &view, &query)).await.map_err(|e| unanswered(&e))?;
    Ok(json_of(&TrailOut { seq, entries: page.entries.into_iter().map(EntryOut::of).collect(), next: page.next }))
}
