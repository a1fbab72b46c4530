//! Nagios' spool of check results (`check_result_path`): files of many records, each with an empty `.ok` beside it that says it is
//! whole. While Nagios is down they wait; since it throws away what is older than `max_check_result_file_age` (an hour), each
//! handing-in gives what still waits a new date.

use super::known::{self, Known};
use super::{Delivery, PassiveResult, Sink};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Ours are known by their first line; then comes the date, in ten digits that can be written anew in place.
const HEAD: &str = "# gridprobe's results\nfile_time=";
const DIGITS: usize = 10;
/// A file has about so many bytes at most, so that a reading Nagios comes up for air.
const FILE: usize = 4 << 20;
/// One without its `.ok` was left behind by a writer that died.
const ABANDONED: Duration = Duration::from_secs(600);
/// Nagios takes only names of seven characters that begin with this.
const FIRST: char = 'c';
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The spool of one Nagios.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    known: Option<Known>,
    room: u64,
}

/// One of our files that waits.
#[derive(Debug)]
struct Waiting {
    path: PathBuf,
    bytes: u64,
    begun: SystemTime,
}

impl Spool {
    /// In this folder, with what Nagios knows where that can be told. What waits there has at most `room` bytes; beyond them the
    /// oldest is left out.
    pub fn new(folder: PathBuf, known: Option<Known>, room: u64) -> Spool {
        Spool { folder, known, room }
    }

    /// Writes results that are known, in as few files as may be.
    pub(super) fn write(&self, results: &[&PassiveResult], delivery: &mut Delivery) -> Result<(), String> {
        let now = SystemTime::now();
        self.tend(now, delivery)?;
        let mut text = String::new();
        let mut held = 0;
        for result in results {
            text.push_str(&result.spool_record());
            held += 1;
            if text.len() >= FILE {
                self.write_file(&text, now)?;
                delivery.delivered += held;
                (held, text) = (0, String::new());
            }
        }
        if held > 0 {
            self.write_file(&text, now)?;
            delivery.delivered += held;
        }
        Ok(())
    }

    fn write_file(&self, records: &str, now: SystemTime) -> Result<(), String> {
        let failed = |e: io::Error| {
            format!("cannot write into {}: {e}; run as Nagios' user, in its check_result_path", self.folder.display())
        };
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let content = format!("{HEAD}{seconds:0DIGITS$}\n\n{records}");
        let (path, mut file) = self.new_file().map_err(failed)?;
        let written = file.write_all(content.as_bytes()).and_then(|()| file.sync_all());
        // Only now it counts.
        let told =
            written.and_then(|()| OpenOptions::new().write(true).create_new(true).open(path.with_extension("ok")));
        told.map(drop).map_err(|error| {
            let _ = fs::remove_file(&path);
            failed(error)
        })
    }

    /// A name that nobody has, among several writers.
    fn new_file(&self) -> io::Result<(PathBuf, File)> {
        let mut last = io::Error::other("no free name");
        for attempt in 0..100_u64 {
            let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
            let mut number = nanos ^ (u64::from(std::process::id()) << 32) ^ (attempt << 50);
            // Spreads what differs in a few bits over all letters (the finaliser of splitmix64).
            number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let mut name = String::from(FIRST);
            for _ in 0..6 {
                name.push(char::from(LETTERS[(number % 62) as usize]));
                number /= 62;
            }
            let path = self.folder.join(name);
            match OpenOptions::new().write(true).create_new(true).mode(0o640).open(&path) {
                Ok(file) => return Ok((path, file)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    /// Dates anew what waits, takes away what a dead writer left, and makes room.
    fn tend(&self, now: SystemTime, delivery: &mut Delivery) -> Result<(), String> {
        let mut waiting = self.waiting(now)?;
        waiting.sort_by_key(|file| std::cmp::Reverse(file.begun));
        let (mut total, mut left_out) = (0, 0_u64);
        for file in waiting {
            total += file.bytes;
            if total > self.room {
                left_out += count(&file.path);
                // The sign first, so that nobody reads half of it.
                let _ = fs::remove_file(file.path.with_extension("ok"));
                let _ = fs::remove_file(&file.path);
            } else {
                redate(&file.path, now);
            }
        }
        if left_out > 0 {
            delivery.notes.push(format!(
                "{left_out} older results were left out: more than {} MiB waited in {}; does Nagios run?",
                self.room >> 20,
                self.folder.display()
            ));
        }
        Ok(())
    }

    fn waiting(&self, now: SystemTime) -> Result<Vec<Waiting>, String> {
        let listed = fs::read_dir(&self.folder)
            .map_err(|e| format!("cannot list {}: {e}; name Nagios' check_result_path", self.folder.display()))?;
        let mut found = Vec::new();
        for entry in listed.flatten() {
            let path = entry.path();
            let name = entry.file_name();
            // What Nagios takes meanwhile is not there any more.
            let Ok(meta) = entry.metadata() else { continue };
            if name.len() != 7 || !name.as_encoded_bytes().starts_with(b"c") || !meta.is_file() || !ours(&path) {
                continue;
            }
            let written = meta.modified().unwrap_or(now);
            // Dating anew changes when a file was written; the first of its results tells which are older.
            let begun = begun(&path).unwrap_or(written);
            if path.with_extension("ok").exists() {
                found.push(Waiting { path, bytes: meta.len(), begun });
            } else if now.duration_since(written).is_ok_and(|age| age > ABANDONED) {
                let _ = fs::remove_file(&path);
            }
        }
        Ok(found)
    }
}

fn ours(path: &Path) -> bool {
    let mut head = vec![0; HEAD.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head == HEAD.as_bytes()
}

/// When the first result in it began.
fn begun(path: &Path) -> Option<SystemTime> {
    let mut head = [0; 1024];
    let n = File::open(path).and_then(|mut file| file.read(&mut head)).ok()?;
    let text = String::from_utf8_lossy(&head[..n]).into_owned();
    let seconds = text.lines().find_map(|line| line.strip_prefix("start_time="))?.split('.').next()?.parse().ok()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

fn count(path: &Path) -> u64 {
    fs::read_to_string(path)
        .map_or(0, |text| text.lines().filter(|line| line.starts_with("return_code=")).count() as u64)
}

/// In place and by as many bytes, so that a Nagios that reads it now sees the one date or the other.
fn redate(path: &Path, now: SystemTime) {
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let digits = format!("{seconds:0DIGITS$}");
    if let Ok(file) = OpenOptions::new().write(true).open(path) {
        let _ = file.write_all_at(digits.as_bytes(), HEAD.len() as u64);
    }
    if let Ok(sign) = OpenOptions::new().write(true).open(path.with_extension("ok")) {
        let _ = sign.set_modified(now);
    }
}

impl Sink for Spool {
    fn submit(&mut self, results: &[PassiveResult]) -> Result<Delivery, String> {
        let mut delivery = Delivery::default();
        let results = match &mut self.known {
            Some(known) => known.sort(results, &mut delivery)?,
            None => known::nameable(results, &mut delivery),
        };
        self.write(&results, &mut delivery)?;
        Ok(delivery)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(many: usize, bytes: usize) -> Vec<PassiveResult> {
        let now = SystemTime::now();
        let result = |n| PassiveResult {
            host: format!("h{n}"),
            service: Some("s".to_owned()),
            code: 0,
            output: "x".repeat(bytes),
            times: (now, now),
        };
        (0..many).map(result).collect()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn many_results_are_one_whole_file_with_its_sign() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(folder.path().into(), None, 1 << 30);
        let delivery = spool.submit(&results(1000, 100)).unwrap();
        assert_eq!((delivery.delivered, delivery.unknown.len()), (1000, 0));
        let names = names(folder.path());
        assert_eq!(names.len(), 2);
        assert!(names[0].len() == 7 && names[0].starts_with('c') && names[1] == format!("{}.ok", names[0]));
        let text = fs::read_to_string(folder.path().join(&names[0])).unwrap();
        assert_eq!(text.matches("\n\nhost_name=").count(), 1000);
        let missing = Spool::new("/no/such".into(), None, 1).submit(&results(1, 1)).unwrap_err();
        assert!(missing.contains("/no/such") && !missing.contains('\n'), "{missing}");
    }

    #[test]
    fn what_waits_is_dated_anew_and_others_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let old = SystemTime::now() - Duration::from_secs(7200);
        for name in ["cOTHERS", "cOTHERS.ok", "cABANDO"] {
            let head = if name == "cABANDO" { HEAD } else { "file_time=1\n" };
            fs::write(path(name), head).unwrap();
            File::options().write(true).open(path(name)).unwrap().set_modified(old).unwrap();
        }
        let mut spool = Spool::new(folder.path().into(), None, 1 << 30);
        spool.submit(&results(1, 1)).unwrap();
        let ours = names(folder.path()).into_iter().find(|n| n.len() == 7 && n != "cOTHERS").unwrap();
        let stamp = fs::read_to_string(path(&ours)).unwrap();
        redate(&path(&ours), old);
        File::options().write(true).open(path(&ours)).unwrap().set_modified(old).unwrap();
        assert_ne!(fs::read_to_string(path(&ours)).unwrap(), stamp);
        spool.submit(&results(1, 1)).unwrap();
        let fresh =
            |name: &str| fs::metadata(path(name)).unwrap().modified().unwrap() > old + Duration::from_secs(7000);
        assert!(fresh(&ours) && fresh(&format!("{ours}.ok")) && !fresh("cOTHERS") && !fresh("cOTHERS.ok"));
        assert!(!path("cABANDO").exists(), "a dead writer's");
        let now = fs::read_to_string(path(&ours)).unwrap();
        assert_eq!(now.len(), stamp.len());
        let seconds: u64 = now[HEAD.len()..HEAD.len() + DIGITS].parse().unwrap();
        assert!(UNIX_EPOCH + Duration::from_secs(seconds) > old + Duration::from_secs(7000));
    }

    #[test]
    fn room_is_bounded_and_what_is_left_out_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(folder.path().into(), None, 1 << 20);
        assert_eq!(spool.submit(&results(100, 8192)).unwrap().notes.len(), 0);
        assert_eq!(spool.submit(&results(100, 8192)).unwrap().notes.len(), 0);
        let delivery = spool.submit(&results(1, 1)).unwrap();
        assert!(delivery.notes[0].starts_with("100 older results were left out"), "{delivery:?}");
        assert_eq!(names(folder.path()).len(), 4);
    }

    #[test]
    fn two_writers_do_not_disturb_each_other() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut spool = Spool::new(folder.path().into(), None, 1 << 30);
                    (0..100).for_each(|_| assert_eq!(spool.submit(&results(3, 10)).unwrap().delivered, 3));
                });
            }
        });
        assert_eq!(names(folder.path()).len(), 400);
    }
}
