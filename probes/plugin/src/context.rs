//! What a run may know of its circumstances.

use crate::progress::Progress;
use crate::{Deadline, Report};
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Given to a probe with its arguments.
#[derive(Clone, Debug)]
pub struct Context {
    /// When the answer must be there. Every wait asks it.
    pub deadline: Deadline,
    /// The wall clock when the run began, in seconds since 1970. Nothing else looks at the clock for judging.
    pub now: i64,
    /// 0 to 3, as `-v` was given: what is costly and only shown may be left out below.
    pub verbosity: u8,
    /// The name it was called by, as `check_crl`.
    pub name: &'static str,
    progress: Progress,
}

impl Context {
    /// Of a run that begins now and was given so long.
    pub fn new(name: &'static str, timeout: Duration, verbosity: u8) -> Context {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64);
        Context { deadline: Deadline::of_timeout(timeout), now, verbosity, name, progress: Progress::default() }
    }

    /// Says what is being done from now on, for the sentence of a run that hangs: "reading /etc/…", "waiting for HOST".
    pub fn doing(&self, what: impl fmt::Display) {
        self.progress.doing(what.to_string());
    }

    /// An empty report. The worst of what is added to it is not lost when the run is stopped.
    pub fn report(&self, service: &str) -> Report {
        Report::new(service).watched_by(self.progress.clone())
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }
}
