//! Waiting for a condition, with one generous limit after which it counts as a hang.

use crate::fail::{Fail, Result};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a condition may take before it is a hang: 60 s, or the seconds in `GRIDWARD_HANG`.
pub fn hang_limit() -> Duration {
    let seconds = std::env::var("GRIDWARD_HANG").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    Duration::from_secs(seconds)
}

/// Asks `probe` until it yields something. `what` completes the sentence "waited … for".
pub fn until<T>(what: impl AsRef<str>, mut probe: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let begun = Instant::now();
    let limit = hang_limit();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(found) = probe()? {
            return Ok(found);
        }
        if begun.elapsed() > limit {
            return Err(Fail::new(format!("waited {} s for {}", limit.as_secs(), what.as_ref())));
        }
        sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(25));
    }
}

/// As [`until`], for a plain condition.
pub fn until_true(what: impl AsRef<str>, mut holds: impl FnMut() -> Result<bool>) -> Result {
    until(what, || Ok(holds()?.then_some(())))
}
