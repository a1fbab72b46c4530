//! The texts beside a certificate: .info, .signing_policy, .namespaces, and whether the two policies agree.
#![no_main]
use libfuzzer_sys::fuzz_target;
use probes::trust::info::Info;
use probes::trust::policy::{Namespaces, SigningPolicy, disjoint};

fuzz_target!(|text: &str| {
    let info = Info::read(text);
    let _ = (info.requires(), info.obsoletes(), info.fingerprints());
    // Both in one text: half of the corpus is of each.
    let (signing, namespaces) = text.split_once('\0').unwrap_or((text, text));
    if let (Ok(signing), Ok(namespaces)) = (SigningPolicy::read(signing), Namespaces::read(namespaces)) {
        for policy in &signing.policies {
            let globs: Vec<&str> = policy.subjects.iter().map(String::as_str).collect();
            let expressions = namespaces.subjects_of(&policy.authority).unwrap_or_default();
            let _ = disjoint(&globs, &expressions);
        }
    }
});
