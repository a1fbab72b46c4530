//! The command line of check_bdii.
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What is asked of a kind of information.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Want {
    /// Judged where it is published; its absence is no fault.
    Auto,
    /// Its absence is CRITICAL.
    Require,
    /// Not read.
    Off,
}

/// Options.
#[derive(Debug, Clone, Args)]
#[command(about = "Reads a BDII once over two connections and judges it: reachable, fresh, complete, and what it publishes by the rules of GLUE 1.3, GLUE 2.0 and EGI's profile; against GOCDB where asked for.")]
pub struct Options {
    /// Host name or address of the BDII, or ldap://HOST:PORT
    #[arg(short = 'H', long, value_name = "HOST", required_unless_present = "explain")]
    pub host: Option<String>,
    /// Port
    #[arg(short, long, default_value_t = 2170)]
    pub port: u16,
    /// Judge only this site
    #[arg(short, long, value_name = "NAME")]
    pub site: Option<String>,
    /// GLUE 1.3
    #[arg(long, value_enum, default_value_t = Want::Auto, value_name = "WANT")]
    pub glue1: Want,
    /// GLUE 2.0
    #[arg(long, value_enum, default_value_t = Want::Require, value_name = "WANT")]
    pub glue2: Want,
    /// Judge reachability, freshness and counts only, not what is published
    #[arg(long)]
    pub no_content: bool,
    /// Seconds to the first answer: range for WARNING
    #[arg(short, long, default_value = "20", value_name = "RANGE")]
    pub warning: String,
    /// Seconds to the first answer: range for CRITICAL
    #[arg(short, long, default_value = "40", value_name = "RANGE")]
    pub critical: String,
    /// Entries in all: range for WARNING
    #[arg(long, value_name = "RANGE")]
    pub entries_warning: Option<String>,
    /// Entries in all: range for CRITICAL
    #[arg(long, value_name = "RANGE")]
    pub entries_critical: Option<String>,
    /// Services (GlueService and GLUE2Service): range for CRITICAL
    #[arg(long, default_value = "1:", value_name = "RANGE")]
    pub services_critical: String,
    /// Seconds since the BDII's last update: range for WARNING
    #[arg(long, default_value = "1800", value_name = "RANGE")]
    pub freshness_warning: String,
    /// Seconds since the BDII's last update: range for CRITICAL
    #[arg(long, default_value = "7200", value_name = "RANGE")]
    pub freshness_critical: String,
    /// Hours after which a site of which nothing was renewed is a WARNING (GW006)
    #[arg(long, default_value_t = 24, value_name = "HOURS")]
    pub site_age: u32,
    /// A site's own rules, severities, silences and lists, in TOML
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// Explain a rule by its id and end
    #[arg(long, value_name = "ID")]
    pub explain: Option<String>,
    /// GOCDB's services (get_service or get_service_endpoint), as a file that something else keeps fresh
    #[arg(long, value_name = "FILE")]
    pub gocdb: Option<PathBuf>,
    /// Hours after which the file of GOCDB is too old: WARNING
    #[arg(long, default_value_t = 24, value_name = "HOURS")]
    pub gocdb_age: u32,
    /// Write the differences from GOCDB into this file, as JSON
    #[arg(long, value_name = "FILE", requires = "gocdb")]
    pub gocdb_report: Option<PathBuf>,
    /// Where the last run is remembered: tells what has vanished and what is new
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Hours for which it is told that something has vanished
    #[arg(long, default_value_t = 24, value_name = "HOURS")]
    pub hold: u32,
    /// Write a passive result for every site into this file, as Nagios' external commands
    #[arg(long, value_name = "FILE", conflicts_with = "site")]
    pub sweep: Option<PathBuf>,
    /// The service of the passive results
    #[arg(long, default_value = "org.bdii.Site", value_name = "NAME")]
    pub sweep_service: String,
    /// Write every finding into this file: id, severity, site, entry and what is wrong, between tabs
    #[arg(long, value_name = "FILE")]
    pub findings: Option<PathBuf>,
    /// Entries that are named of each rule
    #[arg(long, default_value_t = 5, value_name = "COUNT")]
    pub first: usize,
    /// Kilobytes of one entry that are read; a longer one is skipped and told (GW005)
    #[arg(long, default_value_t = 1024, value_name = "KB")]
    pub max_entry: u32,
    /// Entries in all that are read
    #[arg(long, default_value_t = 4_000_000, value_name = "COUNT")]
    pub max_entries: u64,
    /// Judge as if it were this second since 1970, for recordings
    #[arg(long, value_name = "SECONDS", hide = true)]
    pub at: Option<i64>,
}
