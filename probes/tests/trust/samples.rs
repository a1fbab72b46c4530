//! Lists that others collected (tests/data/SOURCES.md): NIST's test suite, public authorities, grid software, and what test suites
//! of parsers keep of broken ones. OpenSSL is the judge of each.

use openssl::pkey::{PKey, Public};
use openssl::x509::{X509, X509Crl};
use probes::trust::crl::{Crl, Encoding, Found, read_file};
use probes::trust::name::Name;
use probes::trust::signature::Verdict;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where this says something else than OpenSSL, and why.
const OTHERWISE: &[(&str, &str)] = &[];

fn unpacked() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/crl/samples.tar.gz");
    let done = Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(folder.path()).status().unwrap();
    assert!(done.success());
    folder
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { out.extend(files(&path)) } else { out.push(path) }
    }
    out.sort();
    out
}

/// The certificates by the names of their subjects.
fn issuers(all: &[PathBuf]) -> BTreeMap<String, Vec<PKey<Public>>> {
    let mut found: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for path in all {
        let bytes = std::fs::read(path).unwrap();
        let Ok(certificate) = X509::from_der(&bytes).or_else(|_| X509::from_pem(&bytes)) else { continue };
        if let Ok(key) = certificate.public_key() {
            let name = Name::new(&certificate.subject_name().to_der().unwrap()).unwrap();
            found.entry(name.hash()).or_default().push(key);
        }
    }
    found
}

/// What OpenSSL reads, told by the first octet as its own tools do.
fn openssl_reads(bytes: &[u8]) -> Option<X509Crl> {
    let read = if bytes.first() == Some(&0x30) { X509Crl::from_der(bytes) } else { X509Crl::from_pem(bytes) };
    read.ok()
}

fn this_reads(bytes: &[u8]) -> Option<Crl> {
    match read_file(bytes, &[]).unwrap() {
        Found::Lists(_, lists) => lists.into_iter().next().and_then(Result::ok),
        Found::Empty | Found::Other(_) => None,
    }
}

/// Seconds since 1970 of a time of OpenSSL's.
fn seconds(time: &openssl::asn1::Asn1TimeRef) -> Option<i64> {
    let diff = openssl::asn1::Asn1Time::from_unix(0).unwrap().diff(time).ok()?;
    Some(i64::from(diff.days) * 86_400 + i64::from(diff.secs))
}

/// How the two differ over one file.
fn difference(bytes: &[u8], issuers: &BTreeMap<String, Vec<PKey<Public>>>, verified: &mut usize) -> Option<String> {
    let (theirs, ours) = match (openssl_reads(bytes), this_reads(bytes)) {
        (Some(theirs), Some(ours)) => (theirs, ours),
        (None, None) => return None,
        (theirs, ours) => return Some(format!("OpenSSL reads it: {}, this: {}", theirs.is_some(), ours.is_some())),
    };
    let entries = theirs.get_revoked().map_or(0, |r| r.len()) as u64;
    if ours.entries != entries {
        return Some(format!("{} entries, OpenSSL counts {entries}", ours.entries));
    }
    let times = (seconds(theirs.last_update()), theirs.next_update().map(seconds));
    let unreadable = times.0.is_none() || times.1 == Some(None);
    if unreadable != ours.bad_time.is_some()
        || (!unreadable && (Some(ours.this_update), ours.next_update.map(Some)) != times)
    {
        return Some(format!(
            "times {:?}, OpenSSL reads {times:?}",
            (ours.this_update, ours.next_update, ours.bad_time)
        ));
    }
    let name = Name::new(&theirs.issuer_name().to_der().unwrap()).unwrap();
    if ours.issuer != name {
        return Some("another issuer".to_owned());
    }
    for key in issuers.get(&name.hash()).into_iter().flatten() {
        *verified += 1;
        let good = theirs.verify(key);
        match (ours.verify(key), &good) {
            (Verdict::Good, Ok(true)) | (Verdict::Bad, Ok(false) | Err(_)) | (Verdict::CannotJudge(_), Err(_)) => {}
            (Verdict::CannotJudge(_), Ok(false)) if ours.algorithm.name.ends_with("MD2") => {}
            (said, good) => return Some(format!("signature {said:?}, OpenSSL says {good:?}")),
        }
    }
    None
}

#[test]
fn every_collected_list_is_read_as_openssl_reads_it() {
    let folder = unpacked();
    let all = files(folder.path());
    let issuers = issuers(&all);
    let (mut wrong, mut lists, mut verified) = (Vec::new(), 0, 0);
    for path in &all {
        let name = path.strip_prefix(folder.path()).unwrap().display().to_string();
        let bytes = std::fs::read(path).unwrap();
        lists += usize::from(openssl_reads(&bytes).is_some());
        let difference = difference(&bytes, &issuers, &mut verified);
        let known = OTHERWISE.iter().find(|(file, _)| *file == name).map(|(_, why)| *why);
        match (difference, known) {
            (Some(difference), None) => wrong.push(format!("{name}: {difference}")),
            (None, Some(why)) => wrong.push(format!("{name} is listed as read otherwise ({why}), and is not")),
            _ => {}
        }
    }
    assert!(lists >= 290 && verified >= 150, "{lists} lists, {verified} signatures");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_beginning_and_no_bent_list_makes_the_reader_fall() {
    let folder = unpacked();
    let mut seed = 1_u64;
    for path in files(folder.path()).iter().filter(|p| p.metadata().unwrap().len() < 4096) {
        let bytes = std::fs::read(path).unwrap();
        for cut in (0..bytes.len()).step_by(7) {
            let _ = read_file(&bytes[..cut], &[vec![1]]);
        }
        for _ in 0..40 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let mut bent = bytes.clone();
            if bent.is_empty() {
                continue;
            }
            let at = (seed >> 33) as usize % bent.len();
            bent[at] ^= 1 << ((seed >> 20) & 7);
            // What OpenSSL refuses this may read, where lengths are not shortest or a time is odd; it must not fall.
            if let Ok(Found::Lists(Encoding::Der | Encoding::Pem, lists)) = read_file(bent.as_slice(), &[vec![1]]) {
                for list in lists.into_iter().flatten() {
                    let _ = (list.shown_number(), list.issuer.oneline());
                }
            }
        }
    }
}
