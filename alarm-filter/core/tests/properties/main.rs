//! Properties of the engine over random stories (`alphabet.rs`) with the documents of `papers.rs`. What they found and is
//! not mended yet stands in `found.rs`, a test each.
mod alphabet;
mod found;
mod journal;
mod order;
mod papers;
#[path = "../small/mod.rs"]
mod small;
