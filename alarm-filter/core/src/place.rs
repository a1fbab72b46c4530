//! What a service stands for, by the documents in force: the topology's word on the site, then the source's own, then the
//! monitor's variables.

use crate::alarm::About;
use crate::input::{StandsFor, Text};
use crate::profile::Profiles;
use crate::topology::Topology;
use crate::watch::Key;
use crate::world::Monitor;
use std::collections::BTreeMap;

/// The documents by which objects are placed.
#[derive(Clone, Copy, Debug)]
pub struct Papers<'a> {
    /// The monitors with their configurations.
    pub monitors: &'a BTreeMap<Text, Monitor>,
    /// Sites and services.
    pub topology: Option<&'a Topology>,
    /// Profiles.
    pub profiles: &'a Profiles,
}

impl Papers<'_> {
    /// Site, NGI, service type, metric and VO of an object; for a host's own check site and NGI only. The other fields
    /// are left as they are by default.
    pub fn place(&self, key: &Key, stands_for: Option<&StandsFor>) -> About {
        let mut about = About::default();
        let Some(service) = &key.service else {
            self.place_host(key, &mut about);
            return about;
        };
        if let Some(s) = stands_for {
            about.site = s.site.clone();
            about.ngi = s.ngi.clone();
            about.service_type = s.service_type.clone();
            about.metric = s.metric.clone();
            about.vo = s.vo.clone();
        }
        for monitor in self.monitors.values().filter(|m| m.group == key.group) {
            let Some(host) = monitor.objects.as_ref().and_then(|o| o.hosts.get(&key.host)) else { continue };
            let Some(object) = host.services.get(service) else { continue };
            fill(&mut about.service_type, &object.service_type);
            fill(&mut about.metric, &object.metric);
            fill(&mut about.vo, &object.vo);
            fill(&mut about.site, &object.site);
            fill(&mut about.site, &host.site);
            fill(&mut about.ngi, &object.ngi);
            fill(&mut about.ngi, &host.ngi);
        }
        fill(&mut about.metric, service);
        if about.service_type.is_empty() {
            about.service_type = self.guess_service_type(&key.host, &about.metric);
        }
        if let Some(topology) = self.topology {
            if let Some(endpoint) = topology.endpoint(&key.host, &about.service_type) {
                about.site = endpoint.site.clone();
                about.ngi = endpoint.ngi.clone();
            } else if about.site.is_empty() {
                self.place_host(key, &mut about);
            }
            if let Some(site) = topology.sites.get(&about.site) {
                fill(&mut about.ngi, &site.ngi);
            }
        }
        about
    }

    fn place_host(&self, key: &Key, about: &mut About) {
        if let Some(types) = self.topology.and_then(|t| t.host(&key.host))
            && let Some(endpoint) = types.values().next()
        {
            about.site = endpoint.site.clone();
            about.ngi = endpoint.ngi.clone();
            return;
        }
        for monitor in self.monitors.values().filter(|m| m.group == key.group) {
            if let Some(host) = monitor.objects.as_ref().and_then(|o| o.hosts.get(&key.host)) {
                fill(&mut about.site, &host.site);
                fill(&mut about.ngi, &host.ngi);
            }
        }
    }

    /// Without `_SERVICE_FLAVOUR`: the one service type of the host, as declared in the topology, for which the profile
    /// lists the metric. Empty when there is none, or more than one.
    fn guess_service_type(&self, host: &str, metric: &str) -> Text {
        let none = Text::default();
        let Some(profile) = self.profiles.profiles.get(&self.profiles.operators) else { return none };
        let Some(types) = self.topology.and_then(|t| t.host(host)) else { return none };
        let mut fits = types.keys().filter(|t| profile.entry(t, metric).is_some());
        match (fits.next(), fits.next()) {
            (Some(only), None) => only.clone(),
            _ => none,
        }
    }
}

fn fill(to: &mut Text, from: &Text) {
    if to.is_empty() && !from.is_empty() {
        *to = from.clone();
    }
}
