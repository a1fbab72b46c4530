//! Sites, services and downtimes as the topology (GOCDB) declares them. Names and values are GOCDB's own.

use crate::input::Text;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All sites and services, as of one refresh.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Topology {
    /// By site name (SHORT_NAME).
    pub sites: BTreeMap<Text, Site>,
    /// By host name in lower case, then by service type as declared.
    pub endpoints: BTreeMap<Text, BTreeMap<Text, Endpoint>>,
    /// Names of the ROCs or NGIs (get_roc_list).
    #[serde(default)]
    pub ngis: Vec<Text>,
}

/// A site.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// ROC: the NGI it belongs to.
    pub ngi: Text,
    /// CERTIFICATION_STATUS: Candidate, Uncertified, Certified, Suspended, Closed.
    pub certification: Text,
    /// PRODUCTION_INFRASTRUCTURE: Production, Test, …
    pub infrastructure: Text,
    /// TIMEZONE, an IANA name; empty when not given.
    #[serde(default)]
    pub timezone: Text,
    /// NOTIFICATIONS.
    #[serde(default)]
    pub notifications: bool,
    /// Contacts by GOCDB's element name, empty ones left out: CONTACT_EMAIL, CONTACT_TEL, ALARM_EMAIL, CSIRT_EMAIL, and
    /// where the rendering has them CSIRT_TEL, EMERGENCY_EMAIL, EMERGENCY_TEL, HELPDESK_EMAIL.
    #[serde(default)]
    pub contacts: BTreeMap<Text, Text>,
}

/// A service endpoint: one (host, service type).
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// SITENAME.
    pub site: Text,
    /// ROC_NAME.
    pub ngi: Text,
    /// IN_PRODUCTION.
    pub in_production: bool,
    /// NODE_MONITORED; also false when it has endpoints and ENDPOINT_MONITORED is N for all of them.
    pub monitored: bool,
    /// The ENDPOINTS beneath it, by name: ENDPOINT_MONITORED.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub endpoints: BTreeMap<Text, bool>,
}

/// All downtimes known at one refresh. Windows of the same kind on the same service that touch or overlap are *not*
/// joined here; the engine joins them when it asks for cover.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Downtimes {
    /// By host name in lower case, then by service type; each list ordered by start, then id.
    pub windows: BTreeMap<Text, BTreeMap<Text, Vec<DowntimeWindow>>>,
}

/// One downtime of one service.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct DowntimeWindow {
    /// PRIMARY_KEY of the downtime.
    pub id: Text,
    /// SEVERITY.
    pub severity: Severity,
    /// CLASSIFICATION is SCHEDULED; otherwise UNSCHEDULED.
    pub scheduled: bool,
    /// START_DATE.
    pub start: Timestamp,
    /// END_DATE.
    pub end: Timestamp,
    /// INSERT_DATE: when it was declared.
    #[serde(default)]
    pub declared: Timestamp,
    /// DESCRIPTION.
    #[serde(default)]
    pub description: Text,
    /// AFFECTED_ENDPOINTS by name; empty: the whole service.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<Text>,
}

/// What a downtime does to the service.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// The service is not available.
    Outage,
    /// At risk (WARNING, in 2010 AT_RISK): information only.
    Warning,
}

impl Topology {
    /// The declared service of that type on that host; host names are compared without regard to case.
    pub fn endpoint(&self, host: &str, service_type: &str) -> Option<&Endpoint> {
        self.endpoints.get(host.to_ascii_lowercase().as_str())?.get(service_type)
    }

    /// All declared services of a host.
    pub fn host(&self, host: &str) -> Option<&BTreeMap<Text, Endpoint>> {
        self.endpoints.get(host.to_ascii_lowercase().as_str())
    }
}
