//! Addresses of pages, whatever the names in them hold.

use super::board::address::query;
pub(in crate::web) use super::board::address::segment;

/// A path with these fields as its query; empty ones are left out.
pub(in crate::web) fn address(path: &str, pairs: &[(&str, &str)]) -> String {
    let query = query(&[], &[], pairs);
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}
