//! The checksum that each stored row carries: against accidents of disks and copies, not against forgers.
//!
//! SQLite checks its pages only in the write-ahead log. A cryptographic hash per row would cost the writer more than the
//! insert itself. This one takes eight bytes a step, and each step is a bijection of both the running value and the word:
//! damage confined to one aligned word is always found, any other is missed once in 2^64.

const PRIME: u64 = 0x9e37_79b9_7f4a_7c15; // odd, so that multiplying by it loses nothing
const START: u64 = 0xcbf2_9ce4_8422_2325;

/// A running checksum.
#[derive(Clone, Copy)]
pub(super) struct Sum(u64);

impl Sum {
    pub(super) fn new() -> Self {
        Sum(START)
    }

    fn word(self, word: u64) -> Self {
        let h = (self.0 ^ word).wrapping_mul(PRIME);
        Sum(h ^ (h >> 29))
    }

    /// Takes in a number.
    pub(super) fn int(self, value: i64) -> Self {
        self.word(value.cast_unsigned())
    }

    /// Takes in a number that may be absent.
    pub(super) fn opt(self, value: Option<i64>) -> Self {
        match value {
            Some(v) => self.word(1).int(v),
            None => self.word(0),
        }
    }

    /// Takes in a text with its length, so that neighbours cannot lend each other bytes.
    pub(super) fn bytes(self, bytes: &[u8]) -> Self {
        let (words, rest) = bytes.as_chunks::<8>();
        let mut sum = self.word(bytes.len() as u64);
        for word in words {
            sum = sum.word(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        if rest.is_empty() { sum } else { sum.word(u64::from_le_bytes(last)) }
    }

    /// Takes in a text that may be absent.
    pub(super) fn opt_bytes(self, bytes: Option<&[u8]>) -> Self {
        match bytes {
            Some(b) => self.word(1).bytes(b),
            None => self.word(0),
        }
    }

    /// The checksum, as the signed number that databases hold.
    pub(super) fn finish(self) -> i64 {
        self.0.cast_signed()
    }
}

/// The checksum of a key and its value: state rows, cursors.
pub(super) fn pair(key: &str, value: &[u8]) -> i64 {
    Sum::new().bytes(key.as_bytes()).bytes(value).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_shows() {
        let text = b"a record of twenty-nine bytes".to_vec();
        let good = Sum::new().bytes(&text).finish();
        for bit in 0..text.len() * 8 {
            let mut bad = text.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(good, Sum::new().bytes(&bad).finish(), "bit {bit}");
        }
    }

    #[test]
    fn neighbours_cannot_lend_bytes() {
        assert_ne!(pair("ab", b"c"), pair("a", b"bc"));
        assert_ne!(pair("a", b""), pair("a", b"\0"));
        assert_ne!(Sum::new().opt(None).finish(), Sum::new().opt(Some(0)).finish());
    }

    /// Written down in databases: must never change. The figure comes from an implementation of its own.
    #[test]
    fn value_is_fixed() {
        assert_eq!(pair("key", b"some value").cast_unsigned(), 0x28b62551117ac09d);
    }
}
