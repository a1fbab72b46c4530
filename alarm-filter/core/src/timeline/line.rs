//! A line: how something stood over a period, as a step function of time; and how lines combine.

use super::status::Status;
use super::times::Times;
use crate::time::Timestamp;

/// How something stood from `from` (included) to `to` (not).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    from: Timestamp,
    to: Timestamp,
    /// From when on it stood how, in order; the first is `from`, none equals the one before. `None`: no data.
    steps: Vec<(Timestamp, Option<Status>)>,
}

/// A stretch of a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Piece {
    /// Begin, included.
    pub from: Timestamp,
    /// End, not included.
    pub to: Timestamp,
    /// How it stood; `None`: no data.
    pub status: Option<Status>,
}

impl Line {
    /// A line of which nothing is known.
    pub fn unknown(from: Timestamp, to: Timestamp) -> Self {
        Line { from, to: to.max(from), steps: vec![(from, None)] }
    }

    /// A line of steps in the order of time. What stands before `from` holds at `from`; before the first step nothing
    /// is known; of two steps at the same moment the later one counts.
    pub fn of_steps(
        from: Timestamp,
        to: Timestamp,
        steps: impl IntoIterator<Item = (Timestamp, Option<Status>)>,
    ) -> Self {
        let mut line = Line::unknown(from, to);
        for (at, status) in steps {
            line.push(at, status);
        }
        line
    }

    fn push(&mut self, at: Timestamp, status: Option<Status>) {
        if at >= self.to && at > self.from {
            return;
        }
        let at = at.max(self.from);
        while self.steps.last().is_some_and(|(last, _)| *last >= at) {
            self.steps.pop();
        }
        if self.steps.last().is_none_or(|(_, s)| *s != status) {
            self.steps.push((at, status));
        }
    }

    /// Its begin.
    pub fn from(&self) -> Timestamp {
        self.from
    }

    /// Its end.
    pub fn to(&self) -> Timestamp {
        self.to
    }

    /// How it stood at a moment within.
    pub fn at(&self, at: Timestamp) -> Option<Status> {
        let i = self.steps.partition_point(|(t, _)| *t <= at);
        self.steps.get(i.checked_sub(1)?).and_then(|(_, s)| *s)
    }

    /// How it stands at its end, and since when as far as the line goes.
    pub fn last(&self) -> (Timestamp, Option<Status>) {
        self.steps.last().copied().unwrap_or((self.from, None))
    }

    /// Its stretches, in order; each stands otherwise than the one before.
    pub fn pieces(&self) -> impl Iterator<Item = Piece> + '_ {
        let ends = self.steps.iter().skip(1).map(|(at, _)| *at).chain([self.to]);
        let piece = |((from, status), to): (&(Timestamp, Option<Status>), Timestamp)| Piece {
            from: *from,
            to,
            status: *status,
        };
        self.steps.iter().zip(ends).map(piece).filter(|p| p.from < p.to)
    }

    /// The part of it that lies between.
    #[must_use]
    pub fn part(&self, from: Timestamp, to: Timestamp) -> Line {
        let (from, to) = (from.max(self.from), to.min(self.to));
        let before = (from, self.at(from));
        let within = self.steps.iter().copied().filter(|(at, _)| *at > from);
        Line::of_steps(from, to, [before].into_iter().chain(within))
    }

    /// The same with another status wherever `windows` (from, to) lie on data.
    #[must_use]
    pub fn overlaid(&self, windows: &[(Timestamp, Timestamp)], status: Status) -> Line {
        if windows.is_empty() {
            return self.clone();
        }
        let within = |at: Timestamp| windows.iter().any(|(from, to)| *from <= at && at < *to);
        let mut edges: Vec<Timestamp> = windows.iter().flat_map(|(from, to)| [*from, *to]).collect();
        edges.retain(|at| *at > self.from && *at < self.to);
        edges.extend(self.steps.iter().map(|(at, _)| *at));
        edges.sort_unstable();
        edges.dedup();
        let over = |at: Timestamp| (at, self.at(at).map(|own| if within(at) { status } else { own }));
        Line::of_steps(self.from, self.to, edges.into_iter().map(over))
    }

    /// All of them are needed. What has no data takes no part; without any there is none.
    pub fn all<'l>(from: Timestamp, to: Timestamp, lines: impl IntoIterator<Item = &'l Line>) -> Line {
        combined(from, to, lines, Status::and)
    }

    /// One of them is enough. What has no data takes no part; without any there is none.
    pub fn any<'l>(from: Timestamp, to: Timestamp, lines: impl IntoIterator<Item = &'l Line>) -> Line {
        combined(from, to, lines, Status::or)
    }

    /// How long it stood how.
    pub fn times(&self) -> Times {
        let mut times = Times::default();
        for p in self.pieces() {
            times.add(p.status, p.to.since(p.from));
        }
        times
    }
}

fn combined<'l>(
    from: Timestamp,
    to: Timestamp,
    lines: impl IntoIterator<Item = &'l Line>,
    with: fn(Status, Status) -> Status,
) -> Line {
    let lines: Vec<&Line> = lines.into_iter().collect();
    if let [only] = lines[..]
        && only.from == from
        && only.to == to
    {
        return only.clone();
    }
    // Every step of every line, in order; and where each line stands.
    let steps = |(n, l): (usize, &&'l Line)| l.steps.iter().map(move |(at, s)| (*at, n, *s)).collect::<Vec<_>>();
    let mut all: Vec<(Timestamp, usize, Option<Status>)> = lines.iter().enumerate().flat_map(steps).collect();
    all.extend(lines.iter().enumerate().filter(|(_, l)| l.to < to).map(|(n, l)| (l.to, n, None)));
    all.sort_by_key(|(at, n, _)| (*at, *n));
    // How many of them stand how: a step then costs the same however many lines there are.
    let mut counts = [0_u32; Status::ALL.len()];
    let mut stand: Vec<Option<Status>> = vec![None; lines.len()];
    let mut line = Line::unknown(from, to);
    let mut steps = all.into_iter().peekable();
    while let Some((at, n, status)) = steps.next() {
        if let Some(was) = stand[n] {
            counts[was as usize] -= 1;
        }
        if let Some(is) = status {
            counts[is as usize] += 1;
        }
        stand[n] = status;
        if steps.peek().is_none_or(|(next, _, _)| *next > at) {
            let present = Status::ALL.into_iter().filter(|s| counts[*s as usize] > 0);
            line.push(at, present.reduce(with));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const END: i64 = 60;

    fn line() -> impl Strategy<Value = Line> {
        let status = prop::option::weighted(0.85, prop::sample::select(&Status::ALL[..]));
        prop::collection::btree_map(0i64..END, status, 0..8).prop_map(|steps| {
            Line::of_steps(Timestamp(0), Timestamp(END), steps.into_iter().map(|(t, s)| (Timestamp(t), s)))
        })
    }

    proptest! {
        /// Against the plain definition, moment by moment.
        #[test]
        fn lines_combine_moment_by_moment(lines in prop::collection::vec(line(), 0..5)) {
            let (from, to) = (Timestamp(0), Timestamp(END));
            let (all, any) = (Line::all(from, to, &lines), Line::any(from, to, &lines));
            for t in 0..END {
                let at = Timestamp(t);
                let present = || lines.iter().filter_map(|l| l.at(at));
                prop_assert_eq!(all.at(at), present().reduce(Status::and));
                prop_assert_eq!(any.at(at), present().reduce(Status::or));
            }
            for l in [&all, &any] {
                prop_assert_eq!(l.pieces().map(|p| p.to.since(p.from)).sum::<i64>(), END);
                prop_assert!(l.steps.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 != w[1].1));
            }
        }

        #[test]
        fn a_part_and_an_overlay_say_the_same_moment_by_moment(
            line in line(), from in 0i64..END, len in 1i64..END, a in 0i64..END, b in 0i64..END,
        ) {
            let part = line.part(Timestamp(from), Timestamp(from + len));
            let over = line.overlaid(&[(Timestamp(a), Timestamp(b))], Status::Downtime);
            for t in 0..END {
                let at = Timestamp(t);
                if t >= from && t < from + len {
                    prop_assert_eq!(part.at(at), line.at(at));
                }
                let expected = line.at(at).map(|s| if a <= t && t < b { Status::Downtime } else { s });
                prop_assert_eq!(over.at(at), expected);
            }
        }
    }
}
