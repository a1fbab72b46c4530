//! End-to-end tests: what the binaries do beside a real Nagios. `tests/run` starts them; nothing here is linked with the
//! daemon, which is driven from outside, by its command line, its files and its HTTP interface.
//!
//! Start reading in [`nagios`] (a real nagios4 with a configuration of its own) and [`filter`] (the daemon beside it).
//! [`interface`] is the only file that knows the daemon's options, configuration keys, paths and field names.
//! The rules: wait for conditions ([`wait::until`]), never for time; compare order and content, time only as "not before";
//! everything that is started is ended by its process id when its owner is dropped.

pub mod alertmanager;
pub mod arex;
pub mod bdii;
pub mod episodes;
pub mod fail;
pub mod figures;
pub mod filter;
pub mod fleet;
pub mod http;
pub mod interface;
pub mod load;
pub mod nagios;
pub mod place;
pub mod prober;
pub mod process;
pub mod rng;
pub mod slurm;
pub mod storm;
pub mod trace;
pub mod wait;

pub use fail::{Fail, Result};
