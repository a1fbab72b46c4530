//! Which names an authority may sign: Globus' `.signing_policy` and the EUGridPMA's `.namespaces`, and whether the two agree.

mod agree;
mod namespaces;
mod signing;

pub use agree::disjoint;
pub use namespaces::{Namespaces, Rule};
pub use signing::{Policy, SigningPolicy};

/// A name as the two formats may write it, in one form: the short names of attributes differ between the tools.
pub fn same_spelling(dn: &str) -> String {
    dn.replace("/Email=", "/emailAddress=").replace("/E=", "/emailAddress=").replace("/USERID=", "/UID=")
}

/// Whether two names written by different tools mean the same.
pub fn same_name(a: &str, b: &str) -> bool {
    same_spelling(a).eq_ignore_ascii_case(&same_spelling(b))
}
