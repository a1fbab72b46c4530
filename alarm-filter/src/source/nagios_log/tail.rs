//! Reads a log durably: from a cursor through the rotated files, oldest first, to the current one and along with it.
//!
//! No line is lost or read twice when the cursor behind the last line dealt with is given back at the next start. What
//! cannot be helped (archives removed, a log emptied without a copy) is told as a [`Notice`].
//!
//! Which file comes next is decided in `place`; here bytes become lines.

use super::archive::Archive;
use super::batch::{Batch, Notice, Span};
use super::cursor::{Cursor, HEAD_LEN, first_line};
use super::error::TailError;
use super::file::LogFile;
use super::line::split_epoch;
use super::watch::Watch;
use memchr::memchr_iter;
use std::collections::VecDeque;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest line that is handed out whole, in bytes. Nagios cuts at 8 KiB itself, for most kinds of lines.
pub const LINE_LIMIT: usize = 64 * 1024;

/// How much is asked of the system at a time, in bytes.
const READ_SIZE: usize = 64 * 1024;

/// Where to find a log and how to read it.
#[derive(Clone, Debug)]
pub struct TailOptions {
    /// The current log (log_file).
    pub log: PathBuf,
    /// Folders with rotated files (log_archive_path); the log's own folder is always looked at as well.
    pub archives: Vec<PathBuf>,
    /// Where to begin without a cursor.
    pub begin: Begin,
    /// Use inotify; otherwise only look every `backstop`.
    pub inotify: bool,
    /// How often to look for news at least: inotify does not work on network file systems.
    pub backstop: Duration,
    /// See [`LINE_LIMIT`]; at least [`HEAD_LEN`].
    pub line_limit: usize,
}

impl TailOptions {
    /// The usual way to read `log`: from the begin of the current file, with inotify and a look each second.
    pub fn new(log: impl Into<PathBuf>) -> Self {
        TailOptions {
            log: log.into(),
            archives: Vec::new(),
            begin: Begin::CurrentLog,
            inotify: true,
            backstop: Duration::from_secs(1),
            line_limit: LINE_LIMIT,
        }
    }
}

/// Where to begin when nothing was read before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Begin {
    /// At the begin of the current log.
    CurrentLog,
    /// At the first line of that epoch second or later, in the archives if need be.
    From(i64),
}

/// Why [`LogReader::wait`] returned.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wake {
    /// There may be more to read.
    News,
    /// The time is over.
    Timeout,
}

/// Reads one log. Synchronous; see the module.
#[derive(Debug)]
pub struct LogReader {
    pub(super) options: TailOptions,
    /// Where to go on, until the file has been found.
    pub(super) sought: Sought,
    pub(super) file: Option<LogFile>,
    /// `file` is the current log; otherwise an archive.
    pub(super) live: bool,
    /// Another file has taken the place of the current log: leave this one at its end.
    pub(super) leaving: bool,
    /// Archives to be read before the current log.
    pub(super) queue: VecDeque<Archive>,
    /// The file last left, for the notice.
    pub(super) left: Option<PathBuf>,
    /// The log was not there when last looked for.
    pub(super) missing: bool,
    /// Lines before this second are passed over until the first one that is not.
    pub(super) skip_before: Option<i64>,
    /// Epoch seconds of the last line handed out.
    pub(super) last_at: i64,
    /// The same, before the present batch.
    last_at_before: i64,
    pub(super) notices: Vec<Notice>,
    pub(super) lines: LineBuffer,
    watch: Watch,
    failed: bool,
}

/// Where reading begins, until it has begun.
#[derive(Clone, Debug)]
pub(super) enum Sought {
    Cursor(Cursor),
    Begin(Begin),
    Found,
}

impl LogReader {
    /// Opens nothing yet; the first batch does. A cursor that points before any line counts as none.
    pub fn new(options: TailOptions, cursor: Option<Cursor>) -> Self {
        let watch = Watch::new(&options.log, options.inotify);
        let sought = match cursor {
            Some(cursor) if !cursor.first_line.is_empty() => Sought::Cursor(cursor),
            _ => Sought::Begin(options.begin),
        };
        LogReader {
            options,
            sought,
            file: None,
            live: false,
            leaving: false,
            queue: VecDeque::new(),
            left: None,
            missing: false,
            skip_before: None,
            last_at: 0,
            last_at_before: 0,
            notices: Vec::new(),
            lines: LineBuffer::default(),
            watch,
            failed: false,
        }
    }

    /// The next lines, of one file, read in at most `max_bytes` (at least one byte) at a time. After an error the reader
    /// is where it was before; trying again is right.
    pub fn next_batch(&mut self, max_bytes: usize) -> Result<Batch<'_>, TailError> {
        if !self.failed {
            self.notices.clear();
        }
        let outcome = self.advance(max_bytes.max(1));
        self.failed = outcome.is_err();
        let at_end = outcome?;
        let (inode, first_line) =
            self.file.as_ref().map_or((0, Arc::from("")), |file| (file.inode, Arc::clone(&file.first_line)));
        Ok(Batch {
            inode,
            first_line,
            last_at: self.last_at_before,
            bytes: &self.lines.bytes,
            spans: &self.lines.spans,
            notices: &self.notices,
            at_end,
        })
    }

    /// Blocks until there may be more or `timeout` has passed.
    pub fn wait(&mut self, timeout: Duration) -> Wake {
        let deadline = Instant::now() + timeout;
        // After an error there is always "news"; without this a caller that tries again would spin.
        let mut news = !self.failed && self.has_news();
        loop {
            if news {
                return Wake::News;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Wake::Timeout;
            }
            if let Some(file) = self.file.as_ref().filter(|_| self.live) {
                self.watch.follow(&self.options.log, file.inode);
            }
            // Between the watch and the sleep something may have come that no event will tell of.
            if !self.failed && self.has_news() {
                return Wake::News;
            }
            self.watch.sleep(left.min(self.options.backstop));
            self.failed = false;
            news = self.has_news();
        }
    }

    /// Whether the system tells of changes; otherwise news is found only by looking.
    pub fn is_notified(&self) -> bool {
        self.watch.is_notified()
    }

    fn has_news(&self) -> bool {
        let path = std::fs::metadata(&self.options.log);
        let Some(file) = &self.file else { return path.is_ok() };
        if !self.live || !matches!(self.sought, Sought::Found) {
            return true;
        }
        let grown = file.size().is_ok_and(|size| size.is_some_and(|size| size != file.position));
        grown || path.is_ok_and(|meta| meta.ino() != file.inode && meta.len() > 0)
    }

    /// Goes on until there are lines or the end is reached; says whether it is the end.
    fn advance(&mut self, max_bytes: usize) -> Result<bool, TailError> {
        self.lines.consume();
        loop {
            if !self.find()? {
                return Ok(true);
            }
            if self.live && self.was_truncated()? {
                self.after_truncation()?;
                continue;
            }
            let Some(file) = self.file.as_mut() else { return Ok(true) };
            let ended = match self.lines.fill(file, max_bytes, self.options.line_limit, &mut self.notices) {
                Ok(ended) => ended,
                Err(source) => {
                    let error = TailError::io(&file.path, "read", source);
                    self.unreadable(error)?;
                    continue;
                }
            };
            if file.first_line.is_empty() {
                // Until the first line is complete, the buffer holds the file from its begin.
                file.first_line = first_line(&self.lines.bytes);
            }
            self.pass_over();
            self.last_at_before = self.last_at;
            if let Some(at) = self.lines.spans.iter().rev().find_map(|span| self.lines.epoch(span)) {
                self.last_at = at;
            }
            let lines = !self.lines.spans.is_empty();
            if ended && self.live && !self.leaving {
                // Something may have been written to the old file just before it was moved away: read once more.
                self.leaving = self.was_replaced();
                if !self.leaving {
                    return Ok(true);
                }
            } else if ended && !lines {
                self.leave()?;
            }
            if lines {
                return Ok(false);
            }
        }
    }

    /// Keeps what happened for the next batch, once.
    pub(super) fn note(&mut self, notice: Notice) {
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }

    /// Drops the lines before [`LogReader::skip_before`].
    fn pass_over(&mut self) {
        let Some(from) = self.skip_before else { return };
        let begin = self.lines.spans.iter().position(|span| self.lines.epoch(span).is_some_and(|at| at >= from));
        match begin {
            Some(begin) => {
                self.lines.spans.drain(..begin);
                self.skip_before = None;
            }
            None => self.lines.spans.clear(),
        }
    }
}

/// Bytes of one file from the begin of its first unread line on, and the complete lines among them.
#[derive(Debug, Default)]
pub(super) struct LineBuffer {
    bytes: Vec<u8>,
    spans: Vec<Span>,
    /// How much of `bytes` is complete lines.
    consumed: usize,
    /// Where the incomplete line behind them begins in the file.
    offset: u64,
    /// How many bytes of the incomplete line were dropped, since it is longer than the limit.
    dropped: u64,
}

impl LineBuffer {
    /// Begins anew at `offset` of another file.
    pub(super) fn restart(&mut self, offset: u64) {
        self.bytes.clear();
        self.spans.clear();
        (self.consumed, self.offset, self.dropped) = (0, offset, 0);
    }

    /// Where the incomplete line begins in the file.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// How many bytes of the incomplete line were read.
    pub(super) fn unfinished(&self) -> u64 {
        self.bytes.len().saturating_sub(self.consumed) as u64 + self.dropped
    }

    /// Forgets the lines handed out; the incomplete one moves to the front.
    fn consume(&mut self) {
        self.spans.clear();
        self.bytes.drain(..self.consumed.min(self.bytes.len()));
        self.consumed = 0;
    }

    fn epoch(&self, span: &Span) -> Option<i64> {
        split_epoch(self.bytes.get(span.begin..span.end)?).map(|(at, _)| at)
    }

    /// Reads up to `max_bytes` and finds the lines among them; true at the end of the file.
    fn fill(
        &mut self,
        file: &mut LogFile,
        max_bytes: usize,
        limit: usize,
        notices: &mut Vec<Notice>,
    ) -> std::io::Result<bool> {
        self.consume();
        // A shorter limit would cut what the file is recognised by.
        let limit = limit.max(HEAD_LEN);
        let known = self.bytes.len();
        let mut ended = false;
        let mut read = 0;
        while read < max_bytes && !ended {
            let got = match file.read(&mut self.bytes, (max_bytes - read).min(READ_SIZE)) {
                Ok(got) => got,
                // What was read before is good; the error comes again.
                Err(_) if read > 0 => break,
                Err(e) => return Err(e),
            };
            ended = got == 0;
            read += got;
        }
        let mut begin = 0;
        for newline in memchr_iter(b'\n', self.bytes.get(known..).unwrap_or_default()) {
            let end = known + newline;
            let length = (end - begin) as u64 + self.dropped;
            self.offset += length + 1;
            if length > limit as u64 {
                notices.push(Notice::LongLine { bytes: length, limit });
            }
            self.spans.push(Span { begin, end: end.min(begin + limit), after: self.offset });
            self.dropped = 0;
            begin = end + 1;
        }
        self.consumed = begin;
        let partial = self.bytes.len() - begin;
        if partial > limit {
            self.bytes.truncate(begin + limit);
            self.dropped += (partial - limit) as u64;
        }
        Ok(ended)
    }
}

#[cfg(test)]
#[path = "tail_tests.rs"]
mod tests;
