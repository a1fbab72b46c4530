//! Values as they come: numbers, times, URLs, addresses, out of bytes and without a copy.

/// A whole number with an optional sign, nothing around it; none beyond 38 digits.
pub fn integer(bytes: &[u8]) -> Option<i128> {
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, bytes),
    };
    if digits.is_empty() || digits.len() > 38 {
        return None;
    }
    let mut value: i128 = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i128::from(digit - b'0');
    }
    Some(if negative { -value } else { value })
}

/// A number with or without a fraction or an exponent, finite.
pub fn number(bytes: &[u8]) -> Option<f64> {
    if bytes.len() < 16
        && let Some(whole) = integer(bytes)
    {
        return Some(whole as f64);
    }
    // What Rust reads besides digits ("inf", "nan") is no number here.
    if bytes.len() > 64 || !bytes.iter().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E')) {
        return None;
    }
    std::str::from_utf8(bytes).ok()?.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// Seconds since 1970 of `2026-01-31T12:00:00`, with `Z`, an offset or neither, which is UTC; with or without a fraction.
pub fn time(bytes: &[u8]) -> Option<i64> {
    let digits = |from: usize, count: usize| -> Option<i64> {
        let mut value = 0;
        for digit in bytes.get(from..from + count)? {
            if !digit.is_ascii_digit() {
                return None;
            }
            value = value * 10 + i64::from(digit - b'0');
        }
        Some(value)
    };
    let at = |index: usize, expected: &[u8]| bytes.get(index).is_some_and(|byte| expected.contains(byte));
    if !(at(4, b"-") && at(7, b"-") && at(10, b"Tt ") && at(13, b":") && at(16, b":")) {
        return None;
    }
    let (year, month, day) = (digits(0, 4)?, digits(5, 2)?, digits(8, 2)?);
    let (hour, minute, second) = (digits(11, 2)?, digits(14, 2)?, digits(17, 2)?);
    let date = chrono::NaiveDate::from_ymd_opt(
        i32::try_from(year).ok()?,
        u32::try_from(month).ok()?,
        u32::try_from(day).ok()?,
    )?;
    // A leap second is the one after it.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut rest = &bytes[19..];
    if let [b'.', fraction @ ..] = rest {
        let count = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return None;
        }
        rest = &fraction[count..];
    }
    let offset = match rest {
        [] | [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, m @ ..] => {
            let minutes = match m {
                [b':', m1, m2] | [m1, m2] => two(*m1, *m2)?,
                [] => 0,
                _ => return None,
            };
            let seconds = (two(*h1, *h2)? * 60 + minutes) * 60;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    let midnight = date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp();
    Some(midnight + hour * 3_600 + minute * 60 + second - offset)
}

/// Seconds since 1970 of LDAP's generalizedTime, `20260131120000Z`.
pub fn generalized_time(bytes: &[u8]) -> Option<i64> {
    let digits = bytes.get(..14)?;
    if !digits.iter().all(u8::is_ascii_digit) || !bytes.ends_with(b"Z") {
        return None;
    }
    let text = std::str::from_utf8(digits).ok()?;
    let iso =
        format!("{}-{}-{}T{}:{}:{}Z", &text[..4], &text[4..6], &text[6..8], &text[8..10], &text[10..12], &text[12..]);
    time(iso.as_bytes())
}

fn two(first: u8, second: u8) -> Option<i64> {
    (first.is_ascii_digit() && second.is_ascii_digit()).then(|| i64::from(first - b'0') * 10 + i64::from(second - b'0'))
}

/// The parts of a URL that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Url<'a> {
    /// Before `://`.
    pub scheme: &'a [u8],
    /// Without port, user and brackets.
    pub host: &'a [u8],
    /// Digits, or empty.
    pub port: &'a [u8],
    /// From the slash on, or empty.
    pub path: &'a [u8],
}

/// Takes a URL apart: scheme, `://`, a host, perhaps a port and a path.
pub fn url(bytes: &[u8]) -> Option<Url<'_>> {
    let colon = bytes.iter().position(|byte| *byte == b':')?;
    let (scheme, rest) = (&bytes[..colon], bytes[colon..].strip_prefix(b"://")?);
    let sound = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    if scheme.is_empty() || !scheme.iter().all(sound) || rest.contains(&b' ') {
        return None;
    }
    let slash = rest.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(slash);
    let authority = authority.iter().rposition(|byte| *byte == b'@').map_or(authority, |at| &authority[at + 1..]);
    let (host, port) = if let Some(rest) = authority.strip_prefix(b"[") {
        let end = rest.iter().position(|byte| *byte == b']')?;
        (&rest[..end], rest[end + 1..].strip_prefix(b":").unwrap_or(b""))
    } else {
        match authority.iter().rposition(|byte| *byte == b':') {
            Some(colon) => (&authority[..colon], &authority[colon + 1..]),
            None => (authority, &b""[..]),
        }
    };
    let sound = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:%".contains(byte) || *byte >= 0x80;
    (!host.is_empty() && host.iter().all(sound) && port.iter().all(u8::is_ascii_digit)).then_some(Url {
        scheme,
        host,
        port,
        path,
    })
}

/// `mailto:` and an address, or several with commas; root's is none (GStat).
pub fn mailto(bytes: &[u8]) -> bool {
    let Some(rest) = bytes.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case(b"mailto:")).map(|_| &bytes[7..])
    else {
        return false;
    };
    rest.split(|byte| *byte == b',').all(|address| mail_address(address.trim_ascii()))
}

fn mail_address(bytes: &[u8]) -> bool {
    let bytes = bytes.split(|byte| *byte == b'?').next().unwrap_or_default();
    let Some(at) = bytes.iter().rposition(|byte| *byte == b'@') else { return false };
    let (local, domain) = (&bytes[..at], &bytes[at + 1..]);
    if local.is_empty()
        || local.eq_ignore_ascii_case(b"root")
        || local.iter().any(|b| b.is_ascii_whitespace() || *b == b'@')
    {
        return false;
    }
    if domain.starts_with(b"[") && domain.ends_with(b"]") {
        return true;
    }
    let labels: Vec<&[u8]> = domain.split(|byte| *byte == b'.').collect();
    let sound = |label: &&[u8]| {
        !label.is_empty() && label.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-' || *b >= 0x80)
    };
    labels.len() >= 2 && labels.iter().all(sound)
}

/// A certificate's subject, in OpenSSL's old form or RFC 4514's.
pub fn dn(bytes: &[u8]) -> bool {
    let first = match bytes {
        [b'/', rest @ ..] => rest.split(|byte| *byte == b'/').next(),
        _ => bytes.split(|byte| *byte == b',').next(),
    };
    first.is_some_and(|rdn| rdn.iter().position(|byte| *byte == b'=').is_some_and(|at| at > 0 && at + 1 < rdn.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_every_form_are_the_same_second() {
        let expected = Some(1_767_225_600);
        for text in [
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T01:00:00+01:00",
            "2025-12-31T19:00:00-0500",
            "2026-01-01T00:00:00.25Z",
        ] {
            assert_eq!(time(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(generalized_time(b"20260101000000Z"), expected);
        assert_eq!(generalized_time(b"20260101000000.5Z"), expected);
        assert_eq!(time(b"1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(time(b"2000-02-29T00:00:00Z"), Some(951_782_400));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2026-01-01",
            "2026-13-01T00:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00X",
            "2026-01-01T00:00:00.Z",
            "yesterday at noon!!!",
        ] {
            assert_eq!(time(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_read_whole_or_not_at_all() {
        assert_eq!(number(b"10.5"), Some(10.5));
        assert_eq!(number(b"-7"), Some(-7.0));
        assert_eq!(number(b"2146660842"), Some(2_146_660_842.0));
        for text in ["", "-", "1 ", "inf", "NaN", "0x1", "1,5", "12abc"] {
            assert_eq!(number(text.as_bytes()), None, "{text}");
        }
        assert_eq!(integer(b"18446744073709551615"), Some(18_446_744_073_709_551_615));
    }

    #[test]
    fn a_url_falls_into_its_parts() {
        let url = url(b"httpg://se01.example.org:8446/srm/managerv2?SFN=/x").unwrap();
        assert_eq!((url.scheme, url.host, url.port), (&b"httpg"[..], &b"se01.example.org"[..], &b"8446"[..]));
        assert_eq!(super::url(b"ldap://[2001:db8::1]:2170/o=grid").unwrap().host, b"2001:db8::1");
        for text in ["", "unset", "http:/x", "://x", "http://", "http://a b", "http://h:80x/"] {
            assert_eq!(super::url(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn long_top_level_domains_are_addresses_too_and_root_is_none() {
        assert!(mailto(b"mailto:grid-admin@site.example"));
        assert!(mailto(b"mailto: a@b.science, c@d.org"));
        for text in [
            "grid-admin@x.org",
            "mailto:root@x.org",
            "mailto:x",
            "mailto:a@b",
            "mailto:@x.org",
            "mailto:a@.org",
            "mailto:",
        ] {
            assert!(!mailto(text.as_bytes()), "{text}");
        }
    }
}
