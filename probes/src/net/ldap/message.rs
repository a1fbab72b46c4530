//! Messages of LDAP version 3 (RFC 4511) and the control for paged results (RFC 2696): requests written, answers read.
use super::ber::{self, BOOLEAN, ENUMERATED, INTEGER, Malformed, OCTET_STRING, Reader, SEQUENCE};

const BIND_REQUEST: u8 = 0x60;
const BIND_RESPONSE: u8 = 0x61;
const UNBIND_REQUEST: u8 = 0x42;
const SEARCH_REQUEST: u8 = 0x63;
const SEARCH_ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;
const SEARCH_REFERENCE: u8 = 0x73;
const EXTENDED_RESPONSE: u8 = 0x78;
const INTERMEDIATE_RESPONSE: u8 = 0x79;
const CONTROLS: u8 = 0xa0;
const REFERRAL: u8 = 0xa3;
const SET: u8 = 0x31;
const PAGED_RESULTS: &[u8] = b"1.2.840.113556.1.4.319";

/// How deep a search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The base entry alone.
    Base = 0,
    /// Its children.
    One = 1,
    /// All below it, and itself.
    Subtree = 2,
}

/// What a search asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// `(attribute=*)`
    Present(String),
    /// `(attribute=value)`
    Equal(String, String),
}

impl Filter {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Filter::Present(attribute) => ber::write(out, 0x87, attribute.as_bytes()),
            Filter::Equal(attribute, value) => {
                let mut pair = Vec::new();
                ber::write(&mut pair, OCTET_STRING, attribute.as_bytes());
                ber::write(&mut pair, OCTET_STRING, value.as_bytes());
                ber::write(out, 0xa3, &pair);
            }
        }
    }
}

/// A resultCode and the names of those that a BDII gives (RFC 4511, 4.1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResultCode(pub i64);

impl ResultCode {
    /// success
    pub const SUCCESS: ResultCode = ResultCode(0);
    /// timeLimitExceeded: what came before it is a part.
    pub const TIME_LIMIT: ResultCode = ResultCode(3);
    /// sizeLimitExceeded: what came before it is a part.
    pub const SIZE_LIMIT: ResultCode = ResultCode(4);
    /// referral
    pub const REFERRAL: ResultCode = ResultCode(10);
    /// adminLimitExceeded: what came before it is a part.
    pub const ADMIN_LIMIT: ResultCode = ResultCode(11);
    /// noSuchObject, with the part of the DN that is there
    pub const NO_SUCH_OBJECT: ResultCode = ResultCode(32);

    /// Whether the server stopped at a limit and the entries before it are a part of the answer.
    pub fn is_limit(self) -> bool {
        matches!(self, ResultCode::TIME_LIMIT | ResultCode::SIZE_LIMIT | ResultCode::ADMIN_LIMIT)
    }

    /// The code's name in RFC 4511, or empty.
    pub fn name(self) -> &'static str {
        match self.0 {
            0 => "success",
            1 => "operationsError",
            2 => "protocolError",
            3 => "timeLimitExceeded",
            4 => "sizeLimitExceeded",
            8 => "strongerAuthRequired",
            10 => "referral",
            11 => "adminLimitExceeded",
            12 => "unavailableCriticalExtension",
            13 => "confidentialityRequired",
            32 => "noSuchObject",
            34 => "invalidDNSyntax",
            48 => "inappropriateAuthentication",
            49 => "invalidCredentials",
            50 => "insufficientAccessRights",
            51 => "busy",
            52 => "unavailable",
            53 => "unwillingToPerform",
            80 => "other",
            _ => "",
        }
    }
}

impl std::fmt::Display for ResultCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name() {
            "" => write!(f, "result code {}", self.0),
            name => write!(f, "{name} ({})", self.0),
        }
    }
}

/// How an operation ended.
#[derive(Debug, Clone, Copy)]
pub struct Outcome<'a> {
    /// resultCode
    pub code: ResultCode,
    /// matchedDN
    pub matched: &'a [u8],
    /// diagnosticMessage
    pub diagnostic: &'a [u8],
    /// The first URI of a referral, where there is one.
    pub referral: Option<&'a [u8]>,
}

/// An entry as it came in: nothing of it is copied or decoded.
#[derive(Debug, Clone, Copy)]
pub struct RawEntry<'a> {
    /// objectName
    pub dn: &'a [u8],
    attributes: &'a [u8],
}

impl<'a> RawEntry<'a> {
    /// The attributes in the order of the answer.
    #[inline]
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes { rest: Reader::new(self.attributes) }
    }

    /// The bytes that all values lie in.
    pub fn bytes(&self) -> &'a [u8] {
        self.attributes
    }

    /// An entry out of its name and the content of its attribute list, for tests and fuzzing.
    pub fn from_parts(dn: &'a [u8], attributes: &'a [u8]) -> RawEntry<'a> {
        RawEntry { dn, attributes }
    }
}

/// An entry's attributes: a name and its values each.
#[derive(Debug, Clone, Copy)]
pub struct Attributes<'a> {
    rest: Reader<'a>,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<(&'a [u8], Values<'a>), Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let mut read = || {
            let mut attribute = Reader::new(self.rest.expect(SEQUENCE)?);
            let name = attribute.expect(OCTET_STRING)?;
            Ok((name, Values { rest: Reader::new(attribute.expect(SET)?) }))
        };
        let item = read();
        if item.is_err() {
            self.rest = Reader::new(&[]);
        }
        Some(item)
    }
}

/// The values of one attribute.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    rest: Reader<'a>,
}

impl<'a> Iterator for Values<'a> {
    type Item = Result<&'a [u8], Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let value = self.rest.expect(OCTET_STRING);
        if value.is_err() {
            self.rest = Reader::new(&[]);
        }
        Some(value)
    }
}

/// An answer of the server.
#[derive(Debug, Clone, Copy)]
pub enum Answer<'a> {
    /// To a bind.
    Bound(Outcome<'a>),
    /// One entry of a search.
    Entry(RawEntry<'a>),
    /// A search goes on elsewhere: the first URI.
    Reference(&'a [u8]),
    /// The end of a search or of a page, with the cookie for the next page.
    Done(Outcome<'a>, Option<&'a [u8]>),
    /// The server goes away (RFC 4511, 4.4.1) or says something that was not asked for.
    Unsolicited(Outcome<'a>),
    /// An intermediate response: nothing that is asked here yields one.
    Other,
}

/// Reads a whole message: its id and what it says.
#[inline]
pub fn read(message: &[u8]) -> Result<(i64, Answer<'_>), Malformed> {
    let mut parts = Reader::new(Reader::new(message).expect(SEQUENCE)?);
    let id = parts.integer(INTEGER)?;
    let (tag, content) = parts.value()?;
    let answer = match tag {
        SEARCH_ENTRY => {
            let mut entry = Reader::new(content);
            Answer::Entry(RawEntry { dn: entry.expect(OCTET_STRING)?, attributes: entry.expect(SEQUENCE)? })
        }
        SEARCH_DONE => Answer::Done(outcome(content)?, if parts.is_empty() { None } else { cookie(&mut parts)? }),
        SEARCH_REFERENCE => Answer::Reference(Reader::new(content).expect(OCTET_STRING)?),
        BIND_RESPONSE => Answer::Bound(outcome(content)?),
        EXTENDED_RESPONSE => Answer::Unsolicited(outcome(content)?),
        INTERMEDIATE_RESPONSE => Answer::Other,
        _ => return Err(Malformed),
    };
    Ok((id, answer))
}

fn outcome(content: &[u8]) -> Result<Outcome<'_>, Malformed> {
    let mut parts = Reader::new(content);
    let code = ResultCode(parts.integer(ENUMERATED)?);
    let matched = parts.expect(OCTET_STRING)?;
    let diagnostic = parts.expect(OCTET_STRING)?;
    let mut referral = None;
    if !parts.is_empty() {
        let (tag, uris) = parts.value()?;
        if tag == REFERRAL {
            referral = Some(Reader::new(uris).expect(OCTET_STRING)?);
        }
    }
    Ok(Outcome { code, matched, diagnostic, referral })
}

fn cookie<'a>(parts: &mut Reader<'a>) -> Result<Option<&'a [u8]>, Malformed> {
    let (tag, content) = parts.value()?;
    if tag != CONTROLS {
        return Ok(None);
    }
    let mut controls = Reader::new(content);
    while !controls.is_empty() {
        let mut control = Reader::new(controls.expect(SEQUENCE)?);
        if control.expect(OCTET_STRING)? != PAGED_RESULTS {
            continue;
        }
        let (mut tag, mut value) = control.value()?;
        if tag == BOOLEAN {
            (tag, value) = control.value()?;
        }
        if tag != OCTET_STRING {
            return Err(Malformed);
        }
        let mut page = Reader::new(Reader::new(value).expect(SEQUENCE)?);
        page.integer(INTEGER)?;
        let cookie = page.expect(OCTET_STRING)?;
        return Ok(Some(cookie).filter(|cookie| !cookie.is_empty()));
    }
    Ok(None)
}

/// An anonymous bind.
pub fn bind(id: i32) -> Vec<u8> {
    let mut body = Vec::new();
    ber::write_integer(&mut body, INTEGER, 3);
    ber::write(&mut body, OCTET_STRING, b"");
    ber::write(&mut body, 0x80, b"");
    wrap(id, BIND_REQUEST, &body, None)
}

/// The good-bye.
pub fn unbind(id: i32) -> Vec<u8> {
    wrap(id, UNBIND_REQUEST, &[], None)
}

/// What a search request carries.
#[derive(Debug, Clone, Copy)]
pub struct SearchRequest<'a> {
    /// baseObject
    pub base: &'a str,
    /// scope
    pub scope: Scope,
    /// filter
    pub filter: &'a Filter,
    /// Names of attributes; none: all that are not operational.
    pub attributes: &'a [&'a str],
    /// Seconds that the server may take; 0: as many as it likes.
    pub time_limit: i32,
    /// Entries a page; 0: without pages.
    pub page: i32,
    /// Where the last page ended.
    pub cookie: &'a [u8],
}

/// A search, never following aliases.
pub fn search(id: i32, request: &SearchRequest<'_>) -> Vec<u8> {
    let mut body = Vec::new();
    ber::write(&mut body, OCTET_STRING, request.base.as_bytes());
    ber::write_integer(&mut body, ENUMERATED, request.scope as i64);
    ber::write_integer(&mut body, ENUMERATED, 0);
    ber::write_integer(&mut body, INTEGER, 0);
    ber::write_integer(&mut body, INTEGER, i64::from(request.time_limit));
    ber::write(&mut body, BOOLEAN, &[0]);
    request.filter.write(&mut body);
    let mut names = Vec::new();
    for name in request.attributes {
        ber::write(&mut names, OCTET_STRING, name.as_bytes());
    }
    ber::write(&mut body, SEQUENCE, &names);
    if request.page == 0 {
        return wrap(id, SEARCH_REQUEST, &body, None);
    }
    let mut page = Vec::new();
    ber::write_integer(&mut page, INTEGER, i64::from(request.page));
    ber::write(&mut page, OCTET_STRING, request.cookie);
    let mut value = Vec::new();
    ber::write(&mut value, SEQUENCE, &page);
    let mut control = Vec::new();
    ber::write(&mut control, OCTET_STRING, PAGED_RESULTS);
    ber::write(&mut control, OCTET_STRING, &value);
    let mut controls = Vec::new();
    ber::write(&mut controls, SEQUENCE, &control);
    wrap(id, SEARCH_REQUEST, &body, Some(&controls))
}

fn wrap(id: i32, tag: u8, body: &[u8], controls: Option<&[u8]>) -> Vec<u8> {
    let mut parts = Vec::new();
    ber::write_integer(&mut parts, INTEGER, i64::from(id));
    ber::write(&mut parts, tag, body);
    if let Some(controls) = controls {
        ber::write(&mut parts, CONTROLS, controls);
    }
    let mut message = Vec::new();
    ber::write(&mut message, SEQUENCE, &parts);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(code: i64, matched: &str, cookie: Option<&[u8]>) -> Vec<u8> {
        let mut body = Vec::new();
        ber::write_integer(&mut body, ENUMERATED, code);
        ber::write(&mut body, OCTET_STRING, matched.as_bytes());
        ber::write(&mut body, OCTET_STRING, b"");
        let controls = cookie.map(|cookie| {
            let (mut page, mut value, mut control, mut controls) = (vec![], vec![], vec![], vec![]);
            ber::write_integer(&mut page, INTEGER, 0);
            ber::write(&mut page, OCTET_STRING, cookie);
            ber::write(&mut value, SEQUENCE, &page);
            ber::write(&mut control, OCTET_STRING, PAGED_RESULTS);
            ber::write(&mut control, OCTET_STRING, &value);
            ber::write(&mut controls, SEQUENCE, &control);
            controls
        });
        wrap(7, SEARCH_DONE, &body, controls.as_deref())
    }

    #[test]
    fn the_end_of_a_search_says_its_code_the_matched_part_and_the_cookie() {
        let bytes = done(32, "o=grid", None);
        let Ok((7, Answer::Done(outcome, None))) = read(&bytes) else { panic!("{:?}", read(&bytes)) };
        assert_eq!((outcome.code, outcome.matched), (ResultCode::NO_SUCH_OBJECT, &b"o=grid"[..]));
        let bytes = done(0, "", Some(b"abc"));
        assert!(matches!(read(&bytes), Ok((7, Answer::Done(_, Some(b"abc"))))));
        let bytes = done(0, "", Some(b""));
        assert!(matches!(read(&bytes), Ok((7, Answer::Done(_, None)))));
    }

    #[test]
    fn every_message_cut_anywhere_is_malformed_and_never_a_panic() {
        let bytes = done(4, "mds-vo-name=SITE,o=grid", Some(b"cookie"));
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "{end}");
        }
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0x80, 0x84, 0xff] {
                let mut changed = bytes.clone();
                changed[at] = value;
                let _ = read(&changed);
            }
        }
    }
}
