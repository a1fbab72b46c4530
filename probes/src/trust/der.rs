//! Distinguished encoding rules (X.690), as far as certificates and revocation lists need them: borrowed, and strict about what
//! could be read in two ways. x509-parser reads certificates; this reads what it would need too much memory for (crl/mod.rs)
//! and names and extensions beside it.

use std::fmt;

/// Tags that occur here.
pub mod tag {
    /// BOOLEAN
    pub const BOOLEAN: u8 = 0x01;
    /// INTEGER
    pub const INTEGER: u8 = 0x02;
    /// BIT STRING
    pub const BIT_STRING: u8 = 0x03;
    /// OCTET STRING
    pub const OCTET_STRING: u8 = 0x04;
    /// OBJECT IDENTIFIER
    pub const OID: u8 = 0x06;
    /// UTCTime
    pub const UTC_TIME: u8 = 0x17;
    /// GeneralizedTime
    pub const GENERALIZED_TIME: u8 = 0x18;
    /// SEQUENCE
    pub const SEQUENCE: u8 = 0x30;
    /// SET
    pub const SET: u8 = 0x31;
}

/// Why bytes are not what they should be, in a few words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DerError(pub String);

impl fmt::Display for DerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DerError {}

fn wrong(what: impl Into<String>) -> DerError {
    DerError(what.into())
}

/// A tag and a length.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Header {
    /// Class, form and number in one octet.
    pub tag: u8,
    /// Octets of tag and length.
    pub size: usize,
    /// Octets of content.
    pub length: u64,
}

/// Reads a header; `None` when more octets are needed for it.
///
/// # Errors
/// It is none that DER allows here: a tag of several octets, an indefinite length, or one of more than 4 octets.
pub fn header(bytes: &[u8]) -> Result<Option<Header>, DerError> {
    let [tag, first, rest @ ..] = bytes else {
        return Ok(None);
    };
    if tag & 0x1f == 0x1f {
        return Err(wrong(format!("a tag of several octets ({tag:#04x})")));
    }
    if *first < 0x80 {
        return Ok(Some(Header { tag: *tag, size: 2, length: u64::from(*first) }));
    }
    let octets = usize::from(first & 0x7f);
    if octets == 0 {
        return Err(wrong("an indefinite length, which DER does not have"));
    }
    if octets > 4 {
        return Err(wrong(format!("a length of {octets} octets")));
    }
    let Some(length) = rest.get(..octets) else {
        return Ok(None);
    };
    let length = length.iter().fold(0, |n, &b| n << 8 | u64::from(b));
    Ok(Some(Header { tag: *tag, size: 2 + octets, length }))
}

/// One value with its tag.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tlv<'a> {
    /// See [`Header::tag`].
    pub tag: u8,
    /// The content.
    pub value: &'a [u8],
    /// Header and content.
    pub whole: &'a [u8],
}

/// Reads values one behind another.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Of these octets.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader(bytes)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tag of the next value.
    pub fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next value.
    ///
    /// # Errors
    /// There is none, or it is cut off.
    pub fn any(&mut self) -> Result<Tlv<'a>, DerError> {
        let h = header(self.0)?.ok_or_else(|| wrong("it ends early"))?;
        let end = usize::try_from(h.length).ok().and_then(|n| n.checked_add(h.size)).filter(|&end| end <= self.0.len());
        let end = end.ok_or_else(|| wrong("it ends early"))?;
        let (whole, rest) = self.0.split_at(end);
        self.0 = rest;
        Ok(Tlv { tag: h.tag, value: &whole[h.size..], whole })
    }

    /// The content of the next value, which must have this tag.
    ///
    /// # Errors
    /// As [`Reader::any`], or another tag.
    pub fn expect(&mut self, tag: u8) -> Result<&'a [u8], DerError> {
        let tlv = self.any()?;
        if tlv.tag == tag {
            Ok(tlv.value)
        } else {
            Err(wrong(format!("tag {:#04x} where {tag:#04x} belongs", tlv.tag)))
        }
    }

    /// The content of the next value if it has this tag.
    ///
    /// # Errors
    /// It has, and is cut off.
    pub fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, DerError> {
        if self.peek() == Some(tag) { self.expect(tag).map(Some) } else { Ok(None) }
    }

    /// Inside of the next value, which must be a SEQUENCE.
    ///
    /// # Errors
    /// As [`Reader::expect`].
    pub fn sequence(&mut self) -> Result<Reader<'a>, DerError> {
        self.expect(tag::SEQUENCE).map(Reader)
    }
}

/// An object identifier in its dotted form, for messages.
pub fn dotted(oid: &[u8]) -> String {
    let mut parts: Vec<u64> = Vec::new();
    let mut part: u64 = 0;
    for &b in oid {
        part = part.wrapping_shl(7) | u64::from(b & 0x7f);
        if b & 0x80 == 0 {
            if parts.is_empty() {
                let first = (part / 40).min(2);
                parts.push(first);
                part -= first * 40;
            }
            parts.push(part);
            part = 0;
        }
    }
    parts.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

/// A BOOLEAN's content.
pub fn boolean(value: &[u8]) -> bool {
    value.iter().any(|&b| b != 0)
}

/// An extension (RFC 5280, 4.1).
#[derive(Clone, Copy, Debug)]
pub struct Extension<'a> {
    /// Its object identifier, encoded.
    pub oid: &'a [u8],
    /// Whether whoever does not know it must refuse.
    pub critical: bool,
    /// What is inside of its OCTET STRING.
    pub value: &'a [u8],
}

/// The extensions in a SEQUENCE's content.
///
/// # Errors
/// One is malformed.
pub fn extensions(content: &[u8]) -> Result<Vec<Extension<'_>>, DerError> {
    let mut reader = Reader::new(content);
    let mut found = Vec::new();
    while !reader.is_empty() {
        let mut one = reader.sequence()?;
        let oid = one.expect(tag::OID)?;
        let critical = one.optional(tag::BOOLEAN)?.is_some_and(boolean);
        let value = one.expect(tag::OCTET_STRING)?;
        found.push(Extension { oid, critical, value });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_of_all_forms_are_read() {
        let read = |bytes: &[u8]| header(bytes).map(|h| h.map(|h| (h.size, h.length)));
        assert_eq!(read(&[0x30, 0x05]), Ok(Some((2, 5))));
        assert_eq!(read(&[0x30, 0x82, 0x01, 0x00]), Ok(Some((4, 256))));
        assert_eq!(read(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), Ok(Some((6, 0xffff_ffff))));
        assert_eq!(read(&[0x30, 0x82, 0x01]), Ok(None));
        for refused in [&[0x30, 0x80][..], &[0x30, 0x85, 1, 1, 1, 1, 1], &[0x1f, 0x81, 0x01]] {
            assert!(read(refused).is_err());
        }
    }

    #[test]
    fn object_identifiers_are_shown_dotted() {
        assert_eq!(dotted(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b]), "1.2.840.113549.1.1.11");
        assert_eq!(dotted(&[0x55, 0x1d, 0x14]), "2.5.29.20");
        assert_eq!(dotted(&[0x88, 0x37, 0x03]), "2.999.3");
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut reader = Reader::new(&bytes);
            while reader.any().is_ok() {}
            let _ = extensions(&bytes);
            let _ = dotted(&bytes);
        }
    }
}
