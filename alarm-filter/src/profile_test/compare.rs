//! What was expected, held against what stands on the board.

use super::file::{About, AlarmSpec, Expect};
use super::play::MONITOR;
use crate::explain::{explain_told, from_records, words};
use crate::replay::session::Session;
use alarm_core::alarm::Alarm;
use alarm_core::flag::Flag;
use alarm_core::time::Timestamp;
use alarm_core::verdict::HOST;
use alarm_core::watch::{Key, SetAside};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many steps an explanation shows.
const STEPS: usize = 8;

/// What stands on the board at a time.
pub(super) struct Board<'a> {
    pub(super) session: &'a Session,
    pub(super) defaults: &'a About,
    pub(super) at: Timestamp,
}

/// Lines: expected, got, why.
type Missed = (Vec<String>, Vec<String>, Vec<String>);

/// What was missed of an expectation; `None`: it is met.
pub(super) fn missed(expect: &Expect, board: &Board<'_>) -> Option<Missed> {
    if let Some(word) = &expect.aside {
        let key = board.key(expect.host.as_deref(), expect.service.as_deref());
        let aside = board.session.engine.world().watch(&key).and_then(|w| w.aside.as_ref());
        if aside.is_some_and(|a| aside_word(&a.reason) == *word) {
            return None;
        }
        let got = match aside {
            Some(a) => format!("{} is set aside: {}", words::object(&key), aside_word(&a.reason)),
            None => board.session.engine.world().alarm_of(&key).map_or_else(
                || format!("{} is not set aside, and has no alarm", words::object(&key)),
                |a| board.shown(a),
            ),
        };
        let expected = format!("{} is set aside: {word}", words::object(&key));
        return Some((vec![expected], vec![got], board.why(&[key])));
    }
    let wanted = expect.alarms.as_deref().unwrap_or_default();
    let there: Vec<&Arc<Alarm>> = board.session.engine.world().alarms.values().collect();
    let mut free: Vec<&&Arc<Alarm>> = there.iter().collect();
    let mut unmet = Vec::new();
    for spec in wanted {
        match free.iter().position(|a| board.fits(spec, a)) {
            Some(i) => {
                free.remove(i);
            }
            None => unmet.push(spec),
        }
    }
    if unmet.is_empty() && free.is_empty() {
        return None;
    }
    let mut keys: BTreeSet<Key> = free.iter().map(|a| a.key.clone()).collect();
    keys.extend(unmet.iter().map(|s| board.key_of(s)));
    let or_none = |lines: Vec<String>| if lines.is_empty() { vec!["no alarm".to_owned()] } else { lines };
    let expected = or_none(wanted.iter().map(|s| board.asked(s)).collect());
    let got = or_none(there.iter().map(|a| board.shown(a)).collect());
    Some((expected, got, board.why(&keys.into_iter().collect::<Vec<_>>())))
}

/// `not-in-profile` and the like.
fn aside_word(reason: &SetAside) -> &'static str {
    match reason {
        SetAside::NotInProfile { .. } => "not-in-profile",
        SetAside::Candidate { .. } => "candidate",
        SetAside::StateDoesNotRaise { .. } => "state-does-not-raise",
        SetAside::Certification { .. } => "certification",
        SetAside::HostDownIgnored => "host-down-ignored",
        SetAside::HostNotUp => "host-not-up",
        SetAside::SwitchedOff { .. } => "switched-off",
        SetAside::NoProfile => "no-profile",
    }
}

impl Board<'_> {
    fn key(&self, host: Option<&str>, service: Option<&str>) -> Key {
        let host = host.or(self.defaults.host.as_deref()).unwrap_or_default();
        let service = service.or(self.defaults.service.as_deref()).filter(|s| *s != HOST);
        Key { group: MONITOR.into(), host: host.into(), service: service.map(Into::into) }
    }

    fn key_of(&self, spec: &AlarmSpec) -> Key {
        self.key(spec.host.as_deref(), spec.service.as_deref().or(spec.metric.as_deref()))
    }

    fn fits(&self, spec: &AlarmSpec, a: &Alarm) -> bool {
        let key = self.key_of(spec);
        let age = a.age(self.at, &self.session.engine.world().windows_of(a));
        let named = match &spec.metric {
            Some(metric) => {
                let profiles = &self.session.engine.world().profiles;
                let bare = profiles.profiles.get(&profiles.operators).map(|p| p.bare(&a.about.metric));
                *a.about.metric == **metric || bare == Some(metric)
            }
            None => a.key.service == key.service,
        };
        let flags = |wanted: &Vec<Flag>| {
            let wanted: BTreeSet<Flag> = wanted.iter().copied().collect();
            a.flags.keys().copied().eq(wanted)
        };
        a.key.host == key.host
            && named
            && spec.state.is_none_or(|s| s == a.state)
            && spec.site.as_deref().is_none_or(|s| *a.about.site == *s)
            && spec.flags.as_ref().is_none_or(flags)
            && spec.episodes.is_none_or(|n| n == a.episodes)
            && spec.age_at_least.is_none_or(|l| age >= l.0)
            && spec.age_under.is_none_or(|l| age < l.0)
            && spec.stable.is_none_or(|s| s == a.stable_ok(self.at))
            && spec.masked.is_none_or(|m| m == a.masked_by.is_some())
            && spec.security.is_none_or(|s| s == a.about.security)
    }

    /// An alarm as the board shows it, in the words of the test file.
    fn shown(&self, a: &Alarm) -> String {
        let age = a.age(self.at, &self.session.engine.world().windows_of(a));
        let mut text = format!("{}: {}", words::object(&a.key), a.state);
        let site = if a.about.site.is_empty() { "none" } else { &*a.about.site };
        text.push_str(&format!(", site {site}, flags {}", flag_words(a.flags.keys())));
        text.push_str(&format!(", episodes {}, age {}", a.episodes, words::span(age)));
        for (holds, word) in
            [(a.stable_ok(self.at), ", stable"), (a.masked_by.is_some(), ", masked"), (a.about.security, ", security")]
        {
            text.push_str(if holds { word } else { "" });
        }
        text
    }

    /// What was asked for.
    fn asked(&self, s: &AlarmSpec) -> String {
        let mut text = format!("{}:", words::object(&self.key_of(s)));
        let mut say = |what: Option<String>| {
            if let Some(what) = what {
                text.push_str(if text.ends_with(':') { " " } else { ", " });
                text.push_str(&what);
            }
        };
        say(Some(s.state.map_or_else(|| "any state".to_owned(), |s| s.to_string())));
        say(s.site.as_ref().map(|s| format!("site {s}")));
        say(s.flags.as_ref().map(|f| format!("flags {}", flag_words(f.iter()))));
        say(s.episodes.map(|n| format!("episodes {n}")));
        say(s.age_at_least.map(|l| format!("age at least {}", words::span(l.0))));
        say(s.age_under.map(|l| format!("age under {}", words::span(l.0))));
        let yes_no = |b: bool, word: &str| if b { word.to_owned() } else { format!("not {word}") };
        say(s.stable.map(|b| yes_no(b, "stable")));
        say(s.masked.map(|b| yes_no(b, "masked")));
        say(s.security.map(|b| yes_no(b, "security")));
        text
    }

    fn why(&self, keys: &[Key]) -> Vec<String> {
        let told = from_records(self.session.journal.as_deref().unwrap_or_default());
        let mut lines = Vec::new();
        for key in keys {
            // Without profiles, so that a security matter is explained too: this is the region's own made-up case.
            let e = explain_told(&told, key, Some(self.at), None, None);
            lines.push(e.verdict);
            let hidden = e.steps.len().saturating_sub(STEPS);
            lines.extend(e.steps.iter().skip(hidden).map(|s| format!("  {}  {}", words::time(s.at), s.sentence)));
        }
        lines
    }
}

fn flag_words<'f>(flags: impl Iterator<Item = &'f Flag>) -> String {
    let words: Vec<&str> = flags.map(|f| f.word()).collect();
    if words.is_empty() { "none".to_owned() } else { words.join("+") }
}
