//! What sources hand in.

use super::documents::Paper;
use crate::source::nagios_status::blocks::BlockError;
use crate::source::nagios_status::status;
use crate::source::reconcile::{Differences, Reconciler};
use crate::source::room::Place;
use crate::source::text::Interner;
use alarm_core::input::{Input, Text};
use alarm_core::time::Timestamp;
use alarm_core::world::World;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

/// One piece of news.
#[derive(Debug)]
pub enum News {
    /// Inputs in order, and how far the source was read with them.
    Inputs {
        /// The monitor.
        monitor: Text,
        /// They.
        inputs: Vec<Input>,
        /// The cursor behind them, as JSON; `None`: unchanged.
        cursor: Option<String>,
        /// There was nothing more to read.
        caught_up: bool,
        /// The place that this takes of what the source may read ahead; `None`: it reads ahead as it likes.
        place: Option<Place>,
    },
    /// A document: a monitor's configuration, topology, downtimes, profiles, settings.
    Paper {
        /// The monitor, for its configuration; else empty.
        about: Text,
        /// It.
        paper: Paper,
    },
    /// A status.dat was written; all lines of the log before it were handed in.
    Snapshot {
        /// The monitor.
        monitor: Text,
        /// The file.
        file: StatusFile,
    },
}

/// A status.dat as it was when the log was read up to it. The monitor puts a new file in its place every few seconds: what
/// stands under its name later may know more than the lines that were handed in.
#[derive(Debug)]
pub struct StatusFile {
    /// Its name, for messages.
    pub path: PathBuf,
    /// It.
    pub file: File,
}

/// Compares a status.dat with the world.
///
/// # Errors
/// It cannot be read, or not to its end.
pub fn reconcile(world: &World, monitor: &Text, status: StatusFile) -> Result<(Timestamp, Differences), BlockError> {
    let StatusFile { path, mut file } = status;
    let path = path.as_path();
    let io = |source| BlockError::Io { path: path.to_owned(), source };
    let mut head = [0; 1024];
    let n = file.read(&mut head).map_err(io)?;
    let created = created(&head[..n]);
    let mut names = Interner::default();
    let mut reconciler = Reconciler::new(world, monitor, created);
    let summary = status::visit(head[..n].chain(file), path, |record| reconciler.take(&record, &mut names))?;
    Ok((summary.created, reconciler.finish(&summary)))
}

/// The time in the info block at the begin of the file; the epoch when it is not there, which agrees with nothing.
fn created(head: &[u8]) -> Timestamp {
    let found = head.split(|b| *b == b'\n').find_map(|line| line.trim_ascii().strip_prefix(b"created="));
    let secs = found.and_then(|v| std::str::from_utf8(v).ok()).and_then(|v| v.parse().ok());
    secs.map_or(Timestamp::default(), Timestamp::from_secs)
}
