//! What a probe found out: one thing each, possibly made of others.

use crate::State;
use std::borrow::Cow;

/// One thing that a probe found, in a tree: a finding with parts is as bad as the worst of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    own: State,
    /// A stable name of what was found, as `expired` or `E022`: to filter by, to look up.
    pub id: Cow<'static, str>,
    /// The object it is about; may be empty.
    pub subject: String,
    /// What happened, and what to do next; one line, without the subject.
    pub text: String,
    /// What it is made of, or examples of it.
    pub parts: Vec<Finding>,
}

impl Finding {
    /// A finding about nothing in particular.
    pub fn new(state: State, id: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Finding {
        Finding { own: state, id: id.into(), subject: String::new(), text: text.into(), parts: Vec::new() }
    }

    /// A note: shown from `-v`.
    pub fn ok(id: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Finding {
        Finding::new(State::Ok, id, text)
    }

    /// WARNING
    pub fn warning(id: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Finding {
        Finding::new(State::Warning, id, text)
    }

    /// UNKNOWN
    pub fn unknown(id: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Finding {
        Finding::new(State::Unknown, id, text)
    }

    /// CRITICAL
    pub fn critical(id: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Finding {
        Finding::new(State::Critical, id, text)
    }

    /// The same, about this object.
    #[must_use]
    pub fn about(self, subject: impl Into<String>) -> Finding {
        Finding { subject: subject.into(), ..self }
    }

    /// The same with one part more.
    #[must_use]
    pub fn with(mut self, part: Finding) -> Finding {
        self.parts.push(part);
        self
    }

    /// The same with these parts more.
    #[must_use]
    pub fn with_all(mut self, parts: impl IntoIterator<Item = Finding>) -> Finding {
        self.parts.extend(parts);
        self
    }

    /// How bad it is: the worst of what was said of it and of its parts.
    pub fn state(&self) -> State {
        self.parts.iter().map(Finding::state).fold(self.own, State::max)
    }

    /// Another judgement of the same, as where a site re-ranks it. The parts are ranked with it, since they are of the same kind.
    #[must_use]
    pub fn ranked(mut self, state: State) -> Finding {
        self.own = state;
        self.parts = self.parts.into_iter().map(|part| part.ranked(state)).collect();
        self
    }

    /// Subject and text in one line.
    pub fn line(&self) -> String {
        if self.subject.is_empty() { self.text.clone() } else { format!("{}: {}", self.subject, self.text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_as_bad_as_its_worst_part() {
        let f = Finding::ok("a", "all").with(Finding::warning("b", "one").with(Finding::critical("c", "two")));
        assert_eq!(f.state(), State::Critical);
        assert_eq!(f.with(Finding::ok("d", "three")).state(), State::Critical);
    }

    #[test]
    fn ranking_reaches_the_parts() {
        let f = Finding::critical("a", "all").with(Finding::critical("a", "one")).ranked(State::Warning);
        assert_eq!(f.state(), State::Warning);
    }
}
