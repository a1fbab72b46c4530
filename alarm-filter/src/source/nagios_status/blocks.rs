//! The syntax of status.dat and objects.cache: comments, and blocks of `kind {`, TAB key, separator, value, TAB `}`.
//!
//! Files are read in pieces: what is in memory is one piece and the largest block, whatever the size of the file.

use memchr::{memchr, memchr2, memmem};
use std::io::Read;
use std::path::{Path, PathBuf};

/// How much is read at a time, in bytes.
const PIECE: usize = 256 * 1024;
/// The longest block that is believed, in bytes: a service with a very long output.
const BLOCK_LIMIT: usize = 16 * 1024 * 1024;
/// What closes a block.
const CLOSE: &[u8] = b"\n\t}";

/// Why a file is not what it should be. Each names the file.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// It cannot be read.
    #[error("cannot read {}: {}", path.display(), crate::access::because(path, source, false))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It holds NUL bytes, as after a crash of the machine or a full disk.
    #[error("{} is damaged: a NUL byte at offset {at}; look at the disk, and have the monitor write it anew", path.display())]
    Nul {
        /// The file.
        path: PathBuf,
        /// Offset in bytes.
        at: u64,
    },
    /// A block has no end: the file is half written or cut off.
    #[error("{} is cut off or damaged: the block \"{kind}\" that begins at offset {at} is not closed; have the monitor write it anew, or take a whole copy", path.display())]
    Unclosed {
        /// The file.
        path: PathBuf,
        /// The block's kind.
        kind: String,
        /// Offset of its begin in bytes.
        at: u64,
    },
    /// Something that is neither comment nor block.
    #[error("{} is not a {format}: at offset {at} there is \"{text}\" where a block should begin; correct the path", path.display())]
    Unexpected {
        /// The file.
        path: PathBuf,
        /// What the file should be.
        format: &'static str,
        /// Offset in bytes.
        at: u64,
        /// What is there.
        text: String,
    },
    /// A block that each such file has is missing.
    #[error("{} is not a complete {format}: it has no block \"{kind}\"; correct the path, or have the monitor write it anew", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What the file should be.
        format: &'static str,
        /// The block.
        kind: &'static str,
    },
    /// A value that cannot be.
    #[error("{}: {kind} of {object}: {key} is \"{value}\", which cannot be; correct the path, or have the monitor write it anew", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The block's kind.
        kind: &'static str,
        /// Which object.
        object: String,
        /// The field.
        key: &'static str,
        /// Its value.
        value: String,
    },
}

/// Which of the two files it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// `kind {`, fields `key=value`.
    Status,
    /// `define kind {`, fields `key TAB value`.
    Objects,
}

impl Format {
    /// The file's usual name.
    pub fn name(self) -> &'static str {
        match self {
            Format::Status => "status.dat",
            Format::Objects => "objects.cache",
        }
    }
}

/// One block, borrowed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Block<'a> {
    /// `servicestatus`, `host`, …
    pub kind: &'a [u8],
    body: &'a [u8],
    format: Format,
}

impl<'a> Block<'a> {
    /// Key and value of each field in the order of the file; the value is empty where there is no separator.
    pub fn fields(&self) -> Fields<'a> {
        Fields { rest: self.body, format: self.format }
    }
}

/// See [`Block::fields`].
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
    format: Format,
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = match memchr(b'\n', self.rest) {
            Some(end) => self.rest.split_at(end),
            None => (self.rest, b"".as_slice()),
        };
        self.rest = rest.get(1..).unwrap_or_default();
        let line = line.strip_prefix(b"\t").unwrap_or(line);
        // Keys are short: a plain loop finds their end sooner than a vector search would begin.
        let end = match self.format {
            Format::Status => line.iter().position(|b| *b == b'='),
            // A few keys hold spaces (`day 1 - 15`), so that only a TAB ends a key.
            Format::Objects => line.iter().position(|b| *b == b'\t'),
        };
        Some(match end {
            Some(end) => {
                let (key, value) = line.split_at(end);
                (key, value.get(1..).unwrap_or_default())
            }
            None => (line, b""),
        })
    }
}

/// Reads all blocks of `input`, which is the file at `path`. `comment` gets each line that begins with `#`, `each` each
/// block; an error of theirs ends the reading.
pub fn scan<R: Read>(
    mut input: R,
    path: &Path,
    format: Format,
    mut comment: impl FnMut(&[u8]),
    mut each: impl FnMut(&Block<'_>) -> Result<(), BlockError>,
) -> Result<(), BlockError> {
    let mut buffer: Vec<u8> = Vec::new();
    // Offset in the file of the begin of the buffer.
    let mut base: u64 = 0;
    // How far the present block was searched in vain for its end.
    let mut searched = 0;
    loop {
        let filled = buffer.len();
        buffer.resize(filled + PIECE.max(filled), 0);
        let got = read_full(&mut input, buffer.get_mut(filled..).unwrap_or_default())
            .map_err(|source| BlockError::Io { path: path.to_path_buf(), source })?;
        buffer.truncate(filled + got);
        let ended = got == 0;
        if let Some(nul) = memchr(0, buffer.get(filled..).unwrap_or_default()) {
            return Err(BlockError::Nul { path: path.to_path_buf(), at: base + (filled + nul) as u64 });
        }
        let mut done = 0;
        loop {
            let rest = buffer.get(done..).unwrap_or_default();
            match step(rest, format, searched, ended) {
                Step::Comment(line, length) => {
                    comment(line);
                    done += length;
                }
                Step::Block(block, length) => {
                    each(&block)?;
                    done += length;
                    searched = 0;
                }
                Step::More(next) => {
                    searched = next;
                    break;
                }
                Step::End => return Ok(()),
                Step::Unclosed(kind) => {
                    let (path, at) = (path.to_path_buf(), base + done as u64);
                    return Err(BlockError::Unclosed { path, kind: excerpt(kind), at });
                }
                Step::Unexpected(text) => {
                    let (path, at, format) = (path.to_path_buf(), base + done as u64, format.name());
                    return Err(BlockError::Unexpected { path, format, at, text: excerpt(text) });
                }
            }
        }
        if buffer.len() - done > BLOCK_LIMIT {
            let kind = excerpt(header(buffer.get(done..).unwrap_or_default()).0);
            return Err(BlockError::Unclosed { path: path.to_path_buf(), kind, at: base + done as u64 });
        }
        buffer.drain(..done);
        base += done as u64;
    }
}

enum Step<'a> {
    /// A comment, and how long it is with its newline.
    Comment(&'a [u8], usize),
    /// A block, and how long it is.
    Block(Block<'a>, usize),
    /// More bytes are needed; the search for the block's end can begin at this offset then.
    More(usize),
    End,
    Unclosed(&'a [u8]),
    Unexpected(&'a [u8]),
}

fn step(bytes: &[u8], format: Format, searched: usize, ended: bool) -> Step<'_> {
    match bytes.first() {
        None if ended => return Step::End,
        None => return Step::More(0),
        Some(b'\n' | b' ' | b'\t' | b'\r') => return Step::Comment(b"", 1),
        Some(_) => {}
    }
    let (line, complete) = header(bytes);
    if !complete && !ended {
        return Step::More(0);
    }
    if line.starts_with(b"#") {
        return Step::Comment(line, (line.len() + 1).min(bytes.len()));
    }
    let kind = line.trim_ascii_end().strip_suffix(b"{").map(<[u8]>::trim_ascii_end);
    let kind = match format {
        Format::Status => kind,
        Format::Objects => kind.and_then(|k| k.strip_prefix(b"define ")).map(<[u8]>::trim_ascii_start),
    };
    let Some(kind) = kind.filter(|k| !k.is_empty() && memchr2(b' ', b'\t', k).is_none()) else {
        return Step::Unexpected(line);
    };
    let mut from = searched.max(line.len());
    loop {
        let Some(found) = memmem::find(bytes.get(from..).unwrap_or_default(), CLOSE) else {
            // The end may lie across the border of two pieces.
            return if ended {
                Step::Unclosed(kind)
            } else {
                Step::More(bytes.len().saturating_sub(CLOSE.len()).max(line.len()))
            };
        };
        let end = from + found;
        let after = end + CLOSE.len();
        match bytes.get(after) {
            Some(b'\n' | b'\r') => {}
            None if ended => {}
            None => return Step::More(end),
            // A field whose name begins with a brace: no such thing is known, but it does not close a block.
            Some(_) => {
                from = after;
                continue;
            }
        }
        let body = bytes.get(line.len() + 1..end).unwrap_or_default();
        // No block holds an empty line: this one was never closed and runs into the next.
        if memmem::find(body, b"\n\n").is_some() {
            return Step::Unclosed(kind);
        }
        return Step::Block(Block { kind, body, format }, after);
    }
}

/// The first line, and whether its newline is there.
fn header(bytes: &[u8]) -> (&[u8], bool) {
    match memchr(b'\n', bytes) {
        Some(end) => (bytes.get(..end).unwrap_or_default(), true),
        None => (bytes, false),
    }
}

fn excerpt(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..bytes.len().min(40)).unwrap_or_default()).escape_debug().to_string()
}

fn read_full<R: Read>(input: &mut R, mut free: &mut [u8]) -> std::io::Result<usize> {
    let mut got = 0;
    while !free.is_empty() {
        match input.read(free) {
            Ok(0) => break,
            Ok(n) => {
                got += n;
                free = free.get_mut(n..).unwrap_or_default();
            }
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(got)
}

/// A number with a fraction (`30.000000`) in thousandths, rounded; `None` when it is none.
pub(super) fn milli(bytes: &[u8]) -> Option<i64> {
    let (whole, fraction) = match memchr(b'.', bytes) {
        Some(dot) => (bytes.get(..dot)?, bytes.get(dot + 1..)?),
        None => (bytes, b"".as_slice()),
    };
    let mut thousandths = number(whole)?.checked_mul(1000)?;
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |n: usize| fraction.get(n).map_or(0, |b| i64::from(b - b'0'));
    let rest = digit(0) * 100 + digit(1) * 10 + digit(2) + i64::from(digit(3) >= 5);
    thousandths += if whole.starts_with(b"-") { -rest } else { rest };
    Some(thousandths)
}

/// A whole number, perhaps negative.
pub(super) fn number(bytes: &[u8]) -> Option<i64> {
    let (digits, sign) = match bytes.strip_prefix(b"-") {
        Some(digits) => (digits, -1),
        None => (bytes, 1),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    digits.iter().try_fold(0i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0'))).map(|n| n * sign)
}

#[cfg(test)]
#[path = "blocks_tests.rs"]
mod tests;
