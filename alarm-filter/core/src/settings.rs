//! What a region may set about the rules. Values marked † in the procedure are these defaults.

use crate::input::Text;
use crate::time::{DAY, HOUR, MINUTE, Millis};
use chrono::{NaiveDate, NaiveTime, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The rules' settings. Lengths of time are milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The monitors, by name.
    pub monitors: BTreeMap<Text, MonitorSettings>,
    /// How long OK is stable OK.
    pub stable_for: Millis,
    /// So many hard changes between OK and non-OK …
    pub unstable_changes: u32,
    /// … within so long make an alarm unstable.
    pub unstable_window: Millis,
    /// Without notifications and status.dat: how long after its host came up a held service is raised, "not settled" (DC6).
    pub settle_after: Millis,
    /// Certification statuses of sites that raise no operators' alarms (AL15).
    pub silent_certifications: BTreeSet<Text>,
    /// Switch off by the program what went by itself (AL5).
    pub auto_off: bool,
    /// Monitoring off for so long and still reported on: one report (AL8).
    pub monitoring_off_report: Millis,
    /// A metric that turns non-OK at so many sites …
    pub cause_sites: usize,
    /// … within so long is proposed as a common cause (AL18).
    pub cause_window: Millis,
    /// A non-OK alarm that was switched off returns after so many working days, unless its reason carries a date (AL19).
    pub off_working_days: u32,
    /// How many hard states an open alarm carries with it; all of them stay in the journal.
    pub history_kept: usize,
    /// The region's calendar.
    pub calendar: Calendar,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            monitors: BTreeMap::new(),
            stable_for: 4 * HOUR,
            unstable_changes: 3,
            unstable_window: DAY,
            settle_after: 15 * MINUTE,
            silent_certifications: ["Suspended", "Closed", "Uncertified"].into_iter().map(Text::from).collect(),
            auto_off: false,
            monitoring_off_report: DAY,
            cause_sites: 3,
            cause_window: 30 * MINUTE,
            off_working_days: 5,
            history_kept: 50,
            calendar: Calendar::default(),
        }
    }
}

/// One monitor: a Nagios, or what speaks like one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MonitorSettings {
    /// Monitors of one group watch the same things; empty: the monitor's own name.
    pub group: Text,
    /// Length of one of its time units (`interval_length`), in milliseconds.
    pub interval_length: Millis,
    /// What its local time is ahead of UTC, in milliseconds, for its time periods.
    pub utc_offset: Millis,
    /// Its notifications can be seen.
    pub has_notifications: bool,
    /// Its status.dat can be seen.
    pub has_status: bool,
}

impl Default for MonitorSettings {
    fn default() -> Self {
        MonitorSettings {
            group: Text::default(),
            interval_length: MINUTE,
            utc_offset: 0,
            has_notifications: true,
            has_status: false,
        }
    }
}

impl Settings {
    /// The group of a monitor.
    pub fn group_of(&self, monitor: &Text) -> Text {
        match self.monitors.get(monitor) {
            Some(m) if !m.group.is_empty() => m.group.clone(),
            _ => monitor.clone(),
        }
    }
}

/// Which days are worked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Calendar {
    /// The region's time zone.
    pub timezone: Tz,
    /// Days of the week that are off.
    pub weekend: Vec<Weekday>,
    /// Further days off.
    pub holidays: BTreeSet<NaiveDate>,
    /// When a day's deadline is.
    pub end_of_day: NaiveTime,
    /// Whether days off count for the 72 h mark (DC4).
    #[serde(default)]
    pub age72: Age72,
}

/// How the 72 h mark is reckoned (DC4).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Age72 {
    /// Whole days off of the region are left out.
    #[default]
    WorkingDays,
    /// Every hour counts.
    WallClock,
}

impl Default for Calendar {
    fn default() -> Self {
        Calendar {
            timezone: Tz::UTC,
            weekend: vec![Weekday::Sat, Weekday::Sun],
            holidays: BTreeSet::new(),
            end_of_day: NaiveTime::from_hms_opt(18, 0, 0).unwrap_or_default(),
            age72: Age72::WorkingDays,
        }
    }
}
