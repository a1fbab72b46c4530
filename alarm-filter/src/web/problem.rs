//! Problem documents (RFC 9457): what went wrong, with which object, what to do.

use alarm_core::command::Refusal;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// An error of the JSON interface.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Problem {
    /// A short name of the kind.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What, which object, what to do.
    pub detail: String,
    /// Where it lies in what was sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
    /// Why nothing of a command was carried out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusalOut>,
    /// Seconds after which the same request is worth repeating.
    #[serde(skip)]
    pub retry_after: Option<u32>,
}

/// One thing that is wrong with what was sent.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(super) struct Fault {
    /// Its place in the array, from 0; none: the request as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// The field, or the parameter.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
    /// What is wrong, and what to do.
    pub detail: String,
}

/// Why a command was not carried out.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(super) struct RefusalOut {
    /// A short name of the kind.
    pub refused: String,
    /// On which alarm; none: at all.
    pub alarm: Option<String>,
    /// Why, and what to do.
    pub detail: String,
}

impl RefusalOut {
    /// Of a refusal of the engine.
    pub(super) fn of(why: &Refusal) -> Self {
        // A tagged enum: its tag is a text.
        let value = serde_json::to_value(why).unwrap_or_default();
        let refused = value.get("refused").and_then(|v| v.as_str()).unwrap_or_default().to_owned();
        RefusalOut { refused, alarm: why.alarm().map(ToString::to_string), detail: why.to_string() }
    }
}

impl Problem {
    /// A problem of this status.
    pub(super) fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Problem {
            title,
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            refused: Vec::new(),
            retry_after: None,
        }
    }

    /// The same, with the places.
    #[must_use]
    pub(super) fn with_errors(mut self, errors: Vec<Fault>) -> Self {
        self.errors = errors;
        self
    }

    /// The same, with what was refused.
    #[must_use]
    pub(super) fn with_refused(mut self, refused: Vec<RefusalOut>) -> Self {
        self.refused = refused;
        self
    }

    /// The same, worth repeating after so many seconds.
    #[must_use]
    pub(super) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // Strings and numbers only: this cannot fail.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A JSON answer from bytes that are JSON already.
pub(super) fn json(body: Vec<u8>) -> Response {
    const JSON: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];
    (JSON, body).into_response()
}

/// A JSON answer.
pub(super) fn json_of<T: Serialize>(value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => json(body),
        Err(error) => Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Cannot be written",
            format!(
                "the answer cannot be written as JSON ({error}); this is a fault of alarm-filter, please report it"
            ),
        )
        .into_response(),
    }
}
