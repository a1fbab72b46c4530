//! The installed authorities against the policies that are installed with them (`policy-igtf-*.info`): no network is needed.

use super::{Args, Installed};
use crate::trust::info::compare_versions;
use crate::trust::store::Store;
use plugin::{Finding, State};
use std::collections::{BTreeMap, BTreeSet};

/// The version of the distribution: what the policies require, else what most of the installed authorities say.
pub fn version(installed: &Installed) -> Option<&str> {
    let required = installed.required.values().map(|(version, _)| version.as_str()).filter(|v| !v.is_empty());
    let of_most = most(required);
    of_most.or_else(|| most(installed.infos.values().filter_map(|info| info.version())))
}

/// What occurs most often; the greater version of equals.
fn most<'a>(versions: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for version in versions {
        *counts.entry(version).or_default() += 1;
    }
    counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| compare_versions(a.0, b.0))).map(|(version, _)| version)
}

/// What the policies require and is not there, and what was replaced and still is.
pub fn findings(store: &Store, installed: &Installed, args: &Args) -> Vec<Finding> {
    let there: BTreeSet<&str> = store.authorities.iter().map(|a| a.stem()).collect();
    let mut found = Vec::new();
    for (alias, (version, policy)) in &installed.required {
        if !there.contains(alias.as_str()) && !args.anchors.ignores(alias) {
            let text = format!(
                "{policy} requires it (release {version}), and it is not installed; install the distribution again"
            );
            found.push(Finding::new(args.release.missing, "not_installed", text).about(alias));
        }
    }
    for (alias, info) in &installed.infos {
        for old in info.obsoletes().into_iter().filter(|old| there.contains(old)) {
            // A policy that requires both knows better.
            if !installed.required.contains_key(old) {
                found.push(
                    Finding::critical(
                        "obsolete",
                        format!("{alias} has replaced it, and it is still trusted; remove it"),
                    )
                    .about(old),
                );
            }
        }
    }
    if installed.required.is_empty() {
        found.push(Finding::new(
            State::Ok,
            "no_policy",
            "there is no policy-*.info: whether the distribution is complete is not known",
        ));
    }
    found
}
