//! check_crl (eu.egi.sec.CRL, eu.egi.sec.WN-CRL): whether a service at this site finds, takes and may rely on the revocation
//! list of each authority it trusts.
//!
//! Start reading in `run` below: `lists.rs` reads the files, `consumer.rs` says what of them a service sees, `judge.rs` what a
//! list is worth, `verdict.rs` puts that together for one authority, `site.rs` for all; `memory.rs` knows the run before,
//! `single.rs` judges one file.

mod consumer;
mod fetch;
mod judge;
mod lists;
mod memory;
mod revocation;
mod single;
mod site;
mod verdict;

pub use revocation::revocation;

use super::anchors::{Anchors, authority_findings, unreadable_findings};
use super::lifetime;
use crate::registry;
use crate::trust::store::{Store, numbered_name};
use crate::trust::time::{HOUR, length};
use clap::{ArgMatches, Args as _, Command, FromArgMatches};
use consumer::Consumer;
use fetch::Task;
use judge::{Judge, Signatures};
use lists::Lists;
use memory::Memory;
use plugin::{Context, Finding, Perfdata, Plugin, Range, Report, State, Threshold, Unit, Usage};
use std::collections::BTreeSet;
use std::path::PathBuf;
use verdict::Case;

/// The probe.
pub const PLUGIN: Plugin = Plugin {
    name: "check_crl",
    service: "CRL",
    version: registry::version,
    command: || {
        Args::augment_args(Command::new("check_crl"))
            .about("Revocation lists of the trusted authorities, as a relying service sees them")
    },
    run,
};

#[derive(clap::Args, Debug)]
struct Args {
    #[command(flatten)]
    anchors: Anchors,
    #[command(flatten)]
    lists: ListArgs,
}

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Revocation lists")]
struct ListArgs {
    /// WARNING when a list holds for less than this: hours, or with m, h, d, or a range of hours
    #[arg(short, long, value_name = "TIME", default_value = "9h", value_parser = |t: &str| lifetime::parse(t, HOUR))]
    warning: Range,
    /// CRITICAL when a list holds for less than this; one that has expired always is
    #[arg(short, long, value_name = "TIME", default_value = "0h", value_parser = |t: &str| lifetime::parse(t, HOUR))]
    critical: Range,
    /// Whose view is taken
    #[arg(long, value_name = "WHO", default_value = "openssl", value_parser = ["openssl", "openssl-original", "openssl-el9", "canl"])]
    consumer: String,
    /// Remember in this file what was seen, to notice lists that go back or come late
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Also fetch what the authorities publish (.crl_url) and compare it; give it time (-t 60)
    #[arg(long, conflicts_with = "crl")]
    fetch: bool,
    /// Judge this file alone instead of the folder
    #[arg(long, value_name = "FILE")]
    crl: Option<PathBuf>,
    /// Certificate of the authority of that file [default: the one in the folder with its name]
    #[arg(long, value_name = "FILE", requires = "crl")]
    issuer: Option<PathBuf>,
    /// Say whether this serial number (hexadecimal) is revoked in that file
    #[arg(long, value_name = "HEX", requires = "crl")]
    serial: Vec<String>,
}

impl ListArgs {
    fn lifetime(&self) -> Threshold {
        Threshold::new(self.warning, self.critical)
    }

    fn consumer(&self) -> Consumer {
        Consumer::named(&self.consumer).unwrap_or(Consumer::Openssl)
    }
}

fn run(matches: &ArgMatches, context: &Context) -> Result<Report, Usage> {
    let args = Args::from_arg_matches(matches)?;
    let mut report = context.report(PLUGIN.service);
    if let Some(file) = &args.lists.crl {
        single::judge(&args, file, context, &mut report)?;
        return Ok(report);
    }
    match args.anchors.open(context) {
        Ok(store) => folder(&args, &store, context, &mut report),
        Err(finding) => report.add(finding),
    }
    Ok(report)
}

/// All authorities of a folder.
fn folder(args: &Args, store: &Store, context: &Context, report: &mut Report) {
    let now = args.anchors.now(context);
    let required = store.required();
    let mut memory = None;
    if let Some(path) = &args.lists.state {
        context.doing(format_args!("reading {}", path.display()));
        match Memory::open(path) {
            Ok(opened) => memory = Some(opened),
            Err(finding) => report.add(finding),
        }
    }
    let (lists, orphans) = read_lists(store, context);
    let mut findings = unreadable_findings(store);
    let mut sums = Sums::default();
    let mut tasks = Vec::new();
    for authority in &store.authorities {
        if context.deadline.remaining().is_zero() {
            findings.push(Finding::unknown("timeout", context.deadline.over("judging the authorities").to_string()));
            break;
        }
        let key = authority.certificate.key();
        let signatures = Signatures::by(&key);
        let judge = Judge {
            consumer: args.lists.consumer(),
            authority: &authority.certificate,
            key: &signatures,
            lifetime: args.lists.lifetime(),
            now,
        };
        let numbered = store.numbered(&authority.hash, true);
        let case = Case { store, lists: &lists, authority, numbered: &numbered, orphans: &orphans };
        let mut own = case.verdict(&judge);
        if let Some(crl) = own.list.filter(|crl| crl.bad_time.is_none()) {
            own.findings.extend(case.beside(&judge));
            if let Some(memory) = &mut memory {
                own.findings.extend(memory.compare(&authority.alias, crl, now));
            }
            sums.least_left = sums.least_left.into_iter().chain(crl.next_update.map(|next| next - now)).min();
        }
        if args.lists.fetch {
            tasks.push(Task { authority, here: own.list.map(|crl| (crl.this_update, crl.next_update)) });
        }
        sums.published += usize::from(own.list.is_some() || store.file_of(authority, "crl_url").is_some());
        // The lists of an authority that has expired itself are nobody's fault any more.
        if authority.certificate.not_after < now {
            let state = if required.contains_key(authority.stem()) { args.anchors.distribution } else { State::Ok };
            own.findings =
                own.findings.into_iter().map(|f| if f.state() > state { f.ranked(state) } else { f }).collect();
        }
        let mut of_authority = authority_findings(store, authority, &key, &args.anchors, &required, now);
        of_authority.extend(own.findings.into_iter().map(|f| f.about(&authority.alias)));
        let of_authority: Vec<Finding> = of_authority.into_iter().map(|f| args.anchors.ranked(f)).collect();
        sums.count(&of_authority);
        findings.extend(of_authority);
    }
    findings.extend(fetch::compare(store, &tasks, now, context).into_iter().map(|f| args.anchors.ranked(f)));
    if let Some(Err(finding)) = memory.map(|memory| memory.save()) {
        report.add(finding);
    }
    report.extend(site::gathered(findings, sums.published, lists.newest_file, now));
    sums.say(store, &lists, args, report);
}

/// Reads the lists under the hashes of the authorities, and when one of these has none, also those under no authority's.
fn read_lists(store: &Store, context: &Context) -> (Lists, Vec<String>) {
    let mut lists = Lists::default();
    let hashes: BTreeSet<&str> = store.authorities.iter().map(|a| a.hash.as_str()).collect();
    let old: BTreeSet<&str> = store.authorities.iter().filter_map(|a| a.old_hash.as_deref()).collect();
    let mut orphans = Vec::new();
    let mut served = BTreeSet::new();
    for name in store.names() {
        if let Some((hash, true, _)) = numbered_name(name) {
            if hashes.contains(hash) {
                lists.read(store, name, &[], context);
                served.insert(hash);
            } else if !old.contains(hash) {
                orphans.push(name.to_owned());
            }
        }
    }
    if served.len() < hashes.len() {
        for name in &orphans {
            lists.read(store, name, &[], context);
        }
    }
    (lists, orphans)
}

#[derive(Debug, Default)]
struct Sums {
    usable: usize,
    critical: usize,
    warning: usize,
    published: usize,
    least_left: Option<i64>,
}

impl Sums {
    fn count(&mut self, findings: &[Finding]) {
        match findings.iter().map(Finding::state).max().unwrap_or_default() {
            State::Ok => self.usable += 1,
            State::Warning => {
                self.usable += 1;
                self.warning += 1;
            }
            State::Critical => self.critical += 1,
            State::Unknown => {}
        }
    }

    fn say(&self, store: &Store, lists: &Lists, args: &Args, report: &mut Report) {
        let (number, entries) = lists.totals();
        let all = store.authorities.len();
        let next =
            self.least_left.filter(|left| *left > 0).map(|left| format!(", the next list expires in {}", length(left)));
        report.headline(format!("{} of {all} authorities usable{}", self.usable, next.unwrap_or_default()));
        let left = match self.least_left {
            Some(left) => Perfdata::new("min_next_update", left as f64, Unit::Seconds),
            None => Perfdata::undetermined("min_next_update", Unit::Seconds),
        };
        report.perfdata(left.judged_by(args.lists.lifetime()));
        for (label, count) in [
            ("critical", self.critical),
            ("warning", self.warning),
            ("authorities", all),
            ("crls", number),
            ("entries", entries as usize),
        ] {
            report.perfdata(Perfdata::count(label, count));
        }
    }
}
