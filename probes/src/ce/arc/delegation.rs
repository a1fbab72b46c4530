//! Delegation: the compute element makes a key and asks for a proxy certificate (RFC 3820) for it, which we sign with ours. Our key
//! never leaves its file. A-REX' requests have an empty subject and a version that RFC 2986 does not know; both are of no matter,
//! since only the key is taken from them.

use crate::net::tls::Identity;
use crate::probe::cert::path;
use crate::trust::proxy;
use crate::trust::signature::first;
use openssl::sha::sha256;
use openssl::x509::X509Req;
use serde::{Deserialize, Serialize};

/// A delegated proxy is valid for no longer, whatever it is made from: a key that is lost there is worth little for long.
const LONGEST: i64 = 24 * 3600;

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
    let (issuer, lifetime) = (&identity.chain[0], (own.max(now - proxy::BEFORE), until));
    let proxy = proxy::make(issuer, identity.key(), &key, lifetime, None).map_err(|e| first(&e))?;
    let mut chain = proxy.to_pem().map_err(|e| first(&e))?;
    for certificate in &identity.chain {
        chain.extend(certificate.to_pem().map_err(|e| first(&e))?);
    }
    Ok((chain, until))
}
