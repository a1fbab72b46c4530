//! Load over HTTP: requests made before the clock starts, a few connections that are kept, one thread each.

use crate::fail::{Fail, Result, ensure};
use crate::http::{Client, request};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Requests, all answered 2xx.
    pub requests: usize,
    /// Seconds from the first request to the last answer.
    pub seconds: f64,
}

/// The output of the alarm with this number: as long as a real one.
pub fn output(number: usize) -> String {
    format!("CRITICAL: job {number} failed: {}", "the batch system did not answer within the time allowed; ".repeat(3))
}

/// `count` alarms in requests of `batch`, from `first` on; `body` makes the JSON of a range.
pub fn requests(
    path: &str,
    count: usize,
    batch: usize,
    first: usize,
    body: impl Fn(std::ops::Range<usize>) -> String,
) -> Vec<Vec<u8>> {
    let starts = (first..first + count).step_by(batch.max(1));
    let bodies = starts.map(|start| body(start..(start + batch.max(1)).min(first + count)));
    bodies.map(|body| request("POST", path, "application/json", body.as_bytes())).collect()
}

/// Sends them over `connections`; an answer that is not 2xx ends it.
pub fn send(address: SocketAddr, requests: &[Vec<u8>], connections: usize) -> Result<Outcome> {
    let mut clients = Vec::new();
    for _ in 0..connections.max(1) {
        clients.push(Client::connect(address)?);
    }
    let next = AtomicUsize::new(0);
    let begun = Instant::now();
    let results: Vec<Result> = std::thread::scope(|scope| {
        let workers: Vec<_> = clients.iter_mut().map(|client| scope.spawn(|| work(client, requests, &next))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| Err(Fail::new("a sender died")))).collect()
    });
    let seconds = begun.elapsed().as_secs_f64();
    results.into_iter().collect::<Result>()?;
    Ok(Outcome { requests: requests.len(), seconds })
}

fn work(client: &mut Client, requests: &[Vec<u8>], next: &AtomicUsize) -> Result {
    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
        let answer = client.send(request)?;
        ensure((200..300).contains(&answer.status), || format!("HTTP {}: {}", answer.status, answer.text()))?;
    }
    Ok(())
}
