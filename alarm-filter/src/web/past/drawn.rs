//! A strip of states, drawn: a rectangle for each stretch, by colour, by height and by pattern, and the same in words. Only
//! attributes of SVG: the policy forbids styles in the page.

use crate::availability::Strip;
use crate::web::words::{age, moment, short};
use alarm_core::time::{Millis, Timestamp};
use alarm_core::timeline::Status;

/// Height of the box.
pub(in crate::web) const HIGH: u32 = 14;

/// A strip, ready to be drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::web) struct Drawn {
    /// Width of the box: one for each slot of time.
    pub(in crate::web) wide: u32,
    /// What stands in it.
    pub(in crate::web) rects: Vec<Rect>,
    /// Unscheduled outages, as a line above: begin and width.
    pub(in crate::web) unscheduled: Vec<(u32, u32)>,
    /// Where midnights (UTC) are.
    pub(in crate::web) days: Vec<u32>,
    /// The same in words.
    pub(in crate::web) words: String,
}

/// A stretch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::web) struct Rect {
    pub(in crate::web) x: u32,
    pub(in crate::web) y: u32,
    pub(in crate::web) w: u32,
    pub(in crate::web) h: u32,
    pub(in crate::web) class: &'static str,
}

/// Class and height of a status; every one has a height or a pattern of its own.
fn shape(status: Option<Status>) -> (&'static str, u32) {
    match status {
        Some(Status::Critical) => ("crit", 14),
        Some(Status::Unknown) => ("unkn", 11),
        Some(Status::Warning) => ("warn", 8),
        Some(Status::Missing) => ("miss", 11),
        Some(Status::Downtime) => ("down", 14),
        Some(Status::Ok) => ("ok", 3),
        None => ("none", 1),
    }
}

/// The worse of two, for a slot that has both; what has data is worse than what has none.
fn worse(a: Option<Status>, b: Option<Status>) -> Option<Status> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.and(b)),
        (a, b) => a.or(b),
    }
}

/// Draws a strip in so many slots of time; a slot shows the worst that lies in it.
pub(in crate::web) fn draw(strip: &Strip, slots: u32, now: Timestamp) -> Drawn {
    let line = &strip.line;
    let (from, length) = (line.from(), line.to().since(line.from()).max(1));
    let slot = |at: Timestamp| -> u32 {
        let n = i128::from(at.since(from).clamp(0, length)) * i128::from(slots) / i128::from(length);
        u32::try_from(n).unwrap_or(slots)
    };
    // What ends within a slot reaches to its end.
    let end = |at: Timestamp| (slot(at.plus(-1)) + 1).min(slots);
    let mut worst: Vec<Option<Status>> = vec![None; usize::try_from(slots).unwrap_or(0)];
    for piece in line.pieces() {
        let range = slot(piece.from) as usize..end(piece.to) as usize;
        for s in worst.get_mut(range).into_iter().flatten() {
            *s = worse(*s, piece.status);
        }
    }
    let mut rects: Vec<Rect> = Vec::new();
    let mut last = None;
    for (x, status) in (0..).zip(worst) {
        let (class, h) = shape(status);
        match rects.last_mut() {
            Some(rect) if last == Some(status) => rect.w += 1,
            _ => rects.push(Rect { x, y: HIGH - h, w: 1, h, class }),
        }
        last = Some(status);
    }
    let midnight = |n: i64| Timestamp((from.0.div_euclid(alarm_core::time::DAY) + n) * alarm_core::time::DAY);
    let days = (1..).map(midnight).take_while(|at| *at < line.to()).map(slot).collect();
    let unscheduled = strip.unscheduled.iter().map(|(a, b)| (slot(*a), (end(*b) - slot(*a)).max(1))).collect();
    Drawn { wide: slots, rects, unscheduled, days, words: words(strip, now) }
}

/// A strip in words: what was not OK, how long and how often, and when last.
pub(in crate::web) fn words(strip: &Strip, now: Timestamp) -> String {
    let line = &strip.line;
    let mut parts: Vec<String> = Vec::new();
    for status in [Status::Critical, Status::Unknown, Status::Warning, Status::Missing, Status::Downtime] {
        let own: Vec<_> = line.pieces().filter(|p| p.status == Some(status)).collect();
        let Some(last) = own.last() else { continue };
        let total: Millis = own.iter().map(|p| p.to.since(p.from)).sum();
        let times = if own.len() == 1 { String::new() } else { format!(" in {} stretches", own.len()) };
        let end = if last.to >= line.to() { "goes on".to_owned() } else { format!("to {}", short(last.to, now)) };
        parts.push(format!("{} {}{times}, last from {} {end}", name(status), length(total), short(last.from, now)));
    }
    let out: Millis = strip.unscheduled.iter().map(|(a, b)| b.since(*a)).sum();
    if out > 0 {
        parts.push(format!("unscheduled outage {}", length(out)));
    }
    let times = line.times();
    let good = times.in_status(Status::Ok);
    match (parts.is_empty(), good > 0) {
        (true, true) => parts.push("OK all the time".to_owned()),
        (false, true) => parts.push(format!("OK {}", length(good))),
        _ => {}
    }
    if times.known() == 0 {
        return "no data".to_owned();
    }
    if let Some(first) = line.pieces().next().filter(|p| p.status.is_none()) {
        parts.push(format!("no data before {}", moment(first.to)));
    }
    parts.join("; ")
}

/// A status for people.
pub(in crate::web) fn name(status: Status) -> &'static str {
    match status {
        Status::Ok => "OK",
        Status::Warning => "warning",
        Status::Unknown => "unknown",
        Status::Missing => "not watched",
        Status::Critical => "critical",
        Status::Downtime => "scheduled outage",
    }
}

/// The picture that goes with a status in words.
pub(in crate::web) fn status_class(status: Option<Status>) -> &'static str {
    match status {
        Some(Status::Ok) => "ok",
        Some(Status::Warning) => "warn",
        Some(Status::Critical) => "crit",
        Some(Status::Unknown | Status::Missing | Status::Downtime) | None => "unkn",
    }
}

fn length(ms: Millis) -> String {
    if ms < alarm_core::time::MINUTE { "under 1m".to_owned() } else { age(ms) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alarm_core::time::{DAY, HOUR, MINUTE};
    use alarm_core::timeline::Line;

    const BEGIN: Timestamp = Timestamp(20_000 * DAY);

    fn strip(steps: &[(i64, Option<Status>)], unscheduled: &[(i64, i64)]) -> Strip {
        let at = |minutes: i64| BEGIN.plus(minutes * MINUTE);
        Strip {
            line: Line::of_steps(BEGIN, BEGIN.plus(DAY), steps.iter().map(|(m, s)| (at(*m), *s))),
            now: None,
            since: BEGIN,
            unscheduled: unscheduled.iter().map(|(a, b)| (at(*a), at(*b))).collect(),
        }
    }

    #[test]
    fn what_lasted_a_minute_still_shows_and_every_status_has_its_own_shape() {
        let s = strip(&[(60, Some(Status::Ok)), (600, Some(Status::Critical)), (601, Some(Status::Ok))], &[(90, 120)]);
        let d = draw(&s, 24, BEGIN.plus(DAY));
        let shapes: Vec<_> = d.rects.iter().map(|r| (r.class, r.x, r.w, r.y + r.h)).collect();
        assert_eq!(shapes, [("none", 0, 1, HIGH), ("ok", 1, 9, HIGH), ("crit", 10, 1, HIGH), ("ok", 11, 13, HIGH)]);
        assert_eq!(d.unscheduled, [(1, 1)]);
        assert_eq!(
            d.words,
            "critical 1m, last from 04 Oct 10:00 to 04 Oct 10:01; unscheduled outage 30m; OK 22h 59m; \
             no data before 2024-10-04 01:00:00 UTC"
        );
        let mut all: Vec<_> = Status::ALL.into_iter().map(|s| shape(Some(s))).chain([shape(None)]).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 7);
    }

    #[test]
    fn words_say_what_goes_on_and_that_nothing_is_known() {
        let s = strip(&[(0, Some(Status::Ok)), (1380, Some(Status::Downtime))], &[]);
        assert_eq!(words(&s, BEGIN.plus(HOUR)), "scheduled outage 1h 00m, last from 04 Oct 23:00 goes on; OK 23h 00m");
        assert_eq!(words(&strip(&[(0, Some(Status::Ok))], &[]), BEGIN), "OK all the time");
        assert_eq!(words(&strip(&[], &[]), BEGIN), "no data");
    }
}
