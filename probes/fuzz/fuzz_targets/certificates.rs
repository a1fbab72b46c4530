//! Certificates, what proxies say of themselves, and what VOMS put into them.
#![no_main]
use libfuzzer_sys::fuzz_target;
use probes::trust::{cert, voms};

fuzz_target!(|data: &[u8]| {
    for certificate in cert::read_file(data).into_iter().flat_map(|(found, _)| found) {
        let _ = (certificate.subject.oneline(), certificate.subject.hash(), certificate.key(), certificate.fingerprint());
        if let Ok(found) = voms::attributes(&certificate.der) {
            let key = certificate.key();
            let _ = found.iter().map(|one| key.as_ref().map(|key| one.verify(key))).count();
        }
    }
});
