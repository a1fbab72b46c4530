//! All kinds of compute elements: the same conversation with each. A-REX, Slurm and task-spooler are real; HTCondor's tools are
//! stand-ins (tests/ce/condor_tools.py says why).

use e2e::arex::{Arex, Probe};
use e2e::fail::Fail;
use e2e::place::{self, Place};
use e2e::slurm::Slurm;
use e2e::{Result, wait};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A kind, and how its jobs are counted and disturbed.
struct Kind {
    place: Place,
    name: &'static str,
    probe: Probe,
    slurm: Option<Slurm>,
    arex: Option<Arex>,
}

impl Kind {
    fn spooler() -> Result<Kind> {
        place::unprivileged()?;
        let place = Place::new("tsp")?;
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contrib/ce/task-spooler.toml");
        let text = std::fs::read_to_string(&file).map_err(Fail::at(file.display()))?;
        let socket = place.join("socket").display().to_string();
        let text = text.replace("/run/gridprobe/task-spooler", &socket);
        assert!(text.contains(&socket));
        let template = place.join("template.toml");
        place::write(&template, text)?;
        let probe = Probe::of(place.join("state"), &["--ce", "command", "--template", &template.display().to_string()]);
        Ok(Kind { place, name: "task-spooler", probe, slurm: None, arex: None })
    }

    fn arc() -> Result<Kind> {
        let arex = Arex::start()?;
        let probe = arex.probe("conversation");
        Ok(Kind { place: Place::new("arc-jobs")?, name: "arc", probe, slurm: None, arex: Some(arex) })
    }

    fn slurm() -> Result<Kind> {
        let slurm = Slurm::start()?;
        let place = Place::new("slurm-jobs")?;
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contrib/ce/slurm.toml");
        let text = std::fs::read_to_string(&file).map_err(Fail::at(file.display()))?;
        let template = place.join("template.toml");
        // Which of several Slurms; elsewhere there is one.
        let conf = slurm.configuration().display().to_string();
        place::write(&template, format!("{text}environment = {{ SLURM_CONF = \"{conf}\" }}\n"))?;
        let probe = Probe::of(place.join("state"), &["--ce", "command", "--template", &template.display().to_string()]);
        Ok(Kind { place, name: "slurm", probe, slurm: Some(slurm), arex: None })
    }

    fn condor() -> Result<Kind> {
        place::unprivileged()?;
        let place = Place::new("condor")?;
        let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
        let tools = place.folder("tools")?;
        for name in ["condor_submit", "condor_q", "condor_transfer_data", "condor_rm", "condor_ping"] {
            std::fs::copy(tests.join("ce/condor_tools.py"), tools.join(name)).map_err(Fail::at(name))?;
        }
        std::os::unix::fs::symlink(tests.join("data/condor"), tools.join("ads"))?;
        let token = place.join("token");
        place::write(&token, "a.b.c\n")?;
        let words =
            ["--ce", "htcondor", "--condor-bin", &tools.display().to_string(), "--token", &token.display().to_string()];
        let probe = Probe::of(place.join("state"), &words);
        Ok(Kind { place, name: "htcondor", probe, slurm: None, arex: None })
    }

    fn script(&self, name: &str, text: &str) -> Result<String> {
        let path: PathBuf = self.place.folder("payload")?.join(name);
        std::fs::write(&path, text)?;
        Ok(path.display().to_string())
    }

    /// How many jobs it has.
    fn jobs(&self) -> Result<usize> {
        if self.name == "htcondor" {
            return Ok(std::fs::read_dir(self.place.join("tools/jobs")).map_or(0, Iterator::count));
        }
        if let Some(arex) = &self.arex {
            return Ok(arex.jobs()?.len());
        }
        if let Some(slurm) = &self.slurm {
            return Ok(slurm
                .says("squeue", &["-h", "-o", "%j"])?
                .lines()
                .filter(|line| line.contains("gridprobe:"))
                .count());
        }
        let output = Command::new("tsp").env("TS_SOCKET", self.place.join("socket")).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).lines().filter(|line| line.contains("[gridprobe:")).count())
    }

    fn mood(&self, mood: &str) -> Result {
        place::write(&self.place.join("tools/mood"), mood)
    }
}

impl Drop for Kind {
    fn drop(&mut self) {
        if self.name == "task-spooler" {
            let _ended = Command::new("tsp").arg("-K").env("TS_SOCKET", self.place.join("socket")).output();
        }
    }
}

fn conversation(kind: &Kind) -> Result {
    let name = kind.name;
    let first = kind.probe.call()?;
    assert!(first.text.starts_with("CE OK: the first job is under way") && first.code == 0, "{name}: {}", first.text);
    let ended = kind.probe.with(&["-v"]).until("from end to end")?;
    assert!(ended.code == 0 && ended.text.contains("job: gridprobe gridprobe:tests:"), "{name}: {}", ended.text);
    kind.probe.until_clean()?;
    assert_eq!(kind.jobs()?, 0, "{name}");
    let folders = std::fs::read_dir(kind.probe.state().join("jobs")).map_or(0, Iterator::count);
    assert_eq!(folders, 0, "{name}: a folder of a job is left behind");
    // A payload with its files and arguments, and its exit code.
    let more = kind.script("more.txt", "this came along\n")?;
    // A-REX has a shell look at arguments on the worker node, which replaces what begins with $.
    let argument = if kind.arex.is_some() { "it's a \"b\" <c> & d" } else { "it's a \"b\" $c" };
    let words = kind.script("words.sh", "#!/bin/sh\ncat more.txt\necho \"$1\"\nexit $2\n")?;
    for (code, said) in
        [("0", "from end to end"), ("1", "ended with exit code 1: this came along"), ("2", "exit code 2")]
    {
        let probe = kind.probe.with(&[
            "--every",
            "0s",
            "--payload",
            &words,
            "--payload-arg",
            argument,
            "--payload-arg",
            code,
            "--input",
            &more,
        ]);
        probe.call()?;
        let probe = probe.with(&["--every", "1h", "-v"]);
        // What is said of the job before has no output.
        let answer = probe.until(&format!("job: {argument}"))?;
        assert_eq!(answer.code.to_string(), code, "{name}: {}", answer.text);
        assert!(answer.text.contains(said), "{name}: {}", answer.text);
        probe.until_clean()?;
    }
    // A time-out, and a memory that is lost.
    let sleep = kind.script("sleep.sh", "#!/bin/sh\nsleep 600\n")?;
    let probe =
        kind.probe.with(&["--payload", &sleep, "--every", "0s", "--timeout-running", "1s", "--timeout-queued", "1s"]);
    probe.call()?;
    let probe = probe.with(&["--every", "1h"]);
    let late = probe.until("it was given up")?;
    assert_eq!(late.code, 1, "{name}: {}", late.text);
    probe.until_clean()?;
    let probe = kind.probe.with(&["--payload", &sleep, "--every", "0s"]);
    probe.call()?;
    std::fs::remove_file(probe.memory_file()?)?;
    let found = probe.call()?;
    assert!(found.text.contains("1 jobs of ours were found"), "{name}: {}", found.text);
    wait::until_true("the lost job to be gone", || {
        probe.call()?;
        Ok(kind.jobs()? == 1 && probe.memory()?.contains("\"left\":[]"))
    })
}

#[test]
fn an_arc_ce_by_its_rest_interface() -> Result {
    conversation(&Kind::arc()?)
}

#[test]
fn task_spooler_by_its_commands() -> Result {
    conversation(&Kind::spooler()?)
}

#[test]
fn slurm_by_its_commands() -> Result {
    let kind = Kind::slurm()?;
    conversation(&kind)?;
    // What Slurm says no to, in its words.
    let probe = kind.probe.with(&["--tag", "memory", "--memory", "999999"]);
    let refused = probe.call()?;
    let words = "the batch system does not take the job: sbatch: error: Batch job submission failed: Requested node configuration";
    assert!(refused.code == 2 && refused.text.contains(words), "{} {}", refused.code, refused.text);
    // Somebody ends a job.
    let sleep = kind.script("long.sh", "#!/bin/sh\nsleep 600\n")?;
    let probe = kind.probe.with(&["--tag", "killed", "--payload", &sleep]);
    probe.call()?;
    probe.with(&["--metric", "state"]).until("[RUNNING]")?;
    kind.slurm.as_ref().map(|slurm| slurm.says("scancel", &["--me"])).transpose()?;
    let killed = probe.until("somebody at the site killed the job")?;
    assert_eq!(killed.code, 2, "{}", killed.text);
    probe.until_clean()
}

#[test]
fn an_htcondor_ce_by_stand_ins_of_its_tools() -> Result {
    let kind = Kind::condor()?;
    conversation(&kind)?;
    let fresh = |tag: &str| kind.probe.with(&["--tag", tag]);
    kind.mood("refuse")?;
    let refused = fresh("refused").call()?;
    assert!(refused.text.contains("Failed to authenticate with any method") && refused.code == 2, "{}", refused.text);
    let words = "condor_ping says of WRITE: AUTHENTICATE:1004:Failed to authenticate using SCITOKENS";
    assert!(refused.text.contains(words), "{}", refused.text);
    kind.mood("full")?;
    let full = fresh("full").call()?;
    assert!(full.text.contains("MAX_JOBS_SUBMITTED") && full.text.contains("we may write there"), "{}", full.text);
    kind.mood("broken")?;
    let broken = fresh("broken").call()?;
    assert!(broken.text.contains("Failed to connect") && broken.code == 2, "{}", broken.text);
    kind.mood("slow")?;
    let slow = fresh("slow").with(&["-t", "2"]).call()?;
    assert!(slow.text.contains("condor_q has not ended in time") && slow.code == 3, "{}", slow.text);
    kind.mood("")?;
    let held = fresh("held");
    held.call()?;
    kind.mood("held")?;
    let answer = held.until("the job failed")?;
    assert!(answer.text.contains("Transfer input files failure") && answer.code == 2, "{}", answer.text);
    kind.mood("")?;
    held.until_clean()
}
