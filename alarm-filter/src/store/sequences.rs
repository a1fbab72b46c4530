//! Which numbers of a sender were taken in already: makes a repeated HTTP delivery an observation applied once.
//!
//! Kept as that sender's cursor (`http/<sender>`), so it commits with the records that it stands for.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How many numbers above the low mark are remembered one by one. A sender that skips a number and never sends it would
/// otherwise let this grow for ever; beyond it the lowest hole counts as taken.
const WINDOW: usize = 1024;

/// The numbers taken in from one sender: all up to `low`, and those in `above`.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Sequences {
    low: u64,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    above: BTreeSet<u64>,
}

impl Sequences {
    /// Whether this number was taken in before.
    pub fn seen(&self, number: u64) -> bool {
        number <= self.low || self.above.contains(&number)
    }

    /// Takes a number in; `false` when it had been before. Numbers begin at 1.
    pub fn take(&mut self, number: u64) -> bool {
        if self.seen(number) {
            return false;
        }
        self.above.insert(number);
        while let Some(first) = self.above.first().copied() {
            if first != self.low + 1 && self.above.len() <= WINDOW {
                break;
            }
            self.low = first;
            self.above.pop_first();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_each_in_any_order() {
        let mut s = Sequences::default();
        for n in [1, 3, 2, 7, 5] {
            assert!(s.take(n), "{n}");
            assert!(!s.take(n), "{n} again");
        }
        assert_eq!(serde_json::to_string(&s).unwrap(), r#"{"low":3,"above":[5,7]}"#);
        assert!(!s.seen(4) && !s.seen(6) && s.seen(2));
    }

    #[test]
    fn holes_do_not_grow_for_ever() {
        let mut s = Sequences::default();
        for n in 1..10_000 {
            assert!(s.take(n * 2));
        }
        assert!(s.above.len() <= WINDOW);
        assert!(s.take(20_001));
    }

    #[test]
    fn survives_the_highest_number() {
        let mut s = Sequences::default();
        assert!(s.take(u64::MAX));
        assert!(!s.take(u64::MAX));
    }
}
