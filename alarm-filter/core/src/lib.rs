//! The rules. Start reading in `engine.rs`.
pub mod command;
pub mod downtime;
pub mod input;
pub mod objects;
pub mod profile;
pub mod state;
pub mod time;
pub mod topology;
