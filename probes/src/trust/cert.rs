//! Certificates, as far as trust and revocation ask about them. x509-parser reads them; the key is OpenSSL's.

use super::name::Name;
use super::pem::Blocks;
use super::signature::{Algorithm, public_key};
use super::time::Seconds;
use openssl::pkey::{Id, PKey, Public};
use std::io::{BufRead, Read};
use x509_parser::prelude::{FromDer, ParsedExtension, X509Certificate};

/// The labels that OpenSSL takes for certificates in a folder of trust anchors.
const LABELS: &[&str] = &["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];
/// The largest that is read.
const LARGEST: u64 = 1 << 20;

/// A certificate. Times are in seconds since 1970.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// Its encoding.
    pub der: Vec<u8>,
    /// Whom it is about.
    pub subject: Name,
    /// Who issued it.
    pub issuer: Name,
    /// The serial number, as the INTEGER's octets.
    pub serial: Vec<u8>,
    /// From when on it is valid.
    pub not_before: Seconds,
    /// Until when, inclusive.
    pub not_after: Seconds,
    /// How it was signed.
    pub algorithm: Algorithm,
    /// subjectKeyIdentifier
    pub key_id: Option<Vec<u8>>,
    /// cA of basicConstraints; nothing when there are none.
    pub authority: Option<bool>,
    /// cRLSign of keyUsage; nothing when there is no keyUsage.
    pub signs_crls: Option<bool>,
    spki: Vec<u8>,
}

/// How much a key protects.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KeyStrength {
    /// Nothing known against it.
    Sound,
    /// Shorter than is advised; as "RSA with 1024 bits".
    Weak(String),
    /// So short that it can be broken; as "RSA with 512 bits".
    Broken(String),
}

impl Certificate {
    /// Of its encoding; what stands behind it is not looked at, as in OpenSSL's TRUSTED CERTIFICATE.
    ///
    /// # Errors
    /// It is none; in a few words.
    pub fn new(der: &[u8]) -> Result<Certificate, String> {
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|e| format!("it cannot be read: {}", inner(&e)))?;
        let der = &der[..der.len() - rest.len()];
        let name = |raw: &[u8]| Name::new(raw).map_err(|e| format!("one of its names cannot be read: {e}"));
        let algorithm = super::der::Reader::new(der).sequence().and_then(|mut outer| {
            outer.any()?;
            outer.expect(super::der::tag::SEQUENCE)
        });
        let mut certificate = Certificate {
            subject: name(parsed.subject().as_raw())?,
            issuer: name(parsed.issuer().as_raw())?,
            serial: parsed.raw_serial().to_vec(),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            algorithm: Algorithm::read(algorithm.map_err(|e| e.to_string())?),
            key_id: None,
            authority: None,
            signs_crls: None,
            spki: parsed.public_key().raw.to_vec(),
            der: der.to_vec(),
        };
        for extension in parsed.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectKeyIdentifier(id) => certificate.key_id = Some(id.0.to_vec()),
                ParsedExtension::BasicConstraints(constraints) => certificate.authority = Some(constraints.ca),
                ParsedExtension::KeyUsage(usage) => certificate.signs_crls = Some(usage.crl_sign()),
                _ => {}
            }
        }
        Ok(certificate)
    }

    /// Whether it names itself as its issuer.
    pub fn is_root(&self) -> bool {
        self.subject == self.issuer
    }

    /// Whether the authority may be one: an end entity says that it is none.
    pub fn may_be_authority(&self) -> bool {
        self.authority.unwrap_or_else(|| self.is_root())
    }

    /// Its key.
    ///
    /// # Errors
    /// OpenSSL cannot read it, in its words.
    pub fn key(&self) -> Result<PKey<Public>, String> {
        public_key(&self.spki)
    }

    /// SHA-1 of the encoding as .info files write it: `AA:BB:…`.
    pub fn fingerprint(&self) -> String {
        let sum = openssl::sha::sha1(&self.der);
        sum.iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join(":")
    }
}

fn inner(error: &x509_parser::nom::Err<x509_parser::error::X509Error>) -> String {
    match error {
        x509_parser::nom::Err::Incomplete(_) => "it ends early".to_owned(),
        x509_parser::nom::Err::Error(e) | x509_parser::nom::Err::Failure(e) => e.to_string(),
    }
}

/// What a key is worth today (NIST SP 800-131A): 112 bits of security are the least.
pub fn key_strength(key: &PKey<Public>) -> KeyStrength {
    let bits = key.bits();
    let (kind, weak, broken) = match key.id() {
        Id::RSA | Id::RSA_PSS => ("RSA", 2048, 1024),
        Id::DSA => ("DSA", 2048, 1024),
        Id::EC => ("elliptic curve", 224, 160),
        _ => return KeyStrength::Sound,
    };
    let said = format!("{kind} with {bits} bits");
    match bits {
        n if n < broken => KeyStrength::Broken(said),
        n if n < weak => KeyStrength::Weak(said),
        _ => KeyStrength::Sound,
    }
}

/// Reads the certificates of a file, PEM or DER. Whether it was PEM comes with them: nothing else is read from a folder by
/// OpenSSL.
///
/// # Errors
/// The file cannot be read, or what is in it; in a few words.
pub fn read_file(input: impl BufRead) -> Result<(Vec<Certificate>, bool), String> {
    let mut input = input.take(LARGEST);
    let head = input.fill_buf().map_err(|e| e.to_string())?;
    if head.first() == Some(&0x30) {
        let mut der = Vec::new();
        input.read_to_end(&mut der).map_err(|e| e.to_string())?;
        return Ok((vec![Certificate::new(&der)?], false));
    }
    let mut found = Vec::new();
    let mut blocks = Blocks::new(input, LABELS);
    while let Some(mut block) = blocks.next_block().map_err(|e| e.to_string())? {
        let mut der = Vec::new();
        block.read_to_end(&mut der).map_err(|e| e.to_string())?;
        found.push(Certificate::new(&der)?);
    }
    Ok((found, true))
}
