//! The checks, side by side.

use crate::check::{CHECKS, Check};
use crate::document::Outcome;
use crate::options::Options;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Runs the checks side by side; one that hangs is answered for.
pub(crate) fn all(options: &Arc<Options>) -> Vec<Outcome> {
    let wanted = |check: &&Check| options.check.is_empty() || options.check.iter().any(|name| name == check.name);
    let chosen: Vec<Check> = CHECKS.iter().filter(wanted).copied().collect();
    let (sender, receiver) = channel();
    for (number, check) in chosen.iter().copied().enumerate() {
        let (sender, options) = (sender.clone(), Arc::clone(options));
        let thread = std::thread::Builder::new().name(check.name.to_owned());
        // Where no thread can be had its check is answered for below.
        let _ = thread.spawn(move || {
            let _ = sender.send((number, (check.run)(&options)));
        });
    }
    drop(sender);
    let end = Instant::now() + Duration::from_secs(options.limit);
    let mut answers: Vec<_> = chosen.iter().map(|_| None).collect();
    while let Ok((number, answer)) = receiver.recv_timeout(end.saturating_duration_since(Instant::now())) {
        answers[number] = Some(answer);
    }
    let given_up = |check: &Check| Some(Outcome::given_up(check, options.limit));
    let outcome = |(check, answer): (&Check, Option<Option<plugin::Report>>)| match answer {
        Some(report) => report.map(|report| Outcome::of(check, &report)),
        None => given_up(check),
    };
    chosen.iter().zip(answers).filter_map(outcome).collect()
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
