//! `GET /trail`: who did what, newest first, and the way to take it back.

use super::super::api::{trail_query, unanswered};
use super::super::pages::{Frame, error, page};
use super::super::trail::{Entry, read};
use super::super::visible::visible;
use super::super::words::{moment, stamp};
use super::super::{WebState, problem::Fault};
use super::take_back::can_take_back;
use super::visitor::Visitor;
use super::words::{deed, encoded, kind, name, reason};
use crate::view::View;
use alarm_core::command::{Action, NoteOn};
use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;

/// Entries of a page.
const LIMIT: usize = 50;
/// Sites that are named of a command over several.
const SITES: usize = 6;

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
    token: String,
    back: String,
}

struct Row {
    seq: u64,
    at: String,
    iso: String,
    who: String,
    deed: &'static str,
    /// What it was done to: address (empty: none) and name.
    to: Vec<(String, String)>,
    /// At which sites, of several alarms.
    at_sites: Vec<(String, String)>,
    more: String,
    why: String,
    /// The key of the form that takes it back; empty: it cannot be.
    form: String,
}

impl Row {
    fn of(view: &View, e: &Entry) -> Self {
        let whole = &e.whole;
        let site = |site: &str| (format!("/sites/{}", encoded(site)), visible(site).into_owned());
        let mut to: Vec<(String, String)> = Vec::new();
        let mut at_sites = Vec::new();
        let mut more = String::new();
        match (&whole.alarm, whole.alarms) {
            (Some(id), 1) => to.push((format!("/alarms/{id}"), name(view, id))),
            (_, 0) => {}
            (_, n) => {
                to.extend(whole.first.iter().map(|id| (format!("/alarms/{id}"), name(view, id))));
                match n.saturating_sub(whole.first.len()) {
                    0 => {}
                    // Trails of the first releases name none.
                    n if to.is_empty() => to.push((String::new(), format!("{n} alarms"))),
                    n => to.push((String::new(), format!("and {n} more"))),
                }
                at_sites.extend(whole.sites.iter().take(SITES).map(|s| site(s)));
                if whole.sites.len() > SITES {
                    more = format!("and {} more sites", whole.sites.len() - SITES);
                }
            }
        }
        if let Action::Note { on: NoteOn::Site(name), .. } = &e.action {
            to.push(site(name));
        }
        if whole.refused > 0 {
            more = format!("{more} (not done to {})", whole.refused).trim().to_owned();
        }
        Row {
            seq: e.seq,
            at: stamp(e.at),
            iso: e.at.to_string(),
            who: visible(&e.who).into_owned(),
            deed: deed(&e.action),
            to,
            at_sites,
            more,
            why: why(view, &e.action),
            form: if can_take_back(view, e) { Visitor::form_key() } else { String::new() },
        }
    }
}

/// The reason and the words that came with it.
fn why(view: &View, action: &Action) -> String {
    let with = |start: &str, text: &str| match (start.is_empty(), text.is_empty()) {
        (_, true) => start.to_owned(),
        (true, false) => visible(text).into_owned(),
        (false, false) => format!("{start}: {}", visible(text)),
    };
    let cause =
        |id: &str| view.causes.get(id).map_or_else(|| visible(id).into_owned(), |c| visible(&c.text).into_owned());
    match action {
        Action::SwitchOff { reason: r, text, until, .. } => {
            let said = with(r.map_or("", reason), text);
            match until {
                Some(until) => format!("{said} (until {})", moment(*until)).trim().to_owned(),
                None => said,
            }
        }
        Action::Mask { leader, .. } => format!("by {}", name(view, &leader.alarm)),
        Action::OpenCause { kind: k, text, .. } => with(kind(*k), text),
        Action::JoinCause { cause: id, .. } | Action::EndCause { cause: id } => cause(id),
        Action::Note { text, .. } => visible(text).into_owned(),
        Action::SwitchOn { .. } | Action::Unmask { .. } | Action::LeaveCause { .. } | Action::StrikeNote { .. } => {
            String::new()
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
    let (subject, who) = (query.subject.clone(), query.who.clone());
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
        let pairs = [("subject", &subject), ("who", &who)];
        let filled = pairs.iter().filter(|(_, v)| !v.is_empty());
        let mut parts: Vec<String> = filled.map(|(n, v)| format!("{n}={}", encoded(v))).collect();
        parts.extend(before.map(|seq| format!("before={seq}")));
        if parts.is_empty() { "/trail".to_owned() } else { format!("/trail?{}", parts.join("&")) }
    };
    let faults = faults
        .into_iter()
        .map(|f| Fault { field: visible(&f.field).into_owned(), detail: visible(&f.detail).into_owned(), ..f })
        .collect();
    page(
        StatusCode::OK,
        &TrailPage {
            frame: Frame::new(&state, &view, now, "trail", "Who did what".to_owned()).told(&visitor, now),
            faults,
            rows: found.entries.iter().map(|e| Row::of(&view, e)).collect(),
            older: found.next.map(|seq| address(Some(seq))),
            newest: paged.then(|| address(None)),
            subject: visible(&subject).into_owned(),
            who: visible(&who).into_owned(),
            token: visitor.token,
            back: visitor.here,
        },
    )
}
