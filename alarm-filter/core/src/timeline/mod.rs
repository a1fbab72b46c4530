//! Timelines and what is made of them (DE7): how an object stood over a period, how several objects stood together, and
//! for how long each. Pure: no clock, no store; who asks brings the facts.
//!
//! `fact.rs` makes the line of one object of what its monitors said; `line.rs` is a line, and how lines combine by EGI's
//! truth tables; `times.rs` sums one up, to availability and reliability; `tree.rs` goes from metrics up to a site.
//! docs/availability.md says the same for people, with an example that can be followed with a pencil.
mod downtimes;
mod fact;
mod line;
mod status;
mod times;
mod tree;

pub use downtimes::Archive;
pub use fact::{Fact, Health, Said, Told, Watchers, facts, object_line};
pub use line::{Line, Piece};
pub use status::Status;
pub use times::{Share, Times, day_begin, day_of};
pub use tree::{Member, Tree};
