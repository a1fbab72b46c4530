//! Time periods of objects.cache.

use crate::source::text::Interner;
use alarm_core::period::{Dates, Day, Timeperiod};

const DAYS: [&[u8]; 7] = [b"sunday", b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday"];

/// Takes one field of a `define timeperiod` block. Weekdays become windows; an absent weekday has none. Fields that are
/// neither names nor weekdays are dates (`2026-12-24`, `day 1 - 15 / 2`, `monday 1 january`); what is not understood makes
/// it inexact.
pub(super) fn field(period: &mut Timeperiod, key: &[u8], value: &[u8], names: &mut Interner) {
    match key {
        b"timeperiod_name" | b"alias" | b"name" | b"register" => {}
        b"exclude" => period.exclude.extend(super::objects::list(value).map(|name| names.name(name))),
        _ => match DAYS.iter().zip(&mut period.days).find(|(name, _)| **name == key) {
            Some((_, day)) => match windows(value) {
                Some(windows) => *day = windows,
                None => period.inexact = true,
            },
            None => match dates(key).zip(windows(value)) {
                Some(((from, to, every), hours)) => {
                    period.dates.push(Dates { from, to, every, hours });
                    // Nagios asks one kind after the other, whatever their order in the file.
                    period.dates.sort_by_key(|d| d.from.kind());
                }
                None => period.inexact = true,
            },
        },
    }
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// `FROM`, `FROM - TO`, either with ` / EVERY`.
fn dates(key: &[u8]) -> Option<(Day, Day, u32)> {
    let key = std::str::from_utf8(key).ok()?;
    let (range, every) = match key.split_once(" / ") {
        Some((range, every)) => (range, every.trim().parse().ok().filter(|n| *n > 0)?),
        None => (key, 1),
    };
    let (from, to) = range.split_once(" - ").map_or((range, None), |(from, to)| (from, Some(to)));
    let from = day(from)?;
    let to = match to {
        Some(to) => day(to).or_else(|| same_kind(from, to.trim().parse().ok()?))?,
        None => from,
    };
    (from.kind() == to.kind()).then_some((from, to, every))
}

/// The end of `day 1 - 15` and `january 1 - 15`, where only the number differs.
fn same_kind(from: Day, number: i32) -> Option<Day> {
    match from {
        Day::OfMonth(month, _) => Some(Day::OfMonth(month, number)),
        Day::OfEveryMonth(_) => Some(Day::OfEveryMonth(number)),
        _ => None,
    }
}

fn day(text: &str) -> Option<Day> {
    let weekday = |word: &str| DAYS.iter().position(|d| *d == word.as_bytes()).and_then(|n| u32::try_from(n).ok());
    let month = |word: &str| MONTHS.iter().position(|m| *m == word).and_then(|n| u32::try_from(n + 1).ok());
    let number = |word: &str| word.parse::<i32>().ok().filter(|n| *n != 0 && n.abs() <= 31);
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    Some(match words[..] {
        [date] => {
            let mut parts = date.splitn(3, '-');
            let year = parts.next()?.parse().ok().filter(|y| (1970..=9999).contains(y))?;
            Day::Date(year, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?)
        }
        ["day", n] => Day::OfEveryMonth(number(n)?),
        [word, n] => match (month(word), weekday(word)) {
            (Some(month), _) => Day::OfMonth(month, number(n)?),
            (None, Some(weekday)) => Day::WeekdayOfEveryMonth(weekday, number(n)?),
            (None, None) => return None,
        },
        [word, n, of] => Day::WeekdayOfMonth(weekday(word)?, number(n)?, month(of)?),
        _ => return None,
    })
}

/// `00:00-08:00,17:00-24:00` in seconds of the day, in order; `None` when it cannot be read.
fn windows(value: &[u8]) -> Option<Vec<(u32, u32)>> {
    let mut windows = super::objects::list(value)
        .map(|range| {
            let mut ends = range.split(|b| *b == b'-').map(clock);
            let window = (ends.next()??, ends.next()??);
            (ends.next().is_none() && window.0 <= window.1).then_some(window)
        })
        .collect::<Option<Vec<_>>>()?;
    windows.sort_unstable();
    Some(windows)
}

/// `HH:MM` or `HH:MM:SS`, up to 24:00.
fn clock(text: &[u8]) -> Option<u32> {
    let mut parts = text.trim_ascii().split(|b| *b == b':').map(|part| {
        let fits = (1..=2).contains(&part.len());
        super::blocks::number(part).filter(|n| fits && *n >= 0).and_then(|n| u32::try_from(n).ok())
    });
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
    let sum = hours * 3600 + minutes * 60 + seconds;
    (parts.next().is_none() && minutes < 60 && seconds < 60 && sum <= 86_400).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        assert_eq!(windows(b"00:00-24:00"), Some(vec![(0, 86_400)]));
        assert_eq!(windows(b"17:00-24:00,00:00-08:30"), Some(vec![(0, 30_600), (61_200, 86_400)]));
        assert_eq!(windows(b""), Some(vec![]));
        for bad in ["x", "08:00", "08:00-25:00", "09:00-08:00", "08:60-09:00", "8:00-9:00-10:00", "08:00-09:-1"] {
            assert_eq!(windows(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn days_dates_and_excludes() {
        let mut names = Interner::default();
        let mut read = |fields: &[(&str, &str)]| {
            let mut period = Timeperiod::default();
            for (key, value) in fields {
                field(&mut period, key.as_bytes(), value.as_bytes(), &mut names);
            }
            period
        };
        let work = read(&[
            ("timeperiod_name", "work"),
            ("alias", "x"),
            ("exclude", "holidays,night"),
            ("monday", "09:00-17:00"),
        ]);
        assert_eq!(work.days[1], [(32_400, 61_200)]);
        assert!(work.days[0].is_empty() && !work.inexact);
        assert_eq!(work.exclude.iter().map(|e| &**e).collect::<Vec<_>>(), ["holidays", "night"]);
        let one = |day| (day, day, 1);
        for (key, dates) in [
            ("2026-12-24", one(Day::Date(2026, 12, 24))),
            ("2026-12-24 - 2027-01-06", (Day::Date(2026, 12, 24), Day::Date(2027, 1, 6), 1)),
            ("2026-12-24 / 7", (Day::Date(2026, 12, 24), Day::Date(2026, 12, 24), 7)),
            ("december 24", one(Day::OfMonth(12, 24))),
            ("december 24 - january 6", (Day::OfMonth(12, 24), Day::OfMonth(1, 6), 1)),
            ("day 1 - 15 / 2", (Day::OfEveryMonth(1), Day::OfEveryMonth(15), 2)),
            ("day -1", one(Day::OfEveryMonth(-1))),
            ("monday 1", one(Day::WeekdayOfEveryMonth(1, 1))),
            ("thursday 4 november", one(Day::WeekdayOfMonth(4, 4, 11))),
            ("monday 1 may - sunday 2 may", (Day::WeekdayOfMonth(1, 1, 5), Day::WeekdayOfMonth(0, 2, 5), 1)),
        ] {
            let period = read(&[(key, "00:00-24:00")]);
            assert!(!period.inexact, "{key}");
            let [d] = &period.dates[..] else { panic!("{key}") };
            assert_eq!((d.from, d.to, d.every), dates, "{key}");
            assert_eq!(d.hours, [(0, 86_400)]);
        }
        for key in ["2026-12", "day", "day 32", "someday 1", "monday 1 - 2026-12-24", "december 24 / 0", "monday 1 - 3"]
        {
            assert!(read(&[(key, "00:00-00:00")]).inexact, "{key}");
        }
        let ordered = read(&[("monday 1", "00:00-01:00"), ("day 1", "00:00-02:00"), ("2026-12-24", "00:00-03:00")]);
        assert_eq!(ordered.dates.iter().map(|d| d.hours[0].1 / 3600).collect::<Vec<_>>(), [3, 2, 1]);
        assert!(read(&[("monday", "whenever")]).inexact);
    }
}
