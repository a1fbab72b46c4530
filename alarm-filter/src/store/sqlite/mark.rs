//! A witness beside the database: the last record that was committed.
//!
//! When the end of the write-ahead log is cut off or damaged, SQLite opens what is left and says nothing; so it does when
//! an old copy is put in the database's place. The mark is written after each commit, without a sync: it can be older than
//! the journal (power cut between the two), never newer, unless something was lost.

use alarm_core::time::Timestamp;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The open mark file.
#[derive(Debug)]
pub(super) struct Mark {
    file: File,
}

/// `journal.db` → `journal.mark`
pub(super) fn mark_path(database: &Path) -> PathBuf {
    database.with_extension("mark")
}

/// What the mark says, if there is one and it is whole.
pub(super) fn read(database: &Path) -> Option<(u64, Timestamp)> {
    let text = std::fs::read_to_string(mark_path(database)).ok()?;
    let mut words = text.split_whitespace();
    let (seq, at, sum) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?);
    (line(seq, at).split_whitespace().last() == Some(sum)).then_some((seq, Timestamp(at)))
}

/// Of fixed width, so that writing over it leaves nothing of the old one.
fn line(seq: u64, at: i64) -> String {
    let sum = crate::store::checksum::pair("mark", format!("{seq} {at}").as_bytes());
    format!("{seq:020} {at:+020} {:016x}\n", sum.cast_unsigned())
}

impl Mark {
    /// Opens or makes the file.
    pub(super) fn open(database: &Path) -> std::io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).mode(0o600).open(mark_path(database))?;
        Ok(Mark { file })
    }

    /// Writes the mark. A failure only makes the witness less alert, so it is not reported.
    pub(super) fn set(&self, seq: u64, at: Timestamp) {
        let _alert_or_not = self.file.write_all_at(line(seq, at.0).as_bytes(), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_is_read_and_damage_is_ignored() {
        let dir = tempfile::tempdir().unwrap();
        let db = dir.path().join("journal.db");
        assert_eq!(read(&db), None);
        let mark = Mark::open(&db).unwrap();
        for (seq, at) in [(u64::MAX, i64::MIN), (17, 1_700_000_000_000), (18, -1)] {
            mark.set(seq, Timestamp(at));
            assert_eq!(read(&db), Some((seq, Timestamp(at))));
        }
        let mut bytes = std::fs::read(mark_path(&db)).unwrap();
        bytes[19] ^= 1;
        std::fs::write(mark_path(&db), bytes).unwrap();
        assert_eq!(read(&db), None);
    }
}
