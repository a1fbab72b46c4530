use super::*;
use proptest::prelude::*;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

/// A folder with a log that a monitor writes, rotates and empties.
struct Site {
    dir: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        Site { dir: tempfile::tempdir().unwrap() }
    }
    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
    fn log(&self) -> PathBuf {
        self.path("nagios.log")
    }
    fn write(&self, name: &str, text: &str) {
        OpenOptions::new().create(true).append(true).open(self.path(name)).unwrap().write_all(text.as_bytes()).unwrap();
    }
    fn append(&self, text: &str) {
        self.write("nagios.log", text);
    }
    fn rename(&self, to: &str) {
        fs::rename(self.log(), self.path(to)).unwrap();
    }
    fn options(&self) -> TailOptions {
        TailOptions { backstop: Duration::from_millis(20), ..TailOptions::new(self.log()) }
    }
    fn reader(&self, cursor: Option<Cursor>) -> LogReader {
        LogReader::new(self.options(), cursor)
    }
}

/// Everything up to the end: lines, the cursor behind the last one, notices.
fn drain(reader: &mut LogReader, max: usize) -> (Vec<String>, Option<Cursor>, Vec<Notice>) {
    let (mut lines, mut cursor, mut notices) = (Vec::new(), None, Vec::new());
    loop {
        let batch = reader.next_batch(max).unwrap();
        notices.extend(batch.notices.iter().cloned());
        lines.extend(batch.lines().map(|l| String::from_utf8_lossy(l.bytes).into_owned()));
        cursor = batch.end().or(cursor);
        if batch.at_end {
            return (lines, cursor, notices);
        }
    }
}

fn lines(reader: &mut LogReader) -> Vec<String> {
    drain(reader, 1000).0
}

#[test]
fn lines_come_as_they_are_written_and_only_when_complete() {
    let site = Site::new();
    site.append("[1] a\n[2] b");
    let mut reader = site.reader(None);
    assert_eq!(lines(&mut reader), ["[1] a"]);
    assert_eq!(lines(&mut reader), Vec::<String>::new());
    site.append("bb\n[3] c\n");
    assert_eq!(lines(&mut reader), ["[2] bbb", "[3] c"]);
}

#[test]
fn rotation_by_the_monitor_is_followed() {
    let site = Site::new();
    fs::create_dir(site.path("archives")).unwrap();
    site.append("[1] a\n");
    let mut reader = LogReader::new(TailOptions { archives: vec![site.path("archives")], ..site.options() }, None);
    assert_eq!(lines(&mut reader), ["[1] a"]);
    site.append("[2] b\n");
    site.rename("archives/nagios-11-22-2026-04.log");
    site.append("[3] LOG ROTATION: HOURLY\n");
    let (lines, cursor, notices) = drain(&mut reader, 1000);
    assert_eq!(lines, ["[2] b", "[3] LOG ROTATION: HOURLY"]);
    assert_eq!(notices, [Notice::Rotated { from: site.log(), to: site.log() }]);
    assert_eq!(cursor.map(|c| (c.offset, c.last_at)), Some((25, 3)));
}

#[test]
fn logrotate_makes_the_new_file_before_the_monitor_leaves_the_old_one() {
    let site = Site::new();
    site.append("[1] a\n");
    let mut reader = site.reader(None);
    let mut monitor = OpenOptions::new().append(true).open(site.log()).unwrap();
    assert_eq!(lines(&mut reader), ["[1] a"]);
    site.rename("nagios.log-20261122");
    let (nothing, _, notices) = drain(&mut reader, 1000);
    assert_eq!((nothing.len(), notices), (0, vec![Notice::Missing { path: site.log() }]));
    site.append("");
    assert!(lines(&mut reader).is_empty());
    monitor.write_all(b"[2] late\n").unwrap();
    assert_eq!(lines(&mut reader), ["[2] late"]);
    monitor.write_all(b"[3] later\n").unwrap();
    site.append("[4] new\n");
    assert_eq!(lines(&mut reader), ["[3] later", "[4] new"]);
}

#[test]
fn several_rotations_while_behind() {
    let site = Site::new();
    site.append("[1] a\n");
    let mut reader = site.reader(None);
    assert_eq!(lines(&mut reader), ["[1] a"]);
    site.append("[2] b\n");
    site.rename("nagios-11-22-2026-04.log");
    site.append("[3] c\n");
    site.rename("nagios-11-22-2026-05.log");
    site.append("[4] d\n");
    site.rename("nagios-12-01-2025-06.log");
    site.append("[5] e\n");
    assert_eq!(lines(&mut reader), ["[2] b", "[3] c", "[4] d", "[5] e"]);
}

#[test]
fn a_half_line_at_the_end_of_a_finished_file_is_told() {
    let site = Site::new();
    site.append("[1] a\n[2] hal");
    let mut reader = site.reader(None);
    assert_eq!(lines(&mut reader), ["[1] a"]);
    site.rename("nagios.log.1");
    site.append("[3] c\n");
    let (lines, _, notices) = drain(&mut reader, 1000);
    assert_eq!(lines, ["[3] c"]);
    assert!(notices.contains(&Notice::Unfinished { path: site.log(), bytes: 7 }), "{notices:?}");
}

#[test]
fn emptied_in_place_with_a_copy() {
    let site = Site::new();
    site.append("[1] a\n[2] b\n");
    let mut reader = site.reader(None);
    assert_eq!(lines(&mut reader).len(), 2);
    site.append("[3] c\n[4] d\n");
    fs::copy(site.log(), site.path("nagios.log.1")).unwrap();
    fs::write(site.log(), "").unwrap();
    site.append("[5] e\n");
    let (lines, _, notices) = drain(&mut reader, 1000);
    assert_eq!(lines, ["[3] c", "[4] d", "[5] e"]);
    assert_eq!(notices.first(), Some(&Notice::Truncated { path: site.log(), copy: Some(site.path("nagios.log.1")) }));
}

#[test]
fn emptied_in_place_and_grown_beyond_where_we_were() {
    let site = Site::new();
    site.append("[1] a\n");
    let mut reader = site.reader(None);
    assert_eq!(lines(&mut reader).len(), 1);
    fs::write(site.log(), "[5] a much longer line\n[6] b\n").unwrap();
    let (lines, _, notices) = drain(&mut reader, 1000);
    assert_eq!(lines, ["[5] a much longer line", "[6] b"]);
    assert_eq!(notices, [Notice::Truncated { path: site.log(), copy: None }]);
    assert!(notices.iter().all(|n| !n.to_string().contains('\n')));
}

#[test]
fn an_emptied_log_after_a_restart() {
    let site = Site::new();
    site.append("[1] a\n[2] b\n");
    let (_, cursor, _) = drain(&mut site.reader(None), 1000);
    site.append("[3] c\n");
    fs::copy(site.log(), site.path("nagios.log.1")).unwrap();
    fs::write(site.log(), "[4] d\n").unwrap();
    let (lines, _, notices) = drain(&mut site.reader(cursor), 1000);
    assert_eq!(lines, ["[3] c", "[4] d"]);
    assert!(notices.iter().all(|n| matches!(n, Notice::Rotated { .. })), "{notices:?}");
}

#[test]
fn a_removed_archive_is_a_gap() {
    let site = Site::new();
    site.append("[10] a\n[20] b\n");
    let (_, cursor, _) = drain(&mut site.reader(None), 1000);
    fs::remove_file(site.log()).unwrap();
    // The inode is likely the same as before: that alone must not count.
    site.write("nagios-01-01-2026-00.log", "[5] older\n");
    site.write("nagios-01-02-2026-00.log", "[19] straddles\n[21] c\n[30] d\n");
    site.append("[40] e\n[50] f\n[60] g\n");
    let (lines, _, notices) = drain(&mut site.reader(cursor), 1000);
    assert_eq!(lines, ["[21] c", "[30] d", "[40] e", "[50] f", "[60] g"]);
    assert!(matches!(notices.first(), Some(Notice::Gap { after: 20, .. })), "{notices:?}");
}

#[test]
fn a_reused_inode_and_a_copied_file_are_told_apart_by_the_first_line() {
    let site = Site::new();
    site.append("[1] a\n[2] b\n[3] c\n");
    let mut reader = site.reader(None);
    let batch = reader.next_batch(1000).unwrap();
    let first = batch.lines().next().map(|l| batch.cursor(&l)).unwrap();
    // A copy with another inode, in the archives; and a new file that claims the old inode.
    fs::copy(site.log(), site.path("nagios.log-20261122")).unwrap();
    fs::remove_file(site.log()).unwrap();
    site.append("[9] z\n[10] y\n");
    let reused = Cursor { inode: fs::metadata(site.log()).unwrap().ino(), ..first };
    assert_eq!(lines(&mut site.reader(Some(reused))), ["[2] b", "[3] c", "[9] z", "[10] y"]);
}

#[test]
fn a_copy_in_the_making_is_not_read_beside_the_log() {
    let site = Site::new();
    site.append("[1] a\n[2] b\n");
    fs::copy(site.log(), site.path("nagios.log.1")).unwrap();
    let mut reader = LogReader::new(TailOptions { begin: Begin::From(0), ..site.options() }, None);
    assert_eq!(lines(&mut reader), ["[1] a", "[2] b"]);
}

#[test]
fn archives_are_caught_up_in_order_from_a_time() {
    let site = Site::new();
    site.write("nagios-12-31-2025-00.log", "[1] a\n[2] b\n");
    site.write("nagios-01-01-2026-00.log", "[3] c\n[4] d\n[4] dd\n");
    let mut gz = flate2::write::GzEncoder::new(
        fs::File::create(site.path("nagios-01-02-2026-00.log.gz")).unwrap(),
        flate2::Compression::fast(),
    );
    gz.write_all(b"[5] e\n[6] f\n").unwrap();
    gz.finish().unwrap();
    site.append("[7] g\n");
    let from = |from| lines(&mut LogReader::new(TailOptions { begin: Begin::From(from), ..site.options() }, None));
    assert_eq!(from(0), ["[1] a", "[2] b", "[3] c", "[4] d", "[4] dd", "[5] e", "[6] f", "[7] g"]);
    assert_eq!(from(4), ["[4] d", "[4] dd", "[5] e", "[6] f", "[7] g"]);
    assert_eq!(from(6), ["[6] f", "[7] g"]);
    assert_eq!(from(8), Vec::<String>::new());
    assert_eq!(lines(&mut site.reader(None)), ["[7] g"]);
}

#[test]
fn a_restart_behind_any_line_gives_the_rest_whatever_happened_meanwhile() {
    let all: Vec<String> = (1..=30).map(|n| format!("[{n}] line {}", "x".repeat(n))).collect();
    let text = |from: usize, to: usize| all.get(from..to).unwrap().iter().map(|l| format!("{l}\n")).collect::<String>();
    for rotation in ["rename", "copytruncate", "gzip"] {
        for read in 1..20 {
            let site = Site::new();
            site.append(&text(0, 10));
            site.rename("nagios-11-22-2026-04.log");
            site.append(&text(10, 20));
            let mut reader = LogReader::new(TailOptions { begin: Begin::From(0), ..site.options() }, None);
            let (mut got, mut cursor) = (Vec::new(), None);
            while got.len() < read {
                let batch = reader.next_batch(40).unwrap();
                for line in batch.lines().take(read - got.len()) {
                    got.push(String::from_utf8_lossy(line.bytes).into_owned());
                    cursor = Some(batch.cursor(&line));
                }
            }
            drop(reader);
            match rotation {
                "rename" => site.rename("nagios-11-22-2026-05.log"),
                "copytruncate" => {
                    fs::copy(site.log(), site.path("nagios.log.1")).unwrap();
                    fs::write(site.log(), "").unwrap();
                }
                _ => {
                    for (n, part) in [(1, text(0, 10)), (2, text(10, 20))] {
                        let file = fs::File::create(site.path(&format!("nagios.log.{n}.gz"))).unwrap();
                        let mut gz = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
                        gz.write_all(part.as_bytes()).unwrap();
                        gz.finish().unwrap();
                    }
                    fs::remove_file(site.path("nagios-11-22-2026-04.log")).unwrap();
                    fs::remove_file(site.log()).unwrap();
                }
            }
            site.append(&text(20, 30));
            let json = serde_json::to_string(&cursor).unwrap();
            let (rest, _, notices) = drain(&mut site.reader(serde_json::from_str(&json).unwrap()), 64);
            got.extend(rest);
            assert_eq!(got, all, "{rotation} after {read}");
            assert!(!notices.iter().any(|n| matches!(n, Notice::Gap { .. } | Notice::Truncated { .. })), "{notices:?}");
        }
    }
}

#[test]
fn restart_at_every_byte_that_was_written() {
    // The monitor has written so many bytes when we stop; the rest, and a rotation, come while we are down.
    let (old, new) = ("[1] a\n[2] bb\n[3] ccc\n", "[4] LOG ROTATION: DAILY\n[5] e\n");
    for written in 0..=old.len() {
        let site = Site::new();
        site.append(old.get(..written).unwrap());
        let (mut got, cursor, _) = drain(&mut site.reader(None), 7);
        site.append(old.get(written..).unwrap());
        site.rename("nagios.log.1");
        site.append(new);
        let options = TailOptions { begin: Begin::From(0), ..site.options() };
        let (rest, _, _) = drain(&mut LogReader::new(options, cursor), 7);
        got.extend(rest);
        assert_eq!(got.concat(), "[1] a[2] bb[3] ccc[4] LOG ROTATION: DAILY[5] e", "{written}");
    }
}

#[test]
fn an_over_long_line_is_cut_and_the_next_one_is_whole() {
    for max in [7, 100, 5000] {
        let site = Site::new();
        let mut options = site.options();
        options.line_limit = 200;
        site.append(&format!("[1] a\n[2] {}\n[3] c\n", "x".repeat(996)));
        let mut reader = LogReader::new(options, None);
        let (lines, cursor, notices) = drain(&mut reader, max);
        assert_eq!(lines.iter().map(String::len).collect::<Vec<_>>(), [5, 200, 5], "{max}");
        assert_eq!(notices, [Notice::LongLine { bytes: 1000, limit: 200 }]);
        assert_eq!(cursor.map(|c| c.offset), Some(6 + 1001 + 6));
    }
}

#[test]
fn a_missing_log_is_told_once_and_read_when_it_comes() {
    let site = Site::new();
    let mut reader = site.reader(None);
    assert_eq!(drain(&mut reader, 100).2, [Notice::Missing { path: site.log() }]);
    assert_eq!(drain(&mut reader, 100).2, []);
    assert_eq!(reader.wait(Duration::from_millis(30)), Wake::Timeout);
    site.append("[1] a\n");
    assert_eq!(reader.wait(Duration::from_secs(5)), Wake::News);
    assert_eq!(lines(&mut reader), ["[1] a"]);
}

#[test]
fn what_is_no_file_is_an_error_that_says_so() {
    let site = Site::new();
    fs::create_dir(site.log()).unwrap();
    let mut reader = site.reader(None);
    let error = reader.next_batch(100).unwrap_err().to_string();
    assert!(error.contains("nagios.log is a directory, not a file"), "{error}");
    // Waiting does not spin on an error.
    let begin = Instant::now();
    reader.wait(Duration::from_millis(40));
    assert!(begin.elapsed() >= Duration::from_millis(20));
    fs::remove_dir(site.log()).unwrap();
    site.append("[1] a\n");
    assert_eq!(lines(&mut reader), ["[1] a"]);
    nix::unistd::mkfifo(&site.path("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let error = LogReader::new(TailOptions::new(site.path("pipe")), None).next_batch(1).unwrap_err();
    assert!(matches!(error, TailError::NotAFile { what: "a pipe", .. }));
}

#[test]
fn waiting_ends_when_something_is_written_with_and_without_inotify() {
    for inotify in [true, false] {
        let site = Site::new();
        site.append("[1] a\n");
        let backstop = if inotify { Duration::from_secs(30) } else { Duration::from_millis(20) };
        let mut reader = LogReader::new(TailOptions { inotify, backstop, ..site.options() }, None);
        assert_eq!(lines(&mut reader).len(), 1);
        assert_eq!(reader.is_notified(), inotify);
        assert_eq!(reader.wait(Duration::from_millis(10)), Wake::Timeout);
        let log = site.log();
        let begin = Instant::now();
        let writer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            OpenOptions::new().append(true).open(log).unwrap().write_all(b"[2] b\n").unwrap();
        });
        assert_eq!(reader.wait(Duration::from_secs(20)), Wake::News);
        assert!(begin.elapsed() < Duration::from_secs(10));
        writer.join().unwrap();
        assert_eq!(lines(&mut reader), ["[2] b"]);
        // A rotation wakes as well.
        site.rename("nagios.log.1");
        site.append("[3] c\n");
        assert_eq!(reader.wait(Duration::from_secs(20)), Wake::News);
        assert_eq!(lines(&mut reader), ["[3] c"]);
    }
}

#[test]
fn a_broken_compressed_archive_is_a_gap_and_not_the_end() {
    let site = Site::new();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let body: String =
        (0u64..5000).map(|n| format!("[{}] {}\n", n + 1, n.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect();
    gz.write_all(body.as_bytes()).unwrap();
    let whole = gz.finish().unwrap();
    fs::write(site.path("nagios.log.1.gz"), whole.get(..whole.len() / 2).unwrap()).unwrap();
    site.append("[9000] live\n");
    let mut reader = LogReader::new(TailOptions { begin: Begin::From(0), ..site.options() }, None);
    let (lines, _, notices) = drain(&mut reader, 1000);
    assert_eq!(lines.last().map(String::as_str), Some("[9000] live"));
    assert!(lines.len() > 1000 && notices.iter().any(|n| matches!(n, Notice::Gap { .. })), "{notices:?}");
}

fn read_in(path: &Path, max: usize) -> (Vec<String>, Option<Cursor>) {
    let (lines, cursor, _) =
        drain(&mut LogReader::new(TailOptions { inotify: false, ..TailOptions::new(path) }, None), max);
    (lines, cursor)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn reads_split_anywhere_give_the_same_lines(text in "(\\[[0-9]{1,3}\\] [a-z\n]{0,40}\n?){0,20}", max in 1usize..50) {
        let site = Site::new();
        site.append(&text);
        let mut want: Vec<&str> = text.split('\n').collect();
        want.pop();
        let (got, cursor) = read_in(&site.log(), max);
        prop_assert_eq!(got, want);
        prop_assert_eq!(read_in(&site.log(), 1 << 20).1, cursor);
    }
}
