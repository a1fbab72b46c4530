//! What takes an action back, from the events that it was carried out with: at once, or later from the audit trail.
//!
//! Taking back is acting anew, by whoever does it: it has its own place in the journal, and may be refused by what changed
//! meanwhile. Whether anybody did something to an alarm since, [`crate::alarm::Alarm::touched`] says: its version is then
//! no longer the seq of the action.
//!
//! | what was done | what takes it back |
//! | --- | --- |
//! | switched off | back to the board, masked again as it was |
//! | masked | out from under the leader, or back under the one before |
//! | unmasked by somebody | masked again |
//! | a common cause opened | that cause ended; alarms of another one go back under it |
//! | put under a cause | out of it, or back under the one before |
//! | taken out of a cause | back under it |
//! | a cause ended | a new one of the same kind and text over the same alarms |
//! | a note written | struck |
//! | a note struck | the same text as a new note, by whoever takes it back |
//! | a switching-off taken back | nothing: switching off anew needs its reason again |

use crate::alarm::AlarmId;
use crate::command::{Action, Target};
use crate::event::Event;
use crate::input::Text;
use std::collections::BTreeMap;

/// The actions that take back what these events of one command did, in the order in which they have to be carried out.
pub fn of<'e>(events: impl IntoIterator<Item = &'e Event>) -> Vec<Action> {
    let mut undo = Undo::default();
    events.into_iter().for_each(|event| undo.take(event));
    undo.actions()
}

#[derive(Default)]
struct Undo {
    on: Vec<AlarmId>,
    unmask: Vec<Target>,
    /// By leader.
    mask: BTreeMap<AlarmId, Vec<Target>>,
    leave: Vec<Target>,
    /// By cause.
    join: BTreeMap<Text, Vec<Target>>,
    other: Vec<Action>,
}

impl Undo {
    fn take(&mut self, event: &Event) {
        let target = |id: &AlarmId| Target::any(id.clone());
        match event {
            Event::SwitchedOff { id, .. } => self.on.push(id.clone()),
            Event::Masked { id, mask, was, .. } if !mask.family => match was {
                Some(leader) => self.mask.entry(leader.clone()).or_default().push(target(id)),
                None => self.unmask.push(target(id)),
            },
            Event::Unmasked { id, who, was: Some(leader), .. } if !who.is_empty() => {
                self.mask.entry(leader.clone()).or_default().push(target(id));
            }
            Event::CauseOpened { cause, was, .. } => {
                self.other.push(Action::EndCause { cause: cause.clone() });
                self.rejoin(was);
            }
            Event::CauseJoined { alarms, was, .. } => {
                self.leave.extend(alarms.iter().filter(|id| !was.contains_key(*id)).map(target));
                self.rejoin(was);
            }
            Event::CauseLeft { was, .. } => self.rejoin(was),
            Event::CauseEnded { was: Some(was), .. } if !was.alarms.is_empty() => self.other.push(Action::OpenCause {
                kind: was.kind,
                text: was.text.clone(),
                alarms: was.alarms.iter().map(target).collect(),
            }),
            Event::NoteWritten { written, .. } => self.other.push(Action::StrikeNote { note: written.id.clone() }),
            Event::NoteStruck { struck, .. } => {
                self.other.push(Action::Note { on: struck.on.clone(), text: struck.text.clone() });
            }
            _ => {}
        }
    }

    fn rejoin(&mut self, was: &BTreeMap<AlarmId, Text>) {
        for (id, cause) in was {
            self.join.entry(cause.clone()).or_default().push(Target::any(id.clone()));
        }
    }

    fn actions(self) -> Vec<Action> {
        let mut all = self.other;
        let some = |alarms: Vec<Target>| (!alarms.is_empty()).then_some(alarms);
        all.extend((!self.on.is_empty()).then_some(Action::SwitchOn { alarms: self.on }));
        // A leader that was masked itself is free before its followers come back under it.
        all.extend(some(self.unmask).map(|alarms| Action::Unmask { alarms }));
        let mask = |(leader, followers)| Action::Mask { leader: Target::any(leader), followers };
        all.extend(self.mask.into_iter().map(mask));
        all.extend(some(self.leave).map(|alarms| Action::LeaveCause { alarms }));
        all.extend(self.join.into_iter().map(|(cause, alarms)| Action::JoinCause { cause, alarms }));
        all
    }
}
