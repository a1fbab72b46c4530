//! What Nagios and its workers say to each other (nagioscore lib/worker.c, base/workers.c; the same in Naemon).
//!
//! A message is `key=value` pairs, each ended by a NUL, and then the bytes 01 00 00 00. Nagios sends `job_id`, `type`,
//! `timeout` and `command`; a worker answers with the same and what came of it. Whatever comes in here is bounded: a message
//! that is too long is skipped, and told so that it can still be answered.

use memchr::memmem;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The end of a message.
pub const DELIMITER: &[u8] = b"\x01\0\0\0";
/// The longest message that is kept. Nagios' own command lines end at 8 KiB, those with long macros may be longer.
pub const LONGEST: usize = 64 * 1024;
/// What is kept of one that is longer: its number stands at its beginning.
const HEAD: usize = 256;
/// The longest outputs that are handed on, in bytes. Nagios itself keeps 8 KiB of a passive result and more of an active one.
pub const LONGEST_OUTPUT: usize = 60 * 1024;
/// A job without a time-out, or with one that is none, has so long: Nagios' own default.
const TIMEOUT: Duration = Duration::from_secs(60);
/// No job has longer.
const LONGEST_TIMEOUT: u64 = 86_400;
/// `errno` of "timer expired", which is how a worker says that it ended a job for its time (nagioscore base/workers.c).
const ETIME: i32 = 62;

/// The words by which a connection becomes a worker for one plugin's name. No process id: Nagios kills the one that is named
/// when the connection ends. And one name a connection: with two, Nagios 4.4.6 dies when that worker leaves.
pub fn registration(worker: &str, plugin: &str, most_jobs: usize) -> Vec<u8> {
    format!("@wproc register name={worker};max_jobs={most_jobs};plugin={plugin}\0").into_bytes()
}

/// One job of Nagios'.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// Nagios' number of it, unique on this connection.
    pub job_id: u64,
    /// What it is for: 0 a check; the rest are notifications, event handlers and the like.
    pub kind: u32,
    /// How long it may take from now on.
    pub timeout: Duration,
    /// A shell's command line with all macros filled in. Holds no NUL.
    pub command: Vec<u8>,
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// As waitpid() has it: an exit code is in the second byte, a signal in the lowest.
    pub wait_status: i32,
    /// Whether it was ended because its time was over.
    pub timed_out: bool,
    /// When it began and ended.
    pub times: (SystemTime, SystemTime),
    /// Its standard output.
    pub out: Vec<u8>,
    /// Its standard error.
    pub err: Vec<u8>,
}

/// What a decoder found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Message {
    /// A job.
    Job(Request),
    /// A job whose message was too long to be kept; only its number is known.
    TooLong {
        /// Nagios' number of it.
        job_id: u64,
    },
    /// Something else, which cannot be answered: without a number.
    Nonsense,
}

/// Takes bytes as they come and yields whole messages. Holds at most [`LONGEST`] bytes and what one call of `push` brought.
#[derive(Debug, Default)]
pub struct Decoder {
    held: Vec<u8>,
    /// Where the first message that was not yielded begins in `held`.
    begin: usize,
    /// Up to here there is no delimiter.
    searched: usize,
    /// Inside of a message that is too long: its beginning.
    skipping: Option<Vec<u8>>,
}

impl Decoder {
    /// Takes more bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.begin > 0 {
            self.held.drain(..self.begin);
            self.searched -= self.begin;
            self.begin = 0;
        }
        self.held.extend_from_slice(bytes);
    }

    /// How many bytes wait for the rest of their message.
    pub fn held(&self) -> usize {
        self.held.len() - self.begin
    }

    /// The next whole message.
    pub fn next_message(&mut self) -> Option<Message> {
        let from = self.searched.max(self.begin);
        let Some(at) = memmem::find(&self.held[from..], DELIMITER) else {
            // A delimiter may have begun in the last three bytes.
            self.searched = self.begin.max(self.held.len().saturating_sub(DELIMITER.len() - 1));
            self.skip();
            return None;
        };
        let end = from + at;
        let body = &self.held[self.begin..end];
        let message = match self.skipping.take() {
            Some(head) => too_long(&head),
            None if body.len() > LONGEST => too_long(&body[..HEAD]),
            None => parse(body),
        };
        self.begin = end + DELIMITER.len();
        self.searched = self.begin;
        Some(message)
    }

    /// Drops what is there of a message that is too long already.
    fn skip(&mut self) {
        if self.skipping.is_none() && self.held() > LONGEST {
            self.skipping = Some(self.held[self.begin..self.begin + HEAD].to_vec());
        }
        if self.skipping.is_some() {
            self.begin = self.searched;
        }
    }
}

fn parse(body: &[u8]) -> Message {
    let (mut job_id, mut kind, mut timeout, mut command) = (None, 0, TIMEOUT, None);
    for (key, value) in pairs(body) {
        match key {
            b"job_id" => job_id = number(value),
            b"type" => kind = number(value).and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
            b"timeout" => {
                let seconds = number(value).filter(|n| *n > 0);
                timeout = seconds.map_or(TIMEOUT, |n| Duration::from_secs(n.min(LONGEST_TIMEOUT)));
            }
            b"command" => command = Some(value.to_vec()),
            // Newer versions may say more.
            _ => {}
        }
    }
    match (job_id, command) {
        (Some(job_id), command) => {
            Message::Job(Request { job_id, kind, timeout, command: command.unwrap_or_default() })
        }
        (None, _) => Message::Nonsense,
    }
}

fn too_long(head: &[u8]) -> Message {
    // The last pair of the head may have been cut.
    let whole = head.iter().rposition(|b| *b == 0).map_or(&[][..], |end| &head[..end]);
    let id = pairs(whole).find(|(key, _)| *key == b"job_id").and_then(|(_, value)| number(value));
    id.map_or(Message::Nonsense, |job_id| Message::TooLong { job_id })
}

fn pairs(body: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    body.split(|b| *b == 0).filter_map(|pair| {
        let equals = memchr::memchr(b'=', pair)?;
        Some((&pair[..equals], &pair[equals + 1..]))
    })
}

fn number(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// Writes the answer to a job behind what is in `to` already.
pub fn answer(request: &Request, outcome: &Outcome, to: &mut Vec<u8>) {
    let seconds = |at: SystemTime| at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (start, stop) = (seconds(outcome.times.0), seconds(outcome.times.1));
    let mut pair = |key: &str, value: &[u8]| {
        to.extend_from_slice(key.as_bytes());
        to.push(b'=');
        to.extend(value.iter().map(|b| if matches!(b, 0 | 1) { b' ' } else { *b }));
        to.push(0);
    };
    let stamp = |at: Duration| format!("{}.{:06}", at.as_secs(), at.subsec_micros());
    pair("job_id", request.job_id.to_string().as_bytes());
    pair("type", request.kind.to_string().as_bytes());
    pair("command", &request.command);
    pair("timeout", request.timeout.as_secs().to_string().as_bytes());
    pair("wait_status", outcome.wait_status.to_string().as_bytes());
    pair("start", stamp(start).as_bytes());
    pair("stop", stamp(stop).as_bytes());
    pair("runtime", stamp(stop.saturating_sub(start)).as_bytes());
    if outcome.timed_out {
        pair("exited_ok", b"0");
        pair("error_code", ETIME.to_string().as_bytes());
    } else {
        pair("exited_ok", b"1");
    }
    pair("outerr", &outcome.err[..outcome.err.len().min(LONGEST_OUTPUT)]);
    pair("outstd", &outcome.out[..outcome.out.len().min(LONGEST_OUTPUT)]);
    to.extend_from_slice(DELIMITER);
}

impl Outcome {
    /// A run that ended by itself.
    pub fn exited(code: u8, out: Vec<u8>, begun: SystemTime) -> Outcome {
        let wait_status = i32::from(code) << 8;
        Outcome { wait_status, timed_out: false, times: (begun, SystemTime::now()), out, err: Vec::new() }
    }

    /// A run that was ended, or never begun, because its time was over.
    pub fn timed_out(begun: SystemTime) -> Outcome {
        let times = (begun, SystemTime::now());
        Outcome { wait_status: 0, timed_out: true, times, out: Vec::new(), err: Vec::new() }
    }
}

#[cfg(test)]
#[path = "worker_protocol_tests.rs"]
mod tests;
