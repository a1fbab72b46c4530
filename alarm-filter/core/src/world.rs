//! All that the engine knows: the fold of every event so far. Changed by `apply.rs` only; written to rows by `rows.rs`.

use crate::alarm::{Alarm, AlarmId, Mask};
use crate::board::Board;
use crate::changed::Changed;
use crate::command::{CauseKind, Done, OffReason};
use crate::input::{SourceHealth, Text};
use crate::notepad::Note;
use crate::objects::{MonitorObjects, NotificationRules, ServiceObject};
use crate::places::Place;
use crate::profile::Profiles;
use crate::rows::{Dirty, RowKey};
use crate::settings::Settings;
use crate::sharing::Texts;
use crate::state::State;
use crate::time::Timestamp;
use crate::timers::Timers;
use crate::topology::{DowntimeWindow, Downtimes, Topology};
use crate::watch::{HostEntry, Key, View, Watch};
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// A map whose order is that of insertion, and whose hashing is the same in every run.
pub type Map<K, V> = IndexMap<K, V, FxBuildHasher>;

/// All that is known.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// The seq of the last record.
    pub seq: u64,
    /// The engine's time; never goes back.
    pub at: Timestamp,
    /// What holds for all of it.
    pub meta: Meta,
    /// By name.
    pub monitors: BTreeMap<Text, Monitor>,
    /// By (group, host).
    pub hosts: Map<(Text, Text), HostEntry>,
    /// On the board, by id.
    pub alarms: Board,
    /// Switched off lately, or to return (AL19), by id.
    pub closed: Arc<BTreeMap<AlarmId, Closed>>,
    /// Open common causes, by id.
    pub causes: BTreeMap<Text, Cause>,
    /// The last notes of each site, oldest first (DE1).
    pub notepads: Arc<BTreeMap<Text, Arc<Vec<Note>>>>,
    /// What became of the last commands, by the key of their form.
    pub answers: BTreeMap<Text, Arc<Done>>,
    /// How many alarms and refusals these answers name, in all.
    pub(crate) answered: usize,
    /// Numbers taken from senders that may repeat themselves.
    pub sequences: BTreeMap<Text, Sequences>,
    /// Documents in force.
    pub settings: Arc<Settings>,
    /// Documents in force.
    pub profiles: Arc<Profiles>,
    /// Documents in force.
    pub topology: Option<Arc<Topology>>,
    /// Documents in force.
    pub downtimes: Arc<Downtimes>,
    /// The time-out patterns of the profiles in force, by their text.
    pub(crate) patterns: BTreeMap<Text, regex::Regex>,
    /// Changes with the documents in force: what was judged before holds no longer.
    pub(crate) judging: u32,
    /// What falls due, and when.
    pub timers: Timers,
    /// The moment that is being decided: `at`, or later while nothing was recorded yet. Timers are set from here on.
    pub(crate) now: Timestamp,
    /// Alarms by (site, family), for AL14.
    pub families: BTreeMap<(Text, Text), BTreeSet<AlarmId>>,
    /// Followers by leader, for AL6 and AL14.
    pub followers: BTreeMap<AlarmId, BTreeSet<AlarmId>>,
    /// Alarms whose timers are to be set anew when the input is dealt with.
    pub(crate) unarmed: Vec<AlarmId>,
    /// Objects of which a monitor ever told a flexible downtime: where one that is deleted is looked for.
    pub(crate) flexible: BTreeSet<Key>,
    /// Objects that flap, as some monitor says: a start of the monitor forgets it of all of them.
    pub(crate) flapping: BTreeSet<Place>,
    /// Rows that changed since the last flush.
    pub(crate) dirty: Dirty,
    /// Texts of the rows that were read; nothing before the start and behind it.
    pub(crate) texts: Texts,
    /// Where the object that was asked for last stands; only a hint.
    pub(crate) last: Cell<Place>,
}

/// Small things that hold for all of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    /// Hashes of the documents in force.
    pub hashes: Hashes,
    /// How sources do, by name (monitors have their own).
    pub sources: BTreeMap<Text, crate::input::SourceState>,
    /// Keys of the last commands, oldest first; their answers are [`World::answers`].
    pub forms: VecDeque<Text>,
    /// Metrics that turned non-OK of late: when, and where; for AL18.
    pub turned: BTreeMap<Text, Vec<Turned>>,
    /// Metrics proposed as a common cause, and when.
    pub proposed: BTreeMap<Text, Proposal>,
}

/// An alarm that turned non-OK.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turned {
    /// When, by the monitor's clock.
    pub at: Timestamp,
    /// The alarm.
    pub alarm: AlarmId,
    /// Its site.
    pub site: Text,
}

/// A common cause that the program proposes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// When.
    pub since: Timestamp,
    /// The sites, in order.
    pub sites: Vec<Text>,
    /// The alarms.
    pub alarms: Vec<AlarmId>,
}

impl Proposal {
    /// Whether it is proposed for that site.
    pub fn has_site(&self, site: &Text) -> bool {
        self.sites.binary_search(site).is_ok()
    }
}

/// Hashes of the documents in force; empty: none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hashes {
    /// Settings.
    pub settings: Text,
    /// Profiles.
    pub profiles: Text,
    /// Topology.
    pub topology: Text,
    /// Downtimes.
    pub downtimes: Text,
}

/// A monitor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Monitor {
    /// Its group.
    pub group: Text,
    /// How it does.
    pub health: SourceHealth,
    /// Since when.
    pub health_since: Timestamp,
    /// What is lacking; empty when fresh.
    #[serde(default)]
    pub detail: Text,
    /// When it last started, by its own clock.
    pub started: Timestamp,
    /// Notifications are switched off for all of it.
    #[serde(default)]
    pub notifications_off: bool,
    /// What commands changed of whom it notifies, and when.
    #[serde(default, skip_serializing_if = "Changed::is_nothing")]
    pub changed: Changed,
    /// Hash of its configuration; empty: none.
    #[serde(default)]
    pub objects_hash: Text,
    /// Its configuration.
    #[serde(skip)]
    pub objects: Option<Arc<MonitorObjects>>,
}

/// An alarm that was switched off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Closed {
    /// When.
    pub at: Timestamp,
    /// The seq that it left the board with.
    #[serde(default)]
    pub seq: u64,
    /// It.
    pub alarm: Arc<Alarm>,
    /// Who switched it off, and why; `None`: its problem no longer counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<SwitchedOff>,
}

/// How an alarm was switched off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SwitchedOff {
    /// Who.
    pub who: Text,
    /// The typed reason, for a non-OK one (DC2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<OffReason>,
    /// Free text.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub text: Text,
    /// A non-OK one returns then at the latest (AL19).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Somebody had masked it by that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masked_by: Option<Mask>,
    /// People had masked these by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub led: Vec<AlarmId>,
}

/// A common cause (AL18).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// What kind.
    pub kind: CauseKind,
    /// Who opened it.
    pub who: Text,
    /// What.
    pub text: Text,
    /// When.
    pub since: Timestamp,
}

/// Numbers taken from one sender, as ranges `[from, to]` in order, neither touching nor overlapping.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sequences(Vec<(u64, u64)>);

impl Sequences {
    /// How many ranges are kept; of more, the lowest are joined, since a sender does not go back that far.
    const RANGES: usize = 4096;

    /// Whether the number was taken.
    pub fn contains(&self, n: u64) -> bool {
        let i = self.0.partition_point(|(from, _)| *from <= n);
        i > 0 && self.0[i - 1].1 >= n
    }

    /// Takes a number.
    pub fn insert(&mut self, n: u64) {
        if self.contains(n) {
            return;
        }
        let i = self.0.partition_point(|(from, _)| *from <= n);
        let joins_before = i > 0 && self.0[i - 1].1.checked_add(1) == Some(n);
        let joins_after = i < self.0.len() && n.checked_add(1) == Some(self.0[i].0);
        match (joins_before, joins_after) {
            (true, true) => {
                self.0[i - 1].1 = self.0[i].1;
                self.0.remove(i);
            }
            (true, false) => self.0[i - 1].1 = n,
            (false, true) => self.0[i].0 = n,
            (false, false) => self.0.insert(i, (n, n)),
        }
        if self.0.len() > Self::RANGES {
            self.0[1].0 = self.0[0].0;
            self.0.remove(0);
        }
    }
}

/// Whether two texts are equal; nearly always they are the same.
pub(crate) fn same(a: &str, b: &str) -> bool {
    std::ptr::eq(a, b) || a == b
}

impl World {
    /// What a monitor says of an object.
    pub fn view(&self, key: &Key, monitor: &str) -> Option<&View> {
        self.watch(key)?.view(monitor)
    }

    /// What a monitor says of the host that an object is on, or is.
    pub(crate) fn host_view(&self, key: &Key, monitor: &str) -> Option<&View> {
        self.host_entry(&key.group, &key.host)?.host.view(monitor)
    }

    /// Whether a monitor sees a host as not UP, SOFT or HARD.
    pub fn host_not_up(&self, group: &Text, host: &Text, monitor: &str) -> Option<&View> {
        self.host_entry(group, host)?.host.view(monitor).filter(|v| v.state.is_problem())
    }

    /// An alarm, on the board or switched off lately.
    pub fn known_alarm(&self, id: &AlarmId) -> Option<&Alarm> {
        self.alarms.get(id).or_else(|| self.closed.get(id).map(|c| &c.alarm)).map(|a| &**a)
    }

    /// The object's alarm on the board.
    pub fn alarm_of(&self, key: &Key) -> Option<&Arc<Alarm>> {
        self.alarms.get(self.watch(key)?.alarm.as_ref()?)
    }

    /// The object's alarm that was switched off and is to return (AL19).
    pub(crate) fn closed_of(&self, key: &Key) -> Option<&Arc<Alarm>> {
        Some(&self.closed.get(&self.watch(key)?.off.as_ref()?.alarm)?.alarm)
    }

    /// A service in a monitor's configuration.
    pub fn service_object(&self, monitor: &str, host: &str, service: &str) -> Option<&ServiceObject> {
        self.monitors.get(monitor)?.objects.as_ref()?.service(host, service)
    }

    /// The notification rules of an object in a monitor's configuration.
    pub fn rules(&self, monitor: &str, key: &Key) -> Option<&NotificationRules> {
        let objects = self.monitors.get(monitor)?.objects.as_ref()?;
        let host = objects.hosts.get(&key.host)?;
        let index = match &key.service {
            Some(s) => host.services.get(s)?.rules,
            None => host.rules,
        };
        objects.rules_of(index)
    }

    /// The downtimes declared for a service.
    pub fn windows(&self, host: &str, service_type: &str) -> &[DowntimeWindow] {
        self.downtimes
            .windows
            .get(host.to_ascii_lowercase().as_str())
            .and_then(|types| types.get(service_type))
            .map_or(&[], Vec::as_slice)
    }

    /// The downtimes that count for an alarm's age; see [`crate::downtime::windows_of`].
    pub fn windows_of(&self, alarm: &Alarm) -> Vec<DowntimeWindow> {
        crate::downtime::windows_of(self.topology.as_deref(), &self.downtimes, alarm)
    }

    /// Whether anything fresh can be said by this monitor.
    pub fn is_fresh(&self, monitor: &str) -> bool {
        self.monitors.get(monitor).is_none_or(|m| matches!(m.health, SourceHealth::Fresh | SourceHealth::Gap))
    }

    /// The group that a monitor belongs to.
    pub fn group_of(&self, monitor: &Text) -> Text {
        match self.monitors.get(monitor) {
            Some(m) => m.group.clone(),
            None => self.settings.group_of(monitor),
        }
    }

    /// From here on something is known of the object.
    #[inline(never)]
    pub(crate) fn begin(&mut self, key: &Key) -> Place {
        let host = self.host_index(&key.group, &key.host);
        let host = host.unwrap_or_else(|| {
            // Room for one service; with more, for as many as the map thinks best.
            let services = Map::with_capacity_and_hasher(1, FxBuildHasher);
            let entry = HostEntry { services, ..HostEntry::default() };
            self.hosts.insert_full((key.group.clone(), key.host.clone()), entry).0
        });
        let services = &mut self.hosts[host].services;
        let service = key.service.as_ref().map(|s| services.insert_full(s.clone(), Watch::default()).0);
        let place = Place { host, service };
        self.last.set(place);
        place
    }

    pub(crate) fn view_mut(&mut self, key: &Key, monitor: &Text, since: Timestamp) -> &mut View {
        let ok = if key.service.is_some() { State::Ok } else { State::Up };
        let watch = self.watch_mut(key);
        let found = watch.views.iter().position(|v| same(&v.monitor, monitor));
        let i = found.unwrap_or_else(|| {
            // Nearly always there is one monitor, and a view is large.
            match watch.views.is_empty() {
                true => watch.views = Vec::with_capacity(1),
                false => watch.views.reserve_exact(1),
            }
            watch.views.push(View::new(monitor.clone(), ok, since));
            watch.views.len() - 1
        });
        &mut watch.views[i]
    }

    /// The documents in force changed: what was judged by them holds no longer.
    pub(crate) fn judge_anew(&mut self) {
        self.judging = self.judging.wrapping_add(1);
    }

    /// The alarm, on the board or switched off lately.
    pub(crate) fn alarm_mut(&mut self, id: &AlarmId) -> Option<&mut Alarm> {
        if let Some(alarm) = self.alarms.change(id) {
            return Some(Arc::make_mut(alarm));
        }
        let closed = Arc::make_mut(&mut self.closed).get_mut(id)?;
        self.dirty.insert(RowKey::Closed(id.clone()));
        Some(Arc::make_mut(&mut closed.alarm))
    }

    pub(crate) fn monitor_mut(&mut self, name: &Text) -> &mut Monitor {
        self.dirty.insert(RowKey::Monitor(name.clone()));
        let group = self.settings.group_of(name);
        if !self.monitors.contains_key(name) {
            self.judge_anew();
        }
        self.monitors.entry(name.clone()).or_insert_with(|| Monitor {
            group,
            health: SourceHealth::Fresh,
            health_since: Timestamp::default(),
            detail: Text::default(),
            started: Timestamp::default(),
            notifications_off: false,
            changed: Changed::default(),
            objects_hash: Text::default(),
            objects: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sequences_are_a_set(numbers in proptest::collection::vec(0u64..200, 0..300)) {
            let mut taken = Sequences::default();
            let mut model = BTreeSet::new();
            for n in numbers {
                prop_assert_eq!(taken.contains(n), model.contains(&n));
                taken.insert(n);
                model.insert(n);
            }
            for n in 0..220 {
                prop_assert_eq!(taken.contains(n), model.contains(&n));
            }
            prop_assert!(taken.0.windows(2).all(|w| w[0].1 + 1 < w[1].0));
        }
    }
}
