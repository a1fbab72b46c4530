//! One alarm, whole, on the board or switched off.

use super::super::WebState;
use super::super::act::Visitor;
use super::super::details::{self, Found, Told};
use super::super::visible::{clipped, visible, visible_lines};
use super::super::words::{age, band_words, local, moment, object, stamp, state_class, times};
use super::deeds::{Deeds, Hand, possible};
use super::error::error;
use super::frame::Frame;
use super::page;
use super::site::{NoteRow, note};
use super::ways;
use crate::view::View;
use crate::web::list::prepared::aged;
use crate::web::past::drawn::{Drawn, draw};
use crate::web::past::period::one_day;
use crate::web::past::stood;
use alarm_core::alarm::{Alarm, Change};
use alarm_core::queue::NextStep;
use alarm_core::time::Timestamp;
use alarm_core::topology::{DowntimeWindow, Severity};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

/// Other alarms of the site that are named; of more, the list is a click away.
const OTHERS: usize = 20;
/// Slots of a strip of 24 hours: ten minutes each.
const SLOTS: u32 = 144;

#[derive(Template)]
#[template(path = "alarm.html")]
struct AlarmPage {
    frame: Frame,
    closed: String,
    metric: String,
    host: String,
    site: String,
    state: &'static str,
    class: &'static str,
    age: String,
    band: &'static str,
    band_class: &'static str,
    failing: bool,
    /// When its OK becomes stable, or that it is.
    stable: String,
    facts: Vec<(&'static str, String)>,
    documentation: String,
    output: String,
    long_output: String,
    perf_data: String,
    flags: Vec<FlagRow>,
    masked_by: Option<Other>,
    masked: bool,
    followers: Vec<Other>,
    cause: Option<(String, String, String)>,
    said: Vec<SaidRow>,
    changes: Vec<ChangeRow>,
    downtimes: Vec<DowntimeRow>,
    /// The site as a whole is out: since and until when; and whether it is advised to be uncertified (AL13).
    site_outage: Option<(String, String, bool)>,
    steps: Vec<StepRow>,
    /// Earlier steps may be gone; empty: none are.
    cut: String,
    journal_error: String,
    on_host: Vec<Other>,
    at_site: Vec<Other>,
    more_at_site: usize,
    site_link: String,
    /// The same metric at other sites.
    elsewhere: Vec<Other>,
    more_elsewhere: usize,
    metric_link: String,
    metric_list: String,
    site_list: String,
    /// How its service stood in the last 24 hours; where the journal can be read.
    strip: Option<Drawn>,
    /// The one next step, or why there is none; and the time that it waits for.
    next: Option<Next>,
    notes: Vec<NoteRow>,
    /// What forms carry, and which there are.
    hand: Hand,
    deeds: Deeds,
}

/// The next step.
struct Next {
    title: &'static str,
    words: &'static str,
    until: String,
    action: bool,
}

struct FlagRow {
    word: String,
    sentence: &'static str,
    detail: String,
    since: String,
    until: String,
}

struct SaidRow {
    monitor: String,
    state: &'static str,
    class: &'static str,
    kind: &'static str,
    since: String,
    output: String,
}

struct ChangeRow {
    at: String,
    iso: String,
    local: String,
    state: &'static str,
    class: &'static str,
    output: String,
    told: &'static str,
    reasons: Vec<&'static str>,
}

struct DowntimeRow {
    kind: &'static str,
    scheduled: &'static str,
    start: String,
    end: String,
    now: &'static str,
    description: String,
    id: String,
}

struct StepRow {
    at: String,
    iso: String,
    seq: u64,
    sentence: String,
}

struct Other {
    id: String,
    state: &'static str,
    class: &'static str,
    site: String,
    what: String,
    age: String,
}

/// `GET /alarms/{id}`.
pub(in crate::web) async fn alarm(State(state): State<WebState>, visitor: Visitor, Path(id): Path<String>) -> Response {
    let (view, now) = (state.view(), state.now());
    let found = match details::find(&state.readers, &view, &id).await {
        Ok(Some(found)) => found,
        Ok(None) => {
            let text = format!(
                "There is no alarm {} that can be shown. It may have been switched off so long ago that the journal no \
                 longer has it.",
                clipped(&id, 64)
            );
            return error(&state, StatusCode::NOT_FOUND, "No such alarm", text);
        }
        Err(e) => {
            let text = visible(&e.to_string()).into_owned();
            return error(&state, StatusCode::SERVICE_UNAVAILABLE, "The journal cannot be read", text);
        }
    };
    let told = details::told(&state.readers, found.alarm.key.clone(), view.seq).await;
    let (told, journal_error) = match told {
        Ok(told) => (told, String::new()),
        Err(e) => (Told::default(), visible(&e.to_string()).into_owned()),
    };
    let strip = stood::of_alarm(&state, &view, &found.alarm, one_day(&view, now)).await;
    let hand = possible(&state, Hand::of(&visitor));
    let mut shown = build(&state, &view, now, &found, (told, journal_error), hand);
    shown.frame = shown.frame.told(&visitor, now);
    shown.strip = strip.ok().map(|s| draw(&s, SLOTS, now));
    if found.alarm.key.service.is_none()
        && let Some(strip) = &mut shown.strip
    {
        // A host's states have words of their own.
        strip.words = strip.words.replace("critical", "down").replace("unknown", "unreachable").replace("OK", "up");
    }
    page(StatusCode::OK, &shown)
}

fn next(view: &View, found: &Found, now: Timestamp) -> Option<Next> {
    let step = match &found.closed {
        None => view.queue(&found.alarm, now).1,
        Some(_) => NextStep::of_closed(view.closed_alarm(&found.alarm.id)?)?,
    };
    Some(Next {
        title: step.title(),
        words: step.words(),
        until: step.until().map(moment).unwrap_or_default(),
        action: step.is_action(),
    })
}

fn build(
    state: &WebState,
    view: &View,
    now: Timestamp,
    found: &Found,
    (told, journal_error): (Told, String),
    hand: Hand,
) -> AlarmPage {
    let alarm: &Alarm = &found.alarm;
    let about = &alarm.about;
    let at = found.closed.as_ref().map_or(now, |c| c.at);
    let a = aged(view, &found.alarm, at);
    let zone = view.topology.as_ref().and_then(|t| t.sites.get(&about.site)).map_or("", |s| &s.timezone);
    let title = format!("{} {} at {}", alarm.state, clipped(&about.metric, 80), clipped(&about.site, 60));
    let (mut followers, mut on_host, mut at_site, mut elsewhere) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for o in view.alarms().filter(|o| o.id != alarm.id) {
        if o.masked_by.as_ref().is_some_and(|m| m.leader == alarm.id) {
            followers.push(other(view, o, now));
        }
        if o.key.host == alarm.key.host {
            on_host.push(other(view, o, now));
        } else if !about.site.is_empty() && o.about.site == about.site {
            at_site.push(o);
        } else if o.about.metric == about.metric && alarm.key.service.is_some() {
            elsewhere.push(o);
        }
    }
    let leader = alarm.masked_by.as_ref().and_then(|m| view.alarm(&m.leader));
    AlarmPage {
        frame: Frame::new(state, view, now, "alarms", title),
        closed: found.closed.as_ref().map(|c| moment(c.at)).unwrap_or_default(),
        metric: visible(&about.metric).into_owned(),
        host: visible(&alarm.key.host).into_owned(),
        site: visible(&about.site).into_owned(),
        state: alarm.state.word(),
        class: state_class(alarm.state),
        age: age(a.age),
        band: band_words(a.band),
        band_class: ["b0", "b1", "b2"][a.band as usize],
        failing: alarm.failing_now(),
        stable: stable(alarm, now),
        facts: facts(view, alarm, zone),
        documentation: web_address(&about.documentation),
        output: visible(&alarm.output).into_owned(),
        long_output: visible_lines(&alarm.long_output).into_owned(),
        perf_data: visible_lines(&alarm.perf_data).into_owned(),
        flags: flags(alarm),
        masked: alarm.masked_by.is_some(),
        masked_by: leader.map(|l| other(view, l, now)),
        followers,
        cause: alarm
            .cause
            .as_ref()
            .and_then(|id| view.causes.get(id))
            .map(|c| (visible(&c.text).into_owned(), visible(&c.who).into_owned(), moment(c.since))),
        said: said(&told),
        changes: alarm.history.iter().rev().map(|c| change(c, zone)).collect(),
        downtimes: downtimes(view, alarm, now),
        site_outage: view
            .site_outage(&about.site, now)
            .map(|o| (moment(o.since), moment(o.until), o.advises_to_uncertify())),
        steps: told.steps.iter().rev().map(step).collect(),
        // An open alarm has kept all of its records.
        cut: told
            .begins
            .filter(|begins| found.closed.is_some() && alarm.raised < *begins)
            .map(crate::explain::cut_before)
            .unwrap_or_default(),
        journal_error,
        on_host,
        more_at_site: at_site.len().saturating_sub(OTHERS),
        at_site: at_site.into_iter().take(OTHERS).map(|o| other(view, o, now)).collect(),
        site_link: format!("/sites/{}", ways::segment(&about.site)),
        more_elsewhere: elsewhere.len().saturating_sub(OTHERS),
        elsewhere: elsewhere.into_iter().take(OTHERS).map(|o| other(view, o, now)).collect(),
        metric_link: match alarm.key.service {
            Some(_) => format!("/metric/{}", ways::segment(&about.metric)),
            None => String::new(),
        },
        metric_list: ways::address("/", &[("metric", &about.metric)]),
        site_list: ways::address("/", &[("site", &about.site)]),
        strip: None,
        next: next(view, found, now),
        notes: alarm.notes.iter().rev().map(|n| note(n, now, &hand)).collect(),
        deeds: Deeds::of(view, alarm),
        hand,
    }
}

fn other(view: &View, alarm: &Arc<Alarm>, now: Timestamp) -> Other {
    Other {
        id: alarm.id.to_string(),
        state: alarm.state.word(),
        class: state_class(alarm.state),
        site: clipped(&alarm.about.site, 60).into_owned(),
        what: clipped(&object(alarm), 160).into_owned(),
        age: age(view.age(alarm, now)),
    }
}

fn stable(alarm: &Alarm, now: Timestamp) -> String {
    match alarm.stable_at() {
        _ if alarm.failing_now() => String::new(),
        Some(t) if t <= now => format!("stable since {}", moment(t)),
        Some(t) => format!("stable from {} on, if it stays OK", moment(t)),
        None => "not stable while it flaps".to_owned(),
    }
}

fn facts(view: &View, alarm: &Alarm, zone: &str) -> Vec<(&'static str, String)> {
    let about = &alarm.about;
    let when = |t: Timestamp| match local(t, zone) {
        Some(l) => format!("{} ({l})", moment(t)),
        None => moment(t),
    };
    let list = |texts: &[alarm_core::input::Text]| visible(&texts.join(", ")).into_owned();
    let certification = view.topology.as_ref().and_then(|t| t.sites.get(&about.site)).map(|s| &s.certification);
    let all = [
        ("In this state since", when(alarm.since)),
        ("First raised", when(alarm.raised)),
        ("This time since", if alarm.episodes > 1 { when(alarm.episode_since) } else { String::new() }),
        ("Failed", times(alarm.episodes)),
        ("Changes OK/not OK of late", alarm.turns.len().to_string()),
        ("Repeated by the monitor", alarm.refreshed.map(when).unwrap_or_default()),
        ("Site", visible(&about.site).into_owned()),
        ("Certification", certification.map(|c| visible(c).into_owned()).unwrap_or_default()),
        ("NGI", visible(&about.ngi).into_owned()),
        ("Host", visible(&alarm.key.host).into_owned()),
        ("Service in Nagios", alarm.key.service.as_deref().map(|s| visible(s).into_owned()).unwrap_or_default()),
        ("Service type", visible(&about.service_type).into_owned()),
        ("VO", visible(&about.vo).into_owned()),
        ("Category", visible(&about.category).into_owned()),
        ("Profiles", list(&about.profiles)),
        ("Seen failing by", list(&alarm.monitors)),
        ("Monitor group", visible(&alarm.key.group).into_owned()),
    ];
    all.into_iter().filter(|(_, v)| !v.is_empty()).collect()
}

/// Only what a browser may follow.
pub(super) fn web_address(text: &str) -> String {
    let good = (text.starts_with("https://") || text.starts_with("http://")) && !text.contains(char::is_control);
    if good { text.to_owned() } else { String::new() }
}

fn flags(alarm: &Alarm) -> Vec<FlagRow> {
    let row = |(flag, mark): (&alarm_core::flag::Flag, &alarm_core::alarm::Mark)| FlagRow {
        word: flag.word().replace('-', " "),
        sentence: flag.sentence(),
        detail: visible(&mark.detail).into_owned(),
        since: if mark.since.0 > 0 { moment(mark.since) } else { String::new() },
        until: mark.until.map(moment).unwrap_or_default(),
    };
    alarm.flags.iter().map(row).collect()
}

fn said(told: &Told) -> Vec<SaidRow> {
    let row = |s: &details::Said| SaidRow {
        monitor: visible(&s.monitor).into_owned(),
        state: s.state.word(),
        class: state_class(s.state),
        kind: if s.hard { "hard" } else { "soft" },
        since: moment(s.since),
        output: visible(&s.output).into_owned(),
    };
    told.said.iter().map(row).collect()
}

fn change(c: &Change, zone: &str) -> ChangeRow {
    let (told, reasons) = match &c.told {
        alarm_core::alarm::Told::Notified => ("notified", Vec::new()),
        alarm_core::alarm::Told::Not(flags) if flags.is_empty() => ("not notified, and nothing says why", Vec::new()),
        alarm_core::alarm::Told::Not(flags) => ("not notified", flags.iter().map(|f| f.sentence()).collect()),
        alarm_core::alarm::Told::NotAsked => ("", Vec::new()),
    };
    ChangeRow {
        at: stamp(c.at),
        iso: c.at.to_string(),
        local: local(c.at, zone).unwrap_or_default(),
        state: c.state.word(),
        class: state_class(c.state),
        output: visible(&c.output).into_owned(),
        told,
        reasons,
    }
}

fn downtimes(view: &View, alarm: &Alarm, now: Timestamp) -> Vec<DowntimeRow> {
    let row = |w: &DowntimeWindow| DowntimeRow {
        kind: match w.severity {
            Severity::Outage => "outage",
            Severity::Warning => "at risk",
        },
        scheduled: if w.scheduled { "scheduled" } else { "unscheduled" },
        start: moment(w.start),
        end: moment(w.end),
        now: match now {
            n if n < w.start => "to come",
            n if n < w.end => "now",
            _ => "over",
        },
        description: visible_lines(&w.description).into_owned(),
        id: visible(&w.id).into_owned(),
    };
    if alarm.key.service.is_some() {
        return view.windows(alarm).iter().map(row).collect();
    }
    // A host's alarm: those of all its services.
    let host = alarm.key.host.to_ascii_lowercase();
    let types = view.downtimes.windows.get(host.as_str());
    types.into_iter().flat_map(|t| t.values()).flatten().map(row).collect()
}

fn step(s: &details::Step) -> StepRow {
    StepRow { at: stamp(s.at), iso: s.at.to_string(), seq: s.seq, sentence: visible(&s.sentence).into_owned() }
}
