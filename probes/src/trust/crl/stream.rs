//! A window that moves over encoded octets, and takes in what is signed on its way.

use super::CrlError;
use crate::trust::der::{DerError, Header, header};
use crate::trust::signature::{Summed, Summing};
use std::io::Read;

/// How wide the window is. Nothing but the list of entries may be wider than [`LARGEST`].
const WINDOW: usize = 64 * 1024;
/// The largest single value: a name, an entry, all extensions together.
const LARGEST: usize = 1 << 20;

pub(super) struct Stream<R> {
    input: R,
    buffer: Vec<u8>,
    /// The window is `buffer[start..end]`; what lies before it was consumed.
    start: usize,
    end: usize,
    /// Where in the whole the window starts.
    at: u64,
    /// From where in the buffer on octets are signed and not taken in yet.
    unsummed: Option<usize>,
    summing: Option<Summing>,
}

impl<R: Read> Stream<R> {
    pub(super) fn new(input: R) -> Stream<R> {
        Stream { input, buffer: vec![0; WINDOW], start: 0, end: 0, at: 0, unsummed: None, summing: None }
    }

    /// Where the next octet stands in the whole.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// What is in the window; may be little.
    pub(super) fn window(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Moves on by octets that are in the window.
    pub(super) fn consume(&mut self, octets: usize) {
        let octets = octets.min(self.end - self.start);
        self.start += octets;
        self.at += octets as u64;
    }

    /// Makes the window at least so wide.
    pub(super) fn need(&mut self, octets: usize) -> Result<&[u8], CrlError> {
        if octets > LARGEST {
            return Err(CrlError::Unparsable(format!("a value of {octets} octets at {}", self.at)));
        }
        while self.end - self.start < octets {
            if self.more()? == 0 {
                return Err(CrlError::Unparsable(format!(
                    "it ends early, at octet {}",
                    self.at + (self.end - self.start) as u64
                )));
            }
        }
        Ok(self.window())
    }

    /// Reads on; returns how much.
    pub(super) fn more(&mut self) -> Result<usize, CrlError> {
        self.make_room();
        loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(n) => {
                    self.end += n;
                    return Ok(n);
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    fn make_room(&mut self) {
        self.take_in();
        // While the algorithm is not known, what is signed must stay.
        let keep = self.unsummed.unwrap_or(self.start).min(self.start);
        self.buffer.copy_within(keep..self.end, 0);
        self.start -= keep;
        self.end -= keep;
        self.unsummed = self.unsummed.map(|from| from - keep);
        if self.end == self.buffer.len() {
            self.buffer.resize((self.buffer.len() * 2).min(2 * LARGEST + WINDOW), 0);
        }
    }

    /// What is consumed from here on is signed.
    pub(super) fn signed_from_here(&mut self) {
        self.unsummed = Some(self.start);
    }

    /// How it is signed.
    pub(super) fn sum_with(&mut self, summing: Summing) {
        self.summing = Some(summing);
    }

    /// What is consumed from here on is signed no longer.
    pub(super) fn signed_until_here(&mut self) -> Summed {
        self.take_in();
        self.unsummed = None;
        let nothing = || Summed::Nothing("it names no algorithm".to_owned());
        self.summing.take().map_or_else(nothing, Summing::end)
    }

    fn take_in(&mut self) {
        if let (Some(from), Some(summing)) = (self.unsummed, &mut self.summing) {
            summing.update(&self.buffer[from..self.start]);
            self.unsummed = Some(self.start);
        }
    }

    /// The header of the next value.
    pub(super) fn header(&mut self) -> Result<Header, CrlError> {
        self.need(2)?;
        loop {
            let read = header(self.window()).map_err(|e| self.wrong(e.to_string()))?;
            match read {
                Some(h) => return Ok(h),
                None => {
                    let wider = self.window().len() + 1;
                    self.need(wider)?;
                }
            }
        }
    }

    /// The next value with its header, consumed.
    pub(super) fn value(&mut self) -> Result<Vec<u8>, CrlError> {
        let h = self.header()?;
        let length = h.size + usize::try_from(h.length).map_err(|_| self.wrong("a value that is too long"))?;
        let value = self.need(length)?[..length].to_vec();
        self.consume(length);
        Ok(value)
    }

    pub(super) fn wrong(&self, what: impl Into<String>) -> CrlError {
        CrlError::from(DerError(format!("{} at octet {}", what.into(), self.at)))
    }
}
