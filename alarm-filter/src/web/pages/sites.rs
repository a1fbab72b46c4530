//! All sites: how many alarms in each queue, the worst, downtimes; by name or by the most work.

use super::super::WebState;
use super::super::visible::{clipped, visible};
use super::super::words::{age, state_class};
use super::frame::Frame;
use super::page;
use super::ways::{address, segment};
use crate::view::View;
use crate::web::list::prepared::aged;
use alarm_core::input::Text;
use alarm_core::queue::Queue;
use alarm_core::state::State as Hard;
use alarm_core::time::{Millis, Timestamp};
use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Template)]
#[template(path = "sites.html")]
struct SitesPage {
    frame: Frame,
    queues: Vec<(&'static str, &'static str)>,
    ngis: Vec<String>,
    ngi: String,
    sorts: Vec<(&'static str, &'static str, String, bool)>,
    rows: Vec<SiteRow>,
    all: usize,
    with_alarms: usize,
}

struct SiteRow {
    name: String,
    link: String,
    ngi: String,
    certification: String,
    services: usize,
    /// One a queue, in their order: how many, and where they are.
    counts: Vec<(usize, String)>,
    worst: Option<(&'static str, &'static str)>,
    oldest: String,
    marks: Vec<&'static str>,
}

/// What is counted of a site.
#[derive(Clone, Debug, Default)]
pub(in crate::web) struct Counts {
    /// By queue, as in [`Queue::ON_BOARD`].
    pub(in crate::web) queues: [usize; Queue::ON_BOARD.len()],
    /// The worst state of those that fail.
    pub(in crate::web) worst: Option<Hard>,
    /// The greatest age of those that fail and are neither masked nor set apart, in a downtime or under a cause.
    pub(in crate::web) oldest: Millis,
}

/// The counts of every site that has an alarm (AL17: not of security matters).
pub(in crate::web) fn counted(view: &View, now: Timestamp) -> BTreeMap<Text, Counts> {
    let mut by_site: BTreeMap<Text, Counts> = BTreeMap::new();
    for alarm in view.alarms() {
        let a = aged(view, alarm, now);
        let queue = Queue::of(alarm, now, a.band);
        let counts = by_site.entry(alarm.about.site.clone()).or_default();
        if let Some(n) = Queue::ON_BOARD.iter().position(|q| *q == queue) {
            counts.queues[n] += 1;
        }
        if alarm.failing_now() {
            let worse = counts.worst.is_none_or(|w| alarm.state.badness() > w.badness());
            counts.worst = if worse { Some(alarm.state) } else { counts.worst };
            if matches!(queue, Queue::Over72 | Queue::Over24 | Queue::New) {
                counts.oldest = counts.oldest.max(a.age);
            }
        }
    }
    by_site
}

/// `GET /sites`.
pub(in crate::web) async fn sites(
    State(state): State<WebState>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    let (view, now) = (state.view(), state.now());
    let value = |name: &str| pairs.iter().rev().find(|(n, _)| n == name).map_or("", |(_, v)| v.trim());
    let (ngi, sort) = (value("ngi"), value("sort"));
    let counts = counted(&view, now);
    let inventory = state.cache.stood.inventory(&view);
    let mut names: BTreeSet<Text> = inventory.sites();
    names.extend(counts.keys().filter(|s| !s.is_empty()).cloned());
    let known = |site: &str| view.topology.as_ref().and_then(|t| t.sites.get(site));
    let ngi_of: BTreeMap<&Text, &Text> = view.alarms().map(|a| (&a.about.site, &a.about.ngi)).collect();
    let ngi_name = |site: &Text| known(site).map(|s| &s.ngi).or(ngi_of.get(site).copied()).cloned().unwrap_or_default();
    let all = names.len();
    let ngis: BTreeSet<Text> = names.iter().map(ngi_name).filter(|n| !n.is_empty()).collect();
    let none = Counts::default();
    let mut rows: Vec<(Text, Text, &Counts)> = names
        .into_iter()
        .map(|site| {
            let (ngi, counts) = (ngi_name(&site), counts.get(&site).unwrap_or(&none));
            (site, ngi, counts)
        })
        .filter(|(_, n, _)| ngi.is_empty() || **n == *ngi)
        .collect();
    match sort {
        "name" => {}
        "ngi" => rows.sort_by(|a, b| a.1.cmp(&b.1)),
        "worst" => rows.sort_by_key(|(_, _, c)| Reverse(c.worst.map_or(0, |s| s.badness() + 1))),
        "oldest" => rows.sort_by_key(|(_, _, c)| Reverse(c.oldest)),
        // The most urgent work first: by the queues in their order.
        _ => rows.sort_by_key(|(_, _, c)| Reverse(c.queues)),
    }
    let sorted = if matches!(sort, "name" | "ngi" | "worst" | "oldest") { sort } else { "work" };
    let row = |(site, ngi, c): &(Text, Text, &Counts)| {
        let certification = known(site).map_or("", |s| &s.certification);
        let mut marks = Vec::new();
        if let Some(outage) = view.site_outage(site, now) {
            marks.push("site in outage");
            marks.extend(outage.advises_to_uncertify().then_some("over a month"));
        }
        marks.extend((known(site).is_none() && view.topology.is_some()).then_some("not in the topology"));
        let link = |queue: &Queue| address("/", &[("site", site), ("queue", queue.word())]);
        SiteRow {
            name: clipped(site, 60).into_owned(),
            link: format!("/sites/{}", segment(site)),
            ngi: clipped(ngi, 40).into_owned(),
            certification: visible(certification).into_owned(),
            services: inventory.count(site),
            counts: Queue::ON_BOARD.iter().zip(c.queues).map(|(q, n)| (n, link(q))).collect(),
            worst: c.worst.map(|s| (s.word(), state_class(s))),
            oldest: if c.oldest > 0 { age(c.oldest) } else { String::new() },
            marks,
        }
    };
    let rows: Vec<SiteRow> = rows.iter().map(row).collect();
    let sorts =
        [("work", "Most work"), ("name", "Name"), ("ngi", "NGI"), ("worst", "Worst state"), ("oldest", "Oldest")];
    let link = |word: &str| address("/sites", &[("ngi", ngi), ("sort", if word == "work" { "" } else { word })]);
    let shown = SitesPage {
        frame: Frame::new(&state, &view, now, "sites", "Sites".to_owned()),
        queues: Queue::ON_BOARD.iter().map(|q| (q.title(), q.sentence())).collect(),
        ngis: ngis.iter().map(|n| visible(n).into_owned()).collect(),
        ngi: visible(ngi).into_owned(),
        sorts: sorts.into_iter().map(|(word, name)| (word, name, link(word), word == sorted)).collect(),
        with_alarms: rows.iter().filter(|r| r.counts.iter().any(|(n, _)| *n > 0)).count(),
        rows,
        all,
    };
    page(StatusCode::OK, &shown)
}
