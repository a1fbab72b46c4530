//! One probe a file or folder: what it asks, what it judges, what it says. `registry.rs` lists them.
pub mod bdii;
