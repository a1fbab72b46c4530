//! From rows to types, each row's checksum verified on the way; shared by the writer, the readers and the checks.

use super::again;
use crate::store::checksum::Sum;
use crate::store::contract::{Losses, TruthBegins};
use crate::store::documents;
use crate::store::error::StoreError;
use crate::store::record::{AuditEntry, DailySum, Episode, Record, StoredRecord};
use alarm_core::time::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};
use std::borrow::Cow;
use std::path::Path;

/// The columns of a record, in the order of [`record`].
pub(super) const RECORD: &str = "seq, at, kind, version, rules, object, sum, body, events";
/// The columns of an episode, in the order of [`episode`].
pub(super) const EPISODE: &str = "id, seq, object, site, host, service, metric, opened, closed, sum, body";
/// The columns of a line of the audit trail, in the order of [`audit`].
pub(super) const AUDIT: &str = "seq, part, at, who, action, subject, sum, body";

/// A seq as the database holds it. Seqs beyond 2^63 - 1 do not happen (a million a second for 290 000 years).
pub(super) fn sql(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// A seq from the database; a negative one is damage, which its record's checksum tells.
pub(super) fn seq(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A record with its verdict: `false` when the checksum does not fit.
pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<(StoredRecord, bool)> {
    let seq = seq(row.get(0)?);
    let body: String = row.get(7)?;
    let record = Record {
        at: Timestamp(row.get(1)?),
        kind: Cow::Owned(row.get(2)?),
        version: row.get(3)?,
        rules: row.get(4)?,
        object: row.get(5)?,
        events: again::put_back(&body, row.get(8)?),
        body,
    };
    let sound = record.sum(seq) == row.get::<_, i64>(6)?;
    Ok((StoredRecord { seq, record }, sound))
}

pub(super) fn episode(row: &Row<'_>) -> rusqlite::Result<(Episode, bool)> {
    let episode = Episode {
        id: row.get(0)?,
        seq: seq(row.get(1)?),
        object: row.get(2)?,
        site: row.get(3)?,
        host: row.get(4)?,
        service: row.get(5)?,
        metric: row.get(6)?,
        opened: Timestamp(row.get(7)?),
        closed: Timestamp(row.get(8)?),
        body: row.get(10)?,
    };
    let sound = episode.sum() == row.get::<_, i64>(9)?;
    Ok((episode, sound))
}

/// A sum of a day, in the order `day, object, state, seconds, sum`.
pub(super) fn daily(row: &Row<'_>) -> rusqlite::Result<(DailySum, bool)> {
    let daily = DailySum { day: row.get(0)?, object: row.get(1)?, state: row.get(2)?, seconds: row.get(3)? };
    let sound = daily.sum() == row.get::<_, i64>(4)?;
    Ok((daily, sound))
}

pub(super) fn audit(row: &Row<'_>) -> rusqlite::Result<(AuditEntry, bool)> {
    let entry = AuditEntry {
        seq: seq(row.get(0)?),
        part: row.get(1)?,
        at: Timestamp(row.get(2)?),
        who: row.get(3)?,
        action: row.get(4)?,
        subject: row.get(5)?,
        body: row.get(7)?,
    };
    let sound = entry.sum() == row.get::<_, i64>(6)?;
    Ok((entry, sound))
}

/// A row whose checksum does not fit, in the shape of SQLite's errors.
#[derive(Debug, thiserror::Error)]
#[error("{0} does not match its checksum")]
pub(in crate::store) struct Unsound(&'static str);

fn unsound(what: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Null, Box::new(Unsound(what)))
}

/// This release's version, as journals hold it.
pub(super) const OURS: &str = env!("CARGO_PKG_VERSION");

/// What the journal says of itself: one row, so that no part of it can be missing unnoticed.
#[derive(Clone, Debug)]
pub(super) struct Meta {
    /// The release that wrote last.
    pub(super) written_by: String,
    /// The seq up to which the state rows are complete.
    pub(super) flushed: u64,
    pub(super) truth: TruthBegins,
    /// Sum of the checksums of all state rows: tells a row that vanished or came back.
    pub(super) rows_sum: i64,
}

impl Meta {
    pub(super) fn of_a_new_journal() -> Self {
        let truth = TruthBegins { seq: 1, at: Timestamp(0) };
        Meta { written_by: OURS.to_owned(), flushed: 0, truth, rows_sum: 0 }
    }

    fn sum(&self) -> i64 {
        let sum = Sum::new().bytes(self.written_by.as_bytes()).int(sql(self.flushed)).int(sql(self.truth.seq));
        sum.int(self.truth.at.0).int(self.rows_sum).finish()
    }

    pub(super) fn read(conn: &Connection) -> rusqlite::Result<Self> {
        let (meta, sum) = conn
            .prepare_cached("SELECT written_by, flushed, truth_seq, truth_at, rows_sum, sum FROM meta WHERE one=1")?
            .query_row([], |r| {
                let truth = TruthBegins { seq: seq(r.get(2)?), at: Timestamp(r.get(3)?) };
                let meta = Meta { written_by: r.get(0)?, flushed: seq(r.get(1)?), truth, rows_sum: r.get(4)? };
                Ok((meta, r.get::<_, i64>(5)?))
            })?;
        if meta.sum() == sum { Ok(meta) } else { Err(unsound("what the journal says of itself")) }
    }

    pub(super) fn write(&self, conn: &Connection) -> rusqlite::Result<()> {
        conn.prepare_cached(
            "INSERT OR REPLACE INTO meta(one, written_by, flushed, truth_seq, truth_at, rows_sum, sum)
             VALUES(1, ?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((&self.written_by, sql(self.flushed), sql(self.truth.seq), self.truth.at.0, self.rows_sum, self.sum()))
        .map(drop)
    }
}

fn loss_sum(loss: &Losses) -> i64 {
    Sum::new().int(sql(loss.from)).int(sql(loss.to)).int(loss.from_at.0).int(loss.to_at.0).finish()
}

pub(super) fn losses(conn: &Connection) -> rusqlite::Result<Vec<Losses>> {
    conn.prepare_cached("SELECT first, last, first_at, last_at, sum FROM losses ORDER BY first")?
        .query_map([], |r| {
            let (from, to) = (seq(r.get(0)?), seq(r.get(1)?));
            let loss = Losses { from, to, from_at: Timestamp(r.get(2)?), to_at: Timestamp(r.get(3)?) };
            if loss_sum(&loss) == r.get::<_, i64>(4)? { Ok(loss) } else { Err(unsound("a note of lost records")) }
        })?
        .collect()
}

pub(super) fn write_loss(conn: &Connection, loss: &Losses) -> rusqlite::Result<()> {
    let row = (sql(loss.from), sql(loss.to), loss.from_at.0, loss.to_at.0, loss_sum(loss));
    conn.execute("INSERT INTO losses(first, last, first_at, last_at, sum) VALUES(?1, ?2, ?3, ?4, ?5)", row).map(drop)
}

/// The highest seq ever given out: of the journal, of what was lost, of what was pruned.
pub(super) fn last_seq(conn: &Connection) -> rusqlite::Result<u64> {
    let last = |sql: &str| conn.query_row(sql, [], |r| r.get::<_, Option<i64>>(0)).map(|v| v.map_or(0, seq));
    let pruned = Meta::read(conn)?.truth.seq.saturating_sub(1);
    Ok(pruned.max(last("SELECT max(seq) FROM journal")?).max(last("SELECT max(last) FROM losses")?))
}

/// The first record with `seq >= from`: its seq and time.
pub(super) fn first_from(conn: &Connection, from: u64) -> rusqlite::Result<Option<(u64, Timestamp)>> {
    conn.prepare_cached("SELECT seq, at FROM journal WHERE seq >= ?1 ORDER BY seq LIMIT 1")?
        .query_row([sql(from)], |r| Ok((seq(r.get(0)?), Timestamp(r.get(1)?))))
        .optional()
}

/// The lowest seq of a record with `at >= time`, or one above the last. Times never go back along the seqs, so this needs
/// no index, which would cost the writer a page per commit.
pub(super) fn seq_at(conn: &Connection, time: Timestamp) -> rusqlite::Result<u64> {
    let (mut low, mut high) = (0, last_seq(conn)? + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        match first_from(conn, middle)? {
            Some((seq, at)) if at < time => low = seq + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// A document, its hash verified.
pub(super) fn document(conn: &Connection, path: &Path, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let found = conn
        .prepare_cached("SELECT size, packed, bytes FROM documents WHERE hash=?1")
        .and_then(|mut s| {
            s.query_row([hash], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, bool>(1)?, r.get::<_, Vec<u8>>(2)?))).optional()
        })
        .map_err(|e| StoreError::sqlite(path, "reading a document", &e))?;
    let Some((size, packed, bytes)) = found else { return Ok(None) };
    let bytes = match usize::try_from(size) {
        Ok(size) if packed => documents::unpack(&bytes, size),
        _ => Some(bytes),
    };
    match bytes.filter(|b| documents::document_hash(b) == hash) {
        Some(bytes) => Ok(Some(bytes)),
        None => Err(StoreError::Corrupt {
            path: path.to_owned(),
            what: format!("the document {hash} no longer has that hash"),
            last_good: None,
        }),
    }
}
