//! The daemon, driven from outside: its command line, its signals, its HTTP interface.

use crate::episodes::Episode;
use crate::fail::{Fail, Result, ensure};
use crate::http::{Client, Response};
use crate::interface::{self, Alarm, Setup};
use crate::nagios::{Nagios, append};
use crate::place::{self, Place};
use crate::process::Process;
use crate::wait;
use nix::sys::signal::Signal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// A daemon of our own.
#[derive(Debug)]
pub struct Filter {
    place: Place,
    setup: Setup,
    configuration: PathBuf,
    process: Option<Process>,
    console_from: usize,
}

impl Filter {
    /// Writes the configuration, starts the daemon and waits until it is ready.
    pub fn start(setup: Setup) -> Result<Self> {
        let mut filter = Filter::prepare(setup)?;
        filter.launch()?;
        filter.until_ready()?;
        Ok(filter)
    }

    /// Writes the configuration and starts nothing.
    pub fn prepare(setup: Setup) -> Result<Self> {
        place::unprivileged()?;
        let place = Place::new("filter")?;
        let configuration = interface::configure(place.path(), &setup)?;
        Ok(Filter { place, setup, configuration, process: None, console_from: 0 })
    }

    /// Starts the daemon without waiting for anything.
    pub fn launch(&mut self) -> Result {
        let mut command = Command::new(interface::program()?);
        command.args(interface::run_arguments(&self.configuration));
        self.spawn(&mut command)
    }

    /// As [`launch`](Self::launch), with every system call that matters for durability written into `trace`. The tracer is
    /// a grandchild: signals go to the daemon itself.
    pub fn launch_traced(&mut self, trace: &Path) -> Result {
        let mut command = Command::new("strace");
        command.args(crate::trace::OPTIONS).arg("-o").arg(trace).arg(interface::program()?);
        command.args(interface::run_arguments(&self.configuration));
        self.spawn(&mut command)
    }

    fn spawn(&mut self, command: &mut Command) -> Result {
        ensure(self.process.is_none(), || "this daemon runs already".into())?;
        let path = self.place.join("console");
        let console = append(&path)?;
        self.console_from = std::fs::metadata(&path)?.len() as usize;
        command.current_dir(self.place.path()).stdin(Stdio::null()).stderr(console.try_clone()?).stdout(console);
        self.process = Some(Process::start("alarm-filter", command)?);
        Ok(())
    }

    /// Waits until it is ready; an end before that is an error with the daemon's words.
    pub fn until_ready(&mut self) -> Result {
        wait::until_true("the daemon to be ready", || {
            if let Some(status) = self.process()?.ended()? {
                return Err(Fail::new(format!("the daemon ended ({status}); it said:\n{}", self.console()?)));
            }
            let Some(address) = self.said_address()? else { return Ok(false) };
            let answer = Client::connect(address).and_then(|mut client| client.get(interface::READY));
            Ok(answer.is_ok_and(|answer| answer.status == 200))
        })
        .map_err(|fail| Fail::new(format!("{fail}; it said:\n{}", self.console().unwrap_or_default())))
    }

    /// kill -9.
    pub fn kill(&mut self) -> Result {
        self.process.take().ok_or_else(|| Fail::new("this daemon does not run"))?.kill()
    }

    /// SIGTERM; returns how it ended.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        self.process.take().ok_or_else(|| Fail::new("this daemon does not run"))?.stop()
    }

    /// SIGTERM, start, ready.
    pub fn restart(&mut self) -> Result {
        let status = self.stop()?;
        ensure(status.success(), || format!("the daemon ended with {status} on SIGTERM"))?;
        self.launch()?;
        self.until_ready()
    }

    /// Writes a changed configuration and sends SIGHUP; what it does with it is for the caller to wait for.
    pub fn reload(&mut self, change: impl FnOnce(&mut Setup)) -> Result {
        change(&mut self.setup);
        self.configuration = interface::configure(self.place.path(), &self.setup)?;
        self.process()?.signal(Signal::SIGHUP)
    }

    /// Waits for the end by itself, as of a daemon that refuses to start.
    pub fn until_ended(&mut self) -> Result<ExitStatus> {
        let status = wait::until("the end of the daemon", || self.process()?.ended())?;
        self.process = None;
        Ok(status)
    }

    /// Its process id.
    pub fn id(&self) -> Result<u32> {
        self.process.as_ref().map(Process::id).ok_or_else(|| Fail::new("this daemon does not run"))
    }

    /// What it printed since its last start.
    pub fn console(&self) -> Result<String> {
        let bytes = std::fs::read(self.place.join("console"))?;
        Ok(String::from_utf8_lossy(bytes.get(self.console_from..).unwrap_or_default()).into_owned())
    }

    /// Its folder: configuration, profile, console, and the store when the setup named no other.
    pub fn folder(&self) -> &Path {
        self.place.path()
    }

    /// The store's folder.
    pub fn store(&self) -> PathBuf {
        self.setup.store.clone().unwrap_or_else(|| self.place.join("store"))
    }

    /// Where it listens.
    pub fn address(&self) -> Result<SocketAddr> {
        wait::until("the daemon to say where it listens", || self.said_address())
    }

    fn said_address(&self) -> Result<Option<SocketAddr>> {
        Ok(self.console()?.lines().find_map(interface::listening))
    }

    /// GET, on a connection of its own.
    pub fn get(&self, path: &str) -> Result<Response> {
        Client::connect(self.address()?)?.get(path)
    }

    /// POST of JSON, on a connection of its own.
    pub fn post(&self, path: &str, json: &str) -> Result<Response> {
        Client::connect(self.address()?)?.post(path, json)
    }

    /// The alarms that stand.
    pub fn alarms(&self) -> Result<Vec<Alarm>> {
        interface::alarms(&self.get(interface::ALARMS)?.good()?.text())
    }

    /// The alarm of a service, if one stands. Two are an error.
    pub fn alarm(&self, host: &str, service: &str) -> Result<Option<Alarm>> {
        let mut found = self.alarms()?;
        found.retain(|alarm| alarm.host == host && alarm.service == service);
        ensure(found.len() < 2, || format!("{} alarms of {host} {service}: {found:?}", found.len()))?;
        Ok(found.pop())
    }

    /// Waits until the alarm of a service stands and is so.
    pub fn until_alarm(&self, host: &str, service: &str, what: &str, holds: impl Fn(&Alarm) -> bool) -> Result<Alarm> {
        wait::until(format!("an alarm of {host} {service}: {what}"), || Ok(self.alarm(host, service)?.filter(&holds)))
    }

    /// Waits until the alarm is OK; it stays on the board so until somebody switches it off (AL5).
    pub fn until_ok(&self, host: &str, service: &str) -> Result<Alarm> {
        self.until_alarm(host, service, "is OK", |alarm| alarm.state == "OK")
    }

    /// Sets a mark in Nagios' log and waits until the daemon shows it: it has read everything before.
    pub fn catch_up(&self, nagios: &mut Nagios) -> Result {
        let (state, output) = nagios.mark()?;
        self.until_mark(state, &output)
    }

    /// Waits until the daemon shows this mark; one mark may be waited for in several daemons.
    pub fn until_mark(&self, state: &str, output: &str) -> Result {
        use crate::fleet::{MARK_HOST, MARK_SERVICE};
        self.until_alarm(MARK_HOST, MARK_SERVICE, output, |alarm| alarm.state == state && alarm.output == output)?;
        Ok(())
    }

    /// Every episode it knows.
    pub fn episodes(&self) -> Result<Vec<Episode>> {
        interface::episodes(&self.get(interface::EPISODES)?.good()?.text())
    }

    /// What `replay` makes of the same logs.
    pub fn replay(&self, nagios: &Nagios) -> Result<Vec<Episode>> {
        let arguments = interface::replay_arguments(nagios, self.place.path())?;
        interface::episodes(&self.command(&arguments)?)
    }

    /// Copies the journal to a file, whether or not the daemon runs; returns what was said.
    pub fn backup(&self, to: &Path) -> Result<String> {
        self.command(&interface::backup_arguments(&self.configuration, to))
    }

    /// Runs another command of the program, whatever comes of it: its exit code, what it printed, what it complained of.
    pub fn ran(&self, arguments: &[impl AsRef<std::ffi::OsStr>]) -> Result<(Option<i32>, String, String)> {
        let output = Command::new(interface::program()?).args(arguments).current_dir(self.place.path()).output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok((output.status.code(), text(&output.stdout), text(&output.stderr)))
    }

    /// The path of its configuration.
    pub fn configuration(&self) -> &Path {
        &self.configuration
    }

    /// Runs another command of the program; returns what it printed, or fails with what it complained of.
    pub fn command(&self, arguments: &[impl AsRef<std::ffi::OsStr>]) -> Result<String> {
        let output = Command::new(interface::program()?).args(arguments).current_dir(self.place.path()).output()?;
        ensure(output.status.success(), || format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr)))?;
        String::from_utf8(output.stdout).map_err(Fail::at("what it printed"))
    }

    fn process(&mut self) -> Result<&mut Process> {
        self.process.as_mut().ok_or_else(|| Fail::new("this daemon does not run"))
    }
}
