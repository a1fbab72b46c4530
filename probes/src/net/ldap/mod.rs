//! LDAP as far as an information system needs it: an anonymous bind and paged searches, read-only, over plain TCP.
//!
//! Start in [`connection`]: it opens, binds, and hands every entry of a search to a closure as the bytes that came in. What a
//! message is made of stands in [`message`], its encoding in [`ber`]. Nothing here blocks beyond its deadline, and nothing here
//! keeps more of an answer than one message, whose size has a limit.
//!
//! The figures for which this stands here and not the crate `ldap3` are in docs/benchmarks.md; in the tests ldapsearch is the second
//! opinion.
pub mod ber;
pub mod connection;
pub mod error;
pub mod message;
pub mod search;

pub use connection::{Connection, Limits, Transport};
pub use error::LdapError;
pub use message::{Attributes, Filter, RawEntry, ResultCode, Scope};
pub use search::{Done, Progress, Search};
