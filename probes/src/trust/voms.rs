//! VOMS attribute certificates (RFC 5755 within a proxy, as VOMS' own format document has it): who vouches for which groups of a
//! user, and until when.

use super::der::{DerError, Reader, dotted, extensions, tag};
use super::name::Name;
use super::signature::{Algorithm, Verdict, verify};
use super::time::{Seconds, read as read_time};
use openssl::pkey::{PKeyRef, Public};
use x509_parser::prelude::{FromDer, X509Certificate};

/// The extension in which a proxy carries them.
pub const IN_PROXY: &str = "1.3.6.1.4.1.8005.100.100.5";
/// The attribute that lists groups and roles (FQANs).
const FQANS: &str = "1.3.6.1.4.1.8005.100.100.4";
/// The certificates of who signed it.
const SIGNERS: &str = "1.3.6.1.4.1.8005.100.100.10";

/// One attribute certificate.
#[derive(Clone, Debug)]
pub struct Attributes {
    /// The virtual organisation.
    pub vo: String,
    /// The server that vouches, as `host:port`; may be empty.
    pub server: String,
    /// Groups and roles, the primary one first.
    pub fqans: Vec<String>,
    /// Whom it was issued by.
    pub issuer: Name,
    /// The serial number of the certificate it was issued for.
    pub holder_serial: Vec<u8>,
    /// From when on it is valid.
    pub not_before: Seconds,
    /// Until when.
    pub not_after: Seconds,
    /// The certificates that were sent along with it, the signer's first.
    pub signers: Vec<Vec<u8>>,
    algorithm: Algorithm,
    signed: Vec<u8>,
    signature: Vec<u8>,
}

/// The attribute certificates of a proxy; none when it carries none.
///
/// # Errors
/// What it carries cannot be read.
pub fn attributes(proxy: &[u8]) -> Result<Vec<Attributes>, DerError> {
    let Some(carried) = carried(proxy)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    unwrap(carried, 0, &mut found)?;
    Ok(found)
}

/// The content of the extension in which a proxy carries them, as another proxy of the same certificate may carry it.
///
/// # Errors
/// It is no certificate.
pub fn carried(proxy: &[u8]) -> Result<Option<&[u8]>, DerError> {
    let (_, parsed) = X509Certificate::from_der(proxy).map_err(|_| DerError("the proxy cannot be read".to_owned()))?;
    Ok(parsed.extensions().iter().find(|e| e.oid.to_id_string() == IN_PROXY).map(|e| e.value))
}

/// They stand in one SEQUENCE or in two; an attribute certificate is known by the version in its first part.
fn unwrap(bytes: &[u8], depth: u8, found: &mut Vec<Attributes>) -> Result<(), DerError> {
    let mut list = Reader::new(bytes);
    while !list.is_empty() {
        let one = list.any()?;
        if one.tag != tag::SEQUENCE || depth > 3 {
            return Err(DerError("its attribute certificates are not where they should be".to_owned()));
        }
        let first = Reader::new(one.value).any();
        let is_certificate =
            first.is_ok_and(|f| f.tag == tag::SEQUENCE && Reader::new(f.value).peek() == Some(tag::INTEGER));
        if is_certificate { found.push(one_certificate(one.value)?) } else { unwrap(one.value, depth + 1, found)? }
    }
    Ok(())
}

fn one_certificate(content: &[u8]) -> Result<Attributes, DerError> {
    let mut outer = Reader::new(content);
    let info = outer.any()?;
    let algorithm = Algorithm::read(outer.expect(tag::SEQUENCE)?);
    let signature = outer.expect(tag::BIT_STRING)?.get(1..).unwrap_or_default().to_vec();
    let mut fields = Reader::new(info.value);
    fields.expect(tag::INTEGER)?;
    let holder_serial = holder(fields.expect(tag::SEQUENCE)?).unwrap_or_default();
    let issuer = issuer(fields.any()?.value)?;
    fields.expect(tag::SEQUENCE)?;
    fields.expect(tag::INTEGER)?;
    let mut validity = fields.sequence()?;
    let mut time = || validity.any().and_then(|t| read_time(t.tag, t.value));
    let (not_before, not_after) = (time()?, time()?);
    let mut one = Attributes {
        vo: String::new(),
        server: String::new(),
        fqans: Vec::new(),
        issuer,
        holder_serial,
        not_before,
        not_after,
        signers: Vec::new(),
        algorithm,
        signed: info.whole.to_vec(),
        signature,
    };
    let mut attributes = fields.sequence()?;
    while !attributes.is_empty() {
        let mut attribute = attributes.sequence()?;
        if dotted(attribute.expect(tag::OID)?) == FQANS {
            groups(attribute.expect(tag::SET)?, &mut one)?;
        }
    }
    while !fields.is_empty() {
        let field = fields.any()?;
        if field.tag == tag::SEQUENCE {
            one.signers = extensions(field.value)?
                .iter()
                .find(|e| dotted(e.oid) == SIGNERS)
                .map(|e| signers(e.value))
                .unwrap_or_default();
        }
    }
    Ok(one)
}

/// Holder { [0] baseCertificateID { issuer GeneralNames, serial INTEGER, … } }
fn holder(content: &[u8]) -> Option<Vec<u8>> {
    let mut base = Reader::new(Reader::new(content).expect(0xa0).ok()?);
    base.any().ok()?;
    base.expect(tag::INTEGER).ok().map(<[u8]>::to_vec)
}

/// V2Form { issuerName GeneralNames { [4] Name } }, possibly without the SEQUENCE around the names.
fn issuer(content: &[u8]) -> Result<Name, DerError> {
    let mut inside = Reader::new(content);
    let mut first = inside.any()?;
    if first.tag == tag::SEQUENCE {
        first = Reader::new(first.value).any()?;
    }
    if first.tag != 0xa4 {
        return Err(DerError("the issuer of its attribute certificate has no name".to_owned()));
    }
    Name::new(first.value)
}

/// IetfAttrSyntax { [0] policyAuthority { [6] "vo://host:port" }, SEQUENCE OF OCTET STRING }
fn groups(set: &[u8], one: &mut Attributes) -> Result<(), DerError> {
    let mut syntax = Reader::new(set).sequence()?;
    if let Some(authority) = syntax.optional(0xa0)? {
        let mut names = Reader::new(authority);
        let mut name = names.any()?;
        if name.tag == tag::SEQUENCE {
            name = Reader::new(name.value).any()?;
        }
        let text = String::from_utf8_lossy(name.value).into_owned();
        let (vo, server) = text.split_once("://").unwrap_or((&text, ""));
        (one.vo, one.server) = (vo.to_owned(), server.to_owned());
    }
    let mut values = syntax.sequence()?;
    while !values.is_empty() {
        one.fqans.push(String::from_utf8_lossy(values.expect(tag::OCTET_STRING)?).into_owned());
    }
    Ok(())
}

/// The certificates in SEQUENCEs of any depth.
fn signers(value: &[u8]) -> Vec<Vec<u8>> {
    fn walk(bytes: &[u8], depth: u8, out: &mut Vec<Vec<u8>>) {
        let mut list = Reader::new(bytes);
        while let Ok(one) = list.any() {
            if one.tag != tag::SEQUENCE {
                return;
            }
            if super::cert::Certificate::new(one.whole).is_ok() {
                out.push(one.whole.to_vec());
            } else if depth < 4 {
                walk(one.value, depth + 1, out);
            }
        }
    }
    let mut out = Vec::new();
    walk(value, 0, &mut out);
    out
}

impl Attributes {
    /// Whether it was signed with this key.
    pub fn verify(&self, key: &PKeyRef<Public>) -> Verdict {
        let mut summing = self.algorithm.summing();
        summing.update(&self.signed);
        verify(&self.algorithm, &summing.end(), &self.signature, key)
    }
}
