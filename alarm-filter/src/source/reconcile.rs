//! What a status.dat says against what the engine holds (law 5): only the differences become observations.
//!
//! The log is primary. A snapshot may be older than the last lines of the log, and the two are written within the same
//! second; so of an object of which the log spoke within [`SLACK`] before the snapshot, nothing is taken from it. What
//! really differs still differs in the next one.

use super::nagios_status::record::{CheckRecord, CommentRecord, DowntimeRecord, when};
use super::nagios_status::status::{ProgramStatus, Record, Summary};
use super::text::{Interner, OUTPUT_LIMIT};
use alarm_core::alarm::Alarm;
use alarm_core::flag::Flag;
use alarm_core::input::{
    DeletedDowntime, MuteScope, Object, Observation, Origin, ScheduledDowntime, Seen, ServiceSeen, Text,
};
use alarm_core::state::State;
use alarm_core::time::{Millis, SECOND, Timestamp};
use alarm_core::watch::{Key, View};
use alarm_core::world::World;
use std::collections::{BTreeMap, BTreeSet};

/// How long before a snapshot the log must have been silent about an object for the snapshot to count.
pub const SLACK: Millis = 2 * SECOND;

/// Compares the blocks of one status.dat with the world.
pub struct Reconciler<'w> {
    world: &'w World,
    monitor: Text,
    group: Text,
    created: Timestamp,
    found: Vec<Seen>,
    agreements: u32,
    /// Acknowledged in the snapshot and not in the world, with whether it is sticky; who and why come later in the file.
    acknowledged: BTreeMap<Object, bool>,
    /// Objects with waiting flexible downtimes in the world, and what the snapshot says of them.
    waiting: BTreeMap<Object, Vec<ScheduledDowntime>>,
    /// Watched objects that the snapshot lists.
    listed: BTreeSet<Key>,
}

/// What came of it.
#[derive(Debug)]
pub struct Differences {
    /// To be fed to the engine, in order.
    pub observations: Vec<Observation>,
    /// How many objects agreed.
    pub agreements: u32,
}

impl<'w> Reconciler<'w> {
    /// For a snapshot that was created then.
    pub fn new(world: &'w World, monitor: &Text, created: Timestamp) -> Self {
        Reconciler {
            world,
            monitor: monitor.clone(),
            group: world.group_of(monitor),
            created,
            found: Vec::new(),
            agreements: 0,
            acknowledged: BTreeMap::new(),
            waiting: BTreeMap::new(),
            listed: BTreeSet::new(),
        }
    }

    /// Takes in one block.
    pub fn take(&mut self, record: &Record<'_>, names: &mut Interner) {
        match record {
            Record::Host(r) | Record::Service(r) => self.check(r, names),
            Record::Downtime(d) => self.downtime(d, names),
            Record::Comment(c) => self.comment(c, names),
        }
    }

    /// The differences, when the file was read to its end.
    pub fn finish(mut self, summary: &Summary) -> Differences {
        self.program(&summary.program);
        for (object, sticky) in std::mem::take(&mut self.acknowledged) {
            let (author, comment): (Text, Text) = ("?".into(), "".into());
            self.found.push(Seen::Acknowledged { object, sticky, author, comment });
        }
        self.vanished_downtimes();
        self.vanished_objects();
        let (monitor, since) = (self.monitor, self.created);
        let observations = self
            .found
            .into_iter()
            .map(|seen| Observation { monitor: monitor.clone(), since, origin: Origin::Status, sequence: None, seen })
            .collect();
        Differences { observations, agreements: self.agreements }
    }

    fn check(&mut self, r: &CheckRecord<'_>, names: &mut Interner) {
        let object = r.object(names);
        let key = Key { group: self.group.clone(), host: object.host.clone(), service: object.service.clone() };
        let before = self.found.len();
        match self.world.view(&key, &self.monitor) {
            None => self.unknown(r, &key, &object, names),
            Some(view) => {
                self.listed.insert(key.clone());
                self.known(r, view, &key, &object, names);
            }
        }
        if self.found.len() == before {
            self.agreements = self.agreements.saturating_add(1);
        }
    }

    /// An object of which nothing was ever said: only what is not as it should be is news.
    fn unknown(&mut self, r: &CheckRecord<'_>, key: &Key, object: &Object, names: &mut Interner) {
        if r.has_been_checked && r.hard && r.state.is_problem() {
            self.found.push(r.seen(names, true));
            if r.acknowledged {
                self.acknowledged.insert(object.clone(), r.sticky);
            }
        }
        if r.is_flapping {
            self.found.push(Seen::Flapping { object: object.clone(), on: true });
        }
        if r.downtime_depth > 0 {
            self.found.push(Seen::InDowntime { object: object.clone(), on: true });
        }
        self.mute(r, key, object);
    }

    fn known(&mut self, r: &CheckRecord<'_>, view: &View, key: &Key, object: &Object, names: &mut Interner) {
        if !view.flexible.is_empty() {
            self.waiting.insert(object.clone(), Vec::new());
        }
        if view.heard.plus(SLACK) > self.created {
            return;
        }
        if r.has_been_checked && !knows_less(r, view) {
            self.state(r, view, key, names);
        }
        if view.noted.plus(SLACK) > self.created {
            return;
        }
        if r.acknowledged && view.acknowledgement.is_none() && r.state.is_problem() {
            self.acknowledged.insert(object.clone(), r.sticky);
        }
        if !r.acknowledged && view.acknowledgement.is_some() {
            self.found.push(Seen::AcknowledgementRemoved { object: object.clone() });
        }
        if r.is_flapping != view.flapping {
            self.found.push(Seen::Flapping { object: object.clone(), on: r.is_flapping });
        }
        if (r.downtime_depth > 0) != view.in_downtime {
            self.found.push(Seen::InDowntime { object: object.clone(), on: r.downtime_depth > 0 });
        }
        self.mute(r, key, object);
    }

    fn mute(&mut self, r: &CheckRecord<'_>, key: &Key, object: &Object) {
        let muted = !r.notifications_enabled;
        if self.world.is_muted(&self.monitor, key) != muted {
            let scope = if object.service.is_some() { MuteScope::Service } else { MuteScope::Host };
            let (host, service) = (object.host.clone(), object.service.clone());
            self.found.push(Seen::Muted { scope, host, service, muted });
        }
    }

    fn state(&mut self, r: &CheckRecord<'_>, view: &View, key: &Key, names: &mut Interner) {
        let problem = view.hard && view.state.is_problem();
        if r.hard && r.state.is_problem() {
            // A held service is told again each time: the engine knows what releases it.
            if r.state != view.state || !view.hard || view.held {
                self.found.push(r.seen(names, true));
            } else if let Some(alarm) = self.world.alarm_of(key)
                && tells_more(r, alarm)
            {
                self.found.push(r.seen(names, true));
            }
        } else if !r.state.is_problem() && view.state.is_problem() {
            self.found.push(r.seen(names, true));
        } else if problem && !r.hard && !r.last_hard_state.is_problem() {
            // It is failing softly again: it was OK in between, and no line said so.
            let mut seen = r.seen(names, false);
            if let Seen::Service(ServiceSeen { state, hard, output, .. }) = &mut seen {
                (*state, *hard, *output) = (State::Ok, true, names.text(b"(seen in status.dat)", OUTPUT_LIMIT));
                self.found.push(seen);
            }
        }
    }

    fn downtime(&mut self, d: &DowntimeRecord<'_>, names: &mut Interner) {
        let waits = !d.fixed && d.triggered_by == 0 && !d.in_effect;
        if !waits || when(d.entered).is_none_or(|t| t.plus(SLACK) > self.created) {
            return;
        }
        let scheduled = d.scheduled(names);
        let object = scheduled.object.clone();
        let key = Key { group: self.group.clone(), host: object.host.clone(), service: object.service.clone() };
        let known =
            self.world.view(&key, &self.monitor).is_some_and(|v| v.flexible.iter().any(|k| k.id == scheduled.id));
        if let Some(waiting) = self.waiting.get_mut(&object) {
            waiting.push(scheduled.clone());
        }
        if !known {
            self.found.push(Seen::DowntimeScheduled(scheduled));
        }
    }

    fn comment(&mut self, c: &CommentRecord<'_>, names: &mut Interner) {
        // Entry type 4: the comment of an acknowledgement.
        if c.entry_type != 4 || self.acknowledged.is_empty() {
            return;
        }
        let object = Object { host: names.name(c.host), service: c.service.map(|s| names.name(s)) };
        if let Some(sticky) = self.acknowledged.remove(&object) {
            let (author, comment) = (names.name(c.author), names.text(c.text, OUTPUT_LIMIT));
            self.found.push(Seen::Acknowledged { object, sticky, author, comment });
        }
    }

    fn program(&mut self, program: &ProgramStatus) {
        let off = self.world.monitors.get(&self.monitor).is_some_and(|m| m.notifications_off);
        if off == program.enable_notifications {
            let (scope, host, service) = (MuteScope::Everything, Text::from(""), None);
            self.found.push(Seen::Muted { scope, host, service, muted: !program.enable_notifications });
        }
    }

    /// Waiting flexible downtimes that the snapshot no longer has: deleted, or over.
    fn vanished_downtimes(&mut self) {
        for (object, there) in std::mem::take(&mut self.waiting) {
            let key = Key { group: self.group.clone(), host: object.host.clone(), service: object.service.clone() };
            let Some(view) = self.world.view(&key, &self.monitor) else { continue };
            if view.noted.plus(SLACK) > self.created {
                continue;
            }
            for d in &view.flexible {
                let alike = |t: &ScheduledDowntime| t.start == d.start && t.end == d.end;
                // Those for all services of a host stand in the file with each service.
                if !d.host_services && !there.iter().any(alike) {
                    let which = DeletedDowntime::Window { object: object.clone(), start: d.start, end: d.end };
                    self.found.push(Seen::DowntimeDeleted { which });
                }
            }
        }
    }

    /// Without an objects.cache, the snapshot is also the list of what is monitored (DC10).
    fn vanished_objects(&mut self) {
        if self.world.monitors.get(&self.monitor).is_some_and(|m| m.objects.is_some()) {
            return;
        }
        for alarm in self.world.alarms.values().filter(|a| a.key.group == self.group) {
            let seen = self.world.view(&alarm.key, &self.monitor).is_some_and(|v| !v.gone);
            if seen && !self.listed.contains(&alarm.key) {
                let object = Object { host: alarm.key.host.clone(), service: alarm.key.service.clone() };
                self.found.push(Seen::Gone { object });
            }
        }
    }
}

/// Whether a state is older than what the log said: a monitor that was killed goes on from what it last saved, and says so
/// until the object is checked again.
fn knows_less(r: &CheckRecord<'_>, view: &View) -> bool {
    let differs = r.state != view.state || r.hard != view.hard;
    differs && view.said_its_state() && when(r.last_check).is_none_or(|check| check < view.since)
}

/// Whether the same hard state says more than the alarm has: a longer output, a second result after a time-out, an
/// earlier begin.
fn tells_more(r: &CheckRecord<'_>, alarm: &Alarm) -> bool {
    let more = (alarm.long_output.is_empty() && !r.long_plugin_output.is_empty())
        || (alarm.perf_data.is_empty() && !r.performance_data.is_empty());
    let unconfirmed =
        alarm.flags.contains_key(&Flag::TimeOut) && when(r.last_check).is_some_and(|t| t > alarm.since.plus(SECOND));
    let earlier = alarm.history.len() == 1
        && when(r.last_state_change).is_some_and(|t| t.plus(5 * SECOND) < alarm.since)
        && alarm.history[0].told == alarm_core::alarm::Told::NotAsked;
    more || unconfirmed || earlier
}

#[cfg(test)]
#[path = "reconcile_tests.rs"]
mod tests;
