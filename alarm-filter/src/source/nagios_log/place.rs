//! Which file to read: where a cursor points, what comes after a finished file, and what to do when a file was moved
//! away, emptied or lost.

use super::archive::{self, Archive};
use super::batch::Notice;
use super::cursor::Cursor;
use super::error::TailError;
use super::file::{LogFile, begun_at};
use super::tail::{Begin, LogReader, Sought};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

impl LogReader {
    /// Makes sure that a file is open where reading has to go on; false when there is none yet.
    pub(super) fn find(&mut self) -> Result<bool, TailError> {
        if self.file.is_some() {
            return Ok(true);
        }
        match self.sought.clone() {
            Sought::Cursor(cursor) => self.locate(&cursor)?,
            Sought::Begin(Begin::From(from)) => {
                let live = self.open_live()?;
                self.queue_from(from, live.as_ref());
                self.skip_before = Some(from);
            }
            Sought::Begin(Begin::CurrentLog) | Sought::Found => {}
        }
        self.sought = Sought::Found;
        if self.file.is_none() {
            self.open_next()?;
        }
        Ok(self.file.is_some())
    }

    /// Finds the file that a cursor points into: the current log, a renamed one, or a copy.
    fn locate(&mut self, cursor: &Cursor) -> Result<(), TailError> {
        let live = self.open_live()?;
        self.last_at = cursor.last_at;
        if let Some(mut file) = live
            && file.first_line == cursor.first_line
            && skip(&mut file, cursor.offset)?
        {
            self.begin(file, cursor.offset, true);
            return Ok(());
        }
        let live = self.open_live()?;
        let archives = self.archives(live.as_ref());
        if let Some(at) = archives.iter().position(|a| a.first_line == cursor.first_line)
            && let Some(archive) = archives.get(at)
        {
            let mut file = LogFile::open(&archive.path)?;
            if skip(&mut file, cursor.offset)? {
                self.queue = archives.into_iter().skip(at + 1).collect();
                self.begin(file, cursor.offset, false);
                return Ok(());
            }
        }
        self.note(Notice::Gap {
            after: cursor.last_at,
            why: format!(
                "neither {} nor the archives hold the file that was read last (inode {}, {} bytes, first line \"{}\")",
                self.options.log.display(),
                cursor.inode,
                cursor.offset,
                cursor.first_line
            ),
        });
        // Lines of that very second may come twice, which does no harm; the other way some would be lost.
        self.skip_before = Some(cursor.last_at);
        self.queue_from(cursor.last_at, live.as_ref());
        Ok(())
    }

    /// Queues the archives that can hold lines of second `from` and later.
    fn queue_from(&mut self, from: i64, live: Option<&LogFile>) {
        let archives = self.archives(live);
        let before = archives.iter().filter(|a| a.begun_at <= from).count();
        self.queue = archives.into_iter().skip(before.saturating_sub(1)).collect();
    }

    /// The archives, oldest first, without a copy of the current log in the making.
    fn archives(&mut self, live: Option<&LogFile>) -> Vec<Archive> {
        let mut folders = self.options.archives.clone();
        folders.extend(self.options.log.parent().map(Path::to_path_buf));
        let found = archive::list(&self.options.log, &folders);
        found.problems.into_iter().for_each(|why| self.note(Notice::Archives { why }));
        let mut files = found.files;
        files.retain(|a| live.is_none_or(|live| a.first_line != live.first_line && a.inode != live.inode));
        files
    }

    /// Opens the next archive of the queue, or the current log when there is none left.
    fn open_next(&mut self) -> Result<(), TailError> {
        while let Some(next) = self.queue.front() {
            match LogFile::open(&next.path) {
                Ok(file) if file.first_line == next.first_line => {
                    self.queue.pop_front();
                    self.begin(file, 0, false);
                    return Ok(());
                }
                // Renamed or compressed since it was listed.
                Ok(_) => self.requeue(),
                Err(TailError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => self.requeue(),
                Err(e) => return Err(e),
            }
        }
        if let Some(file) = self.open_live()? {
            self.begin(file, 0, true);
        } else {
            self.note_missing();
        }
        Ok(())
    }

    /// Looks for the first file of the queue under another name; when it is gone, says so and drops it.
    fn requeue(&mut self) {
        let Some(sought) = self.queue.pop_front() else { return };
        let found =
            self.archives(None).into_iter().find(|a| a.first_line == sought.first_line && a.path != sought.path);
        match found {
            Some(found) => self.queue.push_front(found),
            None => self.note(Notice::Gap {
                after: self.last_at,
                why: format!("{} was removed before it was read", sought.path.display()),
            }),
        }
    }

    fn open_live(&mut self) -> Result<Option<LogFile>, TailError> {
        match LogFile::open(&self.options.log) {
            Ok(file) => Ok(Some(file)),
            Err(TailError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn begin(&mut self, file: LogFile, offset: u64, live: bool) {
        if let Some(from) = self.left.take() {
            self.note(Notice::Rotated { from, to: file.path.clone() });
        }
        self.lines.restart(offset);
        self.file = Some(file);
        (self.live, self.leaving, self.missing) = (live, false, false);
    }

    /// Leaves a file that was read to its end.
    pub(super) fn leave(&mut self) -> Result<(), TailError> {
        // What can fail comes first: after an error this file is still the one to be left.
        let next = if self.live { self.open_live()? } else { None };
        let Some(file) = self.file.take() else { return Ok(()) };
        if self.lines.unfinished() > 0 {
            self.note(Notice::Unfinished { path: file.path.clone(), bytes: self.lines.unfinished() });
        }
        self.lines.restart(0);
        if self.live {
            // It was moved away; while we were behind, further ones may have come and gone.
            let archives = self.archives(next.as_ref());
            let after =
                match (archives.iter().position(|a| a.first_line == file.first_line), begun_at(&file.first_line)) {
                    (Some(at), _) => at + 1,
                    (None, Some(begun)) => archives.iter().filter(|a| a.begun_at <= begun).count(),
                    // Nothing was ever read from it: what began before the last line read elsewhere is known.
                    (None, None) if self.last_at > 0 => archives.iter().filter(|a| a.begun_at <= self.last_at).count(),
                    (None, None) => archives.len(),
                };
            self.queue = archives.into_iter().skip(after).collect();
        }
        self.left = Some(file.path);
        self.open_next()
    }

    /// A file cannot be read on. A broken archive is passed over, with notice; anything else is the caller's matter.
    pub(super) fn unreadable(&mut self, error: TailError) -> Result<(), TailError> {
        let broken = matches!(&error, TailError::Io { source, .. }
            if matches!(source.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof));
        let stale =
            matches!(&error, TailError::Io { source, .. } if source.kind() == io::ErrorKind::StaleNetworkFileHandle);
        if stale && let Some(file) = self.file.take() {
            // The server forgot the file: find it again, by what it begins with.
            let cursor = Cursor {
                inode: file.inode,
                offset: self.lines.offset(),
                first_line: Arc::clone(&file.first_line),
                last_at: self.last_at,
            };
            self.sought = if cursor.first_line.is_empty() { Sought::Found } else { Sought::Cursor(cursor) };
            self.lines.restart(0);
            return Ok(());
        }
        if broken && !self.live {
            self.note(Notice::Gap { after: self.last_at, why: error.to_string() });
            return self.leave();
        }
        Err(error)
    }

    /// Whether another file has taken the log's place. An empty one has not yet: logrotate makes it before the monitor
    /// has let go of the old one.
    pub(super) fn was_replaced(&mut self) -> bool {
        let Some(file) = &self.file else { return false };
        match std::fs::metadata(&self.options.log) {
            Ok(meta) => {
                self.missing = false;
                meta.ino() != file.inode && meta.len() > 0
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                self.note_missing();
                false
            }
            // The open file can be read all the same.
            Err(_) => false,
        }
    }

    fn note_missing(&mut self) {
        if !self.missing {
            self.missing = true;
            self.note(Notice::Missing { path: self.options.log.clone() });
        }
    }

    /// Whether the open log was emptied, and perhaps written to again, since it was last read.
    pub(super) fn was_truncated(&self) -> Result<bool, TailError> {
        let Some(file) = &self.file else { return Ok(false) };
        let read = |e| TailError::io(&file.path, "look at", e);
        if file.size().map_err(read)?.is_some_and(|size| size < file.position) {
            return Ok(true);
        }
        Ok(!file.first_line.is_empty() && file.head().map_err(read)? != file.first_line)
    }

    /// Goes on in the copy that was made before the log was emptied, then at the log's begin.
    pub(super) fn after_truncation(&mut self) -> Result<(), TailError> {
        let Some(old) = self.file.take() else { return Ok(()) };
        let offset = self.lines.offset();
        self.lines.restart(0);
        let archives = self.archives(None);
        let mut copy =
            archives.iter().find(|a| a.first_line == old.first_line).and_then(|a| LogFile::open(&a.path).ok());
        if copy.as_mut().is_some_and(|file| !skip(file, offset).unwrap_or(false)) {
            copy = None;
        }
        self.note(Notice::Truncated { path: old.path, copy: copy.as_ref().map(|c| c.path.clone()) });
        match copy {
            Some(file) => self.begin(file, offset, false),
            None => self.open_next()?,
        }
        Ok(())
    }
}

/// Moves a file at its begin to `offset`; false when it is too short or broken before that.
fn skip(file: &mut LogFile, offset: u64) -> Result<bool, TailError> {
    match file.skip_to(offset) {
        Ok(done) => Ok(done),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof || e.kind() == io::ErrorKind::InvalidInput => Ok(false),
        Err(e) => Err(TailError::io(&file.path, "read", e)),
    }
}
