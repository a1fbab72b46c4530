//! Addresses of the board: the reader's query with one thing changed. Saved views are such addresses.

/// What an address asks for, as pairs.
pub(in crate::web) type Pairs = [(String, String)];

/// An address of the board: these pairs, with one of them set; nothing: left out. Any other change than of the page goes
/// to the first page.
pub(in crate::web) fn address(values: &Pairs, name: &str, value: &str) -> String {
    let query = query(values, &[name, "page", "seq"], &[(name, value)]);
    if query.is_empty() { "/".to_owned() } else { format!("/?{query}") }
}

/// The pairs without those names, and these after them.
pub(in crate::web) fn query(values: &Pairs, without: &[&str], more: &[(&str, &str)]) -> String {
    let kept = values.iter().map(|(n, v)| (n.as_str(), v.as_str())).filter(|(n, _)| !without.contains(n));
    let mut out = String::new();
    for (n, v) in kept.chain(more.iter().copied()).filter(|(_, v)| !v.is_empty()) {
        if !out.is_empty() {
            out.push('&');
        }
        escape(n, &mut out);
        out.push('=');
        escape(v, &mut out);
    }
    out
}

/// A name as one part of a path.
pub(in crate::web) fn segment(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    escape(name, &mut out);
    // A part of dots alone would be taken for a way up.
    if out.bytes().all(|b| b == b'.') { out.replace('.', "%2E") } else { out }
}

/// Percent-encoding of everything that is not plain.
fn escape(text: &str, out: &mut String) {
    for b in text.bytes() {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'*') {
            out.push(char::from(b));
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            out.push('%');
            out.push(char::from(HEX[usize::from(b >> 4)]));
            out.push(char::from(HEX[usize::from(b & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_carry_anything() {
        let values = [("site".to_owned(), "A&B=\"ü".to_owned()), ("page".to_owned(), "3".to_owned())];
        assert_eq!(address(&values, "sort", "-age"), "/?site=A%26B%3D%22%C3%BC&sort=-age");
        assert_eq!(address(&values, "page", "4"), "/?site=A%26B%3D%22%C3%BC&page=4");
        assert_eq!(address(&values, "site", ""), "/");
        assert_eq!(segment("a/b?c"), "a%2Fb%3Fc");
        assert_eq!(segment(".."), "%2E%2E");
    }
}
