//! The front: holds the connections to Nagios and never keeps it waiting. It reads jobs, hands them to the pool, and writes
//! answers. No name is looked up here, no file opened, nothing waited for but the sockets; what it has to say for the log goes
//! to the watchdog. When the pool is gone it has the jobs run as processes, as Nagios would.
//!
//! Start reading in [`Front::turn`]; [`jobs`] is what it knows, [`monitor`] one connection.

pub mod jobs;
pub mod monitor;

use super::pool::BEAT;
use super::pool::run::cannot_start;
use super::shell::Run;
use super::wire::{self, Done, Word};
use super::worker_protocol::{Message, Outcome, Request};
use jobs::{Job, Jobs};
use monitor::{Event, Monitor};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::socket::{MsgFlags, recv, send};
use std::collections::BTreeMap;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

/// So many processes at a time run jobs when there is no pool.
const PROCESSES: usize = 32;
/// So long it finishes what is open when it is told to end.
const FINISHING: Duration = Duration::from_secs(5);
/// Messages of the pool that are taken before the connections are looked at again.
const AT_ONCE: usize = 256;

/// All that the process holds.
#[derive(Debug)]
struct Front {
    control: OwnedFd,
    pool: OwnedFd,
    children: SignalFd,
    monitors: Vec<Monitor>,
    jobs: Jobs,
    processes: BTreeMap<u64, Run>,
    /// Killed, and to be taken away.
    bodies: Vec<Run>,
    beaten: Option<Instant>,
    ending: Option<Instant>,
    buffer: Vec<u8>,
}

/// Runs until it is told to end, or the watchdog is gone.
///
/// # Errors
/// One line: what the system refused.
pub fn main(control: OwnedFd, pool: OwnedFd, socket: &Path, names: &[String], most: usize) -> Result<u8, String> {
    let mut children = SigSet::empty();
    children.add(Signal::SIGCHLD);
    let signals = children
        .thread_block()
        .and_then(|()| SignalFd::with_flags(&children, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC))
        .map_err(|e| format!("the front cannot watch its children: {e}"))?;
    let now = Instant::now();
    let monitors = names.iter().map(|name| Monitor::new(name.clone(), socket, most, now)).collect();
    let mut front = Front {
        control,
        pool,
        children: signals,
        monitors,
        jobs: Jobs::new(u64::from(std::process::id()) << 32, most),
        processes: BTreeMap::new(),
        bodies: Vec::new(),
        beaten: None,
        ending: None,
        buffer: vec![0; wire::LONGEST],
    };
    while front.turn()? {}
    Ok(0)
}

impl Front {
    /// Waits until there is something to do, and does it. False: it may end.
    fn turn(&mut self) -> Result<bool, String> {
        self.wait()?;
        self.beat();
        self.listen();
        self.take_results();
        self.take_jobs();
        self.place();
        self.tend_processes();
        self.answer_overdue();
        self.flush();
        Ok(!self.finished())
    }

    fn wait(&self) -> Result<(), String> {
        let now = Instant::now();
        let pauses = self.monitors.iter().filter_map(|monitor| monitor.pause(now));
        let pause = pauses.chain(self.jobs.next_deadline(now)).fold(BEAT, Duration::min);
        let read = |fd| PollFd::new(fd, PollFlags::POLLIN);
        let both =
            |fd, write| PollFd::new(fd, if write { PollFlags::POLLIN | PollFlags::POLLOUT } else { PollFlags::POLLIN });
        let mut wait = vec![read(self.children.as_fd()), both(self.pool.as_fd(), self.jobs.has_orders())];
        if self.ending.is_none() {
            wait.push(read(self.control.as_fd()));
        }
        wait.extend(self.monitors.iter().filter_map(Monitor::wait).map(|(fd, write)| both(fd, write)));
        wait.extend(self.processes.values().flat_map(Run::pipes).flatten().map(read));
        let pause = u16::try_from(pause.as_millis()).unwrap_or(u16::MAX);
        match poll(&mut wait, if pause == 0 { 1 } else { pause }) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(error) => Err(format!("the front cannot wait for its sockets: {error}")),
        }
    }

    fn beat(&mut self) {
        if self.beaten.is_none_or(|at| at.elapsed() >= BEAT) {
            self.say(&Word::Alive);
            self.beaten = Some(Instant::now());
        }
    }

    /// To the watchdog; what it cannot take now is dropped.
    fn say(&self, word: &Word) {
        let _ = send(self.control.as_raw_fd(), &word.encode(), MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL);
    }

    /// To the watchdog's words.
    fn listen(&mut self) {
        let mut word = [0; 64];
        while self.ending.is_none() {
            match recv(self.control.as_raw_fd(), &mut word, MsgFlags::MSG_DONTWAIT) {
                Ok(0) => self.end(),
                Ok(read) => match Word::decode(&word[..read]) {
                    Some(Word::PoolUp(generation)) => self.jobs.pool_is_up(generation),
                    Some(Word::PoolGone) => self.jobs.pool_is_gone(),
                    Some(Word::Stop) => self.end(),
                    _ => {}
                },
                Err(_) => return,
            }
        }
    }

    fn end(&mut self) {
        self.ending = Some(Instant::now());
    }

    fn take_results(&mut self) {
        for _ in 0..AT_ONCE {
            let read = match recv(self.pool.as_raw_fd(), &mut self.buffer, MsgFlags::MSG_DONTWAIT) {
                Ok(read) if read > 0 => read,
                _ => return,
            };
            if let Some(done) = Done::decode(&self.buffer[..read]) {
                self.answer(done.id, done.outcome);
            }
        }
    }

    fn take_jobs(&mut self) {
        let now = Instant::now();
        for at in 0..self.monitors.len() {
            let mut events = Vec::new();
            self.monitors[at].turn(now, &mut events);
            for event in events {
                match event {
                    Event::Up => self.say(&Word::Registered(self.monitors[at].plugin().to_owned())),
                    Event::Trouble(line) => self.say(&Word::Log(line)),
                    Event::Lost(life) => {
                        for id in self.jobs.forget((at, life)) {
                            self.end_process(id);
                        }
                    }
                    Event::Message(message) => self.take_job(at, message, now),
                }
            }
        }
    }

    fn take_job(&mut self, at: usize, message: Message, now: Instant) {
        let connection = (at, self.monitors[at].life());
        let received = SystemTime::now();
        let refuse = |front: &mut Front, request: &Request, why: &str| {
            let text = format!("GRIDPROBE UNKNOWN: not run: {why}\n");
            front.monitors[at].answer(request, Outcome::exited(3, text.into_bytes(), received));
        };
        match message {
            Message::Job(request) => {
                if self.jobs.take_in(&request, connection, now, received).is_none() {
                    let why = format!("{} checks wait already; see gridprobe serve --open", self.jobs.len());
                    refuse(self, &request, &why);
                }
            }
            Message::TooLong { job_id } => {
                let request = Request { job_id, kind: 0, timeout: Duration::ZERO, command: Vec::new() };
                refuse(self, &request, "the command line is longer than 64 KiB");
            }
            Message::Nonsense => {
                self.say(&Word::Log("Nagios sent a message without job_id; it is passed over".to_owned()))
            }
        }
    }

    /// Hands jobs to the pool as long as it takes them, and starts processes where it has to be.
    fn place(&mut self) {
        let now = Instant::now();
        while let Some(order) = self.jobs.next_order(now) {
            let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
            match send(self.pool.as_raw_fd(), &order.encode(), flags) {
                Ok(_) => self.jobs.given(),
                // It has enough for now, or is stopped; the watchdog will see.
                Err(_) => break,
            }
        }
        while self.processes.len() < PROCESSES {
            let Some((id, command)) = self.jobs.next_process() else { return };
            match Run::start(&command) {
                Ok(run) => drop(self.processes.insert(id, run)),
                Err(error) => self.answer(id, cannot_start(&error)),
            }
        }
    }

    fn tend_processes(&mut self) {
        // What the signals say is looked up in any case.
        while let Ok(Some(_)) = self.children.read_signal() {}
        let mut ended = Vec::new();
        for (id, run) in &mut self.processes {
            run.read();
            if let Some(status) = run.ended() {
                ended.push((*id, run.outcome(status)));
            }
        }
        for (id, outcome) in ended {
            self.processes.remove(&id);
            self.answer(id, outcome);
        }
        self.bodies.retain_mut(|body| body.ended().is_none());
    }

    fn end_process(&mut self, id: u64) {
        if let Some(mut run) = self.processes.remove(&id) {
            run.kill();
            self.bodies.push(run);
        }
    }

    fn answer_overdue(&mut self) {
        for id in self.jobs.overdue(Instant::now()) {
            self.end_process(id);
            if let Some(job) = self.jobs.close(id) {
                let outcome = Outcome::timed_out(job.received);
                self.answer_job(&job, outcome);
            }
        }
    }

    /// Once a job: what comes later finds it closed.
    fn answer(&mut self, id: u64, outcome: Outcome) {
        if let Some(job) = self.jobs.close(id) {
            self.answer_job(&job, outcome);
        }
    }

    fn answer_job(&mut self, job: &Job, outcome: Outcome) {
        let (at, life) = job.connection;
        if let Some(monitor) = self.monitors.get_mut(at).filter(|monitor| monitor.life() == life) {
            monitor.answer(&job.request, outcome);
        }
    }

    /// Writes at once what was answered in this turn.
    fn flush(&mut self) {
        if self.monitors.iter().any(|monitor| monitor.wait().is_some_and(|(_, unsent)| unsent)) {
            self.take_jobs();
        }
    }

    /// When it is ending: closes connections on which nobody waits. There is no way to tell Nagios that no more jobs are wanted.
    fn finished(&mut self) -> bool {
        let Some(since) = self.ending else { return false };
        let mut open = false;
        for at in 0..self.monitors.len() {
            let connection = (at, self.monitors[at].life());
            open |= self.jobs.waits(connection) || !self.monitors[at].close();
        }
        let over = since.elapsed() >= FINISHING;
        if over {
            self.processes.values_mut().for_each(Run::kill);
        }
        over || !open
    }
}
