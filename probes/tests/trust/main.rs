//! check_ca and check_crl over folders of trust anchors in every state, with OpenSSL as the judge: made ones (`store.rs`), ones
//! that chance makes (`chance.rs`), lists that others collected (`samples.rs`), very large ones (`large.rs`), what
//! authorities publish (`fetch.rs`), and what is said
//! of folders and files that are none (`words.rs`). Start reading in `pki.rs`, which makes keys, certificates and lists.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking, their helpers too")]

mod chance;
mod der;
mod fetch;
mod folder;
mod large;
mod pki;
mod samples;
mod store;
mod words;

use serde_json::Value;
use std::path::{Path, PathBuf};
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

/// The JSON of a run over a folder, judged at a time.
fn judged(probe: &str, folder: &Path, at: i64, more: &[&str]) -> Value {
    let at = at.to_string();
    let mut args = vec![probe, "--output", "json", "-t", "60", "--at", &at, "--ca-dir", folder.to_str().unwrap()];
    args.extend(more);
    let (text, code) = run(&args);
    let value: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!(value["exit_code"], code);
    value
}

/// A finding without its tree: how bad, id, text.
type Flat = (u8, String, String);

/// The findings about a subject, wherever they stand in the tree.
fn about(report: &Value, subject: &str) -> Vec<Flat> {
    fn walk(list: &Value, subject: &str, out: &mut Vec<Flat>) {
        for finding in list.as_array().into_iter().flatten() {
            if finding["subject"] == subject {
                let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
                out.push((badness(&text("state")), text("id"), text("text")));
            }
            walk(&finding["parts"], subject, out);
        }
    }
    let mut out = Vec::new();
    walk(&report["findings"], subject, &mut out);
    out
}

/// States by how bad they are.
fn badness(state: &str) -> u8 {
    ["OK", "WARNING", "UNKNOWN", "CRITICAL"].iter().position(|s| *s == state).unwrap() as u8
}
