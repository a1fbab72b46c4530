//! Sites, services and downtimes from GOCDB: fetched, checked, and kept as a last good copy that no error empties.
//!
//! Start reading in `refresh.rs`, which ties the rest together: `config.rs` says where each answer comes from,
//! `fetch.rs` gets its bytes (`http.rs`, `tls.rs`, `paging.rs`), `gocdb/` reads them into rows, `merge.rs` makes the
//! rows one topology, `guard.rs` refuses an answer that lost too much, `cache.rs` keeps the last good one on disk.
pub mod gocdb;
