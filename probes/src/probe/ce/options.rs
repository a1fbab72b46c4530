//! The command line of check_ce.

use crate::ce::arc::description::Language;
use crate::sink::place::Place;
use crate::trust::time::{DAY, HOUR, MINUTE, Seconds};
use std::path::PathBuf;

/// Where states are kept when nothing else is said.
const FOLDER: &str = "/var/lib/gridprobe/ce";

/// A delegated proxy must outlive the job by so many seconds.
const BEYOND: Seconds = 1800;
/// Of the wait in a queue no more is reckoned with.
const HALF_DAY_AT_MOST: Seconds = 6 * HOUR;

/// As clap reads it. What an option is when it is not given stands below: clap would set it in every run and carry it about, an eighth
/// of what a plain run costs.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Compute element")]
pub(super) struct Raw {
    /// Host of the compute element
    #[arg(short = 'H', long, value_name = "HOST", value_parser = host)]
    hostname: String,
    /// What it is: arc, an ARC CE over REST; htcondor, an HTCondor-CE by HTCondor's tools; command, a batch system by a template of
    /// commands [default: arc]
    #[arg(long, value_name = "KIND", value_parser = kind)]
    ce: Option<String>,
    /// Port [default: 443, of an HTCondor-CE 9619]
    #[arg(short, long, value_name = "PORT")]
    port: Option<u16>,
    /// File with the batch system's commands, for --ce command
    #[arg(long, value_name = "FILE", required_if_eq("ce", "command"))]
    template: Option<PathBuf>,
    /// Folder of HTCondor's tools [default: /usr/bin]
    #[arg(long, value_name = "DIR")]
    condor_bin: Option<PathBuf>,
    /// Path of the ARC REST service [default: /arex]
    #[arg(long, value_name = "PATH", value_parser = path)]
    path: Option<String>,
    /// Queue to submit to
    #[arg(short, long, value_name = "QUEUE", value_parser = plain)]
    queue: Option<String>,
    /// Which verdict is the answer: submit (did the last job run from end to end), or state (where the job is now) [default: submit]
    #[arg(long, value_name = "METRIC", value_parser = metric)]
    metric: Option<String>,
    /// Tells jobs of several services on one host apart, as the VO
    #[arg(long, value_name = "TAG", value_parser = tag)]
    tag: Option<String>,
    /// Name of this monitor in the names of jobs: jobs of others are left alone [default: this host's name]
    #[arg(long, value_name = "NAME", value_parser = tag)]
    monitor: Option<String>,
    /// Folder in which a file per compute element and tag remembers the job [default: /var/lib/gridprobe/ce]
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// Take away all jobs of this monitor and tag at the compute element but the one under way
    #[arg(long)]
    reap: bool,
    /// Proxy to submit with [default: X509_USER_PROXY, else /tmp/x509up_u with the number of the user]
    #[arg(short = 'x', long, value_name = "FILE", help_heading = "Credentials")]
    proxy: Option<PathBuf>,
    /// Certificate of a service or robot, from which a proxy of 12 hours is made and kept in the state folder
    #[arg(long, value_name = "FILE", help_heading = "Credentials", requires = "key", conflicts_with = "proxy")]
    cert: Option<PathBuf>,
    /// Its key
    #[arg(long, value_name = "FILE", help_heading = "Credentials", requires = "cert")]
    key: Option<PathBuf>,
    /// A proxy of this certificate, valid or not, whose VOMS attributes go into the proxies that are made
    #[arg(long, value_name = "FILE", help_heading = "Credentials", requires = "cert")]
    voms_proxy: Option<PathBuf>,
    /// Bearer token: a file, or "auto" for where WLCG's discovery finds one (BEARER_TOKEN, BEARER_TOKEN_FILE, bt_uUID)
    #[arg(long, value_name = "FILE", help_heading = "Credentials")]
    token: Option<PathBuf>,
    /// Delegate no proxy with the job
    #[arg(long, help_heading = "Credentials")]
    no_delegation: bool,
    /// Folder of the trust anchors [default: X509_CERT_DIR, else /etc/grid-security/certificates]
    #[arg(long, value_name = "DIR", help_heading = "Credentials")]
    ca_dir: Option<PathBuf>,
    /// A file that is run on the worker node in place of our own few lines
    #[arg(long, value_name = "FILE", help_heading = "Job")]
    payload: Option<PathBuf>,
    /// An argument of the payload; may be given again
    #[arg(long, value_name = "TEXT", help_heading = "Job", allow_hyphen_values = true, requires = "payload")]
    payload_arg: Vec<String>,
    /// Another file that goes with the job; may be given again
    #[arg(long, value_name = "FILE", help_heading = "Job")]
    input: Vec<PathBuf>,
    /// A file that the compute element fetches itself before the job runs, of an ARC CE only; may be given again
    #[arg(long, value_name = "URL", help_heading = "Job", value_parser = source)]
    stage_in: Vec<(String, String)>,
    /// Runtime environment; may be given again
    #[arg(long, value_name = "NAME", help_heading = "Job", value_parser = plain)]
    runtime_environment: Vec<String>,
    /// Wall time that is asked for [default: 10m]
    #[arg(long, value_name = "TIME", value_parser = span, help_heading = "Job")]
    wall_time: Option<Seconds>,
    /// Memory that is asked for [default: 512]
    #[arg(long, value_name = "MIB", help_heading = "Job")]
    memory: Option<u32>,
    /// Language of the job description: adl or xrsl [default: adl]
    #[arg(long, value_name = "LANGUAGE", value_parser = language, help_heading = "Job")]
    language: Option<String>,
    /// gridprobe-wn, which is run on the worker node and looks at it
    #[arg(long, value_name = "FILE", help_heading = "Worker node", conflicts_with = "payload")]
    wn: Option<PathBuf>,
    /// An argument of gridprobe-wn, as --wn-arg=--program=root; may be given again
    #[arg(long, value_name = "TEXT", help_heading = "Worker node", allow_hyphen_values = true, requires = "wn")]
    wn_arg: Vec<String>,
    /// A server that the worker node must reach, by a name that is looked up here; may be given again
    #[arg(long, value_name = "HOST:PORT", help_heading = "Worker node", requires = "wn")]
    wn_connect: Vec<String>,
    /// Host under which Nagios has the services of worker nodes [default: that of --hostname]
    #[arg(long, value_name = "HOST", help_heading = "Worker node", requires = "wn")]
    wn_host: Option<String>,
    /// What is put behind the names of these services, as -/dteam/Role=NULL
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, help_heading = "Worker node")]
    wn_suffix: Option<String>,
    /// Where these results go: nagios:FILE (its main configuration), spool:FOLDER, pipe:PIPE, icinga:FILE (url, user, password, ca).
    /// Without it they are told with the job
    #[arg(long, value_name = "PLACE", help_heading = "Worker node", requires = "wn")]
    results: Option<Place>,
    /// So long after the last job was submitted the next one is [default: 1h]
    #[arg(long, value_name = "TIME", value_parser = span, help_heading = "Limits")]
    every: Option<Seconds>,
    /// The compute element is not asked again before this has passed: two services may ask for one job [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = span, help_heading = "Limits")]
    fresh: Option<Seconds>,
    /// A job that is longer with the compute element before it reaches the batch system is given up [default: 55m]
    #[arg(long, value_name = "TIME", value_parser = span, help_heading = "Limits")]
    timeout_submitted: Option<Seconds>,
    /// One that waits longer in the queue [default: 5h30m]
    #[arg(long, value_name = "TIME", value_parser = span, help_heading = "Limits")]
    timeout_queued: Option<Seconds>,
    /// One that runs longer [default: 5h30m]
    #[arg(long, value_name = "TIME", value_parser = span, help_heading = "Limits")]
    timeout_running: Option<Seconds>,
    /// One that takes longer in all [default: 11h]
    #[arg(long, value_name = "TIME", value_parser = span, help_heading = "Limits")]
    timeout_global: Option<Seconds>,
    /// One that the compute element does not know for so long is gone; while it starts it may know none [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = span, help_heading = "Limits")]
    timeout_gone: Option<Seconds>,
    /// One for which the compute element does not answer for so long is forgotten, and taken away later [default: 6h]
    #[arg(long, value_name = "TIME", value_parser = span, help_heading = "Limits")]
    timeout_discard: Option<Seconds>,
}

/// The command line, with what holds where nothing is said.
#[derive(Clone, Debug)]
pub(super) struct Args {
    /// Host of the compute element
    pub hostname: String,
    /// What it is: an ARC CE over REST, an HTCondor-CE by HTCondor's tools, or a batch system by a template of commands
    pub ce: String,
    /// Port
    pub port: Option<u16>,
    /// File with the batch system's commands, for --ce command
    pub template: Option<PathBuf>,
    /// Folder of HTCondor's tools
    pub condor_bin: PathBuf,
    /// Path of the ARC REST service
    pub path: String,
    /// Queue to submit to
    pub queue: Option<String>,
    /// Which verdict is the answer: submit (did the last job run from end to end), or state (where the job is now)
    pub metric: String,
    /// Tells jobs of several services on one host apart, as the VO
    pub tag: String,
    /// Name of this monitor in the names of jobs: jobs of others are left alone
    pub monitor: Option<String>,
    /// Folder in which a file per compute element and tag remembers the job
    pub state_dir: PathBuf,
    /// Take away all jobs of this monitor and tag at the compute element but the one under way
    pub reap: bool,
    /// Proxy to submit with
    pub proxy: Option<PathBuf>,
    /// Certificate of a service or robot, from which proxies are made
    pub cert: Option<PathBuf>,
    /// Its key
    pub key: Option<PathBuf>,
    /// A proxy of this certificate, whose VOMS attributes go into the proxies that are made
    pub voms_proxy: Option<PathBuf>,
    /// Bearer token: a file, or "auto" for where WLCG's discovery finds one (BEARER_TOKEN, BEARER_TOKEN_FILE, bt_uUID)
    pub token: Option<PathBuf>,
    /// Delegate no proxy with the job
    pub no_delegation: bool,
    /// Folder of the trust anchors
    pub ca_dir: Option<PathBuf>,
    /// A file that is run on the worker node in place of our own few lines
    pub payload: Option<PathBuf>,
    /// An argument of the payload; may be given again
    pub payload_arg: Vec<String>,
    /// Another file that goes with the job; may be given again
    pub input: Vec<PathBuf>,
    /// Files that the compute element fetches itself before the job runs: name, address
    pub stage_in: Vec<(String, String)>,
    /// Runtime environment; may be given again
    pub runtime_environment: Vec<String>,
    /// Wall time that is asked for
    pub wall_time: Seconds,
    /// Memory that is asked for
    pub memory: u32,
    /// Language of the job description
    pub language: String,
    /// gridprobe-wn, which is run on the worker node and looks at it
    pub wn: Option<PathBuf>,
    /// An argument of gridprobe-wn, as --wn-arg=--program=root; may be given again
    pub wn_arg: Vec<String>,
    /// A server that the worker node must reach, by a name that is looked up here; may be given again
    pub wn_connect: Vec<String>,
    /// Host under which Nagios has the services of worker nodes
    pub wn_host: Option<String>,
    /// What is put behind the names of these services, as -/dteam/Role=NULL
    pub wn_suffix: String,
    /// Where these results go: nagios:FILE (its main configuration), spool:FOLDER, pipe:PIPE, icinga:FILE (url, user, password, ca).
    pub results: Option<Place>,
    /// So long after the last job was submitted the next one is
    pub every: Seconds,
    /// The compute element is not asked again before this has passed: two services may ask for one job
    pub fresh: Seconds,
    /// A job that is longer with the compute element before it reaches the batch system is given up
    pub timeout_submitted: Seconds,
    /// One that waits longer in the queue
    pub timeout_queued: Seconds,
    /// One that runs longer
    pub timeout_running: Seconds,
    /// One that takes longer in all
    pub timeout_global: Seconds,
    /// One that the compute element does not know for so long is gone; while it starts it may know none
    pub timeout_gone: Seconds,
    /// One for which the compute element does not answer for so long is forgotten, and taken away later
    pub timeout_discard: Seconds,
}

impl From<Raw> for Args {
    fn from(raw: Raw) -> Args {
        Args {
            hostname: raw.hostname,
            ce: raw.ce.unwrap_or_else(|| "arc".to_owned()),
            port: raw.port,
            template: raw.template,
            condor_bin: raw.condor_bin.unwrap_or_else(|| PathBuf::from("/usr/bin")),
            path: raw.path.unwrap_or_else(|| "/arex".to_owned()),
            queue: raw.queue,
            metric: raw.metric.unwrap_or_else(|| "submit".to_owned()),
            tag: raw.tag.unwrap_or_default(),
            monitor: raw.monitor,
            state_dir: raw.state_dir.unwrap_or_else(|| PathBuf::from(FOLDER)),
            reap: raw.reap,
            proxy: raw.proxy,
            cert: raw.cert,
            key: raw.key,
            voms_proxy: raw.voms_proxy,
            token: raw.token,
            no_delegation: raw.no_delegation,
            ca_dir: raw.ca_dir,
            payload: raw.payload,
            payload_arg: raw.payload_arg,
            input: raw.input,
            stage_in: raw.stage_in,
            runtime_environment: raw.runtime_environment,
            wall_time: raw.wall_time.unwrap_or(10 * MINUTE),
            memory: raw.memory.unwrap_or(512),
            language: raw.language.unwrap_or_else(|| "adl".to_owned()),
            wn: raw.wn,
            wn_arg: raw.wn_arg,
            wn_connect: raw.wn_connect,
            wn_host: raw.wn_host,
            wn_suffix: raw.wn_suffix.unwrap_or_default(),
            results: raw.results,
            every: raw.every.unwrap_or(HOUR),
            fresh: raw.fresh.unwrap_or(30),
            timeout_submitted: raw.timeout_submitted.unwrap_or(55 * MINUTE),
            timeout_queued: raw.timeout_queued.unwrap_or(5 * HOUR + 30 * MINUTE),
            timeout_running: raw.timeout_running.unwrap_or(5 * HOUR + 30 * MINUTE),
            timeout_global: raw.timeout_global.unwrap_or(11 * HOUR),
            timeout_gone: raw.timeout_gone.unwrap_or(60),
            timeout_discard: raw.timeout_discard.unwrap_or(6 * HOUR),
        }
    }
}

// Words by functions: a list of them is made and carried about by clap in every run.
fn kind(text: &str) -> Result<String, String> {
    word(text, &["arc", "htcondor", "command"])
}

fn metric(text: &str) -> Result<String, String> {
    word(text, &["submit", "state"])
}

fn language(text: &str) -> Result<String, String> {
    word(text, &["adl", "xrsl"])
}

fn word(text: &str, known: &[&str]) -> Result<String, String> {
    if known.contains(&text) { Ok(text.to_owned()) } else { Err(format!("it is none of {}", known.join(", "))) }
}

/// A length of time: 90s, 10m, 5h30m, 2d; a number alone is seconds.
fn span(text: &str) -> Result<Seconds, String> {
    let wrong = || format!("{text:?} is no length of time: write it as 90s, 10m, 5h30m or 2d");
    let (mut total, mut number) = (0_i64, None::<i64>);
    for c in text.chars() {
        let unit = match c {
            '0'..='9' => {
                let digit = i64::from(c as u8 - b'0');
                number =
                    Some(number.unwrap_or(0).checked_mul(10).and_then(|n| n.checked_add(digit)).ok_or_else(wrong)?);
                continue;
            }
            's' => 1,
            'm' => MINUTE,
            'h' => HOUR,
            'd' => DAY,
            _ => return Err(wrong()),
        };
        total += number.take().and_then(|n| n.checked_mul(unit)).ok_or_else(wrong)?;
    }
    if text.is_empty() {
        return Err(wrong());
    }
    total += number.unwrap_or(0);
    if (0..=366 * DAY).contains(&total) { Ok(total) } else { Err(wrong()) }
}

fn host(text: &str) -> Result<String, String> {
    let fine =
        (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:_".contains(&b));
    if fine { Ok(text.to_owned()) } else { Err("it is no name or address of a host".to_owned()) }
}

fn path(text: &str) -> Result<String, String> {
    let fine = text.starts_with('/') && text.bytes().all(|b| b.is_ascii_graphic());
    if fine { Ok(text.to_owned()) } else { Err("it is no path: it begins with / and has no blanks".to_owned()) }
}

fn tag(text: &str) -> Result<String, String> {
    let fine = text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
    if fine { Ok(text.to_owned()) } else { Err("it may have letters, digits, dots and dashes, at most 64".to_owned()) }
}

fn plain(text: &str) -> Result<String, String> {
    let fine = (1..=200).contains(&text.len()) && !text.chars().any(|c| c.is_control() || "\"'<>&()".contains(c));
    if fine { Ok(text.to_owned()) } else { Err("it has characters that job descriptions cannot have in it".to_owned()) }
}

/// An address, and the name that its file has beside the job: the address's last part.
fn source(text: &str) -> Result<(String, String), String> {
    let wrong = || "it is no address of a file, as https://host.example.org/path/file".to_owned();
    let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
    let scheme_fine = scheme.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
        && scheme.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let (place, path) = rest.split_once('/').ok_or_else(wrong)?;
    let name = path.rsplit('/').next().filter(|name| super::is_file_name(name)).ok_or_else(wrong)?;
    let fine = text.bytes().all(|b| b.is_ascii_graphic() && !b"\"'<>\\".contains(&b));
    if fine && scheme_fine && !place.is_empty() { Ok((name.to_owned(), text.to_owned())) } else { Err(wrong()) }
}

/// What a job is to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Our own few lines.
    Own,
    /// A file of the administrator's, which speaks as a plugin does.
    Payload,
    /// gridprobe-wn
    WorkerNode,
}

impl Args {
    /// What the job is to do.
    pub fn kind(&self) -> Kind {
        match (&self.payload, &self.wn) {
            (Some(_), _) => Kind::Payload,
            (None, Some(_)) => Kind::WorkerNode,
            (None, None) => Kind::Own,
        }
    }

    /// The port, given or usual.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.ce == "htcondor" { 9619 } else { 443 })
    }

    /// Where jobs' folders lie, of those kinds that hand one in.
    pub fn jobs_dir(&self) -> PathBuf {
        self.state_dir.join("jobs")
    }

    /// Seconds for which a proxy is needed by a job that is submitted now. A proxy is not asked to outlive the longest wait in a queue:
    /// proxies are of 12 hours as a rule.
    pub fn needed(&self) -> Seconds {
        (self.wall_time + BEYOND).max(HALF_DAY_AT_MOST.min(self.timeout_queued))
    }

    pub fn language(&self) -> Language {
        if self.language == "xrsl" { Language::Xrsl } else { Language::Adl }
    }

    /// What the names of all our jobs for this service begin with.
    pub fn prefix(&self) -> String {
        let monitor = self.monitor.clone().unwrap_or_else(|| {
            let name =
                nix::sys::utsname::uname().map(|u| u.nodename().to_string_lossy().into_owned()).unwrap_or_default();
            name.chars().filter(|c| c.is_ascii_alphanumeric() || ".-".contains(*c)).take(64).collect()
        });
        format!("gridprobe:{monitor}:{}:", self.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_name_at_their_end() {
        let named = source("https://se.example.org:443/dir/file.txt").unwrap();
        assert_eq!(named, ("file.txt".to_owned(), "https://se.example.org:443/dir/file.txt".to_owned()));
        for wrong in [
            "",
            "file",
            "http://",
            "http://host",
            "http://host/",
            "http:///x",
            "HTTP://h/x",
            "http://h/a b",
            "http://h/..",
            "http://h/stdout.txt",
            "http://h/\"x",
        ] {
            assert!(source(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn lengths_of_time_are_read() {
        assert_eq!(["90", "90s", "10m", "5h30m", "2d"].map(|t| span(t).unwrap()), [90, 90, 600, 19_800, 172_800]);
        assert!(["", "x", "m", "-1", "5w", "99999999999999999999", "400d"].iter().all(|t| span(t).is_err()));
    }
}
