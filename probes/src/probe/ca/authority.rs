//! The files of one authority: .info, fingerprint, version, signing policy, namespaces.

use super::Installed;
use crate::trust::info::compare_versions;
use crate::trust::policy::{Namespaces, SigningPolicy, disjoint, same_name};
use crate::trust::store::{Authority, Store};
use plugin::Finding;

/// What is wrong with them.
pub fn findings(store: &Store, authority: &Authority, installed: &Installed, version: Option<&str>) -> Vec<Finding> {
    let mut found = Vec::new();
    info(authority, installed, version, &mut found);
    if !authority.is_pem {
        found
            .push(Finding::critical("der_encoding", "its certificate is DER: OpenSSL reads only PEM here; convert it"));
    }
    policies(store, authority, &mut found);
    found.into_iter().map(|f| f.about(&authority.alias)).collect()
}

fn info(authority: &Authority, installed: &Installed, version: Option<&str>, found: &mut Vec<Finding>) {
    let Some(info) = installed.infos.get(&authority.alias) else {
        found.push(Finding::warning(
            "info_missing",
            "it has no .info: neither its version nor its fingerprint can be checked",
        ));
        return;
    };
    let (said, own) = (info.fingerprints(), authority.certificate.fingerprint());
    if !said.is_empty() && !said.contains(&own) {
        let text = format!(
            "its certificate is not the one its .info names (SHA-1 {own}, there {}): find out who replaced it",
            said[0]
        );
        found.push(Finding::critical("fingerprint_mismatch", text));
    }
    let subject = authority.certificate.subject.oneline();
    if let Some(named) = info.subject().filter(|named| !same_name(named, &subject)) {
        found.push(Finding::ok("subject_differs", format!("its .info names it {named}, its certificate {subject}")));
    }
    let required =
        installed.required.get(authority.stem()).map(|(version, _)| version.as_str()).filter(|v| !v.is_empty());
    match (info.version(), required.or(version)) {
        (Some(own), Some(wanted)) if compare_versions(own, wanted).is_lt() => {
            found.push(Finding::warning(
                "version_mismatch",
                format!("it is of release {own}, the distribution of {wanted}; update it"),
            ));
        }
        (Some(own), Some(wanted)) if required.is_some() && compare_versions(own, wanted).is_gt() => {
            found.push(Finding::ok("version_newer", format!("it is of release {own}, the policy of {wanted}")));
        }
        (None, _) => found.push(Finding::warning("version_mismatch", "its .info says no version")),
        _ => {}
    }
    if let Some(status) = info.get("status").filter(|s| s.starts_with("discontinued")) {
        found.push(Finding::critical(
            "obsolete",
            format!("its .info says {status}, and it is still trusted; remove it"),
        ));
    }
}

fn policies(store: &Store, authority: &Authority, found: &mut Vec<Finding>) {
    let subject = authority.certificate.subject.oneline();
    let signing = signing_policy(store, authority, &subject, found);
    let namespaces = namespaces(store, authority, &subject, found);
    if let (Some(signing), Some(namespaces)) = (signing, namespaces)
        && let (Some(globs), Some(expressions)) = (signing.subjects_of(&subject), namespaces.subjects_of(&subject))
        && disjoint(&globs, &expressions)
    {
        let text = format!(
            "signing_policy allows {} and namespaces {}: no certificate satisfies both",
            globs.first().copied().unwrap_or("nothing"),
            expressions.first().copied().unwrap_or("nothing")
        );
        found.push(Finding::warning("policy_inconsistent", text));
    }
}

fn signing_policy(
    store: &Store,
    authority: &Authority,
    subject: &str,
    found: &mut Vec<Finding>,
) -> Option<SigningPolicy> {
    // Globus looks by the hash alone.
    let linked = format!("{}.signing_policy", authority.hash);
    let is_linked = store.has(&linked);
    let name = if is_linked { Some(linked.clone()) } else { store.file_of(authority, "signing_policy") };
    let Some(name) = name else {
        found.push(Finding::critical(
            "signing_policy_missing",
            format!("it has no {linked}: Globus refuses its certificates; install it again"),
        ));
        return None;
    };
    if !is_linked {
        found.push(Finding::critical(
            "signing_policy_missing",
            format!("{name} is there, and no link {linked} leads to it: Globus refuses its certificates"),
        ));
    }
    let text = match store.text(&name) {
        Ok(text) => text,
        Err(e) => {
            found.push(Finding::unknown(
                "unreadable",
                format!("cannot read {name}: {e}; let this probe's user read it"),
            ));
            return None;
        }
    };
    match SigningPolicy::read(&text) {
        Ok(policy) => {
            match policy.subjects_of(subject) {
                None => found.push(Finding::critical(
                    "signing_policy_foreign",
                    format!("{name} has no rule for {subject}: Globus refuses its certificates"),
                )),
                Some(subjects) if subjects.is_empty() => {
                    found.push(Finding::critical(
                        "signing_policy_foreign",
                        format!("{name} allows {subject} no name at all: Globus refuses its certificates"),
                    ));
                }
                Some(_) => {}
            }
            Some(policy)
        }
        Err(why) => {
            found.push(Finding::critical(
                "signing_policy_broken",
                format!("{name} is no signing policy: {why}; install it again"),
            ));
            None
        }
    }
}

fn namespaces(store: &Store, authority: &Authority, subject: &str, found: &mut Vec<Finding>) -> Option<Namespaces> {
    let Some(name) = store.file_of(authority, "namespaces") else {
        found.push(Finding::ok(
            "namespaces_missing",
            "it has no .namespaces; signing_policy alone restricts it, or its parent's file",
        ));
        return None;
    };
    let text = match store.text(&name) {
        Ok(text) => text,
        Err(e) => {
            found.push(Finding::unknown(
                "unreadable",
                format!("cannot read {name}: {e}; let this probe's user read it"),
            ));
            return None;
        }
    };
    match Namespaces::read(&text) {
        Ok(namespaces) => {
            if namespaces.subjects_of(subject).is_none() {
                found.push(Finding::ok("namespaces_foreign", format!("{name} has no rule for {subject}")));
            }
            Some(namespaces)
        }
        Err(why) => {
            found
                .push(Finding::warning("namespaces_broken", format!("{name} cannot be read: {why}; install it again")));
            None
        }
    }
}
