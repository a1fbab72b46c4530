use super::*;
use crate::source::nagios_log::observe::Observer;
use alarm_core::command::{CauseKind, Done, OffReason};
use alarm_core::engine::Engine;
use alarm_core::time::{SECOND, Timestamp};

/// 2026-11-23 08:00 UTC.
const START: Timestamp = Timestamp(1_795_420_800_000);

/// An engine without a topology, whose alarms' site is given by the source.
struct Desk {
    engine: Engine,
    now: Timestamp,
}

impl Desk {
    /// As many failing services, all of the site `A`.
    fn failing(services: usize) -> (Desk, Vec<AlarmId>) {
        let mut desk = Desk { engine: Engine::new(), now: START };
        let mut session = crate::replay::session::Session::new();
        session.profiles(START, all_metrics());
        desk.engine = session.engine;
        for n in 0..services {
            desk.now = desk.now.plus(SECOND);
            let line = format!("[{}] SERVICE ALERT: ce;job-{n};CRITICAL;HARD;3;bad", desk.now.secs());
            let mut input = Observer::new("nagios").read(line.as_bytes()).unwrap();
            if let Input::Observation(o) = &mut input
                && let alarm_core::input::Seen::Service(seen) = &mut o.seen
            {
                let about = alarm_core::input::StandsFor { site: "A".into(), ..Default::default() };
                seen.stands_for = Some(std::sync::Arc::new(about));
            }
            desk.engine.handle(desk.now, input);
        }
        let ids = desk.engine.world().alarms.keys().cloned().collect();
        (desk, ids)
    }

    fn ask(&mut self, form: &str, action: Action) -> (Done, Vec<AuditEntry>) {
        self.now = self.now.plus(SECOND);
        let command = Command { who: "ana".into(), form: form.into(), action };
        let handled = self.engine.handle(self.now, Input::Command(command));
        let lines = lines(&handled.records, self.engine.world());
        (handled.outcome.unwrap().unwrap(), lines)
    }
}

fn all_metrics() -> alarm_core::profile::Profiles {
    let profile = alarm_core::profile::Profile {
        name: "P".into(),
        service_types: [("*".into(), vec!["*".into()])].into(),
        ..Default::default()
    };
    let operators = profile.name.clone();
    alarm_core::profile::Profiles { operators, profiles: [(profile.name.clone(), profile)].into_iter().collect() }
}

fn targets(ids: &[AlarmId]) -> Vec<Target> {
    ids.iter().cloned().map(Target::any).collect()
}

fn off(alarms: Vec<Target>) -> Action {
    Action::SwitchOff { alarms, reason: Some(OffReason::Other), text: "known".into(), until: None }
}

fn subjects(lines: &[AuditEntry]) -> Vec<&str> {
    lines.iter().map(|l| &*l.subject).collect()
}

fn whole(lines: &[AuditEntry]) -> Whole {
    assert_eq!((&*lines[0].subject, lines[0].part), (COMMAND, 0));
    serde_json::from_str(&lines[0].body).unwrap()
}

#[test]
fn de5_each_of_several_alarms_has_its_line_and_the_command_one() {
    let (mut d, ids) = Desk::failing(3);
    let (_, lines) = d.ask("f", off(targets(&ids[..2]).into_iter().chain([Target::any("none".into())]).collect()));
    assert_eq!(subjects(&lines), [COMMAND, &*ids[0], &*ids[1], "site/A"]);
    assert!(lines.iter().all(|l| l.who == "ana" && l.seq == lines[0].seq), "all are of the command");
    let head = whole(&lines);
    assert_eq!((head.alarms, head.refused, head.sites.len(), head.metrics.len()), (2, 1, 1, 2));
    let of_first: Action = serde_json::from_str(&lines[1].action).unwrap();
    assert_eq!(of_first, off(targets(&ids[..1])), "the action with this alarm alone");
    let at: AtSite = serde_json::from_str(&lines[3].body).unwrap();
    assert_eq!(at.alarms, ids[..2]);
    assert_eq!(head.undo, [Action::SwitchOn { alarms: ids[..2].to_vec() }]);
}

#[test]
fn de5_causes_and_notes_are_found_under_their_ids_their_alarms_and_their_site() {
    let (mut d, ids) = Desk::failing(3);
    let (kind, text) = (CauseKind::Network, Text::from("backbone"));
    let (done, opened) = d.ask("", Action::OpenCause { kind, text: text.clone(), alarms: targets(&ids[..2]) });
    let cause = done.made.unwrap();
    assert_eq!(subjects(&opened), [COMMAND, &*cause, &*ids[0], &*ids[1], "site/A"]);
    let of_first: Event = serde_json::from_str(&opened[2].body).unwrap();
    assert!(matches!(of_first, Event::CauseOpened { alarms, .. } if alarms == ids[..1]), "cut to its alarm");
    let (_, joined) = d.ask("", Action::JoinCause { cause: cause.clone(), alarms: targets(&ids[2..]) });
    assert_eq!(subjects(&joined), [COMMAND, &*cause, &*ids[2], "site/A"]);
    let (_, left) = d.ask("", Action::LeaveCause { alarms: targets(&ids[..1]) });
    assert_eq!(subjects(&left), [COMMAND, &*cause, &*ids[0], "site/A"]);
    let (_, ended) = d.ask("", Action::EndCause { cause: cause.clone() });
    assert_eq!(subjects(&ended), [COMMAND, &*cause, &*ids[1], &*ids[2], "site/A"]);
    assert_eq!(whole(&ended).undo, [Action::OpenCause { kind, text, alarms: targets(&ids[1..]) }]);

    let (done, written) = d.ask("", Action::Note { on: NoteOn::Alarm(ids[0].clone()), text: "called them".into() });
    let note = done.made.unwrap();
    assert_eq!(subjects(&written), [COMMAND, &*note, &*ids[0], "site/A"]);
    assert!(written[1].body.contains("called them"));
    let (_, struck) = d.ask("", Action::StrikeNote { note: note.clone() });
    assert_eq!(subjects(&struck), [COMMAND, &*note, &*ids[0], "site/A"]);
    let again = Action::Note { on: NoteOn::Alarm(ids[0].clone()), text: "called them".into() };
    assert_eq!(whole(&struck).undo, [again], "what was struck is not lost");
    let (_, of_site) = d.ask("", Action::Note { on: NoteOn::Site("A".into()), text: "moving".into() });
    assert_eq!(of_site.len(), 3);
    assert_eq!(of_site[2].subject, "site/A");
}

#[test]
fn what_follows_from_a_command_is_told_under_its_alarm_too() {
    let (mut d, ids) = Desk::failing(2);
    let (leader, followers) = (Target::any(ids[0].clone()), targets(&ids[1..]));
    let (_, masked) = d.ask("", Action::Mask { leader: leader.clone(), followers: followers.clone() });
    assert_eq!(subjects(&masked), [COMMAND, &*ids[1], "site/A"]);
    assert_eq!(whole(&masked).undo, [Action::Unmask { alarms: followers }]);
    let (_, lines) = d.ask("", off(vec![leader]));
    assert_eq!(subjects(&lines), [COMMAND, &*ids[1], &*ids[0], "site/A"], "the follower came free");
    assert_eq!(whole(&lines).undo, [Action::SwitchOn { alarms: ids[..1].to_vec() }], "the mask comes back with it");
}

#[test]
fn what_nobody_did_and_what_was_refused_leave_no_line() {
    let (mut d, ids) = Desk::failing(1);
    let refused = Command { who: "ana".into(), form: "f".into(), action: off(Vec::new()) };
    let handled = d.engine.handle(d.now, Input::Command(refused));
    assert_eq!(lines(&handled.records, d.engine.world()), []);
    d.ask("f", off(targets(&ids)));
    let again = Command { who: "ana".into(), form: "f".into(), action: off(targets(&ids)) };
    let handled = d.engine.handle(d.now, Input::Command(again));
    assert_eq!(lines(&handled.records, d.engine.world()), [], "a form that comes again was told");
    let handled = d.engine.handle(d.now.plus(30 * 86_400_000), Input::Tick);
    assert!(!handled.records.is_empty(), "it returned");
    assert_eq!(lines(&handled.records, d.engine.world()), []);
}

/// The trail of a command over thousands of alarms grows with them, not with their square.
#[test]
fn the_lines_of_a_bulk_stay_short() {
    let (mut d, ids) = Desk::failing(400);
    let size = |lines: &[AuditEntry]| lines.iter().map(|l| l.action.len() + l.body.len()).sum::<usize>();
    let (_, few) =
        d.ask("", Action::OpenCause { kind: CauseKind::Network, text: "x".into(), alarms: targets(&ids[..40]) });
    let (_, many) = d.ask("", Action::OpenCause { kind: CauseKind::Network, text: "x".into(), alarms: targets(&ids) });
    assert!(size(&many) < 12 * size(&few), "{} and {}", size(&few), size(&many));
}
