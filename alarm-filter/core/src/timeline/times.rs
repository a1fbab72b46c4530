//! How long something stood how, and the three figures that are made of it (DE7, DC3).

use super::line::Line;
use super::status::Status;
use crate::time::{DAY, Millis, Timestamp};

/// How long in each state, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Times {
    status: [Millis; Status::ALL.len()],
    no_data: Millis,
}

/// A part of a whole, in thousandths of a percent, rounded to the nearest.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Share(pub u32);

impl Share {
    /// `part` of `whole`; `None` when there is nothing to take a part of.
    pub fn of(part: Millis, whole: Millis) -> Option<Share> {
        if whole <= 0 {
            return None;
        }
        let scaled = (i128::from(part.clamp(0, whole)) * 200_000 / i128::from(whole) + 1) / 2;
        u32::try_from(scaled).ok().map(Share)
    }
}

/// As percent with three places: `99.872`.
impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

impl Times {
    /// Adds a stretch.
    pub fn add(&mut self, status: Option<Status>, time: Millis) {
        let time = time.max(0);
        match status {
            Some(s) => self.status[s as usize] += time,
            None => self.no_data += time,
        }
    }

    /// Adds what another one has.
    pub fn join(&mut self, other: &Times) {
        self.status.iter_mut().zip(other.status).for_each(|(own, more)| *own += more);
        self.no_data += other.no_data;
    }

    /// Time in this state.
    pub fn in_status(&self, status: Status) -> Millis {
        self.status[status as usize]
    }

    /// Time of which nothing is known.
    pub fn no_data(&self) -> Millis {
        self.no_data
    }

    /// Time of which something is known.
    pub fn known(&self) -> Millis {
        self.status.iter().sum()
    }

    /// OK and WARNING.
    pub fn up(&self) -> Millis {
        self.in_status(Status::Ok) + self.in_status(Status::Warning)
    }

    /// UNKNOWN and MISSING.
    pub fn unknown(&self) -> Millis {
        self.in_status(Status::Unknown) + self.in_status(Status::Missing)
    }

    /// up / (total − unknown); `None`: no data.
    pub fn availability(&self) -> Option<Share> {
        Share::of(self.up(), self.known() - self.unknown())
    }

    /// up / (total − unknown − scheduled outage); `None`: no data, or all of it was scheduled outage.
    pub fn reliability(&self) -> Option<Share> {
        Share::of(self.up(), self.known() - self.unknown() - self.in_status(Status::Downtime))
    }

    /// unknown / total; `None`: no data.
    pub fn unknown_share(&self) -> Option<Share> {
        Share::of(self.unknown(), self.known())
    }
}

/// The day (UTC) of a moment, counted from 1970-01-01.
pub fn day_of(at: Timestamp) -> i32 {
    i32::try_from(at.0.div_euclid(DAY)).unwrap_or(if at.0 < 0 { i32::MIN } else { i32::MAX })
}

/// The begin of a day.
pub fn day_begin(day: i32) -> Timestamp {
    Timestamp(i64::from(day) * DAY)
}

impl Line {
    /// Its days (UTC), each with its times; the first and the last as far as the line goes.
    pub fn days(&self) -> Vec<(i32, Times)> {
        let mut days: Vec<(i32, Times)> = Vec::new();
        for p in self.pieces() {
            let mut from = p.from;
            while from < p.to {
                let day = day_of(from);
                let to = day_begin(day.saturating_add(1)).min(p.to);
                match days.last_mut() {
                    Some((d, times)) if *d == day => times.add(p.status, to.since(from)),
                    _ => {
                        let mut times = Times::default();
                        times.add(p.status, to.since(from));
                        days.push((day, times));
                    }
                }
                if to <= from {
                    break;
                }
                from = to;
            }
        }
        days
    }
}
