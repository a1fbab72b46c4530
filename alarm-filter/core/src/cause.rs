//! Common causes (AL18): proposed when a metric fails at several sites within a short time, opened and ended by people.

use crate::alarm::AlarmId;
use crate::command::{CauseKind, Refusal, TEXT_AT_MOST, Target};
use crate::commands::{Each, chosen};
use crate::engine::Engine;
use crate::event::{EndedCause, Event};
use crate::input::Text;
use crate::notepad::check_length;
use crate::world::Cause;
use std::collections::{BTreeMap, BTreeSet};

impl Engine {
    /// Proposes a common cause when the alarm's metric turned non-OK at enough sites of late.
    pub(crate) fn propose_cause(&mut self, id: &AlarmId) {
        let Some(alarm) = self.world.alarms.get(id).cloned() else { return };
        // A security matter must not show through a proposal (AL17); hosts have their own reasons each.
        if alarm.about.security || alarm.key.service.is_none() {
            return;
        }
        let metric = &alarm.about.metric;
        let window = self.world.settings.cause_window;
        let known = self.world.meta.proposed.get(metric);
        let fresh = known.is_some_and(|p| self.now.since(p.since) <= window);
        if fresh && known.is_some_and(|p| p.sites.contains(&alarm.about.site)) {
            return;
        }
        let Some(turned) = self.world.meta.turned.get(metric) else { return };
        let needed = self.world.settings.cause_sites;
        // Sites are counted before alarms are looked at: most failures are nobody else's.
        let mut different: Vec<&Text> = Vec::new();
        for t in turned {
            if different.len() == needed {
                break;
            }
            if !t.site.is_empty() && !different.contains(&&t.site) {
                different.push(&t.site);
            }
        }
        if different.len() < needed {
            return;
        }
        let mut sites = BTreeSet::new();
        let mut alarms = BTreeSet::new();
        for t in turned.iter().filter(|t| alarm.episode_since.since(t.at) <= window && !t.site.is_empty()) {
            let open = self.world.alarms.get(&t.alarm);
            if let Some(a) = open.filter(|a| a.failing_now() && !a.set_apart() && a.cause.is_none()) {
                sites.insert(a.about.site.clone());
                alarms.insert(t.alarm.clone());
            }
        }
        if sites.len() < needed {
            return;
        }
        if fresh && known.is_some_and(|p| sites.iter().all(|s| p.sites.contains(s))) {
            return;
        }
        if let Some(known) = known.filter(|_| fresh) {
            // Only what is new is written: in a storm over hundreds of sites the whole would be written for each.
            sites.retain(|s| !known.sites.contains(s));
            let there: BTreeSet<&AlarmId> = known.alarms.iter().collect();
            alarms.retain(|id| !there.contains(id));
        }
        self.emit(Event::CauseProposed {
            metric: metric.clone(),
            sites: sites.into_iter().collect(),
            alarms: alarms.into_iter().collect(),
            joins: fresh,
        });
    }

    /// Gives back the cause's id.
    pub(crate) fn open_cause(
        &mut self,
        who: &Text,
        kind: CauseKind,
        text: &Text,
        alarms: &[Target],
        each: &mut Each,
    ) -> Result<Option<Text>, Refusal> {
        if text.trim().is_empty() {
            return Err(Refusal::NeedsText);
        }
        check_length("text", text, TEXT_AT_MOST)?;
        let (alarms, was) = self.under_causes(alarms, each)?;
        if alarms.is_empty() {
            return Ok(None);
        }
        let cause: Text = format!("cause-{}", self.next_seq()).into();
        let (who, text) = (who.clone(), text.clone());
        self.emit(Event::CauseOpened { cause: cause.clone(), who, kind, text, alarms: alarms.clone(), was });
        self.refamily_all(&alarms);
        Ok(Some(cause))
    }

    pub(crate) fn join_cause(
        &mut self,
        who: &Text,
        cause: &Text,
        alarms: &[Target],
        each: &mut Each,
    ) -> Result<(), Refusal> {
        if !self.world.causes.contains_key(cause) {
            return Err(Refusal::NoSuchCause { cause: cause.clone() });
        }
        let (mut alarms, was) = self.under_causes(alarms, each)?;
        // What is under it already is done.
        alarms.retain(|id| was.get(id) != Some(cause));
        if !alarms.is_empty() {
            let was = was.into_iter().filter(|(_, other)| other != cause).collect();
            self.emit(Event::CauseJoined { cause: cause.clone(), who: who.clone(), alarms: alarms.clone(), was });
            self.refamily_all(&alarms);
        }
        Ok(())
    }

    pub(crate) fn leave_cause(&mut self, who: &Text, alarms: &[Target], each: &mut Each) -> Result<(), Refusal> {
        let (_, was) = self.under_causes(alarms, each)?;
        if !was.is_empty() {
            let alarms: Vec<AlarmId> = was.keys().cloned().collect();
            self.emit(Event::CauseLeft { who: who.clone(), was });
            self.refamily_all(&alarms);
        }
        Ok(())
    }

    /// The alarms that are as they were seen, and the causes that they are under.
    fn under_causes(
        &self,
        alarms: &[Target],
        each: &mut Each,
    ) -> Result<(Vec<AlarmId>, BTreeMap<AlarmId, Text>), Refusal> {
        let (mut ids, mut was) = (Vec::new(), BTreeMap::new());
        for target in chosen(alarms)? {
            let seen = self.seen_alarm(&target);
            if let Ok(alarm) = &seen {
                ids.push(target.alarm.clone());
                was.extend(alarm.cause.clone().map(|cause| (target.alarm.clone(), cause)));
            }
            each.take(&target.alarm, seen.map(|_| ()));
        }
        Ok((ids, was))
    }

    pub(crate) fn end_cause(&mut self, who: &Text, cause: &Text) -> Result<(), Refusal> {
        let none = || Refusal::NoSuchCause { cause: cause.clone() };
        let Cause { kind, text, .. } = self.world.causes.get(cause).cloned().ok_or_else(none)?;
        let all = self.world.alarms.values().chain(self.world.closed.values().map(|c| &c.alarm));
        let alarms: Vec<AlarmId> = all.filter(|a| a.cause.as_ref() == Some(cause)).map(|a| a.id.clone()).collect();
        let was = Some(EndedCause { kind, text, alarms: alarms.clone() });
        self.emit(Event::CauseEnded { cause: cause.clone(), who: who.clone(), was });
        self.refamily_all(&alarms);
        Ok(())
    }
}
