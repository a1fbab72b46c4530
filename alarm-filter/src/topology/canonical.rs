//! The stable form in which a topology is stored and recognised: JSON with the fields in the order of the types and
//! maps in the order of their keys, and the SHA-256 of its bytes. The same content always has the same hash.

use alarm_core::input::Text;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// A value, its canonical JSON and the hash of that.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot<T> {
    /// The value.
    pub value: Arc<T>,
    /// Its JSON, without white space.
    pub json: Arc<[u8]>,
    /// SHA-256 of `json`, 64 hexadecimal digits in lower case.
    pub hash: Text,
}

/// Puts a value into canonical form. Only maps with keys that are not text fail, and no document here has such.
pub fn snapshot<T: Serialize>(value: T) -> Result<Snapshot<T>, serde_json::Error> {
    let json = serde_json::to_vec(&value)?;
    Ok(Snapshot { hash: sha256(&[&json]).into(), json: json.into(), value: Arc::new(value) })
}

/// SHA-256 over the parts as if they were one, in hexadecimal digits.
pub fn sha256(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_json() {
        let s = snapshot(std::collections::BTreeMap::from([("b", 1), ("a", 2)])).unwrap();
        assert_eq!(&*s.json, br#"{"a":2,"b":1}"#);
        assert_eq!(sha256(&[b"a", b"bc"]), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(&*s.hash, sha256(&[&s.json]));
    }
}
