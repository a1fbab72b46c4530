//! A site: its services and how they stood, downtimes, contacts, alarms, availability of the month.

use super::super::WebState;
use super::super::act::Visitor;
use super::super::visible::{clipped, visible, visible_lines};
use super::super::words::{age, local, moment, object, short, state_class};
use super::availability::{Cells, cells};
use super::deeds::{Hand, possible};
use super::error::error;
use super::frame::Frame;
use super::page;
use super::ways;
use crate::availability::{Counted, counted};
use crate::topology::published::Difference;
use crate::view::View;
use crate::web::list::prepared::aged;
use crate::web::past::drawn::{Drawn, draw, name, status_class};
use crate::web::past::period::{Query, thirty_days};
use crate::web::past::stood::{self, Asked, Stood, Which};
use alarm_core::alarm::Alarm;
use alarm_core::command::NoteOn;
use alarm_core::notepad::Note;
use alarm_core::time::{DAY, Timestamp};
use alarm_core::topology::{DowntimeWindow, Severity};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Slots of a strip of 30 days: two hours each.
const SLOTS: u32 = 360;
/// Closed alarms that are listed.
const CLOSED: usize = 20;
/// How long ago a downtime may be over and still be listed.
const LATELY: i64 = 7 * DAY;

#[derive(Template)]
#[template(path = "site.html")]
struct SitePage {
    frame: Frame,
    site: String,
    /// As forms send it, letter for letter.
    site_name: String,
    /// The same as part of an address.
    segment: String,
    ngi: String,
    declared: bool,
    facts: Vec<(&'static str, String)>,
    contacts: Vec<Contact>,
    /// The site as a whole is out: since and until when; and whether it is advised to be uncertified (AL13).
    outage: Option<(String, String, bool)>,
    /// By service type and host.
    endpoints: Vec<EndpointRows>,
    /// Registered services that nobody tests.
    unwatched: Vec<Unwatched>,
    services: usize,
    /// Where a BDII and GOCDB differ (AL9).
    differences: Vec<DifferenceRow>,
    downtimes: Vec<DowntimeRow>,
    alarms: Vec<AlarmRow>,
    board: String,
    closed: Vec<ClosedRow>,
    notes: Vec<NoteRow>,
    hand: Hand,
    month: String,
    months: Vec<(String, String, Cells)>,
    journal_error: String,
    begins: String,
    now: String,
    site_time: String,
}

struct Contact {
    name: String,
    value: String,
    /// `mailto:` or `tel:`; empty: no link.
    link: String,
}

struct EndpointRows {
    host: String,
    service_type: String,
    marks: Vec<&'static str>,
    rows: Vec<ServiceRow>,
}

struct ServiceRow {
    metric: String,
    metric_link: String,
    vo: String,
    state: &'static str,
    class: &'static str,
    since: String,
    since_long: String,
    strip: Drawn,
    alarm: String,
    counts: &'static str,
    available: String,
}

struct Unwatched {
    host: String,
    service_type: String,
    marks: Vec<&'static str>,
}

struct DifferenceRow {
    text: String,
    advice: &'static str,
    bdii: String,
    at: String,
}

struct DowntimeRow {
    now: &'static str,
    class: &'static str,
    kind: &'static str,
    scheduled: &'static str,
    start: String,
    end: String,
    local: String,
    id: String,
    services: String,
    description: String,
    order: (u8, i64),
}

struct AlarmRow {
    id: String,
    state: &'static str,
    class: &'static str,
    what: String,
    age: String,
    flags: String,
}

/// A note, on the site or on one of its alarms (DE1).
pub(super) struct NoteRow {
    pub(super) text: String,
    pub(super) who: String,
    pub(super) at: String,
    pub(super) iso: String,
    /// The alarm that it is on; empty: on the site.
    pub(super) alarm: String,
    pub(super) about: String,
    /// Its id, for whoever wrote it to take it back; empty: somebody else did.
    pub(super) own: String,
}

/// A note for a page.
pub(super) fn note(note: &Note, now: Timestamp, hand: &Hand) -> NoteRow {
    let (alarm, about) = match (&note.on, &note.about) {
        (NoteOn::Alarm(id), Some(about)) => {
            (id.to_string(), clipped(&format!("{} on {}", about.metric, about.host), 160).into_owned())
        }
        (NoteOn::Alarm(id), None) => (id.to_string(), "an alarm".to_owned()),
        (NoteOn::Site(_), _) => (String::new(), String::new()),
    };
    NoteRow {
        text: visible_lines(&note.text).into_owned(),
        who: visible(&note.who).into_owned(),
        at: short(note.at, now),
        iso: note.at.to_string(),
        alarm,
        about,
        own: if hand.is(&note.who) { note.id.to_string() } else { String::new() },
    }
}

struct ClosedRow {
    id: String,
    what: String,
    at: String,
    raised: String,
}

/// `GET /sites/{name}`.
pub(in crate::web) async fn site(
    State(state): State<WebState>,
    visitor: Visitor,
    Path(site): Path<String>,
) -> Response {
    let (view, now) = (state.view(), state.now());
    let period = thirty_days(&view, now);
    let asked = stood::stood(&state, &view, Which::Site(site.clone()), period).await;
    let (stood, mut journal_error) = match asked {
        Ok(stood) => (Some(stood), String::new()),
        Err(e) => (None, visible(&e.to_string()).into_owned()),
    };
    let declared = view.topology.as_ref().is_some_and(|t| t.sites.contains_key(site.as_str()));
    let known = declared
        || stood.as_ref().is_some_and(|s| !s.services.is_empty())
        || view
            .topology
            .as_ref()
            .is_some_and(|t| t.endpoints.values().flat_map(|e| e.values()).any(|e| *e.site == *site))
        || view.alarms().any(|a| *a.about.site == *site);
    if !known {
        let text = format!(
            "Neither the topology nor a monitor knows a site '{}'. Names are those of GOCDB, capitals and all.",
            clipped(&site, 64)
        );
        return error(&state, StatusCode::NOT_FOUND, "No such site", text);
    }
    let mut months = Vec::new();
    let query = Query::read(&[], &view, now);
    for (name, profile) in &view.profiles.profiles {
        let asked = Asked { site: site.clone(), ..Asked::default() };
        let period = query.period(&view, now);
        match stood::figures(&state, &view, Arc::new(profile.clone()), asked, period).await {
            Ok((rows, _)) => {
                if let Some(row) = rows.first() {
                    let link = ways::address("/availability", &[("site", &site), ("profile", name)]);
                    months.push((visible(name).into_owned(), link, cells(&row.times)));
                }
            }
            Err(e) => journal_error = visible(&e.to_string()).into_owned(),
        }
    }
    let hand = possible(&state, Hand::of(&visitor));
    let mut shown = build(&state, &view, now, &site, stood, (months, journal_error), hand);
    shown.frame = shown.frame.told(&visitor, now);
    page(StatusCode::OK, &shown)
}

fn build(
    state: &WebState,
    view: &Arc<View>,
    now: Timestamp,
    site: &str,
    stood: Option<Stood>,
    (months, journal_error): (Vec<(String, String, Cells)>, String),
    hand: Hand,
) -> SitePage {
    let topology = view.topology.as_deref();
    let known = topology.and_then(|t| t.sites.get(site));
    let zone = known.map_or("", |s| &s.timezone);
    let begins = stood.as_ref().and_then(|s| s.begins).filter(|b| *b > now.plus(-30 * DAY));
    let mut alarms: Vec<&Arc<Alarm>> = view.alarms().filter(|a| *a.about.site == *site).collect();
    alarms.sort_by_key(|a| (!a.failing_now(), std::cmp::Reverse(view.age(a, now)), a.id.clone()));
    let text = |t: &str| visible(t).into_owned();
    let ngi = known.map(|s| &s.ngi).or(alarms.first().map(|a| &a.about.ngi)).map(|n| text(n)).unwrap_or_default();
    let facts = known.map_or(Vec::new(), |s| {
        vec![
            ("Certification", text(&s.certification)),
            ("Infrastructure", text(&s.infrastructure)),
            ("Time zone", text(&s.timezone)),
            ("Mails from GOCDB", if s.notifications { "on".to_owned() } else { "off".to_owned() }),
        ]
    });
    let closed = stood.as_ref().map_or(&[][..], |s| &s.closed);
    let (endpoints, unwatched, services) = endpoints(view, site, stood.as_ref(), now);
    SitePage {
        frame: Frame::new(state, view, now, "sites", format!("Site {}", clipped(site, 60))),
        site: text(site),
        site_name: site.to_owned(),
        segment: ways::segment(site),
        ngi,
        declared: known.is_some(),
        facts: facts.into_iter().filter(|(_, v)| !v.is_empty()).collect(),
        contacts: known.map_or(Vec::new(), |s| s.contacts.iter().map(|(n, v)| contact(n, v)).collect()),
        outage: view.site_outage(site, now).map(|o| (moment(o.since), moment(o.until), o.advises_to_uncertify())),
        endpoints,
        unwatched,
        services,
        differences: differences(state, site, now),
        downtimes: downtimes(view, site, zone, now),
        alarms: alarms.iter().map(|a| alarm_row(view, a, now)).collect(),
        board: ways::address("/", &[("site", site)]),
        // Episodes of an alarm stand under its id and a number; what was switched off under the bare id.
        closed: closed.iter().take(CLOSED).map(|(at, a)| closed_row(*at, a, now)).collect(),
        notes: view.notepad(site).map(|n| note(n, now, &hand)).collect(),
        hand,
        month: crate::web::past::period::date(Query::read(&[], view, now).first).chars().take(7).collect(),
        months,
        journal_error,
        begins: begins.map(moment).unwrap_or_default(),
        now: moment(now),
        site_time: local(now, zone).unwrap_or_default(),
    }
}

fn contact(name: &str, value: &str) -> Contact {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@._+-".contains(c);
    let mail = name.ends_with("EMAIL") && value.contains('@') && value.chars().all(plain);
    let digits: String = value.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    let telephone =
        name.ends_with("TEL") && digits.len() > 4 && value.chars().all(|c| c.is_ascii_digit() || "+ ()-./".contains(c));
    let words = match name {
        "CONTACT_EMAIL" => "Contact, mail".to_owned(),
        "CONTACT_TEL" => "Contact, telephone".to_owned(),
        "ALARM_EMAIL" => "Alarms, mail".to_owned(),
        "CSIRT_EMAIL" => "Security, mail".to_owned(),
        "CSIRT_TEL" => "Security, telephone".to_owned(),
        "EMERGENCY_EMAIL" => "Emergency, mail".to_owned(),
        "EMERGENCY_TEL" => "Emergency, telephone".to_owned(),
        "HELPDESK_EMAIL" => "Helpdesk, mail".to_owned(),
        other => visible(other).into_owned(),
    };
    let link = match (mail, telephone) {
        (true, _) => format!("mailto:{value}"),
        (_, true) => format!("tel:{digits}"),
        _ => String::new(),
    };
    Contact { name: words, value: visible(value).into_owned(), link }
}

/// What check_bdii found; BDIIs and GOCDB differ in the capitals of names.
fn differences(state: &WebState, site: &str, now: Timestamp) -> Vec<DifferenceRow> {
    let published = state.published().into_iter().filter_map(|shown| shown.published);
    let rows = published.flat_map(|published| {
        let of_site = published.differences.iter().filter(|d| d.site.eq_ignore_ascii_case(site));
        let row = |d: &Difference| DifferenceRow {
            text: visible(&d.text).into_owned(),
            advice: d.what.advice(),
            bdii: visible(&published.bdii).into_owned(),
            at: short(published.at, now),
        };
        of_site.map(row).collect::<Vec<_>>()
    });
    rows.collect()
}

/// What the topology says of a service, where it is not as it should be.
fn marks(view: &View, host: &str, service_type: &str, now: Timestamp) -> Vec<&'static str> {
    let mut marks = Vec::new();
    if let Some(topology) = &view.topology {
        match topology.endpoint(host, service_type) {
            None => marks.push("not registered"),
            Some(e) => {
                marks.extend((!e.monitored).then_some("monitoring off"));
                marks.extend((!e.in_production).then_some("not in production"));
            }
        }
    }
    let windows = alarm_core::downtime::whole_windows(view.topology.as_deref(), &view.downtimes, host, service_type);
    if alarm_core::downtime::cover(&windows, Severity::Outage, now).is_some() {
        marks.push("outage now");
    } else if alarm_core::downtime::cover(&windows, Severity::Warning, now).is_some() {
        marks.push("at risk now");
    }
    marks
}

fn endpoints(
    view: &View,
    site: &str,
    stood: Option<&Stood>,
    now: Timestamp,
) -> (Vec<EndpointRows>, Vec<Unwatched>, usize) {
    let operators = view.profiles.profiles.get(&view.profiles.operators);
    let mut by_endpoint: BTreeMap<(String, String), Vec<ServiceRow>> = BTreeMap::new();
    let open: BTreeMap<_, _> = view.alarms().filter(|a| *a.about.site == *site).map(|a| (&a.key, &a.id)).collect();
    let pairs = stood.into_iter().flat_map(|s| s.services.iter().zip(&s.strips));
    let mut count = 0;
    for (service, strip) in pairs {
        count += 1;
        let about = &service.about;
        let counts = operators.map_or(Counted::NotInProfile, |p| counted(view.topology.as_deref(), p, service));
        let row = ServiceRow {
            metric: visible(&about.metric).into_owned(),
            metric_link: format!("/metric/{}", ways::segment(&about.metric)),
            vo: visible(&about.vo).into_owned(),
            state: strip.now.map_or("no data", name),
            class: status_class(strip.now),
            since: if strip.since.0 > 0 { short(strip.since, now) } else { String::new() },
            since_long: if strip.since.0 > 0 { moment(strip.since) } else { String::new() },
            strip: draw(strip, SLOTS, now),
            alarm: open.get(&service.key).map(|id| id.to_string()).unwrap_or_default(),
            counts: if counts == Counted::Yes { "" } else { counts.words() },
            available: strip.line.times().availability().map(percent).unwrap_or_default(),
        };
        by_endpoint.entry((about.service_type.to_string(), service.key.host.to_string())).or_default().push(row);
    }
    let declared = view.topology.iter().flat_map(|t| &t.endpoints);
    let mut unwatched = Vec::new();
    for (host, types) in declared {
        for (service_type, _) in types.iter().filter(|(_, e)| *e.site == *site) {
            let tested = by_endpoint.keys().any(|(t, h)| **t == **service_type && h.eq_ignore_ascii_case(host));
            if !tested {
                unwatched.push(Unwatched {
                    host: visible(host).into_owned(),
                    service_type: visible(service_type).into_owned(),
                    marks: marks(view, host, service_type, now),
                });
            }
        }
    }
    let rows = by_endpoint.into_iter().map(|((service_type, host), rows)| EndpointRows {
        marks: marks(view, &host, &service_type, now),
        host: visible(&host).into_owned(),
        service_type: visible(&service_type).into_owned(),
        rows,
    });
    (rows.collect(), unwatched, count)
}

/// A figure in percent, short.
pub(super) fn percent(share: alarm_core::timeline::Share) -> String {
    // Never rounded up to a whole hundred.
    let tenths = share.0 / 100;
    format!("{}.{} %", tenths / 10, tenths % 10)
}

fn downtimes(view: &View, site: &str, zone: &str, now: Timestamp) -> Vec<DowntimeRow> {
    let mut by_id: BTreeMap<(&str, i64, i64), (DowntimeWindow, Vec<String>)> = BTreeMap::new();
    let of_site = |host: &str, service_type: &str| {
        view.topology.as_ref().and_then(|t| t.endpoint(host, service_type)).is_some_and(|e| *e.site == *site)
    };
    for (host, types) in &view.downtimes.windows {
        for (service_type, windows) in types.iter().filter(|(t, _)| of_site(host, t)) {
            for w in windows.iter().filter(|w| w.end > now.plus(-LATELY)) {
                let entry = by_id.entry((&w.id, w.start.0, w.end.0)).or_insert_with(|| (w.clone(), Vec::new()));
                let parts =
                    if w.endpoints.is_empty() { String::new() } else { format!(" ({})", w.endpoints.join(", ")) };
                entry.1.push(format!("{service_type} on {host}{parts}"));
            }
        }
    }
    let row = |(w, services): (DowntimeWindow, Vec<String>)| {
        let (now_words, class, rank) = match now {
            n if n < w.start => ("to come", "next", 1),
            n if n < w.end => ("now", "now", 0),
            _ => ("over", "over", 2),
        };
        let local = |t| local(t, zone);
        DowntimeRow {
            now: now_words,
            class,
            kind: match w.severity {
                Severity::Outage => "outage",
                Severity::Warning => "at risk",
            },
            scheduled: if w.scheduled { "scheduled" } else { "unscheduled" },
            start: moment(w.start),
            end: moment(w.end),
            local: local(w.start).zip(local(w.end)).map(|(a, b)| format!("{a} to {b}")).unwrap_or_default(),
            id: visible(&w.id).into_owned(),
            services: visible(&services.join(", ")).into_owned(),
            description: visible_lines(&w.description).into_owned(),
            order: (rank, if rank == 2 { -w.end.0 } else { w.start.0 }),
        }
    };
    let mut rows: Vec<DowntimeRow> = by_id.into_values().map(row).collect();
    rows.sort_by_key(|r| r.order);
    rows
}

fn alarm_row(view: &View, alarm: &Arc<Alarm>, now: Timestamp) -> AlarmRow {
    let flags: Vec<String> = alarm.flags.keys().map(|f| f.word().replace('-', " ")).collect();
    AlarmRow {
        id: alarm.id.to_string(),
        state: alarm.state.word(),
        class: state_class(alarm.state),
        what: clipped(&object(alarm), 160).into_owned(),
        age: age(aged(view, alarm, now).age),
        flags: flags.join(", "),
    }
}

fn closed_row(at: Timestamp, alarm: &Alarm, now: Timestamp) -> ClosedRow {
    ClosedRow {
        id: alarm.id.to_string(),
        what: clipped(&object(alarm), 160).into_owned(),
        at: short(at, now),
        raised: short(alarm.raised, now),
    }
}
