//! Sites, services and downtimes from GOCDB: fetched, checked, and kept as a last good copy that no error empties.
//!
//! Start reading in `refresh.rs`, which ties the rest together: `config.rs` says where each answer comes from,
//! `fetch.rs` gets its bytes (`http.rs`, `tls.rs`), `gocdb/` reads them into rows, `merge.rs` makes the
//! rows one topology, `part.rs` is one method's turn, `guard.rs` refuses an answer that lost too much,
//! `cache.rs` keeps the last good one on disk, `canonical.rs` gives a document its hash. `published.rs` is what check_bdii
//! found of it in a BDII.
pub mod cache;
pub mod canonical;
pub mod config;
pub mod fetch;
pub mod gocdb;
pub mod guard;
pub mod http;
pub mod load_dir;
pub mod merge;
mod part;
pub mod published;
pub mod refresh;
#[cfg(test)]
mod testserver;
pub mod tls;

pub use canonical::Snapshot;
pub use config::{SourceConfig, TopologyConfig};
pub use load_dir::{Loaded, load_dir};
pub use merge::merge;
pub use part::Problem;
pub use refresh::{Changed, RefreshOutcome, Refresher};
