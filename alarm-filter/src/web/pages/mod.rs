//! The pages: rendered here, whole, without scripts. Every page begins with how fresh the sources are, and with a banner
//! when nothing can be stored. `frame.rs` is what all have in common; then a file each.
mod alarm;
mod audit;
mod availability;
pub(super) mod board;
mod deeds;
mod error;
pub(super) mod frame;
mod metric;
mod site;
mod sites;
mod sources;
pub(super) mod ways;

pub(super) use alarm::alarm;
pub(super) use audit::audit;
pub(super) use availability::{answer as figures, availability, csv};
pub(super) use board::board;
pub(super) use error::{error, not_found, problem, wants_json, wrong_method};
pub(super) use frame::Frame;
pub(super) use metric::metric;
pub(super) use site::site;
pub(super) use sites::{Counts, counted as counts_of_sites, sites};
pub(super) use sources::sources;

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The page as an answer.
pub(super) fn page<T: Template>(status: StatusCode, template: &T) -> Response {
    match template.render() {
        Ok(html) => (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(_) => {
            let text = "The page cannot be written; this is a fault of alarm-filter, please report it.";
            (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
        }
    }
}
