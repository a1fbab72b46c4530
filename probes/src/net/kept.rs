//! Connections to REST services that outlive the run that made them: in the resident prober a compute element is asked again and again by
//! the same user, and a handshake costs both sides more than all that is asked. A single run keeps none.
//!
//! A kept connection may turn out to be closed, or its way to be gone. Neither is a verdict: what can be seen is seen before it is used,
//! and [`super::rest`] asks once more on a new one.

use super::connect::Timed;
use openssl::ssl::SslStream;
use plugin::{Deadline, Finding};
use std::io::BufReader;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A server's certificate, the trust anchors and the revocation lists are judged when hands are shaken: not seldomer than this.
const HOLDS: Duration = Duration::from_secs(600);
/// So long a run waits for another that uses the connection that it wants, and no longer than half of its time: A-REX takes seconds to
/// make a key.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whom a connection leads to, as whom, and by which anchors it was trusted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Key {
    pub host: String,
    pub port: u16,
    pub anchors: PathBuf,
    /// Fingerprint of the certificate that was shown.
    pub identity: Option<String>,
    /// SHA-256 of the bearer token that is sent on it, which itself is not kept.
    pub token: Option<[u8; 32]>,
}

/// A connection, with what was found when it was made.
pub(super) struct Line {
    pub stream: BufReader<SslStream<Timed>>,
    /// What is to be said of the server's certificate, though it was taken.
    pub remarks: Vec<Finding>,
    /// When the first of its certificates expires, in seconds since 1970.
    pub until: i64,
    made: Instant,
    _place: Place,
}

/// One of the places for connections, given back when it is dropped.
pub(super) struct Place;

/// What the runs of this process share.
struct Shared {
    /// Connections that nobody uses; the one that was used last is the last.
    idle: Vec<(Key, Line)>,
    /// Under which keys runs are under way.
    busy: Vec<Key>,
}

static SHARED: Mutex<Shared> = Mutex::new(Shared { idle: Vec::new(), busy: Vec::new() });
/// A run has ended.
static ENDED: Condvar = Condvar::new();
/// So many may be open, in use or not; none is kept as long as it is 0.
static MOST: AtomicUsize = AtomicUsize::new(0);
static OPEN: AtomicUsize = AtomicUsize::new(0);

fn shared() -> MutexGuard<'static, Shared> {
    SHARED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on connections are kept in this process, and no more than so many are open.
pub fn keep(most: usize) {
    MOST.store(most, Relaxed);
}

/// Whether connections are kept.
pub(super) fn is_on() -> bool {
    MOST.load(Relaxed) > 0
}

/// A run's share in what is kept under a key. Its connection is kept for others when it is dropped.
pub(super) struct Lease {
    key: Key,
    /// The connection that is kept when the run ends.
    pub line: Option<Line>,
}

/// Begins a run, with a kept connection that seems to be open where there is one. Two runs that want the same at the same time use it one
/// after the other, unless the first takes long.
pub(super) fn lease(key: Key, now: i64, deadline: Deadline) -> Lease {
    let (mut old, mut line) = (Vec::new(), None);
    {
        let patient = Instant::now() + PATIENCE.min(deadline.remaining() / 2);
        let mut shared = shared();
        loop {
            // The newest first: it is the least likely to be closed.
            while let Some(at) = shared.idle.iter().rposition(|(kept, _)| *kept == key) {
                let (_, kept) = shared.idle.remove(at);
                if kept.is_fresh(now) && kept.stream.get_ref().get_ref().is_quiet() {
                    line = Some(kept);
                    break;
                }
                old.push(kept);
            }
            let left = patient.saturating_duration_since(Instant::now());
            if line.is_some() || left.is_zero() || !shared.busy.contains(&key) {
                break;
            }
            shared = ENDED.wait_timeout(shared, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        shared.busy.push(key.clone());
        old.extend(outdated(&mut shared.idle));
    }
    // Closed without the lock.
    drop(old);
    if let Some(line) = &mut line {
        line.stream.get_mut().get_mut().go_on(deadline);
    }
    Lease { key, line }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let line = self.line.take().filter(Line::is_done);
        let old = {
            let mut shared = shared();
            if let Some(at) = shared.busy.iter().position(|key| *key == self.key) {
                shared.busy.swap_remove(at);
            }
            let old = outdated(&mut shared.idle);
            shared.idle.extend(line.map(|line| (self.key.clone(), line)));
            old
        };
        ENDED.notify_all();
        drop(old);
    }
}

/// Those that are too old to be used again.
fn outdated(idle: &mut Vec<(Key, Line)>) -> Vec<Line> {
    idle.extract_if(.., |(_, line)| line.made.elapsed() >= HOLDS).map(|(_, line)| line).collect()
}

impl Line {
    /// One that was just made.
    pub fn new(stream: BufReader<SslStream<Timed>>, remarks: Vec<Finding>, until: i64, place: Place) -> Line {
        Line { stream, remarks, until, made: Instant::now(), _place: place }
    }

    /// Whether all that was sent on it was read.
    fn is_done(&self) -> bool {
        self.stream.buffer().is_empty() && self.stream.get_ref().ssl().pending() == 0
    }

    fn is_fresh(&self, now: i64) -> bool {
        self.made.elapsed() < HOLDS && now < self.until
    }
}

/// A place for one more connection: those that were used longest ago give way.
pub(super) fn place() -> Place {
    let free = |open: usize| {
        let most = MOST.load(Relaxed);
        (most == 0 || open < most).then_some(open + 1)
    };
    while OPEN.fetch_update(Relaxed, Relaxed, free).is_err() {
        let mut shared = shared();
        if shared.idle.is_empty() {
            // All are in use: as many as there are threads, which is no more than there may be.
            OPEN.fetch_add(1, Relaxed);
            break;
        }
        let oldest = shared.idle.remove(0);
        drop(shared);
        drop(oldest);
    }
    Place
}

impl Drop for Place {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Relaxed);
    }
}
