//! Group `bdii`: check_bdii beside a real slapd with the real GLUE schemas, and beside servers that break on purpose.
#![allow(clippy::panic, reason = "a test that cannot go on")]

mod answers;
mod comparisons;
mod content;

use e2e::place::now;

/// The seed of this run's content; `GRIDWARD_SEED` names another.
fn seed() -> u64 {
    std::env::var("GRIDWARD_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_261_126)
}

/// The lines of a run: first line of the output and its code, for messages.
fn told(answer: &e2e::bdii::Answer) -> String {
    format!("exit code {}: {}", answer.code, answer.text)
}

fn clean(sites: usize) -> e2e::bdii::Content {
    e2e::bdii::Content::clean(seed(), sites, now())
}
