//! The flags that hold for an alarm now (AL8 to AL12, DC6, DC8, DC10), compared with those that it carries.

use crate::alarm::{Alarm, Mark};
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

impl Engine {
    /// Brings the flags of an object's alarm in line with what is known.
    pub(crate) fn remark(&mut self, key: &Key) {
        let Some(alarm) = self.world.alarm_of(key).cloned() else { return };
        let mut wanted = self.world.flags_of(&alarm, self.now);
        // These two come and go with results, not with what is known; a recovery ends them.
        for flag in [Flag::TimeOut, Flag::NotSettled] {
            if let Some(mark) = alarm.flags.get(&flag).filter(|_| alarm.failing_now()) {
                wanted.insert(flag, mark.clone());
            }
        }
        let mut set = BTreeMap::new();
        for (flag, mut mark) in wanted.iter().map(|(f, m)| (*f, m.clone())) {
            match alarm.flags.get(&flag) {
                Some(old) if old.detail == mark.detail && old.until == mark.until => continue,
                Some(old) => mark.since = old.since,
                None => {}
            }
            set.insert(flag, mark);
        }
        let cleared: Vec<Flag> = alarm.flags.keys().filter(|f| !wanted.contains_key(f)).copied().collect();
        if set.is_empty() && cleared.is_empty() {
            return;
        }
        let barred = alarm.barred_from_leading();
        self.emit(Event::Flags { id: alarm.id.clone(), key: key.clone(), since: self.now, set, cleared });
        let Some(alarm) = self.world.alarms.get(&alarm.id).cloned() else { return };
        if alarm.barred_from_leading() != barred {
            if !barred {
                self.release_followers(&alarm.id, "its leader is set apart by the topology, or in an outage");
            }
            self.refamily_of(&alarm.id);
        }
    }

    /// The same for all services of a host that have an alarm.
    pub(crate) fn remark_services(&mut self, host: &Key) {
        let Some(entry) = self.world.hosts.get(&(host.group.clone(), host.host.clone())) else { return };
        let with_alarm = entry.services.iter().filter(|(_, w)| w.alarm.is_some());
        let mut keys: Vec<Key> = with_alarm.map(|(s, _)| Key { service: Some(s.clone()), ..host.clone() }).collect();
        keys.sort();
        for key in keys {
            self.remark(&key);
        }
    }

    pub(crate) fn set_flag(&mut self, alarm: &Alarm, flag: Flag, detail: Text, since: Timestamp) {
        let set = BTreeMap::from([(flag, Mark { since, detail, until: None })]);
        self.emit(Event::Flags { id: alarm.id.clone(), key: alarm.key.clone(), since, set, cleared: Vec::new() });
    }

    pub(crate) fn clear_flag(&mut self, alarm: &Alarm, flag: Flag, since: Timestamp) {
        let (id, key) = (alarm.id.clone(), alarm.key.clone());
        self.emit(Event::Flags { id, key, since, set: BTreeMap::new(), cleared: vec![flag] });
    }
}

impl World {
    /// The flags that hold for an alarm at `at`, but for those that come and go with single results.
    pub fn flags_of(&self, alarm: &Alarm, at: Timestamp) -> BTreeMap<Flag, Mark> {
        let mut flags = BTreeMap::new();
        let mut set = |flag: Flag, detail: String, until: Option<Timestamp>| {
            flags.insert(flag, Mark { since: at, detail: detail.into(), until });
        };
        self.flags_of_monitors(alarm, &mut set);
        if let Some(topology) = &self.topology {
            match &alarm.key.service {
                Some(_) => match topology.endpoint(&alarm.key.host, &alarm.about.service_type) {
                    None => set(Flag::NotRegistered, String::new(), None),
                    Some(e) => flags_of_endpoints(&[e], &mut set),
                },
                None => match topology.host(&alarm.key.host) {
                    None => set(Flag::NotRegistered, String::new(), None),
                    Some(types) => flags_of_endpoints(&types.values().collect::<Vec<_>>(), &mut set),
                },
            }
        }
        for (severity, flag) in [(Severity::Outage, Flag::Outage), (Severity::Warning, Flag::AtRisk)] {
            if let Some(c) = self.covered(alarm, severity, at) {
                let kind = if c.scheduled { "scheduled" } else { "unscheduled" };
                set(flag, format!("{kind}, from {} to {}", c.start, c.end), Some(c.end));
            }
        }
        flags
    }

    fn flags_of_monitors(&self, alarm: &Alarm, set: &mut impl FnMut(Flag, String, Option<Timestamp>)) {
        let key = &alarm.key;
        let Some(watch) = self.watch(key) else { return };
        let host_key = Key { service: None, ..key.clone() };
        for view in &watch.views {
            let host = key.service.as_ref().and_then(|_| self.view(&host_key, &view.monitor));
            if let Some(h) = host.filter(|h| h.state.is_problem()) {
                set(Flag::HostNotUp, format!("{} says {}", view.monitor, h.state), None);
            }
            if view.flapping {
                set(Flag::Flapping, format!("{} says so", view.monitor), None);
            }
            if let Some(ack) = &view.acknowledgement {
                set(Flag::Acknowledged, format!("{}: {}", ack.author, ack.comment), None);
            }
            if self.is_muted(&view.monitor, key) {
                set(Flag::Muted, format!("in {}", view.monitor), None);
            }
            if view.in_downtime || host.is_some_and(|h| h.in_downtime) {
                let whose = if view.in_downtime { "its own" } else { "its host's" };
                set(Flag::NagiosDowntime, format!("{whose}, in {}", view.monitor), None);
            }
        }
        if !watch.views.is_empty() && watch.views.iter().all(|v| v.gone) {
            set(Flag::NoLongerMonitored, String::new(), None);
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

fn flags_of_endpoints(endpoints: &[&Endpoint], set: &mut impl FnMut(Flag, String, Option<Timestamp>)) {
    if endpoints.is_empty() {
        return;
    }
    if endpoints.iter().all(|e| !e.monitored) {
        set(Flag::MonitoringOff, String::new(), None);
    }
    if endpoints.iter().all(|e| !e.in_production) {
        set(Flag::NotInProduction, String::new(), None);
    }
}
