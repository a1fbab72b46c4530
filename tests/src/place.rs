//! Where a test keeps its files, and under whose name it runs.

use crate::fail::{Fail, Result};
use std::path::{Path, PathBuf};

/// A folder that goes away with its owner, or stays when `GRIDWARD_KEEP` is set (its path is then printed).
#[derive(Debug)]
pub struct Place {
    path: PathBuf,
    _folder: Option<tempfile::TempDir>,
}

impl Place {
    /// A new folder under TMPDIR.
    pub fn new(kind: &str) -> Result<Self> {
        let folder =
            tempfile::Builder::new().prefix(&format!("gw-{kind}-")).tempdir().map_err(Fail::at("temporary folder"))?;
        if std::env::var_os("GRIDWARD_KEEP").is_some() {
            let path = folder.keep();
            eprintln!("{kind}: {}", path.display());
            return Ok(Place { path, _folder: None });
        }
        Ok(Place { path: folder.path().to_owned(), _folder: Some(folder) })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path in it.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    /// A folder in it, made when it is not there yet.
    pub fn folder(&self, name: impl AsRef<Path>) -> Result<PathBuf> {
        let path = self.path.join(name);
        std::fs::create_dir_all(&path).map_err(Fail::at(path.display()))?;
        Ok(path)
    }
}

/// Refuses root: to root every file is readable, and a test that expects a refusal would prove nothing.
pub fn unprivileged() -> Result {
    if nix::unistd::geteuid().is_root() {
        return Err(Fail::new("running as root; `tests/run` runs this under an unprivileged user"));
    }
    Ok(())
}

/// The name of the user that the tests run as.
pub fn user() -> Result<String> {
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten();
    user.map(|user| user.name).ok_or_else(|| Fail::new("we have no name"))
}

/// Writes a file whole: beside it first, then renamed.
pub fn write(path: &Path, content: impl AsRef<[u8]>) -> Result {
    let beside = path.with_extension("new");
    std::fs::write(&beside, content).map_err(Fail::at(beside.display()))?;
    std::fs::rename(&beside, path).map_err(Fail::at(path.display()))
}

/// Seconds since the epoch.
pub fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A number from the environment, or the default; a value that is no number is refused, so that no typo shortens a run.
pub fn number(name: &str, default: usize) -> Result<usize> {
    match std::env::var(name) {
        Ok(text) => text.parse().map_err(Fail::at(format!("{name}={text}"))),
        Err(_) => Ok(default),
    }
}
