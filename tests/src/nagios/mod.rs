//! A real nagios4 with a configuration of its own, in the foreground, without systemd, under the test's user.
//!
//! It is driven as a site drives it: passive results through the command file or the check result spool, operators' commands
//! through the command file, SIGHUP after a change of the configuration. Everything waits for what Nagios writes.

pub(crate) mod config;
mod drive;
mod logs;
mod status;

pub use config::Options;
pub use drive::Passive;
pub use logs::{LogMark, Logs};
pub use status::{Block, Status};

use crate::fail::{Fail, Result, ensure};
use crate::fleet::Fleet;
use crate::place::{self, Place};
use crate::process::Process;
use crate::wait;
use nix::sys::signal::Signal;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where Debian puts it; `NAGIOS_BIN` says another (Naemon, a newer Nagios).
const PROGRAM: &str = "/usr/sbin/nagios4";

/// A Nagios of our own.
#[derive(Debug)]
pub struct Nagios {
    place: Place,
    fleet: Fleet,
    options: Options,
    process: Option<Process>,
    rotations: u32,
    marks: usize,
    spooled: u32,
}

impl Nagios {
    /// Writes the configuration and starts it; returns when it takes commands.
    pub fn start(fleet: Fleet, options: Options) -> Result<Self> {
        let mut nagios = Nagios::prepare(fleet, options)?;
        nagios.resume()?;
        Ok(nagios)
    }

    /// Writes the configuration and starts nothing.
    pub fn prepare(fleet: Fleet, options: Options) -> Result<Self> {
        place::unprivileged()?;
        let place = Place::new("nagios")?;
        for folder in ["var", "spool", "tmp", "archives", "plugin"] {
            place.folder(folder)?;
        }
        let plugin = place.join("plugin.sh");
        place::write(&plugin, config::PLUGIN)?;
        std::fs::set_permissions(&plugin, PermissionsExt::from_mode(0o755))?;
        let nagios = Nagios { place, fleet, options, process: None, rotations: 0, marks: 0, spooled: 0 };
        nagios.write_configuration()?;
        Ok(nagios)
    }

    /// Starts it again after [`stop`](Self::stop) or [`kill`](Self::kill).
    pub fn resume(&mut self) -> Result {
        ensure(self.process.is_none(), || "this Nagios runs already".into())?;
        let from = self.logs().mark()?;
        let console = append(&self.place.join("console"))?;
        let mut command = Command::new(std::env::var_os("NAGIOS_BIN").unwrap_or_else(|| PROGRAM.into()));
        command.arg(self.configuration()).current_dir(self.place.path()).stdin(Stdio::null());
        command.env("TZ", self.next_zone()).stderr(console.try_clone()?).stdout(console);
        self.process = Some(Process::start("nagios4", &mut command)?);
        self.logs_until(from, &["Successfully launched command file worker"])?;
        self.until_status("its first complete status.dat", |status| status.kind("programstatus").next().is_some())?;
        Ok(())
    }

    /// Stops it in order (SIGTERM), as `systemctl stop` does. Nagios deletes status.dat then.
    pub fn stop(&mut self) -> Result {
        let process = self.process.take().ok_or_else(|| Fail::new("this Nagios does not run"))?;
        process.stop()?;
        Ok(())
    }

    /// SIGTERM, then a new start.
    pub fn restart(&mut self) -> Result {
        self.stop()?;
        self.resume()
    }

    /// kill -9. What it wrote before stays, status.dat too.
    pub fn kill(&mut self) -> Result {
        self.process.take().ok_or_else(|| Fail::new("this Nagios does not run"))?.kill()?;
        // The command file would be taken for a running instance's; its readers end by themselves.
        let _may_be_gone = std::fs::remove_file(self.command_file());
        Ok(())
    }

    /// Changes what it watches from the next start on.
    pub fn change(&mut self, change: impl FnOnce(&mut Fleet)) -> Result {
        change(&mut self.fleet);
        self.write_configuration()
    }

    /// Adds a line to `nagios.cfg`, for the next start.
    pub fn set(&mut self, line: &str) {
        self.options.extra.push(line.to_owned());
    }

    /// Changes what it watches and reloads (SIGHUP); returns when the new configuration is in force.
    pub fn reload(&mut self, change: impl FnOnce(&mut Fleet)) -> Result {
        self.change(change)?;
        let from = self.logs().mark()?;
        self.process()?.signal(Signal::SIGHUP)?;
        self.logs_until(from, &["Caught SIGHUP, restarting..."])?;
        let from = self.logs_until(from, &["starting... (PID="])?;
        self.logs_until(from, &["wproc: Registry request"])?;
        Ok(())
    }

    /// Really makes it rotate its log: a restart in a time zone whose hour is full in two seconds (see [`Options`]
    /// `rotate_after` for a rotation without a restart before it); returns when the archive and the new log are there.
    pub fn rotate(&mut self) -> Result {
        self.options.rotate_after = Some(2);
        let before = self.logs().files()?.len();
        let restarted = self.restart();
        self.options.rotate_after = None;
        restarted?;
        self.until_archives(before)
    }

    /// Waits until there are so many archives, and a log that begins after the last of them.
    pub fn until_archives(&self, count: usize) -> Result {
        let begun =
            || std::fs::read(self.log_file()).is_ok_and(|log| log.windows(12).any(|part| part == b"LOG VERSION:"));
        let what = format!("{count} archived logs; is {} in local time at a full hour?", self.log_file().display());
        wait::until_true(what, || Ok(self.logs().files()?.len() > count && begun()))
    }

    /// What it watches.
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// Its process id.
    pub fn id(&self) -> Result<u32> {
        Ok(self.process()?.id())
    }

    /// Its folder: `nagios.cfg`, `objects.cfg`, `var`, `archives`, `spool`.
    pub fn folder(&self) -> &Path {
        self.place.path()
    }

    /// `nagios.cfg`.
    pub fn configuration(&self) -> PathBuf {
        self.place.join("nagios.cfg")
    }

    /// `nagios.log`.
    pub fn log_file(&self) -> PathBuf {
        self.place.join("var/nagios.log")
    }

    /// `status.dat`.
    pub fn status_file(&self) -> PathBuf {
        self.place.join("var/status.dat")
    }

    /// `objects.cache`.
    pub fn objects_file(&self) -> PathBuf {
        self.place.join("var/objects.cache")
    }

    /// The command file.
    pub fn command_file(&self) -> PathBuf {
        self.place.join("var/nagios.cmd")
    }

    /// All its logs, archives first.
    pub fn logs(&self) -> Logs {
        Logs::new(self.place.join("archives"), self.log_file())
    }

    /// Waits for a line after `from` that holds all of these; returns the place behind it.
    pub fn logs_until(&self, from: LogMark, parts: &[&str]) -> Result<LogMark> {
        let logs = self.logs();
        wait::until(format!("a line with {parts:?} in {}", self.log_file().display()), || logs.find(from, parts))
    }

    /// What status.dat says now.
    pub fn status(&self) -> Result<Status> {
        Status::read(&self.status_file())
    }

    /// Waits until status.dat says so.
    pub fn until_status(&self, what: &str, mut holds: impl FnMut(&Status) -> bool) -> Result<Status> {
        wait::until(format!("{what} in {}", self.status_file().display()), || {
            // Between a start and the first write there is none.
            Ok(self.status().ok().filter(|status| holds(status)))
        })
    }

    fn process(&self) -> Result<&Process> {
        self.process.as_ref().ok_or_else(|| Fail::new("this Nagios does not run"))
    }

    fn write_configuration(&self) -> Result {
        place::write(&self.place.join("objects.cfg"), self.fleet.objects(self.place.path()))?;
        place::write(&self.configuration(), config::main_file(self.place.path(), &self.options))
    }

    /// Without a wish the full hour lies half an hour away.
    fn next_zone(&mut self) -> String {
        let after = self.options.rotate_after.inspect(|_| self.rotations += 1);
        config::zone(place::now(), after.unwrap_or(1800), self.rotations)
    }
}

/// Opens for appending.
pub(crate) fn append(path: &Path) -> Result<File> {
    OpenOptions::new().create(true).append(true).open(path).map_err(Fail::at(path.display()))
}
