//! Where inputs come from: each folder reads one kind of thing that a monitor writes and turns it into values of
//! `alarm_core`. Nothing here judges; what cannot be understood is counted and named, never dropped silently.
//!
//! Start with [`nagios_log`], the primary source, then [`nagios_status`], which reconciles it. [`nagios_cfg`] finds the
//! files; [`text`] is how bytes become text.
pub mod nagios_cfg;
pub mod nagios_log;
pub mod nagios_status;
pub mod reconcile;
pub mod room;
pub mod run;
pub mod text;
