//! AL1 to AL5 and AL7: what raises, what keeps, what is marked.

use crate::desk::*;
use alarm_core::alarm::{Alarm, Band, Told};
use alarm_core::command::Target;
use alarm_core::event::Event;
use alarm_core::flag::Flag;
use alarm_core::input::{Origin, Seen};
use alarm_core::profile::{MetricSettings, Profile};
use alarm_core::state::State;
use alarm_core::time::{HOUR, MINUTE};
use alarm_core::watch::SetAside;

#[test]
fn al1_only_pairs_of_the_operators_profile_raise() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    assert_eq!(&*d.open("ce.a", JOB).about.service_type, "CREAM-CE");
    d.fails("ce.a", "other.metric");
    assert!(d.alarm("ce.a", "other.metric").is_none());
    let aside = d.aside("ce.a", "other.metric");
    assert!(
        matches!(&aside, Some(SetAside::NotInProfile { profile, service_type, metric })
        if &**profile == "ROC_OPERATORS" && &**service_type == "CREAM-CE" && &**metric == "other.metric"),
        "{aside:?}"
    );
}

#[test]
fn al1_a_vo_suffix_belongs_to_the_metric_but_not_to_its_name() {
    let mut d = Desk::new();
    d.profile.service_types.insert("CREAM-CE".into(), vec!["org.sam.CREAMCE-JobSubmit".into()]);
    d.refresh_profiles(&[]);
    d.fails("ce.a", JOB);
    assert_eq!(&*d.open("ce.a", JOB).about.vo, "ops");
}

#[test]
fn al1_other_profiles_are_evaluated_beside_it() {
    let mut d = Desk::new();
    let critical = Profile {
        name: "ROC_CRITICAL".into(),
        service_types: [("CREAM-CE".into(), vec!["*".into()])].into(),
        ..Profile::default()
    };
    d.refresh_profiles(&[critical]);
    d.fails("ce.a", JOB);
    let names: Vec<String> = d.open("ce.a", JOB).about.profiles.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["ROC_CRITICAL", "ROC_OPERATORS"]);
    d.fails("ce.a", "other.metric");
    assert!(d.alarm("ce.a", "other.metric").is_none(), "another profile alone raises nothing");
}

#[test]
fn al1_an_entry_says_which_states_raise() {
    let mut d = Desk::new();
    let only = MetricSettings { raise: Some(vec![State::Critical]), ..MetricSettings::default() };
    d.profile.metrics.insert("org.sam.*".into(), only);
    d.refresh_profiles(&[]);
    d.alert("ce.a", JOB, State::Warning, true, "WARNING: slow");
    assert_eq!(d.aside("ce.a", JOB), Some(SetAside::StateDoesNotRaise { state: State::Warning }));
    d.wait("5m");
    d.fails("ce.a", JOB);
    assert_eq!(d.open("ce.a", JOB).state, State::Critical);
    assert_eq!(d.open("ce.a", JOB).about.ticket_states, [State::Critical], "what needs a ticket defaults to the same");
    d.wait("5m");
    d.alert("ce.a", JOB, State::Warning, true, "WARNING: slow");
    assert!(!d.open("ce.a", JOB).failing_now(), "a state that does not raise ends the failure");
    assert_eq!(d.aside("ce.a", JOB), Some(SetAside::StateDoesNotRaise { state: State::Warning }));
}

#[test]
fn al1_a_candidate_raises_nothing() {
    let mut d = Desk::new();
    d.fails("ce.a", "new.metric");
    assert_eq!(d.aside("ce.a", "new.metric"), Some(SetAside::Candidate { profile: "ROC_OPERATORS".into() }));
    // Accepted: what stands set aside is judged by the new profile.
    d.profile.service_types.insert("CREAM-CE".into(), vec!["new.*".into()]);
    d.profile.candidates.clear();
    d.wait("1h");
    d.refresh_profiles(&[]);
    assert!(d.open("ce.a", "new.metric").failing_now());
    assert_eq!(d.aside("ce.a", "new.metric"), None);
}

#[test]
fn al1_a_profile_may_take_everything() {
    let mut empty = Desk::empty();
    empty.profile.service_types = [("*".into(), vec!["*".into()])].into();
    empty.refresh_profiles(&[]);
    empty.fails("any", "thing");
    assert!(empty.open("any", "thing").failing_now(), "a profile that takes everything needs no service type");
}

#[test]
fn al2_a_hard_state_raises_and_a_soft_one_never() {
    let mut d = Desk::new();
    d.alert("ce.a", JOB, State::Critical, false, FAILED);
    d.wait("1m");
    d.alert("ce.a", JOB, State::Critical, false, FAILED);
    assert!(d.alarm("ce.a", JOB).is_none());
    d.wait("1m");
    d.fails("ce.a", JOB);
    let alarm = d.open("ce.a", JOB);
    assert_eq!((alarm.state, alarm.since, alarm.episodes), (State::Critical, d.now, 1));
    d.wait("1m");
    d.recovers("ce.a", JOB);
    d.wait("1m");
    d.alert("ce.a", JOB, State::Critical, false, FAILED);
    assert!(!d.open("ce.a", JOB).failing_now(), "soft states do not bring it back either");
}

#[test]
fn al2_renotification_refreshes_and_makes_no_second_alarm() {
    let mut d = Desk::new();
    d.notifies("ce.a", JOB, State::Critical);
    d.fails("ce.a", JOB);
    let id = d.id("ce.a", JOB);
    let raised = d.now;
    for _ in 0..3 {
        d.wait("1h");
        d.notifies("ce.a", JOB, State::Critical);
    }
    let alarm = d.open("ce.a", JOB);
    assert_eq!((&alarm.id, alarm.since, alarm.refreshed), (&id, raised, Some(d.now)));
    assert_eq!(d.count(|e| matches!(e, Event::Raised { .. })), 1);
    assert_eq!(alarm.history.len(), 1, "the same state again is no change");
}

#[test]
fn al2_a_notification_alone_raises() {
    // The service began in this state (initial_state), so that no alert line was ever written.
    let mut d = Desk::new();
    d.notifies("ce.a", JOB, State::Warning);
    let alarm = d.open("ce.a", JOB);
    assert_eq!((alarm.state, &alarm.history[0].told), (State::Warning, &Told::Notified));
    d.notifies("ce.a", JOB, State::Warning);
    assert_eq!(d.count(|e| matches!(e, Event::Raised { .. })), 1, "the second contact's line is the same notification");
}

#[test]
fn al2_a_listed_problem_raises_too() {
    let mut d = Desk::new();
    d.wait("1h");
    let mut listed = seen("ce.a", JOB, State::Critical, true, FAILED);
    listed.report = alarm_core::input::Report::Listed;
    listed.last_change = Some(d.now.plus(-span("50m")));
    d.say(Origin::Status, Seen::Service(listed));
    let alarm = d.open("ce.a", JOB);
    assert_eq!(d.now.since(alarm.since), 50 * MINUTE, "since when the source says");
    assert_eq!(d.count(|e| matches!(e, Event::Raised { .. })), 1);
}

#[test]

fn al3_what_may_have_been_told_before_the_first_look_is_not_said_to_be_untold() {
    let mut d = Desk::new();
    d.wait("1h");
    let mut listed = seen("ce.a", JOB, State::Critical, true, FAILED);
    listed.report = alarm_core::input::Report::Listed;
    (listed.last_check, listed.last_change) = (Some(d.now), Some(d.now.plus(-span("3d"))));
    d.say(Origin::Status, Seen::Service(listed));
    assert_eq!(d.open("ce.a", JOB).history[0].told, Told::NotAsked);
}

#[test]
fn al3_every_hard_state_is_kept_with_time_and_output() {
    let mut d = Desk::new();
    let mut wanted = Vec::new();
    for (state, output) in [
        (State::Warning, "WARNING: slow"),
        (State::Critical, "CRITICAL: dead"),
        (State::Unknown, "UNKNOWN: who knows"),
        (State::Ok, "OK"),
        (State::Critical, "CRITICAL: again"),
    ] {
        d.wait("10m");
        d.alert("ce.a", JOB, state, true, output);
        wanted.push((d.now, state, output.to_owned()));
    }
    let alarm = d.open("ce.a", JOB);
    let got: Vec<_> = alarm.history.iter().map(|c| (c.at, c.state, c.output.to_string())).collect();
    assert_eq!(got, wanted);
    assert_eq!(&*alarm.output, "CRITICAL: again");
}

#[test]
fn al3_what_is_not_told_to_anybody_says_why() {
    let mut d = Desk::new();
    let mut objects = Desk::objects();
    objects.rules[0].enabled = false;
    d.configure(objects);
    d.fails("ce.a", JOB);
    let alarm = d.open("ce.a", JOB);
    assert_eq!(alarm.history[0].told, Told::Not(vec![Flag::Muted]));
    assert!(alarm.flags.contains_key(&Flag::Muted));
}

#[test]
fn al4_bands_by_age() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.wait("23h59m");
    assert_eq!(Alarm::band(d.age("ce.a", JOB)), Band::FirstLine);
    assert!(!d.open("ce.a", JOB).aged);
    d.wait("1m");
    assert_eq!(Alarm::band(d.age("ce.a", JOB)), Band::Rod);
    assert!(d.open("ce.a", JOB).aged, "the timer says so at 24 h");
    assert_eq!(d.count(|e| matches!(e, Event::Aged { .. })), 1);
    d.wait("48h");
    assert_eq!(Alarm::band(d.age("ce.a", JOB)), Band::Overdue);
    assert_eq!(d.count(|e| matches!(e, Event::Aged { .. })), 1);
}

#[test]
fn al5_an_ok_alarm_stays_until_it_is_switched_off() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.wait("1h");
    d.recovers("ce.a", JOB);
    d.wait("30d");
    let alarm = d.open("ce.a", JOB);
    assert_eq!((alarm.state, alarm.stable), (State::Ok, true));
    d.off("ce.a", JOB, None).unwrap();
    assert!(d.alarm("ce.a", JOB).is_none());
    assert_eq!(d.aside("ce.a", JOB), None);
}

#[test]
fn al5_failing_again_before_that_is_the_same_alarm_and_says_so() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    let id = d.id("ce.a", JOB);
    d.wait("1h");
    d.recovers("ce.a", JOB);
    d.wait("1h");
    d.fails("ce.a", JOB);
    let alarm = d.open("ce.a", JOB);
    assert_eq!((&alarm.id, alarm.episodes, alarm.episode_since), (&id, 2, d.now));
    assert_eq!(d.count(|e| matches!(e, Event::Changed { again: true, .. })), 1);
}

#[test]
fn al5_after_it_was_switched_off_ok_a_failure_is_a_new_alarm() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    let id = d.id("ce.a", JOB);
    d.recovers("ce.a", JOB);
    d.off("ce.a", JOB, None).unwrap();
    d.wait("1h");
    d.fails("ce.a", JOB);
    assert_ne!(d.id("ce.a", JOB), id);
    assert_eq!(d.open("ce.a", JOB).episodes, 1);
}

#[test]
fn al5_auto_off_takes_only_what_went_by_itself() {
    let mut d = Desk::new();
    d.settings.auto_off = true;
    d.refresh_settings();
    d.fails("ce.a", JOB);
    d.fails("ce.b", JOB);
    d.wait("1h");
    d.recovers("ce.a", JOB);
    d.wait("3h59m");
    assert!(d.alarm("ce.a", JOB).is_some(), "not yet stable");
    d.wait("1m");
    assert!(d.alarm("ce.a", JOB).is_none());
    d.wait("20h");
    d.recovers("ce.b", JOB);
    d.wait("5h");
    assert!(d.open("ce.b", JOB).stable, "one that reached 24 h stays");
}

#[test]
fn al5_auto_off_leaves_a_leader_and_its_followers() {
    let mut d = Desk::new();
    d.settings.auto_off = true;
    d.refresh_settings();
    d.fails("ce.a", JOB);
    d.fails("ce2.a", JOB);
    let (leader, follower) = (d.id("ce.a", JOB), d.id("ce2.a", JOB));
    let (leader, followers) = (Target::any(leader), vec![Target::any(follower)]);
    d.ask(alarm_core::command::Action::Mask { leader, followers }).unwrap();
    d.wait("1h");
    d.recovers("ce2.a", JOB);
    d.wait("5h");
    assert!(d.alarm("ce2.a", JOB).is_some(), "a masked alarm is not switched off by the program");
}

#[test]
fn al7_a_time_out_is_marked_until_a_second_result_agrees() {
    let mut d = Desk::new();
    d.alert("ce.a", JOB, State::Critical, true, TIMED_OUT);
    assert_eq!(d.flags("ce.a", JOB), [Flag::TimeOut]);
    d.wait("1h");
    d.notifies("ce.a", JOB, State::Critical);
    assert_eq!(d.flags("ce.a", JOB), []);
}

#[test]
fn al7_a_later_check_in_status_dat_agrees_too() {
    let mut d = Desk::new();
    d.alert("ce.a", JOB, State::Critical, true, "CRITICAL: NRPE: Command timed out after 60 seconds");
    let first = d.now;
    d.wait("30s");
    let mut same = seen("ce.a", JOB, State::Critical, true, "CRITICAL: NRPE: Command timed out after 60 seconds");
    same.report = alarm_core::input::Report::Listed;
    same.last_check = Some(first);
    d.say(Origin::Status, Seen::Service(same));
    assert_eq!(d.flags("ce.a", JOB), [Flag::TimeOut], "it is still the first result");
    d.wait("1h");
    d.status("ce.a", JOB, State::Critical, "CRITICAL: NRPE: Command timed out after 60 seconds");
    assert_eq!(d.flags("ce.a", JOB), []);
}

#[test]
fn al7_another_output_or_an_ok_ends_the_mark() {
    let mut d = Desk::new();
    d.alert("ce.a", JOB, State::Critical, true, TIMED_OUT);
    d.wait("5m");
    d.alert("ce.a", JOB, State::Unknown, true, "UNKNOWN: no answer");
    assert_eq!(d.flags("ce.a", JOB), []);
    d.alert("ce.b", JOB, State::Critical, true, TIMED_OUT);
    d.wait("5m");
    d.recovers("ce.b", JOB);
    assert_eq!(d.flags("ce.b", JOB), []);
    d.wait("5m");
    d.alert("ce.b", JOB, State::Critical, true, TIMED_OUT);
    assert_eq!(d.flags("ce.b", JOB), [Flag::TimeOut], "a new failure by time-out is marked again");
}

#[test]
fn al7_the_metrics_own_pattern_and_no_source_to_confirm() {
    let mut d = Desk::new();
    let own = MetricSettings { time_out_pattern: Some("(?i)timelimit exceeded".into()), ..MetricSettings::default() };
    d.profile.metrics.insert("org.sam.*".into(), own);
    d.refresh_profiles(&[]);
    let monitor = d.settings.monitors.get_mut("nagios").unwrap();
    (monitor.has_notifications, monitor.has_status) = (false, false);
    d.refresh_settings();
    d.alert("ce.a", JOB, State::Critical, true, "job: Timelimit exceeded");
    let alarm = d.open("ce.a", JOB);
    assert!(alarm.flags[&Flag::TimeOut].detail.contains("not confirmed"), "{:?}", alarm.flags);
}

#[test]
fn stable_ok_needs_its_time_and_no_flapping() {
    let mut d = Desk::new();
    d.fails("ce.a", JOB);
    d.wait("1h");
    d.recovers("ce.a", JOB);
    let object = alarm_core::input::Object { host: "ce.a".into(), service: Some(JOB.into()) };
    d.say(Origin::Log, Seen::Flapping { object: object.clone(), on: true });
    d.wait("5h");
    assert!(!d.open("ce.a", JOB).stable_ok(d.now) && !d.open("ce.a", JOB).stable);
    assert!(d.open("ce.a", JOB).unstable(d.now, &d.settings));
    d.say(Origin::Log, Seen::Flapping { object, on: false });
    d.wait("1s");
    assert!(d.open("ce.a", JOB).stable);
    d.fails("ce.b", JOB);
    d.wait("1h");
    d.recovers("ce.b", JOB);
    assert!(!d.open("ce.b", JOB).unstable(d.now, &d.settings));
    d.wait("1h");
    d.fails("ce.b", JOB);
    assert!(d.open("ce.b", JOB).unstable(d.now, &d.settings), "three hard changes in 24 h");
    assert_eq!(d.open("ce.b", JOB).age(d.now, &[]), HOUR, "what it failed before still counts");
}
