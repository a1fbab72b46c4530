//! What follows from new documents, from sources that fall silent or come back, and from timers.

use crate::alarm::{Alarm, AlarmId};
use crate::document::Documents;
use crate::downtime::next_edge;
use crate::engine::Engine;
use crate::event::{Event, Note};
use crate::flag::Flag;
use crate::input::{SourceState, Text};
use crate::mask::PROGRAM;
use crate::nagios::Told;
use crate::places::Place;
use crate::settings::Settings;
use crate::settle::Said;
use crate::time::{HOUR, Timestamp};
use crate::timers::{AlarmTimers, Timer};
use crate::watch::{Key, View, Watch};
use crate::world::World;
use std::collections::BTreeSet;

impl Engine {
    pub(crate) fn source_state(&mut self, state: SourceState) {
        let monitor = self.world.monitors.get(&state.source);
        let same = match monitor {
            Some(m) => m.health == state.health && m.detail == state.detail,
            None => self
                .world
                .meta
                .sources
                .get(&state.source)
                .is_some_and(|s| s.health == state.health && s.detail == state.detail),
        };
        if same {
            return;
        }
        let group = monitor.map(|m| m.group.clone());
        self.emit(Event::Source(state));
        // Only where several monitors watch the same does freshness decide whose word counts.
        if let Some(group) = group
            && self.world.monitors.values().filter(|m| m.group == group).count() > 1
        {
            self.resettle_where(|key, watch| key.group == group && watch.views.len() > 1);
        }
    }

    pub(crate) fn objects_changed(&mut self, monitor: &Text, hash: &Text) {
        if self.world.monitors.get(monitor).is_some_and(|m| m.objects_hash == *hash) {
            return;
        }
        self.emit(Event::Objects { monitor: monitor.clone(), hash: hash.clone() });
        let group = self.world.group_of(monitor);
        let Some(objects) = self.world.monitors.get(monitor).and_then(|m| m.objects.clone()) else { return };
        let mut turned = Vec::new();
        for key in self.keys(|key, _| key.group == group) {
            let Some(view) = self.world.view(&key, monitor) else { continue };
            let configured = objects.hosts.get(&key.host).is_some_and(|h| match &key.service {
                Some(s) => h.services.contains_key(s),
                None => true,
            });
            if view.gone == configured {
                turned.push((key, !configured));
            }
        }
        for (key, gone) in turned {
            let since = self.now;
            self.emit(Event::Noted { key: key.clone(), monitor: monitor.clone(), since, note: Note::Gone { gone } });
        }
        self.rejudge(|key| key.group == group);
    }

    pub(crate) fn topology_changed(&mut self, hash: &Text) {
        if self.world.meta.hashes.topology == *hash {
            return;
        }
        self.emit(Event::Topology { hash: hash.clone() });
        self.rejudge(|_| true);
    }

    pub(crate) fn downtimes_changed(&mut self, hash: &Text) {
        if self.world.meta.hashes.downtimes == *hash {
            return;
        }
        self.emit(Event::Downtimes { hash: hash.clone() });
        let mut keys: Vec<Key> = self.world.alarms.values().map(|a| a.key.clone()).collect();
        // By name and not by id: ids come of the order in which things happened to come in.
        keys.sort_unstable();
        for key in keys {
            self.remark(&key);
        }
    }

    pub(crate) fn profiles_changed(&mut self, hash: &Text) {
        if self.world.meta.hashes.profiles == *hash {
            return;
        }
        self.emit(Event::Profiles { hash: hash.clone() });
        self.rejudge(|_| true);
    }

    pub(crate) fn settings_changed(&mut self, hash: &Text) {
        if self.world.meta.hashes.settings == *hash {
            return;
        }
        let before = self.world.settings.clone();
        self.emit(Event::Settings { hash: hash.clone() });
        self.monitors_moved(&before);
        self.rejudge(|_| true);
    }

    /// What a monitor said before it left the settings, or its group, is no longer watched there (DC10); it would stand for
    /// ever as its last word otherwise.
    fn monitors_moved(&mut self, before: &Settings) {
        let after = self.world.settings.clone();
        let mut turned = Vec::new();
        for key in self.keys(|_, _| true) {
            for view in self.world.watch(&key).into_iter().flat_map(|w| &w.views) {
                let stays = |s: &Settings| {
                    s.monitors.contains_key(&view.monitor).then(|| s.group_of(&view.monitor) == key.group)
                };
                let gone = match (stays(before), stays(&after)) {
                    (_, Some(false)) | (Some(_), None) => true,
                    (None | Some(false), Some(true)) => false,
                    _ => continue,
                };
                if view.gone != gone {
                    turned.push((key.clone(), view.monitor.clone(), gone));
                }
            }
        }
        for (key, monitor, gone) in turned {
            self.emit(Event::Noted { key, monitor, since: self.now, note: Note::Gone { gone } });
        }
    }

    /// Judges standing problems and open alarms by what is now in force.
    fn rejudge(&mut self, which: impl Fn(&Key) -> bool) {
        let mut open: Vec<(AlarmId, Key)> =
            self.world.alarms.values().filter(|a| which(&a.key)).map(|a| (a.id.clone(), a.key.clone())).collect();
        open.sort_unstable_by(|a, b| a.1.cmp(&b.1));
        let mut families = BTreeSet::new();
        for (id, key) in open {
            let Some(alarm) = self.world.alarms.get(&id).cloned() else { continue };
            if self.world.has_left(&key) {
                continue;
            }
            let mut about = self.world.about(&key);
            about.profiles.clone_from(&alarm.about.profiles);
            if let crate::verdict::Verdict::Raise(judged) = self.world.verdict(&key, alarm.state_that_counts()) {
                about = *judged;
            }
            if about != alarm.about {
                families.insert((alarm.about.site.clone(), alarm.about.family.clone()));
                families.insert((about.site.clone(), about.family.clone()));
                self.emit(Event::About { id, key: key.clone(), about: Box::new(about) });
            }
        }
        self.resettle_where(|key, watch| which(key) && (watch.alarm.is_some() || watch.aside.is_some()));
        for family in families {
            self.refamily(&family);
        }
        self.unmask_across_sites();
    }

    fn resettle_where(&mut self, which: impl Fn(&Key, &Watch) -> bool) {
        for key in self.keys(which) {
            self.resettle(&key);
        }
    }

    /// Settles an object by what is known, without anything new having been said.
    pub(crate) fn resettle(&mut self, key: &Key) {
        let Some(watch) = self.world.watch(key) else { return };
        let left = self.world.has_left(key);
        if left && watch.views.iter().any(View::counts) {
            // What it stood for can no longer be asked; its alarm stays as it was (DC10).
            self.remark(key);
            return;
        }
        // An alarm that is OK and whose object does not count any more (profile, certification) leaves as well.
        let ok = watch
            .alarm
            .as_ref()
            .and_then(|id| self.world.alarms.get(id))
            .filter(|a| !left && !a.failing_now())
            .cloned();
        if let Some(alarm) = ok
            && let crate::verdict::Verdict::Aside(reason) = self.world.verdict(key, alarm.state_that_counts())
            && !matches!(reason, crate::watch::SetAside::StateDoesNotRaise { .. })
        {
            self.withdraw(&alarm, reason);
            if self.world.watch(key).is_some_and(|w| self.world.problem(w).is_none()) {
                // There is nothing that could stand as set aside.
                self.set_aside(key, None, self.now);
            }
            return;
        }
        let Some(view) = self.world.problem(watch).or_else(|| watch.views.last()) else { return };
        let since = if view.counts() { view.hard_since } else { view.since };
        let said = Said {
            monitor: view.monitor.clone(),
            since,
            checked: since,
            output: view.output.clone(),
            long_output: view.long_output.clone(),
            perf_data: view.perf_data.clone(),
            told: Told::NotAsked,
        };
        self.settle(key, &said);
    }

    fn keys(&self, which: impl Fn(&Key, &Watch) -> bool) -> Vec<Key> {
        let mut keys = BTreeSet::new();
        for ((group, host), entry) in &self.world.hosts {
            let mut ask = |service: Option<&Text>, watch: &Watch| {
                let key = Key { group: group.clone(), host: host.clone(), service: service.cloned() };
                if which(&key, watch) {
                    keys.insert(key);
                }
            };
            ask(None, &entry.host);
            for (s, w) in &entry.services {
                ask(Some(s), w);
            }
        }
        keys.into_iter().collect()
    }

    pub(crate) fn timer(&mut self, timer: Timer) {
        match timer {
            Timer::Aged(id) => self.with_alarm(&id, |e, a| {
                e.emit(Event::Aged { id: a.id.clone(), key: a.key.clone() });
            }),
            Timer::MonitoringOff(id) => self.with_alarm(&id, |e, a| {
                e.emit(Event::ReportMonitoringOff { id: a.id.clone(), key: a.key.clone() });
            }),
            Timer::DowntimeEdge(id) => self.with_alarm(&id, |e, a| {
                e.remark(&a.key);
                // Nothing may have changed for this alarm; the next edge has to be waited for all the same.
                e.world.rearm(&a.id);
            }),
            Timer::StableOk(id) => self.with_alarm(&id, |e, a| e.stable_ok(a)),
            Timer::Return(key) => self.return_by_date(&key),
            Timer::Settle(key) => self.not_settled(&key),
        }
    }

    fn with_alarm(&mut self, id: &AlarmId, act: impl FnOnce(&mut Engine, &Alarm)) {
        if let Some(alarm) = self.world.alarms.get(id).cloned() {
            act(self, &alarm);
        }
    }

    fn stable_ok(&mut self, alarm: &Alarm) {
        let was_masked = alarm.masked_by.is_some();
        self.emit(Event::StableOk { id: alarm.id.clone(), key: alarm.key.clone() });
        self.release_followers(&alarm.id, "its leader is stable OK");
        self.refamily_of(&alarm.id);
        if self.world.settings.auto_off && !alarm.aged && !was_masked && alarm.cause.is_none() && alarm.notes.is_empty()
        {
            self.close_alarm(alarm, PROGRAM.into(), None, "it went by itself".into(), None);
        }
    }

    /// AL19: the date of a switching-off has come.
    fn return_by_date(&mut self, key: &Key) {
        let Some(watch) = self.world.watch(key) else { return };
        let Some(off) = watch.off.clone() else { return };
        if self.world.problem(watch).is_some() {
            let why = "its date has come and it still fails".into();
            self.emit(Event::Returned { id: off.alarm.clone(), key: key.clone(), why, who: Text::default() });
            self.resettle(key);
            self.refamily_of(&off.alarm);
        } else {
            self.emit(Event::SetAside { key: key.clone(), reason: None, since: self.now });
        }
    }

    /// DC6: nothing has said whether a held service still fails, and nothing that could is there.
    fn not_settled(&mut self, key: &Key) {
        let due = self.world.settle_due(key).filter(|(due, _)| *due <= self.now);
        let Some(view) = due.and_then(|(_, monitor)| self.world.view(key, &monitor)).cloned() else { return };
        let since = self.now;
        self.emit(Event::Noted { key: key.clone(), monitor: view.monitor.clone(), since, note: Note::Released });
        let said = Said {
            monitor: view.monitor.clone(),
            since,
            checked: since,
            output: view.output,
            long_output: view.long_output,
            perf_data: view.perf_data,
            told: Told::NotAsked,
        };
        self.settle(key, &said);
        // Where another monitor of the group sees it failing, that settles it.
        let alarm = self.world.alarm_of(key).filter(|a| a.failing_now() && a.monitors == [view.monitor]).cloned();
        if let Some(alarm) = alarm {
            self.set_flag(
                &alarm.id,
                key,
                Flag::NotSettled,
                "no source has shown it since its host came up".into(),
                since,
            );
        }
    }
}

impl Alarm {
    /// The state to judge it by: its own while it fails, else its last that did.
    pub(crate) fn state_that_counts(&self) -> crate::state::State {
        let last = self.history.iter().rev().map(|c| c.state).find(|s| s.is_problem());
        if self.failing_now() { self.state } else { last.unwrap_or(self.state) }
    }
}

impl World {
    /// Whether an object left the configuration of every monitor that ever saw it (DC10).
    fn has_left(&self, key: &Key) -> bool {
        self.watch(key).is_some_and(|w| !w.views.is_empty() && w.views.iter().all(|v| v.gone))
    }

    /// Sets the timers anew of all alarms that the input touched.
    #[inline]
    pub(crate) fn rearm_touched(&mut self) {
        if !self.unarmed.is_empty() {
            self.rearm_all_touched();
        }
    }

    fn rearm_all_touched(&mut self) {
        let mut touched = std::mem::take(&mut self.unarmed);
        if touched.len() > 1 {
            touched.sort_unstable();
            touched.dedup();
        }
        for id in &touched {
            self.rearm(id);
        }
        touched.clear();
        self.unarmed = touched;
    }

    /// Sets the timers of an alarm anew.
    pub(crate) fn rearm(&mut self, id: &AlarmId) {
        match self.alarms.get(id).map(|alarm| self.timers_of(alarm)) {
            Some(timers) => self.timers.set_alarm(id, timers, self.at.max(self.now)),
            None => self.timers.stop(id),
        }
    }

    fn timers_of(&self, alarm: &Alarm) -> AlarmTimers {
        let failing = alarm.failing_now();
        AlarmTimers {
            aged: (failing && !alarm.aged).then(|| self.aged_at(alarm)).flatten(),
            stable_ok: (!failing && !alarm.stable).then(|| alarm.stable_at()).flatten(),
            downtime_edge: self.next_downtime_edge(alarm),
            monitoring_off: alarm
                .unmonitored_since
                .filter(|_| !alarm.unmonitored_reported && failing)
                .map(|t| t.plus(self.settings.monitoring_off_report)),
        }
    }

    /// When a failing alarm becomes 24 h old, by the downtimes known now.
    fn aged_at(&self, alarm: &Alarm) -> Option<Timestamp> {
        let windows = &*self.windows_of(alarm);
        let mut t = alarm.failing.last()?.from;
        if windows.is_empty() {
            return Some(t.plus((24 * HOUR - alarm.age(t, windows)).max(0)));
        }
        // Each step adds at least what is lacking; outages in between only lengthen the way.
        for _ in 0..64 {
            let lacks = 24 * HOUR - alarm.age(t, windows);
            if lacks <= 0 {
                return Some(t);
            }
            t = t.plus(lacks);
        }
        None
    }

    fn next_downtime_edge(&self, alarm: &Alarm) -> Option<Timestamp> {
        if self.downtimes.windows.is_empty() {
            return None;
        }
        if alarm.key.service.is_some() {
            return next_edge(self.windows(&alarm.key.host, &alarm.about.service_type), self.at.max(self.now));
        }
        let types = self.downtimes.windows.get(alarm.key.host.to_ascii_lowercase().as_str())?;
        types.values().filter_map(|w| next_edge(w, self.at.max(self.now))).min()
    }

    /// Sets or stops the timer of a held service (DC6): only where neither notifications nor status.dat can settle it.
    pub(crate) fn rearm_settle(&mut self, key: &Key) {
        if key.service.is_none() {
            return;
        }
        let due = self.settle_due(key).map(|(due, _)| due);
        if due.is_some() || self.timers.any_of_objects() {
            self.timers.set(Timer::Settle(key.clone()), due);
        }
    }

    /// When the first of the monitors that hold it has waited long enough, and which that is.
    fn settle_due(&self, key: &Key) -> Option<(Timestamp, Text)> {
        let watch = self.watch(key)?;
        if !watch.views.iter().any(|v| v.held) {
            return None;
        }
        let due = |view: &View| {
            let monitor = self.settings.monitors.get(&view.monitor);
            if monitor.is_none_or(|m| m.has_notifications || m.has_status) {
                return None;
            }
            let up = self.host_view(key, &view.monitor).filter(|h| !h.state.is_problem())?;
            Some((up.since.plus(self.settings.settle_after), view.monitor.clone()))
        };
        watch.views.iter().filter(|v| v.held).filter_map(due).min()
    }

    /// The same for all held services of a host.
    pub(crate) fn rearm_host(&mut self, host: &Key) {
        let Some(entry) = self.host_entry(&host.group, &host.host) else { return };
        let held = entry.services.iter().filter(|(_, w)| w.views.iter().any(|v| v.held));
        let keys: Vec<Key> = held.map(|(s, _)| Key { service: Some(s.clone()), ..host.clone() }).collect();
        for key in keys {
            self.rearm_settle(&key);
        }
    }

    /// The same for all held services there are.
    pub(crate) fn rearm_held(&mut self) {
        let mut held = Vec::new();
        for ((group, host), entry) in &self.hosts {
            for (s, _) in entry.services.iter().filter(|(_, w)| w.views.iter().any(|v| v.held)) {
                held.push(Key { group: group.clone(), host: host.clone(), service: Some(s.clone()) });
            }
        }
        for key in held {
            self.rearm_settle(&key);
        }
    }

    /// Hashes of the documents in force.
    pub fn documents_in_force(&self) -> Vec<Text> {
        self.documents_by_kind().into_iter().map(|(_, hash)| hash).collect()
    }

    /// The documents in force, each with its kind: settings, profiles, topology, downtimes, objects.
    pub fn documents_by_kind(&self) -> Vec<(&'static str, Text)> {
        let h = &self.meta.hashes;
        let mut all = vec![
            ("settings", h.settings.clone()),
            ("profiles", h.profiles.clone()),
            ("topology", h.topology.clone()),
            ("downtimes", h.downtimes.clone()),
        ];
        all.extend(self.monitors.values().map(|m| ("objects", m.objects_hash.clone())));
        all.retain(|(_, hash)| !hash.is_empty());
        all
    }

    /// After the rows of a snapshot are in: what is derived from them.
    pub(crate) fn restore(&mut self, documents: &Documents) {
        let hashes = self.meta.hashes.clone();
        self.settings = documents.settings(&hashes.settings).unwrap_or_default();
        self.profiles = documents.profiles(&hashes.profiles).unwrap_or_default();
        self.patterns = self.profiles.time_out_patterns();
        self.topology = documents.topology(&hashes.topology);
        self.downtimes = documents.downtimes(&hashes.downtimes).unwrap_or_default();
        for monitor in self.monitors.values_mut() {
            monitor.objects = documents.objects(&monitor.objects_hash);
        }
        self.judge_anew();
        let alarms: Vec<_> = self.alarms.values().cloned().collect();
        for alarm in alarms {
            // One text for the id, wherever it stands: it is found sooner, and held once.
            let known = self.watch(&alarm.key).and_then(|w| w.alarm.as_ref()) == Some(&alarm.id);
            if known {
                self.watch_mut(&alarm.key).alarm = Some(alarm.id.clone());
            }
            self.note_family(&alarm.id, &alarm.about, true);
            if let Some(mask) = &alarm.masked_by {
                self.followers.entry(mask.leader.clone()).or_default().insert(alarm.id.clone());
            }
            self.rearm(&alarm.id);
        }
        let (mut off, mut flexible, mut flapping) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        for (host, ((group, name), entry)) in self.hosts.iter().enumerate() {
            let mut look = |service: Option<(usize, &Text)>, watch: &Watch| {
                let key = || Key { group: group.clone(), host: name.clone(), service: service.map(|(_, s)| s.clone()) };
                off.extend(watch.off.as_ref().map(|o| (key(), o.until)));
                if watch.views.iter().any(|v| !v.flexible.is_empty()) {
                    flexible.insert(key());
                }
                if watch.views.iter().any(|v| v.flapping) {
                    flapping.insert(Place { host, service: service.map(|(i, _)| i) });
                }
            };
            entry.services.iter().enumerate().for_each(|(i, (s, w))| look(Some((i, s)), w));
            look(None, &entry.host);
        }
        self.flapping = flapping;
        self.flexible = flexible;
        for (key, until) in off {
            self.timers.set(Timer::Return(key), Some(until));
        }
        self.rearm_held();
        self.unarmed.clear();
        self.all_rows_are_written();
        self.texts = Default::default();
    }
}
