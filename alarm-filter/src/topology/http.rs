//! One GET of one address: within a time and a size, and conditional where the last answer gave something to compare.

use super::config::{ConfigError, SourceConfig};
use super::gocdb::Method;
use super::tls::tls_config;
use std::error::Error as _;
use std::io::Read;
use std::time::Duration;
use thiserror::Error;
use ureq::http::{StatusCode, Uri, header};
use ureq::{Agent, ResponseExt};

/// What a server gave for recognising an answer the next time.
#[derive(Clone, Debug, Default, Eq, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Validators {
    /// ETag, as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Last-Modified, as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

/// What came back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Got {
    /// 304: what the validators stand for still holds.
    NotModified,
    /// 200.
    Body {
        /// The body, decompressed.
        bytes: Vec<u8>,
        /// For the next time.
        validators: Validators,
    },
}

/// A request that brought no answer.
#[derive(Clone, Debug, Error, Eq, PartialEq)]
#[error("{method} from {place}: {what}")]
pub struct FetchError {
    /// Whose answer it should have been.
    pub method: Method,
    /// Address or path.
    pub place: String,
    /// What happened, and what to do.
    pub what: String,
}

/// A client for one source, which keeps its connection between requests.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    method: Method,
    max_bytes: u64,
    timeout: u64,
}

impl Client {
    /// Reads certificates and keys; the second value says what was left out of the folder of trust anchors.
    pub fn new(method: Method, uri: &Uri, source: &SourceConfig) -> Result<(Self, Vec<String>), ConfigError> {
        let error = |field: &str, what: String| ConfigError { key: format!("{method}.{field}"), what };
        let https = uri.scheme_str() == Some("https");
        let mut config = Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(source.timeout_seconds)))
            .http_status_as_error(false)
            .max_redirects(4)
            // Who asked over https is never led to http.
            .https_only(https)
            .user_agent(concat!("gridward-alarm-filter/", env!("CARGO_PKG_VERSION")))
            .accept("application/xml, text/xml;q=0.9");
        let mut notes = Vec::new();
        if https {
            let (tls, left_out) = tls_config(source).map_err(|e| error("ca, certificate or key", e.to_string()))?;
            notes = left_out;
            config = config.tls_config(tls);
        }
        let proxy = match &source.proxy {
            Some(address) => {
                Some(ureq::Proxy::new(address).map_err(|e| error("proxy", format!("{e}; write http://host:port")))?)
            }
            None => None,
        };
        let agent = config.proxy(proxy).build().new_agent();
        Ok((Client { agent, method, max_bytes: source.max_bytes, timeout: source.timeout_seconds }, notes))
    }

    /// Asks once.
    pub fn get(&self, uri: &Uri, validators: &Validators) -> Result<Got, FetchError> {
        let error = |what: String| FetchError { method: self.method, place: uri.to_string(), what };
        let mut request = self.agent.get(uri);
        if let Some(etag) = &validators.etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        if let Some(date) = &validators.last_modified {
            request = request.header(header::IF_MODIFIED_SINCE, date);
        }
        let mut response = request.call().map_err(|e| error(self.explain(&e)))?;
        let redirected =
            if response.get_uri() == uri { String::new() } else { format!(" (led on to {})", response.get_uri()) };
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED if *validators != Validators::default() => return Ok(Got::NotModified),
            status => {
                let mut start = Vec::new();
                // The beginning of the page is for the reader of the error; that it cannot be read is no second error.
                let _ = response.body_mut().as_reader().take(2048).read_to_end(&mut start);
                return Err(error(refused(status, &start) + &redirected));
            }
        }
        let validators = Validators {
            etag: text_header(&response, &header::ETAG),
            last_modified: text_header(&response, &header::LAST_MODIFIED),
        };
        let mut bytes = Vec::new();
        let mut body =
            response.into_body().into_with_config().limit(u64::MAX).reader().take(self.max_bytes.saturating_add(1));
        body.read_to_end(&mut bytes).map_err(|e| {
            // ureq wraps its own errors, a timeout among them, into those of reading.
            let inner = e.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>());
            error(match inner {
                Some(inner) => self.explain(inner),
                None => {
                    format!("the answer broke off after {} bytes ({e}); asked again at the next refresh", bytes.len())
                }
            })
        })?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > self.max_bytes {
            return Err(error(format!(
                "longer than {} bytes; narrow the query, use paging, or raise max_bytes",
                self.max_bytes
            )));
        }
        Ok(Got::Body { bytes, validators })
    }

    fn explain(&self, e: &ureq::Error) -> String {
        match e {
            ureq::Error::Timeout(_) => {
                format!("no complete answer within {} s; raise timeout_seconds if it stays so", self.timeout)
            }
            ureq::Error::HostNotFound => {
                "the host's name is not known; check the address and the name service".to_owned()
            }
            ureq::Error::Io(io) => match io.source().or(io.get_ref().map(|e| e as _)) {
                Some(inner) if inner.is::<rustls::Error>() => inner.downcast_ref().map(tls).unwrap_or_default(),
                _ => format!("{io}; check that the server is up and reachable from here"),
            },
            ureq::Error::Rustls(e) => tls(e),
            ureq::Error::RequireHttpsOnly(to) => {
                format!("https led on to {to}, which is not encrypted; correct the address")
            }
            ureq::Error::TooManyRedirects => "led in circles; correct the address".to_owned(),
            e => format!("{e}; asked again at the next refresh"),
        }
    }
}

fn tls(e: &rustls::Error) -> String {
    use rustls::CertificateError as C;
    let todo = match e {
        rustls::Error::InvalidCertificate(C::Expired | C::ExpiredContext { .. }) => {
            "the server's certificate has expired: have its administrator renew it; what was known last holds until then"
        }
        rustls::Error::InvalidCertificate(C::NotValidYet | C::NotValidYetContext { .. }) => {
            "the server's certificate is not valid yet: compare the clocks"
        }
        rustls::Error::InvalidCertificate(C::NotValidForName | C::NotValidForNameContext { .. }) => {
            "the server's certificate is for another name: correct the address"
        }
        rustls::Error::InvalidCertificate(C::UnknownIssuer) => {
            "the authority of the server's certificate is not among the trust anchors: check ca"
        }
        _ => "check ca, and the client certificate if the server asks for one",
    };
    format!("no secure connection ({e}); {todo}")
}

fn refused(status: StatusCode, start: &[u8]) -> String {
    let hint = match status.as_u16() {
        304 => "although nothing was said about an earlier answer; look at the proxy in between",
        401 | 403 => "set certificate and key of a host or robot that GOCDB knows",
        404 => "correct the address",
        429 => "raise poll_seconds",
        500..=599 => "GOCDB's own fault; asked again at the next refresh",
        _ => "correct the address",
    };
    let words = super::gocdb::problem::plain(&String::from_utf8_lossy(start));
    let words = if words.is_empty() { words } else { format!(" {words:?}") };
    format!("the server answers {}{words}; {hint}", status.as_u16())
}

fn text_header(response: &ureq::http::Response<ureq::Body>, name: &header::HeaderName) -> Option<String> {
    let value = response.headers().get(name)?.to_str().ok()?;
    (value.len() <= 512).then(|| value.to_owned())
}
