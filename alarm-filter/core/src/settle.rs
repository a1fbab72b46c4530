//! From what the monitors say of an object to its alarm: raise, change, recover, or set aside with the reason.

use crate::alarm::{About, Alarm, AlarmId, Change, Told as ToldOf};
use crate::engine::Engine;
use crate::event::Event;
use crate::flag::Flag;
use crate::input::Text;
use crate::nagios::Told;
use crate::state::State;
use crate::time::{SECOND, Timestamp};
use crate::verdict::Verdict;
use crate::watch::{Judgement, Key, SetAside, View, Watch};
use crate::world::World;

/// What was just said of an object.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) monitor: Text,
    pub(crate) since: Timestamp,
    /// When the result came in; reasons are asked for that moment.
    pub(crate) checked: Timestamp,
    pub(crate) output: Text,
    pub(crate) long_output: Text,
    pub(crate) perf_data: Text,
    pub(crate) told: Told,
}

/// A group of monitors' hard problem of an object.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) state: State,
    /// The monitor whose word it is.
    monitor: Text,
    /// Since when it says so.
    since: Timestamp,
    output: Text,
}

impl World {
    /// The views that are asked how the object does: the fresh ones; all, when none is.
    fn asked<'w>(&'w self, watch: &'w Watch) -> impl Iterator<Item = &'w View> {
        // A monitor of which only a mark is known (a mute, a downtime) has not said how the object does.
        let said = |v: &View| v.said_its_state();
        let alone = watch.views.len() == 1;
        let present = !alone && watch.views.iter().any(|v| said(v) && !v.gone);
        let stands = move |v: &View| said(v) && !(present && v.gone);
        let fresh = !alone && watch.views.iter().any(|v| stands(v) && self.is_fresh(&v.monitor));
        watch.views.iter().filter(move |v| stands(v) && (!fresh || self.is_fresh(&v.monitor)))
    }

    /// The worst of the fresh monitors' hard states; of all, when none is fresh. `None`: no problem that counts.
    pub(crate) fn problem<'w>(&'w self, watch: &'w Watch) -> Option<&'w View> {
        self.asked(watch).filter(|v| v.counts()).max_by(|a, b| {
            let by_state = a.state.badness().cmp(&b.state.badness());
            by_state.then_with(|| b.since.cmp(&a.since)).then_with(|| b.monitor.cmp(&a.monitor))
        })
    }

    /// The monitors that see it failing.
    fn seen_failing_by<'w>(&'w self, watch: &'w Watch) -> impl Iterator<Item = &'w Text> {
        self.asked(watch).filter(|v| v.counts()).map(|v| &v.monitor)
    }

    /// The same of an object, to be kept.
    fn monitors_of(&self, key: &Key) -> Vec<Text> {
        let Some(watch) = self.watch(key) else { return Vec::new() };
        let mut monitors = Vec::with_capacity(watch.views.len());
        monitors.extend(self.seen_failing_by(watch).cloned());
        monitors
    }
}

impl Engine {
    /// Brings an object's alarm in line with what the monitors say of it.
    pub(crate) fn settle(&mut self, key: &Key, said: &Said) {
        let Some(watch) = self.world.watch(key) else { return };
        let problem = self.world.problem(watch).map(|view| Problem {
            state: view.state,
            monitor: view.monitor.clone(),
            since: view.since,
            output: view.output.clone(),
        });
        let held = watch.views.iter().any(|v| v.held);
        let off = watch.off.clone();
        // By its id: an alarm that is held while events change it would have to be copied.
        let open = watch.alarm.clone();
        match problem {
            None => self.no_problem(key, said, open, held),
            Some(problem) => match self.judge(key, problem.state) {
                Err(reason) => self.aside(key, said, open, &problem, reason),
                Ok(about) => {
                    self.set_aside(key, None, said.since);
                    let failed = match (open, off) {
                        (Some(id), _) => self.goes_on(&id, said, &problem),
                        (None, Some(off)) => self.switched_off(key, said, &problem, &off),
                        (None, None) => self.raise(key, said, &problem, about),
                    };
                    if failed {
                        // Its flags were looked at with the failure.
                        return;
                    }
                }
            },
        }
        self.remark(key);
    }

    /// Why a problem of the object raises nothing, or that it raises, and for what if that was asked just now. Judged
    /// once, until something changes that it depends on.
    fn judge(&mut self, key: &Key, state: State) -> Result<Option<Box<About>>, SetAside> {
        let judging = self.world.judging;
        match self.world.watch(key).and_then(|watch| watch.margin.judged(state, judging)) {
            Some(Judgement::Raises) => return Ok(None),
            Some(Judgement::Aside(reason)) => return Err(SetAside::clone(reason)),
            None => {}
        }
        let verdict = self.world.verdict(key, state);
        let judgement = match &verdict {
            Verdict::Raise(_) => Judgement::Raises,
            Verdict::Aside(reason) => Judgement::Aside(Box::new(reason.clone())),
        };
        self.world.note_judgement(key, state, judgement);
        match verdict {
            Verdict::Raise(about) => Ok(Some(about)),
            Verdict::Aside(reason) => Err(reason),
        }
    }

    fn no_problem(&mut self, key: &Key, said: &Said, open: Option<AlarmId>, held: bool) {
        let off = self.world.watch(key).and_then(|w| w.off.clone());
        // AL19: a state that does not raise ended the failure, and is no OK; this is.
        let first_ok = off.as_ref().is_some_and(|off| !off.was_ok);
        let alarm = open.or(off.map(|off| off.alarm));
        if let Some(id) = alarm
            && self.world.known_alarm(&id).is_some_and(|a| a.failing_now() || first_ok)
        {
            let state = if key.service.is_some() { State::Ok } else { State::Up };
            self.recover(&id, said, state);
        }
        if held {
            self.set_aside(key, Some(SetAside::HostNotUp), said.since);
        } else {
            self.set_aside(key, None, said.since);
        }
    }

    fn recover(&mut self, id: &AlarmId, said: &Said, state: State) {
        let Some(alarm) = self.world.known_alarm(id) else { return };
        let change =
            Change { at: said.since.max(alarm.since), state, output: said.output.clone(), told: ToldOf::NotAsked };
        let key = alarm.key.clone();
        self.emit(Event::Recovered { id: id.clone(), key, change });
        self.refamily_of(id);
    }

    fn aside(&mut self, key: &Key, said: &Said, open: Option<AlarmId>, problem: &Problem, reason: SetAside) {
        let does_not_raise = matches!(reason, SetAside::StateDoesNotRaise { .. });
        match open {
            Some(id) if !does_not_raise => {
                if let Some(alarm) = self.world.alarms.get(&id).cloned() {
                    self.withdraw(&alarm, reason);
                }
                return;
            }
            Some(id) => self.recover_if_failing(&id, said, problem.state),
            None if does_not_raise => {
                if let Some(id) = self.world.closed_of(key).map(|a| a.id.clone()) {
                    self.recover_if_failing(&id, said, problem.state);
                }
            }
            None => {}
        }
        self.set_aside(key, Some(reason), said.since);
    }

    fn recover_if_failing(&mut self, id: &AlarmId, said: &Said, state: State) {
        if self.world.known_alarm(id).is_some_and(Alarm::failing_now) {
            self.recover(id, said, state);
        }
    }

    pub(crate) fn withdraw(&mut self, alarm: &Alarm, reason: SetAside) {
        self.release_followers(&alarm.id, "its leader left the board");
        let family = (alarm.about.site.clone(), alarm.about.family.clone());
        self.emit(Event::Withdrawn { id: alarm.id.clone(), key: alarm.key.clone(), reason });
        self.refamily(&family);
    }

    pub(crate) fn set_aside(&mut self, key: &Key, reason: Option<SetAside>, since: Timestamp) {
        let Some(watch) = self.world.watch(key) else { return };
        if matches!(&watch.aside, Some(a) if matches!(a.reason, SetAside::SwitchedOff { .. })) && watch.off.is_some() {
            return;
        }
        if watch.aside.as_ref().map(|a| &a.reason) != reason.as_ref() {
            self.emit(Event::SetAside { key: key.clone(), reason, since });
        }
    }

    /// Gives back whether that is a new failure, or a new state of it.
    fn goes_on(&mut self, id: &AlarmId, said: &Said, problem: &Problem) -> bool {
        let Some(alarm) = self.world.alarms.get(id) else { return false };
        let again = !alarm.failing_now();
        if !again && alarm.state == problem.state {
            let watch = self.world.watch(&alarm.key);
            if !watch.is_some_and(|watch| self.world.seen_failing_by(watch).eq(&alarm.monitors)) {
                let change = Change {
                    at: alarm.since,
                    state: alarm.state,
                    output: alarm.output.clone(),
                    told: ToldOf::NotAsked,
                };
                let (id, key) = (alarm.id.clone(), alarm.key.clone());
                let monitors = self.world.monitors_of(&key);
                self.emit(Event::Changed { id, key, monitors, change, again: false });
            }
            return false;
        }
        let change = self.change(&alarm.key, said, problem);
        let (id, key) = (alarm.id.clone(), alarm.key.clone());
        let monitors = self.world.monitors_of(&key);
        self.emit(Event::Changed { id: id.clone(), key, monitors, change, again });
        self.after_failure(&id, said, again);
        true
    }

    fn switched_off(&mut self, key: &Key, said: &Said, problem: &Problem, off: &crate::watch::Off) -> bool {
        let Some(closed) = self.world.closed.get(&off.alarm) else { return false };
        let (state, failing) = (closed.alarm.state, closed.alarm.failing_now());
        if off.was_ok {
            self.emit(Event::Returned {
                id: off.alarm.clone(),
                key: key.clone(),
                why: "it failed again after an OK".into(),
                who: Text::default(),
            });
            return self.goes_on(&off.alarm, said, problem);
        }
        if state != problem.state {
            let change = self.change(key, said, problem);
            let (id, monitors, again) = (off.alarm.clone(), self.world.monitors_of(key), !failing);
            self.emit(Event::Changed { id, key: key.clone(), monitors, change, again });
        }
        false
    }

    fn raise(&mut self, key: &Key, said: &Said, problem: &Problem, about: Option<Box<About>>) -> bool {
        let about = match about {
            Some(about) => about,
            None => match self.world.verdict(key, problem.state) {
                Verdict::Raise(about) => about,
                Verdict::Aside(_) => return false,
            },
        };
        let number = self.world.number(key).cast_unsigned();
        // The seq of the opening input tells two alarms of one object apart.
        let opening = self.opening_seq();
        let id = hexadecimal((number ^ opening.wrapping_mul(0x9e37_79b9_7f4a_7c15)).rotate_left(17));
        let change = self.change(key, said, problem);
        self.emit(Event::Raised {
            id: id.clone(),
            key: key.clone(),
            about,
            monitors: self.world.monitors_of(key),
            change,
        });
        self.after_failure(&id, said, true);
        true
    }

    fn after_failure(&mut self, id: &Text, said: &Said, new_episode: bool) {
        let Some(alarm) = self.world.alarms.get(id) else { return };
        let key = alarm.key.clone();
        let not_settled = alarm.flags.contains_key(&Flag::NotSettled);
        let long = !said.long_output.is_empty() || !said.perf_data.is_empty();
        if long && said.output == alarm.output {
            self.emit(Event::Output {
                id: id.clone(),
                key: key.clone(),
                output: said.output.clone(),
                long_output: said.long_output.clone(),
                perf_data: said.perf_data.clone(),
            });
        }
        if not_settled {
            // A result of its own: it is settled.
            self.clear_flag(id, &key, Flag::NotSettled, said.since);
        }
        self.mark_time_out(id, &key, said.since);
        self.remark(&key);
        if new_episode {
            self.refamily_of(id);
            self.propose_cause(id);
        }
    }

    fn change(&self, key: &Key, said: &Said, problem: &Problem) -> Change {
        let own = problem.monitor == said.monitor && problem.output == said.output;
        let at = if own { said.since } else { said.since.max(problem.since) };
        let output = problem.output.clone();
        let told = match said.told {
            Told::Notified => ToldOf::Notified,
            Told::Explain => {
                ToldOf::Not(self.world.why_not_notified_now(&said.monitor, key, problem.state, said.checked))
            }
            Told::Snapshot => {
                // A snapshot shows that there was a result, not what became of each: no known reason means nothing, and one
                // that held at the last result counts only while it goes on.
                let asked = |at| self.world.why_not_notified_now(&said.monitor, key, problem.state, at);
                let lasting = asked(at);
                match asked(said.checked).into_iter().filter(|r| lasting.contains(r)).collect::<Vec<_>>() {
                    reasons if reasons.is_empty() => ToldOf::NotAsked,
                    reasons => ToldOf::Not(reasons),
                }
            }
            Told::NotAsked => ToldOf::NotAsked,
        };
        Change { at, state: problem.state, output, told }
    }

    /// AL7: a failure by time-out is marked until a second result agrees.
    fn mark_time_out(&mut self, id: &AlarmId, key: &Key, since: Timestamp) {
        let Some(alarm) = self.world.alarms.get(id) else { return };
        let timed_out = self.world.is_time_out(alarm);
        let marked = alarm.flags.contains_key(&Flag::TimeOut);
        if timed_out && !marked {
            let monitors = &self.world.settings.monitors;
            let second =
                alarm.monitors.iter().any(|m| monitors.get(m).is_none_or(|m| m.has_notifications || m.has_status));
            let detail =
                if second { "wait for the next result" } else { "not confirmed: no source shows a second result" };
            self.set_flag(id, key, Flag::TimeOut, detail.into(), since);
        } else if marked && !timed_out {
            self.clear_flag(id, key, Flag::TimeOut, since);
        }
    }

    /// A second result agrees with the first.
    pub(crate) fn confirm(&mut self, id: &AlarmId, key: &Key, since: Timestamp) {
        let Some(alarm) = self.world.alarms.get(id).filter(|a| since > a.since.plus(SECOND)) else { return };
        let marked = [Flag::TimeOut, Flag::NotSettled].map(|f| alarm.flags.contains_key(&f).then_some(f));
        for flag in marked.into_iter().flatten() {
            self.clear_flag(id, key, flag, since);
        }
    }
}

/// NRPE's words. Hardly an output has an `RP` at all, and to see that takes a few steps; a search for the whole takes hundreds.
fn timed_out_in_nrpe(output: &str) -> bool {
    let bytes = output.as_bytes();
    let pairs = bytes.iter().zip(bytes.get(1..).unwrap_or_default());
    pairs.fold(false, |found, (a, b)| found | ((*a == b'R') & (*b == b'P')))
        && output.contains("NRPE: Command timed out")
}

/// A number in 16 hexadecimal digits.
fn hexadecimal(number: u64) -> Text {
    let text: [u8; 16] = std::array::from_fn(|i| b"0123456789abcdef"[(number >> (60 - 4 * i)) as usize & 0xF]);
    str::from_utf8(&text).unwrap_or_default().into()
}

impl World {
    /// The reasons for one hard state, at the moment of it. A host that is not UP explains all by itself: Nagios then
    /// asks nothing further.
    pub(crate) fn why_not_notified_now(&self, monitor: &Text, key: &Key, state: State, at: Timestamp) -> Vec<Flag> {
        if key.service.is_some() && self.host_not_up(&key.group, &key.host, monitor).is_some() {
            return vec![Flag::HostNotUp];
        }
        self.why_not_notified(monitor, key, state, at)
    }

    /// Nagios' own time-out, NRPE's, or the metric's own pattern.
    pub(crate) fn is_time_out(&self, alarm: &Alarm) -> bool {
        let output = &*alarm.output;
        if output.starts_with("(Service check timed out")
            || output.starts_with("(Host check timed out")
            || timed_out_in_nrpe(output)
        {
            return true;
        }
        if self.patterns.is_empty() {
            return false;
        }
        let Some(profile) = self.profiles.profiles.get(&self.profiles.operators) else { return false };
        let pattern = profile.settings(&alarm.about.metric).time_out_pattern;
        pattern.and_then(|p| self.patterns.get(&p)).is_some_and(|p| p.is_match(output))
    }
}
