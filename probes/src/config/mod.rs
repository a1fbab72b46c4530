//! `gridprobe config`: what a region's Nagios has to watch, from what GOCDB has registered and what profiles call for: hosts, services with
//! the custom variables by which the alarm filter and others know them (as SAM's NCG wrote them), and a host group for each site
//! and service type. The commands are those of contrib/nagios/gridprobe.cfg.
//!
//! Start reading in [`main`]; `plan.rs` decides what is watched, `nagios.rs` writes it.

pub mod nagios;
pub mod plan;

use crate::net::http::{self, Answer, Trust};
use crate::probe::bdii::gocdb::Registry;
use clap::{Args, Command, FromArgMatches};
use plan::Plan;
use plugin::Context;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// GOCDB may take so long.
const PATIENCE: Duration = Duration::from_secs(120);
/// Its answer is not longer: all of EGI's services are some 20 MB.
const LONGEST: u64 = 256 << 20;

/// What can be said to it.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// GOCDB's answer to get_service or get_service_endpoint: a file, the folder that it lies in, or an address; may be given again
    #[arg(long, value_name = "FILE|FOLDER|URL", required = true)]
    pub gocdb: Vec<String>,
    /// A profile, as profiles/roc_operators.toml: which metrics of which service types; may be given again
    #[arg(long, value_name = "FILE", required = true)]
    pub profile: Vec<PathBuf>,
    /// Only services of this region (ROC_NAME)
    #[arg(long, value_name = "NAME")]
    pub region: Option<String>,
    /// Only services of this site; may be given again
    #[arg(long, value_name = "NAME")]
    pub site: Vec<String>,
    /// The VO of jobs [default: that of the first profile, else ops]
    #[arg(long, value_name = "NAME")]
    pub vo: Option<String>,
    /// Also services that are not in production, or that GOCDB says are not to be monitored
    #[arg(long)]
    pub all: bool,
    /// The command that tells whether a host is up
    #[arg(long, value_name = "COMMAND", default_value = "check-host-alive")]
    pub host_check: String,
    /// Into this file, which is replaced as a whole [default: to standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// As clap sees it.
pub fn command() -> Command {
    let about = "Writes the hosts and services of a region for Nagios, from GOCDB and profiles";
    Options::augment_args(Command::new("config")).about(about).max_term_width(120)
}

/// Runs what the arguments, `config` first, say. The exit code is 0 when all is written, 1 when something was left out (each is named on
/// standard error), 3 when nothing could be written.
pub fn main(args: Vec<OsString>) -> u8 {
    let parsed =
        command().bin_name("gridprobe config").try_get_matches_from(args).and_then(|m| Options::from_arg_matches(&m));
    let options = match parsed {
        Ok(options) => options,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { 3 } else { 0 };
        }
    };
    let plan = match read(&options) {
        Ok(plan) => plan,
        Err(why) => return failed(&why),
    };
    for line in &plan.left_out {
        eprintln!("gridprobe config: {}", plugin::text::line(line));
    }
    let text = nagios::write(&plan, &options.host_check);
    let written = match &options.output {
        Some(path) => replace(path, &text).map_err(|e| format!("cannot write {}: {e}", path.display())),
        None => std::io::stdout().write_all(text.as_bytes()).map_err(|e| e.to_string()),
    };
    if let Err(why) = written {
        return failed(&why);
    }
    let (hosts, services) = (plan.hosts.len(), plan.hosts.values().map(|h| h.services.len()).sum::<usize>());
    eprintln!("gridprobe config: {hosts} hosts with {services} services of {} sites", plan.sites().len());
    u8::from(!plan.left_out.is_empty())
}

fn failed(why: &str) -> u8 {
    eprintln!("gridprobe config: {why}; nothing is written");
    3
}

fn read(options: &Options) -> Result<Plan, String> {
    let profiles = options.profile.iter().map(|path| plan::Profile::read(path)).collect::<Result<Vec<_>, _>>()?;
    let mut plan = Plan::new(options, &profiles);
    for place in &options.gocdb {
        let registry = answer(place).and_then(|bytes| Registry::read(&bytes)).map_err(|e| format!("{place}: {e}"))?;
        registry.all.iter().for_each(|service| plan.add(service));
    }
    if plan.hosts.is_empty() {
        return Err(
            "no service that is registered has a type of these profiles; look at --region, --site and --all".into()
        );
    }
    Ok(plan)
}

/// What GOCDB said; in a folder as the alarm filter keeps it under the method's name.
fn answer(place: &str) -> Result<Vec<u8>, String> {
    if place.starts_with("http://") || place.starts_with("https://") {
        let context = Context::new("gridprobe", PATIENCE, 0);
        let mut bytes = Vec::new();
        return match http::get(place, None, LONGEST, Trust::Machine, &context)? {
            Answer::Body(mut body) => body.read_to_end(&mut bytes).map(|_| bytes).map_err(|e| e.to_string()),
            Answer::NotModified => Err("it says that it has not changed, and was not asked that".to_owned()),
        };
    }
    let names = ["get_service.xml", "get_service_endpoint.xml"];
    let inside = names.iter().map(|name| Path::new(place).join(name)).find(|file| file.is_file());
    std::fs::read(inside.unwrap_or_else(|| place.into())).map_err(|e| format!("it cannot be read: {e}"))
}

/// A Nagios that reads it meanwhile sees the old one or the new one.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let mut file = std::fs::File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_data()?;
    std::fs::rename(&new, path)
}
