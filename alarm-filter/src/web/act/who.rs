//! Who acts. Until people sign in here, that is who a web server before this daemon says has signed in there, or one name
//! that stands in the configuration. A header field is read only when the configuration names it; what a browser or anybody
//! else sends in another one is nothing.

use super::super::visible::{clipped, visible};
use alarm_core::input::Text;
use axum::http::{HeaderMap, HeaderName};

/// Characters that a name may have.
const LONGEST: usize = 200;
/// The name under which the program itself acts.
const PROGRAM: &str = "alarm-filter";

/// Where the name of who acts comes from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Operators {
    /// From nowhere: nobody acts.
    #[default]
    Nobody,
    /// The web server before this daemon says it in this header field.
    Header(HeaderName),
    /// Whoever reaches the pages is this one.
    Name(Text),
}

/// Why it is not known who acts, and what to do about it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unknown {
    /// Nothing is configured.
    #[error(
        "it is not configured who works here; write operator = \"ROD of NGI_X\" under [web] in the configuration, or \
         user_header = \"X-Remote-User\" when a web server before this daemon signs people in"
    )]
    NotConfigured,
    /// The web server named nobody.
    #[error(
        "the web server named nobody in {0}; reach this page through the web server that signs you in, or have it set \
         that header field (contrib/README.md)"
    )]
    NoHeader(HeaderName),
    /// There are two of the field: one of them is not the web server's.
    #[error("{0} came more than once; have the web server replace what browsers send, not add to it")]
    Several(HeaderName),
    /// Nothing that could be shown.
    #[error("the name in {header} {why}; have the web server send another one")]
    Unfit {
        /// The field.
        header: HeaderName,
        /// What is wrong with it.
        why: String,
    },
}

/// Whether somebody may have this name.
///
/// # Errors
/// Why not, to be put behind what it is the name of.
pub fn fit_name(name: &str) -> Result<(), String> {
    let name = name.trim();
    if name.is_empty() {
        return Err("is empty".to_owned());
    }
    if name.chars().count() > LONGEST {
        return Err(format!("has more than {LONGEST} characters"));
    }
    if visible(name) != name {
        return Err(format!("has characters that cannot be seen: {}", clipped(name, 60)));
    }
    if name.eq_ignore_ascii_case(PROGRAM) {
        return Err(format!("is {PROGRAM}, which is what the program itself goes by"));
    }
    Ok(())
}

/// Who sent a request.
pub(in crate::web) fn who(headers: &HeaderMap, operators: &Operators) -> Result<Text, Unknown> {
    let header = match operators {
        Operators::Nobody => return Err(Unknown::NotConfigured),
        Operators::Name(name) => return Ok(name.clone()),
        Operators::Header(header) => header,
    };
    let mut values = headers.get_all(header).iter();
    let value = match (values.next(), values.next()) {
        (Some(value), None) => value.as_bytes(),
        (None, _) => return Err(Unknown::NoHeader(header.clone())),
        (Some(_), Some(_)) => return Err(Unknown::Several(header.clone())),
    };
    let unfit = |why: String| Unknown::Unfit { header: header.clone(), why };
    let name = std::str::from_utf8(value).map_err(|_| unfit("is not UTF-8".to_owned()))?.trim();
    if name.is_empty() {
        return Err(Unknown::NoHeader(header.clone()));
    }
    fit_name(name).map_err(unfit)?;
    Ok(name.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const REMOTE: HeaderName = HeaderName::from_static("x-remote-user");

    fn sent(pairs: &[(&'static str, &[u8])]) -> HeaderMap {
        let pair = |(n, v): &(&'static str, &[u8])| (HeaderName::from_static(n), HeaderValue::from_bytes(v).unwrap());
        let mut headers = HeaderMap::new();
        for (name, value) in pairs.iter().map(pair) {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn a_header_is_read_only_when_it_is_configured() {
        let forged = sent(&[("x-remote-user", b"mallory"), ("x-forwarded-user", b"mallory")]);
        assert_eq!(who(&forged, &Operators::Nobody), Err(Unknown::NotConfigured));
        assert_eq!(who(&forged, &Operators::Name("ROD".into())).as_deref(), Ok("ROD"));
        let other = Operators::Header(HeaderName::from_static("x-user"));
        assert!(matches!(who(&forged, &other), Err(Unknown::NoHeader(_))));
        assert_eq!(who(&forged, &Operators::Header(REMOTE)).as_deref(), Ok("mallory"));
    }

    #[test]
    fn one_value_of_visible_characters_and_no_more() {
        let of = |value: &[u8]| who(&sent(&[("x-remote-user", value)]), &Operators::Header(REMOTE));
        assert_eq!(of("/DC=ch/CN=Ana Müller".as_bytes()).as_deref(), Ok("/DC=ch/CN=Ana Müller"));
        assert_eq!(of(b"  ana ").as_deref(), Ok("ana"));
        assert!(matches!(of(b""), Err(Unknown::NoHeader(_))) && matches!(of(b"   "), Err(Unknown::NoHeader(_))));
        assert!(matches!(of("ana\u{202e}".as_bytes()), Err(Unknown::Unfit { .. })));
        assert!(
            matches!(of(b"ana\tb"), Err(Unknown::Unfit { .. })) && matches!(of(b"\xff"), Err(Unknown::Unfit { .. }))
        );
        assert!(of("ä".repeat(LONGEST).as_bytes()).is_ok());
        assert!(matches!(of("ä".repeat(LONGEST + 1).as_bytes()), Err(Unknown::Unfit { .. })));
        assert!(matches!(of(b"Alarm-Filter"), Err(Unknown::Unfit { .. })), "nobody is the program");
        let twice = sent(&[("x-remote-user", b"ana"), ("x-remote-user", b"bob")]);
        assert!(matches!(who(&twice, &Operators::Header(REMOTE)), Err(Unknown::Several(_))));
    }

    #[test]
    fn every_sentence_says_what_to_do() {
        let all = [Unknown::NotConfigured, Unknown::NoHeader(REMOTE), Unknown::Several(REMOTE)];
        assert!(all.iter().all(|u| u.to_string().contains("; ")));
        assert!(Unknown::NotConfigured.to_string().contains("[web]"));
    }
}
