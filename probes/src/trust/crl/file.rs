//! The lists in a file: one or several in PEM, or one in DER.

use super::{Crl, CrlError, read};
use crate::trust::pem::Blocks;
use std::io::{BufRead, Read};

/// How a list is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Encoding {
    /// In text, as OpenSSL's folders of certificates have it.
    Pem,
    /// In octets, as authorities publish it.
    Der,
}

/// What a file holds.
#[derive(Debug)]
pub enum Found {
    /// Lists, up to the first that cannot be read; that is the last one.
    Lists(Encoding, Vec<Result<Crl, CrlError>>),
    /// Nothing at all.
    Empty,
    /// No list, but this: "HTML", "a certificate", …
    Other(&'static str),
}

/// Reads a file's lists.
///
/// # Errors
/// It cannot be read.
pub fn read_file(mut input: impl BufRead, wanted: &[Vec<u8>]) -> std::io::Result<Found> {
    let head = input.fill_buf()?;
    match head.first() {
        None => return Ok(Found::Empty),
        Some(0x30) if !head.starts_with(b"0\n") => {
            let list = read(&mut input, wanted);
            return Ok(Found::Lists(Encoding::Der, vec![list]));
        }
        Some(_) => {}
    }
    let other = what_else(head);
    let mut lists = Vec::new();
    let mut blocks = Blocks::new(input, &["X509 CRL"]);
    while let Some(mut block) = blocks.next_block()? {
        let list = read(&mut block, wanted);
        // What stands behind a list's end must be decoded as well, as OpenSSL does before it looks at anything.
        let rest = list.and_then(|list| match std::io::copy(&mut block.by_ref(), &mut std::io::sink()) {
            Ok(_) => Ok(list),
            Err(e) => Err(CrlError::from(e)),
        });
        let broken = rest.is_err();
        lists.push(rest);
        if broken {
            break;
        }
    }
    Ok(if lists.is_empty() { Found::Other(other) } else { Found::Lists(Encoding::Pem, lists) })
}

/// What a file that is no list seems to be.
fn what_else(head: &[u8]) -> &'static str {
    let text = String::from_utf8_lossy(&head[..head.len().min(1024)]).to_ascii_lowercase();
    if text.contains("<html") || text.contains("<!doctype") {
        "an HTML page"
    } else if text.contains("-----begin certificate") || text.contains("-----begin x509 certificate") {
        "a certificate"
    } else if text.contains("-----begin") {
        "PEM of another kind"
    } else if text.trim().is_empty() {
        "blank"
    } else {
        "neither PEM nor DER"
    }
}
