//! What people are told of what they asked for: alarms by their names, times as everywhere, who and what in words.

use super::super::visible::visible;
use super::super::words::{moment, object};
use super::flash::Line;
use crate::view::View;
use alarm_core::alarm::AlarmId;
use alarm_core::command::{Action, CauseKind, NoteOn, OffReason, Refusal, What};

/// A refusal, of an alarm by its name.
pub(super) fn refusal(view: &View, why: &Refusal) -> Line {
    let id = why.alarm();
    let text = match why {
        Refusal::NoSuchAlarm { .. } => "it is no longer on the board".to_owned(),
        Refusal::SwitchedOff { who, at, .. } => {
            format!("{} switched it off on {}", visible(who), moment(*at))
        }
        Refusal::ChangedMeanwhile { what, .. } => format!("it changed meanwhile: {}", changed(what)),
        Refusal::NeedsReason { .. } => "it is not OK: it can be switched off with a reason only".to_owned(),
        Refusal::OtherSite { leader, .. } => {
            format!("it is of another site than {}: masks hold within one site", name(view, leader))
        }
        Refusal::CannotLead { .. } => {
            "it cannot lead: it is masked itself, set apart by the topology, or stable OK".to_owned()
        }
        Refusal::FamilyMask { .. } => {
            "the program masks it as one of its family; it comes back when its leader goes".to_owned()
        }
        Refusal::CannotReturn { .. } => {
            "it cannot come back: it is too long ago, or another alarm of the same service stands on the board"
                .to_owned()
        }
        other => other.to_string(),
    };
    match id {
        Some(id) => Line { id: id.to_string(), what: name(view, id), text: visible(&text).into_owned() },
        None => Line { text: sentence(&visible(&text)), ..Line::default() },
    }
}

/// What changed of an alarm, and who did it.
pub(super) fn changed(what: &What) -> String {
    let since = || format!("since {}", moment(what.since));
    let state = match what.then {
        Some(then) if then == what.now => None,
        Some(then) => Some(format!("it was {then} and is {} {}", what.now, since())),
        None => Some(format!("it is {} {}", what.now, since())),
    };
    let by = what.by.as_ref().map(|by| format!("{} {}", visible(&by.who), by.deed));
    match (state, by) {
        (Some(state), Some(by)) => format!("{state}, and {by}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => "its flags or its mask are others".to_owned(),
    }
}

/// How an alarm is named: `service on host`.
pub(super) fn name(view: &View, id: &AlarmId) -> String {
    match known(view, id) {
        Some(alarm) => visible(&object(alarm)).into_owned(),
        None => format!("alarm {}", visible(id)),
    }
}

fn known<'v>(view: &'v View, id: &str) -> Option<&'v alarm_core::alarm::Alarm> {
    view.alarm(id).map(|a| &**a).or_else(|| view.closed_alarm(id).map(|c| &*c.alarm))
}

/// What was done, in the past: `Switched off 3 alarms.`
pub(super) fn done(view: &View, action: &Action, alarms: &[AlarmId]) -> String {
    let these = match alarms {
        [] => "no alarm".to_owned(),
        [one] => name(view, one),
        many => format!("{} alarms", many.len()),
    };
    match action {
        Action::SwitchOff { .. } => format!("Switched off: {these}."),
        Action::SwitchOn { .. } => format!("Back on the board: {these}."),
        Action::Mask { leader, .. } => format!("Masked by {}: {these}.", name(view, &leader.alarm)),
        Action::Unmask { .. } => format!("No longer masked: {these}."),
        Action::OpenCause { text, .. } => format!("Under the new common cause “{}”: {these}.", visible(text)),
        Action::JoinCause { cause, .. } => {
            let text = view.causes.get(cause).map_or(cause, |c| &c.text);
            format!("Under the common cause “{}”: {these}.", visible(text))
        }
        Action::LeaveCause { .. } => format!("No longer under a common cause: {these}."),
        Action::EndCause { .. } => "The common cause has ended; its alarms are back in their queues.".to_owned(),
        Action::Note { on: NoteOn::Alarm(id), .. } => format!("Wrote a note on {}.", name(view, id)),
        Action::Note { on: NoteOn::Site(site), .. } => format!("Wrote a note on {}.", visible(site)),
        Action::StrikeNote { .. } => "Took the note back.".to_owned(),
    }
}

/// Why a non-OK alarm is switched off, for a list to choose from.
pub(super) fn reason(reason: OffReason) -> &'static str {
    match reason {
        OffReason::Downtime => "the service is in a downtime",
        OffReason::NotInProduction => "it is not in production",
        OffReason::MonitoringFault => "the monitoring is at fault",
        OffReason::CoreService => "a core service is at fault",
        OffReason::Duplicate => "another alarm tells the same",
        OffReason::Other => "something else, as written below",
    }
}

/// What lies behind a common cause, for a list to choose from.
pub(super) fn kind(kind: CauseKind) -> &'static str {
    match kind {
        CauseKind::CoreService => "a core service",
        CauseKind::MonitoringFault => "the monitoring itself",
        CauseKind::Network => "the network",
    }
}

/// A word as a form sends it.
pub(super) fn word<T: serde::Serialize>(value: T) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The first letter large.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

/// What somebody did, in words that stand before what it was done to.
pub(super) fn deed(action: &Action) -> &'static str {
    match action {
        Action::SwitchOff { .. } => "switched off",
        Action::SwitchOn { .. } => "brought back to the board",
        Action::Mask { .. } => "masked",
        Action::Unmask { .. } => "unmasked",
        Action::OpenCause { .. } => "put under a new common cause",
        Action::JoinCause { .. } => "put under a common cause",
        Action::LeaveCause { .. } => "took out of the common cause",
        Action::EndCause { .. } => "ended the common cause of",
        Action::Note { .. } => "wrote a note on",
        Action::StrikeNote { .. } => "took back a note on",
    }
}

/// A value as it stands in an address.
pub(super) fn encoded(value: &str) -> String {
    use std::fmt::Write;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    value.bytes().fold(String::new(), |mut out, b| {
        // Writing into a String cannot fail.
        let _fits = if plain(b) { out.write_char(char::from(b)) } else { write!(out, "%{b:02X}") };
        out
    })
}
