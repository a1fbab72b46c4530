//! Committing: a batch is one transaction, and a commit whose outcome is unknown is asked after before anything else.

use super::SqliteStore;
use super::again;
use super::decode::{self, Meta};
use super::schema;
use crate::store::checksum;
use crate::store::documents;
use crate::store::error::StoreError;
use crate::store::record::{Batch, Standing};
use rusqlite::{Connection, OptionalExtension, params};

const RECORD: &str = "INSERT INTO journal(seq, at, kind, version, rules, object, sum, body, events)
                      VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
/// In the order of the keys: each page is written once.
const OBJECTS: &str = "INSERT OR IGNORE INTO journal_objects(object, seq)
                       SELECT object, seq FROM journal WHERE seq > ?1 AND seq <= ?2 AND object IS NOT NULL
                       ORDER BY object, seq";
const EPISODE: &str =
    "INSERT OR REPLACE INTO episodes(id, seq, object, site, host, service, metric, opened, closed, sum, body)
     VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
const DAILY: &str = "INSERT OR REPLACE INTO daily(day, object, state, seconds, sum) VALUES(?1, ?2, ?3, ?4, ?5)";
const AUDIT: &str = "INSERT OR REPLACE INTO audit(seq, part, at, who, action, subject, sum, body)
                     VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

impl SqliteStore {
    pub(super) fn commit_batch(&mut self, batch: &Batch) -> Result<u64, StoreError> {
        let doing = "storing a batch";
        if self.doubt {
            self.settle()?;
        }
        if batch.standing(self.last, self.meta.flushed)? == Standing::Before {
            return match self.holds(batch).map_err(|e| self.told(doing, &e))? {
                true => Ok(self.last),
                false => {
                    let what = format!("other records stand at seq {} and following", batch.first_seq);
                    Err(StoreError::Refused { what })
                }
            };
        }
        let meta = self.meta.clone();
        self.meta = self.transaction(doing, |conn| write(conn, batch, meta))?;
        self.logged += batch.records.iter().map(|r| r.body.len() + r.events.len()).sum::<usize>();
        if let Some(newest) = batch.records.last() {
            self.last = batch.last_seq(self.last);
            self.last_at = newest.at;
            self.mark.set(self.last, self.last_at);
        }
        Ok(self.last)
    }

    /// Runs `work` as one transaction; whatever fails, nothing of it stays, or (a failed commit) the next call asks.
    pub(super) fn transaction<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        if self.doubt {
            self.settle()?;
        }
        let outcome = begin(&self.conn).and_then(|()| work(&self.conn)).and_then(|v| commit(&self.conn).map(|()| v));
        outcome.map_err(|e| {
            self.doubt = true;
            if !self.conn.is_autocommit() {
                let _settled_later = self.conn.execute_batch("ROLLBACK");
            }
            self.told(doing, &e)
        })
    }

    /// Folds the log into the database when a quarter of what it may hold has come together.
    pub(super) fn fold_log(&mut self) -> Result<(), StoreError> {
        if self.logged < schema::LOG_AT_MOST / 4 {
            return Ok(());
        }
        self.logged = 0;
        // What readers still need stays where it is; the next time will do.
        let fold = || self.conn.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?.query_row([], |_| Ok(()));
        fold().map_err(|e| self.told("folding the log into the database", &e))
    }

    /// Whether exactly these records are stored.
    fn holds(&self, batch: &Batch) -> rusqlite::Result<bool> {
        let mut stored = self.conn.prepare_cached("SELECT sum FROM journal WHERE seq=?1")?;
        for (seq, record) in batch.numbered() {
            let sum: Option<i64> = stored.query_row([decode::sql(seq)], |r| r.get(0)).optional()?;
            if sum != Some(record.sum(seq)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn store_document(&mut self, hash: &str, kind: &str, bytes: &[u8]) -> Result<(), StoreError> {
        if documents::document_hash(bytes) != hash {
            return Err(documents::not_its_own(hash, kind));
        }
        let packed = documents::pack(bytes);
        let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let stored = packed.as_deref().unwrap_or(bytes);
        let is_packed = packed.is_some();
        self.transaction("storing a document", |conn| {
            conn.prepare_cached(
                "INSERT INTO documents(hash, kind, size, packed, bytes) VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
            )?
            .execute(params![hash, kind, size, is_packed, stored])
            .map(drop)
        })
    }

    pub(super) fn drop_documents(&mut self, referenced: &dyn Fn(&str) -> bool) -> Result<u64, StoreError> {
        self.transaction("removing documents", |conn| {
            let hashes: Vec<String> =
                conn.prepare("SELECT hash FROM documents")?.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
            let mut gone = 0;
            for hash in hashes.iter().filter(|h| !referenced(h)) {
                gone += conn.execute("DELETE FROM documents WHERE hash=?1", [hash])?;
            }
            Ok(gone as u64)
        })
    }
}

fn begin(conn: &Connection) -> rusqlite::Result<()> {
    conn.prepare_cached("BEGIN IMMEDIATE")?.execute([]).map(drop)
}

fn commit(conn: &Connection) -> rusqlite::Result<()> {
    conn.prepare_cached("COMMIT")?.execute([]).map(drop)
}

/// Writes everything in the batch; returns what the journal then says of itself.
fn write(conn: &Connection, batch: &Batch, mut meta: Meta) -> rusqlite::Result<Meta> {
    let mut insert = conn.prepare_cached(RECORD)?;
    for (seq, r) in batch.numbered() {
        let sum = r.sum(seq);
        insert.execute(params![
            decode::sql(seq),
            r.at.0,
            r.kind,
            r.version,
            r.rules,
            r.object,
            sum,
            r.body,
            again::left_out(&r.body, &r.events)
        ])?;
    }
    for (source, value) in &batch.cursors {
        match value {
            Some(value) => {
                let sum = checksum::pair(source, value.as_bytes());
                conn.prepare_cached("INSERT OR REPLACE INTO cursors(source, sum, value) VALUES(?1, ?2, ?3)")?
                    .execute(params![source, sum, value])?;
            }
            None => conn.prepare_cached("DELETE FROM cursors WHERE source=?1")?.execute([source]).map(drop)?,
        }
    }
    for e in &batch.episodes {
        let (seq, opened, closed) = (decode::sql(e.seq), e.opened.0, e.closed.0);
        conn.prepare_cached(EPISODE)?.execute(params![
            e.id,
            seq,
            e.object,
            e.site,
            e.host,
            e.service,
            e.metric,
            opened,
            closed,
            e.sum(),
            e.body
        ])?;
    }
    for d in &batch.daily {
        conn.prepare_cached(DAILY)?.execute(params![d.day, d.object, d.state, d.seconds, d.sum()])?;
    }
    for a in &batch.audit {
        let seq = decode::sql(a.seq);
        conn.prepare_cached(AUDIT)?.execute(params![
            seq,
            a.part,
            a.at.0,
            a.who,
            a.action,
            a.subject,
            a.sum(),
            a.body
        ])?;
    }
    if !batch.rows.is_empty() || batch.flushed.is_some() {
        meta.rows_sum = write_rows(conn, batch, meta.rows_sum)?;
        if let Some(flushed) = batch.flushed {
            conn.prepare_cached(OBJECTS)?.execute([decode::sql(meta.flushed), decode::sql(flushed)])?;
            meta.flushed = flushed;
        }
        meta.write(conn)?;
    }
    Ok(meta)
}

fn write_rows(conn: &Connection, batch: &Batch, mut rows_sum: i64) -> rusqlite::Result<i64> {
    let mut find = conn.prepare_cached("SELECT rowid, sum FROM state_rows WHERE key=?1")?;
    let mut add = conn.prepare_cached("INSERT INTO state_rows(key, sum, value) VALUES(?1, ?2, ?3)")?;
    let mut change = conn.prepare_cached("UPDATE state_rows SET sum=?2, value=?3 WHERE rowid=?1")?;
    let mut delete = conn.prepare_cached("DELETE FROM state_rows WHERE rowid=?1")?;
    for (key, value) in &batch.rows {
        let found: Option<(i64, i64)> = find.query_row([key], |r| Ok((r.get(0)?, r.get(1)?))).optional()?;
        rows_sum = rows_sum.wrapping_sub(found.map_or(0, |(_, sum)| sum));
        let Some(value) = value else {
            if let Some((row, _)) = found {
                delete.execute([row])?;
            }
            continue;
        };
        // Made here, one at a time: all of them at once would stand in memory beside what they are made of.
        let value = value.json();
        let sum = checksum::pair(key, &value);
        match found {
            Some((row, _)) => change.execute(params![row, sum, value])?,
            None => add.execute(params![key, sum, value])?,
        };
        rows_sum = rows_sum.wrapping_add(sum);
    }
    Ok(rows_sum)
}
