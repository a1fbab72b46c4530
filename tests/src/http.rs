//! A small HTTP/1.1 client over plain TCP that keeps its connection; enough for the daemon's API, and for load.

use crate::fail::{Fail, Result, ensure};
use crate::wait::hang_limit;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// One connection.
#[derive(Debug)]
pub struct Client {
    address: String,
    stream: BufReader<Box<dyn Stream>>,
}

/// What a connection runs over.
trait Stream: Read + Write + Send + std::fmt::Debug {}
impl Stream for TcpStream {}
impl Stream for UnixStream {}

/// An answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// 200, 404, …
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl Response {
    /// The body as text; bytes that are not UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Itself, when the status is 2xx.
    pub fn good(self) -> Result<Self> {
        ensure((200..300).contains(&self.status), || format!("HTTP {}: {}", self.status, self.text()))?;
        Ok(self)
    }
}

/// A request as bytes, so that load can be made before the clock starts. Without a body: `kind` empty.
pub fn request(method: &str, path: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
    if !kind.is_empty() {
        head.push_str(&format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

impl Client {
    /// Connects; an answer that does not come within the hang limit is an error.
    pub fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).map_err(Fail::at(address))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(hang_limit()))?;
        stream.set_write_timeout(Some(hang_limit()))?;
        Ok(Client { address: address.to_string(), stream: BufReader::new(Box::new(stream)) })
    }

    /// The same over a socket in the file system.
    pub fn connect_unix(path: &Path) -> Result<Self> {
        let stream = UnixStream::connect(path).map_err(Fail::at(path.display()))?;
        stream.set_read_timeout(Some(hang_limit()))?;
        stream.set_write_timeout(Some(hang_limit()))?;
        Ok(Client { address: path.display().to_string(), stream: BufReader::new(Box::new(stream)) })
    }

    /// GET.
    pub fn get(&mut self, path: &str) -> Result<Response> {
        self.send(&request("GET", path, "", b""))
    }

    /// POST of JSON.
    pub fn post(&mut self, path: &str, json: &str) -> Result<Response> {
        self.send(&request("POST", path, "application/json", json.as_bytes()))
    }

    /// Sends a request made by [`request`] and reads the answer.
    pub fn send(&mut self, request: &[u8]) -> Result<Response> {
        let address = self.address.clone();
        self.stream.get_mut().write_all(request).map_err(Fail::at(&address))?;
        self.answer().map_err(Fail::at(address))
    }

    fn answer(&mut self) -> Result<Response> {
        let first = self.line()?;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| Fail::new(format!("no status line: {first:?}")))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':') {
                headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        let mut response = Response { status, headers, body: Vec::new() };
        if response.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            response.body = self.chunks()?;
        } else if let Some(length) = response.header("content-length") {
            let length = length.parse().map_err(Fail::at("content-length"))?;
            response.body = self.exactly(length)?;
        } else if status != 204 && status != 304 {
            self.stream.read_to_end(&mut response.body)?;
        }
        Ok(response)
    }

    fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let size = line.split(';').next().unwrap_or_default();
            let size = usize::from_str_radix(size.trim(), 16).map_err(Fail::at("chunk size"))?;
            body.extend(self.exactly(size)?);
            self.line()?;
            if size == 0 {
                return Ok(body);
            }
        }
    }

    fn exactly(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line)?;
        ensure(read > 0, || "the connection was closed before the answer".into())?;
        Ok(line.trim_end().to_owned())
    }
}
