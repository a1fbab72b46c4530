//! Where a reader of the log is, in a way that survives restarts, rotation, copying and the reuse of inodes.

use crate::source::text::lossless;
use memchr::memchr;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How much of a file's first line is remembered, in bytes. It begins with the second at which the file was begun.
pub const HEAD_LEN: usize = 160;

/// A position behind a complete line. Stored with the batch that was made of the lines before it.
///
/// A file is recognised by its first line, because a rename keeps the inode, a copy does not, and a removed file's inode
/// is soon reused. The inode is kept for people who look for the file. Of two files that begin alike, the current log is
/// the one, and otherwise the longer one: the other is a copy in the making.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Cursor {
    /// The file's inode.
    pub inode: u64,
    /// Bytes from its begin; of the decompressed content when the file is compressed.
    pub offset: u64,
    /// Its first line, up to [`HEAD_LEN`] bytes; empty while it has no complete line.
    pub first_line: Arc<str>,
    /// Epoch seconds of the last line before this position; 0 when there was none.
    pub last_at: i64,
}

/// What [`Cursor::first_line`] is for a file that begins with `begin`; empty when its first line is not complete.
pub fn first_line(begin: &[u8]) -> Arc<str> {
    let head = begin.get(..HEAD_LEN.min(begin.len())).unwrap_or_default();
    match memchr(b'\n', head) {
        Some(end) => lossless(head.get(..end).unwrap_or_default()).as_ref().into(),
        None if head.len() == HEAD_LEN => lossless(head).as_ref().into(),
        None => "".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_line_counts_when_it_is_complete_or_long() {
        assert_eq!(&*first_line(b"[1] LOG ROTATION: DAILY\n[1] LOG VERSION: 2.0\n"), "[1] LOG ROTATION: DAILY");
        assert_eq!(&*first_line(b"[1] LOG ROT"), "");
        assert_eq!(first_line(&[b'x'; 5000]).len(), HEAD_LEN);
        assert_eq!(&*first_line(b"caf\xe9\n"), "caf\\xE9");
    }

    #[test]
    fn it_is_stored_as_json() {
        let cursor = Cursor { inode: 7, offset: 9, first_line: "[1] x".into(), last_at: 1 };
        let json = serde_json::to_string(&cursor).unwrap();
        assert_eq!(json, r#"{"inode":7,"offset":9,"first_line":"[1] x","last_at":1}"#);
        assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor);
    }
}
