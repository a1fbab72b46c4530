//! Group `ce`: check_ce beside a real A-REX, a real task-spooler, and stand-ins of HTCondor's tools; gridprobe-wn as a job's payload.
#![allow(clippy::panic, reason = "a test that cannot go on")]

mod credentials;
mod ends;
mod faults;
mod full_disk;
mod replay;
mod resident;
mod tools;
mod worker_node;
