//! Whether a program that Nagios names is this binary. Nagios goes by the name alone, and somebody else's plugin may have the same
//! one; that is started as a process.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long an answer holds.
const FRESH: Duration = Duration::from_secs(10);
/// More names than a configuration has; then all are asked anew.
const MOST: usize = 1000;

/// Answers, kept for a while.
#[derive(Debug)]
pub struct Ours {
    own: PathBuf,
    known: Mutex<HashMap<OsString, Known>>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    at: Instant,
    file: Option<Identity>,
    ours: bool,
}

/// What tells a file from another, or from itself as it was.
type Identity = (u64, u64, u64, i64, i64);

impl Default for Ours {
    fn default() -> Ours {
        Ours::of(PathBuf::from("/proc/self/exe"))
    }
}

impl Ours {
    fn of(own: PathBuf) -> Ours {
        Ours { own, known: Mutex::default() }
    }

    /// Whether this word of a command line starts the binary that we are.
    pub fn is(&self, program: &OsStr) -> bool {
        let known = self.lock().get(program).copied();
        if let Some(known) = known.filter(|known| known.at.elapsed() < FRESH) {
            return known.ours;
        }
        let path = found(program);
        let file = path.as_ref().and_then(|path| std::fs::metadata(path).ok()).map(|meta| identity(&meta));
        let ours = match known.filter(|known| known.file == file) {
            Some(known) => known.ours,
            None => path.is_some_and(|path| self.same(&path)),
        };
        let mut all = self.lock();
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(program.to_owned(), Known { at: Instant::now(), file, ours });
        ours
    }

    /// The same file, or a copy of it.
    fn same(&self, path: &Path) -> bool {
        let (Ok(a), Ok(b)) = (std::fs::metadata(&self.own), std::fs::metadata(path)) else { return false };
        a.is_file()
            && b.is_file()
            && ((a.dev(), a.ino()) == (b.dev(), b.ino()) || a.len() == b.len() && self.copied(path))
    }

    fn copied(&self, path: &Path) -> bool {
        let (Ok(mut a), Ok(mut b)) = (File::open(&self.own), File::open(path)) else { return false };
        let (mut left, mut right) = (vec![0; 1 << 16], vec![0; 1 << 16]);
        loop {
            let Ok(read) = a.read(&mut left) else { return false };
            if read == 0 {
                return true;
            }
            if b.read_exact(&mut right[..read]).is_err() || left[..read] != right[..read] {
                return false;
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<OsString, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn identity(meta: &Metadata) -> Identity {
    (meta.dev(), meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec())
}

/// The file that a shell would start.
fn found(program: &OsStr) -> Option<PathBuf> {
    if Path::new(program).components().count() > 1 || program.as_encoded_bytes().contains(&b'/') {
        return Some(PathBuf::from(program));
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_copies_are_ours_and_others_of_the_name_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("gridprobe"), vec![7; 200_000]).unwrap();
        std::fs::copy(path("gridprobe"), path("check_crl")).unwrap();
        std::os::unix::fs::symlink("gridprobe", path("check_ca")).unwrap();
        let mut other = vec![7; 200_000];
        other[199_999] = 8;
        std::fs::write(path("check_bdii"), other).unwrap();
        let ours = Ours::of(path("gridprobe"));
        for (name, expected) in
            [("gridprobe", true), ("check_crl", true), ("check_ca", true), ("check_bdii", false), ("no", false)]
        {
            assert_eq!(ours.is(path(name).as_os_str()), expected, "{name}");
            assert_eq!(ours.is(path(name).as_os_str()), expected, "{name}, known");
        }
        assert!(!ours.is(OsStr::new("no-such-program-anywhere")));
    }
}
