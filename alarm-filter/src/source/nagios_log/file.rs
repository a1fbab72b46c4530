//! One log file, plain or compressed, read forward from an offset.

use super::cursor::{HEAD_LEN, first_line};
use super::error::TailError;
use super::line::split_epoch;
use flate2::read::MultiGzDecoder;
use nix::fcntl::OFlag;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An open log file.
#[derive(Debug)]
pub(super) struct LogFile {
    pub(super) path: PathBuf,
    pub(super) inode: u64,
    /// See [`super::cursor::Cursor::first_line`]; empty until the first line is complete.
    pub(super) first_line: Arc<str>,
    /// Where the next read begins.
    pub(super) position: u64,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Plain(File),
    Gzip(Box<MultiGzDecoder<File>>),
}

impl LogFile {
    /// Opens a file at its begin.
    pub(super) fn open(path: &Path) -> Result<LogFile, TailError> {
        // Without O_NONBLOCK the open of a FIFO put in the log's place would hang for ever.
        let file = OpenOptions::new()
            .read(true)
            .custom_flags((OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY).bits())
            .open(path)
            .map_err(|e| TailError::io(path, "open", e))?;
        let meta = file.metadata().map_err(|e| TailError::io(path, "look at", e))?;
        if let Some(what) = not_a_file(&meta) {
            return Err(TailError::NotAFile { path: path.to_path_buf(), what });
        }
        let mut log = LogFile {
            path: path.to_path_buf(),
            inode: meta.ino(),
            first_line: Arc::from(""),
            position: 0,
            content: if is_gzip(path) {
                Content::Gzip(Box::new(MultiGzDecoder::new(file)))
            } else {
                Content::Plain(file)
            },
        };
        log.first_line = match &log.content {
            Content::Plain(_) => log.head().map_err(|e| TailError::io(path, "read", e))?,
            // A decoder cannot look ahead: a second one does.
            Content::Gzip(_) => gzip_head(path).map_err(|e| TailError::io(path, "decompress", e))?,
        };
        Ok(log)
    }

    /// The first line as it is in the file now; always that of the opening for a compressed file.
    pub(super) fn head(&self) -> io::Result<Arc<str>> {
        let Content::Plain(file) = &self.content else { return Ok(Arc::clone(&self.first_line)) };
        let mut head = [0u8; HEAD_LEN];
        let mut filled = 0;
        while let Some(free) = head.get_mut(filled..).filter(|free| !free.is_empty()) {
            match file.read_at(free, filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(first_line(head.get(..filled).unwrap_or_default()))
    }

    /// Its size now; `None` when compressed.
    pub(super) fn size(&self) -> io::Result<Option<u64>> {
        match &self.content {
            Content::Plain(file) => Ok(Some(file.metadata()?.len())),
            Content::Gzip(_) => Ok(None),
        }
    }

    /// Moves forward to `offset`; false when the file ends before it.
    pub(super) fn skip_to(&mut self, offset: u64) -> io::Result<bool> {
        match &mut self.content {
            Content::Plain(file) => {
                if file.metadata()?.len() < offset {
                    return Ok(false);
                }
                self.position = file.seek(SeekFrom::Start(offset))?;
                Ok(true)
            }
            Content::Gzip(gzip) => {
                let ahead = offset.saturating_sub(self.position);
                let skipped = io::copy(&mut gzip.by_ref().take(ahead), &mut io::sink())?;
                self.position += skipped;
                Ok(skipped == ahead)
            }
        }
    }

    /// Reads up to `most` more bytes to the end of `buffer`; 0 at the end of the file.
    pub(super) fn read(&mut self, buffer: &mut Vec<u8>, most: usize) -> io::Result<usize> {
        let from = buffer.len();
        buffer.resize(from + most, 0);
        let free = buffer.get_mut(from..).unwrap_or_default();
        let got = loop {
            let got = match &mut self.content {
                Content::Plain(file) => file.read(free),
                Content::Gzip(gzip) => gzip.read(free),
            };
            match got {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        buffer.truncate(from + got.as_ref().copied().unwrap_or(0));
        let got = got?;
        self.position += got as u64;
        Ok(got)
    }
}

/// Whether the name says that the content is compressed.
pub(super) fn is_gzip(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "gz")
}

/// What stands in a file's place, if it is no regular file.
fn not_a_file(meta: &Metadata) -> Option<&'static str> {
    let kind = meta.file_type();
    if kind.is_file() {
        None
    } else if kind.is_dir() {
        Some("a directory")
    } else if kind.is_fifo() {
        Some("a pipe")
    } else if kind.is_socket() {
        Some("a socket")
    } else {
        Some("a device")
    }
}

fn gzip_head(path: &Path) -> io::Result<Arc<str>> {
    let mut head = Vec::with_capacity(HEAD_LEN);
    MultiGzDecoder::new(File::open(path)?).take(HEAD_LEN as u64).read_to_end(&mut head)?;
    Ok(first_line(&head))
}

/// Epoch seconds at the begin of a first line.
pub(super) fn begun_at(first_line: &str) -> Option<i64> {
    split_epoch(first_line.as_bytes()).map(|(at, _)| at)
}
