//! The journal in SQLite: one file, one writing connection, any number of reading ones.
//!
//! Start in this file (opening, and what is noticed then); `write.rs` commits (`again.rs` is what it leaves out),
//! `read.rs` is the writer's own reading, `history.rs` the readers', `schema.rs` the tables, `check.rs` looks for damage. `lock.rs`, `filesystem.rs` and
//! `mark.rs` guard what SQLite does not: other instances, other machines' disks, a log that lost its end.

mod again;
mod backup;
mod check;
mod decode;
mod filesystem;
mod history;
mod lock;
mod mark;
mod prune;
mod read;
mod schema;
mod write;

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod failure_tests;
#[cfg(test)]
mod power_tests;
#[cfg(test)]
mod tracing_vfs;

pub(super) use decode::Unsound;
pub use history::SqliteHistory;

use super::contract::{Finding, Losses};
use super::error::StoreError;
use alarm_core::time::Timestamp;
use decode::Meta;
use lock::InstanceLock;
use mark::Mark;
use rusqlite::{Connection, OpenFlags};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// How a store is opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenOptions {
    /// Accept a FUSE file system; the administrator says that it is a local one.
    pub allow_fuse: bool,
    /// Another virtual file system of SQLite: tests watch and disturb what is written.
    pub(crate) vfs: Option<&'static str>,
}

impl OpenOptions {
    /// With FUSE accepted or refused.
    pub fn with_fuse(allow_fuse: bool) -> Self {
        OpenOptions { allow_fuse, vfs: None }
    }
}

/// The writer's store. Holds the exclusive lock until it is dropped.
pub struct SqliteStore {
    // Fields are dropped in this order: the connection closes before the lock is released.
    conn: Connection,
    path: PathBuf,
    mark: Mark,
    last: u64,
    last_at: Timestamp,
    meta: Meta,
    losses: Vec<Losses>,
    /// A commit failed in a way that leaves open whether it happened; the database has to be asked first.
    doubt: bool,
    /// How many bytes of records came into the log since it was folded into the database.
    logged: usize,
    found: Vec<Finding>,
    options: OpenOptions,
    _lock: InstanceLock,
}

impl SqliteStore {
    /// Opens the journal at `path` (by custom `journal.db`), makes it when there is none, and takes the exclusive lock.
    /// The folder must exist.
    ///
    /// # Errors
    /// [`StoreError`]: locked by another instance, on a network file system, of a newer release or another program, gone
    /// while its companions remember it, damaged, or not to be opened. Never overwrites or empties what is there.
    pub fn open(path: &Path, options: OpenOptions) -> Result<Self, StoreError> {
        let doing = "opening the store";
        let told = |e: &std::io::Error| StoreError::system(path, doing, e);
        let folder = match path.parent() {
            Some(p) if !p.as_os_str().is_empty() => p,
            _ => Path::new("."),
        };
        if !folder.is_dir() {
            return Err(StoreError::NoFolder { folder: folder.to_owned() });
        }
        if let Some(filesystem) = filesystem::unfit(folder, options.allow_fuse).map_err(|e| told(&e))? {
            return Err(StoreError::NetworkFs { path: folder.to_owned(), filesystem });
        }
        let lock = InstanceLock::take(path)?;
        let witness = mark::read(path);
        let is_new = refuse_if_gone(path, witness)?;
        if is_new {
            // Made here, so that no moment passes in which others could read it; -wal and -shm take its mode.
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|e| told(&e))?;
        }
        let mark = Mark::open(path).map_err(|e| told(&e))?;
        if is_new {
            std::fs::File::open(folder).and_then(|f| f.sync_all()).map_err(|e| told(&e))?;
        }
        let conn = connect(path, options, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::prepare_writer(&conn, path)?;
        let mut store = SqliteStore {
            conn,
            path: path.to_owned(),
            mark,
            last: 0,
            last_at: Timestamp(0),
            meta: Meta::of_a_new_journal(),
            losses: Vec::new(),
            doubt: false,
            logged: 0,
            found: Vec::new(),
            options,
            _lock: lock,
        };
        store.settle()?;
        store.notice(is_new, folder, witness)?;
        Ok(store)
    }

    /// What was noticed at the opening: a new journal, a lost end, modes that let others read. For the log and the board.
    pub fn findings(&self) -> &[Finding] {
        &self.found
    }

    /// A connection for questions, to be used on any one thread; open as many as there are askers at a time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn history(&self) -> Result<SqliteHistory, StoreError> {
        SqliteHistory::open(&self.path, self.options)
    }

    /// The database's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn told(&self, doing: &'static str, error: &rusqlite::Error) -> StoreError {
        StoreError::sqlite(&self.path, doing, error)
    }

    /// Reads from the database where the journal stands: at the opening, and when a commit left that open.
    fn settle(&mut self) -> Result<(), StoreError> {
        let conn = &self.conn;
        let ask = || -> rusqlite::Result<_> {
            if !conn.is_autocommit() {
                conn.execute_batch("ROLLBACK")?;
            }
            let last = decode::last_seq(conn)?;
            let at = decode::first_from(conn, last)?.map_or(Timestamp(0), |(_, at)| at);
            Ok((last, at, Meta::read(conn)?, decode::losses(conn)?))
        };
        let answer = ask().map_err(|e| self.told("reading where the journal ends", &e));
        let (last, at, meta, losses) = answer.map_err(|e| check::with_last_good(&self.conn, e))?;
        (self.last, self.last_at, self.meta, self.losses, self.doubt) = (last, at, meta, losses, false);
        Ok(())
    }

    fn notice(&mut self, is_new: bool, folder: &Path, witness: Option<(u64, Timestamp)>) -> Result<(), StoreError> {
        if is_new {
            self.found.push(Finding::note(format!("a new journal was begun at {}", self.path.display())));
        }
        for (path, bits, want) in [(self.path.as_path(), 0o077, "0600"), (folder, 0o022, "0700")] {
            let mode = std::fs::metadata(path).map(|m| m.permissions().mode()).unwrap_or(0);
            if mode & bits != 0 {
                let text = format!("{} has mode {:04o}; {want} keeps others out", path.display(), mode & 0o7777);
                self.found.push(Finding::note(text));
            }
        }
        match witness {
            Some((seq, at)) if seq > self.last => self.record_loss(seq, at)?,
            _ => self.mark.set(self.last, self.last_at),
        }
        for loss in &self.losses {
            self.found.push(Finding::damage(check::loss_text(loss)));
        }
        Ok(())
    }

    /// The journal ends before what had been stored. The seqs lost are not given out again: ids made from them may have
    /// left with mails and tickets.
    fn record_loss(&mut self, to: u64, to_at: Timestamp) -> Result<(), StoreError> {
        let loss = Losses { from: self.last + 1, to, from_at: self.last_at, to_at };
        decode::write_loss(&self.conn, &loss).map_err(|e| self.told("writing down what was lost", &e))?;
        self.settle()
    }
}

/// The name of the file system under `folder` when a journal must not lie there; `None`: it may.
///
/// # Errors
/// The system does not say.
pub fn unfit_filesystem(folder: &Path) -> std::io::Result<Option<String>> {
    filesystem::unfit(folder, false)
}

/// Whether the database is to be made anew; refuses when it was there once.
fn refuse_if_gone(path: &Path, witness: Option<(u64, Timestamp)>) -> Result<bool, StoreError> {
    let held = |p: &Path| std::fs::metadata(p).map(|m| m.len()).unwrap_or(0) > 0;
    if held(path) {
        return Ok(false);
    }
    let gone = |witness, last| Err(StoreError::Missing { path: path.to_owned(), witness, last });
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    match witness {
        Some((seq, at)) if seq > 0 => gone(mark::mark_path(path), Some((seq, at))),
        // A start that was cut short leaves an empty file, and possibly a log without it being any use: SQLite would
        // drop that log silently, so it must not be one that a lost database left.
        _ if !path.exists() && held(Path::new(&log)) => gone(PathBuf::from(log), None),
        _ => Ok(!path.exists()),
    }
}

fn connect(path: &Path, options: OpenOptions, flags: OpenFlags) -> Result<Connection, StoreError> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match options.vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs),
        None => Connection::open_with_flags(path, flags),
    }
    .map_err(|e| StoreError::sqlite(path, "opening the journal", &e))
}
