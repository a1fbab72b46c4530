//! Documents (profiles, GOCDB answers, objects.cache) under the hash of their content, packed where that helps.

use super::error::StoreError;
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};

/// Below this size packing gains less than the page it lies on.
const WORTH_PACKING: usize = 1024;

/// The hash under which a document is kept: SHA-256 of its bytes in lower-case hex.
pub fn document_hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// The hash of what is written into it: large documents are hashed as they are made, without standing in memory whole.
#[derive(Default)]
pub struct DocumentHasher(Sha256);

impl Write for DocumentHasher {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl DocumentHasher {
    /// The hash, as [`document_hash`] of all the bytes.
    pub fn finish(self) -> String {
        self.0.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// The refusal of a document under another hash than its own.
pub(super) fn not_its_own(hash: &str, kind: &str) -> StoreError {
    StoreError::Refused { what: format!("a {kind} document under the hash {hash}, which is not its own") }
}

/// The deflated bytes, or `None` when the document is kept as it is.
pub(super) fn pack(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.len() < WORTH_PACKING {
        return None;
    }
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok().filter(|packed| packed.len() < bytes.len())
}

/// The document again, which had `size` bytes; `None` when the packed bytes are damaged.
///
/// Never grows beyond `size`, whatever damaged bytes ask for.
pub(super) fn unpack(packed: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    DeflateDecoder::new(packed).take(size as u64 + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() == size).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_and_unpacked() {
        let text = "site NGI_X host ce.example.org\n".repeat(500).into_bytes();
        let packed = pack(&text).unwrap();
        assert!(packed.len() < text.len() / 10);
        assert_eq!(unpack(&packed, text.len()).as_deref(), Some(text.as_slice()));
        assert_eq!(unpack(&packed, text.len() - 1), None, "a wrong size is damage");
        assert_eq!(unpack(&packed[1..], text.len()), None);
        assert_eq!(pack(b"short"), None);
    }

    #[test]
    fn hash_is_sha256() {
        assert_eq!(document_hash(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let mut hasher = DocumentHasher::default();
        hasher.write_all(b"a").and_then(|()| hasher.write_all(b"bc")).unwrap();
        assert_eq!(hasher.finish(), document_hash(b"abc"));
    }
}
