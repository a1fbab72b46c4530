//! How the pages say times, ages and conditions.

use alarm_core::alarm::{Alarm, Band};
use alarm_core::input::SourceHealth;
use alarm_core::state::State;
use alarm_core::time::{DAY, HOUR, MINUTE, Millis, SECOND, Timestamp};
use chrono::{DateTime, Datelike, Timelike, Utc};

/// The words of the interface for a band.
pub fn band_name(band: Band) -> &'static str {
    match band {
        Band::FirstLine => "first-line",
        Band::Rod => "rod",
        Band::Overdue => "overdue",
    }
}

/// The band in words for people.
pub(super) fn band_words(band: Band) -> &'static str {
    match band {
        Band::FirstLine => "under 24 h",
        Band::Rod => "24 to 72 h",
        Band::Overdue => "over 72 h",
    }
}

/// The picture and colour that go with a state.
pub(super) fn state_class(state: State) -> &'static str {
    match state {
        State::Critical | State::Down => "crit",
        State::Warning => "warn",
        State::Unknown | State::Unreachable => "unkn",
        State::Ok | State::Up => "ok",
    }
}

/// An age: `3d 07h`, `7h 05m`, `12m`.
pub(super) fn age(ms: Millis) -> String {
    let ms = ms.max(0);
    if ms >= DAY {
        format!("{}d {:02}h", ms / DAY, ms % DAY / HOUR)
    } else if ms >= HOUR {
        format!("{}h {:02}m", ms / HOUR, ms % HOUR / MINUTE)
    } else {
        format!("{}m", ms / MINUTE)
    }
}

/// How long ago, roughly: `14 s`, `6 min`, `3 h`, `2 d`.
pub(super) fn ago(ms: Millis) -> String {
    match ms.max(0) {
        ms if ms < 2 * MINUTE => format!("{} s", ms / SECOND),
        ms if ms < 2 * HOUR => format!("{} min", ms / MINUTE),
        ms if ms < 2 * DAY => format!("{} h", ms / HOUR),
        ms => format!("{} d", ms / DAY),
    }
}

fn utc(t: Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(t.0)
}

/// A moment in UTC, whole: `2026-11-22 03:52:31 UTC`.
pub(super) fn moment(t: Timestamp) -> String {
    let mut text = stamp(t);
    if utc(t).is_some() {
        text.push_str(" UTC");
    }
    text
}

/// A moment in UTC, for a column whose head says so: `2026-11-22 03:52:31`.
pub(super) fn stamp(t: Timestamp) -> String {
    let Some(at) = utc(t) else { return t.to_string() };
    // Each line of a board has several: chrono would take its pattern apart every time.
    let (y, m, d) = (at.year(), at.month(), at.day());
    format!("{y:04}-{m:02}-{d:02} {:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
}

/// A moment in UTC, short: `22 Nov 03:52`, with the year where it is not that of `now`.
pub(super) fn short(t: Timestamp, now: Timestamp) -> String {
    let Some(at) = utc(t) else { return t.to_string() };
    let same_year = utc(now).is_some_and(|n| n.year() == at.year());
    at.format(if same_year { "%d %b %H:%M" } else { "%Y-%m-%d" }).to_string()
}

/// A moment in a site's own time: `04:52 on 22 Nov, Europe/Zurich`; `None` when the zone is not known or is UTC.
pub(super) fn local(t: Timestamp, zone: &str) -> Option<String> {
    let tz: chrono_tz::Tz = zone.trim().parse().ok()?;
    if tz == chrono_tz::Tz::UTC {
        return None;
    }
    Some(format!("{}, {}", utc(t)?.with_timezone(&tz).format("%H:%M on %d %b"), tz.name()))
}

/// Until when, in UTC: `until 14:20`, or with the day where it is another one: `until Mon 14:20`.
pub(super) fn until(t: Timestamp, now: Timestamp) -> String {
    format!("until {}", clock(t, now))
}

/// From when on, the same way.
pub(super) fn from(t: Timestamp, now: Timestamp) -> String {
    format!("from {}", clock(t, now))
}

fn clock(t: Timestamp, now: Timestamp) -> String {
    let Some(at) = utc(t) else { return t.to_string() };
    let days = utc(now).map_or(i64::MAX, |n| (at.date_naive() - n.date_naive()).num_days());
    let how = match days {
        0 => "%H:%M",
        1..=6 => "%a %H:%M",
        _ => "%d %b %H:%M",
    };
    at.format(how).to_string()
}

/// How often, in words.
pub(super) fn times(n: u32) -> String {
    match n {
        0 | 1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    }
}

/// How an alarm's object is named in one line.
pub(super) fn object(alarm: &Alarm) -> String {
    match &alarm.key.service {
        Some(service) => format!("{service} on {}", alarm.key.host),
        None => format!("host {}", alarm.key.host),
    }
}

/// A source's health, in a word.
pub(super) fn health(health: SourceHealth) -> &'static str {
    match health {
        SourceHealth::Fresh => "fresh",
        SourceHealth::Silent => "silent",
        SourceHealth::Gap => "gap",
        SourceHealth::Stopped => "stopped",
    }
}

/// What it means for who reads the alarms.
pub(super) fn health_meaning(health: SourceHealth, topology: bool) -> &'static str {
    match (health, topology) {
        (SourceHealth::Fresh, _) => "up to date",
        (SourceHealth::Silent, false) => {
            "nothing is heard from it: new failures are not seen, and what stands below may be over"
        }
        (SourceHealth::Silent, true) => {
            "it does not answer: sites and downtimes are those of the last good copy; new downtimes are not seen"
        }
        (SourceHealth::Gap, false) => {
            "something in between was lost: an alarm may be missing until it has been compared"
        }
        (SourceHealth::Gap, true) => "its last answer was refused: the last good copy stays in force",
        (SourceHealth::Stopped, _) => "it was stopped on purpose: nothing changes here until it runs again",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_moments_are_short() {
        assert_eq!(age(3 * DAY + 7 * HOUR + 59 * MINUTE), "3d 07h");
        assert_eq!(age(7 * HOUR + 5 * MINUTE), "7h 05m");
        assert_eq!(age(-5), "0m");
        assert_eq!(ago(14_000), "14 s");
        assert_eq!(ago(6 * MINUTE), "6 min");
        let t = Timestamp::from_secs(1_795_319_551);
        assert_eq!(moment(t), "2026-11-22 03:52:31 UTC");
        assert_eq!(short(t, t), "22 Nov 03:52");
        assert_eq!(short(t, t.plus(60 * DAY)), "2026-11-22");
        assert_eq!(until(t.plus(HOUR), t), "until 04:52");
        assert_eq!(until(t.plus(DAY), t), "until Mon 03:52");
        assert_eq!(until(t.plus(9 * DAY), t), "until 01 Dec 03:52");
        assert_eq!(local(t, "Europe/Zurich").as_deref(), Some("04:52 on 22 Nov, Europe/Zurich"));
        assert_eq!(local(t, "Mars/Base"), None);
        assert_eq!(local(t, "UTC"), None);
        assert!(moment(Timestamp(i64::MAX)).ends_with("ms"));
    }
}
