//! One line of the board.

use super::super::super::visible::{clipped, visible};
use super::super::super::words::{age, band_words, from, local, moment, object, short, state_class, times, until};
use super::address::{address, segment};
use super::strip::{Strip, strip};
use crate::view::View;
use crate::web::list::filter::{Filter, Masked, News};
use crate::web::list::select::Aged;
use alarm_core::alarm::{Alarm, Band};
use alarm_core::flag::Flag;
use alarm_core::queue::NextStep;
use alarm_core::state::State as Is;
use alarm_core::time::{HOUR, Timestamp};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Masked alarms named under one; the details have all of them.
const FOLLOWERS: usize = 12;

/// One alarm.
#[derive(Clone, Debug, Hash)]
pub(in crate::web) struct Row {
    pub(in crate::web) id: String,
    pub(in crate::web) version: u64,
    pub(in crate::web) queue: &'static str,
    pub(in crate::web) state: &'static str,
    pub(in crate::web) class: &'static str,
    pub(in crate::web) since: String,
    pub(in crate::web) since_iso: String,
    pub(in crate::web) since_title: String,
    pub(in crate::web) site: String,
    pub(in crate::web) site_link: String,
    pub(in crate::web) ngi: String,
    pub(in crate::web) service_type: String,
    pub(in crate::web) metric: String,
    pub(in crate::web) host: String,
    pub(in crate::web) strip: Strip,
    pub(in crate::web) chips: Vec<Chip>,
    pub(in crate::web) followers: Vec<Follower>,
    /// How many there are; not all of them are named.
    pub(in crate::web) masks: usize,
    pub(in crate::web) episodes: String,
    pub(in crate::web) episodes_title: String,
    pub(in crate::web) output: String,
    /// The last note, who wrote it and when.
    pub(in crate::web) note: Option<(String, String)>,
    pub(in crate::web) next: Next,
    /// The same line has the same number, whatever its age and its news.
    pub(in crate::web) digest: u64,
    pub(in crate::web) time: Age,
    pub(in crate::web) news: New,
}

/// What goes on by itself in a line.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(in crate::web) struct Age {
    pub(in crate::web) words: String,
    /// Of 96 hours.
    pub(in crate::web) hours: i64,
    pub(in crate::web) band: &'static str,
    pub(in crate::web) class: &'static str,
}

/// The one next action, or why there is none.
#[derive(Clone, Debug, Hash)]
pub(in crate::web) struct Next {
    /// The action; empty: none.
    pub(in crate::web) action: &'static str,
    /// There is nothing to do now.
    pub(in crate::web) quiet: bool,
    pub(in crate::web) words: String,
    pub(in crate::web) title: String,
    pub(in crate::web) link: String,
}

/// A word beside an alarm.
#[derive(Clone, Debug, Hash)]
pub(in crate::web) struct Chip {
    pub(in crate::web) word: String,
    pub(in crate::web) class: &'static str,
    pub(in crate::web) title: String,
}

/// An alarm folded under another.
#[derive(Clone, Debug, Hash)]
pub(in crate::web) struct Follower {
    pub(in crate::web) id: String,
    pub(in crate::web) state: &'static str,
    pub(in crate::web) class: &'static str,
    pub(in crate::web) what: String,
}

/// Flags that stay as long as something lasts; the others are reasons of a moment.
pub(in crate::web) const LASTING: [Flag; 13] = [
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

/// What is new about it since the reader's last visit.
#[derive(Clone, Copy, Debug, Default, Hash)]
pub(in crate::web) struct New {
    pub(in crate::web) word: &'static str,
    pub(in crate::web) title: &'static str,
}

/// The line of an alarm.
pub(in crate::web) fn row(
    view: &View,
    a: &Aged<'_>,
    followers: &[&Arc<Alarm>],
    now: Timestamp,
    filter: &Filter,
) -> Row {
    let alarm: &Alarm = a.alarm;
    let about = &alarm.about;
    let zone = view.topology.as_ref().and_then(|t| t.sites.get(&about.site)).map_or("", |s| &s.timezone);
    let at_site = |t| local(t, zone).map(|l| format!(" ({l})")).unwrap_or_default();
    let folded = if filter.masked == Masked::Fold { followers } else { &[] };
    let follower = |f: &&Arc<Alarm>| Follower {
        id: f.id.to_string(),
        state: f.state.word(),
        class: state_class(f.state),
        what: clipped(&object(f), 120).into_owned(),
    };
    let next = next(view, a, now, &at_site);
    let mut row = Row {
        id: alarm.id.to_string(),
        version: alarm.version,
        queue: a.queue.word(),
        state: alarm.state.word(),
        class: state_class(alarm.state),
        since: short(alarm.since, now),
        since_iso: alarm.since.to_string(),
        since_title: format!("{} since {}{}", alarm.state.word(), moment(alarm.since), at_site(alarm.since)),
        site: visible(&about.site).into_owned(),
        site_link: segment(&about.site),
        ngi: visible(&about.ngi).into_owned(),
        service_type: visible(&about.service_type).into_owned(),
        metric: visible(&about.metric).into_owned(),
        host: visible(&alarm.key.host).into_owned(),
        strip: strip(alarm, now),
        chips: chips(view, a, now),
        masks: folded.len(),
        followers: folded.iter().take(FOLLOWERS).map(follower).collect(),
        episodes: if alarm.episodes > 1 { alarm.episodes.to_string() } else { String::new() },
        episodes_title: format!(
            "failed {}, {} between OK and not OK of late",
            times(alarm.episodes),
            match alarm.turns.len() {
                1 => "1 change".to_owned(),
                n => format!("{n} changes"),
            }
        ),
        output: clipped(without_state(&alarm.output, alarm.state), 160).into_owned(),
        note: last_note(alarm),
        next,
        digest: 0,
        time: Age::default(),
        news: New::default(),
    };
    let mut hasher = DefaultHasher::new();
    row.hash(&mut hasher);
    row.digest = hasher.finish();
    (row.time, row.news) = (aging(a), new(a));
    row
}

fn new(a: &Aged<'_>) -> New {
    let (word, title) = match a.news {
        Some(News::New) => ("new", "it was not there at your last visit"),
        Some(News::Back) => ("again", "it was OK at some time since your last visit, and fails again"),
        Some(News::Changed) => ("changed", "its state changed since your last visit"),
        None => ("", ""),
    };
    New { word, title }
}

/// The last note on an alarm: who wrote it, and what.
pub(in crate::web) fn last_note(alarm: &Alarm) -> Option<(String, String)> {
    alarm.notes.last().map(|n| (clipped(&n.who, 40).into_owned(), clipped(&n.text, 160).into_owned()))
}

/// The age of an alarm, in words and as a bar.
pub(in crate::web) fn aging(a: &Aged<'_>) -> Age {
    Age {
        words: age(a.age),
        hours: (a.age / HOUR).clamp(1, 96),
        band: match (Alarm::band(a.age), a.band) {
            (Band::Overdue, Band::Rod) => "over 72 h by the clock, not when days off are left out",
            (_, band) => band_words(band),
        },
        class: ["b0", "b1", "b2"][a.band as usize],
    }
}

/// Most plugins begin with the state, which stands in its own column; the details show the output whole.
fn without_state(output: &str, state: Is) -> &str {
    let rest = output.strip_prefix(state.word()).and_then(|r| r.strip_prefix(':').or_else(|| r.strip_prefix(" -")));
    rest.map(str::trim_start).filter(|r| !r.is_empty()).unwrap_or(output)
}

fn next(view: &View, a: &Aged<'_>, now: Timestamp, at_site: &dyn Fn(Timestamp) -> String) -> Next {
    let step = NextStep::of(a.alarm, now, a.age, a.band);
    let mut next = Next {
        action: match step {
            NextStep::SwitchOff | NextStep::NoLongerMonitored => "switch-off",
            _ => "",
        },
        quiet: !step.is_action(),
        words: step.title().to_owned(),
        title: step.words().to_owned(),
        link: String::new(),
    };
    if let Some(t) = step.until() {
        next.words = match step {
            NextStep::WaitUntilStable { .. } => format!("Stable {}", from(t, now)),
            NextStep::FirstLine { .. } => format!("1st line {}", until(t, now)),
            _ => format!("{} {}", next.words, until(t, now)),
        };
        next.title = format!("{} {}{}", next.title, moment(t), at_site(t));
    }
    match &step {
        NextStep::NoLongerMonitored => next.words = "Switch off…".to_owned(),
        // It is named only where it may be seen (AL17).
        NextStep::Masked { leader, .. } => {
            if let Some(leader) = view.alarm(leader) {
                next.title = format!("{} {}", next.title, clipped(&object(leader), 160));
                next.link = format!("/alarms/{}", leader.id);
            }
        }
        NextStep::UnderCause { cause } => {
            if let Some(known) = view.causes.get(cause) {
                next.title = format!("{} {}", next.title, clipped(&known.text, 200));
            }
            next.link = address(&[], "cause", cause);
        }
        _ => {}
    }
    next
}

/// The words beside an alarm.
pub(in crate::web) fn chips(view: &View, a: &Aged<'_>, now: Timestamp) -> Vec<Chip> {
    let alarm = a.alarm;
    let mut chips = Vec::new();
    let plain = |word: &str, class, title: String| Chip { word: word.to_owned(), class, title };
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
