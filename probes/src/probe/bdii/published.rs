//! Which service of which kind is published on which host: what GOCDB is compared with.
use super::entry::Entry;
use super::forms;
use super::judge::At;
use super::nodes::{Node, Site};
use super::references::key;
use super::tables::Tables;
use super::value;
use rustc_hash::FxHashSet;

/// Where a service's kind was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Where {
    /// GlueServiceType
    Service,
    /// GLUE2EndpointInterfaceName
    Endpoint,
    /// GlueCEImplementationName
    Ce,
    /// GlueSE
    Se,
}

/// A service on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct One {
    /// The site that publishes it.
    pub site: Site,
    /// The entry.
    pub node: Node,
    /// In lower case.
    pub host: String,
    /// Where its kind was read.
    pub place: Where,
    /// Its kind, as published.
    pub kind: String,
}

/// Services on hosts, each once.
#[derive(Debug, Default)]
pub struct Published {
    /// In the order in which they came.
    pub all: Vec<One>,
    seen: FxHashSet<u64>,
}

impl Published {
    fn add(&mut self, at: &At<'_>, host: &[u8], place: Where, kind: &[u8]) {
        if host.is_empty() || !self.seen.insert(key((at.site, place, kind), key("host", 0, host), b"")) {
            return;
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let host = text(host).to_lowercase();
        self.all.push(One { site: at.site, node: at.node, host, place, kind: text(kind) });
    }

    pub(super) fn glue2_endpoint(&mut self, at: &At<'_>, tables: &Tables, wanted: bool) {
        if wanted && let Some(url) = at.entry.first(tables.a.endpoint_url).and_then(value::url) {
            for kind in at.entry.all(tables.a.interface) {
                self.add(at, url.host, Where::Endpoint, kind);
            }
        }
    }

    pub(super) fn glue1_service(&mut self, at: &At<'_>, tables: &Tables, wanted: bool) {
        if wanted && let Some(url) = at.entry.first(tables.a.g1_service_endpoint).and_then(value::url) {
            for kind in at.entry.all(tables.a.g1_service_type) {
                self.add(at, url.host, Where::Service, kind);
            }
        }
    }

    pub(super) fn glue1_ce(&mut self, at: &At<'_>, tables: &Tables, wanted: bool) {
        if wanted && let Some(host) = at.entry.first(tables.a.ce_id).and_then(forms::ce_id) {
            self.add(at, host, Where::Ce, implementation(&at.entry, tables));
        }
    }

    pub(super) fn glue1_se(&mut self, at: &At<'_>, tables: &Tables, wanted: bool) {
        if wanted && let Some(host) = at.entry.first(tables.a.se_id) {
            self.add(at, host, Where::Se, b"SE");
        }
    }
}

fn implementation<'e>(entry: &Entry<'e>, tables: &Tables) -> &'e [u8] {
    entry.first(tables.a.ce_implementation).unwrap_or(b"CE")
}
