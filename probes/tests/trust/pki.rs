//! Keys, certificates and revocation lists of any kind, also such as no tool makes.

use super::der::*;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer};

pub const HOUR: i64 = 3600;
pub const DAY: i64 = 86_400;

/// How something is signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Alg {
    RsaSha256,
    RsaSha512,
    RsaSha1,
    RsaMd5,
    /// With OpenSSL's default parameters but a salt of its own.
    Pss,
    EcSha256,
    EcSha384,
    EcSha512,
    Ed25519,
    Ed448,
}

impl Alg {
    fn identifier(self) -> Vec<u8> {
        let null = tlv(5, &[]);
        match self {
            Alg::RsaSha256 => seq(&[&oid("1.2.840.113549.1.1.11"), &null]),
            Alg::RsaSha512 => seq(&[&oid("1.2.840.113549.1.1.13"), &null]),
            Alg::RsaSha1 => seq(&[&oid("1.2.840.113549.1.1.5"), &null]),
            Alg::RsaMd5 => seq(&[&oid("1.2.840.113549.1.1.4"), &null]),
            Alg::Pss => {
                let sha256 = seq(&[&oid("2.16.840.1.101.3.4.2.1"), &null]);
                let mgf = seq(&[&oid("1.2.840.113549.1.1.8"), &sha256]);
                let parameters = seq(&[&tlv(0xa0, &sha256), &tlv(0xa1, &mgf), &tlv(0xa2, &integer(17))]);
                seq(&[&oid("1.2.840.113549.1.1.10"), &parameters])
            }
            Alg::EcSha256 => seq(&[&oid("1.2.840.10045.4.3.2")]),
            Alg::EcSha384 => seq(&[&oid("1.2.840.10045.4.3.3")]),
            Alg::EcSha512 => seq(&[&oid("1.2.840.10045.4.3.4")]),
            Alg::Ed25519 => seq(&[&oid("1.3.101.112")]),
            Alg::Ed448 => seq(&[&oid("1.3.101.113")]),
        }
    }

    fn sign(self, key: &PKey<Private>, message: &[u8]) -> Vec<u8> {
        let digest = match self {
            Alg::RsaSha256 | Alg::EcSha256 | Alg::Pss => MessageDigest::sha256(),
            Alg::EcSha384 => MessageDigest::sha384(),
            Alg::RsaSha512 | Alg::EcSha512 => MessageDigest::sha512(),
            Alg::RsaSha1 => MessageDigest::sha1(),
            Alg::RsaMd5 => MessageDigest::md5(),
            Alg::Ed25519 | Alg::Ed448 => {
                return Signer::new_without_digest(key).unwrap().sign_oneshot_to_vec(message).unwrap();
            }
        };
        let mut signer = Signer::new(digest, key).unwrap();
        if self == Alg::Pss {
            signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
            signer.set_rsa_mgf1_md(digest).unwrap();
            signer.set_rsa_pss_saltlen(RsaPssSaltlen::custom(17)).unwrap();
        }
        signer.sign_oneshot_to_vec(message).unwrap()
    }

    /// A key that fits.
    pub fn key(self) -> PKey<Private> {
        match self {
            Alg::EcSha256 => curve(Nid::X9_62_PRIME256V1),
            Alg::EcSha384 => curve(Nid::SECP384R1),
            Alg::EcSha512 => curve(Nid::SECP521R1),
            Alg::Ed25519 => PKey::generate_ed25519().unwrap(),
            Alg::Ed448 => PKey::generate_ed448().unwrap(),
            _ => rsa(2048),
        }
    }
}

fn curve(nid: Nid) -> PKey<Private> {
    PKey::from_ec_key(EcKey::generate(&EcGroup::from_curve_name(nid).unwrap()).unwrap()).unwrap()
}

pub fn rsa(bits: u32) -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap()
}

fn signed(tbs: &[u8], alg: Alg, key: &PKey<Private>) -> Vec<u8> {
    seq(&[tbs, &alg.identifier(), &bits(&alg.sign(key, tbs))])
}

/// `DC=org, DC=gridtest, O=Test Grid, CN=…`
pub fn dn(cn: &str) -> Vec<u8> {
    let rdn = |id: &str, tag: u8, text: &str| tlv(0x31, &seq(&[&oid(id), &tlv(tag, text.as_bytes())]));
    let dc = "0.9.2342.19200300.100.1.25";
    seq(&[
        &rdn(dc, 0x16, "org"),
        &rdn(dc, 0x16, "gridtest"),
        &rdn("2.5.4.10", 0x0c, "Test Grid"),
        &rdn("2.5.4.3", 0x0c, cn),
    ])
}

/// The name as grid files write it.
pub fn oneline(cn: &str) -> String {
    format!("/DC=org/DC=gridtest/O=Test Grid/CN={cn}")
}

/// An authority.
#[derive(Clone)]
pub struct Ca {
    pub cn: String,
    pub key: PKey<Private>,
    pub alg: Alg,
    pub der: Vec<u8>,
}

/// What its certificate may say otherwise.
pub struct CaSpec {
    pub start: i64,
    pub end: i64,
    /// How the certificate itself is signed.
    pub alg: Option<Alg>,
    pub may_sign_lists: bool,
}

impl Ca {
    pub fn new(cn: &str, alg: Alg, key: PKey<Private>, spec: &CaSpec) -> Ca {
        let key_id = key_id(&key);
        let usage: &[u8] = if spec.may_sign_lists { &[0x03, 0x02, 0x01, 0x06] } else { &[0x03, 0x02, 0x02, 0x04] };
        let extensions = [
            extension("2.5.29.19", true, &seq(&[&tlv(1, &[0xff])])),
            extension("2.5.29.15", true, usage),
            extension("2.5.29.14", false, &tlv(4, &key_id)),
        ];
        let own = spec.alg.unwrap_or(alg);
        let der = certificate(1, &dn(cn), &dn(cn), spec.start, spec.end, &key, &extensions.concat(), own, &key);
        Ca { cn: cn.to_owned(), key, alg, der }
    }

    pub fn key_id(&self) -> Vec<u8> {
        key_id(&self.key)
    }

    /// A certificate of a host by this authority.
    pub fn leaf(&self, serial: u64, now: i64) -> Vec<u8> {
        let key = curve(Nid::X9_62_PRIME256V1);
        certificate(
            serial,
            &dn(&self.cn),
            &dn(&format!("host {}", self.cn)),
            now - 4000 * DAY,
            now + 300 * DAY,
            &key,
            &[],
            self.alg,
            &self.key,
        )
    }

    pub fn fingerprint(&self) -> String {
        openssl::sha::sha1(&self.der).iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join(":")
    }

    /// OpenSSL's own hashes of the subject, by its command: today's, and that of before 1.0.
    pub fn hashes(&self) -> (String, String) {
        let x509 = openssl::x509::X509::from_der(&self.der).unwrap();
        let name = x509.subject_name().to_der().unwrap();
        let md5 = openssl::hash::hash(MessageDigest::md5(), &name).unwrap();
        let old = u32::from_le_bytes(md5[..4].try_into().unwrap());
        (format!("{:08x}", x509.subject_name_hash()), format!("{old:08x}"))
    }
}

fn key_id(key: &PKey<Private>) -> Vec<u8> {
    openssl::sha::sha1(&key.public_key_to_der().unwrap()).to_vec()
}

#[allow(clippy::too_many_arguments)]
fn certificate(
    serial: u64,
    issuer: &[u8],
    subject: &[u8],
    start: i64,
    end: i64,
    key: &PKey<Private>,
    extensions: &[u8],
    alg: Alg,
    by: &PKey<Private>,
) -> Vec<u8> {
    let validity = seq(&[&time(start), &time(end)]);
    let list = if extensions.is_empty() { Vec::new() } else { tlv(0xa3, &tlv(0x30, extensions)) };
    let spki = key.public_key_to_der().unwrap();
    let version = if extensions.is_empty() { Vec::new() } else { tlv(0xa0, &integer(2)) };
    let tbs = seq(&[&version, &integer(serial), &alg.identifier(), issuer, &validity, subject, &spki, &list]);
    signed(&tbs, alg, by)
}

/// A list; the fields say what of it is unusual.
#[derive(Clone, Debug)]
pub struct List {
    pub last: i64,
    pub next: Option<i64>,
    pub number: Option<u64>,
    /// The key it says to be signed with.
    pub authority_key: Option<Vec<u8>>,
    pub delta: bool,
    /// The content of an issuing distribution point.
    pub scope: Option<Vec<u8>>,
    pub unknown_critical: bool,
    pub unknown_critical_entry: bool,
    pub entries: Vec<u64>,
    pub v1: bool,
    pub alg: Option<Alg>,
}

impl List {
    /// An ordinary one, issued yesterday and good for a week.
    pub fn at(now: i64) -> List {
        List {
            last: now - DAY,
            next: Some(now + 7 * DAY),
            number: Some(10),
            authority_key: None,
            delta: false,
            scope: None,
            unknown_critical: false,
            unknown_critical_entry: false,
            entries: vec![4711, 4712],
            v1: false,
            alg: None,
        }
    }

    /// Issued by an authority.
    pub fn by(&self, ca: &Ca) -> Vec<u8> {
        let alg = self.alg.unwrap_or(ca.alg);
        let mut extensions = Vec::new();
        if let Some(number) = self.number {
            extensions.push(extension("2.5.29.20", false, &integer(number)));
        }
        if let Some(id) = &self.authority_key {
            extensions.push(extension("2.5.29.35", false, &seq(&[&tlv(0x80, id)])));
        }
        if self.delta {
            extensions.push(extension("2.5.29.27", true, &integer(4)));
        }
        if let Some(scope) = &self.scope {
            extensions.push(extension("2.5.29.28", true, &tlv(0x30, scope)));
        }
        if self.unknown_critical {
            extensions.push(extension("1.3.6.1.4.1.55555.1", true, &tlv(5, &[])));
        }
        let entry_extensions = if self.unknown_critical_entry {
            seq(&[&extension("1.3.6.1.4.1.55555.2", true, &tlv(5, &[]))])
        } else {
            Vec::new()
        };
        let when = time(self.last - DAY);
        let entries: Vec<u8> =
            self.entries.iter().flat_map(|serial| seq(&[&integer(*serial), &when, &entry_extensions])).collect();
        let entries = if self.entries.is_empty() { Vec::new() } else { tlv(0x30, &entries) };
        let next = self.next.map(time).unwrap_or_default();
        let version = if self.v1 { Vec::new() } else { integer(1) };
        let list =
            if self.v1 || extensions.is_empty() { Vec::new() } else { tlv(0xa0, &tlv(0x30, &extensions.concat())) };
        let tbs = seq(&[&version, &alg.identifier(), &dn(&ca.cn), &time(self.last), &next, &entries, &list]);
        signed(&tbs, alg, &ca.key)
    }

    pub fn pem_by(&self, ca: &Ca) -> Vec<u8> {
        pem("X509 CRL", &self.by(ca)).into_bytes()
    }
}
