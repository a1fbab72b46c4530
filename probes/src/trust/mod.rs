//! What the grid trusts: certificates of authorities, their revocation lists, their policies, as they lie in a folder such as
//! /etc/grid-security/certificates. Start reading in `store.rs`; `der.rs`, `pem.rs`, `name.rs` and `time.rs` are what the rest
//! is read with, `crl/` reads revocation lists of any size in little memory, `signature.rs` asks OpenSSL.

pub mod cert;
pub mod crl;
pub mod der;
pub mod info;
pub mod name;
pub mod pem;
pub mod policy;
pub mod proxy;
pub mod signature;
pub mod store;
pub mod time;
pub mod voms;
