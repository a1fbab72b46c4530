//! A verdict for every site of a top-level BDII, as passive results: one line of Nagios' external commands a site.
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::gocdb::{Difference, Registry, What};
use super::judge::Judge;
use super::nodes::Site;
use super::tables::{RowId, Severity, Tables};
use plugin::State;

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

/// The records: for each site the result of `service` on the site's host, which is that of its Site-BDII in GOCDB or the site's name.
pub fn records(
    verdicts: &BTreeMap<String, SiteVerdict>,
    tables: &Tables,
    registry: Option<&Registry>,
    service: &str,
    complete: bool,
    now: i64,
) -> String {
    let mut out = String::new();
    for (site, verdict) in verdicts {
        let bdii = registry.and_then(|registry| {
            let fits = |one: &&super::gocdb::Registered| {
                one.kind.eq_ignore_ascii_case("Site-BDII") && one.site.eq_ignore_ascii_case(site)
            };
            registry.all.iter().find(fits).map(|one| one.host.as_str())
        });
        let host = clean(bdii.unwrap_or(site)).replace(';', "_");
        let code = verdict.state(tables, complete).exit_code();
        let mut record =
            format!("[{now}] PROCESS_SERVICE_CHECK_RESULT;{host};{};{code};", clean(service).replace(';', "_"));
        let text = verdict.text(tables, complete, now);
        let (said, data) = text.split_once('|').unwrap_or((&text, ""));
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
