//! Availability, reliability and the unknown part (DE7) of sites, service types, endpoints, metrics and days: a page, the
//! same as CSV.

use super::super::WebState;
use super::super::visible::{clipped, visible};
use super::super::words::{age, moment};
use super::frame::Frame;
use super::page;
use super::ways::address;
use crate::view::View;
use crate::web::past::period::{Detail, Query, date, months_around};
use crate::web::past::stood::{self, Asked, Row};
use alarm_core::time::{MINUTE, Millis, Timestamp};
use alarm_core::timeline::{Share, Status, Times};
use askama::Template;
use axum::extract::{Query as Pairs, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::cmp::Reverse;
use std::fmt::Write;
use std::sync::Arc;

/// Figures for a table.
pub(super) struct Cells {
    pub(super) availability: String,
    pub(super) reliability: String,
    pub(super) unknown: String,
}

/// The three figures in words.
pub(super) fn cells(times: &Times) -> Cells {
    let text = |share: Option<Share>| share.map_or_else(|| "no data".to_owned(), |s| format!("{s} %"));
    Cells {
        availability: text(times.availability()),
        reliability: text(times.reliability()),
        unknown: text(times.unknown_share()),
    }
}

#[derive(Template)]
#[template(path = "availability.html")]
struct AvailabilityPage {
    frame: Frame,
    query: Form,
    period: String,
    running: bool,
    rows: Vec<TableRow>,
    columns: Shown,
    sorts: Vec<(&'static str, &'static str, String, bool)>,
    csv: String,
    json: String,
    before: Option<(String, String)>,
    after: Option<(String, String)>,
    begins: String,
    faults: Vec<(&'static str, String)>,
    journal_error: String,
    by_sums: bool,
    groups: Vec<(String, String)>,
}

/// What the form shows.
struct Form {
    from: String,
    to: String,
    site: String,
    ngi: String,
    service_type: String,
    profile: String,
    detail: &'static str,
    profiles: Vec<String>,
    ngis: Vec<String>,
    details: [(&'static str, Detail); 5],
}

/// Which columns the detail has.
struct Shown {
    service_type: bool,
    host: bool,
    metric: bool,
    day: bool,
}

struct TableRow {
    site: String,
    link: String,
    ngi: String,
    service_type: String,
    host: String,
    metric: String,
    day: String,
    cells: Cells,
    class: &'static str,
    up: String,
    down: String,
    unknown: String,
    outage: String,
    no_data: String,
    by_sums: u32,
}

/// The rows that are asked for, in their order.
pub(in crate::web) async fn answer(
    state: &WebState,
    view: &Arc<View>,
    query: &Query,
    now: Timestamp,
) -> Result<(Vec<Row>, Option<Timestamp>), super::super::readers::Unanswered> {
    let Some(profile) = query.profile_of(view) else { return Ok((Vec::new(), None)) };
    let asked = Asked {
        site: query.site.clone(),
        ngi: query.ngi.clone(),
        service_type: query.service_type.clone(),
        detail: query.detail,
    };
    let (mut rows, begins) = stood::figures(state, view, profile, asked, query.period(view, now)).await?;
    // What has no figure comes last.
    let figure = |share: Option<Share>| share.map_or(u32::MAX, |s| s.0);
    match query.sort.as_str() {
        "availability" => rows.sort_by_key(|r| figure(r.times.availability())),
        "reliability" => rows.sort_by_key(|r| figure(r.times.reliability())),
        "unknown" => rows.sort_by_key(|r| Reverse(r.times.unknown_share().map_or(0, |s| s.0))),
        "ngi" => rows.sort_by(|a, b| a.ngi.cmp(&b.ngi)),
        _ => {}
    }
    Ok((rows, begins))
}

/// `GET /availability`.
pub(in crate::web) async fn availability(
    State(state): State<WebState>,
    Pairs(pairs): Pairs<Vec<(String, String)>>,
) -> Response {
    let (view, now) = (state.view(), state.now());
    let query = Query::read(&pairs, &view, now);
    let (rows, begins, error) = match answer(&state, &view, &query, now).await {
        Ok((rows, begins)) => (rows, begins, String::new()),
        Err(e) => (Vec::new(), None, visible(&e.to_string()).into_owned()),
    };
    page(StatusCode::OK, &build(&state, &view, now, &query, &rows, begins, error))
}

fn build(
    state: &WebState,
    view: &View,
    now: Timestamp,
    query: &Query,
    rows: &[Row],
    begins: Option<Timestamp>,
    journal_error: String,
) -> AvailabilityPage {
    let (from, to) = (date(query.first), date(query.last));
    let with = |more: &[(&str, &str)], path: &str| {
        let mut pairs = vec![
            ("from", from.as_str()),
            ("to", to.as_str()),
            ("profile", &query.profile),
            ("site", query.site.as_str()),
            ("ngi", query.ngi.as_str()),
            ("service_type", query.service_type.as_str()),
            ("detail", if query.detail == Detail::Site { "" } else { query.detail.word() }),
            ("sort", query.sort.as_str()),
        ];
        pairs.retain(|(n, _)| !more.iter().any(|(m, _)| m == n));
        pairs.extend(more);
        address(path, &pairs)
    };
    let month = |name: String| (with(&[("from", ""), ("to", ""), ("month", &name)], "/availability"), name);
    let around = months_around(query.first);
    let this = date(alarm_core::timeline::day_of(now));
    let later = months_around(query.last).filter(|(_, after)| **after <= *this.get(..7).unwrap_or_default());
    let sorts = [
        ("site", "Site"),
        ("ngi", "NGI"),
        ("availability", "Available"),
        ("reliability", "Reliable"),
        ("unknown", "Unknown"),
    ];
    let sorted = if query.sort.is_empty() { "site" } else { &query.sort };
    let ngis: std::collections::BTreeSet<&str> =
        view.topology.iter().flat_map(|t| t.sites.values()).map(|s| &*s.ngi).filter(|n| !n.is_empty()).collect();
    let text = |t: &str| visible(t).into_owned();
    let profile = view.profiles.profiles.get(&query.profile);
    AvailabilityPage {
        frame: Frame::new(state, view, now, "availability", format!("Availability, {from} to {to}")),
        query: Form {
            from: from.clone(),
            to: to.clone(),
            site: text(&query.site),
            ngi: text(&query.ngi),
            service_type: text(&query.service_type),
            profile: text(&query.profile),
            detail: query.detail.word(),
            profiles: view.profiles.profiles.keys().map(|p| text(p)).collect(),
            ngis: ngis.into_iter().map(text).collect(),
            details: Detail::ALL,
        },
        period: format!("{from} to {to}"),
        running: query.last >= alarm_core::timeline::day_of(now),
        rows: rows.iter().map(row).collect(),
        columns: Shown {
            service_type: matches!(query.detail, Detail::Type | Detail::Endpoint | Detail::Metric),
            host: matches!(query.detail, Detail::Endpoint | Detail::Metric),
            metric: query.detail == Detail::Metric,
            day: query.detail == Detail::Day,
        },
        sorts: sorts
            .into_iter()
            .map(|(word, name)| (word, name, with(&[("sort", word)], "/availability"), word == sorted))
            .collect(),
        csv: with(&[], "/availability.csv"),
        json: with(&[], "/api/v1/availability"),
        before: around.map(|(before, _)| month(before)),
        after: later.map(|(_, after)| month(after)),
        begins: begins.filter(|b| *b > alarm_core::timeline::day_begin(query.first)).map(moment).unwrap_or_default(),
        faults: query.faults.clone(),
        journal_error,
        by_sums: rows.iter().any(|r| r.by_sums > 0),
        groups: profile
            .map_or(Vec::new(), |p| p.groups.iter().map(|(g, types)| (text(g), text(&types.join(", ")))).collect()),
    }
}

fn row(r: &Row) -> TableRow {
    let t = &r.times;
    let long = |ms: Millis| {
        if ms == 0 {
            "–".to_owned()
        } else if ms < MINUTE {
            "under 1m".to_owned()
        } else {
            age(ms)
        }
    };
    TableRow {
        site: clipped(&r.site, 60).into_owned(),
        link: format!("/sites/{}", super::ways::segment(&r.site)),
        ngi: clipped(&r.ngi, 40).into_owned(),
        service_type: clipped(&r.service_type, 60).into_owned(),
        host: clipped(&r.host, 100).into_owned(),
        metric: clipped(&r.metric, 100).into_owned(),
        day: r.day.map(date).unwrap_or_default(),
        cells: cells(t),
        class: match t.availability() {
            None => "none",
            Some(Share(100_000)) => "full",
            Some(Share(90_000..)) => "most",
            Some(Share(..70_000)) => "low",
            Some(_) => "some",
        },
        up: long(t.up()),
        down: long(t.in_status(Status::Critical)),
        unknown: long(t.unknown()),
        outage: long(t.in_status(Status::Downtime)),
        no_data: long(t.no_data()),
        by_sums: r.by_sums,
    }
}

const HEAD: &str = "site,ngi,service_type,host,metric,day,availability,reliability,unknown,up_seconds,down_seconds,\
                    unknown_seconds,scheduled_outage_seconds,no_data_seconds,days_by_sums\r\n";

/// `GET /availability.csv`.
pub(in crate::web) async fn csv(State(state): State<WebState>, Pairs(pairs): Pairs<Vec<(String, String)>>) -> Response {
    let (view, now) = (state.view(), state.now());
    let query = Query::read(&pairs, &view, now);
    if let Some((field, what)) = query.faults.first() {
        let text = format!("{field}: {what}\n");
        return (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response();
    }
    match answer(&state, &view, &query, now).await {
        Ok((rows, _)) => {
            let name = format!("attachment; filename=\"availability-{}-{}.csv\"", date(query.first), date(query.last));
            let head =
                [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
            (head, written(&rows)).into_response()
        }
        Err(e) => {
            let head = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::RETRY_AFTER, "10")];
            (StatusCode::SERVICE_UNAVAILABLE, head, format!("{e}\n")).into_response()
        }
    }
}

fn written(rows: &[Row]) -> String {
    let mut out = HEAD.to_owned();
    for r in rows {
        let t = &r.times;
        let share = |s: Option<Share>| s.map(|s| s.to_string()).unwrap_or_default();
        let texts = [&r.site, &r.ngi, &r.service_type, &r.host, &r.metric].map(|t| field(t));
        let seconds = [t.up(), t.in_status(Status::Critical), t.unknown(), t.in_status(Status::Downtime), t.no_data()]
            .map(|ms| (ms / 1000).to_string());
        // Writing into a String cannot fail.
        let _fits = write!(
            out,
            "{},{},{},{},{},{},{}\r\n",
            texts.join(","),
            r.day.map(date).unwrap_or_default(),
            share(t.availability()),
            share(t.reliability()),
            share(t.unknown_share()),
            seconds.join(","),
            r.by_sums
        );
    }
    out
}

/// A text as a field: in quotes, and never what a spreadsheet takes for a formula.
fn field(text: &str) -> String {
    let text = visible(text);
    let formula = text.starts_with(['=', '+', '-', '@']);
    let guarded = if formula { format!("'{text}") } else { text.into_owned() };
    match guarded.contains([',', '"', '\n', '\r', ' ', '\'']) {
        true => format!("\"{}\"", guarded.replace('"', "\"\"")),
        false => guarded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_never_a_formula_and_stays_one_field() {
        assert_eq!(field("SITE-A"), "SITE-A");
        assert_eq!(field("=cmd()"), "\"'=cmd()\"");
        assert_eq!(field("a,\"b\"\nc"), "\"a,\"\"b\"\"\\nc\"");
    }
}
