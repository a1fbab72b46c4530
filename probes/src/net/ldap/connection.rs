//! One connection: opened, bound, and read message by message, each before the deadline and none beyond the limits.
//!
//! The buffer holds whole messages as they arrived. A message above [`Limits::message`] is read through without being kept: only
//! its first bytes, in which its DN stands, so that a value of 10 MB costs time and no memory.
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::ber::{self, Reader};
use super::error::LdapError;
use super::message::{self, Answer};

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
        Limits { message: 1 << 20, bytes: 4 << 30, entries: 4_000_000 }
    }
}

/// A connection to a directory.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
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

/// The addresses of a host, without the resolver for one that is written as an address.
pub fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, LdapError> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let failed = |reason: String| LdapError::Resolve { host: host.to_owned(), reason };
    let found: Vec<_> = (bare, port).to_socket_addrs().map_err(|error| failed(error.to_string()))?.collect();
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
                    return Ok(Connection {
                        stream,
                        deadline,
                        limits,
                        buffer: vec![0; BUFFER],
                        start: 0,
                        end: 0,
                        received: 0,
                        last_id: 0,
                        phase: "to the bind",
                    });
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
        let _ = self.stream.set_write_timeout(Some(left));
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
        let _ = self.stream.set_read_timeout(Some(left));
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
