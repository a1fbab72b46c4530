//! The alarm filter daemon. Start reading in `app.rs`.
pub mod audit;
pub mod cli;
pub mod config;
pub mod explain;
pub mod intake;
pub mod profile_file;
pub mod profile_test;
pub mod replay;
pub mod source;
pub mod store;
pub mod topology;
pub mod view;
