//! GOCDB's answer as check_bdii reads it: no bytes may panic, and an error is one line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use probes::probe::bdii::gocdb::Registry;

fuzz_target!(|data: &[u8]| {
    if let Err(why) = Registry::read(data) {
        assert!(!why.contains('\n'), "{why}");
    }
});
