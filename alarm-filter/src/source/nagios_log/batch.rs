//! What one read of the log yields.

use super::cursor::Cursor;
use super::line::split_epoch;
use std::path::PathBuf;
use std::sync::Arc;

/// Complete lines of one file, and what happened before them. Borrows the reader's buffer.
#[derive(Debug)]
pub struct Batch<'a> {
    pub(super) inode: u64,
    pub(super) first_line: Arc<str>,
    /// The time of the last line before this batch.
    pub(super) last_at: i64,
    pub(super) bytes: &'a [u8],
    pub(super) spans: &'a [Span],
    /// What happened before the first line of this batch.
    pub notices: &'a [Notice],
    /// Behind these lines there is nothing more for now; [`super::tail::LogReader::wait`] waits for more.
    pub at_end: bool,
}

/// Where a line lies in the buffer and where it ends in the file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Span {
    pub(super) begin: usize,
    pub(super) end: usize,
    pub(super) after: u64,
}

/// A complete line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LogLine<'a> {
    /// The line without its newline.
    pub bytes: &'a [u8],
    /// The offset in the file behind its newline.
    pub after: u64,
}

impl<'a> Batch<'a> {
    /// The lines, in the order of the file.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = LogLine<'a>> + ExactSizeIterator + use<'a> {
        let bytes = self.bytes;
        self.spans
            .iter()
            .map(move |span| LogLine { bytes: bytes.get(span.begin..span.end).unwrap_or_default(), after: span.after })
    }

    /// The cursor behind `line`, which is one of this batch: what to store once that line has been dealt with.
    pub fn cursor(&self, line: &LogLine<'_>) -> Cursor {
        Cursor {
            inode: self.inode,
            offset: line.after,
            first_line: Arc::clone(&self.first_line),
            last_at: self.last_at_until(line),
        }
    }

    /// The time of `line`, or of the last one before it that has one.
    fn last_at_until(&self, line: &LogLine<'_>) -> i64 {
        if let Some((at, _)) = split_epoch(line.bytes) {
            return at;
        }
        let earlier = self.lines().rev().skip_while(|l| l.after > line.after);
        earlier.filter_map(|l| split_epoch(l.bytes)).map(|(at, _)| at).next().unwrap_or(self.last_at)
    }

    /// The cursor behind the last line; `None` when there is no line: then the one stored before stays valid.
    pub fn end(&self) -> Option<Cursor> {
        self.lines().next_back().map(|line| self.cursor(&line))
    }

    /// Whether there is no line in it.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }
}

/// What happened to the log, in one line each (`Display`).
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Notice {
    /// A file was finished and the next one begun.
    #[error("finished {}, now reading {}", from.display(), to.display())]
    Rotated {
        /// The finished file, as it was named when it was opened.
        from: PathBuf,
        /// The next one.
        to: PathBuf,
    },
    /// The log was emptied in place. Lines written between the copy and the emptying are lost to everybody.
    #[error("{} was emptied in place{}", path.display(), match copy { Some(c) => format!("; its end was read from the copy {}", c.display()), None => "; what was not read before is lost: no copy was found in the archives".to_owned() })]
    Truncated {
        /// The log.
        path: PathBuf,
        /// The copy in which reading goes on.
        copy: Option<PathBuf>,
    },
    /// Lines may be missing between `after` and the next line.
    #[error("lines may be missing after second {after}: {why}")]
    Gap {
        /// Epoch seconds of the last line before the gap; 0: unknown.
        after: i64,
        /// What could not be found or read.
        why: String,
    },
    /// The log is not there (any more). Given once; reading goes on when it is back.
    #[error("{} does not exist; waiting for it", path.display())]
    Missing {
        /// The log.
        path: PathBuf,
    },
    /// A finished file ends in the middle of a line, which nobody will complete.
    #[error("{} ends with {bytes} bytes of an unfinished line", path.display())]
    Unfinished {
        /// The finished file.
        path: PathBuf,
        /// How much there is of the line.
        bytes: u64,
    },
    /// A line was longer than the limit and was handed out cut.
    #[error("a line of {bytes} bytes was cut to {limit}")]
    LongLine {
        /// Its length.
        bytes: u64,
        /// What was handed out.
        limit: usize,
    },
    /// An archive folder or file cannot be used.
    #[error("{why}")]
    Archives {
        /// Which, and why.
        why: String,
    },
}
