//! What people ask for: carried out as events, or refused with the reason and nothing changed.

use crate::alarm::{Alarm, AlarmId};
use crate::command::{Action, Command, OffReason, Refusal};
use crate::engine::Engine;
use crate::event::Event;
use crate::flag::Flag;
use crate::input::Text;
use crate::time::Timestamp;

impl Engine {
    pub(crate) fn command(&mut self, command: Command) -> Result<(), Refusal> {
        if !command.form.is_empty() && self.world.meta.forms.contains(&command.form) {
            // The same form again: it was carried out, and that is the answer.
            return Ok(());
        }
        let who = &command.who;
        match command.action {
            Action::SwitchOff { alarm, version, reason, text, until } => {
                self.switch_off(who, &alarm, version, reason, text, until)?;
            }
            Action::SwitchOn { alarm } => self.switch_on(who, &alarm)?,
            Action::Mask { leader, followers } => self.mask(who, &leader, &followers)?,
            Action::Unmask { alarm } => self.unmask_by_hand(&alarm)?,
            Action::OpenCause { kind, text, alarms } => self.open_cause(who, kind, &text, &alarms)?,
            Action::EndCause { cause } => self.end_cause(who, &cause)?,
        }
        if !command.form.is_empty() {
            self.emit(Event::CommandTaken { key: command.form });
        }
        Ok(())
    }

    fn switch_off(
        &mut self,
        who: &Text,
        id: &AlarmId,
        version: u64,
        reason: Option<OffReason>,
        text: Text,
        until: Option<Timestamp>,
    ) -> Result<(), Refusal> {
        let alarm = self.open_alarm(id)?;
        if version != 0 && version != alarm.version {
            return Err(Refusal::ChangedMeanwhile { alarm: id.clone(), saw: version, is: alarm.version });
        }
        let failing = alarm.failing_now();
        if failing && reason.is_none() {
            return Err(Refusal::NeedsReason { alarm: id.clone() });
        }
        if reason == Some(OffReason::Other) && text.trim().is_empty() {
            return Err(Refusal::NeedsText);
        }
        let settings = &self.world.settings;
        // A downtime carries its own date: its end.
        let outage =
            alarm.flags.get(&Flag::Outage).and_then(|m| m.until).filter(|_| reason == Some(OffReason::Downtime));
        let until = failing.then(|| {
            until.or(outage).unwrap_or_else(|| settings.calendar.deadline(self.now, settings.off_working_days))
        });
        self.close_alarm(&alarm, who.clone(), reason, text, until);
        Ok(())
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
        self.release_followers(&alarm.id, "its leader was switched off");
        let family = (alarm.about.site.clone(), alarm.about.family.clone());
        let (id, key) = (alarm.id.clone(), alarm.key.clone());
        self.emit(Event::SwitchedOff { id, key, who, reason, text, until });
        self.refamily(&family);
    }

    fn switch_on(&mut self, who: &Text, id: &AlarmId) -> Result<(), Refusal> {
        let cannot = || Refusal::CannotReturn { alarm: id.clone() };
        let alarm = self.world.closed.get(id).map(|c| c.alarm.clone()).ok_or_else(cannot)?;
        if self.world.alarm_of(&alarm.key).is_some() {
            return Err(cannot());
        }
        let why: Text = format!("taken back by {who}").into();
        self.emit(Event::Returned { id: id.clone(), key: alarm.key.clone(), why });
        self.resettle(&alarm.key);
        self.refamily_of(id);
        Ok(())
    }
}
