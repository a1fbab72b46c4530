//! Times as certificates write them (RFC 5280, 4.1.2.5), and lengths of time as people read them.

use super::der::{DerError, tag};
use chrono::{DateTime, NaiveDate, Utc};

/// Seconds since 1970.
pub type Seconds = i64;

/// One minute.
pub const MINUTE: Seconds = 60;
/// One hour.
pub const HOUR: Seconds = 3600;
/// One day.
pub const DAY: Seconds = 86_400;

/// Reads a UTCTime or GeneralizedTime.
///
/// # Errors
/// It is neither, or no time of the calendar.
pub fn read(time_tag: u8, value: &[u8]) -> Result<Seconds, DerError> {
    let text = std::str::from_utf8(value).unwrap_or("?");
    let wrong = || DerError(format!("{text:?} is no time"));
    let (year, rest) = match time_tag {
        tag::UTC_TIME => {
            // Two digits: 1950 to 2049.
            let year = digits(value, 2).ok_or_else(wrong)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, &value[2..])
        }
        tag::GENERALIZED_TIME => (digits(value, 4).ok_or_else(wrong)?, &value[4..]),
        _ => return Err(DerError(format!("tag {time_tag:#04x} where a time belongs"))),
    };
    let two = |at: usize| rest.get(at..).and_then(|rest| digits(rest, 2)).ok_or_else(wrong);
    let (month, day, hour, minute) = (two(0)?, two(2)?, two(4)?, two(6)?);
    // RFC 5280 wants seconds and Z; what OpenSSL reads besides is read, too.
    let (second, end) = match rest.get(8) {
        Some(b'0'..=b'9') => (two(8)?, 10),
        _ => (0, 8),
    };
    let offset = zone(&rest[end..]).ok_or_else(wrong)?;
    let date = NaiveDate::from_ymd_opt(year as i32, month, day).ok_or_else(wrong)?;
    let time = date.and_hms_opt(hour, minute, second).ok_or_else(wrong)?;
    Ok(time.and_utc().timestamp() - offset)
}

fn digits(bytes: &[u8], count: usize) -> Option<u32> {
    bytes.get(..count)?.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
}

fn zone(text: &[u8]) -> Option<Seconds> {
    match text {
        b"Z" => Some(0),
        [sign @ (b'+' | b'-'), rest @ ..] if rest.len() == 4 => {
            let offset = Seconds::from(digits(rest, 2)?) * HOUR + Seconds::from(digits(&rest[2..], 2)?) * MINUTE;
            Some(if *sign == b'+' { offset } else { -offset })
        }
        _ => None,
    }
}

/// As `2026-11-22 08:00 UTC`.
pub fn shown(at: Seconds) -> String {
    DateTime::<Utc>::from_timestamp(at, 0).map_or_else(
        || format!("second {at}"),
        |t| {
            let (d, t) = (t.date_naive(), t.time());
            use chrono::{Datelike, Timelike};
            format!("{:04}-{:02}-{:02} {:02}:{:02} UTC", d.year(), d.month(), d.day(), t.hour(), t.minute())
        },
    )
}

/// A length of time in its two largest units, as `5 d 3 h`, `40 min`, `12 s`.
pub fn length(seconds: Seconds) -> String {
    let n = seconds.abs();
    let two = |big, unit: &str, small, name: &str| match (n / big, n % big / small) {
        (first, 0) => format!("{first} {unit}"),
        (first, second) => format!("{first} {unit} {second} {name}"),
    };
    match n {
        0..60 => format!("{n} s"),
        60..3600 => format!("{} min", n / MINUTE),
        3600..86_400 => two(HOUR, "h", MINUTE, "min"),
        86_400..1_728_000 => two(DAY, "d", HOUR, "h"),
        _ => format!("{} d", n / DAY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_forms_are_read() {
        let utc = |text: &str| read(tag::UTC_TIME, text.as_bytes());
        let general = |text: &str| read(tag::GENERALIZED_TIME, text.as_bytes());
        assert_eq!(utc("700101000000Z"), Ok(0));
        assert_eq!(utc("491231235959Z"), general("20491231235959Z"));
        assert_eq!(utc("500101000000Z"), general("19500101000000Z"));
        assert_eq!(utc("7001010100Z"), Ok(HOUR));
        assert_eq!(utc("700101020000+0200"), Ok(0));
        assert_eq!(general("20000229120000Z"), Ok(951_825_600));
        for nonsense in
            ["", "Z", "7001", "700101000000", "701301000000Z", "700230000000Z", "7001010000000Z", "70010100000aZ"]
        {
            assert!(utc(nonsense).is_err(), "{nonsense}");
        }
        assert_eq!(shown(951_825_600), "2000-02-29 12:00 UTC");
    }

    #[test]
    fn lengths_are_readable() {
        let shown: Vec<String> =
            [5, 59 * 60, HOUR, 90 * MINUTE, DAY + HOUR, 5 * DAY, 400 * DAY, -2 * HOUR].map(length).into();
        assert_eq!(shown, ["5 s", "59 min", "1 h", "1 h 30 min", "1 d 1 h", "5 d", "400 d", "2 h"]);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..30), text in "[0-9Z+-]{0,20}", at: i64) {
            for tag in [tag::UTC_TIME, tag::GENERALIZED_TIME, 0] {
                let _ = read(tag, &bytes);
                let _ = read(tag, text.as_bytes());
            }
            let _ = shown(at);
            let _ = length(at.max(i64::MIN + 1));
        }
    }
}
