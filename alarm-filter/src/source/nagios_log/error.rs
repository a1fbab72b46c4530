//! What can go wrong while reading a log, in one line each, with what to do about it.

use nix::unistd::{Gid, Group, Uid, User, geteuid};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Why a log cannot be read now. Trying again later may succeed.
#[derive(Debug, thiserror::Error)]
pub enum TailError {
    /// Permission denied; `detail` names owner, group, mode and what to do.
    #[error("cannot read {}: permission denied; {detail}", path.display())]
    Unreadable {
        /// The log or archive.
        path: PathBuf,
        /// Whose it is and what to do.
        detail: String,
    },
    /// There is something of that name, but no regular file.
    #[error("{} is {what}, not a file: set the path of the log itself (log_file in nagios.cfg)", path.display())]
    NotAFile {
        /// The configured path.
        path: PathBuf,
        /// `a directory` and the like.
        what: &'static str,
    },
    /// Any other failure of the operating system.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// The log or archive.
        path: PathBuf,
        /// `open`, `read`, …
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl TailError {
    /// Wraps what the system said about `path`.
    pub(super) fn io(path: &Path, doing: &'static str, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::PermissionDenied {
            return TailError::Unreadable { path: path.to_path_buf(), detail: denied(path) };
        }
        TailError::Io { path: path.to_path_buf(), doing, source }
    }
}

/// Whose file it is that we may not read, and what to do: the file itself, or the first folder above it that hides it.
fn denied(path: &Path) -> String {
    let me = account(geteuid());
    for place in path.ancestors() {
        let Ok(meta) = std::fs::metadata(place) else { continue };
        let owner = account(Uid::from_raw(meta.uid()));
        let group = Group::from_gid(Gid::from_raw(meta.gid())).ok().flatten();
        let group = group.map_or_else(|| format!("gid {}", meta.gid()), |g| g.name);
        let mode = meta.mode() & 0o7777;
        let (which, need, letter) = if place == path {
            ("the file".to_owned(), 0o040, "r")
        } else {
            (format!("the folder {}", place.display()), 0o010, "rx")
        };
        let what = if mode & need == 0 {
            format!("chmod g+{letter} it and add {me} to the group {group}")
        } else {
            format!("add {me} to the group {group} and restart")
        };
        return format!("{which} belongs to {owner}, group {group}, mode {mode:04o}, and this runs as {me}: {what}");
    }
    format!("this runs as {me}")
}

fn account(uid: Uid) -> String {
    User::from_uid(uid).ok().flatten().map_or_else(|| format!("uid {uid}"), |user| user.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_denied_file_says_whose_it_is_and_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("nagios.log");
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let error = TailError::io(&path, "open", io::ErrorKind::PermissionDenied.into()).to_string();
        assert!(error.contains("nagios.log: permission denied; the file belongs to "), "{error}");
        assert!(error.contains("mode 0600") && error.contains("chmod g+r it and add "), "{error}");
        assert!(!error.contains('\n'));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(!TailError::io(&path, "open", io::ErrorKind::PermissionDenied.into()).to_string().contains("chmod"));
    }

    #[test]
    fn a_hidden_file_blames_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let error = TailError::io(&dir.path().join("nagios.log"), "open", io::ErrorKind::PermissionDenied.into());
        assert!(error.to_string().contains("the folder /"), "{error}");
    }
}
