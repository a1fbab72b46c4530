//! How fresh every source is, what is in force, and what the journal can still tell.

use super::super::WebState;
use super::super::visible::visible;
use super::super::words::{age, moment};
use super::frame::Frame;
use super::{page, ways};
use crate::topology::published::Shown;
use alarm_core::input::Text;
use alarm_core::time::Timestamp;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Template)]
#[template(path = "sources.html")]
struct SourcesPage {
    frame: Frame,
    monitors: Vec<Configured>,
    profile: String,
    profiles: usize,
    topology: Option<(usize, usize)>,
    downtimes: usize,
    /// What check_bdii found of the topology in BDIIs (AL9).
    published: Vec<PublishedRow>,
    /// Since when the journal is complete; empty: from the first record on.
    truth_begins: String,
    losses: Vec<String>,
    /// When all of it was last read, and what came out.
    checked: String,
    journal_error: String,
}

/// A file of check_bdii's.
struct PublishedRow {
    file: String,
    error: String,
    /// Which BDII, and when it was read; empty: never.
    bdii: String,
    at: String,
    age: String,
    complete: bool,
    count: usize,
    /// Site, what and how often; a link where the topology has the site.
    sites: Vec<(String, String, usize)>,
}

fn published(shown: Shown, known: &BTreeSet<Text>, now: Timestamp) -> PublishedRow {
    let published = shown.published.as_deref();
    let mut sites: BTreeMap<&str, usize> = BTreeMap::new();
    for one in published.iter().flat_map(|p| &p.differences) {
        *sites.entry(&one.site).or_default() += 1;
    }
    let link = |site: &str| match known.contains(site) {
        true => format!("/sites/{}#published", ways::segment(site)),
        false => String::new(),
    };
    PublishedRow {
        file: visible(&shown.path.display().to_string()).into_owned(),
        error: visible(shown.error.as_deref().unwrap_or_default()).into_owned(),
        bdii: published.map(|p| visible(&p.bdii).into_owned()).unwrap_or_default(),
        at: published.map(|p| moment(p.at)).unwrap_or_default(),
        age: published.map(|p| age(now.since(p.at))).unwrap_or_default(),
        complete: published.is_some_and(|p| p.complete),
        count: published.map_or(0, |p| p.differences.len()),
        sites: sites.into_iter().map(|(site, count)| (visible(site).into_owned(), link(site), count)).collect(),
    }
}

/// What is known of a monitor beside its health.
struct Configured {
    name: String,
    group: String,
    started: String,
    services: Option<usize>,
}

/// `GET /sources`.
pub(in crate::web) async fn sources(State(state): State<WebState>) -> Response {
    let (view, now) = (state.view(), state.now());
    let asked = state.readers.ask(|h| Ok((h.truth_begins()?, h.losses()?))).await;
    let (truth_begins, losses, journal_error) = match asked {
        Ok((truth, losses)) => {
            let begins =
                if truth.seq <= 1 { String::new() } else { format!("{} (seq {})", moment(truth.at), truth.seq) };
            let lost = losses.iter().map(|l| {
                format!("records {} to {}, between {} and {}", l.from, l.to, moment(l.from_at), moment(l.to_at))
            });
            (begins, lost.collect(), String::new())
        }
        Err(e) => (String::new(), Vec::new(), visible(&e.to_string()).into_owned()),
    };
    let monitors = view.monitors.iter().map(|(name, m)| Configured {
        name: visible(name).into_owned(),
        group: visible(&m.group).into_owned(),
        started: if m.started.0 > 0 { moment(m.started) } else { String::new() },
        services: m.objects.as_ref().map(|o| o.service_count()),
    });
    let mut known = state.cache.stood.inventory(&view).sites();
    let registered = view.topology.iter().flat_map(|t| t.endpoints.values()).flat_map(|services| services.values());
    known.extend(registered.map(|endpoint| endpoint.site.clone()));
    let frame = Frame::new(&state, &view, now, "sources", "Sources".to_owned());
    let template = SourcesPage {
        frame,
        monitors: monitors.collect(),
        profile: visible(&view.profiles.operators).into_owned(),
        profiles: view.profiles.profiles.len(),
        topology: view
            .topology
            .as_ref()
            .map(|t| (t.sites.len(), t.endpoints.values().map(std::collections::BTreeMap::len).sum())),
        downtimes: view.downtimes.windows.values().flat_map(|t| t.values()).map(Vec::len).sum(),
        published: state.published().into_iter().map(|shown| published(shown, &known, now)).collect(),
        truth_begins,
        losses,
        checked: checked(&state),
        journal_error,
    };
    page(StatusCode::OK, &template)
}

fn checked(state: &WebState) -> String {
    let Some(found) = state.soundness() else { return "not yet in this run".to_owned() };
    let what = if found.whole { "all of it" } else { "its newest records" };
    match found.damage.len() {
        0 => format!("{what}, on {}: sound", moment(found.at)),
        n => format!("{what}, on {}: damaged, {n} findings (above)", moment(found.at)),
    }
}
