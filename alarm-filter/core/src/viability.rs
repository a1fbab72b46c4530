//! Why a monitor notified nobody of a hard state: Nagios' own tests of a notification's viability, in Nagios' order
//! (nagioscore 4.4, base/notifications.c), asked of what the log, the commands and objects.cache said.

use crate::flag::Flag;
use crate::input::{ScheduledDowntime, Text};
use crate::objects::{Escalation, MonitorObjects, NotificationRules};
use crate::state::State;
use crate::time::Timestamp;
use crate::watch::{Key, View};
use crate::world::World;

/// How deep masters of masters are followed.
const DEPTH: u8 = 8;

impl World {
    /// The reasons, at `at`, for which `monitor` would not notify of `state`; empty: none is known.
    pub fn why_not_notified(&self, monitor: &Text, key: &Key, state: State, at: Timestamp) -> Vec<Flag> {
        let mut why = Vec::new();
        let Some(view) = self.view(key, monitor) else { return why };
        let host_view = key.service.as_ref().and_then(|_| self.host_view(key, monitor));
        let rules = self.rules(monitor, key);
        let mut add = |holds: bool, flag: Flag| {
            if holds && !why.contains(&flag) {
                why.push(flag);
            }
        };
        let of_monitor = self.monitors.get(monitor);
        add(of_monitor.is_some_and(|m| m.notifications_off), Flag::NotificationsOff);
        let objects = of_monitor.and_then(|m| m.objects.as_deref());
        if let (Some(objects), Some(rules)) = (objects, rules) {
            let period = self.period_of(objects, monitor, key, rules);
            add(!self.within(objects, monitor, &period, at), Flag::NotificationPeriod);
        }
        add(muted(view, rules), Flag::Muted);
        add(view.acknowledgement.is_some(), Flag::Acknowledged);
        if let Some(objects) = objects {
            add(self.master_fails(objects, monitor, key, at), Flag::Dependency);
        }
        add(rules.is_some_and(|r| !letter(state).is_some_and(|l| r.options.contains(l))), Flag::NotificationOptions);
        if let Some(rules) = rules {
            let unit = self.settings.monitors.get(monitor).map_or(60_000, |m| m.interval_length);
            let delay = rules.first_delay_milli.saturating_mul(unit) / 1000;
            add(view.notified == 0 && at < view.hard_since.plus(delay), Flag::FirstNotificationDelay);
        }
        add(view.flapping, Flag::Flapping);
        add(view.in_downtime || host_view.is_some_and(|h| h.in_downtime), Flag::NagiosDowntime);
        let open = |d: &ScheduledDowntime| !d.fixed && d.start <= at && at <= d.end;
        let host_flexible = host_view.is_some_and(|h| h.flexible.iter().any(open));
        let own_flexible = view.flexible.iter().any(|d| open(d) && (key.service.is_some() || !d.host_services));
        add(own_flexible || host_flexible, Flag::FlexibleDowntime);
        add(host_view.is_some_and(|h| h.hard && h.state.is_problem()), Flag::HostNotUp);
        add(view.delayed_until.is_some_and(|until| at < until), Flag::AlreadyNotified);
        if let (Some(objects), Some(rules)) = (objects, rules) {
            let escalations = match &key.service {
                Some(s) => objects.service(&key.host, s).map_or(&[][..], |o| &o.escalations),
                None => objects.hosts.get(&key.host).map_or(&[][..], |h| &h.escalations),
            };
            add(!self.somebody_takes(objects, monitor, key, rules, escalations, view, state, at), Flag::NoContact);
        }
        why
    }

    /// Whether notifications of an object are switched off in a monitor, by a command or as configured.
    pub fn is_muted(&self, monitor: &str, key: &Key) -> bool {
        let rules = self.rules(monitor, key);
        match self.view(key, monitor) {
            Some(view) => muted(view, rules),
            None => rules.is_some_and(|r| !r.enabled),
        }
    }

    /// The same of an object of which the monitor said something.
    pub(crate) fn is_muted_in(&self, view: &View, key: &Key) -> bool {
        view.muted.unwrap_or_else(|| self.rules(&view.monitor, key).is_some_and(|r| !r.enabled))
    }

    fn period_of(&self, objects: &MonitorObjects, monitor: &Text, key: &Key, rules: &NotificationRules) -> Text {
        let changed = self.monitors.get(monitor).map(|m| &m.changed);
        if let Some(period) = changed.and_then(|c| c.period(&key.host, key.service.as_ref())) {
            return period.clone();
        }
        if !rules.period.is_empty() || key.service.is_none() {
            return rules.period.clone();
        }
        // A service without a period of its own takes the host's.
        objects
            .hosts
            .get(&key.host)
            .and_then(|h| objects.rules_of(h.rules))
            .map(|r| r.period.clone())
            .unwrap_or_default()
    }

    fn within(&self, objects: &MonitorObjects, monitor: &Text, period: &str, at: Timestamp) -> bool {
        let Some(period) = objects.timeperiods.get(period) else { return true };
        let offset = self.settings.monitors.get(monitor).map_or(0, |m| m.utc_offset);
        period.contains(objects, at.plus(offset))
    }

    /// Whether a master of the object, or of its host, is in a state in which nobody is told of the object.
    fn master_fails(&self, objects: &MonitorObjects, monitor: &Text, key: &Key, at: Timestamp) -> bool {
        let host = key.service.is_some().then(|| Key { service: None, ..key.clone() });
        std::iter::once(key).chain(&host).any(|k| self.master_of_fails(objects, monitor, k, at, DEPTH))
    }

    fn master_of_fails(&self, objects: &MonitorObjects, monitor: &Text, key: &Key, at: Timestamp, depth: u8) -> bool {
        let host = objects.hosts.get(&key.host);
        let masters = match &key.service {
            Some(service) => host.and_then(|h| h.services.get(service)).map(|s| &s.depends_on),
            None => host.map(|h| &h.depends_on),
        };
        for d in masters.into_iter().flatten() {
            if !self.within(objects, monitor, &d.period, at) {
                return false;
            }
            let service = (!d.service.is_empty()).then(|| d.service.clone());
            let master = Key { group: key.group.clone(), host: d.host.clone(), service };
            let state = self.view(&master, monitor).map_or(State::Ok, |v| if v.hard { v.state } else { v.hard_state });
            let fails = d.criteria.contains(letter(state).unwrap_or('o'))
                || (d.inherits_parent && depth > 0 && self.master_of_fails(objects, monitor, &master, at, depth - 1));
            if fails {
                return true;
            }
        }
        false
    }

    #[expect(clippy::too_many_arguments, reason = "all that the question is about; a struct would only name it twice")]
    fn somebody_takes(
        &self,
        objects: &MonitorObjects,
        monitor: &Text,
        key: &Key,
        rules: &NotificationRules,
        escalations: &[Escalation],
        view: &View,
        state: State,
        at: Timestamp,
    ) -> bool {
        let number = view.notified.saturating_add(1);
        let valid = |e: &&Escalation| {
            e.first <= number
                && (e.last == 0 || number <= e.last)
                && (e.options.is_empty() || letter(state).is_some_and(|l| e.options.contains(l)))
                && self.within(objects, monitor, &e.period, at)
        };
        let escalated: Vec<&Escalation> = escalations.iter().filter(valid).collect();
        let members = |contacts: &[Text], groups: &[Text]| -> Vec<Text> {
            let of_groups = groups.iter().filter_map(|g| objects.contact_groups.get(g)).flatten();
            contacts.iter().chain(of_groups).cloned().collect()
        };
        let people: Vec<Text> = if escalated.is_empty() {
            members(&rules.contacts, &rules.contact_groups)
        } else {
            escalated.iter().flat_map(|e| members(&e.contacts, &e.contact_groups)).collect()
        };
        let service = key.service.is_some();
        let changed = self.monitors.get(monitor).map(|m| &m.changed);
        people.iter().filter_map(|name| Some((name, objects.contacts.get(name)?))).any(|(name, c)| {
            let (enabled, options, period) = if service {
                (c.service_enabled, &c.service_options, &c.service_period)
            } else {
                (c.host_enabled, &c.host_options, &c.host_period)
            };
            let telling = changed.and_then(|c| c.telling(name, service));
            let enabled = telling.and_then(|t| t.told).unwrap_or(enabled);
            let period = telling.and_then(|t| t.period.as_ref()).unwrap_or(period);
            enabled && letter(state).is_some_and(|l| options.contains(l)) && self.within(objects, monitor, period, at)
        })
    }
}

fn muted(view: &View, rules: Option<&NotificationRules>) -> bool {
    view.muted.unwrap_or_else(|| rules.is_some_and(|r| !r.enabled))
}

/// The letter of a state in notification options; `None` for OK and UP.
fn letter(state: State) -> Option<char> {
    Some(match state {
        State::Warning => 'w',
        State::Critical => 'c',
        State::Unknown | State::Unreachable => 'u',
        State::Down => 'd',
        State::Ok | State::Up => return None,
    })
}
