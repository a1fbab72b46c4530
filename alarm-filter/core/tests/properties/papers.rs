//! The documents that the stories name, several of each kind. `…-0` is never there.

use crate::alphabet::{HOSTS, MONITORS, SERVICES, START};
use crate::small::Papers;
use alarm_core::document::Document;
use alarm_core::input::Text;
use alarm_core::objects::*;
use alarm_core::profile::{HostDown, MetricSettings, Profile, Profiles};
use alarm_core::settings::{MonitorSettings, Settings};
use alarm_core::state::State;
use alarm_core::time::{HOUR, MINUTE};
use alarm_core::topology::*;
use std::sync::Arc;

/// All of them.
pub(crate) fn papers() -> Papers {
    vec![
        ("settings-1", settings(true, false)),
        ("settings-2", settings(false, false)),
        ("settings-3", settings(true, true)),
        ("settings-4", others(settings(false, false))),
        ("profiles-1", profiles(HostDown::Alarm, None)),
        ("profiles-3", secret(profiles(HostDown::Alarm, None))),
        ("profiles-2", profiles(HostDown::Ignore, Some(vec![State::Critical]))),
        ("topology-1", topology(true, "Certified")),
        ("topology-2", topology(false, "Certified")),
        ("topology-3", topology(true, "Suspended")),
        ("topology-4", moved(topology(true, "Certified"))),
        ("downtimes-1", downtimes(&[(-10, 50, Severity::Outage)])),
        (
            "downtimes-2",
            downtimes(&[(20, 90, Severity::Warning), (90, 300, Severity::Outage), (200, 400, Severity::Outage)]),
        ),
        ("downtimes-3", downtimes(&[])),
        ("objects-1", objects(3)),
        ("objects-2", objects(1)),
    ]
}

fn settings(notifications: bool, auto_off: bool) -> Document {
    // There are two sites only.
    let mut settings =
        Settings { auto_off, off_working_days: 1, history_kept: 3, cause_sites: 2, ..Settings::default() };
    for name in &MONITORS[..3] {
        let monitor = MonitorSettings {
            group: if *name == "c" { "" } else { "ab" }.into(),
            has_notifications: notifications,
            ..MonitorSettings::default()
        };
        settings.monitors.insert((*name).into(), monitor);
    }
    Document::Settings(Arc::new(settings))
}

/// `a` left, `b` is alone, `c` has a partner that was not configured before.
fn others(settings: Document) -> Document {
    let Document::Settings(settings) = settings else { return settings };
    let mut settings = Settings::clone(&settings);
    let c = settings.monitors["c"].clone();
    settings.monitors.remove("a");
    settings.monitors.insert("b".into(), MonitorSettings { group: "".into(), ..c.clone() });
    settings.monitors.insert("x".into(), MonitorSettings { group: "c".into(), ..c });
    settings.stable_for = HOUR;
    Document::Settings(Arc::new(settings))
}

/// The accounting is a security matter, and of a candidate.
fn secret(profiles: Document) -> Document {
    let Document::Profiles(profiles) = profiles else { return profiles };
    let mut profiles = Profiles::clone(&profiles);
    for profile in profiles.profiles.values_mut() {
        profile.candidates.insert("CE".into(), vec!["other".into()]);
        profile.metrics.values_mut().for_each(|m| m.security = true);
    }
    Document::Profiles(Arc::new(profiles))
}

/// The first host of S belongs to T now and has a second service, the second one has gone, and the first of T has endpoints.
fn moved(topology: Document) -> Document {
    let Document::Topology(topology) = topology else { return topology };
    let mut topology = Topology::clone(&topology);
    topology.endpoints.remove("h2.s");
    for (host, types) in &mut topology.endpoints {
        let ce = types["CE"].clone();
        match &**host {
            "h1.s" => {
                let ce = Endpoint { site: "T".into(), ..ce };
                types.insert("SE".into(), Endpoint { monitored: false, ..ce.clone() });
                types.insert("CE".into(), ce);
            }
            "h1.t" => {
                types.insert("CE".into(), Endpoint { endpoints: [("one".into(), true)].into(), ..ce });
            }
            _ => {}
        }
    }
    Document::Topology(Arc::new(topology))
}

fn profiles(host_down: HostDown, raise: Option<Vec<State>>) -> Document {
    let apel = MetricSettings {
        mask_family: Some("accounting".into()),
        raise,
        stable_for: Some(3600),
        ..MetricSettings::default()
    };
    let profile = Profile {
        name: "ROC_OPERATORS".into(),
        host_down,
        service_types: [("CE".into(), vec!["org.sam.*".into()]), ("*".into(), vec!["org.apel.*".into()])].into(),
        metrics: [("org.apel.*".into(), apel)].into(),
        ..Profile::default()
    };
    let profiles = [(profile.name.clone(), profile.clone())].into_iter().collect();
    Document::Profiles(Arc::new(Profiles { operators: profile.name, profiles }))
}

fn topology(monitored: bool, certification: &str) -> Document {
    let mut topology = Topology::default();
    for (site, letter) in [("S", "s"), ("T", "t")] {
        let about = Site { certification: certification.into(), ngi: "N".into(), ..Site::default() };
        topology.sites.insert(site.into(), about);
        for host in HOSTS.iter().filter(|h| h.ends_with(letter)) {
            // The second host of each site stays monitored, so that one of a family is apart and the other is not.
            let monitored = monitored || host.starts_with("h2");
            let endpoint = Endpoint {
                site: site.into(),
                ngi: "N".into(),
                in_production: true,
                monitored,
                endpoints: Default::default(),
            };
            topology.endpoints.entry((*host).into()).or_default().insert("CE".into(), endpoint);
        }
    }
    Document::Topology(Arc::new(topology))
}

/// Windows, in minutes after the begin, on the first host of each site.
fn downtimes(windows: &[(i64, i64, Severity)]) -> Document {
    let mut downtimes = Downtimes::default();
    for host in ["h1.s", "h1.t"] {
        let list = windows.iter().enumerate().map(|(i, (from, to, severity))| DowntimeWindow {
            id: i.to_string().into(),
            severity: *severity,
            scheduled: i % 2 == 0,
            start: START.plus(from * MINUTE),
            end: START.plus(to * MINUTE),
            declared: START.plus(-HOUR),
            description: "upgrade".into(),
            endpoints: Vec::new(),
        });
        downtimes.windows.entry(host.into()).or_default().insert("CE".into(), list.collect());
    }
    Document::Downtimes(Arc::new(downtimes))
}

/// A configuration of the first `hosts` hosts.
fn objects(hosts: usize) -> Document {
    let mut objects = MonitorObjects::default();
    objects.rules.push(NotificationRules {
        options: "wcrufs".into(),
        enabled: true,
        contacts: vec!["rod".into()],
        max_attempts: 3,
        interval_milli: 60_000,
        ..NotificationRules::default()
    });
    let contact = Contact { service_options: "wcr".into(), service_enabled: true, ..Contact::default() };
    objects.contacts.insert("rod".into(), contact);
    for host in &HOSTS[..hosts] {
        let mut object = HostObject { site: "S".into(), ..HostObject::default() };
        for s in SERVICES {
            let service = ServiceObject { service_type: "CE".into(), ..ServiceObject::default() };
            object.services.insert(Text::from(s), service);
        }
        objects.hosts.insert((*host).into(), object);
    }
    Document::Objects(Arc::new(objects))
}
