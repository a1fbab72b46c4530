//! Group `durability`: the disk has it before the world is told; disks that are full or read-only.
//!
//! GRIDWARD_SMALL_DISK is a small file system, GRIDWARD_READONLY_DISK the same one mounted read-only: `tests/run` makes both
//! in a mount namespace of its own before it gives up root.

use e2e::filter::Filter;
use e2e::fleet::{Fleet, Host, Service};
use e2e::interface::{JOURNAL_FILES, OBSERVATIONS, Setup, names_all, observation};
use e2e::nagios::{Nagios, Options};
use e2e::place::{Place, now};
use e2e::trace::Trace;
use e2e::{Fail, Result, wait};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The small disk is one test's at a time: one fills it.
static SMALL_DISK: Mutex<()> = Mutex::new(());

#[test]
fn every_answer_comes_after_the_sync() -> Result {
    let place = Place::new("trace")?;
    let mut filter = Filter::prepare(Setup::posted_by("poster"))?;
    filter.launch_traced(&place.join("strace"))?;
    filter.until_ready()?;
    for sequence in 1..=20 {
        let one = observation("poster", sequence, "ce.example.org", "org.example.M", state(sequence), now(), "output");
        filter.post(OBSERVATIONS, &format!("[{one}]"))?.good()?;
    }
    filter.stop()?;
    let answers = read_trace(&place.join("strace"))?.answers_follow_sync(OBSERVATIONS, &filter.store())?;
    assert_eq!(answers, 20, "answers in the trace");
    Ok(())
}

#[test]
fn what_the_log_says_is_shown_after_the_sync_and_the_cursor_has_no_file_of_its_own() -> Result {
    let place = Place::new("trace")?;
    let host = Host::new("ce.example.org", "ALPHA", "ARC-CE", vec![Service::passive("org.example.M").attempts(1)]);
    let mut nagios = Nagios::start(Fleet::new(vec![host]), Options::default())?;
    let mut filter = Filter::prepare(Setup::beside(&nagios))?;
    filter.launch_traced(&place.join("strace"))?;
    filter.until_ready()?;
    let mut outputs = Vec::new();
    for state in [2, 1, 2, 3] {
        let output = format!("seen-{state}-{}", now());
        nagios.hard("ce.example.org", "org.example.M", state, &output)?;
        filter.until_alarm("ce.example.org", "org.example.M", &output, |alarm| alarm.output == output)?;
        filter.catch_up(&mut nagios)?;
        outputs.push(output);
    }
    filter.stop()?;
    let trace = read_trace(&place.join("strace"))?;
    for output in &outputs {
        trace.shown_after_sync(&nagios.log_file(), &filter.store(), output)?;
    }
    // It is kept in the transaction of what was read: nothing but the journal's own files is written.
    let others: Vec<_> =
        trace.written_in(&filter.store()).into_iter().filter(|f| !f.starts_with(JOURNAL_FILES)).collect();
    assert!(others.is_empty(), "files of the store beside the journal: {others:?}");
    Ok(())
}

#[test]
fn a_full_disk_is_said_and_what_was_refused_is_taken_when_there_is_room_again() -> Result {
    let _mine = SMALL_DISK.lock().unwrap_or_else(PoisonError::into_inner);
    let small = variable("GRIDWARD_SMALL_DISK")?;
    let setup = Setup { store: Some(small.join("full")), ..Setup::posted_by("poster") };
    let mut filter = Filter::start(setup)?;
    let filler = small.join("filler");
    fill(&filler)?;
    let long = "x".repeat(2000);
    let body = |sequence: u64| {
        let host = format!("h{sequence}.example.org");
        format!("[{}]", observation("poster", sequence, &host, "org.example.M", "CRITICAL", now(), &long))
    };
    let mut sequence = 0;
    let refused = wait::until("a refusal", || {
        sequence += 1;
        let answer = filter.post(OBSERVATIONS, &body(sequence))?;
        Ok((answer.status >= 300).then_some(answer))
    })?;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    names_all(&refused.text(), &["no space left", "repeat"])?;
    // What is stored can still be asked for, and nothing else.
    let stored = sequence - 1;
    wait::until_true("the alarms that are stored", || Ok(filter.alarms()?.len() as u64 == stored))?;
    std::fs::remove_file(&filler)?;
    wait::until_true("the refused one to be taken", || Ok(filter.post(OBSERVATIONS, &body(sequence))?.status < 300))?;
    wait::until_true("its alarm", || Ok(filter.alarms()?.len() as u64 == sequence))?;
    filter.kill()?;
    filter.launch()?;
    filter.until_ready()?;
    assert_eq!(filter.alarms()?.len() as u64, sequence, "after kill -9");
    drop(filter);
    Ok(std::fs::remove_dir_all(small.join("full"))?)
}

#[test]
fn a_read_only_disk_is_refused_by_name() -> Result {
    let _mine = SMALL_DISK.lock().unwrap_or_else(PoisonError::into_inner);
    let small = variable("GRIDWARD_SMALL_DISK")?.join("readonly");
    let readonly = variable("GRIDWARD_READONLY_DISK")?.join("readonly");
    let mut filter = Filter::start(Setup { store: Some(small), ..Setup::posted_by("poster") })?;
    filter.stop()?;
    let mut refused = Filter::prepare(Setup { store: Some(readonly.clone()), ..Setup::posted_by("poster") })?;
    refused.launch()?;
    assert!(!refused.until_ended()?.success());
    names_all(&refused.console()?, &[&readonly.display().to_string(), "Read-only file system"])
}

#[test]
fn a_store_that_is_in_use_is_refused_by_name() -> Result {
    let first = Filter::start(Setup::posted_by("poster"))?;
    let mut second = Filter::prepare(Setup { store: Some(first.store()), ..Setup::posted_by("poster") })?;
    second.launch()?;
    assert!(!second.until_ended()?.success());
    names_all(&second.console()?, &[&first.store().display().to_string()])
}

fn state(sequence: u64) -> &'static str {
    ["CRITICAL", "WARNING", "OK"][(sequence % 3) as usize]
}

/// The tracer writes its last lines after the daemon's end.
fn read_trace(path: &Path) -> Result<Trace> {
    let ended = || Ok(std::fs::read(path).is_ok_and(|text| text.windows(11).any(|part| part == b"+++ exited ")));
    wait::until_true("the end of the trace", ended)?;
    Trace::read(path)
}

fn variable(name: &str) -> Result<PathBuf> {
    std::env::var_os(name)
        .map(PathBuf::from)
        .ok_or_else(|| Fail::new(format!("{name} is not set; `tests/run durability` sets it")))
}

/// Writes until the file system takes no more.
fn fill(path: &Path) -> Result {
    use std::io::Write;
    let mut file = std::fs::File::create(path)?;
    let mut piece = vec![0u8; 64 * 1024];
    while !piece.is_empty() {
        if file.write_all(&piece).is_err() {
            piece.truncate(piece.len() / 2);
        }
    }
    Ok(())
}
