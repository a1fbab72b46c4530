//! The tables, how they grew, and how a connection is set up. `docs/journal.md` explains them column by column.

use super::decode::{self, Meta};
use crate::store::error::StoreError;
use rusqlite::Connection;
use std::path::Path;

/// "GWJ1" in the file's header: an alarm-filter journal.
pub(super) const APPLICATION_ID: i64 = 0x4757_4a31;

/// The size of a page, in bytes. A commit of many records is a tenth faster than with pages of 4,096, and one of a single record no slower;
/// what is torn is whole again from the log, whatever the size.
const PAGE: u32 = 16_384;

/// How large the write-ahead log may become, in bytes. A start after a kill reads it once, at about a gigabyte a second.
pub(super) const LOG_AT_MOST: usize = 64 << 20;

/// One step of the schema. Steps are only ever added: files of every release pass through all that they lack.
struct Migration {
    /// The schema's number after this step (`user_version`).
    to: i64,
    /// The statements.
    sql: &'static str,
}

/// Blobs and long texts come last in their tables, so that scans of the short columns do not follow overflow pages. Where
/// they may be long the table has row ids: in one without, looking a key up copies every long row on the way.
const MIGRATIONS: &[Migration] = &[
    Migration {
        to: 1,
        sql: "
CREATE TABLE meta(
  one INTEGER PRIMARY KEY CHECK(one = 1), written_by TEXT NOT NULL, flushed INTEGER NOT NULL,
  truth_seq INTEGER NOT NULL, truth_at INTEGER NOT NULL, rows_sum INTEGER NOT NULL, sum INTEGER NOT NULL);
CREATE TABLE journal(
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, version INTEGER NOT NULL, rules INTEGER NOT NULL,
  object INTEGER, sum INTEGER NOT NULL, body TEXT NOT NULL, events TEXT NOT NULL);
CREATE INDEX journal_object ON journal(object, seq) WHERE object IS NOT NULL;
CREATE TABLE cursors(source TEXT PRIMARY KEY, sum INTEGER NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE state_rows(key TEXT PRIMARY KEY, sum INTEGER NOT NULL, value BLOB NOT NULL);
CREATE TABLE documents(
  hash TEXT PRIMARY KEY, kind TEXT NOT NULL, size INTEGER NOT NULL, packed INTEGER NOT NULL, bytes BLOB NOT NULL);
CREATE TABLE episodes(
  id TEXT PRIMARY KEY, seq INTEGER NOT NULL, object INTEGER NOT NULL, site TEXT NOT NULL, host TEXT NOT NULL,
  service TEXT, metric TEXT NOT NULL, opened INTEGER NOT NULL, closed INTEGER NOT NULL, sum INTEGER NOT NULL,
  body TEXT NOT NULL);
CREATE INDEX episodes_closed ON episodes(closed, id);
CREATE INDEX episodes_site ON episodes(site, closed, id);
CREATE INDEX episodes_host ON episodes(host, closed, id);
CREATE INDEX episodes_object ON episodes(object, closed, id);
CREATE TABLE daily(
  day INTEGER NOT NULL, object INTEGER NOT NULL, state TEXT NOT NULL, seconds INTEGER NOT NULL, sum INTEGER NOT NULL,
  PRIMARY KEY(day, object, state)) WITHOUT ROWID;
CREATE INDEX daily_object ON daily(object, day);
CREATE TABLE audit(
  seq INTEGER NOT NULL, part INTEGER NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL,
  subject TEXT NOT NULL, sum INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY(seq, part)) WITHOUT ROWID;
CREATE INDEX audit_subject ON audit(subject, seq);
CREATE TABLE losses(
  first INTEGER PRIMARY KEY, last INTEGER NOT NULL, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
  sum INTEGER NOT NULL);
",
    },
    // What timelines ask for beside their objects' records (`RareKind`).
    Migration {
        to: 2,
        sql: "CREATE INDEX journal_rare ON journal(kind, seq) WHERE kind='source-state' OR kind='downtimes';",
    },
    // Where the records of an object stand, up to `meta.flushed`. An index would be kept up to date with each commit, and
    // as its keys are hashes it took a page of its own for each record, more than the records themselves.
    Migration {
        to: 3,
        sql: "
CREATE TABLE journal_objects(object INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(object, seq)) WITHOUT ROWID;
INSERT INTO journal_objects
  SELECT object, seq FROM journal WHERE object IS NOT NULL AND seq <= (SELECT flushed FROM meta) ORDER BY object, seq;
DROP INDEX journal_object;
",
    },
    // Nothing changes but what may stand in `journal.events` from here on (`again.rs`), which earlier releases would take for an output.
    Migration { to: 4, sql: "" },
];

/// The newest schema that this release knows.
pub(super) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |m| m.to)
}

/// Sets a writing connection up: WAL with a sync per commit, and brings the schema up to date.
pub(super) fn prepare_writer(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    let doing = "opening the journal";
    let told = |e: &rusqlite::Error| StoreError::sqlite(path, doing, e);
    conn.busy_timeout(std::time::Duration::from_secs(5)).map_err(|e| told(&e))?;
    conn.set_prepared_statement_cache_capacity(64);
    let version = recognise(conn, path)?;
    // Before WAL, which fixes the size of pages.
    if version == 0 {
        conn.pragma_update(None, "page_size", PAGE).map_err(|e| told(&e))?;
    }
    let mode: String = conn.query_row("PRAGMA journal_mode=WAL", [], |r| r.get(0)).map_err(|e| told(&e))?;
    if mode != "wal" {
        return Err(StoreError::Io { path: path.to_owned(), doing, detail: format!("journal mode {mode}, not wal") });
    }
    // FULL: each commit is synced. The log is folded into the database (two more syncs) when there is nothing else to do;
    // under load a commit waits for it only when the log is full. The cache need not be large: what is written goes to the
    // ends of the tables, or in the order of the keys.
    conn.execute_batch(&format!(
        "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint={}; PRAGMA journal_size_limit={LOG_AT_MOST};
         PRAGMA cache_size=-4096; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF;",
        LOG_AT_MOST / PAGE as usize
    ))
    .map_err(|e| told(&e))?;
    migrate(conn, version, MIGRATIONS).map_err(|e| told(&e))
}

/// Sets a read-only connection up; gives back the schema's number.
pub(super) fn prepare_reader(conn: &Connection, path: &Path) -> Result<i64, StoreError> {
    let told = |e: &rusqlite::Error| StoreError::sqlite(path, "opening the journal for reading", e);
    conn.busy_timeout(std::time::Duration::from_secs(5)).map_err(|e| told(&e))?;
    conn.set_prepared_statement_cache_capacity(32);
    conn.execute_batch(
        "PRAGMA query_only=ON; PRAGMA cache_size=-2048; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF;",
    )
    .map_err(|e| told(&e))?;
    match recognise(conn, path)? {
        0 => Err(StoreError::Corrupt { path: path.to_owned(), what: "holds no journal".to_owned(), last_good: None }),
        schema => Ok(schema),
    }
}

/// The schema from which on `journal_objects` is there. Read-only connections may find an older one.
pub(super) const OBJECTS: i64 = 3;

/// The schema's number of a journal that this release can read; 0 for an empty file.
fn recognise(conn: &Connection, path: &Path) -> Result<i64, StoreError> {
    let told = |e: rusqlite::Error| StoreError::sqlite(path, "opening the journal", &e);
    let number = |pragma: &str| conn.pragma_query_value(None, pragma, |r| r.get::<_, i64>(0));
    let (id, schema) = (number("application_id").map_err(told)?, number("user_version").map_err(told)?);
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0)).map_err(told)?;
    if id != APPLICATION_ID && (id != 0 || schema != 0 || tables != 0) {
        return Err(StoreError::Foreign { path: path.to_owned(), id });
    }
    if id == APPLICATION_ID && schema < 1 {
        let what = format!("its header says schema {schema}, which never was");
        return Err(StoreError::Corrupt { path: path.to_owned(), what, last_good: None });
    }
    if schema > newest() {
        let by = conn
            .query_row("SELECT written_by FROM meta", [], |r| r.get(0))
            .unwrap_or_else(|_| "an unnamed release".to_owned());
        return Err(StoreError::Newer { path: path.to_owned(), by, schema, ours: newest() });
    }
    Ok(schema)
}

fn migrate(conn: &Connection, version: i64, steps: &[Migration]) -> rusqlite::Result<()> {
    let newest = steps.last().map_or(0, |m| m.to);
    if version < newest {
        // All steps or none: what the journal says of itself has the shape of the last one.
        let tx = conn.unchecked_transaction()?;
        for step in steps.iter().filter(|m| m.to > version) {
            tx.execute_batch(step.sql)?;
        }
        if version == 0 {
            Meta::of_a_new_journal().write(&tx)?;
        }
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", newest)?;
        tx.commit()?;
    }
    let meta = Meta::read(conn)?;
    if meta.written_by == decode::OURS {
        return Ok(()); // An opening must not cost a sync for nothing.
    }
    Meta { written_by: decode::OURS.to_owned(), ..meta }.write(conn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::samples::batch;
    use crate::store::{History, OpenOptions, SqliteStore, Store};

    /// A schema that never was, for this test alone.
    const NEXT: Migration = Migration { to: 5, sql: "ALTER TABLE daily ADD COLUMN note TEXT; CREATE TABLE more(one);" };
    const BAD: Migration = Migration { to: 6, sql: "DROP TABLE losses; SELECT * FROM nowhere;" };

    #[test]
    fn rare_kinds_are_found_by_their_index() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        drop(SqliteStore::open(&path, OpenOptions::default()).unwrap());
        let conn = Connection::open(&path).unwrap();
        for kind in [crate::store::RareKind::SourceState, crate::store::RareKind::Downtimes] {
            let sql = format!(
                "EXPLAIN QUERY PLAN SELECT body FROM journal WHERE kind='{}' AND seq > 5 ORDER BY seq",
                kind.word()
            );
            let plan: String = conn.query_row(&sql, [], |r| r.get(3)).unwrap();
            assert!(plan.contains("journal_rare"), "{plan}");
        }
    }

    /// As the release before `journal_objects` left it.
    #[test]
    fn records_of_an_object_are_found_in_an_older_store_and_after_its_migration() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let mut store = SqliteStore::open(&path, OpenOptions::default()).unwrap();
        store.append(&batch(1, 50)).unwrap();
        store.append(&crate::store::Batch { rows: Vec::new(), flushed: None, ..batch(51, 10) }).unwrap();
        drop(store);
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch(
            "DROP TABLE journal_objects; CREATE INDEX journal_object ON journal(object, seq) WHERE object IS NOT NULL;
             PRAGMA user_version=2;",
        )
        .unwrap();
        let of_zero = [59, 52, 45, 38, 31, 24, 17, 3];
        let found = || -> Vec<u64> {
            let history = crate::store::SqliteHistory::open(&path, OpenOptions::default()).unwrap();
            assert_eq!(history.check_all().unwrap(), []);
            history.of_object(0, 100, 99, None).unwrap().iter().map(|r| r.seq).collect()
        };
        assert_eq!(found(), of_zero, "read without being brought up to date");
        drop(SqliteStore::open(&path, OpenOptions::default()).unwrap());
        assert_eq!(found(), of_zero);
        let listed: i64 = conn.query_row("SELECT count(*) FROM journal_objects", [], |r| r.get(0)).unwrap();
        assert_eq!(listed, 45, "up to where the snapshot was flushed");
        conn.execute_batch("DELETE FROM journal_objects WHERE seq=17; INSERT INTO journal_objects VALUES(0, 18)")
            .unwrap();
        let history = crate::store::SqliteHistory::open(&path, OpenOptions::default()).unwrap();
        let said: Vec<String> = history.check_all().unwrap().into_iter().map(|f| f.text).collect();
        assert_eq!(
            said,
            [
                "record 18 is listed for an object that it is not about",
                "record 17 is not listed for the object that it is about"
            ]
        );
    }

    #[test]
    fn an_older_schema_is_brought_up_to_date_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let mut store = SqliteStore::open(&path, OpenOptions::default()).unwrap();
        store.append(&batch(1, 50)).unwrap();
        drop(store);
        let conn = Connection::open(&path).unwrap();
        let version =
            |conn: &Connection| conn.pragma_query_value(None, "user_version", |r| r.get::<_, i64>(0)).unwrap();
        let was = newest();
        assert_eq!(version(&conn), was);
        let steps = |more: [Migration; 2]| -> Vec<Migration> {
            let ours = MIGRATIONS.iter().map(|m| Migration { to: m.to, sql: m.sql });
            ours.chain(more).collect()
        };
        assert!(migrate(&conn, was, &steps([NEXT, BAD])).is_err());
        assert_eq!(version(&conn), was, "nothing of it stands");
        assert!(conn.prepare("SELECT * FROM more").is_err());
        let sound = SqliteStore::open(&path, OpenOptions::default()).unwrap();
        assert_eq!(sound.history().unwrap().check_all().unwrap(), []);
        drop(sound);

        migrate(&conn, was, &steps([NEXT, Migration { to: 6, sql: "" }])).unwrap();
        assert_eq!(version(&conn), 6);
        let kept: i64 = conn.query_row("SELECT count(*) FROM journal", [], |r| r.get(0)).unwrap();
        assert_eq!(kept, 50);
        drop(conn);
        let refused = SqliteStore::open(&path, OpenOptions::default()).err().unwrap().to_string();
        assert!(refused.contains("(schema 6), this release knows schemas up to 4"), "{refused}");
        let refused = crate::store::SqliteHistory::open(&path, OpenOptions::default()).err().unwrap().to_string();
        assert!(refused.contains("run that release or a newer one"), "for reading as well: {refused}");
    }
}
