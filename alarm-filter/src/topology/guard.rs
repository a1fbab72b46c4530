//! Whether an answer lost too much to be believed. A query with a wrong scope, a half-filled database or somebody
//! else's GOCDB give well-formed answers; taken at their word, every alarm of the region would be set aside as "not
//! registered".

use std::collections::BTreeSet;
use std::fmt;

/// What an answer would take away.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Loss {
    /// How many objects the last good copy has.
    pub known: usize,
    /// How many the new answer has.
    pub now: usize,
    /// How many of the known ones are not in the new answer. (An answer as long as the last one, with other names in
    /// it, loses all.)
    pub lost: usize,
}

impl Loss {
    /// Compares by name.
    pub fn between<K: Ord>(known: &BTreeSet<K>, now: &BTreeSet<K>) -> Loss {
        Loss { known: known.len(), now: now.len(), lost: known.difference(now).count() }
    }

    /// Whether more than the share `limit` (0 to 1) of the known objects would vanish, or the answer is empty.
    pub fn is_beyond(self, limit: f64) -> bool {
        // Counts of sites and services are far below the 2^52 that an f64 holds exactly.
        #[allow(clippy::cast_precision_loss)]
        let (lost, known) = (self.lost as f64, self.known as f64);
        self.now == 0 || lost > limit * known
    }
}

/// `12 of 40 would vanish, 31 would remain`.
impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.known == 0 {
            return f.write_str("the answer has no rows");
        }
        write!(f, "{} of {} known ones would vanish, the answer has {}", self.lost, self.known, self.now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(known: std::ops::Range<u32>, now: std::ops::Range<u32>) -> Loss {
        Loss::between(&known.collect(), &now.collect())
    }

    #[test]
    fn a_share_of_names_decides() {
        assert!(!loss(0..5, 1..5).is_beyond(0.2), "exactly the limit is within it");
        assert!(loss(0..5, 2..5).is_beyond(0.2));
        assert!(!loss(0..5, 0..500).is_beyond(0.2), "growth is no loss");
        assert!(loss(0..5, 5..10).is_beyond(0.2), "five others are five lost");
        assert!(loss(0..0, 0..0).is_beyond(0.2), "an empty list is never an answer");
        assert!(loss(0..5, 0..0).is_beyond(1.0));
        assert!(!loss(0..0, 0..3).is_beyond(0.0));
    }
}
