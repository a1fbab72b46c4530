//! What goes wrong around a job: credentials, the compute element, our own process and its memory.

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
fn a_delegation_is_used_again_renewed_and_taken_away() -> Result {
    let arex = Arex::start()?;
    arex.pki.proxy("other.pem", "user", "10H", None)?;
    // The queue is refused after the delegation was taken: each call tries again.
    let probe = arex.probe("delegation").with(&["--queue", "nosuch"]);
    let delegated = || -> Result<String> {
        let memory = probe.memory()?;
        Ok(memory.split("\"delegation\":").nth(1).unwrap_or_default().split('}').next().unwrap_or_default().to_owned())
    };
    let id = |delegated: &str| delegated.split('"').nth(3).unwrap_or_default().to_owned();
    probe.call()?;
    let first = delegated()?;
    assert!(arex.delegations()? == 1 && id(&first).len() > 6, "{first}");
    probe.call()?;
    assert_eq!((arex.delegations()?, delegated()?), (1, first.clone()));
    // Another proxy of ours: in the same place.
    probe.with(&["-x", &arex.pki.arg("other.pem")]).call()?;
    let second = delegated()?;
    assert!(arex.delegations()? == 1 && second != first && id(&second) == id(&first), "{first} {second}");
    // None is wanted any more.
    let without = probe.with(&["--no-delegation"]).call()?;
    assert!(without.code == 2 && without.text.contains("Requested queue nosuch"), "{}", without.text);
    assert!(arex.delegations()? == 0 && !probe.memory()?.contains("delegation"), "{}", probe.memory()?);
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

#[test]
fn what_voms_vouches_for_lets_a_stranger_in_and_goes_with_the_delegation() -> Result {
    let arex = Arex::start()?;
    arex.pki.voms_proxy("voms.proxy", "stranger", &arex.file("vomsdir"))?;
    let probe = arex.probe("voms").with(&["-x", &arex.pki.arg("voms.proxy")]);
    let first = probe.call()?;
    assert_eq!(first.code, 0, "{}", first.text);
    assert_eq!(probe.until("from end to end")?.code, 0);
    probe.until_clean()
}

#[test]
fn a_proxy_is_made_of_a_certificate_and_keeps_what_voms_says() -> Result {
    let arex = Arex::start()?;
    let vomsdir = arex.file("vomsdir");
    arex.pki.voms_proxy("voms.proxy", "stranger", &vomsdir)?;
    arex.pki.voms_proxy_over("over.proxy", "stranger", &vomsdir)?;
    let at = |name: &str| arex.pki.arg(name);
    let robot = arex.robot_of("stranger", "made");
    let probe = robot.with(&["--voms-proxy", &at("voms.proxy")]);
    let first = probe.call()?;
    assert_eq!(first.code, 0, "{}", first.text);
    let proxies = || -> Result<Vec<std::path::PathBuf>> {
        let all = std::fs::read_dir(probe.state().join("proxies"))?.flatten().map(|e| e.path());
        Ok(all.filter(|p| p.extension().is_some_and(|e| e == "pem")).collect())
    };
    // ARC's own tool reads it as ours does: the attributes are there, and the key is nobody else's to read.
    let made = proxies()?;
    assert_eq!(made.len(), 1, "{made:?}");
    let content = std::fs::read(&made[0])?;
    let mode = std::os::unix::fs::PermissionsExt::mode(&made[0].metadata()?.permissions());
    assert_eq!(mode & 0o777, 0o600);
    let info = std::process::Command::new("arcproxy")
        .arg("-I")
        .arg("-P")
        .arg(&made[0])
        .arg("-T")
        .arg(arex.pki.anchors())
        .env("X509_VOMS_DIR", &vomsdir)
        .output()?;
    let info = String::from_utf8_lossy(&info.stdout).into_owned();
    assert!(
        info.contains("dteam") && info.contains("Proxy type: X.509 Proxy Certificate Profile RFC compliant"),
        "{info}"
    );
    // Another service shares it, and so does the next call.
    let ended = probe.until("from end to end")?;
    assert_eq!(ended.code, 0, "{}", ended.text);
    assert!(proxies()? == made && std::fs::read(&made[0])? == content);
    // A certificate's key in place of the proxy's never went there.
    let key = std::fs::read_to_string(arex.pki.file("stranger.key"))?;
    let line = key.lines().nth(1).unwrap_or_default();
    assert!(!line.is_empty() && !String::from_utf8_lossy(&content).contains(line));
    probe.until_clean()?;
    // A-REX itself counted the job as the organisation's.
    let counted = std::fs::read(arex.disk().join("control/accounting/accounting.db"))?;
    assert!(counted.windows(6).any(|octets| octets == b"/dteam"), "A-REX did not see the VOMS attributes");
    // What cannot be used is ours to mend, and nobody is asked.
    let cases: [(&str, &str, &str, &str); 4] = [
        ("over", "stranger", &at("over.proxy"), "the attributes of dteam in"),
        ("none", "user", &at("proxy.pem"), "there are no VOMS attributes in"),
        ("other", "user", &at("voms.proxy"), "were not issued to the certificate"),
        ("missing", "user", "/no/such/proxy", "cannot read /no/such/proxy"),
    ];
    for (tag, who, file, words) in cases {
        let answer = arex.robot_of(who, tag).with(&["--voms-proxy", file]).call()?;
        assert!(answer.text.contains(words) && answer.code == 3, "{tag}: {} {}", answer.code, answer.text);
    }
    // Where nothing can be kept it is said.
    use std::os::unix::fs::PermissionsExt;
    let closed = arex.robot_of("user", "closed");
    std::fs::create_dir_all(closed.state().join("proxies"))?;
    std::fs::set_permissions(closed.state().join("proxies"), std::fs::Permissions::from_mode(0o500))?;
    let answer = closed.call()?;
    assert!(answer.text.contains("cannot keep a proxy in") && answer.code == 3, "{}", answer.text);
    assert!(arex.jobs()?.is_empty(), "{:?}", arex.jobs()?);
    Ok(())
}

/// A disk that is full, and stays so when others remove what they had there.
struct Full {
    filler: std::path::PathBuf,
    over: std::sync::Arc<std::sync::atomic::AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Full {
    fn new(filler: &std::path::Path) -> Result<Full> {
        let mut file = std::fs::File::create(filler)?;
        let mut fill = move || {
            let mut block = vec![0_u8; 1 << 20];
            while !block.is_empty() {
                if std::io::Write::write_all(&mut file, &block).is_err() {
                    block.truncate(block.len() / 2);
                }
            }
        };
        fill();
        let over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let seen = over.clone();
        let thread = std::thread::spawn(move || {
            while !seen.load(std::sync::atomic::Ordering::Relaxed) {
                fill();
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        Ok(Full { filler: filler.to_owned(), over, thread: Some(thread) })
    }
}

impl Drop for Full {
    fn drop(&mut self) {
        self.over.store(true, std::sync::atomic::Ordering::Relaxed);
        let _ended = self.thread.take().map(std::thread::JoinHandle::join);
        let _removed = std::fs::remove_file(&self.filler);
    }
}

#[test]
fn a_compute_element_whose_disk_is_full_is_critical_and_leaves_no_job_behind() -> Result {
    let disk = std::env::var_os("GRIDWARD_SMALL_DISK")
        .map(std::path::PathBuf::from)
        .ok_or_else(|| e2e::Fail::new("GRIDWARD_SMALL_DISK is not set; tests/run ce makes the disk"))?
        .join("arex");
    let arex = Arex::start_on(&disk)?;
    // In the middle of a job.
    let probe = arex.probe("full").with(&["--timeout-submitted", "20s"]);
    assert_eq!(probe.call()?.code, 0);
    let full = Full::new(&disk.join("filler"))?;
    // What A-REX makes of it depends on what it was writing: that it failed, that it finished without its output, that it is gone, or
    // nothing at all.
    wait::until_true("what came of the job", || {
        let answer = probe.call()?;
        std::thread::sleep(Duration::from_millis(300));
        assert!(answer.code != 0 || answer.text.contains("under way"), "{}", answer.text);
        Ok(answer.code != 0)
    })?;
    // Before it.
    let late = arex.probe("late");
    let answer = late.call()?;
    assert!(answer.code == 2 && answer.text.contains("no job can be submitted: localhost:"), "{}", answer.text);
    assert!(answer.text.contains(" 500 "), "{}", answer.text);
    drop(full);
    late.until("from end to end")?;
    late.until_clean()?;
    probe.until_clean()?;
    wait::until_true("no job to be left", || Ok(arex.jobs()?.is_empty()))
}

#[test]
fn who_is_mapped_to_nobody_is_not_let_in() -> Result {
    let arex = Arex::start_as_root()?;
    let vomsdir = arex.file("vomsdir");
    arex.pki.voms_proxy("voms.proxy", "stranger", &vomsdir)?;
    arex.pki.voms_proxy_over("over.proxy", "stranger", &vomsdir)?;
    let (voms, over) = (arex.pki.arg("voms.proxy"), arex.pki.arg("over.proxy"));
    let refused = "does not let us in";
    // In a namespace A-REX cannot give jobs away to a user: whoever is let in fails behind that.
    let cases: [(&str, e2e::arex::Probe, &str, i32); 4] = [
        ("mapped to nobody", arex.robot_of("stranger", "stranger"), refused, 2),
        (
            "VOMS says so no more",
            arex.probe("over").with(&["-x", &over]),
            "VOMS attributes of dteam in our proxy expired",
            3,
        ),
        ("VOMS says so", arex.probe("voms").with(&["-x", &voms]), "Failed to store job description", 2),
        (
            "VOMS says so, kept",
            arex.robot_of("stranger", "kept").with(&["--voms-proxy", &voms]),
            "Failed to store job",
            2,
        ),
    ];
    for (who, probe, words, code) in cases {
        let answer = probe.call()?;
        assert!(answer.code == code && answer.text.contains(words), "{who}: {} {}", answer.code, answer.text);
        assert_eq!(answer.text.contains("403"), code == 3 || words == refused, "{who}: {}", answer.text);
    }
    Ok(())
}
