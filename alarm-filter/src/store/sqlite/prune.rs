//! Cutting off what is old: in small steps, behind the flushed seq, never what an open alarm still needs.

use super::SqliteStore;
use super::decode::{self, Meta};
use crate::store::contract::{PruneReport, PruneSlice, TruthBegins};
use crate::store::error::StoreError;
use rusqlite::{Connection, OptionalExtension};

impl SqliteStore {
    pub(super) fn prune_slice(
        &mut self,
        slice: PruneSlice,
        keep: &dyn Fn(i64) -> bool,
    ) -> Result<PruneReport, StoreError> {
        if self.doubt {
            self.settle()?;
        }
        let doing = "pruning the journal";
        let mut meta = self.meta.clone();
        let report = self.transaction(doing, |conn| prune(conn, slice, &mut meta, keep))?;
        self.meta = meta;
        Ok(report)
    }
}

fn prune(
    conn: &Connection,
    slice: PruneSlice,
    meta: &mut Meta,
    keep: &dyn Fn(i64) -> bool,
) -> rusqlite::Result<PruneReport> {
    let cut = decode::seq_at(conn, slice.before)?.min(meta.flushed.saturating_add(1));
    let candidates: Vec<(u64, i64, Option<i64>)> = conn
        .prepare_cached("SELECT seq, at, object FROM journal WHERE seq >= ?1 AND seq < ?2 ORDER BY seq LIMIT ?3")?
        .query_map(
            (decode::sql(slice.from), decode::sql(cut), i64::try_from(slice.at_most).unwrap_or(i64::MAX)),
            |r| Ok((decode::seq(r.get(0)?), r.get(1)?, r.get(2)?)),
        )?
        .collect::<Result<_, _>>()?;
    let mut report = PruneReport { truth_begins: meta.truth, ..PruneReport::default() };
    // What was put in force before anything had happened stands at time zero: it is as old as what follows it.
    let newest = conn
        .prepare_cached("SELECT at FROM journal WHERE seq < ?1 ORDER BY seq DESC LIMIT 1")?
        .query_row([decode::sql(cut)], |r| r.get::<_, i64>(0))
        .optional()?;
    if newest.is_none_or(|at| at <= 0) {
        return Ok(report);
    }
    let mut delete = conn.prepare_cached("DELETE FROM journal WHERE seq=?1")?;
    let mut forget = conn.prepare_cached("DELETE FROM journal_objects WHERE object=?1 AND seq=?2")?;
    for (seq, _, object) in &candidates {
        if object.is_some_and(keep) {
            report.kept += 1;
        } else {
            report.removed += delete.execute([decode::sql(*seq)])? as u64;
            if let Some(object) = object {
                forget.execute([*object, decode::sql(*seq)])?;
            }
        }
    }
    if let Some((seq, at, _)) = candidates.last() {
        // In the same transaction: at no time is less there than is said.
        if seq + 1 > meta.truth.seq && report.removed > 0 {
            let at = decode::first_from(conn, seq + 1)?.map_or(*at, |(_, at)| at.0);
            meta.truth = TruthBegins { seq: seq + 1, at: alarm_core::time::Timestamp(at) };
            meta.write(conn)?;
        }
        report.next = (candidates.len() >= slice.at_most && seq + 1 < cut).then_some(seq + 1);
    }
    report.truth_begins = meta.truth;
    Ok(report)
}
