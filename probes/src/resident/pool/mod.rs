//! The pool: runs the probes, each on a thread for as long as it takes. Start reading in [`run`] (what an order is), then
//! [`fair`] (whose turn it is) and [`workers`] (the threads, and what happens to one that hangs); here is the loop that takes
//! orders in.

pub mod fair;
pub mod ours;
pub mod run;
pub mod workers;

use super::wire::{self, Order, Word};
use crate::net::kept;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::socket::{MsgFlags, recv, send};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};
use workers::{Limits, Workers};

/// How often it says that it is alive, at least.
pub(crate) const BEAT: Duration = Duration::from_millis(250);
/// Without a watchdog it goes on so long, for the front to finish.
const ORPHANED: Duration = Duration::from_secs(7);
/// So many orders are taken in before anything else is looked at.
const AT_ONCE: usize = 256;

/// So many connections to services that are asked again and again may be open at least.
const CONNECTIONS: usize = 64;

/// Runs until the watchdog is gone.
///
/// # Errors
/// One line: what the system refused.
pub fn main(control: OwnedFd, front: OwnedFd, generation: u32, limits: Limits) -> Result<u8, String> {
    kept::keep(limits.threads.max(CONNECTIONS));
    let front = std::sync::Arc::new(front);
    let workers = Workers::new(limits, front.clone());
    let mut buffer = vec![0; wire::LONGEST];
    let mut beaten: Option<Instant> = None;
    let mut end: Option<Instant> = None;
    loop {
        if beaten.is_none_or(|at| at.elapsed() >= BEAT) {
            let _ = send(control.as_raw_fd(), &Word::Alive.encode(), MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL);
            beaten = Some(Instant::now());
        }
        if end.is_some_and(|end| Instant::now() >= end) {
            return Ok(0);
        }
        let pause = workers.tend()?.min(BEAT);
        let mut wait = [PollFd::new(front.as_fd(), PollFlags::POLLIN), PollFd::new(control.as_fd(), PollFlags::POLLIN)];
        let wait = if end.is_some() { &mut wait[..1] } else { &mut wait[..] };
        let pause = u16::try_from(pause.as_millis().max(1)).unwrap_or(u16::MAX);
        match poll(wait, pause) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(format!("the pool cannot wait for orders: {error}")),
        }
        for _ in 0..AT_ONCE {
            match recv(front.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT) {
                Ok(0) | Err(_) => break,
                Ok(read) => {
                    if let Some(order) = Order::decode(&buffer[..read]).filter(|o| o.generation == generation) {
                        workers.take_in(order);
                    }
                }
            }
        }
        let mut word = [0; 16];
        if end.is_none() && recv(control.as_raw_fd(), &mut word, MsgFlags::MSG_DONTWAIT) == Ok(0) {
            end = Some(Instant::now() + ORPHANED);
        }
    }
}
