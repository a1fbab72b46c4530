//! What can go wrong with a store: what happened, to which file, what to do next, in one line.

use alarm_core::time::Timestamp;
use rusqlite::ErrorCode;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A failure of the store. Where [`StoreError::may_pass`] says so, the same call is worth repeating.
#[derive(Debug, Error)]
pub enum StoreError {
    /// No space left. Nothing of the batch was stored.
    #[error("{doing}: no space left for {}; free some on that file system, the batch is kept and tried again", path.display())]
    Full {
        /// The database.
        path: PathBuf,
        /// What was attempted.
        doing: &'static str,
    },
    /// The file, its folder or the file system cannot be written.
    #[error("{doing}: {} cannot be written ({detail}); make the file, its -wal and its folder writable for this user", path.display())]
    ReadOnly {
        /// The database.
        path: PathBuf,
        /// What was attempted.
        doing: &'static str,
        /// The engine's words.
        detail: String,
    },
    /// Something stored is damaged.
    #[error("{}: {what}; {}; stop the daemon, copy the folder aside, run `alarm-filter check-store`, restore the last backup", path.display(), readable(*last_good))]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What is damaged.
        what: String,
        /// The last record before the damage that can be read, where that was looked for.
        last_good: Option<(u64, Timestamp)>,
    },
    /// Another process holds the database's write lock.
    #[error("{doing}: another program is writing to {}; end it (a shell on the database?), the batch is tried again", path.display())]
    Busy {
        /// The database.
        path: PathBuf,
        /// What was attempted.
        doing: &'static str,
    },
    /// The journal cannot be read by this user.
    #[error("{} cannot be read ({detail}); read it as the daemon's user: sudo -u gridward alarm-filter …", path.display())]
    Unreadable {
        /// The database.
        path: PathBuf,
        /// The system's words.
        detail: String,
    },
    /// The operating system reports an error of reading or writing.
    #[error("{doing}: input/output error on {} ({detail}); look at the kernel's log and the disk", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was attempted.
        doing: &'static str,
        /// The engine's or the system's words.
        detail: String,
    },
    /// Written by a newer release.
    #[error("{} was written by alarm-filter {by} (schema {schema}), this release knows schemas up to {ours}; run that release or a newer one", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// The release that wrote it.
        by: String,
        /// Its schema.
        schema: i64,
        /// The newest schema known here.
        ours: i64,
    },
    /// A database of another program.
    #[error("{} is an SQLite database of another program (application id {id:#010x}); name another file in the configuration", path.display())]
    Foreign {
        /// The database.
        path: PathBuf,
        /// Its application id.
        id: i64,
    },
    /// The folder of a store to be opened is not there.
    #[error("there is no folder {0} for the store; make it for this user (install -d -m 0700 -o USER {0}), or name another in the configuration", folder.display())]
    NoFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// Somebody wants to read a journal where there is none.
    #[error("there is no journal {}; name the daemon's configuration with --config FILE, or its store with --store DIR", path.display())]
    NoJournal {
        /// The database.
        path: PathBuf,
    },
    /// The database is gone although its companions say that it was there.
    #[error("{} is gone, but {} shows that it held records{}; restore it from a backup, or remove {} to begin anew", path.display(), witness.display(), upto(*last), witness.display())]
    Missing {
        /// The database.
        path: PathBuf,
        /// The file that remembers it.
        witness: PathBuf,
        /// The last record that it held, where known.
        last: Option<(u64, Timestamp)>,
    },
    /// Another instance runs on this store.
    #[error("{} is held by {holder}; end that instance before starting another on the same store", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// Who: pid and host name.
        holder: String,
    },
    /// The store lies on a file system whose locks and syncs cannot be relied on.
    #[error("{} lies on {filesystem}, where locks and syncs cannot be relied on; put the store on a local disk", path.display())]
    NetworkFs {
        /// The folder.
        path: PathBuf,
        /// The file system's name.
        filesystem: String,
    },
    /// The caller asked for what cannot be: a mistake in this program.
    #[error("refused: {what}; this is a fault of alarm-filter, please report it")]
    Refused {
        /// What was asked.
        what: String,
    },
}

fn readable(last_good: Option<(u64, Timestamp)>) -> String {
    match last_good {
        Some((seq, at)) => format!("readable up to seq {seq} ({at}), lost from there on"),
        None => "how much is readable is not known yet".to_owned(),
    }
}

fn upto(last: Option<(u64, Timestamp)>) -> String {
    last.map(|(seq, at)| format!(" up to seq {seq} ({at})")).unwrap_or_default()
}

impl StoreError {
    /// Whether the cause may pass by itself or by an administrator's hand, so that the same batch should be tried again.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::ReadOnly { .. } | Self::Busy { .. } | Self::Io { .. })
    }

    /// From SQLite's error.
    pub(super) fn sqlite(path: &Path, doing: &'static str, error: &rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        let path = path.to_owned();
        let detail = error.to_string();
        let corrupt = |what: String| StoreError::Corrupt { path: path.clone(), what, last_good: None };
        match error {
            E::SqliteFailure(e, _) => match e.code {
                ErrorCode::DiskFull => Self::Full { path, doing },
                ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
                    Self::ReadOnly { path, doing, detail }
                }
                // Unknown is SQLite's "logic error". All statements here are fixed: it is the tables that have changed.
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown => {
                    corrupt(format!("{doing}: {detail}"))
                }
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy { path, doing },
                _ if e.extended_code == rusqlite::ffi::SQLITE_IOERR_CORRUPTFS => corrupt(format!("{doing}: {detail}")),
                _ => Self::Io { path, doing, detail },
            },
            // Without the statement, which may be long.
            E::SqlInputError { msg, .. } => corrupt(format!("{doing}: {msg}")),
            E::FromSqlConversionFailure(_, _, why) if why.is::<super::sqlite::Unsound>() => corrupt(why.to_string()),
            E::QueryReturnedNoRows => corrupt(format!("{doing}: a row is missing that was always there")),
            // A value of another type than the one that was written.
            E::FromSqlConversionFailure(..)
            | E::IntegralValueOutOfRange(..)
            | E::Utf8Error(..)
            | E::InvalidColumnType(..) => corrupt(format!("{doing}: {detail}")),
            _ => Self::Io { path, doing, detail },
        }
    }

    /// From the operating system's error on a file.
    pub(super) fn system(path: &Path, doing: &'static str, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as K;
        let path = path.to_owned();
        let detail = error.to_string();
        match error.kind() {
            K::StorageFull | K::QuotaExceeded => Self::Full { path, doing },
            K::PermissionDenied | K::ReadOnlyFilesystem => Self::ReadOnly { path, doing, detail },
            _ => Self::Io { path, doing, detail },
        }
    }
}
