//! Revocation lists: PEM or DER, any number in a file.
#![no_main]
use libfuzzer_sys::fuzz_target;
use probes::trust::crl::{Found, read_file};

fuzz_target!(|data: &[u8]| {
    if let Ok(Found::Lists(_, lists)) = read_file(data, &[vec![1], vec![0, 0xff]]) {
        for list in lists.into_iter().flatten() {
            let _ = (list.shown_number(), list.issuer.oneline(), list.issuer.hash(), list.issuer.old_hash());
        }
    }
});
