//! Certificates and keys for GOCDB over HTTPS, read from PEM files and checked before they are used: the HTTP client
//! takes them as given.

mod validity;

use super::config::SourceConfig;
use super::load_dir::read_file;
use alarm_core::time::DAY;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use thiserror::Error;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

/// A certificate or key that cannot be used.
#[derive(Clone, Debug, Error, Eq, PartialEq)]
#[error("{}: {what}", path.display())]
pub struct TlsError {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong, and what to do.
    pub what: String,
}

/// No PEM file of one certificate or key is longer; a bundle of all web anchors has about 250 KiB.
const PEM_BYTES: u64 = 8 << 20;

/// The TLS settings of a source; the second value says what was left out of the folder of anchors.
pub fn tls_config(source: &SourceConfig) -> Result<(TlsConfig, Vec<String>), TlsError> {
    let mut notes = Vec::new();
    let mut builder = TlsConfig::builder();
    builder = match &source.ca {
        Some(path) => builder.root_certs(RootCerts::new_with_certs(&anchors(path, &mut notes)?)),
        None => builder.root_certs(RootCerts::WebPki),
    };
    if let (Some(certificate), Some(key)) = (&source.certificate, &source.key) {
        builder = builder.client_cert(Some(client(certificate, key)?));
    }
    Ok((builder.build(), notes))
}

/// All anchors of a file or a folder, each once. In IGTF's folders the same file stands under a name and under hashes.
fn anchors(path: &Path, notes: &mut Vec<String>) -> Result<Vec<Certificate<'static>>, TlsError> {
    let error = |what: String| TlsError { path: path.to_owned(), what };
    let files = if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(|e| error(format!("{e}; make it readable for this user")))?;
        let mut files: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(|p| is_anchor(p)).collect();
        files.sort();
        files
    } else {
        vec![path.to_owned()]
    };
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for file in files {
        let certificates = match certificates(&file) {
            Ok(certificates) => certificates,
            // One bad file among a hundred authorities is not worth the topology.
            Err(e) if path.is_dir() => {
                notes.push(e.to_string());
                continue;
            }
            Err(e) => return Err(e),
        };
        for certificate in certificates {
            if rustls::RootCertStore::empty().add(CertificateDer::from(certificate.der())).is_err() {
                notes.push(format!("{}: a certificate that cannot be an anchor is left out", file.display()));
            } else if seen.insert(certificate.der().to_vec()) {
                found.push(certificate);
            }
        }
    }
    if found.is_empty() {
        return Err(error(
            "holds no usable trust anchor (*.pem, *.crt, *.0); install the anchors or correct ca".to_owned(),
        ));
    }
    Ok(found)
}

fn is_anchor(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    matches!(extension, "pem" | "crt") || (extension.len() == 1 && extension.bytes().all(|b| b.is_ascii_digit()))
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    read_file(path, PEM_BYTES)
        .map_err(|e| TlsError { path: path.to_owned(), what: format!("{e}; make it readable for this user") })
}

fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, TlsError> {
    let mut found = Vec::new();
    for item in parse_pem(&read(path)?) {
        match item {
            Ok(PemItem::Certificate(certificate)) => found.push(certificate),
            Ok(_) => {}
            Err(e) => return Err(TlsError { path: path.to_owned(), what: format!("is not PEM ({e}); convert it") }),
        }
    }
    if found.is_empty() {
        return Err(TlsError {
            path: path.to_owned(),
            what: "holds no PEM certificate; name the file that does".to_owned(),
        });
    }
    Ok(found)
}

fn client(certificate: &Path, key: &Path) -> Result<ClientCert, TlsError> {
    let chain = certificates(certificate)?;
    let bytes = read(key)?;
    let error = |what: String| TlsError { path: key.to_owned(), what };
    if bytes.windows(9).any(|w| w == b"ENCRYPTED") {
        return Err(error("is encrypted; give a key without passphrase that only this user can read".to_owned()));
    }
    let usable = PrivateKey::from_pem(&bytes)
        .map_err(|e| error(format!("holds no PEM private key ({e}); name the file that does")))?;
    let der = PrivateKeyDer::from_pem_slice(&bytes)
        .map_err(|e| error(format!("holds no PEM private key ({e}); name the file that does")))?;
    // The HTTP client would panic on a pair that does not fit, so it is tried here first.
    let ders = chain.iter().map(|c| CertificateDer::from(c.der().to_vec())).collect();
    CertifiedKey::from_der(ders, der, &rustls::crypto::ring::default_provider()).map_err(|e| {
        error(format!("does not go with {} ({e}); give the pair that belongs together", certificate.display()))
    })?;
    Ok(ClientCert::new_with_certs(&chain, usable))
}

/// That a certificate has expired, or will within two weeks; `None`: neither, or it cannot be read, which others say.
pub(crate) fn expired(path: &Path) -> Option<String> {
    let until = validity::not_after(certificates(path).ok()?.first()?.der())?;
    let now = crate::app::now();
    match until {
        until if until < now => Some(format!("{}: expired at {until}; renew it", path.display())),
        until if until < now.plus(14 * DAY) => Some(format!("{}: expires at {until}; renew it soon", path.display())),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
