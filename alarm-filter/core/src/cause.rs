//! Common causes (AL18): proposed when a metric fails at several sites within a short time, opened and ended by people.

use crate::alarm::AlarmId;
use crate::command::{CauseKind, Refusal, TEXT_AT_MOST, Target};
use crate::commands::{Each, chosen};
use crate::engine::Engine;
use crate::event::{EndedCause, Event};
use crate::input::Text;
use crate::notepad::check_length;
use crate::world::Cause;
use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;
use std::collections::{BTreeMap, BTreeSet};

type Set<'t> = IndexSet<&'t Text, FxBuildHasher>;

impl Engine {
    /// Proposes a common cause when the alarm's metric turned non-OK at enough sites of late.
    pub(crate) fn propose_cause(&mut self, id: &AlarmId) {
        let Some(alarm) = self.world.alarms.get(id) else { return };
        // A security matter must not show through a proposal (AL17); hosts have their own reasons each.
        if alarm.about.security || alarm.key.service.is_none() {
            return;
        }
        let metric = &alarm.about.metric;
        let window = self.world.settings.cause_window;
        // One that is older is proposed anew.
        let known = self.world.meta.proposed.get(metric).filter(|p| self.now.since(p.since) <= window);
        if known.is_some_and(|p| p.has_site(&alarm.about.site)) {
            return;
        }
        let Some(turned) = self.world.meta.turned.get(metric) else { return };
        let needed = self.world.settings.cause_sites;
        // Sites are counted before alarms are looked at: most failures are nobody else's.
        if !are_different(turned.iter().map(|t| &t.site).filter(|site| !site.is_empty()), needed) {
            return;
        }
        let of_late = turned.iter().filter(|t| alarm.episode_since.since(t.at) <= window && !t.site.is_empty());
        let counting: Vec<(&AlarmId, &Text)> = of_late
            .filter_map(|t| {
                let a = self.world.alarms.get(&t.alarm)?;
                (a.failing_now() && !a.set_apart() && a.cause.is_none()).then_some((&t.alarm, &a.about.site))
            })
            .collect();
        // Only what is new is written: in a storm over hundreds of sites the whole would be written for each.
        let known_sites: Set<'_> = known.map(|p| p.sites.iter().collect()).unwrap_or_default();
        let known_alarms: Set<'_> = known.map(|p| p.alarms.iter().collect()).unwrap_or_default();
        let sites: BTreeSet<&Text> =
            counting.iter().map(|(_, site)| *site).filter(|site| !known_sites.contains(site)).collect();
        if sites.is_empty() || !are_different(counting.iter().map(|(_, site)| *site), needed) {
            return;
        }
        let alarms: BTreeSet<&AlarmId> =
            counting.iter().map(|(id, _)| *id).filter(|id| !known_alarms.contains(id)).collect();
        let (sites, alarms) = (sites.into_iter().cloned().collect(), alarms.into_iter().cloned().collect());
        let (metric, joins) = (metric.clone(), known.is_some());
        self.emit(Event::CauseProposed { metric, sites, alarms, joins });
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

/// Whether there are so many different ones among them.
fn are_different<'t>(sites: impl Iterator<Item = &'t Text>, needed: usize) -> bool {
    let mut different: Vec<&Text> = Vec::new();
    for site in sites {
        if different.len() == needed {
            break;
        }
        if !different.contains(&site) {
            different.push(site);
        }
    }
    different.len() == needed
}
