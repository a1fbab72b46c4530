//! The figures of sites, and of single services where only sums of days are left.

use super::ask::{Period, Strip};
use super::inventory::Service;
use crate::store::{History, StoreError};
use alarm_core::days::monitor_key;
use alarm_core::input::Text;
use alarm_core::profile::{Membership, Profile};
use alarm_core::time::{SECOND, Timestamp};
use alarm_core::timeline::{Member, Status, Times, Tree, day_begin};
use alarm_core::topology::Topology;
use std::collections::BTreeMap;

/// Whether a service counts in the availability of its site, by the documents in force now; as in EGI's figures only what
/// is registered, monitored and in production does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Counted {
    /// It does.
    Yes,
    /// The profile does not have its metric.
    NotInProfile,
    /// The profile has its metric as a candidate.
    Candidate,
    /// The topology does not know it.
    NotRegistered,
    /// Monitoring is off for it in the topology.
    MonitoringOff,
    /// The topology says that it is not in production.
    NotInProduction,
}

impl Counted {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Counted::Yes => "counts",
            Counted::NotInProfile => "not in the profile",
            Counted::Candidate => "candidate, does not count",
            Counted::NotRegistered => "not registered",
            Counted::MonitoringOff => "monitoring off",
            Counted::NotInProduction => "not in production",
        }
    }
}

/// Whether it counts under this profile.
pub fn counted(topology: Option<&Topology>, profile: &Profile, service: &Service) -> Counted {
    let about = &service.about;
    match profile.entry(&about.service_type, &about.metric).map(|e| e.membership) {
        None => return Counted::NotInProfile,
        Some(Membership::Candidate) => return Counted::Candidate,
        Some(Membership::Critical) => {}
    }
    match topology.map(|t| t.endpoint(&service.key.host, &about.service_type)) {
        None => Counted::Yes,
        Some(None) => Counted::NotRegistered,
        Some(Some(e)) if !e.monitored => Counted::MonitoringOff,
        Some(Some(e)) if !e.in_production => Counted::NotInProduction,
        Some(Some(_)) => Counted::Yes,
    }
}

/// How long a site stood how, and what that is made of.
#[derive(Clone, Debug)]
pub struct Figures {
    /// The site.
    pub site: Times,
    /// The same by day.
    pub days: Vec<(i32, Times)>,
    /// By group of the profile.
    pub groups: BTreeMap<Text, Times>,
    /// By service type.
    pub types: BTreeMap<Text, Times>,
    /// By service type and host.
    pub endpoints: BTreeMap<(Text, Text), Times>,
}

/// A site's figures under one profile.
#[derive(Clone, Debug)]
pub struct SiteReport {
    /// How many services count.
    pub services: usize,
    /// The figures.
    pub figures: Figures,
}

/// The figures of services that count, of one site.
pub fn site_report(services: &[Service], strips: &[Strip], profile: &Profile, period: Period) -> SiteReport {
    let member = |(service, strip): (&Service, &Strip)| Member {
        service_type: service.about.service_type.clone(),
        host: service.key.host.clone(),
        line: strip.line.clone(),
    };
    let members: Vec<Member> = services.iter().zip(strips).map(member).collect();
    let tree = Tree::of(period.from, period.to, &members, profile);
    let times = |lines: &BTreeMap<Text, alarm_core::timeline::Line>| {
        lines.iter().map(|(name, line)| (name.clone(), line.times())).collect()
    };
    SiteReport {
        services: members.len(),
        figures: Figures {
            site: tree.site.times(),
            days: tree.site.days(),
            groups: times(&tree.groups),
            types: times(&tree.types),
            endpoints: tree.endpoints.iter().map(|(k, line)| (k.clone(), line.times())).collect(),
        },
    }
}

/// A service's days by the sums that outlive the journal's records (docs/journal.md, "Sums of days"): all that is left of
/// what was pruned. Days before its monitors were heard have no data.
///
/// # Errors
/// The journal cannot be read.
pub fn daily(
    history: &dyn History,
    heard: &BTreeMap<Text, Timestamp>,
    service: &Service,
    from: i32,
    to: i32,
) -> Result<Vec<(i32, Times)>, StoreError> {
    let begin = service.monitors.iter().filter_map(|m| heard.get(m)).min().copied();
    let mut own: BTreeMap<i32, Times> = BTreeMap::new();
    for sum in history.daily(Some(service.key.number()), from, to)? {
        own.entry(sum.day).or_default().add(status(&sum.state), i64::from(sum.seconds) * SECOND);
    }
    // A day without sums was good, as far as a monitor watched.
    let mut watched: BTreeMap<i32, Times> = BTreeMap::new();
    for monitor in &service.monitors {
        let mut days: BTreeMap<i32, Times> = BTreeMap::new();
        for sum in history.daily(Some(monitor_key(monitor).number()), from, to)? {
            days.entry(sum.day).or_default().add(status(&sum.state), i64::from(sum.seconds) * SECOND);
        }
        for (day, times) in days {
            let best = watched.entry(day).or_insert(times);
            if times.unknown() < best.unknown() {
                *best = times;
            }
        }
    }
    let day = |day: i32| {
        let whole = |status| {
            let mut times = Times::default();
            times.add(status, day_begin(day.saturating_add(1)).since(day_begin(day)));
            times
        };
        let known = begin.is_some_and(|begin| begin <= day_begin(day));
        let good = || if known { whole(Some(Status::Ok)) } else { whole(None) };
        (day, own.get(&day).or_else(|| watched.get(&day)).copied().unwrap_or_else(good))
    };
    Ok((from..=to).map(day).collect())
}

fn status(word: &str) -> Option<Status> {
    Some(match word {
        "OK" | "UP" => Status::Ok,
        "WARNING" => Status::Warning,
        "CRITICAL" | "DOWN" => Status::Critical,
        "UNKNOWN" | "UNREACHABLE" => Status::Unknown,
        "NOT-MONITORED" => Status::Missing,
        "SCHEDULED-OUTAGE" => Status::Downtime,
        _ => return None,
    })
}
