//! Notes on alarms and sites (DE1). A note on an alarm stands in the notepad of its site, too.
//!
//! Each alarm carries its last [`ON_ALARM`] notes and each site its last [`ON_SITE`]; all that were ever written stand in the
//! audit trail, under the note, its alarm and its site.

use crate::alarm::{Alarm, AlarmId, Deed};
use crate::command::{NOTE_AT_MOST, NoteOn, Refusal};
use crate::engine::Engine;
use crate::event::{Event, NoteText};
use crate::input::Text;
use crate::rows::RowKey;
use crate::time::Timestamp;
use crate::world::World;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Notes that an alarm carries; of more, the oldest leave it.
pub const ON_ALARM: usize = 20;
/// Notes that a site's notepad shows; of more, the oldest leave it.
pub const ON_SITE: usize = 100;

/// A note.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// Its id.
    pub id: Text,
    /// When it was written.
    pub at: Timestamp,
    /// Who wrote it.
    pub who: Text,
    /// What.
    pub text: Text,
    /// On what.
    pub on: NoteOn,
    /// The host and the metric of the alarm, for a note on one: it outlives the alarm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<NoteAbout>,
}

/// The alarm that a note is on.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct NoteAbout {
    /// Nagios' host_name.
    pub host: Text,
    /// The metric.
    pub metric: Text,
    /// A security matter when it was written, or since (AL17).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub security: bool,
}

impl Engine {
    /// Writes a note; gives back its id.
    pub(crate) fn write_note(&mut self, who: &Text, on: &NoteOn, text: &Text) -> Result<Text, Refusal> {
        if text.trim().is_empty() {
            return Err(Refusal::NeedsText);
        }
        check_length("note", text, NOTE_AT_MOST)?;
        let (key, site) = match on {
            NoteOn::Alarm(id) => {
                let alarm = self.world.visible(id).ok_or_else(|| Refusal::NoSuchAlarm { alarm: id.clone() })?;
                (Some(alarm.key.clone()), alarm.about.site.clone())
            }
            NoteOn::Site(site) if self.world.knows_site(site) => (None, site.clone()),
            NoteOn::Site(site) => return Err(Refusal::NoSuchSite { site: site.clone() }),
        };
        let id: Text = format!("note-{}", self.next_seq()).into();
        let written = NoteText { id: id.clone(), who: who.clone(), on: on.clone(), text: text.clone() };
        self.emit(Event::NoteWritten { key, site, written });
        Ok(id)
    }

    pub(crate) fn strike_note(&mut self, who: &Text, id: &Text) -> Result<(), Refusal> {
        let none = || Refusal::NoSuchNote { note: id.clone() };
        let (site, note) = self.world.find_note(id).ok_or_else(none)?;
        let key = match &note.on {
            // Of an alarm that is long gone the notepad still has it.
            NoteOn::Alarm(alarm) => self.world.known_alarm(alarm).map(|a| a.key.clone()),
            NoteOn::Site(_) => None,
        };
        let struck = NoteText { id: note.id, who: note.who, on: note.on, text: note.text };
        self.emit(Event::NoteStruck { key, site, who: who.clone(), struck });
        Ok(())
    }
}

/// Law 6: what people write is length-limited. What is too long is refused, not cut: they would not notice.
pub(crate) fn check_length(what: &str, text: &str, at_most: usize) -> Result<(), Refusal> {
    // There are at most as many characters as bytes.
    let has = if text.len() <= at_most { 0 } else { text.chars().count() };
    if has > at_most { Err(Refusal::TooLong { what: what.into(), has, at_most }) } else { Ok(()) }
}

impl World {
    /// An alarm that people may act on, on the board or switched off lately: until sign-in exists nobody can show that a
    /// security matter is theirs to see (AL17).
    pub(crate) fn visible(&self, id: &AlarmId) -> Option<&Alarm> {
        // What was switched off keeps the tag of that time; the profiles in force may have another.
        let hidden = |a: &Alarm| a.about.security || (!self.alarms.contains_key(id) && self.about(&a.key).security);
        self.known_alarm(id).filter(|a| !hidden(a))
    }

    /// Whether anything is known of a site.
    fn knows_site(&self, site: &Text) -> bool {
        let on_board = || self.alarms.values().any(|a| a.about.site == *site && !a.about.security);
        let watched = || {
            self.monitors
                .values()
                .filter_map(|m| m.objects.as_ref())
                .any(|o| o.hosts.values().any(|h| h.site == *site || h.services.values().any(|s| s.site == *site)))
        };
        !site.is_empty()
            && (self.topology.as_ref().is_some_and(|t| t.sites.contains_key(site))
                || self.notepads.contains_key(site)
                || on_board()
                || watched())
    }

    /// A note that stands on a page, and in whose notepad.
    fn find_note(&self, id: &Text) -> Option<(Text, Note)> {
        let shown = |note: &Note| match &note.on {
            NoteOn::Site(_) => true,
            NoteOn::Alarm(alarm) => {
                !note.about.as_ref().is_some_and(|a| a.security)
                    && !self.known_alarm(alarm).is_some_and(|a| a.about.security)
            }
        };
        let pads = self.notepads.iter().flat_map(|(site, notes)| notes.iter().map(move |n| (site, n)));
        if let Some((site, note)) = pads.into_iter().find(|(_, n)| n.id == *id) {
            return shown(note).then(|| (site.clone(), note.clone()));
        }
        let all = self.alarms.values().chain(self.closed.values().map(|c| &c.alarm));
        let (alarm, note) = all.flat_map(|a| a.notes.iter().map(move |n| (a, n))).find(|(_, n)| n.id == *id)?;
        shown(note).then(|| (alarm.about.site.clone(), note.clone()))
    }

    pub(crate) fn apply_note_written(&mut self, seq: u64, site: &Text, written: &NoteText) {
        let NoteText { id, who, on, text } = written.clone();
        let about = match &on {
            NoteOn::Alarm(alarm) => self.known_alarm(alarm).map(|a| NoteAbout {
                host: a.key.host.clone(),
                metric: a.about.metric.clone(),
                security: a.about.security,
            }),
            NoteOn::Site(_) => None,
        };
        let note = Note { id, at: self.at, who, text, on, about };
        if let NoteOn::Alarm(alarm) = &note.on {
            self.touch(alarm, seq, &note.who, Deed::Noted);
            if let Some(alarm) = self.alarm_mut(alarm) {
                keep_last(&mut alarm.notes, note.clone(), ON_ALARM);
            }
        }
        if !site.is_empty() {
            let pads = Arc::make_mut(&mut self.notepads);
            keep_last(Arc::make_mut(pads.entry(site.clone()).or_default()), note, ON_SITE);
            self.dirty.insert(RowKey::Notepad(site.clone()));
        }
    }

    pub(crate) fn apply_note_struck(&mut self, seq: u64, site: &Text, who: &Text, struck: &NoteText) {
        if let NoteOn::Alarm(alarm) = &struck.on {
            self.touch(alarm, seq, who, Deed::NoteStruck);
            if let Some(alarm) = self.alarm_mut(alarm) {
                alarm.notes.retain(|n| n.id != struck.id);
            }
        }
        let pads = Arc::make_mut(&mut self.notepads);
        if let Some(notes) = pads.get_mut(site) {
            Arc::make_mut(notes).retain(|n| n.id != struck.id);
            if notes.is_empty() {
                pads.remove(site);
            }
            self.dirty.insert(RowKey::Notepad(site.clone()));
        }
    }

    /// AL17: what becomes a security matter takes its notes out of the site's notepad, and gives them back when it no
    /// longer is one.
    pub(crate) fn tag_notes(&mut self, id: &AlarmId, security: bool) {
        if self.alarms.get(id).is_none_or(|a| a.touched.is_none()) {
            return; // Nobody ever wrote a note on it.
        }
        let on = |note: &Note| matches!(&note.on, NoteOn::Alarm(alarm) if alarm == id);
        let sites: Vec<Text> =
            self.notepads.iter().filter(|(_, notes)| notes.iter().any(on)).map(|(site, _)| site.clone()).collect();
        for site in sites {
            let pads = Arc::make_mut(&mut self.notepads);
            if let Some(notes) = pads.get_mut(&site) {
                for about in Arc::make_mut(notes).iter_mut().filter(|n| on(n)).filter_map(|n| n.about.as_mut()) {
                    about.security = security;
                }
            }
            self.dirty.insert(RowKey::Notepad(site));
        }
    }
}

fn keep_last(notes: &mut Vec<Note>, note: Note, at_most: usize) {
    notes.push(note);
    let more = notes.len().saturating_sub(at_most);
    notes.drain(..more);
}
