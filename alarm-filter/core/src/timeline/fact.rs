//! What monitors said of an object, and the line that it makes: the same reading of events as in [`crate::days`].

use super::line::Line;
use super::status::Status;
use crate::event::{Event, Note};
use crate::input::{SourceHealth, Text};
use crate::state::State;
use crate::time::Timestamp;
use crate::upcast::{self, ReadError};
use crate::watch::Key;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What a monitor said of an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fact {
    /// The monitor.
    pub monitor: Text,
    /// Since when, by the monitor's clock.
    pub since: Timestamp,
    /// What.
    pub said: Said,
}

/// See [`Fact`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Said {
    /// A hard state, or any OK.
    State(State),
    /// A soft problem: no state yet, but it is watched.
    Soft,
    /// It left the monitor's configuration (or came back).
    Gone(bool),
}

/// From when on a monitor could be believed, or not, in order; before the first it could.
pub type Health = Vec<(Timestamp, bool)>;

/// What the line of an object is made of, beside its facts.
#[derive(Clone, Copy, Debug)]
pub struct Watchers<'a> {
    /// When each monitor was first heard; what it says of earlier times counts from then on as well.
    pub heard: &'a BTreeMap<Text, Timestamp>,
    /// How each monitor did.
    pub health: &'a BTreeMap<Text, Health>,
    /// The monitors that watch the object, should none of them have said anything of it: then it was good.
    pub silent: &'a [Text],
}

/// The line of an object between `from` and `to`, of facts in the order of the journal: the worst of what its fresh
/// monitors say. Of two facts that contradict the order of time, the one that came later counts from then on.
pub fn object_line(from: Timestamp, to: Timestamp, facts: &[Fact], watchers: &Watchers<'_>) -> Line {
    let mut tracks: BTreeMap<&Text, Track> = BTreeMap::new();
    for fact in facts {
        let begin = || {
            let heard = watchers.heard.get(&fact.monitor).copied().unwrap_or(fact.since);
            Track::of(heard.min(fact.since))
        };
        tracks.entry(&fact.monitor).or_insert_with(begin).take(fact);
    }
    if tracks.is_empty() {
        let heard = watchers.silent.iter().filter_map(|m| Some((m, watchers.heard.get(m)?)));
        tracks = heard.map(|(monitor, heard)| (monitor, Track::of(*heard))).collect();
    }
    let tracks: BTreeMap<&Text, Steps> = tracks.into_iter().map(|(m, t)| (m, t.steps)).collect();
    // One monitor that could be believed all the while: the rule.
    if let (1, Some((monitor, track))) = (tracks.len(), tracks.iter().next())
        && watchers.health.get(*monitor).is_none_or(|h| h.iter().all(|(_, fresh)| *fresh))
    {
        return Line::of_steps(from, to, track.iter().copied());
    }
    let none = Health::new();
    let tracks: Vec<(&Health, &Steps)> =
        tracks.iter().map(|(m, t)| (watchers.health.get(*m).unwrap_or(&none), t)).collect();
    let edges = tracks
        .iter()
        .flat_map(|(health, track)| health.iter().map(|(at, _)| *at).chain(track.iter().map(|(at, _)| *at)));
    let mut edges: Vec<Timestamp> = edges.filter(|at| *at < to).collect();
    edges.sort_unstable();
    edges.dedup();
    Line::of_steps(from, to, edges.into_iter().map(|at| (at, standing(&tracks, at))))
}

/// From when on a monitor says what; `None`: the object is not in its configuration.
type Steps = Vec<(Timestamp, Option<Status>)>;

/// What one monitor says of an object in the course of time.
struct Track {
    steps: Steps,
    /// Its last word on the state, also while the object is gone.
    state: Status,
}

impl Track {
    fn of(begin: Timestamp) -> Self {
        Track { steps: vec![(begin, Some(Status::Ok))], state: Status::Ok }
    }

    fn take(&mut self, fact: &Fact) {
        if let Said::State(state) = fact.said {
            self.state = Status::of(state);
        }
        let status = (fact.said != Said::Gone(true)).then_some(self.state);
        match self.steps.last_mut() {
            Some((_, last)) if *last == status => {}
            Some((at, last)) if fact.since <= *at => *last = status,
            _ => self.steps.push((fact.since, status)),
        }
    }
}

/// How an object stands at a moment.
fn standing(tracks: &[(&Health, &Steps)], at: Timestamp) -> Option<Status> {
    let (mut watched, mut worst) = (false, None);
    for (health, track) in tracks {
        let said = step_at(track, at).copied().flatten();
        let Some(status) = said else { continue };
        watched = true;
        if step_at(health, at).copied().unwrap_or(true) {
            worst = Some(worst.map_or(status, |w: Status| if badness(status) > badness(w) { status } else { w }));
        }
    }
    worst.or(watched.then_some(Status::Missing))
}

/// As [`State::badness`].
fn badness(status: Status) -> u8 {
    match status {
        Status::Ok => 0,
        Status::Warning => 1,
        Status::Critical => 3,
        Status::Unknown | Status::Missing | Status::Downtime => 2,
    }
}

/// What holds at a moment; `None`: before the first step.
fn step_at<T>(steps: &[(Timestamp, T)], at: Timestamp) -> Option<&T> {
    let i = steps.partition_point(|(t, _)| *t <= at);
    steps.get(i.checked_sub(1)?).map(|(_, s)| s)
}

/// What a record says that timelines are made of.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Told {
    /// Of the object `key`.
    pub facts: Vec<Fact>,
    /// Of monitors: whether they can be believed from then on.
    pub health: Vec<(Text, Timestamp, bool)>,
}

/// Reads these facts out of the events of a record; those of other objects are left out (two may share a number).
///
/// Most of a record is passed over unread, which makes a month of a whole region bearable.
///
/// # Errors
/// [`ReadError`]: written by a newer release, or no events.
pub fn facts(version: u32, json: &str, key: Option<&Key>) -> Result<Told, ReadError> {
    let mut told = Told::default();
    if !(json.contains("\"seen\"") || json.contains("\"gone\"") || json.contains("\"source\"")) {
        return Ok(told);
    }
    // These events have had the same shape since version 1; an upcaster that changes one of them has to end that here. An
    // event of another kind may have a field of the same name and another shape: then the record is read whole.
    if (1..=crate::event::RULES_VERSION).contains(&version)
        && let Ok(lean) = serde_json::from_str::<Vec<Lean<'_>>>(json)
    {
        lean.iter().for_each(|l| l.take(key, &mut told));
        return Ok(told);
    }
    for event in upcast::events(version, json)? {
        match event {
            Event::Seen(s) if key.is_none_or(|k| *k == s.key) => {
                let said = said(s.state, s.hard);
                told.facts.push(Fact { monitor: s.monitor, since: s.since, said });
            }
            Event::Noted { key: of, monitor, since, note: Note::Gone { gone } } if key.is_none_or(|k| *k == of) => {
                told.facts.push(Fact { monitor, since, said: Said::Gone(gone) });
            }
            Event::Source(s) => told.health.push((s.source, s.since, believable(s.health))),
            _ => {}
        }
    }
    Ok(told)
}

fn said(state: State, hard: bool) -> Said {
    if hard || !state.is_problem() { Said::State(state) } else { Said::Soft }
}

fn believable(health: SourceHealth) -> bool {
    matches!(health, SourceHealth::Fresh | SourceHealth::Gap)
}

/// As much of an event as is needed here.
#[derive(Deserialize)]
struct Lean<'j> {
    #[serde(borrow)]
    event: Cow<'j, str>,
    #[serde(borrow, default)]
    key: Option<LeanKey<'j>>,
    #[serde(borrow, default)]
    monitor: Option<Cow<'j, str>>,
    #[serde(borrow, default)]
    source: Option<Cow<'j, str>>,
    #[serde(default)]
    since: Option<Timestamp>,
    #[serde(borrow, default)]
    state: Option<Cow<'j, str>>,
    #[serde(default)]
    hard: Option<bool>,
    #[serde(borrow, default)]
    note: Option<Cow<'j, str>>,
    #[serde(default)]
    gone: Option<bool>,
    #[serde(default)]
    health: Option<SourceHealth>,
}

#[derive(Deserialize)]
struct LeanKey<'j> {
    #[serde(borrow)]
    group: Cow<'j, str>,
    #[serde(borrow)]
    host: Cow<'j, str>,
    #[serde(borrow, default)]
    service: Option<Cow<'j, str>>,
}

impl Lean<'_> {
    fn take(&self, key: Option<&Key>, told: &mut Told) {
        let Some(since) = self.since else { return };
        if self.event == "source" {
            if let (Some(source), Some(health)) = (&self.source, self.health) {
                told.health.push((Text::from(&**source), since, believable(health)));
            }
            return;
        }
        let (Some(of), Some(monitor)) = (&self.key, &self.monitor) else { return };
        let is =
            |k: &Key| *k.group == *of.group && *k.host == *of.host && k.service.as_deref() == of.service.as_deref();
        if !key.is_none_or(is) {
            return;
        }
        let what = match &*self.event {
            "seen" => {
                self.state.as_ref().and_then(|s| State::from_word(s.as_bytes())).zip(self.hard).map(|(s, h)| said(s, h))
            }
            "noted" if self.note.as_deref() == Some("gone") => self.gone.map(Said::Gone),
            _ => None,
        };
        told.facts.extend(what.map(|said| Fact { monitor: Text::from(&**monitor), since, said }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{RULES_VERSION, Seen};
    use crate::input::SourceState;

    fn key(service: &str) -> Key {
        Key { group: "g".into(), host: "h \"\u{1b}".into(), service: Some(service.into()) }
    }

    fn seen(service: &str, state: State, hard: bool) -> Event {
        Event::Seen(Seen {
            key: key(service),
            monitor: "m\n".into(),
            state,
            hard,
            since: Timestamp(5),
            heard: Timestamp(6),
            held: false,
            attempt: 1,
            resets: false,
            softly_over: false,
            output: "\"seen\" \\ \u{202e}".into(),
            long_output: "".into(),
            perf_data: "".into(),
            stands_for: None,
        })
    }

    #[test]
    fn the_quick_reading_is_that_of_the_whole_events() {
        let source =
            |health| Event::Source(SourceState { source: "m".into(), health, since: Timestamp(9), detail: "d".into() });
        let gone =
            |gone| Event::Noted { key: key("a"), monitor: "m".into(), since: Timestamp(7), note: Note::Gone { gone } };
        let flapping =
            Event::Noted { key: key("a"), monitor: "m".into(), since: Timestamp(7), note: Note::Flapping { on: true } };
        let stable = Event::StableOk { id: "00".into(), key: key("a") };
        // Its key is a text: the record is read whole.
        let command = Event::CommandTaken { key: "form".into(), done: Vec::new(), refused: Vec::new(), made: None };
        let all = [
            seen("a", State::Critical, true),
            seen("a", State::Critical, false),
            seen("a", State::Ok, false),
            seen("b", State::Warning, true),
            source(SourceHealth::Silent),
            source(SourceHealth::Gap),
            gone(true),
            gone(false),
            flapping,
            stable,
        ];
        let fact = |monitor: &str, since, said| Fact { monitor: monitor.into(), since: Timestamp(since), said };
        let expected = Told {
            facts: vec![
                fact("m\n", 5, Said::State(State::Critical)),
                fact("m\n", 5, Said::Soft),
                fact("m\n", 5, Said::State(State::Ok)),
                fact("m", 7, Said::Gone(true)),
                fact("m", 7, Said::Gone(false)),
            ],
            health: vec![("m".into(), Timestamp(9), false), ("m".into(), Timestamp(9), true)],
        };
        let quick = serde_json::to_string(&all).unwrap();
        assert!(serde_json::from_str::<Vec<Lean<'_>>>(&quick).is_ok(), "the quick way is the one that is tried");
        let mut more = all.to_vec();
        more.push(command);
        let slow = serde_json::to_string(&more).unwrap();
        assert!(serde_json::from_str::<Vec<Lean<'_>>>(&slow).is_err());
        for json in [quick, slow] {
            assert_eq!(facts(RULES_VERSION, &json, Some(&key("a"))).unwrap(), expected);
        }
        assert!(facts(RULES_VERSION + 1, r#"[{"event":"seen"}]"#, None).is_err(), "of a newer release");
    }
}
