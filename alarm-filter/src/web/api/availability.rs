//! `GET /api/v1/availability`: the figures of `/availability` (docs/availability.md). Percent as numbers with three places,
//! `null` where there is no data; times in whole seconds.

use super::super::WebState;
use super::super::pages;
use super::super::problem::{Fault, Problem};
use super::{seconds_or_null, unanswered};
use crate::web::past::period::{Query, date};
use crate::web::past::stood::Row;
use alarm_core::input::Text;
use alarm_core::time::Timestamp;
use alarm_core::timeline::{Share, Status, Times};
use axum::Json;
use axum::extract::{Query as Pairs, State};
use axum::http::StatusCode;
use serde::Serialize;

#[derive(Serialize)]
pub(in crate::web) struct Figures {
    seq: u64,
    profile: Text,
    /// First and last day, both belong to the period.
    from: String,
    to: String,
    detail: &'static str,
    /// Since when the journal is complete, where something was cut.
    #[serde(serialize_with = "seconds_or_null")]
    complete_since: Option<Timestamp>,
    rows: Vec<Figure>,
}

#[derive(Serialize)]
struct Figure {
    site: Text,
    ngi: Text,
    #[serde(skip_serializing_if = "str::is_empty")]
    service_type: Text,
    #[serde(skip_serializing_if = "str::is_empty")]
    host: Text,
    #[serde(skip_serializing_if = "str::is_empty")]
    metric: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<String>,
    /// How many metrics of endpoints count in it.
    metrics: usize,
    #[serde(flatten)]
    times: Sums,
    #[serde(skip_serializing_if = "is_zero")]
    days_by_sums: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it so")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// The three figures, and what they are made of.
#[derive(Serialize)]
pub(super) struct Sums {
    availability: Option<f64>,
    reliability: Option<f64>,
    unknown: Option<f64>,
    seconds: Seconds,
}

#[derive(Serialize)]
struct Seconds {
    ok: i64,
    warning: i64,
    critical: i64,
    unknown: i64,
    missing: i64,
    downtime: i64,
    no_data: i64,
}

impl Sums {
    pub(super) fn of(t: &Times) -> Self {
        let share = |s: Option<Share>| s.map(|s| f64::from(s.0) / 1000.0);
        let seconds = |status| t.in_status(status) / 1000;
        Sums {
            availability: share(t.availability()),
            reliability: share(t.reliability()),
            unknown: share(t.unknown_share()),
            seconds: Seconds {
                ok: seconds(Status::Ok),
                warning: seconds(Status::Warning),
                critical: seconds(Status::Critical),
                unknown: seconds(Status::Unknown),
                missing: seconds(Status::Missing),
                downtime: seconds(Status::Downtime),
                no_data: t.no_data() / 1000,
            },
        }
    }
}

impl From<Row> for Figure {
    fn from(row: Row) -> Self {
        Figure {
            site: row.site,
            ngi: row.ngi,
            service_type: row.service_type,
            host: row.host,
            metric: row.metric,
            day: row.day.map(date),
            metrics: row.services,
            times: Sums::of(&row.times),
            days_by_sums: row.by_sums,
        }
    }
}

/// Says what is wrong with a query: a profile that is not there is not found, anything else is not understood.
pub(super) fn wrong(query: &Query) -> Result<(), Problem> {
    let fault = |(field, detail): &(&'static str, String)| Fault {
        index: None,
        field: (*field).to_owned(),
        detail: detail.clone(),
    };
    let (status, title) = match (query.faults.is_empty(), query.no_such_profile) {
        (true, _) => return Ok(()),
        (false, true) => (StatusCode::NOT_FOUND, "No such profile"),
        (false, false) => (StatusCode::BAD_REQUEST, "Wrong query"),
    };
    let problem = Problem::new(status, title, "nothing was looked up; see errors");
    Err(problem.with_errors(query.faults.iter().map(fault).collect()))
}

pub(in crate::web) async fn availability(
    State(state): State<WebState>,
    Pairs(pairs): Pairs<Vec<(String, String)>>,
) -> Result<Json<Figures>, Problem> {
    let (view, now) = (state.view(), state.now());
    let query = Query::read(&pairs, &view, now);
    wrong(&query)?;
    let (rows, begins) = pages::figures(&state, &view, &query, now).await.map_err(|e| unanswered(&e))?;
    Ok(Json(Figures {
        seq: view.seq,
        profile: query.profile.clone(),
        from: date(query.first),
        to: date(query.last),
        detail: query.detail.word(),
        complete_since: begins,
        rows: rows.into_iter().map(Figure::from).collect(),
    }))
}
