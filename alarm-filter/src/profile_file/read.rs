//! A file's tables to a [`Profile`]. Read by hand rather than by derive, so that every error of a file is found in one
//! go and each knows its place.

use super::Findings;
use super::judge;
use super::suggest::nearest;
use alarm_core::input::Text;
use alarm_core::profile::{HostDown, MetricSettings, Profile};
use alarm_core::state::State;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

type Key<'i> = Spanned<DeString<'i>>;
type Value<'i> = Spanned<DeValue<'i>>;

/// A name in a file, with where it stands.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) name: Text,
    pub(super) at: Range<usize>,
}

/// Service types and their metrics, or groups and their service types, in the order of the file, with places.
pub(super) type Listed = Vec<(Named, Vec<Named>)>;

/// What a table of lists holds, for messages.
struct Lists {
    table: &'static str,
    list: &'static str,
    empty: &'static str,
}

const METRICS: Lists = Lists {
    table: "a table of service types, each with a list of metrics",
    list: "a list of metrics",
    empty: "name its metrics, or remove the line; [\"*\"] takes all",
};
const GROUPS: Lists = Lists {
    table: "a table of groups, each with a list of service types",
    list: "a list of service types",
    empty: "name its service types, or remove the line",
};

const KEYS: [&str; 8] = ["name", "description", "vo", "host_down", "service_types", "candidates", "groups", "metrics"];
const METRIC_KEYS: [&str; 8] =
    ["raise", "ticket", "documentation", "category", "mask_family", "security", "stable_for", "time_out_pattern"];
const STATES: [&str; 5] = ["WARNING", "CRITICAL", "UNKNOWN", "DOWN", "UNREACHABLE"];

/// Three months; stability that takes longer is a slip of the unit.
const LONGEST_STABLE: u64 = 90 * 86_400;

/// The profile, as far as it can be read; whether it counts is decided by the findings.
pub(super) fn profile(text: &str, findings: &mut Findings<'_>) -> Option<Profile> {
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // What the parser made up to go on would only give errors that are none.
        for e in errors {
            findings.error(&e.span().unwrap_or(0..0), e.message(), "correct the TOML");
        }
        return None;
    }
    let mut profile = Profile::default();
    let (mut service_types, mut candidates, mut groups, mut metrics) = (None, Vec::new(), Vec::new(), Vec::new());
    for (key, value) in root.get_ref().iter() {
        match &**key.get_ref() {
            "name" => profile.name = name(value, findings),
            "description" => profile.description = text_of(value, findings).unwrap_or_default().into(),
            "vo" => profile.vo = text_of(value, findings).unwrap_or_default().into(),
            "host_down" => match text_of(value, findings) {
                Some("alarm") | None => profile.host_down = HostDown::Alarm,
                Some("ignore") => profile.host_down = HostDown::Ignore,
                Some(other) => {
                    findings.error(
                        &value.span(),
                        format!("host_down {other:?} is unknown"),
                        "write \"alarm\" or \"ignore\"",
                    );
                }
            },
            "service_types" => service_types = Some((key.span(), lists(value, &METRICS, findings))),
            "candidates" => candidates = lists(value, &METRICS, findings),
            "groups" => groups = lists(value, &GROUPS, findings),
            "metrics" => metrics = settings(value, findings),
            _ => unknown(key, &KEYS, findings),
        }
    }
    if !root.get_ref().iter().any(|(k, _)| &**k.get_ref() == "name") {
        findings.error(&(0..0), "the profile has no name", "add name = \"ROC_OPERATORS\", say");
    }
    match &service_types {
        None => findings.error(&(0..0), "there is no [service_types]", "add it; \"*\" = [\"*\"] takes everything"),
        Some((at, listed)) if listed.is_empty() => {
            findings.error(at, "[service_types] is empty", "add a service type; \"*\" = [\"*\"] takes everything");
        }
        Some(_) => {}
    }
    let listed = service_types.map(|(_, l)| l).unwrap_or_default();
    let plain = |listed: &Listed| -> BTreeMap<Text, Vec<Text>> {
        listed.iter().map(|(t, metrics)| (t.name.clone(), metrics.iter().map(|m| m.name.clone()).collect())).collect()
    };
    profile.service_types = plain(&listed);
    profile.candidates = plain(&candidates);
    profile.groups = plain(&groups);
    profile.metrics = metrics.iter().map(|(n, s)| (n.name.clone(), s.clone())).collect();
    judge::judge(&profile, &listed, &candidates, &metrics, findings);
    judge::groups(&listed, &groups, findings);
    Some(profile)
}

fn unknown(key: &Key<'_>, known: &[&str], findings: &mut Findings<'_>) {
    let hint = match nearest(key.get_ref(), known) {
        Some(word) => format!("did you mean {word}?"),
        None => format!("known here: {}", known.join(", ")),
    };
    findings.error(&key.span(), format!("unknown key {:?}", key.get_ref()), hint);
}

fn wrong_kind(value: &Value<'_>, wanted: &str, findings: &mut Findings<'_>) {
    let found = match value.get_ref() {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    findings.error(&value.span(), format!("{found} stands here"), format!("write {wanted}"));
}

fn text_of<'v>(value: &'v Value<'_>, findings: &mut Findings<'_>) -> Option<&'v str> {
    match value.get_ref() {
        DeValue::String(text) => Some(text),
        _ => {
            wrong_kind(value, "a text in quotes", findings);
            None
        }
    }
}

fn name(value: &Value<'_>, findings: &mut Findings<'_>) -> Text {
    let name = text_of(value, findings).unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if matches!(value.get_ref(), DeValue::String(_)) && (name.is_empty() || name.len() > 100 || !name.chars().all(fits))
    {
        findings.error(
            &value.span(),
            format!("{name:?} is no name of a profile"),
            "use letters, digits, '.', '_' and '-'",
        );
    }
    name.into()
}

/// A service type or metric, or a glob of them; an unusable one is reported.
fn glob(text: &str, at: Range<usize>, findings: &mut Findings<'_>) -> Named {
    if text.trim().is_empty() || text.len() > 255 || text.chars().any(char::is_control) {
        findings.error(&at, format!("{text:?} is no name"), "write a name, or a pattern with * and ?");
    }
    Named { name: text.into(), at }
}

fn lists(value: &Value<'_>, what: &Lists, findings: &mut Findings<'_>) -> Listed {
    let DeValue::Table(table) = value.get_ref() else {
        wrong_kind(value, what.table, findings);
        return Vec::new();
    };
    let mut listed = Listed::new();
    for (key, value) in table.iter() {
        let named = glob(key.get_ref(), key.span(), findings);
        let DeValue::Array(items) = value.get_ref() else {
            wrong_kind(value, what.list, findings);
            continue;
        };
        if items.is_empty() {
            findings.error(&value.span(), format!("the list of {} is empty", named.name), what.empty);
        }
        let mut members: Vec<Named> = Vec::new();
        for item in items.iter() {
            let Some(text) = text_of(item, findings) else { continue };
            let member = glob(text, item.span(), findings);
            if members.iter().any(|m| m.name == member.name) {
                findings.warn(&member.at, format!("{} stands twice", member.name), "remove one");
            } else {
                members.push(member);
            }
        }
        listed.push((named, members));
    }
    listed
}

fn settings(value: &Value<'_>, findings: &mut Findings<'_>) -> Vec<(Named, MetricSettings)> {
    let DeValue::Table(table) = value.get_ref() else {
        wrong_kind(value, "tables, as in [metrics.\"org.apel.*\"]", findings);
        return Vec::new();
    };
    let mut all = Vec::new();
    for (key, value) in table.iter() {
        let named = glob(key.get_ref(), key.span(), findings);
        let DeValue::Table(table) = value.get_ref() else {
            let hint = format!("settings in [metrics.{:?}]; dots in a name need the quotes", &*named.name);
            wrong_kind(value, &hint, findings);
            continue;
        };
        all.push((named, metric(table, findings)));
    }
    all
}

fn metric(table: &DeTable<'_>, findings: &mut Findings<'_>) -> MetricSettings {
    let mut found = MetricSettings::default();
    for (key, value) in table.iter() {
        match &**key.get_ref() {
            "raise" => {
                found.raise = states(value, findings);
                if matches!(value.get_ref(), DeValue::Array(items) if items.is_empty()) {
                    let hint = "remove the line for the default, or list the metric under [candidates]";
                    findings.error(&value.span(), "raise is an empty list", hint);
                }
            }
            // Empty is a wish here: it raises, and never needs a ticket.
            "ticket" => found.ticket = states(value, findings),
            "documentation" => found.documentation = link(value, findings),
            "category" => found.category = filled(value, findings),
            "mask_family" => found.mask_family = filled(value, findings),
            "security" => match value.get_ref() {
                DeValue::Boolean(yes) => found.security = *yes,
                _ => wrong_kind(value, "true or false", findings),
            },
            "stable_for" => found.stable_for = seconds(value, findings),
            "time_out_pattern" => found.time_out_pattern = pattern(value, findings),
            _ if matches!(value.get_ref(), DeValue::Table(_)) => {
                let hint = "a metric's name with dots needs quotes, as in [metrics.\"org.apel.*\"]";
                findings.error(&key.span(), format!("{:?} is a table of its own", key.get_ref()), hint);
            }
            _ => unknown(key, &METRIC_KEYS, findings),
        }
    }
    found
}

fn states(value: &Value<'_>, findings: &mut Findings<'_>) -> Option<Vec<State>> {
    let DeValue::Array(items) = value.get_ref() else {
        wrong_kind(value, "a list of states, as in [\"CRITICAL\"]", findings);
        return None;
    };
    let mut states = Vec::new();
    for item in items.iter() {
        let Some(word) = text_of(item, findings) else { continue };
        match State::from_word(word.as_bytes()) {
            Some(state) if state.is_problem() && states.contains(&state) => {
                findings.warn(&item.span(), format!("{word} stands twice"), "remove one");
            }
            Some(state) if state.is_problem() => states.push(state),
            Some(state) => {
                findings.error(&item.span(), format!("{state} is no problem, so it raises nothing"), "remove it");
            }
            None => {
                let hint = match nearest(word, &STATES) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("known: {}", STATES.join(", ")),
                };
                findings.error(&item.span(), format!("unknown state {word:?}"), hint);
            }
        }
    }
    Some(states)
}

fn filled(value: &Value<'_>, findings: &mut Findings<'_>) -> Option<Text> {
    let text = text_of(value, findings)?;
    if text.trim().is_empty() {
        findings.error(&value.span(), "an empty text stands here", "write something, or remove the line");
        return None;
    }
    Some(text.into())
}

/// A link goes onto pages, so it may be nothing but a web address.
fn link(value: &Value<'_>, findings: &mut Findings<'_>) -> Option<Text> {
    let text = text_of(value, findings)?;
    let web = ["https://", "http://"].iter().any(|s| text.len() > s.len() && text.starts_with(s));
    if !web || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        findings.error(&value.span(), format!("{text:?} is no link"), "write an address with https://");
        return None;
    }
    Some(text.into())
}

fn seconds(value: &Value<'_>, findings: &mut Findings<'_>) -> Option<u64> {
    let DeValue::Integer(number) = value.get_ref() else {
        wrong_kind(value, "whole seconds, as in 14400 for four hours", findings);
        return None;
    };
    let seconds = u64::from_str_radix(number.as_str(), number.radix()).ok().filter(|s| *s <= LONGEST_STABLE);
    if seconds.is_none() {
        findings.error(&value.span(), format!("{number} seconds is not between 0 and 90 days"), "write whole seconds");
    }
    seconds
}

fn pattern(value: &Value<'_>, findings: &mut Findings<'_>) -> Option<Text> {
    let text = filled(value, findings)?;
    match regex::RegexBuilder::new(&text).size_limit(1 << 20).build() {
        Ok(r) if r.is_match("") => {
            findings.error(&value.span(), "the pattern matches an empty output, so everything", "make it narrower");
            None
        }
        Ok(_) => Some(text),
        Err(e) => {
            // The crate's message draws the pattern over several lines; its last line says what is wrong.
            let what = e.to_string();
            let last = what.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            findings.error(
                &value.span(),
                format!("bad pattern: {last}"),
                "in single quotes backslashes need no doubling",
            );
            None
        }
    }
}
