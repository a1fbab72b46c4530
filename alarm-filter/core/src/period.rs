//! Time periods as Nagios reads them: dates stand above weekdays, exclusions above both.

use crate::input::Text;
use crate::objects::MonitorObjects;
use crate::time::Timestamp;
use chrono::{DateTime, Datelike, NaiveDate, Timelike, Weekday};
use serde::{Deserialize, Serialize};

/// How deep exclusions of exclusions are followed.
const DEPTH: u8 = 8;

/// A time period: windows of each weekday in the monitor's local time, days with hours of their own, and what it excludes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timeperiod {
    /// Sunday first; each window `(begin, end)` in seconds of the day, begin included, end not.
    pub days: [Vec<(u32, u32)>; 7],
    /// Days with hours of their own, in the order in which they are asked: the first that fits decides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dates: Vec<Dates>,
    /// Names of excluded time periods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<Text>,
    /// It has fields that cannot be read: what it says of a moment is then not certain.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inexact: bool,
}

/// Days from one to another, and the hours of each.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Dates {
    /// The first.
    pub from: Day,
    /// The last; of the same kind as the first.
    pub to: Day,
    /// Only every so many days, counted from the first.
    pub every: u32,
    /// As in [`Timeperiod::days`].
    pub hours: Vec<(u32, u32)>,
}

/// A day, as time periods name it. A negative number counts from the end of the month. Kinds that come first are asked
/// first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Day {
    /// `2026-12-24`: year, month, day.
    Date(i32, u32, u32),
    /// `december 24`: month, day of it.
    OfMonth(u32, i32),
    /// `day 24`, of every month.
    OfEveryMonth(i32),
    /// `thursday 4 november`: weekday (Sunday is 0), which of the month, month.
    WeekdayOfMonth(u32, i32, u32),
    /// `monday 1`, of every month.
    WeekdayOfEveryMonth(u32, i32),
}

impl Day {
    /// The place of its kind in the order in which days are asked.
    pub fn kind(self) -> u8 {
        match self {
            Day::Date(..) => 0,
            Day::OfMonth(..) => 1,
            Day::OfEveryMonth(..) => 2,
            Day::WeekdayOfMonth(..) => 3,
            Day::WeekdayOfEveryMonth(..) => 4,
        }
    }

    /// The day that it means in the year and month of `near`; `None`: that month has no such day.
    fn in_month_of(self, near: NaiveDate, year: i32) -> Option<NaiveDate> {
        match self {
            Day::Date(year, month, day) => NaiveDate::from_ymd_opt(year, month, day),
            Day::OfMonth(month, day) => day_of_month(year, month, day),
            Day::OfEveryMonth(day) => day_of_month(near.year(), near.month(), day),
            Day::WeekdayOfMonth(weekday, nth, month) => weekday_of_month(year, month, weekday, nth),
            Day::WeekdayOfEveryMonth(weekday, nth) => weekday_of_month(near.year(), near.month(), weekday, nth),
        }
    }

    /// Whether what lies behind the end of a month stands for its last day.
    fn slips(self) -> bool {
        match self {
            Day::Date(..) => false,
            Day::OfMonth(_, n)
            | Day::OfEveryMonth(n)
            | Day::WeekdayOfMonth(_, n, _)
            | Day::WeekdayOfEveryMonth(_, n) => n >= 0,
        }
    }

    fn month(self, near: NaiveDate) -> u32 {
        match self {
            Day::Date(_, month, _) | Day::OfMonth(month, _) => month,
            Day::OfEveryMonth(_) | Day::WeekdayOfMonth(..) | Day::WeekdayOfEveryMonth(..) => near.month(),
        }
    }
}

impl Dates {
    fn cover(&self, day: NaiveDate) -> bool {
        let year = day.year();
        let Some(from) = self.from.in_month_of(day, year) else { return false };
        let end = |year| match self.to.in_month_of(day, year) {
            None if self.to.slips() => day_of_month(year, self.to.month(day), -1),
            end => end,
        };
        let Some(mut to) = end(year) else { return false };
        let over_the_year = matches!(self.to, Day::OfMonth(..) | Day::WeekdayOfMonth(..)) && to < from;
        if over_the_year {
            let Some(next) = end(year + 1) else { return false };
            to = next;
        }
        if self.every > 1 {
            let days = day.signed_duration_since(from).num_days();
            let endless = matches!(self.from, Day::Date(..)) && self.from == self.to;
            return days >= 0 && days % i64::from(self.every) == 0 && (endless || day <= to);
        }
        // Within a month, one that begins behind its end goes on over the end of the month.
        if from <= to { from <= day && day <= to } else { from <= day || day <= to }
    }
}

impl Timeperiod {
    /// Whether it holds at a moment, given as the monitor's local time.
    pub fn contains(&self, objects: &MonitorObjects, local: Timestamp) -> bool {
        self.holds(objects, local, DEPTH)
    }

    fn holds(&self, objects: &MonitorObjects, local: Timestamp, depth: u8) -> bool {
        let Some(t) = DateTime::from_timestamp_millis(local.0) else { return true };
        let (day, second) = (t.date_naive(), t.num_seconds_from_midnight());
        let weekday = usize::try_from(day.weekday().num_days_from_sunday()).unwrap_or(0);
        let hours =
            self.dates.iter().find(|d| d.cover(day)).map_or_else(|| &self.days[weekday % 7], |dates| &dates.hours);
        let inside = hours.iter().any(|(from, to)| *from <= second && second < *to);
        let excluded = || {
            let others = self.exclude.iter().filter_map(|name| objects.timeperiods.get(name));
            // What cannot be read excludes nothing for certain.
            depth > 0 && others.filter(|p| !p.inexact).any(|p| p.holds(objects, local, depth - 1))
        };
        (inside || self.inexact) && !excluded()
    }
}

fn last_day(year: i32, month: u32) -> Option<NaiveDate> {
    let (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    NaiveDate::from_ymd_opt(year, month, 1)?.pred_opt()
}

fn day_of_month(year: i32, month: u32, day: i32) -> Option<NaiveDate> {
    let day = if day < 0 { i32::try_from(last_day(year, month)?.day()).ok()? + 1 + day } else { day };
    NaiveDate::from_ymd_opt(year, month, u32::try_from(day).ok()?)
}

fn weekday_of_month(year: i32, month: u32, weekday: u32, nth: i32) -> Option<NaiveDate> {
    let weekday = Weekday::try_from(u8::try_from((weekday + 6) % 7).ok()?).ok()?;
    if nth >= 0 {
        return NaiveDate::from_weekday_of_month_opt(year, month, weekday, u8::try_from(nth).ok()?);
    }
    let count = if NaiveDate::from_weekday_of_month_opt(year, month, weekday, 5).is_some() { 5 } else { 4 };
    NaiveDate::from_weekday_of_month_opt(year, month, weekday, u8::try_from(count + 1 + nth).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: (u32, u32) = (0, 86_400);

    fn at(text: &str) -> Timestamp {
        Timestamp(chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap().and_utc().timestamp_millis())
    }

    fn only(from: Day, to: Day, every: u32) -> Timeperiod {
        Timeperiod { dates: vec![Dates { from, to, every, hours: vec![WHOLE] }], ..Timeperiod::default() }
    }

    fn days_of(period: &Timeperiod, month: &str) -> Vec<u32> {
        let none = MonitorObjects::default();
        (1..=31)
            .filter(|day| {
                let text = format!("{month}-{day:02} 12:00");
                chrono::NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M").is_ok()
                    && period.contains(&none, at(&text))
            })
            .collect()
    }

    #[test]
    fn each_kind_of_day() {
        let date = Day::Date(2026, 11, 25);
        assert_eq!(days_of(&only(date, date, 1), "2026-11"), [25]);
        assert_eq!(days_of(&only(date, Day::Date(2026, 11, 27), 1), "2026-11"), [25, 26, 27]);
        assert_eq!(days_of(&only(Day::OfMonth(11, 3), Day::OfMonth(11, 3), 1), "2026-11"), [3]);
        assert_eq!(days_of(&only(Day::OfEveryMonth(-1), Day::OfEveryMonth(-1), 1), "2026-02"), [28]);
        let thanksgiving = Day::WeekdayOfMonth(4, 4, 11);
        assert_eq!(days_of(&only(thanksgiving, thanksgiving, 1), "2026-11"), [26]);
        assert_eq!(days_of(&only(thanksgiving, thanksgiving, 1), "2026-12"), [] as [u32; 0]);
        let last_monday = Day::WeekdayOfEveryMonth(1, -1);
        assert_eq!(days_of(&only(last_monday, last_monday, 1), "2026-11"), [30]);
        let fifth_sunday = Day::WeekdayOfEveryMonth(0, 5);
        assert_eq!(days_of(&only(fifth_sunday, fifth_sunday, 1), "2026-11"), [29]);
        assert_eq!(days_of(&only(fifth_sunday, fifth_sunday, 1), "2026-12"), [] as [u32; 0]);
    }

    #[test]
    fn ranges_over_ends_and_steps() {
        let winter = only(Day::OfMonth(12, 30), Day::OfMonth(1, 2), 1);
        assert_eq!(days_of(&winter, "2026-12"), [30, 31]);
        let to_the_end = only(Day::OfEveryMonth(27), Day::OfEveryMonth(31), 1);
        assert_eq!(days_of(&to_the_end, "2026-02"), [27, 28]);
        let every_third = only(Day::Date(2026, 11, 2), Day::Date(2026, 11, 2), 7);
        assert_eq!(days_of(&every_third, "2026-11"), [2, 9, 16, 23, 30]);
        let until = only(Day::Date(2026, 11, 2), Day::Date(2026, 11, 17), 7);
        assert_eq!(days_of(&until, "2026-11"), [2, 9, 16]);
    }

    #[test]
    fn dates_stand_above_weekdays_and_exclusions_above_both() {
        let holidays = only(Day::OfMonth(12, 25), Day::OfMonth(12, 25), 1);
        let mut work = Timeperiod { exclude: vec!["holidays".into()], ..Timeperiod::default() };
        work.days = std::array::from_fn(|_| vec![WHOLE]);
        let short = Day::Date(2026, 12, 24);
        work.dates.push(Dates { from: short, to: short, every: 1, hours: vec![(0, 43_200)] });
        let unreadable = Timeperiod { inexact: true, ..Timeperiod::default() };
        let mut objects = MonitorObjects::default();
        objects.timeperiods.insert("holidays".into(), holidays);
        for (when, holds) in [
            ("2026-12-23 23:59", true),
            ("2026-12-24 11:59", true),
            ("2026-12-24 12:00", false),
            ("2026-12-25 00:00", false),
            ("2026-12-26 00:00", true),
        ] {
            assert_eq!(work.contains(&objects, at(when)), holds, "{when}");
        }
        objects.timeperiods.insert("holidays".into(), unreadable);
        assert!(work.contains(&objects, at("2026-12-25 00:00")));
    }
}
