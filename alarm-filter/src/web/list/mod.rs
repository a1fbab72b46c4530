//! What stands on the board: what was asked for (`filter.rs`), which alarms that is and in which order (`select.rs`), and
//! what all who ask have in common (`prepared.rs`: why a page of ten thousand alarms costs no more than one of a hundred).
//! `columns.rs` and `queues.rs` name what can be shown; `export.rs` is the same as CSV and as text for a terminal.
//!
//! Start reading in [`select`].
pub(in crate::web) mod columns;
pub(in crate::web) mod export;
pub(in crate::web) mod filter;
pub(in crate::web) mod prepared;
pub(in crate::web) mod queues;
pub(in crate::web) mod select;
