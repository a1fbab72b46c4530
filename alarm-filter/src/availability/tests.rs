//! From a journal that an engine wrote to lines and figures.

use super::*;
use crate::keeper::commit::row;
use crate::replay::session::{Session, hash};
use crate::source::nagios_log::observe::Observer;
use crate::store::{Batch, DailySum, MemoryStore, PruneSlice, Store, document_hash};
use alarm_core::alarm::About;
use alarm_core::document::Document;
use alarm_core::input::{Input, SourceHealth, SourceState, Text};
use alarm_core::profile::{Profile, Profiles};
use alarm_core::time::{DAY, HOUR, Timestamp};
use alarm_core::timeline::{Status, day_of};
use alarm_core::topology::{DowntimeWindow, Downtimes, Severity};
use alarm_core::watch::Key;
use std::collections::BTreeMap;

/// Midnight of some day.
const BEGIN: Timestamp = Timestamp(20_780 * DAY);

struct Told {
    session: Session,
    store: MemoryStore,
    heard: BTreeMap<Text, Timestamp>,
}

impl Told {
    fn new() -> Self {
        let mut session = Session::new();
        session.journal = Some(Vec::new());
        let profile = Profile {
            name: "ALL".into(),
            service_types: [("*".into(), vec!["*".into()])].into(),
            ..Profile::default()
        };
        let profiles = Profiles { operators: "ALL".into(), profiles: [("ALL".into(), profile)].into() };
        session.profiles(Timestamp::default(), profiles);
        Told { session, store: MemoryStore::new(), heard: [("nagios".into(), BEGIN)].into() }
    }

    fn line(&mut self, hour: i64, line: &str) {
        let at = BEGIN.plus(hour * HOUR);
        let line = format!("[{}] {line}", at.secs());
        self.session.feed(at, Observer::new("nagios").read(line.as_bytes()).unwrap());
    }

    fn alert(&mut self, hour: i64, service: &str, state: &str) {
        self.line(hour, &format!("SERVICE ALERT: ce;{service};{state};HARD;3;said so"));
    }

    fn health(&mut self, hour: i64, health: SourceHealth) {
        let since = BEGIN.plus(hour * HOUR);
        let input = Input::SourceState(SourceState { source: "nagios".into(), health, since, detail: "".into() });
        self.session.feed(since, input);
    }

    fn downtimes(&mut self, hour: i64, windows: &[(&str, bool, i64, i64)]) {
        let window = |(id, scheduled, from, to): &(&str, bool, i64, i64)| DowntimeWindow {
            id: (*id).into(),
            severity: Severity::Outage,
            scheduled: *scheduled,
            start: BEGIN.plus(from * HOUR),
            end: BEGIN.plus(to * HOUR),
            declared: BEGIN,
            description: "".into(),
            endpoints: Vec::new(),
        };
        let list = windows.iter().map(window).collect();
        let answer = Downtimes { windows: [("ce".into(), [("CE".into(), list)].into())].into() };
        let bytes = serde_json::to_vec(&answer).unwrap();
        self.store.put_document(&document_hash(&bytes), "downtimes", &bytes).unwrap();
        let hash = hash(&answer);
        self.session.engine.learn(hash.clone(), Document::Downtimes(Arc::new(answer)));
        self.session.feed(BEGIN.plus(hour * HOUR), Input::Downtimes { hash });
    }

    /// What came since goes into the store.
    fn commit(&mut self) {
        let last = self.store.last_seq();
        let records = self.session.journal.as_ref().unwrap().iter().filter(|r| r.seq > last).map(row).collect();
        let flushed = Some(self.session.engine.world().seq);
        self.store.append(&Batch { first_seq: last + 1, records, flushed, ..Batch::default() }).unwrap();
    }

    /// The hours from `from` to `to` of a service, a letter each; `-` is no data.
    fn hours(&self, kept: &Kept, service: &str, from: i64, to: i64) -> String {
        let (strip, length) = (self.strip(kept, service, from, to), to - from);
        let letter = |hour| match strip.line.at(BEGIN.plus((from + hour) * HOUR)) {
            Some(status) => status.word().chars().next().unwrap(),
            None => '-',
        };
        (0..length).map(letter).collect()
    }

    fn strip(&self, kept: &Kept, service: &str, from: i64, to: i64) -> Strip {
        let history = self.store.history();
        let period =
            Period { from: BEGIN.plus(from * HOUR), to: BEGIN.plus(to * HOUR), upto: self.session.engine.world().seq };
        let background = kept.background(&history, period).unwrap();
        let knowing = Knowing { background: &background, heard: &self.heard, topology: None };
        strips(&history, &knowing, &[service_of(service)], period).unwrap().pop().unwrap()
    }
}

fn service_of(service: &str) -> Service {
    let key = Key { group: "nagios".into(), host: "ce".into(), service: Some(service.into()) };
    let about = About { service_type: "CE".into(), metric: service.into(), ..About::default() };
    Service { key, about, monitors: vec!["nagios".into()] }
}

#[test]
fn de7_a_line_begins_with_what_stood_before_and_ends_where_it_stands() {
    let (mut t, kept) = (Told::new(), Kept::default());
    t.alert(1, "job", "WARNING");
    t.alert(2, "job", "CRITICAL");
    t.alert(5, "job", "OK");
    t.alert(7, "job", "UNKNOWN");
    t.commit();
    assert_eq!(t.hours(&kept, "job", 0, 9), "OWCCCOOUU");
    assert_eq!(t.hours(&kept, "job", 3, 6), "CCO", "the state at the begin is of a record before it");
    assert_eq!(t.hours(&kept, "job", 6, 7), "O");
    assert_eq!(t.hours(&kept, "other", -3, 3), "---OOO", "nothing was said of it: good since its monitor is heard");
    let strip = t.strip(&kept, "job", 8, 9);
    assert_eq!(
        (strip.now, strip.since),
        (Some(Status::Unknown), BEGIN.plus(7 * HOUR)),
        "since when, from before the period"
    );
}

#[test]
fn de7_time_in_which_nobody_watched_is_missing_and_the_next_question_reads_only_what_is_new() {
    let (mut t, kept) = (Told::new(), Kept::default());
    t.alert(1, "job", "CRITICAL");
    t.health(3, SourceHealth::Silent);
    t.commit();
    assert_eq!(t.hours(&kept, "job", 0, 6), "OCCMMM");
    t.health(5, SourceHealth::Gap);
    t.alert(6, "job", "OK");
    t.health(7, SourceHealth::Stopped);
    t.commit();
    assert_eq!(t.hours(&kept, "job", 0, 9), "OCCMMCOMM");
    assert_eq!(t.hours(&kept, "other", 0, 9), "OOOMMOOMM");
    assert_eq!(t.hours(&Kept::default(), "job", 0, 9), "OCCMMCOMM", "as when all is read at once");
}

#[test]
fn de7_what_left_the_configuration_counts_nowhere() {
    let (mut t, kept) = (Told::new(), Kept::default());
    t.alert(1, "job", "CRITICAL");
    let objects = |services: &[&str]| {
        let services =
            services.iter().map(|s| (Text::from(*s), alarm_core::objects::ServiceObject::default())).collect();
        let host = alarm_core::objects::HostObject { services, ..Default::default() };
        alarm_core::objects::MonitorObjects { hosts: [("ce".into(), host)].into_iter().collect(), ..Default::default() }
    };
    for (hour, services) in [(2, &["job"][..]), (3, &[]), (5, &["job"])] {
        let objects = objects(services);
        let hash = hash(&objects);
        t.session.engine.learn(hash.clone(), Document::Objects(Arc::new(objects)));
        t.session.feed(BEGIN.plus(hour * HOUR), Input::Objects { monitor: "nagios".into(), hash });
    }
    t.commit();
    assert_eq!(t.hours(&kept, "job", 0, 7), "OCC--CC");
    let times = t.strip(&kept, "job", 0, 7).line.times();
    assert_eq!((times.known(), times.no_data()), (5 * HOUR, 2 * HOUR));
}

#[test]
fn dc3_downtimes_that_are_over_still_count_and_those_deleted_do_not() {
    let (mut t, kept) = (Told::new(), Kept::default());
    t.alert(1, "job", "CRITICAL");
    t.downtimes(1, &[("a", true, 2, 4), ("b", false, 6, 8), ("c", true, 20, 30)]);
    // GOCDB no longer names what is over; c was deleted.
    t.downtimes(9, &[]);
    t.commit();
    assert_eq!(t.hours(&kept, "job", 0, 10), "OCDDCCCCCC");
    assert_eq!(t.hours(&kept, "job", 18, 24), "CCCCCC");
    let strip = t.strip(&kept, "job", 0, 10);
    assert_eq!(strip.unscheduled, [(BEGIN.plus(6 * HOUR), BEGIN.plus(8 * HOUR))], "told apart, and not excused");
    t.downtimes(11, &[("d", true, 12, 14)]);
    t.commit();
    assert_eq!(t.hours(&kept, "job", 0, 16), "OCDDCCCCCCCCDDCC", "a later question knows of both");
    assert_eq!(t.hours(&kept, "job", -20, 5), format!("{}OCDDC", "-".repeat(20)), "and one that begins earlier");
}

#[test]
fn de7_what_comes_late_speaks_of_its_own_time() {
    let (mut t, kept) = (Told::new(), Kept::default());
    t.alert(1, "other", "CRITICAL");
    // Read after a stop of two days: the record is of then, the state of its own hour.
    let line = format!("[{}] SERVICE ALERT: ce;job;CRITICAL;HARD;3;late", BEGIN.plus(4 * HOUR).secs());
    t.session.feed(BEGIN.plus(2 * DAY), Observer::new("nagios").read(line.as_bytes()).unwrap());
    t.commit();
    assert_eq!(t.hours(&kept, "job", 2, 7), "OOCCC", "though its record is younger than the period");
}

/// The journal without its first two days; what stays is what happened later.
fn pruned() -> Told {
    let mut t = Told::new();
    t.alert(1, "bad", "CRITICAL");
    t.alert(2, "good", "CRITICAL");
    t.alert(3, "good", "OK");
    t.alert(50, "bad", "OK");
    t.alert(60, "hard", "CRITICAL");
    t.line(61, "SERVICE ALERT: ce;soft;CRITICAL;SOFT;1;first try");
    t.alert(62, "soft", "CRITICAL");
    t.commit();
    let sum = |day, service: &str, state: &str, hours: u32| DailySum {
        day: day_of(BEGIN) + day,
        object: service_of(service).key.number(),
        state: state.into(),
        seconds: hours * 3600,
    };
    let daily = vec![
        sum(0, "bad", "OK", 1),
        sum(0, "bad", "CRITICAL", 23),
        sum(1, "bad", "CRITICAL", 24),
        sum(2, "bad", "CRITICAL", 2),
        sum(2, "bad", "OK", 22),
        sum(0, "good", "OK", 23),
        sum(0, "good", "CRITICAL", 1),
    ];
    t.store.append(&Batch { daily, ..Batch::default() }).unwrap();
    let mut from = 0;
    loop {
        let slice = PruneSlice { before: BEGIN.plus(48 * HOUR), from, at_most: 100 };
        match t.store.prune(slice, &|_| false).unwrap().next {
            Some(next) => from = next,
            None => break,
        }
    }
    assert!(t.store.truth_begins().seq > 3);
    t
}

#[test]
fn de7_before_the_journal_begins_there_is_no_data_and_never_a_guess() {
    let (t, kept) = (pruned(), Kept::default());
    // Complete since the first record that was kept, in hour 50.
    assert_eq!(t.hours(&kept, "good", 47, 53), "---OOO", "nothing was said of it since: good");
    assert_eq!(t.hours(&kept, "bad", 47, 53), "---OOO");
    assert_eq!(t.hours(&kept, "hard", 58, 64), "--CCCC", "what it was before its first word is gone");
    assert_eq!(t.hours(&kept, "soft", 58, 64), "OOOOCC", "a soft problem follows an OK");
}

#[test]
fn de7_sums_of_days_outlive_what_was_pruned() {
    let t = pruned();
    let history = t.store.history();
    let (first, last) = (day_of(BEGIN) - 1, day_of(BEGIN) + 2);
    let days = |service: &str| -> Vec<(i64, i64, i64)> {
        let days = daily(&history, &t.heard, &service_of(service), first, last).unwrap();
        days.iter().map(|(_, t)| (t.up() / HOUR, t.in_status(Status::Critical) / HOUR, t.no_data() / HOUR)).collect()
    };
    assert_eq!(days("bad"), [(0, 0, 24), (1, 23, 0), (0, 24, 0), (22, 2, 0)]);
    assert_eq!(days("good"), [(0, 0, 24), (23, 1, 0), (24, 0, 0), (24, 0, 0)], "a day without sums was good");
}
