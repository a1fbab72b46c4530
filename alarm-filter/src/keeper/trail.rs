//! The audit trail: who did what to which subject. It outlives pruning, so each line says by itself what it is about, and
//! enough of it to take it back.
//!
//! | subject | a line for | body |
//! | --- | --- | --- |
//! | [`COMMAND`] | each command: the trail as people read it | [`Whole`] |
//! | an alarm's id | each command that did something to it | the event, with this alarm alone |
//! | `site/NAME` | each command that did something to alarms of the site or wrote in its notepad | [`AtSite`] |
//! | a common cause's id, a note's id | each command that made it, joined it, ended it or struck it | the event |
//!
//! `action` is what was asked for, with the line's alarm alone; the head's names none: they may be thousands.

use crate::store::AuditEntry;
use alarm_core::alarm::AlarmId;
use alarm_core::command::{Action, Command, NoteOn, Target};
use alarm_core::engine::Record;
use alarm_core::event::Event;
use alarm_core::input::{Input, Text};
use alarm_core::undo;
use alarm_core::world::World;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The subject of the one line that each command has.
pub const COMMAND: &str = "command";

/// So many alarms of a command are named.
const NAMED: usize = 5;

/// What a command did, in all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Whole {
    /// The last record of it: what it did to each further object stands in a record of its own behind the command's.
    #[serde(default)]
    pub last: u64,
    /// To how many alarms.
    pub alarms: usize,
    /// One of them, so that a page can name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<AlarmId>,
    /// The first few of several, so that a page can name them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first: Vec<AlarmId>,
    /// Of which sites.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sites: BTreeSet<Text>,
    /// Of which metrics: what shows the line leaves it out when any is a security matter by now (AL17).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub metrics: BTreeSet<Text>,
    /// On how many it was refused.
    #[serde(default)]
    pub refused: usize,
    /// What takes it back; none: nothing does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<Action>,
}

/// What a command did at a site.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AtSite {
    /// To these alarms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<AlarmId>,
    /// What it wrote in its notepad, or struck.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Event>,
}

/// The subject of a site's lines.
pub fn of_site(site: &str) -> String {
    format!("site/{site}")
}

/// The lines of what came of one input; `world` is what is known after it.
pub fn lines(records: &[Record], world: &World) -> Vec<AuditEntry> {
    let mut all = Vec::new();
    let commands = records.iter().enumerate().filter_map(|(i, r)| match &r.input {
        Some(Input::Command(command)) => Some((i, command)),
        _ => None,
    });
    for (i, command) in commands {
        // What follows from it stands in records without an input of their own.
        let more = records.iter().skip(i + 1).take_while(|r| r.input.is_none());
        let all_of_it: Vec<&Record> = records.iter().skip(i).take(1).chain(more).collect();
        let events: Vec<&Event> = all_of_it.iter().flat_map(|r| &r.events).collect();
        if !events.is_empty() {
            let last = all_of_it.last().map_or(0, |r| r.seq);
            of_command(&records[i], last, command, &events, world, &mut all);
        }
    }
    all
}

fn of_command(
    record: &Record,
    last: u64,
    command: &Command,
    events: &[&Event],
    world: &World,
    all: &mut Vec<AuditEntry>,
) {
    let bare = without_alarms(&command.action);
    let mut lines: Vec<(String, Action, String)> = Vec::new();
    let mut whole = Whole { last, undo: undo::of(events.iter().copied()), ..Whole::default() };
    let mut sites: BTreeMap<Text, AtSite> = BTreeMap::new();
    let mut touched: BTreeSet<&AlarmId> = BTreeSet::new();
    for event in events {
        if let Event::CommandTaken { refused, .. } = event {
            whole.refused = refused.len();
        }
        for subject in own_subjects(event) {
            lines.push((subject.to_string(), bare.clone(), super::commit::json(event)));
        }
        for id in alarms(event) {
            lines.push((id.to_string(), with_alarm(&bare, id), super::commit::json(&cut(event, id))));
            if !touched.insert(id) {
                continue;
            }
            whole.alarm.get_or_insert_with(|| id.clone());
            if whole.first.len() < NAMED {
                whole.first.push(id.clone());
            }
            if let Some(alarm) = world.known_alarm(id) {
                whole.metrics.insert(alarm.about.metric.clone());
                sites.entry(alarm.about.site.clone()).or_default().alarms.push(id.clone());
            }
        }
        if let Event::NoteWritten { site, .. } | Event::NoteStruck { site, .. } = event {
            sites.entry(site.clone()).or_default().note = Some(Event::clone(event));
        }
    }
    sites.remove("");
    whole.alarms = touched.len();
    if whole.alarms == 1 {
        whole.first.clear();
    }
    whole.sites = sites.keys().cloned().collect();
    let head = std::iter::once((COMMAND.to_owned(), bare.clone(), super::commit::json(&whole)));
    let of_sites = sites.iter().map(|(site, at)| (of_site(site), bare.clone(), super::commit::json(at)));
    let (seq, at, who) = (record.seq, record.at, command.who.to_string());
    all.extend((0..).zip(head.chain(lines).chain(of_sites)).map(|(part, (subject, action, body))| AuditEntry {
        seq,
        part,
        at,
        who: who.clone(),
        action: super::commit::json(&action),
        subject,
        body,
    }));
}

/// The alarms that an event of what people do is about.
fn alarms(event: &Event) -> Vec<&AlarmId> {
    match event {
        Event::SwitchedOff { id, .. }
        | Event::Returned { id, .. }
        | Event::Masked { id, .. }
        | Event::Unmasked { id, .. } => vec![id],
        Event::CauseOpened { alarms, .. } | Event::CauseJoined { alarms, .. } => alarms.iter().collect(),
        Event::CauseLeft { was, .. } => was.keys().collect(),
        Event::CauseEnded { was: Some(was), .. } => was.alarms.iter().collect(),
        Event::NoteWritten { written: note, .. } | Event::NoteStruck { struck: note, .. } => match &note.on {
            NoteOn::Alarm(id) => vec![id],
            NoteOn::Site(_) => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Causes and notes have a line under their own ids.
fn own_subjects(event: &Event) -> Vec<&Text> {
    match event {
        Event::CauseOpened { cause, .. } | Event::CauseJoined { cause, .. } | Event::CauseEnded { cause, .. } => {
            vec![cause]
        }
        Event::CauseLeft { was, .. } => was.values().collect::<BTreeSet<_>>().into_iter().collect(),
        Event::NoteWritten { written: note, .. } | Event::NoteStruck { struck: note, .. } => vec![&note.id],
        _ => Vec::new(),
    }
}

/// The event with this alarm alone: of thousands under one cause each has its own line.
fn cut(event: &Event, id: &AlarmId) -> Event {
    let only = |was: &BTreeMap<AlarmId, Text>| was.get_key_value(id).map(|(k, v)| (k.clone(), v.clone())).into_iter();
    match event {
        Event::CauseOpened { cause, who, kind, text, was, .. } => Event::CauseOpened {
            cause: cause.clone(),
            who: who.clone(),
            kind: *kind,
            text: text.clone(),
            alarms: vec![id.clone()],
            was: only(was).collect(),
        },
        Event::CauseJoined { cause, who, was, .. } => Event::CauseJoined {
            cause: cause.clone(),
            who: who.clone(),
            alarms: vec![id.clone()],
            was: only(was).collect(),
        },
        Event::CauseLeft { who, was } => Event::CauseLeft { who: who.clone(), was: only(was).collect() },
        Event::CauseEnded { cause, who, was: Some(was) } => {
            let was =
                alarm_core::event::EndedCause { alarms: vec![id.clone()], text: was.text.clone(), kind: was.kind };
            Event::CauseEnded { cause: cause.clone(), who: who.clone(), was: Some(was) }
        }
        other => other.clone(),
    }
}

/// What was asked for, without the alarms.
fn without_alarms(action: &Action) -> Action {
    match action {
        Action::SwitchOff { reason, text, until, .. } => {
            Action::SwitchOff { alarms: Vec::new(), reason: *reason, text: text.clone(), until: *until }
        }
        Action::SwitchOn { .. } => Action::SwitchOn { alarms: Vec::new() },
        Action::Mask { leader, .. } => Action::Mask { leader: leader.clone(), followers: Vec::new() },
        Action::Unmask { .. } => Action::Unmask { alarms: Vec::new() },
        Action::OpenCause { kind, text, .. } => {
            Action::OpenCause { kind: *kind, text: text.clone(), alarms: Vec::new() }
        }
        Action::JoinCause { cause, .. } => Action::JoinCause { cause: cause.clone(), alarms: Vec::new() },
        Action::LeaveCause { .. } => Action::LeaveCause { alarms: Vec::new() },
        Action::EndCause { .. } | Action::Note { .. } | Action::StrikeNote { .. } => action.clone(),
    }
}

/// The same with one alarm.
fn with_alarm(bare: &Action, id: &AlarmId) -> Action {
    let mut action = bare.clone();
    match &mut action {
        Action::SwitchOff { alarms, .. }
        | Action::Unmask { alarms }
        | Action::OpenCause { alarms, .. }
        | Action::JoinCause { alarms, .. }
        | Action::LeaveCause { alarms } => alarms.push(Target::any(id.clone())),
        Action::Mask { followers, .. } => followers.push(Target::any(id.clone())),
        Action::SwitchOn { alarms } => alarms.push(id.clone()),
        Action::EndCause { .. } | Action::Note { .. } | Action::StrikeNote { .. } => {}
    }
    action
}

#[cfg(test)]
#[path = "trail_tests.rs"]
mod tests;
