//! From the start of the daemon until it is ready, over a journal whose last 100,000 inputs are in no snapshot, left behind
//! by a process that was killed.
//!
//! `cargo bench -p alarm-filter --bench start -- run [FOLDER]`; `GRIDWARD_BIN` names another daemon. The daemon itself writes
//! its snapshot after 20,000 records at the latest; so the journal is made by a process of this bench, by the same engine
//! and store, which writes none and is ended with kill -9.
#![expect(clippy::unwrap_used, reason = "a bench may stop at the first surprise")]
mod papers;

use alarm_core::engine::{Engine, Record};
use alarm_core::input::Text;
use alarm_core::time::Timestamp;
use alarm_filter::keeper::commit::row;
use alarm_filter::store::{Batch, OpenOptions, SqliteStore, Store};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const INPUTS: u64 = 100_000;
const ALARMS: u64 = 10_000;
const ROUNDS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["fill", folder] => fill(Path::new(folder)),
        ["run"] => measure(&tempfile::tempdir().unwrap()),
        ["run", folder] => measure(&tempfile::tempdir_in(folder).unwrap()),
        // `cargo test --benches` starts it too.
        _ => println!("usage: start run [FOLDER]"),
    }
}

fn measure(dir: &tempfile::TempDir) {
    let (store, profile) = (dir.path().join("store"), dir.path().join("everything.toml"));
    std::fs::create_dir(&store).unwrap();
    std::fs::write(&profile, "name = \"EVERYTHING\"\nvo = \"ops\"\n[service_types]\n\"*\" = [\"*\"]\n").unwrap();
    let configuration = dir.path().join("alarm-filter.toml");
    let text = format!(
        "store = {store:?}\nlisten = \"127.0.0.1:0\"\n[profiles]\nfiles = [{profile:?}]\noperators = \"EVERYTHING\"\n[http]\nsources = [\"bench\"]\n"
    );
    std::fs::write(&configuration, text).unwrap();
    let mut filler = piped(Command::new(std::env::current_exe().unwrap()).arg("fill").arg(&store));
    until_said(&mut filler, "filled");
    filler.kill().unwrap();
    filler.wait().unwrap();

    let program = std::env::var("GRIDWARD_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_alarm-filter").to_owned());
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let mut daemon =
            piped(Command::new(&program).arg("run").arg("--config").arg(&configuration).stderr(Stdio::null()));
        let said = until_said(&mut daemon, "listening on http://");
        let address = said.rsplit("http://").next().unwrap().trim().to_owned();
        while !get(&address, "/ready").starts_with("HTTP/1.1 200") {
            std::thread::sleep(Duration::from_millis(2));
        }
        times.push(begun.elapsed().as_secs_f64());
        assert!(get(&address, "/api/v1/alarms?limit=1").contains(&format!("\"total\":{ALARMS},")), "all of them");
        // Before it has written a snapshot of its own: the next start finds the same journal.
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }
    times.sort_by(f64::total_cmp);
    println!("| start to ready, {INPUTS} inputs in no snapshot, {ALARMS} alarms | {:.2} s |", times[ROUNDS / 2]);
}

/// The journal; then it waits to be killed.
fn fill(folder: &Path) {
    let mut store = SqliteStore::open(&folder.join("journal.db"), OpenOptions::default()).unwrap();
    let mut engine = Engine::new();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed() - 7200;
    let at = Timestamp::from_secs(now);
    for paper in papers::papers() {
        paper.put(&mut store).unwrap();
        engine.learn(paper.hash.clone(), paper.document.clone());
        let records = engine.handle(at, paper.input(&Text::from(""))).records;
        append(&mut store, &records);
    }
    let mut waiting = Vec::new();
    for n in 0..INPUTS {
        let since = now + (n / 100).cast_signed();
        for input in alarm_filter::web::observations_of(body(n, since).as_bytes(), at).unwrap() {
            waiting.extend(engine.handle(Timestamp::from_secs(since), input).records);
        }
        if waiting.len() >= 512 || n + 1 == INPUTS {
            append(&mut store, &waiting);
            waiting.clear();
        }
    }
    println!("filled");
    std::thread::sleep(Duration::from_secs(600));
}

/// Each service in turn, in another state than before.
fn body(n: u64, since: i64) -> String {
    let state = ["CRITICAL", "WARNING"][usize::from(!(n / ALARMS).is_multiple_of(2))];
    let service = n % ALARMS;
    format!(
        r#"[{{"source":"bench","sequence":{n},"host":"ce{}.example.org","service":"org.example.M{}","service_type":"ARC-CE","metric":"org.example.M{}","site":"SITE-{}","state":"{state}","since":{since},"output":"{state}: the batch system did not answer within the time allowed"}}]"#,
        service / 10,
        service % 10,
        service % 10,
        service / 100
    )
}

fn append(store: &mut SqliteStore, records: &[Record]) {
    let first_seq = store.last_seq() + 1;
    store.append(&Batch { first_seq, records: records.iter().map(row).collect(), ..Batch::default() }).unwrap();
}

fn piped(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap()
}

fn until_said(child: &mut Child, words: &str) -> String {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.find_map(|line| line.ok().filter(|l| l.contains(words))).unwrap()
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
