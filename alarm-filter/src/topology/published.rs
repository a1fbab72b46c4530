//! What a BDII publishes and GOCDB does not have, and the reverse (AL9): the file that `check_bdii --gocdb-report` writes, read for
//! the pages. It raises no alarm and is no part of the journal: it is shown with its age beside what the topology says.
//!
//! A file is read again when it has changed; one that cannot be read is told, and what it said before stays. Start in
//! [`Shelf::look`].

use alarm_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// What check_bdii writes into the field `format`, and the version that is read here.
const FORMAT: (&str, u32) = ("gridward-bdii-gocdb", 1);
/// Bytes that are read of a file: some ten thousand differences.
const AT_MOST: u64 = 16 << 20;

/// What differs, in check_bdii's words: the two programs share the file and no code.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Published, not registered at this site.
    NotRegistered,
    /// Published, and registered as not in production.
    NotInProduction,
    /// Registered, in production and monitored, and not published.
    NotPublished,
    /// Registered, in production, not monitored, and not published.
    NotPublishedUnmonitored,
    /// A site with a Site-BDII in production that the BDII does not have.
    SiteMissing,
    /// A published site of which GOCDB's answer has nothing.
    SiteUnknown,
}

impl What {
    /// What the manual recommends (ROD's manual, 5.4.5).
    pub fn advice(self) -> &'static str {
        match self {
            What::NotRegistered => "take it out of the site BDII, or register it; a test node with monitoring off",
            What::NotInProduction => "take it out of the site BDII; until then declare a downtime",
            What::NotPublished | What::NotPublishedUnmonitored => "publish it, or register it as not in production",
            What::SiteMissing => "see whether the site's BDII answers and the top-level BDII asks it",
            What::SiteUnknown => "nothing, where it is another region's; else have the site registered",
        }
    }
}

/// One difference.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Difference {
    /// What differs.
    pub what: What,
    /// Whose site, as it was found; empty: not known.
    pub site: String,
    /// The host, in lower case.
    pub host: String,
    /// GOCDB's service type; where nothing is registered the one that would do.
    pub service_type: String,
    /// The entry that is published, or empty.
    pub entry: String,
    /// In words.
    pub text: String,
}

/// A file of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Published {
    /// When the BDII was read.
    pub at: Timestamp,
    /// Which BDII, host and port.
    pub bdii: String,
    /// All of it was read: what is missing is missing.
    pub complete: bool,
    /// What differs.
    pub differences: Vec<Difference>,
}

#[derive(Deserialize)]
struct Document {
    format: String,
    version: u32,
    at: i64,
    bdii: String,
    complete: bool,
    differences: Vec<Difference>,
}

impl Published {
    /// Reads what check_bdii wrote.
    ///
    /// # Errors
    /// It is something else, or of a version that is not known here.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let document: Document = serde_json::from_slice(bytes)
            .map_err(|e| format!("not what check_bdii --gocdb-report writes: {e}; name the file that it writes"))?;
        let (format, version) = FORMAT;
        if document.format != format {
            return Err(format!(
                "its format is {:?}, not {format:?}; name the file that check_bdii writes",
                document.format
            ));
        }
        if document.version != version {
            let found = document.version;
            return Err(format!(
                "its version is {found}, only {version} is known here; use one release of both programs"
            ));
        }
        let Document { at, bdii, complete, differences, .. } = document;
        Ok(Published { at: Timestamp::from_secs(at), bdii, complete, differences })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, is too large, or is something else; one line with its name.
    pub fn read(path: &Path) -> Result<Self, String> {
        let told = |what: String| format!("{}: {what}", path.display());
        let mut bytes = Vec::new();
        let file =
            File::open(path).map_err(|e| told(format!("{e}; see whether check_bdii writes it, and its rights")))?;
        file.take(AT_MOST + 1).read_to_end(&mut bytes).map_err(|e| told(e.to_string()))?;
        if bytes.len() as u64 > AT_MOST {
            return Err(told(format!("more than {} MB; name the file that check_bdii writes", AT_MOST >> 20)));
        }
        Published::parse(&bytes).map_err(told)
    }
}

/// A file as it is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Which.
    pub path: PathBuf,
    /// What it says, or said when it could be read last.
    pub published: Option<Arc<Published>>,
    /// Why it cannot be read now.
    pub error: Option<String>,
}

/// What was read last of each file.
#[derive(Debug, Default)]
pub struct Shelf {
    kept: Mutex<BTreeMap<PathBuf, (Stamp, Shown)>>,
}

/// What changes when a file does: time, length, and which file it is.
type Stamp = Option<(SystemTime, u64, u64)>;

fn stamp(path: &Path) -> Stamp {
    use std::os::unix::fs::MetadataExt;
    let of = |m: Metadata| Some((m.modified().ok()?, m.len(), m.ino()));
    std::fs::metadata(path).ok().and_then(of)
}

impl Shelf {
    /// These files, as they are now.
    pub fn look(&self, paths: &[PathBuf]) -> Vec<Shown> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|path, _| paths.contains(path));
        paths.iter().map(|path| shown(&mut kept, path)).collect()
    }
}

fn shown(kept: &mut BTreeMap<PathBuf, (Stamp, Shown)>, path: &Path) -> Shown {
    let now = stamp(path);
    let before = kept.get(path);
    if let Some((stamp, shown)) = before
        && *stamp == now
        && now.is_some()
    {
        return shown.clone();
    }
    let last = before.and_then(|(_, shown)| shown.published.clone());
    let (published, error) = match Published::read(path) {
        Ok(published) => (Some(Arc::new(published)), None),
        Err(error) => (last, Some(error)),
    };
    let shown = Shown { path: path.to_owned(), published, error };
    kept.insert(path.to_owned(), (now, shown.clone()));
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"format": "gridward-bdii-gocdb", "version": 1, "at": 1795730677, "bdii": "top.example.org:2170",
        "complete": true, "differences": [{"what": "not-registered", "site": "SITE-A", "host": "ce1.example.org",
        "service_type": "ARC-CE", "entry": "GLUE2ServiceID=x,o=glue", "text": "ce1.example.org (ARC-CE) is not registered"}]}"#;

    #[test]
    fn al9_what_check_bdii_writes_is_read() {
        let published = Published::parse(GOOD.as_bytes()).unwrap();
        assert_eq!((published.at.secs(), published.complete), (1_795_730_677, true));
        let one = &published.differences[0];
        assert_eq!((one.what, &*one.site, &*one.host), (What::NotRegistered, "SITE-A", "ce1.example.org"));
        for (wrong, says) in [
            ("", "not what check_bdii"),
            ("<html>", "not what check_bdii"),
            ("[]", "not what check_bdii"),
            (&GOOD.replace("gridward-bdii-gocdb", "other"), "its format is \"other\""),
            (&GOOD.replace("\"version\": 1", "\"version\": 2"), "its version is 2"),
            (&GOOD[..GOOD.len() / 2], "not what check_bdii"),
        ] {
            let error = Published::parse(wrong.as_bytes()).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn what_a_file_said_stays_when_it_breaks() {
        let folder = tempfile::tempdir().unwrap();
        let paths = [folder.path().join("published.json")];
        let shelf = Shelf::default();
        let none = shelf.look(&paths).remove(0);
        assert!(none.published.is_none() && none.error.unwrap().contains("published.json: No such file"));
        std::fs::write(&paths[0], GOOD).unwrap();
        let good = shelf.look(&paths).remove(0);
        assert!(good.error.is_none());
        let again = shelf.look(&paths).remove(0);
        assert!(Arc::ptr_eq(good.published.as_ref().unwrap(), again.published.as_ref().unwrap()), "read twice");
        std::fs::write(&paths[0], "<html>down for maintenance</html>").unwrap();
        let broken = shelf.look(&paths).remove(0);
        assert!(broken.error.unwrap().contains("published.json: not what check_bdii"));
        assert_eq!(broken.published.unwrap().differences.len(), 1);
        std::fs::remove_file(&paths[0]).unwrap();
        let gone = shelf.look(&paths).remove(0);
        assert!(gone.error.is_some() && gone.published.is_some());
        assert!(shelf.look(&[]).is_empty());
    }
}
