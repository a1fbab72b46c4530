//! Proxy certificates: of RFC 3820, of the drafts before it, and of Globus 2 (`CN=proxy`), which OpenSSL never knew.

use super::der::{Reader, dotted, tag};
use openssl::nid::Nid;
use openssl::x509::X509;
use x509_parser::prelude::{FromDer, X509Certificate};

/// id-pe-proxyCertInfo
const RFC3820: &str = "1.3.6.1.5.5.7.1.14";
/// What GT3 used before that was assigned.
const DRAFT: &str = "1.3.6.1.4.1.3536.1.222";
/// id-ppl-inheritAll, id-ppl-independent, and Globus' "limited"
const INHERIT_ALL: &str = "1.3.6.1.5.5.7.21.1";
const INDEPENDENT: &str = "1.3.6.1.5.5.7.21.2";
const LIMITED: &str = "1.3.6.1.4.1.3536.1.1.1.9";

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
