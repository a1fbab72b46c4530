//! What stands in a line of the board: chosen in the address.

use super::filter::Sort;

/// A column.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::web) struct Column {
    /// Its name in addresses.
    pub(in crate::web) name: &'static str,
    /// Its head.
    pub(in crate::web) head: &'static str,
    /// Its class.
    pub(in crate::web) class: &'static str,
    /// By what its head sorts.
    pub(in crate::web) sort: Option<(&'static str, Sort)>,
    /// It stands there unless the address names others.
    usual: bool,
}

const fn column(
    name: &'static str,
    head: &'static str,
    class: &'static str,
    sort: Option<(&'static str, Sort)>,
    usual: bool,
) -> Column {
    Column { name, head, class, sort, usual }
}

/// All of them, in their order. The metric is what a line is about: it always stands there.
pub(in crate::web) const COLUMNS: [Column; 14] = [
    column("state", "State", "k-state", Some(("state", Sort::State)), true),
    column("age", "Age", "k-age", Some(("age", Sort::Age)), true),
    column("since", "Since, UTC", "k-since", Some(("since", Sort::Since)), false),
    column("site", "Site", "k-site", Some(("site", Sort::Site)), true),
    column("ngi", "NGI", "k-ngi", Some(("ngi", Sort::Ngi)), false),
    column("type", "Service", "k-type", Some(("service_type", Sort::ServiceType)), true),
    column("metric", "Metric", "k-metric", Some(("metric", Sort::Metric)), true),
    column("host", "Host", "k-host", Some(("host", Sort::Host)), true),
    column("strip", "Last 24 h", "k-strip", None, true),
    column("flags", "Flags", "k-flags", None, true),
    column("times", "Times", "k-ep", Some(("episodes", Sort::Episodes)), false),
    column("note", "Last note, or output", "k-note", None, true),
    column("output", "Output", "k-output", None, false),
    column("next", "Next", "k-next", None, true),
];

/// Which columns stand there.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::web) struct Columns(u16);

impl Columns {
    /// Names of columns, with commas between them.
    ///
    /// # Errors
    /// There is no column of that name.
    pub(in crate::web) fn take(&mut self, names: &str) -> Result<(), String> {
        for name in names.split(',').map(str::trim).filter(|n| !n.is_empty()) {
            let Some(i) = COLUMNS.iter().position(|c| c.name == name) else {
                return Err(format!(
                    "there is no column '{name}'; known are {}",
                    COLUMNS.each_ref().map(|c| c.name).join(", ")
                ));
            };
            self.0 |= 1 << i;
        }
        Ok(())
    }

    /// Whether it stands there.
    pub(in crate::web) fn has(self, name: &str) -> bool {
        COLUMNS.iter().enumerate().any(|(i, c)| c.name == name && self.at(i))
    }

    fn at(self, i: usize) -> bool {
        COLUMNS[i].name == "metric" || if self.0 == 0 { COLUMNS[i].usual } else { self.0 & (1 << i) != 0 }
    }

    /// Those that stand there, in their order.
    pub(in crate::web) fn shown(self) -> impl Iterator<Item = &'static Column> {
        COLUMNS.iter().enumerate().filter(move |(i, _)| self.at(*i)).map(|(_, c)| c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metric_always_stands_there_and_unknown_names_are_said() {
        let mut c = Columns::default();
        assert!(c.has("state") && !c.has("ngi"));
        c.take("ngi, times").unwrap();
        assert_eq!(c.shown().map(|c| c.name).collect::<Vec<_>>(), ["ngi", "metric", "times"]);
        assert!(c.take("colour").unwrap_err().contains("strip"));
    }
}
