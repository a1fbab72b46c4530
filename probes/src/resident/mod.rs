//! `gridprobe serve`: Nagios' own checks, run in one resident process instead of two processes each.
//!
//! It registers with Nagios' query handler as a worker for the probes' names and is handed the command lines that Nagios would
//! have started. Whoever holds such a connection can stop the whole of Nagios by not reading, and what is lost with a connection
//! stays lost for minutes; so it is three processes. Start reading in [`watchdog`], which starts the other two and ends those
//! that are silent. [`front`] holds the connections and does nothing but read and answer; [`pool`] runs the probes. What they say
//! to each other is in [`wire`], what Nagios says in [`worker_protocol`]; [`command_line`] reads Nagios' command lines,
//! [`lost`] finds the checks that went down with a front.

pub mod command_line;
pub mod front;
pub mod lost;
pub mod nagios_cfg;
pub mod options;
pub mod pool;
pub mod shell;
pub mod watchdog;
pub mod wire;
pub mod worker_protocol;

pub use options::serve;
