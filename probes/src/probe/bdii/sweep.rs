//! A verdict for every site of a top-level BDII, as passive results, into a file or one of [`crate::sink`].
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::gocdb::{Difference, Registry, What};
use super::judge::Judge;
use super::nodes::Site;
use super::tables::{RowId, Severity, Tables};
use crate::sink::PassiveResult;
use crate::sink::place::Place;
use plugin::State;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

/// The longest record, in bytes: what Nagios' command pipe takes in one write.
const RECORD: usize = 4096;

/// What is known of one site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SiteVerdict {
    /// Entries in GLUE 1.3 and GLUE 2.0.
    pub entries: [u64; 2],
    /// Services in both.
    pub services: u64,
    /// The newest creation time: seconds since 1970.
    pub newest: Option<i64>,
    /// By rule: how often, and where first.
    pub rules: BTreeMap<RowId, (u64, String)>,
    /// Whether GOCDB has the site and the BDII does not.
    pub missing: bool,
}

/// Joins what two judges and GOCDB say of each site, by its name.
pub fn verdicts(judges: [&Judge<'_>; 2], differences: &[Difference]) -> BTreeMap<String, SiteVerdict> {
    let mut all: BTreeMap<String, SiteVerdict> = BTreeMap::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut entry_name = |name: &str| names.entry(name.to_lowercase()).or_insert_with(|| name.to_owned()).clone();
    for (at, judge) in judges.into_iter().enumerate() {
        for (site, count) in judge.counts.iter().filter(|(site, _)| **site != Site(0)) {
            let verdict = all.entry(entry_name(judge.nodes.site_name(*site))).or_default();
            verdict.entries[at] += count.entries;
            verdict.services += count.services;
            verdict.newest = verdict.newest.max(count.newest);
        }
        for (site, rules) in &judge.findings.sites {
            let verdict = all.entry(entry_name(judge.nodes.site_name(*site))).or_default();
            for (row, (count, dn)) in rules {
                let known = verdict.rules.entry(*row).or_insert_with(|| (0, dn.clone()));
                known.0 += count;
            }
        }
    }
    for difference in differences {
        let verdict = all.entry(entry_name(&difference.site)).or_default();
        verdict.missing |= difference.what == What::SiteMissing;
    }
    all.remove("");
    all
}

impl SiteVerdict {
    /// The state that follows.
    pub fn state(&self, tables: &Tables, complete: bool) -> State {
        let worst = self.rules.keys().map(|row| tables.row(*row).severity).max().unwrap_or(Severity::Off);
        if self.missing {
            return State::Critical;
        }
        match worst {
            // In a part of an answer nothing can be said of what is not there.
            _ if !complete => State::Unknown,
            Severity::Error => State::Critical,
            Severity::Warning => State::Warning,
            Severity::Info | Severity::Off => State::Ok,
        }
    }

    /// One line about it.
    pub fn text(&self, tables: &Tables, complete: bool, now: i64) -> String {
        let state = self.state(tables, complete);
        let mut out = format!("BDII {state}: ");
        if !complete {
            out.push_str("only a part of the top-level BDII could be read; ");
        }
        let mut rows: Vec<(Severity, &RowId, &(u64, String))> =
            self.rules.iter().map(|(row, found)| (tables.row(*row).severity, row, found)).collect();
        rows.sort_by_key(|(severity, row, _)| (std::cmp::Reverse(*severity), **row));
        let [glue1, glue2] = self.entries;
        let _ = write!(out, "{} entries, {} services", glue1 + glue2, self.services);
        if let Some(newest) = self.newest {
            let _ = write!(out, ", newest {} ago", super::glue2::span(now - newest));
        }
        for (severity, row, (count, first)) in rows.iter().filter(|(severity, ..)| *severity > Severity::Info) {
            let row = tables.row(**row);
            let _ = write!(out, "; {} {} x{count} {}: {}", severity.name(), row.id, row.message, clean(first));
        }
        let count =
            |wanted| rows.iter().filter(|(severity, ..)| *severity == wanted).map(|(.., found)| found.0).sum::<u64>();
        let _ = write!(
            out,
            "|entries={};;;0 glue1={glue1};;;0 glue2={glue2};;;0 errors={};;;0 warnings={};;;0 infos={};;;0",
            glue1 + glue2,
            count(Severity::Error),
            count(Severity::Warning),
            count(Severity::Info)
        );
        out
    }
}

/// Text for a line of external commands.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() {
                ' '
            } else if c == '|' {
                '/'
            } else {
                c
            }
        })
        .collect()
}

/// For each site the result of `service` on the site's host, which is that of its Site-BDII in GOCDB or the site's name.
pub fn results(
    verdicts: &BTreeMap<String, SiteVerdict>,
    tables: &Tables,
    registry: Option<&Registry>,
    service: &str,
    complete: bool,
    now: i64,
) -> Vec<PassiveResult> {
    let at = UNIX_EPOCH + Duration::from_secs(u64::try_from(now).unwrap_or(0));
    let result = |(site, verdict): (&String, &SiteVerdict)| {
        let bdii = registry.and_then(|registry| {
            let fits = |one: &&super::gocdb::Registered| {
                one.kind.eq_ignore_ascii_case("Site-BDII") && one.site.eq_ignore_ascii_case(site)
            };
            registry.all.iter().find(fits).map(|one| one.host.as_str())
        });
        PassiveResult {
            host: clean(bdii.unwrap_or(site)).replace(';', "_"),
            service: Some(clean(service).replace(';', "_")),
            code: verdict.state(tables, complete).exit_code(),
            output: verdict.text(tables, complete, now),
            times: (at, at),
        }
    };
    verdicts.iter().map(result).collect()
}

/// The same as lines of external commands, each shortened to what the command pipe takes.
pub fn records(results: &[PassiveResult], now: i64) -> String {
    let mut out = String::new();
    for result in results {
        let service = result.service.as_deref().unwrap_or_default();
        let mut record = format!("[{now}] PROCESS_SERVICE_CHECK_RESULT;{};{service};{};", result.host, result.code);
        let (said, data) = result.output.split_once('|').unwrap_or((&result.output, ""));
        let room = RECORD.saturating_sub(record.len() + data.len() + 2);
        let mut end = said.len().min(room);
        while !said.is_char_boundary(end) {
            end -= 1;
        }
        record.push_str(&said[..end]);
        record.push('|');
        record.push_str(data);
        out.push_str(&record);
        out.push('\n');
    }
    out
}

/// Writes them into a file, or hands them in at a place; a line about it.
///
/// # Errors
/// One line: where they could not be written, or which of them were not taken.
pub fn deliver(to: &Path, results: &[PassiveResult], now: i64) -> Result<String, String> {
    let Ok(place) = to.to_str().unwrap_or_default().parse::<Place>() else {
        super::history::replace(to, records(results, now))?;
        return Ok(format!("{} verdicts of sites are in {}", results.len(), to.display()));
    };
    let delivery = place.open()?.submit(results)?;
    let some = |names: Vec<String>| {
        let more = names.len().saturating_sub(5);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", names[..names.len().min(5)].join(", "))
    };
    let hosts = |names: &[String]| names.iter().map(|name| name.replace(';', "/")).collect::<Vec<_>>();
    match (delivery.unknown.as_slice(), delivery.failed.first()) {
        (_, Some((name, why))) => Err(format!(
            "{} of {} verdicts of sites were not taken, as {}: {why}",
            delivery.failed.len(),
            results.len(),
            name.replace(';', "/")
        )),
        ([], None) => Ok(format!("{} verdicts of sites are handed in", delivery.delivered)),
        (unknown, None) => Err(format!(
            "the monitor has none of these services, and {} of {} verdicts of sites are lost: {}",
            unknown.len(),
            results.len(),
            some(hosts(unknown))
        )),
    }
}
