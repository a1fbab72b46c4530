//! The words that stand beside an alarm: what is known of it that matters for what to do. docs/flags.md explains each.

use serde::{Deserialize, Serialize};

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
