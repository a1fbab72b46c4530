//! gridprobe-wn: what a job finds on its worker node. `check_ce --wn` sends it there as the payload of its job; it prints one JSON
//! document (`document.rs`) and ends with 0 whatever it found: that the job ran is one verdict, what it found are others.
//!
//! Nothing may be taken for granted on a worker node: no library (it is linked statically: `cargo wn`), no home, no name service
//! (addresses are given by number), no folder that can be written, file systems that hang. Start reading in [`main`]; each check
//! is a file of `check/`, is run in a thread of its own, and is given up alone.

mod check;
mod document;

use check::{CHECKS, Check};
use clap::Parser;
use document::{Document, Outcome};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Looks at the worker node it runs on and prints what it finds as JSON.
#[derive(Clone, Debug, Parser)]
#[command(name = "gridprobe-wn", version, max_term_width = 120)]
pub(crate) struct Options {
    /// Name of the job, said again in the answer
    #[arg(long, value_name = "NAME", default_value = "")]
    pub job: String,
    /// Only this check, as org.sam.WN-Env; may be given again [default: all that are configured]
    #[arg(long, value_name = "NAME", value_parser = CHECKS.map(|check| check.name))]
    pub check: Vec<String>,
    /// A check is given up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub limit: u64,

    /// An environment variable that must be set; may be given again
    #[arg(long, value_name = "NAME", help_heading = "Environment and software")]
    pub variable: Vec<String>,
    /// A program that must be in the PATH; may be given again
    #[arg(long, value_name = "NAME", help_heading = "Environment and software")]
    pub program: Vec<String>,
    /// A folder or file that must be there, as /cvmfs/grid.cern.ch; may be given again
    #[arg(long, value_name = "PATH", help_heading = "Environment and software")]
    pub path: Vec<PathBuf>,

    /// Folder of the trust anchors [default: X509_CERT_DIR, else /etc/grid-security/certificates, else CVMFS']
    #[arg(long, value_name = "DIR", help_heading = "Trust anchors")]
    pub ca_dir: Option<PathBuf>,
    /// The distribution of IGTF that there should be at least, as 1.131
    #[arg(long, value_name = "VERSION", help_heading = "Trust anchors")]
    pub igtf: Option<String>,

    /// Scratch folder [default: TMPDIR, else where the job was started]
    #[arg(long, value_name = "DIR", help_heading = "Scratch space")]
    pub scratch: Option<PathBuf>,
    /// WARNING when less is free
    #[arg(long, value_name = "MIB", default_value_t = 10_240, help_heading = "Scratch space")]
    pub scratch_warning: u64,
    /// CRITICAL when less is free
    #[arg(long, value_name = "MIB", default_value_t = 1024, help_heading = "Scratch space")]
    pub scratch_critical: u64,

    /// A server of NTP to compare the clock with, by its number, as 192.0.2.1 or 192.0.2.1:123
    #[arg(long, value_name = "ADDRESS", value_parser = check::clock::server, help_heading = "Clock and network")]
    pub ntp: Option<SocketAddr>,
    /// WARNING when the clock is off by more
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, help_heading = "Clock and network")]
    pub clock_warning: f64,
    /// CRITICAL when the clock is off by more: proxies and tokens are refused from five minutes on
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0, help_heading = "Clock and network")]
    pub clock_critical: f64,
    /// A server that must be reachable, as srm.example.org=192.0.2.7:8443, or the number and port alone; may be given again
    #[arg(long, value_name = "NAME=ADDRESS:PORT", value_parser = check::network::target, help_heading = "Clock and network")]
    pub connect: Vec<check::network::Target>,
}

fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => Arc::new(options),
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 3 } else { 0 });
        }
    };
    let begun = now();
    let mut document = Document::new(&options.job, begun);
    document.results = all(&options);
    document.ended = now();
    println!("{}", document.json());
    // What still hangs in a file system hangs alone.
    std::process::exit(0)
}

/// Runs the checks side by side; one that hangs is answered for.
fn all(options: &Arc<Options>) -> Vec<Outcome> {
    let wanted = |check: &&Check| options.check.is_empty() || options.check.iter().any(|name| name == check.name);
    let chosen: Vec<Check> = CHECKS.iter().filter(wanted).copied().collect();
    let (sender, receiver) = channel();
    for (number, check) in chosen.iter().copied().enumerate() {
        let (sender, options) = (sender.clone(), Arc::clone(options));
        let thread = std::thread::Builder::new().name(check.name.to_owned());
        // Where no thread can be had its check is answered for below.
        let _ = thread.spawn(move || sender.send((number, (check.run)(&options))));
    }
    drop(sender);
    let end = Instant::now() + Duration::from_secs(options.limit);
    let mut answers: Vec<_> = chosen.iter().map(|_| None).collect();
    while let Ok((number, answer)) = receiver.recv_timeout(end.saturating_duration_since(Instant::now())) {
        answers[number] = Some(answer);
    }
    let given_up = |check: &Check| Some(Outcome::given_up(check, options.limit));
    let outcome = |(check, answer): (&Check, Option<Option<plugin::Report>>)| match answer {
        Some(report) => report.map(|report| Outcome::of(check, &report)),
        None => given_up(check),
    };
    chosen.iter().zip(answers).filter_map(outcome).collect()
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
