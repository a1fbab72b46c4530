//! check_cert and check_proxy against real servers (OpenSSL's s_server, slapd) and real proxies (Globus, VOMS), with certificates
//! that `openssl` makes. Start reading in `pki.rs`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking, their helpers too")]

mod pki;
mod proxies;
mod server;
mod service;
mod stale;

use std::path::PathBuf;
use std::process::Command;

/// The binary under test.
fn gridprobe() -> PathBuf {
    std::env::var_os("GRIDWARD_PROBES").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_gridprobe")), PathBuf::from)
}

/// What a run printed, and its exit code.
fn run(args: &[&str]) -> (String, i32) {
    let output = Command::new(gridprobe()).args(args).env_clear().output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}
