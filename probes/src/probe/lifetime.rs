//! Thresholds of how long something still holds, or how old it may be: `-w 9h`, `-c 2d`, or a range as everywhere.

use crate::trust::time::{DAY, HOUR, MINUTE, Seconds};
use plugin::Range;

/// Reads one. A number alone, in the unit that the probe names or with `m`, `h` or `d` behind it, is the least that must be
/// left; anything with `:` or `@` is a range in that unit.
///
/// # Errors
/// It is neither; one line.
pub fn parse(text: &str, unit: Seconds) -> Result<Range, String> {
    if text.contains([':', '@']) {
        return text.parse::<Range>().map(|range| range.times(unit as f64)).map_err(|e| e.to_string());
    }
    Ok(Range::at_least(length(text, unit)?))
}

/// Reads how old something may be, the other way round: a number alone, in hours or with `m`, `h` or `d` behind it, is the most that is
/// fine; anything with `:` or `@` is a range in hours.
///
/// # Errors
/// It is neither; one line.
pub fn age_in_hours(text: &str) -> Result<Range, String> {
    if text.contains([':', '@']) {
        return text.parse::<Range>().map(|range| range.times(HOUR as f64)).map_err(|e| e.to_string());
    }
    Ok(Range::at_most(length(text, HOUR)?))
}

/// Seconds.
fn length(text: &str, unit: Seconds) -> Result<f64, String> {
    let (number, unit) = match text.strip_suffix(['m', 'h', 'd']) {
        Some(number) if text.ends_with('m') => (number, MINUTE),
        Some(number) if text.ends_with('h') => (number, HOUR),
        Some(number) => (number, DAY),
        None => (text, unit),
    };
    let number = number.parse().ok().filter(|n: &f64| n.is_finite() && *n >= 0.0).ok_or_else(|| {
        format!("{text:?} is no length of time: write a number, possibly with m, h or d behind it, or a range")
    })?;
    Ok(number * unit as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_alone_is_the_least_that_must_be_left() {
        let hours = |text: &str, left: Seconds| parse(text, HOUR).unwrap().alerts(left as f64);
        assert!(hours("9", 9 * HOUR - 1) && !hours("9", 9 * HOUR) && !hours("9", 900 * HOUR));
        assert!(hours("2d", DAY) && !hours("90m", 2 * HOUR) && hours("0.5", 1799));
        assert!(hours("10:20", 21 * HOUR) && hours("@0:5", 3 * HOUR) && !hours("0", 0));
        assert!(
            parse("abc", HOUR).is_err()
                && parse("-3", HOUR).is_err()
                && parse("3w", HOUR).is_err()
                && parse("inf", HOUR).is_err()
        );
    }

    #[test]
    fn an_age_alone_is_the_most_that_is_fine() {
        let alerts = |text: &str, seconds: Seconds| age_in_hours(text).unwrap().alerts(seconds as f64);
        assert!(!alerts("24", DAY) && alerts("24", DAY + 1) && !alerts("90m", 5400) && alerts("90m", 5401));
        assert!(alerts("2d", 2 * DAY + 1) && alerts("1:3", 0) && !alerts("1:3", 2 * HOUR));
        assert!(["", "x", "-1", "3w", "1e400"].iter().all(|text| age_in_hours(text).is_err()));
    }
}
