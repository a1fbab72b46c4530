//! A consistent copy while the daemon runs. Reads one snapshot on a connection of its own, so the writer does not wait.

use super::{OpenOptions, connect, schema};
use crate::store::error::StoreError;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Copies the database at `from` to the file `to`, which must not exist yet.
///
/// # Errors
/// [`StoreError`]; an unfinished copy is removed.
pub(super) fn copy(from: &Path, to: &Path, options: OpenOptions) -> Result<(), StoreError> {
    let told = |e: &std::io::Error| StoreError::system(to, "writing a backup", e);
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(|e| told(&e))?;
    let outcome = fill(from, to, options).and_then(|()| {
        let folder = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(to).and_then(|f| f.sync_all()).map_err(|e| told(&e))?;
        File::open(folder).and_then(|f| f.sync_all()).map_err(|e| told(&e))
    });
    if outcome.is_err() {
        let _the_first_error_counts = std::fs::remove_file(to);
    }
    outcome
}

fn fill(from: &Path, to: &Path, options: OpenOptions) -> Result<(), StoreError> {
    let source = connect(from, options, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    schema::prepare_reader(&source, from)?;
    let told = |e: rusqlite::Error| StoreError::sqlite(to, "writing a backup", &e);
    let mut target = Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(told)?;
    // The file is synced once as a whole at the end; a crash before leaves a copy that nobody was told of.
    target.execute_batch("PRAGMA synchronous=OFF").map_err(told)?;
    let backup = Backup::new(&source, &mut target).map_err(told)?;
    // All in one step: in several, each commit of the writer would start the copy over.
    if backup.step(-1).map_err(told)? != StepResult::Done {
        return Err(StoreError::Busy { path: to.to_owned(), doing: "writing a backup" });
    }
    drop(backup);
    // One file without companions, which can be read from where nothing can be written. The daemon that opens it turns
    // the log on again.
    let mode: String = target.query_row("PRAGMA journal_mode=DELETE", [], |r| r.get(0)).map_err(told)?;
    match &*mode {
        "delete" => Ok(()),
        other => {
            let detail = format!("its journal mode stays {other}");
            Err(StoreError::Io { path: to.to_owned(), doing: "writing a backup", detail })
        }
    }
}
