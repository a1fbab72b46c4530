//! org.sam.WN-Env: who and where the job is, and what it was given.

use crate::options::Options;
use plugin::{Finding, Perfdata, Report, Unit};
use std::path::Path;

/// Variables that a job of the grid is looked for, shown with `-v`. Values of others may be secrets.
const SHOWN: [&str; 10] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "PWD",
    "X509_USER_PROXY",
    "X509_CERT_DIR",
    "X509_VOMS_DIR",
    "GLITE_WMS_JOBID",
    "GRID_GLOBAL_JOBID",
    "VO_OPS_SW_DIR",
];

pub(crate) fn run(options: &Options) -> Option<Report> {
    let mut report = Report::new("ENV");
    let user = nix::unistd::geteuid();
    let folder = std::env::current_dir();
    let place = folder.as_ref().map_or_else(|e| format!("no folder ({e})"), |folder| folder.display().to_string());
    report.headline(format!("user {user} in {place}"));
    if user.is_root() {
        report.add(Finding::warning("root", "the job runs as root: jobs of the grid are mapped to users of their own"));
    }
    if let Err(error) = &folder {
        report.add(Finding::critical("folder", format!("the job's folder cannot be told: {error}")));
    }
    for name in &options.variable {
        if std::env::var_os(name).is_none_or(|value| value.is_empty()) {
            report.add(Finding::critical("variable", "it is not set").about(name));
        }
    }
    if let Some(proxy) = std::env::var_os("X509_USER_PROXY").filter(|name| !name.is_empty())
        && let Err(error) = std::fs::File::open(Path::new(&proxy))
    {
        let proxy = proxy.to_string_lossy();
        report.add(Finding::critical("proxy", format!("X509_USER_PROXY names {proxy}, which cannot be read: {error}")));
    }
    for name in SHOWN {
        if let Some(value) = std::env::var_os(name) {
            report.detail(1, format!("{name}={}", plugin::text::shortened(&value.to_string_lossy(), 300)));
        }
    }
    report.perfdata(Perfdata::new("variables", std::env::vars_os().count() as f64, Unit::None));
    Some(report)
}
