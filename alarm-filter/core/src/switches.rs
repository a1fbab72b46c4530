//! Switches of notifications and changed periods, as commands give them: of one object, of many that only the monitor's
//! configuration names (groups, what is reached through a host), of contacts (nagioscore 4.4, base/commands.c).

use crate::engine::Engine;
use crate::event::{Event, Note};
use crate::input::{Contacts, MuteScope, Object, PeriodOf, Text};
use crate::nagios::From;
use crate::objects::MonitorObjects;
use crate::watch::Key;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Engine {
    pub(crate) fn muted(&mut self, from: &From<'_>, scope: MuteScope, host: Text, service: Option<Text>, muted: bool) {
        match scope {
            MuteScope::Everything => {
                let now = self.world.monitors.get(from.monitor).is_some_and(|m| m.notifications_off);
                if now != muted {
                    self.emit(Event::Muted { monitor: Text::clone(from.monitor), host: None, muted });
                }
            }
            MuteScope::Host | MuteScope::Service => {
                let key = self.named(from, &host, service.as_ref());
                if self.world.is_muted(from.monitor, &key) != muted {
                    self.note_of(from, &key, Note::Mute { muted });
                }
            }
            MuteScope::HostServices => {
                self.emit(Event::Muted { monitor: Text::clone(from.monitor), host: Some(host.clone()), muted });
                self.remark_services(&Key { group: from.group.clone(), host, service: None });
            }
            _ => {
                // Whom a group or a host stands for is not known without a configuration; status.dat shows it then.
                let Some(objects) = self.configuration(from) else { return };
                for (scope, Object { host, service }) in members(&objects, scope, &host) {
                    self.muted(from, scope, host, service, muted);
                }
            }
        }
    }

    pub(crate) fn contacts_told(&mut self, from: &From<'_>, who: &Contacts, services: bool, told: bool) {
        let objects = self.configuration(from);
        let contacts = match who {
            Contacts::Contact(contact) => vec![contact.clone()],
            Contacts::Group(group) => objects.and_then(|o| o.contact_groups.get(group).cloned()).unwrap_or_default(),
        };
        for contact in contacts {
            let changed = self.world.monitors.get(from.monitor).map(|m| &m.changed);
            if changed.and_then(|c| c.telling(&contact, services)).and_then(|t| t.told) != Some(told) {
                self.emit(Event::ContactTold { monitor: Text::clone(from.monitor), contact, services, told });
            }
        }
    }

    pub(crate) fn period_changed(&mut self, from: &From<'_>, of: &PeriodOf, period: &Text) {
        // The monitor refuses a period that it does not have.
        if self.configuration(from).is_some_and(|o| o.timeperiods.contains_key(period)) {
            let (of, period) = (of.clone(), period.clone());
            self.emit(Event::PeriodChanged { monitor: Text::clone(from.monitor), of, period });
        }
    }

    fn configuration(&self, from: &From<'_>) -> Option<Arc<MonitorObjects>> {
        self.world.monitors.get(from.monitor)?.objects.clone()
    }
}

/// The single switches that one of many is made of.
fn members(objects: &MonitorObjects, scope: MuteScope, name: &Text) -> Vec<(MuteScope, Object)> {
    let of = |scope| move |host: &Text| (scope, Object { host: host.clone(), service: None });
    let hosts = objects.host_groups.get(name).into_iter().flatten();
    let services = objects.service_groups.get(name).into_iter().flatten();
    match scope {
        MuteScope::HostGroup => hosts.map(of(MuteScope::Host)).collect(),
        MuteScope::HostGroupServices => hosts.map(of(MuteScope::HostServices)).collect(),
        MuteScope::ServiceGroup => {
            let service =
                |(host, service): &(Text, Text)| Object { host: host.clone(), service: Some(service.clone()) };
            services.map(|s| (MuteScope::Service, service(s))).collect()
        }
        MuteScope::ServiceGroupHosts => {
            let hosts: BTreeSet<&Text> = services.map(|(host, _)| host).collect();
            hosts.into_iter().map(of(MuteScope::Host)).collect()
        }
        MuteScope::HostAndChildren | MuteScope::BeyondHost => {
            let top = (scope == MuteScope::HostAndChildren).then_some(name);
            let beyond = beyond(objects, name);
            let hosts = top.into_iter().chain(&beyond).map(of(MuteScope::Host));
            hosts.chain(beyond.iter().map(of(MuteScope::HostServices))).collect()
        }
        MuteScope::Everything | MuteScope::Host | MuteScope::HostServices | MuteScope::Service => Vec::new(),
    }
}

/// The hosts that are reached through this one, at any distance. A configuration with a circle ends too.
fn beyond(objects: &MonitorObjects, host: &Text) -> BTreeSet<Text> {
    let (mut found, mut next) = (BTreeSet::new(), vec![host.clone()]);
    while let Some(parent) = next.pop() {
        let children = objects.hosts.iter().filter(|(_, h)| h.parents.contains(&parent));
        for (child, _) in children {
            if child != host && found.insert(child.clone()) {
                next.push(child.clone());
            }
        }
    }
    found
}
