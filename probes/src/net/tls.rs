//! TLS as a grid client speaks it, for looking at servers rather than for trusting them: nothing is refused for its age, and
//! the certificates are judged afterwards. No trust store is loaded (law 8).

use super::connect::Timed;
use super::contexts::{Settings, settings};
use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::sha::sha256;
use openssl::ssl::{HandshakeError, Ssl, SslRef, SslStream};
use openssl::x509::X509;
use std::io::{Read, Write};
use std::path::Path;

/// The alerts of RFC 8446, 6.2, that say something of the client's certificate.
pub mod alert {
    /// A general refusal, as where a client certificate is missing.
    pub const HANDSHAKE_FAILURE: u8 = 40;
    /// The certificate is damaged, or one of the chain is not valid yet.
    pub const BAD_CERTIFICATE: u8 = 42;
    /// One of the chain, or a revocation list, has expired by the server's clock.
    pub const CERTIFICATE_EXPIRED: u8 = 45;
    /// The certificate is revoked.
    pub const CERTIFICATE_REVOKED: u8 = 44;
    /// Some other fault of it.
    pub const CERTIFICATE_UNKNOWN: u8 = 46;
    /// The authority is not known, or has no revocation list there.
    pub const UNKNOWN_CA: u8 = 48;
    /// A client certificate is required.
    pub const CERTIFICATE_REQUIRED: u8 = 116;
}

/// What the client shows.
#[derive(Clone)]
pub struct Identity {
    /// Its certificate and those behind it.
    pub chain: Vec<X509>,
    key: PKey<openssl::pkey::Private>,
}

impl Identity {
    /// Which certificate it is: SHA-256 of the first one's encoding, in hexadecimal.
    pub fn fingerprint(&self) -> String {
        let der = self.chain[0].to_der().unwrap_or_default();
        sha256(&der).iter().map(|b| format!("{b:02x}")).collect()
    }

    /// The key of the first certificate.
    pub fn key(&self) -> &PKey<openssl::pkey::Private> {
        &self.key
    }

    /// Reads a certificate with its chain, and its key, from one file (as a proxy is) or two.
    ///
    /// # Errors
    /// One of them cannot be read, or they do not belong together; one line.
    pub fn read(certificate: &Path, key: Option<&Path>) -> Result<Identity, String> {
        let read = |path: &Path| std::fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()));
        let text = read(certificate)?;
        let chain = X509::stack_from_pem(&text).ok().filter(|c| !c.is_empty());
        let chain = chain.ok_or_else(|| format!("there is no certificate in {}", certificate.display()))?;
        let key_path = key.unwrap_or(certificate);
        let key_text = if key.is_some() { read(key_path)? } else { text };
        // A pass phrase cannot be asked for.
        let none = |_: &mut [u8]| Ok(0);
        let key = PKey::private_key_from_pem_callback(&key_text, none)
            .map_err(|_| format!("there is no key without a pass phrase in {}", key_path.display()))?;
        if !chain[0].public_key().is_ok_and(|own| own.public_eq(&key)) {
            return Err(format!(
                "the key in {} does not belong to the certificate in {}",
                key_path.display(),
                certificate.display()
            ));
        }
        Ok(Identity { chain, key })
    }
}

/// How a handshake ended.
pub struct Session {
    /// What the server showed, its own certificate first; empty when it came to nothing.
    pub chain: Vec<X509>,
    /// The protocol, as `TLSv1.3`.
    pub version: &'static str,
    /// The connection, or why there is none.
    pub stream: Result<SslStream<Timed>, Failure>,
}

/// Why it came to nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Failure {
    /// The server sent an alert.
    Alert(u8),
    /// What answers does not speak TLS.
    NotTls,
    /// The server closed the connection.
    Closed,
    /// It said nothing in the time it had.
    Silent,
    /// Something else, in one line.
    Other(String),
}

/// Shakes hands.
///
/// # Errors
/// OpenSSL cannot be set up; one line. A handshake that fails is no error but a [`Session`].
pub fn handshake(stream: Timed, name: &str, identity: Option<&Identity>) -> Result<Session, String> {
    let ssl =
        ssl(name, identity).map_err(|e| format!("cannot set up OpenSSL: {}", crate::trust::signature::first(&e)))?;
    Ok(match ssl.connect(stream) {
        Ok(stream) => Session { chain: chain(stream.ssl()), version: stream.ssl().version_str(), stream: Ok(stream) },
        Err(HandshakeError::SetupFailure(e)) => return Err(format!("cannot set up OpenSSL: {e}")),
        Err(HandshakeError::Failure(mid) | HandshakeError::WouldBlock(mid)) => {
            Session { chain: chain(mid.ssl()), version: mid.ssl().version_str(), stream: Err(Failure::of(mid.error())) }
        }
    })
}

fn ssl(name: &str, identity: Option<&Identity>) -> Result<Ssl, ErrorStack> {
    let shared = settings(Settings::Look)?;
    let mut ssl = Ssl::new(&shared)?;
    if let Some(identity) = identity {
        ssl.set_certificate(&identity.chain[0])?;
        for certificate in &identity.chain[1..] {
            ssl.add_chain_cert(certificate.clone())?;
        }
        ssl.set_private_key(&identity.key)?;
    }
    // RFC 6066: no addresses.
    if name.parse::<std::net::IpAddr>().is_err() {
        ssl.set_hostname(name)?;
    }
    Ok(ssl)
}

fn chain(ssl: &SslRef) -> Vec<X509> {
    let sent: Vec<X509> = ssl.peer_cert_chain().map(|c| c.iter().map(|x| x.to_owned()).collect()).unwrap_or_default();
    if sent.is_empty() { ssl.peer_certificate().into_iter().collect() } else { sent }
}

impl Failure {
    /// Of an error of OpenSSL's.
    pub fn of(error: &openssl::ssl::Error) -> Failure {
        if let Some(stack) = error.ssl_error() {
            for e in stack.errors() {
                // SSL_AD_REASON_OFFSET: an alert is told as a reason beyond 1000.
                if let Ok(alert @ 1..=255) = u8::try_from(e.reason_code() - 1000) {
                    return Failure::Alert(alert);
                }
                let reason = e.reason().unwrap_or_default();
                if [
                    "wrong version number",
                    "packet length too long",
                    "http request",
                    "unknown protocol",
                    "record layer failure",
                ]
                .contains(&reason)
                {
                    return Failure::NotTls;
                }
                if reason == "unexpected eof while reading" {
                    return Failure::Closed;
                }
            }
            return Failure::Other(crate::trust::signature::first(stack));
        }
        match error.io_error() {
            Some(e) if matches!(e.kind(), std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe) => {
                Failure::Closed
            }
            Some(e) if e.kind() == std::io::ErrorKind::TimedOut => Failure::Silent,
            Some(e) => Failure::Other(e.to_string()),
            None => Failure::Closed,
        }
    }
}

/// Sends something and reads until an answer or an alert comes: only then a server of TLS 1.3 has said what it thinks of the
/// client. Returns the beginning of the answer.
///
/// # Errors
/// There is none.
pub fn ask(stream: &mut SslStream<Timed>, question: &[u8]) -> Result<Vec<u8>, Failure> {
    let failure = |e: std::io::Error| match e.get_ref().and_then(|inner| inner.downcast_ref::<openssl::ssl::Error>()) {
        Some(error) => Failure::of(error),
        None if e.kind() == std::io::ErrorKind::ConnectionReset => Failure::Closed,
        None if e.kind() == std::io::ErrorKind::TimedOut => Failure::Silent,
        None => Failure::Other(e.to_string()),
    };
    // A server that has refused already may have closed its side: what it said is still to be read.
    let sent = stream.write_all(question);
    let mut answer = vec![0; 8192];
    match stream.read(&mut answer) {
        Ok(0) => Err(sent.err().map_or(Failure::Closed, failure)),
        Ok(n) => {
            answer.truncate(n);
            Ok(answer)
        }
        Err(e) => Err(failure(e)),
    }
}
