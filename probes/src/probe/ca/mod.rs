//! check_ca (hr.srce.CADist-Check, org.sam.WN-CAver): whether the IGTF distribution is installed as it was made: complete, not
//! outdated, with the right certificates, links and policies.
//!
//! Start reading in `run` below: `distribution.rs` compares with the policies that are installed, `release.rs` with what was
//! released since, `authority.rs` looks at the files of one authority.

mod authority;
mod distribution;
mod release;

use super::anchors::{Anchors, authority_findings, unreadable_findings};
use crate::registry;
use crate::trust::info::Info;
use crate::trust::store::Store;
use clap::{ArgMatches, Args as _, Command, FromArgMatches};
use plugin::{Context, Finding, Perfdata, Plugin, Report, State, Usage};
use std::collections::{BTreeMap, BTreeSet};

/// The probe.
pub const PLUGIN: Plugin = Plugin {
    name: "check_ca",
    service: "CA",
    version: registry::version,
    command: || Args::augment_args(Command::new("check_ca")).about("The installed distribution of trusted authorities"),
    run,
};

#[derive(clap::Args, Debug)]
struct Args {
    #[command(flatten)]
    anchors: Anchors,
    #[command(flatten)]
    release: ReleaseArgs,
}

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Distribution")]
struct ReleaseArgs {
    /// Release file of the distribution (ca-policy-egi-core.release), XML: a path or an address
    #[arg(long, value_name = "FILE|URL")]
    release: Option<String>,
    /// List of its packages (ca-policy-egi-core.list): a path or an address
    #[arg(long, value_name = "FILE|URL")]
    packages: Option<String>,
    /// List of the packages that were withdrawn (ca-policy-egi-core.obsoleted): a path or an address
    #[arg(long, value_name = "FILE|URL")]
    obsoleted: Option<String>,
    /// WARNING so many days after a newer release
    #[arg(short, long, value_name = "DAYS", default_value_t = 3)]
    warning: i64,
    /// CRITICAL so many days after a newer release
    #[arg(short, long, value_name = "DAYS", default_value_t = 8)]
    critical: i64,
    /// Metadata in files are copies; WARNING when they are older than so many hours
    #[arg(long, value_name = "HOURS", default_value_t = 48)]
    metadata_age: i64,
    /// How bad it is when an authority of the distribution is not installed
    #[arg(long, value_name = "STATE", default_value = "warning")]
    missing: State,
}

fn run(matches: &ArgMatches, context: &Context) -> Result<Report, Usage> {
    let args = Args::from_arg_matches(matches)?;
    if args.release.critical < args.release.warning {
        return Err(Usage("--critical must not be less than --warning".to_owned()));
    }
    let mut report = context.report(PLUGIN.service);
    match args.anchors.open(context) {
        Ok(store) => folder(&args, &store, context, &mut report),
        Err(finding) => report.add(finding),
    }
    Ok(report)
}

/// What was read of a folder beside its certificates.
struct Installed {
    /// The .info of each authority, by alias.
    infos: BTreeMap<String, Info>,
    /// What the policies require: alias to version and policy.
    required: BTreeMap<String, (String, String)>,
}

fn folder(args: &Args, store: &Store, context: &Context, report: &mut Report) {
    let now = args.anchors.now(context);
    let mut installed = Installed { infos: BTreeMap::new(), required: store.required() };
    let mut findings = unreadable_findings(store);
    for authority in &store.authorities {
        let Some(name) = store.file_of(authority, "info") else { continue };
        match store.text(&name) {
            Ok(text) => drop(installed.infos.insert(authority.alias.clone(), Info::read(&text))),
            Err(e) => findings.push(
                Finding::unknown("unreadable", format!("cannot read {name}: {e}; let this probe's user read it"))
                    .about(&authority.alias),
            ),
        }
    }
    let version = distribution::version(&installed);
    for authority in &store.authorities {
        if context.deadline.remaining().is_zero() {
            findings.push(Finding::unknown("timeout", context.deadline.over("judging the authorities").to_string()));
            break;
        }
        context.doing(format_args!("reading the files of {} in {}", authority.alias, store.folder().display()));
        let key = authority.certificate.key();
        findings.extend(authority_findings(store, authority, &key, &args.anchors, &installed.required, now));
        findings.extend(authority::findings(store, authority, &installed, version));
    }
    findings.extend(distribution::findings(store, &installed, args));
    let released = release::findings(args, store, &installed, version, now, context);
    findings.extend(released);
    let findings: Vec<Finding> = findings.into_iter().map(|f| args.anchors.ranked(f)).collect();
    say(store, &installed, version, &findings, report);
    report.extend(findings);
}

fn say(store: &Store, installed: &Installed, version: Option<&str>, findings: &[Finding], report: &mut Report) {
    let of = match version {
        Some(version) => format!("release {version}"),
        None => "no distribution that says its version".to_owned(),
    };
    let all = store.authorities.len();
    report.headline(format!("{all} authorities, {of}"));
    let with = |state| {
        findings.iter().filter(|f| f.state() == state).map(|f| f.subject.as_str()).collect::<BTreeSet<_>>().len()
    };
    for (label, count) in [
        ("critical", with(State::Critical)),
        ("warning", with(State::Warning)),
        ("authorities", all),
        ("required", installed.required.len()),
    ] {
        report.perfdata(Perfdata::count(label, count));
    }
}
