//! A TCP connection whose every step asks the run's deadline: a server that sends a byte a second does not hold it up.

use super::names;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::TcpUserTimeout;
use plugin::{Context, Deadline};
use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::linux::net::TcpStreamExt;
use std::time::Duration;

/// What was sent on a connection of an earlier run and is not even acknowledged for so long is lost on the way: the server is not slow
/// then, but the way is gone (RFC 5482).
const ACKNOWLEDGED: Duration = Duration::from_secs(4);

/// Why there is no connection; one line.
#[derive(Debug)]
pub enum ConnectError {
    /// The name leads nowhere.
    Name(String),
    /// Nobody answers there.
    Refused(String),
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectError::Name(why) | ConnectError::Refused(why) => f.write_str(why),
        }
    }
}

/// Connects to the first address of a host that answers.
///
/// # Errors
/// The name has no address, or none of them answers in time.
pub fn connect(host: &str, port: u16, context: &Context) -> Result<Timed, ConnectError> {
    context.doing(format_args!("looking up {host}"));
    let addresses = names::addresses(host, port, &context.deadline)
        .map_err(|e| ConnectError::Name(format!("there is no host {host}: {e}")))?;
    let mut last = format!("{host} has no address");
    for (n, address) in addresses.iter().enumerate() {
        context.doing(format_args!("connecting to {address}"));
        let left = context.deadline.remaining();
        if left.is_zero() {
            break;
        }
        // A dead address leaves time for those behind it.
        let share = left / (addresses.len() - n) as u32;
        match TcpStream::connect_timeout(address, share) {
            Ok(stream) => {
                // Small messages both ways: nothing is gained by waiting for more.
                let _ = stream.set_nodelay(true);
                return Ok(Timed { stream, deadline: context.deadline, at_once: false });
            }
            Err(e) if e.kind() == io::ErrorKind::TimedOut => last = format!("{address} does not answer"),
            Err(e) => last = format!("cannot connect to {address}: {e}"),
        }
    }
    Err(ConnectError::Refused(last))
}

/// A connection that is read and written no longer than the run may last.
#[derive(Debug)]
pub struct Timed {
    stream: TcpStream,
    deadline: Deadline,
    /// Acknowledges what comes at once.
    at_once: bool,
}

impl Timed {
    /// From now on no longer than this, nor than the run may last.
    pub fn within(&mut self, limit: Duration) {
        self.deadline = Deadline::after(limit.min(self.deadline.remaining()));
    }

    /// From now on what comes is acknowledged at once: a server that sends the head of an answer and then its content waits for that
    /// before the second, and Linux keeps it back for 40 ms.
    pub fn acknowledge_at_once(&mut self) {
        self.at_once = true;
    }

    /// Whether nothing came since it was read last: a server that closes a connection says so.
    pub(super) fn is_quiet(&self) -> bool {
        let quiet = || {
            self.stream.set_nonblocking(true)?;
            let peeked = self.stream.peek(&mut [0]);
            self.stream.set_nonblocking(false)?;
            Ok::<bool, io::Error>(peeked.is_err_and(|e| e.kind() == io::ErrorKind::WouldBlock))
        };
        quiet().unwrap_or(false)
    }

    /// Another run goes on with it, which ends then. What is not acknowledged for a while is lost on the way.
    pub(super) fn go_on(&mut self, deadline: Deadline) {
        self.deadline = deadline;
        let limit = u32::try_from(ACKNOWLEDGED.as_millis()).unwrap_or(u32::MAX);
        // Without it a way that is gone takes all of the run's time.
        let _ = setsockopt(&self.stream, TcpUserTimeout, &limit);
    }

    fn late(&self) -> io::Error {
        io::Error::new(io::ErrorKind::TimedOut, self.deadline.over("waiting for the server"))
    }

    fn timed(&self, e: io::Error) -> io::Error {
        match e.kind() {
            // A time-out of the socket says "try again", which OpenSSL would obey.
            io::ErrorKind::WouldBlock => self.late(),
            // Before the run's time is over it is the way that is gone.
            io::ErrorKind::TimedOut if !self.deadline.remaining().is_zero() => io::ErrorKind::ConnectionReset.into(),
            io::ErrorKind::TimedOut => self.late(),
            _ => e,
        }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.deadline.remaining();
        if left.is_zero() {
            return Err(self.late());
        }
        self.stream.set_read_timeout(Some(left))?;
        if self.at_once {
            // The system forgets it again and again. Where it cannot be had it is slower.
            let _ = self.stream.set_quickack(true);
        }
        self.stream.read(buffer).map_err(|e| self.timed(e))
    }
}

impl Write for Timed {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let left = self.deadline.remaining();
        if left.is_zero() {
            return Err(self.late());
        }
        self.stream.set_write_timeout(Some(left))?;
        self.stream.write(buffer).map_err(|e| self.timed(e))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
