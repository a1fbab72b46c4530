use super::words::{clean, list, span, time};
use super::*;
use crate::explain::gather::keys_among;
use crate::replay::session::Session;
use crate::source::nagios_log::observe::Observer;
use crate::store::{Batch, MemoryStore, Record, Store};
use alarm_core::command::{Action, CauseKind, Command, OffReason, Target};
use alarm_core::event::Event;
use alarm_core::input::{Input, Text};
use alarm_core::profile::{MetricSettings, Profile};
use std::borrow::Cow;

const HOST: &str = "ce.example.org";
const JOB: &str = "org.sam.CREAMCE-JobSubmit-ops";

/// A session with a small profile, and what it decided.
struct Told2 {
    session: Session,
    now: i64,
}

impl Told2 {
    fn new() -> Self {
        let mut session = Session::new();
        session.journal = Some(Vec::new());
        let security = MetricSettings { security: true, ..MetricSettings::default() };
        let profile = Profile {
            name: "ROC_OPERATORS".into(),
            vo: "ops".into(),
            service_types: [("*".into(), vec!["org.sam.*".into(), "eu.egi.sec.*".into()])].into(),
            metrics: [("eu.egi.sec.*".into(), security)].into(),
            ..Profile::default()
        };
        let operators = profile.name.clone();
        session.profiles(
            Timestamp::default(),
            Profiles { operators: operators.clone(), profiles: [(operators, profile)].into() },
        );
        Told2 { session, now: 1_795_320_000 }
    }

    fn line(&mut self, text: &str) {
        self.now += 60;
        let line = format!("[{}] {text}", self.now);
        let input = Observer::new("nagios").read(line.as_bytes()).unwrap();
        self.session.feed(Timestamp::from_secs(self.now), input);
    }

    fn ask(&mut self, action: Action) {
        self.now += 60;
        let command = Command { who: "ana".into(), form: "".into(), action };
        self.session.feed(Timestamp::from_secs(self.now), Input::Command(command));
    }

    fn id(&self) -> Text {
        self.session.engine.world().alarms.keys().next().unwrap().clone()
    }

    fn explain(&self, service: &str) -> Explanation {
        self.at(service, None)
    }

    fn at(&self, service: &str, at: Option<i64>) -> Explanation {
        let told = from_records(self.session.journal.as_ref().unwrap());
        let profiles = self.session.engine.world().profiles.clone();
        explain_told(&told, &key(service), at.map(Timestamp::from_secs), Some(&profiles), None)
    }

    /// The same from a journal that was cut at `begins`.
    fn cut(&self, service: &str, at: i64, begins: i64) -> Explanation {
        let told = from_records(self.session.journal.as_ref().unwrap());
        let told: Vec<_> = told.into_iter().filter(|t| t.at >= Timestamp::from_secs(begins)).collect();
        let (at, begins) = (Some(Timestamp::from_secs(at)), Some(Timestamp::from_secs(begins)));
        explain_told(&told, &key(service), at, None, begins)
    }

    /// The same by way of a store.
    fn stored(&self, service: &str) -> Explanation {
        let mut store = MemoryStore::new();
        let mut batch = Batch { first_seq: 1, ..Batch::default() };
        let journal = self.session.journal.as_ref().unwrap();
        batch.audit = crate::keeper::trail::lines(journal, self.session.engine.world());
        for r in journal {
            batch.records.push(Record {
                at: r.at,
                kind: Cow::Borrowed(r.kind()),
                version: alarm_core::input::INPUT_VERSION,
                object: r.object,
                body: serde_json::to_string(&r.input).unwrap(),
                rules: alarm_core::event::RULES_VERSION,
                events: serde_json::to_string(&r.events).unwrap(),
            });
        }
        store.append(&batch).unwrap();
        let profiles = self.session.engine.world().profiles.clone();
        explain(&store.history(), &key(service), u64::MAX, None, Some(&profiles)).unwrap()
    }
}

fn key(service: &str) -> Key {
    Key { group: "nagios".into(), host: HOST.into(), service: (service != "Host").then(|| service.into()) }
}

fn alert(state: &str, kind: &str) -> String {
    format!("SERVICE ALERT: {HOST};{JOB};{state};{kind};3;the output")
}

#[test]
fn raised_and_recovered() {
    let mut t = Told2::new();
    t.line(&alert("CRITICAL", "SOFT"));
    let soft = t.explain(JOB).verdict;
    assert!(soft.contains("no alarm") && soft.contains("SOFT (attempt 3), and soft states raise nothing"), "{soft}");
    t.line(&alert("CRITICAL", "HARD"));
    let raised = t.now;
    let why = t.explain(JOB);
    assert!(why.verdict.starts_with(&format!("There is an alarm of {JOB} on {HOST}")), "{}", why.verdict);
    assert!(why.verdict.contains("nagios says CRITICAL since 2026-11-22") && why.verdict.contains("\"the output\""));
    t.line(&alert("OK", "HARD"));
    let ok = t.explain(JOB);
    assert!(ok.verdict.contains("it has been OK since") && ok.verdict.contains("until somebody switches it off"));
    assert_eq!(t.at(JOB, Some(raised)).verdict.replace("At ", ""), {
        let v = why.verdict.replace("There is", "there was");
        format!("{} {v}", time(Timestamp::from_secs(raised)))
    });
    assert!(t.at(JOB, Some(raised - 1)).verdict.contains("there was no alarm"));
    assert_eq!(t.stored(JOB), ok, "the store gives the same answer");
    assert!(ok.steps.windows(2).all(|w| w[0].seq <= w[1].seq));
    assert!(ok.steps.iter().all(|s| s.sentence.ends_with('.') && !s.sentence.contains('\n')), "{:#?}", ok.steps);
}

#[test]
fn what_came_in_late_is_not_what_was_known_then() {
    let mut t = Told2::new();
    let input = Observer::new("nagios").read(format!("[{}] {}", t.now, alert("CRITICAL", "HARD")).as_bytes()).unwrap();
    let then = t.now + 60;
    t.session.feed(Timestamp::from_secs(t.now + 3600), input);
    t.now += 3600;
    let v = t.at(JOB, Some(then)).verdict;
    assert!(v.contains("nothing is known of it") && v.contains("2 steps of before came in only later"), "{v}");
    assert!(t.at(JOB, Some(t.now)).verdict.contains("there was an alarm"));
}

#[test]
fn never_seen() {
    let t = Told2::new();
    let e = t.explain(JOB);
    assert!(e.verdict.contains("nothing is known of it"), "{}", e.verdict);
    assert_eq!(e.steps, []);
}

#[test]
fn al17_a_security_matter_is_answered_for_as_if_nothing_were_known() {
    let mut t = Told2::new();
    let secret = "eu.egi.sec.WN-Pakiti";
    t.line(&format!("SERVICE ALERT: {HOST};{secret};CRITICAL;HARD;3;CVE"));
    assert_eq!(t.session.engine.world().alarms.len(), 1);
    let mut nothing = t.explain("no.such.metric");
    nothing.verdict = nothing.verdict.replace("no.such.metric", secret);
    assert_eq!(t.explain(secret), nothing);
    assert_eq!(t.stored(secret), nothing);
}

#[test]
fn al17_a_tag_that_came_later_hides_the_time_before() {
    let mut t = Told2::new();
    t.line(&alert("CRITICAL", "HARD"));
    let mut profiles = (*t.session.engine.world().profiles).clone();
    let profile = profiles.profiles.values_mut().next().unwrap();
    profile.metrics.insert("org.sam.*".into(), MetricSettings { security: true, ..MetricSettings::default() });
    t.session.profiles(Timestamp::from_secs(t.now + 5), profiles);
    assert!(t.explain(JOB).verdict.contains("nothing is known"));
    assert!(t.at(JOB, Some(t.now)).verdict.contains("nothing is known"));
}

#[test]
fn al17_without_a_configuration_the_profiles_of_the_journal_hold() {
    let mut store = MemoryStore::new();
    assert_eq!(profiles_of(&store.history(), u64::MAX).unwrap(), None);
    let profiles = (*Told2::new().session.engine.world().profiles).clone();
    let json = serde_json::to_vec(&profiles).unwrap();
    let hash: Text = crate::store::document_hash(&json).into();
    store.put_document(&hash, "profiles", &json).unwrap();
    let record = |events: Vec<Event>| Record {
        at: Timestamp::default(),
        kind: Cow::Borrowed("profiles"),
        version: 1,
        object: None,
        body: "{}".into(),
        rules: 1,
        events: serde_json::to_string(&events).unwrap(),
    };
    let records =
        vec![record(vec![Event::Profiles { hash: "an older one".into() }]), record(vec![Event::Profiles { hash }])];
    store.append(&Batch { first_seq: 1, records, ..Batch::default() }).unwrap();
    assert_eq!(profiles_of(&store.history(), u64::MAX).unwrap(), Some(profiles));
}

#[test]
fn set_aside_with_its_reason() {
    let mut t = Told2::new();
    t.line(&format!("SERVICE ALERT: {HOST};some.check;CRITICAL;HARD;3;x"));
    let v = t.explain("some.check").verdict;
    assert!(v.contains("no alarm") && v.contains("profile ROC_OPERATORS does not list the metric some.check"), "{v}");
}

#[test]
fn held_under_its_host() {
    let mut t = Told2::new();
    t.line(&format!("SERVICE ALERT: {HOST};org.sam.other;WARNING;SOFT;1;x"));
    t.line(&format!("HOST ALERT: {HOST};DOWN;HARD;1;no answer"));
    t.line(&alert("CRITICAL", "HARD"));
    let e = t.explain(JOB);
    assert!(e.verdict.contains("held under its host") && e.verdict.contains("is DOWN since"), "{}", e.verdict);
    assert!(e.steps[0].sentence.contains("host ce.example.org is DOWN"), "{:?}", e.steps[0]);
    assert!(t.explain("Host").verdict.contains("an alarm of host ce.example.org"));
}

#[test]
fn switched_off_masked_and_under_a_cause() {
    let mut t = Told2::new();
    t.line(&alert("CRITICAL", "HARD"));
    let alarm = t.id();
    t.ask(Action::OpenCause {
        kind: CauseKind::Network,
        text: "fibre cut".into(),
        alarms: vec![Target::any(alarm.clone())],
    });
    let v = t.stored(JOB).verdict;
    assert!(v.contains("under the common cause cause-"), "{v}");
    assert_eq!(t.stored(JOB), t.explain(JOB));
    t.ask(Action::SwitchOff {
        alarms: vec![Target::any(alarm)],
        reason: Some(OffReason::Other),
        text: "known to\u{1b}[2J the vendor".into(),
        until: None,
    });
    let v = t.explain(JOB).verdict;
    assert!(v.contains("ana switched it off at 2026-11-22") && v.contains("It fails still (CRITICAL"), "{v}");
    assert!(v.contains("known to\\u{1b}[2J the vendor"), "a terminal is not steered: {v}");
    t.line(&alert("OK", "HARD"));
    assert!(t.explain(JOB).verdict.contains("It has been OK since"));
    t.line(&alert("WARNING", "HARD"));
    let v = t.explain(JOB).verdict;
    assert!(v.contains("There is an alarm") && v.contains("It failed 2 times"), "{v}");
}

#[test]
fn a_metric_is_found_by_every_name_that_people_use() {
    let mut t = Told2::new();
    t.line(&alert("CRITICAL", "HARD"));
    t.line(&format!("SERVICE ALERT: {HOST};org.sam.CREAMCE-JobState-ops;CRITICAL;HARD;3;x"));
    t.line(&format!("HOST ALERT: {HOST};DOWN;HARD;1;x"));
    let told = from_records(t.session.journal.as_ref().unwrap());
    let find = |host: &str, metric: &str| keys_among(&told, Asked { host, metric });
    assert_eq!(find(HOST, JOB), [key(JOB)]);
    assert_eq!(find("CE.example.ORG", "org.sam.CREAMCE-JobSubmit"), [key(JOB)]);
    assert_eq!(find(HOST, "host"), [key("Host")]);
    assert_eq!(find(HOST, "org.sam.CREAMCE"), []);
    assert_eq!(find("other", JOB), []);
}

#[test]
fn words() {
    assert_eq!(list(&["a", "b", "c"]), "a, b and c");
    assert_eq!(span(0), "no time");
    assert_eq!(span(90_061_000), "1 day 1 hour");
    assert_eq!(span(3_605_000), "1 hour");
    assert_eq!(clean("a\u{202e}b\n"), "a\\u{202e}b\\u{a}");
    assert!(clean(&"x".repeat(500)).chars().count() < 200);
    assert_eq!(time(Timestamp(0)), "1970-01-01 00:00:00 UTC");
}

#[test]
fn a_question_about_the_time_before_the_journal_is_complete_is_answered_with_that() {
    let mut t = Told2::new();
    t.line(&format!("SERVICE ALERT: {HOST};{JOB};CRITICAL;HARD;3;bad"));
    let failed = t.now;
    t.line(&format!("SERVICE ALERT: {HOST};{JOB};OK;HARD;3;good"));
    let said = t.cut(JOB, failed, t.now - 1).verdict;
    let words = format!("complete only since {}", time(Timestamp::from_secs(t.now - 1)));
    assert!(said.starts_with("There is no alarm") && said.contains(&words), "{said}");
    assert!(!t.cut(JOB, t.now, t.now - 1).verdict.contains("complete only"), "since then it is");
    assert!(!t.at(JOB, Some(failed)).verdict.contains("complete only"), "nothing was cut");
}
