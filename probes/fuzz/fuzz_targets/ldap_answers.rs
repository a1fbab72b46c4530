//! What a directory sends, in pieces of any size: no bytes may panic, hang, or be kept beyond the limits, and every entry that they
//! make is judged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use probes::net::ldap::{Connection, Filter, Limits, Progress, Scope, Search, Transport};
use probes::probe::bdii::judge::{Brief, Judge};
use probes::probe::bdii::local::Local;
use probes::probe::bdii::tables::Tables;
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

struct Bytes<'d> {
    rest: &'d [u8],
    piece: usize,
}

impl Read for Bytes<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.piece.min(into.len()).min(self.rest.len());
        into[..count].copy_from_slice(&self.rest[..count]);
        self.rest = &self.rest[count..];
        Ok(count)
    }
}

impl Write for Bytes<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Transport for Bytes<'_> {
    fn allow(&mut self, _left: Duration) {}
}

fuzz_target!(|data: &[u8]| {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    let tables = TABLES.get_or_init(|| Tables::built_in().expect("the tables are whole"));
    let Some((piece, rest)) = data.split_first() else { return };
    let limits = Limits { message: 4096, bytes: 1 << 20, entries: 1000 };
    let stream = Bytes { rest, piece: usize::from(*piece).max(1) };
    let mut connection = Connection::over(stream, Instant::now() + Duration::from_secs(5), limits);
    let local = Local::default();
    let brief = Brief { now: 1_800_000_000, keep: 3, by_site: true, remember: true, services: true, content: true, whole: true };
    let mut judge = Judge::new(tables, &local, brief, None);
    let filter = Filter::Present("objectClass".to_owned());
    let search = Search { base: "o=glue", scope: Scope::Subtree, filter, attributes: &[], page: 100 };
    let mut progress = Progress::default();
    let outcome = connection.search(&search, &mut progress, |entry| {
        judge.entry(&entry);
        ControlFlow::Continue(())
    });
    judge.finish(true);
    if let Err(error) = outcome {
        assert!(!error.to_string().contains('\n'));
    }
});
