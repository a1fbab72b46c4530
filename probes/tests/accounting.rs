//! The probes of accounting: check_ssm_queue over queues that python3-dirq, which SSM uses, has written.

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
