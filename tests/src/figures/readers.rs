//! Open boards by the hundred, and changes by the hundred a second: what the daemon costs then, and how far behind the
//! last of the readers is.
//!
//! A reader here does what a browser does: it loads a page, opens the stream that the page names, and reads. What a
//! browser does with a message is not in it (`screen.rs`).

use super::{median, process, row};
use crate::fail::{Fail, Result, ensure};
use crate::filter::Filter;
use crate::http::{Client, request};
use crate::interface::{self, Setup};
use crate::place::now;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Of the alarms, ten at a site, so many change in turn.
const CHANGING: usize = 300;
/// Changes a second come in requests of ten.
const BATCH: usize = 10;
/// So long it goes on.
const SECONDS: usize = 20;
/// What the readers look at, in turn: most the first page, as a shift does.
const PAGES: [&str; 5] = ["/", "/", "/?group=none&sort=age", "/?queue=new", "/?site=SITE-1"];

/// What one reader saw: the alarms on its page, and when it was told of which, as of which record.
#[derive(Default)]
struct Told {
    page: BTreeSet<usize>,
    messages: Vec<(Instant, u64, BTreeSet<usize>)>,
}

/// A change that was handed in: when, as which record, of which alarms.
type Sent = (Instant, u64, Vec<usize>);

/// Measures with so many readers, so many changes a second, and so many alarms that stand.
pub fn measure(readers: usize, changes: usize, alarms: usize) -> Result {
    let filter = Filter::start(Setup::posted_by("bench"))?;
    let address = filter.address()?;
    let mut sequence = 0;
    let mut client = Client::connect(address)?;
    let all: Vec<usize> = (0..alarms.max(CHANGING)).collect();
    for some in all.chunks(500) {
        client.send(&changed(some, &mut sequence, 0))?.good()?;
    }
    let first: Vec<usize> = (0..CHANGING).collect();
    let over = AtomicBool::new(false);
    let open = Mutex::new(0_usize);
    std::thread::scope(|scope| {
        let start = |n: usize| {
            let (open, over) = (&open, &over);
            let read = move || read(address, PAGES[n % PAGES.len()], open, over);
            std::thread::Builder::new().stack_size(256 * 1024).spawn_scoped(scope, read).map_err(Fail::at("a reader"))
        };
        let threads: Vec<_> = (0..readers).map(start).collect::<Result<_>>()?;
        crate::wait::until_true("all streams to be open", || {
            Ok(*lock(&open) == readers || threads.iter().any(|t| t.is_finished()))
        })?;
        let before = process::cpu(filter.id()?)?;
        let begun = Instant::now();
        let mut sent = Vec::new();
        let every = Duration::from_secs_f64(BATCH as f64 / changes as f64);
        for turn in 0..SECONDS * changes / BATCH {
            let due = begun + every * turn as u32;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let which: Vec<usize> = (0..BATCH).map(|i| (turn * BATCH + i) % CHANGING).collect();
            let at = Instant::now();
            let answer = client.send(&changed(&which, &mut sequence, turn + 1))?.good()?;
            sent.push((at, interface::seq(&answer.text())?, which));
        }
        let (spent, passed) = (process::cpu(filter.id()?)?.saturating_sub(before), begun.elapsed());
        // The last change reaches all of them, or is missed below.
        std::thread::sleep(Duration::from_secs(2));
        over.store(true, Ordering::Relaxed);
        client.send(&changed(&first, &mut sequence, 0))?.good()?;
        let told = threads.into_iter().map(|t| t.join().unwrap_or_else(|_| Err(Fail::new("a reader died"))));
        let told: Vec<Told> = told.collect::<Result<_>>()?;
        report(
            &format!("{readers} open boards of {} alarms, {changes} changes a second", all.len()),
            &sent,
            &told,
            spent,
            passed,
        )
    })
}

fn report(what: &str, sent: &[Sent], told: &[Told], spent: Duration, passed: Duration) -> Result {
    let mut late = Vec::new();
    for told in told {
        for (at, seq, which) in sent {
            for alarm in which.iter().filter(|alarm| told.page.contains(alarm)) {
                let mut later = told.messages.iter().skip(told.messages.partition_point(|(_, as_of, _)| as_of < seq));
                let Some((heard, ..)) = later.find(|(.., alarms)| alarms.contains(alarm)) else {
                    return Err(Fail::new(format!("a reader was never told of record {seq}, alarm {alarm}")));
                };
                late.push(heard.saturating_duration_since(*at).as_secs_f64() * 1e3);
            }
        }
    }
    ensure(!late.is_empty(), || "no reader had a changed alarm on its page".into())?;
    let most = late.iter().copied().fold(0.0, f64::max);
    let messages: usize = told.iter().map(|t| t.messages.len()).sum();
    let share = spent.as_secs_f64() / passed.as_secs_f64() * 100.0;
    row(
        &format!("{what}: of a core"),
        format!("{share:.0} % ({:.1} s in {:.0} s, {messages} messages)", spent.as_secs_f64(), passed.as_secs_f64()),
    );
    row(
        "the same: a change is handed in until a reader is told",
        format!("{:.0} ms, at most {most:.0} ms", median(late)),
    );
    Ok(())
}

fn changed(which: &[usize], sequence: &mut u64, turn: usize) -> Vec<u8> {
    let one = |n: &usize| {
        *sequence += 1;
        let (host, state) = (format!("ce{n}.example.org"), ["CRITICAL", "WARNING"][(turn * BATCH / CHANGING) % 2]);
        let text = format!("{state}, turn {turn}");
        let made =
            interface::observation("bench", *sequence, &host, "org.nordugrid.ARC-CE-submit", state, now(), &text);
        made.replace("\"SITE-1\"", &format!("\"SITE-{}\"", n / 10))
    };
    let body = format!("[{}]", which.iter().map(one).collect::<Vec<_>>().join(","));
    request("POST", interface::OBSERVATIONS, "application/json", body.as_bytes())
}

/// A page and its stream, until it is over.
fn read(address: SocketAddr, page: &str, open: &Mutex<usize>, over: &AtomicBool) -> Result<Told> {
    let html = Client::connect(address)?.get(page)?.good()?.text();
    let stream = interface::stream_of(&html)?;
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(crate::wait::hang_limit()))?;
    socket.write_all(&request("GET", &stream, "", b""))?;
    let mut reader = BufReader::new(socket);
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    ensure(line.starts_with(b"HTTP/1.1 200"), || format!("{stream}: {}", String::from_utf8_lossy(&line)))?;
    *lock(open) += 1;
    let mut told = Told { page: alarms_in(&html), ..Told::default() };
    while !over.load(Ordering::Relaxed) {
        line.clear();
        ensure(reader.read_until(b'\n', &mut line)? > 0, || format!("{stream} ended"))?;
        let text = String::from_utf8_lossy(&line);
        ensure(!text.starts_with("event: reload"), || format!("{stream}: told to load the page anew"))?;
        if let Some(seq) = text.strip_prefix("id: ").and_then(|id| id.trim().parse().ok()) {
            told.messages.push((Instant::now(), seq, BTreeSet::new()));
        } else if let Some((.., alarms)) = told.messages.last_mut().filter(|_| text.starts_with("data: {")) {
            alarms.extend(alarms_in(&text));
        }
    }
    Ok(told)
}

/// The alarms whose lines stand in it.
fn alarms_in(text: &str) -> BTreeSet<usize> {
    let number = |part: &str| part.split_once(".example.org").and_then(|(number, _)| number.parse().ok());
    text.split(">ce").skip(1).filter_map(number).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
