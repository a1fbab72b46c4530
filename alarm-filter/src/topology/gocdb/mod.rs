//! GOCDB's programmatic interface: its XML answers as rows.
//!
//! Start reading in `parse` below. `element.rs` walks a document row by row within limits; `site.rs`, `service.rs`,
//! `downtime.rs` and `roc.rs` read one method each; `page.rs` reads the paging block; `problem.rs` is why a document
//! was not taken. The formats are those of GOCDB 5.12's renderers, with what the renderings of 2010 lacked left
//! optional. GOCDB's own XSDs are stale, so nothing is validated against them.

pub mod document;
pub mod downtime;
pub mod element;
pub mod page;
pub mod problem;
pub mod roc;
pub mod service;
pub mod site;

pub use document::{Document, Remarks};
pub use downtime::DowntimeRow;
pub use element::Limits;
pub use problem::{DocumentError, Problem};
pub use roc::RocRow;
pub use service::ServiceRow;
pub use site::SiteRow;

use serde::{Deserialize, Serialize};
use std::fmt;

/// A method of the interface that the topology is made from.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Sites, with certification status and contacts. Needs a certificate at GOCDB.
    GetSite,
    /// Services (get_service has the same rendering and is read the same way). Public.
    GetServiceEndpoint,
    /// Downtimes, one DOWNTIME for each service. Public.
    GetDowntime,
    /// Downtimes, one DOWNTIME with its services inside. Public.
    GetDowntimeNestedServices,
    /// The ROCs or NGIs. Public.
    GetRocList,
}

impl Method {
    /// All of them, in the order in which they are fetched.
    pub const ALL: [Method; 5] = [
        Method::GetSite,
        Method::GetServiceEndpoint,
        Method::GetDowntime,
        Method::GetDowntimeNestedServices,
        Method::GetRocList,
    ];

    /// GOCDB's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Method::GetSite => "get_site",
            Method::GetServiceEndpoint => "get_service_endpoint",
            Method::GetDowntime => "get_downtime",
            Method::GetDowntimeNestedServices => "get_downtime_nested_services",
            Method::GetRocList => "get_roc_list",
        }
    }

    /// The element of one row of its answer.
    pub fn row_element(self) -> &'static str {
        match self {
            Method::GetSite => "SITE",
            Method::GetServiceEndpoint => "SERVICE_ENDPOINT",
            Method::GetDowntime | Method::GetDowntimeNestedServices => "DOWNTIME",
            Method::GetRocList => "ROC",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The rows of one answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Rows {
    /// Of get_site.
    Sites(Document<SiteRow>),
    /// Of get_service_endpoint or get_service.
    Services(Document<ServiceRow>),
    /// Of either downtime method.
    Downtimes(Document<DowntimeRow>),
    /// Of get_roc_list.
    Rocs(Document<RocRow>),
}

impl Rows {
    /// How many elements of the row kind the document held, usable or not; 0: a well-formed answer without any.
    pub fn seen(&self) -> u64 {
        match self {
            Rows::Sites(d) => d.seen,
            Rows::Services(d) => d.seen,
            Rows::Downtimes(d) => d.seen,
            Rows::Rocs(d) => d.seen,
        }
    }

    /// The paging block, if there is one.
    pub fn page(&self) -> Option<&page::Page> {
        match self {
            Rows::Sites(d) => d.page.as_ref(),
            Rows::Services(d) => d.page.as_ref(),
            Rows::Downtimes(d) => d.page.as_ref(),
            Rows::Rocs(d) => d.page.as_ref(),
        }
    }

    /// These rows and those of a further page. A page of another method cannot occur, and would change nothing.
    pub fn and(self, more: Rows) -> Rows {
        match (self, more) {
            (Rows::Sites(a), Rows::Sites(b)) => Rows::Sites(a.and(b)),
            (Rows::Services(a), Rows::Services(b)) => Rows::Services(a.and(b)),
            (Rows::Downtimes(a), Rows::Downtimes(b)) => Rows::Downtimes(a.and(b)),
            (Rows::Rocs(a), Rows::Rocs(b)) => Rows::Rocs(a.and(b)),
            (a, _) => a,
        }
    }

    /// What was left out or taken with a default.
    pub fn remarks(&self) -> &Remarks {
        match self {
            Rows::Sites(d) => &d.remarks,
            Rows::Services(d) => &d.remarks,
            Rows::Downtimes(d) => &d.remarks,
            Rows::Rocs(d) => &d.remarks,
        }
    }
}

/// Reads an answer of `method`. `place` is named in the error: a path or an address without secrets.
pub fn parse(method: Method, place: &str, document: &[u8], limits: &Limits) -> Result<Rows, DocumentError> {
    let rows = match method {
        Method::GetSite => site::sites(document, limits).map(Rows::Sites),
        Method::GetServiceEndpoint => service::services(document, limits).map(Rows::Services),
        Method::GetDowntime => downtime::flat(document, limits).map(Rows::Downtimes),
        Method::GetDowntimeNestedServices => downtime::nested(document, limits).map(Rows::Downtimes),
        Method::GetRocList => roc::rocs(document, limits).map(Rows::Rocs),
    };
    rows.map_err(|problem| DocumentError { method, place: place.to_owned(), problem })
}

#[cfg(test)]
mod tests;
