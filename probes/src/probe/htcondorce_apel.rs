//! check_htcondorce_apel (org.htcondor.CE-APEL): does an HTCondor-CE turn its jobs into records for APEL? HTCondor writes a file a job into
//! `PER_JOB_HISTORY_DIR`; once an hour condor-ce-apel makes `batch-*` and `blah-*` files of them, and puts what it cannot use into
//! `quarantine/` (htcondor-ce, contrib/apelscripts). Only names and dates of files are read: 5 to 10 % of the jobs may be missing from the
//! accounting of a CE where all that follows is in order.

use crate::registry;
use crate::trust::time::{DAY, HOUR, Seconds, length};
use clap::{ArgMatches, Args as _, Command, FromArgMatches};
use plugin::{Context, Finding, Perfdata, Plugin, Range, Report, Threshold, Unit, Usage};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The probe.
pub const PLUGIN: Plugin = Plugin {
    name: "check_htcondorce_apel",
    service: "CE-APEL",
    version: registry::version,
    command: || {
        Args::augment_args(Command::new("check_htcondorce_apel"))
            .about("Accounting of an HTCondor-CE: whether its jobs become records")
    },
    run,
};

const HISTORY: &str = "/var/lib/condor/history";
const OUTPUT: &str = "/var/lib/condor-ce/apel";

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Accounting")]
struct Args {
    /// Folder of a file a job (PER_JOB_HISTORY_DIR) [default: /var/lib/condor/history]
    #[arg(long, value_name = "DIR")]
    history: Option<PathBuf>,
    /// Folder of the files for APEL [default: /var/lib/condor-ce/apel]
    #[arg(long, value_name = "DIR")]
    records: Option<PathBuf>,
    /// WARNING when a job's file has waited longer: hours, or with m, h, d [default: 2h]
    #[arg(short, long, value_name = "TIME", value_parser = super::lifetime::age_in_hours)]
    warning: Option<Range>,
    /// CRITICAL when a job's file has waited longer [default: 26h]
    #[arg(short, long, value_name = "TIME", value_parser = super::lifetime::age_in_hours)]
    critical: Option<Range>,
    /// WARNING when the newest file for APEL is older [default: 26h]
    #[arg(long, value_name = "TIME", value_parser = super::lifetime::age_in_hours)]
    newest: Option<Range>,
    /// WARNING when something was put into quarantine within this time; older ones are a note [default: 24h]
    #[arg(long, value_name = "TIME", value_parser = super::lifetime::age_in_hours)]
    quarantined: Option<Range>,
}

/// Files of a folder: how many, when the oldest and when the newest was written.
#[derive(Debug, Default, PartialEq)]
struct Files {
    count: usize,
    oldest: Option<(Seconds, String)>,
    newest: Option<(Seconds, String)>,
}

fn files(folder: &Path, wanted: impl Fn(&str) -> bool, context: &Context) -> Result<Files, String> {
    context.doing(format_args!("reading {}", folder.display()));
    let wrong = |e: std::io::Error| format!("cannot read {}: {e}", folder.display());
    let mut found = Files::default();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // What vanishes meanwhile was made a record.
        let Ok(meta) = entry.metadata() else { continue };
        if !meta.is_file() || !wanted(&name) {
            continue;
        }
        found.count += 1;
        let at = (meta.mtime(), name);
        if found.oldest.as_ref().is_none_or(|oldest| at < *oldest) {
            found.oldest = Some(at.clone());
        }
        if found.newest.as_ref().is_none_or(|newest| at > *newest) {
            found.newest = Some(at);
        }
        if found.count.is_multiple_of(1024) && context.deadline.remaining().is_zero() {
            return Err(context.deadline.over(format_args!("reading {}", folder.display())).to_string());
        }
    }
    Ok(found)
}

fn run(matches: &ArgMatches, context: &Context) -> Result<Report, Usage> {
    let args = Args::from_arg_matches(matches)?;
    let mut report = context.report(PLUGIN.service);
    let history = args.history.clone().unwrap_or_else(|| PathBuf::from(HISTORY));
    let output = args.records.clone().unwrap_or_else(|| PathBuf::from(OUTPUT));
    let limit = |range: Option<Range>, hours: Seconds| range.unwrap_or_else(|| Range::at_most((hours * HOUR) as f64));
    let age = |at: &Option<(Seconds, String)>| at.as_ref().map(|(at, _)| (context.now - at).max(0));
    let name = |at: &Option<(Seconds, String)>| at.as_ref().map(|(_, name)| name.clone()).unwrap_or_default();
    match files(&history, |name| name.starts_with("history."), context) {
        Ok(pending) => {
            let oldest = age(&pending.oldest).unwrap_or(0);
            report.headline(format!("{} jobs wait to become records", pending.count));
            report.perfdata(Perfdata::count("pending", pending.count));
            let threshold =
                Threshold { warning: Some(limit(args.warning, 2)), critical: Some(limit(args.critical, 26)) };
            let datum = Perfdata { min: Some(0.0), ..Perfdata::new("oldest", oldest as f64, Unit::Seconds) };
            report.measure(datum.judged_by(threshold), "waiting", || {
                format!("{} has waited for {}; does condor-ce-apel.timer run?", name(&pending.oldest), length(oldest))
            });
        }
        Err(why) => report.add(Finding::unknown("unreadable", why)),
    }
    let quarantine = history.join("quarantine");
    if quarantine.is_dir() {
        match files(&quarantine, |_| true, context) {
            Ok(put) => {
                report.perfdata(Perfdata::count("quarantine", put.count));
                let lately = age(&put.newest).filter(|age| !limit(args.quarantined, DAY / HOUR).alerts(*age as f64));
                let text = format!("{} jobs could not be made records and are in {}", put.count, quarantine.display());
                match lately {
                    Some(age) => {
                        report.add(Finding::warning("quarantine", format!("{text}, the last one {} ago", length(age))))
                    }
                    None if put.count > 0 => report.add(Finding::ok("quarantine", text)),
                    None => {}
                }
            }
            Err(why) => report.add(Finding::unknown("unreadable", why)),
        }
    }
    match files(&output, |name| name.starts_with("blah-"), context) {
        Ok(made) => match age(&made.newest) {
            Some(age) => {
                let datum = Perfdata { min: Some(0.0), ..Perfdata::new("newest", age as f64, Unit::Seconds) };
                let threshold = Threshold { warning: Some(limit(args.newest, 26)), critical: None };
                report.measure(datum.judged_by(threshold), "none_lately", || {
                    format!("the newest file for APEL, {}, is {} old", name(&made.newest), length(age))
                });
            }
            None => report.add(Finding::warning("none", format!("there is no blah-* file in {}", output.display()))),
        },
        Err(why) => report.add(Finding::unknown("unreadable", why)),
    }
    Ok(report)
}
