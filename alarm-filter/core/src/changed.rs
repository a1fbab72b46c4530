//! What external commands changed of whom a monitor notifies, and when: contacts and notification periods.

use crate::input::Text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What commands changed of a monitor's configuration; it keeps that over its restarts (`retain_state_information`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Changed {
    /// By contact_name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub contacts: BTreeMap<Text, ChangedContact>,
    /// Notification periods by host, and by service or, of the host itself, the empty name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub periods: BTreeMap<Text, BTreeMap<Text, Text>>,
}

/// What commands changed of a contact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChangedContact {
    /// What it is told of hosts.
    #[serde(default)]
    pub hosts: ChangedTelling,
    /// What it is told of services.
    #[serde(default)]
    pub services: ChangedTelling,
}

/// Whether and when a contact is told; `None`: as configured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChangedTelling {
    /// It is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<bool>,
    /// timeperiod_name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Text>,
}

impl Changed {
    pub(crate) fn is_nothing(&self) -> bool {
        self.contacts.is_empty() && self.periods.is_empty()
    }

    /// The period of a host or service, where a command changed it.
    pub fn period(&self, host: &str, service: Option<&Text>) -> Option<&Text> {
        self.periods.get(host)?.get(service.map_or("", |s| s))
    }

    /// Whether and when a contact is told, where a command changed it.
    pub fn telling(&self, contact: &str, services: bool) -> Option<&ChangedTelling> {
        self.contacts.get(contact).map(|c| if services { &c.services } else { &c.hosts })
    }

    pub(crate) fn telling_mut(&mut self, contact: &Text, services: bool) -> &mut ChangedTelling {
        let changed = self.contacts.entry(contact.clone()).or_default();
        if services { &mut changed.services } else { &mut changed.hosts }
    }
}
