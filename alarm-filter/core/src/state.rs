//! The states that monitors report, under Nagios' names.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A state of a service or of a host's own check. Services use the first four, hosts the last three.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// Service: as it should be.
    Ok,
    /// Service: beyond its warning threshold.
    Warning,
    /// Service: failing.
    Critical,
    /// Service: the check could not tell.
    Unknown,
    /// Host: up.
    Up,
    /// Host: down.
    Down,
    /// Host: not up, and none of its parents is up either.
    Unreachable,
}

impl State {
    /// The word that Nagios prints.
    pub fn word(self) -> &'static str {
        match self {
            State::Ok => "OK",
            State::Warning => "WARNING",
            State::Critical => "CRITICAL",
            State::Unknown => "UNKNOWN",
            State::Up => "UP",
            State::Down => "DOWN",
            State::Unreachable => "UNREACHABLE",
        }
    }

    /// The state that Nagios' word names; `None` for any other text.
    pub fn from_word(word: &[u8]) -> Option<State> {
        Some(match word {
            b"OK" => State::Ok,
            b"WARNING" => State::Warning,
            b"CRITICAL" => State::Critical,
            b"UNKNOWN" => State::Unknown,
            b"UP" => State::Up,
            b"DOWN" => State::Down,
            b"UNREACHABLE" => State::Unreachable,
            _ => return None,
        })
    }

    /// A service's state from a plugin's or status.dat's number (0 to 3).
    pub fn of_service(number: i64) -> Option<State> {
        Some(match number {
            0 => State::Ok,
            1 => State::Warning,
            2 => State::Critical,
            3 => State::Unknown,
            _ => return None,
        })
    }

    /// A host's state from status.dat's number (0 to 2).
    pub fn of_host(number: i64) -> Option<State> {
        Some(match number {
            0 => State::Up,
            1 => State::Down,
            2 => State::Unreachable,
            _ => return None,
        })
    }

    /// Whether this is neither OK nor UP.
    pub fn is_problem(self) -> bool {
        !matches!(self, State::Ok | State::Up)
    }

    /// Order of badness when the worst of several is asked for: OK, WARNING, UNKNOWN, CRITICAL; UP, UNREACHABLE, DOWN.
    pub fn badness(self) -> u8 {
        match self {
            State::Ok | State::Up => 0,
            State::Warning => 1,
            State::Unknown | State::Unreachable => 2,
            State::Critical | State::Down => 3,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
