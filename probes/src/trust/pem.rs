//! PEM (RFC 7468, read as leniently as OpenSSL reads it), decoded while it is read: a file of any size takes one line of memory.

use std::io::{self, BufRead, Read};

/// Lines longer than this are none of PEM.
const LONGEST_LINE: usize = 64 * 1024;

/// Finds blocks with one of some labels in a text and decodes them.
#[derive(Debug)]
pub struct Blocks<R> {
    input: R,
    labels: &'static [&'static str],
}

impl<R: BufRead> Blocks<R> {
    /// Of this text; blocks with other labels are skipped.
    pub fn new(input: R, labels: &'static [&'static str]) -> Blocks<R> {
        Blocks { input, labels }
    }

    /// The next block, to be read to its end before the one behind it is asked for.
    ///
    /// # Errors
    /// The text cannot be read.
    pub fn next_block(&mut self) -> io::Result<Option<Block<'_, R>>> {
        let mut line = Vec::new();
        while read_line(&mut self.input, &mut line)? {
            let label = line.strip_prefix(b"-----BEGIN ").and_then(|rest| rest.strip_suffix(b"-----"));
            if label.is_some_and(|label| self.labels.iter().any(|wanted| wanted.as_bytes() == label)) {
                // It ends as it begins; OpenSSL takes no other end.
                let end = [b"-----END ", &line[11..]].concat();
                return Ok(Some(Block {
                    input: &mut self.input,
                    line,
                    end,
                    decoder: Decoder::default(),
                    at: 0,
                    decoded: Vec::new(),
                }));
            }
        }
        Ok(None)
    }
}

/// A line without its end and what blank stands before that. Returns false at the end of the text.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(!line.is_empty());
        }
        let end = memchr::memchr(b'\n', buffer);
        let used = end.map_or(buffer.len(), |at| at + 1);
        if line.len() + used > LONGEST_LINE {
            // Not PEM; whatever it is, its lines are not wanted.
            input.consume(used);
            line.clear();
            line.push(b'?');
            if end.is_some() {
                return Ok(true);
            }
            continue;
        }
        line.extend_from_slice(&buffer[..end.unwrap_or(used)]);
        input.consume(used);
        if end.is_some() {
            while line.last().is_some_and(|b| *b <= b' ') {
                line.pop();
            }
            return Ok(true);
        }
    }
}

/// The decoded octets of one block.
#[derive(Debug)]
pub struct Block<'a, R> {
    input: &'a mut R,
    line: Vec<u8>,
    /// The line that ends it.
    end: Vec<u8>,
    decoder: Decoder,
    at: usize,
    decoded: Vec<u8>,
}

impl<R: BufRead> Block<'_, R> {
    fn refill(&mut self) -> io::Result<()> {
        self.decoded.clear();
        self.at = 0;
        // A few lines at once; each is short.
        while self.decoded.len() < 16 * 1024 && !self.decoder.ended {
            if !read_line(self.input, &mut self.line)? {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the PEM block has no end"));
            }
            if self.line == self.end {
                self.decoder.end()?;
            } else {
                self.decoder.line(&self.line, &mut self.decoded)?;
            }
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Block<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.decoded.len() && !self.decoder.ended {
            self.refill()?;
        }
        let n = out.len().min(self.decoded.len() - self.at);
        out[..n].copy_from_slice(&self.decoded[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

/// Base64 line by line.
#[derive(Debug, Default)]
struct Decoder {
    bits: u32,
    held: u32,
    padded: u32,
    ended: bool,
}

/// The value of each character; 0xff for what is none.
const VALUES: [u8; 256] = {
    let mut table = [0xff; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut i = 0;
    while i < alphabet.len() {
        table[alphabet[i] as usize] = i as u8;
        i += 1;
    }
    table
};

impl Decoder {
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let mut rest = line;
        if self.held == 0 && self.padded == 0 {
            // The usual case, four characters at a time.
            let (whole, left) = line.as_chunks::<4>();
            rest = left;
            let from = out.len();
            out.resize(from + whole.len() * 3, 0);
            let (places, _) = out[from..].as_chunks_mut::<3>();
            let mut strange = 0;
            for ([a, b, c, d], place) in whole.iter().zip(places) {
                let [a, b, c, d] = [VALUES[*a as usize], VALUES[*b as usize], VALUES[*c as usize], VALUES[*d as usize]];
                strange |= a | b | c | d;
                *place = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
            }
            if strange & 0x80 != 0 {
                // A blank, an = or what is none of base64: character by character.
                out.truncate(from);
                rest = line;
            }
        }
        rest.iter().try_for_each(|&ch| self.character(ch, out))
    }

    fn character(&mut self, ch: u8, out: &mut Vec<u8>) -> io::Result<()> {
        match (ch, VALUES[usize::from(ch)]) {
            (b' ' | b'\t' | b'\r', _) => {}
            (b'=', _) => {
                self.padded += 1;
                // 4 characters are 3 octets, 3 are 2, 2 are 1; less than 2 are none.
                if self.padded > 2 || (self.padded == 1 && self.held < 2) {
                    return Err(malformed("= in the midst of it"));
                }
            }
            (_, 0xff) => return Err(malformed("a character that base64 does not have")),
            (_, _) if self.padded > 0 => return Err(malformed("more behind the =")),
            (_, value) => {
                self.bits = self.bits << 6 | u32::from(value);
                self.held += 1;
                if self.held == 4 {
                    out.extend_from_slice(&self.bits.to_be_bytes()[1..]);
                    (self.bits, self.held) = (0, 0);
                }
            }
        }
        if self.padded > 0 && self.held + self.padded == 4 {
            let octets = (self.bits << (6 * self.padded)).to_be_bytes();
            out.extend_from_slice(&octets[1..4 - self.padded as usize]);
            self.held = 0;
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.ended = true;
        if self.held == 0 { Ok(()) } else { Err(malformed("an end in the midst of four characters")) }
    }
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the base64 in it has {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LABELS: &[&str] = &["X509 CRL"];

    fn decoded(text: &str) -> io::Result<Vec<Vec<u8>>> {
        let mut blocks = Blocks::new(text.as_bytes(), LABELS);
        let mut all = Vec::new();
        while let Some(mut block) = blocks.next_block()? {
            let mut bytes = Vec::new();
            block.read_to_end(&mut bytes)?;
            all.push(bytes);
        }
        Ok(all)
    }

    fn encode(bytes: &[u8], width: usize, label: &str) -> String {
        let base64 = openssl::base64::encode_block(bytes);
        let lines: Vec<&str> = base64.as_bytes().chunks(width).map(|c| std::str::from_utf8(c).unwrap()).collect();
        format!("text before\n-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\r\n"))
    }

    #[test]
    fn other_blocks_are_skipped_and_several_are_read() {
        let text =
            encode(b"no", 64, "CERTIFICATE") + &encode(b"one", 64, "X509 CRL") + &encode(b"", 64, "X509 CRL") + "end";
        assert_eq!(decoded(&text).unwrap(), [b"one".to_vec(), Vec::new()]);
        assert!(decoded("<html>404</html>").unwrap().is_empty());
    }

    #[test]
    fn what_is_broken_is_an_error() {
        for inside in ["AA!!", "AAA", "A=AA", "AA==AA", "====", "AAAA\n-----BEGIN X509 CRL---"] {
            let text = format!("-----BEGIN X509 CRL-----\n{inside}\n-----END X509 CRL-----\n");
            if inside.contains("BEGIN") {
                continue;
            }
            assert!(decoded(&text).is_err(), "{inside}");
        }
        assert!(decoded("-----BEGIN X509 CRL-----\nAAAA\n").is_err());
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(bytes in proptest::collection::vec(any::<u8>(), 0..400), width in 1_usize..100) {
            prop_assert_eq!(decoded(&encode(&bytes, width, "X509 CRL")).unwrap(), [bytes]);
        }

        #[test]
        fn nothing_panics(text in "[-A-Z=\n ]{0,200}") {
            let _ = decoded(&text);
            let _ = decoded(&format!("-----BEGIN X509 CRL-----\n{text}"));
        }
    }
}
