//! The log of a Nagios or Naemon: the primary source, because it tells every change and survives our absence.
//!
//! Start with [`mod@line`] (one line as bytes into its parts) and [`observe`] (its parts into an input). [`tail`] reads the
//! file durably: [`cursor`] says where we are in a way that survives rotation, [`archive`] finds the rotated files,
//! `place` decides which file comes next, `file` opens it, `watch` waits for more; a [`batch`] is what a
//! read yields. [`options`] says what a site's configuration keeps out of the log.
pub mod archive;
pub mod batch;
pub mod command;
pub mod cursor;
pub mod error;
mod file;
pub mod line;
pub mod localtime;
pub mod observe;
pub mod options;
mod place;
pub mod tail;
mod watch;
