//! A-REX' states: those it publishes (REST) and those of its own files, which are true at once (ARC REST interface specification,
//! "Job states"; A-REX' GMJob).

use crate::ce::{End, Phase, Status};

/// What A-REX writes in `failed` when a client has killed a job.
const KILLED: &str = "Job is canceled by external request";

/// The state of a job from what is published and, where it could be read, from its file `status`.
pub fn status(published: &str, own: Option<&str>) -> Status {
    let own = own.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty() && !text.starts_with('<'));
    let (phase, word) = match own {
        None => (of_rest(published), published.to_owned()),
        Some(own) => match of_gm(&own) {
            // Only what is published tells a waiting job from a running one.
            Some(Phase::Queued) => match of_rest(published) {
                running @ (Phase::Running | Phase::Queued) => (running, published.to_owned()),
                _ => (Phase::Queued, own),
            },
            // The job's end is in its file `failed`, which is read next.
            Some(phase) => (phase, own),
            None => (of_rest(published), published.to_owned()),
        },
    };
    Status { phase, word: plugin::text::shortened(&word, 60).into_owned(), why: None, exit: None, node: None }
}

fn of_rest(state: &str) -> Phase {
    match state {
        "ACCEPTING" | "ACCEPTED" | "PREPARING" | "PREPARED" | "SUBMITTING" => Phase::Submitted,
        "QUEUING" | "HELD" => Phase::Queued,
        "RUNNING" | "EXITINGLRMS" | "OTHER" | "EXECUTED" | "FINISHING" | "KILLING" => Phase::Running,
        "FINISHED" => Phase::Ended(End::Finished),
        "FAILED" => Phase::Ended(End::Failed),
        "KILLED" => Phase::Ended(End::Killed),
        "WIPED" | "None" => Phase::Gone,
        // A state of a later version: the job is there, and how far is not known.
        _ => Phase::Submitted,
    }
}

fn of_gm(state: &str) -> Option<Phase> {
    // A job that waits for its turn has the state before with this in front.
    let state = state.strip_prefix("PENDING:").unwrap_or(state);
    Some(match state {
        "ACCEPTED" | "PREPARING" | "SUBMIT" => Phase::Submitted,
        "INLRMS" => Phase::Queued,
        "FINISHING" | "CANCELING" => Phase::Running,
        "FINISHED" => Phase::Ended(End::Finished),
        "DELETED" => Phase::Gone,
        _ => return None,
    })
}

/// Adds how it ended: from the file `failed`, which is there and has words when it did not end well, and from `diag`.
pub fn add_end(status: &mut Status, failed: Option<&str>, diag: Option<&str>) {
    let why: Vec<&str> = failed.unwrap_or_default().lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if !why.is_empty() && !why[0].starts_with('<') {
        let why = plugin::text::shortened(&why.join("; "), 300).into_owned();
        if status.phase == Phase::Ended(End::Finished) {
            let end = if why.contains(KILLED) { End::Killed } else { End::Failed };
            status.phase = Phase::Ended(end);
            status.word = if end == End::Killed { "KILLED" } else { "FAILED" }.to_owned();
        }
        status.why = Some(why);
    }
    let field = |name: &str| {
        diag.unwrap_or_default().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).map(str::trim)
    };
    status.exit = field("exitcode").and_then(|code| code.parse().ok());
    status.node = field("nodename").map(|node| plugin::text::shortened(node, 255).into_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jobs_own_file_goes_before_what_is_published() {
        let phase = |published: &str, own: Option<&str>| status(published, own).phase;
        assert_eq!(phase("ACCEPTED", Some("FINISHED\n")), Phase::Ended(End::Finished));
        assert_eq!(phase("ACCEPTED", Some("INLRMS")), Phase::Queued);
        assert_eq!(phase("RUNNING", Some("INLRMS")), Phase::Running);
        assert_eq!(phase("QUEUING", Some("PENDING:INLRMS")), Phase::Queued);
        assert_eq!(phase("PREPARING", Some("PENDING:PREPARING")), Phase::Submitted);
        assert_eq!(phase("RUNNING", None), Phase::Running);
        assert_eq!(phase("FAILED", Some("<html>")), Phase::Ended(End::Failed));
        assert_eq!(phase("None", None), Phase::Gone);
    }

    #[test]
    fn the_end_is_told_with_its_reason() {
        let end = |failed: Option<&str>, diag: &str| {
            let mut status = status("ACCEPTED", Some("FINISHED"));
            add_end(&mut status, failed, Some(diag));
            (status.phase, status.exit, status.why.is_some())
        };
        assert_eq!(end(Some("\n"), "nodename=wn1\nexitcode=0\n"), (Phase::Ended(End::Finished), Some(0), false));
        assert_eq!(end(None, ""), (Phase::Ended(End::Finished), None, false));
        let failed = "LRMS error: (1) Job finished with wrong exit code - 1 != 0";
        assert_eq!(end(Some(failed), "exitcode=1"), (Phase::Ended(End::Failed), Some(1), true));
        assert_eq!(end(Some(KILLED), "").0, Phase::Ended(End::Killed));
    }
}
