//! The board: the queues (DE3) with their counters, one line an alarm, and for each the one next action.
//!
//! `row.rs` is a line, `strip.rs` its last 24 hours, `head.rs` what stands above the lines, `address.rs` the links.
pub(in crate::web) mod address;
mod head;
pub(in crate::web) mod row;
mod strip;

use super::super::WebState;
use super::super::act::Visitor;
use super::super::live::Snapshot;
use super::super::problem::Fault;
use super::super::visible::visible;
use super::super::visit::{Visit as Seen, Visits};
use super::frame::Frame;
use super::page;
use crate::view::View;
use crate::web::list::columns::Columns;
use crate::web::list::filter::{Filter, SHOWN};
use crate::web::list::prepared::Prepared;
use crate::web::list::select::{Aged, Heading, Selection, select};
use address::{address, query};
use alarm_core::queue::Queue;
use alarm_core::time::Timestamp;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use head::{Cause, Count, Form, Head, Proposal, Visit};
use row::{Row, row};
use std::sync::Arc;

/// Alarms on a page, unless the address says otherwise.
pub(in crate::web) const PAGE: usize = 100;
/// Most alarms on a page; the interface has no such limit.
pub(in crate::web) const MOST: usize = 1000;

#[derive(Template)]
#[template(path = "board.html")]
struct BoardPage<'p> {
    frame: Frame,
    form: Form,
    faults: Vec<Fault>,
    counts: Vec<Count>,
    visit: Option<Visit>,
    proposals: Vec<Proposal>,
    causes: Vec<Cause>,
    blocks: &'p [Block],
    cols: Columns,
    columns: Vec<Head>,
    total: usize,
    matched: usize,
    /// Rows over all pages.
    listed: usize,
    folded: usize,
    page: usize,
    pages: usize,
    previous: Option<String>,
    next: Option<String>,
    filtered: bool,
    /// Another request finds the same by the same filter.
    by_filter: bool,
    /// The key of a form that is sent twice.
    key: String,
    /// That its forms are this browser's own.
    token: String,
    /// The filter as a query: "all that fit".
    query: String,
    /// The same with the order, for the other forms of the list.
    export: String,
    /// Where changes come from.
    live: String,
    /// The same list with the latest first.
    latest: String,
    /// The page itself.
    here: String,
    keys: &'static [(&'static str, &'static str)],
}

/// Lines under one heading.
#[derive(Debug)]
pub(in crate::web) struct Block {
    /// It.
    pub(in crate::web) heading: Option<Title>,
    /// They.
    pub(in crate::web) rows: Vec<Row>,
}

/// A heading.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::web) struct Title {
    /// What it says.
    pub(in crate::web) words: String,
    /// What to do there.
    pub(in crate::web) hint: &'static str,
    /// How many stand under it over all pages.
    pub(in crate::web) count: usize,
    /// Names it among the others of the page.
    pub(in crate::web) key: String,
}

/// One line by itself.
#[derive(Template)]
#[template(path = "board_row.html")]
pub(in crate::web) struct Line<'r> {
    /// It.
    pub(in crate::web) r: &'r Row,
    /// What stands in it.
    pub(in crate::web) cols: Columns,
}

/// What the script does at a key; `static/board.js` has the same list.
const KEYS: [(&str, &str); 13] = [
    ("j ↓", "next alarm"),
    ("k ↑", "alarm before"),
    ("x Space", "select it, or not"),
    ("Shift+j Shift+k", "select on the way"),
    ("Enter", "its page"),
    ("o", "switch off: the selected, or this one"),
    ("m", "mask"),
    ("c", "common cause"),
    ("n", "note"),
    ("u", "take back what was done last"),
    ("/", "filter"),
    ("g then a s o t", "go to: alarms, sites, sources, trail"),
    ("?", "this list"),
];

/// `GET /`.
pub(in crate::web) async fn board(
    State(state): State<WebState>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(mut pairs): Query<Vec<(String, String)>>,
) -> Response {
    // What became of an action is shown once, and stands in no link.
    pairs.retain(|(name, _)| name != "flash");
    let (mut filter, faults) = Filter::parse(&pairs);
    filter.limit = filter.limit.map(|l| l.min(MOST));
    let now = state.now();
    let all = state.prepared(now);
    let visits = Visits::of(&headers, all.view.seq, now);
    filter.visit = visits.before;
    let values: Vec<_> = pairs.into_iter().filter(|(n, v)| !v.trim().is_empty() && n != "seq" && n != "live").collect();
    let mut response = build(&state, &visitor, &all, now, &filter, values, faults);
    if let Some(cookie) = visits.seen(all.view.seq, now) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn build(
    state: &WebState,
    visitor: &Visitor,
    from: &Arc<Prepared>,
    now: Timestamp,
    filter: &Filter,
    values: Vec<(String, String)>,
    faults: Vec<Fault>,
) -> Response {
    let view: &View = &from.view;
    let s = select(from, filter, now, PAGE);
    let mut frame = Frame::new(state, view, now, "alarms", title(s.overdue)).told(visitor, now);
    frame.refresh = if filter.refresh >= 10 { filter.refresh } else { 0 };
    let to_page = |n: usize| address(&values, "page", &n.to_string());
    let filtered = values.iter().any(|(n, _)| !SHOWN.contains(&n.as_str()));
    let blocks = blocks(view, &s, now, filter);
    let hub = &state.cache.hub;
    let shown = hub.show(Snapshot::of(&blocks, &s, Seen { seq: view.seq, at: now }));
    let live = format!("/events?{}", query(&values, &["live"], &[("live", &shown)]));
    let export = query(&values, &["page", "limit", "refresh", "columns"], &[]);
    let html = BoardPage {
        frame,
        counts: head::counts(&s, filter, &values),
        visit: head::visit(view, &s, filter, now),
        proposals: head::proposals(from),
        causes: head::causes(from),
        cols: filter.columns,
        columns: head::columns(filter, &values),
        total: s.total,
        matched: s.matched,
        listed: s.listed,
        folded: s.folded,
        page: s.page,
        pages: s.pages,
        previous: (s.page > 1).then(|| to_page(s.page - 1)),
        next: (s.page < s.pages).then(|| to_page(s.page + 1)),
        filtered,
        by_filter: filter.news.is_empty(),
        key: Visitor::form_key(),
        token: visitor.token.clone(),
        query: query(&values, &SHOWN, &[]),
        export: if export.is_empty() { String::new() } else { format!("?{export}") },
        live,
        latest: format!(
            "/?{}",
            query(&values, &["page", "live", "sort", "group"], &[("group", "none"), ("sort", "since")])
        ),
        here: address(&values, "live", ""),
        keys: &KEYS,
        form: Form::new(values, state.cache.suggestions(view, now), filter),
        blocks: &blocks,
        faults,
    };
    page(StatusCode::OK, &html)
}

/// The title of the board: what is late is seen from another window.
pub(in crate::web) fn title(overdue: usize) -> String {
    if overdue == 0 { "Alarms".to_owned() } else { format!("({overdue} over 72 h) Alarms") }
}

/// A heading in words.
pub(in crate::web) fn heading(heading: Heading<'_>, count: usize) -> Option<Title> {
    match heading {
        Heading::Queue(queue) => Some(Title {
            words: queue.title().to_owned(),
            hint: Queue::sentence(queue),
            count,
            key: queue.word().to_owned(),
        }),
        Heading::Name(name) => {
            let words = visible(if name.is_empty() { "none known" } else { name }).into_owned();
            Some(Title { key: words.clone(), words, hint: "", count })
        }
        Heading::None => None,
    }
}

/// The lines of a page under their headings.
pub(in crate::web) fn blocks(view: &View, s: &Selection<'_>, now: Timestamp, filter: &Filter) -> Vec<Block> {
    let grouping = filter.grouping();
    let mut blocks: Vec<(Heading<'_>, Block)> = Vec::new();
    for a in &s.rows {
        let group = a.heading(grouping);
        if blocks.last().is_none_or(|(g, _)| *g != group) {
            let heading = heading(group, s.groups.get(&group).copied().unwrap_or(0));
            blocks.push((group, Block { heading, rows: Vec::new() }));
        }
        if let Some((_, block)) = blocks.last_mut() {
            block.rows.push(line(view, a, s, now, filter));
        }
    }
    blocks.into_iter().map(|(_, b)| b).collect()
}

/// The line of an alarm of this selection.
pub(in crate::web) fn line(view: &View, a: &Aged<'_>, s: &Selection<'_>, now: Timestamp, filter: &Filter) -> Row {
    row(view, a, s.followers.get(&*a.alarm.id).map_or(&[], Vec::as_slice), now, filter)
}
