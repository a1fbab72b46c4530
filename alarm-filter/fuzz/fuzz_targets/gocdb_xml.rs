//! GOCDB's answers: the first byte picks the method, the rest is the document. No bytes may panic, hang or use memory
//! beyond the limits, and an error is one line.
#![no_main]

use alarm_filter::topology::gocdb::{Limits, Method, Rows, parse};
use alarm_filter::topology::merge::{Parts, merge, merge_downtimes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((pick, document)) = data.split_first() else { return };
    let method = Method::ALL[usize::from(*pick) % Method::ALL.len()];
    match parse(method, "fuzz", document, &Limits::default()) {
        Ok(Rows::Sites(d)) => drop(merge(Parts { sites: Some(&d.rows), ..Parts::default() })),
        Ok(Rows::Services(d)) => drop(merge(Parts { services: Some(&d.rows), ..Parts::default() })),
        Ok(Rows::Rocs(d)) => drop(merge(Parts { rocs: Some(&d.rows), ..Parts::default() })),
        Ok(Rows::Downtimes(d)) => drop(merge_downtimes(&d.rows)),
        Err(e) => assert!(!e.to_string().contains('\n')),
    }
});
