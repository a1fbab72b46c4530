//! A child process that is ended, by its id, when its owner goes.

use crate::fail::{Fail, Result};
use crate::wait;
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// How long a process may take to end when its owner is dropped.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running child.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
}

impl Process {
    /// Starts it. The command should have its output redirected to a file.
    pub fn start(name: &str, command: &mut Command) -> Result<Self> {
        let child = command.spawn().map_err(Fail::at(format!("cannot start {name} ({:?})", command.get_program())))?;
        Ok(Process { name: name.to_owned(), child })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> Result {
        signal::kill(self.pid(), signal).map_err(Fail::at(format!("{signal} to {}", self.name)))
    }

    /// Whether and how it has ended.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().map_err(Fail::at(&self.name))
    }

    /// Sends SIGTERM and waits for the end; one that hangs is killed and reported.
    pub fn stop(mut self) -> Result<ExitStatus> {
        self.signal(Signal::SIGTERM)?;
        let name = self.name.clone();
        wait::until(format!("the end of {name} after SIGTERM"), || self.ended())
    }

    /// Sends SIGKILL and takes the body away.
    pub fn kill(mut self) -> Result {
        self.child.kill().map_err(Fail::at(format!("kill -9 {}", self.name)))?;
        self.child.wait().map_err(Fail::at(&self.name))?;
        Ok(())
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }
}

impl Drop for Process {
    /// SIGTERM first, so that it takes its own children with it; SIGKILL when that takes too long.
    fn drop(&mut self) {
        if let Ok(Some(_)) = self.child.try_wait() {
            return;
        }
        let _may_be_gone = self.signal(Signal::SIGTERM);
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Ok(Some(_)) = self.child.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}
