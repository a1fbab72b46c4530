//! A small HTTP server on the loopback, so that fetching is tested against real sockets.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What was asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Request {
    /// Path and query.
    pub(super) target: String,
    /// By name in lower case.
    pub(super) headers: BTreeMap<String, String>,
}

impl Request {
    pub(super) fn cursor(&self) -> Option<u64> {
        self.target.split(['?', '&']).find_map(|p| p.strip_prefix("next_cursor="))?.parse().ok()
    }
}

/// What to answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    /// Content-Length to claim instead of the body's.
    pub(super) claim: Option<usize>,
    /// To wait before the body.
    pub(super) delay: Duration,
}

pub(super) fn ok(body: impl Into<Vec<u8>>) -> Reply {
    Reply { status: 200, body: body.into(), ..Reply::default() }
}

pub(super) fn status(status: u16, body: &str) -> Reply {
    Reply { status, body: body.into(), ..Reply::default() }
}

pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) seen: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    pub(super) fn new(answer: impl Fn(&Request) -> Reply + Send + 'static) -> Self {
        Self::over(answer, |mut stream, serve| serve(&mut stream))
    }

    /// `wrap` puts a layer between the socket and the conversation.
    pub(super) fn over(
        answer: impl Fn(&Request) -> Reply + Send + 'static,
        wrap: impl Fn(std::net::TcpStream, &dyn Fn(&mut dyn ReadWrite)) + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (log, ended) = (seen.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
                wrap(stream, &|stream| {
                    let Some(request) = read(stream) else { return };
                    let reply = answer(&request);
                    log.lock().unwrap().push(request);
                    write(stream, &reply);
                });
            }
        });
        Server { address, seen, stop, thread: Some(thread) }
    }

    pub(super) fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = std::net::TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

pub(super) trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}

fn read(stream: &mut dyn ReadWrite) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let mut request = Request { target: first.split(' ').nth(1)?.to_owned(), ..Request::default() };
    for line in lines {
        let line = line.ok()?;
        let Some((name, value)) = line.split_once(':') else { break };
        request.headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    Some(request)
}

fn write(stream: &mut dyn ReadWrite, reply: &Reply) {
    let mut head = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", reply.status);
    if reply.status != 304 {
        head += &format!("Content-Length: {}\r\n", reply.claim.unwrap_or(reply.body.len()));
    }
    for (name, value) in &reply.headers {
        head += &format!("{name}: {value}\r\n");
    }
    // The client may have gone away meanwhile, which some tests want.
    let _ = stream.write_all((head + "\r\n").as_bytes());
    let _ = stream.flush();
    std::thread::sleep(reply.delay);
    let _ = stream.write_all(&reply.body);
    let _ = stream.flush();
}
