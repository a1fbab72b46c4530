//! `GET /api/v1/sites`: every site with its alarms by queue; `GET /api/v1/sites/{name}`: a site with its services, how they
//! stood over a period, and its downtimes (docs/availability.md has the shapes).

use super::super::WebState;
use super::super::pages::Counts;
use super::super::problem::{Problem, json_of};
use super::availability::{Sums, wrong};
use super::{seconds, seconds_or_null, unanswered};
use crate::availability::{Counted, counted};
use crate::view::View;
use crate::web::past::period::Query;
use crate::web::past::stood::{self, Which};
use alarm_core::input::Text;
use alarm_core::queue::Queue;
use alarm_core::state::State;
use alarm_core::time::Timestamp;
use alarm_core::topology::{DowntimeWindow, Severity};
use axum::extract::{Path, Query as Pairs, State as From};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Serialize)]
struct SitesOut {
    seq: u64,
    sites: Vec<SiteOut>,
}

#[derive(Serialize)]
struct SiteOut {
    site: Text,
    ngi: Text,
    /// It stands in the topology.
    declared: bool,
    certification: Text,
    infrastructure: Text,
    timezone: Text,
    /// How many services monitors test.
    services: usize,
    /// Alarms on the board by queue.
    queues: BTreeMap<&'static str, usize>,
    worst: Option<State>,
    outage: Option<Outage>,
}

#[derive(Serialize)]
struct Outage {
    #[serde(serialize_with = "seconds")]
    since: Timestamp,
    #[serde(serialize_with = "seconds")]
    until: Timestamp,
    /// AL13.
    advised_to_uncertify: bool,
}

fn site_out(state: &WebState, view: &View, site: &Text, counts: &Counts, now: Timestamp) -> SiteOut {
    let known = view.topology.as_ref().and_then(|t| t.sites.get(site));
    let of_alarm = || view.alarms().find(|a| a.about.site == *site).map(|a| a.about.ngi.clone());
    SiteOut {
        site: site.clone(),
        ngi: known.map(|s| s.ngi.clone()).or_else(of_alarm).unwrap_or_default(),
        declared: known.is_some(),
        certification: known.map(|s| s.certification.clone()).unwrap_or_default(),
        infrastructure: known.map(|s| s.infrastructure.clone()).unwrap_or_default(),
        timezone: known.map(|s| s.timezone.clone()).unwrap_or_default(),
        services: state.cache.stood.inventory(view).count(site),
        queues: Queue::ON_BOARD.iter().map(|q| q.word()).zip(counts.queues).collect(),
        worst: counts.worst,
        outage: view.site_outage(site, now).map(|o| Outage {
            since: o.since,
            until: o.until,
            advised_to_uncertify: o.advises_to_uncertify(),
        }),
    }
}

/// `GET /api/v1/sites`.
pub(in crate::web) async fn sites(From(state): From<WebState>) -> Response {
    let (view, now) = (state.view(), state.now());
    let counts = super::super::pages::counts_of_sites(&view, now);
    let mut names: BTreeSet<Text> = state.cache.stood.inventory(&view).sites();
    names.extend(counts.keys().filter(|s| !s.is_empty()).cloned());
    let none = Counts::default();
    let sites = names.iter().map(|s| site_out(&state, &view, s, counts.get(s).unwrap_or(&none), now)).collect();
    json_of(&SitesOut { seq: view.seq, sites })
}

#[derive(Serialize)]
struct OneSite {
    seq: u64,
    #[serde(flatten)]
    site: SiteOut,
    contacts: BTreeMap<Text, Text>,
    #[serde(serialize_with = "seconds")]
    from: Timestamp,
    #[serde(serialize_with = "seconds")]
    to: Timestamp,
    #[serde(serialize_with = "seconds_or_null")]
    complete_since: Option<Timestamp>,
    tests: Vec<Test>,
    downtimes: Vec<Downtime>,
}

#[derive(Serialize)]
struct Test {
    host: Text,
    service: Text,
    service_type: Text,
    metric: Text,
    vo: Text,
    /// `counts`, or why it does not under the profile asked for.
    counts: &'static str,
    /// EGI's word; `null`: no data.
    state: Option<&'static str>,
    /// Since when, as far as the journal goes; `null`: nothing is known.
    #[serde(serialize_with = "seconds_or_null")]
    since: Option<Timestamp>,
    /// From when on it stood how.
    statuses: Vec<Step>,
    unscheduled_outages: Vec<Stretch>,
    #[serde(flatten)]
    sums: Sums,
}

#[derive(Serialize)]
struct Step {
    #[serde(serialize_with = "seconds")]
    from: Timestamp,
    #[serde(serialize_with = "seconds")]
    to: Timestamp,
    state: Option<&'static str>,
}

#[derive(Serialize)]
struct Stretch {
    #[serde(serialize_with = "seconds")]
    from: Timestamp,
    #[serde(serialize_with = "seconds")]
    to: Timestamp,
}

#[derive(Serialize)]
struct Downtime {
    id: Text,
    host: Text,
    service_type: Text,
    severity: &'static str,
    scheduled: bool,
    #[serde(serialize_with = "seconds")]
    start: Timestamp,
    #[serde(serialize_with = "seconds")]
    end: Timestamp,
    description: Text,
    endpoints: Vec<Text>,
}

fn downtimes(view: &View, site: &str) -> Vec<Downtime> {
    let mut out = Vec::new();
    for (host, types) in &view.downtimes.windows {
        for (service_type, windows) in types {
            let own =
                view.topology.as_ref().and_then(|t| t.endpoint(host, service_type)).is_some_and(|e| *e.site == *site);
            let one = |w: &DowntimeWindow| Downtime {
                id: w.id.clone(),
                host: host.clone(),
                service_type: service_type.clone(),
                severity: match w.severity {
                    Severity::Outage => "outage",
                    Severity::Warning => "at-risk",
                },
                scheduled: w.scheduled,
                start: w.start,
                end: w.end,
                description: w.description.clone(),
                endpoints: w.endpoints.clone(),
            };
            out.extend(windows.iter().filter(|_| own).map(one));
        }
    }
    out
}

/// `GET /api/v1/sites/{name}`, with the fields of a period as `/api/v1/availability` has them.
pub(in crate::web) async fn site(
    From(state): From<WebState>,
    Path(name): Path<String>,
    Pairs(pairs): Pairs<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let (view, now) = (state.view(), state.now());
    let query = Query::read(&pairs, &view, now);
    wrong(&query)?;
    let period = query.period(&view, now);
    let stood = stood::stood(&state, &view, Which::Site(name.clone()), period).await.map_err(|e| unanswered(&e))?;
    let counts = super::super::pages::counts_of_sites(&view, now);
    let site: Text = name.as_str().into();
    let out = site_out(&state, &view, &site, counts.get(&site).unwrap_or(&Counts::default()), now);
    if !out.declared && stood.services.is_empty() && !counts.contains_key(&site) {
        let detail =
            format!("there is no site '{}'; names stand in /api/v1/sites", super::super::visible::clipped(&name, 64));
        return Err(Problem::new(StatusCode::NOT_FOUND, "No such site", detail));
    }
    let profile = query.profile_of(&view);
    let tests = stood.services.iter().zip(&stood.strips).map(|(service, strip)| Test {
        host: service.key.host.clone(),
        service: service.key.service.clone().unwrap_or_default(),
        service_type: service.about.service_type.clone(),
        metric: service.about.metric.clone(),
        vo: service.about.vo.clone(),
        counts: profile
            .as_ref()
            .map_or(Counted::NotInProfile, |p| counted(view.topology.as_deref(), p, service))
            .words(),
        state: strip.now.map(alarm_core::timeline::Status::word),
        since: (strip.now.is_some() && strip.since.0 > 0).then_some(strip.since),
        statuses: strip
            .line
            .pieces()
            .map(|p| Step { from: p.from, to: p.to, state: p.status.map(alarm_core::timeline::Status::word) })
            .collect(),
        unscheduled_outages: strip.unscheduled.iter().map(|(from, to)| Stretch { from: *from, to: *to }).collect(),
        sums: Sums::of(&strip.line.times()),
    });
    let known = view.topology.as_ref().and_then(|t| t.sites.get(&site));
    Ok(json_of(&OneSite {
        seq: view.seq,
        site: out,
        contacts: known.map(|s| s.contacts.clone()).unwrap_or_default(),
        from: period.from,
        to: period.to,
        complete_since: stood.begins,
        tests: tests.collect(),
        downtimes: downtimes(&view, &name),
    }))
}
