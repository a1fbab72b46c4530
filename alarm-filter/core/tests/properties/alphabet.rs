//! A small alphabet of all that can happen: three monitors (two in one group), two sites with two hosts each, all kinds
//! of inputs, odd times among them; and what comes of a sequence of it.

use crate::papers::papers;
use crate::small::{self, SETTINGS_SET_TIMERS, learned};
use alarm_core::command::{Action, CauseKind, Command, NoteOn, OffReason, Target};
use alarm_core::engine::{Engine, Record};
use alarm_core::input::*;
use alarm_core::state::State;
use alarm_core::time::{DAY, HOUR, MINUTE, Millis, SECOND, Timestamp};
use proptest::prelude::*;

/// Monday 2026-11-23, 08:00 UTC.
pub(crate) const START: Timestamp = Timestamp(1_795_420_800_000);
/// `a` and `b` are of one group, `c` is alone, `x` is in no settings.
pub(crate) const MONITORS: [&str; 4] = ["a", "b", "c", "x"];
pub(crate) const HOSTS: [&str; 4] = ["h1.s", "h2.s", "h1.t", "h2.t"];
pub(crate) const SERVICES: [&str; 3] = ["org.sam.Job", "org.apel.Pub", "other"];

/// One thing that happens.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Wait(Millis),
    Input(Input),
    /// An action on the n-th of the alarms, on the board or off it.
    Command(usize, usize, Act),
    /// More is said of the n-th of the problems that monitors see: what, and since how long it stands.
    More(usize, u8, Millis),
}

/// What somebody does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Off(Option<OffReason>, bool),
    On,
    Mask,
    Unmask,
    Open(CauseKind),
    Join,
    Leave,
    End,
    /// On the alarm, or on its site.
    Note(bool),
    Strike,
}

/// A sequence, made concrete: every input with its time, and what was decided.
pub(crate) struct Story {
    pub(crate) inputs: Vec<(Timestamp, Input)>,
    /// What each input gave.
    pub(crate) records: Vec<Vec<Record>>,
    pub(crate) engine: Engine,
}

pub(crate) fn text(of: &'static [&'static str]) -> impl Strategy<Value = Text> {
    prop::sample::select(of).prop_map(Text::from)
}

fn object() -> impl Strategy<Value = Object> {
    (text(&HOSTS), prop::option::weighted(0.8, text(&SERVICES))).prop_map(|(host, service)| Object { host, service })
}

fn service_state() -> impl Strategy<Value = State> {
    prop::sample::select(&[State::Ok, State::Warning, State::Critical, State::Unknown][..])
}

fn report() -> impl Strategy<Value = Report> {
    prop_oneof![4 => Just(Report::Alert), 1 => Just(Report::Listed)]
}

/// Moments about the begin, and odd ones.
pub(crate) fn moment() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        8 => (-2 * DAY..10 * DAY).prop_map(|by| START.plus(by / SECOND * SECOND)),
        1 => prop::sample::select(&[0, 1, -1, 253_402_300_800_000][..]).prop_map(Timestamp),
    ]
}

fn output() -> impl Strategy<Value = Text> {
    text(&["OK", "CRITICAL: bad", "(Service check timed out after 60 s)", "", "ü\u{1f}\n\"\\"])
}

fn service_seen() -> impl Strategy<Value = ServiceSeen> {
    let times = (prop::option::weighted(0.3, moment()), prop::option::weighted(0.2, moment()));
    let texts = (output(), text(&["", "long\nlines"]), text(&["", "t=1s;;;0"]));
    let stands_for = prop::option::weighted(
        0.2,
        (text(&["S", "T", ""]), text(&["CE", "", "APEL"]), text(&["", "org.sam.Job"])).prop_map(
            |(site, ty, metric)| {
                let none = Text::from("");
                StandsFor { site, ngi: none.clone(), service_type: ty, metric, vo: none }.into()
            },
        ),
    );
    let state = (service_state(), prop::bool::weighted(0.8), report(), 0u32..4, prop::bool::weighted(0.03));
    (text(&HOSTS), text(&SERVICES), state, texts, times, stands_for).prop_map(
        |(host, service, state, texts, (last_check, last_change), stands_for)| ServiceSeen {
            host,
            service,
            state: state.0,
            hard: state.1,
            report: state.2,
            attempt: state.3,
            pending: state.4,
            output: texts.0,
            long_output: texts.1,
            perf_data: texts.2,
            last_check,
            last_change,
            stands_for,
        },
    )
}

fn host_seen() -> impl Strategy<Value = HostSeen> {
    let state = prop::sample::select(&[State::Up, State::Up, State::Down, State::Unreachable][..]);
    let times = (prop::option::weighted(0.2, moment()), prop::option::weighted(0.2, moment()));
    let how = (prop::bool::weighted(0.8), report(), prop::bool::weighted(0.03));
    (text(&HOSTS), state, how, times).prop_map(|(host, state, (hard, report, pending), (last_check, last_change))| {
        HostSeen { host, state, hard, report, attempt: 1, pending, output: "PING".into(), last_check, last_change }
    })
}

fn notification() -> impl Strategy<Value = NotificationSeen> {
    use NotificationKind::*;
    let kind =
        prop::sample::select(&[Problem, Problem, Problem, Recovery, Acknowledgement, Flapping, Downtime, Custom][..]);
    (object(), kind, service_state(), output()).prop_map(|(object, kind, state, output)| {
        let down = if state == State::Ok { State::Unreachable } else { State::Down };
        let problem = if state == State::Ok { State::Critical } else { state };
        let state = if object.service.is_some() { problem } else { down };
        NotificationSeen { object, contact: "rod".into(), kind, state, output }
    })
}

fn scheduled() -> impl Strategy<Value = ScheduledDowntime> {
    (object(), any::<bool>(), prop::option::of(0u64..5), moment(), moment(), any::<bool>()).prop_map(
        |(object, host_services, id, start, end, fixed)| ScheduledDowntime {
            host_services: host_services && object.service.is_none(),
            object,
            id,
            start,
            end,
            fixed,
            duration: HOUR,
            triggered_by: 0,
            author: "admin".into(),
            comment: "upgrade".into(),
        },
    )
}

fn deleted() -> impl Strategy<Value = DeletedDowntime> {
    prop_oneof![
        (0u64..5).prop_map(|id| DeletedDowntime::Id { id }),
        text(&HOSTS).prop_map(|host| DeletedDowntime::Host { host }),
        (object(), moment(), moment()).prop_map(|(object, start, end)| DeletedDowntime::Window { object, start, end }),
    ]
}

fn muted() -> impl Strategy<Value = Seen> {
    use MuteScope::*;
    let scope = prop::sample::select(&[Everything, Host, HostServices, Service][..]);
    (scope, object(), any::<bool>()).prop_map(|(scope, object, muted)| Seen::Muted {
        scope,
        service: object.service.filter(|_| scope == Service),
        host: if scope == Everything { "".into() } else { object.host },
        muted,
    })
}

/// All that a monitor can say.
pub(crate) fn seen() -> impl Strategy<Value = Seen> {
    prop_oneof![
        12 => service_seen().prop_map(Seen::Service),
        4 => host_seen().prop_map(Seen::Host),
        4 => notification().prop_map(Seen::Notification),
        1 => (object(), any::<bool>()).prop_map(|(object, on)| Seen::Flapping { object, on }),
        1 => (object(), any::<bool>()).prop_map(|(object, on)| Seen::InDowntime { object, on }),
        1 => scheduled().prop_map(Seen::DowntimeScheduled),
        1 => deleted().prop_map(|which| Seen::DowntimeDeleted { which }),
        1 => (object(), any::<bool>()).prop_map(|(object, sticky)| {
            Seen::Acknowledged { object, sticky, author: "admin".into(), comment: "known".into() }
        }),
        1 => object().prop_map(|object| Seen::AcknowledgementRemoved { object }),
        1 => muted(),
        1 => (object(), moment()).prop_map(|(object, until)| Seen::NotificationDelayed { object, until }),
        1 => object().prop_map(|object| Seen::Gone { object }),
    ]
}

/// What a monitor said; `since` is set when its turn comes, unless it is odd.
pub(crate) fn observation() -> impl Strategy<Value = Observation> {
    let origin = prop::sample::select(&[Origin::Log, Origin::Log, Origin::Status, Origin::Http][..]);
    (text(&MONITORS), origin, prop::option::weighted(0.1, moment()), 0u64..20, seen()).prop_map(
        |(monitor, origin, since, sequence, seen)| Observation {
            monitor,
            since: since.unwrap_or(NOW),
            origin,
            sequence: (origin == Origin::Http).then_some(sequence),
            seen,
        },
    )
}

/// Stands for the time at which it is handled.
pub(crate) const NOW: Timestamp = Timestamp(i64::MIN + 7);

fn source_state() -> impl Strategy<Value = SourceState> {
    use SourceHealth::*;
    let health = prop::sample::select(&[Fresh, Silent, Gap, Stopped][..]);
    let source = text(&["a", "b", "c", "gocdb"]);
    (source, health, moment()).prop_map(|(source, health, since)| {
        let detail = if health == Fresh { "" } else { "look at it" }.into();
        SourceState { source, health, since, detail }
    })
}

fn hash(kind: &'static str) -> impl Strategy<Value = Text> {
    let mut all: Vec<Text> = papers().iter().map(|p| p.0).filter(|n| n.starts_with(kind)).map(Text::from).collect();
    all.push(format!("{kind}-0").into());
    prop::sample::select(all)
}

/// All kinds of inputs but commands.
pub(crate) fn input() -> impl Strategy<Value = Input> {
    prop_oneof![
        40 => observation().prop_map(Input::Observation),
        1 => (text(&MONITORS), moment()).prop_map(|(monitor, since)| Input::MonitorStarted { monitor, since }),
        1 => (text(&MONITORS), moment()).prop_map(|(monitor, since)| Input::MonitorStopped { monitor, since }),
        1 => (text(&MONITORS), moment(), 0u32..9, 0u32..9).prop_map(|(monitor, since, differences, agreements)| {
            Input::Reconciled { monitor, source: "status.dat".into(), since, differences, agreements }
        }),
        3 => source_state().prop_map(Input::SourceState),
        2 => (text(&MONITORS), hash("objects")).prop_map(|(monitor, hash)| Input::Objects { monitor, hash }),
        2 => hash("topology").prop_map(|hash| Input::Topology { hash }),
        2 => hash("downtimes").prop_map(|hash| Input::Downtimes { hash }),
        1 => hash("profiles").prop_map(|hash| Input::Profiles { hash }),
        1 => hash("settings").prop_map(|hash| Input::Settings { hash }),
        1 => any::<i64>().prop_map(|by| Input::ClockStep { by }),
        1 => Just(Input::Tick),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    use OffReason::*;
    let reason = prop::sample::select(&[Downtime, NotInProduction, MonitoringFault, CoreService, Duplicate, Other][..]);
    let kind = prop::sample::select(&[CauseKind::CoreService, CauseKind::MonitoringFault, CauseKind::Network][..]);
    prop_oneof![
        4 => (prop::option::weighted(0.8, reason), any::<bool>()).prop_map(|(reason, until)| Act::Off(reason, until)),
        2 => Just(Act::On),
        2 => Just(Act::Mask),
        1 => Just(Act::Unmask),
        2 => kind.prop_map(Act::Open),
        1 => Just(Act::Join),
        1 => Just(Act::Leave),
        1 => Just(Act::End),
        2 => any::<bool>().prop_map(Act::Note),
        1 => Just(Act::Strike),
    ]
}

fn wait() -> impl Strategy<Value = Millis> {
    prop_oneof![
        4 => Just(0),
        6 => (1..120i64).prop_map(|s| s * SECOND),
        3 => (1..300i64).prop_map(|m| m * MINUTE),
        1 => (1..30i64).prop_map(|h| h * HOUR),
    ]
}

/// Without commands.
pub(crate) fn said() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![3 => input().prop_map(Step::Input), 2 => wait().prop_map(Step::Wait)];
    prop::collection::vec(step, 1..60)
}

/// All of it.
pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => input().prop_map(Step::Input),
        8 => wait().prop_map(Step::Wait),
        2 => (0usize..8, 0usize..8, act()).prop_map(|(n, m, act)| Step::Command(n, m, act)),
        3 => (0usize..8, 0u8..5, 0..2 * DAY).prop_map(|(n, what, by)| Step::More(n, what, by)),
    ];
    prop::collection::vec(step, 1..60)
}

/// The first inputs of every story.
pub(crate) fn first(settings: &'static str) -> Vec<Step> {
    let hash = |name: &str| Text::from(name);
    [
        Input::Settings { hash: hash(settings) },
        Input::Profiles { hash: hash("profiles-1") },
        Input::Topology { hash: hash("topology-1") },
        Input::Objects { monitor: "a".into(), hash: hash("objects-1") },
    ]
    .map(Step::Input)
    .into()
}

impl Story {
    /// Plays it once, and notes what the inputs were.
    pub(crate) fn of(steps: &[Step]) -> Story {
        let mut story = Story { inputs: Vec::new(), records: Vec::new(), engine: learned(&papers()) };
        let mut now = START;
        // In some, nothing but time settles what a host held.
        let settings = if steps.len().is_multiple_of(3) { "settings-2" } else { "settings-1" };
        for step in first(settings).iter().chain(steps) {
            let input = match step {
                Step::Input(Input::Settings { hash })
                    if !SETTINGS_SET_TIMERS && (&**hash == "settings-2") != (settings == "settings-2") =>
                {
                    continue;
                }
                Step::Wait(by) => {
                    now = now.plus(*by);
                    continue;
                }
                Step::Input(Input::Observation(o)) if o.since == NOW => {
                    Input::Observation(Observation { since: now, ..o.clone() })
                }
                Step::Input(input) => input.clone(),
                Step::Command(n, m, act) => match command(&story.engine, *n, *m, *act) {
                    Some(action) => {
                        Input::Command(Command { who: "rod".into(), form: format!("form-{n}-{m}").into(), action })
                    }
                    None => continue,
                },
                Step::More(n, what, by) => match more(&story.engine, *n, *what, now, *by) {
                    Some(o) => Input::Observation(o),
                    None => continue,
                },
            };
            story.records.push(story.engine.handle(now, input.clone()).records);
            story.inputs.push((now, input));
        }
        story
    }

    /// All records, in order.
    pub(crate) fn all(&self) -> Vec<Record> {
        self.records.iter().flatten().cloned().collect()
    }
}

fn more(engine: &Engine, n: usize, what: u8, now: Timestamp, by: Millis) -> Option<Observation> {
    let mut problems = Vec::new();
    for ((_, host), entry) in &engine.world().hosts {
        for (service, watch) in &entry.services {
            problems.extend(watch.views.iter().filter(|v| v.state.is_problem()).map(|v| (host, service, v)));
        }
    }
    let (host, service, view) = *problems.get(n % problems.len().max(1))?;
    let object = Object { host: host.clone(), service: Some(service.clone()) };
    let seen = match what {
        0 => {
            let mut seen = small::service(host, service, view.state, true);
            (seen.report, seen.output) = (Report::Listed, view.output.clone());
            (seen.last_check, seen.last_change) = (Some(now), Some(now.plus(-by)));
            Seen::Service(seen)
        }
        1 => Seen::Notification(NotificationSeen {
            object,
            contact: "rod".into(),
            kind: NotificationKind::Problem,
            state: view.state,
            output: view.output.clone(),
        }),
        2 => Seen::Acknowledged { object, sticky: by % 2 == 0, author: "admin".into(), comment: "known".into() },
        3 => Seen::AcknowledgementRemoved { object },
        _ => Seen::Host(small::host(host, State::Up, true)),
    };
    let origin = if what == 0 { Origin::Status } else { Origin::Log };
    Some(Observation { monitor: view.monitor.clone(), since: now, origin, sequence: None, seen })
}

fn command(engine: &Engine, n: usize, m: usize, act: Act) -> Option<Action> {
    let world = engine.world();
    let ids: Vec<Text> = world.alarms.keys().cloned().collect();
    let pick = |ids: &[Text], n: usize| (!ids.is_empty()).then(|| ids[n % ids.len()].clone());
    // Some were seen as they are, some at an earlier version, and of some nobody asks.
    let target = |n: usize| {
        let alarm = pick(&ids, n)?;
        let version = [0, world.alarms.get(&alarm).map_or(0, |a| a.version), 1][n % 3];
        Some(Target { alarm, version })
    };
    let both = || Some(vec![target(n)?, target(m)?]);
    let notes = || -> Vec<Text> {
        let pads = world.notepads.values().flat_map(|notes| notes.iter());
        pads.chain(world.alarms.values().flat_map(|a| &a.notes)).map(|n| n.id.clone()).collect()
    };
    let causes: Vec<Text> = world.causes.keys().cloned().collect();
    Some(match act {
        Act::Off(reason, until) => Action::SwitchOff {
            alarms: both()?,
            reason,
            text: "said".into(),
            until: until.then(|| world.at.plus(2 * HOUR)),
        },
        Act::On => {
            let off: Vec<Text> = world.closed.keys().cloned().collect();
            Action::SwitchOn { alarms: vec![pick(&off, n)?, pick(&off, m)?] }
        }
        Act::Mask => Action::Mask { leader: target(n)?, followers: vec![target(m)?, target(n + m + 1)?] },
        Act::Unmask => Action::Unmask { alarms: both()? },
        Act::Open(kind) => Action::OpenCause { kind, text: "power".into(), alarms: both()? },
        Act::Join => Action::JoinCause { cause: pick(&causes, m)?, alarms: both()? },
        Act::Leave => Action::LeaveCause { alarms: both()? },
        Act::End => Action::EndCause { cause: pick(&causes, n)? },
        Act::Note(true) => Action::Note { on: NoteOn::Alarm(pick(&ids, n)?), text: "odd \u{1b}[2J\n\u{202e}".into() },
        Act::Note(false) => {
            Action::Note { on: NoteOn::Site(["S", "T", "nowhere"][n % 3].into()), text: "moving".into() }
        }
        Act::Strike => Action::StrikeNote { note: pick(&notes(), n)? },
    })
}
