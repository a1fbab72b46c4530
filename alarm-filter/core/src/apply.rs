//! `apply`: the one place that changes the world. It understands every event ever written and decides nothing.

use crate::alarm::{AlarmId, Deed};
use crate::command::Done;
use crate::document::Documents;
use crate::event::{Event, Note, Seen};
use crate::input::{DeletedDowntime, PeriodOf, ScheduledDowntime, Text};
use crate::rows::RowKey;
use crate::time::Timestamp;
use crate::watch::Key;
use crate::world::{Cause, Proposal, World};
use std::sync::Arc;

/// Keys of commands that are remembered, with their answers …
const FORMS: usize = 4096;
/// … in which so many alarms and refusals are named, in all, beside those of the last one.
const NAMED: usize = 50_000;

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
            Event::ContactTold { monitor, contact, services, told } => {
                self.monitor_mut(monitor).changed.telling_mut(contact, *services).told = Some(*told);
            }
            Event::PeriodChanged { monitor, of, period } => self.apply_period(monitor, of, period),
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
                    self.dirty.meta();
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
                self.judge_anew();
            }
            Event::Topology { hash } => {
                self.meta.hashes.topology = hash.clone();
                self.topology = documents.topology(hash);
                self.judge_anew();
                self.dirty.meta();
                // Which windows count for an alarm is asked of the topology, too.
                self.unarmed.extend(self.alarms.keys().cloned());
            }
            Event::Downtimes { hash } => {
                self.meta.hashes.downtimes = hash.clone();
                self.downtimes = documents.downtimes(hash).unwrap_or_default();
                self.dirty.meta();
                self.unarmed.extend(self.alarms.keys().cloned());
            }
            Event::Profiles { hash } => {
                self.meta.hashes.profiles = hash.clone();
                self.profiles = documents.profiles(hash).unwrap_or_default();
                self.judge_anew();
                self.patterns = self.profiles.time_out_patterns();
                self.dirty.meta();
            }
            Event::Settings { hash } => {
                self.meta.hashes.settings = hash.clone();
                self.settings = documents.settings(hash).unwrap_or_default();
                self.judge_anew();
                self.dirty.meta();
                let settings = self.settings.clone();
                for name in settings.monitors.keys() {
                    let group = settings.group_of(name);
                    self.monitor_mut(name).group = group;
                }
                self.rearm_held();
                self.unarmed.extend(self.alarms.keys().cloned());
            }
            Event::CommandTaken { key, done, refused, made } => {
                let done = Done { seq, alarms: done.clone(), refused: refused.clone(), made: made.clone() };
                self.remember_answer(key, done);
            }
            Event::CauseOpened { cause, who, kind, text, alarms, .. } => {
                let opened = Cause { kind: *kind, who: who.clone(), text: text.clone(), since: self.at };
                self.causes.insert(cause.clone(), opened);
                self.dirty.insert(RowKey::Cause(cause.clone()));
                self.put_under(seq, cause, who, alarms);
            }
            Event::CauseJoined { cause, who, alarms, .. } => self.put_under(seq, cause, who, alarms),
            Event::CauseLeft { who, was } => {
                for id in was.keys() {
                    self.touch(id, seq, who, Deed::OutOfCause);
                    if let Some(alarm) = self.alarm_mut(id) {
                        alarm.cause = None;
                    }
                }
            }
            Event::CauseEnded { cause, who, .. } => {
                self.causes.remove(cause);
                self.dirty.insert(RowKey::Cause(cause.clone()));
                let all = self.alarms.values().chain(self.closed.values().map(|c| &c.alarm));
                let under: Vec<AlarmId> =
                    all.filter(|a| a.cause.as_ref() == Some(cause)).map(|a| a.id.clone()).collect();
                for id in under {
                    self.touch(&id, seq, who, Deed::CauseEnded);
                    if let Some(alarm) = self.alarm_mut(&id) {
                        alarm.cause = None;
                    }
                }
            }
            Event::NoteWritten { site, written, .. } => self.apply_note_written(seq, site, written),
            Event::NoteStruck { site, who, struck, .. } => self.apply_note_struck(seq, site, who, struck),
            Event::CauseProposed { metric, sites, alarms, joins } => {
                let proposal = self.meta.proposed.entry(metric.clone()).or_default();
                if !joins {
                    *proposal = Proposal::default();
                }
                proposal.since = self.at;
                proposal.sites.extend(sites.iter().cloned());
                proposal.sites.sort();
                proposal.alarms.extend(alarms.iter().cloned());
                self.dirty.meta();
            }
            // All others are about one alarm: `apply_alarm.rs`.
            _ => self.apply_to_alarm(seq, event),
        }
    }

    fn put_under(&mut self, seq: u64, cause: &Text, who: &Text, alarms: &[AlarmId]) {
        for id in alarms {
            self.touch(id, seq, who, Deed::UnderCause);
            if let Some(alarm) = self.alarm_mut(id) {
                alarm.cause = Some(cause.clone());
            }
        }
    }

    /// What became of a command, for when its form comes again. Of the oldest ones only that they were carried out stays.
    fn remember_answer(&mut self, form: &Text, done: Done) {
        let names = |done: &Done| done.alarms.len() + done.refused.len();
        self.answered += names(&done);
        self.answers.insert(form.clone(), Arc::new(done));
        self.dirty.insert(RowKey::Answer(form.clone()));
        self.meta.forms.push_back(form.clone());
        self.dirty.insert(RowKey::Meta);
        while self.meta.forms.len() > FORMS {
            if let Some(form) = self.meta.forms.pop_front()
                && let Some(done) = self.answers.remove(&form)
            {
                self.answered -= names(&done);
                self.dirty.insert(RowKey::Answer(form));
            }
        }
        let oldest = self.meta.forms.len().saturating_sub(1);
        for form in self.meta.forms.iter().take(oldest) {
            if self.answered <= NAMED {
                break;
            }
            if let Some(done) = self.answers.get_mut(form).filter(|done| names(done) > 0) {
                self.answered -= names(done);
                *done = Arc::new(Done { seq: done.seq, made: done.made.clone(), ..Done::default() });
                self.dirty.insert(RowKey::Answer(form.clone()));
            }
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
        if (seen.hard || seen.softly_over) && (view.hard_state != seen.state || !view.hard) {
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
        let held = view.held || seen.held;
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
        if let Some(stands_for) = &seen.stands_for {
            let watch = self.watch_mut(&seen.key);
            if watch.stands_for.as_ref() != Some(stands_for) {
                watch.stands_for = Some(stands_for.clone());
                watch.margin.forget_judged();
            }
        }
        match &seen.key.service {
            Some(_) if held => self.rearm_settle(&seen.key),
            Some(_) => {}
            // Held services wait for their host.
            None => self.rearm_host(&seen.key),
        }
    }

    fn apply_note(&mut self, key: &Key, monitor: &Text, since: Timestamp, note: &Note) {
        let view = self.view_mut(key, monitor, since);
        view.noted = view.noted.max(since);
        match note {
            Note::Flapping { on } => {
                view.flapping = *on;
                self.note_flapping(key);
            }
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
                if !self.flexible.contains(key) {
                    self.flexible.insert(key.clone());
                }
            }
            Note::Delayed { until } => view.delayed_until = Some(*until),
            Note::Released => view.held = false,
            Note::Gone { gone } => view.gone = *gone,
        }
        if let Note::Released = note {
            self.rearm_settle(key);
        }
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
            && let Some(entry) = self.host_entry(&group, host)
        {
            services = entry.services.keys().cloned().collect();
        }
        for service in services {
            let key = Key { group: group.clone(), host: host.clone(), service: Some(service) };
            let at = self.at;
            self.view_mut(&key, monitor, at).muted = Some(muted);
        }
    }

    fn apply_period(&mut self, monitor: &Text, of: &PeriodOf, period: &Text) {
        let changed = &mut self.monitor_mut(monitor).changed;
        match of {
            PeriodOf::Object(object) => {
                let of_host = changed.periods.entry(object.host.clone()).or_default();
                of_host.insert(object.service.clone().unwrap_or_default(), period.clone());
            }
            PeriodOf::ContactHosts(contact) => changed.telling_mut(contact, false).period = Some(period.clone()),
            PeriodOf::ContactServices(contact) => changed.telling_mut(contact, true).period = Some(period.clone()),
        }
    }

    fn apply_downtime_deleted(&mut self, monitor: &Text, which: &DeletedDowntime) {
        let group = self.group_of(monitor);
        // Not through all that is known: a region deletes downtimes by the hundred.
        let hit = |key: &&Key| {
            let elsewhere = match which {
                DeletedDowntime::Id { .. } => false,
                DeletedDowntime::Host { host } => *host != key.host,
                DeletedDowntime::Window { object, .. } => object.host != key.host,
            };
            let view = || self.view(key, monitor);
            key.group == group && !elsewhere && view().is_some_and(|v| v.flexible.iter().any(|d| deleted(d, which)))
        };
        let keys: Vec<Key> = self.flexible.iter().filter(hit).cloned().collect();
        for key in keys {
            if let Some(view) = self.watch_mut(&key).view_mut(monitor) {
                view.flexible.retain(|d| !deleted(d, which));
            }
        }
    }

    fn note_flapping(&mut self, key: &Key) {
        let Some(place) = self.place(key) else { return };
        if self.watch_at(place).is_some_and(|watch| watch.views.iter().any(|v| v.flapping)) {
            self.flapping.insert(place);
        } else {
            self.flapping.remove(&place);
        }
    }

    fn forget_flapping(&mut self, monitor: &Text) {
        let group = self.group_of(monitor);
        let keys: Vec<Key> =
            self.flapping.iter().filter_map(|place| self.key_at(*place)).filter(|key| key.group == group).collect();
        for key in keys {
            if let Some(view) = self.watch_mut(&key).view_mut(monitor) {
                view.flapping = false;
            }
            self.note_flapping(&key);
        }
    }
}

fn deleted(d: &ScheduledDowntime, which: &DeletedDowntime) -> bool {
    match which {
        DeletedDowntime::Id { id } => d.id == Some(*id),
        DeletedDowntime::Host { .. } => true,
        DeletedDowntime::Window { object, start, end } => d.object == *object && d.start == *start && d.end == *end,
    }
}
