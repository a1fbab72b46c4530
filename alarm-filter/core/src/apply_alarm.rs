//! The second half of `apply`: events that are about one alarm, and what an alarm makes of them.

use crate::alarm::{About, Alarm, AlarmId, Change, Deed, Span, Told, Touched};
use crate::event::Event;
use crate::flag::{Flag, FlagSet};
use crate::input::Text;
use crate::rows::RowKey;
use crate::settings::Settings;
use crate::time::{DAY, Millis, Timestamp};
use crate::watch::{Aside, Key, Off, SetAside};
use crate::world::{Closed, SwitchedOff, Turned, World};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Spans kept for an alarm's age; of more, the oldest are added up.
const SPANS: usize = 64;
/// States of one episode that are kept with the alarm; of more, all stand in the journal.
const EPISODE_STATES: usize = 10_000;
/// States that are kept with the version that they came with.
const STOOD: usize = 4;
/// Room for so many states, changes and turns is taken with an alarm: most see no more.
const FEW: usize = 4;
/// Switched-off alarms that are remembered beside those that may return.
const CLOSED: usize = 2048;

impl World {
    /// Takes in an event about one alarm.
    pub(crate) fn apply_to_alarm(&mut self, seq: u64, event: &Event) {
        let settings = self.settings.clone();
        let touched = match event {
            Event::Raised { id, key, about, monitors, change } => {
                let alarm = Alarm {
                    id: id.clone(),
                    key: key.clone(),
                    about: About::clone(about),
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
                    long_output: Text::default(),
                    perf_data: Text::default(),
                    flags: BTreeMap::new(),
                    episode_flags: FlagSet::default(),
                    episode_states: Vec::with_capacity(FEW),
                    history: Vec::with_capacity(FEW),
                    turns: Vec::with_capacity(FEW),
                    masked_by: None,
                    cause: None,
                    unmonitored_since: None,
                    unmonitored_reported: false,
                    notes: Vec::new(),
                    changed: seq,
                    stood: Vec::with_capacity(FEW),
                    touched: None,
                    version: seq,
                };
                self.alarms.insert(id.clone(), Arc::new(alarm));
                self.watch_mut(key).alarm = Some(id.clone());
                self.note_family(id, about, true);
                self.note_turn(about, change.at, id, None);
                if let Some(alarm) = self.alarm_mut(id) {
                    alarm.remember(change, true, &settings);
                }
                id
            }
            Event::Changed { id, monitors, change, again, .. } => {
                let mut turned = None;
                if let Some(alarm) = self.alarm_mut(id) {
                    alarm.monitors.clone_from(monitors);
                    if *again {
                        turned = Some(alarm.episode_since);
                        alarm.fail_again(change.at);
                    }
                    alarm.state = change.state;
                    alarm.since = change.at;
                    alarm.output = change.output.clone();
                    alarm.long_output = Text::default();
                    alarm.perf_data = Text::default();
                    alarm.remember(change, *again, &settings);
                }
                if let Some(before) = turned
                    && let Some(alarm) = self.alarms.get(id).cloned()
                {
                    self.note_turn(&alarm.about, change.at, id, Some(before));
                }
                id
            }
            Event::Recovered { id, key, change } => {
                if !change.state.is_problem()
                    && let Some(off) = &mut self.watch_mut(key).off
                {
                    off.was_ok = true;
                }
                if let Some(alarm) = self.alarm_mut(id) {
                    alarm.state = change.state;
                    alarm.since = change.at;
                    alarm.output = change.output.clone();
                    alarm.long_output = Text::default();
                    alarm.perf_data = Text::default();
                    if let Some(span) = alarm.failing.last_mut().filter(|s| s.to.is_none()) {
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
                        alarm.episode_flags.extend(set.keys().copied());
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
                    if old.security != about.security {
                        self.tag_notes(id, about.security);
                    }
                }
                if let Some(alarm) = self.alarm_mut(id) {
                    alarm.about = About::clone(about);
                }
                id
            }
            Event::SwitchedOff { id, key, who, reason, text, until, led } => {
                let off = SwitchedOff {
                    who: who.clone(),
                    reason: *reason,
                    text: text.clone(),
                    until: *until,
                    masked_by: self.alarms.get(id).and_then(|a| a.masked_by.clone()).filter(|m| !m.family),
                    led: led.clone(),
                };
                self.close(seq, id, key, Some(off));
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
                self.close(seq, id, key, None);
                let since = self.at;
                self.watch_mut(key).aside = Some(Aside { reason: reason.clone(), since });
                id
            }
            Event::Returned { id, key, who, .. } => {
                if let Some(closed) = Arc::make_mut(&mut self.closed).remove(id) {
                    self.dirty.insert(RowKey::Closed(id.clone()));
                    self.note_family(id, &closed.alarm.about, true);
                    self.alarms.insert(id.clone(), closed.alarm);
                    let watch = self.watch_mut(key);
                    watch.alarm = Some(id.clone());
                    watch.off = None;
                    watch.aside = None;
                    self.timers.set(crate::timers::Timer::Return(key.clone()), None);
                }
                self.touch(id, seq, who, Deed::Returned);
                id
            }
            Event::SetAside { key, reason, since } => {
                let watch = self.watch_mut(key);
                watch.aside = reason.clone().map(|reason| Aside { reason, since: *since });
                if reason.is_none() && watch.off.as_ref().is_some_and(|off| off.until <= *since) {
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
                self.touch(id, seq, &mask.who, Deed::Masked);
                id
            }
            Event::Unmasked { id, who, .. } => {
                self.unfollow(id);
                if let Some(alarm) = self.alarm_mut(id) {
                    alarm.masked_by = None;
                }
                self.touch(id, seq, who, Deed::Unmasked);
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
            if event.is_material() {
                alarm.changed = seq;
                alarm.stand(seq);
            }
        }
        if event.moves_timers() && self.unarmed.last() != Some(touched) {
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

    /// Somebody did something to an alarm; without a name it was the program.
    pub(crate) fn touch(&mut self, id: &AlarmId, seq: u64, who: &Text, deed: Deed) {
        let at = self.at;
        if let Some(alarm) = self.alarm_mut(id) {
            if !who.is_empty() && **who != *crate::mask::PROGRAM {
                alarm.touched = Some(Touched { version: seq, at, who: who.clone(), deed });
            }
            alarm.changed = seq;
            alarm.version = seq;
        }
    }

    fn close(&mut self, seq: u64, id: &AlarmId, key: &Key, off: Option<SwitchedOff>) {
        self.unfollow(id);
        let Some(mut alarm) = self.alarms.remove(id) else { return };
        if alarm.masked_by.is_some() {
            Arc::make_mut(&mut alarm).masked_by = None;
        }
        self.note_family(id, &alarm.about, false);
        Arc::make_mut(&mut self.closed).insert(id.clone(), Closed { at: self.at, seq, alarm, off });
        self.dirty.insert(RowKey::Closed(id.clone()));
        let watch = self.watch_mut(key);
        watch.alarm = None;
        // Now and then, not with each of the thousands that may be switched off at once.
        if self.closed.len() > CLOSED && self.closed.len().is_power_of_two() {
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
        let closed = Arc::make_mut(&mut self.closed);
        for id in old {
            closed.remove(&id);
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

    /// `before`: when its episode before this one began; `None`: it is new.
    fn note_turn(&mut self, about: &About, at: Timestamp, id: &AlarmId, before: Option<Timestamp>) {
        let window = self.settings.cause_window;
        let turned = match self.meta.turned.get_mut(&about.metric) {
            Some(turned) => turned,
            None => self.meta.turned.entry(about.metric.clone()).or_default(),
        };
        // They stand in the order in which they were told, which is nearly that of time; so in a storm of thousands only
        // the front is looked at. What is old and stands behind something newer is left out when it is counted.
        let old = turned.iter().take_while(|t| at.since(t.at) > window).count();
        turned.drain(..old);
        // The latest turn of each alarm is enough. A new alarm has none; of another the time is mostly known, which is
        // found without looking at the ids of all.
        if let Some(before) = before {
            let found = turned.iter().position(|t| t.at == before && t.alarm == *id);
            if let Some(i) = found.or_else(|| turned.iter().position(|t| t.alarm == *id)) {
                turned.remove(i);
            }
        }
        turned.push(Turned { at, alarm: id.clone(), site: about.site.clone() });
        self.dirty.meta();
    }
}

impl Alarm {
    /// Notes with which version it came to the state that it is in.
    fn stand(&mut self, seq: u64) {
        if self.stood.last().is_some_and(|(_, state)| *state == self.state) {
            return;
        }
        if self.stood.len() == STOOD {
            self.stood.remove(0);
        }
        self.stood.push((seq, self.state));
    }

    fn remember(&mut self, change: &Change, turn: bool, settings: &Settings) {
        if let Told::Not(reasons) = &change.told {
            self.episode_flags.extend(reasons.iter().copied());
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
        // By the monitor's clock; that it was noted as stable may be the lateness of what came after.
        let rested = self.ok_since().is_some_and(|ok| at.since(ok) >= self.about.stable_for);
        if rested && (self.stable || self.stable_ok(at)) {
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
