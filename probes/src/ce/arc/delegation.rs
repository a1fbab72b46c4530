//! Delegation: the compute element makes a key and asks for a proxy certificate (RFC 3820) for it, which we sign with ours. Our key
//! never leaves its file. A-REX' requests have an empty subject and a version that RFC 2986 does not know; both are of no matter,
//! since only the key is taken from them.

use super::{Arc, description, reply};
use crate::net::rest::{Fault, Reply, Request};
use crate::net::tls::Identity;
use crate::probe::cert::path;
use crate::trust::proxy;
use crate::trust::signature::first;
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

impl Arc<'_> {
    /// Makes sure that there is a place for a delegated proxy. One that is there and lasts is left as it is; else the compute element
    /// makes a key, and asks for a certificate.
    pub(super) fn reserve(&mut self) -> Result<(), Fault> {
        let fingerprint = self.rest.identity().filter(|_| self.delegates).map(Identity::fingerprint);
        let Some(fingerprint) = fingerprint else {
            // There was one, and none is wanted any more.
            if let Some(known) = self.delegation.clone() {
                self.forget(&known.id)?;
                self.delegation = None;
            }
            return Ok(());
        };
        // A compute element that does not answer does not make it forgotten.
        let known = self.delegation.clone();
        if let Some(known) = &known {
            if known.fingerprint == fingerprint && known.until - self.now > self.needed {
                return Ok(());
            }
            // The same place is used again, so that nothing is left behind. One that is not known there any more is made anew.
            let reply = self.delegations(&format!("/{}?action=renew", known.id))?;
            if reply.is_ok() {
                self.delegation = Some(Delegated { until: 0, fingerprint: String::new(), ..known.clone() });
                self.request = Some(reply.body);
                return Ok(());
            }
        }
        let reply = self.delegations("?action=new")?;
        let id = reply.location.as_deref().and_then(|l| l.rsplit('/').next()).filter(|id| reply::is_id(id));
        let Some(id) = id.filter(|_| reply.is_ok()) else { return Err(self.refusal("a delegation", &reply)) };
        self.delegation = Some(Delegated { id: id.to_owned(), until: 0, fingerprint: String::new() });
        self.request = Some(reply.body);
        match known {
            Some(known) => self.forget(&known.id),
            None => Ok(()),
        }
    }

    /// Signs what was asked for. The delegation's id.
    pub(super) fn delegate(&mut self) -> Result<Option<String>, Fault> {
        let Some(Delegated { id, .. }) = self.delegation.clone() else { return Ok(None) };
        let (Some(request), Some(identity)) = (self.request.take(), self.rest.identity()) else { return Ok(Some(id)) };
        let fingerprint = identity.fingerprint();
        let signed = sign(identity, &request, self.now);
        let (chain, until) = signed.map_err(|why| Fault::Ours(format!("cannot delegate a proxy: {why}")))?;
        let path = self.path(&format!("delegations/{id}"))?;
        let reply = self.rest.ask(Request {
            method: "PUT",
            path: &path,
            accept: "*/*",
            content_type: "application/x-pem-file",
            body: &chain,
        })?;
        if !reply.is_ok() {
            return Err(self.refusal("the delegated proxy", &reply));
        }
        // A proxy of ours that is short cannot be made longer: the job is tried with it all the same.
        self.delegation = Some(Delegated { id: id.clone(), until, fingerprint });
        Ok(Some(id))
    }

    /// Takes a delegation away. What is not known, or in use, is the compute element's to remove in time.
    fn forget(&mut self, id: &str) -> Result<(), Fault> {
        self.delegations(&format!("/{id}?action=delete")).map(|_| ())
    }

    fn delegations(&mut self, rest: &str) -> Result<Reply, Fault> {
        let path = self.path(&format!("delegations{rest}"))?;
        self.rest.ask(Request { method: "POST", path: &path, accept: "*/*", ..Request::default() })
    }

    /// A job of ours was found, and what was delegated for it is not remembered: it is used again, or taken away where there is one
    /// already.
    pub(super) fn adopt(&mut self, job: &str) -> Result<(), Fault> {
        let description = self.diagnose(job, "description")?;
        match description.as_deref().and_then(description::delegation).filter(|id| reply::is_id(id)) {
            Some(id) if self.delegation.as_ref().is_some_and(|known| known.id == id) => Ok(()),
            Some(id) if self.delegation.is_some() => self.forget(id),
            Some(id) => {
                let id = id.to_owned();
                self.delegation = Some(Delegated { id, until: 0, fingerprint: String::new() });
                Ok(())
            }
            None => Ok(()),
        }
    }
}
