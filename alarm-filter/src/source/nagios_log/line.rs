//! One line of the log, taken apart without copying: `[epoch] KIND: field;field;…`.
//!
//! There is no escaping, and plugin output comes last because it may hold anything: lines are split from the left, at
//! most as often as the kind has fields before its output. Time is whole seconds; the order of lines is their order in
//! the file. The lines that a busy monitor writes most (passive results, twice each) are recognised by their first
//! bytes and not looked at further.

use super::localtime;
use alarm_core::input::{NotificationKind, Report};
use alarm_core::state::State;
use memchr::memchr;

/// One line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line<'a> {
    /// Epoch seconds, as the monitor stamped it.
    pub at: i64,
    /// What it says.
    pub kind: LineKind<'a>,
}

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LineKind<'a> {
    /// `SERVICE ALERT`, `CURRENT SERVICE STATE`, `INITIAL SERVICE STATE`, and the same of hosts.
    State(StateLine<'a>),
    /// `SERVICE NOTIFICATION`, `HOST NOTIFICATION`.
    Notification(NotificationLine<'a>),
    /// `SERVICE FLAPPING ALERT`, `HOST FLAPPING ALERT`: STARTED, otherwise STOPPED or DISABLED.
    Flapping {
        /// The object.
        object: Names<'a>,
        /// STARTED.
        on: bool,
    },
    /// `SERVICE DOWNTIME ALERT`, `HOST DOWNTIME ALERT`: STARTED, otherwise STOPPED or CANCELLED.
    Downtime {
        /// The object.
        object: Names<'a>,
        /// STARTED.
        on: bool,
    },
    /// `EXTERNAL COMMAND`, except check results.
    Command {
        /// `ACKNOWLEDGE_SVC_PROBLEM` and the like.
        name: &'a [u8],
        /// What follows the first `;`.
        args: &'a [u8],
    },
    /// `PASSIVE SERVICE CHECK`, `PASSIVE HOST CHECK`, and `EXTERNAL COMMAND: PROCESS_…`: the alert line says what came of it.
    PassiveResult,
    /// `LOG ROTATION: HOURLY`: this file begins here.
    Rotation,
    /// `Nagios 4.4.6 starting... (PID=…)`: at a start and after every reload.
    Starting,
    /// `Caught SIGHUP, restarting...`.
    Reloading,
    /// `Caught SIGTERM, shutting down...`; not yet down.
    Terminating,
    /// `Successfully shutdown... (PID=…)`.
    Shutdown,
    /// `Local time is …`: seconds east of UTC of the monitor's clock.
    LocalTime {
        /// Seconds east of UTC, to a minute.
        utc_offset: i32,
    },
    /// A line that nothing is taken from: warnings, errors, workers, versions.
    Other,
    /// A line of a kind that is known, but not of its shape.
    Malformed {
        /// What is wrong with it.
        why: &'static str,
    },
}

/// The object that a line is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Names<'a> {
    /// host_name.
    pub host: &'a [u8],
    /// service_description; `None` for the host itself.
    pub service: Option<&'a [u8]>,
}

/// A state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StateLine<'a> {
    /// The object.
    pub object: Names<'a>,
    /// Alert or list.
    pub report: Report,
    /// The state.
    pub state: State,
    /// HARD; otherwise SOFT.
    pub hard: bool,
    /// The attempt.
    pub attempt: u32,
    /// Never checked so far: a list shows `(null)` for a service and nothing at all for a host. (A service that was
    /// checked and printed nothing is listed with nothing.)
    pub pending: bool,
    /// First line of the output.
    pub output: &'a [u8],
}

/// A notification.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NotificationLine<'a> {
    /// The object.
    pub object: Names<'a>,
    /// To whom.
    pub contact: &'a [u8],
    /// What kind.
    pub kind: NotificationKind,
    /// The state; `None` where only the type is written (Icinga's `ACKNOWLEDGEMENT`).
    pub state: Option<State>,
    /// The notification command.
    pub command: &'a [u8],
    /// First line of the output.
    pub output: &'a [u8],
    /// Author, where written (acknowledgements and custom ones; Naemon: all).
    pub author: &'a [u8],
    /// Comment, where written; may hold `;`.
    pub comment: &'a [u8],
}

/// The epoch seconds at the begin of a line and the rest behind `] `; `None` when the line has no such begin.
#[inline]
pub fn split_epoch(line: &[u8]) -> Option<(i64, &[u8])> {
    // Ten digits from 2001 to 2286: fixed places cost a fraction of a search.
    if let Some((b"[", rest)) = line.split_first_chunk::<1>()
        && let Some((eight, rest)) = rest.split_first_chunk::<8>()
        && let Some(([tens, ones, b']', b' '], rest)) = rest.split_first_chunk::<4>()
        && let Some(high) = eight_digits(*eight)
        && tens.is_ascii_digit()
        && ones.is_ascii_digit()
    {
        return Some((high * 100 + i64::from(tens - b'0') * 10 + i64::from(ones - b'0'), rest));
    }
    split_any_epoch(line)
}

/// Eight ASCII digits as a number, all at once: neighbours are joined to numbers of two, four and eight digits.
fn eight_digits(digits: [u8; 8]) -> Option<i64> {
    let word = u64::from_le_bytes(digits);
    let values = word.wrapping_sub(0x3030_3030_3030_3030);
    // A byte below '0' borrows into its high bit, one above '9' carries into it.
    if (values | word.wrapping_add(0x4646_4646_4646_4646)) & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    let pairs = values.wrapping_mul(10).wrapping_add(values >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_FFFF_0000_FFFF;
    let eight = fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xFFFF_FFFF;
    i64::try_from(eight).ok()
}

fn split_any_epoch(line: &[u8]) -> Option<(i64, &[u8])> {
    let digits = line.strip_prefix(b"[")?;
    let mut at: i64 = 0;
    for (n, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' if n < 18 => at = at * 10 + i64::from(byte - b'0'),
            b']' if n > 0 => {
                let rest = digits.get(n + 1..)?;
                return Some((at, rest.strip_prefix(b" ").unwrap_or(rest)));
            }
            _ => return None,
        }
    }
    None
}

/// Takes one line apart (without its newline); `None` when it does not begin with `[epoch]`.
pub fn parse(line: &[u8]) -> Option<Line<'_>> {
    let (at, rest) = split_epoch(line)?;
    Some(Line { at, kind: kind(at, rest) })
}

/// Whether what follows the time is a [`LineKind::PassiveResult`].
#[inline]
pub(super) fn is_passive_result(rest: &[u8]) -> bool {
    rest.starts_with(b"PASSIVE ") || rest.starts_with(b"EXTERNAL COMMAND: PROCESS_")
}

/// What a line says behind its time.
pub(super) fn kind(at: i64, rest: &[u8]) -> LineKind<'_> {
    if is_passive_result(rest) {
        return LineKind::PassiveResult;
    }
    // By first byte, so that a line that matters not is thrown out after one or two comparisons.
    match rest.first() {
        Some(b'E') => match rest.strip_prefix(b"EXTERNAL COMMAND: ") {
            Some(command) => {
                let (name, args) = cut(command);
                LineKind::Command { name, args }
            }
            None => LineKind::Other,
        },
        Some(b'S') => match rest.strip_prefix(b"SERVICE ") {
            Some(rest) => object_line(rest, true),
            None if rest.starts_with(b"Successfully shutdown") => LineKind::Shutdown,
            None => LineKind::Other,
        },
        Some(b'H') => rest.strip_prefix(b"HOST ").map_or(LineKind::Other, |rest| object_line(rest, false)),
        Some(b'C') => match rest.strip_prefix(b"CURRENT ") {
            Some(rest) => listed(rest),
            None if rest.starts_with(b"Caught SIGHUP") => LineKind::Reloading,
            None if rest.starts_with(b"Caught SIGTERM") => LineKind::Terminating,
            None => LineKind::Other,
        },
        Some(b'I') if rest.starts_with(b"INITIAL ") => listed(rest.get(8..).unwrap_or_default()),
        Some(b'L') if rest.starts_with(b"LOG ROTATION: ") => LineKind::Rotation,
        Some(b'L') => match rest.strip_prefix(b"Local time is ") {
            Some(text) => match localtime::utc_offset(text, at) {
                Some(utc_offset) => LineKind::LocalTime { utc_offset },
                None => LineKind::Malformed { why: "a local time that cannot be read" },
            },
            None => LineKind::Other,
        },
        Some(b'N' | b'I') if is_starting(rest) => LineKind::Starting,
        _ => LineKind::Other,
    }
}

/// `Nagios 4.4.6 starting... (PID=21000)`; Naemon writes its own name.
fn is_starting(rest: &[u8]) -> bool {
    let (head, _) = rest.split_at(rest.len().min(80));
    let name = [b"Nagios ".as_slice(), b"Naemon ", b"Icinga "].iter().any(|name| head.starts_with(name));
    name && memchr::memmem::find(head, b" starting...").is_some()
}

fn object_line(rest: &[u8], service: bool) -> LineKind<'_> {
    if let Some(rest) = rest.strip_prefix(b"ALERT: ") {
        return state(rest, service, Report::Alert);
    }
    if let Some(rest) = rest.strip_prefix(b"NOTIFICATION: ") {
        return notification(rest, service);
    }
    let (rest, flapping) = match rest.strip_prefix(b"FLAPPING ALERT: ") {
        Some(rest) => (rest, true),
        None => match rest.strip_prefix(b"DOWNTIME ALERT: ") {
            Some(rest) => (rest, false),
            None => return LineKind::Other,
        },
    };
    let (object, rest) = names(rest, service);
    let (word, _) = cut(rest);
    let on = match (word, flapping) {
        (b"STARTED", _) => true,
        (b"STOPPED", _) | (b"DISABLED", true) | (b"CANCELLED", false) => false,
        _ => return LineKind::Malformed { why: "neither STARTED, STOPPED, DISABLED nor CANCELLED" },
    };
    if is_nameless(object) {
        return NAMELESS;
    }
    if flapping { LineKind::Flapping { object, on } } else { LineKind::Downtime { object, on } }
}

fn listed(rest: &[u8]) -> LineKind<'_> {
    if let Some(rest) = rest.strip_prefix(b"SERVICE STATE: ") {
        state(rest, true, Report::Listed)
    } else if let Some(rest) = rest.strip_prefix(b"HOST STATE: ") {
        state(rest, false, Report::Listed)
    } else {
        LineKind::Other
    }
}

fn state(rest: &[u8], service: bool, report: Report) -> LineKind<'_> {
    let (object, rest) = names(rest, service);
    if is_nameless(object) {
        return NAMELESS;
    }
    let Some((state, rest)) = state_field(rest, service) else {
        return LineKind::Malformed { why: "no state of this kind of object" };
    };
    let (hard, rest) = match rest.split_first_chunk::<5>() {
        Some((b"HARD;", rest)) => (true, rest),
        Some((b"SOFT;", rest)) => (false, rest),
        _ => return LineKind::Malformed { why: "neither HARD nor SOFT" },
    };
    let Some((attempt, output)) = number_field(rest) else {
        return LineKind::Malformed { why: "no number of the attempt" };
    };
    let unchecked = if service { output == b"(null)" } else { output.is_empty() };
    let pending = report == Report::Listed && unchecked;
    let output = if pending { b"" } else { output };
    LineKind::State(StateLine { object, report, state, hard, attempt, pending, output })
}

fn notification(rest: &[u8], service: bool) -> LineKind<'_> {
    let (contact, rest) = cut(rest);
    let (object, rest) = names(rest, service);
    let (what, rest) = cut(rest);
    let (command, rest) = cut(rest);
    // The monitor has replaced `;` in outputs by `:`, so that author and comment can follow.
    let (output, rest) = cut(rest);
    let (author, comment) = cut(rest);
    if is_nameless(object) {
        return NAMELESS;
    }
    let (kind, state) = match state_word(what, service) {
        Some(state) if state.is_problem() => (NotificationKind::Problem, Some(state)),
        Some(state) => (NotificationKind::Recovery, Some(state)),
        None => {
            let (kind, state) = match memchr(b'(', what) {
                Some(open) => {
                    let (kind, state) = what.split_at(open);
                    let state = state.strip_prefix(b"(").and_then(|s| s.strip_suffix(b")")).unwrap_or_default();
                    match state_word(state, service) {
                        Some(state) => (kind.trim_ascii_end(), Some(state)),
                        None => return LineKind::Malformed { why: "no state of this kind of object" },
                    }
                }
                None => (what, None),
            };
            match notification_kind(kind) {
                Some(kind) => (kind, state),
                None => return LineKind::Malformed { why: "no known type of notification" },
            }
        }
    };
    LineKind::Notification(NotificationLine { object, contact, kind, state, command, output, author, comment })
}

fn notification_kind(word: &[u8]) -> Option<NotificationKind> {
    Some(match word {
        b"PROBLEM" => NotificationKind::Problem,
        b"RECOVERY" => NotificationKind::Recovery,
        b"ACKNOWLEDGEMENT" => NotificationKind::Acknowledgement,
        b"CUSTOM" => NotificationKind::Custom,
        _ if word.starts_with(b"FLAPPING") => NotificationKind::Flapping,
        _ if word.starts_with(b"DOWNTIME") => NotificationKind::Downtime,
        _ => return None,
    })
}

const NAMELESS: LineKind<'static> = LineKind::Malformed { why: "an object without a name" };

fn is_nameless(object: Names<'_>) -> bool {
    object.host.is_empty() || object.service.is_some_and(<[u8]>::is_empty)
}

fn state_word(word: &[u8], service: bool) -> Option<State> {
    State::from_word(word).filter(|state| matches!(state, State::Up | State::Down | State::Unreachable) != service)
}

fn names(rest: &[u8], service: bool) -> (Names<'_>, &[u8]) {
    let (host, rest) = cut(rest);
    if !service {
        return (Names { host, service: None }, rest);
    }
    let (description, rest) = cut(rest);
    (Names { host, service: Some(description) }, rest)
}

/// What stands before and behind the first `;`; nothing behind when there is none.
pub(super) fn cut(bytes: &[u8]) -> (&[u8], &[u8]) {
    match memchr(b';', bytes) {
        Some(at) => {
            let (head, tail) = bytes.split_at(at);
            (head, tail.get(1..).unwrap_or_default())
        }
        None => (bytes, b""),
    }
}

/// A state and what follows its `;`. Written out because words of known length compare in one or two steps.
fn state_field(rest: &[u8], service: bool) -> Option<(State, &[u8])> {
    Some(match (rest.first()?, service) {
        (b'O', true) => (State::Ok, rest.strip_prefix(b"OK;")?),
        (b'W', true) => (State::Warning, rest.strip_prefix(b"WARNING;")?),
        (b'C', true) => (State::Critical, rest.strip_prefix(b"CRITICAL;")?),
        (b'U', true) => (State::Unknown, rest.strip_prefix(b"UNKNOWN;")?),
        (b'U', false) => match rest.strip_prefix(b"UP;") {
            Some(rest) => (State::Up, rest),
            None => (State::Unreachable, rest.strip_prefix(b"UNREACHABLE;")?),
        },
        (b'D', false) => (State::Down, rest.strip_prefix(b"DOWN;")?),
        _ => return None,
    })
}

/// A number of up to nine digits and what follows its `;`, which may be missing at the end of the line.
fn number_field(rest: &[u8]) -> Option<(u32, &[u8])> {
    let mut number = 0u32;
    for (n, byte) in rest.iter().enumerate() {
        match byte {
            b'0'..=b'9' if n < 9 => number = number * 10 + u32::from(byte - b'0'),
            b';' if n > 0 => return Some((number, rest.get(n + 1..)?)),
            _ => return None,
        }
    }
    (!rest.is_empty()).then_some((number, b""))
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
