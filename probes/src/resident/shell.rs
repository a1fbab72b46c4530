//! Command lines that are run as Nagios itself would: `/bin/sh -c` in a process group of its own, which is ended as a whole when
//! the time is over.

use super::worker_protocol::{LONGEST_OUTPUT, Outcome};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::SystemTime;

/// A running shell and what it has said so far.
#[derive(Debug)]
pub struct Run {
    child: Child,
    out: Vec<u8>,
    err: Vec<u8>,
    /// When it began.
    pub begun: SystemTime,
}

impl Run {
    /// Starts it. Its outputs can be read without waiting.
    ///
    /// # Errors
    /// No process can be had.
    pub fn start(command: &[u8]) -> io::Result<Run> {
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(OsStr::from_bytes(command)).process_group(0);
        let child = shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let run = Run { child, out: Vec::new(), err: Vec::new(), begun: SystemTime::now() };
        for pipe in run.pipes().into_iter().flatten() {
            nix::fcntl::fcntl(pipe, nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK))?;
        }
        Ok(run)
    }

    /// Its standard output and error, as long as they are open, for waiting.
    pub fn pipes(&self) -> [Option<BorrowedFd<'_>>; 2] {
        [self.child.stdout.as_ref().map(AsFd::as_fd), self.child.stderr.as_ref().map(AsFd::as_fd)]
    }

    /// Reads what is there. What is beyond the longest output is read and dropped, so that the shell does not hang on it.
    pub fn read(&mut self) {
        if self.child.stdout.as_mut().is_some_and(|pipe| drain(pipe, &mut self.out)) {
            self.child.stdout = None;
        }
        if self.child.stderr.as_mut().is_some_and(|pipe| drain(pipe, &mut self.err)) {
            self.child.stderr = None;
        }
    }

    /// Whether and how it has ended. Does not wait.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Ends all of its process group. The body is taken away by the next [`Run::ended`].
    pub fn kill(&mut self) {
        if let Ok(group) = i32::try_from(self.child.id()) {
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
    }

    /// What came of it.
    pub fn outcome(&mut self, status: ExitStatus) -> Outcome {
        self.read();
        Outcome {
            wait_status: status.into_raw(),
            timed_out: false,
            times: (self.begun, SystemTime::now()),
            out: std::mem::take(&mut self.out),
            err: std::mem::take(&mut self.err),
        }
    }
}

/// True at the end of the pipe.
fn drain(pipe: &mut impl Read, to: &mut Vec<u8>) -> bool {
    let mut piece = [0; 16 * 1024];
    // Bounded, so that one who never stops talking does not keep us.
    for _ in 0..64 {
        match pipe.read(&mut piece) {
            Ok(0) => return true,
            Ok(read) => {
                let room = LONGEST_OUTPUT.saturating_sub(to.len());
                to.extend_from_slice(&piece[..read.min(room)]);
            }
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted => {}
                io::ErrorKind::WouldBlock => return false,
                _ => return true,
            },
        }
    }
    false
}
