//! What waits for the next commit: records, cursors, rows of the snapshot, and those who wait for the answer.

use super::trail;
use crate::intake::Answer;
use crate::replay::episodes;
use crate::store::{Batch, DailySum, Episode, Record as Row};
use crate::view::NotStored;
use alarm_core::alarm::Alarm;
use alarm_core::command::Outcome;
use alarm_core::days::{Days, Sum};
use alarm_core::engine::{Engine, Record};
use alarm_core::event::RULES_VERSION;
use alarm_core::input::INPUT_VERSION;
use alarm_core::time::Timestamp;
use std::borrow::Cow;
use std::collections::HashSet;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The snapshot is written after so many records at the latest …
const FLUSH_RECORDS: usize = 20_000;
/// … or changed rows, which stand in memory while they are written …
const FLUSH_ROWS: usize = 12_000;
/// … and after so long, when anything changed.
const FLUSH_AFTER: Duration = Duration::from_secs(30);

/// See the module.
pub struct Pending {
    batch: Batch,
    last_seq: u64,
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
        Pending { batch, last_seq, answers: Vec::new(), unflushed, flushed, days: Days::default() }
    }

    /// Sums of days go on from these.
    pub fn go_on(&mut self, days: Days) {
        self.days = days;
    }

    /// How many records wait.
    pub fn len(&self) -> usize {
        self.batch.records.len()
    }

    /// Whether there is nothing to commit and nobody to answer.
    pub fn is_empty(&self) -> bool {
        self.batch.records.is_empty()
            && self.batch.cursors.is_empty()
            && self.batch.rows.is_empty()
            && self.answers.is_empty()
    }

    /// What is to be committed.
    pub fn batch(&self) -> &Batch {
        &self.batch
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
        for record in records {
            self.days.take(record.at, &record.events, engine.world());
            self.batch.records.push(row(&record));
        }
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

    /// Nothing can be stored: those who wait are told, and need not wait for what may take long.
    pub fn refuse_waiting(&mut self, why: Option<&NotStored>) {
        let Some(why) = why else { return };
        for (answer, _) in self.answers.drain(..) {
            // Whoever asked may have gone; then nobody needs the answer.
            let _ = answer.send(Answer::NotStored { since: why.since, reason: why.reason.clone() });
        }
    }

    /// It is on the disk: answers go out.
    pub fn committed(&mut self, seq: u64) {
        self.last_seq = self.last_seq.max(seq);
        for (answer, outcome) in self.answers.drain(..) {
            let _ = answer.send(outcome.map_or_else(|| Answer::stored(self.last_seq), Answer::from));
        }
        self.unflushed += self.batch.records.len();
        if self.batch.flushed.is_some() {
            self.unflushed = 0;
            self.flushed = Instant::now();
        }
        self.batch = Batch { first_seq: self.last_seq + 1, ..Batch::default() };
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

    /// The same, when enough has come together.
    pub fn flush_when_full(&mut self, engine: &mut Engine) {
        if self.unflushed + self.len() >= FLUSH_RECORDS || engine.world().changed_rows() >= FLUSH_ROWS {
            self.flush(engine);
        }
    }

    /// The same, when it was long ago.
    pub fn flush_when_due(&mut self, engine: &mut Engine) {
        if self.flushed.elapsed() >= FLUSH_AFTER && self.unflushed > 0 {
            self.flush(engine);
        }
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
    serde_json::to_string(value).unwrap_or_default()
}
