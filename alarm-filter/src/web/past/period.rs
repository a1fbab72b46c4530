//! Which period, profile and sites are asked for: the query of `/availability` and of its interface.

use crate::availability::Period;
use crate::view::View;
use alarm_core::input::Text;
use alarm_core::profile::Profile;
use alarm_core::time::{DAY, Timestamp};
use alarm_core::timeline::{day_begin, day_of};
use chrono::{Datelike, NaiveDate};
use std::sync::Arc;

/// Longest value of a field.
const LONGEST: usize = 256;
/// Longest period, in days.
const AT_MOST: i32 = 366;

/// What was asked for, and what of it was wrong.
#[derive(Clone, Debug)]
pub(in crate::web) struct Query {
    /// First day.
    pub(in crate::web) first: i32,
    /// Last day, which belongs to it.
    pub(in crate::web) last: i32,
    /// Name of the profile; that of the operators when not given.
    pub(in crate::web) profile: Text,
    /// Site, NGI, service type; empty: all.
    pub(in crate::web) site: String,
    pub(in crate::web) ngi: String,
    pub(in crate::web) service_type: String,
    /// How far down: `site`, `type`, `endpoint`, `day`.
    pub(in crate::web) detail: Detail,
    /// The order of the rows.
    pub(in crate::web) sort: String,
    /// Field and what is wrong with it.
    pub(in crate::web) faults: Vec<(&'static str, String)>,
    /// Nothing is wrong but that there is no profile of that name.
    pub(in crate::web) no_such_profile: bool,
}

/// How far down the figures go.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::web) enum Detail {
    /// A row a site.
    #[default]
    Site,
    /// A row a service type.
    Type,
    /// A row an endpoint: a service type on a host.
    Endpoint,
    /// A row a metric of an endpoint.
    Metric,
    /// A row a site and day.
    Day,
}

impl Detail {
    pub(in crate::web) const ALL: [(&'static str, Detail); 5] = [
        ("site", Detail::Site),
        ("type", Detail::Type),
        ("endpoint", Detail::Endpoint),
        ("metric", Detail::Metric),
        ("day", Detail::Day),
    ];

    /// Its word in addresses.
    pub(in crate::web) fn word(self) -> &'static str {
        Detail::ALL.into_iter().find(|(_, d)| *d == self).map_or("site", |(word, _)| word)
    }
}

const FIELDS: [&str; 10] = ["from", "to", "month", "profile", "site", "ngi", "service_type", "detail", "sort", "seq"];

impl Query {
    /// Reads the pairs of an address.
    pub(in crate::web) fn read(pairs: &[(String, String)], view: &View, now: Timestamp) -> Self {
        let value = |name: &str| pairs.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str());
        let mut faults = Vec::new();
        for name in FIELDS {
            let mut given = pairs.iter().filter(|(n, _)| n == name).map(|(_, v)| v);
            let too_long = |v: &String| v.chars().nth(LONGEST).is_some();
            match (given.next(), given.next()) {
                (_, Some(_)) => faults.push((name, "it comes more than once".to_owned())),
                (Some(v), None) if too_long(v) => faults.push((name, format!("longer than {LONGEST} characters"))),
                (Some(v), None) if name == "seq" && v.parse::<u64>().is_err() => {
                    faults
                        .push((name, format!("'{}' is no record of the journal", crate::web::visible::clipped(v, 40))));
                }
                _ => {}
            }
        }
        let today = day_of(now);
        let mut date = |name: &'static str| match value(name) {
            "" => None,
            text => {
                let day = day_of_date(text);
                if day.is_none() {
                    faults.push((
                        name,
                        format!("'{}' is no date; write 2026-11-30", crate::web::visible::clipped(text, 40)),
                    ));
                }
                day
            }
        };
        let (from, to) = (date("from"), date("to"));
        let this = month_of(today).unwrap_or((today, today));
        let month = match value("month") {
            "" => this,
            text => match month(text) {
                Some(month) => month,
                None => {
                    faults.push((
                        "month",
                        format!("'{}' is no month; write 2026-11", crate::web::visible::clipped(text, 40)),
                    ));
                    this
                }
            },
        };
        let (first, last) = match (from, to) {
            (None, None) => month,
            (Some(from), to) => (from, to.unwrap_or(today)),
            (None, Some(to)) => (to.saturating_sub(29), to),
        };
        let (mut first, mut last) = (first, last.min(today));
        if first > last {
            faults.push(("from", "the period begins after its end, or in the future".to_owned()));
            (first, last) = (this.0, today);
        }
        if last - first >= AT_MOST {
            faults.push(("from", format!("the period is longer than {AT_MOST} days; only its last part is shown")));
            first = last - AT_MOST + 1;
        }
        let mut no_such_profile = false;
        let profile = match value("profile") {
            "" => view.profiles.operators.clone(),
            name if view.profiles.profiles.contains_key(name) => name.into(),
            name => {
                no_such_profile = true;
                faults.push(("profile", format!("there is no profile '{}'", crate::web::visible::clipped(name, 60))));
                view.profiles.operators.clone()
            }
        };
        let detail = match value("detail") {
            "" => Detail::Site,
            word => match Detail::ALL.into_iter().find(|(w, _)| *w == word) {
                Some((_, detail)) => detail,
                None => {
                    let what = format!(
                        "'{}' is none of site, type, endpoint, metric, day",
                        crate::web::visible::clipped(word, 40)
                    );
                    faults.push(("detail", what));
                    Detail::Site
                }
            },
        };
        for (name, _) in pairs.iter().filter(|(n, _)| !FIELDS.contains(&n.as_str())) {
            faults.push(("query", format!("there is no field '{}'", crate::web::visible::clipped(name, 40))));
        }
        Query {
            first,
            last,
            profile,
            site: value("site").trim().to_owned(),
            ngi: value("ngi").trim().to_owned(),
            service_type: value("service_type").trim().to_owned(),
            detail,
            sort: value("sort").to_owned(),
            no_such_profile: no_such_profile && faults.len() == 1,
            faults,
        }
    }

    /// The period, up to now.
    pub(in crate::web) fn period(&self, view: &View, now: Timestamp) -> Period {
        let to = day_begin(self.last.saturating_add(1)).min(now);
        Period { from: day_begin(self.first).min(to), to, upto: view.seq }
    }

    /// The profile; `None`: there is none at all.
    pub(in crate::web) fn profile_of(&self, view: &View) -> Option<Arc<Profile>> {
        view.profiles.profiles.get(&self.profile).cloned().map(Arc::new)
    }
}

/// The last 30 days, as far as they are over, for strips.
pub(in crate::web) fn thirty_days(view: &View, now: Timestamp) -> Period {
    Period { from: now.plus(-30 * DAY), to: now, upto: view.seq }
}

/// The last 24 hours.
pub(in crate::web) fn one_day(view: &View, now: Timestamp) -> Period {
    Period { from: now.plus(-DAY), to: now, upto: view.seq }
}

/// A day as a date.
pub(in crate::web) fn date(day: i32) -> String {
    chrono::DateTime::from_timestamp_millis(day_begin(day).0)
        .map_or_else(|| day.to_string(), |t| t.format("%Y-%m-%d").to_string())
}

/// A date as it is written here, and no other way.
fn day_of_date(text: &str) -> Option<i32> {
    let digits = text.bytes().enumerate().all(|(i, b)| if matches!(i, 4 | 7) { b == b'-' } else { b.is_ascii_digit() });
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10 && digits)?;
    day_number(date)
}

fn day_number(date: NaiveDate) -> Option<i32> {
    Some(day_of(Timestamp(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())))
}

/// First and last day of a month, of which any day is given.
fn month_of(day: i32) -> Option<(i32, i32)> {
    let date = chrono::DateTime::from_timestamp_millis(day_begin(day).0)?.date_naive();
    let first = date.with_day(1)?;
    let next = first.checked_add_months(chrono::Months::new(1))?;
    Some((day_number(first)?, day_number(next)? - 1))
}

fn month(text: &str) -> Option<(i32, i32)> {
    month_of(day_of_date(&format!("{text}-01"))?)
}

/// The month before that of a day, and the one after, as `2026-10`.
pub(in crate::web) fn months_around(day: i32) -> Option<(String, String)> {
    let (first, last) = month_of(day)?;
    let name = |day| date(day).get(..7).map(str::to_owned);
    Some((name(first - 1)?, name(last + 1)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::samples::{NOW, sample_view};

    fn read(query: &[(&str, &str)]) -> (String, String, usize) {
        let pairs: Vec<_> = query.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let q = Query::read(&pairs, &sample_view(1), NOW);
        (date(q.first), date(q.last), q.faults.len())
    }

    #[test]
    fn periods_are_whole_days_and_end_today_at_the_latest() {
        let is = |from: &str, to: &str, faults| (from.to_owned(), to.to_owned(), faults);
        assert_eq!(read(&[]), is("2026-11-01", "2026-11-22", 0), "the running month");
        assert_eq!(read(&[("month", "2024-02")]), is("2024-02-01", "2024-02-29", 0));
        assert_eq!(read(&[("from", "2026-10-05"), ("to", "2026-10-06")]), is("2026-10-05", "2026-10-06", 0));
        assert_eq!(read(&[("from", "2026-11-20")]), is("2026-11-20", "2026-11-22", 0));
        assert_eq!(read(&[("to", "2026-10-30")]), is("2026-10-01", "2026-10-30", 0));
        assert_eq!(read(&[("from", "2026-12-01")]), is("2026-11-01", "2026-11-22", 1));
        assert_eq!(read(&[("from", "yesterday")]), is("2026-11-01", "2026-11-22", 1));
        assert_eq!(read(&[("from", "2020-01-01")]).2, 1);
        assert_eq!(read(&[("profile", "NONE"), ("detail", "x"), ("colour", "red")]).2, 3);
        let long = "x".repeat(LONGEST + 1);
        for bad in [("from", "2026-1-1"), ("from", "+2026-11-01"), ("month", "2026-1"), ("seq", "x"), ("site", &*long)]
        {
            assert_eq!(read(&[bad]).2, 1, "{bad:?}");
        }
        let pairs = |bad: &str| [("profile".to_owned(), "NONE".to_owned()), (bad.to_owned(), String::new())];
        let lacks = |bad: &str| Query::read(&pairs(bad), &sample_view(1), NOW).no_such_profile;
        assert!(lacks("site") && !lacks("colour"));
        assert_eq!(read(&[("site", "A"), ("site", "B")]).2, 1, "which of them is meant?");
        assert_eq!(read(&[("from", ""), ("to", ""), ("seq", "7"), ("detail", "")]).2, 0);
        assert_eq!(months_around(day_of(NOW)), Some(("2026-10".to_owned(), "2026-12".to_owned())));
    }
}
