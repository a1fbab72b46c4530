//! Just enough of HTTP/1.1 (RFC 9112) to fetch a file: one GET a connection, with the run's deadline, limits on everything the
//! server says, and a body that is read as it comes.

use super::connect::{Timed, connect};
use super::contexts::{Settings, settings};
use openssl::ssl::{Ssl, SslStream};
use plugin::Context;
use std::io::{self, BufRead, BufReader, Read, Take, Write};

/// The head of an answer is not longer.
const HEAD: u64 = 64 * 1024;
/// So often an answer may name another place.
const REDIRECTS: usize = 4;

/// Where something is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Url {
    tls: bool,
    host: String,
    port: u16,
    path: String,
}

/// Whether what a server says is believed to come from it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trust {
    /// Its certificate must be trusted by this machine.
    Machine,
    /// What is fetched is signed itself.
    Content,
}

/// An answer that has come.
pub enum Answer {
    /// It has not changed since.
    NotModified,
    /// The file.
    Body(BufReader<Body>),
}

enum Wire {
    Plain(BufReader<Timed>),
    Tls(Box<BufReader<SslStream<Timed>>>),
}

/// The content of an answer, without its framing.
pub struct Body {
    wire: Take<Wire>,
    framing: Framing,
    left: u64,
    /// More than this is not read.
    limit: u64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Framing {
    Length,
    Chunks,
    UntilClosed,
    Ended,
}

impl Url {
    /// Reads an absolute http or https address without user, query and fragment treated as part of the path.
    ///
    /// # Errors
    /// It is none; one line.
    pub fn read(text: &str) -> Result<Url, String> {
        let wrong = || format!("{text:?} is no http or https address");
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(wrong()),
        };
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(at);
        let usual = if tls { 443 } else { 80 };
        let (host, port) = match authority.strip_prefix('[').and_then(|a| a.split_once(']')) {
            Some((host, port)) => (host, port.strip_prefix(':')),
            None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map_or(Some(usual), |port| port.parse().ok()).ok_or_else(wrong)?;
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic());
        if host.is_empty() || host.contains('@') || !plain(host) || !plain(path) {
            return Err(wrong());
        }
        let path = path.split('#').next().unwrap_or_default();
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Url { tls, host: host.to_owned(), port, path })
    }

    /// Whether it begins with https.
    pub(crate) fn is_tls(&self) -> bool {
        self.tls
    }

    /// Host and port.
    pub(crate) fn place(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// Where an answer's Location leads from here.
    fn join(&self, location: &str) -> Result<Url, String> {
        if location.contains("://") {
            return Url::read(location);
        }
        let scheme = if self.tls { "https" } else { "http" };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let path = if location.starts_with('/') {
            location.to_owned()
        } else {
            format!("{}/{location}", self.path.rsplit_once('/').map_or("", |(dir, _)| dir))
        };
        Url::read(&format!("{scheme}://{host}:{}{path}", self.port))
    }
}

/// Fetches a file that is not longer than `limit`, unless it has not changed since a time (an HTTP date).
///
/// # Errors
/// One line: no connection, another answer than the file, or an answer that is none.
pub fn get(address: &str, since: Option<&str>, limit: u64, trust: Trust, context: &Context) -> Result<Answer, String> {
    let mut url = Url::read(address)?;
    for _ in 0..=REDIRECTS {
        let mut wire = Wire::open(&url, trust, context)?;
        let host = if url.host.contains(':') { format!("[{}]", url.host) } else { url.host.clone() };
        let since = since.map(|since| format!("If-Modified-Since: {since}\r\n")).unwrap_or_default();
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {host}:{}\r\nUser-Agent: gridprobe/{}\r\nAccept-Encoding: identity\r\n{since}Connection: close\r\n\r\n",
            url.path,
            url.port,
            env!("CARGO_PKG_VERSION")
        );
        wire.send(request.as_bytes()).map_err(|e| format!("{}: {e}", url.host))?;
        let head = Head::read(&mut wire).map_err(|why| format!("{}: {why}", url.host))?;
        match head.status {
            200 => return Ok(Answer::Body(BufReader::new(Body::new(wire, &head, limit)?))),
            304 => return Ok(Answer::NotModified),
            301 | 302 | 303 | 307 | 308 => {
                let location = head
                    .location
                    .ok_or_else(|| format!("{} answers {} and does not say where to go", url.host, head.status))?;
                let next = url.join(&location)?;
                if url.tls && !next.tls && trust == Trust::Machine {
                    return Err(format!("{} leads from https to http", url.host));
                }
                url = next;
            }
            status => {
                return Err(format!("{} answers {status} {}", url.host, plugin::text::shortened(&head.reason, 60)));
            }
        }
    }
    Err(format!("{address} leads from place to place more than {REDIRECTS} times"))
}

impl Wire {
    fn open(url: &Url, trust: Trust, context: &Context) -> Result<Wire, String> {
        let stream = connect(&url.host, url.port, context).map_err(|e| e.to_string())?;
        if !url.tls {
            return Ok(Wire::Plain(BufReader::new(stream)));
        }
        let tls = || -> Result<Ssl, openssl::error::ErrorStack> {
            let which = match trust {
                Trust::Machine => Settings::Machine,
                Trust::Content => Settings::Any,
            };
            let shared = settings(which)?;
            let mut ssl = Ssl::new(&shared)?;
            match url.host.parse::<std::net::IpAddr>() {
                Ok(address) => ssl.param_mut().set_ip(address)?,
                Err(_) => {
                    ssl.set_hostname(&url.host)?;
                    ssl.param_mut().set_host(&url.host)?;
                }
            }
            Ok(ssl)
        };
        let ssl = tls().map_err(|e| format!("cannot set up OpenSSL: {}", crate::trust::signature::first(&e)))?;
        match ssl.connect(stream) {
            Ok(stream) => Ok(Wire::Tls(Box::new(BufReader::new(stream)))),
            Err(e) => Err(format!("no TLS with {}: {e}", url.host)),
        }
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Wire::Plain(wire) => wire.get_mut().write_all(bytes),
            Wire::Tls(wire) => wire.get_mut().write_all(bytes),
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Wire::Plain(wire) => wire.read(buffer),
            Wire::Tls(wire) => wire.read(buffer),
        }
    }
}

impl BufRead for Wire {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Wire::Plain(wire) => wire.fill_buf(),
            Wire::Tls(wire) => wire.fill_buf(),
        }
    }

    fn consume(&mut self, octets: usize) {
        match self {
            Wire::Plain(wire) => wire.consume(octets),
            Wire::Tls(wire) => wire.consume(octets),
        }
    }
}

/// The head of an answer.
#[derive(Debug, Default)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) reason: String,
    length: Option<u64>,
    chunked: bool,
    pub(super) location: Option<String>,
    closes: bool,
}

impl Head {
    /// Whether the next answer may come on the same connection.
    pub(crate) fn keeps_open(&self) -> bool {
        !self.closes && (self.chunked || self.length.is_some())
    }

    pub(crate) fn read(wire: &mut impl BufRead) -> Result<Head, String> {
        let mut limited = wire.take(HEAD);
        let mut line = |what: &str| -> Result<String, String> {
            let mut bytes = Vec::new();
            limited.read_until(b'\n', &mut bytes).map_err(|e| e.to_string())?;
            if bytes.last() != Some(&b'\n') {
                return Err(format!("it closed the connection in its {what}, or that is too long"));
            }
            Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
        };
        let first = line("answer")?;
        let mut words = first.splitn(3, ' ');
        let is_http = words.next().is_some_and(|w| w.starts_with("HTTP/1."));
        let status = words.next().and_then(|w| w.parse().ok()).filter(|_| is_http);
        let status = status
            .ok_or_else(|| format!("it does not speak HTTP but says {:?}", plugin::text::shortened(&first, 60)))?;
        let mut head = Head { status, reason: words.next().unwrap_or_default().to_owned(), ..Head::default() };
        loop {
            let field = line("head")?;
            if field.is_empty() {
                return Ok(head);
            }
            let Some((name, value)) = field.split_once(':') else { continue };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => head.length = value.parse().ok(),
                "transfer-encoding" => head.chunked = value.to_ascii_lowercase().contains("chunked"),
                "location" => head.location = Some(value.to_owned()),
                "connection" => head.closes = value.eq_ignore_ascii_case("close"),
                _ => {}
            }
        }
    }
}

/// Reads the content of an answer whole, and no octet beyond it.
///
/// # Errors
/// It is cut off, longer than `limit`, or its framing is broken; one line.
pub(crate) fn read_body(wire: &mut impl BufRead, head: &Head, limit: u64) -> Result<Vec<u8>, String> {
    let mut content = Vec::new();
    let take = |wire: &mut dyn BufRead, octets: u64, content: &mut Vec<u8>| -> Result<(), String> {
        if content.len() as u64 + octets > limit {
            return Err(format!("its answer is longer than {limit} octets"));
        }
        let n = wire.take(octets).read_to_end(content).map_err(|e| e.to_string())?;
        if (n as u64) < octets { Err("it closed the connection within its answer".to_owned()) } else { Ok(()) }
    };
    match (head.chunked, head.length) {
        (false, Some(length)) => take(wire, length, &mut content)?,
        (false, None) => {
            let n = wire.take(limit + 1).read_to_end(&mut content).map_err(|e| e.to_string())?;
            if n as u64 > limit {
                return Err(format!("its answer is longer than {limit} octets"));
            }
        }
        (true, _) => loop {
            let size = chunk_size(wire)?;
            if size > 0 {
                take(wire, size, &mut content)?;
                chunk_line(wire)?;
                continue;
            }
            // Trailers end with an empty line.
            while !chunk_line(wire)?.is_empty() {}
            break;
        },
    }
    Ok(content)
}

fn chunk_line(wire: &mut impl BufRead) -> Result<String, String> {
    let mut line = Vec::new();
    wire.take(1024).read_until(b'\n', &mut line).map_err(|e| e.to_string())?;
    if line.last() != Some(&b'\n') {
        return Err("it closed the connection within its answer, or its chunks are none".to_owned());
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

fn chunk_size(wire: &mut impl BufRead) -> Result<u64, String> {
    let line = chunk_line(wire)?;
    let size = line.split(';').next().unwrap_or_default().trim();
    u64::from_str_radix(size, 16).map_err(|_| "its chunks are none".to_owned())
}

impl Body {
    fn new(wire: Wire, head: &Head, limit: u64) -> Result<Body, String> {
        if head.length.is_some_and(|n| n > limit) {
            return Err(format!("the file has {} octets, more than {limit}", head.length.unwrap_or_default()));
        }
        let (framing, left) = match (head.chunked, head.length) {
            (true, _) => (Framing::Chunks, 0),
            (false, Some(length)) => (Framing::Length, length),
            (false, None) => (Framing::UntilClosed, u64::MAX),
        };
        // Chunk headers are little beside the chunks.
        Ok(Body { wire: wire.take(limit.saturating_mul(2)), framing, left, limit })
    }

    /// The size of the next chunk.
    fn chunk(&mut self) -> io::Result<u64> {
        for _ in 0..2 {
            let mut line = Vec::new();
            (&mut self.wire).take(1024).read_until(b'\n', &mut line)?;
            let text = String::from_utf8_lossy(&line);
            let size = text.trim().split(';').next().unwrap_or_default();
            // The line end behind the chunk before.
            if !size.is_empty() {
                return u64::from_str_radix(size.trim(), 16).map_err(|_| bad("its chunks are none"));
            }
        }
        Err(bad("its chunks are none"))
    }
}

fn bad(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.to_owned())
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && self.framing == Framing::Chunks {
            self.left = self.chunk()?;
        }
        if self.left == 0 {
            self.framing = Framing::Ended;
        }
        if self.framing == Framing::Ended || buffer.is_empty() {
            return Ok(0);
        }
        let want = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let n = self.wire.read(&mut buffer[..want])?;
        if n == 0 {
            return if self.framing == Framing::UntilClosed { Ok(0) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        self.left -= n as u64;
        self.limit = self.limit.checked_sub(n as u64).ok_or_else(|| bad("it is longer than it may be"))?;
        Ok(n)
    }
}

/// A time as HTTP writes it (RFC 9110, 5.6.7).
pub fn date(at: i64) -> Option<String> {
    use chrono::{Datelike, Timelike};
    let t = chrono::DateTime::from_timestamp(at, 0)?.naive_utc();
    let day = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][t.weekday().num_days_from_monday() as usize % 7];
    let month =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][t.month0() as usize % 12];
    Some(format!(
        "{day}, {:02} {month} {:04} {:02}:{:02}:{:02} GMT",
        t.day(),
        t.year(),
        t.hour(),
        t.minute(),
        t.second()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let url = |text: &str| Url::read(text).map(|u| (u.tls, u.host, u.port, u.path));
        assert_eq!(url("http://a.b/c?d=e#f"), Ok((false, "a.b".into(), 80, "/c?d=e".into())));
        assert_eq!(url("HTTPS://a:8443"), Ok((true, "a".into(), 8443, "/".into())));
        assert_eq!(url("http://[::1]:8080/x"), Ok((false, "::1".into(), 8080, "/x".into())));
        for none in ["ftp://a/b", "a/b", "http://", "http://a:b/", "http://u@a/", "http://a/b c", "http://a/b\r\nX: y"]
        {
            assert!(Url::read(none).is_err(), "{none}");
        }
        let from = Url::read("http://a/b/c").unwrap();
        assert_eq!(from.join("d").unwrap().path, "/b/d");
        assert_eq!(from.join("https://e/").unwrap().host, "e");
    }

    #[test]
    fn heads_are_read_and_what_is_none_is_told() {
        let head = |text: &str| Head::read(&mut text.as_bytes());
        let ok = head("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX\r\n\r\nhello").unwrap();
        assert_eq!((ok.status, ok.length, ok.chunked), (200, Some(5), false));
        assert!(head("220 mail ESMTP\r\n").unwrap_err().contains("does not speak HTTP"));
        assert!(head("HTTP/1.1 200 OK\r\nA: b\r\n").is_err());
    }

    #[test]
    fn dates_are_written_as_http_has_them() {
        assert_eq!(date(784_111_777).as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    }
}
