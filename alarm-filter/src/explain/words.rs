//! The smaller words of sentences: names of objects, times, reasons. What comes from sites and probes is cleaned here.

use alarm_core::alarm::Told;
use alarm_core::command::{CauseKind, OffReason};
use alarm_core::flag::Flag;
use alarm_core::time::{DAY, HOUR, MINUTE, Millis, SECOND, Timestamp};
use alarm_core::watch::{Key, SetAside};

/// How much of an output a sentence quotes.
const QUOTED: usize = 160;

/// `2026-11-22 03:52:31 UTC`.
pub fn time(at: Timestamp) -> String {
    match chrono::DateTime::from_timestamp_millis(at.0) {
        Some(t) => t.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        None => format!("{} ms after 1970", at.0),
    }
}

/// `2 days 3 hours`, `4 minutes`, `12 seconds`: the two largest units.
pub fn span(length: Millis) -> String {
    let mut rest = length.max(0);
    let mut parts = Vec::new();
    for (unit, name) in [(DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (SECOND, "second")] {
        let n = rest / unit;
        rest %= unit;
        if n > 0 {
            parts.push(format!("{n} {name}{}", if n == 1 { "" } else { "s" }));
        } else if !parts.is_empty() {
            break;
        }
        if parts.len() == 2 {
            break;
        }
    }
    if parts.is_empty() { "no time".to_owned() } else { parts.join(" ") }
}

/// `org.sam.WN-Bi-ops on ce.example.org`, or `host ce.example.org`.
pub fn object(key: &Key) -> String {
    match &key.service {
        Some(service) => format!("{} on {}", clean(service), clean(&key.host)),
        None => format!("host {}", clean(&key.host)),
    }
}

/// Text from elsewhere: what could steer a terminal or turn the reading direction is written out, long text is cut.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(2 * QUOTED));
    for (i, c) in text.chars().enumerate() {
        if i >= QUOTED {
            out.push('…');
            break;
        }
        let steers = c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if steers {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// `: "output"`, or nothing for an empty one.
pub(super) fn quoted(output: &str) -> String {
    if output.is_empty() { String::new() } else { format!(": \"{}\"", clean(output)) }
}

/// `a`, `a and b`, `a, b and c`.
pub fn list<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [firsts @ .., last] => {
            let firsts: Vec<&str> = firsts.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", firsts.join(", "), last.as_ref())
        }
    }
}

/// Reasons as one clause: `it is acknowledged in the monitor and its host is not UP`.
pub fn reasons(flags: &[Flag]) -> String {
    list(&flags.iter().map(|f| f.sentence()).collect::<Vec<_>>())
}

/// What the monitor did about a hard state, as a further clause; empty when that was not asked.
pub fn told(told: &Told) -> String {
    match told {
        Told::Notified => ", and the monitor notified its contacts".to_owned(),
        Told::Not(why) if why.is_empty() => {
            ", and the monitor notified nobody, for a reason that is not known".to_owned()
        }
        Told::Not(why) => format!(", and the monitor notified nobody, because {}", reasons(why)),
        Told::NotAsked => String::new(),
    }
}

/// Why a hard problem raises no alarm, as a clause after "because".
pub fn set_aside(reason: &SetAside) -> String {
    match reason {
        SetAside::NotInProfile { profile, service_type, metric } if service_type.is_empty() => format!(
            "its service type is not known, and the profile {} does not list the metric {} without one",
            clean(profile),
            clean(metric)
        ),
        SetAside::NotInProfile { profile, service_type, metric } => format!(
            "the profile {} does not list the metric {} of the service type {}",
            clean(profile),
            clean(metric),
            clean(service_type)
        ),
        SetAside::Candidate { profile } => {
            format!(
                "its metric is only a candidate in the profile {}: it is evaluated and raises nothing",
                clean(profile)
            )
        }
        SetAside::StateDoesNotRaise { state } => format!("the profile does not raise {state} for its metric"),
        SetAside::Certification { site, status } => {
            format!("the site {} is {} in the topology, and such sites raise no alarms", clean(site), clean(status))
        }
        SetAside::HostDownIgnored => "the profile raises no alarms for hosts that are not UP".to_owned(),
        SetAside::HostNotUp => {
            "it became HARD while its host was not UP: it is held under its host until a result shows that it still \
             fails with the host UP"
                .to_owned()
        }
        SetAside::SwitchedOff { until } => format!(
            "its alarm was switched off; it returns at {} at the latest, or when it fails again after an OK",
            time(*until)
        ),
        SetAside::NoProfile => "no profile is loaded".to_owned(),
    }
}

/// Why somebody switched a failing alarm off.
pub fn off_reason(reason: OffReason) -> &'static str {
    match reason {
        OffReason::Downtime => "the service is in downtime",
        OffReason::NotInProduction => "it is not in production",
        OffReason::MonitoringFault => "the monitoring is at fault",
        OffReason::CoreService => "a core service is at fault",
        OffReason::Duplicate => "another alarm tells the same",
        OffReason::Other => "another reason",
    }
}

/// What lies behind a common cause.
pub fn cause_kind(kind: CauseKind) -> &'static str {
    match kind {
        CauseKind::CoreService => "a fault of a core service",
        CauseKind::MonitoringFault => "a fault of the monitoring",
        CauseKind::Network => "a fault of the network",
    }
}
