//! What goes wrong around a job: the compute element, our own process and its memory. What we show is in `credentials.rs`, a full disk in
//! `full_disk.rs`.

use e2e::arex::Arex;
use e2e::{Result, wait};
use std::time::Duration;

#[test]
fn what_is_ours_is_unknown_and_what_the_site_owes_is_critical() -> Result {
    let mut arex = Arex::start()?;
    arex.pki.proxy("expired.proxy", "user", "12H", Some("-2d"))?;
    let at = |name: &str| arex.pki.arg(name);
    let cases: [(&str, &[&str], &str, i32); 6] = [
        ("expired", &["-x", &at("expired.proxy")], "expired.proxy expired 1 d 12 h ago", 3),
        ("missing", &["-x", "/no/such/proxy"], "cannot read /no/such/proxy", 3),
        ("queue", &["--queue", "nosuch"], "Requested queue nosuch is not allowed for this user", 2),
        ("host", &["-H", "no-such-host.invalid"], "there is no host no-such-host.invalid", 3),
        ("port", &["-p", "1"], "Connection refused", 2),
        ("path", &["--path", "/elsewhere"], "no job can be submitted", 2),
    ];
    for (tag, options, words, code) in cases {
        let answer = arex.probe(tag).with(options).call()?;
        assert!(answer.text.contains(words) && answer.code == code, "{tag}: {} {}", answer.code, answer.text);
        assert!(!answer.text.contains("under way"), "{tag}: {}", answer.text);
    }
    // A server that the grid does not trust is told nothing.
    let other = Arex::start()?;
    let answer = arex.probe("untrusted").with(&["--ca-dir", &other.pki.anchors().display().to_string()]).call()?;
    assert!(answer.text.contains("is not taken: it is not trusted") && answer.code == 2, "{}", answer.text);
    // A client that the server does not trust; an A-REX that is not root maps everybody else to itself.
    let answer = arex.probe("foreign").with(&["-x", &other.pki.arg("proxy.pem")]).call()?;
    assert!(
        (answer.text.contains("refuses our certificate") || answer.text.contains("does not trust our certificate"))
            && answer.code == 2,
        "{} {}",
        answer.code,
        answer.text
    );
    // Somebody else's name.
    let answer = arex.probe("name").with(&["-H", "127.0.0.1"]).call()?;
    assert!(answer.text.contains("is not for 127.0.0.1") && answer.code == 2, "{}", answer.text);
    assert!(arex.jobs()?.is_empty(), "{:?}", arex.jobs()?);
    arex.kill()?;
    let answer = arex.probe("dead").call()?;
    assert!(answer.text.contains("Connection refused") && answer.code == 2, "{}", answer.text);
    Ok(())
}

/// Waits until A-REX has handed a job on: what it has merely accepted it may lose, or leave lying, when it is killed.
fn taken(arex: &Arex) -> Result {
    wait::until_true("A-REX to hand the job on", || {
        let jobs = std::fs::read_dir(arex.disk().join("control/processing")).into_iter().flatten().flatten();
        Ok(jobs.filter_map(|job| std::fs::read_to_string(job.path()).ok()).any(|state| state.starts_with("INLRMS")))
    })
}

#[test]
fn a_compute_element_that_dies_in_the_middle_is_critical_and_the_job_goes_on_with_it() -> Result {
    let mut arex = Arex::start()?;
    let probe = arex.probe("dying");
    probe.call()?;
    taken(&arex)?;
    arex.kill()?;
    let dead = probe.call()?;
    assert!(
        dead.text.contains("nobody tells how the job") && dead.text.contains("Connection refused"),
        "{}",
        dead.text
    );
    assert_eq!(dead.code, 2, "{}", dead.text);
    let state = probe.with(&["--metric", "state"]).call()?;
    assert!(state.code == 1 && state.text.contains("it will be given up in "), "{}", state.text);
    arex.resume()?;
    let ended = probe.until("from end to end")?;
    assert_eq!(ended.code, 0, "{}", ended.text);
    probe.until_clean()?;
    assert!(arex.jobs()?.is_empty(), "{:?}", arex.jobs()?);
    // One that stays silent is given up, and what is left of it is taken away when it is back.
    let probe = arex.probe("silent");
    probe.call()?;
    taken(&arex)?;
    arex.kill()?;
    probe.call()?;
    let given_up = probe.with(&["--timeout-discard", "0s"]).call()?;
    assert!(given_up.text.contains("was given up") && given_up.code == 3, "{} {}", given_up.code, given_up.text);
    arex.resume()?;
    probe.until_clean()?;
    wait::until_true("the job to be gone", || Ok(arex.jobs()?.is_empty()))
}

#[test]
fn a_lost_memory_finds_its_jobs_by_name_and_leaves_those_of_others() -> Result {
    let arex = Arex::start()?;
    let sleep = arex.script("sleep.sh", "#!/bin/sh\nsleep 600\n")?;
    let (probe, other) =
        (arex.probe("lost").with(&["--payload", &sleep]), arex.probe("lost-not").with(&["--payload", &sleep]));
    probe.call()?;
    other.call()?;
    let before = arex.jobs()?;
    assert_eq!(before.len(), 2);
    std::fs::remove_file(probe.memory_file()?)?;
    let found = probe.call()?;
    assert!(found.text.contains("1 jobs of ours were found") && found.code == 0, "{}", found.text);
    // The new job has the delegation of the old one.
    assert_eq!(arex.delegations()?, 2);
    wait::until_true("the lost job to be gone", || {
        probe.call()?;
        std::thread::sleep(Duration::from_millis(300));
        Ok(arex.jobs()?.len() == 2 && probe.memory()?.contains("\"left\":[]"))
    })?;
    let kept: Vec<_> = arex.jobs()?.into_iter().filter(|id| before.contains(id)).collect();
    assert!(kept.len() == 1 && other.memory()?.contains(&kept[0]), "{kept:?}");
    // Another monitor's reaping takes away its own only; ours takes what nobody remembers.
    std::fs::remove_file(other.memory_file()?)?;
    other.with(&["--reap", "--every", "1h"]).call()?;
    Ok(())
}

#[test]
fn a_call_that_is_killed_at_any_moment_leaves_no_job_behind() -> Result {
    let arex = Arex::start()?;
    let words = arex.script("words.sh", "#!/bin/sh\ncat more.txt\n")?;
    let more = arex.script("more.txt", "this came along\n")?;
    let probe = arex.probe("killed").with(&["--payload", &words, "--input", &more, "--every", "0s"]);
    // From before the connection to beyond the last request; the same moment may fall between other steps each time.
    for round in 0..2_u64 {
        for moment in 0..30_u64 {
            let mut child = probe.command()?.stdout(std::process::Stdio::null()).spawn()?;
            std::thread::sleep(Duration::from_millis(moment * 4 + round * 2));
            let _may_have_ended = child.kill();
            child.wait()?;
        }
    }
    let last = probe.with(&["--every", "1h"]);
    let ended = last.until("from end to end")?;
    assert_eq!(ended.code, 0, "{}", ended.text);
    last.until_clean()?;
    assert!(arex.jobs()?.is_empty(), "{:?} {}", arex.jobs()?, last.memory()?);
    Ok(())
}

#[test]
fn two_calls_at_once_submit_one_job() -> Result {
    let arex = Arex::start()?;
    let probe = arex.probe("twice");
    let children = (0..8)
        .map(|_| probe.command()?.stdout(std::process::Stdio::piped()).spawn().map_err(Into::into))
        .collect::<Result<Vec<_>>>()?;
    for child in children {
        let output = child.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.starts_with("CE OK") || text.contains("no job was submitted yet"), "{text}");
    }
    assert_eq!(arex.jobs()?.len(), 1);
    Ok(())
}

#[test]
fn what_others_do_to_a_job_is_told() -> Result {
    let arex = Arex::start()?;
    let sleep = arex.script("sleep.sh", "#!/bin/sh\nsleep 600\n")?;
    let probe = arex.probe("killed-there").with(&["--payload", &sleep]);
    probe.call()?;
    probe
        .with(&["--metric", "state"])
        .until("[RUNNING]")
        .or_else(|_| probe.with(&["--metric", "state"]).until("LRMS"))?;
    let id = arex.jobs()?.remove(0);
    let said = arex.act("kill", &id)?;
    assert!(said.contains("Queued for killing"), "{said}");
    let killed = probe.until("somebody at the site killed the job")?;
    assert_eq!(killed.code, 2, "{}", killed.text);
    probe.until_clean()?;
    // One that is taken away altogether.
    let probe = arex.probe("gone");
    probe.call()?;
    let id = arex.jobs()?.into_iter().find(|job| *job != id).unwrap_or_default();
    wait::until_true("the job to be taken away", || {
        Ok(arex.act("clean", &id)?.contains("404") || arex.act("kill", &id)?.contains("404"))
    })?;
    let gone = probe.until("does not know the job")?;
    assert!(gone.code == 3, "{} {}", gone.code, gone.text);
    Ok(())
}
