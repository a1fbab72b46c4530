//! check_arc_accounting (org.nordugrid.ARC-Accounting): are the records of an ARC CE published? A-REX keeps a record of each job in
//! `accounting/accounting.db` below its control folder, and beside it, in `publishing.db`, for each target when something was published last
//! and up to which job (ARC's AccountingDB.py, schema 1). Both are only read.
//!
//! What tells that publishing lives is `LastReport`, which only a success moves; `LastEndTime` stands still where no job ends.

use crate::registry;
use crate::trust::time::{DAY, HOUR, Seconds, length};
use clap::{ArgMatches, Args as _, Command, FromArgMatches};
use plugin::{Context, Finding, Perfdata, Plugin, Range, Report, Threshold, Unit, Usage};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The probe.
pub const PLUGIN: Plugin = Plugin {
    name: "check_arc_accounting",
    service: "ARC-ACCOUNTING",
    version: registry::version,
    command: || {
        Args::augment_args(Command::new("check_arc_accounting"))
            .about("Accounting of an ARC CE: whether its records are published, to each target")
    },
    run,
};

/// Where A-REX' packages put it.
const CONTROLDIR: &str = "/var/spool/arc/jobstatus";
/// A target is published to once a day as a rule (`urdelivery_frequency`).
const FREQUENCY: Seconds = 86_000;

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Accounting")]
struct Args {
    /// A-REX' control folder [default: that of --arc-conf, else /var/spool/arc/jobstatus]
    #[arg(long, value_name = "DIR")]
    controldir: Option<PathBuf>,
    /// arc.conf, which names the control folder, the targets, and how often each is published to
    #[arg(long, value_name = "FILE")]
    arc_conf: Option<PathBuf>,
    /// WARNING when the last success is older: hours, or with m, h, d [default: twice the target's frequency, 25h at least]
    #[arg(short, long, value_name = "TIME", value_parser = super::lifetime::age_in_hours)]
    warning: Option<Range>,
    /// CRITICAL when the last success is older [default: 7d]
    #[arg(short, long, value_name = "TIME", value_parser = super::lifetime::age_in_hours)]
    critical: Option<Range>,
}

/// What arc.conf says of it.
#[derive(Debug, Default, Eq, PartialEq)]
struct Configured {
    controldir: Option<PathBuf>,
    /// Seconds by target.
    targets: BTreeMap<String, Seconds>,
}

/// A row of AccountingTargets.
#[derive(Debug)]
struct Target {
    name: String,
    last_end: Seconds,
    last_report: Seconds,
}

fn run(matches: &ArgMatches, context: &Context) -> Result<Report, Usage> {
    let args = Args::from_arg_matches(matches)?;
    let mut report = context.report(PLUGIN.service);
    let configured = match &args.arc_conf {
        Some(file) => match std::fs::read_to_string(file) {
            Ok(text) => configured(&text),
            Err(e) => {
                report.add(Finding::unknown("arc_conf", format!("cannot read {}: {e}", file.display())));
                return Ok(report);
            }
        },
        None => Configured::default(),
    };
    let usual = || PathBuf::from(CONTROLDIR);
    let folder = args.controldir.clone().or_else(|| configured.controldir.clone()).unwrap_or_else(usual);
    match judge(&args, &configured, &folder.join("accounting"), context, &mut report) {
        Ok(()) => {}
        Err(why) => report.add(Finding::unknown("unreadable", why)),
    }
    Ok(report)
}

/// Blocks `[arex/jura/apel: NAME]` and `[arex/jura/sgas: NAME]`, and `controldir` of `[arex]`.
fn configured(text: &str) -> Configured {
    let mut found = Configured::default();
    let (mut block, mut target) = (String::new(), None);
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            let (kind, name) = name.split_once(':').unwrap_or((name, ""));
            block = kind.trim().to_owned();
            target = block.starts_with("arex/jura/").then(|| name.trim().to_owned()).filter(|name| !name.is_empty());
            if let Some(target) = &target
                && block != "arex/jura/archiving"
            {
                found.targets.insert(target.clone(), FREQUENCY);
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let value = value.trim().trim_matches('"');
        match (block.as_str(), key.trim(), &target) {
            ("arex", "controldir", _) => found.controldir = Some(PathBuf::from(value)),
            (_, "urdelivery_frequency", Some(target)) => {
                if let (Ok(seconds), Some(known)) = (value.parse(), found.targets.get_mut(target)) {
                    *known = seconds;
                }
            }
            _ => {}
        }
    }
    found
}

/// A database of A-REX', for reading. It waits while A-REX writes.
fn open(file: &Path, context: &Context) -> Result<Connection, String> {
    context.doing(format_args!("reading {}", file.display()));
    let wrong = |why: String| format!("cannot read {}: {why}; may this probe's user read it?", file.display());
    if !file.is_file() {
        return Err(wrong("there is no such file".to_owned()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(file, flags).map_err(|e| wrong(e.to_string()))?;
    database.busy_timeout(context.deadline.remaining() / 2).map_err(|e| wrong(e.to_string()))?;
    let sound = database.query_row("SELECT COUNT(*) FROM sqlite_master", [], |_| Ok(()));
    match sound {
        // Without A-REX there is no -shm beside it, which only its own user may make; and nobody writes.
        Err(e) if may_not_write(&e) && !beside(file, "-wal").exists() => {
            let address = format!("file:{}?immutable=1", escaped(file));
            Connection::open_with_flags(address, flags | OpenFlags::SQLITE_OPEN_URI).map_err(|e| wrong(e.to_string()))
        }
        Err(e) => Err(wrong(e.to_string())),
        Ok(()) => Ok(database),
    }
}

fn may_not_write(e: &rusqlite::Error) -> bool {
    matches!(e.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// A path in SQLite's form of an address (RFC 3986): what has a meaning there is written by number.
fn escaped(file: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-~".contains(&b);
    file.as_os_str().as_bytes().iter().fold(String::new(), |out, b| {
        if plain(*b) { out + &char::from(*b).to_string() } else { out + &format!("%{b:02X}") }
    })
}

fn targets(database: &Connection) -> rusqlite::Result<Vec<Target>> {
    let mut rows =
        database.prepare("SELECT TargetID, LastEndTime, LastReport FROM AccountingTargets ORDER BY TargetID")?;
    let rows =
        rows.query_map([], |row| Ok(Target { name: row.get(0)?, last_end: row.get(1)?, last_report: row.get(2)? }))?;
    rows.collect()
}

fn judge(
    args: &Args,
    configured: &Configured,
    folder: &Path,
    context: &Context,
    report: &mut Report,
) -> Result<(), String> {
    let publishing = folder.join("publishing.db");
    let wrong = |file: &Path, e: rusqlite::Error| format!("cannot use {}: {e}", file.display());
    let known = if publishing.is_file() {
        targets(&open(&publishing, context)?).map_err(|e| wrong(&publishing, e))?
    } else {
        // It is made by the first publication.
        Vec::new()
    };
    let records = folder.join("accounting.db");
    let database = open(&records, context)?;
    let one = |sql: &str, since: Seconds| -> Result<(i64, Option<Seconds>), String> {
        let row = database.query_row(sql, [since], |row| Ok((row.get(0)?, row.get(1)?)));
        row.map_err(|e| wrong(&records, e))
    };
    let (all, newest) = one("SELECT COUNT(*), MAX(EndTime) FROM AAR WHERE EndTime > ?1", i64::MIN)?;
    let now = context.now;
    let ago = newest.map_or_else(
        || "no job has ended yet".to_owned(),
        |end| format!("the last job ended {} ago", length(now - end)),
    );
    report.headline(format!("{} targets, {all} records, {ago}", known.len()));
    let missing = configured.targets.keys().filter(|name| known.iter().all(|target| target.name != **name));
    for name in missing {
        report.add(
            Finding::critical("never_published", "it is configured, and nothing was ever published to it").about(name),
        );
    }
    if known.is_empty() && configured.targets.is_empty() {
        report.add(Finding::critical(
            "never_published",
            format!("nothing was ever published ({} has no target); does A-REX run jura-ng?", publishing.display()),
        ));
    }
    for target in &known {
        let frequency = configured.targets.get(&target.name).copied().unwrap_or(FREQUENCY);
        let usual = Range::at_most((2 * frequency).max(25 * HOUR) as f64);
        let threshold = Threshold {
            warning: args.warning.or(Some(usual)),
            critical: args.critical.or_else(|| Some(Range::at_most((7 * DAY) as f64))),
        };
        let age = now - target.last_report;
        let datum = Perfdata::new(format!("{}_report_age", target.name), age as f64, Unit::Seconds);
        report.measure(datum.judged_by(threshold), "report_age", || {
            format!("{}: the last publication that succeeded was {} ago; see jura-ng's log", target.name, length(age))
        });
        let sql = "SELECT COUNT(*), MIN(EndTime) FROM AAR WHERE EndTime > ?1";
        let (waiting, oldest) = one(sql, target.last_end)?;
        report.perfdata(Perfdata::count(format!("{}_backlog", target.name), usize::try_from(waiting).unwrap_or(0)));
        if let Some(oldest) = oldest.filter(|oldest| usual.alerts((now - oldest) as f64)) {
            report.add(
                Finding::warning(
                    "backlog",
                    format!(
                        "{waiting} records are not published, of jobs that ended up to {} ago, though a publication succeeded {} ago",
                        length(now - oldest),
                        length(age)
                    ),
                )
                .about(&target.name),
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arc_conf_names_folder_and_targets() {
        let text = "[common]\n[arex]\ncontroldir = /var/spool/arc/x\n[arex/jura]\nurdelivery_frequency=1\n\
            [arex/jura/archiving]\n[arex/jura/apel: EGI]\ntargeturl=https://x\nurdelivery_frequency = 3600\n[arex/jura/sgas:S]\n";
        let found = configured(text);
        assert_eq!(found.controldir, Some("/var/spool/arc/x".into()));
        assert_eq!(found.targets, BTreeMap::from([("EGI".to_owned(), 3600), ("S".to_owned(), FREQUENCY)]));
    }
}
