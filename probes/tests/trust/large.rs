//! A list of one million entries takes no more memory than a small one.

use super::folder::{Folder, Parts};
use super::gridprobe;
use super::pki::*;
use super::store::NOW;
use std::process::{Command, Stdio};

/// The most memory that a run held, in KiB, by the kernel's account; and what it printed.
fn measured(args: &[&str]) -> (u64, String) {
    use std::io::Read;
    // VmHWM is of the process itself; ru_maxrss would count what the test held when it started it.
    let mut child = Command::new(gridprobe()).args(args).stdout(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let now =
            text.lines().find_map(|l| l.strip_prefix("VmHWM:")).and_then(|l| l.split_whitespace().next()?.parse().ok());
        peak = peak.max(now.unwrap_or(0));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::yield_now();
    }
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    (peak, text)
}

#[test]
fn a_million_entries_take_no_more_memory_than_ten() {
    let folder = Folder::new();
    let spec = CaSpec { start: NOW - 365 * DAY, end: NOW + 3650 * DAY, alg: None, may_sign_lists: true };
    let ca = Ca::new("Large", Alg::EcSha256, Alg::EcSha256.key(), &spec);
    folder.install(&ca, &Parts::default());
    let list = |entries: u64| List { entries: (1 << 40..(1 << 40) + entries).collect(), ..List::at(NOW) };
    folder.put("small.crl", list(10).by(&ca));
    let large = list(1_000_000);
    folder.put("large.crl", large.by(&ca));
    folder.put("large.pem", large.pem_by(&ca));
    let at = NOW.to_string();
    let run = |name: &str| {
        let file = folder.path().join(name);
        let serial = format!("{:x}", (1_u64 << 40) + 999_999);
        measured(&[
            "check_crl",
            "-t",
            "300",
            "--at",
            &at,
            "--ca-dir",
            folder.path().to_str().unwrap(),
            "--crl",
            file.to_str().unwrap(),
            "--serial",
            &serial,
        ])
    };
    // A run that is over in a moment may be looked at before its peak only: the highest of several is near its peak, and a few MiB
    // are not counted. The list has 40 MB, and its serials alone would have 8.
    let small = (0..20).map(|_| run("small.crl").0).max().unwrap_or(0);
    for name in ["large.crl", "large.pem"] {
        let (peak, text) = run(name);
        assert!(text.contains("1000000 entries") && text.contains("100000F423F is revoked"), "{text}");
        assert!(peak > 0 && peak < small + 7 * 1024 && peak < 24 * 1024, "{name}: {peak} KiB, a small one {small} KiB");
    }
}
