//! Where an object stands, folded from its events, and said as a verdict.

use super::words::{clean, list, object, off_reason, quoted, set_aside, time};
use alarm_core::alarm::{About, AlarmId, Mark, Mask};
use alarm_core::command::OffReason;
use alarm_core::event::{Event, Note, Seen};
use alarm_core::flag::Flag;
use alarm_core::input::{PeriodOf, Text};
use alarm_core::profile::Profiles;
use alarm_core::state::State;
use alarm_core::time::Timestamp;
use alarm_core::watch::{Key, SetAside};
use std::collections::BTreeMap;

/// What is known of one object at a time.
#[derive(Debug)]
pub(super) struct Story {
    key: Key,
    views: BTreeMap<Text, Saw>,
    host: BTreeMap<Text, (State, Timestamp)>,
    alarm: Option<Open>,
    /// Alarms of the object so far: what is about them is about it.
    ids: Vec<AlarmId>,
    aside: Option<(SetAside, Timestamp)>,
    off: Option<Off>,
}

#[derive(Clone, Copy, Debug)]
struct Saw {
    state: State,
    hard: bool,
    since: Timestamp,
    attempt: u32,
    gone: bool,
}

#[derive(Clone, Debug)]
struct Open {
    about: About,
    monitors: Vec<Text>,
    state: State,
    since: Timestamp,
    failing: bool,
    stable: bool,
    episodes: u32,
    output: Text,
    flags: BTreeMap<Flag, Mark>,
    mask: Option<Mask>,
    cause: Option<Text>,
}

#[derive(Clone, Debug)]
struct Off {
    at: Timestamp,
    who: Text,
    reason: Option<OffReason>,
    text: Text,
    until: Option<Timestamp>,
    alarm: Open,
}

impl Story {
    pub(super) fn new(key: Key) -> Self {
        Story {
            key,
            views: BTreeMap::new(),
            host: BTreeMap::new(),
            alarm: None,
            ids: Vec::new(),
            aside: None,
            off: None,
        }
    }

    /// Whether an event is about this object: it says so, it is about one of its alarms, or its host's state changed.
    pub(super) fn concerns(&self, event: &Event) -> bool {
        if let Some(key) = event.key() {
            return *key == self.key || (self.is_my_host(key) && matches!(event, Event::Seen(_)));
        }
        match event {
            Event::CauseOpened { alarms, .. } | Event::CauseJoined { alarms, .. } => {
                alarms.iter().any(|id| self.ids.contains(id))
            }
            Event::CauseLeft { was, .. } => self.ids.iter().any(|id| was.contains_key(id)),
            Event::CauseEnded { cause, .. } => self.open_or_off().is_some_and(|a| a.cause.as_ref() == Some(cause)),
            Event::PeriodChanged { of: PeriodOf::Object(o), .. } => {
                o.host == self.key.host && o.service == self.key.service
            }
            Event::Muted { host: Some(host), .. } => *host == self.key.host && self.key.service.is_some(),
            _ => false,
        }
    }

    fn is_my_host(&self, key: &Key) -> bool {
        self.key.service.is_some()
            && key.service.is_none()
            && (&key.group, &key.host) == (&self.key.group, &self.key.host)
    }

    fn open_or_off(&self) -> Option<&Open> {
        self.alarm.as_ref().or(self.off.as_ref().map(|o| &o.alarm))
    }

    pub(super) fn take(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::Seen(seen) if seen.key == self.key => self.seen(seen),
            Event::Seen(seen) => {
                self.host.insert(seen.monitor.clone(), (seen.state, seen.since));
            }
            Event::Noted { monitor, note: Note::Gone { gone }, .. } => {
                if let Some(view) = self.views.get_mut(monitor) {
                    view.gone = *gone;
                }
            }
            Event::Raised { id, about, monitors, change, .. } => {
                self.ids.push(id.clone());
                self.off = None;
                self.alarm = Some(Open {
                    about: (**about).clone(),
                    monitors: monitors.clone(),
                    state: change.state,
                    since: change.at,
                    failing: true,
                    stable: false,
                    episodes: 1,
                    output: change.output.clone(),
                    flags: BTreeMap::new(),
                    mask: None,
                    cause: None,
                });
            }
            Event::SetAside { reason, since, .. } => self.aside = reason.clone().map(|r| (r, *since)),
            Event::SwitchedOff { who, reason, text, until, .. } => {
                if let Some(alarm) = self.alarm.take() {
                    let (who, text) = (who.clone(), text.clone());
                    self.off = Some(Off { at, who, reason: *reason, text, until: *until, alarm });
                }
            }
            Event::Returned { .. } => {
                if let Some(off) = self.off.take() {
                    self.alarm = Some(off.alarm);
                }
                self.aside = None;
            }
            Event::Withdrawn { reason, .. } => {
                self.alarm = None;
                self.aside = Some((reason.clone(), at));
            }
            _ => {
                if let Some(alarm) = self.alarm.as_mut().or(self.off.as_mut().map(|o| &mut o.alarm)) {
                    alarm.take(event);
                }
            }
        }
    }

    fn seen(&mut self, seen: &Seen) {
        let saw = Saw { state: seen.state, hard: seen.hard, since: seen.since, attempt: seen.attempt, gone: false };
        self.views.insert(seen.monitor.clone(), saw);
    }

    /// Whether no monitor ever said anything of it that was kept.
    pub(super) fn knows_nothing(&self) -> bool {
        self.views.is_empty() && self.ids.is_empty() && self.aside.is_none()
    }

    /// Why there is an alarm, or why not.
    pub(super) fn verdict(&self, at: Option<Timestamp>) -> String {
        let then = match at {
            Some(at) => format!("At {} there", time(at)),
            None => "There".to_owned(),
        };
        let is = if at.is_some() { "was" } else { "is" };
        match (&self.alarm, &self.off) {
            (Some(alarm), _) => alarm.verdict(&format!("{then} {is}"), &self.key),
            (None, Some(off)) => format!("{then} {is} no alarm of {}: {}", object(&self.key), off.verdict()),
            (None, None) => format!("{then} {is} no alarm of {}: {}", object(&self.key), self.why_none()),
        }
    }

    fn why_none(&self) -> String {
        if let Some((reason, since)) = &self.aside {
            let host = match reason {
                SetAside::HostNotUp => self.host_words(),
                _ => String::new(),
            };
            return format!(
                "{}; since {} it is set aside, because {}.{host}",
                self.states(),
                time(*since),
                set_aside(reason)
            );
        }
        let worst = self.views.values().filter(|v| !v.gone).max_by_key(|v| (v.state.badness(), v.hard));
        match worst {
            Some(v) if v.state.is_problem() && !v.hard => {
                format!("{}, but SOFT (attempt {}), and soft states raise nothing.", self.states(), v.attempt)
            }
            _ => format!("{}.", self.states()),
        }
    }

    /// `nagios says OK since …`, for each monitor.
    fn states(&self) -> String {
        let one = |(m, v): (&Text, &Saw)| match v.gone {
            true => format!("{} no longer watches it", clean(m)),
            false => format!("{} says {} since {}", clean(m), v.state, time(v.since)),
        };
        let all: Vec<String> = self.views.iter().map(one).collect();
        if all.is_empty() { "nothing was said of it".to_owned() } else { list(&all) }
    }

    fn host_words(&self) -> String {
        let one = |(m, (state, since)): (&Text, &(State, Timestamp))| {
            format!(" The host {} is {state} since {}, as {} says.", clean(&self.key.host), time(*since), clean(m))
        };
        self.host.iter().map(one).collect()
    }
}

impl Open {
    fn take(&mut self, event: &Event) {
        match event {
            Event::Changed { monitors, change, again, .. } => {
                self.monitors.clone_from(monitors);
                (self.state, self.since, self.output) = (change.state, change.at, change.output.clone());
                self.failing = true;
                if *again {
                    self.episodes = self.episodes.saturating_add(1);
                    self.stable = false;
                }
            }
            Event::Recovered { change, .. } => {
                (self.state, self.since, self.output) = (change.state, change.at, change.output.clone());
                self.failing = false;
            }
            Event::Output { output, .. } => self.output = output.clone(),
            Event::Corrected { since, .. } => self.since = self.since.min(*since),
            Event::About { about, .. } => self.about = (**about).clone(),
            Event::Flags { set, cleared, .. } => {
                cleared.iter().for_each(|f| {
                    self.flags.remove(f);
                });
                self.flags.extend(set.iter().map(|(f, m)| (*f, m.clone())));
            }
            Event::Masked { mask, .. } => self.mask = Some(mask.clone()),
            Event::Unmasked { .. } => self.mask = None,
            Event::StableOk { .. } => self.stable = true,
            Event::CauseOpened { cause, .. } | Event::CauseJoined { cause, .. } => self.cause = Some(cause.clone()),
            Event::CauseLeft { .. } | Event::CauseEnded { .. } => self.cause = None,
            _ => {}
        }
    }

    fn verdict(&self, there_is: &str, key: &Key) -> String {
        let site = if self.about.site.is_empty() { "an unknown site".to_owned() } else { clean(&self.about.site) };
        let monitors: Vec<String> = self.monitors.iter().map(|m| clean(m)).collect();
        let mut text = format!("{there_is} an alarm of {} at {site}: ", object(key));
        if self.failing {
            text.push_str(&format!(
                "{} says {} since {}{}.",
                list(&monitors),
                self.state,
                time(self.since),
                quoted(&self.output)
            ));
        } else {
            let stable = if self.stable { ", stable" } else { "" };
            text.push_str(&format!(
                "it has been {} since {}{stable}, and stays until somebody switches it off.",
                self.state,
                time(self.since)
            ));
        }
        if self.episodes > 1 {
            text.push_str(&format!(" It failed {} times.", self.episodes));
        }
        let marks: Vec<&str> = self.flags.keys().map(|f| f.sentence()).collect();
        if !marks.is_empty() {
            text.push_str(&format!(" It is marked: {}.", list(&marks)));
        }
        if let Some(mask) = &self.mask {
            text.push_str(&format!(" It is masked by the alarm {}, put there by {}.", mask.leader, clean(&mask.who)));
        }
        if let Some(cause) = &self.cause {
            text.push_str(&format!(" It stands under the common cause {cause}."));
        }
        text
    }
}

impl Off {
    fn verdict(&self) -> String {
        let mut text = format!("{} switched it off at {}", clean(&self.who), time(self.at));
        if let Some(reason) = self.reason {
            text.push_str(&format!(", because {}", off_reason(reason)));
        }
        if !self.text.is_empty() {
            text.push_str(&format!(" (\"{}\")", clean(&self.text)));
        }
        text.push('.');
        if let Some(until) = self.until {
            let state = if self.alarm.failing { "It fails still" } else { "It has been OK since" };
            text.push_str(&format!(
                " {state} ({} since {}); it returns at {} at the latest if it then fails, or when it fails again after an \
                 OK.",
                self.alarm.state,
                time(self.alarm.since),
                time(until)
            ));
        }
        text
    }
}

/// Whether an event shows that its object is a security matter (AL17).
pub(super) fn is_secret(event: &Event, key: &Key, profiles: Option<&Profiles>) -> bool {
    match event {
        Event::Raised { key: k, about, .. } | Event::About { key: k, about, .. } => k == key && about.security,
        Event::SetAside { key: k, reason: Some(SetAside::NotInProfile { metric, .. }), .. } => {
            let named = Key { service: Some(metric.clone()), ..k.clone() };
            k == key && profiles.is_some_and(|p| super::is_security(p, &named))
        }
        _ => false,
    }
}

/// The answer for what nothing is known of, and for what nobody may know of.
pub(super) fn nothing_known(key: &Key, begins: Option<Timestamp>) -> String {
    let begins = match begins {
        Some(t) => format!(" (the journal begins at {})", time(t)),
        None => String::new(),
    };
    format!(
        "There is no alarm of {}: nothing is known of it{begins}. Either it has never failed, or it was never checked, or \
         no monitor watches it under this name.",
        object(key)
    )
}
