//! The resident prober, driven from outside: its command line, its log, and its three processes, which are found in /proc.

use crate::fail::{Fail, Result};
use crate::nagios::{Nagios, append};
use crate::place::{self, Place};
use crate::process::Process;
use crate::wait;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// `gridprobe serve` beside a Nagios.
#[derive(Debug)]
pub struct Prober {
    place: Place,
    arguments: Vec<String>,
    process: Option<Process>,
}

/// The probes' binary: `GRIDWARD_PROBES`, or what cargo built beside these tests.
pub fn program() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("GRIDWARD_PROBES") {
        return Ok(path.into());
    }
    let own = std::env::current_exe()?;
    let found = own.ancestors().skip(1).take(2).map(|folder| folder.join("gridprobe")).find(|path| path.is_file());
    found.ok_or_else(|| Fail::new("no gridprobe beside the tests: build it, or name it in GRIDWARD_PROBES"))
}

/// gridprobe-wn, linked statically: `GRIDWARD_WN`, which tests/run builds by `cargo wn`.
pub fn worker_node_program() -> Result<PathBuf> {
    let named = std::env::var_os("GRIDWARD_WN").map(PathBuf::from).filter(|path| path.is_file());
    named.ok_or_else(|| {
        Fail::new("no gridprobe-wn: build it by `cargo wn`, and name target/release/gridprobe-wn in GRIDWARD_WN")
    })
}

/// A folder of plugins: links to the binary under the probes' names.
pub fn plugins(folder: &Path, names: &[&str]) -> Result {
    std::fs::create_dir_all(folder).map_err(Fail::at(folder.display()))?;
    let program = program()?;
    for name in names {
        std::os::unix::fs::symlink(&program, folder.join(name)).map_err(Fail::at(name))?;
    }
    Ok(())
}

impl Prober {
    /// Starts it and waits until it is registered for `check_ca`.
    pub fn start(nagios: &Nagios, more: &[&str]) -> Result<Self> {
        let place = Place::new("prober")?;
        let mut arguments =
            vec!["serve".to_owned(), "--nagios-cfg".to_owned(), nagios.configuration().display().to_string()];
        arguments.extend(more.iter().map(|&word| word.to_owned()));
        let mut prober = Prober { place, arguments, process: None };
        prober.resume()?;
        Ok(prober)
    }

    /// Starts it again.
    pub fn resume(&mut self) -> Result {
        let before = self.said("registered with Nagios for check_ca");
        let console = append(&self.console())?;
        let mut command = Command::new(program()?);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(console.try_clone()?).stderr(console);
        self.process = Some(Process::start("gridprobe serve", &mut command)?);
        self.until_said("registered with Nagios for check_ca", before + 1)
    }

    /// Where its log goes.
    pub fn console(&self) -> PathBuf {
        self.place.join("console")
    }

    /// How many lines of its log have these words.
    pub fn said(&self, words: &str) -> usize {
        let text = std::fs::read(self.console()).unwrap_or_default();
        String::from_utf8_lossy(&text).lines().filter(|line| line.contains(words)).count()
    }

    /// Waits until so many lines of its log have these words.
    pub fn until_said(&self, words: &str, times: usize) -> Result {
        wait::until_true(format!("{words:?} {times} times in {}", self.console().display()), || {
            Ok(self.said(words) >= times)
        })
    }

    /// The process id of its `front` or `pool`; waits for one.
    pub fn part(&self, name: &str) -> Result<Pid> {
        let parent = self.process()?.id();
        wait::until(format!("the {name} of {parent}"), || Ok(child(parent, name)))
    }

    /// The same, of another process than this one.
    pub fn new_part(&self, name: &str, old: Pid) -> Result<Pid> {
        let parent = self.process()?.id();
        wait::until(format!("a new {name} of {parent}"), || Ok(child(parent, name).filter(|pid| *pid != old)))
    }

    /// Sends its `front` or `pool` a signal; returns its process id.
    pub fn signal_part(&self, name: &str, signal: Signal) -> Result<Pid> {
        let pid = self.part(name)?;
        kill(pid, signal).map_err(Fail::at(format!("{signal} to the {name}")))?;
        Ok(pid)
    }

    /// SIGTERM, and the end.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        self.process.take().ok_or_else(|| Fail::new("this prober does not run"))?.stop()
    }

    /// kill -9 to all three at once.
    pub fn kill(&mut self) -> Result {
        let (front, pool) = (self.part("front")?, self.part("pool")?);
        let process = self.process.take().ok_or_else(|| Fail::new("this prober does not run"))?;
        process.kill()?;
        for pid in [front, pool] {
            kill(pid, Signal::SIGKILL).map_err(Fail::at(pid))?;
        }
        Ok(())
    }

    /// Its process id: the watchdog's.
    pub fn id(&self) -> Result<u32> {
        Ok(self.process()?.id())
    }

    /// The folder of this prober.
    pub fn folder(&self) -> &Path {
        self.place.path()
    }

    fn process(&self) -> Result<&Process> {
        self.process.as_ref().ok_or_else(|| Fail::new("this prober does not run"))
    }
}

impl Drop for Prober {
    /// Its console is what a failed test is understood by.
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", String::from_utf8_lossy(&std::fs::read(self.console()).unwrap_or_default()));
        }
    }
}

/// A child of this process that was started as this part.
fn child(parent: u32, part: &str) -> Option<Pid> {
    let wanted = format!("\0--as\0{part}\0");
    std::fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let ppid = stat.rsplit(") ").next()?.split(' ').nth(1)?;
        let command = std::fs::read(entry.path().join("cmdline")).ok()?;
        (ppid == parent.to_string() && String::from_utf8_lossy(&command).contains(&wanted)).then(|| Pid::from_raw(pid))
    })
}

/// Since when each service's last check began, in seconds since 1970, worst first: what Nagios itself says.
pub fn checked_since(nagios: &Nagios, since: u64) -> Result<Vec<String>> {
    let status = nagios.status()?;
    let old = status.kind("servicestatus").filter(|block| block.get("active_checks_enabled") == "1");
    let old = old.filter(|block| block.get("last_check").parse::<u64>().unwrap_or(0) < since);
    Ok(old.map(|block| format!("{};{}", block.get("host_name"), block.get("service_description"))).collect())
}

/// Waits until each active service has been checked since then.
pub fn until_all_checked(nagios: &Nagios, since: u64) -> Result {
    let mut left = Vec::new();
    let result = wait::until_true("a check of every service", || {
        // Between two writes there may be none.
        left = checked_since(nagios, since).unwrap_or_else(|_| vec!["status.dat".to_owned()]);
        Ok(left.is_empty())
    });
    result.map_err(|fail| Fail::new(format!("{fail}: {} lack, {:?} first", left.len(), left.first())))
}

/// Seconds since 1970, as [`place::now`], of a moment that no check that runs now began after.
pub fn from_now() -> u64 {
    place::now() + 1
}
