//! The last good answer of each method on disk: the documents as they came, behind one line that says what they are.
//!
//! `<method>.lastgood` is a line of JSON, a newline, and the pages one after the other. It is only ever replaced as a
//! whole (temporary file, fsync, rename, fsync of the folder), so a crash leaves the old one or the new one. The time
//! of the file is when the source last confirmed the content; the line says when it came.

use super::canonical::sha256;
use super::gocdb::Method;
use super::http::Validators;
use super::load_dir::read_file;
use alarm_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use thiserror::Error;

/// A good answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LastGood {
    /// Path or address that it came from.
    pub place: String,
    /// When it came.
    pub fetched: Timestamp,
    /// When the source last said that it still holds; not before `fetched`.
    pub confirmed: Timestamp,
    /// For a conditional request.
    pub validators: Validators,
    /// SHA-256 over the pages.
    pub hash: String,
    /// The documents.
    pub pages: Vec<Vec<u8>>,
}

/// A copy that cannot be written, read or believed.
#[derive(Debug, Error)]
#[error("{}: {what}", path.display())]
pub struct CacheError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong, and what to do.
    pub what: String,
}

#[derive(Serialize, Deserialize)]
struct Head {
    lastgood: u32,
    method: Method,
    place: String,
    fetched: Timestamp,
    #[serde(default)]
    validators: Validators,
    hash: String,
    pages: Vec<usize>,
}

const VERSION: u32 = 1;
const PREFIX: &str = ".lastgood-";

/// The hash of an answer's pages.
pub fn hash(pages: &[Vec<u8>]) -> String {
    sha256(&pages.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// Replaces the copy of a method.
pub fn store(dir: &Path, method: Method, copy: &LastGood) -> Result<(), CacheError> {
    let path = path(dir, method);
    let head = Head {
        lastgood: VERSION,
        method,
        place: copy.place.clone(),
        fetched: copy.fetched,
        validators: copy.validators.clone(),
        hash: copy.hash.clone(),
        pages: copy.pages.iter().map(Vec::len).collect(),
    };
    let write = || -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(PREFIX).tempfile_in(dir)?;
        serde_json::to_writer(&mut file, &head)?;
        file.write_all(b"\n")?;
        for page in &copy.pages {
            file.write_all(page)?;
        }
        if let Some(time) = system_time(copy.confirmed) {
            file.as_file().set_modified(time)?;
        }
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|e| e.error)?;
        // Without this a crash may bring the old name back.
        File::open(dir)?.sync_all()
    };
    write().map_err(|e| CacheError {
        path: path.clone(),
        what: format!("the last good copy could not be kept ({e}); make room, or let this user write the folder"),
    })
}

/// Notes that the source confirmed the copy at `now`.
pub fn confirm(dir: &Path, method: Method, now: Timestamp) -> Result<(), CacheError> {
    let path = path(dir, method);
    let touch = || -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(&path)?;
        system_time(now).map_or(Ok(()), |time| file.set_modified(time))
    };
    touch().map_err(|e| CacheError {
        path: path.clone(),
        what: format!("its time could not be set ({e}); let this user write it"),
    })
}

/// The copy of a method; `None`: there is none. One that does not match its own hash is an error and left where it is.
pub fn load(dir: &Path, method: Method, limit: u64) -> Result<Option<LastGood>, CacheError> {
    let path = path(dir, method);
    let error = |what: String| CacheError { path: path.clone(), what };
    let bytes = match read_file(&path, limit.saturating_mul(2)) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(error(format!("{e}; make it readable for this user"))),
    };
    let damaged = || error("the last good copy is damaged; remove it, the next answer makes a new one".to_owned());
    let end = bytes.iter().position(|b| *b == b'\n').ok_or_else(damaged)?;
    let head: Head = serde_json::from_slice(&bytes[..end]).map_err(|_| damaged())?;
    if head.lastgood != VERSION || head.method != method {
        return Err(damaged());
    }
    let mut rest = &bytes[end + 1..];
    let mut pages = Vec::new();
    for length in head.pages {
        let (page, after) = rest.split_at_checked(length).ok_or_else(damaged)?;
        pages.push(page.to_vec());
        rest = after;
    }
    if !rest.is_empty() || hash(&pages) != head.hash {
        return Err(damaged());
    }
    let modified = std::fs::metadata(&path).ok().and_then(|m| m.modified().ok()).and_then(timestamp);
    Ok(Some(LastGood {
        place: head.place,
        fetched: head.fetched,
        confirmed: modified.map_or(head.fetched, |m| m.max(head.fetched)),
        validators: head.validators,
        hash: head.hash,
        pages,
    }))
}

/// Makes the folder if need be, for this user alone as the store's own (contacts of sites stand in it), and removes what a crash left half-written in it.
pub fn prepare(dir: &Path) -> Result<(), CacheError> {
    let error = |e: io::Error| CacheError {
        path: dir.to_owned(),
        what: format!("the folder for last good copies cannot be used ({e}); create it for this user"),
    };
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(error)?;
    for entry in std::fs::read_dir(dir).map_err(error)?.flatten() {
        if entry.file_name().to_str().is_some_and(|n| n.starts_with(PREFIX)) {
            std::fs::remove_file(entry.path()).map_err(error)?;
        }
    }
    Ok(())
}

fn path(dir: &Path, method: Method) -> PathBuf {
    dir.join(format!("{method}.lastgood"))
}

fn system_time(at: Timestamp) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(u64::try_from(at.0).ok()?))
}

fn timestamp(time: SystemTime) -> Option<Timestamp> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Timestamp(i64::try_from(since.as_millis()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy() -> LastGood {
        let pages = vec![b"<results>\n".to_vec(), Vec::new(), b"b\n".to_vec()];
        LastGood {
            place: "x".into(),
            fetched: Timestamp(5_000),
            confirmed: Timestamp(5_000),
            validators: Validators { etag: Some("\"e\"".into()), last_modified: None },
            hash: hash(&pages),
            pages,
        }
    }

    #[test]
    fn what_is_stored_comes_back_with_the_time_of_its_last_confirmation() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(load(dir.path(), Method::GetSite, 100).unwrap(), None);
        store(dir.path(), Method::GetSite, &copy()).unwrap();
        assert_eq!(load(dir.path(), Method::GetSite, 1000).unwrap(), Some(copy()));
        confirm(dir.path(), Method::GetSite, Timestamp(9_000)).unwrap();
        assert_eq!(load(dir.path(), Method::GetSite, 1000).unwrap().unwrap().confirmed, Timestamp(9_000));
        assert_eq!(load(dir.path(), Method::GetRocList, 1000).unwrap(), None);
    }

    #[test]
    fn a_damaged_copy_is_named_and_never_half_believed() {
        let dir = tempfile::tempdir().unwrap();
        store(dir.path(), Method::GetSite, &copy()).unwrap();
        let file = path(dir.path(), Method::GetSite);
        let whole = std::fs::read(&file).unwrap();
        for cut in 0..whole.len() {
            std::fs::write(&file, &whole[..cut]).unwrap();
            assert!(load(dir.path(), Method::GetSite, 1000).is_err(), "cut at {cut}");
        }
        let mut changed = whole.clone();
        *changed.last_mut().unwrap() = b'!';
        std::fs::write(&file, &changed).unwrap();
        assert!(load(dir.path(), Method::GetSite, 1000).unwrap_err().to_string().contains("damaged; remove it"));
        std::fs::write(path(dir.path(), Method::GetRocList), &whole).unwrap();
        assert!(load(dir.path(), Method::GetRocList, 1000).is_err(), "another method's copy");
    }

    #[test]
    fn preparing_removes_what_a_crash_left() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("a/b");
        prepare(&inner).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&inner).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o700, "nobody else reads what stands there");
        store(&inner, Method::GetSite, &copy()).unwrap();
        std::fs::write(inner.join(".lastgood-abc"), "half").unwrap();
        prepare(&inner).unwrap();
        assert_eq!(std::fs::read_dir(&inner).unwrap().count(), 1);
        assert!(store(&dir.path().join("none"), Method::GetSite, &copy()).is_err());
    }
}
