//! What is watched: each registered service of a type that a profile names, with the profile's metrics. What Nagios could not name is left
//! out with a sentence.

use super::Options;
use crate::probe::bdii::gocdb::Registered;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const METRICS: &str = include_str!("metrics.table");
const PORTS: &str = include_str!("ports.table");

/// Which metrics of which service types: the part of a profile that is needed here.
#[derive(Clone, Debug, Deserialize)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Whose jobs.
    #[serde(default)]
    pub vo: Option<String>,
    /// Metrics by service type.
    pub service_types: BTreeMap<String, Vec<String>>,
}

impl Profile {
    /// Reads one.
    ///
    /// # Errors
    /// One line: the file cannot be read, or is no profile.
    pub fn read(path: &Path) -> Result<Profile, String> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        toml::from_str(&text).map_err(|e| format!("{} is no profile: {}", path.display(), e.message()))
    }
}

/// A host with its services.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Host {
    /// Its site. A host that is registered at two stays with the first.
    pub site: String,
    /// Its region; may be empty.
    pub roc: String,
    /// Its service types.
    pub types: BTreeSet<String>,
    /// By their descriptions.
    pub services: BTreeMap<String, Service>,
}

/// A service.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Service {
    /// The metric, without a VO.
    pub metric: String,
    /// GOCDB's service type.
    pub kind: String,
    /// Its URL; may be empty.
    pub url: String,
    /// The VO whose jobs it is about; empty otherwise.
    pub vo: String,
    /// `check_command`; none for one that somebody else sends results for.
    pub command: Option<String>,
    /// Its results are handed in.
    pub passive: bool,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// By their names.
    pub hosts: BTreeMap<String, Host>,
    /// What is not written, a line each.
    pub left_out: Vec<String>,
    wanted: BTreeMap<String, BTreeSet<String>>,
    region: Option<String>,
    sites: BTreeSet<String>,
    /// What is there for a site already: site, service.
    of_sites: BTreeSet<(String, String)>,
    all: bool,
    vo: String,
}

impl Plan {
    /// Nothing yet.
    pub fn new(options: &Options, profiles: &[Profile]) -> Plan {
        let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (kind, metrics) in profiles.iter().flat_map(|profile| &profile.service_types) {
            wanted.entry(kind.clone()).or_default().extend(metrics.iter().cloned());
        }
        let vo = options.vo.clone().or_else(|| profiles.iter().find_map(|profile| profile.vo.clone()));
        Plan {
            wanted,
            region: options.region.clone(),
            sites: options.site.iter().cloned().collect(),
            all: options.all,
            vo: vo.unwrap_or_else(|| "ops".to_owned()),
            ..Plan::default()
        }
    }

    /// The sites that are in it.
    pub fn sites(&self) -> BTreeSet<&str> {
        self.hosts.values().map(|host| host.site.as_str()).collect()
    }

    /// Adds a registered service, when it is to be watched.
    pub fn add(&mut self, service: &Registered) {
        let Some(metrics) = self.wanted.get(&service.kind).cloned() else { return };
        let elsewhere = self.region.as_ref().is_some_and(|region| *region != service.roc)
            || !(self.sites.is_empty() || self.sites.contains(&service.site));
        if elsewhere || !(self.all || service.production && service.monitored) {
            return;
        }
        for (what, name) in [("host", &service.host), ("site", &service.site), ("service type", &service.kind)] {
            if let Err(why) = nameable(name) {
                self.left_out.push(format!(
                    "{} {} at {} is left out: its {what} {why}",
                    service.kind, service.host, service.site
                ));
                return;
            }
        }
        let url = match nameable_url(&service.url) {
            true => service.url.clone(),
            false => {
                self.left_out.push(format!(
                    "the URL of {} {} is left out: Nagios has no way to write it",
                    service.kind, service.host
                ));
                String::new()
            }
        };
        let host = self.hosts.entry(service.host.clone()).or_insert_with(|| Host {
            site: service.site.clone(),
            roc: Some(&service.roc).filter(|roc| nameable(roc).is_ok()).cloned().unwrap_or_default(),
            ..Host::default()
        });
        if host.site != service.site {
            self.left_out.push(format!(
                "{} {} at {} is left out: the host is {}'s already, and Nagios has one of a name",
                service.kind, service.host, service.site, host.site
            ));
            return;
        }
        host.types.insert(service.kind.clone());
        for metric in metrics {
            if let Err(why) = nameable(&metric) {
                self.left_out.push(format!("a metric of {} is left out: its name {why}", service.kind));
                continue;
            }
            let (name, made, of_site) = self_service(&metric, service, &url, &self.vo);
            // The same answer on each host of a site would be as many alarms.
            if of_site && !self.of_sites.insert((service.site.clone(), name.clone())) {
                continue;
            }
            host.services.entry(name).or_insert(made);
        }
    }
}

/// Name and service, and whether it is the site's, whatever host it stands on.
fn self_service(metric: &str, service: &Registered, url: &str, vo: &str) -> (String, Service, bool) {
    let row = rows(METRICS).find(|row| fits(row[0], metric));
    let about = row.as_ref().and_then(|row| row.get(2).copied()).unwrap_or_default();
    let of_vo = matches!(about, "job" | "node");
    let command = row.as_ref().and_then(|row| row.get(1)).map(|command| {
        let port = port(url, &service.kind).to_string();
        // VO and PORT stand for themselves between other characters.
        command.replace("PORT", &port).replace("VO", vo)
    });
    let name = if of_vo { format!("{metric}-{vo}") } else { metric.to_owned() };
    let made = Service {
        metric: metric.to_owned(),
        kind: service.kind.clone(),
        url: url.to_owned(),
        vo: if of_vo { vo.to_owned() } else { String::new() },
        passive: command.is_none() || about == "node",
        command,
    };
    (name, made, about == "site")
}

fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    let lines = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split(" | ").map(str::trim).collect::<Vec<_>>()).filter(|row| row.len() > 1)
}

fn fits(pattern: &str, metric: &str) -> bool {
    match pattern.split_once('*') {
        Some((before, after)) => {
            metric.len() >= before.len() + after.len() && metric.starts_with(before) && metric.ends_with(after)
        }
        None => pattern == metric,
    }
}

/// The port of a URL, or where such a service listens.
fn port(url: &str, kind: &str) -> u16 {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', '?']).next().unwrap_or_default();
    let named = authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    let usual = || rows(PORTS).find(|row| row[0] == kind).and_then(|row| row[1].parse().ok());
    named.or_else(usual).unwrap_or(443)
}

/// Whether Nagios can have such a name (illegal_object_name_chars, and what its files give a meaning).
fn nameable(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("is empty".to_owned());
    }
    let bad = |c: &char| c.is_control() || c.is_whitespace() || "`~!$%^&*|'\"<>?,()=;#\\{}".contains(*c);
    match name.chars().find(bad) {
        Some(c) => Err(format!("{:?} has {c:?}, which no name in Nagios may have", plugin::text::shortened(name, 80))),
        None => Ok(()),
    }
}

/// A value of a custom variable: `;` begins a comment there, and `$` a macro.
fn nameable_url(url: &str) -> bool {
    !url.chars().any(|c| c.is_control() || ";$`\\\"'<>".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        let wanted = ["config", "--gocdb", "x", "--profile", "y"];
        clap::FromArgMatches::from_arg_matches(&super::super::command().get_matches_from(wanted)).unwrap()
    }

    fn registered(host: &str, kind: &str, url: &str) -> Registered {
        Registered {
            host: host.into(),
            kind: kind.into(),
            site: "SITE-A".into(),
            production: true,
            monitored: true,
            url: url.into(),
            roc: "NGI_X".into(),
        }
    }

    fn plan() -> Plan {
        let metrics = ["org.sam.ARC-JobSubmit", "hr.srce.ARCCE-CertLifetime", "org.example.Other", "org.sam.WN-Env"];
        let types = BTreeMap::from([("ARC-CE".to_owned(), metrics.map(str::to_owned).to_vec())]);
        let profile = Profile { name: "P".into(), vo: Some("dteam".into()), service_types: types };
        Plan::new(&options(), &[profile])
    }

    #[test]
    fn a_service_has_its_metrics_with_commands_ports_and_vo() {
        let mut plan = plan();
        plan.add(&registered("arc.example.org", "ARC-CE", "https://arc.example.org:8443/arex"));
        let host = &plan.hosts["arc.example.org"];
        let names: Vec<_> = host.services.keys().map(String::as_str).collect();
        let wanted =
            ["hr.srce.ARCCE-CertLifetime", "org.example.Other", "org.sam.ARC-JobSubmit-dteam", "org.sam.WN-Env-dteam"];
        assert_eq!(names, wanted);
        let command = |name: &str| host.services[name].command.clone().unwrap_or_default();
        assert_eq!(command("hr.srce.ARCCE-CertLifetime"), "check_cert!8443");
        assert!(command("org.sam.ARC-JobSubmit-dteam").starts_with("check_ce!dteam!--wn "));
        let passive: Vec<bool> = host.services.values().map(|service| service.passive).collect();
        assert_eq!(passive, [false, true, false, true]);
        assert!(plan.left_out.is_empty());
    }

    #[test]
    fn what_is_not_for_this_monitor_is_not_there_and_what_cannot_be_written_is_said() {
        let mut plan = plan();
        plan.add(&Registered { monitored: false, ..registered("a.example.org", "ARC-CE", "") });
        plan.add(&registered("b.example.org", "SRM", ""));
        assert!(plan.hosts.is_empty() && plan.left_out.is_empty());
        plan.add(&registered("c;d.example.org", "ARC-CE", ""));
        plan.add(&registered("e.example.org", "ARC-CE", "https://e.example.org/$USER1$"));
        plan.add(&Registered { site: "B".into(), ..registered("e.example.org", "ARC-CE", "") });
        assert_eq!(plan.left_out.len(), 3, "{:?}", plan.left_out);
        assert_eq!(plan.hosts["e.example.org"].services.values().next().unwrap().url, "");
    }

    #[test]
    fn what_is_about_a_site_is_there_once_for_it() {
        let types = BTreeMap::from([("APEL".to_owned(), vec!["org.apel.APEL-Pub".to_owned()])]);
        let mut plan = Plan::new(&options(), &[Profile { name: "P".into(), vo: None, service_types: types }]);
        plan.add(&registered("a.example.org", "APEL", ""));
        plan.add(&registered("b.example.org", "APEL", ""));
        plan.add(&Registered { site: "SITE-B".into(), ..registered("c.example.org", "APEL", "") });
        let counts: Vec<usize> = plan.hosts.values().map(|host| host.services.len()).collect();
        assert_eq!(counts, [1, 0, 1]);
    }

    #[test]
    fn ports_come_from_urls_or_types() {
        assert_eq!(port("https://[2001:db8::1]:1234/x?y", "ARC-CE"), 1234);
        assert_eq!(port("https://a.example.org/x:9", "MyProxy"), 7512);
        assert_eq!(port("a.example.org:2811", "x"), 2811);
        assert_eq!(port("", "x"), 443);
        for row in rows(METRICS) {
            assert_eq!(row.len(), 3, "{row:?}");
        }
    }
}
