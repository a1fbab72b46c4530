//! One connection to Nagios' query handler, by which it is a worker for one name. Never waits: what cannot be read or written now
//! is read or written later, and what was lost is opened anew.

use crate::resident::worker_protocol::{Decoder, Message, Outcome, Request, answer, registration};
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// After a loss it is tried again at once, and then ever more seldom.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// When Nagios refuses a registration.
const REFUSED: Duration = Duration::from_secs(10);
/// Read at a time, so that one connection does not keep the others waiting.
const AT_ONCE: usize = 256 * 1024;
/// Where so much waits to be written, outputs are shortened to [`SHORT`]: a Nagios that does not read is not to fill our memory.
const MUCH: usize = 32 << 20;
const SHORT: usize = 512;

/// A connection, or the wish for one.
#[derive(Debug)]
pub struct Monitor {
    plugin: String,
    path: PathBuf,
    most_jobs: usize,
    state: State,
    life: u32,
    pause: Duration,
    /// The last trouble that was told, so that it is told once.
    told: String,
}

#[derive(Debug)]
enum State {
    Down { again: Instant },
    Registering { stream: UnixStream, unsent: Vec<u8>, said: Vec<u8> },
    Up { stream: UnixStream, decoder: Decoder, unsent: Vec<u8> },
    Closed,
}

/// What happened on a connection.
#[derive(Debug)]
pub enum Event {
    /// It is registered.
    Up,
    /// A job, or what cannot be one.
    Message(Message),
    /// It is gone; nobody waits for the answers to this life's jobs any more.
    Lost(u32),
    /// A line for the log.
    Trouble(String),
}

impl Monitor {
    /// For this plugin's name, with the socket at this path.
    pub fn new(plugin: String, path: &Path, most_jobs: usize, now: Instant) -> Monitor {
        let state = State::Down { again: now };
        Monitor { plugin, path: path.into(), most_jobs, state, life: 0, pause: FIRST_PAUSE, told: String::new() }
    }

    /// The name.
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Which of its connections this is.
    pub fn life(&self) -> u32 {
        self.life
    }

    /// What to wait for: the socket, and whether there is something to write. Nothing while it is down.
    pub fn wait(&self) -> Option<(BorrowedFd<'_>, bool)> {
        match &self.state {
            State::Registering { stream, unsent, .. } | State::Up { stream, unsent, .. } => {
                Some((stream.as_fd(), !unsent.is_empty()))
            }
            State::Down { .. } | State::Closed => None,
        }
    }

    /// How long until it wants to be opened anew.
    pub fn pause(&self, now: Instant) -> Option<Duration> {
        match self.state {
            State::Down { again } => Some(again.saturating_duration_since(now)),
            _ => None,
        }
    }

    /// Does what can be done without waiting.
    pub fn turn(&mut self, now: Instant, events: &mut Vec<Event>) {
        if matches!(self.state, State::Down { again } if again <= now) {
            self.open(now, events);
        }
        let result = match &mut self.state {
            State::Registering { .. } => self.register(events),
            State::Up { stream, decoder, unsent } => exchange(stream, decoder, unsent, events),
            State::Down { .. } | State::Closed => Ok(()),
        };
        if let Err(why) = result {
            self.lose(now, &why, events);
        }
    }

    fn open(&mut self, now: Instant, events: &mut Vec<Event>) {
        let opened =
            socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK, None)
                .and_then(|fd| {
                    UnixAddr::new(&self.path).and_then(|address| connect(fd.as_raw_fd(), &address)).map(|()| fd)
                });
        match opened {
            Ok(fd) => {
                self.life += 1;
                let name = format!("gridprobe-{}", self.plugin);
                let unsent = registration(&name, &self.plugin, self.most_jobs);
                self.state = State::Registering { stream: UnixStream::from(fd), unsent, said: Vec::new() };
            }
            Err(error) => {
                let why = match error {
                    Errno::ENOENT | Errno::ECONNREFUSED => "Nagios does not listen there; does it run?",
                    Errno::EACCES => "run gridprobe serve as Nagios' user",
                    _ => "trying again",
                };
                let text = format!("cannot connect to {}: {}; {why}", self.path.display(), error.desc());
                self.tell(text, events);
                self.wait_longer(now);
            }
        }
    }

    fn register(&mut self, events: &mut Vec<Event>) -> Result<(), String> {
        let State::Registering { stream, unsent, said } = &mut self.state else { return Ok(()) };
        flush(stream, unsent)?;
        let mut piece = [0; 4096];
        let Some(read) = read(stream, &mut piece)? else { return Ok(()) };
        said.extend_from_slice(&piece[..read]);
        let Some(end) = memchr::memchr(0, said) else {
            return if said.len() > 4096 { Err("its answer is none".to_owned()) } else { Ok(()) };
        };
        if &said[..end] != b"OK" {
            let words = String::from_utf8_lossy(&said[..end]);
            return Err(format!("Nagios refuses it: {}", plugin::text::line(&words).trim()));
        }
        let mut decoder = Decoder::default();
        decoder.push(&said[end + 1..]);
        events.push(Event::Up);
        while let Some(message) = decoder.next_message() {
            events.push(Event::Message(message));
        }
        self.pause = FIRST_PAUSE;
        self.told.clear();
        if let State::Registering { stream, unsent, .. } = std::mem::replace(&mut self.state, State::Closed) {
            self.state = State::Up { stream, decoder, unsent };
        }
        Ok(())
    }

    fn lose(&mut self, now: Instant, why: &str, events: &mut Vec<Event>) {
        let refused = matches!(self.state, State::Registering { .. });
        self.tell(format!("{}: the connection to Nagios is gone: {why}", self.plugin), events);
        events.push(Event::Lost(self.life));
        self.wait_longer(now);
        if refused && why.starts_with("Nagios refuses") {
            self.state = State::Down { again: now + REFUSED };
        }
    }

    fn wait_longer(&mut self, now: Instant) {
        self.state = State::Down { again: now + self.pause };
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    fn tell(&mut self, text: String, events: &mut Vec<Event>) {
        if self.told != text {
            self.told.clone_from(&text);
            events.push(Event::Trouble(text));
        }
    }

    /// Answers a job of this life.
    pub fn answer(&mut self, request: &Request, mut outcome: Outcome) {
        let State::Up { unsent, .. } = &mut self.state else { return };
        if unsent.len() > MUCH {
            outcome.out.truncate(SHORT);
            outcome.err.clear();
        }
        answer(request, &outcome, unsent);
    }

    /// Ends it for good. True when nothing was left to be written.
    pub fn close(&mut self) -> bool {
        let clean = self.wait().is_none_or(|(_, unsent)| !unsent);
        if clean {
            self.state = State::Closed;
        }
        clean
    }
}

fn exchange(
    stream: &mut UnixStream,
    decoder: &mut Decoder,
    unsent: &mut Vec<u8>,
    events: &mut Vec<Event>,
) -> Result<(), String> {
    let mut piece = [0; 16 * 1024];
    let mut total = 0;
    while total < AT_ONCE
        && let Some(read) = read(stream, &mut piece)?
    {
        total += read;
        decoder.push(&piece[..read]);
        while let Some(message) = decoder.next_message() {
            events.push(Event::Message(message));
        }
    }
    flush(stream, unsent)
}

/// Nothing: there is nothing now.
fn read(stream: &mut UnixStream, piece: &mut [u8]) -> Result<Option<usize>, String> {
    loop {
        match stream.read(piece) {
            Ok(0) => return Err("it was closed".to_owned()),
            Ok(read) => return Ok(Some(read)),
            Err(error) => match error.kind() {
                ErrorKind::Interrupted => {}
                ErrorKind::WouldBlock => return Ok(None),
                _ => return Err(error.to_string()),
            },
        }
    }
}

fn flush(stream: &mut UnixStream, unsent: &mut Vec<u8>) -> Result<(), String> {
    let mut sent = 0;
    let result = loop {
        if sent == unsent.len() {
            break Ok(());
        }
        match stream.write(&unsent[sent..]) {
            Ok(0) => break Err("it takes nothing any more".to_owned()),
            Ok(n) => sent += n,
            Err(error) => match error.kind() {
                ErrorKind::Interrupted => {}
                ErrorKind::WouldBlock => break Ok(()),
                _ => break Err(error.to_string()),
            },
        }
    };
    unsent.drain(..sent);
    result
}
