//! The probes of accounting: check_ssm_queue over queues that python3-dirq, which SSM uses, has written; check_arc_accounting over databases
//! of ARC's own schema and class.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking, their helpers too")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

fn gridprobe() -> PathBuf {
    std::env::var_os("GRIDWARD_PROBES").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_gridprobe")), PathBuf::from)
}

fn run(args: &[&str]) -> (String, i32) {
    let output = Command::new(gridprobe()).args(args).env_clear().output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

fn python(script: &str, folder: &Path) {
    let output = Command::new("/usr/bin/python3").arg("-c").arg(script).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Outgoing, as ssmsend has it; reject, as a receiver has it.
const QUEUES: &str = "
import sys
from dirq.QueueSimple import QueueSimple
from dirq.queue import Queue
base = sys.argv[1]
out = QueueSimple(base + '/outgoing')
for n in range(3):
    out.add('APEL-individual-job-message: v0.3\\nSite: TEST-SITE\\n%d\\n%%%%\\n' % n)
out.lock(out.first())
reject = Queue(base + '/reject', schema={'body': 'string', 'signer': 'string?', 'empaid': 'string?', 'error': 'string'})
for n in range(7):
    reject.add({'body': 'x', 'signer': '/CN=h', 'empaid': 'abc', 'error': 'Signer not in valid DNs list: /CN=h%d' % n})
";

/// Names of messages carry when they were made: so many hours earlier.
fn age(queue: &Path, hours: i64) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    for part in std::fs::read_dir(queue).unwrap().flatten() {
        for entry in std::fs::read_dir(part.path()).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            let new = format!("{:08x}{}", now - hours * 3600, &name[8..]);
            std::fs::rename(entry.path(), entry.path().with_file_name(new)).unwrap();
        }
    }
}

#[test]
fn what_waits_is_locked_or_rejected_in_queues_of_dirqs_own_making_is_told() {
    let temp = tempfile::tempdir().unwrap();
    python(QUEUES, temp.path());
    let (outgoing, reject) = (temp.path().join("outgoing"), temp.path().join("reject"));
    let (out, rej) = (outgoing.display().to_string(), reject.display().to_string());
    let (text, code) = run(&["check_ssm_queue", "--queue", &out]);
    assert!(text.starts_with("SSM OK: 3 messages wait in ") && code == 0, "{text}");
    assert!(text.contains("pending=3;;;0") && text.contains("locked=1;;;0"), "{text}");
    // A lock is a matter after an hour.
    let (text, code) = run(&["check_ssm_queue", "--queue", &out, "--locked", "@0:1"]);
    assert!(text.contains("1 message is locked, and SSM passes over what is locked") && code == 1, "{text}");
    let (text, code) = run(&["check_ssm_queue", "--queue", &out, "--reject", &rej]);
    assert!(text.contains("7 messages were rejected lately") && code == 1, "{text}");
    assert!(text.contains("Signer not in valid DNs list: /CN=h") && text.contains("rejected=7;;;0"), "{text}");
    age(&reject, 30);
    let (text, code) = run(&["check_ssm_queue", "--queue", &out, "--reject", &rej, "-v"]);
    assert!(text.contains("7 messages were rejected earlier") && code == 0, "{text}");
    age(&outgoing, 25);
    let (text, code) = run(&["check_ssm_queue", "--queue", &out]);
    assert!(
        text.contains("has waited for 1 d 1 h; does SSM run") || text.contains("has waited for 1 d 1 h, does SSM run"),
        "{text}"
    );
    assert_eq!(code, 1, "{text}");
    age(&outgoing, 73);
    let (text, code) = run(&["check_ssm_queue", "--queue", &out]);
    assert!(code == 2 && text.contains("has waited for 3 d"), "{text}");
    let (text, code) = run(&["check_ssm_queue", "--queue", &out, "--longest", "10", "-c", "9d"]);
    assert!(code == 2 && text.contains("3 messages are longer than the 10 octets that the server takes"), "{text}");
}

#[test]
fn plain_files_are_a_queue_too_and_what_is_none_is_said() {
    let temp = tempfile::tempdir().unwrap();
    for n in 0..3 {
        std::fs::write(temp.path().join(format!("c0ffee-{n}")), "x").unwrap();
    }
    let folder = temp.path().display().to_string();
    let (text, code) = run(&["check_ssm_queue", "--queue", &folder]);
    assert!(text.starts_with("SSM OK: 3 messages wait in ") && code == 0, "{text}");
    let (text, code) = run(&["check_ssm_queue", "--queue", "/no/such"]);
    assert!(text.contains("cannot read the queue /no/such") && code == 3, "{text}");
    let (text, code) = run(&["check_ssm_queue", "--queue", &folder, "-w", "abc"]);
    assert!(text.contains("is no length of time") && code == 3, "{text}");
}

#[test]
fn the_senders_certificate_is_judged() {
    let temp = tempfile::tempdir().unwrap();
    let path = |name: &str| temp.path().join(name).display().to_string();
    let (queue, cert, key, cfg) = (path(""), path("cert.pem"), path("key.pem"), path("sender.cfg"));
    let make = |days: &str| {
        let words = [
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=h", "-days", days, "-keyout", &key, "-out",
            &cert,
        ];
        assert!(Command::new("openssl").args(words).output().unwrap().status.success());
    };
    std::fs::create_dir(temp.path().join("q")).unwrap();
    std::fs::write(
        &cfg,
        format!("[sender]\nprotocol: AMS\n[certificates]\n# certificate: /no\ncertificate: {cert}\nkey: {key}\n"),
    )
    .unwrap();
    let queue = format!("{queue}/q");
    let judged = || run(&["check_ssm_queue", "--queue", &queue, "--sender-cfg", &cfg]);
    make("30");
    let (text, code) = judged();
    assert!(code == 0 && text.contains("no message waits in "), "{text}");
    make("10");
    let (text, code) = judged();
    assert!(code == 1 && text.contains("expires in 9 d") || text.contains("expires in 10 d"), "{text}");
    std::fs::write(&cert, "nothing").unwrap();
    let (text, code) = judged();
    assert!(code == 3 && text.contains("there is no certificate in "), "{text}");
    std::fs::write(&cfg, "[sender]\n").unwrap();
    let (text, code) = judged();
    assert!(code == 3 && text.contains("it names no certificate"), "{text}");
}

/// Three jobs that ended 1, 25 and 100 hours ago, published to the target EGI up to two days ago.
const ARC: &str = "
import os, sqlite3, sys, time
folder = sys.argv[1] + '/control/accounting'
os.makedirs(folder)
records = sqlite3.connect(folder + '/accounting.db')
records.executescript(open('/usr/share/arc/sql-schema/arex_accounting_db_schema_v1.sql').read())
now = int(time.time())
records.executescript(
    'INSERT INTO Endpoints(Interface, URL) VALUES (\"org.nordugrid.arcrest\", \"https://a.example.org/arex\");'
    'INSERT INTO Queues(Name) VALUES (\"q\"); INSERT INTO Users(Name) VALUES (\"u\");'
    'INSERT INTO WLCGVOs(Name) VALUES (\"ops\"); INSERT INTO Status(Name) VALUES (\"completed\");')
for hours in (1, 25, 100):
    records.execute('INSERT INTO AAR VALUES (NULL, ?, ?, 1, 1, 1, 1, 1, 0, ?, ?, 1, 1, 1, 1, 60, 50, 1, 0, 0, 0)',
                    ('job%d' % hours, str(hours), now - hours * 3600 - 60, now - hours * 3600))
records.commit()
records.close()
from arc.control.AccountingDB import AccountingDB
database = AccountingDB(folder + '/accounting.db')
database.publishing_db_connect(folder + '/publishing.db')
database.set_last_published_endtime('EGI', now - 2 * 86400)
";

/// Moves the last success into the past.
const LATER: &str = "
import sqlite3, sys, time
folder, hours = sys.argv[1].rsplit(':', 1)
database = sqlite3.connect(folder + '/control/accounting/publishing.db')
database.execute('UPDATE AccountingTargets SET LastReport = ?', (int(time.time()) - int(hours) * 3600,))
database.commit()
";

#[test]
fn an_arc_ce_that_does_not_publish_is_found() {
    let temp = tempfile::tempdir().unwrap();
    python(ARC, temp.path());
    let control = temp.path().join("control").display().to_string();
    let conf = temp.path().join("arc.conf");
    let write = |text: &str| std::fs::write(&conf, format!("[arex]\ncontroldir={control}\n{text}")).unwrap();
    write("[arex/jura/apel: EGI]\nurdelivery_frequency=3600\n");
    let later = |hours: u32| python(LATER, Path::new(&format!("{}:{hours}", temp.path().display())));
    let plain = || run(&["check_arc_accounting", "--controldir", &control]);
    let configured = || run(&["check_arc_accounting", "--arc-conf", conf.to_str().unwrap()]);
    let (text, code) = plain();
    assert!(
        text.starts_with("ARC-ACCOUNTING OK: 1 targets, 3 records, the last job ended 1 h ago") && code == 0,
        "{text}"
    );
    assert!(text.contains("EGI_backlog=2;;;0"), "{text}");
    // Twice its own frequency, and a day and an hour at least.
    let (text, code) = configured();
    assert!(
        text.contains("EGI: 2 records are not published, of jobs that ended up to 1 d 1 h ago") == (code == 1),
        "{text}"
    );
    later(30);
    let (text, code) = plain();
    assert_eq!(code, 0, "{text}");
    let (text, code) = configured();
    assert!(code == 1 && text.contains("EGI: the last publication that succeeded was 1 d 6 h ago"), "{text}");
    later(8 * 24);
    let (text, code) = plain();
    assert!(code == 2 && text.contains("EGI: the last publication that succeeded was 8 d ago"), "{text}");
    write("[arex/jura/apel: EGI]\n[arex/jura/apel: Other]\n");
    let (text, code) = configured();
    assert!(code == 2 && text.contains("Other: it is configured, and nothing was ever published to it"), "{text}");
    // What cannot be read is ours.
    let (text, code) = run(&["check_arc_accounting", "--controldir", "/no/such"]);
    assert!(code == 3 && text.contains("there is no such file"), "{text}");
    std::fs::write(
        temp.path().join("control/accounting/publishing.db"),
        "no database, but long enough to be taken for one?",
    )
    .unwrap();
    let (text, code) = plain();
    assert!(code == 3 && text.contains("publishing.db"), "{text}");
}

#[test]
fn an_arex_that_writes_for_ever_is_waited_for_in_time() {
    let temp = tempfile::tempdir().unwrap();
    python(ARC, temp.path());
    let control = temp.path().join("control").display().to_string();
    let hold = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\nc.execute('PRAGMA locking_mode=EXCLUSIVE')\nc.execute('BEGIN EXCLUSIVE')\nprint('held', flush=True)\nsys.stdin.read()";
    let mut writer = Command::new("/usr/bin/python3")
        .args(["-c", hold])
        .arg(temp.path().join("control/accounting/accounting.db"))
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(writer.stdout.as_mut().unwrap()), &mut line).unwrap();
    let begun = std::time::Instant::now();
    let (text, code) = run(&["check_arc_accounting", "--controldir", &control, "-t", "4"]);
    assert!(begun.elapsed().as_secs() < 4 && code == 3 && text.contains("locked"), "{text}");
    drop(writer.stdin.take());
    writer.wait().unwrap();
    let (text, code) = run(&["check_arc_accounting", "--controldir", &control, "-t", "4"]);
    assert_eq!(code, 0, "{text}");
}

/// A page of tests/data/accounting, judged in the morning of 2026-11-22.
fn page(probe: &str, name: &str, more: &[&str]) -> (String, i32) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/accounting").join(name);
    let mut words = vec![probe, "--at", "1795320000", "--file", file.to_str().unwrap()];
    words.extend(more);
    run(&words)
}

#[test]
fn the_servers_pages_are_judged_as_a_person_would() {
    let cases: [(&str, &str, &[&str], i32, &str); 13] = [
        (
            "check_apel_pub",
            "pub_ok.html",
            &["--site", "TEST-SITE"],
            0,
            "TEST-SITE published its accounting 1 d 4 h ago",
        ),
        ("check_apel_pub", "pub_40d_warn.html", &[], 2, "TEST-SITE has published no accounting for 40 d"),
        ("check_apel_pub", "pub_40d_warn.html", &["-c", "60"], 1, "TEST-SITE has published no accounting for 40 d"),
        // What a page says that nobody builds says nothing of today, neither good nor bad.
        ("check_apel_pub", "pub_stale_build.html", &[], 3, "has not built this page for 174 d"),
        ("check_apel_pub", "site_named_WARNSBURG.html", &["--site", "UKI-OKERROR"], 0, "UKI-OKERROR published"),
        ("check_apel_pub", "pub_ok.html", &["--site", "OTHER"], 2, "has nothing of OTHER; there is TEST-SITE"),
        ("check_apel_pub", "sync_ok.html", &["--site", "TEST-SITE"], 2, "has nothing of TEST-SITE"),
        ("check_apel_sync", "sync_ok.html", &["--site", "TEST-SITE"], 0, "TEST-SITE: 2 of 2 months agree"),
        ("check_apel_sync", "sync_old_error.html", &[], 0, "1 of 1 months agree"),
        (
            "check_apel_sync",
            "sync_old_error.html",
            &["--months", "120"],
            2,
            "2019-01: 5000 records at the site and 4000 at the server, 20.0 % apart",
        ),
        (
            "check_apel_sync",
            "sync_missing_month.html",
            &[],
            1,
            "2026-11: the server has nothing of this month after 22 days",
        ),
        ("check_apel_sync", "sync_empty.html", &[], 3, "there is no month on the page"),
        ("check_apel_sync", "sync_ok.html", &["--site", "OTHER"], 2, "the page is about TEST-SITE, not about OTHER"),
    ];
    for (probe, name, more, code, words) in cases {
        let (text, got) = page(probe, name, more);
        // `;` has a meaning to Nagios.
        let fits = text.contains(words) || text.contains(&words.replace(';', ","));
        assert!(got == code && fits, "{probe} {name} {more:?}: {text}");
    }
}

#[test]
fn what_the_site_counts_itself_is_held_against_the_page_and_json_is_read_too() {
    let temp = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = temp.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let counts = file("counts.json", "{\"2026-11\": 82, \"2026-10\": 110, \"2026-09\": 7}");
    let (text, code) = page("check_apel_sync", "sync_ok.html", &["--local", &counts]);
    assert!(code == 2 && text.contains("2026-09: 7 records at the site, and the server has none"), "{text}");
    assert!(text.contains("2026-11: 82 records at the site and 80 at the server, 2.4 % apart"), "{text}");
    let wrong = file("wrong.json", "{\"November\": 1}");
    let (text, code) = page("check_apel_sync", "sync_ok.html", &["--local", &wrong]);
    assert!(code == 3 && text.contains("is no month, as 2026-11"), "{text}");
    let json = |probe: &str, text: &str| run(&[probe, "--at", "1795320000", "--file", &file("answer.json", text)]);
    let (text, code) = json(
        "check_apel_pub",
        "[{\"SiteName\": \"A\", \"updated\": \"2026-11-22T03:00:00Z\", \"stdout\": \"WARNING [ last published 9 days ago: 2026-11-13 ]\"}]",
    );
    assert!(code == 1 && text.contains("A has published no accounting for 9 d"), "{text}");
    let (text, code) = json(
        "check_apel_sync",
        "{\"results\": [{\"Month\": \"2026-11\", \"RecordCountInDb\": 100, \"RecordCountPublished\": \"90\"}]}",
    );
    assert!(code == 2 && text.contains("10.0 % apart"), "{text}");
    for text in ["", "503 Service Unavailable", "<html><body><h1>maintenance</h1></body></html>"] {
        let (text, code) = json("check_apel_pub", text);
        assert!(code == 3 && text.contains("is no page of the accounting server"), "{text}");
    }
    let (text, code) = run(&["check_apel_pub", "--url", "http://127.0.0.1:1/x"]);
    assert!(code == 3 && text.contains("cannot read http://127.0.0.1:1/x"), "{text}");
}

#[test]
fn jobs_of_an_htcondor_ce_that_do_not_become_records_are_found() {
    let temp = tempfile::tempdir().unwrap();
    let (history, output) = (temp.path().join("history"), temp.path().join("apel"));
    std::fs::create_dir_all(history.join("quarantine")).unwrap();
    std::fs::create_dir(&output).unwrap();
    let file = |path: PathBuf, hours: u64| {
        let file = std::fs::File::create(path).unwrap();
        file.set_modified(SystemTime::now() - std::time::Duration::from_secs(hours * 3600 + 60)).unwrap();
    };
    let judged = |more: &[&str]| {
        let mut words = vec![
            "check_htcondorce_apel",
            "--history",
            history.to_str().unwrap(),
            "--records",
            output.to_str().unwrap(),
        ];
        words.extend(more);
        run(&words)
    };
    let (text, code) = judged(&[]);
    assert!(code == 1 && text.contains("there is no blah-* file in "), "{text}");
    file(output.join("blah-20261126-0300-ce01"), 1);
    file(history.join("history.12.0"), 0);
    file(history.join("other"), 900);
    let (text, code) = judged(&[]);
    assert!(code == 0 && text.starts_with("CE-APEL OK: 1 jobs wait to become records"), "{text}");
    file(history.join("quarantine/history.3.0"), 50);
    let (text, code) = judged(&["-v"]);
    assert!(code == 0 && text.contains("1 jobs could not be made records"), "{text}");
    file(history.join("quarantine/history.4.0"), 5);
    let (text, code) = judged(&[]);
    assert!(
        code == 1 && text.contains("2 jobs could not be made records") && text.contains("the last one 5 h 1 min ago"),
        "{text}"
    );
    file(history.join("history.9.0"), 3);
    let (text, code) = judged(&["--quarantined", "1h"]);
    assert!(code == 1 && text.contains("history.9.0 has waited for 3 h 1 min"), "{text}");
    file(history.join("history.8.0"), 27);
    let (text, code) = judged(&[]);
    assert!(code == 2 && text.contains("history.8.0 has waited for 1 d 3 h"), "{text}");
    file(output.join("blah-20261126-0300-ce01"), 27);
    let (text, _) = judged(&["-w", "99d", "-c", "99d"]);
    assert!(text.contains("the newest file for APEL, blah-20261126-0300-ce01, is 1 d 3 h old"), "{text}");
    let (text, code) = run(&["check_htcondorce_apel", "--history", "/no/such", "--records", "/no/such"]);
    assert!(code == 3 && text.contains("cannot read /no/such"), "{text}");
}
