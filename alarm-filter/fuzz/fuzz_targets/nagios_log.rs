//! Any bytes as a log: no panic, and every line is counted exactly once.
#![no_main]
use alarm_filter::source::nagios_log::observe::Observer;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut observer = Observer::new("m");
    let mut lines = 0;
    for line in data.split(|b| *b == b'\n') {
        observer.read(line);
        lines += 1;
    }
    let c = observer.counts();
    assert_eq!(c.lines, lines);
    assert_eq!(c.lines, c.inputs + c.passive + c.other + c.malformed + c.unexpanded);
});
