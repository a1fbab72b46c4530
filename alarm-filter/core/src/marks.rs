//! The flags that hold for an alarm now (AL8 to AL12, DC6, DC8, DC10), compared with those that it carries.

use crate::alarm::{Alarm, AlarmId, Mark};
use crate::downtime::{Cover, cover, whole_windows};
use crate::engine::Engine;
use crate::event::Event;
use crate::flag::Flag;
use crate::input::Text;
use crate::time::Timestamp;
use crate::topology::{Endpoint, Severity};
use crate::watch::Key;
use crate::world::World;
use std::collections::BTreeMap;

/// The flags that an alarm carries, against those that hold; only what differs is written out.
struct Marking<'a> {
    old: &'a BTreeMap<Flag, Mark>,
    now: Timestamp,
    /// A bit for each flag that holds.
    hold: u32,
    set: BTreeMap<Flag, Mark>,
}

impl<'a> Marking<'a> {
    fn new(old: &'a BTreeMap<Flag, Mark>, now: Timestamp) -> Self {
        Marking { old, now, hold: 0, set: BTreeMap::new() }
    }

    fn holds(&self, flag: Flag) -> bool {
        self.hold & (1 << flag as u32) != 0
    }

    /// A flag holds, for what these words say together; of several words for it, the last stand.
    fn set(&mut self, flag: Flag, words: &[&str], until: Option<Timestamp>) {
        let again = self.holds(flag);
        self.hold |= 1 << flag as u32;
        let old = self.old.get(&flag);
        if old.is_some_and(|old| says(&old.detail, words) && old.until == until) {
            if again {
                self.set.remove(&flag);
            }
            return;
        }
        let since = old.map_or(self.now, |old| old.since);
        self.set.insert(flag, Mark { since, detail: words.concat().into(), until });
    }
}

/// Whether a text is these words together; most marks stand as they are, and need not be put together again.
fn says(text: &str, words: &[&str]) -> bool {
    words.iter().try_fold(text, |rest, word| rest.strip_prefix(word)).is_some_and(str::is_empty)
}

impl Engine {
    /// Brings the flags of an object's alarm in line with what is known.
    pub(crate) fn remark(&mut self, key: &Key) {
        let Some(alarm) = self.world.alarm_of(key) else { return };
        let mut marking = Marking::new(&alarm.flags, self.now);
        self.world.mark(alarm, self.now, &mut marking);
        // These two come and go with results, not with what is known; a recovery ends them.
        let stays = |f: &Flag| matches!(f, Flag::TimeOut | Flag::NotSettled) && alarm.failing_now();
        let over = |f: &Flag| !marking.holds(*f) && !stays(f);
        let cleared: Vec<Flag> = match alarm.flags.is_empty() {
            true => Vec::new(),
            false => alarm.flags.keys().copied().filter(over).collect(),
        };
        let set = marking.set;
        if set.is_empty() && cleared.is_empty() {
            return;
        }
        let barred = alarm.barred_from_leading();
        let id = alarm.id.clone();
        self.emit(Event::Flags { id: id.clone(), key: key.clone(), since: self.now, set, cleared });
        if self.world.alarms.get(&id).is_some_and(|a| a.barred_from_leading() != barred) {
            if !barred {
                self.release_followers(&id, "its leader is set apart by the topology, or in an outage");
            }
            self.refamily_of(&id);
        }
    }

    /// The same for all services of a host that have an alarm.
    pub(crate) fn remark_services(&mut self, host: &Key) {
        let Some(entry) = self.world.host_entry(&host.group, &host.host) else { return };
        let with_alarm = entry.services.iter().filter(|(_, w)| w.alarm.is_some());
        let mut keys: Vec<Key> = with_alarm.map(|(s, _)| Key { service: Some(s.clone()), ..host.clone() }).collect();
        keys.sort();
        for key in keys {
            self.remark(&key);
        }
    }

    pub(crate) fn set_flag(&mut self, id: &AlarmId, key: &Key, flag: Flag, detail: Text, since: Timestamp) {
        let set = BTreeMap::from([(flag, Mark { since, detail, until: None })]);
        self.emit(Event::Flags { id: id.clone(), key: key.clone(), since, set, cleared: Vec::new() });
    }

    pub(crate) fn clear_flag(&mut self, id: &AlarmId, key: &Key, flag: Flag, since: Timestamp) {
        let (id, key) = (id.clone(), key.clone());
        self.emit(Event::Flags { id, key, since, set: BTreeMap::new(), cleared: vec![flag] });
    }
}

impl World {
    /// The flags that hold for an alarm at `at`, but for those that come and go with single results.
    pub fn flags_of(&self, alarm: &Alarm, at: Timestamp) -> BTreeMap<Flag, Mark> {
        let none = BTreeMap::new();
        let mut marking = Marking::new(&none, at);
        self.mark(alarm, at, &mut marking);
        marking.set
    }

    fn mark(&self, alarm: &Alarm, at: Timestamp, marking: &mut Marking<'_>) {
        self.mark_by_monitors(alarm, marking);
        if let Some(topology) = &self.topology {
            match &alarm.key.service {
                Some(_) => match topology.endpoint(&alarm.key.host, &alarm.about.service_type) {
                    None => marking.set(Flag::NotRegistered, &[], None),
                    Some(e) => mark_by_endpoints(&[e], marking),
                },
                None => match topology.host(&alarm.key.host) {
                    None => marking.set(Flag::NotRegistered, &[], None),
                    Some(types) => mark_by_endpoints(&types.values().collect::<Vec<_>>(), marking),
                },
            }
        }
        if self.downtimes.windows.is_empty() {
            return;
        }
        for (severity, flag) in [(Severity::Outage, Flag::Outage), (Severity::Warning, Flag::AtRisk)] {
            if let Some(c) = self.covered(alarm, severity, at) {
                let kind = if c.scheduled { "scheduled" } else { "unscheduled" };
                let (start, end) = (c.start.to_string(), c.end.to_string());
                marking.set(flag, &[kind, ", from ", &start, " to ", &end], Some(c.end));
            }
        }
    }

    fn mark_by_monitors(&self, alarm: &Alarm, marking: &mut Marking<'_>) {
        let key = &alarm.key;
        let Some(place) = self.place(key) else { return };
        let Some(((_, entry), watch)) = self.hosts.get_index(place.host).zip(self.watch_at(place)) else { return };
        for view in &watch.views {
            let host = key.service.as_ref().and_then(|_| entry.host.view(&view.monitor));
            if let Some(h) = host.filter(|h| h.state.is_problem()) {
                marking.set(Flag::HostNotUp, &[&view.monitor, " says ", h.state.word()], None);
            }
            if view.flapping {
                marking.set(Flag::Flapping, &[&view.monitor, " says so"], None);
            }
            if let Some(ack) = &view.acknowledgement {
                marking.set(Flag::Acknowledged, &[&ack.author, ": ", &ack.comment], None);
            }
            if self.is_muted_in(view, key) {
                marking.set(Flag::Muted, &["in ", &view.monitor], None);
            }
            if view.in_downtime || host.is_some_and(|h| h.in_downtime) {
                let whose = if view.in_downtime { "its own" } else { "its host's" };
                marking.set(Flag::NagiosDowntime, &[whose, ", in ", &view.monitor], None);
            }
        }
        if !watch.views.is_empty() && watch.views.iter().all(|v| v.gone) {
            marking.set(Flag::NoLongerMonitored, &[], None);
        }
    }

    /// The downtime of that severity that covers an alarm. A host's alarm is covered only when all of its monitored
    /// services are (AL10), and then until the first of them is not.
    fn covered(&self, alarm: &Alarm, severity: Severity, at: Timestamp) -> Option<Cover> {
        if alarm.key.service.is_some() {
            return cover(&self.windows_of(alarm), severity, at);
        }
        let types = self.topology.as_ref()?.host(&alarm.key.host)?;
        let mut all: Option<Cover> = None;
        for (service_type, _) in types.iter().filter(|(_, e)| e.monitored) {
            let whole = whole_windows(self.topology.as_deref(), &self.downtimes, &alarm.key.host, service_type);
            let c = cover(&whole, severity, at)?;
            all = Some(match all {
                Some(a) if a.end <= c.end => a,
                _ => c,
            });
        }
        all
    }
}

fn mark_by_endpoints(endpoints: &[&Endpoint], marking: &mut Marking<'_>) {
    if endpoints.is_empty() {
        return;
    }
    if endpoints.iter().all(|e| !e.monitored) {
        marking.set(Flag::MonitoringOff, &[], None);
    }
    if endpoints.iter().all(|e| !e.in_production) {
        marking.set(Flag::NotInProduction, &[], None);
    }
}
