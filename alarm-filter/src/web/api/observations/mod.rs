//! `POST /api/v1/observations`: what monitors without files hand in. A JSON array is taken as a whole or not at all, and
//! answered after the commit; the same (source, sequence) again changes nothing.
//!
//! `parse.rs` reads the array and says where it is wrong; `inputs.rs` makes inputs of it.
mod inputs;
mod parse;

use super::super::WebState;
use super::super::problem::{Fault, Problem, json};
use super::super::words;
use crate::intake::Answer;
use alarm_core::input::Input;
use alarm_core::time::Timestamp;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use inputs::Sender;
pub(in crate::web) use parse::whole;
use std::collections::BTreeSet;

/// Seconds after which a batch that could not be stored is worth repeating.
const RETRY: u32 = 5;

/// The handler.
pub(in crate::web) async fn observations(
    State(state): State<WebState>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    match take(&state, &headers, body).await {
        Ok(body) => json(body.into_bytes()),
        Err(problem) => problem.into_response(),
    }
}

async fn take(state: &WebState, headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<String, Problem> {
    if !is_json(headers) {
        let detail = "send the array with Content-Type: application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Not JSON", detail));
    }
    let body = body.map_err(|e| match e.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let detail = "the body is larger than 1 MiB; send fewer observations at a time";
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "Too large", detail)
        }
        _ => Problem::new(StatusCode::BAD_REQUEST, "Body not read", "the body ended early; send it again"),
    })?;
    let config = state.config();
    let sender = Sender { sources: &config.http_sources, open: config.open_sources, now: state.now() };
    let inputs = read(&body, &sender)?;
    let taken = inputs.len();
    if taken == 0 {
        return Ok(format!("{{\"seq\":{},\"taken\":0}}", state.view.borrow().seq));
    }
    match state.intake.observe(inputs).await {
        Ok(Answer::Stored { seq, .. }) => Ok(format!("{{\"seq\":{seq},\"taken\":{taken}}}")),
        Ok(Answer::NotStored { since, reason }) => {
            let detail = format!("nothing is stored since {}: {reason}; repeat the request", words::moment(since));
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Not stored", detail).retry_after(RETRY))
        }
        Ok(Answer::Refused(why)) => {
            let why: Vec<String> = why.iter().map(ToString::to_string).collect();
            Err(Problem::new(StatusCode::CONFLICT, "Refused", why.join("; ")))
        }
        Err(stopping) => {
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Stopping", stopping.to_string()).retry_after(RETRY))
        }
    }
}

fn read(body: &[u8], sender: &Sender<'_>) -> Result<Vec<Input>, Problem> {
    let items = parse::array(body).map_err(|e| match e {
        parse::Wrong::Syntax(detail) => Problem::new(StatusCode::BAD_REQUEST, "Not JSON", detail),
        parse::Wrong::Content(fault) => refused(vec![fault]),
    })?;
    inputs::of(items, sender).map_err(refused)
}

/// The inputs of an array from anybody, or what is wrong with it in one line.
pub(in crate::web) fn from_anybody(body: &[u8], now: Timestamp) -> Result<Vec<Input>, String> {
    let sender = Sender { sources: &BTreeSet::new(), open: true, now };
    read(body, &sender).map_err(|problem| problem.detail)
}

pub(in crate::web) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    kind.split(';').next().is_some_and(|k| k.trim().eq_ignore_ascii_case("application/json"))
}

fn refused(faults: Vec<Fault>) -> Problem {
    let detail = match faults.first() {
        Some(Fault { index: Some(i), field, detail }) if !field.is_empty() => {
            format!("observation {i}, {field}: {detail}; nothing of the array was taken")
        }
        Some(Fault { index: Some(i), detail, .. }) => {
            format!("observation {i}: {detail}; nothing of the array was taken")
        }
        Some(Fault { detail, .. }) => format!("{detail}; nothing was taken"),
        None => "nothing was taken".to_owned(),
    };
    // Understood, but not from here.
    let (status, title) = match faults.iter().all(inputs::is_of_a_stranger) && !faults.is_empty() {
        true => (StatusCode::FORBIDDEN, "Unknown source"),
        false => (StatusCode::UNPROCESSABLE_ENTITY, "Not understood"),
    };
    Problem::new(status, title, detail).with_errors(faults)
}
