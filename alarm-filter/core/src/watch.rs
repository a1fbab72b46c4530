//! What the monitors say of each object: one [`Watch`] per (group, host, service), with a [`View`] per monitor.
//! A service that is OK and of which nothing else was ever said has none.

use crate::alarm::AlarmId;
use crate::input::{ScheduledDowntime, StandsFor, Text};
use crate::state::State;
use crate::time::Timestamp;
use crate::world::{Map, same};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One object as a group of monitors sees it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Key {
    /// The monitor group.
    pub group: Text,
    /// Nagios' host_name.
    pub host: Text,
    /// Nagios' service_description; `None` for the host's own check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Text>,
}

impl Key {
    /// A 64-bit number for look-ups in the journal (FNV-1a over the names); two objects may share one.
    pub fn number(&self) -> i64 {
        let mut h: u64 = 0xcbf2_9ce4_8422_2325;
        let parts =
            [self.group.as_bytes(), self.host.as_bytes(), self.service.as_deref().unwrap_or_default().as_bytes()];
        for part in parts {
            for b in part {
                h = (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3);
            }
            // A zero behind each, which changes nothing before it is multiplied.
            h = h.wrapping_mul(0x100_0000_01b3);
        }
        h.cast_signed()
    }
}

/// A host and what is known of its services.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostEntry {
    /// The host's own check.
    pub host: Watch,
    /// By service_description.
    pub services: Map<Text, Watch>,
}

/// What is known of one object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// One per monitor that said something.
    pub views: Vec<View>,
    /// The alarm on the board, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<AlarmId>,
    /// Hard non-OK and no alarm: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aside: Option<Aside>,
    /// Switched off while non-OK (AL19).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<Off>,
    /// What the source itself declared it to stand for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands_for: Option<Arc<StandsFor>>,
    /// What is noted beside it.
    #[serde(skip)]
    pub(crate) margin: Margin,
}

/// What the program notes beside an object so as not to work it out again. It follows from the rest and is no part of what
/// is known, so any two are equal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Margin {
    /// [`Key::number`], once it was asked for.
    pub(crate) number: Option<i64>,
    /// Its row is among those that changed.
    pub(crate) changed: bool,
    judged: Judged,
}

impl PartialEq for Margin {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Whether a problem raises an alarm, for each state, by the documents that were in force when it was asked.
#[derive(Clone, Debug, Default)]
struct Judged {
    judging: u32,
    /// WARNING, CRITICAL, UNKNOWN.
    states: [Option<Judgement>; 3],
}

/// Whether a problem raises an alarm.
#[derive(Clone, Debug)]
pub(crate) enum Judgement {
    /// It does.
    Raises,
    /// It does not.
    Aside(Box<SetAside>),
}

impl Margin {
    /// What was judged of a state, if that still holds.
    pub(crate) fn judged(&self, state: State, judging: u32) -> Option<&Judgement> {
        if self.judged.judging != judging {
            return None;
        }
        self.judged.states.get(place_of(state)?)?.as_ref()
    }

    /// Keeps what was judged.
    pub(crate) fn judge(&mut self, state: State, judging: u32, judgement: Judgement) {
        if self.judged.judging != judging {
            self.judged = Judged { judging, ..Judged::default() };
        }
        if let Some(kept) = place_of(state).and_then(|i| self.judged.states.get_mut(i)) {
            *kept = Some(judgement);
        }
    }

    /// What was judged holds no longer.
    pub(crate) fn forget_judged(&mut self) {
        self.judged = Judged::default();
    }
}

/// Services only: a host counts by the services that are known on it, which may be others the next time.
fn place_of(state: State) -> Option<usize> {
    match state {
        State::Warning => Some(0),
        State::Critical => Some(1),
        State::Unknown => Some(2),
        State::Ok | State::Up | State::Down | State::Unreachable => None,
    }
}

/// Set aside: a hard problem that raises nothing, and why.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Aside {
    /// Why.
    pub reason: SetAside,
    /// Since when.
    pub since: Timestamp,
}

/// Why a hard problem raises no alarm.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum SetAside {
    /// Its service type and metric are not in the profile.
    NotInProfile {
        /// The profile.
        profile: Text,
        /// The service type as resolved; empty: unknown.
        service_type: Text,
        /// The metric as resolved.
        metric: Text,
    },
    /// A candidate metric (PR1).
    Candidate {
        /// The profile.
        profile: Text,
    },
    /// The profile does not raise this state.
    StateDoesNotRaise {
        /// The state.
        state: State,
    },
    /// The site's certification status (AL15).
    Certification {
        /// The site.
        site: Text,
        /// Its status.
        status: Text,
    },
    /// The profile ignores hosts that are not UP.
    HostDownIgnored,
    /// It became HARD because its host was not UP (DC6).
    HostNotUp,
    /// Switched off by somebody (AL19).
    SwitchedOff {
        /// Until then, or until its next hard change after an OK.
        until: Timestamp,
    },
    /// No profile is loaded.
    NoProfile,
}

/// Switched off while non-OK.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Off {
    /// The alarm that returns.
    pub alarm: AlarmId,
    /// It returns then at the latest.
    pub until: Timestamp,
    /// It has been OK since: the next hard change brings it back.
    pub was_ok: bool,
}

/// An acknowledgement in the monitor.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Stays until OK; otherwise until the next change of state.
    pub sticky: bool,
    /// Who.
    pub author: Text,
    /// Why.
    pub comment: Text,
}

/// What one monitor says of one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// The monitor.
    pub monitor: Text,
    /// The state it last reported.
    pub state: State,
    /// HARD; otherwise SOFT.
    pub hard: bool,
    /// Since when it is in this state, by the monitor's clock.
    pub since: Timestamp,
    /// The last HARD state (for dependencies, and while SOFT).
    pub hard_state: State,
    /// Since when.
    pub hard_since: Timestamp,
    /// When a line of the log last changed the state; status.dat is believed only when it is newer.
    pub heard: Timestamp,
    /// The same for acknowledgement, flapping, downtimes and mutes.
    pub noted: Timestamp,
    /// Became HARD while its host was not UP, and is not released yet (DC6).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
    /// Attempt count of the last report.
    #[serde(default)]
    pub attempt: u32,
    /// First line of the output.
    pub output: Text,
    /// Further lines.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub long_output: Text,
    /// Performance data.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub perf_data: Text,
    /// Flapping, as the monitor says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flapping: bool,
    /// Acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledgement: Option<Acknowledgement>,
    /// Notifications switched by a command; `None`: as configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted: Option<bool>,
    /// In a downtime of the monitor's own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_downtime: bool,
    /// Flexible downtimes that are scheduled and have not begun.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flexible: Vec<ScheduledDowntime>,
    /// Notifications delayed by a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delayed_until: Option<Timestamp>,
    /// Notifications sent since the last hard recovery.
    #[serde(default)]
    pub notified: u32,
    /// The last problem notification since the last alert, with its state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_notified: Option<(Timestamp, State)>,
    /// No longer in the monitor's configuration.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
}

impl View {
    /// An object of which nothing but good is known.
    pub fn new(monitor: Text, ok: State, since: Timestamp) -> Self {
        View {
            monitor,
            state: ok,
            hard: true,
            since,
            hard_state: ok,
            hard_since: since,
            heard: Timestamp(i64::MIN),
            noted: Timestamp(i64::MIN),
            held: false,
            attempt: 1,
            output: Text::default(),
            long_output: Text::default(),
            perf_data: Text::default(),
            flapping: false,
            acknowledgement: None,
            muted: None,
            in_downtime: false,
            flexible: Vec::new(),
            delayed_until: None,
            notified: 0,
            last_notified: None,
            gone: false,
        }
    }

    /// Whether the monitor ever said a state of it; the state is OK otherwise, for lack of a word.
    pub fn said_its_state(&self) -> bool {
        self.heard != Timestamp(i64::MIN)
    }

    /// A hard problem that counts: not held under a host that is not UP.
    pub fn counts(&self) -> bool {
        self.hard && self.state.is_problem() && !self.held
    }
}

impl Watch {
    /// What a monitor says.
    pub fn view(&self, monitor: &str) -> Option<&View> {
        self.views.iter().find(|v| same(&v.monitor, monitor))
    }

    /// The same, to be changed.
    pub(crate) fn view_mut(&mut self, monitor: &str) -> Option<&mut View> {
        self.views.iter_mut().find(|v| same(&v.monitor, monitor))
    }
}
