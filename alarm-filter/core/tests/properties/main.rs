//! Properties of the engine over random stories (`alphabet.rs`) with the documents of `papers.rs`. What they found and is
//! not mended yet stands in `found.rs`, a test each.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "in the helpers of tests a surprise is a failure"
)]

mod alphabet;
mod days;
mod found;
mod journal;
mod order;
mod papers;
mod queues;
#[path = "../small/mod.rs"]
mod small;
