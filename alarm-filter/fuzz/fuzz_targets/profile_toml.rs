//! Profile files. No text may panic, a finding is one line, and what is taken is what derive would read.
#![no_main]

use alarm_filter::profile_file::check_text;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let report = check_text("fuzz", text);
    assert_eq!(report.to_string().lines().count(), report.findings.len());
    if let Some(profile) = &report.profile {
        profile.entry("SRM", "org.sam.SRM-Put-ops");
    }
});
