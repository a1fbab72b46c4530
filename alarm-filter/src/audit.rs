//! The filter checked against the monitor's own notifications: every problem that it notified has an alarm, and every
//! hard state that it did not notify has a reason. Over a recording, or record by record while the daemon runs.

use crate::explain::words;
use alarm_core::alarm::{Change, Told};
use alarm_core::engine::Record;
use alarm_core::event::Event;
use alarm_core::flag::Flag;
use alarm_core::input::Text;
use alarm_core::state::State;
use alarm_core::time::{Millis, SECOND, Timestamp};
use alarm_core::watch::{Key, SetAside};
use alarm_core::world::World;
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};

/// A notification belongs to a hard state this far from it: both stand in lines of whole seconds.
const BESIDE: Millis = 2 * SECOND;
/// How many unexplained states and faults are kept one by one; all are counted.
const KEPT: usize = 10_000;

/// More of the hard states than this may not be without explanation.
pub const UNEXPLAINED_SHARE: f64 = 0.005;

/// What the check found so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AuditReport {
    /// Notifications of problems, those to several contacts counted once.
    pub notifications: u64,
    /// Of these: problems that were set aside with a reason (not in the profile, switched off, …).
    pub set_aside: u64,
    /// Hard problem states of alarms that the monitor notified.
    pub notified: u64,
    /// Hard problem states of alarms that it did not notify.
    pub not_notified: u64,
    /// Of these by reason; one state may have several.
    pub not_notified_by_reason: BTreeMap<Flag, u64>,
    /// Of these without any reason.
    pub unexplained: u64,
    /// Hard states of which nothing can be said: listed, or read from a snapshot.
    pub not_asked: u64,
    /// Notified problems without an alarm in that state.
    pub faults: u64,
    /// The unexplained ones, the latest last.
    pub unexplained_list: VecDeque<Case>,
    /// The faults, the latest last.
    pub fault_list: VecDeque<Case>,
}

/// One state that the check stopped at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Case {
    /// When, by the monitor's clock.
    pub since: Timestamp,
    /// The monitor; empty when several are meant.
    pub monitor: Text,
    /// The object.
    pub key: Key,
    /// The state.
    pub state: State,
    /// What was there instead; empty for an unexplained one.
    pub context: String,
}

impl AuditReport {
    /// Which part of the hard states that could have been notified is without explanation.
    pub fn unexplained_share(&self) -> f64 {
        let asked = self.notified + self.not_notified;
        if asked == 0 { 0.0 } else { self.unexplained as f64 / asked as f64 }
    }

    /// No fault, and no more without explanation than may be.
    pub fn passes(&self) -> bool {
        self.faults == 0 && self.unexplained_share() <= UNEXPLAINED_SHARE
    }
}

/// Counts as records come.
#[derive(Clone, Debug, Default)]
pub struct AuditCounter {
    report: AuditReport,
    /// Hard states said not to be notified, until no notification can belong to them any more.
    waiting: VecDeque<(Case, Vec<Flag>)>,
}

impl AuditCounter {
    /// Takes in what was decided from one input; `world` is what is known after it. What is a security matter is left out
    /// (AL17).
    pub fn take(&mut self, records: &[Record], world: &World) {
        for record in records {
            self.settle(record.at.plus(-BESIDE - SECOND));
            for event in &record.events {
                match event {
                    Event::Raised { key, about, change, .. } if !about.security => self.changed(key, change),
                    Event::Changed { id, key, change, .. } if !is_secret(world, key, id) => self.changed(key, change),
                    Event::NotificationSent { key, monitor, since, problem: Some(state) } => {
                        self.notification(world, key, monitor, *since, *state);
                    }
                    // A tag that came with new profiles holds for what was found before, too.
                    Event::Profiles { .. } => self.forget_secrets(world),
                    _ => {}
                }
            }
        }
    }

    /// What was found so far, without the hard states of the last seconds, which a notification may still follow.
    pub fn report(&self) -> &AuditReport {
        &self.report
    }

    /// What was found, when nothing follows.
    pub fn finish(mut self) -> AuditReport {
        self.settle(Timestamp(i64::MAX));
        self.report
    }

    fn changed(&mut self, key: &Key, change: &Change) {
        match &change.told {
            Told::Notified => self.report.notified += 1,
            Told::NotAsked => self.report.not_asked += 1,
            Told::Not(why) => {
                let case = Case {
                    since: change.at,
                    monitor: "".into(),
                    key: key.clone(),
                    state: change.state,
                    context: String::new(),
                };
                self.waiting.push_back((case, why.clone()));
            }
        }
    }

    fn notification(&mut self, world: &World, key: &Key, monitor: &Text, since: Timestamp, state: State) {
        // Some monitors write the notification after the alert: then that state was notified after all.
        let beside = |c: &Case| c.key == *key && c.state == state && c.since.since(since).abs() <= BESIDE;
        if let Some(i) = self.waiting.iter().position(|(c, _)| beside(c)) {
            self.waiting.remove(i);
            self.report.notified += 1;
        }
        let aside = world.watch(key).and_then(|w| w.aside.as_ref()).map(|a| &a.reason);
        let context = match (world.alarm_of(key), aside) {
            (Some(alarm), _) if alarm.about.security => return,
            (None, _) if world.about(key).security => return,
            (Some(alarm), _) if alarm.failing_now() && covers(alarm.state, state, alarm.monitors.len()) => None,
            (Some(alarm), _) => {
                Some(format!("its alarm {} is {} since {}", alarm.id, alarm.state, words::time(alarm.since)))
            }
            (None, Some(SetAside::HostNotUp)) => Some("it is held under its host".to_owned()),
            (None, Some(_)) => {
                self.report.set_aside += 1;
                None
            }
            (None, None) => Some("nothing was raised, and nothing set aside".to_owned()),
        };
        self.report.notifications += 1;
        if let Some(context) = context {
            self.report.faults += 1;
            let case = Case { since, monitor: monitor.clone(), key: key.clone(), state, context };
            keep(&mut self.report.fault_list, case);
        }
    }

    /// Drops what is a security matter by the profiles now in force, with its counts.
    fn forget_secrets(&mut self, world: &World) {
        let open = |case: &Case| !world.about(&case.key).security;
        let r = &mut self.report;
        let (faults, unexplained) = (r.fault_list.len(), r.unexplained_list.len());
        r.fault_list.retain(open);
        r.unexplained_list.retain(open);
        let gone = |before: usize, after: usize| u64::try_from(before - after).unwrap_or(0);
        r.faults = r.faults.saturating_sub(gone(faults, r.fault_list.len()));
        let unexplained = gone(unexplained, r.unexplained_list.len());
        r.unexplained = r.unexplained.saturating_sub(unexplained);
        r.not_notified = r.not_notified.saturating_sub(unexplained);
        self.waiting.retain(|(case, _)| open(case));
    }

    /// Counts what waited and lies before `until`.
    fn settle(&mut self, until: Timestamp) {
        // Not in order of time: `since` is the monitor's word, and several monitors may speak.
        let mut i = 0;
        while i < self.waiting.len() {
            if self.waiting[i].0.since >= until {
                i += 1;
                continue;
            }
            let Some((case, why)) = self.waiting.remove(i) else { return };
            self.report.not_notified += 1;
            for flag in &why {
                *self.report.not_notified_by_reason.entry(*flag).or_default() += 1;
            }
            if why.is_empty() {
                self.report.unexplained += 1;
                keep(&mut self.report.unexplained_list, case);
            }
        }
    }
}

/// Whether an alarm's state stands for the notified one: the same, or a worse one of another monitor of the group.
fn covers(alarm: State, notified: State, monitors: usize) -> bool {
    alarm == notified || (monitors > 1 && alarm.badness() >= notified.badness())
}

fn is_secret(world: &World, key: &Key, id: &str) -> bool {
    let closed = || world.closed.get(id).map(|c| &c.alarm);
    match world.alarms.get(id).or_else(closed) {
        Some(alarm) => alarm.about.security,
        None => world.about(key).security,
    }
}

fn keep(list: &mut VecDeque<Case>, case: Case) {
    if list.len() >= KEPT {
        list.pop_front();
    }
    list.push_back(case);
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}  {} {}", words::time(self.since), words::object(&self.key), self.state)?;
        if !self.context.is_empty() {
            write!(f, ": {}", self.context)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::session::Session;
    use crate::source::nagios_log::observe::Observer;
    use alarm_core::profile::{MetricSettings, Profile, Profiles};

    fn audit(lines: &[(i64, &str)]) -> AuditReport {
        let mut session = Session::new();
        session.audit = Some(AuditCounter::default());
        let security = MetricSettings { security: true, ..MetricSettings::default() };
        let profile = Profile {
            name: "P".into(),
            service_types: [("*".into(), vec!["job".into(), "secret".into()])].into(),
            metrics: [("secret".into(), security)].into(),
            ..Profile::default()
        };
        session.profiles(
            Timestamp::default(),
            Profiles { operators: "P".into(), profiles: [("P".into(), profile)].into() },
        );
        let mut observer = Observer::new("nagios");
        for (at, line) in lines {
            let input = observer.read(format!("[{at}] {line}").as_bytes()).unwrap();
            session.feed(Timestamp::from_secs(*at), input);
        }
        session.audit.take().unwrap().finish()
    }

    const HARD: &str = "SERVICE ALERT: ce;job;CRITICAL;HARD;3;x";
    const TOLD: &str = "SERVICE NOTIFICATION: rod;ce;job;CRITICAL;mail;x";

    #[test]
    fn a_notified_problem_with_its_alarm_is_well() {
        let r = audit(&[(10, TOLD), (10, "SERVICE NOTIFICATION: noc;ce;job;CRITICAL;mail;x"), (10, HARD)]);
        assert_eq!((r.notifications, r.notified, r.faults, r.unexplained), (1, 1, 0, 0));
        assert!(r.passes());
    }

    #[test]
    fn a_notification_after_its_alert_counts_as_well() {
        let r = audit(&[(10, HARD), (11, TOLD)]);
        assert_eq!((r.notified, r.not_notified, r.unexplained), (1, 0, 0));
    }

    #[test]
    fn silence_without_a_reason_is_counted_and_fails() {
        let r = audit(&[
            (10, HARD),
            (100, "SERVICE ALERT: ce;job;OK;HARD;3;x"),
            (200, "SERVICE ALERT: ce;job;OK;SOFT;1;x"),
        ]);
        assert_eq!((r.not_notified, r.unexplained, r.unexplained_list.len()), (1, 1, 1));
        assert!(!r.passes());
        assert_eq!(r.unexplained_list[0].to_string(), "1970-01-01 00:00:10 UTC  job on ce CRITICAL");
    }

    #[test]
    fn silence_with_a_reason_is_counted_by_it() {
        let r = audit(&[
            (1, "EXTERNAL COMMAND: DISABLE_SVC_NOTIFICATIONS;ce;job"),
            (5, "SERVICE FLAPPING ALERT: ce;job;STARTED; flaps"),
            (10, HARD),
        ]);
        assert_eq!(r.not_notified_by_reason, [(Flag::Muted, 1), (Flag::Flapping, 1)].into());
        assert_eq!((r.not_notified, r.unexplained), (1, 0));
        assert!(r.passes());
    }

    #[test]
    fn what_is_set_aside_is_no_fault() {
        let r = audit(&[(10, "SERVICE NOTIFICATION: rod;ce;other;CRITICAL;mail;x")]);
        assert_eq!((r.notifications, r.set_aside, r.faults), (1, 1, 0));
    }

    #[test]
    fn al17_security_matters_are_in_no_figure() {
        let r = audit(&[
            (10, "SERVICE NOTIFICATION: rod;ce;secret;CRITICAL;mail;x"),
            (10, "SERVICE ALERT: ce;secret;CRITICAL;HARD;3;x"),
            (20, "SERVICE ALERT: ce;secret;WARNING;HARD;3;x"),
            (40, "SERVICE ALERT: ce;secret;OK;HARD;3;x"),
        ]);
        assert_eq!(r, AuditReport::default());
    }

    #[test]
    fn al17_a_tag_that_came_later_takes_what_was_found_with_it() {
        let mut counter = AuditCounter::default();
        let key = Key { group: "nagios".into(), host: "ce".into(), service: Some("secret".into()) };
        let problem = Some(State::Critical);
        let told = Event::NotificationSent { key, monitor: "nagios".into(), since: Timestamp::from_secs(9), problem };
        let record =
            |seq, event| Record { seq, at: Timestamp::from_secs(9), input: None, object: None, events: vec![event] };
        counter.take(&[record(1, told)], &World::default());
        assert_eq!((counter.report().faults, counter.report().fault_list.len()), (1, 1));
        let security = MetricSettings { security: true, ..MetricSettings::default() };
        let profile = Profile { name: "P".into(), metrics: [("secret".into(), security)].into(), ..Profile::default() };
        let mut session = Session::new();
        session.profiles(
            Timestamp::default(),
            Profiles { operators: "P".into(), profiles: [("P".into(), profile)].into() },
        );
        counter.take(&[record(2, Event::Profiles { hash: "p".into() })], session.engine.world());
        assert_eq!((counter.report().faults, counter.report().fault_list.len()), (0, 0));
    }

    #[test]
    fn a_missing_alarm_is_a_fault_with_its_context() {
        let mut counter = AuditCounter::default();
        let key = Key { group: "nagios".into(), host: "ce".into(), service: Some("job".into()) };
        let problem = Some(State::Critical);
        let event = Event::NotificationSent { key, monitor: "nagios".into(), since: Timestamp::from_secs(9), problem };
        let record = Record { seq: 1, at: Timestamp::from_secs(9), input: None, object: None, events: vec![event] };
        counter.take(&[record], &World::default());
        let r = counter.finish();
        assert_eq!(r.faults, 1);
        assert!(r.fault_list[0].to_string().ends_with("CRITICAL: nothing was raised, and nothing set aside"));
        assert!(!r.passes());
    }
}
