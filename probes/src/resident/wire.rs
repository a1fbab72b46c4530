//! What the three processes say to each other, over sockets that keep messages whole (SOCK_SEQPACKET), so that one that dies
//! never leaves half of one behind.

use super::worker_protocol::Outcome;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, setsockopt, socketpair, sockopt};
use std::os::fd::OwnedFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// No message is longer: an outcome with both outputs at their longest, and its head.
pub const LONGEST: usize = 2 * super::worker_protocol::LONGEST_OUTPUT + 64;

/// A pair of connected sockets.
///
/// # Errors
/// The system has no room for them.
pub fn pair() -> nix::Result<(OwnedFd, OwnedFd)> {
    let (a, b) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?;
    for end in [&a, &b] {
        // As much as the system grants; one message fits into what there is by default.
        let _ = setsockopt(end, sockopt::SndBuf, &(4 * LONGEST));
    }
    Ok((a, b))
}

/// From the front to the pool: run this.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Order {
    /// The pool it is for; another one leaves it alone, since the front has it run otherwise by then.
    pub generation: u32,
    /// The front's number of it.
    pub id: u64,
    /// How long it still may take.
    pub left: Duration,
    /// The command line.
    pub command: Vec<u8>,
}

/// From the pool to the front: what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// The number of the order.
    pub id: u64,
    /// What came of it.
    pub outcome: Outcome,
}

/// Between the watchdog and the other two.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Word {
    /// "I am alive", of the front and the pool.
    Alive,
    /// Of the front: this name is registered with Nagios.
    Registered(String),
    /// Of the front, which may not write anywhere: a line for the log.
    Log(String),
    /// To the front: this pool takes orders from now on.
    PoolUp(u32),
    /// To the front: the pool is gone.
    PoolGone,
    /// To the front: finish what is open, and end.
    Stop,
}

impl Order {
    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(20 + self.command.len());
        bytes.extend(self.generation.to_le_bytes());
        bytes.extend(self.id.to_le_bytes());
        bytes.extend(millis(self.left).to_le_bytes());
        bytes.extend(&self.command);
        bytes
    }

    /// From bytes; nothing when they are none.
    pub fn decode(bytes: &[u8]) -> Option<Order> {
        let (generation, rest) = bytes.split_first_chunk()?;
        let (id, rest) = rest.split_first_chunk()?;
        let (left, command) = rest.split_first_chunk()?;
        Some(Order {
            generation: u32::from_le_bytes(*generation),
            id: u64::from_le_bytes(*id),
            left: Duration::from_millis(u64::from_le_bytes(*left)),
            command: command.to_vec(),
        })
    }
}

impl Done {
    /// As bytes, outputs shortened to what Nagios is sent.
    pub fn encode(&self) -> Vec<u8> {
        let outcome = &self.outcome;
        let shortened = |text: &[u8]| text[..text.len().min(super::worker_protocol::LONGEST_OUTPUT)].to_vec();
        let (out, err) = (shortened(&outcome.out), shortened(&outcome.err));
        let mut bytes = Vec::with_capacity(40 + out.len() + err.len());
        bytes.extend(self.id.to_le_bytes());
        bytes.extend(outcome.wait_status.to_le_bytes());
        bytes.push(u8::from(outcome.timed_out));
        for at in [outcome.times.0, outcome.times.1] {
            let micros = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
            bytes.extend(u64::try_from(micros).unwrap_or_default().to_le_bytes());
        }
        bytes.extend((out.len() as u64).to_le_bytes());
        bytes.extend(out);
        bytes.extend(err);
        bytes
    }

    /// From bytes; nothing when they are none.
    pub fn decode(bytes: &[u8]) -> Option<Done> {
        let (id, rest) = bytes.split_first_chunk()?;
        let (status, rest) = rest.split_first_chunk()?;
        let (timed_out, rest) = rest.split_first()?;
        let (begun, rest) = rest.split_first_chunk()?;
        let (ended, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (out, err) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        let time = |micros: &[u8; 8]| -> Option<SystemTime> {
            UNIX_EPOCH.checked_add(Duration::from_micros(u64::from_le_bytes(*micros)))
        };
        let outcome = Outcome {
            wait_status: i32::from_le_bytes(*status),
            timed_out: *timed_out != 0,
            times: (time(begun)?, time(ended)?),
            out: out.to_vec(),
            err: err.to_vec(),
        };
        Some(Done { id: u64::from_le_bytes(*id), outcome })
    }
}

impl Word {
    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        let text = |kind: u8, text: &str| [&[kind], plugin::text::head(text, 2000).as_bytes()].concat();
        match self {
            Word::Alive => vec![b'.'],
            Word::Registered(name) => text(b'r', name),
            Word::Log(line) => text(b'l', line),
            Word::PoolUp(generation) => [&[b'u'][..], &generation.to_le_bytes()].concat(),
            Word::PoolGone => vec![b'g'],
            Word::Stop => vec![b's'],
        }
    }

    /// From bytes; nothing when they are none.
    pub fn decode(bytes: &[u8]) -> Option<Word> {
        let (kind, rest) = bytes.split_first()?;
        let text = || String::from_utf8_lossy(rest).into_owned();
        Some(match kind {
            b'.' => Word::Alive,
            b'r' => Word::Registered(text()),
            b'l' => Word::Log(text()),
            b'u' => Word::PoolUp(u32::from_le_bytes(*rest.first_chunk()?)),
            b'g' => Word::PoolGone,
            b's' => Word::Stop,
            _ => return None,
        })
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_said_is_understood(
            (id, generation, left, status) in any::<(u64, u32, u32, i32)>(),
            (command, out, err) in any::<(Vec<u8>, Vec<u8>, Vec<u8>)>(),
            timed_out in any::<bool>(),
            text in any::<String>(),
        ) {
            let order = Order { generation, id, left: Duration::from_millis(left.into()), command };
            prop_assert_eq!(Order::decode(&order.encode()), Some(order));
            let times = (UNIX_EPOCH + Duration::from_micros(left.into()), UNIX_EPOCH);
            let done = Done { id, outcome: Outcome { wait_status: status, timed_out, times, out, err } };
            prop_assert_eq!(Done::decode(&done.encode()), Some(done));
            for word in [Word::Alive, Word::Registered(text.clone()), Word::Log(text), Word::PoolUp(generation), Word::Stop] {
                prop_assert_eq!(Word::decode(&word.encode()), Some(word));
            }
        }

        #[test]
        fn nonsense_is_nothing(bytes in any::<Vec<u8>>()) {
            let _ = (Order::decode(&bytes), Done::decode(&bytes), Word::decode(&bytes));
        }
    }

    #[test]
    fn the_longest_message_fits_into_a_socket() {
        let out = vec![b'x'; super::super::worker_protocol::LONGEST_OUTPUT * 2];
        let mut outcome = Outcome::exited(0, out.clone(), UNIX_EPOCH);
        outcome.err = out;
        let bytes = Done { id: 1, outcome }.encode();
        assert!(bytes.len() <= LONGEST);
        let (a, b) = pair().unwrap();
        let flags = nix::sys::socket::MsgFlags::MSG_DONTWAIT;
        use std::os::fd::AsRawFd;
        assert_eq!(nix::sys::socket::send(a.as_raw_fd(), &bytes, flags).unwrap(), bytes.len());
        let mut buffer = vec![0; LONGEST];
        assert_eq!(nix::sys::socket::recv(b.as_raw_fd(), &mut buffer, flags).unwrap(), bytes.len());
    }
}
