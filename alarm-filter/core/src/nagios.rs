//! Which observations count, by the rules that Nagios itself goes by (AL2, AL7, DC6 to DC9).
//!
//! The traps: a host that is not UP forces its services HARD without a word to anybody; an `OK;SOFT` can end a hard
//! problem; a notification may be the only line that shows a problem; a restart forgets flapping without saying so.

use crate::engine::Engine;
use crate::event::{Event, Note, Seen as SeenEvent};
use crate::input::{
    HostSeen, NotificationKind, NotificationSeen, Object, Observation, Origin, Report, ScheduledDowntime, Seen,
    ServiceSeen, Text,
};
use crate::settle::Said;
use crate::state::State;
use crate::time::{SECOND, Timestamp};
use crate::watch::{Acknowledgement, Key, View};
use std::sync::Arc;

/// What is the same in every observation.
pub(crate) struct From<'a> {
    pub(crate) monitor: &'a Text,
    pub(crate) group: Text,
    since: Timestamp,
    origin: Origin,
}

/// The monitor that was heard last.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    monitor: Text,
    judging: u32,
    group: Text,
}

/// What a monitor said of an object before.
#[derive(Clone, Copy)]
struct Before {
    state: State,
    hard: bool,
    held: bool,
    gone: bool,
    counts: bool,
    /// `None`: it never said a state.
    since: Option<Timestamp>,
    attempt: u32,
    /// Acknowledged until the next change.
    loosely_acknowledged: bool,
    last_notified: Option<(Timestamp, State)>,
}

impl Before {
    fn of(view: &View) -> Self {
        Before {
            state: view.state,
            hard: view.hard,
            held: view.held,
            gone: view.gone,
            counts: view.counts(),
            since: view.said_its_state().then_some(view.since),
            attempt: view.attempt,
            loosely_acknowledged: view.acknowledgement.as_ref().is_some_and(|a| !a.sticky),
            last_notified: view.last_notified,
        }
    }
}

/// How a state is taken.
struct How {
    told: Told,
    /// Under a host that is not UP (DC6).
    held: bool,
    /// The count of notifications starts anew.
    resets: bool,
}

impl Engine {
    /// Takes in one observation.
    pub(crate) fn observe(&mut self, o: &Observation) {
        if let Some(sequence) = o.sequence {
            if self.world.sequences.get(&o.monitor).is_some_and(|s| s.contains(sequence)) {
                return;
            }
            self.emit(Event::Received { source: o.monitor.clone(), sequence });
        }
        let group = self.group_of(&o.monitor);
        let from = From { monitor: &o.monitor, group, since: o.since, origin: o.origin };
        match &o.seen {
            Seen::Service(s) => self.service_seen(&from, s),
            Seen::Host(h) => self.host_seen(&from, h),
            Seen::Notification(n) => self.notification_seen(&from, n),
            Seen::Flapping { object, on } => {
                let key = self.key(&from, object);
                if self.view_differs(&from, &key, |v| v.flapping, *on) {
                    self.note_of(&from, &key, Note::Flapping { on: *on });
                }
            }
            Seen::InDowntime { object, on } => {
                let key = self.key(&from, object);
                if self.view_differs(&from, &key, |v| v.in_downtime, *on) {
                    self.note_of(&from, &key, Note::InDowntime { on: *on });
                }
            }
            Seen::DowntimeScheduled(downtime) => self.downtime_scheduled(&from, downtime),
            Seen::DowntimeDeleted { which } => {
                self.emit(Event::DowntimeDeleted { monitor: Text::clone(from.monitor), which: which.clone() });
            }
            Seen::Acknowledged { object, sticky, author, comment } => {
                let key = self.key(&from, object);
                if self.world.view(&key, from.monitor).is_some_and(|v| v.state.is_problem()) {
                    let (author, comment) = (author.clone(), comment.clone());
                    self.note_of(&from, &key, Note::Acknowledged(Acknowledgement { sticky: *sticky, author, comment }));
                }
            }
            Seen::AcknowledgementRemoved { object } => {
                let key = self.key(&from, object);
                if self.view_differs(&from, &key, |v| v.acknowledgement.is_some(), false) {
                    self.note_of(&from, &key, Note::Unacknowledged);
                }
            }
            Seen::Muted { scope, host, service, muted } => {
                self.muted(&from, *scope, host.clone(), service.clone(), *muted);
            }
            Seen::ContactsTold { who, services, told } => self.contacts_told(&from, who, *services, *told),
            Seen::PeriodChanged { of, period } => self.period_changed(&from, of, period),
            Seen::NotificationDelayed { object, until } => {
                let key = self.key(&from, object);
                self.note_of(&from, &key, Note::Delayed { until: *until });
            }
            Seen::Gone { object } => {
                let key = self.key(&from, object);
                if self.view_differs(&from, &key, |v| v.gone, true) {
                    self.note_of(&from, &key, Note::Gone { gone: true });
                    // Its word does not count any more where another monitor still watches the object.
                    self.resettle(&key);
                }
            }
        }
    }

    /// The group of a monitor; that of the last one is not looked for again.
    fn group_of(&mut self, monitor: &Text) -> Text {
        match &self.heard {
            // Groups change with the documents in force, and with monitors that nothing was heard of before.
            Some(heard) if Arc::ptr_eq(&heard.monitor, monitor) && heard.judging == self.world.judging => {
                heard.group.clone()
            }
            _ => {
                let group = self.world.group_of(monitor);
                let (monitor, judging) = (monitor.clone(), self.world.judging);
                self.heard = Some(Heard { monitor, judging, group: group.clone() });
                group
            }
        }
    }

    fn service_seen(&mut self, from: &From<'_>, s: &ServiceSeen) {
        if s.pending {
            return;
        }
        let problem = s.state.is_problem();
        let Some(key) = self.world.known(&from.group, &s.host, Some(&s.service)) else {
            // Of what was never heard of, good news are none.
            if problem {
                let key = Key { group: from.group.clone(), host: s.host.clone(), service: Some(s.service.clone()) };
                self.first_seen(from, key, s);
            }
            return;
        };
        let Some(old) = self.before(from, &key) else {
            if problem || s.stands_for.is_some() {
                self.first_seen(from, key, s);
            }
            return;
        };
        let came_back = old.gone && (from.origin == Origin::Log || s.report == Report::Alert);
        if came_back {
            self.note_of(from, &key, Note::Gone { gone: false });
        }
        if s.report == Report::Listed && from.origin == Origin::Log && s.hard != old.hard && !problem {
            return;
        }
        let same = old.state == s.state && (old.hard == s.hard || !problem);
        if same {
            if came_back {
                self.resettle(&key);
            }
            if !problem || !s.hard {
                return;
            }
            let host_not_up = self.world.host_not_up(&key.group, &key.host, from.monitor).is_some();
            let released = old.held
                && !host_not_up
                && match (from.origin, s.report) {
                    (Origin::Status, _) => {
                        let up = self.host_up_since(&key, from.monitor);
                        s.last_check.is_some_and(|check| up.is_none_or(|up| check > up))
                    }
                    (_, Report::Alert) => true,
                    (_, Report::Listed) => false,
                };
            if released {
                self.release(from, &key, Told::of(from, s), s);
                return;
            }
            self.repeated(from, &key, s);
            return;
        }
        // What a host that was not UP forced HARD below its max_check_attempts goes on as SOFT when it changes: the same
        // problem, neither over nor settled.
        if problem && !s.hard && old.hard && old.state.is_problem() {
            if old.loosely_acknowledged {
                self.note_of(from, &key, Note::Unacknowledged);
            }
            if came_back {
                self.resettle(&key);
            }
            return;
        }
        let resets = !problem && s.hard && s.report == Report::Alert;
        // An alarm of the service that stands already goes on under a host that is not UP; a new one is held.
        let held =
            problem && s.hard && !old.counts && self.world.host_not_up(&key.group, &key.host, from.monitor).is_some();
        self.seen(from, key, Some(old), s, How { told: Told::of(from, s), held, resets });
    }

    /// This monitor says something of a service for the first time.
    fn first_seen(&mut self, from: &From<'_>, key: Key, s: &ServiceSeen) {
        let held =
            s.state.is_problem() && s.hard && self.world.host_not_up(&key.group, &key.host, from.monitor).is_some();
        self.seen(from, key.clone(), None, s, How { told: Told::of(from, s), held, resets: false });
        // A host counts when a service on it does; this one may be the first.
        if self.world.host_entry(&key.group, &key.host).is_some_and(|entry| entry.host.aside.is_some()) {
            self.resettle(&Key { service: None, ..key });
        }
    }

    /// The same state again: it may carry a longer output, confirm a time-out, or correct since when it holds.
    fn repeated(&mut self, from: &From<'_>, key: &Key, s: &ServiceSeen) {
        let Some(alarm) = self.world.alarm_of(key) else { return };
        if !alarm.failing_now() || alarm.state != s.state {
            return;
        }
        let id = alarm.id.clone();
        let later = s.last_check.is_some_and(|check| check > alarm.since.plus(SECOND))
            || (s.report == Report::Alert && from.since > alarm.since.plus(SECOND));
        let refreshes = s.report == Report::Alert && from.since > alarm.since;
        let more = alarm.output == s.output
            && ((alarm.long_output.is_empty() && !s.long_output.is_empty())
                || (alarm.perf_data.is_empty() && !s.perf_data.is_empty()));
        let other = alarm.output != s.output && s.report == Report::Alert;
        let corrects = s.last_change.filter(|change| {
            alarm.episodes == 1
                && alarm.history.len() == 1
                && change.plus(5 * SECOND) < alarm.since
                && alarm.history[0].told == crate::alarm::Told::NotAsked
        });
        if later {
            self.confirm(&id, key, from.since);
        }
        if refreshes {
            self.emit(Event::Refreshed { id: id.clone(), key: key.clone(), since: from.since });
        }
        if more || other {
            self.emit(Event::Output {
                id: id.clone(),
                key: key.clone(),
                output: s.output.clone(),
                long_output: s.long_output.clone(),
                perf_data: s.perf_data.clone(),
            });
        }
        if let Some(since) = corrects {
            self.emit(Event::Corrected { id: id.clone(), key: key.clone(), since });
            // It may be the oldest of its family now.
            self.refamily_of(&id);
        }
    }

    fn host_seen(&mut self, from: &From<'_>, h: &HostSeen) {
        if h.pending {
            return;
        }
        let key = self.named(from, &h.host, None);
        let problem = h.state.is_problem();
        let old = self.before(from, &key);
        match old {
            None if !problem => return,
            // As with services: what goes on softly after it was hard is the same problem.
            Some(old) if problem && !h.hard && old.hard && old.state.is_problem() => return,
            Some(old) if old.state == h.state && (old.hard == h.hard || !problem) => {
                if old.gone {
                    self.note_of(from, &key, Note::Gone { gone: false });
                    self.resettle(&key);
                }
                return;
            }
            _ => {}
        }
        let s = ServiceSeen {
            host: h.host.clone(),
            service: Text::default(),
            state: h.state,
            hard: h.hard,
            report: h.report,
            attempt: h.attempt,
            pending: false,
            output: h.output.clone(),
            long_output: Text::default(),
            perf_data: Text::default(),
            last_check: h.last_check,
            last_change: h.last_change,
            stands_for: None,
        };
        let resets = !problem && h.hard && h.report == Report::Alert;
        let told = Told::of(from, &s);
        self.seen(from, key.clone(), old, &s, How { told, held: false, resets });
        self.remark_services(&key);
    }

    fn notification_seen(&mut self, from: &From<'_>, n: &NotificationSeen) {
        let key = self.key(from, &n.object);
        if n.kind != NotificationKind::Problem {
            if n.kind == NotificationKind::Recovery {
                let first = self.world.view(&key, from.monitor).is_none();
                self.emit(Event::NotificationSent {
                    key: key.clone(),
                    monitor: Text::clone(from.monitor),
                    since: from.since,
                    problem: None,
                });
                if first {
                    // It is watched there, too.
                    self.remark(&key);
                }
            }
            return;
        }
        let old = self.before(from, &key);
        if old.is_some_and(|v| v.last_notified == Some((from.since, n.state))) {
            // The same notification to another contact.
            return;
        }
        let standing = old.is_some_and(|v| v.hard && v.state == n.state);
        let held = old.is_some_and(|v| v.held);
        let attempt = old.map_or(0, |v| v.attempt);
        let seen = || ServiceSeen {
            host: n.object.host.clone(),
            service: n.object.service.clone().unwrap_or_default(),
            state: n.state,
            hard: true,
            report: Report::Alert,
            attempt,
            pending: false,
            output: n.output.clone(),
            long_output: Text::default(),
            perf_data: Text::default(),
            last_check: None,
            last_change: None,
            stands_for: None,
        };
        if standing && held {
            self.release(from, &key, Told::Notified, &seen());
        } else if standing {
            let alarm = self.world.alarm_of(&key).filter(|a| a.failing_now() && from.since > a.since);
            if let Some(id) = alarm.map(|a| a.id.clone()) {
                self.emit(Event::Refreshed { id: id.clone(), key: key.clone(), since: from.since });
                self.confirm(&id, &key, from.since);
            }
        } else {
            self.seen(from, key.clone(), old, &seen(), How { told: Told::Notified, held: false, resets: false });
            if key.service.is_none() {
                self.remark_services(&key);
            }
        }
        self.emit(Event::NotificationSent {
            key,
            monitor: Text::clone(from.monitor),
            since: from.since,
            problem: Some(n.state),
        });
    }

    fn downtime_scheduled(&mut self, from: &From<'_>, d: &ScheduledDowntime) {
        // Fixed ones announce themselves when they begin; only waiting flexible ones silence a monitor without a line, and of
        // these only such as wait for no other downtime.
        if d.fixed || d.triggered_by != 0 {
            return;
        }
        let key = self.key(from, &d.object);
        let known = self.world.view(&key, from.monitor).and_then(|v| {
            let alike =
                |k: &&ScheduledDowntime| k.start == d.start && k.end == d.end && k.host_services == d.host_services;
            v.flexible.iter().find(alike)
        });
        if known.is_some_and(|k| k.id == d.id || d.id.is_none()) {
            return;
        }
        self.note_of(from, &key, Note::Flexible(d.clone()));
    }

    /// The monitor (re)started: it recomputes flapping without a word, so what was flapping is not known to be.
    pub(crate) fn monitor_started(&mut self, monitor: &Text, since: Timestamp) {
        let flapping = self.world.flapping.iter().filter_map(|place| self.world.key_at(*place));
        let mut flapping: Vec<Key> = flapping.collect();
        self.emit(Event::MonitorStarted { monitor: monitor.clone(), since });
        flapping.sort_unstable();
        for key in flapping {
            self.remark(&key);
        }
    }

    /// Something else than `before` was said of an object.
    fn seen(&mut self, from: &From<'_>, key: Key, before: Option<Before>, s: &ServiceSeen, how: How) {
        let notified = before
            .and_then(|b| b.last_notified)
            .is_some_and(|(t, state)| state == s.state && from.since.since(t) <= 2 * SECOND);
        let known = before.filter(|b| b.state != s.state).and_then(|b| b.since);
        let since = match (s.report, s.last_change, known) {
            // A monitor that was killed counts from what it had saved; it was otherwise in between, until the last check.
            (Report::Listed, Some(change), Some(known)) if change < known => {
                s.last_check.unwrap_or(from.since).clamp(known.min(from.since), from.since)
            }
            (Report::Listed, Some(change), _) => change.min(from.since),
            _ => from.since,
        };
        self.emit(Event::Seen(SeenEvent {
            key: key.clone(),
            monitor: Text::clone(from.monitor),
            state: s.state,
            hard: s.hard,
            since,
            heard: from.since,
            held: how.held,
            attempt: s.attempt,
            resets: how.resets,
            softly_over: !s.hard && !s.state.is_problem(),
            output: s.output.clone(),
            long_output: s.long_output.clone(),
            perf_data: s.perf_data.clone(),
            stands_for: s.stands_for.clone(),
        }));
        let told = if notified { Told::Notified } else { how.told };
        self.settle(&key, &self.said(from, since, told, s));
    }

    fn release(&mut self, from: &From<'_>, key: &Key, told: Told, s: &ServiceSeen) {
        self.emit(Event::Noted {
            key: key.clone(),
            monitor: Text::clone(from.monitor),
            since: from.since,
            note: Note::Released,
        });
        self.settle(key, &self.said(from, from.since, told, s));
    }

    fn said(&self, from: &From<'_>, since: Timestamp, told: Told, s: &ServiceSeen) -> Said {
        Said {
            monitor: Text::clone(from.monitor),
            since,
            checked: s.last_check.filter(|_| from.origin == Origin::Status).unwrap_or(since),
            output: s.output.clone(),
            long_output: s.long_output.clone(),
            perf_data: s.perf_data.clone(),
            told,
        }
    }

    pub(crate) fn note_of(&mut self, from: &From<'_>, key: &Key, note: Note) {
        self.emit(Event::Noted { key: key.clone(), monitor: Text::clone(from.monitor), since: from.since, note });
        self.remark(key);
        if key.service.is_none() {
            self.remark_services(key);
        }
    }

    fn view_differs(&self, from: &From<'_>, key: &Key, fact: impl Fn(&crate::watch::View) -> bool, now: bool) -> bool {
        self.world.view(key, from.monitor).is_some_and(fact) != now
    }

    fn before(&self, from: &From<'_>, key: &Key) -> Option<Before> {
        self.world.view(key, from.monitor).map(Before::of)
    }

    fn key(&self, from: &From<'_>, object: &Object) -> Key {
        self.named(from, &object.host, object.service.as_ref())
    }

    /// An object, under the texts that the world has for it if it knows it.
    pub(crate) fn named(&self, from: &From<'_>, host: &Text, service: Option<&Text>) -> Key {
        let known = self.world.known(&from.group, host, service.map(|s| &**s));
        known.unwrap_or_else(|| Key { group: from.group.clone(), host: host.clone(), service: service.cloned() })
    }

    /// Since when a host is UP again, if it is known that it was not.
    fn host_up_since(&self, key: &Key, monitor: &str) -> Option<Timestamp> {
        self.world.host_view(key, monitor).filter(|v| !v.state.is_problem()).map(|v| v.since)
    }
}

/// What is known of whether the monitor told anybody.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Told {
    /// It did.
    Notified,
    /// It did not: say why.
    Explain,
    /// status.dat shows it; say why not, as far as that is known.
    Snapshot,
    /// Not to be asked: a listing.
    NotAsked,
}

impl Told {
    fn of(from: &From<'_>, s: &ServiceSeen) -> Told {
        match (s.report, from.origin) {
            (Report::Alert, Origin::Log) => Told::Explain,
            (Report::Listed, Origin::Status) => Told::Snapshot,
            (Report::Listed, _) | (_, Origin::Http | Origin::Status) => Told::NotAsked,
        }
    }
}
