//! The alarm filter daemon. Start reading in `app/mod.rs`: it wires sources, engine, store and web together.
pub mod app;
pub mod audit;
pub mod cli;
pub mod clock;
pub mod config;
pub mod explain;
pub mod intake;
pub mod keeper;
pub mod metrics;
pub mod profile_file;
pub mod profile_test;
pub mod replay;
pub mod source;
pub mod store;
pub mod topology;
pub mod view;
pub mod web;
