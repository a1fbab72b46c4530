//! The fields of a form, read one by one: what cannot be is an error in words, never a guess.

use super::back::Back;
use alarm_core::command::{CauseKind, OffReason, Target};
use alarm_core::input::Text;
use alarm_core::settings::Calendar;
use alarm_core::time::{DAY, Timestamp};
use chrono::{NaiveDate, TimeZone};
use serde::de::DeserializeOwned;

/// A switched-off alarm returns within so long at the latest.
const LATEST: i64 = 366 * DAY;

/// The fields as they were sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(pub(super) Vec<(String, String)>);

impl Fields {
    /// A field's value; empty: it was not sent.
    pub(super) fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// All values of a field.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Alarms with the versions that were seen: `ID:VERSION`.
    pub(super) fn targets(&self, name: &str) -> Result<Vec<Target>, String> {
        self.all(name).map(target).collect()
    }

    /// The one alarm of a field.
    pub(super) fn target(&self, name: &str) -> Result<Option<Target>, String> {
        Some(self.one(name)).filter(|v| !v.is_empty()).map(target).transpose()
    }

    /// What was written: the line ends of browsers are made plain.
    pub(super) fn text(&self, name: &str) -> Text {
        self.one(name).replace("\r\n", "\n").trim().into()
    }

    /// The typed reason.
    pub(super) fn reason(&self) -> Result<Option<OffReason>, String> {
        self.word("reason")
    }

    /// The kind of a common cause.
    pub(super) fn kind(&self) -> Result<Option<CauseKind>, String> {
        self.word("kind")
    }

    fn word<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, String> {
        let value = self.one(name);
        if value.is_empty() {
            return Ok(None);
        }
        let read = serde_json::from_value(serde_json::Value::String(value.to_owned()));
        read.map(Some)
            .map_err(|_| format!("the form's field {name} holds a word that is not known; load the page anew"))
    }

    /// A day, as the end of that day in the region.
    pub(super) fn until(&self, calendar: &Calendar, now: Timestamp) -> Result<Option<Timestamp>, String> {
        let value = self.one("until").trim();
        if value.is_empty() {
            return Ok(None);
        }
        let wrong = || "the date cannot be read; write it as 2026-12-24".to_owned();
        let day: NaiveDate = value.parse().map_err(|_| wrong())?;
        let local = calendar.timezone.from_local_datetime(&day.and_time(calendar.end_of_day));
        let until = local.latest().map(|t| Timestamp(t.timestamp_millis())).ok_or_else(wrong)?;
        match until.since(now) {
            ..=0 => Err(format!("the day {day} is over; give one that is still to come, or none")),
            1..=LATEST => Ok(Some(until)),
            _ => Err(format!("the day {day} is more than a year away; give an earlier one, or none")),
        }
    }

    /// Where to go afterwards: the page that the form names, or the board with the form's filter.
    pub(super) fn back(&self) -> Back {
        match self.one("back") {
            "" => Back::filtered(self.one("query")),
            address => Back::read(address).unwrap_or_else(Back::board),
        }
    }
}

/// Whether this can be an alarm's id.
pub(in crate::web) fn is_id(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'))
}

fn target(value: &str) -> Result<Target, String> {
    let (id, version) = value.split_once(':').unwrap_or((value, "0"));
    match version.parse() {
        Ok(version) if is_id(id) => Ok(Target { alarm: id.into(), version }),
        _ => Err("the form names an alarm in a way that is not known; load the page anew".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        Fields(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn alarms_come_with_the_versions_that_were_seen() {
        let f = fields(&[("alarm", "0123456789abcdef:7"), ("alarm", "00000000000000c1"), ("leader", "")]);
        let found: Vec<(String, u64)> =
            f.targets("alarm").unwrap().into_iter().map(|t| (t.alarm.to_string(), t.version)).collect();
        assert_eq!(found, [("0123456789abcdef".to_owned(), 7), ("00000000000000c1".to_owned(), 0)]);
        assert_eq!(f.target("leader"), Ok(None));
        for bad in ["x", "0123456789abcdef:", "0123456789abcdef:-1", "0123456789ABCDEF:1", "0123456789abcdef:1:2", ":1"]
        {
            assert!(fields(&[("alarm", bad)]).targets("alarm").is_err(), "{bad}");
        }
    }

    #[test]
    fn words_are_those_that_are_known() {
        assert_eq!(fields(&[("reason", "monitoring-fault")]).reason(), Ok(Some(OffReason::MonitoringFault)));
        assert_eq!(fields(&[("reason", "")]).reason(), Ok(None));
        assert!(fields(&[("reason", "because")]).reason().is_err());
        assert_eq!(fields(&[("kind", "network")]).kind(), Ok(Some(CauseKind::Network)));
        assert_eq!(&*fields(&[("text", " a\r\nb ")]).text("text"), "a\nb");
    }

    #[test]
    fn al19_a_day_ends_with_the_regions_working_day() {
        let calendar = Calendar { timezone: chrono_tz::Europe::Zurich, ..Calendar::default() };
        let now = Timestamp::from_secs(1_795_348_800); // 2026-11-22, 12:00 UTC
        let until = |day: &str| fields(&[("until", day)]).until(&calendar, now);
        assert_eq!(until("2026-12-24"), Ok(Some(Timestamp::from_secs(1_798_131_600))), "18:00 in Zurich");
        assert_eq!(until(""), Ok(None));
        assert!(until("2026-11-21").unwrap_err().contains("is over"));
        assert!(until("2028-01-01").unwrap_err().contains("more than a year"));
        assert!(until("24.12.2026").unwrap_err().contains("2026-12-24"));
    }
}
