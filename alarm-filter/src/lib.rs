//! The alarm filter daemon. Start reading in `app.rs`.
pub mod profile_file;
pub mod source;
pub mod store;
pub mod topology;
