//! The operations procedure's rules, proved by name on virtual time: a test's name begins with the id of its rule.
//!
//! Start reading in `desk.rs`, the small language that the tests are written in. After every input it also checks that
//! the fold of the events, and the rows of a snapshot, give the same world as the one that decided.
#![expect(clippy::unwrap_used, clippy::panic, reason = "in the helpers of tests a surprise is a failure")]

mod ages;
mod alarms;
mod availability;
mod bulk;
mod causes;
mod decisions;
mod desk;
mod downtimes;
mod families;
mod hosts;
mod laws;
mod masks;
mod notes;
mod queues;
mod switching;
mod topology;
mod twins;
