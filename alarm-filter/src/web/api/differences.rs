//! `GET /api/v1/differences`: what BDIIs publish and GOCDB does not have, and the reverse, as check_bdii found it (AL9).

use super::super::WebState;
use super::super::problem::json_of;
use super::{seconds, seconds_or_null};
use crate::topology::published::{Difference, Shown, What};
use alarm_core::time::Timestamp;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};

/// What can be asked for.
#[derive(Deserialize)]
pub(in crate::web) struct Wanted {
    /// Only this site; capitals do not matter, since BDIIs and GOCDB differ in them.
    site: Option<String>,
}

#[derive(Serialize)]
struct Out {
    #[serde(serialize_with = "seconds")]
    at: Timestamp,
    files: Vec<FileOut>,
}

#[derive(Serialize)]
struct FileOut {
    file: String,
    /// Why it cannot be read now; the rest is what it said before.
    error: Option<String>,
    /// When the BDII was read; `null`: the file was never read.
    #[serde(serialize_with = "seconds_or_null")]
    at: Option<Timestamp>,
    bdii: String,
    complete: bool,
    differences: Vec<One>,
}

#[derive(Serialize)]
struct One {
    #[serde(flatten)]
    difference: Difference,
    /// What the manual recommends.
    advice: &'static str,
}

/// The handler.
pub(in crate::web) async fn differences(State(state): State<WebState>, Query(wanted): Query<Wanted>) -> Response {
    let is_wanted = |one: &&Difference| wanted.site.as_ref().is_none_or(|site| site.eq_ignore_ascii_case(&one.site));
    let file = |shown: Shown| {
        let published = shown.published.as_deref();
        let differences = published.map_or(&[][..], |p| &p.differences).iter().filter(is_wanted);
        FileOut {
            file: shown.path.display().to_string(),
            error: shown.error.clone(),
            at: published.map(|p| p.at),
            bdii: published.map(|p| p.bdii.clone()).unwrap_or_default(),
            complete: published.is_some_and(|p| p.complete),
            differences: differences.map(|d| One { difference: d.clone(), advice: What::advice(d.what) }).collect(),
        }
    };
    json_of(&Out { at: state.now(), files: state.published().into_iter().map(file).collect() })
}
