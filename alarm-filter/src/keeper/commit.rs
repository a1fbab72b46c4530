//! What waits for the next commit: records, cursors, rows of the snapshot, and those who wait for the answer.

use super::documents::Paper;
use super::trail;
use super::writer::{Commit, refuse};
use crate::intake::Answer;
use crate::replay::episodes;
use crate::store::{Batch, DailySum, Episode, Record as Row};
use crate::view::NotStored;
use alarm_core::alarm::Alarm;
use alarm_core::command::Outcome;
use alarm_core::days::{Days, Sum};
use alarm_core::engine::{Engine, Record};
use alarm_core::event::RULES_VERSION;
use alarm_core::input::{INPUT_VERSION, Text};
use alarm_core::time::Timestamp;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The snapshot is written after so many records at the latest: a start reads them again, in half a second …
const FLUSH_RECORDS: usize = 50_000;
/// … or changed rows: what the world may change meanwhile is copied for them, some hundred bytes each …
const FLUSH_ROWS: usize = 48_000;
/// … after a quarter of it, when there is nothing else to do: whoever hands in much at once does not wait for it …
const AT_REST: usize = 4;
/// … and after so long, when anything changed.
const FLUSH_AFTER: Duration = Duration::from_secs(30);

/// See the module.
pub struct Pending {
    /// All but its records, which become rows when it is written.
    batch: Batch,
    records: Vec<Record>,
    last_seq: u64,
    papers: Vec<Paper>,
    answers: Vec<(oneshot::Sender<Answer>, Option<Outcome>)>,
    unflushed: usize,
    flushed: Instant,
    days: Days,
}

impl Pending {
    /// Nothing, behind a journal that ends there.
    pub fn new(last_seq: u64) -> Self {
        let batch = Batch { first_seq: last_seq + 1, ..Batch::default() };
        let (unflushed, flushed) = (0, Instant::now());
        let (records, papers, answers) = (Vec::new(), Vec::new(), Vec::new());
        Pending { batch, records, last_seq, papers, answers, unflushed, flushed, days: Days::default() }
    }

    /// Sums of days go on from these.
    pub fn go_on(&mut self, days: Days) {
        self.days = days;
    }

    /// How many records wait.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// How many wait for an answer.
    pub fn waiting(&self) -> usize {
        self.answers.len()
    }

    /// Whether it holds so many records at most, and nothing that takes long to write.
    pub fn is_small(&self, records: usize) -> bool {
        self.records.len() <= records && self.batch.rows.is_empty()
    }

    /// Whether documents are to be stored with it.
    pub fn has_papers(&self) -> bool {
        !self.papers.is_empty()
    }

    /// Whether there is nothing to commit and nobody to answer.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
            && self.batch.cursors.is_empty()
            && self.batch.rows.is_empty()
            && self.papers.is_empty()
            && self.answers.is_empty()
    }

    /// When each monitor was first heard.
    pub fn heard(&self) -> BTreeMap<Text, Timestamp> {
        self.days.heard()
    }

    /// Takes in records of the engine.
    pub fn take(&mut self, records: Vec<Record>, engine: &Engine) {
        for (cleared, alarm, seq) in episodes::ended(&records, engine) {
            self.batch.episodes.push(closed(format!("{}-{}", alarm.id, alarm.episodes), alarm, seq, cleared));
        }
        for (at, alarm, seq) in episodes::closed(&records, engine) {
            self.batch.episodes.push(closed(alarm.id.to_string(), alarm, seq, at));
        }
        self.batch.audit.extend(trail::lines(&records, engine.world()));
        for record in &records {
            self.days.take(record.at, &record.events, engine.world());
        }
        self.records.extend(records);
    }

    /// Remembers how far a source was read.
    pub fn cursor(&mut self, source: String, json: String) {
        self.batch.cursors.retain(|(s, _)| *s != source);
        self.batch.cursors.push((source, Some(json)));
    }

    /// Somebody waits for the commit; `outcome` is that of a command.
    pub fn answer(&mut self, answer: oneshot::Sender<Answer>, outcome: Option<Outcome>) {
        self.answers.push((answer, outcome));
    }

    /// A document that records of this batch name.
    pub fn paper(&mut self, paper: Paper) {
        self.papers.push(paper);
    }

    /// Nothing can be stored: those who wait are told, and need not wait for what may take long.
    pub(super) fn refuse_waiting(&mut self, why: &NotStored) {
        self.answers.drain(..).for_each(|(answer, _)| refuse(answer, why));
    }

    /// Gives out what is to be committed; what is decided from here on goes with the next one.
    pub(super) fn take_commit(&mut self) -> Commit {
        self.last_seq += self.records.len() as u64;
        self.unflushed += self.records.len();
        if self.batch.flushed.is_some() {
            self.unflushed = 0;
            self.flushed = Instant::now();
        }
        let next = Batch { first_seq: self.last_seq + 1, ..Batch::default() };
        Commit {
            papers: std::mem::take(&mut self.papers),
            records: std::mem::take(&mut self.records),
            batch: std::mem::replace(&mut self.batch, next),
            answers: std::mem::take(&mut self.answers),
            picture: None,
        }
    }

    /// The rows that changed go with this commit.
    pub fn flush(&mut self, engine: &mut Engine) {
        if engine.world().changed_rows() == 0 && !self.days.has_changed() {
            return;
        }
        let days = self.days.take_changed(engine.world());
        self.batch.daily.extend(days.sums.into_iter().map(daily));
        let mut rows = engine.take_changed_rows();
        rows.extend(days.rows);
        if !self.batch.rows.is_empty() {
            // Those of an earlier flush wait with them: of each row the new value counts.
            let newer: HashSet<&str> = rows.iter().map(|(name, _)| &**name).collect();
            self.batch.rows.retain(|(name, _)| !newer.contains(&**name));
        }
        self.batch.rows.extend(rows);
        self.batch.flushed = Some(engine.world().seq);
    }

    /// The same, when so much has come together that it cannot wait for a rest.
    pub fn flush_when_full(&mut self, engine: &mut Engine) {
        if self.is_full(engine, 1) {
            self.flush(engine);
        }
    }

    /// The same, when it was long ago, or enough has come together and there is nothing else to do.
    pub fn flush_when_due(&mut self, engine: &mut Engine, at_rest: bool) {
        if (at_rest && self.is_full(engine, AT_REST)) || (self.flushed.elapsed() >= FLUSH_AFTER && self.unflushed > 0) {
            self.flush(engine);
        }
    }

    fn is_full(&self, engine: &Engine, share: usize) -> bool {
        self.unflushed + self.len() >= FLUSH_RECORDS / share || engine.world().changed_rows() >= FLUSH_ROWS / share
    }
}

/// An alarm that was switched off (under its id), or an episode of one (under its id and the episode's number).
fn closed(id: String, alarm: &Alarm, seq: u64, at: Timestamp) -> Episode {
    Episode {
        id,
        seq,
        object: alarm.key.number(),
        site: alarm.about.site.to_string(),
        host: alarm.key.host.to_string(),
        service: alarm.key.service.as_deref().map(str::to_owned),
        metric: alarm.about.metric.to_string(),
        opened: alarm.episode_since,
        closed: at,
        body: json(alarm),
    }
}

fn daily(sum: Sum) -> DailySum {
    let Sum { day, object, standing, seconds } = sum;
    DailySum { day, object, state: standing.word().to_owned(), seconds }
}

/// A record of the engine as a row of the journal.
pub fn row(record: &Record) -> Row {
    Row {
        at: record.at,
        kind: Cow::Borrowed(record.kind()),
        version: INPUT_VERSION,
        object: record.object,
        body: record.input.as_ref().map_or_else(|| "{}".to_owned(), json),
        rules: RULES_VERSION,
        events: json(&record.events),
    }
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    // These types have string keys only, so writing them as JSON cannot fail.
    alarm_core::json::text(value).unwrap_or_default()
}
