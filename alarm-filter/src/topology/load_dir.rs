//! A folder with GOCDB's answers as files named by method: for trials, replays and places without network.

use super::gocdb::{self, DocumentError, Limits, Method, Rows};
use super::merge::{Parts, merge, merge_downtimes};
use alarm_core::topology::{Downtimes, Topology};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// What a folder holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// Sites and services.
    pub topology: Topology,
    /// Downtimes; `None` when the folder has no file of them, which is not the same as none declared.
    pub downtimes: Option<Downtimes>,
    /// What is missing, skipped or taken with a default, a line each.
    pub notes: Vec<String>,
}

/// Why a folder was not taken.
#[derive(Debug, Error)]
pub enum LoadError {
    /// There is no such folder, or it cannot be listed.
    #[error("cannot read the folder {}: {}", path.display(), crate::access::because(path, error, true))]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// A file is there and cannot be read.
    #[error("cannot read {}: {}", path.display(), crate::access::because(path, error, false))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// A file is not an answer of its method.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The folder has none of the files.
    #[error("{} holds none of get_site.xml, get_service_endpoint.xml, get_downtime.xml, \
        get_downtime_nested_services.xml, get_roc_list.xml; name the folder that does", .0.display())]
    Nothing(PathBuf),
}

/// Reads `get_site.xml`, `get_service_endpoint.xml`, `get_downtime.xml` or `get_downtime_nested_services.xml`, and
/// `get_roc_list.xml` in `dir`. A missing one is noted; a bad one is an error.
pub fn load_dir(dir: &Path) -> Result<Loaded, LoadError> {
    let limits = Limits::default();
    std::fs::read_dir(dir).map_err(|error| LoadError::Folder { path: dir.to_owned(), error })?;
    let mut notes = Vec::new();
    let (mut sites, mut services, mut rocs, mut downtimes) = (None, None, None, None);
    let mut found = 0;
    for method in Method::ALL {
        if method == Method::GetDowntimeNestedServices && downtimes.is_some() {
            if dir.join(format!("{method}.xml")).exists() {
                notes.push(format!("{method}.xml is left aside: get_downtime.xml says the same"));
            }
            continue;
        }
        let path = dir.join(format!("{method}.xml"));
        let document = match read_file(&path, limits.bytes) {
            Ok(document) => document,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                if method != Method::GetDowntime && method != Method::GetDowntimeNestedServices {
                    notes.push(format!("there is no {method}.xml"));
                }
                continue;
            }
            Err(error) => return Err(LoadError::Unreadable { path, error }),
        };
        found += 1;
        let rows = gocdb::parse(method, &path.display().to_string(), &document, &limits)?;
        if rows.page().is_some_and(|p| p.next.is_some()) {
            notes.push(format!("{method}.xml is one page of an answer; others may be missing"));
        }
        notes.extend(rows.remarks().to_lines());
        match rows {
            Rows::Sites(d) => sites = Some(d.rows),
            Rows::Services(d) => services = Some(d.rows),
            Rows::Downtimes(d) => downtimes = Some(d.rows),
            Rows::Rocs(d) => rocs = Some(d.rows),
        }
    }
    if found == 0 {
        return Err(LoadError::Nothing(dir.to_owned()));
    }
    let (topology, remarks) =
        merge(Parts { sites: sites.as_deref(), services: services.as_deref(), rocs: rocs.as_deref() });
    notes.extend(remarks.to_lines());
    let downtimes = downtimes.map(|rows| {
        let (downtimes, remarks) = merge_downtimes(&rows);
        notes.extend(remarks.to_lines());
        downtimes
    });
    if downtimes.is_none() {
        notes.push("there is neither get_downtime.xml nor get_downtime_nested_services.xml".to_owned());
    }
    Ok(Loaded { topology, downtimes, notes })
}

/// A whole file; one byte more than `limit` at most, so that a parser sees that it is too long.
pub(super) fn read_file(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    crate::access::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renderings() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/gocdb/renderings")
    }

    #[test]
    fn reads_what_is_there_and_notes_what_is_not() {
        let all = load_dir(&renderings()).unwrap();
        assert_eq!((all.topology.sites.len(), all.topology.endpoints.len(), all.topology.ngis.len()), (3, 4, 2));
        assert_eq!(all.downtimes.unwrap().windows.len(), 3);
        assert!(
            all.notes.iter().any(|n| n.starts_with("get_downtime_nested_services.xml is left aside")),
            "{:?}",
            all.notes
        );
        assert!(
            all.notes.iter().any(|n| n.contains("GSI-LCG2")),
            "a site that get_site does not list: {:?}",
            all.notes
        );

        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(load_dir(dir.path()), Err(LoadError::Nothing(_))));
        std::fs::copy(
            renderings().join("get_downtime_nested_services.xml"),
            dir.path().join("get_downtime_nested_services.xml"),
        )
        .unwrap();
        let nested = load_dir(dir.path()).unwrap();
        assert_eq!(nested.downtimes.unwrap().windows.len(), 1);
        assert_eq!(nested.notes.len(), 3, "{:?}", nested.notes);
        std::fs::write(dir.path().join("get_site.xml"), "<html>").unwrap();
        let line = load_dir(dir.path()).unwrap_err().to_string();
        assert!(line.contains("get_site.xml: this is a web page"), "{line}");
    }
}
