//! From what was read to what is said.
use std::collections::BTreeMap;
use std::time::Instant;

use super::explain;
use super::findings::Group;
use super::glue2::span;
use super::gocdb::{self, Difference, Registry};
use super::history::{self, Seen};
use super::is_name;
use super::judge::SiteCount;
use super::local::Local;
use super::nodes::Site;
use super::options::{Options, Want};
use super::papers;
use super::read::{End, Reading, Tree};
use super::sweep;
use super::tables::{RowId, Severity, Tables};
use crate::net::ldap::LdapError;
use plugin::{Context, Finding, Perfdata, Report, State, Threshold, Unit, Usage};

/// Ranges of the command line.
#[derive(Debug, Clone, Copy)]
pub struct Thresholds {
    answer: Threshold,
    entries: Threshold,
    services: Threshold,
    freshness: Threshold,
}

impl Thresholds {
    pub(super) fn read(options: &Options) -> Result<Thresholds, Usage> {
        let range = |text: &str| text.parse();
        Ok(Thresholds {
            answer: Threshold::new(range(options.warning())?, range(options.critical())?),
            entries: Threshold {
                warning: options.entries_warning.as_deref().map(range).transpose()?,
                critical: options.entries_critical.as_deref().map(range).transpose()?,
            },
            services: Threshold { warning: None, critical: Some(range(options.services_critical())?) },
            freshness: Threshold::new(range(options.freshness_warning())?, range(options.freshness_critical())?),
        })
    }

    /// Judges how long the first answer took, in seconds.
    pub(super) fn answered(&self, seconds: f64, report: &mut Report) {
        let time = Perfdata::new("time", seconds, Unit::Seconds).judged_by(self.answer);
        report.measure(time, "slow", || format!("the first answer took {seconds:.1} s"));
    }
}

/// What is compared with: GOCDB and the last run, where they could be read.
#[derive(Debug, Default)]
pub struct Inputs {
    /// GOCDB's services.
    pub registry: Option<Registry>,
    last: Option<Seen>,
    state_usable: bool,
}

impl Inputs {
    /// Gets GOCDB's services. What is wrong with them is a finding: the BDII is judged all the same.
    pub(super) fn gocdb(&mut self, options: &Options, context: &Context, now: i64, report: &mut Report) {
        let Some(source) = &options.gocdb else { return };
        let found = papers::get(source, options, context, now);
        match found.registry {
            Ok(registry) => self.registry = Some(registry),
            Err(why) => report.add(Finding::unknown("gocdb", why)),
        }
        report.extend(found.findings);
    }

    /// Reads the last run's file.
    pub(super) fn last_run(&mut self, options: &Options, report: &mut Report) {
        let Some(path) = &options.state else { return };
        match history::load(path) {
            Ok(last) => (self.last, self.state_usable) = (last, true),
            Err(why) => report.add(Finding::unknown("state", why)),
        }
    }
}

/// The report on a BDII that was not reached.
pub fn unreached(mut report: Report, target: &str, error: &LdapError, begun: Instant) -> Report {
    let state = if is_name(error) { State::Unknown } else { State::Critical };
    report.add(Finding::new(state, "connection", error.to_string()).about(target.to_owned()));
    report.perfdata(Perfdata::new("time", begun.elapsed().as_secs_f64(), Unit::Seconds));
    report
}

/// What the answer is made with.
#[derive(Debug)]
pub struct Answer<'t> {
    pub(super) options: &'t Options,
    pub(super) tables: &'t Tables,
    pub(super) local: &'t Local,
    pub(super) now: i64,
    pub(super) target: String,
    pub(super) thresholds: Thresholds,
}

impl Answer<'_> {
    /// Makes the report and writes the files.
    pub fn give(&self, mut reading: Reading<'_>, inputs: Inputs, report: &mut Report) {
        let present = |tree: &Tree<'_>| tree.progress.entries > 0;
        let whole = [&reading.glue1, &reading.glue2].iter().all(|tree| {
            matches!(tree.end, End::Whole | End::Absent { .. } | End::Skipped) && tree.progress.nameless() == 0
        });
        self.site_ages(&mut reading);
        let differences = inputs.registry.as_ref().map_or_else(Vec::new, |registry| {
            let judges = [&reading.glue1.judge, &reading.glue2.judge];
            gocdb::compare(registry, &judges, reading.top && self.options.site.is_none(), whole)
        });
        self.differences(&mut reading, &differences);
        self.trees(&reading, report);
        let (entries, services, sites, newest) = self.counts(&reading);
        self.measures(&reading, entries, services, newest, report);
        let totals = if self.options.no_content { [0; 3] } else { self.content(&reading, whole, report) };
        for (label, total) in ["errors", "warnings", "infos"].into_iter().zip(totals) {
            report.perfdata(Perfdata::count(label, total as usize));
        }
        report.perfdata(Perfdata::count("sites", sites));
        report.perfdata(Perfdata::count("glue1", reading.glue1.progress.entries as usize));
        report.perfdata(Perfdata::count("glue2", reading.glue2.progress.entries as usize));
        if whole && (present(&reading.glue1) || present(&reading.glue2)) {
            self.history(&reading, inputs.last, inputs.state_usable, report);
        }
        self.files(&reading, inputs.registry.as_ref(), &differences, whole, report);
        let fresh =
            reading.statistics.modified.map_or(String::new(), |at| format!(", updated {} ago", span(self.now - at)));
        let kind = if reading.top { format!("top-level, {sites} sites, ") } else { String::new() };
        report.headline(format!("{} has {kind}{entries} entries, {services} services{fresh}", self.target));
    }

    /// GW006: sites of which nothing was renewed for long.
    fn site_ages(&self, reading: &mut Reading<'_>) {
        let limit = i64::from(self.options.site_age()) * 3600;
        let judge = &mut reading.glue2.judge;
        let stale: Vec<(Site, i64)> = judge
            .counts
            .iter()
            .filter(|(site, _)| **site != Site(0))
            .filter_map(|(site, count)| count.newest.map(|newest| (*site, self.now - newest)))
            .filter(|(_, age)| *age > limit)
            .collect();
        for (site, age) in stale {
            let name = judge.nodes.site_name(site).to_owned();
            let dn = || format!("GLUE2DomainID={name}");
            judge.findings.add(self.tables.r.stale_site, site, &name, dn, || {
                format!("the newest entry was created {} ago", span(age))
            });
        }
    }

    /// What differs from GOCDB is found as everything else is: silenced, re-rated, written down, told by site.
    fn differences(&self, reading: &mut Reading<'_>, differences: &[Difference]) {
        let judge = &mut reading.glue2.judge;
        for difference in differences {
            let site = judge.nodes.site(&difference.site);
            let place = if difference.entry.is_empty() { &difference.host } else { &difference.entry };
            let row = difference.what.row(self.tables);
            judge.findings.add(row, site, &difference.site, || place.clone(), || difference.text.clone());
        }
    }

    /// How the reading of each tree ended.
    fn trees(&self, reading: &Reading<'_>, report: &mut Report) {
        let wants =
            [(&reading.glue1, self.options.glue1(), "GLUE 1.3"), (&reading.glue2, self.options.glue2(), "GLUE 2.0")];
        let mut there = 0;
        for (tree, want, name) in wants {
            let entries = tree.progress.entries;
            there += usize::from(entries > 0 || !matches!(tree.end, End::Absent { .. } | End::Skipped));
            let absent = if want == Want::Require { State::Critical } else { State::Ok };
            let finding = match &tree.end {
                End::Whole | End::Skipped => None,
                End::Absent { matched } => Some(Finding::new(absent, "absent", self.absence(name, matched))),
                End::Part(why) => {
                    let text = format!("only a part of {name} came: {entries} entries, then {why}");
                    Some(Finding::unknown("partial", text))
                }
                End::Failed(error) => Some(Finding::critical("unreadable", format!("nothing of {name} came: {error}"))),
                End::Refused(why) => Some(Finding::critical("unreadable", format!("{name} is refused: {why}"))),
            };
            report.extend(finding);
            if tree.progress.references > 0 {
                let first = tree.progress.first_reference.as_deref().unwrap_or_default();
                let text = format!(
                    "{name}: {} references to other servers, which are not followed: {first}",
                    tree.progress.references
                );
                report.add(Finding::warning("references", text));
            }
            report.detail(2, format!("{name}: read {} below {}: {:?}", entries, tree.base, tree.end));
        }
        if there == 0 {
            let what = match &self.options.site {
                Some(site) => format!("site {site} is in neither GLUE 1.3 nor GLUE 2.0 of it"),
                None => "it has neither o=grid nor o=glue: is this a BDII?".to_owned(),
            };
            report.add(Finding::critical("empty", what).about(self.target.clone()));
        }
    }

    fn absence(&self, name: &str, matched: &str) -> String {
        match (&self.options.site, matched) {
            (Some(site), "") => format!("the BDII has no {name}, and so not {site}"),
            (Some(site), matched) => format!("{name} of the BDII does not have {site}: its tree ends at {matched}"),
            (None, _) => format!("the BDII has no {name}"),
        }
    }

    fn counts(&self, reading: &Reading<'_>) -> (u64, u64, usize, Option<i64>) {
        let mut sites: BTreeMap<String, ()> = BTreeMap::new();
        let mut all = SiteCount::default();
        for judge in [&reading.glue1.judge, &reading.glue2.judge] {
            for (site, count) in &judge.counts {
                all.entries += count.entries;
                all.services += count.services;
                all.newest = all.newest.max(count.newest);
                if *site != Site(0) {
                    sites.insert(judge.nodes.site_name(*site).to_lowercase(), ());
                }
            }
        }
        let nameless = reading.glue1.progress.nameless() + reading.glue2.progress.nameless();
        (all.entries + nameless, all.services, sites.len(), all.newest)
    }

    fn measures(&self, reading: &Reading<'_>, entries: u64, services: u64, newest: Option<i64>, report: &mut Report) {
        let t = &self.thresholds;
        t.answered(reading.answered, report);
        let entries_datum = Perfdata::count("entries", entries as usize).judged_by(t.entries);
        report.measure(entries_datum, "entries", || format!("{entries} entries"));
        // How many there are is not known where a part is missing; that part is UNKNOWN already.
        let partial =
            [&reading.glue1, &reading.glue2].iter().any(|tree| matches!(tree.end, End::Part(_) | End::Failed(_)));
        let services_datum = Perfdata::count("services", services as usize).judged_by(t.services);
        if partial {
            report.perfdata(Perfdata { threshold: Threshold::default(), ..services_datum });
        } else {
            report.measure(services_datum, "services", || format!("{services} services are published"));
        }
        match reading.statistics.modified {
            Some(modified) => {
                let age = (self.now - modified).max(0);
                let datum = Perfdata::new("freshness", age as f64, Unit::Seconds).judged_by(t.freshness);
                report.measure(datum, "freshness", || {
                    format!(
                        "the BDII's last update is {} ago: look whether bdii-update runs and how long it takes",
                        span(age)
                    )
                });
            }
            // A BDII of another kind, as ARC's own, has no statistics; its entries' times stand for them.
            None => match newest {
                Some(newest) => {
                    let age = (self.now - newest).max(0);
                    let datum = Perfdata::new("freshness", age as f64, Unit::Seconds).judged_by(t.freshness);
                    report.measure(datum, "freshness", || {
                        format!(
                            "the newest entry was created {} ago, and there are no statistics below o=infosys",
                            span(age)
                        )
                    });
                }
                None => {
                    report.perfdata(Perfdata::undetermined("freshness", Unit::Seconds).judged_by(t.freshness));
                    let text = "how fresh it is cannot be told: neither statistics below o=infosys nor creation times";
                    report.add(Finding::unknown("freshness", text));
                }
            },
        }
        if let Some(update) = reading.statistics.update {
            report.perfdata(Perfdata::new("update", update as f64, Unit::Seconds));
        }
        if let Some(newest) = newest {
            report.perfdata(Perfdata::new("newest", (self.now - newest) as f64, Unit::Seconds));
        }
        if let Some(failed) = reading.statistics.failed.filter(|failed| *failed > 0) {
            let text = format!("the BDII could not add, modify or delete {failed} entries at its last update");
            report.add(Finding::ok("failed-updates", text));
        }
    }

    /// What is published: findings by id. Gives the totals of errors, warnings and notes.
    fn content(&self, reading: &Reading<'_>, whole: bool, report: &mut Report) -> [u64; 3] {
        let mut groups: BTreeMap<&str, Vec<(RowId, Group)>> = BTreeMap::new();
        let mut rows: BTreeMap<RowId, Group> = BTreeMap::new();
        let mut join = |row: RowId, count: u64, first: Vec<(String, String)>| {
            let group = rows.entry(row).or_default();
            group.count += count;
            group.first.extend(first);
        };
        for tree in [&reading.glue1, &reading.glue2] {
            for (row, group) in &tree.judge.findings.groups {
                join(*row, group.count, group.first.clone());
            }
        }
        let mut totals = [0; 3];
        for (row, group) in rows {
            let rule = self.tables.row(row);
            match rule.severity {
                Severity::Error => totals[0] += group.count,
                Severity::Warning => totals[1] += group.count,
                _ => totals[2] += group.count,
            }
            groups.entry(&rule.id).or_default().push((row, group));
        }
        for (id, rows) in groups {
            report.add(self.finding(id, rows, whole));
        }
        self.silences(reading, report);
        totals
    }

    fn finding(&self, id: &str, rows: Vec<(RowId, Group)>, whole: bool) -> Finding {
        let state = |severity| match severity {
            // What is wrong in a part is wrong, but the part is what has to be told first: UNKNOWN.
            Severity::Error if whole => State::Critical,
            Severity::Error | Severity::Warning => State::Warning,
            Severity::Info | Severity::Off => State::Ok,
        };
        let count: u64 = rows.iter().map(|(_, group)| group.count).sum();
        let worst = rows.iter().map(|(row, _)| self.tables.row(*row).severity).max().unwrap_or(Severity::Off);
        let same = rows.iter().all(|(row, _)| self.tables.row(*row).message == self.tables.row(rows[0].0).message);
        let more = if same { "" } else { ", or of its kind" };
        let text = format!("{count} x {}{more} ({id})", self.tables.row(rows[0].0).message);
        let mut first: Vec<Finding> = Vec::new();
        for (row, group) in rows {
            let rule = self.tables.row(row);
            for (dn, detail) in group.first {
                if first.len() < self.options.first() {
                    let said = if same { detail } else { format!("{detail}: {}", rule.message) };
                    first.push(Finding::new(state(rule.severity), id.to_owned(), said).about(dn));
                }
            }
        }
        if let Some(advice) = explain::advice(id).filter(|_| worst > Severity::Info) {
            first.push(Finding::ok(id.to_owned(), advice));
        }
        Finding::new(state(worst), id.to_owned(), text).with_all(first)
    }

    /// Silences that hold and those that have ended.
    fn silences(&self, reading: &Reading<'_>, report: &mut Report) {
        let mut silenced: BTreeMap<usize, u64> = BTreeMap::new();
        for tree in [&reading.glue1, &reading.glue2] {
            for (at, count) in &tree.judge.findings.silenced {
                *silenced.entry(*at).or_default() += count;
            }
        }
        for (at, count) in silenced {
            let silence = &self.local.silences[at];
            let text = format!("{count} x {} are silenced until {}: {}", silence.id, silence.day, silence.reason);
            report.add(Finding::ok("silenced", text));
        }
        for silence in &self.local.expired {
            let text = format!(
                "the silence of {} ended on {} ({}): renew it or take it out",
                silence.id, silence.day, silence.reason
            );
            report.add(Finding::ok("silence-ended", text));
        }
    }

    /// What has vanished since the last run.
    fn history(&self, reading: &Reading<'_>, last: Option<Seen>, usable: bool, report: &mut Report) {
        let Some(path) = self.options.state.as_deref().filter(|_| usable) else { return };
        let mut seen = Seen { at: self.now, ..Seen::default() };
        for judge in [&reading.glue1.judge, &reading.glue2.judge] {
            for (site, count) in &judge.counts {
                *seen.sites.entry(judge.nodes.site_name(*site).to_owned()).or_default() += count.entries;
            }
            for (site, id) in &judge.services {
                seen.services.insert((judge.nodes.site_name(*site).to_owned(), id.clone()));
            }
        }
        if let Some(last) = last {
            let delta = seen.since(&last, i64::from(self.options.hold()) * 3600);
            let severity = self.tables.row(self.tables.r.vanished).severity;
            let state = match severity {
                Severity::Error => State::Critical,
                Severity::Warning => State::Warning,
                _ => State::Ok,
            };
            let mut parts = Vec::new();
            for ((site, id), since) in &delta.gone {
                let what = if id.is_empty() { "the whole site".to_owned() } else { id.clone() };
                parts.push(
                    Finding::new(state, "GW007", format!("{what} is gone, noticed {} ago", span(self.now - since)))
                        .about(site.clone()),
                );
            }
            for (site, before, now) in &delta.shrunk {
                parts.push(
                    Finding::new(state, "GW007", format!("{now} entries, and {before} at the last run"))
                        .about(site.clone()),
                );
            }
            let count = parts.len();
            if count > 0 && severity != Severity::Off {
                parts.truncate(self.options.first());
                let text = format!("{count} x {} (GW007)", self.tables.row(self.tables.r.vanished).message);
                report.add(Finding::new(state, "GW007", text).with_all(parts));
            }
            if !delta.appeared.is_empty() {
                let names: Vec<String> = delta
                    .appeared
                    .iter()
                    .take(self.options.first())
                    .map(|(site, id)| format!("{id} ({site})"))
                    .collect();
                report.add(Finding::ok(
                    "appeared",
                    format!("{} services are new: {}", delta.appeared.len(), names.join(", ")),
                ));
            }
            report.perfdata(Perfdata::count("vanished", delta.gone.len()));
            report.perfdata(Perfdata::count("appeared", delta.appeared.len()));
        }
        if let Err(why) = history::replace(path, seen.text()) {
            report.add(Finding::unknown("state", why));
        }
    }

    /// The files that others read.
    fn files(
        &self,
        reading: &Reading<'_>,
        registry: Option<&Registry>,
        differences: &[Difference],
        whole: bool,
        report: &mut Report,
    ) {
        if let (Some(path), Some(_)) = (&self.options.gocdb_report, registry) {
            let document = serde_json::json!({
                "format": "gridward-bdii-gocdb", "version": 1, "at": self.now, "bdii": self.target,
                "complete": whole, "differences": differences,
            });
            if let Err(why) = history::replace(path, format!("{document:#}\n")) {
                report.add(Finding::unknown("gocdb-report", why));
            }
        }
        if let Some(path) = &self.options.sweep {
            let judges = [&reading.glue1.judge, &reading.glue2.judge];
            let verdicts = sweep::verdicts(judges, differences);
            let service = self.options.sweep_service();
            let results = sweep::results(&verdicts, self.tables, registry, service, whole, self.now);
            match sweep::deliver(path, &results, self.now) {
                Ok(told) => report.detail(1, told),
                Err(why) => report.add(Finding::unknown("sweep", why)),
            }
        }
    }
}
