//! The conversation that was recorded with an A-REX 6.17, once more, and as an ARC 7 would have it. The server is a stand-in
//! (tests/ce/arex_replay.py) with the real one's answers.

use e2e::arex::Probe;
use e2e::arex::pki::Pki;
use e2e::place::{self, Place};
use e2e::process::Process;
use e2e::{Result, wait};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

struct Replay {
    place: Place,
    pki: Pki,
    port: u16,
    _server: Process,
}

impl Replay {
    fn start(form: &str, who: &str) -> Result<Replay> {
        place::unprivileged()?;
        let place = Place::new("replay")?;
        let pki = Pki::new(&place.folder("pki")?)?;
        let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new("python3");
        command
            .arg(tests.join("ce/arex_replay.py"))
            .arg(tests.join("data/arex/rest-1.0.jsonl"))
            .args([pki.arg("host.pem"), pki.arg("host.key"), form.to_owned(), who.to_owned()])
            .arg(place.join("unknown"))
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(place.join("port"))?);
        let server = Process::start("arex_replay.py", &mut command)?;
        let port = wait::until("a port of the stand-in's", || {
            let text = std::fs::read_to_string(place.join("port"))?;
            Ok(text.strip_suffix('\n').and_then(|line| line.parse().ok()))
        })?;
        Ok(Replay { place, pki, port, _server: server })
    }

    fn probe(&self, tag: &str) -> Result<Probe> {
        let (anchors, proxy) = (self.pki.anchors().display().to_string(), self.pki.arg("proxy.pem"));
        let port = self.port.to_string();
        let words = ["-p", &port, "--ca-dir", &anchors, "-x", &proxy, "--tag", tag, "-vv"];
        Ok(Probe::of(self.place.join(format!("state-{tag}")), &words))
    }

    /// With the file that went with the recorded job.
    fn with_file(&self, probe: &Probe) -> Result<Probe> {
        let payload: PathBuf = self.place.join("job.sh");
        std::fs::write(&payload, "#!/bin/sh\necho Hello World\nhostname\n")?;
        Ok(probe.with(&["--payload", &payload.display().to_string()]))
    }

    /// What was asked and never recorded.
    fn unknown(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.place.join("unknown")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

/// Submits, finds the end through the published state that lags, fetches, cleans.
fn conversation(form: &str) -> Result {
    let replay = Replay::start(form, "user")?;
    let probe = replay.with_file(&replay.probe("one")?)?;
    // There is no memory yet: jobs of ours are looked for, by their names.
    let first = probe.call()?;
    assert!(first.text.starts_with("CE OK: the first job is under way") && first.code == 0, "{}", first.text);
    let id = "OyUMDmfpDpAoOSAtDmABFKDmABFKDmABFKDmreMKDmGBFKDmhGpEmn";
    assert!(probe.memory()?.contains(id) && probe.memory()?.contains("675ce24e35b9"), "{}", probe.memory()?);
    let ended = probe.call()?;
    assert!(ended.code == 0 && ended.text.contains("a job ran on vm from end to end"), "{}", ended.text);
    assert!(ended.text.contains("job: Hello World"), "{}", ended.text);
    // In the recording this job was not taken away alone.
    for asked in replay.unknown() {
        assert!(asked.contains("action=kill") || asked.contains("action=clean"), "{asked}");
    }
    // The next one never leaves ACCEPTED in the recording; the description that comes after it was not taken.
    let second = replay.probe("two")?;
    second.call()?;
    let waiting = second.call()?;
    assert!(waiting.code == 0 && waiting.text.contains("[ACCEPTED] 6aeNDmhqDpAoOSAt"), "{}", waiting.text);
    let third = replay.probe("three")?.call()?;
    let words = "refuses the job: 500 Unable to read or parse job description.";
    assert!(third.code == 2 && third.text.contains(words), "{}", third.text);
    Ok(())
}

#[test]
fn the_recorded_conversation_has_the_same_end() -> Result {
    conversation("arc6")
}

#[test]
fn an_arc_7_that_answers_in_lists_is_understood() -> Result {
    conversation("arc7")
}

#[test]
fn a_stranger_is_told_why() -> Result {
    for form in ["arc6", "arc7"] {
        let replay = Replay::start(form, "stranger")?;
        let answer = replay.probe("stranger")?.call()?;
        let words = "does not let us in";
        assert!(answer.code == 2 && answer.text.contains(words), "{form}: {}", answer.text);
        // ARC 7 says a word to it.
        assert_eq!(answer.text.contains("User is not allowed"), form == "arc7", "{}", answer.text);
        // Where what VOMS said of us is over it is ours to mend.
        replay.pki.voms_proxy_over("over.proxy", "stranger", &replay.place.join("vomsdir"))?;
        let answer = replay.probe("over")?.with(&["-x", &replay.pki.arg("over.proxy")]).call()?;
        let words = "and the VOMS attributes of dteam in our proxy expired 19 h";
        assert!(answer.code == 3 && answer.text.contains(words), "{form}: {}", answer.text);
    }
    Ok(())
}
