//! Addresses of pages, whatever the names in them hold.

pub(in crate::web) use super::board::address::segment;

/// These fields as a query; empty ones are left out.
pub(in crate::web) fn query(pairs: &[(&str, &str)]) -> String {
    super::board::address::query(&[], &[], pairs)
}

/// A path with these fields as its query; empty ones are left out.
pub(in crate::web) fn address(path: &str, pairs: &[(&str, &str)]) -> String {
    let query = self::query(pairs);
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}
