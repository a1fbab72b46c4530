//! The closed list of what can change the state of the engine. Nothing else does.

use crate::command::Command;
use crate::state::State;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A shared text: names, outputs. Cheap to clone.
pub type Text = Arc<str>;

/// The version of the shape of [`Input`] that this build writes.
/// A new shape needs an upcaster in `upcast.rs`.
pub const INPUT_VERSION: u32 = 2;

/// What can happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "kebab-case")]
pub enum Input {
    /// A monitor said something about one of its objects.
    Observation(Observation),
    /// A monitor (re)started or re-read its configuration (`Nagios x.y starting...`, `Caught SIGHUP, restarting...`).
    MonitorStarted {
        /// The monitor's name in the configuration.
        monitor: Text,
        /// When, by the monitor's own clock.
        since: Timestamp,
    },
    /// A monitor stopped (`Successfully shutdown...`).
    MonitorStopped {
        /// The monitor's name.
        monitor: Text,
        /// When, by the monitor's own clock.
        since: Timestamp,
    },
    /// A bulk state (status.dat, CURRENT or INITIAL lines) was compared with what the engine held; the differences came
    /// before this as observations of their own.
    Reconciled {
        /// The monitor's name.
        monitor: Text,
        /// What was compared: `status.dat`, `objects.cache`, …
        source: Text,
        /// The time of the snapshot by the monitor's own clock.
        since: Timestamp,
        /// How many objects differed.
        differences: u32,
        /// How many agreed.
        agreements: u32,
    },
    /// A source became fresh, fell silent, has a gap, or was stopped.
    SourceState(SourceState),
    /// A monitor's object configuration (objects.cache), stored under its hash.
    Objects {
        /// The monitor's name.
        monitor: Text,
        /// Content hash of the document.
        hash: Text,
    },
    /// Sites and services of the topology (GOCDB), stored under its hash.
    Topology {
        /// Content hash of the document.
        hash: Text,
    },
    /// The downtimes of the topology (GOCDB), stored under its hash.
    Downtimes {
        /// Content hash of the document.
        hash: Text,
    },
    /// The profiles in force, stored under the hash of all of them.
    Profiles {
        /// Content hash of the document.
        hash: Text,
    },
    /// The rules' settings (durations, policies, monitors and their groups), stored under the hash.
    Settings {
        /// Content hash of the document.
        hash: Text,
    },
    /// Somebody did something.
    Command(Command),
    /// The wall clock jumped and the jump held.
    ClockStep {
        /// By how many milliseconds, against the time since boot.
        by: i64,
    },
    /// Time passed; timers that were due fired. Carries nothing: their events stand beside it.
    Tick,
}

/// One thing that a monitor said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The monitor's name in the configuration.
    pub monitor: Text,
    /// When, by the monitor's own clock.
    pub since: Timestamp,
    /// Where it was read.
    pub origin: Origin,
    /// The sender's own number of it, for sources that may repeat themselves: applied once (law 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// What was said.
    #[serde(flatten)]
    pub seen: Seen,
}

/// Where an observation was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A line of nagios.log.
    Log,
    /// status.dat, which may be late or repeat what the log said.
    Status,
    /// `POST /api/v1/observations`.
    Http,
}

/// What a monitor can say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "seen", rename_all = "kebab-case")]
pub enum Seen {
    /// A state of a service (`SERVICE ALERT`, `CURRENT` and `INITIAL SERVICE STATE`, servicestatus, HTTP).
    Service(ServiceSeen),
    /// A state of a host's own check.
    Host(HostSeen),
    /// `SERVICE NOTIFICATION` or `HOST NOTIFICATION`.
    Notification(NotificationSeen),
    /// `FLAPPING ALERT`.
    Flapping {
        /// The object.
        #[serde(flatten)]
        object: Object,
        /// STARTED; otherwise STOPPED or DISABLED.
        on: bool,
    },
    /// `DOWNTIME ALERT`, or scheduled_downtime_depth in status.dat: the monitor's own downtime is in effect or not.
    InDowntime {
        /// The object.
        #[serde(flatten)]
        object: Object,
        /// STARTED; otherwise STOPPED or CANCELLED.
        on: bool,
    },
    /// A downtime was scheduled in the monitor (`SCHEDULE_*_DOWNTIME`, or a downtime block of status.dat).
    DowntimeScheduled(ScheduledDowntime),
    /// A scheduled downtime was deleted before it began or during it.
    DowntimeDeleted {
        /// Which.
        #[serde(flatten)]
        which: DeletedDowntime,
    },
    /// A problem was acknowledged.
    Acknowledged {
        /// The object.
        #[serde(flatten)]
        object: Object,
        /// Stays until OK; otherwise until the next change of state.
        sticky: bool,
        /// Who.
        author: Text,
        /// Why.
        comment: Text,
    },
    /// An acknowledgement was taken back.
    AcknowledgementRemoved {
        /// The object.
        #[serde(flatten)]
        object: Object,
    },
    /// Notifications of objects were switched on or off.
    Muted {
        /// For which objects.
        scope: MuteScope,
        /// The host, or the group; empty for [`MuteScope::Everything`].
        host: Text,
        /// The service, for [`MuteScope::Service`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<Text>,
        /// Switched off; otherwise on.
        muted: bool,
    },
    /// Contacts are told again, or told nothing more (`DISABLE_CONTACT_SVC_NOTIFICATIONS` and its kin).
    ContactsTold {
        /// Who.
        who: Contacts,
        /// Of services; otherwise of hosts.
        services: bool,
        /// They are told.
        told: bool,
    },
    /// Another notification period holds.
    PeriodChanged {
        /// For what.
        of: PeriodOf,
        /// timeperiod_name.
        period: Text,
    },
    /// `DELAY_SVC_NOTIFICATION`, `DELAY_HOST_NOTIFICATION`.
    NotificationDelayed {
        /// The object.
        #[serde(flatten)]
        object: Object,
        /// Nothing is sent before.
        until: Timestamp,
    },
    /// The object is no longer in the monitor's configuration.
    Gone {
        /// The object.
        #[serde(flatten)]
        object: Object,
    },
}

/// A host, or a service on it, as the monitor names them.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Object {
    /// Nagios' host_name.
    pub host: Text,
    /// Nagios' service_description; `None` for the host itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Text>,
}

/// Why a monitor reports a state.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Report {
    /// A check result changed the state or its type.
    Alert,
    /// Listed after a rotation or at a start: where the object stands, not a change.
    Listed,
}

/// A service's state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceSeen {
    /// Nagios' host_name.
    pub host: Text,
    /// Nagios' service_description.
    pub service: Text,
    /// OK, WARNING, CRITICAL or UNKNOWN.
    pub state: State,
    /// HARD; otherwise SOFT.
    pub hard: bool,
    /// Alert or list.
    pub report: Report,
    /// The check attempt that the monitor counted.
    #[serde(default)]
    pub attempt: u32,
    /// Never checked so far (`(null)`): neither problem nor recovery (DC9).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pending: bool,
    /// First line of the output.
    #[serde(default)]
    pub output: Text,
    /// Further lines, with real newlines; empty when the source has none.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub long_output: Text,
    /// Performance data; empty when the source has none.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub perf_data: Text,
    /// When the last result came in, where the source tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_check: Option<Timestamp>,
    /// When the state last changed, where the source tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_change: Option<Timestamp>,
    /// What the source itself says that the service stands for, where there is no objects.cache to ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands_for: Option<Arc<StandsFor>>,
}

/// What a service stands for in the grid; empty where not known.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct StandsFor {
    /// The site's name.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub site: Text,
    /// The NGI (ROC).
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub ngi: Text,
    /// The service type (flavour).
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub service_type: Text,
    /// The metric.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub metric: Text,
    /// The VO.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub vo: Text,
}

/// A host's state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostSeen {
    /// Nagios' host_name.
    pub host: Text,
    /// UP, DOWN or UNREACHABLE.
    pub state: State,
    /// HARD; otherwise SOFT.
    pub hard: bool,
    /// Alert or list.
    pub report: Report,
    /// The check attempt that the monitor counted.
    #[serde(default)]
    pub attempt: u32,
    /// Never checked so far.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pending: bool,
    /// First line of the output.
    #[serde(default)]
    pub output: Text,
    /// When the last result came in, where the source tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_check: Option<Timestamp>,
    /// When the state last changed, where the source tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_change: Option<Timestamp>,
}

/// What a notification is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotificationKind {
    /// A problem.
    Problem,
    /// Its end.
    Recovery,
    /// An acknowledgement.
    Acknowledgement,
    /// FLAPPINGSTART, FLAPPINGSTOP, FLAPPINGDISABLED.
    Flapping,
    /// DOWNTIMESTART, DOWNTIMEEND, DOWNTIMECANCELLED.
    Downtime,
    /// Sent by hand.
    Custom,
}

/// A notification that the monitor sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NotificationSeen {
    /// The object.
    #[serde(flatten)]
    pub object: Object,
    /// To whom.
    pub contact: Text,
    /// What kind.
    pub kind: NotificationKind,
    /// The object's state.
    pub state: State,
    /// First line of the output.
    #[serde(default)]
    pub output: Text,
}

/// Which objects a switch of notifications covers.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MuteScope {
    /// `DISABLE_NOTIFICATIONS`: the whole monitor.
    Everything,
    /// `DISABLE_HOST_NOTIFICATIONS`.
    Host,
    /// `DISABLE_HOST_SVC_NOTIFICATIONS`: all services of the host.
    HostServices,
    /// `DISABLE_SVC_NOTIFICATIONS`.
    Service,
    /// `DISABLE_HOSTGROUP_HOST_NOTIFICATIONS`: the hosts of a host group.
    HostGroup,
    /// `DISABLE_HOSTGROUP_SVC_NOTIFICATIONS`: all services of these.
    HostGroupServices,
    /// `DISABLE_SERVICEGROUP_SVC_NOTIFICATIONS`: the services of a service group.
    ServiceGroup,
    /// `DISABLE_SERVICEGROUP_HOST_NOTIFICATIONS`: the hosts of these.
    ServiceGroupHosts,
    /// `DISABLE_HOST_AND_CHILD_NOTIFICATIONS`: the host, and what is reached through it with all services.
    HostAndChildren,
    /// `DISABLE_ALL_NOTIFICATIONS_BEYOND_HOST`: the same without the host.
    BeyondHost,
}

/// To whom a change of contacts applies.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contacts {
    /// One contact.
    Contact(Text),
    /// Each of a contact group.
    Group(Text),
}

/// Whose notification period was changed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PeriodOf {
    /// `CHANGE_SVC_NOTIFICATION_TIMEPERIOD`, `CHANGE_HOST_NOTIFICATION_TIMEPERIOD`.
    Object(Object),
    /// `CHANGE_CONTACT_HOST_NOTIFICATION_TIMEPERIOD`: what a contact is told of hosts.
    ContactHosts(Text),
    /// `CHANGE_CONTACT_SVC_NOTIFICATION_TIMEPERIOD`: what a contact is told of services.
    ContactServices(Text),
}

/// A downtime in the monitor.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ScheduledDowntime {
    /// The object.
    #[serde(flatten)]
    pub object: Object,
    /// All services of the host, not the host (`SCHEDULE_HOST_SVC_DOWNTIME`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub host_services: bool,
    /// The monitor's id of it, where the source tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// Begin of the window.
    pub start: Timestamp,
    /// End of the window.
    pub end: Timestamp,
    /// In effect for the whole window; otherwise flexible: from the first problem in the window, for `duration`.
    pub fixed: bool,
    /// Length of a flexible downtime in milliseconds.
    #[serde(default)]
    pub duration: i64,
    /// Begins and ends with another downtime (its id; 0: on its own).
    #[serde(default)]
    pub triggered_by: u64,
    /// Who.
    pub author: Text,
    /// Why.
    pub comment: Text,
}

/// Which downtime was deleted.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "deleted", rename_all = "kebab-case")]
pub enum DeletedDowntime {
    /// By the monitor's id.
    Id {
        /// The id.
        id: u64,
    },
    /// All of a host and of its services.
    Host {
        /// Nagios' host_name.
        host: Text,
    },
    /// Those of one object with that window.
    Window {
        /// The object.
        object: Object,
        /// Begin of the window.
        start: Timestamp,
        /// End of the window.
        end: Timestamp,
    },
}

/// How a source does.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct SourceState {
    /// The monitor's name, or `gocdb`.
    pub source: Text,
    /// How it is.
    pub health: SourceHealth,
    /// Since when.
    pub since: Timestamp,
    /// What is lacking and what to do, in one line; empty when fresh.
    #[serde(default)]
    pub detail: Text,
}

/// Whether a source can be believed to be up to date.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceHealth {
    /// Up to date.
    Fresh,
    /// Nothing new for longer than it should be.
    Silent,
    /// Something in between was lost; what follows is good.
    Gap,
    /// The monitor was stopped on purpose.
    Stopped,
}
