//! Why a command was not carried out, in words that say what to do.

use crate::alarm::{Alarm, AlarmId, Deed};
use crate::input::Text;
use crate::state::State;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a command was not carried out, on one alarm or at all.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "refused", rename_all = "kebab-case")]
pub enum Refusal {
    /// The alarm is not on the board.
    #[error("there is no alarm {alarm} on the board; it may have left meanwhile: look at the list again")]
    NoSuchAlarm {
        /// The alarm.
        alarm: AlarmId,
    },
    /// Somebody switched it off meanwhile, or the program did.
    #[error("{who} switched alarm {alarm} off at {at}; if that was wrong, take it back")]
    SwitchedOff {
        /// The alarm.
        alarm: AlarmId,
        /// Who.
        who: Text,
        /// When.
        at: Timestamp,
    },
    /// Somebody or something changed it meanwhile.
    #[error("alarm {alarm} changed meanwhile: {}; look at it again and repeat", .what.words())]
    ChangedMeanwhile {
        /// The alarm.
        alarm: AlarmId,
        /// The version that the operator saw.
        saw: u64,
        /// The version it has.
        is: u64,
        /// What changed.
        #[serde(flatten)]
        what: What,
    },
    /// A non-OK alarm needs a reason.
    #[error("alarm {alarm} is not OK; give a reason to switch it off")]
    NeedsReason {
        /// The alarm.
        alarm: AlarmId,
    },
    /// The reason `other` needs words, and so do a common cause and a note.
    #[error("this needs a text that says what it is")]
    NeedsText,
    /// A text is too long.
    #[error("the {what} has {has} characters, and at most {at_most} are kept; make it shorter")]
    TooLong {
        /// Which text.
        what: Text,
        /// How many characters it has.
        has: usize,
        /// How many it may have.
        at_most: usize,
    },
    /// The date on which the alarms should return is over.
    #[error("the date {until} is over; give one that is still to come, or none")]
    DateIsOver {
        /// The date.
        until: Timestamp,
    },
    /// No alarm was named.
    #[error("no alarm was chosen; choose at least one")]
    NothingChosen,
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
    #[error("there is no open common cause {cause}; it may have ended meanwhile: look at the list again")]
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
    /// Nothing is known of that site.
    #[error("there is no site {site} in the topology or on the board; look at the list of sites")]
    NoSuchSite {
        /// The site.
        site: Text,
    },
    /// The note is not there.
    #[error("there is no note {note} on any page; it may have been taken back already")]
    NoSuchNote {
        /// The note.
        note: Text,
    },
}

impl Refusal {
    /// The alarm that it is about, if it is about one.
    pub fn alarm(&self) -> Option<&AlarmId> {
        match self {
            Refusal::NoSuchAlarm { alarm }
            | Refusal::SwitchedOff { alarm, .. }
            | Refusal::ChangedMeanwhile { alarm, .. }
            | Refusal::NeedsReason { alarm }
            | Refusal::OtherSite { alarm, .. }
            | Refusal::FamilyMask { alarm }
            | Refusal::CannotReturn { alarm } => Some(alarm),
            Refusal::CannotLead { leader } => Some(leader),
            Refusal::NeedsText
            | Refusal::TooLong { .. }
            | Refusal::DateIsOver { .. }
            | Refusal::NothingChosen
            | Refusal::NoSuchCause { .. }
            | Refusal::NoSuchSite { .. }
            | Refusal::NoSuchNote { .. } => None,
        }
    }

    /// Whether the operator saw something that is no longer so: another page to look at, not another form to fill in.
    pub fn is_conflict(&self) -> bool {
        matches!(
            self,
            Refusal::NoSuchAlarm { .. }
                | Refusal::SwitchedOff { .. }
                | Refusal::ChangedMeanwhile { .. }
                | Refusal::CannotLead { .. }
                | Refusal::NoSuchCause { .. }
                | Refusal::CannotReturn { .. }
                | Refusal::NoSuchNote { .. }
        )
    }
}

/// What changed of an alarm since somebody looked at it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct What {
    /// The state then, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<State>,
    /// The state now.
    pub now: State,
    /// Since when, by the monitor's clock.
    pub since: Timestamp,
    /// Who did something to it, and what: the last of them. `None`: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<By>,
}

/// Who did something to an alarm.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct By {
    /// Who.
    pub who: Text,
    /// What.
    pub deed: Deed,
}

impl What {
    /// What is new of an alarm for somebody who saw it at that version.
    pub(crate) fn of(alarm: &Alarm, saw: u64) -> Self {
        let then = alarm.stood.iter().rev().find(|(version, _)| *version <= saw).map(|(_, state)| *state);
        let by = alarm.touched.as_ref().filter(|t| t.version > saw);
        What { then, now: alarm.state, since: alarm.since, by: by.map(|t| By { who: t.who.clone(), deed: t.deed }) }
    }

    /// In words.
    pub fn words(&self) -> String {
        let mut words = match self.then {
            Some(then) if then == self.now => String::new(),
            Some(then) => format!("it was {then} and is {} since {}", self.now, self.since),
            None => format!("it is {} since {}", self.now, self.since),
        };
        if let Some(By { who, deed }) = &self.by {
            if !words.is_empty() {
                words.push_str(", and ");
            }
            words += &format!("{who} {deed}");
        }
        if words.is_empty() { "what is known of it is another".to_owned() } else { words }
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Deed::Masked => "put it under another alarm",
            Deed::Unmasked => "took it out from under its leader",
            Deed::UnderCause => "put it under a common cause",
            Deed::OutOfCause => "took it out of its common cause",
            Deed::CauseEnded => "ended its common cause",
            Deed::Noted => "wrote a note on it",
            Deed::NoteStruck => "took a note on it back",
            Deed::Returned => "brought it back to the board",
        })
    }
}
