//! What a monitor's own configuration (objects.cache) says about hosts and services, as far as the rules need it:
//! which site, service type and metric a service stands for, and when the monitor itself would notify.

use crate::input::Text;
use crate::period::Timeperiod;
use crate::world::Map;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The configuration of one monitor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MonitorObjects {
    /// By Nagios' host_name.
    #[serde(deserialize_with = "shared::hosts")]
    pub hosts: Map<Text, HostObject>,
    /// Notification rules, each stored once; hosts and services name them by index.
    pub rules: Vec<NotificationRules>,
    /// By contact_name.
    pub contacts: BTreeMap<Text, Contact>,
    /// Contact group to its contacts' names.
    pub contact_groups: BTreeMap<Text, Vec<Text>>,
    /// By timeperiod_name.
    pub timeperiods: BTreeMap<Text, Timeperiod>,
    /// Host group to its hosts' names; external commands may name one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub host_groups: BTreeMap<Text, Vec<Text>>,
    /// Service group to its services: host and description.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub service_groups: BTreeMap<Text, Vec<(Text, Text)>>,
}

/// A host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostObject {
    /// `_SITE_NAME`; empty when not set.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub site: Text,
    /// `_ROC`; empty when not set.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub ngi: Text,
    /// Index into [`MonitorObjects::rules`].
    pub rules: u32,
    /// Names of parent hosts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<Text>,
    /// Hosts that this one's notifications, and those of its services, depend on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Dependency>,
    /// `hostescalation`s of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalations: Vec<Escalation>,
    /// By service_description.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub services: Map<Text, ServiceObject>,
}

/// A service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServiceObject {
    /// `_SERVICE_FLAVOUR`; empty when not set.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub service_type: Text,
    /// `_METRIC_NAME`; empty when not set (then the description is taken).
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub metric: Text,
    /// `_VO`; empty when not set.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub vo: Text,
    /// `_SITE_NAME`; empty when not set (then the host's is taken).
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub site: Text,
    /// `_ROC`; empty when not set (then the host's is taken).
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub ngi: Text,
    /// `_SERVICE_URI`; empty when not set.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub uri: Text,
    /// Index into [`MonitorObjects::rules`].
    pub rules: u32,
    /// `initial_state` is not `o`: the first result of the same state writes no alert.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub starts_bad: bool,
    /// Services that this one's notifications depend on (`servicedependency` with notification criteria).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Dependency>,
    /// `serviceescalation`s of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalations: Vec<Escalation>,
}

/// When and whom the monitor notifies about an object. Intervals are in the monitor's units, not yet multiplied by its
/// `interval_length`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NotificationRules {
    /// `notification_options`, one letter each: `w u c r f s` for services, `d u r f s` for hosts; `a` is written out; `n` is empty.
    #[serde(default)]
    pub options: Text,
    /// `notifications_enabled`.
    pub enabled: bool,
    /// `notification_period`; empty: always.
    #[serde(default)]
    pub period: Text,
    /// `notification_interval` in units, rounded to a thousandth (×1000).
    #[serde(default)]
    pub interval_milli: i64,
    /// `first_notification_delay` in units ×1000.
    #[serde(default)]
    pub first_delay_milli: i64,
    /// `check_interval` in units ×1000.
    #[serde(default)]
    pub check_interval_milli: i64,
    /// `retry_interval` in units ×1000.
    #[serde(default)]
    pub retry_interval_milli: i64,
    /// `max_check_attempts`.
    #[serde(default)]
    pub max_attempts: u32,
    /// `is_volatile`.
    #[serde(default)]
    pub volatile: bool,
    /// `flap_detection_enabled`.
    #[serde(default)]
    pub flap_detection: bool,
    /// `contacts`.
    #[serde(default)]
    pub contacts: Vec<Text>,
    /// `contact_groups`.
    #[serde(default)]
    pub contact_groups: Vec<Text>,
}

/// A service or host that another's notifications depend on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Dependency {
    /// host_name of the master.
    pub host: Text,
    /// service_description of the master; empty when it is a host.
    #[serde(default)]
    pub service: Text,
    /// `notification_failure_criteria` (`notification_failure_options` in objects.cache), one letter each: `o w u c p`, of a host
    /// `o d u p`.
    pub criteria: Text,
    /// `dependency_period`; empty: always. Outside of it Nagios asks no further master either.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub period: Text,
    /// `inherits_parent`: the master's own masters count too.
    pub inherits_parent: bool,
}

/// An escalation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Escalation {
    /// From this notification number on.
    pub first: u32,
    /// To this one; 0: open.
    pub last: u32,
    /// `notification_interval` in units ×1000.
    pub interval_milli: i64,
    /// `escalation_options`, one letter each: `w u c r`.
    #[serde(default)]
    pub options: Text,
    /// `escalation_period`; empty: always.
    #[serde(default)]
    pub period: Text,
    /// Contacts.
    #[serde(default)]
    pub contacts: Vec<Text>,
    /// Contact groups.
    #[serde(default)]
    pub contact_groups: Vec<Text>,
}

/// Somebody whom the monitor notifies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// `service_notification_options`, as letters.
    pub service_options: Text,
    /// `host_notification_options`, as letters.
    pub host_options: Text,
    /// `service_notification_period`; empty: always.
    pub service_period: Text,
    /// `host_notification_period`; empty: always.
    pub host_period: Text,
    /// `service_notifications_enabled`.
    pub service_enabled: bool,
    /// `host_notifications_enabled`.
    pub host_enabled: bool,
}

impl MonitorObjects {
    /// A service by host_name and service_description.
    pub fn service(&self, host: &str, service: &str) -> Option<&ServiceObject> {
        self.hosts.get(host)?.services.get(service)
    }

    /// The rules of a host or service.
    pub fn rules_of(&self, index: u32) -> Option<&NotificationRules> {
        self.rules.get(usize::try_from(index).ok()?)
    }

    /// How many services there are.
    pub fn service_count(&self) -> usize {
        self.hosts.values().map(|h| h.services.len()).sum()
    }
}

/// Reading hosts with each text held once: a service names a site, a type and a metric that thousands of others name too,
/// and a reader that makes a text of each takes twice the memory of the configuration itself.
mod shared {
    use super::{HostObject, Map, ServiceObject, Text};
    use indexmap::IndexSet;
    use rustc_hash::FxBuildHasher;
    use serde::de::{Deserializer, MapAccess, Visitor};
    use std::fmt;

    pub(super) fn hosts<'de, D: Deserializer<'de>>(from: D) -> Result<Map<Text, HostObject>, D::Error> {
        from.deserialize_map(Hosts)
    }

    struct Hosts;

    impl<'de> Visitor<'de> for Hosts {
        type Value = Map<Text, HostObject>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("hosts by name")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
            let mut texts = Texts::default();
            let mut hosts = Map::default();
            while let Some((name, host)) = from.next_entry()? {
                hosts.insert(texts.one(name), texts.host(host));
            }
            Ok(hosts)
        }
    }

    #[derive(Default)]
    struct Texts(IndexSet<Text, FxBuildHasher>);

    impl Texts {
        fn one(&mut self, text: Text) -> Text {
            if let Some(known) = self.0.get(&*text) {
                return known.clone();
            }
            self.0.insert(text.clone());
            text
        }

        fn host(&mut self, mut host: HostObject) -> HostObject {
            for text in [&mut host.site, &mut host.ngi].into_iter().chain(&mut host.parents) {
                *text = self.one(std::mem::take(text));
            }
            // As many as there are: a host's map has grown by doubling.
            let services = std::mem::take(&mut host.services);
            host.services = services.into_iter().map(|(name, s)| (self.one(name), self.service(s))).collect();
            host
        }

        fn service(&mut self, mut service: ServiceObject) -> ServiceObject {
            for text in [
                &mut service.service_type,
                &mut service.metric,
                &mut service.vo,
                &mut service.site,
                &mut service.ngi,
                &mut service.uri,
            ] {
                *text = self.one(std::mem::take(text));
            }
            service
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn what_is_read_holds_each_text_once_and_is_what_was_written() {
        let service = ServiceObject { service_type: "CE".into(), site: "SITE-A".into(), ..ServiceObject::default() };
        let host = || HostObject {
            site: "SITE-A".into(),
            parents: vec!["router".into()],
            services: [("a".into(), service.clone()), ("b".into(), service.clone())].into_iter().collect(),
            ..HostObject::default()
        };
        let hosts = [("h1".into(), host()), ("h2".into(), host())].into_iter().collect();
        let written = MonitorObjects { hosts, ..MonitorObjects::default() };
        let json = serde_json::to_string(&written).unwrap();
        let read: MonitorObjects = serde_json::from_str(&json).unwrap();
        assert_eq!(read, written);
        let sites = read.hosts.values().flat_map(|h| h.services.values().map(|s| &s.site).chain([&h.site]));
        let first = &read.hosts[0].site;
        assert!(sites.clone().all(|site| Arc::ptr_eq(site, first)), "{} texts", sites.count());
        assert!(Arc::ptr_eq(
            read.hosts[0].services.get_index(1).unwrap().0,
            read.hosts[1].services.get_index(1).unwrap().0
        ));
    }
}
