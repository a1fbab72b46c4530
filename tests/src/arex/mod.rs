//! A real ARC CE (Debian's nordugrid-arc-arex): A-REX' job loop and its REST service, on a port of ours, with the fork back end, as
//! an unprivileged user, and an authority of its own ([`pki`]).
//!
//! [`Arex`] is the compute element, [`Probe`] runs check_ce beside it with a memory of its own.

pub mod pki;

use crate::fail::{Fail, Result};
use crate::place::{self, Place};
use crate::process::Process;
use crate::wait;
use pki::Pki;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PROGRAM: &str = "/usr/sbin/arched";
const PARSER: &str = "/usr/lib/arc/arcconfig-parser";

/// A compute element.
#[derive(Debug)]
pub struct Arex {
    place: Place,
    /// Where its control and session folders lie.
    disk: PathBuf,
    /// It takes itself for root.
    root: bool,
    /// Its certificates, and ours.
    pub pki: Pki,
    /// Where its REST service listens, on 127.0.0.1; its name is `localhost`.
    pub port: u16,
    loop_: Option<Process>,
    service: Option<Process>,
}

/// What check_ce answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// All that it printed.
    pub text: String,
    /// Its exit code.
    pub code: i32,
}

/// check_ce with a memory of its own.
#[derive(Clone, Debug)]
pub struct Probe {
    options: Vec<String>,
    state: PathBuf,
}

impl Arex {
    /// Starts one.
    pub fn start() -> Result<Arex> {
        Arex::start_with(None, false)
    }

    /// Starts one that takes itself for root, in a user namespace of its own: only then it asks to which user a client is mapped, and lets in
    /// nobody who is mapped to none.
    pub fn start_as_root() -> Result<Arex> {
        Arex::start_with(None, true)
    }

    /// Starts one that keeps its jobs in a folder of another disk.
    pub fn start_on(disk: &Path) -> Result<Arex> {
        Arex::start_with(Some(disk), false)
    }

    fn start_with(disk: Option<&Path>, root: bool) -> Result<Arex> {
        place::unprivileged()?;
        let place = Place::new("arex")?;
        let disk = disk.map_or_else(|| place.path().to_owned(), Path::to_owned);
        let pki = Pki::new(&place.folder("pki")?)?;
        for folder in ["log", "vomsdir", "etc"] {
            place.folder(folder)?;
        }
        for folder in ["control", "session"].map(|name| disk.join(name)) {
            std::fs::create_dir_all(&folder).map_err(Fail::at(folder.display()))?;
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut arex = Arex { place, disk, root, pki, port, loop_: None, service: None };
        arex.configure()?;
        arex.resume()?;
        Ok(arex)
    }

    /// Starts both processes again.
    pub fn resume(&mut self) -> Result {
        self.loop_ = Some(self.arched("arex.xml")?);
        self.service = Some(self.arched("ws.xml")?);
        let port = self.port;
        wait::until("A-REX to listen", || Ok(TcpStream::connect(("127.0.0.1", port)).ok()))?;
        Ok(())
    }

    /// kill -9 of both.
    pub fn kill(&mut self) -> Result {
        for process in [self.service.take(), self.loop_.take()].into_iter().flatten() {
            process.kill()?;
        }
        Ok(())
    }

    fn arched(&self, file: &str) -> Result<Process> {
        let log = std::fs::File::create(self.place.join(format!("log/{file}.console")))?;
        let mut command = if self.root {
            let mut command = Command::new("unshare");
            command.args(["--user", "--map-root-user", PROGRAM]);
            command
        } else {
            Command::new(PROGRAM)
        };
        command.arg("-f").arg("-c").arg(self.place.join("etc").join(file));
        command.env("ARC_LOCATION", "/usr").env("X509_CERT_DIR", self.pki.anchors()).env("HOSTNAME", "localhost");
        command.env("X509_USER_CERT", self.pki.file("host.pem")).env("X509_USER_KEY", self.pki.file("host.key"));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Process::start("arched", &mut command)
    }

    fn configure(&self) -> Result {
        let (root, pki) = (self.place.path().display(), self.pki.folder().display());
        let disk = self.disk.display();
        let user = place::user()?;
        let group = nix::unistd::Group::from_gid(nix::unistd::getegid())
            .ok()
            .flatten()
            .map_or_else(|| user.clone(), |g| g.name);
        let port = self.port;
        let conf = format!(
            "[common]\nhostname = localhost\nx509_host_key = {pki}/host.key\nx509_host_cert = {pki}/host.pem\nx509_cert_dir = {pki}/anchors\n\n\
             [authgroup:robots]\nsubject = {}\n\n[authgroup:dteam]\nvoms = dteam * * *\n\n\
             [mapping]\nmap_to_user = dteam {user}:{group}\nmap_to_user = robots {user}:{group}\n\n[lrms]\nlrms = fork\n\n\
             [arex]\ncontroldir = {disk}/control\nsessiondir = {disk}/session\nlogfile = {root}/log/arex.log\njoblog = {root}/log/jobs.log\n\
             pidfile = {root}/etc/arex.pid\nloglevel = 3\nwakeupperiod = 5\n\n[arex/ws]\nwsurl = https://localhost:{port}/arex\n\
             logfile = {root}/log/ws.log\npidfile = {root}/etc/ws.pid\n\n[arex/ws/jobs]\nallowaccess = robots dteam\n\n\
             [arex/data-staging]\n\n[infosys]\nlogfile = {root}/log/infosys.log\n\n[infosys/glue2]\n\n[infosys/cluster]\n\n[queue:fork]\n",
            pki::USER
        );
        let file = self.place.join("etc/arc.conf");
        place::write(&file, conf)?;
        for name in ["arex.cfg", "ws.cfg"] {
            let output = Command::new(PARSER)
                .arg("--config")
                .arg(&file)
                .arg("--runconfig")
                .arg(self.place.join("etc").join(name))
                .arg("--save")
                .output()
                .map_err(Fail::at(PARSER))?;
            crate::fail::ensure(output.status.success(), || String::from_utf8_lossy(&output.stderr).into_owned())?;
        }
        let namespaces = "xmlns=\"http://www.nordugrid.org/schemas/ArcConfig/2007\" xmlns:tcp=\"http://www.nordugrid.org/schemas/ArcMCCTCP/2007\" xmlns:arex=\"http://www.nordugrid.org/schemas/a-rex/Config\"";
        let server = |name: &str| {
            format!(
                "<Server><PidFile>{root}/etc/{name}.pid</PidFile><Logger><File>{root}/log/{name}.log</File><Level>INFO</Level></Logger></Server>"
            )
        };
        // The information provider's period is in tenths of a second: what is published lags by that.
        place::write(
            &self.place.join("etc/arex.xml"),
            format!(
                "<?xml version=\"1.0\"?>\n<ArcConfig {namespaces}>{}<ModuleManager><Path>/usr/lib/arc/</Path></ModuleManager>\
                 <Plugins><Name>arex</Name></Plugins><Chain><Service name=\"a-rex\" id=\"a-rex\">\
                 <arex:endpoint>https://localhost:{port}/arex</arex:endpoint><arex:gmconfig>{root}/etc/arex.cfg</arex:gmconfig>\
                 <arex:InfoproviderWakeupPeriod>100</arex:InfoproviderWakeupPeriod></Service></Chain></ArcConfig>\n",
                server("arex")
            ),
        )?;
        let plugins: String =
            ["mcctcp", "mcctls", "mcchttp", "mccsoap", "arex", "identitymap", "arcshc", "arcshclegacy"]
                .iter()
                .map(|name| format!("<Plugins><Name>{name}</Name></Plugins>"))
                .collect();
        // On loopback only, which the package's own starter does not do.
        place::write(
            &self.place.join("etc/ws.xml"),
            format!(
                "<?xml version=\"1.0\"?>\n<ArcConfig {namespaces}>{}<ModuleManager><Path>/usr/lib/arc/</Path></ModuleManager>{plugins}<Chain>\
                 <Component name=\"tcp.service\" id=\"tcp\"><next id=\"tls\"/><tcp:Listen><tcp:Interface>127.0.0.1</tcp:Interface>\
                 <tcp:Port>{port}</tcp:Port><tcp:Version>4</tcp:Version></tcp:Listen></Component>\
                 <Component name=\"tls.service\" id=\"tls\"><next id=\"http\"/><KeyPath>{pki}/host.key</KeyPath>\
                 <CertificatePath>{pki}/host.pem</CertificatePath><CACertificatesDir PolicyGlobus=\"true\">{pki}/anchors</CACertificatesDir>\
                 <VOMSProcessing>standard</VOMSProcessing><VOMSDir>{root}/vomsdir</VOMSDir><ClientAuthn>false</ClientAuthn></Component>\
                 <Component name=\"http.service\" id=\"http\"><next id=\"soap\">POST</next><next id=\"plexer\"/>\
                 <SecHandler name=\"arclegacy.handler\" event=\"incoming\"><ConfigFile>{root}/etc/ws.cfg</ConfigFile></SecHandler></Component>\
                 <Component name=\"soap.service\" id=\"soap\"><next id=\"plexer\"/><ContinueNonSOAP>true</ContinueNonSOAP></Component>\
                 <Plexer name=\"plexer.service\" id=\"plexer\"><next id=\"a-rex\">^/arex</next></Plexer>\
                 <Service name=\"a-rex\" id=\"a-rex\"><SecHandler name=\"arclegacy.map\" event=\"incoming\"><ConfigBlock>\
                 <ConfigFile>{root}/etc/ws.cfg</ConfigFile><BlockName>mapping</BlockName></ConfigBlock></SecHandler>\
                 <arex:endpoint>https://localhost:{port}/arex</arex:endpoint><arex:gmconfig>{root}/etc/ws.cfg</arex:gmconfig>\
                 <arex:gmrun>none</arex:gmrun></Service></Chain></ArcConfig>\n",
                server("ws")
            ),
        )
    }

    /// An action on a job by another client of the same user's, as `kill`.
    pub fn act(&self, action: &str, id: &str) -> Result<String> {
        let proxy = self.pki.arg("proxy.pem");
        let output = Command::new("curl")
            .args(["-sS", "--capath", &self.pki.anchors().display().to_string(), "--cert", &proxy, "--key", &proxy])
            .args(["-H", "Accept: application/json", "-H", "Content-Type: application/json", "-X", "POST", "--data"])
            .arg(format!("{{\"job\":[{{\"id\":\"{id}\"}}]}}"))
            .arg(format!("https://localhost:{}/arex/rest/1.0/jobs?action={action}", self.port))
            .output()
            .map_err(Fail::at("curl"))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
    }

    /// How many proxies are delegated to it.
    pub fn delegations(&self) -> Result<usize> {
        let proxy = self.pki.arg("proxy.pem");
        let output = Command::new("curl")
            .args(["-sS", "--capath", &self.pki.anchors().display().to_string(), "--cert", &proxy, "--key", &proxy])
            .args(["-H", "Accept: application/json"])
            .arg(format!("https://localhost:{}/arex/rest/1.0/delegations", self.port))
            .output()
            .map_err(Fail::at("curl"))?;
        Ok(String::from_utf8_lossy(&output.stdout).matches("\"id\"").count())
    }

    /// Where its control and session folders lie.
    pub fn disk(&self) -> &Path {
        &self.disk
    }

    /// A file beside it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.place.join(name)
    }

    /// Writes a program of a job's.
    pub fn script(&self, name: &str, text: &str) -> Result<String> {
        let path = self.place.folder("payload")?.join(name);
        std::fs::write(&path, text).map_err(Fail::at(path.display()))?;
        Ok(path.display().to_string())
    }

    /// The jobs in its control folder, by their ids.
    pub fn jobs(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let mut folders = vec![
            self.disk.join("control/jobs"),
            self.disk.join("control/accepting"),
            self.disk.join("control/processing"),
            self.disk.join("control/finished"),
            self.disk.join("control/restarting"),
        ];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten() {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if let Some(id) = name.strip_prefix("job.").and_then(|n| n.strip_suffix(".status")) {
                    found.push(id.to_owned());
                }
            }
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// check_ce under the user's proxy with a memory of its own, which asks every time.
    pub fn probe(&self, tag: &str) -> Probe {
        self.bare(tag).with(&["-x", &self.pki.arg("proxy.pem")])
    }

    /// The same under proxies that it makes of the user's certificate and key.
    pub fn robot(&self, tag: &str) -> Probe {
        self.robot_of("user", tag)
    }

    /// The same of somebody's certificate and key.
    pub fn robot_of(&self, who: &str, tag: &str) -> Probe {
        let [certificate, key] = ["pem", "key"].map(|kind| self.pki.arg(&format!("{who}.{kind}")));
        self.bare(tag).with(&["--cert", &certificate, "--key", &key])
    }

    fn bare(&self, tag: &str) -> Probe {
        let words = [
            "-H",
            "localhost",
            "-p",
            &self.port.to_string(),
            "--fresh",
            "0s",
            "--every",
            "1h",
            "--timeout-gone",
            "12s",
            "--monitor",
            "tests",
            "--tag",
            tag,
            "--ca-dir",
        ];
        let mut options: Vec<String> = words.iter().map(|&w| w.to_owned()).collect();
        options.push(self.pki.anchors().display().to_string());
        Probe { options, state: self.place.join(format!("state-{tag}")) }
    }
}

impl Probe {
    /// check_ce at `localhost` with a memory there, which asks every time.
    pub fn of(state: PathBuf, options: &[&str]) -> Probe {
        let words =
            ["-H", "localhost", "--fresh", "0s", "--every", "1h", "--timeout-gone", "12s", "--monitor", "tests"];
        Probe { options: words.iter().map(|&word| word.to_owned()).collect(), state }.with(options)
    }

    /// With more options; what is given last counts.
    #[must_use]
    pub fn with(&self, options: &[&str]) -> Probe {
        let mut more = self.clone();
        more.options.extend(options.iter().map(|&word| word.to_owned()));
        more
    }

    /// The command of one call.
    pub fn command(&self) -> Result<Command> {
        let mut command = Command::new(crate::prober::program()?);
        command
            .arg("check_ce")
            .args(&self.options)
            .arg("--state-dir")
            .arg(&self.state)
            .env_clear()
            .stdin(Stdio::null());
        Ok(command)
    }

    /// The same as a command line for Nagios, of the plugin's link in a folder.
    pub fn line(&self, folder: &Path) -> Result<String> {
        // The first word is the sub-command, which the link's name is.
        let command = self.command()?;
        let words: Vec<_> = command.get_args().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
        Ok(format!("{}/check_ce {}", folder.display(), words.join(" ")))
    }

    /// One call.
    pub fn call(&self) -> Result<Answer> {
        let output = self.command()?.output().map_err(Fail::at("check_ce"))?;
        Ok(Answer {
            text: String::from_utf8_lossy(&output.stdout).into_owned(),
            code: output.status.code().unwrap_or(-1),
        })
    }

    /// Calls until the first line has some words; that answer.
    pub fn until(&self, words: &str) -> Result<Answer> {
        let mut last = String::new();
        let found = wait::until(format!("check_ce to say {words:?}"), || {
            let answer = self.call()?;
            last.clone_from(&answer.text);
            std::thread::sleep(std::time::Duration::from_millis(300));
            Ok(answer.text.contains(words).then_some(answer))
        });
        found.map_err(|e| Fail::new(format!("{e}; it said {last}")))
    }

    /// Calls until its memory holds no job and nothing that is to be taken away.
    pub fn until_clean(&self) -> Result {
        wait::until_true("every job to be taken away", || {
            self.call()?;
            std::thread::sleep(std::time::Duration::from_millis(300));
            let text = self.memory()?;
            Ok(text.contains("\"left\":[]") && !text.contains("\"job\":"))
        })
    }

    /// The folder of its memory.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// What it remembers.
    pub fn memory(&self) -> Result<String> {
        let file = self.memory_file()?;
        std::fs::read_to_string(&file).map_err(Fail::at(file.display()))
    }

    /// Where.
    pub fn memory_file(&self) -> Result<PathBuf> {
        let found = std::fs::read_dir(&self.state).map_err(Fail::at(self.state.display()))?;
        let found = found.flatten().map(|e| e.path()).find(|p| p.extension().is_some_and(|e| e == "json"));
        found.ok_or_else(|| Fail::new(format!("there is no memory in {}", self.state.display())))
    }
}
