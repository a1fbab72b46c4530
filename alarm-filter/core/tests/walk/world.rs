//! The small world: one host of one site, two metrics on it in one family, one outage, and what can be done there.

use crate::small::{Papers, host, service};
use alarm_core::alarm::Alarm;
use alarm_core::command::{Action, CauseKind, Command, NoteOn, OffReason, Target};
use alarm_core::document::Document;
use alarm_core::engine::{Engine, Record};
use alarm_core::input::*;
use alarm_core::profile::{MetricSettings, Profile, Profiles};
use alarm_core::settings::{MonitorSettings, Settings};
use alarm_core::state::State;
use alarm_core::time::{HOUR, Millis, SECOND, Timestamp};
use alarm_core::topology::*;
use alarm_core::watch::Key;
use std::sync::Arc;

/// Monday 2026-11-23, 08:00 UTC.
pub(crate) const START: Timestamp = Timestamp(1_795_420_800_000);
/// The outage, when it is declared: a jump of 5 h ends within it, one of 25 h beyond it.
pub(crate) const OUTAGE: (Timestamp, Timestamp) = (Timestamp(START.0 + HOUR), Timestamp(START.0 + 10 * HOUR));
/// The metrics. WARNING of the second raises nothing.
pub(crate) const METRICS: [&str; 2] = ["all-states", "not-warning"];
pub(crate) const HOST: &str = "h";

/// What can happen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Act {
    /// SERVICE ALERT.
    Service(usize, State, bool),
    /// HOST ALERT.
    Host(State, bool),
    /// SERVICE NOTIFICATION of a problem.
    Notify(usize, State),
    /// status.dat shows a HARD state, checked now.
    Status(usize, State),
    /// Acknowledged until OK, or until the next change.
    Acknowledge(usize, bool),
    /// The outage is declared; or its declaration is gone.
    Outage(bool),
    /// Monitoring is on in the topology, or off.
    Monitoring(bool),
    /// Somebody switches the alarm off, with a reason when it fails.
    Off(usize),
    /// Somebody takes that back.
    On(usize),
    /// Somebody switches both off at once, and takes that back.
    OffBoth,
    OnBoth,
    /// Somebody masks the one by the other; takes it out again.
    Mask {
        leader: usize,
        follower: usize,
    },
    Unmask(usize),
    /// Somebody puts it under the common cause, which is opened for it; takes it out; ends the cause.
    Cause(usize),
    Leave(usize),
    EndCause,
    /// Somebody writes a note on it, once; takes it back.
    Note(usize),
    Strike(usize),
    /// Time passes.
    Wait(Millis),
}

/// Everything at once.
pub(crate) fn everything() -> Vec<Act> {
    let mut acts = failures(&[0, 1]);
    acts.extend(hosts());
    acts.extend([
        Act::Notify(0, State::Critical),
        Act::Status(0, State::Critical),
        Act::Status(1, State::Warning),
        Act::Acknowledge(0, true),
        Act::Outage(true),
        Act::Outage(false),
        Act::Monitoring(false),
        Act::Monitoring(true),
        Act::Off(0),
        Act::Off(1),
        Act::On(0),
        Act::Wait(SECOND),
        Act::Wait(5 * HOUR),
        Act::Wait(25 * HOUR),
    ]);
    acts
}

/// All states of these services, soft and hard.
pub(crate) fn failures(services: &[usize]) -> Vec<Act> {
    let states = [State::Ok, State::Warning, State::Critical, State::Unknown];
    let all = services.iter().flat_map(|s| states.into_iter().map(|state| (*s, state)));
    all.flat_map(|(s, state)| [true, false].map(|hard| Act::Service(s, state, hard))).collect()
}

/// The host's states.
pub(crate) fn hosts() -> Vec<Act> {
    let states = [(State::Up, true), (State::Down, false), (State::Down, true), (State::Unreachable, true)];
    states.into_iter().map(|(state, hard)| Act::Host(state, hard)).collect()
}

/// Fewer states, all that has to do with the host and with what settles a held service.
pub(crate) fn under_a_host() -> Vec<Act> {
    let mut acts = hosts();
    let states = [(State::Ok, true), (State::Ok, false), (State::Critical, true), (State::Critical, false)];
    acts.extend(states.into_iter().map(|(state, hard)| Act::Service(0, state, hard)));
    acts.extend([
        Act::Service(0, State::Warning, true),
        Act::Notify(0, State::Critical),
        Act::Status(0, State::Critical),
        Act::Off(0),
        Act::Wait(SECOND),
        Act::Wait(5 * HOUR),
    ]);
    acts
}

/// Fewer states, all that has to do with age, switching off and returning.
pub(crate) fn long_stories() -> Vec<Act> {
    vec![
        Act::Service(1, State::Ok, true),
        Act::Service(1, State::Ok, false),
        Act::Service(1, State::Warning, true),
        Act::Service(1, State::Critical, true),
        Act::Outage(true),
        Act::Outage(false),
        Act::Monitoring(false),
        Act::Off(1),
        Act::On(1),
        Act::Wait(5 * HOUR),
        Act::Wait(25 * HOUR),
    ]
}

/// All that people do, and what changes it underneath.
pub(crate) fn people() -> Vec<Act> {
    let mut acts = vec![
        Act::Service(0, State::Critical, true),
        Act::Service(0, State::Ok, true),
        Act::Service(1, State::Critical, true),
        Act::Off(0),
        Act::Off(1),
        Act::On(0),
        Act::On(1),
        Act::OffBoth,
        Act::OnBoth,
        Act::Mask { leader: 0, follower: 1 },
        Act::Mask { leader: 1, follower: 0 },
        Act::Unmask(1),
        Act::EndCause,
        Act::Outage(true),
        Act::Wait(5 * HOUR),
    ];
    acts.extend([Act::Cause, Act::Leave, Act::Note, Act::Strike].map(|act| act(0)));
    acts
}

pub(crate) fn key(service: Option<usize>) -> Key {
    Key { group: "m".into(), host: HOST.into(), service: service.map(|s| METRICS[s].into()) }
}

/// The documents.
pub(crate) fn papers() -> Papers {
    let settings = |sources| {
        let mut settings = Settings { off_working_days: 1, ..Settings::default() };
        let monitor = MonitorSettings { has_notifications: sources, has_status: sources, ..MonitorSettings::default() };
        settings.monitors.insert("m".into(), monitor);
        Document::Settings(Arc::new(settings))
    };
    let family = MetricSettings { mask_family: Some("family".into()), ..MetricSettings::default() };
    let raise = Some(vec![State::Critical, State::Unknown]);
    let profile = Profile {
        name: "ROC_OPERATORS".into(),
        service_types: [("CE".into(), METRICS.map(Text::from).to_vec())].into(),
        metrics: [(METRICS[0].into(), family.clone()), (METRICS[1].into(), MetricSettings { raise, ..family })].into(),
        ..Profile::default()
    };
    let profiles =
        Profiles { operators: profile.name.clone(), profiles: [(profile.name.clone(), profile)].into_iter().collect() };
    let topology = |monitored| {
        let site = Site { certification: "Certified".into(), ngi: "N".into(), ..Site::default() };
        let endpoint = Endpoint {
            site: "S".into(),
            ngi: "N".into(),
            in_production: true,
            monitored,
            endpoints: Default::default(),
        };
        let endpoints = [(HOST.into(), [("CE".into(), endpoint)].into())].into();
        Document::Topology(Arc::new(Topology { sites: [("S".into(), site)].into(), endpoints, ngis: Vec::new() }))
    };
    let window = DowntimeWindow {
        id: "1".into(),
        severity: Severity::Outage,
        scheduled: true,
        start: OUTAGE.0,
        end: OUTAGE.1,
        declared: START,
        description: "upgrade".into(),
        endpoints: Vec::new(),
    };
    let outage = Downtimes { windows: [(HOST.into(), [("CE".into(), vec![window])].into())].into() };
    vec![
        ("settings", settings(true)),
        ("settings-without-sources", settings(false)),
        ("profiles", Document::Profiles(Arc::new(profiles))),
        ("monitored", topology(true)),
        ("unmonitored", topology(false)),
        ("outage", Document::Downtimes(Arc::new(outage))),
        ("no-outage", Document::Downtimes(Arc::default())),
    ]
}

/// What comes before everything else.
pub(crate) fn first(sources: bool) -> Vec<Input> {
    vec![
        Input::Settings { hash: if sources { "settings" } else { "settings-without-sources" }.into() },
        Input::Profiles { hash: "profiles".into() },
        Input::Topology { hash: "monitored".into() },
        Input::Downtimes { hash: "no-outage".into() },
    ]
}

impl Act {
    /// The input; `None` when there is nothing that it could be done to, and for time.
    pub(crate) fn input(self, engine: &Engine, now: Timestamp) -> Option<Input> {
        let world = engine.world();
        let said = |origin, seen| {
            Some(Input::Observation(Observation { monitor: "m".into(), since: now, origin, sequence: None, seen }))
        };
        let asked = |action| Some(Input::Command(Command { who: "rod".into(), form: "".into(), action }));
        let seen = |alarm: &Arc<Alarm>| Target { alarm: alarm.id.clone(), version: alarm.version };
        let object = |s: usize| Object { host: HOST.into(), service: Some(METRICS[s].into()) };
        match self {
            Act::Service(s, state, hard) => said(Origin::Log, Seen::Service(service(HOST, METRICS[s], state, hard))),
            // See `found.rs`: what a host says SOFT after a HARD problem is not yet taken for the same problem.
            Act::Host(state, false)
                if state.is_problem() && world.view(&key(None), "m").is_some_and(alarm_core::watch::View::counts) =>
            {
                None
            }
            Act::Host(state, hard) => said(Origin::Log, Seen::Host(host(HOST, state, hard))),
            Act::Notify(s, state) => {
                let (contact, kind) = ("rod".into(), NotificationKind::Problem);
                let output = format!("{state}: said so").into();
                said(
                    Origin::Log,
                    Seen::Notification(NotificationSeen { object: object(s), contact, kind, state, output }),
                )
            }
            Act::Status(s, state) => {
                let mut seen = service(HOST, METRICS[s], state, true);
                (seen.report, seen.last_check) = (Report::Listed, Some(now));
                said(Origin::Status, Seen::Service(seen))
            }
            Act::Acknowledge(s, sticky) => {
                let (author, comment) = ("admin".into(), "known".into());
                said(Origin::Log, Seen::Acknowledged { object: object(s), sticky, author, comment })
            }
            Act::Outage(on) => Some(Input::Downtimes { hash: if on { "outage" } else { "no-outage" }.into() }),
            Act::Monitoring(on) => Some(Input::Topology { hash: if on { "monitored" } else { "unmonitored" }.into() }),
            Act::Off(s) => {
                let alarm = world.alarm_of(&key(Some(s)))?;
                let reason = alarm.failing_now().then_some(OffReason::MonitoringFault);
                let text = "".into();
                let alarms = vec![seen(alarm)];
                asked(Action::SwitchOff { alarms, reason, text, until: None })
            }
            Act::OffBoth => {
                let both = [world.alarm_of(&key(Some(0)))?, world.alarm_of(&key(Some(1)))?];
                let reason = Some(OffReason::MonitoringFault);
                asked(Action::SwitchOff { alarms: both.map(|a| seen(a)).into(), reason, text: "".into(), until: None })
            }
            Act::OnBoth => {
                let mut alarms = Vec::new();
                for s in 0..2 {
                    let mut off = world.closed.values().filter(|c| c.alarm.key == key(Some(s)));
                    let (Some(one), None) = (off.next(), off.next()) else { return None };
                    alarms.push(one.alarm.id.clone());
                }
                asked(Action::SwitchOn { alarms })
            }
            Act::Mask { leader, follower } => {
                let (leader, follower) = (world.alarm_of(&key(Some(leader)))?, world.alarm_of(&key(Some(follower)))?);
                asked(Action::Mask { leader: seen(leader), followers: vec![seen(follower)] })
            }
            Act::Unmask(s) => asked(Action::Unmask { alarms: vec![seen(world.alarm_of(&key(Some(s)))?)] }),
            Act::Cause(s) => {
                let alarms = vec![seen(world.alarm_of(&key(Some(s)))?)];
                asked(match world.causes.keys().next() {
                    Some(cause) => Action::JoinCause { cause: cause.clone(), alarms },
                    None => Action::OpenCause { kind: CauseKind::Network, text: "backbone".into(), alarms },
                })
            }
            Act::Leave(s) => asked(Action::LeaveCause { alarms: vec![seen(world.alarm_of(&key(Some(s)))?)] }),
            Act::EndCause => asked(Action::EndCause { cause: world.causes.keys().next()?.clone() }),
            Act::Note(s) => {
                let alarm = world.alarm_of(&key(Some(s)))?;
                if !alarm.notes.is_empty() {
                    return None;
                }
                asked(Action::Note { on: NoteOn::Alarm(alarm.id.clone()), text: "they work on it".into() })
            }
            Act::Strike(s) => {
                let note = world.alarm_of(&key(Some(s)))?.notes.first()?;
                asked(Action::StrikeNote { note: note.id.clone() })
            }
            Act::On(s) => {
                let mut off = world.closed.values().filter(|c| c.alarm.key == key(Some(s)));
                // Of several it would not be said which one is meant.
                let (Some(one), None) = (off.next(), off.next()) else { return None };
                asked(Action::SwitchOn { alarms: vec![one.alarm.id.clone()] })
            }
            Act::Wait(_) => None,
        }
    }

    /// What time it is afterwards.
    pub(crate) fn after(self, now: Timestamp) -> Timestamp {
        if let Act::Wait(by) = self { now.plus(by) } else { now }
    }

    /// Does it; `None`: it cannot be done here.
    pub(crate) fn apply(self, engine: &mut Engine, now: Timestamp) -> Option<Vec<Record>> {
        if let Act::Wait(_) = self {
            return Some(engine.advance(self.after(now)).records);
        }
        let input = self.input(engine, now)?;
        let handled = engine.handle(now, input);
        let may_not = matches!(self, Act::On(_) | Act::OnBoth | Act::Mask { .. } | Act::Unmask(_));
        if let (Some(Err(why)), false) = (&handled.outcome, may_not) {
            panic!("refused: {why:?}");
        }
        Some(handled.records)
    }
}
