//! What the pages read: an immutable picture of the world after a commit. Board, lists and counters come from here only;
//! history and details are asked of the store, bounded to this view's seq.

use alarm_core::alarm::Alarm;
use alarm_core::downtime::SiteOutage;
use alarm_core::input::{SourceState, Text};
use alarm_core::profile::Profiles;
use alarm_core::settings::Settings;
use alarm_core::time::{Millis, Timestamp};
use alarm_core::topology::{DowntimeWindow, Downtimes, Topology};
use alarm_core::world::{Cause, Monitor, Proposal, World};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The world as of one commit.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The seq of the last record that it holds.
    pub seq: u64,
    /// The engine's time then.
    pub at: Timestamp,
    /// Alarms on the board, by id; security matters included: see [`View::alarms`].
    all: Vec<Arc<Alarm>>,
    /// Monitors by name.
    pub monitors: BTreeMap<Text, Monitor>,
    /// Other sources (`gocdb`) by name.
    pub sources: BTreeMap<Text, SourceState>,
    /// Open common causes.
    pub causes: BTreeMap<Text, Cause>,
    /// Proposed common causes by metric.
    pub proposed: BTreeMap<Text, Proposal>,
    /// In force.
    pub settings: Arc<Settings>,
    /// In force.
    pub profiles: Arc<Profiles>,
    /// In force; `None`: none was ever read.
    pub topology: Option<Arc<Topology>>,
    /// In force.
    pub downtimes: Arc<Downtimes>,
    /// When each monitor was first heard, by its own clock; the keeper knows.
    pub heard: BTreeMap<Text, Timestamp>,
    /// Since when nothing can be stored, and why; `None`: all is well.
    pub not_stored: Option<NotStored>,
}

/// Nothing can be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct NotStored {
    /// Since when.
    pub since: Timestamp,
    /// Why, and what to do.
    pub reason: Text,
}

impl View {
    /// The picture of a world.
    pub fn of(world: &World) -> Self {
        View {
            seq: world.seq,
            at: world.at,
            all: world.alarms.values().cloned().collect(),
            monitors: world.monitors.clone(),
            sources: world.meta.sources.clone(),
            causes: world.causes.clone(),
            proposed: world.meta.proposed.clone(),
            settings: world.settings.clone(),
            profiles: world.profiles.clone(),
            topology: world.topology.clone(),
            downtimes: world.downtimes.clone(),
            heard: BTreeMap::new(),
            not_stored: None,
        }
    }

    /// The alarms that anybody may see, by id: all but security matters (AL17: until sign-in exists they are stored and
    /// left out of every page, interface, stream, list, counter, metric and of `explain`).
    pub fn alarms(&self) -> impl Iterator<Item = &Arc<Alarm>> {
        self.all.iter().filter(|a| !a.about.security)
    }

    /// One of them.
    pub fn alarm(&self, id: &str) -> Option<&Arc<Alarm>> {
        let i = self.all.binary_search_by(|a| (*a.id).cmp(id)).ok()?;
        self.all.get(i).filter(|a| !a.about.security)
    }

    /// The downtimes that count for an alarm's age.
    pub fn windows(&self, alarm: &Alarm) -> Vec<DowntimeWindow> {
        alarm_core::downtime::windows_of(self.topology.as_deref(), &self.downtimes, alarm)
    }

    /// The outage of a site as a whole, if there is one.
    pub fn site_outage(&self, site: &str, now: Timestamp) -> Option<SiteOutage> {
        alarm_core::downtime::site_outage(self.topology.as_deref()?, &self.downtimes, site, now)
    }

    /// An alarm's age in milliseconds.
    pub fn age(&self, alarm: &Alarm, now: Timestamp) -> Millis {
        alarm.age(now, &self.windows(alarm))
    }
}
