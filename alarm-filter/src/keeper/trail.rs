//! The audit trail: who did what to which subject. It outlives pruning, so each line says by itself what it is about.

use crate::store::AuditEntry;
use alarm_core::engine::Record;
use alarm_core::event::Event;
use alarm_core::input::Input;

/// The lines of a record: none unless people did it.
pub fn lines(record: &Record) -> Vec<AuditEntry> {
    let Some(Input::Command(command)) = &record.input else { return Vec::new() };
    let about = record.events.iter().flat_map(|event| subjects(event).into_iter().map(move |s| (s, event)));
    let line = |(part, (subject, event)): (u32, (String, &Event))| AuditEntry {
        seq: record.seq,
        part,
        at: record.at,
        who: command.who.to_string(),
        action: super::commit::json(&command.action),
        subject,
        body: super::commit::json(event),
    };
    (0..).zip(about).map(line).collect()
}

/// What an event was done to. A common cause is one subject and each of its alarms another: whoever looks for an alarm
/// finds the cause that was opened over it, and there when that ended.
fn subjects(event: &Event) -> Vec<String> {
    match event {
        Event::CommandTaken { .. } => Vec::new(),
        Event::CauseOpened { cause, alarms, .. } => {
            std::iter::once(cause).chain(alarms).map(|id| id.to_string()).collect()
        }
        Event::CauseEnded { cause, .. } => vec![cause.to_string()],
        other => vec![other.key().map_or_else(String::new, |k| match &k.service {
            Some(s) => format!("{};{s}", k.host),
            None => k.host.to_string(),
        })],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alarm_core::command::{Action, CauseKind, Command};
    use alarm_core::time::Timestamp;

    #[test]
    fn a_common_cause_is_named_and_found_under_its_alarms() {
        let action = Action::OpenCause {
            kind: CauseKind::Network,
            text: "backbone".into(),
            alarms: vec!["a1".into(), "a2".into()],
        };
        let opened = Event::CauseOpened {
            cause: "cause-7".into(),
            who: "ana".into(),
            kind: CauseKind::Network,
            text: "backbone".into(),
            alarms: vec!["a1".into(), "a2".into()],
        };
        let record = |action, events| Record {
            seq: 7,
            at: Timestamp(1),
            input: Some(Input::Command(Command { who: "ana".into(), form: "f".into(), action })),
            object: None,
            events,
        };
        let all = lines(&record(action, vec![Event::CommandTaken { key: "f".into() }, opened]));
        let subjects: Vec<(u32, &str)> = all.iter().map(|l| (l.part, &*l.subject)).collect();
        assert_eq!(subjects, [(0, "cause-7"), (1, "a1"), (2, "a2")]);
        let ended = Event::CauseEnded { cause: "cause-7".into(), who: "ana".into() };
        let all = lines(&record(Action::EndCause { cause: "cause-7".into() }, vec![ended]));
        assert_eq!(all.iter().map(|l| &*l.subject).collect::<Vec<_>>(), ["cause-7"]);
    }
}
