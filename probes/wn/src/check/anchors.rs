//! hr.srce.CADist-Check and eu.egi.sec.WN-CRL: the trust anchors and revocation lists that jobs on this node judge servers by.
//! Shapes and dates only: signatures are what check_ca and check_crl look at, where the folder comes from.

use crate::options::Options;
use plugin::{Finding, Perfdata, Report, State};
use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use x509_parser::pem::Pem;
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};

/// Where anchors lie on worker nodes.
const PLACES: [&str; 2] = ["/etc/grid-security/certificates", "/cvmfs/grid.cern.ch/etc/grid-security/certificates"];
/// A certificate is not longer.
const CERTIFICATE: u64 = 1 << 20;
/// A list neither: the longest of IGTF's are of a few MB.
const LIST: u64 = 64 << 20;
/// So many of one kind are named.
const NAMED: usize = 10;

/// What a folder holds, each file once, whatever links lead to it.
fn files(folder: &Path, wanted: fn(&str) -> bool) -> std::io::Result<BTreeMap<String, PathBuf>> {
    let (mut seen, mut found) = (HashSet::new(), BTreeMap::new());
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !wanted(&name) {
            continue;
        }
        // A link that leads nowhere has no number and stands for itself.
        if std::fs::metadata(entry.path()).is_ok_and(|meta| !seen.insert((meta.dev(), meta.ino()))) {
            continue;
        }
        found.insert(name, entry.path());
    }
    Ok(found)
}

/// `HASH.0` of a certificate, `HASH.r0` of a list; names of OpenSSL's rehash.
fn hashed(name: &str, before: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(hash, end)| {
        let number = end.strip_prefix(before);
        hash.len() == 8
            && hash.bytes().all(|b| b.is_ascii_hexdigit())
            && number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// A file, not more of it than `limit`; a link to a device or pipe is no file.
pub(crate) fn read(path: &Path, limit: u64) -> Option<Vec<u8>> {
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut content = Vec::new();
    std::fs::File::open(path).ok()?.take(limit).read_to_end(&mut content).ok()?;
    Some(content)
}

fn folder(options: &Options) -> PathBuf {
    let named = || std::env::var_os("X509_CERT_DIR").filter(|name| !name.is_empty()).map(PathBuf::from);
    let usual = || PLACES.iter().map(PathBuf::from).find(|place| place.is_dir());
    options.ca_dir.clone().or_else(named).or_else(usual).unwrap_or_else(|| PathBuf::from(PLACES[0]))
}

/// The DER of a file in either form.
fn der(content: &[u8], label: &str) -> Option<Vec<u8>> {
    match content.first()? {
        0x30 => Some(content.to_vec()),
        _ => Pem::iter_from_buffer(content).flatten().find(|pem| pem.label == label).map(|pem| pem.contents),
    }
}

fn add_all(report: &mut Report, state: State, kind: &'static str, what: &str, mut names: Vec<String>) {
    if names.is_empty() {
        return;
    }
    let count = names.len();
    let more = count.saturating_sub(NAMED);
    names.truncate(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    report.add(Finding::new(state, kind, format!("{count} {what}: {}{more}", names.join(", "))));
}

/// hr.srce.CADist-Check
pub(crate) fn distribution(options: &Options) -> Option<Report> {
    let mut report = Report::new("CADIST");
    let folder = folder(options);
    let shown = folder.display();
    let wanted: fn(&str) -> bool = |name| hashed(name, "") || name.ends_with(".pem");
    let files = match files(&folder, wanted) {
        Ok(files) => files,
        Err(error) => {
            report.add(Finding::critical("folder", format!("the CA folder {shown} cannot be read: {error}")));
            return Some(report);
        }
    };
    let now = crate::run::now();
    let (mut usable, mut expired, mut broken) = (0, Vec::new(), Vec::new());
    for (name, path) in files {
        let Some(content) = read(&path, CERTIFICATE) else {
            // Keys and what else belongs to others are none of it; under a hash a certificate is promised.
            if hashed(&name, "") {
                broken.push(name);
            }
            continue;
        };
        let Some(der) = der(&content, "CERTIFICATE") else {
            if hashed(&name, "") {
                broken.push(name);
            }
            continue;
        };
        match X509Certificate::from_der(&der) {
            Ok((_, certificate)) if certificate.validity().not_after.timestamp() < now => expired.push(name),
            Ok(_) => usable += 1,
            Err(_) => broken.push(name),
        }
    }
    let version = version(&folder);
    let said = version.as_deref().map_or_else(|| "of no version".to_owned(), |version| format!("IGTF {version}"));
    report.headline(format!("{usable} usable authorities in {shown}, {said}"));
    report.perfdata(Perfdata::count("authorities", usable));
    if usable == 0 {
        report.add(Finding::critical("empty", format!("there is no usable authority in {shown}")));
    }
    match (&options.igtf, version) {
        (Some(least), Some(version)) if numbers(&version) < numbers(least) => report.add(Finding::warning(
            "old",
            format!("the distribution is {version}, and should be {least} at least; update it on the node"),
        )),
        (Some(least), None) => report.add(Finding::warning(
            "no_version",
            format!("no policy-igtf-*.info tells which distribution this is; it should be {least} at least"),
        )),
        _ => {}
    }
    // The next distribution leaves them out: it is the age of this one that is told by them.
    add_all(&mut report, State::Warning, "expired", "authorities have expired", expired);
    add_all(&mut report, State::Critical, "broken", "files cannot be read as certificates", broken);
    Some(report)
}

/// The version of the distribution, as its policy files say it.
fn version(folder: &Path) -> Option<String> {
    let policies = files(folder, |name| name.starts_with("policy-") && name.ends_with(".info")).ok()?;
    let versions = policies.values().filter_map(|path| {
        let text = read(path, 1 << 20)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let line = text.lines().find_map(|line| line.trim().strip_prefix("version"))?;
        Some(line.trim_start().strip_prefix('=')?.trim().to_owned())
    });
    // A folder of several ages is as old as its oldest part.
    versions.min_by_key(|version| numbers(version))
}

fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '-']).map(|part| part.parse().unwrap_or(0)).collect()
}

/// eu.egi.sec.WN-CRL
pub(crate) fn lists(options: &Options) -> Option<Report> {
    let mut report = Report::new("CRL");
    let folder = folder(options);
    let shown = folder.display();
    let files = match files(&folder, |name| hashed(name, "r")) {
        Ok(files) => files,
        Err(error) => {
            report.add(Finding::critical("folder", format!("the CA folder {shown} cannot be read: {error}")));
            return Some(report);
        }
    };
    let now = crate::run::now();
    let (mut current, mut expired, mut broken) = (0, Vec::new(), Vec::new());
    for (name, path) in files {
        let list = read(&path, LIST).and_then(|content| der(&content, "X509 CRL"));
        let next = list.as_deref().and_then(|der| {
            CertificateRevocationList::from_der(der)
                .ok()
                .map(|(_, list)| list.next_update().map_or(i64::MAX, |next| next.timestamp()))
        });
        match next {
            Some(next) if next < now => expired.push(name),
            Some(_) => current += 1,
            None => broken.push(name),
        }
    }
    report.headline(format!("{current} current revocation lists in {shown}"));
    report.perfdata(Perfdata::count("current", current));
    report.perfdata(Perfdata::count("expired", expired.len()));
    if current == 0 && expired.is_empty() && broken.is_empty() {
        report.add(Finding::warning(
            "none",
            format!("there is no revocation list in {shown}; does fetch-crl run on the node?"),
        ));
    }
    add_all(
        &mut report,
        State::Critical,
        "expired",
        "lists have expired, and what they speak for is refused on this node",
        expired,
    );
    add_all(&mut report, State::Critical, "broken", "files cannot be read as lists", broken);
    Some(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn options(folder: &Path, more: &[&str]) -> Options {
        let folder = folder.display().to_string();
        Options::parse_from(["gridprobe-wn", "--ca-dir", &folder].iter().chain(more))
    }

    #[test]
    fn a_folder_of_another_kind_is_said_to_be_one() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let state = |more: &[&str]| {
            let report = distribution(&options(folder.path(), more)).unwrap();
            report.worst_first().iter().map(|f| f.id.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(state(&[]), ["empty"]);
        write("private-key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        assert_eq!(state(&[]), ["empty"], "a key is no certificate, and no broken one");
        write("0123abcd.0", "nothing");
        assert_eq!(state(&[]), ["empty", "broken"]);
        write("policy-igtf-classic.info", "# x\nversion = 1.99\n");
        write("policy-igtf-mics.info", "version=1.131\n");
        assert_eq!(state(&["--igtf", "1.131"]), ["empty", "broken", "old"], "1.99 is before 1.131");
        assert_eq!(state(&["--igtf", "1.98"]), ["empty", "broken"]);
        assert_eq!(lists(&options(folder.path(), &[])).unwrap().worst_first()[0].id, "none");
        write("0123abcd.r0", "nothing");
        assert_eq!(lists(&options(folder.path(), &[])).unwrap().worst_first()[0].id, "broken");
        assert_eq!(lists(&options(Path::new("/no/such"), &[])).unwrap().worst_first()[0].id, "folder");
    }

    #[test]
    fn names_of_hashes() {
        assert!(hashed("0123abcd.0", "") && hashed("0123abcd.12", "") && hashed("0123abcd.r0", "r"));
        assert!(
            !hashed("0123abcd.r0", "") && !hashed("x.0", "") && !hashed("0123abcd.", "") && !hashed("0123abcg.0", "")
        );
    }
}
