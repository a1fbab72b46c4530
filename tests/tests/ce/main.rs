//! Group `ce`: check_ce beside a real A-REX.
#![allow(clippy::panic, reason = "a test that cannot go on")]

mod ends;
mod faults;
