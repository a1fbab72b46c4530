//! The logs of a Nagios as one text: archives, oldest first, then `nagios.log`.

use crate::fail::{Fail, Result};
use std::fs;
use std::path::PathBuf;

/// A place in the whole of the logs: so many lines lie before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogMark(pub usize);

/// Where the logs are.
#[derive(Clone, Debug)]
pub struct Logs {
    archives: PathBuf,
    current: PathBuf,
}

impl Logs {
    pub(crate) fn new(archives: PathBuf, current: PathBuf) -> Self {
        Logs { archives, current }
    }

    /// The files, oldest first. Sorted by their first time stamp: the names tell the hour of a shifted zone. The current
    /// log is left out while it is not there.
    pub fn files(&self) -> Result<Vec<PathBuf>> {
        let mut archives = Vec::new();
        for entry in fs::read_dir(&self.archives).map_err(Fail::at(self.archives.display()))? {
            let path = entry?.path();
            archives.push((first_stamp(&fs::read(&path)?), path));
        }
        archives.sort();
        let mut files: Vec<_> = archives.into_iter().map(|(_, path)| path).collect();
        if self.current.exists() {
            files.push(self.current.clone());
        }
        Ok(files)
    }

    /// All complete lines, as bytes, in order.
    pub fn lines(&self) -> Result<Vec<Vec<u8>>> {
        loop {
            let before = self.files()?;
            let contents: Option<Vec<_>> = before.iter().map(|path| fs::read(path).ok()).collect();
            // A rotation in between would show lines twice or not at all.
            if self.files()? != before {
                continue;
            }
            let Some(contents) = contents else { continue };
            return Ok(contents.iter().flat_map(|content| complete_lines(content)).collect());
        }
    }

    /// The end as it is now.
    pub fn mark(&self) -> Result<LogMark> {
        Ok(LogMark(self.lines()?.len()))
    }

    /// The place behind the first line after `from` that holds all of these.
    pub fn find(&self, from: LogMark, parts: &[&str]) -> Result<Option<LogMark>> {
        let lines = self.lines()?;
        let holds = |line: &[u8]| parts.iter().all(|part| contains(line, part.as_bytes()));
        let found = lines.iter().skip(from.0).position(|line| holds(line));
        Ok(found.map(|offset| LogMark(from.0 + offset + 1)))
    }

    /// The lines after `from` that hold all of these, as text (bytes that are not UTF-8 replaced).
    pub fn matching(&self, from: LogMark, parts: &[&str]) -> Result<Vec<String>> {
        let lines = self.lines()?;
        let text = lines.iter().skip(from.0).map(|line| String::from_utf8_lossy(line).into_owned());
        Ok(text.filter(|line| parts.iter().all(|part| line.contains(part))).collect())
    }
}

fn complete_lines(content: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<_> = content.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    // What follows the last newline is empty or still being written.
    lines.pop();
    lines
}

fn first_stamp(content: &[u8]) -> u64 {
    let digits = content.iter().skip(1).take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |stamp, digit| stamp * 10 + u64::from(digit - b'0'))
}

fn contains(line: &[u8], part: &[u8]) -> bool {
    part.is_empty() || line.windows(part.len()).any(|window| window == part)
}
