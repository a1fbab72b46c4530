//! The six states of EGI's operations profile (`egi_ops`, 2015-01-01), and how two of them combine.

use crate::state::State;

/// How something stood.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Status {
    /// As it should be.
    Ok,
    /// It works, and somebody should look: counts as up, as in EGI's availability.
    Warning,
    /// The check could not tell.
    Unknown,
    /// No monitor of it was up to date.
    Missing,
    /// It failed.
    Critical,
    /// In a scheduled outage of the whole service, whatever its state was (DC3).
    Downtime,
}

impl Status {
    /// All of them.
    pub const ALL: [Status; 6] =
        [Status::Ok, Status::Warning, Status::Unknown, Status::Missing, Status::Critical, Status::Downtime];

    /// Its word, as EGI writes it.
    pub fn word(self) -> &'static str {
        match self {
            Status::Ok => "OK",
            Status::Warning => "WARNING",
            Status::Unknown => "UNKNOWN",
            Status::Missing => "MISSING",
            Status::Critical => "CRITICAL",
            Status::Downtime => "DOWNTIME",
        }
    }

    /// What a hard state of a monitor is.
    pub fn of(state: State) -> Self {
        match state {
            State::Ok | State::Up => Status::Ok,
            State::Warning => Status::Warning,
            State::Unknown | State::Unreachable => Status::Unknown,
            State::Critical | State::Down => Status::Critical,
        }
    }

    /// All are needed: the worse of the two.
    #[must_use]
    pub fn and(self, other: Status) -> Status {
        if self.in_and() >= other.in_and() { self } else { other }
    }

    /// One is enough: the better of the two. CRITICAL is better than what nobody knows, so that a failure shows.
    #[must_use]
    pub fn or(self, other: Status) -> Status {
        if self.in_or() <= other.in_or() { self } else { other }
    }

    // Both tables are orders, which the test below holds against EGI's own lists of pairs.
    fn in_and(self) -> u8 {
        match self {
            Status::Ok => 0,
            Status::Warning => 1,
            Status::Unknown => 2,
            Status::Missing => 3,
            Status::Downtime => 4,
            Status::Critical => 5,
        }
    }

    fn in_or(self) -> u8 {
        match self {
            Status::Ok => 0,
            Status::Warning => 1,
            Status::Critical => 2,
            Status::Unknown => 3,
            Status::Downtime => 4,
            Status::Missing => 5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(word: &str) -> Status {
        Status::ALL.into_iter().find(|s| s.word() == word).unwrap()
    }

    /// The tables of `egi_ops` (2015-01-01) as EGI lists them: each pair once, in this order of columns.
    const AND: [(&str, &str); 6] = [
        ("OK", "OK WARNING UNKNOWN MISSING CRITICAL DOWNTIME"),
        ("WARNING", "WARNING WARNING UNKNOWN MISSING CRITICAL DOWNTIME"),
        ("UNKNOWN", "UNKNOWN UNKNOWN UNKNOWN MISSING CRITICAL DOWNTIME"),
        ("MISSING", "MISSING MISSING MISSING MISSING CRITICAL DOWNTIME"),
        ("CRITICAL", "CRITICAL CRITICAL CRITICAL CRITICAL CRITICAL CRITICAL"),
        ("DOWNTIME", "DOWNTIME DOWNTIME DOWNTIME DOWNTIME CRITICAL DOWNTIME"),
    ];
    const OR: [(&str, &str); 6] = [
        ("OK", "OK OK OK OK OK OK"),
        ("WARNING", "OK WARNING WARNING WARNING WARNING WARNING"),
        ("UNKNOWN", "OK WARNING UNKNOWN UNKNOWN CRITICAL UNKNOWN"),
        ("MISSING", "OK WARNING UNKNOWN MISSING CRITICAL DOWNTIME"),
        ("CRITICAL", "OK WARNING CRITICAL CRITICAL CRITICAL CRITICAL"),
        ("DOWNTIME", "OK WARNING UNKNOWN DOWNTIME CRITICAL DOWNTIME"),
    ];

    #[test]
    fn de7_two_states_combine_as_in_egis_truth_tables() {
        for (table, combine) in [(AND, Status::and as fn(Status, Status) -> Status), (OR, Status::or)] {
            for (a, row) in table {
                for (b, expected) in Status::ALL.into_iter().zip(row.split(' ')) {
                    assert_eq!(combine(status(a), b), status(expected), "{a} with {}", b.word());
                }
            }
        }
    }

    #[test]
    fn the_order_in_which_states_are_combined_does_not_matter() {
        for a in Status::ALL {
            for b in Status::ALL {
                assert_eq!((a.and(b), a.or(b)), (b.and(a), b.or(a)));
                for c in Status::ALL {
                    assert_eq!((a.and(b).and(c), a.or(b).or(c)), (a.and(b.and(c)), a.or(b.or(c))));
                }
            }
        }
    }
}
