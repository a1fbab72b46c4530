//! Delegation: the compute element makes a key and asks for a proxy certificate (RFC 3820) for it, which we sign with ours. Our key
//! never leaves its file. A-REX' requests have an empty subject and a version that RFC 2986 does not know; both are of no matter,
//! since only the key is taken from them.

use crate::net::tls::Identity;
use crate::probe::cert::path;
use crate::trust::proxy::kind_of;
use crate::trust::signature::first;
use openssl::asn1::{Asn1Object, Asn1OctetString, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::sha::sha256;
use openssl::x509::extension::KeyUsage;
use openssl::x509::{X509, X509Extension, X509Name, X509Req};
use serde::{Deserialize, Serialize};

/// A proxy is valid from so many seconds ago on, since clocks differ.
const BEFORE: i64 = 300;
/// A delegated proxy is valid for no longer, whatever it is made from: a key that is lost there is worth little for long.
const LONGEST: i64 = 24 * 3600;
/// id-pe-proxyCertInfo
const PROXY_CERT_INFO: &str = "1.3.6.1.5.5.7.1.14";
/// SEQUENCE { SEQUENCE { OID id-ppl-inheritAll } }
const INHERIT_ALL: [u8; 14] = [0x30, 12, 0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 21, 1];
/// SEQUENCE { SEQUENCE { OID 1.3.6.1.4.1.3536.1.1.1.9 } }: Globus' "limited"
const LIMITED: [u8; 17] = [0x30, 15, 0x30, 13, 6, 11, 0x2b, 6, 1, 4, 1, 0x9b, 0x50, 1, 1, 1, 9];

/// What a compute element holds of ours.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Delegated {
    /// Its id there.
    pub id: String,
    /// Until when it is valid.
    pub until: i64,
    /// Of the certificate that it was made from: another proxy of ours must be delegated anew.
    pub fingerprint: String,
}

/// Which certificate an identity has, as SHA-256 in hexadecimal.
pub fn fingerprint(identity: &Identity) -> String {
    let der = identity.chain[0].to_der().unwrap_or_default();
    sha256(&der).iter().map(|b| format!("{b:02x}")).collect()
}

/// Signs a proxy for the key in a request; the chain to hand over, without a key, and until when the proxy is valid.
///
/// # Errors
/// The request is none, or OpenSSL cannot sign; one line.
pub fn sign(identity: &Identity, request: &[u8], now: i64) -> Result<(Vec<u8>, i64), String> {
    let request = X509Req::from_pem(request).map_err(|_| "the compute element's request is none".to_owned())?;
    let key =
        request.public_key().map_err(|e| format!("there is no key in the compute element's request: {}", first(&e)))?;
    let until = identity
        .chain
        .iter()
        .filter_map(|x509| path::certificate(x509).ok())
        .map(|certificate| certificate.not_after)
        .min()
        .unwrap_or(now)
        .min(now + LONGEST);
    let own = path::certificate(&identity.chain[0])?.not_before;
    let proxy = proxy(&identity.chain[0], identity.key(), &key, own.max(now - BEFORE), until).map_err(|e| first(&e))?;
    let mut chain = proxy.to_pem().map_err(|e| first(&e))?;
    for certificate in &identity.chain {
        chain.extend(certificate.to_pem().map_err(|e| first(&e))?);
    }
    Ok((chain, until))
}

fn proxy(
    issuer: &X509,
    signer: &PKey<Private>,
    key: &PKey<openssl::pkey::Public>,
    from: i64,
    until: i64,
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
    x509.set_not_before(Asn1Time::from_unix(from)?.as_ref())?;
    x509.set_not_after(Asn1Time::from_unix(until)?.as_ref())?;
    x509.set_pubkey(key)?;
    let usage = KeyUsage::new().critical().digital_signature().key_encipherment().build()?;
    x509.append_extension(usage)?;
    // Rights do not grow on the way.
    let limited = kind_of(issuer).is_some_and(|proxy| proxy.rights == "limited");
    let info: &[u8] = if limited { &LIMITED } else { &INHERIT_ALL };
    let info = X509Extension::new_from_der(
        Asn1Object::from_str(PROXY_CERT_INFO)?.as_ref(),
        true,
        Asn1OctetString::new_from_bytes(info)?.as_ref(),
    )?;
    x509.append_extension(info)?;
    x509.sign(signer, MessageDigest::sha256())?;
    Ok(x509.build())
}
