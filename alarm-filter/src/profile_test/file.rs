//! The shape of a test file.

use crate::config::{CalendarSection, Length, RulesSection};
use alarm_core::command::OffReason;
use alarm_core::flag::Flag;
use alarm_core::state::State;
use alarm_core::topology::Severity;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;

/// A test file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TestFile {
    /// The profile's file, relative to this one.
    pub(super) profile: Spanned<String>,
    /// What steps and expectations that do not name it are about.
    #[serde(default)]
    pub(super) defaults: About,
    /// Sites of the topology with their services; without any there is no topology.
    #[serde(default)]
    pub(super) sites: BTreeMap<String, SiteSpec>,
    /// The rules' numbers, as in the daemon's configuration.
    #[serde(default)]
    pub(super) rules: RulesSection,
    /// The region's working days, as in the daemon's configuration.
    #[serde(default)]
    pub(super) calendar: CalendarSection,
    /// The cases.
    pub(super) case: Vec<Spanned<Case>>,
}

/// A site.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SiteSpec {
    #[serde(default)]
    pub(super) ngi: String,
    #[serde(default = "certified")]
    pub(super) certification: String,
    #[serde(default)]
    pub(super) services: Vec<EndpointSpec>,
}

fn certified() -> String {
    "Certified".to_owned()
}

fn yes() -> bool {
    true
}

/// A service of a site.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndpointSpec {
    pub(super) host: String,
    #[serde(rename = "type")]
    pub(super) service_type: String,
    #[serde(default = "yes")]
    pub(super) monitored: bool,
    #[serde(default = "yes")]
    pub(super) in_production: bool,
}

/// What a step or an expectation is about; what is left out is taken from `[defaults]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct About {
    pub(super) host: Option<String>,
    pub(super) service: Option<String>,
    pub(super) service_type: Option<String>,
    pub(super) site: Option<String>,
}

/// A case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) name: String,
    /// Where its time begins (2026-11-23T08:00:00Z, a Monday).
    #[serde(default = "monday")]
    pub(super) at: Spanned<String>,
    /// Downtimes that are declared from the begin.
    #[serde(default)]
    pub(super) downtimes: Vec<DowntimeSpec>,
    pub(super) when: Vec<Spanned<Step>>,
    pub(super) expect: Vec<Spanned<Expect>>,
}

fn monday() -> Spanned<String> {
    Spanned::new(0..0, "2026-11-23T08:00:00Z".to_owned())
}

/// A downtime; times are counted from the case's begin.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DowntimeSpec {
    pub(super) host: Option<String>,
    #[serde(rename = "type")]
    pub(super) service_type: Option<String>,
    #[serde(default = "outage")]
    pub(super) severity: Severity,
    #[serde(default = "yes")]
    pub(super) scheduled: bool,
    pub(super) from: Length,
    pub(super) to: Length,
}

fn outage() -> Severity {
    Severity::Outage
}

/// Something that happens. Times are counted from the case's begin.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    #[serde(default = "at_once")]
    pub(super) after: Length,
    pub(super) host: Option<String>,
    pub(super) service: Option<String>,
    pub(super) service_type: Option<String>,
    pub(super) site: Option<String>,
    /// A result of the service …
    pub(super) state: Option<State>,
    /// … or of the host's own check; HARD unless `hard = false`.
    pub(super) host_state: Option<State>,
    #[serde(default = "yes")]
    pub(super) hard: bool,
    #[serde(default)]
    pub(super) output: String,
    /// A notification of the service in that state.
    pub(super) notified: Option<State>,
    /// `"who: why"`, or false for taken back.
    pub(super) acknowledged: Option<Acknowledged>,
    pub(super) flapping: Option<bool>,
    /// A downtime of the monitor's own.
    pub(super) in_downtime: Option<bool>,
    /// Notifications switched off.
    pub(super) muted: Option<bool>,
    /// It leaves the monitor's configuration.
    pub(super) gone: Option<bool>,
    /// The topology's downtimes from here on, instead of those before.
    pub(super) downtimes: Option<Vec<DowntimeSpec>>,
    /// Somebody switches its alarm off: with a reason, or `"ok"`.
    pub(super) switched_off: Option<SwitchOff>,
}

fn at_once() -> Length {
    Length(0)
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Acknowledged {
    Is(bool),
    By(String),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum SwitchOff {
    Reason(OffReason),
    Ok(OkWord),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum OkWord {
    Ok,
}

/// What has to be at a time: one of `alarms`, `none`, `aside`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    pub(super) after: Length,
    /// Exactly these alarms on the board.
    pub(super) alarms: Option<Vec<AlarmSpec>>,
    /// No alarm on the board.
    #[serde(default)]
    pub(super) none: bool,
    /// Its problem is set aside for that reason.
    pub(super) aside: Option<String>,
    pub(super) host: Option<String>,
    pub(super) service: Option<String>,
}

/// An alarm; what is left out is not asked for, except host and service, which come from `[defaults]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AlarmSpec {
    pub(super) host: Option<String>,
    /// The service's description; `Host` for the host's own alarm.
    pub(super) service: Option<String>,
    /// Instead: the metric, with or without the VO's suffix.
    pub(super) metric: Option<String>,
    pub(super) state: Option<State>,
    pub(super) site: Option<String>,
    /// Exactly these.
    pub(super) flags: Option<Vec<Flag>>,
    pub(super) episodes: Option<u32>,
    pub(super) age_at_least: Option<Length>,
    pub(super) age_under: Option<Length>,
    pub(super) stable: Option<bool>,
    pub(super) masked: Option<bool>,
    pub(super) security: Option<bool>,
}

/// What cannot be, with its place.
pub(super) struct Fault {
    pub(super) span: Range<usize>,
    pub(super) what: String,
    pub(super) hint: String,
}

/// The words for `aside`.
pub(super) const ASIDE: [&str; 8] = [
    "not-in-profile",
    "candidate",
    "state-does-not-raise",
    "certification",
    "host-down-ignored",
    "host-not-up",
    "switched-off",
    "no-profile",
];

impl Step {
    /// What happens, as the keys that say it.
    fn actions(&self) -> Vec<&'static str> {
        let keys = [
            ("state", self.state.is_some()),
            ("host_state", self.host_state.is_some()),
            ("notified", self.notified.is_some()),
            ("acknowledged", self.acknowledged.is_some()),
            ("flapping", self.flapping.is_some()),
            ("in_downtime", self.in_downtime.is_some()),
            ("muted", self.muted.is_some()),
            ("gone", self.gone.is_some()),
            ("downtimes", self.downtimes.is_some()),
            ("switched_off", self.switched_off.is_some()),
        ];
        keys.into_iter().filter(|(_, there)| *there).map(|(key, _)| key).collect()
    }
}

impl TestFile {
    /// What the reader let pass and still cannot be.
    pub(super) fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut add = |span: Range<usize>, what: String, hint: &str| {
            faults.push(Fault { span, what, hint: hint.to_owned() });
        };
        for case in &self.case {
            let span = case.span();
            let case = case.get_ref();
            if chrono::DateTime::parse_from_rfc3339(case.at.get_ref()).is_err() {
                add(case.at.span(), format!("{:?} is no time", case.at.get_ref()), "write 2026-11-22T08:00:00Z");
            }
            if case.expect.is_empty() {
                add(span, format!("the case {:?} expects nothing", case.name), "add [[case.expect]]");
            }
            let mut last = Length(0);
            for step in &case.when {
                let (at, step) = (step.span(), step.get_ref());
                match step.actions().as_slice() {
                    [_] => {}
                    [] => add(at.clone(), "nothing happens in this step".to_owned(), "add state = \"CRITICAL\", say"),
                    many => {
                        let what = format!("several things happen in one step ({})", many.join(", "));
                        add(at.clone(), what, "write a step for each, with the same `after` if they happen together");
                    }
                }
                if step.host.is_none() && self.defaults.host.is_none() && step.downtimes.is_none() {
                    add(at.clone(), "the step names no host".to_owned(), "add host = \"…\", or host under [defaults]");
                }
                let of_service = step.state.is_some() || step.notified.is_some();
                if of_service && step.service.is_none() && self.defaults.service.is_none() {
                    let hint = "add service = \"…\", or service under [defaults]";
                    add(at.clone(), "the step names no service".to_owned(), hint);
                }
                let kinds = [
                    (step.state.or(step.notified), true, "OK, WARNING, CRITICAL or UNKNOWN"),
                    (step.host_state, false, "UP, DOWN or UNREACHABLE"),
                ];
                for (state, service, words) in kinds {
                    if let Some(s) = state
                        && service == matches!(s, State::Up | State::Down | State::Unreachable)
                    {
                        let whose = if service { "a service's" } else { "a host's" };
                        add(at.clone(), format!("{s} is not {whose} state"), &format!("write {words}"));
                    }
                }
                if step.after < last {
                    add(at, "the step lies before the one above it".to_owned(), "put the steps in order of `after`");
                }
                last = last.max(step.after);
            }
            for expect in &case.expect {
                let (at, e) = (expect.span(), expect.get_ref());
                let asked = usize::from(e.alarms.is_some()) + usize::from(e.none) + usize::from(e.aside.is_some());
                if asked != 1 {
                    let what = "an expectation is one of alarms, none, aside".to_owned();
                    add(at.clone(), what, "add alarms = [{ state = \"CRITICAL\" }], none = true or aside = \"…\"");
                }
                if let Some(word) = e.aside.as_deref().filter(|w| !ASIDE.contains(w)) {
                    let hint = match crate::profile_file::nearest(word, &ASIDE) {
                        Some(near) => format!("did you mean {near}?"),
                        None => format!("known here: {}", ASIDE.join(", ")),
                    };
                    add(at, format!("aside = {word:?} is no reason"), &hint);
                }
            }
        }
        faults
    }
}
