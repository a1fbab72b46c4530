//! check_ce (org.nordugrid.ARC-CE-submit, org.sam.ARC-JobSubmit, org.sam.ARC-JobState): does a job that is submitted run from end to
//! end? Each call does what is due of one job (submit it, look how far it is, fetch what it wrote, take it away) and returns at
//! once: no slot of Nagios waits for a batch system.
//!
//! Start reading in `run` below; `advance.rs` is the state machine, `verdict.rs` the table of what an end or a time-out means,
//! `memory.rs` what is kept between calls, `credentials.rs` what we show, `worker_node.rs` what a job brings back from its node,
//! `answer.rs` what is said. The compute elements themselves are in `crate::ce`.

mod advance;
mod answer;
mod credentials;
mod memory;
mod options;
mod verdict;
mod worker_node;

use super::anchors;
use crate::ce::arc::{Arc, Settings};
use crate::ce::command::{Local, Template};
use crate::ce::{Job, condor};
use crate::net::rest::{Rest, Server};
use crate::registry;
use advance::{Done, Work};
use clap::{ArgMatches, Args as _, Command, FromArgMatches};
use memory::{Memory, Refusal};
use options::{Args, Raw};
use plugin::{Context, Finding, Plugin, Report, Usage};
use std::path::Path;

/// The probe.
pub const PLUGIN: Plugin = Plugin {
    name: "check_ce",
    service: "CE",
    version: registry::version,
    command: || {
        Raw::augment_args(Command::new("check_ce"))
            .about("A compute element: whether jobs that are submitted to it run from end to end")
    },
    run,
};

/// A file that goes with the job is not longer.
const INPUT: u64 = 16 * 1024 * 1024;

fn run(matches: &ArgMatches, context: &Context) -> Result<Report, Usage> {
    let args = Args::from(Raw::from_arg_matches(matches)?);
    if args.ce != "arc" && !args.stage_in.is_empty() {
        return Err(Usage(format!("--stage-in: only an ARC CE fetches files itself, not --ce {}", args.ce)));
    }
    let mut report = context.report(PLUGIN.service);
    let (mut memory, kept) = match memory::open(&args.state_dir, &args.hostname, args.port(), &args.tag) {
        Ok(open) => open,
        Err(Refusal::Busy(memory)) => {
            report.add(Finding::ok(
                "busy",
                "another call is working with this compute element; this is what was known before",
            ));
            answer::say(&args, &memory, &Done::default(), context.now, &mut report);
            return Ok(report);
        }
        Err(Refusal::Wrong(finding)) => {
            report.add(finding);
            return Ok(report);
        }
    };
    if args.results.is_none() {
        memory.results.clear();
    }
    let due = args.reap || advance::is_due(&args, &memory, context.now);
    if !due && memory.results.is_empty() {
        answer::say(&args, &memory, &Done::default(), context.now, &mut report);
        return Ok(report);
    }
    let mut done = match job(&args) {
        _ if !due => Done::default(),
        Ok(job) => {
            let (place, hands_in) = (args.hostname.clone(), args.results.is_some());
            let work = Work { args: &args, job: &job, kept: &kept, now: context.now, place, hands_in };
            let done = match args.ce.as_str() {
                "htcondor" => htcondor(&work, &mut memory, context),
                "command" => command(&work, &mut memory, context),
                _ => arc(&work, &mut memory, context, &mut report),
            };
            done.unwrap_or_else(|finding| Done { ours: vec![finding], ..Done::default() })
        }
        Err(finding) => Done { ours: vec![finding], ..Done::default() },
    };
    if let (Some(place), false) = (&args.results, memory.results.is_empty()) {
        // Written down before: a call that is killed here hands them in again.
        done.ours.extend(worker_node::deliver(&args, place, &mut memory.results));
    }
    if done.asked {
        memory.asked = context.now;
    }
    if let Err(finding) = kept.save(&memory) {
        report.add(finding);
    }
    answer::say(&args, &memory, &done, context.now, &mut report);
    Ok(report)
}

/// An ARC CE.
fn arc(work: &Work<'_>, memory: &mut Memory, context: &Context, report: &mut Report) -> Result<Done, Finding> {
    let args = work.args;
    let server = Server {
        host: args.hostname.clone(),
        port: args.port(),
        ca_dir: anchors::folder(args.ca_dir.as_ref()),
        identity: credentials::shown(args, context)?.map(|shown| shown.identity),
        token: credentials::token(args)?,
    };
    let settings = Settings {
        base: args.path.clone(),
        language: args.language(),
        delegates: !args.no_delegation,
        needed: args.needed(),
    };
    let mut ce = Arc::new(Rest::new(server, context), settings, context.now, memory.delegation.clone());
    let done = advance::advance(work, &mut ce, memory);
    memory.delegation = ce.delegation().cloned();
    let handshakes = ce.rest().handshakes();
    report.detail(2, format!("{handshakes} TLS handshake(s)"));
    report.extend(ce.rest().remarks().into_iter().map(|f| f.about(format!("certificate of {}", args.hostname))));
    Ok(done)
}

/// An HTCondor-CE.
fn htcondor(work: &Work<'_>, memory: &mut Memory, context: &Context) -> Result<Done, Finding> {
    let args = work.args;
    let shown = credentials::shown(args, context)?;
    let settings = condor::Settings {
        host: args.hostname.clone(),
        port: args.port(),
        tools: args.condor_bin.clone(),
        folder: args.jobs_dir(),
        proxy: shown.map(|shown| shown.file),
        token: args.token.clone().filter(|token| token.as_os_str() != "auto"),
        ca_dir: anchors::folder(args.ca_dir.as_ref()),
    };
    let mut ce = condor::Condor::new(settings, memory.jobs(), context);
    Ok(advance::advance(work, &mut ce, memory))
}

/// A batch system by a template.
fn command(work: &Work<'_>, memory: &mut Memory, context: &Context) -> Result<Done, Finding> {
    let file = work.args.template.clone().unwrap_or_default();
    let wrong =
        |why: String| Finding::unknown("template", format!("cannot use the template {}: {why}", file.display()));
    let text = std::fs::read_to_string(&file).map_err(|e| wrong(e.to_string()))?;
    let template = Template::read(&text).map_err(wrong)?;
    let mut ce = Local::new(template, &work.args.jobs_dir(), memory.jobs(), context);
    Ok(advance::advance(work, &mut ce, memory))
}

/// What the job is made of.
fn job(args: &Args) -> Result<Job, Finding> {
    let read = |path: &Path| -> Result<(String, Vec<u8>), Finding> {
        let wrong = |why: String| Finding::unknown("payload", format!("cannot use {}: {why}", path.display()));
        let name = path.file_name().and_then(|name| name.to_str()).filter(|name| is_file_name(name));
        let name = name.ok_or_else(|| wrong("its name may have letters, digits, dots and dashes only".to_owned()))?;
        let meta = std::fs::metadata(path).map_err(|e| wrong(e.to_string()))?;
        if !meta.is_file() || meta.len() > INPUT {
            return Err(wrong(format!("it is no file, or longer than {INPUT} octets")));
        }
        std::fs::read(path).map(|content| (name.to_owned(), content)).map_err(|e| wrong(e.to_string()))
    };
    let mut job = Job {
        queue: args.queue.clone(),
        wall_time: u32::try_from(args.wall_time).unwrap_or(u32::MAX),
        memory: args.memory,
        sources: args.stage_in.clone(),
        environments: args.runtime_environment.clone(),
        ..Job::default()
    };
    // The job's name is put in when it gets one.
    match (&args.payload, &args.wn) {
        (Some(payload), _) => {
            let (name, content) = read(payload)?;
            job.executable = name.clone();
            job.arguments = args.payload_arg.clone();
            job.inputs.push((name, content));
        }
        (None, Some(program)) => {
            let (_, content) = read(program)?;
            job.executable = worker_node::WRAPPER_NAME.to_owned();
            job.arguments = vec!["--job".to_owned(), String::new()];
            let targets = worker_node::targets(args).map_err(|why| Finding::unknown("wn_connect", why.to_string()))?;
            job.arguments.extend(targets);
            job.arguments.extend(args.wn_arg.iter().cloned());
            job.inputs.push((job.executable.clone(), worker_node::WRAPPER.as_bytes().to_vec()));
            job.inputs.push((worker_node::PROGRAM.to_owned(), content));
        }
        (None, None) => {
            job.executable = "/bin/sh".to_owned();
            job.arguments = vec!["-c".to_owned(), String::new()];
        }
    }
    for input in &args.input {
        job.inputs.push(read(input)?);
    }
    Ok(job)
}

fn is_file_name(name: &str) -> bool {
    (1..=100).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
        && ![crate::ce::STDOUT, crate::ce::STDERR].contains(&name)
}
