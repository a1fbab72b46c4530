//! What an end or a time-out means: the semantics of SAM's CE probes (JobSubmit, JobState) for a job that we submit ourselves.
//! CRITICAL is what the site owes, UNKNOWN what is ours or nobody's.

use super::advance::Work;
use super::memory::{Active, Last, Pending};
use super::options::Kind;
use super::worker_node;
use crate::ce::{End, Phase, Status};
use crate::net::rest::Fault;
use crate::trust::time::length;
use plugin::State;

/// What our own job does: it says its name, so that its output is known to be its own, and where it runs.
pub(super) fn script(name: &str) -> String {
    format!("echo \"gridprobe {name}\"; echo \"host $(hostname)\"; echo \"user $(id -un)\"; date -u '+time %s'")
}

fn last(state: State, id: &str, text: String, work: &Work<'_>) -> Last {
    Last { code: state.exit_code(), text, id: id.to_owned(), at: work.now, submitted: 0 }
}

fn named(active: &Active) -> String {
    active.id.clone().unwrap_or_else(|| active.name.clone())
}

/// Of a job that has ended.
pub(super) fn ended(
    how: End,
    status: &Status,
    active: &Active,
    out: Option<&str>,
    err: Option<&str>,
    work: &Work<'_>,
) -> (Last, Vec<Pending>) {
    let bare = |last| (last, Vec::new());
    let took = length(work.now - active.submitted);
    let node = status.node.as_deref().map(|node| format!(" on {node}")).unwrap_or_default();
    let job = named(active);
    let why = status.why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    let exit = status.exit.filter(|code| *code != 0);
    let kind = work.args.kind();
    bare(match (how, exit) {
        (End::Killed, _) => last(
            State::Critical,
            "killed",
            format!("somebody at the site killed the job after {took}{why} ({job})"),
            work,
        ),
        // A payload of the site administrator's own speaks as a plugin does.
        (_, Some(code)) if kind == Kind::Payload => {
            let state = match code {
                1 => State::Warning,
                3 => State::Unknown,
                _ => State::Critical,
            };
            let said = [out, err].into_iter().flatten().find_map(|t| t.lines().find(|l| !l.trim().is_empty()));
            let said = said.map(|line| format!(": {}", plugin::text::shortened(line.trim(), 200))).unwrap_or_default();
            last(
                state,
                "payload",
                format!("the job ran{node}, and its payload ended with exit code {code}{said} ({job})"),
                work,
            )
        }
        (End::Failed, _) | (_, Some(_)) => {
            let code = exit.map(|code| format!(" with exit code {code}")).unwrap_or_default();
            last(State::Critical, "failed", format!("the job failed{node}{code} after {took}{why} ({job})"), work)
        }
        (End::Finished, None) => match out {
            None => last(
                State::Warning,
                "no_output",
                format!("the job finished{node} after {took}, and its output is not there ({job})"),
                work,
            ),
            Some(out) if kind == Kind::Own && !out.contains(&format!("gridprobe {}", active.name)) => last(
                State::Critical,
                "wrong_output",
                format!(
                    "the job is told to have finished{node}, and what it should have written is not in its output ({job})"
                ),
                work,
            ),
            Some(out) if kind == Kind::WorkerNode => return looked(out, &node, active, work),
            Some(_) => last(State::Ok, "finished", format!("a job ran{node} from end to end in {took}"), work),
        },
    })
}

/// Of a job that looked at its node. What it found speaks for itself where a monitor takes it, and here where none does.
fn looked(out: &str, node: &str, active: &Active, work: &Work<'_>) -> (Last, Vec<Pending>) {
    let ran = format!("a job ran{node} from end to end in {}", length(work.now - active.submitted));
    match worker_node::read(out, active, work.now) {
        Err(why) => {
            let text = format!("the job is told to have finished{node}, and {why} ({})", named(active));
            (last(State::Critical, "wrong_output", text, work), Vec::new())
        }
        Ok(found) => {
            let (state, summary) = worker_node::summary(&found);
            let shell = found.fallback.as_deref().map(|why| {
                let why = plugin::text::shortened(why.trim(), 100).into_owned();
                format!("; gridprobe-wn could not run there ({why}), the shell looked at less")
            });
            let text = format!("{ran}; {summary}{}", shell.unwrap_or_default());
            let state = if work.hands_in { State::Ok } else { state };
            let id = if state == State::Ok { "finished" } else { "worker_node" };
            (last(state, id, text, work), found.results)
        }
    }
}

/// Of a job that the compute element does not know any more.
pub(super) fn gone(active: &Active, work: &Work<'_>) -> Last {
    let (word, since) = (&active.word, length(work.now - active.submitted));
    let text = format!(
        "{} does not know the job {} any more, which was {word} and submitted {since} ago; somebody took it away, or its memory is lost",
        work.place,
        named(active)
    );
    last(State::Unknown, "gone", text, work)
}

/// Of a job for which the compute element has not answered for too long.
pub(super) fn discarded(active: &Active, fault: &Fault, work: &Work<'_>) -> Last {
    let limit = length(work.args.timeout_discard);
    last(State::Unknown, "discarded", format!("the job {} was given up: for {limit}, {fault}", named(active)), work)
}

/// Of a job that takes too long, if it does. `before` is how many in a row did.
pub(super) fn late(phase: &Phase, active: &Active, before: u32, work: &Work<'_>) -> Option<Last> {
    let age = work.now - active.submitted;
    let args = work.args;
    let (limit, since, what) = match phase {
        Phase::Submitted => (args.timeout_submitted, active.submitted, "has not reached the batch system"),
        Phase::Queued => (args.timeout_queued, active.queued.unwrap_or(active.submitted), "has not begun to run"),
        _ => (args.timeout_running, active.running.unwrap_or(active.submitted), "has not ended"),
    };
    let in_phase = work.now - since;
    let (over, limit, what) = if in_phase > limit {
        (in_phase, limit, what)
    } else if age > args.timeout_global {
        (age, args.timeout_global, "is not done")
    } else {
        return None;
    };
    // One may have met a busy hour; the second one in a row is the site's to explain. What has not reached the batch system may
    // wait for anything.
    let state = match (phase, before) {
        (_, 1..) => State::Critical,
        (Phase::Submitted, 0) => State::Unknown,
        (_, 0) => State::Warning,
    };
    let count = if before > 0 { format!(", the {} in a row", ordinal(before + 1)) } else { String::new() };
    let text = format!(
        "the job {what} after {} ({}, limit {}){count}; it was given up ({})",
        length(over),
        active.word,
        length(limit),
        named(active)
    );
    Some(last(state, "timeout", text, work))
}

fn ordinal(n: u32) -> String {
    match (n % 10, n % 100) {
        (1, t) if t != 11 => format!("{n}st"),
        (2, t) if t != 12 => format!("{n}nd"),
        (3, t) if t != 13 => format!("{n}rd"),
        _ => format!("{n}th"),
    }
}
