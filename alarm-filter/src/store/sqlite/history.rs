//! Questions on a connection of their own, which cannot write and never makes the writer wait.

use super::decode::{self, Meta};
use super::{OpenOptions, check, connect, schema};
use crate::store::contract::{Finding, History, Losses, RareKind, TruthBegins};
use crate::store::error::StoreError;
use crate::store::query::EpisodeQuery;
use crate::store::record::{AuditEntry, DailySum, Episode, StoredRecord};
use alarm_core::time::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Params, Row, params_from_iter};
use std::path::{Path, PathBuf};

/// A reading connection.
pub struct SqliteHistory {
    conn: Connection,
    path: PathBuf,
    options: OpenOptions,
    /// Where the records of an object stand is written down, up to where the snapshot was flushed.
    by_object: bool,
}

/// The latest records of an object. What came since the snapshot was flushed is looked through; that is never much.
const OF_OBJECT: &str = "seq IN (
    SELECT seq FROM journal_objects WHERE object=?1 AND seq <= ?2
    UNION ALL
    SELECT seq FROM journal WHERE object=?1 AND seq <= ?2 AND seq > (SELECT flushed FROM meta)
    ORDER BY seq DESC LIMIT ?3) ORDER BY seq DESC";

impl SqliteHistory {
    /// Opens the journal at `path` for reading; works beside a running daemon and without one.
    ///
    /// # Errors
    /// [`StoreError`]: none there, of a newer release, of another program, damaged.
    pub fn open(path: &Path, options: OpenOptions) -> Result<Self, StoreError> {
        // Not by opening it: closing it again would take this process's own locks from it.
        if let Err(e) = std::fs::metadata(path) {
            return Err(match e.kind() {
                std::io::ErrorKind::NotFound => StoreError::NoJournal { path: path.to_owned() },
                _ => StoreError::Unreadable { path: path.to_owned(), detail: e.to_string() },
            });
        }
        let opened = connect(path, options, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .and_then(|conn| schema::prepare_reader(&conn, path).map(|schema| (conn, schema)));
        let (conn, schema) = opened.map_err(|e| match e {
            StoreError::ReadOnly { path, detail, .. } => StoreError::Unreadable { path, detail },
            other => other,
        })?;
        Ok(SqliteHistory { conn, path: path.to_owned(), options, by_object: schema >= schema::OBJECTS })
    }

    /// Writes a consistent copy to a file that must not exist yet, beside a running daemon too: it takes no lock.
    ///
    /// # Errors
    /// [`StoreError`]; an unfinished copy is removed.
    pub fn backup_to(&self, to: &Path) -> Result<(), StoreError> {
        super::backup::copy(&self.path, to, self.options)
    }

    /// The seq of the last record, and its time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn end(&self) -> Result<(u64, Timestamp), StoreError> {
        let ask = || {
            let last = decode::last_seq(&self.conn)?;
            Ok((last, decode::first_from(&self.conn, last)?.map_or(Timestamp(0), |(_, at)| at)))
        };
        ask().map_err(|e| self.told("reading where the journal ends", &e))
    }

    fn told(&self, doing: &'static str, error: &rusqlite::Error) -> StoreError {
        StoreError::sqlite(&self.path, doing, error)
    }

    /// Runs a query whose rows carry checksums; the first that does not fit is an error.
    fn verified<T>(
        &self,
        doing: &'static str,
        sql: &str,
        params: impl Params,
        decode: impl Fn(&Row<'_>) -> rusqlite::Result<(T, bool)>,
        name: impl Fn(&T) -> String,
    ) -> Result<Vec<T>, StoreError> {
        let read = || -> rusqlite::Result<Vec<(T, bool)>> {
            self.conn.prepare_cached(sql)?.query_map(params, |r| decode(r))?.collect()
        };
        let answer = read().map_err(|e| self.told(doing, &e))?;
        let check = |(value, sound): (T, bool)| match sound {
            true => Ok(value),
            false => Err(StoreError::Corrupt {
                path: self.path.clone(),
                what: format!("{} does not match its checksum", name(&value)),
                last_good: None,
            }),
        };
        answer.into_iter().map(check).collect()
    }

    fn records(&self, condition: &str, params: impl Params) -> Result<Vec<StoredRecord>, StoreError> {
        let sql = format!("SELECT {} FROM journal WHERE {condition}", decode::RECORD);
        self.verified("reading the journal", &sql, params, decode::record, |r| format!("record {}", r.seq))
    }
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl History for SqliteHistory {
    fn of_object(
        &self,
        object: i64,
        upto: u64,
        limit: usize,
        before: Option<u64>,
    ) -> Result<Vec<StoredRecord>, StoreError> {
        let highest = before.map_or(upto, |b| upto.min(b.saturating_sub(1)));
        let before = "object=?1 AND seq <= ?2 ORDER BY seq DESC LIMIT ?3";
        let condition = if self.by_object { OF_OBJECT } else { before };
        self.records(condition, (object, decode::sql(highest), count(limit)))
    }

    fn of_kind(&self, kind: RareKind, upto: u64, limit: usize, after: u64) -> Result<Vec<StoredRecord>, StoreError> {
        // The kind stands in the text: the index over rare kinds is found by the very words of its condition.
        let condition = format!("kind='{}' AND seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3", kind.word());
        self.records(&condition, (decode::sql(after), decode::sql(upto), count(limit)))
    }

    fn record(&self, seq: u64) -> Result<Option<StoredRecord>, StoreError> {
        Ok(self.records("seq=?1", [decode::sql(seq)])?.pop())
    }

    fn between(
        &self,
        from: Timestamp,
        to: Timestamp,
        upto: u64,
        limit: usize,
        after: u64,
    ) -> Result<Vec<StoredRecord>, StoreError> {
        let told = |e: rusqlite::Error| self.told("looking for a time in the journal", &e);
        let first = decode::seq_at(&self.conn, from).map_err(told)?.max(after.saturating_add(1));
        let end = decode::seq_at(&self.conn, to).map_err(told)?.min(upto.saturating_add(1));
        let condition = "seq >= ?1 AND seq < ?2 ORDER BY seq LIMIT ?3";
        self.records(condition, (decode::sql(first), decode::sql(end), count(limit)))
    }

    fn episodes(&self, query: &EpisodeQuery) -> Result<Vec<Episode>, StoreError> {
        let (condition, params) = condition(query);
        let sql =
            format!("SELECT {} FROM episodes WHERE {condition} ORDER BY closed DESC, id DESC LIMIT ?", decode::EPISODE);
        let name = |e: &Episode| format!("the closed alarm {}", e.id);
        self.verified("reading closed alarms", &sql, params_from_iter(params), decode::episode, name)
    }

    fn daily(&self, object: Option<i64>, from: i32, to: i32) -> Result<Vec<DailySum>, StoreError> {
        let one = "SELECT day, object, state, seconds, sum FROM daily WHERE day BETWEEN ?1 AND ?2 AND object=?3
                   ORDER BY day, object, state";
        let all = "SELECT day, object, state, seconds, sum FROM daily WHERE day BETWEEN ?1 AND ?2
                   ORDER BY day, object, state";
        let (doing, name) = ("reading sums of days", |d: &DailySum| format!("the sum of day {}", d.day));
        match object {
            Some(object) => self.verified(doing, one, (from, to, object), decode::daily, name),
            None => self.verified(doing, all, (from, to), decode::daily, name),
        }
    }

    fn audit(
        &self,
        subject: Option<&str>,
        upto: u64,
        limit: usize,
        before: Option<(u64, u32)>,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let (seq, part) = before.unwrap_or((u64::MAX, 0)).min((upto.saturating_add(1), 0));
        let order = "(seq, part) < (?1, ?2) ORDER BY seq DESC, part DESC LIMIT ?3";
        let (doing, name) =
            ("reading the audit trail", |a: &AuditEntry| format!("line {}.{} of the audit trail", a.seq, a.part));
        let columns = decode::AUDIT;
        match subject {
            Some(subject) => {
                let sql = format!("SELECT {columns} FROM audit WHERE subject=?4 AND {order}");
                self.verified(doing, &sql, (decode::sql(seq), part, count(limit), subject), decode::audit, name)
            }
            None => {
                let sql = format!("SELECT {columns} FROM audit WHERE {order}");
                self.verified(doing, &sql, (decode::sql(seq), part, count(limit)), decode::audit, name)
            }
        }
    }

    fn document(&self, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
        decode::document(&self.conn, &self.path, hash)
    }

    fn truth_begins(&self) -> Result<TruthBegins, StoreError> {
        Meta::read(&self.conn).map(|m| m.truth).map_err(|e| self.told("reading where the truth begins", &e))
    }

    fn losses(&self) -> Result<Vec<Losses>, StoreError> {
        decode::losses(&self.conn).map_err(|e| self.told("reading what was lost", &e))
    }

    fn check_slices(&self, go_on: &mut dyn FnMut() -> bool) -> Result<Option<Vec<Finding>>, StoreError> {
        check::all(&self.conn, &self.path, go_on)
    }
}

/// The conditions of a query for episodes, values bound and never written into the text.
fn condition(query: &EpisodeQuery) -> (String, Vec<Value>) {
    let (mut text, mut values) = ("seq <= ?".to_owned(), vec![Value::Integer(decode::sql(query.upto))]);
    let mut and = |condition: &str, value: Value| {
        text.push_str(" AND ");
        text.push_str(condition);
        values.push(value);
    };
    let texts = [("id=?", &query.id), ("site=?", &query.site), ("host=?", &query.host), ("service=?", &query.service)];
    for (column, value) in texts {
        if let Some(value) = value {
            and(column, Value::Text(value.clone()));
        }
    }
    if let Some(object) = query.object {
        and("object=?", Value::Integer(object));
    }
    if let Some(from) = query.from {
        and("closed >= ?", Value::Integer(from.0));
    }
    if let Some(to) = query.to {
        and("opened < ?", Value::Integer(to.0));
    }
    if let Some((closed, id)) = &query.after {
        and("(closed, id) < (?, ", Value::Integer(closed.0));
        text.push_str("?)");
        values.push(Value::Text(id.clone()));
    }
    values.push(Value::Integer(count(query.limit)));
    (text, values)
}
