//! What the journal says of objects over a period.

use super::inventory::Service;
use crate::store::{History, RareKind, StoreError, TruthBegins};
use alarm_core::downtime::windows_of_key;
use alarm_core::event::Event;
use alarm_core::input::Text;
use alarm_core::time::Timestamp;
use alarm_core::timeline::{Archive, Fact, Health, Line, Said, Status, Watchers, facts, object_line};
use alarm_core::topology::{Downtimes, Severity, Topology};
use alarm_core::upcast;
use alarm_core::watch::Key;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many records are read at a time.
const PAGE: usize = 256;
/// How far back before a period the state at its begin is looked for, in records of the object.
const BEFORE: usize = 1024;
/// How many facts of one object are kept: of more, the older part of the period counts as without data.
const FACTS: usize = 100_000;

/// A period, as a view shows it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Period {
    /// Begin, included.
    pub from: Timestamp,
    /// End, not included; nothing is known of what lies ahead.
    pub to: Timestamp,
    /// The seq of the view.
    pub upto: u64,
}

/// What holds for all objects: how the monitors did, the downtimes that held, and from when on the journal is complete.
#[derive(Clone, Debug, Default)]
pub struct Background {
    /// Read up to this seq.
    upto: u64,
    health: BTreeMap<Text, Health>,
    /// Downtimes that came into force: when, and their hash.
    answers: Vec<(u64, Timestamp, Text)>,
    /// From when on the archive is whole, and the last of them that it has; `None`: there is none yet.
    archived: Option<(Timestamp, u64)>,
    archive: Arc<Archive>,
    downtimes: Arc<Downtimes>,
    truth: TruthBegins,
}

impl Background {
    /// Reads what came since `before`.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn read(history: &dyn History, period: Period, before: Option<&Background>) -> Result<Self, StoreError> {
        let mut b = before.cloned().unwrap_or_default();
        b.truth = history.truth_begins()?;
        if b.upto < period.upto {
            each(history, RareKind::SourceState, period.upto, b.upto, |record| {
                let told = facts(record.record.rules, &record.record.events, None).unwrap_or_default();
                for (source, since, fresh) in told.health {
                    let health = b.health.entry(source).or_default();
                    // Time does not go back.
                    let since = health.last().map_or(since, |(last, _)| since.max(*last));
                    if health.last().is_none_or(|(_, last)| *last != fresh) {
                        health.push((since, fresh));
                    }
                }
            })?;
            each(history, RareKind::Downtimes, period.upto, b.upto, |record| {
                let events = upcast::events(record.record.rules, &record.record.events).unwrap_or_default();
                for event in events {
                    if let Event::Downtimes { hash } = event {
                        b.answers.push((record.seq, record.record.at, hash));
                    }
                }
            })?;
            b.upto = period.upto;
        }
        b.archive_from(history, period.from)?;
        Ok(b)
    }

    /// Puts together the downtimes that held since then.
    fn archive_from(&mut self, history: &dyn History, from: Timestamp) -> Result<(), StoreError> {
        let last = self.answers.last().map_or(0, |(seq, _, _)| *seq);
        let goes_on = self.archived.filter(|(whole, _)| *whole <= from);
        if goes_on.is_some_and(|(_, taken)| taken == last) {
            return Ok(());
        }
        let (mut archive, more) = match goes_on {
            Some((_, taken)) => ((*self.archive).clone(), self.answers.partition_point(|(seq, _, _)| *seq <= taken)),
            // The one that was in force at the begin comes first.
            None => {
                let later = self.answers.partition_point(|(_, at, _)| *at <= from);
                (Archive::default(), later.saturating_sub(1))
            }
        };
        for (_, at, hash) in self.answers.iter().skip(more) {
            let Some(json) = history.document(hash)? else { continue };
            if let Ok(answer) = serde_json::from_slice::<Downtimes>(&json) {
                archive.take(*at, &answer);
            }
        }
        self.downtimes = Arc::new(archive.downtimes());
        self.archive = Arc::new(archive);
        self.archived = Some((goes_on.map_or(from, |(whole, _)| whole), last));
        Ok(())
    }

    /// The downtimes that held in the period.
    pub fn downtimes(&self) -> &Downtimes {
        &self.downtimes
    }

    /// Since when the journal is complete; `None`: nothing was ever cut.
    pub fn begins(&self) -> Option<Timestamp> {
        (self.truth.seq > 1).then_some(self.truth.at)
    }
}

fn each(
    history: &dyn History,
    kind: RareKind,
    upto: u64,
    mut after: u64,
    mut take: impl FnMut(&crate::store::StoredRecord),
) -> Result<(), StoreError> {
    loop {
        let page = history.of_kind(kind, upto, PAGE, after)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.seq;
        page.iter().for_each(&mut take);
    }
}

/// How a service stood.
#[derive(Clone, Debug)]
pub struct Strip {
    /// Over the period, scheduled outages as DOWNTIME.
    pub line: Line,
    /// How it stands at the end, outages aside; `None`: nothing is known.
    pub now: Option<Status>,
    /// Since when, as far as the journal goes.
    pub since: Timestamp,
    /// Unscheduled outages within the period (DC3: not excused).
    pub unscheduled: Vec<(Timestamp, Timestamp)>,
}

/// What is asked about each of several services.
#[derive(Clone, Copy)]
pub struct Knowing<'a> {
    /// See [`Background`].
    pub background: &'a Background,
    /// When each monitor was first heard.
    pub heard: &'a BTreeMap<Text, Timestamp>,
    /// The topology in force.
    pub topology: Option<&'a Topology>,
}

/// How the services stood, in their order.
///
/// # Errors
/// The journal cannot be read.
pub fn strips(
    history: &dyn History,
    knowing: &Knowing<'_>,
    services: &[Service],
    period: Period,
) -> Result<Vec<Strip>, StoreError> {
    services.iter().map(|s| strip(history, knowing, s, period)).collect()
}

fn strip(history: &dyn History, knowing: &Knowing<'_>, service: &Service, period: Period) -> Result<Strip, StoreError> {
    let Period { from, to, .. } = period;
    let background = knowing.background;
    let (facts, begins) = facts_of(history, background, service, period)?;
    let watchers = Watchers { heard: knowing.heard, health: &background.health, silent: &service.monitors };
    let whole = object_line(Timestamp(i64::MIN), to, &facts, &watchers);
    let (since, now) = whole.last();
    let known = whole.part(from.max(begins).min(to), to);
    let mut line = Line::of_steps(from, to, known.pieces().map(|p| (p.from, p.status)));
    let windows = windows_of_key(knowing.topology, background.downtimes(), &service.key, &service.about.service_type);
    let outages = |scheduled: bool| -> Vec<(Timestamp, Timestamp)> {
        let own = windows.iter().filter(|w| w.severity == Severity::Outage && w.scheduled == scheduled);
        own.map(|w| (w.start.max(from), w.end.min(to))).filter(|(a, b)| a < b).collect()
    };
    line = line.overlaid(&outages(true), Status::Downtime);
    Ok(Strip { line, now, since, unscheduled: outages(false) })
}

/// The facts of an object in the order of the journal, and from when on they are whole.
///
/// The records are read from the newest back: a line that came late speaks of earlier times, so that those after the
/// period are read too. It goes back to the state at the begin of the period, of each monitor of the group.
fn facts_of(
    history: &dyn History,
    background: &Background,
    service: &Service,
    period: Period,
) -> Result<(Vec<Fact>, Timestamp), StoreError> {
    let number = service.key.number();
    let (mut found, mut before, mut beyond): (Vec<Fact>, Option<u64>, usize) = (Vec::new(), None, 0);
    let mut known: BTreeSet<Text> = BTreeSet::new();
    let mut oldest = u64::MAX;
    let mut cut_off = false;
    'pages: loop {
        let page = history.of_object(number, period.upto, PAGE, before)?;
        let full = page.len() == PAGE;
        for record in page {
            before = Some(record.seq);
            let told = read(&record, &service.key);
            if record.record.at < period.from {
                beyond += 1;
                known.extend(told.iter().filter(|f| matches!(f.said, Said::State(_))).map(|f| f.monitor.clone()));
            }
            if !told.is_empty() {
                oldest = record.seq;
            }
            // They will be turned round as a whole.
            found.extend(told.into_iter().rev());
            if found.len() > FACTS || beyond > BEFORE {
                cut_off = true;
                break 'pages;
            }
            if !known.is_empty() && service.monitors.iter().all(|m| known.contains(m)) {
                break 'pages;
            }
        }
        if !full {
            break;
        }
    }
    found.reverse();
    let truth = background.truth;
    let first = found.first().map(|f| (f.since, f.said));
    let begins = match first {
        Some((since, _)) if cut_off => since,
        _ if truth.seq <= 1 => Timestamp(i64::MIN),
        // What stood before a hard state is gone with the records; a soft problem follows an OK.
        Some((since, Said::State(_))) if oldest >= truth.seq => truth.at.max(since),
        _ => truth.at,
    };
    Ok((found, begins))
}

/// What a record says of the object; one of a newer release says nothing here, and the explanation of it says so.
fn read(record: &crate::store::StoredRecord, key: &Key) -> Vec<Fact> {
    facts(record.record.rules, &record.record.events, Some(key)).unwrap_or_default().facts
}
