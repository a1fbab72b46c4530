//! Who did what, from the audit trail: one entry a command, newest first. Commands that touched a security matter are left out
//! (AL17).

use crate::keeper::trail::{COMMAND, Whole};
use crate::store::{AuditEntry, History, StoreError};
use crate::view::View;
use alarm_core::command::Action;
use alarm_core::time::Timestamp;

/// How many lines are read at a time.
const PIECE: usize = 256;
/// How many lines are looked at for one answer; a name that fits few of them goes on with the next page.
const LOOKED_AT: usize = 20_000;

/// Which entries are asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct TrailQuery {
    /// What was done to this: an alarm's id, `site/NAME`, a cause, a note. Empty: to anything.
    pub(super) subject: String,
    /// By who: a part of the name, in any case. Empty: by anybody.
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
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// The record.
    pub(super) seq: u64,
    /// When.
    pub(super) at: Timestamp,
    /// Who.
    pub(super) who: String,
    /// What, without the alarms that it names.
    pub(super) action: Action,
    /// To what, and what takes it back.
    pub(super) whole: Whole,
}

impl Entry {
    /// The records that it stands in: one for each object that it touched.
    pub(super) fn records(&self) -> std::ops::RangeInclusive<u64> {
        self.seq..=self.whole.last.max(self.seq)
    }
}

/// Reads a page.
///
/// # Errors
/// The store.
pub(super) fn read(history: &dyn History, view: &View, query: &TrailQuery) -> Result<TrailPage, StoreError> {
    let subject = if query.subject.is_empty() { COMMAND } else { &*query.subject };
    let wanted = query.who.to_lowercase();
    let (mut page, mut looked_at) = (TrailPage::default(), 0);
    let mut before = query.before.map(|seq| (seq, 0));
    let mut last = None;
    loop {
        let piece = history.audit(Some(subject), query.upto, PIECE, before)?;
        for line in &piece {
            // A command may have several lines of one subject.
            if last == Some(line.seq) {
                continue;
            }
            if page.entries.len() == query.limit || looked_at >= LOOKED_AT {
                page.next = Some(line.seq + 1);
                return Ok(page);
            }
            looked_at += 1;
            last = Some(line.seq);
            if wanted.is_empty() || line.who.to_lowercase().contains(&wanted) {
                let head = if subject == COMMAND { Some(line.clone()) } else { head_upto(history, line.seq)? };
                page.entries.extend(head.and_then(|head| entry(view, &head)));
            }
        }
        match piece.last() {
            Some(line) if piece.len() == PIECE => before = Some((line.seq, line.part)),
            _ => return Ok(page),
        }
    }
}

/// The entry of the command that this record is of; `None`: it is of none that anybody may see.
///
/// # Errors
/// The store.
pub(super) fn find(history: &dyn History, view: &View, seq: u64) -> Result<Option<Entry>, StoreError> {
    let found = head_upto(history, seq)?.and_then(|line| entry(view, &line));
    Ok(found.filter(|e| e.records().contains(&seq)))
}

/// The newest head up to a record.
fn head_upto(history: &dyn History, seq: u64) -> Result<Option<AuditEntry>, StoreError> {
    Ok(history.audit(Some(COMMAND), seq, 1, None)?.pop())
}

fn entry(view: &View, line: &AuditEntry) -> Option<Entry> {
    let whole: Whole = serde_json::from_str(&line.body).ok()?;
    let action: Action = serde_json::from_str(&line.action).ok()?;
    let operators = view.profiles.profiles.get(&view.profiles.operators);
    let secret = |metric: &str| operators.is_some_and(|p| p.settings(metric).security);
    if whole.metrics.iter().any(|metric| secret(metric)) {
        return None;
    }
    Some(Entry { seq: line.seq, at: line.at, who: line.who.clone(), action, whole })
}
