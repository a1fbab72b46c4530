//! One connection: opened, bound, and read message by message, each before the deadline and none beyond the limits.
//!
//! The buffer holds whole messages as they arrived. A message above [`Limits::message`] is read through without being kept: only
//! its first bytes, in which its DN stands, so that a value of 10 MB costs time and no memory.
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::ber::{self, Reader};
use super::error::LdapError;
use super::message::{self, Answer};
use crate::net::names;
use plugin::Deadline;

/// The buffer's size at the start, and how much of an oversized message is looked at.
const BUFFER: usize = 64 * 1024;

/// What a server may send before it is not believed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message that are kept; a longer one is skipped and counted.
    pub message: usize,
    /// Bytes in all.
    pub bytes: u64,
    /// Entries in all.
    pub entries: u64,
}

impl Default for Limits {
    /// Ten times the largest top-level BDII that is known.
    fn default() -> Limits {
        Limits { message: 1 << 20, bytes: 2 << 30, entries: 2_000_000 }
    }
}

/// What a connection stands on: TCP, or bytes of a test.
pub trait Transport: Read + Write {
    /// How long the next read or write may take.
    fn allow(&mut self, left: Duration);
}

impl Transport for TcpStream {
    fn allow(&mut self, left: Duration) {
        // Neither fails for a span that is not zero.
        let _ = self.set_read_timeout(Some(left));
        let _ = self.set_write_timeout(Some(left));
    }
}

/// A connection to a directory.
#[derive(Debug)]
pub struct Connection<S = TcpStream> {
    stream: S,
    deadline: Instant,
    /// What a server may send.
    pub limits: Limits,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    received: u64,
    last_id: i32,
    phase: &'static str,
}

/// What was read: a message, or one that was too long to be kept.
pub(super) enum Frame {
    /// The bytes `buffer[.0 .. .1]`.
    Whole(usize, usize),
    /// A message that was skipped: its length and, of a search entry, its DN where that stood at the front.
    Skipped(u64, Option<Vec<u8>>),
}

/// The addresses of a host, without the resolver for one that is written as an address, and no longer than the run may last.
pub fn resolve(host: &str, port: u16, deadline: &Deadline) -> Result<Vec<SocketAddr>, LdapError> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let failed = |reason: String| LdapError::Resolve { host: host.to_owned(), reason };
    let found = names::addresses(bare, port, deadline).map_err(failed)?;
    if found.is_empty() { Err(failed("the resolver answers with none".to_owned())) } else { Ok(found) }
}

impl Connection {
    /// Connects to the first of the addresses that answers; each gets its share of the time.
    pub fn open(addresses: &[SocketAddr], deadline: Instant, limits: Limits) -> Result<Connection, LdapError> {
        let mut last = LdapError::Timeout { phase: "to the connection" };
        for (at, address) in addresses.iter().enumerate() {
            let left = deadline.saturating_duration_since(Instant::now());
            let share = left / u32::try_from(addresses.len() - at).unwrap_or(1);
            if share < Duration::from_millis(1) {
                break;
            }
            match TcpStream::connect_timeout(address, share) {
                Ok(stream) => {
                    // Requests are small and waited for; without this each page waits for a delayed acknowledgement.
                    let _ = stream.set_nodelay(true);
                    return Ok(Connection::over(stream, deadline, limits));
                }
                Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) => {
                    last = LdapError::Timeout { phase: "to the connection" };
                }
                Err(error) => {
                    let reason = plain(&error);
                    last = LdapError::Connect { address: address.to_string(), reason };
                }
            }
        }
        Err(last)
    }
}

impl<S: Transport> Connection<S> {
    /// Over something that is open.
    pub fn over(stream: S, deadline: Instant, limits: Limits) -> Connection<S> {
        let buffer = vec![0; BUFFER];
        Connection { stream, deadline, limits, buffer, start: 0, end: 0, received: 0, last_id: 0, phase: "to the bind" }
    }

    /// Binds anonymously.
    pub fn bind(&mut self) -> Result<(), LdapError> {
        self.phase = "to the bind";
        let id = self.next_id();
        self.send(&message::bind(id))?;
        loop {
            let Frame::Whole(start, end) = self.frame()? else { continue };
            let bytes = &self.buffer[start..end];
            match message::read(bytes) {
                Ok((_, Answer::Bound(outcome))) if outcome.code.0 == 0 => return Ok(()),
                Ok((_, Answer::Bound(outcome) | Answer::Unsolicited(outcome))) => {
                    return Err(refused("an anonymous bind", outcome));
                }
                Ok(_) => {}
                Err(ber::Malformed) => return Err(LdapError::not_ldap(bytes)),
            }
        }
    }

    /// Says good-bye; whether that arrives is nobody's matter.
    pub fn close(mut self) {
        let id = self.next_id();
        let _ = self.send(&message::unbind(id));
    }

    /// Bytes that came in so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    pub(super) fn next_id(&mut self) -> i32 {
        self.last_id = self.last_id.checked_add(1).unwrap_or(1);
        self.last_id
    }

    pub(super) fn set_phase(&mut self, phase: &'static str) {
        self.phase = phase;
    }

    pub(super) fn bytes(&self, start: usize, end: usize) -> &[u8] {
        &self.buffer[start..end]
    }

    fn left(&self) -> Result<Duration, LdapError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left < Duration::from_millis(1) { Err(LdapError::Timeout { phase: self.phase }) } else { Ok(left) }
    }

    pub(super) fn send(&mut self, message: &[u8]) -> Result<(), LdapError> {
        let left = self.left()?;
        self.stream.allow(left);
        self.stream.write_all(message).map_err(|error| self.broken(&error))
    }

    /// Reads the next message. What an earlier one lent out is gone then.
    pub(super) fn frame(&mut self) -> Result<Frame, LdapError> {
        loop {
            let held = &self.buffer[self.start..self.end];
            let header = ber::header(held).map_err(|_| LdapError::not_ldap(held))?;
            if let Some(header) = header {
                if header.tag != ber::SEQUENCE {
                    return Err(LdapError::not_ldap(held));
                }
                let len = header.header + header.content;
                if len <= held.len() {
                    let start = self.start;
                    self.start += len;
                    return Ok(Frame::Whole(start, start + len));
                }
                if len > self.limits.message {
                    return self.skip(len);
                }
                if len > self.buffer.len() {
                    self.make_room(len);
                }
            }
            self.fill()?;
        }
    }

    /// Reads a message through without keeping it.
    fn skip(&mut self, len: usize) -> Result<Frame, LdapError> {
        // Enough of it for its name, if it does not come in drops.
        self.make_room(BUFFER);
        while self.end - self.start < len.min(4096) {
            self.fill()?;
        }
        let dn = entry_dn(&self.buffer[self.start..self.end]);
        let mut left = len - (self.end - self.start).min(len);
        self.start += len.min(self.end - self.start);
        while left > 0 {
            (self.start, self.end) = (0, 0);
            self.fill()?;
            self.start = left.min(self.end);
            left -= self.start;
        }
        Ok(Frame::Skipped(len as u64, dn))
    }

    /// Moves what is held to the front, in a buffer of at least this size.
    fn make_room(&mut self, size: usize) {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.buffer.len() < size {
            self.buffer.resize(size, 0);
        }
    }

    /// Reads what is there, at least a byte, before the deadline.
    fn fill(&mut self) -> Result<(), LdapError> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            let size = self.buffer.len();
            self.make_room(size);
        }
        let left = self.left()?;
        self.stream.allow(left);
        loop {
            match self.stream.read(&mut self.buffer[self.end..]) {
                Ok(0) => return Err(LdapError::Closed { phase: self.phase, reason: "end of data".to_owned() }),
                Ok(count) => {
                    self.end += count;
                    self.received += count as u64;
                    if self.received > self.limits.bytes {
                        return Err(LdapError::TooMuch { limit: self.limits.bytes, unit: "bytes" });
                    }
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.broken(&error)),
            }
        }
    }

    fn broken(&self, error: &std::io::Error) -> LdapError {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => LdapError::Timeout { phase: self.phase },
            _ => LdapError::Closed { phase: self.phase, reason: plain(error) },
        }
    }
}

/// The DN of a search entry of which only the beginning is there.
fn entry_dn(bytes: &[u8]) -> Option<Vec<u8>> {
    let message = ber::header(bytes).ok()??;
    let mut rest = bytes.get(message.header..)?;
    let id = ber::header(rest).ok()??;
    rest = rest.get(id.header + id.content..)?;
    let operation = ber::header(rest).ok()??;
    let dn = Reader::new(rest.get(operation.header..)?).expect(ber::OCTET_STRING).ok()?;
    (operation.tag == 0x64).then(|| dn.to_vec())
}

/// A refusal in the server's words, which are cut to a line's share.
pub(super) fn refused(what: &'static str, outcome: message::Outcome<'_>) -> LdapError {
    let words = String::from_utf8_lossy(&outcome.diagnostic[..outcome.diagnostic.len().min(200)]);
    let text = if words.trim().is_empty() { String::new() } else { format!(", {}", words.trim()) };
    LdapError::Refused { what, code: outcome.code, text }
}

/// The system's words without the number.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::super::message::{Filter, Scope};
    use super::super::{Progress, Search};
    use super::*;
    use proptest::prelude::*;
    use std::ops::ControlFlow;

    /// Bytes that come in pieces.
    struct Pieces {
        bytes: Vec<u8>,
        at: usize,
        piece: usize,
    }

    impl Read for Pieces {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let count = self.piece.min(into.len()).min(self.bytes.len() - self.at);
            into[..count].copy_from_slice(&self.bytes[self.at..self.at + count]);
            self.at += count;
            Ok(count)
        }
    }

    impl Write for Pieces {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Transport for Pieces {
        fn allow(&mut self, _left: Duration) {}
    }

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        ber::write(&mut out, tag, content);
        out
    }

    fn entry(dn: &str, value: &[u8]) -> Vec<u8> {
        let attribute = tlv(0x30, &[tlv(4, b"o"), tlv(0x31, &tlv(4, value))].concat());
        let body = tlv(0x64, &[tlv(4, dn.as_bytes()), tlv(0x30, &attribute)].concat());
        tlv(0x30, &[tlv(2, &[1]), body].concat())
    }

    fn done() -> Vec<u8> {
        let body = tlv(0x65, &[tlv(10, &[0]), tlv(4, b""), tlv(4, b"")].concat());
        tlv(0x30, &[tlv(2, &[1]), body].concat())
    }

    fn read(bytes: Vec<u8>, piece: usize, limits: Limits) -> (Result<bool, LdapError>, Progress, Vec<(String, usize)>) {
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut connection = Connection::over(Pieces { bytes, at: 0, piece }, deadline, limits);
        let mut progress = Progress::default();
        let filter = Filter::Present("objectClass".to_owned());
        let search = Search { base: "o=x", scope: Scope::Subtree, filter, attributes: &[], page: 0 };
        let mut seen = Vec::new();
        let outcome = connection.search(&search, &mut progress, |entry| {
            let len = entry.attributes().flatten().flat_map(|(_, values)| values.flatten()).map(<[u8]>::len).sum();
            seen.push((String::from_utf8_lossy(entry.dn).into_owned(), len));
            ControlFlow::Continue(())
        });
        (outcome.map(|done| done.code.0 == 0), progress, seen)
    }

    proptest! {
        #[test]
        fn entries_are_the_same_in_whatever_pieces_they_come(lens in proptest::collection::vec(0_usize..200_000, 0..8), piece in 1_usize..100_000) {
            let limits = Limits { message: 150_000, ..Limits::default() };
            let mut bytes = Vec::new();
            let mut expected = Vec::new();
            let mut skipped = 0;
            for (number, len) in lens.iter().enumerate() {
                let dn = format!("o={number}");
                let one = entry(&dn, &vec![b'x'; *len]);
                // The smallest pieces only for what is small: the test has to end.
                if one.len() > 150_000 { skipped += 1 } else { expected.push((dn, *len)) }
                bytes.extend(one);
            }
            bytes.extend(done());
            let piece = if bytes.len() > 10_000 { piece.max(64) } else { piece };
            let (outcome, progress, seen) = read(bytes, piece, limits);
            prop_assert_eq!(outcome, Ok(true));
            prop_assert_eq!(seen, expected);
            prop_assert_eq!(progress.skipped, skipped);
        }

        #[test]
        fn no_bytes_are_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), piece in 1_usize..50) {
            let mut whole = entry("o=x", b"v");
            whole.extend(bytes);
            let _ = read(whole, piece, Limits::default());
        }
    }

    #[test]
    fn the_name_of_what_is_skipped_is_told() {
        let mut bytes = entry("o=huge", &vec![b'x'; 3 << 20]);
        bytes.extend(done());
        let (_, progress, seen) = read(bytes, 65_536, Limits::default());
        let (dn, len) = progress.skipped_names.first().unwrap();
        assert_eq!((dn.as_slice(), *len > 3 << 20, seen.len()), (&b"o=huge"[..], true, 0));
    }

    #[test]
    fn what_a_server_may_send_has_limits() {
        let mut bytes: Vec<u8> = (0..10).flat_map(|n| entry(&format!("o={n}"), b"v")).collect();
        bytes.extend(done());
        let limits = Limits { entries: 4, ..Limits::default() };
        let (outcome, progress, _) = read(bytes.clone(), 1000, limits);
        assert_eq!((outcome, progress.entries), (Err(LdapError::TooMuch { limit: 4, unit: "entries" }), 5));
        let limits = Limits { bytes: 100, ..Limits::default() };
        let (outcome, ..) = read(bytes, 50, limits);
        assert_eq!(outcome, Err(LdapError::TooMuch { limit: 100, unit: "bytes" }));
    }
}
