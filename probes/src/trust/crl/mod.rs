//! Revocation lists (RFC 5280, 5). `walk.rs` goes through one of any size octet by octet, with `stream.rs` as its window onto
//! the file; `file.rs` finds the lists in a file, `shared.rs` keeps what was found for the next probe of the process.
//!
//! x509-parser would be the crate for it. It builds a list of all entries: for one million of them 1.83 s of CPU and 623 MB,
//! measured with 0.18.1, where this takes 0.12 s with the signature checked, in a process of 7.4 MB whatever the list's size
//! (docs/benchmarks.md). So it reads the
//! certificates, and this the lists.

mod file;
mod shared;
mod stream;
mod walk;

pub use file::{Encoding, Found, read_file};
pub use shared::read_shared;
pub use walk::read;

use super::name::Name;
use super::signature::{Algorithm, Summed, Verdict, verify};
use super::time::Seconds;
use openssl::pkey::{PKeyRef, Public};
use std::fmt;

/// What a revocation list says, without its entries.
#[derive(Clone, Debug)]
pub struct Crl {
    /// 1 or 2; 0 for what neither is.
    pub version: u8,
    /// Who issued it.
    pub issuer: Name,
    /// Since when it holds.
    pub this_update: Seconds,
    /// Until when there will be a newer one.
    pub next_update: Option<Seconds>,
    /// One of these two is no time; both are then meaningless.
    pub bad_time: Option<String>,
    /// How many certificates are revoked.
    pub entries: u64,
    /// Its number, as an unsigned number's octets without leading zeros. A negative one is not kept.
    pub number: Option<Vec<u8>>,
    /// The key it says to be signed by (authorityKeyIdentifier).
    pub authority_key: Option<Vec<u8>>,
    /// The certificate it says to be signed by is named by issuer and serial number, too.
    pub authority_serial: Option<Vec<u8>>,
    /// It only holds what changed since another (deltaCRLIndicator).
    pub delta: bool,
    /// What of the issuer's certificates it is about (issuingDistributionPoint).
    pub scope: Option<Scope>,
    /// The first extension that is critical and that OpenSSL does not know; dotted.
    pub unknown_critical: Option<String>,
    /// The same of the entries.
    pub unknown_critical_entry: Option<String>,
    /// What of the wanted serial numbers stands in it.
    pub revoked: Vec<Revoked>,
    /// The algorithm it is signed with.
    pub algorithm: Algorithm,
    signed: Signed,
}

/// A certificate that is revoked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Revoked {
    /// Its serial number, as the INTEGER's octets.
    pub serial: Vec<u8>,
    /// Since when.
    pub since: Seconds,
    /// Why (CRLReason); 8 takes it back.
    pub reason: Option<u8>,
}

/// An issuing distribution point (RFC 5280, 5.2.5).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Scope {
    /// Only for certificates that name the same distribution point.
    pub named: bool,
    /// Only certificates of end entities.
    pub only_users: bool,
    /// Only certificates of authorities.
    pub only_authorities: bool,
    /// Only attribute certificates.
    pub only_attributes: bool,
    /// Only revocations for some reasons.
    pub some_reasons: bool,
    /// Certificates of other issuers, too.
    pub indirect: bool,
    /// It contradicts itself or cannot be read.
    pub invalid: bool,
}

/// What is needed for checking the signature.
#[derive(Clone, Debug)]
struct Signed {
    summed: Summed,
    signature: Vec<u8>,
    /// The algorithm stands in it twice; both must be the same.
    same_algorithm: bool,
}

/// Why bytes are no revocation list.
#[derive(Debug)]
pub enum CrlError {
    /// They are none: what is wrong, and where.
    Unparsable(String),
    /// They cannot be read, or not in time.
    Io(std::io::Error),
}

impl Crl {
    /// Whether it was signed with this key.
    pub fn verify(&self, key: &PKeyRef<Public>) -> Verdict {
        if !self.signed.same_algorithm {
            return Verdict::Bad;
        }
        verify(&self.algorithm, &self.signed.summed, &self.signed.signature, key)
    }

    /// Its number, for people: decimal if it is not longer than such numbers are, else hexadecimal.
    pub fn shown_number(&self) -> Option<String> {
        self.number.as_deref().map(shown_number)
    }
}

/// See [`Crl::shown_number`].
pub fn shown_number(octets: &[u8]) -> String {
    if octets.len() <= 16 {
        return octets.iter().fold(0_u128, |n, &b| n << 8 | u128::from(b)).to_string();
    }
    octets.iter().fold("0x".to_owned(), |out, b| format!("{out}{b:02X}"))
}

impl fmt::Display for CrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CrlError::Unparsable(why) => f.write_str(why),
            CrlError::Io(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for CrlError {}

impl From<std::io::Error> for CrlError {
    fn from(e: std::io::Error) -> CrlError {
        match e.kind() {
            // What the PEM reader says of the text.
            std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof => CrlError::Unparsable(e.to_string()),
            _ => CrlError::Io(e),
        }
    }
}

impl From<super::der::DerError> for CrlError {
    fn from(e: super::der::DerError) -> CrlError {
        CrlError::Unparsable(e.to_string())
    }
}
