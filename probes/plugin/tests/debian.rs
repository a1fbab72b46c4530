//! Ranges against Debian's own plugins: check_cluster counts the states that are given to it, and alerts by a range. Whatever
//! both take for a range must mean the same.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking, their helpers too")]

use plugin::{Range, State, Threshold};
use std::process::Command;

const CHECK_CLUSTER: &str = "/usr/lib/nagios/plugins/check_cluster";

/// The state that check_cluster gives to a number of failed services.
fn debian(option: &str, range: &str, failed: usize) -> Option<i32> {
    // At least one service, or it sees nothing to count.
    let data: Vec<&str> = std::iter::repeat_n("2", failed).chain(["0"]).collect();
    let output = Command::new(CHECK_CLUSTER).args(["-s", option, range, "-d", &data.join(",")]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    // It says so where it does not take the range, with 3 like ours.
    if text.contains("CLUSTER") { output.status.code() } else { None }
}

fn ours(option: &str, range: Range, failed: usize) -> i32 {
    let (warning, critical) = if option == "-w" { (Some(range), None) } else { (None, Some(range)) };
    match (Threshold { warning, critical }).judge(failed as f64) {
        State::Ok => 0,
        State::Warning => 1,
        State::Critical | State::Unknown => 2,
    }
}

#[test]
fn a_range_means_what_it_means_to_debians_plugins() {
    let mut ranges: Vec<String> = Vec::new();
    for start in ["", "0:", "1:", "2:", "~:", "3:", "-2:", "1.5:"] {
        for end in ["", "0", "1", "2", "4", "2.5", "-1"] {
            for at in ["", "@"] {
                ranges.push(format!("{at}{start}{end}"));
            }
        }
    }
    ranges.extend(["10:5", "@3:1", "abc", "@", ":", "@:", "~", "1:2:3"].map(str::to_owned));
    let (mut compared, mut refused) = (0, Vec::new());
    for range in &ranges {
        for failed in 0..5 {
            for option in ["-w", "-c"] {
                match (debian(option, range, failed), range.parse::<Range>()) {
                    (Some(theirs), Ok(ours_range)) => {
                        compared += 1;
                        assert_eq!(ours(option, ours_range, failed), theirs, "{range} with {failed}");
                    }
                    // Stricter on purpose: they take what is no number for 0, and what has no end for none.
                    (Some(_), Err(_)) => refused.push(range.clone()),
                    (None, Ok(_)) => panic!("{range} is a range here, and none to Debian's plugins"),
                    (None, Err(_)) => {}
                }
            }
        }
    }
    refused.sort();
    refused.dedup();
    assert!(compared > 500, "{compared}");
    for range in &refused {
        let plain = range.trim_start_matches('@');
        let nonsense =
            ["", ":", "~", "abc", "1:2:3"].contains(&plain) || plain.starts_with('-') || plain.contains(":-");
        assert!(nonsense, "{range} is refused here, and a range to Debian's plugins");
    }
}
