//! One connection to a REST service of the grid: TLS with a client certificate (a proxy, as a rule), the server judged by the
//! grid's trust anchors before anything is sent, then as many requests as a run has, one after another. In the resident prober it outlives
//! the run (`kept.rs`).

use super::connect::{ConnectError, connect};
use super::http::{Head, read_body};
use super::kept::{self, Key, Lease, Line};
use super::tls::{Failure, Identity, alert, handshake};
use crate::probe::cert::{host, path};
use openssl::sha::sha256;
use plugin::{Context, State};
use std::fmt;
use std::io::{BufReader, Write};
use std::path::PathBuf;

/// An answer is not longer.
const LIMIT: u64 = 8 * 1024 * 1024;

/// Whom to talk to, and as whom.
pub struct Server {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Folder of the trust anchors.
    pub ca_dir: PathBuf,
    /// What the client shows.
    pub identity: Option<Identity>,
    /// A bearer token (RFC 6750), where one is used.
    pub token: Option<String>,
}

/// A connection that is made when it is needed, and kept.
pub struct Rest<'c> {
    server: Server,
    context: &'c Context,
    line: Option<Line>,
    /// Where connections are kept.
    lease: Option<Lease>,
    handshakes: u32,
    remarks: Vec<plugin::Finding>,
}

/// What is asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'r> {
    /// GET, POST, PUT, DELETE.
    pub method: &'r str,
    /// Path and query.
    pub path: &'r str,
    /// Of the answer wanted; JSON when empty.
    pub accept: &'r str,
    /// Of `body`.
    pub content_type: &'r str,
    /// May be empty.
    pub body: &'r [u8],
}

/// What is answered.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// As 200.
    pub status: u16,
    /// The words behind it, where A-REX puts its reasons.
    pub reason: String,
    /// The field Location.
    pub location: Option<String>,
    /// The content.
    pub body: Vec<u8>,
}

/// Why there is no answer, and whose matter it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fault {
    /// Ours: the name leads nowhere, the time is over, a file of ours cannot be used.
    Ours(String),
    /// The site's: nobody answers, or not as it should. What was asked for may have been done all the same.
    Theirs(String),
    /// The site's: it says no. Nothing was done.
    Refused(String),
}

impl Fault {
    /// How bad it is: what is ours leaves the service unjudged.
    pub fn state(&self) -> State {
        match self {
            Fault::Ours(_) => State::Unknown,
            Fault::Theirs(_) | Fault::Refused(_) => State::Critical,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Ours(why) | Fault::Theirs(why) | Fault::Refused(why) => f.write_str(why),
        }
    }
}

impl Reply {
    /// Whether it is one of success.
    pub fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The content as text; what is no UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Status, reason and the beginning of a plain content, for people.
    pub fn said(&self) -> String {
        let text = self.text();
        let text = text.trim();
        let words =
            if text.is_empty() || text.starts_with(['<', '{', '[']) { String::new() } else { format!(": {text}") };
        plugin::text::shortened(&format!("{} {}{words}", self.status, self.reason), 200).into_owned()
    }
}

impl<'c> Rest<'c> {
    /// Nothing is asked yet. A connection that an earlier run left is gone on with.
    pub fn new(server: Server, context: &'c Context) -> Rest<'c> {
        let mut lease = kept::is_on().then(|| {
            let key = Key {
                host: server.host.clone(),
                port: server.port,
                anchors: server.ca_dir.clone(),
                identity: server.identity.as_ref().map(Identity::fingerprint),
                token: server.token.as_ref().map(|token| sha256(token.as_bytes())),
            };
            kept::lease(key, context.now, context.deadline)
        });
        let line = lease.as_mut().and_then(|lease| lease.line.take());
        let remarks = line.as_ref().map(|line| line.remarks.clone()).unwrap_or_default();
        Rest { server, context, line, lease, handshakes: 0, remarks }
    }

    /// How many times hands were shaken.
    pub fn handshakes(&self) -> u32 {
        self.handshakes
    }

    /// The identity that is shown.
    pub fn identity(&self) -> Option<&Identity> {
        self.server.identity.as_ref()
    }

    /// Whether a bearer token is sent.
    pub fn has_token(&self) -> bool {
        self.server.token.is_some()
    }

    /// The server, as `host:port`.
    pub fn place(&self) -> String {
        format!("{}:{}", self.server.host, self.server.port)
    }

    /// What is to be said of the server's certificate, though it is taken.
    pub fn remarks(&mut self) -> Vec<plugin::Finding> {
        std::mem::take(&mut self.remarks)
    }

    /// Asks, and reads the answer. A connection that the server has given up since the last one is made anew, once.
    ///
    /// # Errors
    /// There is no answer. An answer that says no is a [`Reply`].
    pub fn ask(&mut self, request: Request<'_>) -> Result<Reply, Fault> {
        let kept = self.line.is_some();
        match self.exchange(request) {
            // Nothing of an answer has come, on a connection that had been good until then: it says nothing of us, nor of the server. A-REX
            // gives one up that is idle for a minute, with an alert.
            Err(Exchange::Early(_)) if kept => self.exchange(request).map_err(|e| self.failed(e)),
            done => done.map_err(|e| self.failed(e)),
        }
    }

    fn failed(&self, e: Exchange) -> Fault {
        match e {
            Exchange::Early(Failure::Closed) => Fault::Theirs(format!(
                "{} closes the connection instead of answering, as one does that does not trust our certificate",
                self.place()
            )),
            Exchange::Early(failure) => self.refused(&failure),
            Exchange::Fault(fault) => fault,
        }
    }

    fn exchange(&mut self, request: Request<'_>) -> Result<Reply, Exchange> {
        let mut line = match self.line.take() {
            Some(line) => line,
            None => self.connected()?,
        };
        let stream = &mut line.stream;
        let place = self.place();
        self.context.doing(format_args!("waiting for {} {} at {place}", request.method, request.path));
        let accept = if request.accept.is_empty() { "application/json" } else { request.accept };
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: gridprobe/{}\r\nAccept: {accept}\r\nAccept-Encoding: identity\r\n",
            request.method,
            request.path,
            self.authority(),
            env!("CARGO_PKG_VERSION")
        );
        if let Some(token) = &self.server.token {
            head.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        if !request.content_type.is_empty() {
            head.push_str(&format!("Content-Type: {}\r\n", request.content_type));
        }
        if !matches!(request.method, "GET" | "HEAD") {
            head.push_str(&format!("Content-Length: {}\r\n", request.body.len()));
        }
        head.push_str("\r\n");
        let mut message = head.into_bytes();
        message.extend_from_slice(request.body);
        if let Err(e) = stream.get_mut().write_all(&message) {
            return Err(self.broken(&e));
        }
        let late = |why: String| match self.context.deadline.remaining().is_zero() {
            true => Fault::Ours(format!("{place} does not answer {} {} in time", request.method, request.path)),
            false => Fault::Theirs(format!("{place}: {why}")),
        };
        match std::io::BufRead::fill_buf(stream) {
            Ok([]) => return Err(Exchange::Early(Failure::Closed)),
            Ok(_) => {}
            Err(e) => return Err(self.broken(&e)),
        }
        let head = Head::read(stream).map_err(|why| Exchange::Fault(late(why)))?;
        let bodiless = request.method == "HEAD" || head.status == 204 || head.status == 304;
        let body = if bodiless {
            Vec::new()
        } else {
            read_body(stream, &head, LIMIT).map_err(|why| Exchange::Fault(late(why)))?
        };
        if head.keeps_open() {
            self.line = Some(line);
        }
        Ok(Reply { status: head.status, reason: head.reason, location: head.location, body })
    }

    /// What a failed read or write means. A server of TLS 1.3 refuses a client's certificate only here.
    fn broken(&self, e: &std::io::Error) -> Exchange {
        let failure = match e.get_ref().and_then(|inner| inner.downcast_ref::<openssl::ssl::Error>()) {
            Some(error) => Failure::of(error),
            None => match e.kind() {
                std::io::ErrorKind::TimedOut => Failure::Silent,
                std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe => Failure::Closed,
                _ => Failure::Other(e.to_string()),
            },
        };
        match failure {
            Failure::Silent => Exchange::Fault(self.refused(&failure)),
            failure => Exchange::Early(failure),
        }
    }

    fn authority(&self) -> String {
        if self.server.host.contains(':') {
            format!("[{}]:{}", self.server.host, self.server.port)
        } else {
            self.place()
        }
    }

    fn connected(&mut self) -> Result<Line, Exchange> {
        let place = self.place();
        let one = kept::place();
        let mut stream = connect(&self.server.host, self.server.port, self.context).map_err(|e| {
            Exchange::Fault(match e {
                ConnectError::Name(why) => Fault::Ours(why),
                ConnectError::Refused(why) if self.context.deadline.remaining().is_zero() => Fault::Ours(why),
                ConnectError::Refused(why) => Fault::Theirs(why),
            })
        })?;
        stream.acknowledge_at_once();
        self.context.doing(format_args!("shaking hands with {place}"));
        self.handshakes += 1;
        let session = handshake(stream, &self.server.host, self.server.identity.as_ref())
            .map_err(|why| Exchange::Fault(Fault::Ours(why)))?;
        let stream = session.stream.map_err(|failure| Exchange::Fault(self.refused(&failure)))?;
        let mut found = path::findings(&session.chain, &self.server.ca_dir, self.context.now, self.context);
        let mut until = i64::MAX;
        for certificate in &session.chain {
            let Ok(certificate) = path::certificate(certificate) else { continue };
            until = until.min(certificate.not_after);
            if certificate.not_after < self.context.now {
                found.push(plugin::Finding::critical("expired", "it has expired"));
            }
        }
        if let Some(shown) = session.chain.first() {
            found.extend(host::judge(shown, &self.server.host));
        } else {
            found.push(plugin::Finding::critical("no_certificate", "it shows none"));
        }
        if let Some(worst) = found.iter().filter(|f| f.state() > State::Warning).max_by_key(|f| f.state()) {
            let why = format!("the certificate of {place} is not taken: {}", worst.line());
            return Err(Exchange::Fault(match worst.state() {
                State::Critical => Fault::Theirs(why),
                _ => Fault::Ours(why),
            }));
        }
        self.remarks = found.into_iter().filter(|f| f.state() == State::Warning).collect();
        Ok(Line::new(BufReader::new(stream), self.remarks.clone(), until, one))
    }

    fn refused(&self, failure: &Failure) -> Fault {
        let place = self.place();
        match failure {
            Failure::Silent => Fault::Ours(format!("{place} does not answer in time")),
            Failure::Closed => Fault::Theirs(format!("{place} closes the connection")),
            Failure::NotTls => Fault::Theirs(format!("{place} does not speak TLS; is it another port?")),
            Failure::Alert(alert::CERTIFICATE_EXPIRED) => Fault::Theirs(format!(
                "{place} calls our certificate expired, and it is not by our clock: it holds an expired CRL or CA, or its clock is wrong"
            )),
            Failure::Alert(number) => {
                Fault::Theirs(format!("{place} refuses our certificate or what we offer (TLS alert {number})"))
            }
            Failure::Other(why) => Fault::Theirs(format!("{place}: {why}")),
        }
    }
}

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        if let Some(lease) = &mut self.lease {
            lease.line = self.line.take();
        }
    }
}

/// How an exchange failed.
enum Exchange {
    /// Before anything of an answer came.
    Early(Failure),
    Fault(Fault),
}
