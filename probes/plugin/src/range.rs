//! Ranges as plugins take them: `[@]start:end`.

use std::fmt;
use std::str::FromStr;

/// For which values to alert (Nagios plugin guidelines, "Threshold and Ranges"). End points belong to the range.
///
/// | written | alerts for |
/// | --- | --- |
/// | `10` | less than 0 or more than 10 |
/// | `10:` | less than 10 |
/// | `~:10` | more than 10 |
/// | `10:20` | less than 10 or more than 20 |
/// | `@10:20` | 10 to 20 |
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    start: f64,
    end: f64,
    inside: bool,
}

/// Why a text is no range; in one line, with the text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RangeError(String);

impl Range {
    /// Alerts below `start`.
    pub fn at_least(start: f64) -> Range {
        Range { start, end: f64::INFINITY, inside: false }
    }

    /// Alerts above `end`, and for nothing else: `~:end`.
    pub fn at_most(end: f64) -> Range {
        Range { start: f64::NEG_INFINITY, end, inside: false }
    }

    /// Whether this value is one to alert for. What is no number always is.
    pub fn alerts(&self, value: f64) -> bool {
        value.is_nan() || (self.start <= value && value <= self.end) == self.inside
    }

    /// The same range with both ends multiplied, as where days were given and seconds are counted.
    #[must_use]
    pub fn times(self, factor: f64) -> Range {
        Range { start: self.start * factor, end: self.end * factor, ..self }
    }

    /// The lower end; minus infinity for `~`.
    pub fn start(&self) -> f64 {
        self.start
    }
}

impl FromStr for Range {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Range, RangeError> {
        let wrong = |why: &str| {
            RangeError(format!("{text:?} is no range: {why}; write [@]start:end, such as 10, 10:, ~:10 or @10:20"))
        };
        let (inside, ends) = match text.strip_prefix('@') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (start, end) = match ends.split_once(':') {
            // A start of 0 may be left out, with or without its colon.
            Some(("", "")) => return Err(wrong("it has no ends")),
            Some(("", end)) => (Some(0.0), number(end)),
            Some(("~", "")) => (Some(f64::NEG_INFINITY), Some(f64::INFINITY)),
            Some(("~", end)) => (Some(f64::NEG_INFINITY), number(end)),
            Some((start, "")) => (number(start), Some(f64::INFINITY)),
            Some((start, end)) => (number(start), number(end)),
            None => (Some(0.0), number(ends)),
        };
        let (Some(start), Some(end)) = (start, end) else {
            return Err(wrong("its ends must be numbers"));
        };
        if start > end {
            return Err(wrong("its start is greater than its end"));
        }
        Ok(Range { start, end, inside })
    }
}

/// A decimal number, possibly with an exponent; neither `inf` nor `nan`.
fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    text.parse().ok().filter(|n: &f64| plain && n.is_finite())
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.inside {
            f.write_str("@")?;
        }
        match (self.start, self.end) {
            (f64::NEG_INFINITY, f64::INFINITY) => f.write_str("~:"),
            (f64::NEG_INFINITY, end) => write!(f, "~:{end}"),
            (start, f64::INFINITY) => write!(f, "{start}:"),
            (0.0, end) => write!(f, "{end}"),
            (start, end) => write!(f, "{start}:{end}"),
        }
    }
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RangeError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn alerts(range: &str, value: f64) -> bool {
        range.parse::<Range>().unwrap().alerts(value)
    }

    #[test]
    fn the_guidelines_table_holds() {
        for (range, yes, no) in [
            ("10", &[-1.0, 10.1][..], &[0.0, 10.0][..]),
            ("10:", &[9.9, -5.0], &[10.0, 1e9]),
            ("~:10", &[10.1], &[10.0, -1e9]),
            ("10:20", &[9.0, 21.0], &[10.0, 20.0]),
            ("@10:20", &[10.0, 15.0, 20.0], &[9.9, 20.1]),
            (":5", &[-0.1, 5.1], &[0.0, 5.0]),
            ("-5:-1", &[-6.0, 0.0], &[-5.0, -1.0]),
            ("@~:", &[0.0, -1e300], &[]),
            ("0", &[0.1, -0.1], &[0.0]),
        ] {
            assert!(yes.iter().all(|&v| alerts(range, v)), "{range}");
            assert!(!no.iter().any(|&v| alerts(range, v)), "{range}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "", "@", ":", "@:", "abc", "10:abc", "1:2:3", "20:10", "inf", "nan:", "~", "~10", "@@1", "1 0", "0x10",
            "5:~", "--5",
        ] {
            assert!(text.parse::<Range>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_number_alerts() {
        assert!(alerts("~:", f64::NAN) && alerts("@1:2", f64::NAN));
    }

    proptest! {
        #[test]
        fn a_range_is_read_back_as_written(a in -1e6_f64..1e6, b in -1e6_f64..1e6, inside: bool, open in 0..3) {
            let (start, end) = (a.min(b), a.max(b));
            let range = match open {
                0 => Range { start, end, inside },
                1 => Range { start: f64::NEG_INFINITY, end, inside },
                _ => Range { start, end: f64::INFINITY, inside },
            };
            prop_assert_eq!(range.to_string().parse::<Range>().unwrap(), range);
        }

        #[test]
        fn at_turns_a_range_inside_out(a in -100_i32..100, b in -100_i32..100, v in -150_i32..150) {
            let (start, end) = (a.min(b), a.max(b));
            let v = f64::from(v);
            prop_assert_ne!(alerts(&format!("{start}:{end}"), v), alerts(&format!("@{start}:{end}"), v));
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = text.parse::<Range>();
        }
    }
}
