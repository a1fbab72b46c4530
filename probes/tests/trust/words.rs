//! What is said where there is nothing to judge: one line, what happened to which object, and what to do.

use super::folder::{Folder, Parts};
use super::pki::*;
use super::run;
use super::store::NOW;
use std::time::{Duration, Instant};

fn spec() -> CaSpec {
    CaSpec { start: NOW - 365 * DAY, end: NOW + 3650 * DAY, alg: None, may_sign_lists: true }
}

fn one(folder: &Folder, cn: &str, list: &List) -> Ca {
    let ca = Ca::new(cn, Alg::EcSha256, Alg::EcSha256.key(), &spec());
    folder.install(&ca, &Parts::default());
    folder.list(&ca, list.pem_by(&ca));
    ca
}

#[test]
fn a_folder_that_is_none_is_said_in_one_line() {
    let empty = tempfile::tempdir().unwrap();
    for probe in ["check_crl", "check_ca"] {
        let word = &probe[6..].to_uppercase();
        let (text, code) = run(&[probe, "--ca-dir", "/no/such/folder"]);
        assert_eq!(
            (text.as_str(), code),
            (
                format!(
                    "{word} UNKNOWN: cannot read the folder /no/such/folder: No such file or directory (os error 2)\n"
                )
                .as_str(),
                3
            )
        );
        let (text, code) = run(&[probe, "--ca-dir", empty.path().to_str().unwrap()]);
        assert!(
            text.starts_with(&format!("{word} CRITICAL: there is no authority in ")) && text.lines().count() == 1,
            "{text}"
        );
        assert_eq!(code, 2);
        assert_eq!(run(&[probe, "--ca-dir"]).1, 3);
        assert_eq!(run(&[probe, "--rank", "x=bad"]).1, 3);
    }
    assert_eq!(run(&["check_crl", "-w", "soon"]).1, 3);
    assert_eq!(run(&["check_ca", "-w", "9", "-c", "3"]).1, 3);
}

#[test]
fn the_first_line_fits_nrpe_whatever_is_wrong() {
    let folder = Folder::new();
    for n in 0..40 {
        one(&folder, &format!("Authority with a long name, number {n}"), &List { delta: true, ..List::at(NOW) });
    }
    let at = NOW.to_string();
    let (text, code) = run(&["check_crl", "--at", &at, "--ca-dir", folder.path().to_str().unwrap()]);
    let first = text.lines().next().unwrap();
    assert!(first.len() <= 1023 && first.contains(" more | min_next_update="), "{first}");
    assert_eq!(code, 2);
    assert_eq!(text.lines().filter(|l| l.starts_with("CRITICAL delta_only")).count(), 40, "{text}");
}

#[test]
fn the_sites_own_fault_is_told_from_one_authoritys() {
    let folder = Folder::new();
    let stale = List { last: NOW - 9 * DAY, next: Some(NOW - DAY), ..List::at(NOW) };
    for n in 0..5 {
        one(&folder, &format!("S{n}"), &stale);
    }
    let at = NOW.to_string();
    let said = |more: &[&str]| {
        let path = folder.path();
        let mut args = vec!["check_crl", "--at", &at, "--ca-dir", path.to_str().unwrap()];
        args.extend(more);
        run(&args)
    };
    let (text, code) = said(&[]);
    assert!(
        text.contains("5 of 5 lists are stale or missing") && text.contains("nobody fetches them at this site"),
        "{text}"
    );
    assert_eq!(code, 2);
    for n in 0..8 {
        one(&folder, &format!("F{n}"), &List::at(NOW));
    }
    let (text, code) = said(&[]);
    assert!(text.contains("S0: the list expired 1 d ago") && !text.contains("nobody fetches"), "{text}");
    assert_eq!(code, 2);
    // What a site leaves out or ranks otherwise.
    assert_eq!(said(&["--ignore", "S*"]).1, 0);
    assert_eq!(said(&["--rank", "expired=warning"]).1, 1);
    assert_eq!(said(&["--rank", "S*:expired=ok"]).1, 0);
}

#[test]
fn consumers_that_see_it_otherwise_are_named() {
    let folder = Folder::new();
    let ca = Ca::new("D", Alg::EcSha256, Alg::EcSha256.key(), &spec());
    folder.install(&ca, &Parts::default());
    folder.list(&ca, List::at(NOW).by(&ca));
    let at = NOW.to_string();
    let said = |who: &str| {
        run(&["check_crl", "-v", "--at", &at, "--consumer", who, "--ca-dir", folder.path().to_str().unwrap()])
    };
    let (text, code) = said("openssl");
    assert!(text.contains("is DER") && text.contains("canl sees it otherwise: nothing is wrong"), "{text}");
    assert_eq!(code, 2);
    let (text, code) = said("canl");
    assert!(text.contains("openssl sees it otherwise: CRITICAL, der_encoding"), "{text}");
    assert_eq!(code, 0);
}

#[test]
fn an_authority_that_the_distribution_requires_and_that_expired_is_its_matter() {
    let folder = Folder::new();
    let expired = Ca::new("Old", Alg::EcSha256, Alg::EcSha256.key(), &CaSpec { end: NOW - DAY, ..spec() });
    folder.install(&expired, &Parts::default());
    one(&folder, "New", &List::at(NOW));
    let at = NOW.to_string();
    let said = |probe: &str, more: &[&str]| {
        let path = folder.path();
        let mut args = vec![probe, "--at", &at, "--ca-dir", path.to_str().unwrap()];
        args.extend(more);
        run(&args).1
    };
    assert_eq!((said("check_crl", &[]), said("check_ca", &[])), (2, 2));
    folder.put(
        "policy-igtf-classic.info",
        "alias = policy-igtf-classic\nversion = 1.141\nrequires = Old = 1.141, \\\n  New = 1.141\n",
    );
    assert_eq!((said("check_crl", &[]), said("check_ca", &[])), (0, 0));
    assert_eq!(said("check_crl", &["--distribution", "warning"]), 1);
    folder.put("policy-igtf-mics.info", "alias = policy-igtf-mics\nversion = 1.141\nrequires = Gone = 1.141\n");
    assert_eq!(
        (said("check_ca", &[]), said("check_ca", &["--missing", "critical"]), said("check_ca", &["--ignore", "Gone"])),
        (1, 2, 0)
    );
}

#[test]
fn the_state_file_is_kept_and_a_newer_one_left_alone() {
    let folder = Folder::new();
    let ca = one(&folder, "M", &List::at(NOW));
    let state = tempfile::tempdir().unwrap();
    let file = state.path().join("state.json");
    let said = |at: i64| {
        run(&[
            "check_crl",
            "--at",
            &at.to_string(),
            "--state",
            file.to_str().unwrap(),
            "--ca-dir",
            folder.path().to_str().unwrap(),
        ])
    };
    assert_eq!(said(NOW).1, 0);
    folder.list(&ca, List { number: Some(9), last: NOW - 2 * DAY, ..List::at(NOW) }.pem_by(&ca));
    let (text, code) = said(NOW);
    assert!(text.contains("M: the list is older than one seen before"), "{text}");
    assert_eq!((code, said(NOW).1), (1, 1), "it is said until the newer one has run out");
    for day in 0..5 {
        let at = NOW + day * DAY;
        folder.list(
            &ca,
            List { number: Some(20 + day as u64), last: at, next: Some(at + 30 * DAY), ..List::at(NOW) }.pem_by(&ca),
        );
        assert_eq!(said(at).1, 0);
    }
    let (text, code) = said(NOW + 9 * DAY);
    assert!(text.contains("M: a new list comes every 1 d as a rule, this one is 5 d old"), "{text}");
    assert_eq!(code, 1);
    let newer = "{\"form\":2,\"whatever\":[]}";
    std::fs::write(&file, newer).unwrap();
    let (text, code) = said(NOW + 4 * DAY);
    assert!(text.contains("cannot use the state file") && text.contains("a newer version"), "{text}");
    assert_eq!((code, std::fs::read_to_string(&file).unwrap().as_str()), (3, newer));
    std::fs::write(&file, "{broken").unwrap();
    assert_eq!(said(NOW + 4 * DAY).1, 3);
    let (text, code) = run(&[
        "check_crl",
        "--at",
        &(NOW + 4 * DAY).to_string(),
        "--state",
        "/proc/no/such",
        "--ca-dir",
        folder.path().to_str().unwrap(),
    ]);
    assert!(text.contains("cannot write the state file /proc/no/such"), "{text}");
    assert_eq!(code, 3);
}

#[test]
fn release_metadata_is_held_against_what_is_installed() {
    let folder = Folder::new();
    one(&folder, "A", &List::at(NOW));
    let meta = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = meta.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let said = |release: &str, more: &[&str]| {
        let release = put("release", release);
        let path = folder.path();
        let at = NOW.to_string();
        let mut args = vec!["check_ca", "--at", &at, "--ca-dir", path.to_str().unwrap(), "--release", &release];
        args.extend(more);
        run(&args)
    };
    let release =
        |date: &str, version: &str| format!("<Release><Date>{date}</Date><Version>{version}</Version></Release>");
    assert_eq!(said(&release("20261101", "1.141-1"), &[]).1, 0);
    // The day is 2026-11-22.
    for (date, code) in [("21/11/2026", 0), ("2026-11-19", 1), ("20261114", 2), ("1 Nov 2026", 2)] {
        let (text, got) = said(&release(date, "1.142-1"), &[]);
        assert_eq!(got, code, "{date}: {text}");
        assert!(text.contains("release 1.141 is installed, 1.142-1 is current") || code == 0, "{text}");
    }
    let packages = put("list", "ca_policy_igtf-classic-1.142-1\nca_A-1.142-1\nca_B-1.142-1\n");
    let (text, code) = said(&release("20261101", "1.142-1"), &["--packages", &packages]);
    assert!(
        text.contains("A: it is of release 1.141, 1.142 is current") && text.contains("B: ") && code == 2,
        "{text}"
    );
    let obsoleted = put("obsoleted", "ca_A-1.130-1\n");
    let (text, code) = said(&release("20261101", "1.141-1"), &["--obsoleted", &obsoleted]);
    assert!(text.contains("A: it was withdrawn from the distribution") && code == 2, "{text}");
    let (text, code) = said("<html>404</html>", &[]);
    assert!(text.contains("is no release file: it has no Date") && code == 3, "{text}");
    let (text, code) = run(&[
        "check_ca",
        "--at",
        &NOW.to_string(),
        "--ca-dir",
        folder.path().to_str().unwrap(),
        "--release",
        "/no/such",
    ]);
    assert!(text.contains("cannot read /no/such") && code == 3, "{text}");
}

#[test]
fn a_run_that_hangs_answers_before_it_is_killed() {
    // A state file that is a pipe nobody writes into: the run hangs in a call that asks no deadline.
    let folder = Folder::new();
    let ca = one(&folder, "A", &List::at(NOW));
    let pipe = folder.path().join("state");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let at = NOW.to_string();
    for form in ["nagios", "json"] {
        let begun = Instant::now();
        let path = folder.path();
        let args = [
            "check_crl",
            "-t",
            "2",
            "--at",
            &at,
            "--output",
            form,
            "--state",
            pipe.to_str().unwrap(),
            "--ca-dir",
            path.to_str().unwrap(),
        ];
        let (text, code) = run(&args);
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        assert!(
            text.contains("stopped after 1.9 s while reading ") && text.contains("was not looked at") && code == 3,
            "{text}"
        );
    }
    // The same while the arguments are read.
    let begun = Instant::now();
    let (text, code) = run(&["check_crl", "-t", "2", &format!("--extra-opts=@{}", pipe.display())]);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert!(text.contains("stopped after 1.9 s while reading the file of --extra-opts") && code == 3, "{text}");
    // What is no file is not read.
    folder.link(&format!("{}.r1", ca.hashes().0), "/dev/zero");
    assert_eq!(run(&["check_crl", "--at", &at, "--ca-dir", folder.path().to_str().unwrap()]).1, 0);
    let (text, code) = run(&["check_crl", "-t", "2", "--crl", "/dev/zero"]);
    assert!(text.contains("it is no file") && code == 3, "{text}");
}

#[test]
fn debians_distribution_as_installed_is_in_order() {
    // As the packages leave it; that of A-REX adds a test authority of this machine's own, with its key.
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir("/etc/grid-security/certificates").unwrap() {
        let entry = entry.unwrap();
        let target = std::fs::read_link(entry.path()).unwrap_or_else(|_| entry.path());
        if !target.to_string_lossy().contains("ARC-TestCA") {
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
    }
    let folder = copy.path().to_str().unwrap();
    let (text, code) = run(&["check_ca", "--ca-dir", folder]);
    assert!(text.starts_with("CA OK: ") && text.contains("release 1."), "{text}");
    assert_eq!(code, 0);
    // Nobody fetches lists there.
    let (text, code) = run(&["check_crl", "--ca-dir", folder]);
    assert!(text.contains("nobody fetches them at this site") && code == 2, "{text}");
}
