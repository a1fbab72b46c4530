//! Performance data: `'label'=value[UOM];[warn];[crit];[min];[max]` (Nagios plugin guidelines, "Performance data").

use crate::{Range, Threshold};
use std::fmt;

/// The units that the guidelines know.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Unit {
    /// A number of things.
    #[default]
    None,
    /// `s`
    Seconds,
    /// `ms`
    Milliseconds,
    /// `us`
    Microseconds,
    /// `%`
    Percent,
    /// `B`
    Bytes,
    /// `KB`
    Kilobytes,
    /// `MB`
    Megabytes,
    /// `c`: a counter that only grows
    Counter,
}

impl Unit {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Unit::None => "",
            Unit::Seconds => "s",
            Unit::Milliseconds => "ms",
            Unit::Microseconds => "us",
            Unit::Percent => "%",
            Unit::Bytes => "B",
            Unit::Kilobytes => "KB",
            Unit::Megabytes => "MB",
            Unit::Counter => "c",
        }
    }
}

/// One datum. Displayed as it stands in the output.
#[derive(Clone, Debug, PartialEq)]
pub struct Perfdata {
    /// Its name, of any characters; the first 19 should tell it from the others of the same service, for RRD's sake.
    pub label: String,
    /// `None` when it could not be determined, shown as `U`.
    pub value: Option<f64>,
    /// What is counted.
    pub unit: Unit,
    /// The ranges it is judged by, in the same unit.
    pub threshold: Threshold,
    /// The least value that is possible.
    pub min: Option<f64>,
    /// The greatest value that is possible.
    pub max: Option<f64>,
}

impl Perfdata {
    /// A datum without thresholds and limits.
    pub fn new(label: impl Into<String>, value: f64, unit: Unit) -> Perfdata {
        let value = Some(value).filter(|v| v.is_finite());
        Perfdata { label: label.into(), value, unit, threshold: Threshold::default(), min: None, max: None }
    }

    /// A number of things, which cannot be less than none.
    pub fn count(label: impl Into<String>, count: usize) -> Perfdata {
        Perfdata { min: Some(0.0), ..Perfdata::new(label, count as f64, Unit::None) }
    }

    /// A datum that could not be determined.
    pub fn undetermined(label: impl Into<String>, unit: Unit) -> Perfdata {
        Perfdata::new(label, f64::NAN, unit)
    }

    /// The same with the ranges it is judged by.
    #[must_use]
    pub fn judged_by(self, threshold: Threshold) -> Perfdata {
        Perfdata { threshold, ..self }
    }

    /// The label without what no quoting helps against: `=` and line ends, control characters, `|` and `;`.
    pub fn safe_label(&self) -> String {
        let safe: String =
            self.label.chars().map(|c| if c.is_control() || matches!(c, '=' | '|' | ';') { '_' } else { c }).collect();
        if safe.is_empty() { "_".to_owned() } else { safe }
    }
}

impl fmt::Display for Perfdata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = self.safe_label();
        if label.contains([' ', '\'']) || !label.is_ascii() {
            write!(f, "'{}'=", label.replace('\'', "''"))?;
        } else {
            write!(f, "{label}=")?;
        }
        match self.value {
            Some(value) => write!(f, "{}{}", Number(value), self.unit.symbol())?,
            None => f.write_str("U")?,
        }
        let range = |r: Option<Range>| r.map(|r| r.to_string()).unwrap_or_default();
        let limit = |n: Option<f64>| n.map(|n| Number(n).to_string()).unwrap_or_default();
        let fields = [range(self.threshold.warning), range(self.threshold.critical), limit(self.min), limit(self.max)];
        let used = fields.iter().rposition(|field| !field.is_empty()).map_or(0, |last| last + 1);
        fields[..used].iter().try_for_each(|field| write!(f, ";{field}"))
    }
}

/// A number as graphing tools read it: without an exponent, and with no more than six digits behind the point.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.6}", self.0);
        let text = text.trim_end_matches('0').trim_end_matches('.');
        f.write_str(if text == "-0" { "0" } else { text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_is_written_as_the_guidelines_say() {
        let t = Threshold { warning: "10".parse().ok(), critical: "~:20".parse().ok() };
        let shown = |p: Perfdata| p.to_string();
        assert_eq!(shown(Perfdata::new("time", 0.25, Unit::Seconds).judged_by(t)), "time=0.25s;10;~:20");
        assert_eq!(shown(Perfdata::count("entries", 373)), "entries=373;;;0");
        assert_eq!(shown(Perfdata::new("it's so", 1e21, Unit::Bytes)), "'it''s so'=1000000000000000000000B");
        assert_eq!(shown(Perfdata::new("a=b|c;d\n", -0.0, Unit::None)), "a_b_c_d_=0");
        assert_eq!(shown(Perfdata::undetermined("age", Unit::Seconds)), "age=U");
    }

    proptest! {
        #[test]
        fn any_label_and_value_make_one_datum(label in any::<String>(), value in any::<f64>()) {
            let shown = Perfdata::new(label, value, Unit::Seconds).to_string();
            let (label, value) = shown.rsplit_once('=').unwrap();
            let quoted = label.strip_prefix('\'').and_then(|l| l.strip_suffix('\''));
            if let Some(inner) = quoted {
                prop_assert!(!inner.replace("''", "").contains('\''));
            } else {
                prop_assert!(!label.contains([' ', '\'']));
            }
            prop_assert!(!label.contains(['=', '|', '\n']));
            prop_assert!(value == "U" || value.strip_suffix('s').unwrap().parse::<f64>().is_ok());
        }
    }
}
