//! What is said: the verdict on the last job (JobSubmit), or where the job is now (JobState).

use super::advance::Done;
use super::memory::Memory;
use super::options::Args;
use crate::trust::time::{Seconds, length};
use plugin::{Finding, Perfdata, Report, State, Unit};

/// Puts it into the report.
pub(super) fn say(args: &Args, memory: &Memory, done: &Done, now: Seconds, report: &mut Report) {
    report.extend(done.ours.iter().cloned());
    let state = args.metric == "state";
    let under_way = memory.job.as_ref().map(|job| {
        let id = job.id.as_deref().unwrap_or(&job.name);
        format!("[{}] {id}, submitted {} ago", job.word, length(now - job.submitted))
    });
    if let (Some(fault), Some(job)) = (&done.fault, &memory.job)
        && memory.last.as_ref().is_none_or(|last| last.at != now)
    {
        let id = job.id.as_deref().unwrap_or(&job.name);
        let left = memory.silent_since.map_or(0, |since| (since + args.timeout_discard - now).max(0));
        // How a job stands is not known: SAM's JobState warns. That nobody answers is what JobSubmit is about.
        let bad = if state { State::Warning } else { fault.state() };
        report.add(Finding::new(
            bad,
            "silent",
            format!("nobody tells how the job {id} stands: {fault}; it will be given up in {}", length(left)),
        ));
    }
    let verdict = memory.last.as_ref();
    match (&under_way, verdict) {
        (Some(job), _) if state => report.headline(job.clone()),
        (_, Some(last)) => {
            let age = now - last.at;
            let ago = if age > 0 { format!(", {} ago", length(age)) } else { String::new() };
            if last.state() == State::Ok {
                report.headline(format!("{}{ago}", last.text));
            } else {
                report.add(Finding::new(last.state(), last.id.clone(), format!("{}{ago}", last.text)));
            }
            if let Some(job) = under_way {
                report.detail(0, format!("The next job: {job}"));
            }
        }
        (Some(job), None) => report.headline(format!("the first job is under way: {job}")),
        (None, None) => {
            if report.state() == State::Ok {
                report.add(Finding::unknown("nothing_known", "no job was submitted yet, and none is"));
            }
        }
    }
    if let Some(job) = &memory.job {
        report.perfdata(Perfdata::new("age", (now - job.submitted).max(0) as f64, Unit::Seconds));
    }
    if let Some(last) = verdict.filter(|last| last.id == "finished") {
        report.perfdata(Perfdata::new("total", (last.at - last.submitted).max(0) as f64, Unit::Seconds));
    }
    report.perfdata(Perfdata::new("left_behind", memory.left.len() as f64, Unit::None));
    if done.found > 0 {
        report.detail(0, format!("{} jobs of ours were found that nobody remembered; they are taken away", done.found));
    }
    if let Some(output) = &done.output {
        output.lines().for_each(|line| report.detail(1, format!("job: {line}")));
    }
}
