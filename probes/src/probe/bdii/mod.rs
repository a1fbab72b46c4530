//! check_bdii: an information system read once and judged whole.
pub mod entry;
pub mod findings;
pub mod forms;
mod glue1;
mod glue2;
mod hierarchy;
pub mod judge;
pub mod local;
pub mod nodes;
pub mod published;
pub mod references;
pub mod tables;
pub mod value;
