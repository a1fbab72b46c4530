//! DE1: notes on alarms and on sites.

use crate::desk::*;
use alarm_core::command::{Action, NOTE_AT_MOST, NoteOn, Refusal};
use alarm_core::event::Event;
use alarm_core::input::Text;
use alarm_core::notepad::{Note, ON_ALARM, ON_SITE};
use alarm_core::profile::MetricSettings;
use alarm_core::state::State;

fn note(d: &mut Desk, on: NoteOn, text: &str) -> Result<Text, Refusal> {
    d.ask(Action::Note { on, text: text.into() }).map(|done| done.made.unwrap())
}

fn on_alarm(d: &mut Desk, text: &str) -> Text {
    let on = NoteOn::Alarm(d.id("ce.a", JOB));
    note(d, on, text).unwrap()
}

fn pad(d: &Desk, site: &str) -> Vec<Note> {
    d.engine.world().notepads.get(site).map(|notes| notes.to_vec()).unwrap_or_default()
}

fn texts(notes: &[Note]) -> Vec<&str> {
    notes.iter().map(|n| &*n.text).collect()
}

#[test]
fn de1_a_note_on_an_alarm_stands_in_its_sites_notepad_too() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    let id = on_alarm(&mut d, "they change the disk");
    d.wait("1h");
    note(&mut d, NoteOn::Site("A".into()), "moving on Friday").unwrap();
    assert_eq!(texts(&d.open("ce.a", JOB).notes), ["they change the disk"]);
    let notes = pad(&d, "A");
    assert_eq!(texts(&notes), ["they change the disk", "moving on Friday"]);
    let first = &notes[0];
    assert_eq!((&first.id, &*first.who, first.at), (&id, "rod", d.now.plus(-span("1h"))));
    let about = first.about.as_ref().unwrap();
    assert_eq!((&*about.host, &*about.metric), ("ce.a", JOB));
    assert_eq!(pad(&d, "B"), []);
}

#[test]
fn de1_notes_outlive_the_alarm_and_come_back_with_it() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    let alarm = d.id("ce.a", JOB);
    on_alarm(&mut d, "known");
    d.recovers("ce.a", JOB);
    d.off("ce.a", JOB, None).unwrap();
    note(&mut d, NoteOn::Alarm(alarm.clone()), "solved by a restart").unwrap();
    assert_eq!(texts(&pad(&d, "A")), ["known", "solved by a restart"], "written after it was switched off");
    d.fails("ce.a", JOB);
    assert_eq!(d.open("ce.a", JOB).notes, [], "a new alarm");
    d.off("ce.a", JOB, Some(alarm_core::command::OffReason::Duplicate)).unwrap();
    d.ask(Action::SwitchOn { alarms: vec![alarm] }).unwrap();
    assert_eq!(texts(&d.open("ce.a", JOB).notes), ["known", "solved by a restart"]);
}

#[test]
fn de1_a_note_that_is_taken_back_leaves_the_pages_and_stays_in_the_journal() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    let id = on_alarm(&mut d, "wrong site");
    d.ask(Action::StrikeNote { note: id.clone() }).unwrap();
    assert_eq!((d.open("ce.a", JOB).notes.len(), pad(&d, "A").len()), (0, 0));
    assert_eq!(d.count(|e| matches!(e, Event::NoteWritten { written, .. } if &*written.text == "wrong site")), 1);
    assert_eq!(d.count(|e| matches!(e, Event::NoteStruck { struck, .. } if &*struck.text == "wrong site")), 1);
    assert_eq!(d.ask(Action::StrikeNote { note: id.clone() }), Err(Refusal::NoSuchNote { note: id }));
}

#[test]
fn de1_alarms_and_sites_that_there_are_not_are_refused() {
    let mut d = Desk::new();
    for site in ["", "nowhere"] {
        let refused = note(&mut d, NoteOn::Site(site.into()), "x");
        assert_eq!(refused, Err(Refusal::NoSuchSite { site: site.into() }));
    }
    assert!(matches!(note(&mut d, NoteOn::Alarm("none".into()), "x"), Err(Refusal::NoSuchAlarm { .. })));
    assert_eq!(note(&mut d, NoteOn::Site("A".into()), " \n"), Err(Refusal::NeedsText));
    // Without a topology a site is known by what the monitor says of its hosts.
    let mut d = Desk::empty();
    assert!(matches!(note(&mut d, NoteOn::Site("A".into()), "x"), Err(Refusal::NoSuchSite { .. })));
    d.configure(Desk::objects());
    note(&mut d, NoteOn::Site("A".into()), "x").unwrap();
}

#[test]
fn de1_an_alarm_of_an_unknown_site_keeps_its_notes_itself() {
    let mut d = Desk::new();
    d.topology.endpoints.clear();
    d.refresh_topology();
    let mut objects = Desk::objects();
    objects.hosts.values_mut().for_each(|h| h.site = "".into());
    d.configure(objects);
    d.fails("ce.a", JOB);
    let id = on_alarm(&mut d, "whose is it?");
    assert_eq!(d.engine.world().notepads.len(), 0);
    d.ask(Action::StrikeNote { note: id }).unwrap();
    assert_eq!(d.open("ce.a", JOB).notes, []);
}

/// Law 6: what people write is data, kept as it is, and length-limited.
#[test]
fn de1_a_note_is_kept_as_it_was_written_and_has_a_limit() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    let odd = "<b>\u{1b}[2J\u{202e}\r\n\u{0}';--";
    on_alarm(&mut d, odd);
    assert_eq!(texts(&pad(&d, "A")), [odd]);
    let long = "ü".repeat(NOTE_AT_MOST);
    note(&mut d, NoteOn::Site("A".into()), &long).unwrap();
    let refused = note(&mut d, NoteOn::Site("A".into()), &(long + "ü"));
    assert_eq!(refused, Err(Refusal::TooLong { what: "note".into(), has: NOTE_AT_MOST + 1, at_most: NOTE_AT_MOST }));
}

#[test]
fn de1_of_many_notes_the_last_ones_stand() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    for n in 0..ON_SITE + 5 {
        on_alarm(&mut d, &n.to_string());
    }
    let last = |n: usize| (ON_SITE + 5 - n..ON_SITE + 5).map(|n| n.to_string()).collect::<Vec<_>>();
    assert_eq!(texts(&d.open("ce.a", JOB).notes), last(ON_ALARM));
    assert_eq!(texts(&pad(&d, "A")), last(ON_SITE));
    assert_eq!(d.count(|e| matches!(e, Event::NoteWritten { .. })), ON_SITE + 5, "the journal has all");
}

#[test]
fn de1_who_switches_off_is_told_of_a_note_that_came_meanwhile() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    let seen = d.seen("ce.a", JOB);
    let on = NoteOn::Alarm(seen.alarm.clone());
    d.ask_as("bob", "", Action::Note { on, text: "do not touch, they test".into() }).unwrap();
    let reason = Some(alarm_core::command::OffReason::Duplicate);
    let refused = d.ask(Action::SwitchOff { alarms: vec![seen], reason, text: "".into(), until: None }).unwrap_err();
    assert!(refused.to_string().contains("changed meanwhile: bob wrote a note on it; look at it"), "{refused}");
}

/// AL5: "stable OK, no ticket, note or mask".
#[test]
fn al5_auto_off_leaves_what_has_a_note() {
    let mut d = Desk::new();
    d.settings.auto_off = true;
    d.refresh_settings();
    d.fails("ce.a", JOB);
    on_alarm(&mut d, "watch this one");
    d.recovers("ce.a", JOB);
    d.wait("5h");
    assert_eq!(d.open("ce.a", JOB).state, State::Ok);
}

/// AL17: what becomes a security matter takes its notes along, and nobody can act on it or write on it.
#[test]
fn al17_notes_on_a_security_matter_are_tagged_and_nobody_can_write_one() {
    let mut d = Desk::new();
    d.fails("ce.a", SECRET);
    let secret = d.id("ce.a", SECRET);
    let refused = note(&mut d, NoteOn::Alarm(secret.clone()), "x");
    assert_eq!(refused, Err(Refusal::NoSuchAlarm { alarm: secret.clone() }));
    let reason = Some(alarm_core::command::OffReason::Duplicate);
    assert_eq!(d.off("ce.a", SECRET, reason), Err(Refusal::NoSuchAlarm { alarm: secret }));

    d.fails("ce.a", JOB);
    let id = on_alarm(&mut d, "they run an old kernel");
    let tag = |d: &mut Desk, security| {
        let settings = MetricSettings { security, ..MetricSettings::default() };
        d.profile.metrics.insert("org.sam.*".into(), settings);
        d.refresh_profiles(&[]);
        pad(d, "A")[0].about.as_ref().unwrap().security
    };
    assert!(tag(&mut d, true));
    assert_eq!(d.ask(Action::StrikeNote { note: id.clone() }), Err(Refusal::NoSuchNote { note: id }));
    assert!(!tag(&mut d, false));
}
