//! check_apel_client, and check_apel_sync with --local-database, over a real MariaDB with the recorded rows of an APEL client: 200 jobs of a
//! batch system, of which 190 have their other half.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking, their helpers too")]

use std::fs::{Permissions, read_to_string, set_permissions, write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// 2026-11-22 04:00:00 UTC: nine minutes after the recorded client's run.
const NOW: i64 = 1_795_320_000;

/// What of APEL's tables is read or recorded, as its client of 2.5 has them.
const TABLES: &str = "
CREATE TABLE EventRecords (SiteID INT, JobName VARCHAR(60), LocalUserID VARCHAR(20), LocalUserGroup VARCHAR(20), WallDuration INT,
  CpuDuration INT, StartTime DATETIME, EndTime DATETIME, Infrastructure VARCHAR(100), MachineNameID INT, QueueID INT, MemoryReal BIGINT,
  MemoryVirtual BIGINT, Processors INT, NodeCount INT, Status INT, PRIMARY KEY (SiteID, JobName, EndTime));
CREATE TABLE BlahdRecords (TimeStamp DATETIME, GlobalUserNameID INT, FQAN VARCHAR(255), VOID INT, VOGroupID INT, VORoleID INT, CEID INT,
  GlobalJobId VARCHAR(255), LrmsId VARCHAR(255), SiteID INT, ValidFrom DATETIME, ValidUntil DATETIME, Processed INT,
  PRIMARY KEY (TimeStamp, SiteID, LrmsId, CEID));
CREATE TABLE Sites (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(255));
CREATE TABLE SubmitHosts (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(255));
CREATE TABLE MachineNames (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(255));
CREATE TABLE LastUpdated (UpdateTime TIMESTAMP NOT NULL, Type VARCHAR(255) PRIMARY KEY);
CREATE TABLE ProcessedFiles (HostName VARCHAR(255), FileName VARCHAR(255), Hash VARCHAR(64), StopLine INT, Parsed INT);
CREATE TABLE SpecRecords (SiteID INT, CEID INT, StartTime DATETIME, StopTime DATETIME, ServiceLevelType VARCHAR(50),
  ServiceLevel DECIMAL(10,3), PRIMARY KEY (SiteID, CEID, StartTime, ServiceLevelType));
CREATE TABLE SuperSummaries (SiteID INT, Month INT, Year INT, VOID INT, SubmitHostID INT, NumberOfJobs BIGINT UNSIGNED);
SET time_zone = '+00:00';
";

/// Summed up as the recorded client did: 110 in October, 80 in November.
const SUMMED: &str = "
INSERT INTO SuperSummaries VALUES (1, 10, 2026, 1, 1, 60), (1, 10, 2026, 2, 1, 50), (1, 11, 2026, 1, 1, 80);
CREATE USER nagios@localhost IDENTIFIED BY 'read only';
GRANT SELECT ON apelclient.* TO nagios@localhost;
CREATE USER nobody@localhost IDENTIFIED BY 'read only';
GRANT SELECT ON apelclient.Sites TO nobody@localhost;
";

struct Maria {
    folder: tempfile::TempDir,
    child: Child,
}

impl Maria {
    fn start() -> Maria {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let mut install = Command::new("mariadb-install-db");
        install.arg("--no-defaults").arg("--auth-root-authentication-method=normal").arg("--skip-test-db");
        // Of their own, since a server that starts removes what it takes for another's remains there.
        let temporary = folder.path().join("tmp");
        std::fs::create_dir(&temporary).unwrap();
        let temporary = format!("--tmpdir={}", temporary.display());
        install.arg(format!("--datadir={}", data.display())).arg(&temporary);
        let output = install.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut server = Command::new("mariadbd");
        server.arg("--no-defaults").arg("--skip-networking").arg("--skip-log-bin");
        server.arg(format!("--datadir={}", data.display())).arg(&temporary);
        server.arg(format!("--socket={}", folder.path().join("sock").display()));
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let mut maria = Maria { folder, child };
        let begun = Instant::now();
        while !maria.sql("", "SELECT 1").status.success() {
            let ended = maria.child.try_wait().unwrap();
            let waited = begun.elapsed() > Duration::from_secs(60);
            assert!(ended.is_none() && !waited, "{}", read_to_string(maria.folder.path().join("log")).unwrap());
            std::thread::sleep(Duration::from_millis(20));
        }
        maria.must("", "CREATE DATABASE apelclient");
        maria.must("apelclient", TABLES);
        let rows = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/accounting/apelclient.sql.gz");
        let rows = Command::new("zcat").arg(rows).output().unwrap();
        maria.must("apelclient", &format!("SET time_zone = '+00:00'; {}", String::from_utf8(rows.stdout).unwrap()));
        maria.must("apelclient", &format!("SET time_zone = '+00:00'; {SUMMED}"));
        maria.defaults("nagios.cnf", "nagios", "read only");
        maria
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn sql(&self, database: &str, text: &str) -> std::process::Output {
        let file = self.path("statements.sql");
        write(&file, text).unwrap();
        let mut command = Command::new("mariadb");
        command.args(["--no-defaults", "--user=root"]).arg(format!("--socket={}", self.path("sock").display()));
        command.arg(database).stdin(std::fs::File::open(file).unwrap()).output().unwrap()
    }

    fn must(&self, database: &str, text: &str) {
        let output = self.sql(database, text);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn defaults(&self, name: &str, user: &str, password: &str) -> String {
        let file = self.path(name);
        write(&file, format!("[client]\nuser={user}\npassword=\"{password}\"\n")).unwrap();
        set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        file.display().to_string()
    }

    fn run(&self, probe: &str, more: &[&str]) -> (String, i32) {
        let socket = self.path("sock").display().to_string();
        let defaults = self.path("nagios.cnf").display().to_string();
        let now = NOW.to_string();
        let mut words = vec![probe, "--socket", &socket, "--at", &now];
        if !more.contains(&"--defaults-file") {
            words.extend(["--defaults-file", &defaults]);
        }
        words.extend(more);
        let program = std::env::var_os("GRIDWARD_PROBES")
            .map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_gridprobe")), PathBuf::from);
        let output = Command::new(program).args(&words).env_clear().output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
    }

    fn client(&self, more: &[&str]) -> (String, i32) {
        self.run("check_apel_client", more)
    }
}

impl Drop for Maria {
    fn drop(&mut self) {
        let _ends = self.child.kill();
        let _ended = self.child.wait();
    }
}

#[test]
fn what_an_apel_client_lost_is_found_in_its_database() {
    let maria = Maria::start();
    // Five of a hundred lack their other half, and neither client nor server say so.
    let (text, code) = maria.client(&["--days", "60"]);
    assert!(code == 1 && text.contains("10 of 200 jobs are not joined (5.0 %)"), "{text}");
    assert!(text.contains("(ce1.example.org)") && text.contains("unjoined=10;;;0"), "{text}");
    assert!(text.contains("sent_age=514s;~:172800;~:604800"), "{text}");
    let (text, code) = maria.client(&["--days", "60", "--unjoined-warning", "10", "--unjoined-critical", "20", "-v"]);
    assert!(code == 0 && text.starts_with("APEL-CLIENT OK: records were unloaded 8 min ago"), "{text}");
    let (text, code) = maria.client(&["--days", "60", "--unjoined-critical", "4"]);
    assert!(code == 2 && text.contains("10 of 200"), "{text}");
    // Those of other sites do not count, and a site of which there is nothing is told.
    let (text, code) = maria.client(&["--site", "test-site", "--unjoined-warning", "10"]);
    assert!(code == 0, "{text}");
    let (text, code) = maria.client(&["--site", "OTHER"]);
    assert!(code == 1 && text.contains("no job of OTHER that ended in the last 30 days was parsed"), "{text}");
    // Late.
    let later = (NOW + 3 * 86_400).to_string();
    let (text, code) = maria.client(&["--unjoined-warning", "10", "--at", &later]);
    assert!(code == 1 && text.contains("no record was unloaded for 3 d"), "{text}");
    assert!(text.contains("the newest job that was parsed ended 3 d 6 h ago"), "{text}");
    let later = (NOW + 8 * 86_400).to_string();
    assert_eq!(maria.client(&["--unjoined-warning", "10", "--at", &later]).1, 2);
    // Without a benchmark nothing of a compute element is ever joined.
    maria.must("apelclient", "UPDATE SpecRecords SET StopTime = '2026-11-01 00:00:00'");
    let (text, code) = maria.client(&[]);
    let words = "ce1.example.org:9619/ce1.example.org-condor has no current benchmark (SpecRecords)";
    assert!(code == 2 && text.contains(words), "{text}");
    // The compute element's half is not read any more; then nothing was ever sent.
    maria.must("apelclient", "DELETE FROM BlahdRecords WHERE TimeStamp > '2026-11-10'");
    let (text, code) = maria.client(&["-v"]);
    assert!(code == 2 && text.contains("no job of a compute element's log was parsed for 12 d"), "{text}");
    maria.must("apelclient", "DELETE FROM LastUpdated");
    let (text, code) = maria.client(&["-v"]);
    assert!(code == 2 && text.contains("no record was ever unloaded"), "{text}");
    maria.must("apelclient", "DELETE FROM EventRecords");
    let (text, code) = maria.client(&[]);
    assert!(code == 2 && text.contains("no job that ended in the last 30 days was parsed"), "{text}");
}

#[test]
fn months_of_the_clients_database_are_held_against_the_servers() {
    let maria = Maria::start();
    let page = maria.path("page.json");
    let month =
        |month: u32, count: u32| format!(r#"{{"Month": {month}, "Year": 2026, "RecordCountPublished": {count}}}"#);
    write(&page, format!("[{}, {}]", month(10, 110), month(11, 80))).unwrap();
    let file = page.display().to_string();
    let sync = |site: &str| maria.run("check_apel_sync", &["--file", &file, "--local-database", "--site", site]);
    let (text, code) = sync("TEST-SITE");
    assert!(code == 0 && text.contains("2 of 2 months agree"), "{text}");
    write(&page, format!("[{}, {}]", month(10, 110), month(11, 70))).unwrap();
    let (text, code) = sync("TEST-SITE");
    assert!(code == 2 && text.contains("80 records at the site and 70 at the server"), "{text}");
    let (text, code) = sync("OTHER");
    assert!(code == 3 && text.contains("has no summary of OTHER, is that the name of the site there?"), "{text}");
    let (text, code) = maria.run("check_apel_sync", &["--file", &file, "--local-database"]);
    assert!(code == 3 && text.contains("--site"), "{text}");
}

#[test]
fn a_database_that_cannot_be_read_is_told_with_what_to_do() {
    let mut maria = Maria::start();
    let wrong = maria.defaults("wrong.cnf", "nagios", "guessed");
    let (text, code) = maria.client(&["--defaults-file", &wrong]);
    assert!(code == 3 && text.contains("ERROR 1045") && text.contains("GRANT SELECT"), "{text}");
    assert!(!text.contains("guessed") && !text.contains("read only"), "{text}");
    let few = maria.defaults("few.cnf", "nobody", "read only");
    let (text, code) = maria.client(&["--defaults-file", &few]);
    assert!(code == 3 && text.contains("ERROR 1142") && text.contains("GRANT SELECT"), "{text}");
    let (text, code) = maria.client(&["--database", "apelserver"]);
    assert!(code == 3 && (text.contains("ERROR 1044") || text.contains("ERROR 1049")), "{text}");
    let (text, code) = maria.client(&["--defaults-file", "/no/such"]);
    assert!(code == 3 && text.contains("/no/such"), "{text}");
    let (text, code) = maria.client(&["--mysql", "/no/such"]);
    assert!(code == 3 && text.contains("cannot run /no/such"), "{text}");
    maria.must("apelclient", "RENAME TABLE SpecRecords TO Specs");
    let (text, code) = maria.client(&[]);
    assert!(code == 3 && text.contains("ERROR 1146") && text.contains("is it the client's database?"), "{text}");
    maria.must("apelclient", "RENAME TABLE Specs TO SpecRecords");
    // It writes nothing, whatever the user may do.
    let root = maria.defaults("root.cnf", "root", "");
    assert_eq!(maria.client(&["--defaults-file", &root, "--unjoined-warning", "10"]).1, 0);
    // A server that hangs, and one that is gone.
    let pid = nix::unistd::Pid::from_raw(i32::try_from(maria.child.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGSTOP).unwrap();
    let begun = Instant::now();
    let (text, code) = maria.client(&["-t", "3"]);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGCONT).unwrap();
    assert!(code == 3 && begun.elapsed() < Duration::from_secs(20), "{text}");
    let _ends = maria.child.kill();
    let _ended = maria.child.wait();
    let (text, code) = maria.client(&[]);
    assert!(code == 2 && text.contains("ERROR 2002") && text.contains("does the database run?"), "{text}");
}

/// How long that took is printed; docs/benchmarks.md has it.
#[test]
fn a_million_jobs_are_counted() {
    let maria = Maria::start();
    maria.must("", "SET GLOBAL innodb_flush_log_at_trx_commit = 0");
    maria.must(
        "apelclient",
        "SET time_zone = '+00:00';
         INSERT INTO EventRecords SELECT 1, CONCAT(seq, '.0_ce1'), 'pool1', 'opsgrp', 3600, 3000, '2026-11-20', '2026-11-20 12:00:00' - INTERVAL
           seq SECOND, 'HTCONDOR', 1, 1, 1000, 2000, 1, 1, IF(seq % 100 = 0, 0, 2) FROM seq_1001_to_1001000;
         INSERT INTO BlahdRecords SELECT '2026-11-20' - INTERVAL seq SECOND, 1, '/ops', 1, 1, 1, 1, 'gid', CONCAT(seq, '.0_ce1'), 1, '2026-11-20',
           '2026-11-21', 0 FROM seq_1001_to_1001000;",
    );
    // The table has 180 MB, more than the pages that are kept by default (128 MB): each time it is read from the disk.
    for pool in [128, 512] {
        maria.must("", &format!("SET GLOBAL innodb_buffer_pool_size = {}", pool << 20));
        for round in 0..4 {
            let begun = Instant::now();
            let (text, code) = maria.client(&["-t", "60"]);
            eprintln!("{pool} MB of pages, round {round}: {:.3} s", begun.elapsed().as_secs_f64());
            assert!(code == 1 && text.contains("unjoined=10005;;;0"), "{text}");
        }
    }
}
