//! Texts in quotes, and numbers.

/// Eight times a byte.
const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Whether any of eight bytes needs an escape: a quote, a backslash, or what lies below the blank.
fn needs_escape(eight: u64) -> bool {
    // A byte is zero when taking one away borrows from its highest bit, which it had not: the well-known trick of strlen.
    let zero = |x: u64| x.wrapping_sub(each(1)) & !x;
    let low = eight.wrapping_sub(each(b' ')) & !eight;
    (zero(eight ^ each(b'"')) | zero(eight ^ each(b'\\')) | low) & each(0x80) != 0
}

/// Whether a byte needs an escape.
fn is_special(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// Whether no byte needs an escape.
fn is_plain(bytes: &[u8]) -> bool {
    // Compares many at once.
    let (many, rest) = bytes.as_chunks::<32>();
    if many.iter().any(|bytes| bytes.iter().fold(false, |any, byte| any | is_special(*byte))) {
        return false;
    }
    let (words, rest) = rest.as_chunks::<8>();
    if words.iter().any(|word| needs_escape(u64::from_ne_bytes(*word))) {
        return false;
    }
    // The last eight once more, in which the rest is.
    match bytes.last_chunk::<8>() {
        Some(last) => !needs_escape(u64::from_ne_bytes(*last)),
        None => !rest.iter().any(|byte| is_special(*byte)),
    }
}

/// Writes a text in quotes.
pub(super) fn text_of(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    if is_plain(bytes) {
        out.extend_from_slice(bytes);
    } else {
        escaped(out, bytes);
    }
    out.push(b'"');
}

#[cold]
fn escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut rest = bytes;
    while let Some(place) = rest.iter().position(|byte| is_special(*byte)) {
        let (head, tail) = rest.split_at(place);
        out.extend_from_slice(head);
        let Some((byte, more)) = tail.split_first() else { break };
        escape(out, *byte);
        rest = more;
    }
    out.extend_from_slice(rest);
}

/// Writes the name of a field or variant, which needs no escapes, with the colon behind it and the comma before it if it is
/// not the first.
pub(super) fn name_of(out: &mut Vec<u8>, name: &'static str, first: bool) {
    debug_assert!(is_plain(name.as_bytes()), "{name} is not the name of a field");
    out.reserve(name.len() + 4);
    out.extend_from_slice(if first { b"\"" } else { b",\"" });
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

fn escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            let digit = |n: u8| if n < 10 { b'0' + n } else { b'a' + n - 10 };
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Writes a number.
pub(super) fn signed(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    unsigned(out, number.unsigned_abs());
}

/// Writes a number.
pub(super) fn unsigned(out: &mut Vec<u8>, mut number: u64) {
    // u64::MAX has 20 digits.
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    for place in digits.iter_mut().rev() {
        // One digit, so that it fits.
        *place = b'0' + (number % 10) as u8;
        number /= 10;
        at -= 1;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(at..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_whole() {
        for n in [i64::MIN, -1, 0, 9, 10, 1_795_319_551_000, i64::MAX] {
            let mut out = Vec::new();
            signed(&mut out, n);
            assert_eq!(out, n.to_string().as_bytes());
        }
        let mut out = Vec::new();
        unsigned(&mut out, u64::MAX);
        assert_eq!(out, u64::MAX.to_string().as_bytes());
    }

    #[test]
    fn each_character_at_each_place_is_escaped_as_serde_json_does() {
        for c in (0..0x250).filter_map(char::from_u32) {
            for before in 0..18 {
                let text = format!("{}{c}{}", "x".repeat(before), "y".repeat(18 - before));
                let mut out = Vec::new();
                text_of(&mut out, &text);
                assert_eq!(out, serde_json::to_vec(&text).unwrap());
            }
        }
    }
}
