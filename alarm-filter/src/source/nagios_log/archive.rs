//! The rotated files of a log, in the order in which they were written.
//!
//! Names tell too little (months before years, numbers that move on at each rotation, a dozen schemes), so that the
//! files are put in order by the second in which each begins.

use super::error::TailError;
use super::file::{LogFile, begun_at, is_gzip};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A rotated file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Archive {
    /// Where it is.
    pub path: PathBuf,
    /// Its inode.
    pub inode: u64,
    /// Its first line, as in [`super::cursor::Cursor`].
    pub first_line: Arc<str>,
    /// Epoch seconds of its first line.
    pub begun_at: i64,
    /// Its size; `None` when compressed.
    pub size: Option<u64>,
}

/// The rotated files of a log, oldest first, and what could not be read.
#[derive(Debug, Default)]
pub struct Archives {
    /// Oldest first; each first line occurs once.
    pub files: Vec<Archive>,
    /// Folders and files that look like archives but cannot be used, a line each.
    pub problems: Vec<String>,
}

/// Lists the rotated files of `log` in `folders` (log_archive_path, and the folder of the log itself).
pub fn list(log: &Path, folders: &[PathBuf]) -> Archives {
    let mut found = Archives::default();
    // By first line: while a file is being compressed or copied, two files have the same; the plain one is complete.
    let mut by_head: HashMap<Arc<str>, Archive> = HashMap::new();
    let mut seen: Vec<&PathBuf> = Vec::new();
    for folder in folders {
        if seen.contains(&folder) {
            continue;
        }
        seen.push(folder);
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(e) => {
                found.problems.push(TailError::io(folder, "list the archives in", e).to_string());
                continue;
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if !is_archive_name(log, &path) {
                continue;
            }
            match look_at(&path) {
                Ok(Some(archive)) => {
                    let better = by_head.get(&archive.first_line).is_none_or(|other| archive.size > other.size);
                    if better {
                        by_head.insert(Arc::clone(&archive.first_line), archive);
                    }
                }
                // Empty, or of something else.
                Ok(None) => {}
                Err(e) => found.problems.push(e.to_string()),
            }
        }
    }
    found.files = by_head.into_values().collect();
    found.files.sort_by(|a, b| (a.begun_at, &a.path).cmp(&(b.begun_at, &b.path)));
    found.problems.sort();
    found
}

fn look_at(path: &Path) -> Result<Option<Archive>, TailError> {
    let file = LogFile::open(path)?;
    let size = file.size().map_err(|e| TailError::io(path, "look at", e))?;
    Ok(begun_at(&file.first_line).map(|begun_at| Archive {
        path: file.path,
        inode: file.inode,
        first_line: file.first_line,
        begun_at,
        size,
    }))
}

/// Whether a file's name is that of a rotated `log`:
/// `nagios-MM-DD-YYYY-HH.log` (rotated by the monitor itself), `nagios.log-YYYYMMDD…` and `nagios.log.N` (logrotate),
/// each also with `.gz`.
pub fn is_archive_name(log: &Path, candidate: &Path) -> bool {
    let (Some(log_name), Some(name)) = (log.file_name(), candidate.file_name()) else { return false };
    let (log_name, name) = (log_name.to_string_lossy(), name.to_string_lossy());
    let name = if is_gzip(candidate) { name.strip_suffix(".gz").unwrap_or(&name) } else { &name };
    if let Some(suffix) = name.strip_prefix(&*log_name) {
        let digits = match suffix.strip_prefix('-') {
            // -20261122, -20261122-04, -2026-11-22, -1795320000
            Some(date) => date,
            None => suffix.strip_prefix('.').unwrap_or_default(),
        };
        return digits.bytes().any(|b| b.is_ascii_digit()) && digits.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    }
    let stem = log_name.strip_suffix(".log").unwrap_or(&log_name);
    let Some(date) = [stem, "nagios", "naemon", "icinga"]
        .iter()
        .find_map(|stem| name.strip_prefix(stem)?.strip_prefix('-')?.strip_suffix(".log"))
    else {
        return false;
    };
    let lengths: Vec<usize> =
        date.split('-').map(|n| if n.bytes().all(|b| b.is_ascii_digit()) { n.len() } else { 0 }).collect();
    lengths == [2, 2, 4, 2]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;

    #[test]
    fn names_of_archives() {
        let log = Path::new("/var/nagios.log");
        for name in [
            "nagios-11-22-2026-04.log",
            "nagios-11-22-2026-04.log.gz",
            "nagios.log-20261122",
            "nagios.log-20261122.gz",
            "nagios.log-20261122-04",
            "nagios.log.1",
            "nagios.log.12.gz",
        ] {
            assert!(is_archive_name(log, Path::new(name)), "{name}");
        }
        for name in [
            "nagios.log",
            "nagios.log.gz",
            "nagios.log.1.bz2",
            "nagios.log.tmp",
            "nagios.log-",
            "nagios.log.",
            "nagios-11-22-2026.log",
            "nagios-aa-22-2026-04.log",
            "nagios.debug",
            "other-11-22-2026-04.log",
            "nagios.log-x1",
            "",
        ] {
            assert!(!is_archive_name(log, Path::new(name)), "{name}");
        }
        assert!(is_archive_name(Path::new("/x/nag2.log"), Path::new("nag2-11-22-2026-04.log")));
        assert!(is_archive_name(Path::new("/x/naemon.log"), Path::new("naemon.log-20261122")));
    }

    #[test]
    fn order_is_by_their_begin_and_the_plain_one_of_two_counts() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("nagios-12-31-2025-00.log"), "[100] LOG ROTATION: DAILY\n").unwrap();
        fs::write(at("nagios-01-01-2026-00.log"), "[200] LOG ROTATION: DAILY\n").unwrap();
        fs::write(at("nagios.log.1"), "[300] LOG ROTATION: DAILY\n").unwrap();
        fs::write(at("nagios.log.2"), "").unwrap();
        let mut gz = flate2::write::GzEncoder::new(
            fs::File::create(at("nagios.log.3.gz")).unwrap(),
            flate2::Compression::fast(),
        );
        gz.write_all(b"[50] LOG ROTATION: DAILY\n[51] x\n").unwrap();
        gz.finish().unwrap();
        let mut gz = flate2::write::GzEncoder::new(
            fs::File::create(at("nagios.log.1.gz")).unwrap(),
            flate2::Compression::fast(),
        );
        gz.write_all(b"[300] LOG ROTATION: DAILY\n").unwrap();
        gz.finish().unwrap();
        fs::write(at("nagios.log.4.gz"), "half").unwrap();
        let folders = [dir.path().to_path_buf(), dir.path().to_path_buf(), at("absent")];
        let found = list(&at("nagios.log"), &folders);
        let begins: Vec<i64> = found.files.iter().map(|a| a.begun_at).collect();
        assert_eq!(begins, [50, 100, 200, 300]);
        assert_eq!(found.files.last().map(|a| a.path.clone()), Some(at("nagios.log.1")));
        assert_eq!(found.problems.len(), 2, "{:?}", found.problems);
    }
}
