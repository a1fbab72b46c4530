//! The command line.

use crate::check::{self, CHECKS};
use clap::Parser;
use std::net::SocketAddr;
use std::path::PathBuf;

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
