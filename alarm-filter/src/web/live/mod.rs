//! The stream of changes of a board that is open in a browser (`/events`), as server-sent events.
//!
//! What a page showed is kept for a while (`hub.rs`); its stream says how what is now differs from that, and goes on from
//! there (`reader.rs`). Nothing is queued: a reader who is slow is told the difference to the present when there is room
//! again, so none can be too far behind, and nothing is worked out for a reader who does not read. What readers of the same
//! query have in common is worked out once, lines and their JSON included: two hundred open boards cost little more than one.
//! Everything comes from a view, so from what is committed (law 11).
mod hub;
mod reader;

#[cfg(test)]
mod tests;

pub(super) use hub::{Hub, Snapshot};

use hub::STREAMS;

use super::WebState;
use super::list::filter::Filter;
use super::pages::board::{MOST, PAGE};
use super::problem::Problem;
use super::visit::Visits;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use reader::{Messages, Reader};

/// `GET /events`: the query of a board, and as `live` the name of the page that shows it.
pub(super) async fn events(
    State(state): State<WebState>,
    headers: HeaderMap,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    let Some(room) = state.cache.hub.enter() else {
        let detail = format!("{STREAMS} pages are followed already; close some, or load the page by hand");
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Too many streams", detail)
            .retry_after(30)
            .into_response();
    };
    let (mut filter, _) = Filter::parse(&pairs);
    filter.limit = Some(filter.limit.unwrap_or(PAGE).min(MOST));
    let view = state.view.clone();
    let seq = view.borrow().seq;
    // The mark of what is new stays as the page has it: but for that, readers of one query see the same.
    if !filter.news.is_empty() {
        filter.visit = Visits::of(&headers, seq, state.now()).before;
    }
    let name = pairs.iter().find(|(n, _)| n == "live").map_or("", |(_, v)| v);
    let kind =
        [(header::CONTENT_TYPE, "text/event-stream"), (header::HeaderName::from_static("x-accel-buffering"), "no")];
    let Some(snapshot) = state.cache.hub.shown(name) else {
        // After a restart, or long ago.
        return (kind, "event: reload\ndata: the page is older than what is kept of it\n\n").into_response();
    };
    let mut key: Vec<String> = pairs.iter().filter(|(n, _)| n != "live").map(|(n, v)| format!("{n}={v}")).collect();
    key.push(format!("{:?}", filter.visit));
    let reader = Reader::new(state, view, filter, key.join("\u{1f}"), &snapshot, room);
    (kind, Body::from_stream(Messages::of(reader))).into_response()
}
