//! Who names whom: identifiers that were published, and references that wait for theirs.
//!
//! An identifier is kept as a hash of 64 bits; of a reference whose object came before it nothing is kept. What still waits when
//! all is read has nobody to name.
use super::nodes::Node;
use super::tables::RowId;
use rustc_hash::{FxHashMap, FxHashSet};
use std::hash::{Hash, Hasher};

/// References that are kept waiting; a BDII whose references are all broken is judged by these.
const WAITING: usize = 200_000;

/// What is named: a kind, perhaps an owner, and a value without regard to case.
pub fn key(kind: impl Hash, owner: u64, value: &[u8]) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    kind.hash(&mut hasher);
    owner.hash(&mut hasher);
    let mut state = hasher.finish() ^ 0xcbf2_9ce4_8422_2325;
    for byte in value {
        state = (state ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0000_0100_0000_01b3);
    }
    state ^ state >> 29
}

/// A reference that waits.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// What it names.
    pub key: u64,
    /// Who names it.
    pub node: Node,
    /// The rule that it violates if nobody has the name.
    pub row: RowId,
    /// What to say then.
    pub detail: String,
}

/// Identifiers and references.
#[derive(Debug, Default)]
pub struct References {
    published: FxHashSet<u64>,
    waiting: Vec<Waiting>,
    /// The reverse: wrong if somebody has the name.
    forbidden: Vec<Waiting>,
    /// How many references there was no room for.
    pub dropped: u64,
    aliases: FxHashMap<u64, Node>,
}

impl References {
    /// Publishes an identifier; false: it was there already.
    pub fn publish(&mut self, key: u64) -> bool {
        self.published.insert(key)
    }

    /// Whether an identifier was published by now.
    pub fn has(&self, key: u64) -> bool {
        self.published.contains(&key)
    }

    /// Names an object that has to be published, by now or later.
    pub fn refer(&mut self, key: u64, node: Node, row: RowId, detail: impl FnOnce() -> String) {
        if self.published.contains(&key) {
            return;
        }
        if self.waiting.len() < WAITING {
            self.waiting.push(Waiting { key, node, row, detail: detail() });
        } else {
            self.dropped += 1;
        }
    }

    /// Names an object that must not be published.
    pub fn forbid(&mut self, key: u64, node: Node, row: RowId, detail: String) {
        if self.forbidden.len() < WAITING {
            self.forbidden.push(Waiting { key, node, row, detail });
        }
    }

    /// Remembers which entry has an identifier, for those that are asked for by it.
    pub fn locate(&mut self, key: u64, node: Node) {
        self.aliases.entry(key).or_insert(node);
    }

    /// The entry that has an identifier.
    pub fn located(&self, key: u64) -> Option<Node> {
        self.aliases.get(&key).copied()
    }

    /// What is wrong now that all is read.
    pub fn broken(&mut self) -> Vec<Waiting> {
        let mut broken = std::mem::take(&mut self.waiting);
        broken.retain(|waiting| !self.published.contains(&waiting.key));
        let forbidden = std::mem::take(&mut self.forbidden);
        broken.extend(forbidden.into_iter().filter(|waiting| self.published.contains(&waiting.key)));
        broken
    }
}
