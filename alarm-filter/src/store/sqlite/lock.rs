//! One instance per store: a lock file that the kernel releases with its holder, however that ends.

use crate::store::error::StoreError;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Held as long as it lives. The file stays: removing it would let two instances hold two files of one name.
#[derive(Debug)]
pub(super) struct InstanceLock {
    _file: Flock<File>,
}

impl InstanceLock {
    /// Takes the lock next to the database (`journal.db` → `journal.lock`).
    ///
    /// # Errors
    /// [`StoreError::Locked`] naming the holder, or that the file cannot be made.
    pub(super) fn take(database: &Path) -> Result<Self, StoreError> {
        let path = lock_path(database);
        let told = |e: &std::io::Error| StoreError::system(&path, "locking the store", e);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|e| told(&e))?;
        let mut file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => file,
            Err((mut file, Errno::EWOULDBLOCK)) => {
                return Err(StoreError::Locked { holder: holder(&mut file), path });
            }
            Err((_, e)) => return Err(told(&e.into())),
        };
        // For the refused one's message only; what counts is the lock. A full disk must not keep the daemon from starting.
        let _told_or_not = name_holder(&mut file);
        Ok(InstanceLock { _file: file })
    }
}

/// `journal.db` → `journal.lock`
pub(super) fn lock_path(database: &Path) -> PathBuf {
    database.with_extension("lock")
}

fn name_holder(file: &mut File) -> std::io::Result<()> {
    let host = nix::sys::utsname::uname()?.nodename().to_string_lossy().into_owned();
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "pid {} on {host}", std::process::id())
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.take(300).read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => text.trim().chars().filter(|c| !c.is_control()).collect(),
        _ => "another process that has not said its name yet".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_one_is_refused_by_name_until_the_first_ends() {
        let dir = tempfile::tempdir().unwrap();
        let db = dir.path().join("journal.db");
        let first = InstanceLock::take(&db).unwrap();
        let text = InstanceLock::take(&db).unwrap_err().to_string();
        assert!(text.contains(&format!("pid {} on ", std::process::id())), "{text}");
        assert!(text.contains("journal.lock"), "{text}");
        drop(first);
        InstanceLock::take(&db).unwrap();
    }
}
