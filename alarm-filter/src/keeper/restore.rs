//! A start: the rows of the snapshot, then the events of the journal behind them, as they were decided.

use super::documents;
use crate::store::{Store, StoreError};
use alarm_core::engine::Engine;
use alarm_core::event::{Event, RULES_VERSION};
use alarm_core::rows::RowError;

/// Why a start is not possible.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row.
    #[error(transparent)]
    Row(#[from] RowError),
    /// A record whose events cannot be read.
    #[error(
        "record {seq} of the journal cannot be read: {error}; restore a backup, or run check-store to see what is lost"
    )]
    Record {
        /// Its seq.
        seq: u64,
        /// Why.
        error: serde_json::Error,
    },
    /// A record of a newer version.
    #[error(
        "record {seq} was decided by rules of version {version}, this program knows {RULES_VERSION}; install the newer program"
    )]
    Newer {
        /// Its seq.
        seq: u64,
        /// Its version.
        version: u32,
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
    let mut engine = Engine::new();
    let mut failed = None;
    store.rows(&mut |name, value| {
        if failed.is_none() {
            failed = engine.load_row(&name, &value).err();
        }
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    for (kind, hash) in engine.world().documents_by_kind() {
        documents::load(store, &mut engine, kind, &hash)?;
    }
    engine.restore();
    let mut next = store.flushed_seq() + 1;
    loop {
        let mut failed = None;
        let last = store.read_from(next, 10_000, &mut |stored| {
            if failed.is_some() {
                return;
            }
            if stored.record.rules > RULES_VERSION {
                failed = Some(RestoreError::Newer { seq: stored.seq, version: stored.record.rules });
                return;
            }
            match serde_json::from_str::<Vec<Event>>(&stored.record.events) {
                Ok(events) => {
                    for (kind, hash) in events.iter().filter_map(documents::named) {
                        if failed.is_none() {
                            failed = documents::load(store, &mut engine, kind, hash).err();
                        }
                    }
                    engine.replay(stored.seq, stored.record.at, &events);
                }
                Err(error) => failed = Some(RestoreError::Record { seq: stored.seq, error }),
            }
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        match last {
            Some(last) => next = last + 1,
            None => return Ok(engine),
        }
    }
}
