//! How things stood (DE7), for pages and interface: over which days (`period.rs`), the questions to the journal (`stood.rs`),
//! and a strip of states drawn (`drawn.rs`). What the figures mean is docs/availability.md; they are made in
//! [`crate::availability`].
//!
//! Start reading in [`stood`].
pub(in crate::web) mod drawn;
pub(in crate::web) mod period;
pub(in crate::web) mod stood;

#[cfg(test)]
mod tests;
