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
#[command(
    about = "Reads a BDII once over two connections and judges it: reachable, fresh, complete, and what it publishes by the rules of GLUE 1.3, GLUE 2.0 and EGI's profile; against GOCDB where asked for."
)]
pub struct Options {
    /// Host name or address of the BDII, or ldap://HOST:PORT
    #[arg(short = 'H', long, value_name = "HOST", required_unless_present = "explain")]
    pub host: Option<String>,
    /// Port [default: 2170]
    #[arg(short, long)]
    pub port: Option<u16>,
    /// Judge only this site
    #[arg(short, long, value_name = "NAME")]
    pub site: Option<String>,
    /// GLUE 1.3 [default: auto]
    #[arg(long, value_enum, value_name = "WANT")]
    pub glue1: Option<Want>,
    /// GLUE 2.0 [default: require]
    #[arg(long, value_enum, value_name = "WANT")]
    pub glue2: Option<Want>,
    /// Judge reachability, freshness and counts only, not what is published
    #[arg(long)]
    pub no_content: bool,
    /// Only one bind and one look at the base: does it answer, and how quickly (org.nagios.BDII-Check)
    #[arg(long, conflicts_with_all = ["no_content", "gocdb", "state", "sweep", "findings"])]
    pub reachable: bool,
    /// Seconds to the first answer: range for WARNING [default: 20]
    #[arg(short, long, value_name = "RANGE")]
    pub warning: Option<String>,
    /// Seconds to the first answer: range for CRITICAL [default: 40]
    #[arg(short, long, value_name = "RANGE")]
    pub critical: Option<String>,
    /// Entries in all: range for WARNING
    #[arg(long, value_name = "RANGE")]
    pub entries_warning: Option<String>,
    /// Entries in all: range for CRITICAL
    #[arg(long, value_name = "RANGE")]
    pub entries_critical: Option<String>,
    /// Services (GlueService and GLUE2Service): range for CRITICAL [default: 1:]
    #[arg(long, value_name = "RANGE")]
    pub services_critical: Option<String>,
    /// Seconds since the BDII's last update: range for WARNING [default: 1800]
    #[arg(long, value_name = "RANGE")]
    pub freshness_warning: Option<String>,
    /// Seconds since the BDII's last update: range for CRITICAL [default: 7200]
    #[arg(long, value_name = "RANGE")]
    pub freshness_critical: Option<String>,
    /// Hours after which a site of which nothing was renewed is a WARNING (GW006) [default: 24]
    #[arg(long, value_name = "HOURS")]
    pub site_age: Option<u32>,
    /// A site's own rules, severities, silences and lists, in TOML
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// Explain a rule by its id and end
    #[arg(long, value_name = "ID")]
    pub explain: Option<String>,
    /// GOCDB's services (get_service or get_service_endpoint): a file that something else keeps fresh, or a URL
    #[arg(long, value_name = "FILE|URL")]
    pub gocdb: Option<String>,
    /// Where what came from the URL is kept; it is asked for again after --gocdb-refresh
    #[arg(long, value_name = "FILE", requires = "gocdb")]
    pub gocdb_cache: Option<PathBuf>,
    /// Minutes for which the cache is used without asking [default: 60]
    #[arg(long, value_name = "MINUTES")]
    pub gocdb_refresh: Option<u32>,
    /// Hours after which GOCDB's file, or its cache, is too old: WARNING [default: 24]
    #[arg(long, value_name = "HOURS")]
    pub gocdb_age: Option<u32>,
    /// Write the differences from GOCDB into this file, as JSON
    #[arg(long, value_name = "FILE", requires = "gocdb")]
    pub gocdb_report: Option<PathBuf>,
    /// Where the last run is remembered: tells what has vanished and what is new
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Hours for which it is told that something has vanished [default: 24]
    #[arg(long, value_name = "HOURS")]
    pub hold: Option<u32>,
    /// Write a passive result for every site into this file, as Nagios' external commands; or hand them in: nagios:FILE (its main
    /// configuration), spool:FOLDER, pipe:PIPE, icinga:FILE (url, user, password, ca)
    #[arg(long, value_name = "FILE|PLACE", conflicts_with = "site")]
    pub sweep: Option<PathBuf>,
    /// The service of the passive results [default: org.bdii.Site]
    #[arg(long, value_name = "NAME")]
    pub sweep_service: Option<String>,
    /// Write every finding into this file: id, severity, site, entry and what is wrong, between tabs
    #[arg(long, value_name = "FILE")]
    pub findings: Option<PathBuf>,
    /// Entries that are named of each rule [default: 5]
    #[arg(long, value_name = "COUNT")]
    pub first: Option<usize>,
    /// Kilobytes of one entry that are read; a longer one is skipped and told (GW005) [default: 1024]
    #[arg(long, value_name = "KB")]
    pub max_entry: Option<u32>,
    /// Entries in all that are read [default: 2000000]
    #[arg(long, value_name = "COUNT")]
    pub max_entries: Option<u64>,
    /// Judge as if it were this second since 1970, for recordings
    #[arg(long, value_name = "SECONDS", hide = true)]
    pub at: Option<i64>,
}

// What an option is when it is not given. clap would set it in every run and carry it about: an eighth of what a plain run costs.
impl Options {
    pub(super) fn port(&self) -> u16 {
        self.port.unwrap_or(2170)
    }

    pub(super) fn glue1(&self) -> Want {
        self.glue1.unwrap_or(Want::Auto)
    }

    pub(super) fn glue2(&self) -> Want {
        self.glue2.unwrap_or(Want::Require)
    }

    pub(super) fn warning(&self) -> &str {
        self.warning.as_deref().unwrap_or("20")
    }

    pub(super) fn critical(&self) -> &str {
        self.critical.as_deref().unwrap_or("40")
    }

    pub(super) fn services_critical(&self) -> &str {
        self.services_critical.as_deref().unwrap_or("1:")
    }

    pub(super) fn freshness_warning(&self) -> &str {
        self.freshness_warning.as_deref().unwrap_or("1800")
    }

    pub(super) fn freshness_critical(&self) -> &str {
        self.freshness_critical.as_deref().unwrap_or("7200")
    }

    pub(super) fn site_age(&self) -> u32 {
        self.site_age.unwrap_or(24)
    }

    pub(super) fn gocdb_age(&self) -> u32 {
        self.gocdb_age.unwrap_or(24)
    }

    pub(super) fn hold(&self) -> u32 {
        self.hold.unwrap_or(24)
    }

    pub(super) fn sweep_service(&self) -> &str {
        self.sweep_service.as_deref().unwrap_or("org.bdii.Site")
    }

    pub(super) fn first(&self) -> usize {
        self.first.unwrap_or(5)
    }

    pub(super) fn max_entry(&self) -> u32 {
        self.max_entry.unwrap_or(1024)
    }

    pub(super) fn max_entries(&self) -> u64 {
        self.max_entries.unwrap_or(2_000_000)
    }

    pub(super) fn gocdb_refresh(&self) -> u32 {
        self.gocdb_refresh.unwrap_or(60)
    }
}
