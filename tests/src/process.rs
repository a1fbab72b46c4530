//! A child process that is ended, by its id, when its owner goes.

use crate::fail::{Fail, Result};
use crate::wait;
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use std::process::{Child, Command, ExitStatus};

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
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _gone = self.child.kill();
            let _status = self.child.wait();
        }
    }
}
