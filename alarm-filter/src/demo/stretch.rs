//! Times of a recording, stretched so that its end lies where it is wanted.

use alarm_core::input::{Input, Seen};
use alarm_core::time::Timestamp;
use alarm_core::topology::Downtimes;

/// The rewriting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    /// By how much.
    pub(super) factor: i64,
    /// The end of the recording …
    pub(super) recorded_end: Timestamp,
    /// … and where it lies now.
    pub(super) end: Timestamp,
}

impl Stretch {
    fn time(&self, t: Timestamp) -> Timestamp {
        self.end.plus(t.since(self.recorded_end).saturating_mul(self.factor))
    }

    /// Rewrites all times in an input; gives back when it is due.
    pub(super) fn input(&self, input: &mut Input) -> Timestamp {
        match input {
            Input::Observation(o) => {
                o.since = self.time(o.since);
                match &mut o.seen {
                    Seen::DowntimeScheduled(d) => {
                        (d.start, d.end) = (self.time(d.start), self.time(d.end));
                        d.duration = d.duration.saturating_mul(self.factor);
                    }
                    Seen::NotificationDelayed { until, .. } => *until = self.time(*until),
                    _ => {}
                }
                o.since
            }
            Input::MonitorStarted { since, .. } | Input::MonitorStopped { since, .. } => {
                *since = self.time(*since);
                *since
            }
            _ => self.end,
        }
    }

    pub(super) fn downtimes(&self, downtimes: &mut Downtimes) {
        for window in downtimes.windows.values_mut().flat_map(|types| types.values_mut()).flatten() {
            (window.start, window.end) = (self.time(window.start), self.time(window.end));
            window.declared = self.time(window.declared);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alarm_core::time::HOUR;

    #[test]
    fn the_end_lies_where_it_is_wanted_and_before_it_all_is_longer() {
        let s = Stretch { factor: 360, recorded_end: Timestamp(1_000_000), end: Timestamp(900 * HOUR) };
        assert_eq!(s.time(Timestamp(1_000_000)), Timestamp(900 * HOUR));
        assert_eq!(s.time(Timestamp(990_000)), Timestamp(899 * HOUR));
    }
}
