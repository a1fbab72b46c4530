//! `GET /trail`: who did what, newest first, and the way to take it back.

use super::super::api::{trail_query, unanswered};
use super::super::pages::{Frame, error, page};
use super::super::trail::{Entry, deed, read};
use super::super::visible::visible;
use super::super::words::{moment, stamp};
use super::super::{WebState, problem::Fault};
use super::back::Back;
use super::visitor::Visitor;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;

/// Entries of a page.
const LIMIT: usize = 50;

#[derive(Template)]
#[template(path = "act_trail.html")]
struct TrailPage {
    frame: Frame,
    faults: Vec<Fault>,
    subject: String,
    who: String,
    rows: Vec<Row>,
    older: Option<String>,
    newest: Option<String>,
}

struct Row {
    seq: u64,
    at: String,
    iso: String,
    who: String,
    deed: &'static str,
    subjects: Vec<(String, String)>,
    more: usize,
    reason: String,
    text: String,
    until: String,
}

impl Row {
    fn of(e: &Entry) -> Self {
        let subjects = e.subjects.iter().map(|s| {
            let link = s.alarm.as_ref().map(|id| format!("/alarms/{id}")).unwrap_or_default();
            (link, visible(&s.name).into_owned())
        });
        Row {
            seq: e.seq,
            at: stamp(e.at),
            iso: e.at.to_string(),
            who: visible(&e.who).into_owned(),
            deed: deed(&e.action),
            subjects: subjects.collect(),
            more: e.more,
            reason: e.reason.as_deref().map(|r| visible(r).replace('-', " ")).unwrap_or_default(),
            text: e.text.as_deref().map(|t| visible(t).into_owned()).unwrap_or_default(),
            until: e.until.map(moment).unwrap_or_default(),
        }
    }
}

/// The handler.
pub(in crate::web) async fn trail(
    State(state): State<WebState>,
    visitor: Visitor,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    let (view, now) = (state.view(), state.now());
    let asked: Vec<(String, String)> =
        pairs.into_iter().filter(|(name, value)| name != "flash" && !value.is_empty()).collect();
    let (mut query, faults) = match trail_query(&asked, LIMIT) {
        Ok(query) => (query, Vec::new()),
        Err(faults) => (trail_query(&[], LIMIT).unwrap_or_default(), faults),
    };
    query.upto = view.seq;
    let (subject, who) = (query.subjects.first().cloned().unwrap_or_default(), query.who.clone());
    let paged = query.before.is_some();
    let with = view.clone();
    let found = match state.readers.ask(move |h| read(h, &with, &query)).await {
        Ok(found) => found,
        Err(e) => {
            let text = visible(&unanswered(&e).detail).into_owned();
            return error(&state, StatusCode::SERVICE_UNAVAILABLE, "The journal cannot be read", text);
        }
    };
    let address = |before: Option<u64>| {
        let pairs = [("subject", subject.clone()), ("who", who.clone())];
        let mut parts: Vec<String> =
            pairs.iter().filter(|(_, v)| !v.is_empty()).map(|(n, v)| format!("{n}={}", encoded(v))).collect();
        parts.extend(before.map(|seq| format!("before={seq}")));
        if parts.is_empty() { "/trail".to_owned() } else { format!("/trail?{}", parts.join("&")) }
    };
    let here = Back::read(&address(None)).unwrap_or_else(Back::board).address();
    page(
        StatusCode::OK,
        &TrailPage {
            frame: Frame::new(&state, &view, now, "trail", "Who did what".to_owned()).told(&visitor, now, &here),
            faults,
            rows: found.entries.iter().map(Row::of).collect(),
            older: found.next.map(|seq| address(Some(seq))),
            newest: paged.then(|| address(None)),
            subject: visible(&subject).into_owned(),
            who: visible(&who).into_owned(),
        },
    )
}

/// A value as it stands in an address.
pub(super) fn encoded(value: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    value.bytes().fold(String::new(), |mut out, b| {
        match plain(b) {
            true => out.push(char::from(b)),
            false => out.push_str(&format!("%{b:02X}")),
        }
        out
    })
}
