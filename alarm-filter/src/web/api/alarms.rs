//! Alarms as JSON: lists of borrowed fields, written straight into one buffer.

use super::super::WebState;
use super::super::details::{self, Said, Step};
use super::super::problem::{Problem, json, json_of};
use super::super::visit::Visits;
use super::super::words::band_name;
use super::{no_such_alarm, seconds, seconds_or_null, unanswered};
use crate::view::View;
use crate::web::list::filter::Filter;
use crate::web::list::prepared::{Prepared, aged};
use crate::web::list::select::{Aged, select};
use alarm_core::alarm::{Alarm, Change, Told};
use alarm_core::flag::Flag;
use alarm_core::input::Text;
use alarm_core::state::State;
use alarm_core::time::{SECOND, Timestamp};
use alarm_core::topology::Severity;
use alarm_core::verdict::HOST;
use axum::extract::{Path, Query, State as From};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Serialize, Serializer};
use std::sync::Arc;

/// From so many alarms on the list is written on a thread of its own.
const MANY: usize = 500;

#[derive(Serialize)]
struct AlarmOut<'a> {
    id: &'a str,
    group: &'a str,
    monitors: &'a [Text],
    site: &'a str,
    ngi: &'a str,
    host: &'a str,
    service: &'a str,
    service_type: &'a str,
    metric: &'a str,
    vo: &'a str,
    profiles: &'a [Text],
    category: &'a str,
    documentation: &'a str,
    state: State,
    failing: bool,
    #[serde(serialize_with = "seconds")]
    since: Timestamp,
    #[serde(serialize_with = "seconds")]
    raised_at: Timestamp,
    #[serde(serialize_with = "seconds")]
    episode_since: Timestamp,
    #[serde(serialize_with = "seconds_or_null")]
    refreshed_at: Option<Timestamp>,
    age: i64,
    band: &'static str,
    queue: &'static str,
    episodes: u32,
    flaps: usize,
    unstable: bool,
    #[serde(serialize_with = "seconds_or_null")]
    ok_since: Option<Timestamp>,
    stable_ok: bool,
    set_apart: bool,
    output: &'a str,
    #[serde(serialize_with = "words")]
    flags: &'a Alarm,
    #[serde(serialize_with = "marks")]
    marks: &'a Alarm,
    masked_by: Option<&'a str>,
    cause: Option<&'a str>,
    version: u64,
}

#[derive(Serialize)]
struct MarkOut<'a> {
    flag: Flag,
    #[serde(serialize_with = "seconds")]
    since: Timestamp,
    #[serde(serialize_with = "seconds_or_null")]
    until: Option<Timestamp>,
    reason: &'static str,
    detail: &'a str,
}

fn words<S: Serializer>(alarm: &&Alarm, s: S) -> Result<S::Ok, S::Error> {
    s.collect_seq(alarm.flags.keys())
}

fn marks<S: Serializer>(alarm: &&Alarm, s: S) -> Result<S::Ok, S::Error> {
    s.collect_seq(alarm.flags.iter().map(|(flag, mark)| MarkOut {
        flag: *flag,
        since: mark.since,
        until: mark.until,
        reason: flag.sentence(),
        detail: &mark.detail,
    }))
}

fn out<'a>(view: &View, a: &Aged<'a>, now: Timestamp) -> AlarmOut<'a> {
    let alarm: &'a Alarm = a.alarm;
    let about = &alarm.about;
    AlarmOut {
        id: &alarm.id,
        group: &alarm.key.group,
        monitors: &alarm.monitors,
        site: &about.site,
        ngi: &about.ngi,
        host: &alarm.key.host,
        service: alarm.key.service.as_deref().unwrap_or(HOST),
        service_type: &about.service_type,
        metric: &about.metric,
        vo: &about.vo,
        profiles: &about.profiles,
        category: &about.category,
        documentation: &about.documentation,
        state: alarm.state,
        failing: alarm.failing_now(),
        since: alarm.since,
        raised_at: alarm.raised,
        episode_since: alarm.episode_since,
        refreshed_at: alarm.refreshed,
        age: a.age / SECOND,
        band: band_name(a.band),
        queue: a.queue.word(),
        episodes: alarm.episodes,
        flaps: alarm.turns.len(),
        unstable: alarm.unstable(now, &view.settings),
        ok_since: alarm.ok_since(),
        stable_ok: alarm.stable_ok(now),
        set_apart: alarm.set_apart(),
        output: &alarm.output,
        flags: alarm,
        marks: alarm,
        // The leader is named only where it may be seen (AL17).
        masked_by: alarm.masked_by.as_ref().map(|m| &*m.leader).filter(|leader| view.alarm(leader).is_some()),
        cause: alarm.cause.as_deref(),
        version: alarm.version,
    }
}

#[derive(Serialize)]
struct NotStoredOut<'a> {
    #[serde(serialize_with = "seconds")]
    since: Timestamp,
    reason: &'a str,
}

#[derive(Serialize)]
struct ListOut<'a> {
    seq: u64,
    #[serde(serialize_with = "seconds")]
    at: Timestamp,
    not_stored: Option<NotStoredOut<'a>>,
    total: usize,
    matched: usize,
    page: usize,
    pages: usize,
    alarms: Vec<AlarmOut<'a>>,
}

/// The list as bytes. Masked alarms are listed like any other unless the filter says otherwise.
pub(in crate::web) fn list(from: &Prepared, filter: &Filter, now: Timestamp) -> Vec<u8> {
    let view: &View = &from.view;
    let s = select(from, filter, now, usize::MAX);
    let alarms: Vec<_> = s.rows.iter().map(|a| out(view, a, now)).collect();
    let mut body = Vec::with_capacity(512 + alarms.len() * 1024);
    let not_stored = view.not_stored.as_ref().map(|n| NotStoredOut { since: n.since, reason: &n.reason });
    let (total, matched, page, pages) = (s.total, s.matched, s.page, s.pages);
    let list = ListOut { seq: view.seq, at: now, not_stored, total, matched, page, pages, alarms };
    // Strings and numbers into memory: this cannot fail.
    let _fits = serde_json::to_writer(&mut body, &list);
    body
}

/// `GET /api/v1/alarms`.
pub(in crate::web) async fn alarms(
    From(state): From<WebState>,
    headers: HeaderMap,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    let (mut filter, faults) = Filter::parse(&pairs);
    if !faults.is_empty() {
        let detail = "a parameter cannot be understood; see errors";
        return Problem::new(StatusCode::BAD_REQUEST, "Bad parameter", detail).with_errors(faults).into_response();
    }
    if !pairs.iter().any(|(name, _)| name == "masked") {
        filter.masked = crate::web::list::filter::Masked::Show;
    }
    let now = state.now();
    let all = state.prepared(now);
    filter.visit = Visits::of(&headers, all.view.seq, now).before;
    if filter.limit.is_some_and(|l| l <= MANY) {
        return json(list(&all, &filter, now));
    }
    match tokio::task::spawn_blocking(move || list(&all, &filter, now)).await {
        Ok(body) => json(body),
        Err(_) => {
            let detail = "the list could not be written; this is a fault of alarm-filter, please report it";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "Not written", detail).into_response()
        }
    }
}

#[derive(Serialize)]
struct ChangeOut<'a> {
    #[serde(serialize_with = "seconds")]
    at: Timestamp,
    state: State,
    output: &'a str,
    /// `notified`, `not-notified`, `not-asked`.
    told: &'static str,
    reasons: &'a [Flag],
}

#[derive(Serialize)]
struct DowntimeOut<'a> {
    id: &'a str,
    severity: Severity,
    scheduled: bool,
    #[serde(serialize_with = "seconds")]
    start: Timestamp,
    #[serde(serialize_with = "seconds")]
    end: Timestamp,
    description: &'a str,
}

/// An outage of the site as a whole.
#[derive(Serialize)]
struct SiteOutageOut {
    #[serde(serialize_with = "seconds")]
    since: Timestamp,
    #[serde(serialize_with = "seconds")]
    until: Timestamp,
    /// AL13.
    advises_to_uncertify: bool,
}

#[derive(Serialize)]
struct DetailsOut<'a> {
    seq: u64,
    #[serde(serialize_with = "seconds_or_null")]
    closed_at: Option<Timestamp>,
    alarm: AlarmOut<'a>,
    long_output: &'a str,
    perf_data: &'a str,
    history: Vec<ChangeOut<'a>>,
    downtimes: Vec<DowntimeOut<'a>>,
    site_outage: Option<SiteOutageOut>,
    said: Vec<Said>,
}

fn changes(alarm: &Alarm) -> Vec<ChangeOut<'_>> {
    fn change(c: &Change) -> ChangeOut<'_> {
        let Change { at, state, output, told } = c;
        let (told, reasons): (_, &[Flag]) = match told {
            Told::Notified => ("notified", &[]),
            Told::Not(reasons) => ("not-notified", reasons),
            Told::NotAsked => ("not-asked", &[]),
        };
        ChangeOut { at: *at, state: *state, output, told, reasons }
    }
    alarm.history.iter().map(change).collect()
}

/// `GET /api/v1/alarms/{id}`.
pub(in crate::web) async fn alarm(From(state): From<WebState>, Path(id): Path<String>) -> Response {
    let (view, now) = (state.view(), state.now());
    let found = match details::find(&state.readers, &view, &id).await {
        Ok(Some(found)) => found,
        Ok(None) => return no_such_alarm(&id).into_response(),
        Err(e) => return unanswered(&e).into_response(),
    };
    let told = match details::told(&state.readers, found.alarm.key.clone(), view.seq).await {
        Ok(told) => told,
        Err(e) => return unanswered(&e).into_response(),
    };
    let alarm: &Arc<Alarm> = &found.alarm;
    let windows = view.windows(alarm);
    let downtimes = windows.iter().map(|w| DowntimeOut {
        id: &w.id,
        severity: w.severity,
        scheduled: w.scheduled,
        start: w.start,
        end: w.end,
        description: &w.description,
    });
    json_of(&DetailsOut {
        seq: view.seq,
        closed_at: found.closed.as_ref().map(|c| c.at),
        alarm: out(&view, &aged(&view, alarm, now), now),
        long_output: &alarm.long_output,
        perf_data: &alarm.perf_data,
        history: changes(alarm),
        downtimes: downtimes.collect(),
        site_outage: view.site_outage(&alarm.about.site, now).map(|o| SiteOutageOut {
            since: o.since,
            until: o.until,
            advises_to_uncertify: o.advises_to_uncertify(),
        }),
        said: told.said,
    })
}

#[derive(Serialize)]
struct ExplanationOut<'a> {
    seq: u64,
    id: &'a str,
    host: &'a str,
    service: &'a str,
    metric: &'a str,
    /// The journal is complete only since then: earlier steps may be gone. `null`: nothing was ever cut.
    #[serde(serialize_with = "seconds_or_null")]
    complete_since: Option<Timestamp>,
    steps: Vec<Step>,
}

/// `GET /api/v1/alarms/{id}/explain`.
pub(in crate::web) async fn explain(From(state): From<WebState>, Path(id): Path<String>) -> Response {
    let view = state.view();
    let found = match details::find(&state.readers, &view, &id).await {
        Ok(Some(found)) => found,
        Ok(None) => return no_such_alarm(&id).into_response(),
        Err(e) => return unanswered(&e).into_response(),
    };
    let (key, upto) = (found.alarm.key.clone(), view.seq);
    match state.readers.ask(move |h| details::explain_alarm(h, &key, upto)).await {
        Ok((steps, complete_since)) => json_of(&ExplanationOut {
            seq: upto,
            id: &found.alarm.id,
            host: &found.alarm.key.host,
            service: found.alarm.key.service.as_deref().unwrap_or(HOST),
            metric: &found.alarm.about.metric,
            complete_since,
            steps,
        }),
        Err(e) => unanswered(&e).into_response(),
    }
}
