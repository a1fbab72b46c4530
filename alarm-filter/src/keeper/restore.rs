//! A start: the rows of the snapshot, then the events of the journal behind them, as they were decided.

use super::documents;
use crate::store::{Store, StoreError, StoredRecord};
use alarm_core::days::{self, Days};
use alarm_core::engine::Engine;
use alarm_core::rows::RowError;
use alarm_core::upcast::{self, ReadError};

/// How the names of the rows of the sums of days begin.
const DAYS: &str = "days/";

/// Why a start is not possible.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row.
    #[error(transparent)]
    Row(#[from] RowError),
    /// A record whose events cannot be read, or of a newer release.
    #[error(
        "record {seq} of the journal cannot be read: {error}; else restore a backup, or run check-store to see what is lost"
    )]
    Record {
        /// Its seq.
        seq: u64,
        /// Why.
        error: ReadError,
    },
    /// A document that is named and not there.
    #[error("the {kind} {hash} that the journal names is not in the store; restore a backup")]
    Document {
        /// Of what kind.
        kind: &'static str,
        /// Its hash.
        hash: String,
    },
    /// A document that cannot be read.
    #[error("the {kind} {hash} in the store cannot be read: {error}; restore a backup")]
    Unreadable {
        /// Of what kind.
        kind: &'static str,
        /// Its hash.
        hash: String,
        /// Why.
        error: serde_json::Error,
    },
}

/// The engine as the store holds it.
///
/// # Errors
/// The store, a row, a record or a document cannot be read.
pub fn restore(store: &dyn Store) -> Result<Engine, RestoreError> {
    restore_all(store).map(|(engine, _)| engine)
}

/// The same, with the sums of days.
///
/// # Errors
/// As for [`restore`].
pub fn restore_all(store: &dyn Store) -> Result<(Engine, Days), RestoreError> {
    let (mut engine, mut days) = (Engine::new(), Days::default());
    let mut failed = None;
    store.rows(&mut |name, value| {
        if failed.is_none() {
            failed = match name == days::ROWS || name.starts_with(DAYS) {
                true => days.load_row(&name, &value).map_err(|error| RowError::Unreadable { row: name, error }).err(),
                false => engine.load_row(&name, &value).err(),
            };
        }
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    for (kind, hash) in engine.world().documents_by_kind() {
        documents::load(store, &mut engine, kind, &hash)?;
    }
    engine.restore();
    days.restore();
    fold(store, &mut engine, &mut days, store.flushed_seq() + 1)?;
    Ok((engine, days))
}

/// The same from the events alone, without the rows of the snapshot: only where nothing was ever cut.
///
/// # Errors
/// As for [`restore`].
pub fn refold(store: &dyn Store) -> Result<(Engine, Days), RestoreError> {
    let (mut engine, mut days) = (Engine::new(), Days::default());
    fold(store, &mut engine, &mut days, 1)?;
    Ok((engine, days))
}

/// Applies the events from `next` on.
fn fold(store: &dyn Store, engine: &mut Engine, days: &mut Days, mut next: u64) -> Result<(), RestoreError> {
    loop {
        let mut failed = None;
        let last = store.read_from(next, 10_000, &mut |stored| {
            if failed.is_none() {
                failed = replay(store, engine, days, &stored).err();
            }
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        match last {
            Some(last) => next = last + 1,
            None => return Ok(()),
        }
    }
}

fn replay(store: &dyn Store, engine: &mut Engine, days: &mut Days, stored: &StoredRecord) -> Result<(), RestoreError> {
    let StoredRecord { seq, record } = stored;
    let events =
        upcast::events(record.rules, &record.events).map_err(|error| RestoreError::Record { seq: *seq, error })?;
    for (kind, hash) in events.iter().filter_map(documents::named) {
        documents::load(store, engine, kind, hash)?;
    }
    engine.replay(*seq, record.at, &events);
    days.take(record.at, &events, engine.world());
    Ok(())
}
