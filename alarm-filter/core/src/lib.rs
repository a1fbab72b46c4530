//! The rules. Start reading in `engine.rs`.
