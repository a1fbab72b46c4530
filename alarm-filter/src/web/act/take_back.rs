//! Taking back: what undoes a command stands beside it in the audit trail. It is acting anew, by whoever does it, and never
//! over what somebody did meanwhile: an alarm that was touched since stays as it is.

use super::super::WebState;
use super::super::trail::{Entry, find};
use super::carry::{NotDone, carry};
use super::flash::{Flash, Line};
use super::forms::flash;
use super::words::{done, name, refusal};
use crate::view::View;
use alarm_core::alarm::AlarmId;
use alarm_core::command::{Action, NoteOn, Target};
use alarm_core::input::Text;

/// Why nothing was taken back.
pub(super) enum Not {
    /// Nothing of it can be.
    Possible(Vec<Line>),
    /// Not now.
    Now(String),
}

/// What can be taken back of a command, and of which alarms not.
struct Plan {
    actions: Vec<Action>,
    changed: Vec<AlarmId>,
}

/// Whether a command of this kind can be taken back at all; a switching-off taken back is no such.
pub(super) fn is_known(action: &Action) -> bool {
    !matches!(action, Action::SwitchOn { .. })
}

/// Whether anything of it can still be taken back.
pub(in crate::web) fn can_take_back(view: &View, entry: &Entry) -> bool {
    !plan(view, entry).actions.is_empty()
}

/// Takes a command back; gives what to say of it and the last record that it made.
pub(super) async fn take_back(state: &WebState, who: &Text, form: &str, seq: &str) -> Result<(Flash, u64), Not> {
    let Ok(seq) = seq.parse::<u64>() else { return Err(Not::Possible(Vec::new())) };
    let view = state.view();
    let with = view.clone();
    let entry = state.readers.ask(move |h| find(h, &with, seq)).await.map_err(|e| Not::Now(e.to_string()))?;
    let Some(entry) = entry else { return Err(Not::Possible(Vec::new())) };
    let Plan { actions, changed } = plan(&view, &entry);
    let mut lines: Vec<Line> = changed.iter().map(|id| touched(&view, id)).collect();
    let (mut last, mut said) = (0, Vec::new());
    for action in actions {
        match carry(state, who, form, action.clone()).await {
            Ok(did) => {
                last = last.max(did.seq);
                lines.extend(did.refused.iter().map(|r| refusal(&view, r)));
                said.push(done(&view, &action, &did.alarms));
            }
            Err(NotDone::Refused(why)) => lines.extend(why.iter().map(|r| refusal(&view, r))),
            Err(NotDone::NotNow(why)) => return Err(Not::Now(why)),
        }
    }
    if said.is_empty() {
        return Err(Not::Possible(lines));
    }
    let told = flash(format!("Taken back. {}", said.join(" ")), lines, None);
    Ok((told, last))
}

/// The records of a command.
type Records = std::ops::RangeInclusive<u64>;

/// Of what undoes a command, that which nobody has touched since.
fn plan(view: &View, entry: &Entry) -> Plan {
    let mut plan = Plan { actions: Vec::new(), changed: Vec::new() };
    let records = entry.records();
    for action in &entry.whole.undo {
        let mut action = action.clone();
        let possible = match &mut action {
            Action::SwitchOn { alarms } => {
                keep(
                    alarms,
                    &mut plan.changed,
                    |id| view.closed_alarm(id).is_some_and(|c| records.contains(&c.seq)),
                    |id| id,
                );
                !alarms.is_empty()
            }
            Action::Unmask { alarms } | Action::LeaveCause { alarms } => {
                seen(view, &records, alarms, &mut plan.changed);
                !alarms.is_empty()
            }
            Action::Mask { leader, followers } => {
                seen(view, &records, followers, &mut plan.changed);
                !followers.is_empty() && view.alarm(&leader.alarm).is_some()
            }
            Action::JoinCause { cause, alarms } => {
                seen(view, &records, alarms, &mut plan.changed);
                !alarms.is_empty() && view.causes.contains_key(cause)
            }
            Action::OpenCause { alarms, .. } => {
                seen(view, &records, alarms, &mut plan.changed);
                !alarms.is_empty()
            }
            // Others may have put more under it, or taken some out: that is no longer the same cause.
            Action::EndCause { cause } => {
                let mut under = view.alarms().filter(|a| a.cause.as_ref() == Some(cause));
                view.causes.contains_key(cause) && under.all(|a| untouched(view, &a.id, &records))
            }
            Action::StrikeNote { note } => is_shown(view, note),
            Action::Note { on: NoteOn::Alarm(id), .. } => view.alarm(id).is_some() || view.closed_alarm(id).is_some(),
            // Written anew as often as somebody likes; only the text of the same note may not be there twice.
            Action::Note { on: NoteOn::Site(site), text } => !view.notepad(site).any(|n| n.text == *text),
            Action::SwitchOff { .. } => false,
        };
        if possible {
            plan.actions.push(action);
        }
    }
    plan
}

/// Leaves those that nobody touched since, at their present version.
fn seen(view: &View, records: &Records, targets: &mut Vec<Target>, changed: &mut Vec<AlarmId>) {
    keep(targets, changed, |t| untouched(view, &t.alarm, records), |t| t.alarm);
    for target in targets {
        target.version = view.alarm(&target.alarm).map_or(0, |a| a.version);
    }
}

fn keep<T: Clone>(all: &mut Vec<T>, changed: &mut Vec<AlarmId>, good: impl Fn(&T) -> bool, id: impl Fn(T) -> AlarmId) {
    let (good, bad): (Vec<T>, Vec<T>) = std::mem::take(all).into_iter().partition(good);
    *all = good;
    changed.extend(bad.into_iter().map(id));
}

/// Whether what was done with these records is the last thing that anybody did to an alarm on the board.
fn untouched(view: &View, id: &AlarmId, records: &Records) -> bool {
    view.alarm(id).is_some_and(|a| a.touched.as_ref().is_some_and(|t| records.contains(&t.version)))
}

fn touched(view: &View, id: &AlarmId) -> Line {
    let by = view.alarm(id).and_then(|a| a.touched.as_ref());
    let text = match by {
        Some(t) => format!("{} {} since", super::super::visible::visible(&t.who), t.deed),
        None => "it is no longer as it was left".to_owned(),
    };
    Line { id: id.to_string(), what: name(view, id), text }
}

fn is_shown(view: &View, note: &Text) -> bool {
    let on_sites = || view.notepads().any(|site| view.notepad(site).any(|n| n.id == *note));
    let on_alarms =
        || view.alarms().chain(view.closed().map(|c| &c.alarm)).any(|a| a.notes.iter().any(|n| n.id == *note));
    on_sites() || on_alarms()
}
