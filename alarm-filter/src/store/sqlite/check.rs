//! Looking for damage: briefly at each start, wholly in the background or by `alarm-filter check-store`.

use super::decode::{self, Meta};
use crate::store::checksum;
use crate::store::contract::{Finding, Losses, TruthBegins};
use crate::store::error::StoreError;
use alarm_core::time::Timestamp;
use rusqlite::{Connection, Row};
use std::path::Path;

/// More findings of one kind than this are counted, not listed.
const LISTED: usize = 20;

/// How many records are read in one transaction: a long one would keep the log from being folded into the database.
const SLICE: i64 = 10_000;

impl StoreError {
    /// The same, with the last record that was read well.
    pub(super) fn after(mut self, last: Option<(u64, Timestamp)>) -> Self {
        if let StoreError::Corrupt { last_good, .. } = &mut self {
            *last_good = last;
        }
        self
    }
}

/// Looks up how far the journal is readable, for an error that says it is damaged; only then is the long way worth it.
pub(super) fn with_last_good(conn: &Connection, error: StoreError) -> StoreError {
    if !matches!(error, StoreError::Corrupt { .. }) {
        return error;
    }
    let mut last = None;
    let _the_error_is_known = (|| -> rusqlite::Result<()> {
        let mut query = conn.prepare(&format!("SELECT {} FROM journal ORDER BY seq", decode::RECORD))?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let (stored, sound) = decode::record(row)?;
            if !sound {
                break;
            }
            last = Some((stored.seq, stored.record.at));
        }
        Ok(())
    })();
    error.after(last)
}

/// Whether the seqs `from..=to` are missing for a known reason: pruned, or lost and written down.
pub(super) fn explained(from: u64, to: u64, truth: TruthBegins, losses: &[Losses]) -> bool {
    let mut from = from.max(truth.seq);
    for loss in losses {
        if loss.from <= from && from <= loss.to {
            from = loss.to + 1;
        }
    }
    from > to
}

/// A loss in a plain sentence.
pub(super) fn loss_text(loss: &Losses) -> String {
    let Losses { from, to, from_at, to_at } = loss;
    format!(
        "the records {from} to {to} had been stored and are lost: what came in after {from_at} until {to_at}; \
         sources that keep their logs are read again from where the journal ends"
    )
}

/// Findings, the first ones of each kind in words.
struct Report {
    path: std::path::PathBuf,
    list: Vec<Finding>,
}

impl Report {
    fn damage(&mut self, text: String) {
        self.list.push(Finding::damage(text));
    }

    /// Reads rows and tells of those that `judge` objects to; a failure to read on is itself a finding.
    fn scan(
        &mut self,
        conn: &Connection,
        what: &str,
        sql: &str,
        mut judge: impl FnMut(&Row<'_>) -> rusqlite::Result<Option<String>>,
    ) -> Result<(), StoreError> {
        let mut bad = 0;
        let mut go = || -> rusqlite::Result<()> {
            let mut query = conn.prepare(sql)?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                let verdict = match judge(row) {
                    Ok(verdict) => verdict,
                    Err(e) => Some(format!("one of the {what} cannot be read: {e}")),
                };
                if let Some(text) = verdict {
                    bad += 1;
                    if bad <= LISTED {
                        self.list.push(Finding::damage(text));
                    }
                }
            }
            Ok(())
        };
        let outcome = go();
        if bad > LISTED {
            self.damage(format!("{} more of the {what} are damaged", bad - LISTED));
        }
        match outcome.map_err(|e| StoreError::sqlite(&self.path, "checking the store", &e)) {
            Err(StoreError::Corrupt { what: why, .. }) => {
                self.damage(format!("the {what} cannot be read to the end: {why}"));
                Ok(())
            }
            other => other,
        }
    }
}

/// The last records and all state rows.
pub(super) fn tail(conn: &Connection, path: &Path, records: usize) -> Result<Vec<Finding>, StoreError> {
    let mut report = Report { path: path.to_owned(), list: Vec::new() };
    let records = i64::try_from(records).unwrap_or(i64::MAX);
    let sql = format!("SELECT {} FROM journal ORDER BY seq DESC LIMIT {records}", decode::RECORD);
    report.scan(conn, "records", &sql, |row| {
        let (stored, sound) = decode::record(row)?;
        Ok((!sound).then(|| format!("record {} does not match its checksum", stored.seq)))
    })?;
    state_rows(conn, &mut report)?;
    Ok(report.list)
}

fn state_rows(conn: &Connection, report: &mut Report) -> Result<(), StoreError> {
    // One snapshot: a running daemon may flush between the rows and their sum.
    let snapshot =
        conn.unchecked_transaction().map_err(|e| StoreError::sqlite(&report.path, "checking the store", &e))?;
    let mut total = 0_i64;
    report.scan(conn, "state rows", "SELECT key, sum, value FROM state_rows", |row| {
        let (key, sum, value): (String, i64, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        total = total.wrapping_add(sum);
        // Findings stand on pages that anybody may read, and a row's name may be that of a security matter (AL17).
        let kind = key.split('/').next().unwrap_or_default();
        Ok((checksum::pair(&key, &value) != sum).then(|| format!("a state row ({kind}) does not match its checksum")))
    })?;
    let meta = Meta::read(conn).map_err(|e| StoreError::sqlite(&report.path, "checking the store", &e))?;
    drop(snapshot);
    if total != meta.rows_sum {
        report.damage("the state rows together are not those that were flushed: some are missing or old".to_owned());
    }
    Ok(())
}

/// Checks one table.
type CheckOf = fn(&Connection, &mut Report) -> Result<(), StoreError>;

/// Everything, table by table and the journal in slices; `None`: told not to go on. Sound stores give an empty list.
pub(super) fn all(
    conn: &Connection,
    path: &Path,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<Option<Vec<Finding>>, StoreError> {
    let mut report = Report { path: path.to_owned(), list: Vec::new() };
    let tables: [CheckOf; 8] = [pages, cursors, state_rows, documents, episodes, daily, audit, objects];
    for table in tables {
        table(conn, &mut report)?;
        if !go_on() {
            return Ok(None);
        }
    }
    Ok(journal(conn, &mut report, go_on)?.then_some(report.list))
}

fn pages(conn: &Connection, report: &mut Report) -> Result<(), StoreError> {
    report.scan(conn, "database pages", "PRAGMA integrity_check(100)", |row| {
        let text: String = row.get(0)?;
        Ok((text != "ok").then(|| format!("SQLite's integrity check: {}", text.replace('\n', "; "))))
    })
}

fn cursors(conn: &Connection, report: &mut Report) -> Result<(), StoreError> {
    report.scan(conn, "cursors", "SELECT source, sum, value FROM cursors", |row| {
        let (source, sum, value): (String, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(if checksum::pair(&source, value.as_bytes()) != sum {
            Some(format!("the cursor of {source} does not match its checksum"))
        } else if serde_json::from_str::<serde::de::IgnoredAny>(&value).is_err() {
            Some(format!("the cursor of {source} is not JSON"))
        } else {
            None
        })
    })
}

fn episodes(conn: &Connection, report: &mut Report) -> Result<(), StoreError> {
    let sql = format!("SELECT {} FROM episodes", decode::EPISODE);
    report.scan(conn, "closed alarms", &sql, |row| {
        let (episode, sound) = decode::episode(row)?;
        Ok((!sound).then(|| format!("the closed alarm {} does not match its checksum", episode.id)))
    })
}

fn daily(conn: &Connection, report: &mut Report) -> Result<(), StoreError> {
    report.scan(conn, "sums of days", "SELECT day, object, state, seconds, sum FROM daily", |row| {
        let (daily, sound) = decode::daily(row)?;
        Ok((!sound)
            .then(|| format!("the sum of day {} of object {} does not match its checksum", daily.day, daily.object)))
    })
}

fn audit(conn: &Connection, report: &mut Report) -> Result<(), StoreError> {
    let sql = format!("SELECT {} FROM audit", decode::AUDIT);
    report.scan(conn, "lines of the audit trail", &sql, |row| {
        let (entry, sound) = decode::audit(row)?;
        Ok((!sound)
            .then(|| format!("line {}.{} of the audit trail does not match its checksum", entry.seq, entry.part)))
    })
}

/// Whether it is written down where the records of each object stand; not in a store of an older release.
fn has_objects(conn: &Connection) -> rusqlite::Result<bool> {
    conn.prepare("SELECT 1 FROM sqlite_schema WHERE name='journal_objects'")?.exists([])
}

/// What is written down of where the records of an object stand. That nothing of it lacks is looked at with the records,
/// and so is that these are there.
fn objects(conn: &Connection, report: &mut Report) -> Result<(), StoreError> {
    if !has_objects(conn).map_err(|e| StoreError::sqlite(&report.path, "checking the store", &e))? {
        return Ok(());
    }
    let sql = "SELECT o.seq FROM journal_objects o JOIN journal j ON j.seq = o.seq WHERE j.object IS NOT o.object";
    report.scan(conn, "places of records", sql, |row| {
        let seq = decode::seq(row.get(0)?);
        Ok(Some(format!("record {seq} is listed for an object that it is not about")))
    })
}

/// `false`: told not to go on.
fn journal(conn: &Connection, report: &mut Report, go_on: &mut dyn FnMut() -> bool) -> Result<bool, StoreError> {
    let path = report.path.clone();
    let told = |e: rusqlite::Error| StoreError::sqlite(&path, "checking the store", &e);
    let Meta { flushed, truth, .. } = Meta::read(conn).map_err(told)?;
    let losses = decode::losses(conn).map_err(told)?;
    // What was pruned all around it is missed by nobody any more.
    for loss in losses.iter().filter(|l| l.to >= truth.seq) {
        report.damage(loss_text(loss));
    }
    let last = decode::last_seq(conn).map_err(told)?;
    if flushed > last {
        report.damage(format!("the state rows are flushed up to seq {flushed}, but the journal ends at seq {last}"));
    }
    let (mut expected, mut latest) = (1, Timestamp(i64::MIN));
    let listed = match has_objects(conn).map_err(told)? {
        true => {
            "SELECT ?2 > (SELECT flushed FROM meta)
                 OR EXISTS(SELECT 1 FROM journal_objects WHERE object=?1 AND seq=?2)"
        }
        false => "SELECT ?1 IS ?1 AND ?2 IS ?2",
    };
    loop {
        let sql = format!(
            "SELECT {} FROM journal WHERE seq >= {} ORDER BY seq LIMIT {SLICE}",
            decode::RECORD,
            decode::sql(expected)
        );
        let before = expected;
        report.scan(conn, "records", &sql, |row| {
            let (stored, sound) = decode::record(row)?;
            let (seq, at) = (stored.seq, stored.record.at);
            // Asked again for each gap: a running daemon prunes, and says so in the snapshot that this statement reads.
            let gap = (seq > expected && !explained(expected, seq - 1, Meta::read(conn)?.truth, &losses))
                .then_some((expected, seq - 1));
            let back = at < latest;
            let found = match stored.record.object {
                Some(object) if sound => {
                    conn.prepare_cached(listed)?.query_row((object, decode::sql(seq)), |r| r.get(0))?
                }
                _ => true,
            };
            (expected, latest) = (seq.max(expected) + 1, latest.max(at));
            Ok(if !sound {
                Some(format!("record {seq} does not match its checksum"))
            } else if let Some((from, to)) = gap {
                Some(format!("the records {from} to {to} are missing"))
            } else if back {
                Some(format!("record {seq} ({at}) is earlier than one before it"))
            } else if !found {
                Some(format!("record {seq} is not listed for the object that it is about"))
            } else {
                None
            })
        })?;
        if expected == before {
            break;
        }
        if !go_on() {
            return Ok(false);
        }
    }
    let truth = Meta::read(conn).map_err(told)?.truth;
    if expected <= last && !explained(expected, last, truth, &losses) {
        report.damage(format!("the records {expected} to {last} are missing"));
    }
    Ok(true)
}

fn documents(conn: &Connection, report: &mut Report) -> Result<(), StoreError> {
    let path = report.path.clone();
    report.scan(conn, "documents", "SELECT hash FROM documents", |row| {
        let hash: String = row.get(0)?;
        Ok(match decode::document(conn, &path, &hash) {
            Ok(_) => None,
            Err(_) => Some(format!("the document {hash} no longer has that hash")),
        })
    })
}
