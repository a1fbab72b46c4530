//! What the pages read: an immutable picture of the world after a commit. Board, lists and counters come from here only;
//! history and details are asked of the store, bounded to this view's seq.

use alarm_core::alarm::{Alarm, AlarmId, Band};
use alarm_core::downtime::SiteOutage;
use alarm_core::input::{SourceState, Text};
use alarm_core::notepad::Note;
use alarm_core::profile::Profiles;
use alarm_core::queue::{NextStep, Queue};
use alarm_core::settings::Settings;
use alarm_core::time::{Millis, Timestamp};
use alarm_core::topology::{DowntimeWindow, Downtimes, Topology};
use alarm_core::world::{Cause, Closed, Monitor, Proposal, World};
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
    /// Alarms that left the board of late, by id; security matters included: see [`View::closed`].
    closed: Arc<BTreeMap<AlarmId, Closed>>,
    /// Notes by site; those of security matters included: see [`View::notepad`].
    notepads: Arc<BTreeMap<Text, Arc<Vec<Note>>>>,
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
            closed: world.closed.clone(),
            notepads: world.notepads.clone(),
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

    /// All of them by id, security matters included: for what is kept beside each and shown through [`View::alarms`].
    pub(crate) fn every(&self) -> &[Arc<Alarm>] {
        &self.all
    }

    /// One of those that anybody may see.
    pub fn alarm(&self, id: &str) -> Option<&Arc<Alarm>> {
        let i = self.all.binary_search_by(|a| (*a.id).cmp(id)).ok()?;
        self.all.get(i).filter(|a| !a.about.security)
    }

    /// The alarms that left the board of late, by id, which anybody may see: at least those of the last day, and those
    /// that may return (AL19). For what is gone since somebody looked last, and for taking back.
    pub fn closed(&self) -> impl Iterator<Item = &Closed> {
        let mut secret = self.secrets();
        self.closed.values().filter(move |c| !c.alarm.about.security && !secret(&c.alarm.about.metric))
    }

    /// One of them.
    pub fn closed_alarm(&self, id: &str) -> Option<&Closed> {
        self.closed.get(id).filter(|c| !c.alarm.about.security && !self.secrets()(&c.alarm.about.metric))
    }

    /// The last notes on a site and on its alarms, newest first (DE1), without those on security matters.
    pub fn notepad(&self, site: &str) -> impl Iterator<Item = &Note> {
        let mut secret = self.secrets();
        let notes = self.notepads.get(site).into_iter().flat_map(|notes| notes.iter().rev());
        notes.filter(move |n| n.about.as_ref().is_none_or(|about| !about.security && !secret(&about.metric)))
    }

    /// The sites that have notes, by name.
    pub fn notepads(&self) -> impl Iterator<Item = &Text> {
        self.notepads.keys().filter(|site| self.notepad(site).next().is_some())
    }

    /// Whether a metric is a security matter by the profiles in force (AL17): what left the board, and what was written of
    /// it, keeps the tag of its time. Each metric is looked up once.
    fn secrets(&self) -> impl FnMut(&Text) -> bool {
        let operators = self.profiles.profiles.get(&self.profiles.operators);
        let mut known: BTreeMap<Text, bool> = BTreeMap::new();
        move |metric| match known.get(metric) {
            Some(secret) => *secret,
            None => {
                let secret = operators.is_some_and(|p| p.settings(metric).security);
                known.insert(metric.clone(), secret);
                secret
            }
        }
    }

    /// Whose an alarm is by its age: the 24 h by the clock, the 72 h without days off (DC4).
    pub fn band(&self, alarm: &Alarm, age: Millis, now: Timestamp) -> Band {
        match Alarm::band(age) {
            Band::Overdue
                if Alarm::band(alarm.working_age(now, &self.windows(alarm), &self.settings)) < Band::Overdue =>
            {
                Band::Rod
            }
            band => band,
        }
    }

    /// The queue that an alarm stands in, and its next step (DE3).
    pub fn queue(&self, alarm: &Alarm, now: Timestamp) -> (Queue, NextStep) {
        let age = self.age(alarm, now);
        let band = self.band(alarm, age, now);
        (Queue::of(alarm, now, band), NextStep::of(alarm, now, age, band))
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
