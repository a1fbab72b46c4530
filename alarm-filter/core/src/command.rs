//! What people may do to alarms, as inputs, and what became of it. Refusals are values too: see [`Refusal`].
//!
//! A command over several alarms carries out what can be carried out and says for each of the others why not; when nothing
//! of it could be carried out, it is refused as a whole and nothing changed.

use crate::alarm::AlarmId;
use crate::input::Text;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

pub use crate::refusal::{Refusal, What};

/// Characters that a free text may have: why an alarm is switched off, what a common cause is.
pub const TEXT_AT_MOST: usize = 1_000;
/// Characters that a note may have.
pub const NOTE_AT_MOST: usize = 2_000;
/// Characters that a name or a form's key may have.
pub const NAME_AT_MOST: usize = 200;

/// Something that somebody asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Who.
    pub who: Text,
    /// A form's key: the same key again is the same command, not a second one, and gets the same answer. Empty: none.
    /// What was refused as a whole changed nothing and is not remembered: its form may be mended and sent again.
    #[serde(default)]
    pub form: Text,
    /// What.
    #[serde(flatten)]
    pub action: Action,
}

/// An alarm as the operator saw it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Target {
    /// Its id.
    pub alarm: AlarmId,
    /// Its version then; 0: not asked for.
    #[serde(default)]
    pub version: u64,
}

impl Target {
    /// An alarm, whatever its version.
    pub fn any(alarm: AlarmId) -> Self {
        Target { alarm, version: 0 }
    }
}

/// The actions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Action {
    /// Switch alarms off (AL5); a non-OK one with a typed reason (DC2, AL19).
    SwitchOff {
        /// The alarms.
        alarms: Vec<Target>,
        /// Why, for non-OK ones.
        #[serde(default)]
        reason: Option<OffReason>,
        /// Free text.
        #[serde(default)]
        text: Text,
        /// The date that the reason carries (the end of a downtime).
        #[serde(default)]
        until: Option<Timestamp>,
    },
    /// Take switching-offs back: the alarms return as they were, masked again where they were.
    SwitchOn {
        /// The alarms.
        alarms: Vec<AlarmId>,
    },
    /// Mask alarms by another of the same site (AL6).
    Mask {
        /// The leader.
        leader: Target,
        /// The followers.
        followers: Vec<Target>,
    },
    /// Take followers out from under their leader.
    Unmask {
        /// The followers.
        alarms: Vec<Target>,
    },
    /// Put alarms under a new common cause (AL18).
    OpenCause {
        /// What kind.
        kind: CauseKind,
        /// What.
        text: Text,
        /// The alarms.
        alarms: Vec<Target>,
    },
    /// Put alarms under a common cause that is open.
    JoinCause {
        /// Its id.
        cause: Text,
        /// The alarms.
        alarms: Vec<Target>,
    },
    /// Take alarms out from under their common cause; it goes on over the others.
    LeaveCause {
        /// The alarms.
        alarms: Vec<Target>,
    },
    /// End a common cause.
    EndCause {
        /// Its id.
        cause: Text,
    },
    /// Write a note (DE1).
    Note {
        /// On what.
        on: NoteOn,
        /// The note.
        text: Text,
    },
    /// Take a note back: it stays in the journal and leaves the pages.
    StrikeNote {
        /// Its id.
        note: Text,
    },
}

impl Action {
    /// Its name, as its JSON has it.
    pub fn name(&self) -> &'static str {
        match self {
            Action::SwitchOff { .. } => "switch-off",
            Action::SwitchOn { .. } => "switch-on",
            Action::Mask { .. } => "mask",
            Action::Unmask { .. } => "unmask",
            Action::OpenCause { .. } => "open-cause",
            Action::JoinCause { .. } => "join-cause",
            Action::LeaveCause { .. } => "leave-cause",
            Action::EndCause { .. } => "end-cause",
            Action::Note { .. } => "note",
            Action::StrikeNote { .. } => "strike-note",
        }
    }
}

/// What a note is on.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteOn {
    /// An alarm; the note stands in its site's notepad, too.
    Alarm(AlarmId),
    /// A site.
    Site(Text),
}

/// What became of a command that was carried out, wholly or in part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// The seq that it stands in the journal with: what shows this seq shows it.
    pub seq: u64,
    /// The alarms that it was carried out on, in the order in which they were named. An alarm that was so already is one
    /// of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<AlarmId>,
    /// Why not on the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refusal>,
    /// The common cause that was opened, or the note that was written: its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Text>,
}

/// The answer to a command: what was done, or why nothing was.
pub type Outcome = Result<Done, Vec<Refusal>>;

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

impl OffReason {
    /// All of them.
    pub const ALL: [OffReason; 6] = [
        OffReason::Downtime,
        OffReason::NotInProduction,
        OffReason::MonitoringFault,
        OffReason::CoreService,
        OffReason::Duplicate,
        OffReason::Other,
    ];
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

impl CauseKind {
    /// All of them.
    pub const ALL: [CauseKind; 3] = [CauseKind::CoreService, CauseKind::MonitoringFault, CauseKind::Network];
}
