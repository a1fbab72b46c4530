//! A case, fed to an engine of its own.

use super::compare::{Board, missed};
use super::file::{About, Acknowledged, Case, DowntimeSpec, OkWord, Step, SwitchOff, TestFile};
use super::{CaseReport, Failure, Places};
use crate::explain::words;
use crate::replay::session::Session;
use alarm_core::command::{Action, Command, Target};
use alarm_core::input::{
    HostSeen, Input, MuteScope, NotificationKind, NotificationSeen, Object, Observation, Origin, Report, Seen,
    ServiceSeen, Text,
};
use alarm_core::objects::{Contact, HostObject, MonitorObjects, NotificationRules};
use alarm_core::profile::Profiles;
use alarm_core::settings::{MonitorSettings, Settings};
use alarm_core::state::State;
use alarm_core::time::Timestamp;
use alarm_core::topology::{DowntimeWindow, Downtimes, Endpoint, Site, Topology};
use alarm_core::watch::Key;
use std::sync::Arc;
use toml::Spanned;

/// The one monitor of a case.
pub(super) const MONITOR: &str = "nagios";

pub(super) fn run(test: &TestFile, case: &Spanned<Case>, profiles: &Profiles, places: &Places<'_>) -> CaseReport {
    let mut player = Player::new(test, case.get_ref(), profiles);
    let case = case.get_ref();
    let mut failures = Vec::new();
    let mut steps = case.when.iter().peekable();
    let mut expects: Vec<_> = case.expect.iter().collect();
    expects.sort_by_key(|e| e.get_ref().after);
    for expect in expects {
        while let Some(step) = steps.next_if(|s| s.get_ref().after <= expect.get_ref().after) {
            if let Err(refused) = player.step(step.get_ref()) {
                let place = places.line(&step.span());
                failures.push(Failure {
                    place,
                    expected: vec!["to be carried out".into()],
                    got: vec![refused],
                    why: vec![],
                });
            }
        }
        let at = player.begin.plus(expect.get_ref().after.0);
        player.session.feed(at, Input::Tick);
        let board = Board { session: &player.session, defaults: &test.defaults, at };
        if let Some((expected, got, why)) = missed(expect.get_ref(), &board) {
            let place = format!("{}, at {}", places.line(&expect.span()), words::time(at));
            failures.push(Failure { place, expected, got, why });
        }
    }
    CaseReport { name: case.name.clone(), failures }
}

struct Player<'a> {
    session: Session,
    begin: Timestamp,
    test: &'a TestFile,
}

impl<'a> Player<'a> {
    fn new(test: &'a TestFile, case: &Case, profiles: &Profiles) -> Self {
        let begin = chrono::DateTime::parse_from_rfc3339(case.at.get_ref()).map(|t| t.timestamp_millis());
        let begin = Timestamp(begin.unwrap_or_default());
        let mut settings = Settings::default();
        test.rules.put_into(&mut settings);
        test.calendar.put_into(&mut settings);
        let monitor = MonitorSettings { has_status: true, ..MonitorSettings::default() };
        settings.monitors.insert(MONITOR.into(), monitor);
        let mut session = Session::new();
        session.journal = Some(Vec::new());
        session.settings(begin, settings);
        session.profiles(begin, profiles.clone());
        session.objects(begin, &MONITOR.into(), Arc::new(objects(test, case)));
        if !test.sites.is_empty() {
            session.topology(begin, topology(test));
        }
        let mut player = Player { session, begin, test };
        player.downtimes(begin, &case.downtimes);
        player
    }

    fn downtimes(&mut self, at: Timestamp, specs: &[DowntimeSpec]) {
        let mut all = Downtimes::default();
        for (i, d) in specs.iter().enumerate() {
            let Some(host) = d.host.as_ref().or(self.test.defaults.host.as_ref()) else { continue };
            let service_type = d.service_type.as_ref().or(self.test.defaults.service_type.as_ref());
            let types = all.windows.entry(host.to_ascii_lowercase().into()).or_default();
            types.entry(service_type.map_or("", String::as_str).into()).or_default().push(DowntimeWindow {
                id: format!("{}", i + 1).into(),
                severity: d.severity,
                scheduled: d.scheduled,
                start: self.begin.plus(d.from.0),
                end: self.begin.plus(d.to.0),
                declared: at,
                description: "".into(),
                endpoints: Vec::new(),
            });
        }
        for list in all.windows.values_mut().flat_map(|t| t.values_mut()) {
            list.sort_by(|a, b| (a.start, &a.id).cmp(&(b.start, &b.id)));
        }
        self.session.downtimes(at, all);
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        let at = self.begin.plus(step.after.0);
        let of = of_step(step, &self.test.defaults);
        let object = || Object { host: of.host.clone(), service: of.service.clone() };
        let seen = if let Some(specs) = &step.downtimes {
            self.downtimes(at, specs);
            return Ok(());
        } else if let Some(off) = &step.switched_off {
            return self.switch_off(at, &of, off);
        } else if let Some(state) = step.state {
            Seen::Service(service(&of, step, state))
        } else if let Some(state) = step.host_state {
            Seen::Host(host(&of, step, state))
        } else if let Some(state) = step.notified {
            Seen::Notification(NotificationSeen {
                object: object(),
                contact: "operators".into(),
                kind: NotificationKind::Problem,
                state,
                output: step.output.as_str().into(),
            })
        } else if let Some(acknowledged) = &step.acknowledged {
            match acknowledged {
                Acknowledged::Is(false) => Seen::AcknowledgementRemoved { object: object() },
                Acknowledged::Is(true) => acknowledge(object(), "somebody", ""),
                Acknowledged::By(text) => {
                    let (who, why) = text.split_once(':').unwrap_or((text, ""));
                    acknowledge(object(), who.trim(), why.trim())
                }
            }
        } else if let Some(on) = step.flapping {
            Seen::Flapping { object: object(), on }
        } else if let Some(on) = step.in_downtime {
            Seen::InDowntime { object: object(), on }
        } else if let Some(muted) = step.muted {
            let scope = if of.service.is_some() { MuteScope::Service } else { MuteScope::Host };
            Seen::Muted { scope, host: of.host.clone(), service: of.service.clone(), muted }
        } else if step.gone == Some(true) {
            Seen::Gone { object: object() }
        } else {
            return Ok(());
        };
        let observation = Observation { monitor: MONITOR.into(), since: at, origin: Origin::Log, sequence: None, seen };
        self.session.feed(at, Input::Observation(observation));
        Ok(())
    }

    fn switch_off(&mut self, at: Timestamp, of: &Of, off: &SwitchOff) -> Result<(), String> {
        let key = Key { group: MONITOR.into(), host: of.host.clone(), service: of.service.clone() };
        let Some(alarm) = self.session.engine.world().alarm_of(&key).map(|a| Target::any(a.id.clone())) else {
            return Err(format!("there is no alarm of {} to switch off", words::object(&key)));
        };
        let reason = match off {
            SwitchOff::Reason(reason) => Some(*reason),
            SwitchOff::Ok(OkWord::Ok) => None,
        };
        let action = Action::SwitchOff { alarms: vec![alarm], reason, text: "as the test says".into(), until: None };
        let command = Command { who: "test".into(), form: "".into(), action };
        match self.session.ask(at, command) {
            Err(why) => Err(why.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
            Ok(_) => Ok(()),
        }
    }
}

/// What a step is about, with the defaults.
pub(super) struct Of {
    pub(super) host: Text,
    pub(super) service: Option<Text>,
}

fn of_step(step: &Step, defaults: &About) -> Of {
    let pick = |own: &Option<String>, default: &Option<String>| own.as_deref().or(default.as_deref()).map(Text::from);
    let host = pick(&step.host, &defaults.host).unwrap_or_default();
    // A step about the host's own check, or one that names it, is about no service.
    let of_host = step.host_state.is_some() || step.service.as_deref() == Some(alarm_core::verdict::HOST);
    Of { host, service: if of_host { None } else { pick(&step.service, &defaults.service) } }
}

fn service(of: &Of, step: &Step, state: State) -> ServiceSeen {
    ServiceSeen {
        host: of.host.clone(),
        service: of.service.clone().unwrap_or_default(),
        state,
        hard: step.hard,
        report: Report::Alert,
        attempt: if step.hard { 3 } else { 1 },
        pending: false,
        output: step.output.as_str().into(),
        long_output: "".into(),
        perf_data: "".into(),
        last_check: None,
        last_change: None,
        stands_for: None,
    }
}

fn host(of: &Of, step: &Step, state: State) -> HostSeen {
    HostSeen {
        host: of.host.clone(),
        state,
        hard: step.hard,
        report: Report::Alert,
        attempt: 1,
        pending: false,
        output: step.output.as_str().into(),
        last_check: None,
        last_change: None,
    }
}

fn acknowledge(object: Object, author: &str, comment: &str) -> Seen {
    Seen::Acknowledged { object, sticky: true, author: author.into(), comment: comment.into() }
}

/// The monitor's configuration: every host and service that a step names, with a contact who takes everything.
fn objects(test: &TestFile, case: &Case) -> MonitorObjects {
    let rules = |options: &str| NotificationRules {
        options: options.into(),
        enabled: true,
        contacts: vec!["operators".into()],
        ..NotificationRules::default()
    };
    let contact = Contact {
        service_options: "wcurfs".into(),
        host_options: "durfs".into(),
        service_enabled: true,
        host_enabled: true,
        ..Contact::default()
    };
    let mut objects = MonitorObjects {
        rules: vec![rules("wcurfs"), rules("durfs")],
        contacts: [("operators".into(), contact)].into(),
        ..MonitorObjects::default()
    };
    let d = &test.defaults;
    for step in case.when.iter().map(Spanned::get_ref) {
        let Some(host) = step.host.as_deref().or(d.host.as_deref()) else { continue };
        let site: Text = step.site.as_deref().or(d.site.as_deref()).unwrap_or_default().into();
        let entry =
            objects.hosts.entry(host.into()).or_insert_with(|| HostObject { rules: 1, ..HostObject::default() });
        if entry.site.is_empty() {
            entry.site = site;
        }
        let Some(service) = of_step(step, d).service else { continue };
        let service_type = step.service_type.as_deref().or(d.service_type.as_deref()).unwrap_or_default();
        let object = entry.services.entry(service).or_default();
        if step.service_type.is_some() || object.service_type.is_empty() {
            object.service_type = service_type.into();
        }
    }
    objects
}

fn topology(test: &TestFile) -> Topology {
    let mut topology = Topology::default();
    for (name, spec) in &test.sites {
        let site = Site {
            ngi: spec.ngi.as_str().into(),
            certification: spec.certification.as_str().into(),
            infrastructure: "Production".into(),
            ..Site::default()
        };
        topology.sites.insert(name.as_str().into(), site);
        for e in &spec.services {
            let endpoint = Endpoint {
                site: name.as_str().into(),
                ngi: spec.ngi.as_str().into(),
                in_production: e.in_production,
                monitored: e.monitored,
                endpoints: Default::default(),
            };
            let types = topology.endpoints.entry(e.host.to_ascii_lowercase().into()).or_default();
            types.insert(e.service_type.as_str().into(), endpoint);
        }
    }
    topology
}
