//! How jobs end, and what is said of it.

use e2e::Result;
use e2e::arex::Arex;

#[test]
fn a_job_runs_from_end_to_end_and_nothing_is_left_behind() -> Result {
    let arex = Arex::start()?;
    let probe = arex.probe("plain").with(&["-vv"]);
    let first = probe.call()?;
    assert!(first.text.starts_with("CE OK: the first job is under way") && first.code == 0, "{}", first.text);
    assert!(first.text.contains("\n1 TLS handshake(s)"), "{}", first.text);
    assert_eq!(arex.jobs()?.len(), 1);
    let state = probe.with(&["--metric", "state", "--fresh", "1h"]).call()?;
    assert!(state.text.starts_with("CE OK: [") && state.text.contains(&arex.jobs()?[0]), "{}", state.text);
    let ended = probe.until("from end to end")?;
    assert!(
        ended.code == 0
            && ended.text.contains("total=")
            && ended.text.contains("job: gridprobe gridprobe:tests:plain:"),
        "{}",
        ended.text
    );
    assert!(ended.text.contains("\n1 TLS handshake(s)"), "{}", ended.text);
    probe.until_clean()?;
    assert!(arex.jobs()?.is_empty(), "{:?}", arex.jobs()?);
    // Nothing is due: the compute element is not asked.
    let idle = probe.call()?;
    assert!(idle.code == 0 && !idle.text.contains("handshake"), "{}", idle.text);
    // The next one uses the proxy that is delegated already, and what came of the last one is said meanwhile.
    let delegated = |text: &str| text.split("\"delegation\":").nth(1).map(|rest| rest[..40].to_owned());
    let before = delegated(&probe.memory()?);
    let next = probe.with(&["--every", "0s"]).call()?;
    assert!(
        next.text.starts_with("CE OK: a job ran") && next.text.contains("The next job: [submitted]"),
        "{}",
        next.text
    );
    assert!(before.is_some() && before == delegated(&probe.memory()?), "{}", probe.memory()?);
    Ok(())
}

#[test]
fn each_end_has_its_verdict() -> Result {
    let arex = Arex::start()?;
    let script = |name: &str, text: &str| arex.script(name, text);
    let (two, three) =
        (script("two.sh", "#!/bin/sh\necho it is broken\nexit 2\n")?, script("three.sh", "#!/bin/sh\nexit 3\n")?);
    let one = script("one.sh", "#!/bin/sh\necho careful\nexit 1\n")?;
    let missing = script("missing.sh", "#!/no/such/interpreter\n")?;
    let words = script("words.sh", "#!/bin/sh\ncat more.txt\necho \"$1\"\n")?;
    let more = script("more.txt", "this came along\n")?;
    let cases: [(&str, &[&str], &str, i32); 10] = [
        ("one", &["--payload", &one], "ended with exit code 1: careful", 1),
        ("two", &["--payload", &two], "ended with exit code 2: it is broken", 2),
        ("three", &["--payload", &three], "ended with exit code 3", 3),
        ("missing", &["--payload", &missing], "the job failed", 2),
        (
            "words",
            &["--payload", &words, "--payload-arg", "a \"b\" <c> & d", "--input", &more, "-v"],
            "from end to end",
            0,
        ),
        (
            "xrsl",
            &["--payload", &words, "--payload-arg", "a \"b\" <c> & d", "--input", &more, "-v", "--language", "xrsl"],
            "from end to end",
            0,
        ),
        ("plain-xrsl", &["--language", "xrsl"], "from end to end", 0),
        ("rte", &["--runtime-environment", "NO/SUCH-1.0"], "Job submission to LRMS failed", 2),
        ("robot", &[], "from end to end", 0),
        ("no-delegation", &["--no-delegation"], "from end to end", 0),
    ];
    let probes: Vec<_> = cases
        .iter()
        .map(|(tag, options, ..)| {
            // A certificate is in the place of a proxy.
            let probe = if *tag == "robot" { arex.robot(tag) } else { arex.probe(tag).with(options) };
            probe.call().map(|answer| (probe, answer))
        })
        .collect::<Result<_>>()?;
    for ((tag, _, words, code), (probe, first)) in cases.iter().zip(&probes) {
        assert_eq!(first.code, 0, "{tag}: {}", first.text);
        let answer = probe.until(words)?;
        assert_eq!(answer.code, *code, "{tag}: {}", answer.text);
        if tag.ends_with("words") || *tag == "xrsl" {
            assert!(answer.text.contains("job: this came along\njob: a \"b\" <c> & d"), "{tag}: {}", answer.text);
        }
    }
    for (probe, _) in &probes {
        probe.until_clean()?;
    }
    assert!(arex.jobs()?.is_empty(), "{:?}", arex.jobs()?);
    Ok(())
}

#[test]
fn a_job_that_takes_too_long_is_given_up_and_the_second_in_a_row_is_critical() -> Result {
    let arex = Arex::start()?;
    let sleep = arex.script("sleep.sh", "#!/bin/sh\nsleep 600\n")?;
    let probe = arex.probe("slow").with(&["--payload", &sleep, "--timeout-queued", "3s", "--timeout-running", "3s"]);
    probe.call()?;
    let late = probe.until("it was given up")?;
    assert!(late.code == 1 && late.text.contains("limit 3 s"), "{}", late.text);
    let again = probe.with(&["--every", "0s"]);
    again.call()?;
    let late = again.until("the 2nd in a row")?;
    assert_eq!(late.code, 2, "{}", late.text);
    probe.until_clean()?;
    assert!(arex.jobs()?.is_empty(), "{:?}", arex.jobs()?);
    // What does not reach the batch system may wait for anything.
    let probe = arex.probe("held").with(&["--timeout-submitted", "0s"]);
    probe.call()?;
    let held = probe.until("it was given up")?;
    assert!(
        held.code == 3 || held.text.contains("has not begun") || held.text.contains("has not ended"),
        "{}",
        held.text
    );
    Ok(())
}

/// A server of files: one file is there, one is not, and one never comes.
fn files() -> Result<u16> {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let mut head = Vec::new();
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|n| n > 0) && line != "\r\n" {
                head.push(std::mem::take(&mut line));
            }
            let first = head.first().map(String::as_str).unwrap_or_default();
            let mut answer = |text: String| {
                let _gone = reader.get_mut().write_all(text.as_bytes());
            };
            if first.contains("/never.txt") {
                held.push(reader);
            } else if first.contains("/more.txt") {
                let body = if first.starts_with("HEAD") { "" } else { "this came along\n" };
                answer(format!("HTTP/1.1 200 OK\r\nContent-Length: 16\r\nConnection: close\r\n\r\n{body}"));
            } else {
                answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned());
            }
        }
    });
    Ok(port)
}

#[test]
fn what_the_compute_element_fetches_itself_comes_along_or_the_job_is_given_up() -> Result {
    let arex = Arex::start()?;
    let from = |name: &str, port: u16| format!("http://127.0.0.1:{port}/dir/{name}");
    let port = files()?;
    let words = arex.script("words.sh", "#!/bin/sh\ncat more.txt\n")?;
    let probe =
        |tag: &str, name: &str| arex.probe(tag).with(&["--payload", &words, "-v", "--stage-in", &from(name, port)]);
    let (adl, xrsl) = (probe("adl", "more.txt"), probe("xrsl", "more.txt").with(&["--language", "xrsl"]));
    let (missing, never) =
        (probe("missing", "missing.txt"), probe("never", "never.txt").with(&["--timeout-submitted", "15s"]));
    for probe in [&adl, &xrsl, &missing, &never] {
        let first = probe.call()?;
        assert_eq!(first.code, 0, "{}", first.text);
    }
    let late = never.until("it was given up")?;
    assert!(
        late.code == 3
            && late.text.contains("has not reached the batch system after")
            && late.text.contains("PREPARING"),
        "{} {}",
        late.code,
        late.text
    );
    for probe in [adl, xrsl] {
        let ended = probe.until("from end to end")?;
        assert!(ended.code == 0 && ended.text.contains("job: this came along"), "{}", ended.text);
        probe.until_clean()?;
    }
    let failed = missing.until("the job failed")?;
    assert!(failed.code == 2 && failed.text.contains("missing.txt"), "{} {}", failed.code, failed.text);
    missing.until_clean()?;
    never.until_clean()?;
    assert!(arex.jobs()?.is_empty(), "{:?}", arex.jobs()?);
    // Other kinds of compute elements are not asked for what they do not do.
    let other = probe("other", "more.txt").with(&["--ce", "htcondor"]).call()?;
    assert!(
        other.code == 3 && other.text.contains("only an ARC CE fetches files itself"),
        "{} {}",
        other.code,
        other.text
    );
    Ok(())
}
