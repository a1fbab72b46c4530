//! What people may do to alarms, as inputs. Refusals are values too: see [`Refusal`].

use crate::alarm::AlarmId;
use crate::input::Text;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Something that somebody asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Who.
    pub who: Text,
    /// A form's key: the same key again is the same command, not a second one. Empty: none.
    #[serde(default)]
    pub form: Text,
    /// What.
    #[serde(flatten)]
    pub action: Action,
}

/// The actions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Action {
    /// Switch an alarm off (AL5); a non-OK one with a typed reason (DC2, AL19).
    SwitchOff {
        /// The alarm.
        alarm: AlarmId,
        /// Its version as the operator saw it; 0: not asked for.
        #[serde(default)]
        version: u64,
        /// Why, for a non-OK one.
        #[serde(default)]
        reason: Option<OffReason>,
        /// Free text.
        #[serde(default)]
        text: Text,
        /// The date that the reason carries (the end of a downtime).
        #[serde(default)]
        until: Option<Timestamp>,
    },
    /// Take a switching-off back.
    SwitchOn {
        /// The alarm.
        alarm: AlarmId,
    },
    /// Mask alarms by another of the same site (AL6).
    Mask {
        /// The leader.
        leader: AlarmId,
        /// The followers.
        followers: Vec<AlarmId>,
    },
    /// Take a follower out from under its leader.
    Unmask {
        /// The follower.
        alarm: AlarmId,
    },
    /// Put alarms under a common cause (AL18).
    OpenCause {
        /// What kind.
        kind: CauseKind,
        /// What.
        text: Text,
        /// The alarms.
        alarms: Vec<AlarmId>,
    },
    /// End a common cause.
    EndCause {
        /// Its id.
        cause: Text,
    },
}

/// Why a non-OK alarm is switched off (DC2).
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OffReason {
    /// The service is in downtime.
    Downtime,
    /// It is not in production.
    NotInProduction,
    /// The monitoring is at fault.
    MonitoringFault,
    /// A core service is at fault.
    CoreService,
    /// Another alarm tells the same.
    Duplicate,
    /// Something else, said in the text.
    Other,
}

/// What lies behind a common cause (AL18).
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CauseKind {
    /// A core service.
    CoreService,
    /// The monitoring.
    MonitoringFault,
    /// The network.
    Network,
}

/// Why a command was not carried out. Nothing changed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "refused", rename_all = "kebab-case")]
pub enum Refusal {
    /// The alarm is not on the board.
    #[error("there is no alarm {alarm} on the board; it may have been switched off meanwhile: look at the list again")]
    NoSuchAlarm {
        /// The alarm.
        alarm: AlarmId,
    },
    /// Somebody or something changed it meanwhile.
    #[error("alarm {alarm} changed meanwhile (you saw version {saw}, it is at {is}); look at it again and repeat")]
    ChangedMeanwhile {
        /// The alarm.
        alarm: AlarmId,
        /// The version that the operator saw.
        saw: u64,
        /// The version it has.
        is: u64,
    },
    /// A non-OK alarm needs a reason.
    #[error("alarm {alarm} is not OK; give a reason to switch it off")]
    NeedsReason {
        /// The alarm.
        alarm: AlarmId,
    },
    /// The reason `other` needs words.
    #[error("the reason 'other' needs a text that says what it is")]
    NeedsText,
    /// Masks hold within one site.
    #[error(
        "alarm {alarm} is of another site than its leader {leader}; only alarms of one site can be masked together"
    )]
    OtherSite {
        /// The follower.
        alarm: AlarmId,
        /// The leader.
        leader: AlarmId,
    },
    /// The leader is itself masked, set apart, or the same alarm.
    #[error("alarm {leader} cannot lead: it is masked, set apart by the topology, stable OK, or among the followers")]
    CannotLead {
        /// The leader.
        leader: AlarmId,
    },
    /// The program masks families by itself (AL14).
    #[error("alarm {alarm} is masked by the program as one of its family; it comes back when its leader goes")]
    FamilyMask {
        /// The follower.
        alarm: AlarmId,
    },
    /// There is no such cause.
    #[error("there is no open common cause {cause}; look at the list again")]
    NoSuchCause {
        /// The cause.
        cause: Text,
    },
    /// The alarm that was switched off can no longer be brought back.
    #[error("alarm {alarm} cannot be brought back: it is unknown, or another alarm of the same service is open")]
    CannotReturn {
        /// The alarm.
        alarm: AlarmId,
    },
}
