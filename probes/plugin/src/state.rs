//! The four states of a plugin, and which of two is the worse one.

use std::fmt;

/// What a plugin says of a service (Nagios plugin guidelines, "Plugin Return Codes"). Ordered by how bad it is: what could not
/// be judged is worse than a warning, because it may hide anything, and less than what is known to be broken.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum State {
    /// Works.
    #[default]
    Ok,
    /// Works, and will not for long, or not for everybody.
    Warning,
    /// Could not be judged.
    Unknown,
    /// Does not work.
    Critical,
}

impl State {
    /// The exit code: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
    pub fn exit_code(self) -> u8 {
        match self {
            State::Ok => 0,
            State::Warning => 1,
            State::Critical => 2,
            State::Unknown => 3,
        }
    }

    /// The name as Nagios writes it.
    pub fn name(self) -> &'static str {
        match self {
            State::Ok => "OK",
            State::Warning => "WARNING",
            State::Critical => "CRITICAL",
            State::Unknown => "UNKNOWN",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for State {
    type Err = String;

    /// Reads a name or its exit code, in any case.
    fn from_str(text: &str) -> Result<State, String> {
        match text.to_ascii_lowercase().as_str() {
            "ok" | "0" => Ok(State::Ok),
            "warning" | "warn" | "1" => Ok(State::Warning),
            "critical" | "crit" | "2" => Ok(State::Critical),
            "unknown" | "3" => Ok(State::Unknown),
            _ => Err(format!("{text:?} is none of ok, warning, critical, unknown")),
        }
    }
}

/// The worst state seen so far. It can only get worse: there is no way to set it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Worst(State);

impl Worst {
    /// Takes one more state into account.
    pub fn see(&mut self, state: State) {
        self.0 = self.0.max(state);
    }

    /// The worst of all that was seen; OK when nothing was.
    pub fn state(self) -> State {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [State; 4] = [State::Ok, State::Warning, State::Unknown, State::Critical];

    proptest! {
        #[test]
        fn a_later_state_never_lowers_the_worst(seen in proptest::collection::vec(0_usize..4, 0..40)) {
            let mut worst = Worst::default();
            for (n, &i) in seen.iter().enumerate() {
                worst.see(ALL[i]);
                for &j in &seen[..=n] {
                    prop_assert!(worst.state() >= ALL[j]);
                }
            }
        }
    }

    #[test]
    fn names_and_codes_are_read_back() {
        for state in ALL {
            assert_eq!(state.name().parse(), Ok(state));
            assert_eq!(state.exit_code().to_string().parse(), Ok(state));
        }
        assert!("okay".parse::<State>().is_err());
    }
}
