//! The watchdog: starts the front and the pool, ends one that is silent, and starts it again. Its own loop touches no file and
//! waits for nobody; what does (the log, the search for lost checks) has threads of its own.

use super::lost;
use super::nagios_cfg::Files;
use super::options::Options;
use super::wire::{self, Word};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::{SigSet, Signal, kill, killpg};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::socket::{MsgFlags, recv, send};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, getpgid};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime};

/// One that says nothing for so long is ended. Nagios stands still as long as a front does not read.
const SILENT: Duration = Duration::from_secs(2);
/// One that has just been started may take longer until its first word.
const STARTING: Duration = Duration::from_secs(10);
const TICK: u16 = 200;
/// The front has so long to finish.
const FINISHING: Duration = Duration::from_secs(8);
/// One that dies is started again at once, and then ever more slowly until it has lived for [`STEADY`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const STEADY: Duration = Duration::from_secs(20);

/// Lines for standard error, written by a thread: whoever reads there may be slow.
#[derive(Clone, Debug)]
pub struct Log(SyncSender<String>);

impl Log {
    fn start() -> Log {
        let (to, lines) = sync_channel::<String>(1000);
        let thread = std::thread::Builder::new().name("log".to_owned());
        let _ = thread.spawn(move || {
            use std::io::Write;
            for line in lines {
                let _ = writeln!(std::io::stderr(), "gridprobe serve: {line}");
            }
        });
        Log(to)
    }

    /// Writes a line; drops it where the reader does not keep up.
    pub fn say(&self, line: impl Into<String>) {
        let _ = self.0.try_send(line.into());
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Part {
    Front,
    Pool,
}

/// A child, or the wish for one.
#[derive(Debug)]
struct Ward {
    running: Option<Running>,
    again: Instant,
    pause: Duration,
    started: u32,
}

#[derive(Debug)]
struct Running {
    child: Child,
    control: OwnedFd,
    since: Instant,
    heard: Instant,
    spoken: bool,
    killed: bool,
}

struct Watchdog<'a> {
    options: &'a Options,
    socket: std::path::PathBuf,
    names: Vec<String>,
    files: &'a Files,
    log: Log,
    /// The two ends between front and pool, which outlive both.
    ends: (OwnedFd, OwnedFd),
    front: Ward,
    pool: Ward,
    /// The front of this number has been registered, and what an earlier one lost is looked for.
    looked: u32,
    ending: Option<Instant>,
    /// A part has ended, and what it had started may live on.
    orphaned: bool,
}

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// One line: what lacks.
pub fn main(options: &Options, files: &Files, names: Vec<String>) -> Result<u8, String> {
    let socket = files.query_handler.clone().ok_or("nagios.cfg names no query_socket; name it with --query-handler")?;
    let signals: SigSet = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGCHLD].into_iter().collect();
    // Before there is a second thread, so that it holds for all.
    let signals = signals
        .thread_block()
        .and_then(|()| SignalFd::with_flags(&signals, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC))
        .map_err(|e| format!("cannot watch for signals: {e}"))?;
    // What a part has started comes to us when the part is gone.
    let _ = nix::sys::prctl::set_child_subreaper(true);
    let ends = wire::pair().map_err(|e| format!("cannot make sockets: {e}"))?;
    let log = Log::start();
    log.say(format!("serves {} at {}", names.join(", "), socket.display()));
    let ward = || Ward { running: None, again: Instant::now(), pause: FIRST_PAUSE, started: 0 };
    let mut watchdog = Watchdog {
        options,
        socket,
        names,
        files,
        log,
        ends,
        front: ward(),
        pool: ward(),
        looked: 0,
        ending: None,
        orphaned: false,
    };
    while watchdog.turn(&signals)? {}
    // So that the last lines are written.
    std::thread::sleep(Duration::from_millis(50));
    Ok(0)
}

impl Watchdog<'_> {
    fn turn(&mut self, signals: &SignalFd) -> Result<bool, String> {
        self.start_what_lacks();
        let controls = [&self.front, &self.pool].into_iter().filter_map(|ward| ward.running.as_ref());
        let mut wait = vec![PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        wait.extend(controls.filter(|r| !r.killed).map(|r| PollFd::new(r.control.as_fd(), PollFlags::POLLIN)));
        match poll(&mut wait, TICK) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(format!("the watchdog cannot wait: {error}")),
        }
        drop(wait);
        while let Ok(Some(signal)) = signals.read_signal() {
            let ends = [Signal::SIGTERM, Signal::SIGINT].map(|s| s as u32);
            if ends.contains(&signal.ssi_signo) && self.ending.is_none() {
                self.ending = Some(Instant::now());
                self.tell_front(&Word::Stop);
            }
        }
        self.hear(Part::Front);
        self.hear(Part::Pool);
        self.end_the_silent();
        self.bury(Part::Front);
        self.bury(Part::Pool);
        if self.orphaned {
            self.end_orphans();
        }
        Ok(!self.finished())
    }

    fn ward(&mut self, part: Part) -> &mut Ward {
        match part {
            Part::Front => &mut self.front,
            Part::Pool => &mut self.pool,
        }
    }

    fn start_what_lacks(&mut self) {
        for part in [Part::Pool, Part::Front] {
            let ending = self.ending.is_some();
            let ward = self.ward(part);
            if ward.running.is_some() || ending || Instant::now() < ward.again {
                continue;
            }
            ward.started += 1;
            ward.again = Instant::now() + ward.pause;
            ward.pause = (ward.pause * 2).min(LONGEST_PAUSE);
            match self.start(part) {
                Ok(running) => self.ward(part).running = Some(running),
                Err(why) => self.log.say(format!("cannot start the {}: {why}", word(part))),
            }
        }
    }

    fn start(&mut self, part: Part) -> Result<Running, String> {
        let (ours, theirs) = wire::pair().map_err(|e| e.to_string())?;
        let end = if part == Part::Front { &self.ends.0 } else { &self.ends.1 };
        let end = end.try_clone().map_err(|e| e.to_string())?;
        let generation = self.ward(part).started;
        // Also after the file was replaced: the children are always of the same version as we.
        let mut command = Command::new("/proc/self/exe");
        command.arg0("gridprobe").args(["serve", "--as", word(part), "--generation", &generation.to_string()]);
        command.arg("--query-handler").arg(&self.socket);
        command.args(["--threads", &self.options.threads.to_string(), "--share", &self.options.share.to_string()]);
        command.args(["--open", &self.options.open.to_string()]);
        command.args(self.names.iter().flat_map(|name| ["--name", name]));
        // Not reached by the terminal's interrupt: they are told.
        command.process_group(0).stdin(Stdio::from(theirs)).stdout(Stdio::from(end));
        let child = command.spawn().map_err(|e| e.to_string())?;
        let now = Instant::now();
        Ok(Running { child, control: ours, since: now, heard: now, spoken: false, killed: false })
    }

    fn hear(&mut self, part: Part) {
        let mut buffer = [0; 4096];
        loop {
            let Some(running) = &mut self.ward(part).running else { return };
            let read = match recv(running.control.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT) {
                Ok(read) if read > 0 => read,
                // Nothing, or it is gone, which `bury` sees.
                _ => return,
            };
            running.heard = Instant::now();
            let first = !std::mem::replace(&mut running.spoken, true);
            match Word::decode(&buffer[..read]) {
                Some(Word::Registered(name)) => {
                    self.log.say(format!("registered with Nagios for {name}"));
                    self.look_for_lost();
                }
                Some(Word::Log(line)) => self.log.say(line),
                _ => {}
            }
            // A front hears of the pool when either of them is new.
            if first
                && let Some(generation) = self.pool.running.as_ref().filter(|r| r.spoken).map(|_| self.pool.started)
            {
                self.tell_front(&Word::PoolUp(generation));
            }
        }
    }

    fn tell_front(&mut self, word: &Word) {
        if let Some(running) = &self.front.running {
            let _ = send(running.control.as_raw_fd(), &word.encode(), MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL);
        }
    }

    fn look_for_lost(&mut self) {
        if std::mem::replace(&mut self.looked, self.front.started) == self.front.started {
            return;
        }
        let (files, names, log) = (self.files.clone(), self.names.clone(), self.log.clone());
        let registered = SystemTime::now();
        let thread = std::thread::Builder::new().name("lost".to_owned());
        if let Err(error) = thread.spawn(move || lost::recover(&files, &names, registered, &log)) {
            self.log.say(format!("cannot look for lost checks: {error}; Nagios finds them itself after its own time"));
        }
    }

    fn end_the_silent(&mut self) {
        for part in [Part::Front, Part::Pool] {
            let log = self.log.clone();
            let Some(running) = &mut self.ward(part).running else { continue };
            let limit = if running.spoken { SILENT } else { STARTING };
            if !running.killed && running.heard.elapsed() >= limit {
                running.killed = true;
                let _ = running.child.kill();
                log.say(format!("the {} was silent for {} s and is ended", word(part), limit.as_secs()));
            }
        }
    }

    fn bury(&mut self, part: Part) {
        let (log, ending) = (self.log.clone(), self.ending.is_some());
        let ward = self.ward(part);
        let Some(running) = &mut ward.running else { return };
        let status = match running.child.try_wait() {
            Ok(None) => return,
            Ok(Some(status)) => status.to_string(),
            Err(error) => error.to_string(),
        };
        if running.since.elapsed() >= STEADY {
            ward.pause = FIRST_PAUSE;
            ward.again = Instant::now();
        }
        ward.running = None;
        self.orphaned = true;
        if !ending {
            log.say(format!("the {} has ended ({status}) and is started again", word(part)));
        }
        if part == Part::Pool {
            self.tell_front(&Word::PoolGone);
        }
    }

    /// Ends the shells that a part has left behind, with all of their process groups, and takes their bodies away.
    fn end_orphans(&mut self) {
        let ours: Vec<i32> = [&self.front, &self.pool]
            .into_iter()
            .filter_map(|ward| i32::try_from(ward.running.as_ref()?.child.id()).ok())
            .collect();
        let left: Vec<i32> = children().into_iter().filter(|pid| !ours.contains(pid)).collect();
        for pid in &left {
            let pid = Pid::from_raw(*pid);
            // Its group may be ours, where it made none.
            let _ = match getpgid(Some(pid)) {
                Ok(group) if group == pid => killpg(group, Signal::SIGKILL),
                _ => kill(pid, Signal::SIGKILL),
            };
            let _ = waitpid(pid, Some(WaitPidFlag::WNOHANG));
        }
        self.orphaned = !left.is_empty();
    }

    /// After the front has finished, or its time to do so is over.
    fn finished(&mut self) -> bool {
        let Some(since) = self.ending else { return false };
        if self.front.running.is_some() && since.elapsed() < FINISHING {
            return false;
        }
        for ward in [&mut self.front, &mut self.pool] {
            if let Some(mut running) = ward.running.take() {
                let _ = running.child.kill();
                let _ = running.child.wait();
            }
        }
        self.end_orphans();
        self.log.say("ended");
        true
    }
}

/// The processes whose parent we are.
fn children() -> Vec<i32> {
    let own = std::process::id().to_string();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| {
        // `PID (NAME) STATE PPID …`, and a name may hold anything.
        let stat = std::fs::read(format!("/proc/{pid}/stat")).unwrap_or_default();
        let stat = String::from_utf8_lossy(&stat);
        stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)) == Some(own.as_str())
    })
    .collect()
}

fn word(part: Part) -> &'static str {
    match part {
        Part::Front => "front",
        Part::Pool => "pool",
    }
}
