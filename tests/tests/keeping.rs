//! Group `durability`, second half: what is kept can be copied, checked and put back.

use e2e::filter::Filter;
use e2e::interface::{self, HEALTH, JOURNAL, METRICS, OBSERVATIONS, Setup, names_all, observation};
use e2e::place::{Place, now};
use e2e::{Fail, Result, wait};
use std::sync::atomic::{AtomicBool, Ordering};

/// Observations `from..to` of as many hosts, in one request.
fn post(filter: &Filter, from: u64, to: u64) -> Result {
    let one = |n| observation("poster", n, &format!("h{n}.example.org"), "org.example.M", "CRITICAL", now(), "bad");
    let all: Vec<String> = (from..to).map(one).collect();
    filter.post(OBSERVATIONS, &format!("[{}]", all.join(",")))?.good()?;
    Ok(())
}

#[test]
fn a_backup_is_taken_while_the_daemon_writes_passes_the_check_and_can_be_put_back() -> Result {
    let place = Place::new("backup")?;
    let copy = place.join("copy.db");
    let mut filter = Filter::start(Setup::posted_by("poster"))?;
    post(&filter, 1, 201)?;
    let (done, written) = (AtomicBool::new(false), std::sync::atomic::AtomicU64::new(201));
    let said = std::thread::scope(|threads| {
        let writing = threads.spawn(|| -> Result {
            while !done.load(Ordering::Relaxed) {
                let n = written.fetch_add(1, Ordering::Relaxed);
                post(&filter, n, n + 1)?;
            }
            Ok(())
        });
        wait::until_true("the writing to begin", || Ok(written.load(Ordering::Relaxed) > 205))?;
        let said = filter.backup(&copy);
        done.store(true, Ordering::Relaxed);
        writing.join().map_err(|_| Fail::new("the writer panicked"))??;
        said
    })?;
    names_all(&said, &[&copy.display().to_string(), "sound"])?;
    names_all(&filter.command(&interface::check_arguments(&copy))?, &["sound"])?;
    assert!(filter.backup(&copy).is_err(), "a backup overwrites nothing");

    // As docs/journal.md says: the daemon is stopped, the copy takes the journal's place, the mark stays.
    let n = written.load(Ordering::Relaxed);
    post(&filter, n, n + 10)?;
    filter.stop()?;
    for file in JOURNAL {
        let _gone_at_the_end = std::fs::remove_file(filter.store().join(file));
    }
    std::fs::copy(&copy, filter.store().join(JOURNAL[0]))?;
    filter.launch()?;
    filter.until_ready()?;
    names_all(&filter.console()?, &["had been stored and are lost"])?;
    let back = filter.alarms()?.len() as u64;
    assert!((204..n).contains(&back), "{back} alarms came back of {n}");
    // What came after the copy is sent again, and is taken.
    post(&filter, 1, n + 10)?;
    wait::until_true("all of them to stand", || Ok(filter.alarms()?.len() as u64 == n + 9))
}

#[test]
fn old_records_leave_by_themselves_and_open_alarms_keep_theirs() -> Result {
    let place = Place::new("prune")?;
    let log = place.join("nagios.log");
    let month_ago = now() - 30 * 86_400;
    let line = |at: u64, what: &str| format!("[{at}] SERVICE ALERT: ce.example.org;{what}\n");
    let lines = [
        line(month_ago, "org.example.Open;CRITICAL;HARD;3;bad since then"),
        line(month_ago + 60, "org.example.Gone;CRITICAL;SOFT;1;bad"),
        line(month_ago + 120, "org.example.Gone;OK;SOFT;2;good"),
        line(now() - 60, "org.example.New;WARNING;HARD;3;slow"),
    ];
    e2e::place::write(&log, lines.concat())?;
    let extra = format!(
        "monitor = [{{ name = \"nagios-a\", log = {log:?}, catch_up = \"all\" }}]\njournal = {{ keep = \"7d\" }}\n"
    );
    let mut filter = Filter::start(Setup { extra, ..Setup::default() })?;
    let pruned = || Ok(filter.console()?.contains("the journal is pruned"));
    wait::until_true("the journal to be pruned", pruned)?;
    let explain = |filter: &Filter, metric: &str, at: u64| {
        let mut asked: Vec<std::ffi::OsString> = vec!["explain".into(), "ce.example.org".into(), metric.into()];
        asked.extend(["--at".into(), at.to_string().into(), "--last".into(), "0".into()]);
        asked.extend(["--store".into(), filter.store().into()]);
        filter.command(&asked)
    };
    names_all(&explain(&filter, "org.example.Gone", month_ago + 90)?, &["nothing is known", "complete only since"])?;
    names_all(&explain(&filter, "org.example.Open", month_ago + 90)?, &["bad since then", "complete only since"])?;
    let alarms = |filter: &Filter| -> Result<Vec<(String, String)>> {
        Ok(filter.alarms()?.into_iter().map(|a| (a.service, a.state)).collect())
    };
    let before = alarms(&filter)?;
    assert_eq!(before.len(), 2, "{before:?}");
    names_all(&filter.get("/sources")?.good()?.text(), &["Complete since", "seq"])?;
    filter.kill()?;
    let check: Vec<std::ffi::OsString> = vec!["check-store".into(), "--store".into(), filter.store().into()];
    names_all(&filter.command(&check)?, &["sound"])?;
    filter.launch()?;
    filter.until_ready()?;
    assert_eq!(alarms(&filter)?, before, "after kill -9");
    Ok(())
}

#[test]
fn a_flipped_byte_in_an_old_record_is_found_in_the_background_and_is_loud() -> Result {
    let mut filter = Filter::start(Setup::posted_by("poster"))?;
    for n in 0..8 {
        post(&filter, n * 300 + 1, n * 300 + 301)?;
    }
    let sound = || Ok(interface::damage(&filter.get(HEALTH)?.good()?.text())?.filter(Vec::is_empty));
    wait::until("the store to be found sound", sound)?;
    filter.stop()?;
    let path = filter.store().join(JOURNAL[0]);
    let mut bytes = std::fs::read(&path)?;
    // A sender's number stands in the record alone, not in what is made of all of them.
    let word = b"\"sequence\":77,";
    let at = bytes.windows(word.len()).position(|w| w == word).ok_or_else(|| Fail::new("record 77 is not there"))?;
    bytes[at + word.len() - 2] ^= 1;
    std::fs::write(&path, bytes)?;

    filter.launch()?;
    filter.until_ready()?;
    let found = wait::until("the damage to be found", || interface::damage(&filter.get(HEALTH)?.good()?.text()))?;
    assert_eq!(found.len(), 1, "{found:?}");
    names_all(&found[0], &["record", "does not match its checksum"])?;
    names_all(&filter.get("/")?.good()?.text(), &["The store is damaged", &found[0], "check-store"])?;
    names_all(&filter.get(METRICS)?.good()?.text(), &["gridward_store_damage 1"])?;
    names_all(&filter.console()?, &["IS DAMAGED", &found[0], "restore the last backup"])?;
    assert_eq!(filter.alarms()?.len(), 2400, "it works on");
    Ok(())
}
