//! `audit`: a recording decided anew and checked against the monitor's own notifications.

use super::Outcome;
use super::replay::Files;
use crate::audit::{AuditCounter, AuditReport, UNEXPLAINED_SHARE};
use serde_json::json;
use std::fmt::Write;
use std::process::ExitCode;

/// Check the filter against a Nagios' own notifications, over a recording.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    files: Files,
    /// List every state that is without explanation.
    #[arg(long)]
    list: bool,
    /// How to print.
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    format: String,
}

pub(super) fn run(args: &Args) -> Outcome {
    let (mut session, recording, settings) = args.files.open()?;
    session.audit = Some(AuditCounter::default());
    let notes = recording.play(&mut session, &settings, |_, _| {}).map_err(|e| e.to_string())?;
    super::note(&notes);
    let report = session.audit.take().map(AuditCounter::finish).unwrap_or_default();
    match args.format.as_str() {
        "json" => super::print(&format!("{}\n", as_json(&report)?))?,
        _ => super::print(&text(&report, args.list))?,
    }
    Ok(if report.passes() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn as_json(report: &AuditReport) -> Result<String, String> {
    let mut value = serde_json::to_value(report).map_err(|e| e.to_string())?;
    if let Some(object) = value.as_object_mut() {
        object.insert("unexplained_share".to_owned(), json!(report.unexplained_share()));
        object.insert("passes".to_owned(), json!(report.passes()));
    }
    Ok(value.to_string())
}

fn text(r: &AuditReport, list: bool) -> String {
    let mut out = String::new();
    let mut line = |count: u64, what: &str| {
        let _ = writeln!(out, "{count:>9}  {what}");
    };
    line(r.notifications, "notifications of problems");
    line(r.set_aside, "  of these about what is set aside with a reason");
    line(r.faults, "  of these without an alarm in that state: faults");
    line(r.notified + r.not_notified, "hard problem states of alarms that could have been notified");
    line(r.notified, "  notified by the monitor");
    line(r.not_notified, "  not notified, because (several reasons may hold)");
    for (flag, count) in &r.not_notified_by_reason {
        line(*count, &format!("    {}: {}", flag.word(), flag.sentence()));
    }
    line(r.unexplained, &format!("    unexplained: {:.2} %", r.unexplained_share() * 100.0));
    line(r.not_asked, "hard problem states that were listed, of which nothing can be said");
    for case in &r.fault_list {
        let _ = writeln!(out, "fault        {case}");
    }
    if list {
        for case in &r.unexplained_list {
            let _ = writeln!(out, "unexplained  {case}");
        }
    }
    let verdict = match r.passes() {
        true => "passed".to_owned(),
        false => format!(
            "failed: no fault and at most {:.1} % without explanation are asked for; `explain HOST METRIC --at TIME` with \
             the same files shows the steps",
            UNEXPLAINED_SHARE * 100.0
        ),
    };
    let _ = writeln!(out, "{verdict}");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use alarm_core::flag::Flag;

    #[test]
    fn a_report_in_words_and_in_json() {
        let r = AuditReport {
            notifications: 9,
            notified: 9,
            not_notified: 1,
            not_notified_by_reason: [(Flag::Flapping, 1)].into(),
            ..AuditReport::default()
        };
        let out = text(&r, true);
        assert!(out.contains("        1      flapping: the monitor says that it is flapping"), "{out}");
        assert!(out.ends_with("passed\n"));
        let value: serde_json::Value = serde_json::from_str(&as_json(&r).unwrap()).unwrap();
        assert_eq!((&value["passes"], &value["not_notified_by_reason"]["flapping"]), (&json!(true), &json!(1)));
    }
}
