//! Profiles: which metrics of which service types count (AL1, PR1).

use crate::input::Text;
use crate::state::State;
use crate::time::Millis;
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wildmatch::WildMatch;

/// The profiles that are evaluated; the one named in `operators` raises operators' alarms, the others stand beside it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profiles {
    /// The name of the profile that raises alarms (ROC_OPERATORS).
    pub operators: Text,
    /// By name.
    pub profiles: BTreeMap<Text, Profile>,
}

/// One profile, as its TOML file says it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name, as the field knows it: `ROC_OPERATORS`.
    pub name: Text,
    /// What it is for, where it comes from.
    #[serde(default)]
    pub description: Text,
    /// The VO whose suffix (`-ops`) a service description may carry after the metric's name; empty: none.
    #[serde(default)]
    pub vo: Text,
    /// Whether a host that is not UP has an alarm of its own (DC6).
    #[serde(default)]
    pub host_down: HostDown,
    /// Service type (glob) to metrics (globs) that count.
    pub service_types: BTreeMap<Text, Vec<Text>>,
    /// Service type (glob) to metrics (globs) that are candidates: evaluated, shown, raising nothing (PR1).
    #[serde(default)]
    pub candidates: BTreeMap<Text, Vec<Text>>,
    /// Group to service types (globs), for availability (DE7): of the types of a group one is enough, of the groups all are
    /// needed. A service type that no group names is a group of its own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<Text, Vec<Text>>,
    /// Settings by metric (glob); of several that match, a literal name wins, then the longest glob.
    #[serde(default)]
    pub metrics: BTreeMap<Text, MetricSettings>,
}

/// What becomes of a host that is not UP.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostDown {
    /// One alarm for the host, of the pseudo service type `Host`.
    #[default]
    Alarm,
    /// None; its services stay held all the same.
    Ignore,
}

/// Settings of a metric.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricSettings {
    /// States that raise (default WARNING, CRITICAL, UNKNOWN).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raise: Option<Vec<State>>,
    /// States that need a ticket (default the same as `raise`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Vec<State>>,
    /// A link to the metric's documentation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documentation: Option<Text>,
    /// What part of the service it tests: `job submission`, `information system`, `certificate`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Text>,
    /// Alarms of one site in the same family: one leads, the rest are masked by the program (AL14): `accounting`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask_family: Option<Text>,
    /// A security matter: seen by security duty only (AL17).
    #[serde(default)]
    pub security: bool,
    /// How long OK makes it stable, in seconds (default 4 h).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stable_for: Option<u64>,
    /// A pattern (regular expression) of the output that means a time-out (AL7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_out_pattern: Option<Text>,
}

/// How a metric stands in a profile.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Membership {
    /// It counts.
    Critical,
    /// It is evaluated and shown, and raises nothing.
    Candidate,
}

/// A profile's answer for one (service type, metric).
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Counts, or candidate.
    pub membership: Membership,
    /// The settings that hold for it.
    pub settings: MetricSettings,
}

impl MetricSettings {
    /// Whether this state raises an alarm.
    pub fn raises(&self, state: State) -> bool {
        match &self.raise {
            Some(states) => states.contains(&state),
            None => state.is_problem(),
        }
    }

    /// How long OK makes the metric stable, given the region's default.
    pub fn stable_for(&self, default: Millis) -> Millis {
        self.stable_for.map_or(default, |s| i64::try_from(s).unwrap_or(i64::MAX / 2000) * 1000)
    }
}

impl Profiles {
    /// The time-out patterns of the operators' profile, ready to be matched; one that is none matches nothing.
    pub fn time_out_patterns(&self) -> BTreeMap<Text, Regex> {
        let profile = self.profiles.get(&self.operators);
        let patterns = profile.into_iter().flat_map(|p| p.metrics.values()).filter_map(|m| m.time_out_pattern.clone());
        patterns.filter_map(|p| Some((p.clone(), Regex::new(&p).ok()?))).collect()
    }
}

impl Profile {
    /// How `metric` of `service_type` stands here; `None`: not at all. A trailing `-VO` of the metric is ignored.
    pub fn entry(&self, service_type: &str, metric: &str) -> Option<Entry> {
        Some(Entry { membership: self.membership(service_type, metric)?, settings: self.settings(metric) })
    }

    /// Whether `metric` of `service_type` counts or is a candidate; `None`: neither.
    pub fn membership(&self, service_type: &str, metric: &str) -> Option<Membership> {
        let bare = self.bare(metric);
        if listed(&self.service_types, service_type, metric, bare) {
            Some(Membership::Critical)
        } else if listed(&self.candidates, service_type, metric, bare) {
            Some(Membership::Candidate)
        } else {
            None
        }
    }

    /// The settings that hold for a metric, whether or not it is listed.
    pub fn settings(&self, metric: &str) -> MetricSettings {
        self.settings_of(metric).cloned().unwrap_or_default()
    }

    /// The same, if the profile says anything of it.
    pub(crate) fn settings_of(&self, metric: &str) -> Option<&MetricSettings> {
        let bare = self.bare(metric);
        self.metrics.get(metric).or_else(|| self.metrics.get(bare)).or_else(|| {
            let hits = self.metrics.iter().filter(|(glob, _)| fits(glob, metric) || fits(glob, bare));
            hits.max_by_key(|(glob, _)| glob.len()).map(|(_, settings)| settings)
        })
    }

    /// The group in which a service type counts: that which names it, else the first with a pattern that fits, else itself.
    pub fn group_of(&self, service_type: &str) -> Text {
        let named = |types: &Vec<Text>| types.iter().any(|t| **t == *service_type);
        let fits = |types: &Vec<Text>| types.iter().any(|t| WildMatch::new(t).matches(service_type));
        let by = |test: &dyn Fn(&Vec<Text>) -> bool| self.groups.iter().find(|(_, types)| test(types));
        by(&named).or_else(|| by(&fits)).map_or_else(|| service_type.into(), |(group, _)| group.clone())
    }

    /// The metric's name without the profile's VO suffix.
    pub fn bare<'m>(&self, metric: &'m str) -> &'m str {
        if self.vo.is_empty() {
            return metric;
        }
        metric.strip_suffix(&*self.vo).and_then(|m| m.strip_suffix('-')).filter(|m| !m.is_empty()).unwrap_or(metric)
    }
}

/// Whether a glob matches. Most are names, or match everything, and need no matcher to be built.
fn fits(glob: &str, text: &str) -> bool {
    if glob == "*" {
        return true;
    }
    if glob.contains(['*', '?']) { WildMatch::new(glob).matches(text) } else { glob == text }
}

fn listed(types: &BTreeMap<Text, Vec<Text>>, service_type: &str, metric: &str, bare: &str) -> bool {
    types.iter().any(|(t, metrics)| fits(t, service_type) && metrics.iter().any(|m| fits(m, metric) || fits(m, bare)))
}
