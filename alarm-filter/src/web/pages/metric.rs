//! A metric over all sites: where it fails now, since when, and how the last 24 hours went. A common cause shows here.

use super::super::WebState;
use super::super::act::Visitor;
use super::super::visible::{clipped, visible};
use super::super::words::{moment, short};
use super::deeds::{Hand, possible};
use super::error::error;
use super::frame::Frame;
use super::page;
use super::ways;
use crate::availability::{Counted, counted};
use crate::view::View;
use crate::web::past::drawn::{Drawn, draw, name, status_class};
use crate::web::past::period::one_day;
use crate::web::past::stood::{self, Stood, Which};
use alarm_core::input::Text;
use alarm_core::profile::Profile;
use alarm_core::time::Timestamp;
use alarm_core::timeline::Status;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Slots of a strip of 24 hours: ten minutes each.
const SLOTS: u32 = 144;

#[derive(Template)]
#[template(path = "metric.html")]
struct MetricPage {
    frame: Frame,
    metric: String,
    documentation: String,
    category: String,
    profiles: Vec<String>,
    counts: Vec<(&'static str, &'static str, usize)>,
    sites_failing: usize,
    sites: usize,
    proposal: Option<Proposal>,
    causes: Vec<CauseRow>,
    hand: Hand,
    rows: Vec<MetricRow>,
    board: String,
    journal_error: String,
}

/// That it turned bad at several sites at once.
struct Proposal {
    sites: String,
    since: String,
    /// Exactly its alarms, as the board's filter has them.
    query: String,
}

/// A common cause over alarms of it.
struct CauseRow {
    id: String,
    text: String,
    who: String,
    since: String,
    alarms: usize,
}

struct MetricRow {
    site: String,
    site_link: String,
    /// The site has the row above, too.
    same: bool,
    ngi: String,
    service_type: String,
    host: String,
    state: &'static str,
    class: &'static str,
    since: String,
    since_long: String,
    strip: Drawn,
    alarm: String,
    words: &'static str,
}

/// `GET /metric/{name}`.
pub(in crate::web) async fn metric(
    State(state): State<WebState>,
    visitor: Visitor,
    Path(metric): Path<String>,
) -> Response {
    let (view, now) = (state.view(), state.now());
    let settings =
        view.profiles.profiles.get(&view.profiles.operators).map(|p| p.settings(&metric)).unwrap_or_default();
    let asked = match settings.security {
        // AL17: as if it were not there.
        true => Ok(None),
        false => stood::stood(&state, &view, Which::Metric(metric.clone()), one_day(&view, now)).await.map(Some),
    };
    let (stood, journal_error) = match asked {
        Ok(Some(stood)) if !stood.services.is_empty() || is_known(&view, &metric) => (Some(stood), String::new()),
        Ok(_) => {
            let text = format!("No monitor has a metric '{}' that can be shown.", clipped(&metric, 100));
            return error(&state, StatusCode::NOT_FOUND, "No such metric", text);
        }
        Err(e) => (None, visible(&e.to_string()).into_owned()),
    };
    let hand = possible(&state, Hand::of(&visitor));
    let mut shown = build(&state, &view, now, &metric, (stood, journal_error), hand);
    shown.frame = shown.frame.told(&visitor, now);
    page(StatusCode::OK, &shown)
}

/// Whether a profile names the metric, or it had an alarm or a note that is still there.
fn is_known(view: &View, metric: &str) -> bool {
    let of_closed = || view.closed().any(|c| *c.alarm.about.metric == *metric);
    let of_notes = || {
        let mut notes = view.notepads().flat_map(|site| view.notepad(site));
        notes.any(|n| n.about.as_ref().is_some_and(|a| *a.metric == *metric))
    };
    view.profiles.profiles.values().any(|p| names(p, metric)) || of_closed() || of_notes()
}

/// Whether a profile has it letter for letter; a glob says nothing of a name that nobody has.
fn names(profile: &Profile, metric: &str) -> bool {
    let mut listed = profile.service_types.values().chain(profile.candidates.values()).flatten();
    listed.any(|m| **m == *metric) || profile.metrics.contains_key(metric)
}

/// The worst first: failing by state, then what nobody knows, then OK.
fn rank(status: Option<Status>) -> u8 {
    match status {
        Some(Status::Critical) => 0,
        Some(Status::Unknown) => 1,
        Some(Status::Warning) => 2,
        Some(Status::Missing) => 3,
        None => 4,
        Some(Status::Ok | Status::Downtime) => 5,
    }
}

fn build(
    state: &WebState,
    view: &Arc<View>,
    now: Timestamp,
    metric: &str,
    (stood, journal_error): (Option<Stood>, String),
    hand: Hand,
) -> MetricPage {
    let operators = view.profiles.profiles.get(&view.profiles.operators);
    let settings = operators.map(|p| p.settings(metric)).unwrap_or_default();
    let of_metric = || view.alarms().filter(|a| *a.about.metric == *metric);
    let open: BTreeMap<_, _> = of_metric().map(|a| (&a.key, &a.id)).collect();
    let mut all: Vec<_> = stood.iter().flat_map(|s| s.services.iter().zip(&s.strips)).collect();
    // The rows of a site stay together, at the place of its worst.
    let mut worst: BTreeMap<&Text, (u8, Timestamp)> = BTreeMap::new();
    for (service, strip) in &all {
        let own = (rank(strip.now), strip.since);
        let entry = worst.entry(&service.about.site).or_insert(own);
        *entry = own.min(*entry);
    }
    all.sort_by_key(|(service, strip)| {
        let site = worst.get(&service.about.site).copied();
        (site, service.about.site.clone(), rank(strip.now), service.key.clone())
    });
    let mut counts = [
        ("crit", "critical", 0),
        ("unkn", "unknown", 0),
        ("warn", "warning", 0),
        ("unkn", "not watched", 0),
        ("none", "no data", 0),
        ("ok", "OK", 0),
    ];
    let mut failing: BTreeSet<&Text> = BTreeSet::new();
    let mut sites: BTreeSet<&Text> = BTreeSet::new();
    let mut rows: Vec<MetricRow> = Vec::new();
    for (service, strip) in &all {
        let about = &service.about;
        counts[usize::from(rank(strip.now))].2 += 1;
        sites.insert(&about.site);
        if rank(strip.now) < 3 {
            failing.insert(&about.site);
        }
        let known = operators.map_or(Counted::NotInProfile, |p| counted(view.topology.as_deref(), p, service));
        let site = visible(&about.site).into_owned();
        rows.push(MetricRow {
            same: rows.last().is_some_and(|r| r.site == site),
            site,
            site_link: format!("/sites/{}", ways::segment(&about.site)),
            ngi: visible(&about.ngi).into_owned(),
            service_type: visible(&about.service_type).into_owned(),
            host: visible(&service.key.host).into_owned(),
            state: strip.now.map_or("no data", name),
            class: status_class(strip.now),
            since: if strip.since.0 > 0 { short(strip.since, now) } else { String::new() },
            since_long: if strip.since.0 > 0 { moment(strip.since) } else { String::new() },
            strip: draw(strip, SLOTS, now),
            alarm: open.get(&service.key).map(|id| id.to_string()).unwrap_or_default(),
            words: if known == Counted::Yes { "" } else { known.words() },
        });
    }
    let mut under: BTreeMap<&Text, usize> = BTreeMap::new();
    for cause in of_metric().filter_map(|a| a.cause.as_ref()) {
        *under.entry(cause).or_default() += 1;
    }
    let text = |t: &str| visible(t).into_owned();
    let cause = |(id, alarms): (&Text, usize)| {
        let c = view.causes.get(id)?;
        let (text, who, since) = (text(&c.text), text(&c.who), moment(c.since));
        Some(CauseRow { id: id.to_string(), text, who, since, alarms })
    };
    let prepared = state.prepared(now);
    let proposal = prepared.proposals().iter().find(|p| *p.metric == *metric);
    let first = all.first().map(|(s, _)| &s.about);
    let counting = view.profiles.profiles.values().filter(|p| {
        let critical =
            |t: &str| p.entry(t, metric).is_some_and(|e| e.membership == alarm_core::profile::Membership::Critical);
        match first {
            Some(about) => critical(&about.service_type),
            // Nobody tests it now.
            None => p.service_types.keys().any(|t| critical(t)),
        }
    });
    MetricPage {
        frame: Frame::new(state, view, now, "", clipped(metric, 100).into_owned()),
        metric: text(metric),
        documentation: super::alarm::web_address(settings.documentation.as_deref().unwrap_or("")),
        category: settings.category.as_deref().map(text).unwrap_or_default(),
        profiles: counting.map(|p| text(&p.name)).collect(),
        counts: counts.into_iter().filter(|(_, _, n)| *n > 0).collect(),
        sites_failing: failing.len(),
        sites: sites.len(),
        proposal: proposal.map(|p| Proposal {
            sites: text(&p.sites.join(", ")),
            since: moment(p.since),
            query: ways::query(&[("proposal", metric), ("masked", "show")]),
        }),
        causes: under.into_iter().filter_map(cause).collect(),
        rows,
        hand,
        board: ways::address("/", &[("metric", metric)]),
        journal_error,
    }
}
