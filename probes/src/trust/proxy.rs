//! Proxy certificates: of RFC 3820, of the drafts before it, and of Globus 2 (`CN=proxy`), which OpenSSL never knew.

use super::der::{Reader, dotted, tag};
use super::voms;
use openssl::asn1::{Asn1Object, Asn1OctetString, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{HasPublic, PKeyRef, Private};
use openssl::x509::extension::KeyUsage;
use openssl::x509::{X509, X509Extension, X509Name};
use x509_parser::prelude::{FromDer, X509Certificate};

/// id-pe-proxyCertInfo
const RFC3820: &str = "1.3.6.1.5.5.7.1.14";
/// What GT3 used before that was assigned.
const DRAFT: &str = "1.3.6.1.4.1.3536.1.222";
/// id-ppl-inheritAll, id-ppl-independent, and Globus' "limited"
const INHERIT_ALL: &str = "1.3.6.1.5.5.7.21.1";
const INDEPENDENT: &str = "1.3.6.1.5.5.7.21.2";
const LIMITED: &str = "1.3.6.1.4.1.3536.1.1.1.9";

/// SEQUENCE { SEQUENCE { OID id-ppl-inheritAll } }
const INFO_ALL: [u8; 14] = [0x30, 12, 0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 21, 1];
/// SEQUENCE { SEQUENCE { OID of Globus' "limited" } }
const INFO_LIMITED: [u8; 17] = [0x30, 15, 0x30, 13, 6, 11, 0x2b, 6, 1, 4, 1, 0x9b, 0x50, 1, 1, 1, 9];

/// A proxy that is made now is valid from so many seconds ago on, since clocks differ.
pub const BEFORE: i64 = 300;

/// Which kind of proxy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// RFC 3820
    Rfc3820,
    /// A draft of it, with another identifier
    Draft,
    /// CN=proxy or CN=limited proxy
    Legacy,
}

/// What a proxy says of itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Proxy {
    /// Its kind.
    pub kind: Kind,
    /// What it may: "all", "limited", "independent", "restricted".
    pub rights: &'static str,
    /// How many proxies may follow it.
    pub depth: Option<u32>,
}

impl Kind {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Rfc3820 => "RFC 3820",
            Kind::Draft => "draft",
            Kind::Legacy => "legacy",
        }
    }
}

/// Whether a certificate is a proxy, and which.
pub fn kind_of(x509: &X509) -> Option<Proxy> {
    let der = x509.to_der().ok()?;
    let (_, parsed) = X509Certificate::from_der(&der).ok()?;
    for extension in parsed.extensions() {
        let kind = match extension.oid.to_id_string().as_str() {
            RFC3820 => Kind::Rfc3820,
            DRAFT => Kind::Draft,
            _ => continue,
        };
        let (rights, depth) = info(extension.value).unwrap_or(("restricted", None));
        return Some(Proxy { kind, rights, depth });
    }
    let last = x509.subject_name().entries().last().filter(|e| e.object().nid() == Nid::COMMONNAME)?;
    let rights = match last.data().as_slice() {
        b"proxy" => "all",
        b"limited proxy" => "limited",
        _ => return None,
    };
    Some(Proxy { kind: Kind::Legacy, rights, depth: None })
}

/// ProxyCertInfo: SEQUENCE { pCPathLenConstraint INTEGER OPTIONAL, SEQUENCE { policyLanguage OID, policy OPTIONAL } }. The draft
/// has the length behind the policy, tagged.
fn info(value: &[u8]) -> Option<(&'static str, Option<u32>)> {
    let mut fields = Reader::new(value).sequence().ok()?;
    let number = |octets: &[u8]| octets.iter().fold(0_u32, |n, b| n.wrapping_shl(8) | u32::from(*b));
    let mut depth = fields.optional(tag::INTEGER).ok()?.map(number);
    let mut policy = fields.sequence().ok()?;
    let rights = match dotted(policy.expect(tag::OID).ok()?).as_str() {
        INHERIT_ALL => "all",
        INDEPENDENT => "independent",
        LIMITED => "limited",
        _ => "restricted",
    };
    if let Ok(Some(inner)) = fields.optional(0xa1) {
        depth = Reader::new(inner).expect(tag::INTEGER).ok().map(number);
    }
    Some((rights, depth))
}

/// Makes a proxy of RFC 3820: a certificate for `key`, signed with the key of `issuer`, valid from and until the two times of `lifetime`
/// (seconds since 1970). It has the rights of its issuer, and carries `attributes` of VOMS as [`voms::carried`] returns them.
///
/// # Errors
/// OpenSSL cannot do it.
pub fn make<K: HasPublic>(
    issuer: &X509,
    signer: &PKeyRef<Private>,
    key: &PKeyRef<K>,
    lifetime: (i64, i64),
    attributes: Option<&[u8]>,
) -> Result<X509, ErrorStack> {
    let mut serial = BigNum::new()?;
    serial.rand(62, MsbOption::ONE, false)?;
    let mut name = X509Name::builder()?;
    for entry in issuer.subject_name().entries() {
        // The octets as they are: a name that is written otherwise is another name.
        name.append_entry(entry)?;
    }
    name.append_entry_by_text("CN", &serial.to_dec_str()?)?;
    let mut x509 = X509::builder()?;
    x509.set_version(2)?;
    x509.set_serial_number(serial.to_asn1_integer()?.as_ref())?;
    x509.set_subject_name(name.build().as_ref())?;
    x509.set_issuer_name(issuer.subject_name())?;
    x509.set_not_before(Asn1Time::from_unix(lifetime.0)?.as_ref())?;
    x509.set_not_after(Asn1Time::from_unix(lifetime.1)?.as_ref())?;
    x509.set_pubkey(key)?;
    let usage = KeyUsage::new().critical().digital_signature().key_encipherment().build()?;
    x509.append_extension(usage)?;
    let extension = |oid: &str, critical: bool, content: &[u8]| {
        let content = Asn1OctetString::new_from_bytes(content)?;
        X509Extension::new_from_der(Asn1Object::from_str(oid)?.as_ref(), critical, content.as_ref())
    };
    // Rights do not grow on the way.
    let limited = kind_of(issuer).is_some_and(|proxy| proxy.rights == "limited");
    x509.append_extension(extension(RFC3820, true, if limited { &INFO_LIMITED } else { &INFO_ALL })?)?;
    if let Some(attributes) = attributes {
        x509.append_extension(extension(voms::IN_PROXY, false, attributes)?)?;
    }
    x509.sign(signer, MessageDigest::sha256())?;
    Ok(x509.build())
}
