//! Pages, and problem documents under `/api/`, for what is not there.

use super::super::WebState;
use super::super::problem::Problem;
use super::super::visible::clipped;
use super::frame::Frame;
use super::page;
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    frame: Frame,
    heading: &'static str,
    text: String,
}

/// A page that says what is wrong.
pub(in crate::web) fn error(state: &WebState, status: StatusCode, heading: &'static str, text: String) -> Response {
    let frame = Frame::new(state, &state.view(), state.now(), "", heading.to_owned());
    page(status, &ErrorPage { frame, heading, text })
}

/// A problem, for people.
pub(in crate::web) fn problem(state: &WebState, problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    error(state, status, problem.title, problem.detail.clone())
}

/// Nothing stands at this address.
pub(in crate::web) async fn not_found(State(state): State<WebState>, uri: Uri, headers: HeaderMap) -> Response {
    let path = clipped(uri.path(), 120).into_owned();
    if wants_json(&uri, &headers) {
        let detail = format!("there is nothing at '{path}'");
        return Problem::new(StatusCode::NOT_FOUND, "Not found", detail).into_response();
    }
    error(&state, StatusCode::NOT_FOUND, "Not found", format!("There is no page at {path}."))
}

/// It stands there, and cannot be done with.
pub(in crate::web) async fn wrong_method(State(state): State<WebState>, uri: Uri, headers: HeaderMap) -> Response {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    if wants_json(&uri, &headers) {
        let detail = format!("'{}' does not take this method", clipped(uri.path(), 120));
        return Problem::new(status, "Wrong method", detail).into_response();
    }
    error(&state, status, "Wrong method", "This address cannot be used in this way.".to_owned())
}

/// Whether a program asks.
pub(in crate::web) fn wants_json(uri: &Uri, headers: &HeaderMap) -> bool {
    let html = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains("text/html"));
    uri.path().starts_with("/api/") || !html
}
