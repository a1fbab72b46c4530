//! The list of alarms: one line each, what needs work first.

use super::super::WebState;
use super::super::act::Visitor;
use super::super::filter::{Filter, Masked, Sort};
use super::super::prepared::{Prepared, Suggestions};
use super::super::problem::Fault;
use super::super::select::{Aged, Group, Selection, Standing, select};
use super::super::visible::{clipped, visible};
use super::super::words::{age, band_words, local, moment, object, short, state_class};
use super::frame::Frame;
use super::page;
use crate::view::View;
use alarm_core::alarm::{Alarm, Band};
use alarm_core::flag::Flag;
use alarm_core::state::State as Is;
use alarm_core::time::{HOUR, Timestamp};
use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use std::cmp::Reverse;
use std::sync::Arc;

/// Alarms on a page, unless the address says otherwise.
const PAGE: usize = 100;
/// Masked alarms named under one; the details have all of them.
const FOLLOWERS: usize = 12;
/// Most alarms on a page; the interface has no such limit.
const MOST: usize = 1000;

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage {
    frame: Frame,
    form: Form,
    faults: Vec<Fault>,
    counts: Vec<Count>,
    proposals: Vec<Proposal>,
    blocks: Vec<Block>,
    columns: Vec<Column>,
    total: usize,
    matched: usize,
    folded: usize,
    page: usize,
    pages: usize,
    previous: Option<String>,
    next: Option<String>,
    filtered: bool,
    /// Everything is of one NGI: its column tells nothing.
    one_ngi: bool,
}

/// A figure that is a link to what it counts.
struct Count {
    number: usize,
    words: &'static str,
    class: &'static str,
    link: &'static str,
}

/// Several sites with the same metric at the same time (AL18).
struct Proposal {
    metric: String,
    sites: String,
    since: String,
    link: String,
}

/// Lines under one heading.
struct Block {
    heading: Option<(&'static str, usize)>,
    rows: Vec<Row>,
}

/// A column's head, which sorts.
struct Column {
    name: &'static str,
    class: &'static str,
    link: Option<String>,
    /// `ascending`, `descending`, or empty.
    sorted: &'static str,
}

/// What the form shows.
struct Form {
    values: Vec<(String, String)>,
    known: Arc<Suggestions>,
    flags: [Flag; 13],
}

impl Form {
    fn value(&self, name: &str) -> &str {
        self.values.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.value(name).eq_ignore_ascii_case(value)
    }
}

/// One alarm.
struct Row {
    id: String,
    state: &'static str,
    class: &'static str,
    standing: &'static str,
    age: String,
    band: &'static str,
    band_class: &'static str,
    /// Of 96 hours.
    hours: i64,
    since: String,
    since_iso: String,
    since_title: String,
    site: String,
    ngi: String,
    service_type: String,
    metric: String,
    host: String,
    chips: Vec<Chip>,
    followers: Vec<Follower>,
    /// How many there are; not all of them are named.
    masks: usize,
    episodes: String,
    episodes_title: String,
    output: String,
}

/// A word beside an alarm.
struct Chip {
    word: String,
    class: &'static str,
    title: String,
    link: String,
}

/// An alarm folded under another.
struct Follower {
    id: String,
    state: &'static str,
    class: &'static str,
    what: String,
}

/// Flags that stay as long as something lasts; the others are reasons of a moment.
const LASTING: [Flag; 13] = [
    Flag::MonitoringOff,
    Flag::NotInProduction,
    Flag::NotRegistered,
    Flag::Outage,
    Flag::AtRisk,
    Flag::HostNotUp,
    Flag::Flapping,
    Flag::Acknowledged,
    Flag::Muted,
    Flag::NagiosDowntime,
    Flag::TimeOut,
    Flag::NoLongerMonitored,
    Flag::NotSettled,
];

/// `GET /`.
pub(in crate::web) async fn list(
    State(state): State<WebState>,
    visitor: Visitor,
    Query(mut pairs): Query<Vec<(String, String)>>,
) -> Response {
    // What became of an action is shown once, and stands in no link.
    pairs.retain(|(name, _)| name != "flash");
    let (mut filter, faults) = Filter::parse(&pairs);
    filter.limit = filter.limit.map(|l| l.min(MOST));
    let now = state.now();
    let all = state.prepared(now);
    let values: Vec<_> = pairs.into_iter().filter(|(_, v)| !v.trim().is_empty()).collect();
    let mut shown = build(&state, &all, now, &filter, values, faults);
    shown.frame = shown.frame.told(&visitor, now);
    page(StatusCode::OK, &shown)
}

fn build(
    state: &WebState,
    from: &Prepared,
    now: Timestamp,
    filter: &Filter,
    values: Vec<(String, String)>,
    faults: Vec<Fault>,
) -> ListPage {
    let view: &View = &from.view;
    let s = select(from, filter, now, PAGE);
    let overdue = s.problems[Band::Overdue as usize];
    let title = if overdue == 0 { "Alarms".to_owned() } else { format!("({overdue} over 72 h) Alarms") };
    let mut frame = Frame::new(state, view, now, "alarms", title);
    frame.refresh = if filter.refresh >= 10 { filter.refresh } else { 0 };
    let to_page = |n: usize| address(&values, "page", &n.to_string());
    let filtered = values.iter().any(|(n, _)| !matches!(n.as_str(), "sort" | "page" | "limit" | "refresh"));
    let columns = columns(filter, &values);
    let (previous, next) = ((s.page > 1).then(|| to_page(s.page - 1)), (s.page < s.pages).then(|| to_page(s.page + 1)));
    let form = Form { values, known: state.cache.suggestions(view, now), flags: LASTING };
    ListPage {
        frame,
        counts: counts(&s),
        proposals: proposals(from),
        blocks: blocks(view, &s, now, filter),
        columns,
        total: s.total,
        matched: s.matched,
        folded: s.folded,
        page: s.page,
        pages: s.pages,
        previous,
        next,
        filtered,
        one_ngi: form.known.ngis.len() < 2,
        form,
        faults,
    }
}

fn counts(s: &Selection<'_>) -> Vec<Count> {
    let state = |state: Is| s.states.get(&state).copied().unwrap_or(0);
    let down = state(Is::Down) + state(Is::Unreachable);
    let [young, rod, overdue] = s.problems;
    let count = |number, words, class, link| Count { number, words, class, link };
    vec![
        count(overdue, "over 72 h", "b2", "?band=overdue&state=problem"),
        count(rod, "24 to 72 h", "b1", "?band=rod&state=problem"),
        count(young, "under 24 h", "b0", "?band=first-line&state=problem"),
        count(state(Is::Critical), "critical", "crit", "?state=CRITICAL"),
        count(down, "hosts down", "crit", "?state=DOWN&state=UNREACHABLE"),
        count(state(Is::Warning), "warning", "warn", "?state=WARNING"),
        count(state(Is::Unknown), "unknown", "unkn", "?state=UNKNOWN"),
        count(state(Is::Ok) + state(Is::Up), "OK, to switch off", "ok", "?state=good"),
    ]
}

fn proposals(from: &Prepared) -> Vec<Proposal> {
    let shown = from.proposals().iter().map(|p| Proposal {
        metric: visible(&p.metric).into_owned(),
        sites: visible(&p.sites.join(", ")).into_owned(),
        since: moment(p.since),
        link: address(&[], "metric", &p.metric),
    });
    shown.collect()
}

fn heading((standing, Reverse(band)): Group) -> &'static str {
    match (standing, band) {
        (Standing::Failing, Band::Overdue) => "Over 72 h",
        (Standing::Failing, Band::Rod) => "24 to 72 h: need a ticket",
        (Standing::Failing, Band::FirstLine) => "Under 24 h",
        (Standing::Apart, _) => "Set apart, in a downtime, masked, or under a common cause",
        (Standing::Good, _) => "OK: stay until they are switched off",
    }
}

fn blocks(view: &View, s: &Selection<'_>, now: Timestamp, filter: &Filter) -> Vec<Block> {
    let mut blocks: Vec<(Option<Group>, Block)> = Vec::new();
    for a in &s.rows {
        let group = (filter.sort == Sort::Work).then(|| a.group());
        if blocks.last().is_none_or(|(g, _)| *g != group) {
            let heading = group.map(|g| (heading(g), s.groups.get(&g).copied().unwrap_or(0)));
            blocks.push((group, Block { heading, rows: Vec::new() }));
        }
        if let Some((_, block)) = blocks.last_mut() {
            block.rows.push(row(view, a, s, now, filter));
        }
    }
    blocks.into_iter().map(|(_, b)| b).collect()
}

fn row(view: &View, a: &Aged<'_>, s: &Selection<'_>, now: Timestamp, filter: &Filter) -> Row {
    let alarm: &Alarm = a.alarm;
    let about = &alarm.about;
    let zone = view.topology.as_ref().and_then(|t| t.sites.get(&about.site)).map_or("", |s| &s.timezone);
    let at_site = local(alarm.since, zone).map(|l| format!(" ({l})")).unwrap_or_default();
    let folded = if filter.masked == Masked::Fold { s.followers.get(&*alarm.id) } else { None };
    let follower = |f: &Arc<Alarm>| Follower {
        id: f.id.to_string(),
        state: f.state.word(),
        class: state_class(f.state),
        what: clipped(&object(f), 120).into_owned(),
    };
    Row {
        id: alarm.id.to_string(),
        state: alarm.state.word(),
        class: state_class(alarm.state),
        standing: match a.standing {
            Standing::Failing => "",
            Standing::Apart => "apart",
            Standing::Good => "good",
        },
        age: age(a.age),
        band: match (Alarm::band(a.age), a.band) {
            (Band::Overdue, Band::Rod) => "over 72 h by the clock, not when days off are left out",
            (_, band) => band_words(band),
        },
        band_class: ["b0", "b1", "b2"][a.band as usize],
        hours: (a.age / HOUR).clamp(1, 96),
        since: short(alarm.since, now),
        since_iso: alarm.since.to_string(),
        since_title: format!("{}{at_site}", moment(alarm.since)),
        site: visible(&about.site).into_owned(),
        ngi: visible(&about.ngi).into_owned(),
        service_type: visible(&about.service_type).into_owned(),
        metric: visible(&about.metric).into_owned(),
        host: visible(&alarm.key.host).into_owned(),
        chips: chips(view, alarm, now),
        masks: folded.map_or(0, Vec::len),
        followers: folded.into_iter().flatten().take(FOLLOWERS).map(|f| follower(f)).collect(),
        episodes: if alarm.episodes > 1 { alarm.episodes.to_string() } else { String::new() },
        episodes_title: format!(
            "failed {}, {} between OK and not OK of late",
            times(alarm.episodes),
            match alarm.turns.len() {
                1 => "1 change".to_owned(),
                n => format!("{n} changes"),
            }
        ),
        output: clipped(without_state(&alarm.output, alarm.state), 240).into_owned(),
    }
}

/// Most plugins begin with the state, which stands in its own column; the details show the output whole.
fn without_state(output: &str, state: Is) -> &str {
    let rest = output.strip_prefix(state.word()).and_then(|r| r.strip_prefix(':').or_else(|| r.strip_prefix(" -")));
    rest.map(str::trim_start).filter(|r| !r.is_empty()).unwrap_or(output)
}

/// How often, in words.
pub(super) fn times(n: u32) -> String {
    match n {
        0 | 1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    }
}

fn chips(view: &View, alarm: &Alarm, now: Timestamp) -> Vec<Chip> {
    let mut chips = Vec::new();
    let plain = |word: &str, class, title: String| Chip { word: word.to_owned(), class, title, link: String::new() };
    if let Some(mask) = &alarm.masked_by {
        // The leader is named only where it may be seen (AL17).
        let leader = view.alarm(&mask.leader);
        let title = leader.map_or_else(String::new, |l| clipped(&object(l), 160).into_owned());
        let link = leader.map(|l| format!("/alarms/{}", l.id)).unwrap_or_default();
        chips.push(Chip { word: "masked".to_owned(), class: "c-apart", title, link });
    }
    if let Some(id) = &alarm.cause {
        let text = view.causes.get(id).map_or("", |c| &c.text);
        let title = format!("common cause: {}", clipped(text, 200));
        chips.push(Chip { word: "common cause".to_owned(), class: "c-apart", title, link: address(&[], "cause", id) });
    }
    for (flag, mark) in &alarm.flags {
        let class = match flag {
            f if f.sets_apart() => "c-apart",
            Flag::Outage | Flag::NagiosDowntime | Flag::AtRisk => "c-down",
            Flag::NoLongerMonitored | Flag::NotSettled | Flag::TimeOut | Flag::HostNotUp => "c-doubt",
            _ => "c-plain",
        };
        let mut title = flag.sentence().to_owned();
        if !mark.detail.is_empty() {
            title = format!("{title}: {}", clipped(&mark.detail, 200));
        }
        if let Some(until) = mark.until {
            title = format!("{title} (until {})", moment(until));
        }
        chips.push(plain(&flag.word().replace('-', " "), class, title));
    }
    if alarm.unstable(now, &view.settings) && !alarm.flags.contains_key(&Flag::Flapping) {
        chips.push(plain("unstable", "c-doubt", "it changes between OK and not OK again and again".to_owned()));
    }
    chips
}

fn columns(filter: &Filter, values: &[(String, String)]) -> Vec<Column> {
    let column = |name, class, sort: Option<(&'static str, Sort)>| {
        let is = sort.is_some_and(|(_, s)| s == filter.sort);
        let link = sort.map(|(word, _)| {
            let back = is && !filter.reversed;
            address(values, "sort", &if back { format!("-{word}") } else { word.to_owned() })
        });
        let sorted = match (is, filter.reversed) {
            (false, _) => "",
            (true, false) => "ascending",
            (true, true) => "descending",
        };
        Column { name, class, link, sorted }
    };
    vec![
        column("State", "k-state", Some(("state", Sort::State))),
        column("Age", "k-age", Some(("age", Sort::Age))),
        column("Since, UTC", "k-since", Some(("since", Sort::Since))),
        column("Site", "k-site", Some(("site", Sort::Site))),
        column("NGI", "k-ngi", Some(("ngi", Sort::Ngi))),
        column("Type", "k-type", Some(("service_type", Sort::ServiceType))),
        column("Metric", "k-metric", Some(("metric", Sort::Metric))),
        column("Host", "k-host", Some(("host", Sort::Host))),
        column("Flags", "k-flags", None),
        column("Times", "k-ep", Some(("episodes", Sort::Episodes))),
        column("Output", "k-output", None),
    ]
}

/// An address of the list: these pairs, with one of them set. Any other change of page than paging goes to the first.
pub(super) fn address(values: &[(String, String)], name: &str, value: &str) -> String {
    let mut out = String::from("/?");
    let kept = values.iter().filter(|(n, _)| n != name && n != "page");
    let all = kept.map(|(n, v)| (n.as_str(), v.as_str())).chain([(name, value)]);
    for (i, (n, v)) in all.enumerate() {
        if i > 0 {
            out.push('&');
        }
        escape(n, &mut out);
        out.push('=');
        escape(v, &mut out);
    }
    out
}

/// Percent-encoding of everything that is not plain.
fn escape(text: &str, out: &mut String) {
    for b in text.bytes() {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'*') {
            out.push(char::from(b));
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            out.push('%');
            out.push(char::from(HEX[usize::from(b >> 4)]));
            out.push(char::from(HEX[usize::from(b & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_carry_anything() {
        let values = [("site".to_owned(), "A&B=\"ü".to_owned()), ("page".to_owned(), "3".to_owned())];
        assert_eq!(address(&values, "sort", "-age"), "/?site=A%26B%3D%22%C3%BC&sort=-age");
        assert_eq!(address(&values, "page", "4"), "/?site=A%26B%3D%22%C3%BC&page=4");
    }
}
