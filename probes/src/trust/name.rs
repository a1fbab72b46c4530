//! Distinguished names: compared and hashed as OpenSSL does it, shown as the grid writes them (`/DC=org/DC=grid/CN=…`).

use super::der::{DerError, Reader, dotted, tag};
use openssl::hash::{MessageDigest, hash};
use std::fmt::Write;

/// A name as it stands in a certificate.
#[derive(Clone, Debug)]
pub struct Name {
    der: Vec<u8>,
    canonical: Vec<u8>,
}

/// Two names are one if their canonical forms are: case and spaces do not count (RFC 5280, 7.1, as OpenSSL reads it).
impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for Name {}

impl std::hash::Hash for Name {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.canonical.hash(state);
    }
}

impl Name {
    /// Of the encoded SEQUENCE with its header.
    ///
    /// # Errors
    /// It is no Name.
    pub fn new(der: &[u8]) -> Result<Name, DerError> {
        let canonical = canonical(Reader::new(der).sequence()?)?;
        Ok(Name { der: der.to_vec(), canonical })
    }

    /// The 8 hexadecimal digits that files are called by since OpenSSL 1.0: SHA-1 of the canonical form.
    pub fn hash(&self) -> String {
        digits(&openssl::sha::sha1(&self.canonical))
    }

    /// Those of before: MD5 of the encoding. The distribution is about to drop them (IGTF 1.140). `None` where OpenSSL has no MD5.
    pub fn old_hash(&self) -> Option<String> {
        hash(MessageDigest::md5(), &self.der).ok().map(|sum| digits(&sum))
    }

    /// As grid software writes it, the way `openssl x509 -nameopt compat` does: `/DC=org/DC=grid/CN=Some CA`.
    pub fn oneline(&self) -> String {
        let mut out = String::new();
        // The encoding was read once without an error.
        let Ok(mut rdns) = Reader::new(&self.der).sequence() else { return out };
        while let Ok(set) = rdns.expect(tag::SET) {
            let mut set = Reader::new(set);
            while let Ok(mut pair) = set.sequence() {
                let (Ok(oid), Ok(value)) = (pair.expect(tag::OID), pair.any()) else { break };
                match short_name(oid) {
                    Some(short) => out.push_str(&format!("/{short}=")),
                    None => out.push_str(&format!("/{}=", dotted(oid))),
                }
                oneline_value(&mut out, value.value);
            }
        }
        out
    }
}

/// The first four octets, the lowest first.
fn digits(sum: &[u8]) -> String {
    sum.iter().take(4).rev().fold(String::with_capacity(8), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

/// What is not printable ASCII as `\xHH`, as OpenSSL's oneline form has it.
fn oneline_value(out: &mut String, value: &[u8]) {
    for &b in value {
        if (b' '..=b'~').contains(&b) {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "\\x{b:02X}");
        }
    }
}

/// The names that OpenSSL writes in the oneline form.
fn short_name(oid: &[u8]) -> Option<&'static str> {
    Some(match oid {
        [0x55, 0x04, 0x03] => "CN",
        [0x55, 0x04, 0x04] => "SN",
        [0x55, 0x04, 0x05] => "serialNumber",
        [0x55, 0x04, 0x06] => "C",
        [0x55, 0x04, 0x07] => "L",
        [0x55, 0x04, 0x08] => "ST",
        [0x55, 0x04, 0x09] => "street",
        [0x55, 0x04, 0x0a] => "O",
        [0x55, 0x04, 0x0b] => "OU",
        [0x55, 0x04, 0x0c] => "title",
        [0x55, 0x04, 0x0d] => "description",
        [0x55, 0x04, 0x11] => "postalCode",
        [0x55, 0x04, 0x2a] => "GN",
        [0x55, 0x04, 0x61] => "organizationIdentifier",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x01] => "UID",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19] => "DC",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01] => "emailAddress",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x02] => "unstructuredName",
        _ => return None,
    })
}

/// OpenSSL's canonical form: the RDNs without the SEQUENCE around them, each SET sorted, string values as UTF8String in lower
/// case (ASCII only), trimmed, with runs of white space as one space; all other values as they are.
fn canonical(mut rdns: Reader<'_>) -> Result<Vec<u8>, DerError> {
    let mut out = Vec::new();
    while !rdns.is_empty() {
        let mut set = Reader::new(rdns.expect(tag::SET)?);
        let mut pairs = Vec::new();
        while !set.is_empty() {
            let mut pair = set.sequence()?;
            let oid = pair.any()?;
            if oid.tag != tag::OID {
                return Err(DerError("an attribute of a name has no type".to_owned()));
            }
            let value = pair.any()?;
            let mut inner = oid.whole.to_vec();
            match text_of(value.tag, value.value) {
                Some(text) => inner.extend(encoded(0x0c, folded(&text).as_bytes())),
                None => inner.extend(value.whole),
            }
            pairs.push(encoded(tag::SEQUENCE, &inner));
        }
        pairs.sort_unstable();
        out.extend(encoded(tag::SET, &pairs.concat()));
    }
    Ok(out)
}

/// The text of a string type, or nothing for another type or one whose octets are no such text.
fn text_of(string_tag: u8, value: &[u8]) -> Option<String> {
    let wide = |size: usize| {
        let chars =
            value.chunks(size).map(|c| (c.len() == size).then(|| c.iter().fold(0_u32, |n, &b| n << 8 | u32::from(b))));
        chars.map(|c| c.and_then(char::from_u32)).collect::<Option<String>>()
    };
    match string_tag {
        // UTF8String
        0x0c => std::str::from_utf8(value).ok().map(str::to_owned),
        // PrintableString, TeletexString (read as Latin-1), IA5String, VisibleString
        0x13 | 0x14 | 0x16 | 0x1a => Some(value.iter().map(|&b| char::from(b)).collect()),
        // UniversalString, BMPString
        0x1c => wide(4),
        0x1e => wide(2),
        _ => None,
    }
}

fn folded(text: &str) -> String {
    let space = |c: char| matches!(c, ' ' | '\t' | '\n' | '\u{b}' | '\u{c}' | '\r');
    let words = text.split(space).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").to_ascii_lowercase()
}

fn encoded(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        n @ 0..0x80 => out.push(n as u8),
        n => {
            let octets: Vec<u8> = n.to_be_bytes().into_iter().skip_while(|&b| b == 0).collect();
            out.push(0x80 | octets.len() as u8);
            out.extend(octets);
        }
    }
    out.extend(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use openssl::x509::X509NameBuilder;
    use proptest::prelude::*;

    fn built(pairs: &[(&str, &str)]) -> openssl::x509::X509Name {
        let mut builder = X509NameBuilder::new().unwrap();
        for (field, value) in pairs {
            builder.append_entry_by_text(field, value).unwrap();
        }
        builder.build()
    }

    #[test]
    fn case_and_spaces_do_not_count() {
        let name = |cn: &str| Name::new(&built(&[("DC", "org"), ("O", "Grid"), ("CN", cn)]).to_der().unwrap()).unwrap();
        assert_eq!(name("Some  CA "), name("some ca"));
        assert_ne!(name("Some CA"), name("SomeCA"));
        assert_eq!(name("Äh").oneline(), "/DC=org/O=Grid/CN=\\xC3\\x84h");
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            if let Ok(name) = Name::new(&bytes) {
                let _ = (name.hash(), name.old_hash(), name.oneline());
            }
        }

        #[test]
        fn names_are_compared_as_openssl_compares_them(a in "[a-cA-C é]{1,6}", b in "[a-cA-C é]{1,6}") {
            let (ours, theirs) = (built(&[("CN", &a)]), built(&[("CN", &b)]));
            let same = ours.try_cmp(&theirs).unwrap() == std::cmp::Ordering::Equal;
            let (x, y) = (Name::new(&ours.to_der().unwrap()).unwrap(), Name::new(&theirs.to_der().unwrap()).unwrap());
            prop_assert_eq!(x == y, same);
        }
    }
}
