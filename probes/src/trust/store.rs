//! A folder of trust anchors, as it lies on a site's machines: one certificate an authority under its alias, links by the hash
//! of its name to it, and beside it .info, .crl_url, .namespaces, .signing_policy and revocation lists (`HASH.rN`).
//!
//! What a service finds in it is decided by names alone: `Store::numbered` says what stands under a hash, in which order.

use super::cert::{self, Certificate};
use super::info::Info;
use plugin::Deadline;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Text files beside certificates are smaller than this; what is longer is cut.
const LARGEST_TEXT: u64 = 1 << 20;

/// See the module.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    names: BTreeSet<String>,
    deadline: Deadline,
    /// The authorities, in the order of their aliases.
    pub authorities: Vec<Authority>,
    /// Files that should hold a certificate and do not, each with why.
    pub unreadable: Vec<(String, String)>,
}

/// One certificate, with the names it is found under.
#[derive(Debug)]
pub struct Authority {
    /// What people call it: its file's name without `.pem`; where there is only a hash, that.
    pub alias: String,
    /// Its certificate.
    pub certificate: Certificate,
    /// The hash of its subject, which services look for.
    pub hash: String,
    /// The one of OpenSSL before 1.0, where it can be computed.
    pub old_hash: Option<String>,
    /// All files and links that hold it.
    pub files: Vec<String>,
    /// Whether the file with its alias is PEM.
    pub is_pem: bool,
}

/// A file `HASH.N` or `HASH.rN`, in the order in which they are looked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Numbered {
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: u32,
    /// A lower number is missing, so that OpenSSL does not come this far.
    pub behind_gap: bool,
}

impl Store {
    /// Reads the certificates of a folder.
    ///
    /// # Errors
    /// The folder cannot be read; one line.
    pub fn open(folder: &Path, deadline: Deadline) -> Result<Store, String> {
        let list = std::fs::read_dir(folder).and_then(|entries| {
            entries
                .map(|entry| entry.map(|e| e.file_name().to_string_lossy().into_owned()))
                .collect::<io::Result<BTreeSet<_>>>()
        });
        let names = list.map_err(|e| format!("cannot read the folder {}: {e}", folder.display()))?;
        let mut store =
            Store { folder: folder.to_owned(), names, deadline, authorities: Vec::new(), unreadable: Vec::new() };
        store.read_certificates();
        Ok(store)
    }

    fn read_certificates(&mut self) {
        // Aliases first: a link by hash then only adds its name to what is known.
        let is_alias = |name: &str| name.ends_with(".pem") || name.ends_with(".crt");
        let hashed = |name: &str| numbered_name(name).is_some_and(|(_, crl, _)| !crl);
        let (aliases, hashes): (Vec<_>, Vec<_>) =
            self.names.iter().filter(|n| is_alias(n) || hashed(n)).cloned().partition(|n| is_alias(n));
        let mut by_file: HashMap<(u64, u64), Vec<usize>> = HashMap::new();
        let mut by_der: HashMap<Vec<u8>, usize> = HashMap::new();
        for name in aliases.into_iter().chain(hashes) {
            let place = match std::fs::metadata(self.folder.join(&name)) {
                Ok(meta) => (meta.dev(), meta.ino()),
                Err(e) => {
                    self.unreadable.push((name, dangling(&e)));
                    continue;
                }
            };
            if let Some(known) = by_file.get(&place) {
                for &at in known {
                    self.authorities[at].files.push(name.clone());
                }
                continue;
            }
            let reader = self.reader(&name);
            // Keys lie in such folders, too, kept from others: what no hash leads to and no .info speaks of is none of ours.
            if let Err(e) = &reader
                && e.kind() == io::ErrorKind::PermissionDenied
                && !hashed(&name)
                && !self.names.contains(&format!("{}.info", name.rsplit_once('.').map_or("", |(stem, _)| stem)))
            {
                continue;
            }
            let read = reader.map_err(|e| e.to_string()).and_then(cert::read_file);
            let (certificates, is_pem) = match read {
                Ok((none, _)) if none.is_empty() => {
                    // A .pem may be anything; under a hash it has to be a certificate.
                    if hashed(&name) {
                        self.unreadable.push((name, "there is no certificate in it".to_owned()));
                    }
                    continue;
                }
                Ok(found) => found,
                Err(why) => {
                    self.unreadable.push((name, why));
                    continue;
                }
            };
            let several = certificates.len() > 1;
            let mut here = Vec::new();
            for (n, certificate) in certificates.into_iter().enumerate() {
                let at = *by_der.entry(certificate.der.clone()).or_insert_with(|| {
                    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
                    let alias = if several { format!("{stem}#{}", n + 1) } else { stem.to_owned() };
                    self.authorities.push(Authority::new(alias, certificate, is_pem));
                    self.authorities.len() - 1
                });
                self.authorities[at].files.push(name.clone());
                here.push(at);
            }
            by_file.insert(place, here);
        }
        // Certificates of hosts lie in such folders, too.
        self.authorities
            .retain(|a| a.certificate.may_be_authority() || a.files.iter().any(|f| numbered_name(f).is_some()));
        self.authorities.sort_by(|a, b| a.alias.cmp(&b.alias));
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether there is a file or link of this name, were it a dangling one.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// What stands under a hash: certificates, or revocation lists.
    pub fn numbered(&self, hash: &str, lists: bool) -> Vec<Numbered> {
        let from = format!("{hash}.");
        let mut found: Vec<Numbered> = self
            .names
            .range(from.clone()..)
            .take_while(|name| name.starts_with(&from))
            .filter_map(|name| {
                numbered_name(name).filter(|(_, crl, _)| *crl == lists).map(|(_, _, number)| (name, number))
            })
            .map(|(name, number)| Numbered { name: name.clone(), number, behind_gap: false })
            .collect();
        found.sort_by_key(|n| n.number);
        for (place, one) in found.iter_mut().enumerate() {
            one.behind_gap = one.number as usize != place;
        }
        found
    }

    /// The file of an authority with this ending, under its alias or one of its hashes.
    pub fn file_of(&self, authority: &Authority, ending: &str) -> Option<String> {
        let stems = [Some(authority.stem()), Some(authority.hash.as_str()), authority.old_hash.as_deref()];
        stems.into_iter().flatten().map(|stem| format!("{stem}.{ending}")).find(|name| self.has(name))
    }

    /// A file to read, which stops at the deadline.
    ///
    /// # Errors
    /// It cannot be opened, or is no file.
    pub fn reader(&self, name: &str) -> io::Result<BufReader<Timed>> {
        open(&self.folder.join(name), self.deadline)
    }

    /// A text file; what is not UTF-8 in it is replaced.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn text(&self, name: &str) -> io::Result<String> {
        let mut bytes = Vec::new();
        self.reader(name)?.take(LARGEST_TEXT).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What the installed distribution requires (`policy-*.info`): alias, version, and the policy that says so.
    pub fn required(&self) -> BTreeMap<String, (String, String)> {
        let mut required = BTreeMap::new();
        for name in self.names().filter(|n| n.starts_with("policy-") && n.ends_with(".info")) {
            let Ok(text) = self.text(name) else { continue };
            let policy = name.trim_end_matches(".info");
            for (alias, version) in Info::read(&text).requires() {
                required.insert(alias.to_owned(), (version.to_owned(), policy.to_owned()));
            }
        }
        required
    }
}

impl Authority {
    fn new(alias: String, certificate: Certificate, is_pem: bool) -> Authority {
        let (hash, old_hash) = (certificate.subject.hash(), certificate.subject.old_hash());
        Authority { alias, certificate, hash, old_hash, files: Vec::new(), is_pem }
    }

    /// The name of its files without their ending.
    pub fn stem(&self) -> &str {
        self.alias.split_once('#').map_or(&self.alias, |(stem, _)| stem)
    }
}

/// Opens a file that stops at the deadline; neither a folder nor a pipe, which might never begin.
///
/// # Errors
/// It cannot be opened, or is no file.
pub fn open(path: &Path, deadline: Deadline) -> io::Result<BufReader<Timed>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    Ok(BufReader::with_capacity(64 * 1024, Timed { file: File::open(path)?, deadline }))
}

/// A file that is read no longer than the run may last.
#[derive(Debug)]
pub struct Timed {
    file: File,
    deadline: Deadline,
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.deadline.time_for("reading files").map_err(|late| io::Error::new(io::ErrorKind::TimedOut, late))?;
        self.file.read(buffer)
    }
}

/// Takes `01ab23cd.0` and `01ab23cd.r0` apart: hash, whether it is a list, number.
pub fn numbered_name(name: &str) -> Option<(&str, bool, u32)> {
    let (hash, ending) = name.split_once('.')?;
    let hex = hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let (list, number) = ending.strip_prefix('r').map_or((false, ending), |number| (true, number));
    // OpenSSL counts without leading zeros.
    let plain = number == "0" || !number.starts_with('0') && !number.is_empty();
    let number = number.parse().ok().filter(|_| plain && number.bytes().all(|b| b.is_ascii_digit()))?;
    hex.then_some((hash, list, number))
}

fn dangling(e: &io::Error) -> String {
    if e.kind() == io::ErrorKind::NotFound { "it is a link to nothing".to_owned() } else { e.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_kept_from_us_is_none_of_ours() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        for name in ["Test-CA-key.pem", "0123abcd.0", "Named-CA.pem"] {
            let path = folder.path().join(name);
            std::fs::write(&path, key).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
        }
        let store = Store::open(folder.path(), Deadline::of_timeout(std::time::Duration::from_secs(10))).unwrap();
        let names: Vec<_> = store.unreadable.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["0123abcd.0"]);
        std::fs::write(folder.path().join("Named-CA.info"), "alias = Named-CA\n").unwrap();
        let store = Store::open(folder.path(), Deadline::of_timeout(std::time::Duration::from_secs(10))).unwrap();
        // Root reads it, and finds a key.
        let wanted: &[&str] =
            if nix::unistd::geteuid().is_root() { &["0123abcd.0"] } else { &["Named-CA.pem", "0123abcd.0"] };
        assert_eq!(store.unreadable.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn names_are_taken_apart() {
        assert_eq!(numbered_name("01ab23cd.0"), Some(("01ab23cd", false, 0)));
        assert_eq!(numbered_name("01ab23cd.r12"), Some(("01ab23cd", true, 12)));
        for other in ["01ab23cd.r", "01AB23CD.0", "01ab23c.0", "01ab23cd.00", "01ab23cd.pem", "01ab23cd.0.old", "x"] {
            assert_eq!(numbered_name(other), None, "{other}");
        }
    }
}
