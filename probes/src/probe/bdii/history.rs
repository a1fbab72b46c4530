//! What the last run saw: which services and sites have vanished since, and which are new.
//!
//! A service that has vanished is told for a while and not once: a monitor wants to see a problem several times before it believes
//! it. The file is lines of text, replaced as a whole:
//!
//! ```text
//! gridward-bdii 1 1767225600
//! site<TAB>NAME<TAB>ENTRIES
//! service<TAB>SITE<TAB>IDENTIFIER
//! gone<TAB>SITE<TAB>IDENTIFIER<TAB>SINCE
//! ```
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

const FORMAT: &str = "gridward-bdii";
const VERSION: u32 = 1;

/// A service: its site's name and its identifier as `ATTRIBUTE=value`. A site as a whole has an empty identifier.
pub type Service = (String, String);

/// What a run saw, or the last one did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// When: seconds since 1970.
    pub at: i64,
    /// Entries by site.
    pub sites: BTreeMap<String, u64>,
    /// Services.
    pub services: BTreeSet<Service>,
    /// What has vanished, and since when.
    pub gone: BTreeMap<Service, i64>,
}

/// What differs between two runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delta {
    /// Vanished, since when; sites as a whole have an empty identifier.
    pub gone: BTreeMap<Service, i64>,
    /// New since the last run.
    pub appeared: Vec<Service>,
    /// Sites that lost more than half of their entries: then and now.
    pub shrunk: Vec<(String, u64, u64)>,
}

impl Seen {
    /// Reads a file's text.
    ///
    /// # Errors
    /// It is of a newer version, or none of this probe's.
    pub fn read(text: &str) -> Result<Seen, String> {
        let mut lines = text.lines();
        let head: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
        let [FORMAT, version, at] = head[..] else { return Err("is no state file of check_bdii".to_owned()) };
        if version.parse() != Ok(VERSION) {
            return Err(format!(
                "is of version {version}, and this check_bdii reads {VERSION}; update it or name another file"
            ));
        }
        let mut seen =
            Seen { at: at.parse().map_err(|_| "has no time in its first line".to_owned())?, ..Seen::default() };
        for (number, line) in lines.enumerate() {
            let columns: Vec<&str> = line.split('\t').collect();
            let wrong = || format!("line {} is none of check_bdii's: {line:.60}", number + 2);
            match columns[..] {
                ["site", name, entries] => {
                    seen.sites.insert(name.to_owned(), entries.parse().map_err(|_| wrong())?);
                }
                ["service", site, id] => {
                    seen.services.insert((site.to_owned(), id.to_owned()));
                }
                ["gone", site, id, since] => {
                    seen.gone.insert((site.to_owned(), id.to_owned()), since.parse().map_err(|_| wrong())?);
                }
                _ => return Err(wrong()),
            }
        }
        Ok(seen)
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        let mut out = format!("{FORMAT} {VERSION} {}\n", self.at);
        let clean = |text: &str| text.replace(['\t', '\n', '\r'], " ");
        for (name, entries) in &self.sites {
            let _ = writeln!(out, "site\t{}\t{entries}", clean(name));
        }
        for (site, id) in &self.services {
            let _ = writeln!(out, "service\t{}\t{}", clean(site), clean(id));
        }
        for ((site, id), since) in &self.gone {
            let _ = writeln!(out, "gone\t{}\t{}\t{since}", clean(site), clean(id));
        }
        out
    }

    /// Compares this run with the last one and takes over what is still to be told of it. `hold`: for how many seconds.
    pub fn since(&mut self, last: &Seen, hold: i64) -> Delta {
        let mut delta = Delta::default();
        let gone_sites: BTreeSet<&String> = last.sites.keys().filter(|name| !self.sites.contains_key(*name)).collect();
        let now = self.at;
        let mut gone = |service: Service, since: i64| {
            // Of a site that is gone as a whole its services are not told one by one.
            if now - since < hold {
                delta.gone.insert(service, since);
            }
        };
        for name in &gone_sites {
            gone(((*name).clone(), String::new()), now);
        }
        for service in last.services.difference(&self.services).filter(|service| !gone_sites.contains(&service.0)) {
            gone(service.clone(), now);
        }
        for (service, since) in &last.gone {
            let back = if service.1.is_empty() {
                self.sites.contains_key(&service.0)
            } else {
                self.services.contains(service)
            };
            if !back {
                gone(service.clone(), *since);
            }
        }
        self.gone = delta.gone.clone();
        delta.appeared = self.services.difference(&last.services).cloned().collect();
        for (name, entries) in &self.sites {
            if let Some(before) = last.sites.get(name).filter(|before| **before >= 20 && *entries * 2 < **before) {
                delta.shrunk.push((name.clone(), *before, *entries));
            }
        }
        delta
    }
}

/// Reads a state file; `None`: there is none yet.
///
/// # Errors
/// It cannot be read, in words that name it.
pub fn load(path: &Path) -> Result<Option<Seen>, String> {
    match std::fs::read(path) {
        Ok(bytes) => {
            Seen::read(&String::from_utf8_lossy(&bytes)).map(Some).map_err(|why| format!("{} {why}", path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    }
}

/// Writes a file whole or not at all: beside it, then renamed.
///
/// # Errors
/// It cannot be written, in words that name it.
pub fn replace(path: &Path, content: impl AsRef<[u8]>) -> Result<(), String> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    let beside = Path::new(&name);
    let written = std::fs::File::create(beside)
        .and_then(|mut file| file.write_all(content.as_ref()).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(beside, path));
    written.map_err(|error| {
        let _ = std::fs::remove_file(beside);
        format!("{} cannot be written: {error}", path.display())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(at: i64, services: &[(&str, &str)]) -> Seen {
        let mut seen = Seen { at, ..Seen::default() };
        for (site, id) in services {
            *seen.sites.entry((*site).to_owned()).or_default() += 1;
            seen.services.insert(((*site).to_owned(), (*id).to_owned()));
        }
        seen
    }

    #[test]
    fn what_has_vanished_is_told_until_it_is_back_or_the_time_is_over() {
        let first = seen(1000, &[("A", "s1"), ("A", "s2"), ("B", "s3")]);
        let mut second = seen(2000, &[("A", "s1")]);
        let delta = second.since(&first, 5000);
        let names: Vec<_> = delta.gone.keys().map(|(site, id)| format!("{site}/{id}")).collect();
        assert_eq!(names, ["A/s2", "B/"]);
        let read = Seen::read(&second.text()).unwrap();
        assert_eq!(read, second);
        let mut third = seen(3000, &[("A", "s1"), ("B", "s3")]);
        assert_eq!(third.since(&read, 5000).gone.len(), 1, "B is back, s2 is not");
        let mut last = seen(8000, &[("A", "s1"), ("B", "s3")]);
        assert!(last.since(&third, 5000).gone.is_empty(), "told long enough");
    }

    #[test]
    fn a_file_of_a_newer_version_or_another_kind_is_said_to_be_one() {
        assert!(Seen::read("gridward-bdii 2 5\n").unwrap_err().contains("version 2"));
        assert!(Seen::read("hello\n").unwrap_err().contains("no state file"));
        assert!(Seen::read("gridward-bdii 1 5\nsite\tA\n").unwrap_err().contains("line 2"));
        assert_eq!(Seen::read("gridward-bdii 1 5\n").unwrap().at, 5);
    }
}
