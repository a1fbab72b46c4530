//! What a file of lists says of one certificate, shared by all probes of a process: a hundred hosts with certificates of one authority
//! need its list read and hashed once. It holds as long as the file is the same, by its place, length and times to the nanosecond;
//! one that was written in the last two seconds may still be written to and is read again. What is judged by the time, or by a
//! key, is judged anew each time.

use super::{Found, read_file};
use crate::trust::store::open;
use plugin::Deadline;
use std::collections::HashMap;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// More are not kept; one has about a kilobyte.
const KEPT: usize = 8192;
/// What nobody asked for so long is given up when there are more.
const UNUSED: Duration = Duration::from_secs(3600);
/// Seconds in which a file may change again without its times telling.
const RACY: i64 = 2;

type Asked = (PathBuf, Vec<u8>);
type Stamp = [i64; 7];

struct Kept {
    stamp: Stamp,
    used: Instant,
    found: Arc<Found>,
}

static KNOWN: LazyLock<Mutex<HashMap<Asked, Kept>>> = LazyLock::new(Mutex::default);

fn stamp(meta: &Metadata) -> Stamp {
    let number = |n: u64| n.cast_signed();
    let (place, length) = ([number(meta.dev()), number(meta.ino())], number(meta.size()));
    [place[0], place[1], length, meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()]
}

fn is_settled(stamp: &Stamp) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed());
    // Times of the future say nothing.
    stamp[3].max(stamp[5]) < now - RACY
}

/// The lists of a file, with what they say of this serial number (an INTEGER's octets).
///
/// # Errors
/// It cannot be read.
pub fn read_shared(path: &Path, serial: &[u8], deadline: Deadline) -> io::Result<Arc<Found>> {
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let before = stamp(&std::fs::metadata(path)?);
    let asked = (path.to_owned(), serial.to_vec());
    if let Some(kept) = known().get_mut(&asked).filter(|kept| kept.stamp == before) {
        kept.used = Instant::now();
        return Ok(kept.found.clone());
    }
    let found = Arc::new(read_file(open(path, deadline)?, std::slice::from_ref(&asked.1))?);
    let is_same = std::fs::metadata(path).is_ok_and(|meta| stamp(&meta) == before);
    if is_same && is_settled(&before) {
        let mut known = known();
        if known.len() >= KEPT {
            known.retain(|_, kept| kept.used.elapsed() < UNUSED);
        }
        if known.len() < KEPT {
            known.insert(asked, Kept { stamp: before, used: Instant::now(), found: found.clone() });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{File, FileTimes, write};

    fn old(path: &Path) {
        let times = FileTimes::new().set_modified(SystemTime::now() - Duration::from_secs(600));
        File::options().write(true).open(path).and_then(|file| file.set_times(times)).unwrap();
    }

    #[test]
    fn a_file_is_read_again_when_it_changes_and_not_kept_while_it_may() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("01ab23cd.r0");
        let read = || read_shared(&path, &[1], Deadline::after(Duration::from_secs(60))).unwrap();
        assert!(read_shared(&path, &[1], Deadline::after(Duration::from_secs(60))).is_err());
        write(&path, "").unwrap();
        // Its inode was changed just now, whatever its own time says.
        old(&path);
        let mut soon = stamp(&std::fs::metadata(&path).unwrap());
        soon[5] += 60;
        assert!(!is_settled(&soon), "it may still be written to");
        std::thread::sleep(Duration::from_millis(3_100));
        assert!(Arc::ptr_eq(&read(), &read()), "read twice");
        assert!(matches!(*read(), Found::Empty));
        write(&path, "<html>").unwrap();
        old(&path);
        assert!(matches!(*read(), Found::Other("an HTML page")));
    }
}
