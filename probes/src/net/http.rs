//! One GET over HTTP/1.1 or HTTPS: status, headers, a body with a limit, no redirect followed, no longer than the run may last.
//!
//! For documents such as GOCDB's answers; the server is judged by the machine's trust store, or by the authorities that are named.

use super::connect::{Timed, connect};
use openssl::ssl::{Ssl, SslContext, SslMethod, SslVerifyMode};
use plugin::Context;
use std::io::{Read, Write};
use std::path::Path;

/// Bytes of the status line and the headers.
const HEAD: usize = 64 * 1024;

/// Gets a document.
///
/// # Errors
/// It did not come, in one line that names the host and what to do.
pub fn get(url: &str, authorities: Option<&Path>, limit: usize, context: &Context) -> Result<Vec<u8>, String> {
    let target = Target::read(url)?;
    let stream = connect(target.host, target.port, context).map_err(|error| error.to_string())?;
    context.doing(format_args!("reading {url}"));
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: gridprobe/{}\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        target.path,
        target.authority,
        env!("CARGO_PKG_VERSION")
    );
    let answer = if target.secure {
        exchange(&mut secured(stream, target.host, authorities)?, &request, limit)
    } else {
        let mut stream = stream;
        exchange(&mut stream, &request, limit)
    };
    answer.map_err(|why| format!("{}: {why}", target.authority))
}

/// A URL taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Target<'u> {
    secure: bool,
    authority: &'u str,
    host: &'u str,
    port: u16,
    path: &'u str,
}

impl<'u> Target<'u> {
    fn read(url: &'u str) -> Result<Target<'u>, String> {
        let wrong = || format!("{url} is no URL of http:// or https://");
        let (secure, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err(wrong()),
        };
        let slash = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(slash);
        let path = if path.is_empty() { "/" } else { path };
        // What could end the request's line, or be a password that shows up in a message.
        if authority.is_empty()
            || !path.starts_with('/')
            || url.contains(|c: char| c.is_control() || c == ' ' || c == '@')
        {
            return Err(wrong());
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| wrong())?),
            _ => (authority, if secure { 443 } else { 80 }),
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        Ok(Target { secure, authority, host, port, path })
    }
}

fn secured(stream: Timed, host: &str, authorities: Option<&Path>) -> Result<openssl::ssl::SslStream<Timed>, String> {
    let set_up = || -> Result<Ssl, openssl::error::ErrorStack> {
        let mut builder = SslContext::builder(SslMethod::tls_client())?;
        builder.set_verify(SslVerifyMode::PEER);
        match authorities {
            Some(folder) if folder.is_dir() => builder.load_verify_locations(None, Some(folder))?,
            Some(file) => builder.load_verify_locations(Some(file), None)?,
            None => builder.set_default_verify_paths()?,
        }
        let mut ssl = Ssl::new(&builder.build())?;
        match host.parse() {
            Ok(address) => ssl.param_mut().set_ip(address)?,
            Err(_) => {
                ssl.set_hostname(host)?;
                ssl.param_mut().set_host(host)?;
            }
        }
        Ok(ssl)
    };
    let ssl = set_up().map_err(|error| format!("TLS cannot be set up: {}", first_line(&error.to_string())))?;
    ssl.connect(stream).map_err(|error| {
        let why = match &error {
            openssl::ssl::HandshakeError::Failure(middle) if middle.ssl().verify_result().as_raw() != 0 => {
                format!("its certificate is not trusted: {}", middle.ssl().verify_result().error_string())
            }
            other => format!("no TLS: {}", first_line(&other.to_string())),
        };
        format!("{host}: {why}")
    })
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Asks and reads the answer.
fn exchange(stream: &mut (impl Read + Write), request: &str, limit: usize) -> Result<Vec<u8>, String> {
    stream.write_all(request.as_bytes()).map_err(|error| format!("cannot ask: {error}"))?;
    let mut bytes = Vec::new();
    let mut piece = vec![0; 64 * 1024];
    let mut body = None;
    loop {
        let count = match stream.read(&mut piece) {
            Ok(count) => count,
            // Servers that end a connection without TLS' good-bye are many; what is missing shows by the length.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => 0,
            Err(error) => return Err(format!("{} bytes came, then: {error}", bytes.len())),
        };
        bytes.extend_from_slice(&piece[..count]);
        if body.is_none()
            && let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n")
        {
            body = Some((Head::read(&bytes[..end])?, end + 4));
        }
        match &body {
            None if bytes.len() > HEAD => return Err("what answers does not speak HTTP".to_owned()),
            Some((Head { length: Some(length), .. }, _)) if *length > limit => {
                return Err(format!("the document has {length} bytes, more than {limit}"));
            }
            Some((Head { length: Some(length), .. }, start)) if bytes.len() - start >= *length => break,
            _ if bytes.len() > limit + HEAD => return Err(format!("the document has more than {limit} bytes")),
            _ if count == 0 => break,
            _ => {}
        }
    }
    let (head, start) = body.ok_or("what answers does not speak HTTP")?;
    let rest = &bytes[start..];
    match (head.chunked, head.length) {
        (true, _) => unchunked(rest),
        (false, Some(length)) if rest.len() < length => Err(format!("{} of {length} bytes came", rest.len())),
        (false, Some(length)) => Ok(rest[..length].to_vec()),
        (false, None) => Ok(rest.to_vec()),
    }
}

/// What the headers say of the body.
#[derive(Debug, Default)]
struct Head {
    length: Option<usize>,
    chunked: bool,
}

impl Head {
    fn read(bytes: &[u8]) -> Result<Head, String> {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split("\r\n");
        let status = lines.next().unwrap_or_default();
        let code = status.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)).unwrap_or_default();
        let mut head = Head::default();
        let mut location = String::new();
        for line in lines {
            let Some((name, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => head.length = value.parse().ok(),
                "transfer-encoding" => head.chunked = value.to_ascii_lowercase().contains("chunked"),
                "location" => location = plugin::text::line(value).into_owned(),
                _ => {}
            }
        }
        match code {
            "200" => Ok(head),
            "" => Err("what answers does not speak HTTP".to_owned()),
            _ if code.starts_with('3') => Err(format!("it refers to {location}; name that")),
            _ => Err(format!(
                "it answers {}",
                plugin::text::line(status.split_once(' ').map_or(status, |(_, rest)| rest))
            )),
        }
    }
}

fn unchunked(mut bytes: &[u8]) -> Result<Vec<u8>, String> {
    let cut = || "the document ends in the middle".to_owned();
    let mut out = Vec::new();
    loop {
        let end = bytes.windows(2).position(|window| window == b"\r\n").ok_or_else(cut)?;
        let size = String::from_utf8_lossy(&bytes[..end]);
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| cut())?;
        if size == 0 {
            return Ok(out);
        }
        let from = end + 2;
        let to = from.checked_add(size).ok_or_else(cut)?;
        out.extend_from_slice(bytes.get(from..to).ok_or_else(cut)?);
        bytes = bytes.get(to + 2..).ok_or_else(cut)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::time::Duration;

    fn answered(answer: &'static [u8], limit: usize) -> Result<String, String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/gocdbpi/public/?method=get_service", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = vec![0; 4096];
            let count = stream.read(&mut asked).unwrap();
            stream.write_all(answer).unwrap();
            String::from_utf8_lossy(&asked[..count]).into_owned()
        });
        let context = Context::new("check_x", Duration::from_secs(10), 0);
        let got = get(&url, None, limit, &context).map(|body| String::from_utf8(body).unwrap());
        assert!(
            server.join().unwrap().starts_with("GET /gocdbpi/public/?method=get_service HTTP/1.1\r\nHost: 127.0.0.1:")
        );
        got
    }

    #[test]
    fn bodies_of_every_kind_are_read_whole() {
        assert_eq!(answered(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", 100), Ok("hello".to_owned()));
        assert_eq!(answered(b"HTTP/1.0 200 OK\r\n\r\nhello", 100), Ok("hello".to_owned()));
        let chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n";
        assert_eq!(answered(chunks, 100), Ok("hello".to_owned()));
    }

    #[test]
    fn what_is_no_document_is_told() {
        let why = |answer, limit| answered(answer, limit).unwrap_err();
        assert!(why(b"HTTP/1.1 404 Not Found\r\n\r\n", 100).ends_with(": it answers 404 Not Found"));
        assert!(
            why(b"HTTP/1.1 302 Found\r\nLocation: https://x/\r\n\r\n", 100)
                .ends_with("it refers to https://x/; name that")
        );
        assert!(why(b"SSH-2.0-x\r\n\r\n", 100).ends_with("does not speak HTTP"));
        assert!(why(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", 100).ends_with("5 of 9 bytes came"));
        assert!(why(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nhello", 100).ends_with("900 bytes, more than 100"));
        let cut = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhel";
        assert!(why(cut, 1000).ends_with("ends in the middle"));
    }

    #[test]
    fn only_urls_that_can_be_asked_are_taken() {
        let target = Target::read("https://[2001:db8::1]:8443/x?y").unwrap();
        assert_eq!((target.host, target.port, target.path, target.secure), ("2001:db8::1", 8443, "/x?y", true));
        assert_eq!(Target::read("http://goc.example.org").unwrap().port, 80);
        for url in ["ftp://x/", "http://", "http:///x", "http://x y/", "http://u:p@x/", "http://x:y/", "http://x\r\n/"]
        {
            assert!(Target::read(url).is_err(), "{url}");
        }
    }
}
