//! Where inputs come from.
pub mod nagios_log;
pub mod nagios_status;
