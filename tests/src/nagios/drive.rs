//! What happens to a Nagios from outside: results of checks, and operators' commands.

use super::Nagios;
use crate::fail::{Fail, Result};
use crate::fleet::{MARK_HOST, MARK_SERVICE};
use crate::place::{self, now};
use crate::wait;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;

/// A passive result of a service.
#[derive(Clone, Debug)]
pub struct Passive<'a> {
    /// The host.
    pub host: &'a str,
    /// The service.
    pub service: &'a str,
    /// 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
    pub state: u8,
    /// What the plugin would have printed; `\n` in it separates long output.
    pub output: &'a str,
}

/// Less than what a pipe takes in one piece.
const PIECE: usize = 4000;

impl Nagios {
    /// Sends commands (`NAME;arguments`) through the command file; waits only for room in it.
    pub fn commands(&self, commands: &[String]) -> Result {
        self.process()?;
        let mut piece = String::new();
        for command in commands {
            let line = format!("[{}] {command}\n", now());
            if piece.len() + line.len() > PIECE {
                self.write_pipe(&piece)?;
                piece.clear();
            }
            piece.push_str(&line);
        }
        self.write_pipe(&piece)
    }

    /// Sends one command and waits until the log shows that Nagios took it.
    pub fn command(&self, command: &str) -> Result {
        let from = self.logs().mark()?;
        self.commands(&[command.to_owned()])?;
        self.logs_until(from, &[&format!("EXTERNAL COMMAND: {command}")])?;
        Ok(())
    }

    /// A passive result of a service, through the command file.
    pub fn result(&self, host: &str, service: &str, state: u8, output: &str) -> Result {
        self.command(&format!("PROCESS_SERVICE_CHECK_RESULT;{host};{service};{state};{output}"))
    }

    /// As many results as make a change of state hard.
    pub fn hard(&self, host: &str, service: &str, state: u8, output: &str) -> Result {
        let from = self.logs().mark()?;
        let watched = self.fleet().services().find(|(h, s)| h.name == host && s.name == service);
        let attempts = watched.map_or(1, |(_, service)| if state == 0 { 1 } else { service.max_attempts });
        for _ in 0..attempts {
            self.result(host, service, state, output)?;
        }
        let name = ["OK", "WARNING", "CRITICAL", "UNKNOWN"][usize::from(state.min(3))];
        self.logs_until(from, &[&format!("SERVICE ALERT: {host};{service};{name};HARD;")])?;
        Ok(())
    }

    /// A passive result of a host: 0 UP, 1 DOWN. Hard at once.
    pub fn host_result(&self, host: &str, state: u8, output: &str) -> Result {
        self.command(&format!("PROCESS_HOST_CHECK_RESULT;{host};{state};{output}"))
    }

    /// Results through the check result spool, as one file: the way of many results a second.
    pub fn spool(&mut self, results: &[Passive<'_>]) -> Result {
        let at = now();
        let mut text = format!("### Active Check Result File ###\nfile_time={at}\n\n");
        for result in results {
            let _always_fits = write!(
                text,
                "### Nagios Service Check Result ###\nhost_name={}\nservice_description={}\ncheck_type=1\n\
                 check_options=0\nscheduled_check=0\nreschedule_check=0\nlatency=0.0\nstart_time={at}.0\n\
                 finish_time={at}.0\nearly_timeout=0\nexited_ok=1\nreturn_code={}\noutput={}\n\n",
                result.host, result.service, result.state, result.output
            );
        }
        // Nagios takes names of `c` and six characters, and only those that have a `.ok` beside them.
        self.spooled += 1;
        let path = self.place.join(format!("spool/c{:06}", self.spooled));
        place::write(&path, text)?;
        place::write(&path.with_extension("ok"), "")
    }

    /// How many files of the spool Nagios has not taken yet.
    pub fn spool_left(&self) -> Result<usize> {
        Ok(std::fs::read_dir(self.place.join("spool"))?.count())
    }

    /// What the plugin of an active service says from its next run on.
    pub fn plugin_says(&self, host: &str, service: &str, state: u8, output: &str) -> Result {
        let folder = self.place.folder(format!("plugin/{host}"))?;
        place::write(&folder.join(service), format!("{state} {output}\n"))
    }

    /// Sets the next mark: the mark's service changes to another hard problem. Whoever has seen it, by `(state, output)`, has
    /// seen every line of the log before it.
    pub fn mark(&mut self) -> Result<(&'static str, String)> {
        self.marks += 1;
        let (code, state) = [(1, "WARNING"), (2, "CRITICAL"), (3, "UNKNOWN")][self.marks % 3];
        let output = format!("mark {}", self.marks);
        let from = self.logs().mark()?;
        self.result(MARK_HOST, MARK_SERVICE, code, &output)?;
        self.logs_until(from, &["SERVICE ALERT: ", MARK_HOST, state, &output])?;
        Ok((state, output))
    }

    /// Acknowledges a service's problem; `sticky` lasts until OK, else until the next change of state.
    pub fn acknowledge(&self, host: &str, service: &str, sticky: bool, comment: &str) -> Result {
        let kind = if sticky { 2 } else { 1 };
        self.command(&format!("ACKNOWLEDGE_SVC_PROBLEM;{host};{service};{kind};0;0;operator;{comment}"))
    }

    /// A fixed downtime of a service, from now on for so many seconds.
    pub fn downtime(&self, host: &str, service: &str, seconds: u64, comment: &str) -> Result {
        let (start, end) = (now(), now() + seconds);
        self.command(&format!("SCHEDULE_SVC_DOWNTIME;{host};{service};{start};{end};1;0;{seconds};operator;{comment}"))
    }

    /// Switches the notifications of a service off or on.
    pub fn mute(&self, host: &str, service: &str, muted: bool) -> Result {
        let verb = if muted { "DISABLE" } else { "ENABLE" };
        self.command(&format!("{verb}_SVC_NOTIFICATIONS;{host};{service}"))
    }

    fn write_pipe(&self, piece: &str) -> Result {
        if piece.is_empty() {
            return Ok(());
        }
        let path = self.command_file();
        // O_NONBLOCK: without a reader the open fails instead of waiting for ever. A full pipe says WouldBlock.
        let flags = nix::fcntl::OFlag::O_NONBLOCK.bits();
        wait::until(format!("room in {}", path.display()), || {
            let sent = OpenOptions::new()
                .write(true)
                .custom_flags(flags)
                .open(&path)
                .and_then(|mut pipe| pipe.write_all(piece.as_bytes()));
            match sent {
                Ok(()) => Ok(Some(())),
                // Full, or the one who makes it is still starting.
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotFound) => Ok(None),
                Err(error) if error.raw_os_error() == Some(nix::errno::Errno::ENXIO as i32) => Ok(None),
                Err(error) => Err(Fail::new(format!("{}: {error}", path.display()))),
            }
        })
    }
}
