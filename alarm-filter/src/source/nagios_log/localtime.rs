//! The monitor's distance from UTC, from the two ways in which one line tells the same moment.

use chrono::{NaiveDate, NaiveDateTime};

/// Seconds east of UTC from `Sun Nov 22 03:52:31 CET 2026` and the epoch seconds of the same line; `None` when the text
/// cannot be read or the two are more than a day apart. Rounded to a minute, since the line may have been stamped a second
/// later than the text was made; not further, since a `TZ` of its own may be off by any minutes.
pub fn utc_offset(text: &[u8], at: i64) -> Option<i32> {
    let local = parse(text)?.and_utc().timestamp();
    let off = local.checked_sub(at)?;
    if off.abs() > 26 * 3600 {
        return None;
    }
    i32::try_from((off + 30).div_euclid(60) * 60).ok()
}

/// Reads `Sun Nov 22 03:52:31 2026` with or without a zone before the year (`ctime`, and Nagios' long date), as well as
/// `2026-11-22 03:52:31`.
pub fn parse(text: &[u8]) -> Option<NaiveDateTime> {
    let text = std::str::from_utf8(text).ok()?.trim();
    if text.as_bytes().first().is_some_and(u8::is_ascii_digit) {
        return NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok();
    }
    let mut words = text.split_ascii_whitespace();
    let (_weekday, month, day, clock) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let year: i32 = words.next_back()?.parse().ok()?;
    let month = MONTHS.iter().position(|m| *m == month)?;
    let date = NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()? + 1, day.parse().ok()?)?;
    let mut clock = clock.split(':').map(str::parse::<u32>);
    let (h, m, s) = (clock.next()?.ok()?, clock.next()?.ok()?, clock.next()?.ok()?);
    date.and_hms_opt(h, m, s)
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offset_of_recorded_lines() {
        assert_eq!(utc_offset(b"Sun Nov 22 03:52:31 CRP 2026", 1_795_319_551), Some(0));
        assert_eq!(utc_offset(b"Sun Nov 22 04:52:31 CET 2026", 1_795_319_551), Some(3600));
        assert_eq!(utc_offset(b"Sun Nov 22 09:22:30 +0530 2026", 1_795_319_551), Some(19_800));
        assert_eq!(utc_offset(b"Sat Nov 21 23:52:31 2026", 1_795_319_551), Some(-14_400));
        assert_eq!(utc_offset(b"Wed Nov 25 22:53:21 CRP 2026", 1_795_645_521), Some(28 * 60));
        assert_eq!(utc_offset(b"Wed Nov 25 18:53:20 GWT 2026", 1_795_645_521), Some(-(3 * 60 + 32) * 60));
        assert_eq!(utc_offset(b"Sun Nov 22 03:52:31 CRP 2027", 1_795_319_551), None);
        assert_eq!(utc_offset(b"yesterday", 0), None);
    }

    #[test]
    fn single_digit_days_are_padded_or_not() {
        assert_eq!(parse(b"Sun Nov  1 03:52:31 2026"), parse(b"Sun Nov 1 03:52:31 UTC 2026"));
        assert_eq!(parse(b"2026-11-01 03:52:31"), parse(b"Sun Nov 1 03:52:31 2026"));
    }
}
