//! What a run is doing and the worst it has found, kept where the hard stop can read it while the run hangs.

use crate::State;
use std::sync::{Arc, Mutex, PoisonError};

/// Shared by a run and whoever ends it.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    doing: String,
    worst: State,
    said: String,
}

impl Progress {
    /// Says what is being done from now on, as in "reading DIR".
    pub fn doing(&self, what: impl Into<String>) {
        self.with(|inner| inner.doing = what.into());
    }

    pub(crate) fn found(&self, state: State, line: &str) {
        self.with(|inner| {
            if state > inner.worst {
                inner.worst = state;
                line.clone_into(&mut inner.said);
            }
        });
    }

    /// What was being done last, and the worst finding with its state.
    pub(crate) fn so_far(&self) -> (String, State, String) {
        self.with(|inner| (inner.doing.clone(), inner.worst, inner.said.clone()))
    }

    fn with<T>(&self, f: impl FnOnce(&mut Inner) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
