//! GLUE's values: every reader of values takes any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use probes::probe::bdii::{forms, nodes, value};

fuzz_target!(|data: &[u8]| {
    let _ = value::number(data);
    let _ = value::integer(data);
    let _ = value::time(data);
    let _ = value::generalized_time(data);
    let _ = value::url(data);
    let _ = value::mailto(data);
    let _ = value::dn(data);
    let _ = forms::ce_id(data);
    let _ = forms::cores(data);
    let mut tree = nodes::Nodes::default();
    for dn in data.split(|byte| *byte == b'\n') {
        let (node, _) = tree.add(dn, false);
        let _ = tree.dn(node);
    }
});
