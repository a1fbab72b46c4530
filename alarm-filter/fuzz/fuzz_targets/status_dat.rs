//! Any bytes as a status.dat: no panic, and the same whether read whole or byte by byte.
#![no_main]
use alarm_filter::source::nagios_status::status::StatusSnapshot;
use alarm_filter::source::text::Interner;
use libfuzzer_sys::fuzz_target;
use std::io::Read;
use std::path::Path;

struct Drip<'a>(&'a [u8]);

impl Read for Drip<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let most = buf.len().min(1);
        self.0.read(&mut buf[..most])
    }
}

fuzz_target!(|data: &[u8]| {
    let read = |input: &mut dyn Read| {
        StatusSnapshot::read(input, Path::new("status.dat"), &mut Interner::default()).map_err(|e| e.to_string())
    };
    assert_eq!(read(&mut &data[..]), read(&mut Drip(data)));
});
