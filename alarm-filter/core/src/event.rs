//! The closed list of what the engine decides. The state is the fold of these; see `apply.rs`.

use crate::alarm::{About, AlarmId, Change, Mark, Mask};
use crate::command::{NoteOn, Refusal};
use crate::flag::Flag;
use crate::input::{DeletedDowntime, PeriodOf, ScheduledDowntime, SourceState, StandsFor, Text};
use crate::state::State;
use crate::time::Timestamp;
use crate::watch::{Acknowledgement, Key, SetAside};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The version of the rules that this build decides by, and of the shape of [`Event`] that it writes.
/// A new shape needs an upcaster in `upcast.rs`.
pub const RULES_VERSION: u32 = 2;

/// Something that was decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    // What the monitors say.
    /// A monitor's view of an object changed.
    Seen(Seen),
    /// A notification went out.
    NotificationSent {
        /// The object.
        key: Key,
        /// The monitor.
        monitor: Text,
        /// When.
        since: Timestamp,
        /// The state, for a problem; `None` for anything else.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        problem: Option<State>,
    },
    /// A fact about an object in a monitor changed.
    Noted {
        /// The object.
        key: Key,
        /// The monitor.
        monitor: Text,
        /// When, by the monitor's clock.
        since: Timestamp,
        /// What.
        #[serde(flatten)]
        note: Note,
    },
    /// The switch of notifications for a whole host's services, or for a whole monitor.
    Muted {
        /// The monitor.
        monitor: Text,
        /// The host, whose services are meant; `None`: everything.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        host: Option<Text>,
        /// Off; otherwise on.
        muted: bool,
    },
    /// What a contact is told of.
    ContactTold {
        /// The monitor.
        monitor: Text,
        /// contact_name.
        contact: Text,
        /// Of services; otherwise of hosts.
        services: bool,
        /// The contact is told.
        told: bool,
    },
    /// Another notification period holds, until it is changed again.
    PeriodChanged {
        /// The monitor.
        monitor: Text,
        /// For what.
        of: PeriodOf,
        /// timeperiod_name.
        period: Text,
    },
    /// Downtimes in a monitor were deleted.
    DowntimeDeleted {
        /// The monitor.
        monitor: Text,
        /// Which.
        which: DeletedDowntime,
    },
    /// A monitor (re)started: flapping is forgotten (the monitor itself recomputes it without a word).
    MonitorStarted {
        /// The monitor.
        monitor: Text,
        /// When.
        since: Timestamp,
    },
    /// How a source does.
    Source(SourceState),
    /// A sender's own number was taken (law 4).
    Received {
        /// The sender.
        source: Text,
        /// Its number.
        sequence: u64,
    },

    // Documents.
    /// A monitor's configuration is in force.
    Objects {
        /// The monitor.
        monitor: Text,
        /// Its hash.
        hash: Text,
    },
    /// Sites and services are in force.
    Topology {
        /// Their hash.
        hash: Text,
    },
    /// Downtimes are in force.
    Downtimes {
        /// Their hash.
        hash: Text,
    },
    /// Profiles are in force.
    Profiles {
        /// Their hash.
        hash: Text,
    },
    /// Settings are in force.
    Settings {
        /// Their hash.
        hash: Text,
    },

    // Alarms.
    /// An alarm was raised.
    Raised {
        /// Its id.
        id: AlarmId,
        /// The object.
        key: Key,
        /// What it stands for.
        about: Box<About>,
        /// The monitors that see it.
        monitors: Vec<Text>,
        /// The hard state.
        change: Change,
    },
    /// Its hard state changed; from OK to non-OK a new episode begins.
    Changed {
        /// Its id.
        id: AlarmId,
        /// The object.
        key: Key,
        /// The monitors that see it.
        monitors: Vec<Text>,
        /// The hard state.
        change: Change,
        /// A new episode, after an OK.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
    },
    /// It is OK.
    Recovered {
        /// Its id.
        id: AlarmId,
        /// The object.
        key: Key,
        /// When, and with what output. The state may be one that does not raise.
        change: Change,
    },
    /// The monitor repeated the problem (AL2), or said more about it.
    Refreshed {
        /// Its id.
        id: AlarmId,
        /// The object.
        key: Key,
        /// When.
        since: Timestamp,
    },
    /// The output changed while the state did not, or its long part became known.
    Output {
        /// Its id.
        id: AlarmId,
        /// The object.
        key: Key,
        /// First line.
        output: Text,
        /// Further lines.
        #[serde(default)]
        long_output: Text,
        /// Performance data.
        #[serde(default)]
        perf_data: Text,
    },
    /// It failed earlier than was known when it was raised.
    Corrected {
        /// Its id.
        id: AlarmId,
        /// The object.
        key: Key,
        /// Since when it fails.
        since: Timestamp,
    },
    /// Flags came or went.
    Flags {
        /// Its id.
        id: AlarmId,
        /// The object.
        key: Key,
        /// When.
        since: Timestamp,
        /// Those that now hold.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        set: BTreeMap<Flag, Mark>,
        /// Those that no longer hold.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cleared: Vec<Flag>,
    },
    /// What it stands for is now known differently.
    About {
        /// Its id.
        id: AlarmId,
        /// The object.
        key: Key,
        /// What it stands for.
        about: Box<About>,
    },
    /// It was switched off.
    SwitchedOff {
        /// Its id.
        id: AlarmId,
        /// The object.
        key: Key,
        /// Who.
        who: Text,
        /// The typed reason, for a non-OK one (DC2).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<crate::command::OffReason>,
        /// Free text.
        #[serde(default, skip_serializing_if = "str::is_empty")]
        text: Text,
        /// A non-OK one returns then at the latest (AL19).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// The followers that it led until then, put there by people: they follow it again when this is taken back.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        led: Vec<AlarmId>,
    },
    /// A switched-off alarm came back with its history (AL19), or by an undo.
    Returned {
        /// Its id.
        id: AlarmId,
        /// The object.
        key: Key,
        /// Why.
        why: Text,
        /// Who took its switching-off back; empty: nobody, it came by itself.
        #[serde(default, skip_serializing_if = "str::is_empty")]
        who: Text,
    },
    /// It left the board because its problem no longer counts (profile, certification); what is left stands as set aside.
    Withdrawn {
        /// Its id.
        id: AlarmId,
        /// The object.
        key: Key,
        /// Why.
        reason: SetAside,
    },
    /// A hard problem raises nothing, and why; or no longer is set aside.
    SetAside {
        /// The object.
        key: Key,
        /// Why; `None`: it no longer is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<SetAside>,
        /// Since when.
        since: Timestamp,
    },
    /// It was masked by another (AL6, AL14).
    Masked {
        /// Its id.
        id: AlarmId,
        /// The object.
        key: Key,
        /// By which.
        mask: Mask,
        /// The leader that somebody had put it under until then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        was: Option<AlarmId>,
    },
    /// It is no longer masked.
    Unmasked {
        /// Its id.
        id: AlarmId,
        /// The object.
        key: Key,
        /// Why.
        why: Text,
        /// Who took it out; empty: nobody, it came by itself.
        #[serde(default, skip_serializing_if = "str::is_empty")]
        who: Text,
        /// The leader that somebody had put it under until then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        was: Option<AlarmId>,
    },
    /// Its OK became stable.
    StableOk {
        /// Its id.
        id: AlarmId,
        /// The object.
        key: Key,
    },
    /// It became 24 h old (AL4).
    Aged {
        /// Its id.
        id: AlarmId,
        /// The object.
        key: Key,
    },
    /// Monitoring has been off for it for long, and it is still reported on: one report to the topology's support unit (AL8).
    ReportMonitoringOff {
        /// Its id.
        id: AlarmId,
        /// The object.
        key: Key,
    },
    /// A common cause was opened over several alarms (AL18).
    CauseOpened {
        /// Its id.
        cause: Text,
        /// Who.
        who: Text,
        /// core-service, monitoring-fault, network.
        kind: crate::command::CauseKind,
        /// What.
        text: Text,
        /// The alarms.
        alarms: Vec<AlarmId>,
        /// The causes that some of them were under until then.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        was: BTreeMap<AlarmId, Text>,
    },
    /// Further alarms were put under a common cause.
    CauseJoined {
        /// Its id.
        cause: Text,
        /// Who.
        who: Text,
        /// The alarms.
        alarms: Vec<AlarmId>,
        /// The causes that some of them were under until then.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        was: BTreeMap<AlarmId, Text>,
    },
    /// Alarms were taken out from under their common causes.
    CauseLeft {
        /// Who.
        who: Text,
        /// The alarms, and the cause of each.
        was: BTreeMap<AlarmId, Text>,
    },
    /// A common cause ended.
    CauseEnded {
        /// Its id.
        cause: Text,
        /// Who.
        who: Text,
        /// What it was, so that it can be opened again; `None`: written before this was kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        was: Option<EndedCause>,
    },
    /// A note was written (DE1).
    NoteWritten {
        /// The object, for a note on an alarm.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<Key>,
        /// The site in whose notepad it stands; empty: in none.
        #[serde(default, skip_serializing_if = "str::is_empty")]
        site: Text,
        /// The note.
        written: NoteText,
    },
    /// A note was taken back: it leaves the pages.
    NoteStruck {
        /// The object, for a note on an alarm.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<Key>,
        /// The site in whose notepad it stood; empty: in none.
        #[serde(default, skip_serializing_if = "str::is_empty")]
        site: Text,
        /// Who took it back.
        who: Text,
        /// The note.
        struck: NoteText,
    },
    /// A metric turned non-OK at several sites within a short time (AL18).
    CauseProposed {
        /// The metric.
        metric: Text,
        /// The sites.
        sites: Vec<Text>,
        /// The alarms.
        alarms: Vec<AlarmId>,
        /// They join what is proposed already; otherwise they take its place.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        joins: bool,
    },
    /// A command's key was taken: the same again changes nothing, and gets the same answer.
    CommandTaken {
        /// The key.
        key: Text,
        /// The alarms that it was carried out on.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        done: Vec<AlarmId>,
        /// Why not on others.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        refused: Vec<Refusal>,
        /// The common cause or the note that it made.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        made: Option<Text>,
    },
}

/// A common cause that ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndedCause {
    /// What kind.
    pub kind: crate::command::CauseKind,
    /// What.
    pub text: Text,
    /// The alarms that were under it, on the board or switched off.
    pub alarms: Vec<AlarmId>,
}

/// A note as it was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoteText {
    /// Its id.
    pub id: Text,
    /// Who wrote it.
    pub who: Text,
    /// On what.
    pub on: NoteOn,
    /// What.
    pub text: Text,
}

/// A monitor's view of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// The object.
    pub key: Key,
    /// The monitor.
    pub monitor: Text,
    /// The state.
    pub state: State,
    /// HARD; otherwise SOFT.
    pub hard: bool,
    /// Since when it is in this state (for a change: now), by the monitor's clock.
    pub since: Timestamp,
    /// When this was said.
    pub heard: Timestamp,
    /// It became HARD while its host was not UP (DC6).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
    /// Attempt count.
    #[serde(default)]
    pub attempt: u32,
    /// A hard recovery: the count of notifications starts anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resets: bool,
    /// A soft recovery: the object is hard from then on, also for what depends on it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub softly_over: bool,
    /// First line of the output; not stored again where an event beside it carries it.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub output: Text,
    /// Further lines.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub long_output: Text,
    /// Performance data.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub perf_data: Text,
    /// What the source declared it to stand for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands_for: Option<Arc<StandsFor>>,
}

/// A fact about an object in a monitor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "kebab-case")]
pub enum Note {
    /// Flapping began or ended.
    Flapping {
        /// Began.
        on: bool,
    },
    /// A downtime of the monitor's own began or ended.
    InDowntime {
        /// Began.
        on: bool,
    },
    /// Acknowledged.
    Acknowledged(Acknowledgement),
    /// The acknowledgement is gone.
    Unacknowledged,
    /// Notifications off or on.
    Mute {
        /// Off.
        muted: bool,
    },
    /// A flexible downtime was scheduled.
    Flexible(ScheduledDowntime),
    /// Notifications are delayed.
    Delayed {
        /// Until then.
        until: Timestamp,
    },
    /// Released: what it says counts, though it began under a host that was not UP.
    Released,
    /// It left (or came back to) the monitor's configuration.
    Gone {
        /// Left.
        gone: bool,
    },
}

impl Event {
    /// Whether an event about an alarm is one that somebody would decide otherwise by. The same failure said again or in
    /// other words is none, nor is time that passes.
    pub(crate) fn is_material(&self) -> bool {
        !matches!(
            self,
            Event::Refreshed { .. }
                | Event::Output { .. }
                | Event::Corrected { .. }
                | Event::StableOk { .. }
                | Event::Aged { .. }
                | Event::ReportMonitoringOff { .. }
        )
    }

    /// Whether an event about an alarm may move its timers: what is said again, in other words, or of its mask does not.
    pub(crate) fn moves_timers(&self) -> bool {
        match self {
            Event::Refreshed { .. } | Event::Output { .. } | Event::Masked { .. } | Event::Unmasked { .. } => false,
            Event::Flags { set, cleared, .. } => {
                let counts = |flag: &Flag| matches!(flag, Flag::Flapping | Flag::MonitoringOff);
                set.keys().any(counts) || cleared.iter().any(counts)
            }
            _ => true,
        }
    }

    /// The object that it is about, if it is about one.
    pub fn key(&self) -> Option<&Key> {
        match self {
            Event::Seen(Seen { key, .. })
            | Event::NotificationSent { key, .. }
            | Event::Noted { key, .. }
            | Event::Raised { key, .. }
            | Event::Changed { key, .. }
            | Event::Recovered { key, .. }
            | Event::Refreshed { key, .. }
            | Event::Output { key, .. }
            | Event::Corrected { key, .. }
            | Event::Flags { key, .. }
            | Event::About { key, .. }
            | Event::SwitchedOff { key, .. }
            | Event::Returned { key, .. }
            | Event::Withdrawn { key, .. }
            | Event::SetAside { key, .. }
            | Event::Masked { key, .. }
            | Event::Unmasked { key, .. }
            | Event::StableOk { key, .. }
            | Event::Aged { key, .. }
            | Event::ReportMonitoringOff { key, .. } => Some(key),
            Event::NoteWritten { key, .. } | Event::NoteStruck { key, .. } => key.as_ref(),
            Event::Muted { .. }
            | Event::ContactTold { .. }
            | Event::PeriodChanged { .. }
            | Event::DowntimeDeleted { .. }
            | Event::MonitorStarted { .. }
            | Event::Source(_)
            | Event::Received { .. }
            | Event::Objects { .. }
            | Event::Topology { .. }
            | Event::Downtimes { .. }
            | Event::Profiles { .. }
            | Event::Settings { .. }
            | Event::CauseOpened { .. }
            | Event::CauseJoined { .. }
            | Event::CauseLeft { .. }
            | Event::CauseEnded { .. }
            | Event::CauseProposed { .. }
            | Event::CommandTaken { .. } => None,
        }
    }
}
