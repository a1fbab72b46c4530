//! The journal store: what came in, what was decided from it, and what outlives both. Durable before anything leaves.
//!
//! Start reading in [`contract`] (the two traits), then [`record`] (what is stored), then `sqlite/mod.rs` (how).
//! `docs/journal.md` describes the tables. `conformance.rs` is the test suite that every engine has to pass.
pub mod contract;
pub mod error;
pub mod memory;
pub mod query;
pub mod record;
pub mod sequences;
pub mod sqlite;

mod checksum;
mod documents;

#[cfg(test)]
mod conformance;
#[cfg(test)]
pub(crate) mod samples;

pub use contract::{Finding, History, Losses, PruneReport, PruneSlice, RareKind, Severity, Store, TruthBegins};
pub use documents::{DocumentHasher, document_hash};
pub use error::StoreError;
pub use memory::MemoryStore;
pub use query::EpisodeQuery;
pub use record::{AuditEntry, Batch, DailySum, Episode, Record, StoredRecord};
pub use sequences::Sequences;
pub use sqlite::{OpenOptions, SqliteHistory, SqliteStore};
