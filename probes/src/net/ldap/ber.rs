//! The part of BER (X.690) that LDAP uses: definite lengths, one-byte tags (RFC 4511, 5.1).
//!
//! Reading borrows: a value is a slice of the message that it came in. Writing goes backwards into no buffer of its own; a
//! constructed value is written into a vector and then wrapped, for requests are short.

/// BOOLEAN
pub const BOOLEAN: u8 = 0x01;
/// INTEGER
pub const INTEGER: u8 = 0x02;
/// OCTET STRING
pub const OCTET_STRING: u8 = 0x04;
/// ENUMERATED
pub const ENUMERATED: u8 = 0x0a;
/// SEQUENCE, constructed
pub const SEQUENCE: u8 = 0x30;

/// What came in is no BER as LDAP writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// The header of a value: its tag, how many bytes the header takes, how many follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The tag's one byte.
    pub tag: u8,
    /// Bytes of tag and length.
    pub header: usize,
    /// Bytes of the content.
    pub content: usize,
}

/// Reads a header; `None` when the bytes end before it does.
///
/// Lengths of more than eight bytes and the indefinite form are malformed: RFC 4511 does not allow the latter.
#[inline]
pub fn header(bytes: &[u8]) -> Result<Option<Header>, Malformed> {
    let (Some(&tag), Some(&first)) = (bytes.first(), bytes.get(1)) else { return Ok(None) };
    if tag & 0x1f == 0x1f {
        return Err(Malformed);
    }
    if first < 0x80 {
        return Ok(Some(Header { tag, header: 2, content: usize::from(first) }));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 8 {
        return Err(Malformed);
    }
    let Some(digits) = bytes.get(2..2 + count) else { return Ok(None) };
    let mut content: u64 = 0;
    for digit in digits {
        content = content << 8 | u64::from(*digit);
    }
    let content = usize::try_from(content).map_err(|_| Malformed)?;
    // A length that could overflow what is added to it is none that anybody sends.
    if content > usize::MAX / 4 {
        return Err(Malformed);
    }
    Ok(Some(Header { tag, header: 2 + count, content }))
}

/// Values one after the other.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Over the content of a constructed value.
    #[inline]
    pub fn new(content: &'a [u8]) -> Reader<'a> {
        Reader { rest: content }
    }

    /// Whether nothing is left.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next value, whatever its tag.
    #[inline]
    pub fn value(&mut self) -> Result<(u8, &'a [u8]), Malformed> {
        let header = header(self.rest)?.ok_or(Malformed)?;
        let end = header.header + header.content;
        let content = self.rest.get(header.header..end).ok_or(Malformed)?;
        self.rest = &self.rest[end..];
        Ok((header.tag, content))
    }

    /// The next value, which must have this tag.
    #[inline]
    pub fn expect(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        let (found, content) = self.value()?;
        if found == tag { Ok(content) } else { Err(Malformed) }
    }

    /// The next value, an INTEGER or ENUMERATED that fits 64 bits.
    pub fn integer(&mut self, tag: u8) -> Result<i64, Malformed> {
        let content = self.expect(tag)?;
        if content.is_empty() || content.len() > 8 {
            return Err(Malformed);
        }
        let mut value: i64 = if content[0] & 0x80 == 0 { 0 } else { -1 };
        for digit in content {
            value = value << 8 | i64::from(*digit);
        }
        Ok(value)
    }
}

/// Appends a value.
pub fn write(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    let len = content.len();
    if len < 0x80 {
        out.push(len as u8);
    } else {
        let digits = len.to_be_bytes();
        let skip = digits.iter().take_while(|digit| **digit == 0).count();
        out.push(0x80 | (digits.len() - skip) as u8);
        out.extend_from_slice(&digits[skip..]);
    }
    out.extend_from_slice(content);
}

/// Appends an INTEGER or ENUMERATED, in as few bytes as it needs.
pub fn write_integer(out: &mut Vec<u8>, tag: u8, value: i64) {
    let digits = value.to_be_bytes();
    let mut skip = 0;
    while skip < 7
        && ((digits[skip] == 0 && digits[skip + 1] & 0x80 == 0)
            || (digits[skip] == 0xff && digits[skip + 1] & 0x80 != 0))
    {
        skip += 1;
    }
    write(out, tag, &digits[skip..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_come_back_as_they_were_written() {
        for value in [0, 1, -1, 127, 128, 255, 256, -128, -129, 65_535, i64::MAX, i64::MIN, 2_146_660_842] {
            let mut out = Vec::new();
            write_integer(&mut out, INTEGER, value);
            assert_eq!(Reader::new(&out).integer(INTEGER), Ok(value), "{value}");
        }
    }

    #[test]
    fn lengths_of_every_form_come_back_as_they_were_written() {
        for len in [0, 1, 127, 128, 255, 256, 65_536] {
            let mut out = Vec::new();
            write(&mut out, OCTET_STRING, &vec![7; len]);
            let mut reader = Reader::new(&out);
            assert_eq!(reader.expect(OCTET_STRING).map(<[u8]>::len), Ok(len));
            assert!(reader.is_empty());
        }
    }

    #[test]
    fn an_indefinite_or_absurd_length_is_malformed_and_a_short_one_waits() {
        assert_eq!(header(&[SEQUENCE, 0x80]), Err(Malformed));
        assert_eq!(header(&[SEQUENCE, 0x88, 255, 255, 255, 255, 255, 255, 255, 255]), Err(Malformed));
        assert_eq!(header(&[SEQUENCE, 0x84, 0, 0]), Ok(None));
        assert_eq!(header(&[SEQUENCE]), Ok(None));
        assert_eq!(Reader::new(&[OCTET_STRING, 5, 1, 2]).value(), Err(Malformed));
    }
}
