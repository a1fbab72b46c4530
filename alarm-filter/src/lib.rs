//! The alarm filter daemon. Start reading in `app.rs`.
pub mod cli;
pub mod explain;
pub mod intake;
pub mod metrics;
pub mod replay;
pub mod source;
pub mod store;
pub mod topology;
pub mod view;
pub mod web;
