//! Bytes into text: monitors write whatever a plugin printed, so nothing here assumes UTF-8 or a sane length.
//!
//! Bytes that are not UTF-8 are written as `\xNN` (two upper-case hex digits): they stay visible and nothing is lost.
//! A text that really contains `\xNN` looks the same; no name or output is known where that would matter.

use alarm_core::input::Text;
use std::borrow::{Borrow, Cow};
use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::fmt::Write;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

/// The longest first line of output that is kept, in bytes; Nagios itself writes up to 8 KiB.
pub const OUTPUT_LIMIT: usize = 8 * 1024;
/// The longest long output or performance data that is kept, in bytes.
pub const LONG_OUTPUT_LIMIT: usize = 64 * 1024;
/// The longest name that is shared; longer ones are legal but get an allocation of their own.
const NAME_LIMIT: usize = 1024;
/// How many names are shared before the set begins anew: 100,000 services, their hosts, and room.
const NAMES: usize = 400_000;

/// `bytes` as text, every byte that is not UTF-8 as `\xNN`; borrowed when they were UTF-8 already.
pub fn lossless(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(escape(bytes)),
    }
}

/// As [`lossless`], of at most about `limit` bytes; a cut says how many bytes were left out: `… [+123 bytes]`.
pub fn limited(bytes: &[u8], limit: usize) -> Cow<'_, str> {
    if bytes.len() <= limit {
        return lossless(bytes);
    }
    // A character is at most four bytes long: step back to its first byte rather than cut it in two.
    let mut end = limit;
    while end > limit.saturating_sub(4) && bytes.get(end).is_some_and(|b| b & 0xC0 == 0x80) {
        end -= 1;
    }
    let (kept, rest) = bytes.split_at(end);
    let mut text = lossless(kept).into_owned();
    let _ = write!(text, "… [+{} bytes]", rest.len());
    Cow::Owned(text)
}

#[cold]
fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let digits = [byte >> 4, byte & 0xF].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)]));
            text.push_str("\\x");
            text.extend(digits);
        }
    }
    text
}

/// Hands out one shared [`Text`] for every equal name. Bounded: when it is full it forgets all names and begins anew,
/// which costs memory (equal names are shared no longer) but never correctness.
#[derive(Debug)]
pub struct Interner {
    names: HashSet<Name, NameHash>,
    empty: Text,
    limit: usize,
}

impl Default for Interner {
    fn default() -> Self {
        Interner::with_limit(NAMES)
    }
}

impl Interner {
    /// An interner that keeps at most `limit` names.
    pub fn with_limit(limit: usize) -> Self {
        Interner { names: HashSet::with_hasher(NameHash::default()), empty: Arc::from(""), limit }
    }

    /// A host, service, contact or other name that is likely to come again.
    pub fn name(&mut self, bytes: &[u8]) -> Text {
        if bytes.is_empty() {
            return Arc::clone(&self.empty);
        }
        // Known names are found by their bytes, without looking whether these are UTF-8.
        if let Some(known) = self.names.get(bytes) {
            return Arc::clone(&known.0);
        }
        let text = lossless(bytes);
        if let Some(known) = self.names.get(text.as_bytes()) {
            return Arc::clone(&known.0);
        }
        let new: Text = Arc::from(text.as_ref());
        if bytes.len() <= NAME_LIMIT {
            if self.names.len() >= self.limit {
                self.names.clear();
            }
            self.names.insert(Name(Arc::clone(&new)));
        }
        new
    }

    /// An output or comment: length-limited, not shared (except when empty).
    pub fn text(&self, bytes: &[u8], limit: usize) -> Text {
        if bytes.is_empty() {
            return Arc::clone(&self.empty);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) if bytes.len() <= limit => Arc::from(text),
            _ => Arc::from(limited(bytes, limit).as_ref()),
        }
    }

    /// The shared empty text.
    pub fn empty(&self) -> Text {
        Arc::clone(&self.empty)
    }

    /// How many names are shared now.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether no name is shared yet.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// A shared name, found by its bytes.
#[derive(Debug, Eq, PartialEq)]
struct Name(Text);

impl Borrow<[u8]> for Name {
    fn borrow(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.0.as_bytes().hash(hasher);
    }
}

/// A hash for short names: eight bytes a step, one multiplication each, with a random start. The standard SipHash costs
/// more than parsing the rest of a log line; the set is bounded, so that its stronger promise is not needed.
#[derive(Clone, Debug)]
pub(crate) struct NameHash(u64);

impl Default for NameHash {
    fn default() -> Self {
        NameHash(RandomState::new().hash_one(0u8))
    }
}

impl BuildHasher for NameHash {
    type Hasher = NameHasher;
    fn build_hasher(&self) -> NameHasher {
        NameHasher(self.0)
    }
}

pub(crate) struct NameHasher(u64);

impl NameHasher {
    fn fold(&mut self, word: u64) {
        let wide = u128::from(self.0 ^ word) * u128::from(0x9E37_79B9_7F4A_7C15_u64);
        self.0 = (wide as u64) ^ ((wide >> 64) as u64);
    }
}

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        // With the length in it, the last eight bytes may overlap those before them.
        self.0 = self.0.wrapping_add(bytes.len() as u64);
        match bytes.last_chunk::<8>() {
            Some(last) => {
                for word in bytes.as_chunks::<8>().0 {
                    self.fold(u64::from_le_bytes(*word));
                }
                self.fold(u64::from_le_bytes(*last));
            }
            None => self.fold(bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte))),
        }
    }

    fn write_usize(&mut self, _: usize) {
        // The length that a slice puts first: it is in the last word already.
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bytes_that_are_not_utf8_stay_visible() {
        assert_eq!(lossless(b"caf\xe9 \xff"), "caf\\xE9 \\xFF");
        assert_eq!(lossless("Zoë".as_bytes()), "Zoë");
    }

    #[test]
    fn a_cut_says_how_much_is_missing_and_cuts_no_character() {
        assert_eq!(limited("abcd".as_bytes(), 4), "abcd");
        assert_eq!(limited("abcë".as_bytes(), 4), "abc… [+2 bytes]");
        assert_eq!(limited(b"abcdef", 4), "abcd… [+2 bytes]");
    }

    #[test]
    fn equal_names_are_shared_and_the_set_is_bounded() {
        let mut names = Interner::with_limit(2);
        let one = names.name(b"se01");
        assert!(Arc::ptr_eq(&one, &names.name(b"se01")));
        for n in 0..100u32 {
            names.name(n.to_string().as_bytes());
        }
        assert!(names.len() <= 2);
        assert_eq!(&*one, "se01");
    }

    proptest! {
        #[test]
        fn any_bytes_become_text(bytes: Vec<u8>, limit in 0usize..64) {
            let text = limited(&bytes, limit);
            prop_assert!(text.len() <= limit * 4 + 40);
            if let Ok(valid) = std::str::from_utf8(&bytes) {
                prop_assert_eq!(lossless(&bytes), valid);
                if bytes.len() > limit {
                    prop_assert!(!text.contains("\\x") || valid.contains("\\x"));
                }
            }
            let mut names = Interner::default();
            prop_assert_eq!(names.name(&bytes), names.name(&bytes));
        }
    }
}
