//! Probes of grid services. Start reading in `registry.rs`, the table of them; each lives in `probe/`, what several need in
//! `trust/` (trust anchors, CRLs, policies). `oneshot.rs` is the way from a command line to an answer, `resident/`
//! the other one: Nagios' checks in one process that stays; `sink/` takes results to a monitor that did not ask;
//! `config/` writes a region's hosts and services for Nagios.

pub mod batch;
pub mod ce;
pub mod config;
pub mod net;
pub mod oneshot;
pub mod probe;
pub mod registry;
pub mod resident;
pub mod sink;
pub mod trust;
