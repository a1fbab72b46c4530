//! Answers of A-REX' REST interface, its files of a job, and ClassAds as HTCondor's tools print them.
#![no_main]
use libfuzzer_sys::fuzz_target;
use probes::ce::arc::{reply, states};
use probes::ce::condor;

fuzz_target!(|data: &[u8]| {
    let _ = reply::versions(data);
    if let Ok(entries) = reply::entries(data) {
        for entry in entries {
            assert!(entry.id.as_deref().is_none_or(reply::is_id));
            let _ = states::status(entry.state.as_deref().unwrap_or_default(), None);
        }
    }
    let text = String::from_utf8_lossy(data);
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let mut status = states::status(first, Some(rest));
    states::add_end(&mut status, Some(rest), Some(rest));
    if let Ok(ads) = condor::ads(&text) {
        for ad in ads {
            let _ = condor::status(&ad);
        }
    }
});
