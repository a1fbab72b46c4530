//! A desk: an engine, a clock that is moved by hand, one monitor `nagios`, three sites. Alarms are asked for by host and
//! service.

use alarm_core::alarm::Alarm;
use alarm_core::command::{Action, Command, Done, OffReason, Outcome, Refusal, Target};
use alarm_core::document::Document;
use alarm_core::engine::{Engine, Record};
use alarm_core::event::Event;
use alarm_core::flag::Flag;
use alarm_core::input::*;
use alarm_core::objects::*;
use alarm_core::profile::{MetricSettings, Profile, Profiles};
use alarm_core::settings::{MonitorSettings, Settings};
use alarm_core::state::State;
use alarm_core::time::{DAY, HOUR, MINUTE, Millis, SECOND, Timestamp};
use alarm_core::topology::*;
use alarm_core::watch::{Key, SetAside};
use std::sync::Arc;

/// The service that most tests are about.
pub(crate) const JOB: &str = "org.sam.CREAMCE-JobSubmit-ops";
/// Accounting: a family.
pub(crate) const APEL: &str = "org.apel.APEL-Pub";
/// A security matter.
pub(crate) const SECRET: &str = "eu.egi.sec.CREAMCE";
/// An output that says nothing special.
pub(crate) const FAILED: &str = "CRITICAL: job was aborted";
/// Nagios' own words for a time-out.
pub(crate) const TIMED_OUT: &str = "(Service check timed out after 60.01 seconds)";

/// An engine, a clock, and the documents in force.
pub(crate) struct Desk {
    pub(crate) engine: Engine,
    /// Everything decided so far.
    pub(crate) records: Vec<Record>,
    /// Now.
    pub(crate) now: Timestamp,
    pub(crate) settings: Settings,
    pub(crate) profile: Profile,
    pub(crate) topology: Topology,
    pub(crate) downtimes: Downtimes,
    shadow: Engine,
    documents: Vec<(Text, Document)>,
    /// Let timers wait until the next input, as a daemon that sleeps would.
    pub(crate) sleepy: bool,
}

/// `90s`, `5m`, `4h`, `2d`, or several of them: `1d2h`.
pub(crate) fn span(text: &str) -> Millis {
    let (mut sum, mut number) = (0, 0);
    for c in text.chars() {
        let unit = match c {
            '0'..='9' => {
                number = number * 10 + i64::from(c.to_digit(10).unwrap());
                continue;
            }
            's' => SECOND,
            'm' => MINUTE,
            'h' => HOUR,
            'd' => DAY,
            _ => panic!("{text}: s, m, h and d only"),
        };
        sum += number * unit;
        number = 0;
    }
    sum
}

/// RFC 3339.
pub(crate) fn time(text: &str) -> Timestamp {
    Timestamp(chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
}

impl Desk {
    /// Monday 2026-11-23, 08:00 UTC. Sites A, B and C, each with `ce.SITE` (CREAM-CE), `ce2.SITE` (CREAM-CE) and
    /// `apel.SITE`, `apel2.SITE` (APEL); all registered, certified, monitored and in production.
    pub(crate) fn new() -> Desk {
        let mut desk = Desk::empty();
        for site in ["A", "B", "C"] {
            let s = site.to_ascii_lowercase();
            let about = Site { ngi: "NGI_X".into(), certification: "Certified".into(), ..Site::default() };
            desk.topology.sites.insert(site.into(), about);
            for (host, service_type) in [("ce", "CREAM-CE"), ("ce2", "CREAM-CE"), ("apel", "APEL"), ("apel2", "APEL")] {
                let endpoint = Endpoint {
                    site: site.into(),
                    ngi: "NGI_X".into(),
                    in_production: true,
                    monitored: true,
                    endpoints: Default::default(),
                };
                let types = desk.topology.endpoints.entry(format!("{host}.{s}").into()).or_default();
                types.insert(service_type.into(), endpoint);
            }
        }
        desk.refresh_topology();
        desk.configure(Desk::objects());
        desk
    }

    /// The same without topology and objects.
    pub(crate) fn empty() -> Desk {
        let mut settings = Settings::default();
        settings.monitors.insert("nagios".into(), MonitorSettings::default());
        let metrics = [
            ("org.apel.*", MetricSettings { mask_family: Some("accounting".into()), ..MetricSettings::default() }),
            ("eu.egi.sec.*", MetricSettings { security: true, ..MetricSettings::default() }),
        ];
        let profile = Profile {
            name: "ROC_OPERATORS".into(),
            vo: "ops".into(),
            service_types: [
                ("CREAM-CE".into(), vec!["org.sam.*".into(), "eu.egi.sec.*".into()]),
                ("APEL".into(), vec!["org.apel.*".into()]),
            ]
            .into(),
            candidates: [("CREAM-CE".into(), vec!["new.*".into()])].into(),
            metrics: metrics.into_iter().map(|(k, v)| (k.into(), v)).collect(),
            ..Profile::default()
        };
        let mut desk = Desk {
            engine: Engine::new(),
            records: Vec::new(),
            now: time("2026-11-23T08:00:00Z"),
            settings,
            profile,
            topology: Topology::default(),
            downtimes: Downtimes::default(),
            shadow: Engine::new(),
            documents: Vec::new(),
            sleepy: false,
        };
        desk.refresh_settings();
        desk.refresh_profiles(&[]);
        desk
    }

    /// The monitor's configuration of the hosts of [`Desk::new`], with one contact who takes everything.
    pub(crate) fn objects() -> MonitorObjects {
        let mut objects = MonitorObjects::default();
        objects.rules.push(NotificationRules {
            options: "wcrufs".into(),
            enabled: true,
            contacts: vec!["rod".into()],
            max_attempts: 3,
            interval_milli: 60_000,
            ..NotificationRules::default()
        });
        objects.rules.push(NotificationRules { options: "durfs".into(), ..objects.rules[0].clone() });
        let contact = Contact {
            service_options: "wcrufs".into(),
            host_options: "durfs".into(),
            service_enabled: true,
            host_enabled: true,
            ..Contact::default()
        };
        objects.contacts.insert("rod".into(), contact);
        for site in ["A", "B", "C"] {
            for (host, service_type, services) in [
                ("ce", "CREAM-CE", &[JOB, SECRET, "new.metric", "other.metric"][..]),
                ("ce2", "CREAM-CE", &[JOB]),
                ("apel", "APEL", &[APEL]),
                ("apel2", "APEL", &[APEL]),
            ] {
                let mut object = HostObject { site: site.into(), rules: 1, ..HostObject::default() };
                for s in services {
                    let service = ServiceObject { service_type: service_type.into(), ..ServiceObject::default() };
                    object.services.insert((*s).into(), service);
                }
                objects.hosts.insert(format!("{host}.{}", site.to_ascii_lowercase()).into(), object);
            }
        }
        objects
    }

    // Time.

    /// Lets time pass; timers fire as they fall due.
    pub(crate) fn wait(&mut self, text: &str) {
        self.until(self.now.plus(span(text)));
    }

    /// Lets time pass until then.
    pub(crate) fn until(&mut self, at: Timestamp) {
        while let Some(due) = self.engine.next_deadline().filter(|due| *due <= at && !self.sleepy) {
            self.now = self.now.max(due);
            let handled = self.engine.advance(self.now);
            self.take(handled.records);
        }
        self.now = at;
    }

    /// Hands an input in at the present time, and checks the fold.
    pub(crate) fn feed(&mut self, input: Input) -> Option<Outcome> {
        let handled = self.engine.handle(self.now, input);
        self.take(handled.records);
        handled.outcome
    }

    fn take(&mut self, records: Vec<Record>) {
        for (i, r) in records.iter().enumerate() {
            let before = self.records.last().map_or(0, |r| r.seq);
            assert_eq!(r.seq, before + 1, "record {i} leaves a gap");
            self.shadow.replay(r.seq, r.at, &r.events);
            self.records.push(r.clone());
        }
        let rows = self.engine.world().all_rows();
        assert_eq!(self.shadow.world().all_rows(), rows, "the fold of the events is another world");
        let mut restored = Engine::new();
        for (hash, document) in &self.documents {
            restored.learn(hash.clone(), document.clone());
        }
        for (name, value) in &rows {
            restored.load_row(name, value).unwrap();
        }
        restored.restore();
        assert_eq!(restored.world().all_rows(), rows, "the rows give another world");
        // An edge that changed nothing left no record: after a start it comes again, and changes nothing again.
        let mut live = self.engine.clone();
        assert_eq!(restored.advance(self.now), live.advance(self.now), "a start decides something else");
        assert_eq!(restored.next_deadline(), live.next_deadline(), "the rows give other timers");
    }

    // Documents.

    fn learn(&mut self, document: Document) -> Text {
        let hash: Text = format!("document-{}", self.documents.len()).into();
        self.engine.learn(hash.clone(), document.clone());
        self.shadow.learn(hash.clone(), document.clone());
        self.documents.push((hash.clone(), document));
        hash
    }

    /// Puts `self.settings` in force.
    pub(crate) fn refresh_settings(&mut self) {
        let hash = self.learn(Document::Settings(Arc::new(self.settings.clone())));
        self.feed(Input::Settings { hash });
    }

    /// Puts `self.profile` in force, and others beside it.
    pub(crate) fn refresh_profiles(&mut self, others: &[Profile]) {
        let profiles = others.iter().chain([&self.profile]).map(|p| (p.name.clone(), p.clone())).collect();
        let all = Profiles { operators: self.profile.name.clone(), profiles };
        let hash = self.learn(Document::Profiles(Arc::new(all)));
        self.feed(Input::Profiles { hash });
    }

    /// Puts `self.topology` in force.
    pub(crate) fn refresh_topology(&mut self) {
        let hash = self.learn(Document::Topology(Arc::new(self.topology.clone())));
        self.feed(Input::Topology { hash });
    }

    /// Puts `self.downtimes` in force.
    pub(crate) fn refresh_downtimes(&mut self) {
        for list in self.downtimes.windows.values_mut().flat_map(|t| t.values_mut()) {
            list.sort_by(|a, b| (a.start, &a.id).cmp(&(b.start, &b.id)));
        }
        let hash = self.learn(Document::Downtimes(Arc::new(self.downtimes.clone())));
        self.feed(Input::Downtimes { hash });
    }

    /// Puts a configuration of the monitor in force.
    pub(crate) fn configure(&mut self, objects: MonitorObjects) {
        let hash = self.learn(Document::Objects(Arc::new(objects)));
        self.feed(Input::Objects { monitor: "nagios".into(), hash });
    }

    /// The declared service.
    pub(crate) fn endpoint(&mut self, host: &str, service_type: &str) -> &mut Endpoint {
        self.topology.endpoints.get_mut(host).unwrap().get_mut(service_type).unwrap()
    }

    /// Declares a downtime from now + `from` to now + `to`, and refreshes.
    pub(crate) fn downtime(&mut self, host: &str, severity: Severity, scheduled: bool, from: &str, to: &str) {
        let (start, end) = (self.now.plus(span(from)), self.now.plus(span(to)));
        self.window(host, severity, scheduled, start, end);
        self.refresh_downtimes();
    }

    /// Declares a downtime; the caller refreshes.
    pub(crate) fn window(&mut self, host: &str, severity: Severity, scheduled: bool, start: Timestamp, end: Timestamp) {
        let types: Vec<Text> = self.topology.endpoints[host].keys().cloned().collect();
        for service_type in types {
            let list = self.downtimes.windows.entry(host.into()).or_default().entry(service_type).or_default();
            list.push(DowntimeWindow {
                id: format!("{}", list.len() + 1).into(),
                severity,
                scheduled,
                start,
                end,
                declared: self.now,
                description: "upgrade".into(),
                endpoints: Vec::new(),
            });
        }
    }

    // What the monitor says.

    /// Something that the monitor said just now.
    pub(crate) fn say(&mut self, origin: Origin, seen: Seen) {
        self.say_as("nagios", origin, seen);
    }

    /// The same by another monitor.
    pub(crate) fn say_as(&mut self, monitor: &str, origin: Origin, seen: Seen) {
        let since = self.now;
        self.feed(Input::Observation(Observation { monitor: monitor.into(), since, origin, sequence: None, seen }));
    }

    /// A SERVICE ALERT; [`seen`] makes the rest of it.
    pub(crate) fn alert(&mut self, host: &str, service: &str, state: State, hard: bool, output: &str) {
        self.say(Origin::Log, Seen::Service(seen(host, service, state, hard, output)));
    }

    /// HARD CRITICAL, host up.
    pub(crate) fn fails(&mut self, host: &str, service: &str) {
        self.alert(host, service, State::Critical, true, FAILED);
    }

    /// HARD OK.
    pub(crate) fn recovers(&mut self, host: &str, service: &str) {
        self.alert(host, service, State::Ok, true, "OK: job done");
    }

    /// A HOST ALERT.
    pub(crate) fn host(&mut self, host: &str, state: State, hard: bool) {
        self.say(Origin::Log, Seen::Host(host_seen(host, state, hard)));
    }

    /// A SERVICE NOTIFICATION of a problem.
    pub(crate) fn notifies(&mut self, host: &str, service: &str, state: State) {
        let object = Object { host: host.into(), service: Some(service.into()) };
        self.say(
            Origin::Log,
            Seen::Notification(NotificationSeen {
                object,
                contact: "rod".into(),
                kind: NotificationKind::Problem,
                state,
                output: FAILED.into(),
            }),
        );
    }

    /// status.dat shows a HARD state, checked now.
    pub(crate) fn status(&mut self, host: &str, service: &str, state: State, output: &str) {
        let mut s = seen(host, service, state, true, output);
        s.report = Report::Listed;
        s.last_check = Some(self.now);
        self.say(Origin::Status, Seen::Service(s));
    }

    // What people do.

    /// Asks for something; of several refusals the first.
    pub(crate) fn ask(&mut self, action: Action) -> Result<Done, Refusal> {
        self.ask_as("rod", "", action).map_err(|all| all[0].clone())
    }

    /// Asks as somebody, by a form.
    pub(crate) fn ask_as(&mut self, who: &str, form: &str, action: Action) -> Outcome {
        self.feed(Input::Command(Command { who: who.into(), form: form.into(), action })).unwrap()
    }

    /// Switches an alarm off, with a reason or without.
    pub(crate) fn off(&mut self, host: &str, service: &str, reason: Option<OffReason>) -> Result<Done, Refusal> {
        let alarms = vec![self.seen(host, service)];
        self.ask(Action::SwitchOff { alarms, reason, text: "".into(), until: None })
    }

    // What there is.

    /// The object's key.
    pub(crate) fn key(host: &str, service: &str) -> Key {
        let service = (!service.is_empty()).then(|| service.into());
        Key { group: "nagios".into(), host: host.into(), service }
    }

    /// The alarm on the board; service "" is the host's own.
    pub(crate) fn alarm(&self, host: &str, service: &str) -> Option<Arc<Alarm>> {
        self.engine.world().alarm_of(&Desk::key(host, service)).cloned()
    }

    /// The same, which has to be there.
    pub(crate) fn open(&self, host: &str, service: &str) -> Arc<Alarm> {
        self.alarm(host, service)
            .unwrap_or_else(|| panic!("no alarm of {host} {service}: {:?}", self.aside(host, service)))
    }

    /// Its id.
    pub(crate) fn id(&self, host: &str, service: &str) -> Text {
        self.open(host, service).id.clone()
    }

    /// The alarm as it is seen now.
    pub(crate) fn seen(&self, host: &str, service: &str) -> Target {
        let alarm = self.open(host, service);
        Target { alarm: alarm.id.clone(), version: alarm.version }
    }

    /// Its flags.
    pub(crate) fn flags(&self, host: &str, service: &str) -> Vec<Flag> {
        self.open(host, service).flags.keys().copied().collect()
    }

    /// Its age now.
    pub(crate) fn age(&self, host: &str, service: &str) -> Millis {
        let alarm = self.open(host, service);
        alarm.age(self.now, &self.engine.world().windows_of(&alarm))
    }

    /// Why it raises nothing.
    pub(crate) fn aside(&self, host: &str, service: &str) -> Option<SetAside> {
        let watch = self.engine.world().watch(&Desk::key(host, service))?;
        watch.aside.as_ref().map(|a| a.reason.clone())
    }

    /// All events so far.
    pub(crate) fn events(&self) -> impl Iterator<Item = &Event> {
        self.records.iter().flat_map(|r| &r.events)
    }

    /// How many events so far are like that.
    pub(crate) fn count(&self, like: impl Fn(&Event) -> bool) -> usize {
        self.events().filter(|e| like(e)).count()
    }
}

/// A service's state as an alert says it.
pub(crate) fn seen(host: &str, service: &str, state: State, hard: bool, output: &str) -> ServiceSeen {
    ServiceSeen {
        host: host.into(),
        service: service.into(),
        state,
        hard,
        report: Report::Alert,
        attempt: if hard { 3 } else { 1 },
        pending: false,
        output: output.into(),
        long_output: "".into(),
        perf_data: "".into(),
        last_check: None,
        last_change: None,
        stands_for: None,
    }
}

/// A host's state as an alert says it.
pub(crate) fn host_seen(host: &str, state: State, hard: bool) -> HostSeen {
    HostSeen {
        host: host.into(),
        state,
        hard,
        report: Report::Alert,
        attempt: 1,
        pending: false,
        output: "PING".into(),
        last_check: None,
        last_change: None,
    }
}
