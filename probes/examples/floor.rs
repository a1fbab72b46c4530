//! The least that judging a folder of trust anchors can cost: every file is read, and for each list its bytes are hashed and one
//! signature is computed with the key of the authority that its name has. The signature that is tried is none, which costs the same; nothing is
//! decoded or parsed but the keys. What check_crl and check_ca cost is compared with it (docs/benchmarks.md).
//!
//!     cargo run --release -p probes --example floor -- /etc/grid-security/certificates

use openssl::hash::MessageDigest;
use openssl::sign::Verifier;
use openssl::x509::X509;
use std::collections::HashMap;
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder")?;
    let (mut keys, mut lists, mut bytes) = (HashMap::new(), Vec::new(), 0);
    let mut names: Vec<_> = std::fs::read_dir(Path::new(&folder))?.collect::<Result<_, _>>()?;
    names.sort_by_key(std::fs::DirEntry::path);
    for entry in names {
        let (name, content) = (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()));
        let Ok(content) = content else { continue };
        bytes += content.len();
        match name.split_once('.') {
            Some((hash, "0")) => {
                if let Ok(key) = X509::from_pem(&content).and_then(|certificate| certificate.public_key()) {
                    keys.insert(hash.to_owned(), key);
                }
            }
            Some((hash, "r0")) => lists.push((hash.to_owned(), content)),
            _ => {}
        }
    }
    let mut tried = 0;
    for (hash, content) in &lists {
        let Some(key) = keys.get(hash) else { continue };
        // Small enough for any modulus.
        let mut signature = vec![0x5a; key.size()];
        signature[0] = 0;
        // EdDSA hashes by itself.
        let mut verifier =
            Verifier::new(MessageDigest::sha256(), key).or_else(|_| Verifier::new_without_digest(key))?;
        let _is_none = verifier.verify_oneshot(&signature, content);
        tried += 1;
    }
    println!("{bytes} bytes, {} lists, {tried} signatures", lists.len());
    Ok(())
}
