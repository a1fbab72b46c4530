//! Masks: alarms that fold under a leader, put there by somebody (AL6) or, in a family, by the program (AL14).

use crate::alarm::{Alarm, AlarmId, Mask};
use crate::command::{Refusal, Target};
use crate::commands::{Each, chosen};
use crate::engine::Engine;
use crate::event::Event;
use crate::input::Text;
use crate::time::Timestamp;
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
        let Some(members) = self.world.families.get(family) else { return };
        // Looked at where they stand: of a family of thousands mostly one changes.
        let free = || {
            let members = members.iter().filter_map(|id| self.world.alarms.get(id));
            members.filter(|a| a.masked_by.as_ref().is_none_or(|m| m.family))
        };
        let can_lead = |a: &Alarm| !a.barred_from_leading() && !a.stable && a.cause.is_none();
        let leader = free().filter(|a| can_lead(a)).min_by(|a, b| order(a).cmp(&order(b))).map(|leader| &leader.id);
        let wanted = |a: &Alarm| leader.filter(|leader| **leader != a.id && can_lead(a));
        let changes: Vec<(Arc<Alarm>, Option<AlarmId>)> = free()
            .filter(|a| wanted(a) != a.masked_by.as_ref().map(|m| &m.leader))
            .map(|a| (a.clone(), wanted(a).cloned()))
            .collect();
        for (alarm, wanted) in changes {
            match wanted {
                Some(leader) => {
                    self.release_followers(&alarm.id, "its leader is itself masked in its family");
                    self.emit(Event::Masked {
                        id: alarm.id.clone(),
                        key: alarm.key.clone(),
                        mask: Mask { leader, family: true, who: PROGRAM.into() },
                        was: None,
                    });
                }
                None => self.unmask(&alarm, "it leads its family now, or is set apart"),
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
        self.unmask_by("", alarm, why);
    }

    fn unmask_by(&mut self, who: &str, alarm: &Alarm, why: &str) {
        let was = by_hand(alarm);
        self.emit(Event::Unmasked {
            id: alarm.id.clone(),
            key: alarm.key.clone(),
            why: why.into(),
            who: who.into(),
            was,
        });
    }

    pub(crate) fn mask(
        &mut self,
        who: &Text,
        leader: &Target,
        followers: &[Target],
        each: &mut Each,
    ) -> Result<(), Refusal> {
        let followers = chosen(followers)?;
        let lead = self.seen_alarm(leader)?;
        if !self.can_lead(&lead) || followers.iter().any(|t| t.alarm == lead.id) {
            return Err(Refusal::CannotLead { leader: lead.id.clone() });
        }
        // All are looked at first: what follows a follower changes with it.
        let seen: Vec<(AlarmId, Result<(), Refusal>)> = followers
            .into_iter()
            .map(|target| {
                let seen = match self.seen_alarm(&target) {
                    Ok(alarm) if alarm.about.site != lead.about.site || lead.about.site.is_empty() => {
                        Err(Refusal::OtherSite { alarm: alarm.id.clone(), leader: lead.id.clone() })
                    }
                    seen => seen.map(|_| ()),
                };
                (target.alarm, seen)
            })
            .collect();
        for (id, seen) in seen {
            if seen.is_ok() {
                // No chains: what followed the follower follows the leader.
                let behind = self.world.followers.get(&id).into_iter().flatten().chain([&id]);
                let all: Vec<Arc<Alarm>> = behind.filter_map(|id| self.world.alarms.get(id).cloned()).collect();
                all.iter().for_each(|alarm| self.put_behind(who, &lead.id, alarm));
            }
            each.take(&id, seen);
        }
        Ok(())
    }

    fn put_behind(&mut self, who: &Text, leader: &AlarmId, alarm: &Alarm) {
        let was = by_hand(alarm);
        if was.as_ref() == Some(leader) {
            return;
        }
        let mask = Mask { leader: leader.clone(), family: false, who: who.clone() };
        self.emit(Event::Masked { id: alarm.id.clone(), key: alarm.key.clone(), mask, was });
    }

    fn can_lead(&self, alarm: &Alarm) -> bool {
        alarm.masked_by.is_none() && !alarm.barred_from_leading() && !alarm.stable
    }

    /// A mask that somebody had set before one of the two was switched off, where it can still be.
    pub(crate) fn mask_again(&mut self, who: &Text, leader: &AlarmId, follower: &AlarmId) {
        let alarms = &self.world.alarms;
        let (Some(lead), Some(alarm)) = (alarms.get(leader).cloned(), alarms.get(follower).cloned()) else { return };
        let free = alarm.masked_by.as_ref().is_none_or(|m| m.family);
        let leads = self.world.followers.contains_key(follower);
        if self.can_lead(&lead) && free && !leads && lead.about.site == alarm.about.site && !lead.about.site.is_empty()
        {
            self.put_behind(who, leader, &alarm);
        }
    }

    /// The followers that people put there.
    pub(crate) fn led_by_hand(&self, leader: &AlarmId) -> Vec<AlarmId> {
        let followers = self.world.followers.get(leader).into_iter().flatten();
        followers.filter(|id| self.world.alarms.get(id).is_some_and(|a| by_hand(a).is_some())).cloned().collect()
    }

    pub(crate) fn unmask_all(&mut self, who: &Text, alarms: &[Target], each: &mut Each) -> Result<(), Refusal> {
        let mut free = Vec::new();
        for target in chosen(alarms)? {
            let done = self.seen_alarm(&target).and_then(|alarm| match &alarm.masked_by {
                Some(mask) if mask.family => Err(Refusal::FamilyMask { alarm: target.alarm.clone() }),
                Some(_) => {
                    self.unmask_by(who, &alarm, "somebody took it out");
                    free.push(target.alarm.clone());
                    Ok(())
                }
                None => Ok(()),
            });
            each.take(&target.alarm, done);
        }
        self.refamily_all(&free);
        Ok(())
    }
}

/// The leader that somebody put it under.
fn by_hand(alarm: &Alarm) -> Option<AlarmId> {
    alarm.masked_by.as_ref().filter(|m| !m.family).map(|m| m.leader.clone())
}

/// In which order alarms of a family lead: the oldest, then by name.
fn order(alarm: &Alarm) -> (Timestamp, &Text, Option<&Text>, &Text) {
    (alarm.raised, &alarm.key.host, alarm.key.service.as_ref(), &alarm.key.group)
}
