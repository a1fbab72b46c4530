//! Time periods of objects.cache.

use crate::source::text::Interner;
use alarm_core::objects::Timeperiod;

const DAYS: [&[u8]; 7] = [b"sunday", b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday"];

/// Takes one field of a `define timeperiod` block. Weekdays become windows; an absent weekday has none. Fields that are
/// neither names nor weekdays are dates (`2026-12-24`, `day 1 - 15`, `monday 1 january`): they make it inexact.
pub(super) fn field(period: &mut Timeperiod, key: &[u8], value: &[u8], names: &mut Interner) {
    match key {
        b"timeperiod_name" | b"alias" | b"name" | b"register" => {}
        b"exclude" => period.exclude.extend(super::objects::list(value).map(|name| names.name(name))),
        _ => match DAYS.iter().zip(&mut period.days).find(|(name, _)| **name == key) {
            Some((_, day)) => match windows(value) {
                Some(windows) => *day = windows,
                None => period.inexact = true,
            },
            None => period.inexact = true,
        },
    }
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
        for key in ["2026-12-24", "day 1 - 15", "monday 1", "monday 3 january", "december 24 / 2"] {
            assert!(read(&[(key, "00:00-00:00")]).inexact, "{key}");
        }
        assert!(read(&[("monday", "whenever")]).inexact);
    }
}
