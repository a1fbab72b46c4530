//! The state machine: what is due of a job is done, and written down before what follows from it. A call that is killed between
//! any two steps leaves a memory from which the next one goes on: a submission is announced before it is made, and found by the
//! job's name; a job is to be taken away before its end is forgotten.

use super::memory::{Active, Kept, Last, Memory};
use super::options::{Args, Kind};
use super::{verdict, worker_node};
use crate::ce::{ComputeElement, Job, Phase, Removal, STDERR, STDOUT, Status};
use crate::net::rest::Fault;
use crate::trust::time::Seconds;
use plugin::Finding;
use std::io::Read;

/// What of an output is kept for people.
const SHOWN: usize = 4000;

/// What a call works with.
pub(super) struct Work<'a> {
    pub args: &'a Args,
    pub job: &'a Job,
    pub kept: &'a Kept,
    pub now: Seconds,
    pub place: String,
    /// Results of worker nodes are handed in to a monitor.
    pub hands_in: bool,
}

/// What a call did.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// The compute element was asked.
    pub asked: bool,
    /// It did not answer, or not as it should, while a job of ours is there.
    pub fault: Option<Fault>,
    /// What is to be mended here.
    pub ours: Vec<Finding>,
    /// Jobs that were found and are to be taken away.
    pub found: usize,
    /// What the job wrote, in this call.
    pub output: Option<String>,
}

/// Whether a call has anything to do at the compute element.
pub(super) fn is_due(args: &Args, memory: &Memory, now: Seconds) -> bool {
    // A clock that went back must not stop everything until it has caught up.
    let passed = |since: Seconds, span: Seconds| now < since || now - since >= span;
    match &memory.job {
        Some(job) if job.id.is_none() => true,
        Some(_) => passed(memory.asked, args.fresh),
        None => !memory.left.is_empty() && passed(memory.asked, args.fresh) || submission_is_due(args, memory, now),
    }
}

fn submission_is_due(args: &Args, memory: &Memory, now: Seconds) -> bool {
    memory.last.as_ref().is_none_or(|last| now < last.submitted || now - last.submitted >= args.every)
}

/// Does what is due.
pub(super) fn advance(work: &Work<'_>, ce: &mut dyn ComputeElement, memory: &mut Memory) -> Done {
    let mut done = Done { asked: true, ..Done::default() };
    let stepped = steps(work, ce, memory, &mut done);
    match stepped {
        Ok(()) => {}
        Err(Stop::Ours(finding)) => done.ours.push(finding),
        Err(Stop::Fault(fault)) => done.fault = Some(fault),
    }
    if done.fault.is_none() {
        clean(ce, memory, &mut done);
    }
    done
}

enum Stop {
    /// The memory cannot be written: nothing more is done.
    Ours(Finding),
    /// The compute element does not answer.
    Fault(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Fault(fault)
    }
}

fn steps(work: &Work<'_>, ce: &mut dyn ComputeElement, memory: &mut Memory, done: &mut Done) -> Result<(), Stop> {
    let now = work.now;
    let lost = !work.kept.existed;
    let intended = memory.job.as_ref().is_some_and(|job| job.id.is_none());
    if lost || intended || work.args.reap {
        match ce.find(&work.args.prefix()) {
            Ok(found) => adopt(memory, found, done),
            Err(fault) => return Err(failed(memory, work, fault)),
        }
        save(work, memory)?;
    }
    if memory.job.is_some() {
        return follow(work, ce, memory, done);
    }
    if submission_is_due(work.args, memory, now) {
        submit(work, ce, memory)?;
    }
    Ok(())
}

/// Jobs of ours at the compute element: the one that was being submitted is ours to follow, the others are to be taken away.
fn adopt(memory: &mut Memory, found: Vec<(String, String)>, done: &mut Done) {
    for (id, name) in found {
        match &mut memory.job {
            Some(job) if job.name == name && job.id.is_none() => job.id = Some(id),
            Some(job) if job.id.as_deref() == Some(&id) => {}
            _ => {
                if !memory.leaves(&id) {
                    done.found += 1;
                }
                memory.leave(id, name);
            }
        }
    }
    // It never arrived.
    if memory.job.as_ref().is_some_and(|job| job.id.is_none()) {
        memory.job = None;
    }
}

fn save(work: &Work<'_>, memory: &Memory) -> Result<(), Stop> {
    work.kept.save(memory).map_err(Stop::Ours)
}

/// A submission that failed is a verdict; the next call tries again.
fn failed(memory: &mut Memory, work: &Work<'_>, fault: Fault) -> Stop {
    memory.last = Some(Last {
        code: fault.state().exit_code(),
        text: format!("no job can be submitted: {fault}"),
        id: "submit".to_owned(),
        at: work.now,
        // Not from when it was tried: the next call tries again.
        submitted: 0,
    });
    // What may have arrived all the same is looked for by its name.
    if matches!(fault, Fault::Refused(_)) && memory.job.as_ref().is_some_and(|job| job.id.is_none()) {
        memory.job = None;
    }
    Stop::Fault(fault)
}

fn submit(work: &Work<'_>, ce: &mut dyn ComputeElement, memory: &mut Memory) -> Result<(), Stop> {
    let now = work.now;
    // Where there is no randomness the process's number tells two calls of one second apart. OpenSSL's costs a start of all of it.
    let mut number = std::process::id().to_be_bytes();
    if let Ok(mut random) = std::fs::File::open("/dev/urandom") {
        let _ = random.read_exact(&mut number);
    }
    let name = format!("{}{now}.{:08x}", work.args.prefix(), u32::from_be_bytes(number));
    let mut job = work.job.clone();
    job.name.clone_from(&name);
    // The place that is kept for it, `-c SCRIPT` or `--job NAME`.
    if let Some(second) = job.arguments.get_mut(1) {
        match work.args.kind() {
            Kind::Own => *second = verdict::script(&name),
            Kind::WorkerNode => second.clone_from(&name),
            Kind::Payload => {}
        }
    }
    let delegation = ce.prepare().map_err(|fault| failed(memory, work, fault))?;
    memory.delegation = delegation.or(memory.delegation.take());
    memory.job = Some(Active {
        name,
        id: None,
        staged: job.inputs.is_empty(),
        submitted: now,
        phase: "submitted".to_owned(),
        word: "being submitted".to_owned(),
        since: now,
        queued: None,
        running: None,
    });
    save(work, memory)?;
    let id = ce.submit(&job).map_err(|fault| failed(memory, work, fault))?;
    if let Some(active) = &mut memory.job {
        active.id = Some(id.clone());
        active.word = "submitted".to_owned();
    }
    memory.silent_since = None;
    save(work, memory)?;
    stage(work, ce, memory, &id, &job)
}

fn stage(work: &Work<'_>, ce: &mut dyn ComputeElement, memory: &mut Memory, id: &str, job: &Job) -> Result<(), Stop> {
    if memory.job.as_ref().is_none_or(|active| active.staged) {
        return Ok(());
    }
    ce.stage_in(id, job)?;
    if let Some(active) = &mut memory.job {
        active.staged = true;
    }
    save(work, memory)
}

fn follow(work: &Work<'_>, ce: &mut dyn ComputeElement, memory: &mut Memory, done: &mut Done) -> Result<(), Stop> {
    let Some((active, id)) = memory.job.clone().and_then(|job| job.id.clone().map(|id| (job, id))) else {
        return Ok(());
    };
    let status = stage(work, ce, memory, &id, work.job).and_then(|()| Ok(ce.status(&id)?));
    let status = match status {
        Ok(status) => status,
        Err(Stop::Fault(fault)) => {
            let since = *memory.silent_since.get_or_insert(work.now);
            if work.now - since >= work.args.timeout_discard {
                end(memory, &active, &id, verdict::discarded(&active, &fault, work));
            }
            return Err(Stop::Fault(fault));
        }
        Err(stop) => return Err(stop),
    };
    memory.silent_since = None;
    seen(memory, &status, work.now);
    if status.phase != Phase::Gone {
        memory.gone_since = None;
    }
    let active = memory.job.clone().unwrap_or(active);
    let verdict = match &status.phase {
        Phase::Ended(how) => {
            memory.timeouts = 0;
            let out = ce.output(&id, STDOUT)?;
            let err = if work.args.kind() != Kind::Own || out.is_none() { ce.output(&id, STDERR)? } else { None };
            let text = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(|b| String::from_utf8_lossy(b).into_owned());
            let (out, err) = (text(&out), text(&err));
            done.output = out.as_deref().map(|t| plugin::text::shortened(t, SHOWN).into_owned());
            let (verdict, found) = verdict::ended(*how, &status, &active, out.as_deref(), err.as_deref(), work);
            if work.hands_in {
                worker_node::wait(&mut memory.results, found);
            }
            verdict
        }
        // While A-REX starts, and while it moves a job's files about, it says that it does not know the job. That is believed when it has
        // been said for a while.
        Phase::Gone if work.now - *memory.gone_since.get_or_insert(work.now) < work.args.timeout_gone => {
            return save(work, memory);
        }
        Phase::Gone => verdict::gone(&active, work),
        phase => match verdict::late(phase, &active, memory.timeouts, work) {
            Some(verdict) => {
                memory.timeouts = memory.timeouts.saturating_add(1);
                verdict
            }
            None => return save(work, memory),
        },
    };
    end(memory, &active, &id, verdict);
    save(work, memory)
}

/// The job is over for us: its verdict stands, and it is to be taken away.
fn end(memory: &mut Memory, active: &Active, id: &str, verdict: Last) {
    memory.last = Some(Last { submitted: active.submitted, ..verdict });
    memory.leave(id.to_owned(), active.name.clone());
    memory.job = None;
    memory.silent_since = None;
    memory.gone_since = None;
}

fn seen(memory: &mut Memory, status: &Status, now: Seconds) {
    let Some(job) = &mut memory.job else { return };
    let phase = match status.phase {
        Phase::Submitted => "submitted",
        Phase::Queued => "queued",
        Phase::Running => "running",
        Phase::Ended(_) => "ended",
        Phase::Gone => "gone",
    };
    job.word.clone_from(&status.word);
    if job.phase != phase {
        phase.clone_into(&mut job.phase);
        job.since = now;
    }
    if phase != "submitted" && phase != "gone" {
        job.queued.get_or_insert(now);
    }
    if phase == "running" {
        job.running.get_or_insert(now);
    }
}

/// Takes away what is left, and forgets what is gone.
fn clean(ce: &mut dyn ComputeElement, memory: &mut Memory, done: &mut Done) {
    for (id, _) in memory.left.clone() {
        match ce.remove(&id) {
            Ok(Removal::Gone) => memory.left.retain(|(left, _)| *left != id),
            Ok(Removal::UnderWay) => {}
            Err(fault @ (Fault::Ours(_) | Fault::Theirs(_))) => {
                done.ours.push(Finding::ok("left_behind", format!("the job {id} is still to be taken away: {fault}")));
                return;
            }
            Err(fault) => {
                done.ours.push(Finding::ok("left_behind", format!("the job {id} is still to be taken away: {fault}")))
            }
        }
    }
}
