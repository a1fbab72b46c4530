//! One deadline for the whole run: whoever waits for anything asks it how long they still may.

use std::fmt;
use std::time::{Duration, Instant};

/// When the run must have its answer.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    begun: Instant,
    limit: Duration,
}

/// The time was over while this was being done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TimedOut {
    /// How long the run had.
    pub limit: Duration,
    /// What it was doing, as in "reading DIR", "waiting for the greeting of HOST".
    pub doing: String,
}

impl Deadline {
    /// So long from now.
    pub fn after(limit: Duration) -> Deadline {
        Deadline { begun: Instant::now(), limit }
    }

    /// What a run with `-t timeout` may take: less by a margin, so that the probe answers before the one who would kill it.
    pub fn of_timeout(timeout: Duration) -> Deadline {
        Deadline::after(timeout.saturating_sub((timeout / 10).min(Duration::from_secs(1))))
    }

    /// How long it still is; nothing when it is over.
    pub fn remaining(&self) -> Duration {
        self.limit.saturating_sub(self.begun.elapsed())
    }

    /// How long the run has taken.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// The time left for the next step, for a socket's time-out.
    ///
    /// # Errors
    /// Nothing is left.
    pub fn time_for(&self, doing: impl fmt::Display) -> Result<Duration, TimedOut> {
        match self.remaining() {
            Duration::ZERO => Err(TimedOut { limit: self.limit, doing: doing.to_string() }),
            left => Ok(left),
        }
    }

    /// The error of a wait that this deadline ended.
    pub fn over(&self, doing: impl fmt::Display) -> TimedOut {
        TimedOut { limit: self.limit, doing: doing.to_string() }
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no answer within {:.1} s while {}", self.limit.as_secs_f64(), self.doing)
    }
}

impl std::error::Error for TimedOut {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_is_a_tenth_and_at_most_a_second() {
        let limit = |s| Deadline::of_timeout(Duration::from_secs(s)).limit;
        assert_eq!(limit(10), Duration::from_secs(9));
        assert_eq!(limit(60), Duration::from_secs(59));
        assert_eq!(limit(1), Duration::from_millis(900));
    }

    #[test]
    fn what_is_over_says_what_was_being_done() {
        let d = Deadline::after(Duration::ZERO);
        let said = d.time_for("reading /x").unwrap_err().to_string();
        assert_eq!(said, "no answer within 0.0 s while reading /x");
    }
}
