//! Addresses of pages, whatever the names in them hold.

/// A path with these fields as its query; empty ones are left out.
pub(in crate::web) fn address(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    let mut first = true;
    for (name, value) in pairs.iter().filter(|(_, v)| !v.is_empty()) {
        out.push(if first { '?' } else { '&' });
        first = false;
        escape(name, &mut out);
        out.push('=');
        escape(value, &mut out);
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
    fn names_of_any_kind_stay_one_part_of_an_address() {
        assert_eq!(
            address("/availability", &[("site", "A&B=\"ü"), ("ngi", "")]),
            "/availability?site=A%26B%3D%22%C3%BC"
        );
        assert_eq!((segment("a/b?c"), segment("..")), ("a%2Fb%3Fc".to_owned(), "%2E%2E".to_owned()));
    }
}
