//! Who did what, from the audit trail: one entry a command, newest first, whatever it touched. Security matters are left out
//! (AL17), and a command that touched nothing else with them.

use crate::store::{AuditEntry, EpisodeQuery, History, StoreError};
use crate::view::View;
use alarm_core::time::Timestamp;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};

/// How many subjects of one command are named.
const NAMED: usize = 20;
/// How many lines are read at a time.
const PIECE: usize = 256;
/// How many lines are looked at for one answer; a filter that fits few of them goes on with the next page.
const LOOKED_AT: usize = 20_000;

/// Which entries are asked for; what is empty does not restrict.
#[derive(Clone, Debug, Default)]
pub(super) struct TrailQuery {
    /// Of one of these subjects: `host;service`, an alarm's id, a cause, a note, a site.
    pub(super) subjects: Vec<String>,
    /// By who: a part of the name, in any case.
    pub(super) who: String,
    /// Only records before this one.
    pub(super) before: Option<u64>,
    /// How many entries at most.
    pub(super) limit: usize,
    /// Up to this record: that of the view.
    pub(super) upto: u64,
}

/// A page of entries.
#[derive(Clone, Debug, Default)]
pub(super) struct TrailPage {
    /// They, newest first.
    pub(super) entries: Vec<Entry>,
    /// Earlier ones are asked for with `before` at this; `None`: there are none.
    pub(super) next: Option<u64>,
}

/// What somebody did at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Entry {
    /// The record.
    pub(super) seq: u64,
    /// When.
    pub(super) at: Timestamp,
    /// Who.
    pub(super) who: String,
    /// The command's name: `switch-off`, `mask`, …
    pub(super) action: String,
    /// The typed reason, or the kind of a cause.
    pub(super) reason: Option<String>,
    /// What was written with it.
    pub(super) text: Option<String>,
    /// The date that it carries.
    pub(super) until: Option<Timestamp>,
    /// What it was done to, the first of them.
    pub(super) subjects: Vec<Subject>,
    /// What else, that is not named.
    pub(super) more: usize,
}

/// What something was done to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Subject {
    /// The alarm; `None`: it is none.
    pub(super) alarm: Option<String>,
    /// Its name: `service on host`, a site, a cause, a note.
    pub(super) name: String,
    /// What happened to it: `switched-off`, `masked`, …
    pub(super) event: String,
}

/// Reads a page.
///
/// # Errors
/// The store.
pub(super) fn read(history: &dyn History, view: &View, query: &TrailQuery) -> Result<TrailPage, StoreError> {
    let mut lines = Lines::new(history, query);
    let mut shown = Shown { history, view, known: HashMap::new() };
    let mut page = TrailPage::default();
    let wanted = query.who.to_lowercase();
    let mut current: Option<Entry> = None;
    while let Some(line) = lines.next()? {
        if current.as_ref().is_some_and(|e| e.seq != line.seq) {
            page.entries.extend(current.take().filter(|e| !e.subjects.is_empty()));
        }
        if page.entries.len() == query.limit {
            page.next = Some(line.seq + 1);
            return Ok(page);
        }
        if lines.looked_at > LOOKED_AT && current.is_none() {
            page.next = Some(line.seq + 1);
            return Ok(page);
        }
        if !wanted.is_empty() && !line.who.to_lowercase().contains(&wanted) {
            continue;
        }
        let event: Value = serde_json::from_str(&line.body).unwrap_or_default();
        let alarm = alarm_of(&line, &event);
        if let Some(id) = alarm
            && !shown.alarm(id)?
        {
            continue;
        }
        let subject = subject_of(view, &line, &event, alarm);
        let entry = current.get_or_insert_with(|| entry_of(&line));
        // Lines come the last part first; what was done first is named first.
        entry.subjects.insert(0, subject);
        if entry.subjects.len() > NAMED {
            entry.subjects.pop();
            entry.more += 1;
        }
    }
    page.entries.extend(current.filter(|e| !e.subjects.is_empty()));
    Ok(page)
}

/// The lines of one record, in their order, as the store has them.
///
/// # Errors
/// The store.
pub(super) fn lines_of(history: &dyn History, seq: u64) -> Result<Vec<AuditEntry>, StoreError> {
    let mut lines = Vec::new();
    let mut before = (seq, u32::MAX);
    loop {
        let piece = history.audit(None, seq, PIECE, Some(before))?;
        let all = piece.len();
        lines.extend(piece.into_iter().filter(|l| l.seq == seq));
        match lines.last() {
            Some(last) if all == PIECE && last.seq == seq && last.part > 0 => before = (seq, last.part),
            _ => break,
        }
    }
    lines.reverse();
    Ok(lines)
}

/// The subject in the trail of an alarm's object.
pub(super) fn subject_of_key(key: &alarm_core::watch::Key) -> String {
    match &key.service {
        Some(service) => format!("{};{service}", key.host),
        None => key.host.to_string(),
    }
}

/// Lines of all subjects asked for, newest first.
struct Lines<'h> {
    history: &'h dyn History,
    upto: u64,
    /// Of each subject: where its next piece begins, and what was read and not yet given.
    streams: Vec<Stream>,
    looked_at: usize,
}

struct Stream {
    subject: Option<String>,
    before: Option<(u64, u32)>,
    ended: bool,
    waiting: VecDeque<AuditEntry>,
}

impl<'h> Lines<'h> {
    fn new(history: &'h dyn History, query: &TrailQuery) -> Self {
        let stream = |subject| Stream {
            subject,
            before: query.before.map(|seq| (seq, 0)),
            ended: false,
            waiting: VecDeque::new(),
        };
        let streams = match query.subjects.is_empty() {
            true => vec![stream(None)],
            false => query.subjects.iter().map(|s| stream(Some(s.clone()))).collect(),
        };
        Lines { history, upto: query.upto, streams, looked_at: 0 }
    }

    fn next(&mut self) -> Result<Option<AuditEntry>, StoreError> {
        for s in self.streams.iter_mut().filter(|s| s.waiting.is_empty() && !s.ended) {
            let piece = self.history.audit(s.subject.as_deref(), self.upto, PIECE, s.before)?;
            s.ended = piece.len() < PIECE;
            s.before = piece.last().map(|l| (l.seq, l.part)).or(s.before);
            s.waiting.extend(piece);
        }
        let newest = self.streams.iter_mut().max_by_key(|s| s.waiting.front().map(|l| (l.seq, l.part)));
        let line = newest.and_then(|s| s.waiting.pop_front());
        self.looked_at += usize::from(line.is_some());
        Ok(line)
    }
}

fn entry_of(line: &AuditEntry) -> Entry {
    let action: Value = serde_json::from_str(&line.action).unwrap_or_default();
    let text = |name: &str| action.get(name).and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned);
    Entry {
        seq: line.seq,
        at: line.at,
        who: line.who.clone(),
        action: text("action").unwrap_or_default(),
        reason: text("reason").or_else(|| text("kind")),
        text: text("text"),
        until: action.get("until").and_then(Value::as_i64).map(Timestamp),
        subjects: Vec::new(),
        more: 0,
    }
}

/// The alarm that a line is about: the event names it, or the line itself does.
fn alarm_of<'a>(line: &'a AuditEntry, event: &'a Value) -> Option<&'a str> {
    let id = |text: &&str| text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
    event.get("id").and_then(Value::as_str).or(Some(&*line.subject).filter(id))
}

fn subject_of(view: &View, line: &AuditEntry, event: &Value, alarm: Option<&str>) -> Subject {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let object = |host: String, service: Option<String>| match service {
        Some(service) => format!("{service} on {host}"),
        None => format!("host {host}"),
    };
    let by_key = event.get("key").and_then(|key| Some(object(text(key, "host")?, text(key, "service"))));
    let on_board = || {
        let key = &view.alarm(alarm?)?.key;
        Some(object(key.host.to_string(), key.service.as_deref().map(str::to_owned)))
    };
    Subject {
        alarm: alarm.map(str::to_owned),
        name: by_key.or_else(on_board).unwrap_or_else(|| line.subject.clone()),
        event: text(event, "event").unwrap_or_default(),
    }
}

/// Whether alarms may be seen by anybody (AL17).
struct Shown<'h> {
    history: &'h dyn History,
    view: &'h View,
    known: HashMap<String, bool>,
}

impl Shown<'_> {
    fn alarm(&mut self, id: &str) -> Result<bool, StoreError> {
        if let Some(known) = self.known.get(id) {
            return Ok(*known);
        }
        let seen = self.view.alarm(id).is_some() || {
            let query = EpisodeQuery { id: Some(id.to_owned()), limit: 1, ..EpisodeQuery::default() };
            let closed = self.history.episodes(&query)?.pop();
            closed.is_some_and(|e| super::details::may_be_seen(self.view, &e))
        };
        self.known.insert(id.to_owned(), seen);
        Ok(seen)
    }
}

/// What people do, by the command's name, in words that begin a line: `ana switched off`.
pub(super) fn deed(action: &str) -> &'static str {
    match action {
        "switch-off" => "switched off",
        "switch-on" => "took back the switching off of",
        "mask" => "masked",
        "unmask" => "unmasked",
        "open-cause" => "put under a new common cause",
        "join-cause" => "put under a common cause",
        "leave-cause" => "took out of a common cause",
        "end-cause" => "ended a common cause",
        "note" => "wrote a note on",
        "strike-note" => "took back a note on",
        _ => "did something that this release does not know to",
    }
}
