//! `GET /api/v1/trail`: who did what, newest first.

use super::super::WebState;
use super::super::act::can_take_back;
use super::super::problem::{Fault, Problem, json_of};
use super::super::trail::{Entry, TrailQuery, read};
use super::{seconds, seconds_or_null, unanswered};
use crate::view::View;
use alarm_core::alarm::AlarmId;
use alarm_core::command::{Action, CauseKind, NoteOn, OffReason};
use alarm_core::input::Text;
use alarm_core::time::Timestamp;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::collections::BTreeSet;

/// Entries of one answer, unless the address says otherwise.
const LIMIT: usize = 100;
/// Entries of one answer at most.
const MOST: usize = 1000;

#[derive(Serialize)]
struct TrailOut<'a> {
    seq: u64,
    entries: Vec<EntryOut<'a>>,
    next: Option<u64>,
}

#[derive(Default, Serialize)]
struct EntryOut<'a> {
    seq: u64,
    #[serde(serialize_with = "seconds")]
    at: Timestamp,
    who: &'a str,
    action: &'static str,
    reason: Option<OffReason>,
    kind: Option<CauseKind>,
    text: Option<&'a str>,
    #[serde(serialize_with = "seconds_or_null")]
    until: Option<Timestamp>,
    leader: Option<&'a str>,
    cause: Option<&'a str>,
    note: Option<&'a str>,
    alarms: usize,
    alarm: Option<&'a AlarmId>,
    sites: BTreeSet<&'a Text>,
    refused: usize,
    can_take_back: bool,
}

impl<'a> EntryOut<'a> {
    fn of(view: &View, e: &'a Entry) -> Self {
        let mut out = EntryOut {
            seq: e.seq,
            at: e.at,
            who: &e.who,
            action: e.action.name(),
            alarms: e.whole.alarms,
            alarm: e.whole.alarm.as_ref(),
            sites: e.whole.sites.iter().collect(),
            refused: e.whole.refused,
            can_take_back: can_take_back(view, e),
            ..EntryOut::default()
        };
        match &e.action {
            Action::SwitchOff { reason, text, until, .. } => {
                (out.reason, out.text, out.until) = (*reason, Some(&**text), *until);
            }
            Action::Mask { leader, .. } => out.leader = Some(&leader.alarm),
            Action::OpenCause { kind, text, .. } => (out.kind, out.text) = (Some(*kind), Some(&**text)),
            Action::JoinCause { cause, .. } | Action::EndCause { cause } => out.cause = Some(cause),
            Action::Note { on, text } => {
                out.text = Some(text);
                if let NoteOn::Site(site) = on {
                    out.sites.insert(site);
                }
            }
            Action::StrikeNote { note } => out.note = Some(note),
            Action::SwitchOn { .. } | Action::Unmask { .. } | Action::LeaveCause { .. } => {}
        }
        out.text = out.text.filter(|t| !t.is_empty());
        out
    }
}

/// What an address asks for, or what in it cannot be understood.
pub(in crate::web) fn trail_query(pairs: &[(String, String)], limit: usize) -> Result<TrailQuery, Vec<Fault>> {
    let mut query = TrailQuery { limit, ..TrailQuery::default() };
    let mut faults = Vec::new();
    for (name, value) in pairs {
        let mut fault = |detail: String| faults.push(Fault { index: None, field: name.clone(), detail });
        match name.as_str() {
            "subject" | "who" if value.chars().count() > 300 => {
                fault("longer than 300 characters; shorten it".to_owned())
            }
            "subject" => query.subject.clone_from(value),
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
    let with = view.clone();
    let page = state.readers.ask(move |h| read(h, &with, &query)).await.map_err(|e| unanswered(&e))?;
    let entries = page.entries.iter().map(|e| EntryOut::of(&view, e)).collect();
    Ok(json_of(&TrailOut { seq: view.seq, entries, next: page.next }))
}
