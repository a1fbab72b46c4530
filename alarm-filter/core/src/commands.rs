//! What people ask for: carried out as events on what it can be carried out on, or refused with the reasons and nothing
//! changed.

use crate::alarm::{Alarm, AlarmId};
use crate::command::{Action, Command, Done, NAME_AT_MOST, OffReason, Outcome, Refusal, TEXT_AT_MOST, Target, What};
use crate::engine::Engine;
use crate::event::Event;
use crate::flag::Flag;
use crate::input::Text;
use crate::notepad::check_length;
use crate::time::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What becomes of a command over several alarms, as they are gone through.
#[derive(Debug, Default)]
pub(crate) struct Each {
    done: Vec<AlarmId>,
    refused: Vec<Refusal>,
}

impl Each {
    pub(crate) fn take(&mut self, alarm: &AlarmId, done: Result<(), Refusal>) {
        match done {
            Ok(()) => self.done.push(alarm.clone()),
            Err(why) => self.refused.push(why),
        }
    }
}

/// A switching-off, as it is asked for.
struct Off<'a> {
    who: &'a Text,
    reason: Option<OffReason>,
    text: &'a Text,
    until: Option<Timestamp>,
}

impl Engine {
    pub(crate) fn command(&mut self, command: Command) -> Outcome {
        if !command.form.is_empty()
            && let Some(done) = self.world.answers.get(&command.form)
        {
            // The same form again: it was carried out, and that is the answer.
            return Ok(Done::clone(done));
        }
        let all = |why| vec![why];
        check_length("name", &command.who, NAME_AT_MOST).map_err(all)?;
        check_length("form's key", &command.form, NAME_AT_MOST).map_err(all)?;
        let who = &command.who;
        let mut each = Each::default();
        let made = match &command.action {
            Action::SwitchOff { alarms, reason, text, until } => {
                let off = Off { who, reason: *reason, text, until: *until };
                self.switch_off_all(alarms, &off, &mut each).map(|()| None)
            }
            Action::SwitchOn { alarms } => self.switch_on_all(who, alarms, &mut each).map(|()| None),
            Action::Mask { leader, followers } => self.mask(who, leader, followers, &mut each).map(|()| None),
            Action::Unmask { alarms } => self.unmask_all(who, alarms, &mut each).map(|()| None),
            Action::OpenCause { kind, text, alarms } => self.open_cause(who, *kind, text, alarms, &mut each),
            Action::JoinCause { cause, alarms } => self.join_cause(who, cause, alarms, &mut each).map(|()| None),
            Action::LeaveCause { alarms } => self.leave_cause(who, alarms, &mut each).map(|()| None),
            Action::EndCause { cause } => self.end_cause(who, cause).map(|()| None),
            Action::Note { on, text } => self.write_note(who, on, text).map(Some),
            Action::StrikeNote { note } => self.strike_note(who, note).map(|()| None),
        }
        .map_err(all)?;
        if each.done.is_empty() && !each.refused.is_empty() {
            return Err(each.refused);
        }
        let (done, refused) = (each.done, each.refused);
        if !command.form.is_empty() {
            let (key, done, refused, made) = (command.form, done.clone(), refused.clone(), made.clone());
            self.emit(Event::CommandTaken { key, done, refused, made });
        }
        Ok(Done { seq: self.world.seq, alarms: done, refused, made })
    }

    fn switch_off_all(&mut self, alarms: &[Target], off: &Off<'_>, each: &mut Each) -> Result<(), Refusal> {
        if off.reason == Some(OffReason::Other) && off.text.trim().is_empty() {
            return Err(Refusal::NeedsText);
        }
        check_length("text", off.text, TEXT_AT_MOST)?;
        if let Some(until) = off.until.filter(|until| *until <= self.now) {
            return Err(Refusal::DateIsOver { until });
        }
        let mut families = BTreeSet::new();
        let seen = chosen(alarms)?.into_iter().map(|target| {
            let seen = self.seen_alarm(&target);
            (target.alarm, seen)
        });
        let mut said: Vec<(AlarmId, Result<Arc<Alarm>, Refusal>)> = seen.collect();
        // Followers first: they are then not released by their leader, and follow it again when this is taken back.
        let follows = |a: &Arc<Alarm>| a.masked_by.is_some();
        for first in [true, false] {
            for (_, seen) in said.iter_mut().filter(|(_, seen)| seen.as_ref().is_ok_and(|a| follows(a) == first)) {
                let Ok(alarm) = seen else { continue };
                match self.switch_off(alarm, off) {
                    Ok(family) => families.insert(family),
                    Err(why) => {
                        *seen = Err(why);
                        continue;
                    }
                };
            }
        }
        said.into_iter().for_each(|(id, done)| each.take(&id, done.map(|_| ())));
        families.iter().for_each(|family| self.refamily(family));
        Ok(())
    }

    /// Gives back the family that has to look anew who leads it.
    fn switch_off(&mut self, alarm: &Alarm, off: &Off<'_>) -> Result<(Text, Text), Refusal> {
        let failing = alarm.failing_now();
        if failing && off.reason.is_none() {
            return Err(Refusal::NeedsReason { alarm: alarm.id.clone() });
        }
        let settings = &self.world.settings;
        // A downtime carries its own date: its end.
        let by_downtime = off.reason == Some(OffReason::Downtime);
        let outage = alarm.flags.get(&Flag::Outage).and_then(|m| m.until).filter(|end| by_downtime && *end > self.now);
        let until = failing.then(|| {
            off.until.or(outage).unwrap_or_else(|| settings.calendar.deadline(self.now, settings.off_working_days))
        });
        Ok(self.take_off(alarm, off.who.clone(), off.reason, off.text.clone(), until))
    }

    /// Takes an alarm off the board; what it led or belonged to is put in order.
    pub(crate) fn close_alarm(
        &mut self,
        alarm: &Alarm,
        who: Text,
        reason: Option<OffReason>,
        text: Text,
        until: Option<Timestamp>,
    ) {
        let family = self.take_off(alarm, who, reason, text, until);
        self.refamily(&family);
    }

    fn take_off(
        &mut self,
        alarm: &Alarm,
        who: Text,
        reason: Option<OffReason>,
        text: Text,
        until: Option<Timestamp>,
    ) -> (Text, Text) {
        let led = self.led_by_hand(&alarm.id);
        self.release_followers(&alarm.id, "its leader was switched off");
        let family = (alarm.about.site.clone(), alarm.about.family.clone());
        let (id, key) = (alarm.id.clone(), alarm.key.clone());
        self.emit(Event::SwitchedOff { id, key, who, reason, text, until, led });
        family
    }

    fn switch_on_all(&mut self, who: &Text, alarms: &[AlarmId], each: &mut Each) -> Result<(), Refusal> {
        if alarms.is_empty() {
            return Err(Refusal::NothingChosen);
        }
        let mut seen = BTreeSet::new();
        let mut back = Vec::new();
        for id in alarms.iter().filter(|id| seen.insert(*id)) {
            each.take(id, self.switch_on(who, id).map(|masks| back.push((id.clone(), masks))));
        }
        let mut families = BTreeSet::new();
        for (id, masks) in back {
            if let Some(alarm) = self.world.alarms.get(&id).cloned() {
                families.insert((alarm.about.site.clone(), alarm.about.family.clone()));
            }
            for (leader, follower) in masks {
                self.mask_again(who, &leader, &follower);
            }
        }
        families.iter().for_each(|family| self.refamily(family));
        Ok(())
    }

    /// Gives back the masks that people had set by then: leader and follower.
    fn switch_on(&mut self, who: &Text, id: &AlarmId) -> Result<Vec<(AlarmId, AlarmId)>, Refusal> {
        let cannot = || Refusal::CannotReturn { alarm: id.clone() };
        self.world.visible(id).ok_or_else(cannot)?;
        let closed = self.world.closed.get(id).cloned().ok_or_else(cannot)?;
        let key = &closed.alarm.key;
        if self.world.alarm_of(key).is_some() {
            return Err(cannot());
        }
        let why: Text = format!("taken back by {who}").into();
        self.emit(Event::Returned { id: id.clone(), key: key.clone(), why, who: who.clone() });
        self.resettle(key);
        let Some(off) = closed.off else { return Ok(Vec::new()) };
        let led = off.led.into_iter().map(|follower| (id.clone(), follower));
        Ok(led.chain(off.masked_by.map(|mask| (mask.leader, id.clone()))).collect())
    }

    /// The alarm on the board, if it is as the operator saw it.
    pub(crate) fn seen_alarm(&self, target: &Target) -> Result<Arc<Alarm>, Refusal> {
        let Target { alarm: id, version: saw } = target;
        let none = || Refusal::NoSuchAlarm { alarm: id.clone() };
        self.world.visible(id).ok_or_else(none)?;
        let Some(alarm) = self.world.alarms.get(id) else {
            let closed = self.world.closed.get(id).ok_or_else(none)?;
            let who = closed.off.as_ref().ok_or_else(none)?.who.clone();
            return Err(Refusal::SwitchedOff { alarm: id.clone(), who, at: closed.at });
        };
        // A version that is still to come was seen before a backup was restored.
        if *saw != 0 && !(alarm.changed..=alarm.version).contains(saw) {
            let (saw, is, what) = (*saw, alarm.version, What::of(alarm, *saw));
            return Err(Refusal::ChangedMeanwhile { alarm: id.clone(), saw, is, what });
        }
        Ok(alarm.clone())
    }

    /// Looks anew who leads in the families of these alarms, once for each.
    pub(crate) fn refamily_all(&mut self, alarms: &[AlarmId]) {
        let of = |id: &AlarmId| self.world.alarms.get(id).map(|a| (a.about.site.clone(), a.about.family.clone()));
        let families: BTreeSet<(Text, Text)> = alarms.iter().filter_map(of).collect();
        families.iter().for_each(|family| self.refamily(family));
    }
}

/// The targets, each alarm once.
pub(crate) fn chosen(alarms: &[Target]) -> Result<Vec<Target>, Refusal> {
    if alarms.is_empty() {
        return Err(Refusal::NothingChosen);
    }
    let mut seen = BTreeSet::new();
    Ok(alarms.iter().filter(|t| seen.insert(&t.alarm)).cloned().collect())
}
