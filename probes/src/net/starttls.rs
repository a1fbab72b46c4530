//! The words that make a plain connection one of TLS: LDAP (RFC 4511, 4.14), SMTP (RFC 3207), IMAP (RFC 2595, 3), POP3 (4).

use std::io::{Read, Write};

/// A line, or a message, of a server that is greeted is no longer than this.
const LONGEST: usize = 64 * 1024;

/// Which protocol is spoken before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Protocol {
    /// Lightweight Directory Access Protocol
    Ldap,
    /// Simple Mail Transfer Protocol
    Smtp,
    /// Internet Message Access Protocol
    Imap,
    /// Post Office Protocol
    Pop3,
}

impl Protocol {
    /// By its name on the command line.
    pub fn named(name: &str) -> Option<Protocol> {
        Some(match name {
            "ldap" => Protocol::Ldap,
            "smtp" => Protocol::Smtp,
            "imap" => Protocol::Imap,
            "pop3" => Protocol::Pop3,
            _ => return None,
        })
    }

    /// Where it is usually spoken.
    pub fn port(self) -> u16 {
        match self {
            Protocol::Ldap => 389,
            Protocol::Smtp => 25,
            Protocol::Imap => 143,
            Protocol::Pop3 => 110,
        }
    }

    /// Speaks it until the server is ready for TLS.
    ///
    /// # Errors
    /// The server refuses, says something else, or nothing in time; one line.
    pub fn start(self, stream: &mut (impl Read + Write)) -> Result<(), String> {
        match self {
            Protocol::Ldap => ldap(stream),
            Protocol::Smtp => {
                answer(stream, "", |l| l.starts_with("220"), smtp_ends)?;
                answer(stream, "EHLO probe.invalid\r\n", |l| l.starts_with("250"), smtp_ends)?;
                answer(stream, "STARTTLS\r\n", |l| l.starts_with("220"), smtp_ends)
            }
            Protocol::Imap => {
                answer(stream, "", |l| l.starts_with("* OK"), |_| true)?;
                answer(stream, "a STARTTLS\r\n", |l| l.starts_with("a OK"), |l| l.starts_with("a "))
            }
            Protocol::Pop3 => {
                answer(stream, "", |l| l.starts_with("+OK"), |_| true)?;
                answer(stream, "STLS\r\n", |l| l.starts_with("+OK"), |_| true)
            }
        }
    }
}

/// An SMTP answer goes on while a `-` stands behind its code.
fn smtp_ends(line: &str) -> bool {
    line.as_bytes().get(3) != Some(&b'-')
}

/// Says something and reads lines until one ends the answer, which has to be the right one.
fn answer(
    stream: &mut (impl Read + Write),
    say: &str,
    right: impl Fn(&str) -> bool,
    ends: impl Fn(&str) -> bool,
) -> Result<(), String> {
    stream.write_all(say.as_bytes()).map_err(|e| e.to_string())?;
    let mut used = 0;
    loop {
        let line = line(stream)?;
        used += line.len();
        if ends(&line) {
            let asked = if say.is_empty() { "greets with" } else { "answers STARTTLS with" };
            return if right(&line) {
                Ok(())
            } else {
                Err(format!("the server {asked} {:?}", plugin::text::head(&line, 80)))
            };
        }
        if used > LONGEST {
            return Err("the server's answer does not end".to_owned());
        }
    }
}

/// One octet at a time: what follows the last line belongs to TLS.
fn line(stream: &mut impl Read) -> Result<String, String> {
    let mut line = Vec::new();
    let mut octet = [0];
    while line.len() < LONGEST {
        match stream.read(&mut octet) {
            Ok(0) => return Err("the server closed the connection instead of answering".to_owned()),
            Ok(_) if octet[0] == b'\n' => return Ok(String::from_utf8_lossy(&line).trim_end().to_owned()),
            Ok(_) => line.push(octet[0]),
            Err(e) => return Err(e.to_string()),
        }
    }
    Err("the server's line does not end".to_owned())
}

/// ExtendedRequest 1.3.6.1.4.1.1466.20037, whose answer has to be a success.
fn ldap(stream: &mut (impl Read + Write)) -> Result<(), String> {
    let mut request = vec![0x30, 0x1d, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80, 0x16];
    request.extend(b"1.3.6.1.4.1.1466.20037");
    stream.write_all(&request).map_err(|e| e.to_string())?;
    let mut message = Vec::new();
    let mut octet = [0];
    loop {
        match crate::trust::der::header(&message).map_err(|e| format!("the server does not speak LDAP: {e}"))? {
            Some(h) if h.length as usize > LONGEST => {
                return Err("the server does not speak LDAP: its answer is too long".to_owned());
            }
            Some(h) if message.len() == h.size + h.length as usize => break,
            _ => {}
        }
        if stream.read(&mut octet).map_err(|e| e.to_string())? == 0 {
            return Err("the server closed the connection instead of answering".to_owned());
        }
        message.push(octet[0]);
    }
    // LDAPMessage { messageID, [APPLICATION 24] { resultCode ENUMERATED, … } }
    let result = || {
        let mut inside = crate::trust::der::Reader::new(&message).sequence().ok()?;
        inside.expect(0x02).ok()?;
        let mut response = crate::trust::der::Reader::new(inside.expect(0x78).ok()?);
        response.expect(0x0a).ok()?.first().copied()
    };
    match result() {
        Some(0) => Ok(()),
        Some(code) => Err(format!("the server refuses STARTTLS with LDAP result {code}")),
        None => Err("the server does not answer STARTTLS as LDAP has it".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    struct Server(Vec<u8>, usize);

    impl Read for Server {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let n = out.len().min(self.0.len() - self.1);
            out[..n].copy_from_slice(&self.0[self.1..self.1 + n]);
            self.1 += n;
            Ok(n)
        }
    }

    impl Write for Server {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn says(protocol: Protocol, text: &[u8]) -> Result<usize, String> {
        let mut server = Server([text, b"TLS"].concat(), 0);
        protocol.start(&mut server).map(|()| server.0.len() - server.1)
    }

    #[test]
    fn nothing_behind_the_answer_is_read() {
        assert_eq!(says(Protocol::Smtp, b"220-hi\r\n220 there\r\n250-a\r\n250 STARTTLS\r\n220 go\r\n"), Ok(3));
        assert_eq!(says(Protocol::Imap, b"* OK hi\r\n* CAPABILITY\r\na OK go\r\n"), Ok(3));
        assert_eq!(says(Protocol::Pop3, b"+OK hi\r\n+OK go\r\n"), Ok(3));
        assert_eq!(says(Protocol::Ldap, &[0x30, 0x0c, 2, 1, 1, 0x78, 7, 10, 1, 0, 4, 0, 4, 0]), Ok(3));
    }

    #[test]
    fn a_refusal_is_told_with_its_words() {
        assert!(
            says(Protocol::Smtp, b"220 hi\r\n250 hi\r\n454 no TLS today\r\n").unwrap_err().contains("454 no TLS today")
        );
        assert!(
            says(Protocol::Ldap, &[0x30, 0x0c, 2, 1, 1, 0x78, 7, 10, 1, 2, 4, 0, 4, 0])
                .unwrap_err()
                .contains("LDAP result 2")
        );
        assert!(says(Protocol::Ldap, b"HTTP/1.1 400 Bad\r\n").is_err());
        assert!(says(Protocol::Pop3, b"").unwrap_err().contains("closed"));
    }
}
