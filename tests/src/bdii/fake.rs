//! A server that answers with bytes of our choice: for what a real one does only when it is broken.

use crate::fail::Result;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// What a fake server does with a connection.
pub type Script = dyn Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync;

/// Serves every connection by a script, on a thread each that ends with the test's process.
pub fn serve(script: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let script: Arc<Script> = Arc::new(script);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let script = Arc::clone(&script);
            std::thread::spawn(move || {
                let mut stream = stream;
                let _gone = stream.set_read_timeout(Some(Duration::from_secs(60)));
                let _the_client_may_go = script(&mut stream);
            });
        }
    });
    Ok(port)
}

/// A value in BER.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let len = content.len();
    if len < 0x80 {
        out.push(len as u8);
    } else {
        out.push(0x84);
        out.extend_from_slice(&(len as u32).to_be_bytes());
    }
    out.extend_from_slice(content);
    out
}

/// A message with this id.
pub fn message(id: u8, operation: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&tlv(2, &[id]), operation].concat())
}

/// How an operation ended: its tag, the code, the DN that is there.
pub fn result(tag: u8, code: u8, matched: &str) -> Vec<u8> {
    tlv(tag, &[tlv(10, &[code]), tlv(4, matched.as_bytes()), tlv(4, b"")].concat())
}

/// An entry.
pub fn entry(dn: &[u8], attributes: &[(&str, &[&[u8]])]) -> Vec<u8> {
    let mut list = Vec::new();
    for (name, values) in attributes {
        let values: Vec<u8> = values.iter().flat_map(|value| tlv(4, value)).collect();
        list.extend(tlv(0x30, &[tlv(4, name.as_bytes()), tlv(0x31, &values)].concat()));
    }
    tlv(0x64, &[tlv(4, dn), tlv(0x30, &list)].concat())
}

/// What a client asked: message id, operation, and the base of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Message id.
    pub id: u8,
    /// Tag of the operation: 0x60 bind, 0x63 search, 0x42 unbind.
    pub operation: u8,
    /// baseObject of a search.
    pub base: String,
}

/// Reads the next question; ids are below 128 here, and requests below 64 kB.
pub fn question(stream: &mut TcpStream) -> std::io::Result<Question> {
    let mut head = [0; 2];
    stream.read_exact(&mut head)?;
    let len = match head[1] {
        short @ 0..=0x7f => usize::from(short),
        0x81 => {
            let mut more = [0];
            stream.read_exact(&mut more)?;
            usize::from(more[0])
        }
        _ => {
            let mut more = [0; 2];
            stream.read_exact(&mut more)?;
            usize::from(u16::from_be_bytes(more))
        }
    };
    let mut body = vec![0; len];
    stream.read_exact(&mut body)?;
    let (id, operation) = (body[2], body[3]);
    let mut base = String::new();
    if operation == 0x63 {
        let start = 3 + if body[4] < 0x80 { 2 } else { 3 };
        let len = usize::from(body[start + 1]);
        base = String::from_utf8_lossy(&body[start + 2..start + 2 + len]).into_owned();
    }
    Ok(Question { id, operation, base })
}

/// Answers binds and searches: `entries` below `o=glue`, noSuchObject elsewhere; `tail` does the rest of the answer below `o=glue`.
pub fn directory(
    entries: Vec<Vec<u8>>,
    tail: impl Fn(&mut TcpStream, u8) -> std::io::Result<()> + Send + Sync + 'static,
) -> Result<u16> {
    serve(move |stream| {
        loop {
            let asked = question(stream)?;
            match asked.operation {
                0x60 => stream.write_all(&message(asked.id, &result(0x61, 0, "")))?,
                0x63 if asked.base == "o=glue" => {
                    for entry in &entries {
                        stream.write_all(&message(asked.id, entry))?;
                    }
                    tail(stream, asked.id)?;
                }
                0x63 => stream.write_all(&message(asked.id, &result(0x65, 32, "")))?,
                _ => return Ok(()),
            }
        }
    })
}

/// The end of an answer with this code.
pub fn done(stream: &mut TcpStream, id: u8, code: u8) -> std::io::Result<()> {
    stream.write_all(&message(id, &result(0x65, code, "")))
}
