//! Working days: which they are, when they end, and how much of a span of time lies on days off (DC4).

use crate::settings::Calendar;
use crate::time::{DAY, Millis, Timestamp};
use chrono::{Datelike, Days, NaiveDate, NaiveTime, TimeZone};

impl Calendar {
    /// Whether a day is worked.
    pub fn works(&self, day: NaiveDate) -> bool {
        !self.weekend.contains(&day.weekday()) && !self.holidays.contains(&day)
    }

    /// The region's day at a point in time; `None` outside of the calendar.
    pub fn day_of(&self, at: Timestamp) -> Option<NaiveDate> {
        let utc = chrono::DateTime::from_timestamp_millis(at.0)?;
        Some(utc.with_timezone(&self.timezone).date_naive())
    }

    /// The end of the `days`-th working day after `from`; the day of `from` itself does not count.
    /// A calendar with no working day within ten years gives `from` plus plain days.
    pub fn deadline(&self, from: Timestamp, days: u32) -> Timestamp {
        let fallback = from.plus(DAY.saturating_mul(i64::from(days)));
        let Some(mut day) = self.day_of(from) else { return fallback };
        let mut left = days;
        for _ in 0..3660 {
            if left == 0 {
                return self.moment(day, self.end_of_day).unwrap_or(fallback);
            }
            let Some(next) = day.checked_add_days(Days::new(1)) else { return fallback };
            day = next;
            if self.works(day) {
                left -= 1;
            }
        }
        fallback
    }

    /// How much of `[from, to]` lies on whole days off.
    pub fn days_off_within(&self, from: Timestamp, to: Timestamp) -> Millis {
        self.days_off(from, to).into_iter().map(|(from, to)| to.since(from)).sum()
    }

    /// The parts of `[from, to]` that lie on whole days off, one for each day; at most ten years of them.
    pub fn days_off(&self, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let mut off = Vec::new();
        let (Some(mut day), Some(last)) = (self.day_of(from), self.day_of(to)) else { return off };
        for _ in 0..3660 {
            if day > last {
                break;
            }
            let Some(next) = day.checked_add_days(Days::new(1)) else { break };
            if !self.works(day)
                && let (Some(a), Some(b)) = (self.moment(day, NaiveTime::MIN), self.moment(next, NaiveTime::MIN))
            {
                let part = (a.max(from), b.min(to));
                if part.0 < part.1 {
                    off.push(part);
                }
            }
            day = next;
        }
        off
    }

    /// A local time of a day; where the clock skips it, the next moment that exists; where it is there twice, the later.
    fn moment(&self, day: NaiveDate, time: NaiveTime) -> Option<Timestamp> {
        let local = day.and_time(time);
        self.timezone
            .from_local_datetime(&local)
            .latest()
            .or_else(|| self.timezone.from_local_datetime(&(local + chrono::Duration::hours(1))).latest())
            .map(|t| Timestamp(t.timestamp_millis()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR;

    fn at(text: &str) -> Timestamp {
        Timestamp(chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
    }

    #[test]
    fn the_day_of_sending_does_not_count_and_days_off_are_skipped() {
        let mut c = Calendar { timezone: chrono_tz::Europe::Zurich, ..Calendar::default() };
        // A Thursday: Friday, Monday, Tuesday.
        assert_eq!(c.deadline(at("2026-11-19T10:00:00+01:00"), 3), at("2026-11-24T18:00:00+01:00"));
        c.holidays.insert(NaiveDate::from_ymd_opt(2026, 11, 23).unwrap());
        assert_eq!(c.deadline(at("2026-11-19T10:00:00+01:00"), 3), at("2026-11-25T18:00:00+01:00"));
    }

    #[test]
    fn days_off_follow_the_clock_change() {
        let c = Calendar { timezone: chrono_tz::Europe::Zurich, ..Calendar::default() };
        // 2026-10-25, a Sunday, has 25 hours.
        assert_eq!(c.days_off_within(at("2026-10-23T12:00:00+02:00"), at("2026-10-26T12:00:00+01:00")), 49 * HOUR);
    }
}
