//! `apply`: the one place that changes the world. It understands every event ever written and decides nothing.

use crate::alarm::{Alarm, AlarmId, Change, Span, Told};
use crate::document::Documents;
use crate::event::{Event, Note, Seen};
use crate::flag::Flag;
use crate::input::{DeletedDowntime, ScheduledDowntime, Text};
use crate::rows::RowKey;
use crate::settings::Settings;
use crate::time::{DAY, Millis, Timestamp};
use crate::watch::{Aside, Key, Off, SetAside, Watch};
use crate::world::{Cause, Closed, Proposal, Turned, World};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Spans kept for an alarm's age; of more, the oldest are added up.
const SPANS: usize = 64;
/// States of one episode that are kept with the alarm; of more, all stand in the journal.
const EPISODE_STATES: usize = 10_000;
/// Keys of commands that are remembered.
const FORMS: usize = 4096;
/// Switched-off alarms that are remembered beside those that may return.
const CLOSED: usize = 2048;

impl World {
    /// Takes in one event of the record `seq`, decided at `at`.
    pub fn apply(&mut self, seq: u64, at: Timestamp, event: &Event, documents: &Documents) {
        self.seq = self.seq.max(seq);
        self.at = self.at.max(at);
        match event {
            Event::Seen(seen) => self.apply_seen(seen),
            Event::NotificationSent { key, monitor, since, problem } => {
                let view = self.view_mut(key, monitor, *since);
                view.notified = view.notified.saturating_add(1);
                if let Some(state) = problem {
                    view.last_notified = Some((*since, *state));
                }
            }
            Event::Noted { key, monitor, since, note } => self.apply_note(key, monitor, *since, note),
            Event::Muted { monitor, host, muted } => self.apply_muted(monitor, host.as_ref(), *muted),
            Event::DowntimeDeleted { monitor, which } => self.apply_downtime_deleted(monitor, which),
            Event::MonitorStarted { monitor, since } => {
                self.monitor_mut(monitor).started = *since;
                self.forget_flapping(monitor);
            }
            Event::Source(state) => {
                if self.monitors.contains_key(&state.source) || self.settings.monitors.contains_key(&state.source) {
                    let monitor = self.monitor_mut(&state.source);
                    monitor.health = state.health;
                    monitor.health_since = state.since;
                    monitor.detail = state.detail.clone();
                } else {
                    self.meta.sources.insert(state.source.clone(), state.clone());
                    self.dirty.insert(RowKey::Meta);
                }
            }
            Event::Received { source, sequence } => {
                self.sequences.entry(source.clone()).or_default().insert(*sequence);
                self.dirty.insert(RowKey::Sequences(source.clone()));
            }
            Event::Objects { monitor, hash } => {
                let objects = documents.objects(hash);
                let m = self.monitor_mut(monitor);
                m.objects_hash = hash.clone();
                m.objects = objects;
            }
            Event::Topology { hash } => {
                self.meta.hashes.topology = hash.clone();
                self.topology = documents.topology(hash);
                self.dirty.insert(RowKey::Meta);
            }
            Event::Downtimes { hash } => {
                self.meta.hashes.downtimes = hash.clone();
                self.downtimes = documents.downtimes(hash).unwrap_or_default();
                self.dirty.insert(RowKey::Meta);
                self.unarmed.extend(self.alarms.keys().cloned());
            }
            Event::Profiles { hash } => {
                self.meta.hashes.profiles = hash.clone();
                self.profiles = documents.profiles(hash).unwrap_or_default();
                self.dirty.insert(RowKey::Meta);
            }
            Event::Settings { hash } => {
                self.meta.hashes.settings = hash.clone();
                self.settings = documents.settings(hash).unwrap_or_default();
                self.dirty.insert(RowKey::Meta);
                let settings = self.settings.clone();
                for name in settings.monitors.keys() {
                    let group = settings.group_of(name);
                    self.monitor_mut(name).group = group;
                }
            }
            Event::CommandTaken { key } => {
                self.meta.forms.push_back(key.clone());
                while self.meta.forms.len() > FORMS {
                    self.meta.forms.pop_front();
                }
                self.dirty.insert(RowKey::Meta);
            }
            Event::CauseOpened { cause, who, kind, text, alarms } => {
                let opened = Cause { kind: *kind, who: who.clone(), text: text.clone(), since: self.at };
                self.causes.insert(cause.clone(), opened);
                self.dirty.insert(RowKey::Cause(cause.clone()));
                for id in alarms {
                    if let Some(alarm) = self.alarm_mut(id) {
                        alarm.cause = Some(cause.clone());
                        alarm.version = seq;
                    }
                }
            }
            Event::CauseEnded { cause, .. } => {
                self.causes.remove(cause);
                self.dirty.insert(RowKey::Cause(cause.clone()));
                let all = self.alarms.values().chain(self.closed.values().map(|c| &c.alarm));
                let under: Vec<AlarmId> =
                    all.filter(|a| a.cause.as_ref() == Some(cause)).map(|a| a.id.clone()).collect();
                for id in under {
                    if let Some(alarm) = self.alarm_mut(&id) {
                        alarm.cause = None;
                        alarm.version = seq;
                    }
                }
            }
            Event::CauseProposed { metric, sites, alarms } => {
                let proposal = Proposal { since: self.at, sites: sites.clone(), alarms: alarms.clone() };
                self.meta.proposed.insert(metric.clone(), proposal);
                self.dirty.insert(RowKey::Meta);
            }
            _ => self.apply_to_alarm(seq, event),
        }
    }

    fn apply_seen(&mut self, seen: &Seen) {
        let view = self.view_mut(&seen.key, &seen.monitor, seen.since);
        let changed = view.state != seen.state;
        if let Some(ack) = &view.acknowledgement
            && changed
            && (!ack.sticky || !seen.state.is_problem())
        {
            view.acknowledgement = None;
        }
        if seen.hard && (view.hard_state != seen.state || !view.hard) {
            view.hard_state = seen.state;
            view.hard_since = seen.since;
        }
        if changed || view.hard != seen.hard {
            view.delayed_until = None;
            view.since = seen.since;
        }
        view.state = seen.state;
        view.hard = seen.hard;
        view.heard = seen.heard;
        view.held = seen.held;
        view.attempt = seen.attempt;
        view.output = seen.output.clone();
        view.long_output = seen.long_output.clone();
        view.perf_data = seen.perf_data.clone();
        view.last_notified = None;
        view.gone = false;
        if seen.resets {
            view.notified = 0;
        }
        let watch = self.watch_mut(&seen.key);
        if let Some(stands_for) = &seen.stands_for {
            watch.stands_for = Some(stands_for.clone());
        }
        self.rearm_settle(&seen.key);
    }

    fn apply_note(&mut self, key: &Key, monitor: &Text, since: Timestamp, note: &Note) {
        let view = self.view_mut(key, monitor, since);
        view.noted = view.noted.max(since);
        match note {
            Note::Flapping { on } => view.flapping = *on,
            Note::InDowntime { on } => {
                view.in_downtime = *on;
                if *on {
                    // The flexible one that began is no longer waiting; which of several it was is not said.
                    view.flexible.retain(|d| !(d.start <= since && since <= d.end));
                }
            }
            Note::Acknowledged(ack) => view.acknowledgement = Some(ack.clone()),
            Note::Unacknowledged => view.acknowledgement = None,
            Note::Mute { muted } => view.muted = Some(*muted),
            Note::Flexible(downtime) => {
                let alike = |d: &ScheduledDowntime| {
                    d.start == downtime.start && d.end == downtime.end && d.host_services == downtime.host_services
                };
                // The same with its id, now that it is known, takes the place of the one without.
                view.flexible.retain(|d| {
                    d.end >= since
                        && if d.id.is_some() { d.id != downtime.id } else { downtime.id.is_none() || !alike(d) }
                });
                view.flexible.push(downtime.clone());
            }
            Note::Delayed { until } => view.delayed_until = Some(*until),
            Note::Released => view.held = false,
            Note::Gone { gone } => view.gone = *gone,
        }
        self.rearm_settle(key);
    }

    fn apply_muted(&mut self, monitor: &Text, host: Option<&Text>, muted: bool) {
        let Some(host) = host else {
            self.monitor_mut(monitor).notifications_off = muted;
            return;
        };
        let group = self.group_of(monitor);
        let configured = self.monitors.get(monitor).and_then(|m| m.objects.clone());
        let mut services: Vec<Text> = configured
            .as_ref()
            .and_then(|o| o.hosts.get(host))
            .map(|h| h.services.keys().cloned().collect())
            .unwrap_or_default();
        if services.is_empty()
            && let Some(entry) = self.hosts.get(&(group.clone(), host.clone()))
        {
            services = entry.services.keys().cloned().collect();
        }
        for service in services {
            let key = Key { group: group.clone(), host: host.clone(), service: Some(service) };
            let at = self.at;
            self.view_mut(&key, monitor, at).muted = Some(muted);
        }
    }

    fn apply_downtime_deleted(&mut self, monitor: &Text, which: &DeletedDowntime) {
        let group = self.group_of(monitor);
        let mut keys = Vec::new();
        for ((g, host), entry) in &self.hosts {
            let elsewhere = match which {
                DeletedDowntime::Id { .. } => false,
                DeletedDowntime::Host { host: h } => h != host,
                DeletedDowntime::Window { object, .. } => object.host != *host,
            };
            if *g != group || elsewhere {
                continue;
            }
            let hit = |w: &Watch| w.view(monitor).is_some_and(|v| v.flexible.iter().any(|d| deleted(d, which)));
            let key = |service| Key { group: g.clone(), host: host.clone(), service };
            keys.extend(hit(&entry.host).then(|| key(None)));
            keys.extend(entry.services.iter().filter(|(_, w)| hit(w)).map(|(s, _)| key(Some(s.clone()))));
        }
        for key in keys {
            if let Some(view) = self.watch_mut(&key).view_mut(monitor) {
                view.flexible.retain(|d| !deleted(d, which));
            }
        }
    }

    fn forget_flapping(&mut self, monitor: &Text) {
        let group = self.group_of(monitor);
        let mut keys = Vec::new();
        for ((g, host), entry) in &self.hosts {
            if *g != group {
                continue;
            }
            let hit = |w: &Watch| w.view(monitor).is_some_and(|v| v.flapping);
            let key = |service| Key { group: g.clone(), host: host.clone(), service };
            keys.extend(hit(&entry.host).then(|| key(None)));
            keys.extend(entry.services.iter().filter(|(_, w)| hit(w)).map(|(s, _)| key(Some(s.clone()))));
        }
        for key in keys {
            if let Some(view) = self.watch_mut(&key).view_mut(monitor) {
                view.flapping = false;
            }
        }
    }

    fn apply_to_alarm(&mut self, seq: u64, event: &Event) {
        let settings = self.settings.clone();
        let touched = match event {
            Event::Raised { id, key, about, monitors, change } => {
                let alarm = Alarm {
                    id: id.clone(),
                    key: key.clone(),
                    about: about.clone(),
                    monitors: monitors.clone(),
                    state: change.state,
                    since: change.at,
                    raised: change.at,
                    episode_since: change.at,
                    episodes: 1,
                    failing: vec![Span { from: change.at, to: None }],
                    failing_before: 0,
                    aged: false,
                    stable: false,
                    refreshed: None,
                    output: change.output.clone(),
                    long_output: Text::from(""),
                    perf_data: Text::from(""),
                    flags: BTreeMap::new(),
                    episode_flags: BTreeSet::new(),
                    episode_states: Vec::new(),
                    history: Vec::new(),
                    turns: Vec::new(),
                    masked_by: None,
                    cause: None,
                    unmonitored_since: None,
                    unmonitored_reported: false,
                    version: seq,
                };
                self.alarms.insert(id.clone(), Arc::new(alarm));
                self.watch_mut(key).alarm = Some(id.clone());
                self.note_family(id, about, true);
                self.note_turn(about, change.at, id);
                if let Some(alarm) = self.alarm_mut(id) {
                    alarm.remember(change, true, &settings);
                }
                id
            }
            Event::Changed { id, monitors, change, again, .. } => {
                if let Some(alarm) = self.alarm_mut(id) {
                    alarm.monitors.clone_from(monitors);
                    if *again {
                        alarm.fail_again(change.at);
                    }
                    alarm.state = change.state;
                    alarm.since = change.at;
                    alarm.output = change.output.clone();
                    alarm.long_output = Text::from("");
                    alarm.perf_data = Text::from("");
                    alarm.remember(change, *again, &settings);
                }
                if *again && let Some(about) = self.alarms.get(id).map(|a| a.about.clone()) {
                    self.note_turn(&about, change.at, id);
                }
                id
            }
            Event::Recovered { id, key, change } => {
                if let Some(off) = &mut self.watch_mut(key).off {
                    off.was_ok = true;
                }
                if let Some(alarm) = self.alarm_mut(id) {
                    alarm.state = change.state;
                    alarm.since = change.at;
                    alarm.output = change.output.clone();
                    alarm.long_output = Text::from("");
                    alarm.perf_data = Text::from("");
                    if let Some(span) = alarm.failing.last_mut() {
                        span.to = Some(change.at.max(span.from));
                    }
                    alarm.remember(change, true, &settings);
                }
                id
            }
            Event::Refreshed { id, since, .. } => {
                if let Some(alarm) = self.alarm_mut(id) {
                    alarm.refreshed = Some(*since);
                }
                id
            }
            Event::Output { id, output, long_output, perf_data, .. } => {
                if let Some(alarm) = self.alarm_mut(id) {
                    alarm.output = output.clone();
                    alarm.long_output = long_output.clone();
                    alarm.perf_data = perf_data.clone();
                }
                id
            }
            Event::Corrected { id, since, .. } => {
                if let Some(alarm) = self.alarm_mut(id) {
                    alarm.correct(*since);
                }
                id
            }
            Event::Flags { id, set, cleared, .. } => {
                let at = self.at;
                if let Some(alarm) = self.alarm_mut(id) {
                    for flag in cleared {
                        alarm.flags.remove(flag);
                    }
                    for (flag, mark) in set {
                        alarm.flags.insert(*flag, mark.clone());
                    }
                    if alarm.failing_now() {
                        alarm.episode_flags.extend(set.keys());
                    }
                    let off = alarm.flags.contains_key(&Flag::MonitoringOff);
                    if off != alarm.unmonitored_since.is_some() {
                        alarm.unmonitored_since = off.then_some(at);
                        alarm.unmonitored_reported = false;
                    }
                }
                id
            }
            Event::About { id, about, .. } => {
                if let Some(old) = self.alarms.get(id).map(|a| a.about.clone()) {
                    self.note_family(id, &old, false);
                    self.note_family(id, about, true);
                }
                if let Some(alarm) = self.alarm_mut(id) {
                    alarm.about = about.clone();
                }
                id
            }
            Event::SwitchedOff { id, key, until, .. } => {
                self.close(id, key);
                if let Some(until) = until {
                    let off = Off { alarm: id.clone(), until: *until, was_ok: false };
                    let aside = Aside { reason: SetAside::SwitchedOff { until: *until }, since: self.at };
                    let watch = self.watch_mut(key);
                    watch.off = Some(off);
                    watch.aside = Some(aside);
                }
                self.timers.set(crate::timers::Timer::Return(key.clone()), *until);
                id
            }
            Event::Withdrawn { id, key, reason } => {
                self.close(id, key);
                let since = self.at;
                self.watch_mut(key).aside = Some(Aside { reason: reason.clone(), since });
                id
            }
            Event::Returned { id, key, .. } => {
                if let Some(closed) = self.closed.remove(id) {
                    self.dirty.insert(RowKey::Closed(id.clone()));
                    self.note_family(id, &closed.alarm.about, true);
                    self.alarms.insert(id.clone(), closed.alarm);
                    let watch = self.watch_mut(key);
                    watch.alarm = Some(id.clone());
                    watch.off = None;
                    watch.aside = None;
                    self.timers.set(crate::timers::Timer::Return(key.clone()), None);
                }
                id
            }
            Event::SetAside { key, reason, since } => {
                let watch = self.watch_mut(key);
                watch.aside = reason.clone().map(|reason| Aside { reason, since: *since });
                if reason.is_none() && watch.off.as_ref().is_some_and(|off| off.was_ok && off.until <= *since) {
                    watch.off = None;
                }
                return;
            }
            Event::Masked { id, mask, .. } => {
                self.unfollow(id);
                self.followers.entry(mask.leader.clone()).or_default().insert(id.clone());
                if let Some(alarm) = self.alarm_mut(id) {
                    alarm.masked_by = Some(mask.clone());
                }
                id
            }
            Event::Unmasked { id, .. } => {
                self.unfollow(id);
                if let Some(alarm) = self.alarm_mut(id) {
                    alarm.masked_by = None;
                }
                id
            }
            Event::StableOk { id, .. } => {
                if let Some(alarm) = self.alarm_mut(id) {
                    alarm.stable = true;
                }
                id
            }
            Event::Aged { id, .. } => {
                if let Some(alarm) = self.alarm_mut(id) {
                    alarm.aged = true;
                }
                id
            }
            Event::ReportMonitoringOff { id, .. } => {
                if let Some(alarm) = self.alarm_mut(id) {
                    alarm.unmonitored_reported = true;
                }
                id
            }
            // All others stand in `apply`.
            _ => return,
        };
        if let Some(alarm) = self.alarm_mut(touched) {
            alarm.version = seq;
        }
        if self.unarmed.last() != Some(touched) {
            self.unarmed.push(touched.clone());
        }
    }

    fn unfollow(&mut self, id: &AlarmId) {
        let Some(mask) = self.alarms.get(id).and_then(|a| a.masked_by.clone()) else { return };
        if let Some(followers) = self.followers.get_mut(&mask.leader) {
            followers.remove(id);
            if followers.is_empty() {
                self.followers.remove(&mask.leader);
            }
        }
    }

    fn close(&mut self, id: &AlarmId, key: &Key) {
        self.unfollow(id);
        let Some(mut alarm) = self.alarms.remove(id) else { return };
        if alarm.masked_by.is_some() {
            Arc::make_mut(&mut alarm).masked_by = None;
        }
        self.dirty.insert(RowKey::Alarm(id.clone()));
        self.note_family(id, &alarm.about, false);
        self.closed.insert(id.clone(), Closed { at: self.at, alarm });
        self.dirty.insert(RowKey::Closed(id.clone()));
        let watch = self.watch_mut(key);
        watch.alarm = None;
        if self.closed.len() > CLOSED {
            self.forget_closed();
        }
    }

    /// Drops switched-off alarms older than a day that will not return.
    fn forget_closed(&mut self) {
        let before = self.at.plus(-DAY);
        let old: Vec<AlarmId> = self
            .closed
            .iter()
            .filter(|(id, c)| {
                let returns =
                    self.watch(&c.alarm.key).and_then(|w| w.off.as_ref()).is_some_and(|off| off.alarm == **id);
                c.at < before && !returns
            })
            .map(|(id, _)| id.clone())
            .collect();
        for id in old {
            self.closed.remove(&id);
            self.dirty.insert(RowKey::Closed(id));
        }
    }

    pub(crate) fn note_family(&mut self, id: &AlarmId, about: &crate::alarm::About, joins: bool) {
        if about.family.is_empty() {
            return;
        }
        let family = (about.site.clone(), about.family.clone());
        if joins {
            self.families.entry(family).or_default().insert(id.clone());
        } else if let Some(members) = self.families.get_mut(&family) {
            members.remove(id);
            if members.is_empty() {
                self.families.remove(&family);
            }
        }
    }

    fn note_turn(&mut self, about: &crate::alarm::About, at: Timestamp, id: &AlarmId) {
        let window = self.settings.cause_window;
        let turned = self.meta.turned.entry(about.metric.clone()).or_default();
        // The latest turn of each alarm is enough.
        turned.retain(|t| at.since(t.at) <= window && t.alarm != *id);
        turned.push(Turned { at, alarm: id.clone(), site: about.site.clone() });
        self.dirty.insert(RowKey::Meta);
    }
}

fn deleted(d: &ScheduledDowntime, which: &DeletedDowntime) -> bool {
    match which {
        DeletedDowntime::Id { id } => d.id == Some(*id),
        DeletedDowntime::Host { .. } => true,
        DeletedDowntime::Window { object, start, end } => d.object == *object && d.start == *start && d.end == *end,
    }
}

impl Alarm {
    fn remember(&mut self, change: &Change, turn: bool, settings: &Settings) {
        if let Told::Not(reasons) = &change.told {
            self.episode_flags.extend(reasons);
        }
        let last = self.episode_states.last().map(|(_, state)| *state);
        if change.state.is_problem() && last != Some(change.state) && self.episode_states.len() < EPISODE_STATES {
            self.episode_states.push((change.at, change.state));
        }
        self.history.push(change.clone());
        let kept = settings.history_kept.max(2);
        if self.history.len() > kept {
            let more = self.history.len() - kept;
            self.history.drain(..more);
        }
        if turn {
            self.turns.retain(|t| change.at.since(*t) <= settings.unstable_window);
            self.turns.push(change.at);
        }
    }

    fn fail_again(&mut self, at: Timestamp) {
        self.episodes = self.episodes.saturating_add(1);
        self.episode_since = at;
        if self.stable || self.stable_ok(at) {
            // A stable OK lies between: the age starts anew.
            self.failing.clear();
            self.failing_before = 0;
            self.aged = false;
        }
        self.stable = false;
        self.episode_states.clear();
        self.episode_flags = self.flags.keys().copied().collect();
        self.failing.push(Span { from: at, to: None });
        if self.failing.len() > SPANS {
            let sum: Millis = self
                .failing
                .drain(..self.failing.len() - SPANS / 2)
                .map(|s| s.to.unwrap_or(s.from).since(s.from))
                .sum();
            self.failing_before = self.failing_before.saturating_add(sum);
        }
    }

    fn correct(&mut self, since: Timestamp) {
        if self.episodes == 1 {
            self.raised = self.raised.min(since);
        }
        self.episode_since = self.episode_since.min(since);
        self.since = self.since.min(since);
        if let Some(span) = self.failing.last_mut() {
            span.from = span.from.min(since);
        }
        if let Some(change) = self.history.last_mut() {
            change.at = change.at.min(since);
        }
        if let Some((at, _)) = self.episode_states.first_mut() {
            *at = since.min(*at);
        }
    }
}
