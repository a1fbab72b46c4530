//! Questions of pages and interface about how services stood, asked of the journal off the threads that serve.

use super::period::Detail;
use crate::availability::{
    Background, Counted, Knowing, Period, Service, SiteReport, Strip, counted, site_report, strips,
};
use crate::store::{EpisodeQuery, History, StoreError};
use crate::view::View;
use crate::web::WebState;
use crate::web::readers::Unanswered;
use alarm_core::alarm::Alarm;
use alarm_core::input::Text;
use alarm_core::profile::Profile;
use alarm_core::time::Timestamp;
use alarm_core::timeline::{Times, day_begin, day_of};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Closed alarms of a site, and of all, that are looked at, also to find services that no configuration names.
const CLOSED: usize = 500;
const ALL_CLOSED: usize = 5000;

/// Services with their strips.
pub(in crate::web) struct Stood {
    pub(in crate::web) services: Vec<Service>,
    pub(in crate::web) strips: Vec<Strip>,
    /// Since when the journal is complete, where something was cut.
    pub(in crate::web) begins: Option<Timestamp>,
    /// Alarms that were switched off in the period, the last first; security matters are none of them.
    pub(in crate::web) closed: Vec<(Timestamp, Arc<Alarm>)>,
}

/// Of which services.
#[derive(Clone, Debug)]
pub(in crate::web) enum Which {
    /// Of a site.
    Site(String),
    /// Of a metric.
    Metric(String),
}

fn knowing<'a>(view: &'a View, background: &'a Background) -> Knowing<'a> {
    Knowing { background, heard: &view.heard, topology: view.topology.as_deref() }
}

/// The services of a site or metric over a period; nothing lies ahead of the view's time.
pub(in crate::web) async fn stood(
    state: &WebState,
    view: &Arc<View>,
    which: Which,
    period: Period,
) -> Result<Stood, Unanswered> {
    let (view, cache) = (Arc::clone(view), Arc::clone(&state.cache));
    state
        .readers
        .ask(move |history| {
            let inventory = cache.stood.inventory(&view);
            let background = cache.stood.background(history, period)?;
            let closed = match &which {
                Which::Site(site) => ended(history, &view, Some(site), period)?,
                Which::Metric(_) => Vec::new(),
            };
            let alarms: Vec<Arc<Alarm>> =
                view.alarms().cloned().chain(closed.iter().map(|c| Arc::clone(&c.alarm))).collect();
            let services = match &which {
                Which::Site(site) => inventory.at_site(&view, site, &alarms),
                Which::Metric(metric) => inventory.of_metric(&view, metric, &alarms),
            };
            let strips = strips(history, &knowing(&view, &background), &services, period)?;
            // Episodes stand under an alarm's id and a number, what was switched off under the bare id.
            let closed = closed.into_iter().filter(|c| c.off).map(|c| (c.at, c.alarm)).collect();
            Ok(Stood { services, strips, begins: background.begins(), closed })
        })
        .await
}

/// An episode that ended, or an alarm that was switched off.
struct Ended {
    at: Timestamp,
    off: bool,
    alarm: Arc<Alarm>,
}

/// Episodes and alarms, of a site or of all, that ended in the period.
fn ended(history: &dyn History, view: &View, site: Option<&String>, period: Period) -> Result<Vec<Ended>, StoreError> {
    let query = EpisodeQuery {
        site: site.cloned(),
        from: Some(period.from),
        to: Some(period.to),
        upto: period.upto,
        limit: if site.is_some() { CLOSED } else { ALL_CLOSED },
        ..EpisodeQuery::default()
    };
    let operators = view.profiles.profiles.get(&view.profiles.operators);
    let secret = |metric: &str| operators.is_some_and(|p| p.settings(metric).security);
    let mut all = Vec::new();
    for e in history.episodes(&query)?.iter().filter(|e| !secret(&e.metric)) {
        if let Ok(alarm) = serde_json::from_str::<Alarm>(&e.body)
            && !alarm.about.security
        {
            all.push(Ended { at: e.closed, off: !e.id.contains('-'), alarm: Arc::new(alarm) });
        }
    }
    Ok(all)
}

/// The object of one alarm over a period.
pub(in crate::web) async fn of_alarm(
    state: &WebState,
    view: &Arc<View>,
    alarm: &Arc<Alarm>,
    period: Period,
) -> Result<Strip, Unanswered> {
    let (view, cache, alarm) = (Arc::clone(view), Arc::clone(&state.cache), Arc::clone(alarm));
    state
        .readers
        .ask(move |history| {
            let background = cache.stood.background(history, period)?;
            let group = |m: &&Text| view.monitors.get(*m).is_some_and(|m| m.group == alarm.key.group);
            let monitors = view.monitors.keys().filter(group).cloned().collect();
            let service = Service { key: alarm.key.clone(), about: alarm.about.clone(), monitors };
            let mut all = strips(history, &knowing(&view, &background), &[service], period)?;
            Ok(all.pop())
        })
        .await
        .and_then(|strip| strip.ok_or(Unanswered::Ended))
}

/// A row of figures.
#[derive(Clone, Debug, Default)]
pub(in crate::web) struct Row {
    pub(in crate::web) site: Text,
    pub(in crate::web) ngi: Text,
    /// How many metrics count in it.
    pub(in crate::web) services: usize,
    /// Empty: of the whole site.
    pub(in crate::web) service_type: Text,
    /// Empty: of the whole service type.
    pub(in crate::web) host: Text,
    /// Empty: of the whole endpoint.
    pub(in crate::web) metric: Text,
    /// The day, where each has a row.
    pub(in crate::web) day: Option<i32>,
    pub(in crate::web) times: Times,
    /// How many of its days are known by their sums only, since the records were pruned.
    pub(in crate::web) by_sums: u32,
}

/// Which figures are asked for.
#[derive(Clone, Debug, Default)]
pub(in crate::web) struct Asked {
    /// Only of this site; empty: all.
    pub(in crate::web) site: String,
    /// Only of this NGI; empty: all.
    pub(in crate::web) ngi: String,
    /// Only of this service type; empty: all.
    pub(in crate::web) service_type: String,
    /// How far down.
    pub(in crate::web) detail: Detail,
}

/// The figures of sites over a period under a profile, and since when the journal is complete.
pub(in crate::web) async fn figures(
    state: &WebState,
    view: &Arc<View>,
    profile: Arc<Profile>,
    asked: Asked,
    period: Period,
) -> Result<(Vec<Row>, Option<Timestamp>), Unanswered> {
    let (view, cache) = (Arc::clone(view), Arc::clone(&state.cache));
    state
        .readers
        .ask(move |history| {
            let inventory = cache.stood.inventory(&view);
            let background = cache.stood.background(history, period)?;
            let site = (!asked.site.is_empty()).then_some(&asked.site);
            let ended = ended(history, &view, site, period)?;
            let alarms: Vec<Arc<Alarm>> = view.alarms().cloned().chain(ended.into_iter().map(|e| e.alarm)).collect();
            let mut by_site: BTreeMap<&Text, Vec<Arc<Alarm>>> = BTreeMap::new();
            for alarm in &alarms {
                by_site.entry(&alarm.about.site).or_default().push(Arc::clone(alarm));
            }
            let mut rows = Vec::new();
            let mut sites = inventory.sites();
            sites.extend(by_site.keys().filter(|s| !s.is_empty()).map(|s| (*s).clone()));
            for site in sites.iter().filter(|s| asked.site.is_empty() || *asked.site == ***s) {
                let known = view.topology.as_ref().and_then(|t| t.sites.get(site));
                let own = by_site.get(site).map_or(&[][..], Vec::as_slice);
                let mut services = inventory.at_site(&view, site, own);
                let ngi = known.map(|s| &s.ngi).or(services.first().map(|s| &s.about.ngi)).cloned().unwrap_or_default();
                if !asked.ngi.is_empty() && *asked.ngi != *ngi {
                    continue;
                }
                services.retain(|s| {
                    (asked.service_type.is_empty() || *asked.service_type == *s.about.service_type)
                        && counted(view.topology.as_deref(), &profile, s) == Counted::Yes
                });
                if services.is_empty() {
                    continue;
                }
                let strips = strips(history, &knowing(&view, &background), &services, period)?;
                let row = Row { site: site.clone(), ngi, ..Row::default() };
                if asked.detail == Detail::Metric {
                    for (service, strip) in services.iter().zip(&strips) {
                        rows.push(metric(history, &view, &background, service, strip, period, &row)?);
                    }
                    continue;
                }
                rows.extend(of_site(&row, &site_report(&services, &strips, &profile, period), asked.detail));
            }
            Ok((rows, background.begins()))
        })
        .await
}

fn of_site(site: &Row, report: &SiteReport, detail: Detail) -> Vec<Row> {
    let f = &report.figures;
    let row = |service_type: &Text, host: &Text, times: &Times| Row {
        service_type: service_type.clone(),
        host: host.clone(),
        times: *times,
        ..site.clone()
    };
    let none = Text::default();
    match detail {
        Detail::Type => f.types.iter().map(|(t, times)| row(t, &none, times)).collect(),
        Detail::Endpoint => f.endpoints.iter().map(|((t, h), times)| row(t, h, times)).collect(),
        Detail::Day => {
            f.days.iter().map(|(day, times)| Row { day: Some(*day), times: *times, ..site.clone() }).collect()
        }
        Detail::Site | Detail::Metric => vec![Row { services: report.services, times: f.site, ..site.clone() }],
    }
}

/// One metric of one endpoint: what was pruned is known by the sums of its days.
fn metric(
    history: &dyn History,
    view: &View,
    background: &Background,
    service: &Service,
    strip: &Strip,
    period: Period,
    site: &Row,
) -> Result<Row, StoreError> {
    let mut row = Row {
        service_type: service.about.service_type.clone(),
        host: service.key.host.clone(),
        metric: service.about.metric.clone(),
        times: strip.line.times(),
        services: 1,
        ..site.clone()
    };
    // The day on which the journal begins is whole in its sum only.
    let cut = background.begins().filter(|begins| *begins > period.from);
    if let Some(begins) = cut {
        let (first, last) = (day_of(period.from), day_of(begins).min(day_of(period.to.plus(-1))));
        let kept = strip.line.part(day_begin(last + 1), period.to);
        let days = crate::availability::daily(history, &view.heard, service, first, last)?;
        row.times = if kept.to() > kept.from() { kept.times() } else { Times::default() };
        for (_, times) in &days {
            row.times.join(times);
            row.by_sums += 1;
        }
    }
    Ok(row)
}
