//! One event, one sentence.

use super::words::{cause_kind, clean, list, object, off_reason, quoted, set_aside, time, told};
use alarm_core::alarm::Mark;
use alarm_core::event::{Event, Note, Seen};
use alarm_core::flag::Flag;
use alarm_core::input::{DeletedDowntime, Object, PeriodOf, SourceHealth};
use alarm_core::time::Timestamp;
use alarm_core::watch::Key;
use std::collections::BTreeMap;

/// What an event says, as one sentence; `None` for one that is only book-keeping.
pub fn sentence(event: &Event) -> Option<String> {
    Some(match event {
        Event::Seen(seen) => of_seen(seen),
        Event::NotificationSent { key, monitor, problem: Some(state), .. } => {
            format!("{} notified its contacts that {} is {state}.", clean(monitor), object(key))
        }
        Event::NotificationSent { key, monitor, problem: None, .. } => {
            format!("{} notified its contacts that {} has recovered.", clean(monitor), object(key))
        }
        Event::Noted { key, monitor, note, .. } => of_note(key, monitor, note),
        Event::Muted { monitor, host, muted } => {
            let whose = match host {
                Some(host) => format!("of all services on {}", clean(host)),
                None => "of everything".to_owned(),
            };
            format!("In {}, notifications {whose} were switched {}.", clean(monitor), on(!muted))
        }
        Event::ContactTold { monitor, contact, services, told } => format!(
            "In {}, {} is {} of {}.",
            clean(monitor),
            clean(contact),
            if *told { "told again" } else { "told nothing more" },
            if *services { "services" } else { "hosts" }
        ),
        Event::PeriodChanged { monitor, of, period } => {
            let whose = match of {
                PeriodOf::Object(Object { host, service: Some(s) }) => format!("{} on {}", clean(s), clean(host)),
                PeriodOf::Object(Object { host, service: None }) => format!("host {}", clean(host)),
                PeriodOf::ContactHosts(who) => format!("{} for hosts", clean(who)),
                PeriodOf::ContactServices(who) => format!("{} for services", clean(who)),
            };
            format!("In {}, the notification period of {whose} is {} now.", clean(monitor), clean(period))
        }
        Event::DowntimeDeleted { monitor, which } => match which {
            DeletedDowntime::Id { id } => format!("In {}, downtime {id} was deleted.", clean(monitor)),
            DeletedDowntime::Window { object: o, start, end } => format!(
                "In {}, the downtime from {} to {} of {} was deleted.",
                clean(monitor),
                time(*start),
                time(*end),
                o.service.as_ref().map_or_else(|| clean(&o.host), |s| format!("{} on {}", clean(s), clean(&o.host)))
            ),
            DeletedDowntime::Host { host } => {
                format!("In {}, all downtimes of {} and its services were deleted.", clean(monitor), clean(host))
            }
        },
        Event::MonitorStarted { monitor, .. } => {
            format!("{} started or read its configuration anew; what it knew of flapping is forgotten.", clean(monitor))
        }
        Event::Source(state) => {
            let how = match state.health {
                SourceHealth::Fresh => "is up to date".to_owned(),
                SourceHealth::Silent => format!("has been silent since {}", time(state.since)),
                SourceHealth::Gap => format!("lost something before {}", time(state.since)),
                SourceHealth::Stopped => format!("was stopped at {}", time(state.since)),
            };
            let detail = if state.detail.is_empty() { String::new() } else { format!(": {}", clean(&state.detail)) };
            format!("The source {} {how}{detail}.", clean(&state.source))
        }
        Event::Received { .. } | Event::CommandTaken { .. } => return None,
        Event::Objects { monitor, .. } => format!("A new configuration of {} is in force.", clean(monitor)),
        Event::Topology { .. } => "A new topology (sites and services) is in force.".to_owned(),
        Event::Downtimes { .. } => "A new list of the topology's downtimes is in force.".to_owned(),
        Event::Profiles { .. } => "New profiles are in force.".to_owned(),
        Event::Settings { .. } => "New settings are in force.".to_owned(),
        Event::Raised { key, about, monitors, change, .. } => {
            let site = if about.site.is_empty() { "an unknown site".to_owned() } else { clean(&about.site) };
            format!(
                "An alarm was raised for {} at {site}: {} says {} since {}{}{}.",
                object(key),
                names(monitors),
                change.state,
                time(change.at),
                quoted(&change.output),
                told(&change.told)
            )
        }
        Event::Changed { key, change, again: true, .. } => format!(
            "It failed again, and the same alarm goes on: {} is {} since {}{}{}.",
            object(key),
            change.state,
            time(change.at),
            quoted(&change.output),
            told(&change.told)
        ),
        Event::Changed { key, monitors, change, again: false, .. } => format!(
            "The alarm goes on: {} says that {} is {} since {}{}{}.",
            names(monitors),
            object(key),
            change.state,
            time(change.at),
            quoted(&change.output),
            told(&change.told)
        ),
        Event::Recovered { key, change, .. } if change.state.is_problem() => format!(
            "The alarm counts as over: {} is {} since {}, which the profile does not raise{}.",
            object(key),
            change.state,
            time(change.at),
            quoted(&change.output)
        ),
        Event::Recovered { key, change, .. } => format!(
            "It recovered: {} is {} since {}{}; the alarm stays, marked {}, until it is switched off.",
            object(key),
            change.state,
            time(change.at),
            quoted(&change.output),
            change.state
        ),
        Event::Refreshed { key, since, .. } => {
            format!("The monitor repeated the problem of {} at {}: the same alarm.", object(key), time(*since))
        }
        Event::Output { key, output, .. } => format!("More is known of {}{}.", object(key), quoted(output)),
        Event::Corrected { key, since, .. } => {
            format!("{} had been failing since {}, earlier than was known.", capital(&object(key)), time(*since))
        }
        Event::Flags { key, set, cleared, .. } => of_flags(key, set, cleared)?,
        Event::About { key, about, .. } => format!(
            "What {} stands for is now: site {}, service type {}, metric {}.",
            object(key),
            or_unknown(&about.site),
            or_unknown(&about.service_type),
            or_unknown(&about.metric)
        ),
        Event::SwitchedOff { key, who, reason, text, until, .. } => {
            let why = match reason {
                Some(reason) => format!(", because {}", off_reason(*reason)),
                None => String::new(),
            };
            let text = if text.is_empty() { String::new() } else { format!(" (\"{}\")", clean(text)) };
            let until = match until {
                Some(t) => format!("; it returns at {} at the latest, or when it fails again after an OK", time(*t)),
                None => String::new(),
            };
            format!("{} switched the alarm of {} off{why}{text}{until}.", clean(who), object(key))
        }
        Event::Returned { key, why, .. } => {
            format!("The alarm of {} came back with its history: {}.", object(key), clean(why))
        }
        Event::Withdrawn { key, reason, .. } => {
            format!("The alarm of {} left the board, because {}.", object(key), set_aside(reason))
        }
        Event::SetAside { key, reason: Some(reason), .. } => {
            format!("{} raises no alarm, because {}.", capital(&object(key)), set_aside(reason))
        }
        Event::SetAside { key, reason: None, .. } => format!("{} is no longer set aside.", capital(&object(key))),
        Event::Masked { key, mask, .. } => {
            let whose = if mask.family { " as one of its family" } else { "" };
            format!("{} put {} under the alarm {}{whose}.", clean(&mask.who), object(key), mask.leader)
        }
        Event::Unmasked { key, who, .. } if !who.is_empty() => {
            format!("{} took the alarm of {} out from under its leader.", clean(who), object(key))
        }
        Event::Unmasked { key, why, .. } => {
            format!("The alarm of {} is no longer masked: {}.", object(key), clean(why))
        }
        Event::StableOk { key, .. } => format!("The OK of {} has become stable.", object(key)),
        Event::Aged { key, .. } => format!("The alarm of {} became 24 h old and needs a ticket.", object(key)),
        Event::ReportMonitoringOff { key, .. } => format!(
            "Monitoring of {} has been off in the topology for long, and it is still reported on: this goes to the \
             topology's support unit once.",
            object(key)
        ),
        Event::CauseOpened { cause, who, kind, text, alarms, .. } => format!(
            "{} put {} under the common cause {cause}, {}: \"{}\".",
            clean(who),
            alarms_in_words(alarms.len()),
            cause_kind(*kind),
            clean(text)
        ),
        Event::CauseJoined { cause, who, alarms, .. } => {
            format!("{} put {} under the common cause {cause}.", clean(who), alarms_in_words(alarms.len()))
        }
        Event::CauseLeft { who, was } => {
            format!("{} took {} out of their common cause.", clean(who), alarms_in_words(was.len()))
        }
        // Not what stands in it: it may be taken back, and is nobody's reason for an alarm.
        Event::NoteWritten { key, site, written } => {
            format!("{} wrote a note on {}.", clean(&written.who), noted(key.as_ref(), site))
        }
        Event::NoteStruck { key, site, who, struck } => {
            let whose = if *who == struck.who {
                "a note of their own".to_owned()
            } else {
                format!("a note of {}", clean(&struck.who))
            };
            format!("{} took {whose} on {} back.", clean(who), noted(key.as_ref(), site))
        }
        Event::CauseEnded { cause, who, .. } => {
            format!("{} ended the common cause {cause}: its alarms return to their sites with their age.", clean(who))
        }
        Event::CauseProposed { metric, sites, joins: true, .. } => format!(
            "{} turned non-OK at {} more: {}; they join the common cause that is proposed.",
            clean(metric),
            if sites.len() == 1 { "site".to_owned() } else { format!("{} sites", sites.len()) },
            list(&sites.iter().map(|s| or_unknown(s)).collect::<Vec<_>>())
        ),
        Event::CauseProposed { metric, sites, .. } => format!(
            "{} turned non-OK at {} sites within a short time ({}): a common cause is proposed.",
            clean(metric),
            sites.len(),
            list(&sites.iter().map(|s| or_unknown(s)).collect::<Vec<_>>())
        ),
    })
}

fn alarms_in_words(n: usize) -> String {
    format!("{n} alarm{}", if n == 1 { "" } else { "s" })
}

/// What a note is on.
fn noted(key: Option<&Key>, site: &str) -> String {
    match key {
        Some(key) => format!("the alarm of {}", object(key)),
        None => format!("the site {}", clean(site)),
    }
}

/// When it was so by the monitor's clock, where the event says.
pub(super) fn since(event: &Event) -> Option<Timestamp> {
    match event {
        Event::Seen(Seen { since, .. })
        | Event::NotificationSent { since, .. }
        | Event::Noted { since, .. }
        | Event::MonitorStarted { since, .. }
        | Event::Refreshed { since, .. }
        | Event::Corrected { since, .. }
        | Event::Flags { since, .. }
        | Event::SetAside { since, .. } => Some(*since),
        Event::Raised { change, .. } | Event::Changed { change, .. } | Event::Recovered { change, .. } => {
            Some(change.at)
        }
        Event::Source(state) => Some(state.since),
        _ => None,
    }
}

fn of_seen(seen: &Seen) -> String {
    let kind = if seen.hard { "HARD" } else { "SOFT" };
    let so = match (seen.state.is_problem(), seen.hard, seen.held) {
        (true, true, true) => "; its host was not UP, so that this says nothing of the service itself",
        (true, false, _) => "; soft states raise nothing",
        _ => "",
    };
    format!(
        "{} says that {} is {} since {} ({kind}, attempt {}){so}{}.",
        clean(&seen.monitor),
        object(&seen.key),
        seen.state,
        time(seen.since),
        seen.attempt,
        quoted(&seen.output)
    )
}

fn of_note(key: &Key, monitor: &str, note: &Note) -> String {
    let (monitor, object) = (clean(monitor), object(key));
    match note {
        Note::Flapping { on: true } => format!("{monitor} says that {object} is flapping."),
        Note::Flapping { on: false } => format!("{monitor} says that {object} is no longer flapping."),
        Note::InDowntime { on: true } => format!("A downtime of {object} began in {monitor}."),
        Note::InDowntime { on: false } => format!("The downtime of {object} ended in {monitor}."),
        Note::Acknowledged(ack) => format!(
            "{} acknowledged the problem of {object} in {monitor}{}: \"{}\".",
            clean(&ack.author),
            if ack.sticky { " until it is OK" } else { "" },
            clean(&ack.comment)
        ),
        Note::Unacknowledged => format!("The acknowledgement of {object} in {monitor} is gone."),
        Note::Mute { muted } => format!("In {monitor}, notifications of {object} were switched {}.", on(!muted)),
        Note::Flexible(d) => format!(
            "{} scheduled a flexible downtime of {object} in {monitor}, from {} to {}: \"{}\".",
            clean(&d.author),
            time(d.start),
            time(d.end),
            clean(&d.comment)
        ),
        Note::Delayed { until } => format!("In {monitor}, notifications of {object} were put off to {}.", time(*until)),
        Note::Released => format!(
            "What {monitor} says of {object} counts from here on: it fails although its host is UP again, or nothing has \
             said otherwise."
        ),
        Note::Gone { gone: true } => format!("{} left the configuration of {monitor}.", capital(&object)),
        Note::Gone { gone: false } => format!("{} is in the configuration of {monitor} again.", capital(&object)),
    }
}

fn of_flags(key: &Key, set: &BTreeMap<Flag, Mark>, cleared: &[Flag]) -> Option<String> {
    let with = |(flag, mark): (&Flag, &Mark)| match mark.detail.is_empty() {
        true => format!("{} ({})", flag.word(), flag.sentence()),
        false => format!("{} ({}; {})", flag.word(), flag.sentence(), clean(&mark.detail)),
    };
    let set: Vec<String> = set.iter().map(with).collect();
    let cleared: Vec<&str> = cleared.iter().map(|f| f.word()).collect();
    let alarm = format!("The alarm of {}", object(key));
    Some(match (set.is_empty(), cleared.is_empty()) {
        (true, true) => return None,
        (false, true) => format!("{alarm} is marked {}.", list(&set)),
        (true, false) => format!("{alarm} is no longer marked {}.", list(&cleared)),
        (false, false) => format!("{alarm} is marked {}, and no longer {}.", list(&set), list(&cleared)),
    })
}

fn names<S: AsRef<str>>(monitors: &[S]) -> String {
    if monitors.is_empty() {
        return "no monitor".to_owned();
    }
    list(&monitors.iter().map(|m| clean(m.as_ref())).collect::<Vec<_>>())
}

fn or_unknown(text: &str) -> String {
    if text.is_empty() { "unknown".to_owned() } else { clean(text) }
}

fn on(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// `host x` begins a sentence as `Host x`; a service keeps its name.
fn capital(object: &str) -> String {
    match object.strip_prefix("host ") {
        Some(rest) => format!("Host {rest}"),
        None => object.to_owned(),
    }
}
