//! The files that check_bdii reads besides: a site's rules and the last run's state. The first byte picks which.
#![no_main]

use libfuzzer_sys::fuzz_target;
use probes::probe::bdii::history::Seen;
use probes::probe::bdii::local::Local;
use probes::probe::bdii::tables::Tables;

fuzz_target!(|data: &[u8]| {
    let Some((pick, rest)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    if pick % 2 == 0 {
        let mut tables = Tables::built_in().expect("the tables are whole");
        let _ = Local::read(&text, "fuzz.toml", 1_800_000_000, &mut tables);
    } else if let Ok(seen) = Seen::read(&text) {
        assert_eq!(Seen::read(&seen.text()).as_ref(), Ok(&seen));
    }
});
