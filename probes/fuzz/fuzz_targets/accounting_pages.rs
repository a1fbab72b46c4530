//! Documents of the accounting server: pages and JSON, and dates anywhere in a text.
#![no_main]
use libfuzzer_sys::fuzz_target;
use probes::probe::apel::{date, date_in, page::Page};

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let _ = (date(&text), date_in(&text));
    if let Ok(page) = Page::read(data) {
        assert!(page.rows.iter().all(|row| !row.is_empty()));
    }
});
