//! get_service_endpoint and get_service: SERVICE_ENDPOINT rows (one renderer, one element name).

use super::Method;
use super::document::{Document, flag, key, required};
use super::element::{Element, Limits};
use super::problem::Problem;
use alarm_core::input::Text;
use alarm_core::topology::Endpoint;
use std::collections::BTreeMap;

/// A service: one (host, service type).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServiceRow {
    /// PRIMARY_KEY.
    pub key: Text,
    /// HOSTNAME in lower case.
    pub host: Text,
    /// SERVICE_TYPE as declared.
    pub service_type: Text,
    /// Its site, flags and endpoints.
    pub endpoint: Endpoint,
}

/// Reads an answer of get_service_endpoint or get_service. A row without HOSTNAME, SERVICE_TYPE or SITENAME is skipped.
/// A missing IN_PRODUCTION or NODE_MONITORED is taken as Y, with a remark: to skip the row would set its alarms aside as
/// "not registered".
pub fn services(document: &[u8], limits: &Limits) -> Result<Document<ServiceRow>, Problem> {
    Document::read(Method::GetServiceEndpoint, document, limits, |row, doc| {
        let host = required(row, "HOSTNAME")?.to_ascii_lowercase();
        let service_type = required(row, "SERVICE_TYPE")?;
        let site = required(row, "SITENAME")?;
        let mut yes = |element: &str| {
            row.value(element).and_then(flag).unwrap_or_else(|| {
                let word = row.value(element).unwrap_or_default();
                doc.remarks.add(|| format!("{service_type} on {host} ({}): {element} {word:?} is read as Y", key(row)));
                true
            })
        };
        let in_production = yes("IN_PRODUCTION");
        let node_monitored = yes("NODE_MONITORED");
        let endpoints = endpoints(row);
        // Three levels: NODE_MONITORED decides for the service; beneath it every endpoint has a flag of its own, and a
        // service all of whose endpoints are off is not monitored either.
        let any_endpoint = endpoints.is_empty() || endpoints.values().any(|monitored| *monitored);
        doc.rows.push(ServiceRow {
            key: key(row).into(),
            host: host.into(),
            service_type: service_type.into(),
            endpoint: Endpoint {
                site: site.into(),
                ngi: row.value("ROC_NAME").unwrap_or_default().into(),
                in_production,
                monitored: node_monitored && any_endpoint,
                endpoints,
            },
        });
        Ok(())
    })
}

fn endpoints(row: &Element) -> BTreeMap<Text, bool> {
    let mut found: BTreeMap<Text, bool> = BTreeMap::new();
    for endpoint in row.child("ENDPOINTS").into_iter().flat_map(|e| e.all("ENDPOINT")) {
        let Some(name) = endpoint_name(endpoint) else { continue };
        // Names need not be unique within a service; one that is monitored makes the name monitored.
        *found.entry(name.into()).or_default() |= endpoint.value("ENDPOINT_MONITORED").and_then(flag).unwrap_or(true);
    }
    found
}

/// How an endpoint is called here and in AFFECTED_ENDPOINTS: by its NAME, or ID where it has none.
pub(super) fn endpoint_name(endpoint: &Element) -> Option<&str> {
    endpoint.value("NAME").or_else(|| endpoint.value("ID"))
}
