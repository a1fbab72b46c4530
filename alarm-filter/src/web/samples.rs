//! Alarms to look at and to measure with: made by the engine from what a monitor could have said, never put together by
//! hand. For tests, benches and the `pages` example; not for production.

use super::audit::{AuditReport, Finding};
use super::{Readers, WebConfig, WebState};
use crate::intake::{Outlet, channel};
use crate::metrics::Metrics;
use crate::replay::session::hash;
use crate::soundness::Soundness;
use crate::store::{Batch, Episode, MemoryStore, Record, Store};
use crate::view::View;
use alarm_core::command::{Action, CauseKind, Command, Target};
use alarm_core::days::Days;
use alarm_core::document::Document;
use alarm_core::engine::Engine;
use alarm_core::event::RULES_VERSION;
use alarm_core::flag::Flag;
use alarm_core::input::{
    INPUT_VERSION, Input, NotificationKind, NotificationSeen, Object, Observation, Origin, Report, Seen, ServiceSeen,
    SourceHealth, SourceState, StandsFor, Text,
};
use alarm_core::objects::{HostObject, MonitorObjects, ServiceObject};
use alarm_core::profile::{MetricSettings, Profile, Profiles};
use alarm_core::settings::{MonitorSettings, Settings};
use alarm_core::state::State;
use alarm_core::time::{DAY, HOUR, MINUTE, SECOND, Timestamp};
use alarm_core::topology::{DowntimeWindow, Downtimes, Endpoint, Severity, Site, Topology};
use alarm_core::world::{Map, World};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;

/// The moment at which the samples are looked at: 2026-11-22, 12:00 UTC.
pub const NOW: Timestamp = Timestamp(1_795_348_800_000);

const SERVICES: [(&str, &str, &str); 7] = [
    ("CREAM-CE", "emi.cream.CREAMCE-JobSubmit-ops", "job did not finish within 2400 s, last status IDLE"),
    ("ARC-CE", "org.nordugrid.ARC-CE-result-ops", "submission failed: no queue accepts this VO"),
    ("SRM", "org.sam.SRM-Put-ops", "file could not be written: No space left in the token ops_default"),
    ("Site-BDII", "org.bdii.Freshness", "entries are 4812 s old, threshold 3600 s"),
    ("CREAM-CE", "hr.srce.CADist-Check-ops", "version 1.133 installed, 1.135 is required"),
    ("APEL", "org.apel.APEL-Pub", "last published 2026-11-09, 13 days ago"),
    ("SRM", "hr.srce.SRM2-CertLifetime", "certificate expires in 4 days"),
];
const SITES: [(&str, &str, &str); 12] = [
    ("SITE-ALPHA", "NGI_CH", "Europe/Zurich"),
    ("SITE-BRAVO", "NGI_CH", "Europe/Zurich"),
    ("CHARLIE-T2", "NGI_DE", "Europe/Berlin"),
    ("DELTA-LCG2", "NGI_DE", "Europe/Berlin"),
    ("ECHO-GRID", "NGI_FI", "Europe/Helsinki"),
    ("FOXTROT", "NGI_IT", "Europe/Rome"),
    ("GOLF-CNAF", "NGI_IT", "Europe/Rome"),
    ("HOTEL-HEP", "NGI_UK", "Europe/London"),
    ("INDIA-T1", "NGI_UK", "Europe/London"),
    ("JULIETT", "NGI_PT", "Europe/Lisbon"),
    ("KILO-PDC", "NGI_SE", "Europe/Stockholm"),
    ("LIMA-IFIC", "NGI_ES", "Europe/Madrid"),
];
/// A metric whose alarms nobody may see yet (AL17).
const SECRET: &str = "eu.egi.sec.WN-Pakiti";

/// An engine, and the journal of what it decided.
struct Made {
    engine: Engine,
    batch: Batch,
    days: Days,
    /// What the journal's records name.
    papers: Vec<(&'static str, Vec<u8>)>,
}

impl Made {
    fn new() -> Self {
        let batch = Batch { first_seq: 1, ..Batch::default() };
        Made { engine: Engine::new(), batch, days: Days::default(), papers: Vec::new() }
    }

    fn feed(&mut self, at: Timestamp, input: Input) {
        for r in self.engine.handle(at, input).records {
            self.days.take(r.at, &r.events, self.engine.world());
            let body = r.input.as_ref().and_then(|i| serde_json::to_string(i).ok()).unwrap_or_else(|| "null".into());
            self.batch.records.push(Record {
                at: r.at,
                kind: Cow::Borrowed(r.kind()),
                version: INPUT_VERSION,
                object: r.object,
                body,
                rules: RULES_VERSION,
                events: serde_json::to_string(&r.events).unwrap_or_default(),
            });
        }
    }

    fn view(&self) -> View {
        let mut view = View::of(self.engine.world());
        view.heard = self.days.heard();
        view
    }

    fn observe(&mut self, monitor: &str, since: Timestamp, seen: Seen) {
        let origin = Origin::Log;
        self.feed(
            since,
            Input::Observation(Observation { monitor: monitor.into(), since, origin, sequence: None, seen }),
        );
    }
}

fn site_of(host: usize) -> usize {
    host.wrapping_mul(7) % SITES.len()
}

fn host_name(host: usize) -> String {
    let (site, _, _) = SITES[site_of(host)];
    format!("{}{:02}.{}.example.org", ["ce", "se", "bdii", "arc"][host % 4], host, site.to_ascii_lowercase())
}

fn documents(made: &mut Made, hosts: usize) {
    let begin = NOW.plus(-12 * DAY);
    let mut settings = Settings::default();
    for monitor in ["nagios-a", "nagios-b"] {
        let group = if monitor == "nagios-a" { "" } else { "nagios-a" };
        settings.monitors.insert(monitor.into(), MonitorSettings { group: group.into(), ..MonitorSettings::default() });
    }
    let h = hash(&settings);
    made.engine.learn(h.clone(), Document::Settings(Arc::new(settings)));
    made.feed(begin, Input::Settings { hash: h });

    let mut profile = Profile { name: "ROC_OPERATORS".into(), vo: "ops".into(), ..Profile::default() };
    for (service_type, metric, _) in SERVICES {
        profile.service_types.entry(service_type.into()).or_default().push(metric.into());
    }
    profile.service_types.entry("CREAM-CE".into()).or_default().push(SECRET.into());
    profile.metrics.insert(SECRET.into(), MetricSettings { security: true, ..MetricSettings::default() });
    let family = MetricSettings {
        mask_family: Some("accounting".into()),
        documentation: Some("https://wiki.example.org/apel".into()),
        ..MetricSettings::default()
    };
    profile.metrics.insert("org.apel.*".into(), family);
    let operators = profile.name.clone();
    let profiles = Profiles { operators: operators.clone(), profiles: BTreeMap::from([(operators, profile)]) };
    let h = hash(&profiles);
    made.engine.learn(h.clone(), Document::Profiles(Arc::new(profiles)));
    made.feed(begin, Input::Profiles { hash: h });

    let mut topology = Topology::default();
    for (name, ngi, timezone) in SITES {
        let site = Site {
            ngi: ngi.into(),
            certification: "Certified".into(),
            infrastructure: "Production".into(),
            timezone: timezone.into(),
            notifications: true,
            contacts: [
                ("CONTACT_EMAIL".into(), format!("grid-admin@{}.example.org", name.to_ascii_lowercase()).into()),
                ("CSIRT_EMAIL".into(), "<script>alert(1)</script>".into()),
                ("EMERGENCY_TEL".into(), "+41 (0)44 555 01 23".into()),
            ]
            .into(),
        };
        topology.sites.insert(name.into(), site);
    }
    let mut downtimes = Downtimes::default();
    for host in 0..hosts {
        let (site, ngi, _) = SITES[site_of(host)];
        let name: Text = host_name(host).into();
        for (i, (service_type, _, _)) in SERVICES.into_iter().enumerate() {
            let endpoint = Endpoint {
                site: site.into(),
                ngi: ngi.into(),
                in_production: host % 23 != 5,
                monitored: host % 19 != 3 || i > 2,
                endpoints: BTreeMap::new(),
            };
            topology.endpoints.entry(name.clone()).or_default().insert(service_type.into(), endpoint);
        }
        if host % 9 == 4 {
            let window = DowntimeWindow {
                id: format!("1234{host}G0").into(),
                severity: if host % 2 == 0 { Severity::Outage } else { Severity::Warning },
                scheduled: host % 4 == 0,
                start: NOW.plus(-5 * HOUR),
                end: NOW.plus(7 * HOUR),
                declared: NOW.plus(-2 * DAY),
                description: "Cooling maintenance in the machine room".into(),
                endpoints: Vec::new(),
            };
            let types = downtimes.windows.entry(name).or_default();
            types.insert("SRM".into(), vec![window.clone()]);
            types.insert("CREAM-CE".into(), vec![window]);
        }
    }
    let h = hash(&topology);
    made.engine.learn(h.clone(), Document::Topology(Arc::new(topology)));
    made.feed(begin, Input::Topology { hash: h });
    let h = hash(&downtimes);
    made.papers.push(("downtimes", serde_json::to_vec(&downtimes).unwrap_or_default()));
    made.engine.learn(h.clone(), Document::Downtimes(Arc::new(downtimes)));
    made.feed(begin, Input::Downtimes { hash: h });
    let objects = configuration(hosts);
    let h = hash(&objects);
    made.engine.learn(h.clone(), Document::Objects(Arc::new(objects)));
    made.feed(begin, Input::Objects { monitor: "nagios-a".into(), hash: h });
}

/// What the first monitor watches: every metric on every host.
fn configuration(hosts: usize) -> MonitorObjects {
    let mut objects = MonitorObjects::default();
    for host in 0..hosts {
        let service = |(service_type, metric, _): (&str, &str, &str)| {
            let object =
                ServiceObject { service_type: service_type.into(), metric: metric.into(), ..ServiceObject::default() };
            (Text::from(metric), object)
        };
        let mut services: Map<Text, ServiceObject> = SERVICES.into_iter().map(service).collect();
        if host == 0 {
            services.extend([service(("CREAM-CE", SECRET, ""))]);
        }
        objects.hosts.insert(host_name(host).into(), HostObject { services, ..HostObject::default() });
    }
    objects
}

fn alert(monitor: &str, n: usize, state: State, output: &str) -> Seen {
    let (service_type, metric, _) = SERVICES[n % SERVICES.len()];
    let stands_for = StandsFor { service_type: service_type.into(), metric: metric.into(), ..StandsFor::default() };
    Seen::Service(ServiceSeen {
        host: host_name(n / SERVICES.len()).into(),
        service: metric.into(),
        state,
        hard: true,
        report: Report::Alert,
        attempt: 3,
        pending: false,
        output: output.into(),
        long_output: if n.is_multiple_of(5) {
            format!("probe of {monitor}\nstep 1: ok\nstep 2: {output}").into()
        } else {
            "".into()
        },
        perf_data: if n.is_multiple_of(3) { "time=12.41s;30;60;0;120".into() } else { "".into() },
        last_check: None,
        last_change: None,
        stands_for: Some(Arc::new(stands_for)),
    })
}

/// One alarm's part of the story, in no order of time.
fn story(n: usize, events: &mut Vec<(Timestamp, &'static str, Seen)>) {
    let (_, metric, words) = SERVICES[n % SERVICES.len()];
    let object = Object { host: host_name(n / SERVICES.len()).into(), service: Some(metric.into()) };
    // From a few minutes to a little over eight days ago, most of them young.
    let spread = i64::try_from((n.wrapping_mul(2_654_435_761) >> 7) % 10_000).unwrap_or(0);
    let since = NOW.plus(-(3 * MINUTE + spread * spread / 100_000 * 720 * SECOND));
    let state = [State::Critical, State::Critical, State::Warning, State::Critical, State::Unknown][n % 5];
    let mut output = format!("{state}: {words}");
    if n % 31 == 7 {
        output = "(Service check timed out after 60.01 seconds)".to_owned();
    }
    if n % 97 == 11 {
        output = "CRITICAL: \u{1b}[31mred\u{1b}[0m \u{202e}txet <b>bold</b><script>alert(1)</script>".to_owned();
    }
    if n % 6 == 2 {
        events.push((since.plus(-3 * HOUR), "nagios-a", alert("nagios-a", n, State::Critical, &output)));
        events.push((since.plus(-2 * HOUR), "nagios-a", alert("nagios-a", n, State::Ok, "OK: all well again")));
    }
    if n.is_multiple_of(2) {
        // Nagios writes that it notified before it writes what.
        let (object, output) = (object.clone(), output.as_str().into());
        let told = NotificationSeen { object, contact: "rod".into(), kind: NotificationKind::Problem, state, output };
        events.push((since, "nagios-a", Seen::Notification(told)));
    }
    events.push((since, "nagios-a", alert("nagios-a", n, state, &output)));
    if n.is_multiple_of(4) {
        events.push((since.plus(20 * SECOND), "nagios-b", alert("nagios-b", n, state, &output)));
    }
    if n % 13 == 4 {
        let (author, comment) = ("m.rossi".into(), "seen, waiting for the vendor".into());
        let acknowledged = Seen::Acknowledged { object: object.clone(), sticky: true, author, comment };
        events.push((since.plus(MINUTE), "nagios-a", acknowledged));
    }
    if n % 29 == 9 {
        events.push((since.plus(MINUTE), "nagios-a", Seen::Flapping { object: object.clone(), on: true }));
    }
    if n % 8 == 5 {
        for monitor in ["nagios-a", "nagios-b"] {
            events.push((since.plus(2 * MINUTE), monitor, alert(monitor, n, State::Ok, "OK: back to normal")));
        }
    }
}

fn made(n: usize, secret: bool) -> Made {
    let mut made = Made::new();
    documents(&mut made, n / SERVICES.len() + 1);
    let mut events = Vec::new();
    for i in 0..n {
        story(i, &mut events);
    }
    if secret {
        let stands_for = StandsFor { service_type: "CREAM-CE".into(), metric: SECRET.into(), ..StandsFor::default() };
        if let Seen::Service(s) = alert("nagios-a", 0, State::Critical, "CRITICAL: SECRET-7 is vulnerable") {
            let s = ServiceSeen { service: SECRET.into(), stands_for: Some(Arc::new(stands_for)), ..s };
            events.push((NOW.plus(-HOUR), "nagios-a", Seen::Service(s)));
        }
    }
    events.sort_by_key(|(at, _, _)| *at);
    for (at, monitor, seen) in events {
        made.observe(monitor, at, seen);
    }
    let source = |name: &str, health, detail: &str| {
        let since = NOW.plus(-9 * HOUR);
        Input::SourceState(SourceState { source: name.into(), health, since, detail: detail.into() })
    };
    made.feed(NOW.plus(-SECOND), source("nagios-a", SourceHealth::Fresh, ""));
    made.feed(NOW.plus(-SECOND), source("nagios-b", SourceHealth::Fresh, ""));
    made.feed(NOW.plus(-SECOND), source("gocdb", SourceHealth::Fresh, ""));
    let alarms: Vec<_> = made
        .engine
        .world()
        .alarms
        .values()
        .filter(|a| &*a.about.metric == SERVICES[3].1 && a.failing_now())
        .take(3)
        .map(|a| Target::any(a.id.clone()))
        .collect();
    if alarms.len() == 3 {
        let text = "the top BDII of the region answers slowly, GGUS 12345".into();
        let action = Action::OpenCause { kind: CauseKind::CoreService, text, alarms };
        made.feed(NOW, Input::Command(Command { who: "a.operator".into(), form: "".into(), action }));
    }
    made
}

/// A view of `n` alarms, as the engine made them.
pub fn sample_view(n: usize) -> View {
    made(n, false).view()
}

/// What the engine knows then.
pub fn sample_world(n: usize) -> World {
    made(n, false).engine.world().clone()
}

/// The same, and a security matter among them that nothing may show.
pub fn view_with_secret(n: usize) -> View {
    made(n, true).view()
}

/// The other ends of a sample state.
pub struct Ends {
    /// Puts another view in force.
    pub view: watch::Sender<Arc<View>>,
    /// Puts another report in force.
    pub audit: watch::Sender<Option<Arc<AuditReport>>>,
    /// Puts another outcome of the check of the store in force.
    pub soundness: watch::Sender<Option<Arc<Soundness>>>,
    /// Puts another configuration in force.
    pub config: watch::Sender<Arc<WebConfig>>,
    /// What comes in.
    pub outlet: Outlet,
    /// The id of the security matter, where there is one.
    pub secret: Option<Text>,
    /// The ids of a closed alarm, and of a closed security matter.
    pub closed: Option<(String, String)>,
}

/// A state to serve from: `n` alarms, their journal in memory, two of them closed, a clock that stands at [`NOW`].
pub fn state(n: usize, secret: bool) -> (WebState, Ends) {
    let made = made(n, secret);
    let world = made.engine.world();
    let mut store = MemoryStore::new();
    let mut batch = made.batch.clone();
    let closed = world.alarms.values().find(|a| !a.about.security).map(|a| {
        let mut episode = |id: &str, security: bool| {
            let mut alarm = (**a).clone();
            alarm.id = id.into();
            alarm.about.security = security;
            batch.episodes.push(Episode {
                id: id.to_owned(),
                seq: world.seq,
                object: alarm.key.number(),
                site: alarm.about.site.to_string(),
                host: alarm.key.host.to_string(),
                service: alarm.key.service.as_deref().map(str::to_owned),
                metric: alarm.about.metric.to_string(),
                opened: alarm.raised,
                closed: NOW.plus(-HOUR),
                body: serde_json::to_string(&alarm).unwrap_or_default(),
            });
            id.to_owned()
        };
        (episode("00000000000000c1", false), episode("00000000000000c2", true))
    });
    // Into memory, in order: nothing refuses it, and a sample without a journal is still one.
    let _kept = store.append(&batch);
    for (kind, bytes) in &made.papers {
        let _kept = store.put_document(&crate::store::document_hash(bytes), kind, bytes);
    }
    let history = store.history();
    let (view, view_now) = watch::channel(Arc::new(made.view()));
    let (audit, audit_now) = watch::channel(None);
    let http_sources = std::collections::BTreeSet::from([Text::from("cron-1")]);
    let config = WebConfig { title: "NGI_CH · ROD".to_owned(), http_sources, ..WebConfig::default() };
    let (soundness, soundness_now) = watch::channel(None);
    let (config, config_now) = watch::channel(Arc::new(config));
    let (intake, outlet) = channel();
    let metrics = Arc::new(Metrics::new());
    for (name, ago) in [("nagios-a", 4 * SECOND), ("nagios-b", 14 * SECOND), ("gocdb", 6 * MINUTE)] {
        metrics.heard(&name.into(), NOW.plus(-ago));
    }
    let secret = world.alarms.values().find(|a| a.about.security).map(|a| a.id.clone());
    let web = WebState {
        view: view_now,
        audit: audit_now,
        soundness: soundness_now,
        intake,
        readers: Arc::new(Readers::new(Arc::new(move || Ok(Box::new(history.clone()))))),
        clock: Arc::new(|| NOW),
        metrics,
        config: config_now,
        waiting_for: Arc::new(Vec::new),
        cache: Arc::default(),
        acts: Arc::default(),
    };
    (web, Ends { view, audit, soundness, config, outlet, secret, closed })
}

/// A report to look at.
pub fn audit_report() -> AuditReport {
    let finding = |host: &str, detail: &str| Finding {
        at: NOW.plus(-2 * HOUR),
        monitor: "nagios-a".into(),
        host: host.into(),
        service: Some(SERVICES[2].1.into()),
        state: State::Critical,
        detail: detail.to_owned(),
    };
    AuditReport {
        from: NOW.plus(-5 * DAY),
        to: NOW,
        problems: 4_812,
        notified: 3_890,
        not_notified: BTreeMap::from([(Flag::HostNotUp, 512), (Flag::Flapping, 233), (Flag::Acknowledged, 164)]),
        unexplained: 9,
        not_asked: 12,
        faults: vec![finding("se04.site-alpha.example.org", "notified to rod, and no alarm stood then")],
        examples: vec![finding("se08.foxtrot.example.org", "no reason fits")],
    }
}
