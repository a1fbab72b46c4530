//! The service types that GOCDB knows. GOCDB's administrators may add types, so an unknown one is only remarked on.

/// The known service types.
pub(super) fn known() -> Vec<&'static str> {
    include_str!("service_types.txt").lines().filter(|l| !l.is_empty() && !l.starts_with('#')).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn gocdbs_list_is_whole() {
        let known = super::known();
        assert_eq!(known.len(), 96 + 9);
        assert!(known.contains(&"Site-BDII") && known.contains(&"CUSTOM.pl.plgrid.QStorMan.UserInterface"));
    }
}
