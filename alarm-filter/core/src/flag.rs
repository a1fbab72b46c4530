//! The words that stand beside an alarm: what is known of it that matters for what to do. docs/flags.md explains each.

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A flag, or a reason for which the monitor notified nobody.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flag {
    // From the topology.
    /// NODE_MONITORED is N: no ticket against the site (AL8).
    MonitoringOff,
    /// IN_PRODUCTION is N (AL9).
    NotInProduction,
    /// The monitor watches it, the topology does not have it (AL9).
    NotRegistered,
    /// In an outage downtime (AL10).
    Outage,
    /// In an at-risk (warning) downtime (AL11).
    AtRisk,

    // From the monitor, for as long as they last (DC8).
    /// Its host is not UP (DC6).
    HostNotUp,
    /// The monitor says that it flaps.
    Flapping,
    /// Acknowledged in the monitor.
    Acknowledged,
    /// Its notifications are switched off in the monitor.
    Muted,
    /// In a downtime of the monitor's own.
    NagiosDowntime,
    /// The failure is a time-out, and no second result has confirmed it (AL7).
    TimeOut,
    /// It vanished from the monitor's configuration (DC10).
    NoLongerMonitored,
    /// It failed under a host that was not UP, and nothing said whether it still does (DC6).
    NotSettled,

    // Why the monitor notified nobody of one hard state, at the moment of it.
    /// Notifications were switched off for the whole monitor.
    NotificationsOff,
    /// Outside of its notification period.
    NotificationPeriod,
    /// Within an open flexible downtime that had not begun.
    FlexibleDowntime,
    /// Within `first_notification_delay`.
    FirstNotificationDelay,
    /// Another service that it depends on was failing.
    Dependency,
    /// `notification_options` leave this state out.
    NotificationOptions,
    /// No contact took this state at this moment.
    NoContact,
    /// Notified already, and not due again (`notification_interval`, or delayed by a command).
    AlreadyNotified,
}

impl Flag {
    /// All of them, in the order of the list.
    pub const ALL: [Flag; 21] = [
        Flag::MonitoringOff,
        Flag::NotInProduction,
        Flag::NotRegistered,
        Flag::Outage,
        Flag::AtRisk,
        Flag::HostNotUp,
        Flag::Flapping,
        Flag::Acknowledged,
        Flag::Muted,
        Flag::NagiosDowntime,
        Flag::TimeOut,
        Flag::NoLongerMonitored,
        Flag::NotSettled,
        Flag::NotificationsOff,
        Flag::NotificationPeriod,
        Flag::FlexibleDowntime,
        Flag::FirstNotificationDelay,
        Flag::Dependency,
        Flag::NotificationOptions,
        Flag::NoContact,
        Flag::AlreadyNotified,
    ];

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Flag::MonitoringOff => "monitoring-off",
            Flag::NotInProduction => "not-in-production",
            Flag::NotRegistered => "not-registered",
            Flag::Outage => "outage",
            Flag::AtRisk => "at-risk",
            Flag::HostNotUp => "host-not-up",
            Flag::Flapping => "flapping",
            Flag::Acknowledged => "acknowledged",
            Flag::Muted => "muted",
            Flag::NagiosDowntime => "nagios-downtime",
            Flag::TimeOut => "time-out",
            Flag::NoLongerMonitored => "no-longer-monitored",
            Flag::NotSettled => "not-settled",
            Flag::NotificationsOff => "notifications-off",
            Flag::NotificationPeriod => "notification-period",
            Flag::FlexibleDowntime => "flexible-downtime",
            Flag::FirstNotificationDelay => "first-notification-delay",
            Flag::Dependency => "dependency",
            Flag::NotificationOptions => "notification-options",
            Flag::NoContact => "no-contact",
            Flag::AlreadyNotified => "already-notified",
        }
    }

    /// In a sentence: "Nagios notified nobody: …", or "the alarm is marked: …".
    pub fn sentence(self) -> &'static str {
        match self {
            Flag::MonitoringOff => "monitoring is switched off for it in the topology",
            Flag::NotInProduction => "the topology declares it as not in production",
            Flag::NotRegistered => "the topology does not have it",
            Flag::Outage => "it is in an outage downtime",
            Flag::AtRisk => "it is in an at-risk downtime",
            Flag::HostNotUp => "its host is not UP",
            Flag::Flapping => "the monitor says that it is flapping",
            Flag::Acknowledged => "it is acknowledged in the monitor",
            Flag::Muted => "its notifications are switched off in the monitor",
            Flag::NagiosDowntime => "it is in a downtime of the monitor's own",
            Flag::TimeOut => "the failure is a time-out that no second result has confirmed",
            Flag::NoLongerMonitored => "the monitor no longer watches it",
            Flag::NotSettled => "it failed while its host was not UP, and nothing has said since whether it still does",
            Flag::NotificationsOff => "notifications are switched off for the whole monitor",
            Flag::NotificationPeriod => "it is outside of its notification period",
            Flag::FlexibleDowntime => "a flexible downtime is open that has not begun",
            Flag::FirstNotificationDelay => "its first notification delay has not passed",
            Flag::Dependency => "a service that it depends on is failing",
            Flag::NotificationOptions => "its notification options leave this state out",
            Flag::NoContact => "no contact takes this state at this moment",
            Flag::AlreadyNotified => "it was notified already and is not due again",
        }
    }

    /// AL8 to AL10: an alarm with this flag leads no others, neither by hand (AL6) nor in its family (AL14).
    pub fn bars_from_leading(self) -> bool {
        self.sets_apart() || self == Flag::Outage
    }

    /// AL8 and AL9: the alarm is set apart, there is no ticket against the site.
    pub fn sets_apart(self) -> bool {
        matches!(self, Flag::MonitoringOff | Flag::NotInProduction | Flag::NotRegistered)
    }
}

/// A set of flags; written as their words, in the order of the list.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub struct FlagSet(u32);

impl FlagSet {
    /// Whether it is in the set.
    pub fn contains(self, flag: Flag) -> bool {
        self.0 & Self::bit(flag) != 0
    }

    /// Puts it in.
    pub fn insert(&mut self, flag: Flag) {
        self.0 |= Self::bit(flag);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// All that are in the set, in the order of the list.
    pub fn iter(self) -> impl Iterator<Item = Flag> {
        Flag::ALL.into_iter().filter(move |flag| self.contains(*flag))
    }

    fn bit(flag: Flag) -> u32 {
        1 << flag as u32
    }
}

impl Extend<Flag> for FlagSet {
    fn extend<I: IntoIterator<Item = Flag>>(&mut self, flags: I) {
        flags.into_iter().for_each(|flag| self.insert(flag));
    }
}

impl FromIterator<Flag> for FlagSet {
    fn from_iter<I: IntoIterator<Item = Flag>>(flags: I) -> Self {
        let mut set = FlagSet::default();
        set.extend(flags);
        set
    }
}

impl fmt::Debug for FlagSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for FlagSet {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for FlagSet {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(Words)
    }
}

struct Words;

impl<'de> Visitor<'de> for Words {
    type Value = FlagSet;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of flags")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<FlagSet, A::Error> {
        let mut set = FlagSet::default();
        while let Some(flag) = from.next_element()? {
            set.insert(flag);
        }
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        /// As a set of flags in a tree, which is how it was kept and written before.
        #[test]
        fn a_set_of_flags_is_a_set_in_order(flags in prop::collection::vec(prop::sample::select(&Flag::ALL[..]), 0..12)) {
            let model: BTreeSet<Flag> = flags.iter().copied().collect();
            let set: FlagSet = flags.into_iter().collect();
            prop_assert!(set.iter().eq(model.iter().copied()));
            prop_assert_eq!(set.is_empty(), model.is_empty());
            prop_assert!(Flag::ALL.iter().all(|flag| set.contains(*flag) == model.contains(flag)));
            let json = serde_json::to_string(&model).unwrap();
            prop_assert_eq!(&serde_json::to_string(&set).unwrap(), &json);
            prop_assert_eq!(serde_json::from_str::<FlagSet>(&json).unwrap(), set);
        }
    }

    #[test]
    fn a_word_that_is_no_flag_is_refused() {
        assert!(serde_json::from_str::<FlagSet>("[\"muted\",\"other\"]").is_err());
    }
}
