//! What is allowed in a profile and yet hardly meant: warnings.

use super::Findings;
use super::read::{Listed, Named};
use super::service_types::known;
use super::suggest::nearest;
use alarm_core::profile::{MetricSettings, Profile};
use wildmatch::WildMatch;

pub(super) fn judge(
    profile: &Profile,
    listed: &Listed,
    candidates: &Listed,
    metrics: &[(Named, MetricSettings)],
    findings: &mut Findings<'_>,
) {
    service_types(listed, findings);
    service_types(candidates, findings);
    for (service_type, names) in candidates {
        for metric in names {
            let same = |(t, m): &(Named, Vec<Named>)| {
                overlap(&t.name, &service_type.name) && m.iter().any(|m| WildMatch::new(&m.name).matches(&metric.name))
            };
            if listed.iter().any(same) {
                let what = format!("{} of {} counts already", metric.name, service_type.name);
                findings.warn(&metric.at, what, "remove it here, or under [service_types]");
            }
        }
    }
    for (key, settings) in metrics {
        let used = |lists: &Listed| lists.iter().flat_map(|(_, m)| m).any(|m| overlap(&m.name, &key.name));
        if !used(listed) && !used(candidates) && &*key.name != "Host" {
            findings.warn(&key.at, format!("no listed metric is {}", key.name), "list it, or remove its settings");
        }
        if let (Some(raise), Some(ticket)) = (&settings.raise, &settings.ticket)
            && let Some(never) = ticket.iter().find(|s| !raise.contains(s))
        {
            findings.warn(
                &key.at,
                format!("{never} needs a ticket and raises nothing"),
                "add it to raise, or remove it",
            );
        }
    }
    // By the field's naming the security probes; an oversight here shows a site's weakness to everybody (AL17).
    for metric in listed.iter().chain(candidates).flat_map(|(_, m)| m) {
        if metric.name.starts_with("eu.egi.sec.") && !profile.settings(&metric.name).security {
            let hint = "add security = true under [metrics.\"eu.egi.sec.*\"]";
            findings.warn(&metric.at, format!("{} is a security metric by its name", metric.name), hint);
        }
    }
}

/// Groups of availability: what no list has counts nowhere, and what stands in two counts in the first.
pub(super) fn groups(listed: &Listed, groups: &Listed, findings: &mut Findings<'_>) {
    for (n, (group, types)) in groups.iter().enumerate() {
        for service_type in types {
            if !listed.iter().any(|(t, _)| overlap(&t.name, &service_type.name)) {
                let what = format!("{} of the group {} is not under [service_types]", service_type.name, group.name);
                findings.warn(&service_type.at, what, "list its metrics there, or remove it here");
            }
            let other = groups.iter().take(n).find(|(_, t)| t.iter().any(|t| t.name == service_type.name));
            if let Some((other, _)) = other {
                let what = format!("{} stands in the groups {} and {}", service_type.name, other.name, group.name);
                findings.error(&service_type.at, what, "leave it in one of them");
            }
        }
    }
}

fn service_types(listed: &Listed, findings: &mut Findings<'_>) {
    let known = known();
    for (service_type, _) in listed {
        let pattern = WildMatch::new(&service_type.name);
        if known.iter().any(|k| pattern.matches(k)) {
            continue;
        }
        let hint = match nearest(&service_type.name, &known) {
            Some(near) => format!("did you mean {near}?"),
            None => "compare it with get_service_types of your GOCDB".to_owned(),
        };
        findings.warn(&service_type.at, format!("GOCDB's list has no service type {}", service_type.name), hint);
    }
}

/// Whether two names or patterns can mean the same: exact when one of them is a name.
fn overlap(a: &str, b: &str) -> bool {
    WildMatch::new(a).matches(b) || WildMatch::new(b).matches(a)
}
