//! Masks: alarms that fold under a leader, put there by somebody (AL6) or, in a family, by the program (AL14).

use crate::alarm::{Alarm, AlarmId, Mask};
use crate::command::Refusal;
use crate::engine::Engine;
use crate::event::Event;
use crate::input::Text;
use std::sync::Arc;

/// Who does what the program does.
pub(crate) const PROGRAM: &str = "alarm-filter";

impl Engine {
    /// Looks anew who leads in the family of an alarm.
    pub(crate) fn refamily_of(&mut self, id: &AlarmId) {
        if let Some(alarm) = self.world.alarms.get(id).filter(|a| !a.about.family.is_empty()) {
            let family = (alarm.about.site.clone(), alarm.about.family.clone());
            self.refamily(&family);
        }
    }

    /// AL14: of a family's alarms at a site one leads: the oldest, then by host name; never one that is set apart.
    pub(crate) fn refamily(&mut self, family: &(Text, Text)) {
        if family.1.is_empty() {
            return;
        }
        let ids: Vec<AlarmId> = self.world.families.get(family).into_iter().flatten().cloned().collect();
        let members: Vec<Arc<Alarm>> = ids.iter().filter_map(|id| self.world.alarms.get(id).cloned()).collect();
        let by_hand = |a: &&Arc<Alarm>| a.masked_by.as_ref().is_some_and(|m| !m.family);
        let can_lead = |a: &&Arc<Alarm>| !a.barred_from_leading() && !a.stable && a.cause.is_none();
        let leader = members
            .iter()
            .filter(|a| !by_hand(a))
            .filter(can_lead)
            .min_by_key(|a| (a.raised, a.key.host.clone(), a.key.service.clone(), a.key.group.clone()))
            .cloned();
        for alarm in &members {
            if by_hand(&alarm) {
                continue;
            }
            let wanted = leader.as_ref().filter(|l| l.id != alarm.id && can_lead(&alarm)).map(|l| l.id.clone());
            let now = alarm.masked_by.as_ref().map(|m| m.leader.clone());
            if wanted == now {
                continue;
            }
            match wanted {
                Some(leader) => {
                    self.release_followers(&alarm.id, "its leader is itself masked in its family");
                    self.emit(Event::Masked {
                        id: alarm.id.clone(),
                        key: alarm.key.clone(),
                        mask: Mask { leader, family: true, who: PROGRAM.into() },
                    });
                }
                None => self.unmask(alarm, "it leads its family now, or is set apart"),
            }
        }
    }

    /// AL6: the followers of a leader that no longer leads come back.
    pub(crate) fn release_followers(&mut self, leader: &AlarmId, why: &str) {
        let followers: Vec<AlarmId> = self.world.followers.get(leader).into_iter().flatten().cloned().collect();
        for id in followers {
            if let Some(alarm) = self.world.alarms.get(&id).cloned() {
                self.unmask(&alarm, why);
            }
        }
    }

    /// AL6: a mask holds within one site; an alarm that is known to be of another one by now comes back.
    pub(crate) fn unmask_across_sites(&mut self) {
        let site = |id: &AlarmId| self.world.alarms.get(id).map(|a| &a.about.site);
        let apart =
            |a: &&Arc<Alarm>| a.masked_by.as_ref().is_some_and(|m| !m.family && site(&m.leader) != Some(&a.about.site));
        let apart: Vec<Arc<Alarm>> = self.world.alarms.values().filter(apart).cloned().collect();
        for alarm in apart {
            self.unmask(&alarm, "it is of another site than its leader now");
            self.refamily_of(&alarm.id);
        }
    }

    fn unmask(&mut self, alarm: &Alarm, why: &str) {
        self.emit(Event::Unmasked { id: alarm.id.clone(), key: alarm.key.clone(), why: why.into() });
    }

    pub(crate) fn mask(&mut self, who: &Text, leader: &AlarmId, followers: &[AlarmId]) -> Result<(), Refusal> {
        let lead = self.open_alarm(leader)?;
        let cannot = Refusal::CannotLead { leader: leader.clone() };
        if lead.masked_by.is_some() || lead.barred_from_leading() || lead.stable || followers.contains(leader) {
            return Err(cannot);
        }
        for id in followers {
            let alarm = self.open_alarm(id)?;
            if alarm.about.site != lead.about.site || lead.about.site.is_empty() {
                return Err(Refusal::OtherSite { alarm: id.clone(), leader: leader.clone() });
            }
        }
        for id in followers {
            // No chains: what followed the follower follows the leader.
            let behind: Vec<AlarmId> = self.world.followers.get(id).into_iter().flatten().cloned().collect();
            for id in behind.iter().chain([id]) {
                let alarm = self.open_alarm(id)?;
                self.emit(Event::Masked {
                    id: id.clone(),
                    key: alarm.key.clone(),
                    mask: Mask { leader: leader.clone(), family: false, who: who.clone() },
                });
            }
        }
        Ok(())
    }

    pub(crate) fn unmask_by_hand(&mut self, id: &AlarmId) -> Result<(), Refusal> {
        let alarm = self.open_alarm(id)?;
        match &alarm.masked_by {
            Some(mask) if mask.family => Err(Refusal::FamilyMask { alarm: id.clone() }),
            Some(_) => {
                self.unmask(&alarm, "somebody took it out");
                self.refamily_of(id);
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(crate) fn open_alarm(&self, id: &AlarmId) -> Result<Arc<Alarm>, Refusal> {
        self.world.alarms.get(id).cloned().ok_or_else(|| Refusal::NoSuchAlarm { alarm: id.clone() })
    }
}
