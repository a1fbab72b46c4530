//! Addresses of hosts. The system's resolver knows no deadline and may hang for half a minute: it is asked in a thread of its own, and given
//! up. What it says is shared by all probes of a process: an address for a minute, so that what moves is found in the next round, a
//! failure for five seconds, so that a resolver that is back is believed soon. A single run asks once either way.

use plugin::Deadline;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc::channel;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The system does not say for how long an address holds.
const FOUND: Duration = Duration::from_secs(60);
const FAILED: Duration = Duration::from_secs(5);
/// More names are not kept.
const KEPT: usize = 4096;
/// So many questions may hang at a time; what comes then is not asked.
const HANGING: usize = 64;

type Addresses = Result<Vec<IpAddr>, String>;

#[derive(Default)]
struct Cache {
    known: HashMap<String, (Instant, Addresses)>,
    asked: usize,
}

static CACHE: LazyLock<Mutex<Cache>> = LazyLock::new(Mutex::default);

/// The addresses of a host, with a port.
///
/// # Errors
/// One line: there are none, or the resolver does not answer in time.
pub fn addresses(host: &str, port: u16, deadline: &Deadline) -> Result<Vec<SocketAddr>, String> {
    // Nothing to look up, and no thread.
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found = lookup(host, deadline, ask)?;
    Ok(found.into_iter().map(|address| SocketAddr::new(address, port)).collect())
}

fn ask(host: &str) -> Addresses {
    let found = (host, 0).to_socket_addrs().map_err(|e| e.to_string())?;
    Ok(found.map(|address| address.ip()).collect())
}

fn cache<T>(work: impl FnOnce(&mut Cache) -> T) -> T {
    // Whoever died with it left it whole: nothing in here can fail in the middle.
    work(&mut CACHE.lock().unwrap_or_else(PoisonError::into_inner))
}

fn lookup(host: &str, deadline: &Deadline, ask: fn(&str) -> Addresses) -> Addresses {
    let name = host.to_ascii_lowercase();
    let known = cache(|cache| {
        cache.known.get(&name).filter(|(at, what)| at.elapsed() < if what.is_ok() { FOUND } else { FAILED }).cloned()
    });
    if let Some((_, what)) = known {
        return what;
    }
    let may = cache(|cache| {
        let may = cache.asked < HANGING;
        cache.asked += usize::from(may);
        may
    });
    if !may {
        return Err(format!("{HANGING} questions to the resolver hang; {host} is not looked up"));
    }
    let (sender, receiver) = channel();
    let thread = std::thread::Builder::new().name("names".to_owned()).stack_size(256 * 1024);
    let asked = name.clone();
    let spawned = thread.spawn(move || {
        let what = ask(&asked);
        cache(|cache| {
            cache.asked -= 1;
            if cache.known.len() >= KEPT {
                cache.known.retain(|_, (at, _)| at.elapsed() < FOUND);
            }
            if cache.known.len() < KEPT {
                cache.known.insert(asked, (Instant::now(), what.clone()));
            }
        });
        let _ = sender.send(what);
    });
    if let Err(e) = spawned {
        cache(|cache| cache.asked -= 1);
        return Err(format!("cannot look {host} up: {e}"));
    }
    receiver
        .recv_timeout(deadline.remaining())
        .unwrap_or_else(|_| Err("the resolver does not answer in time".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn within(milliseconds: u64) -> Deadline {
        Deadline::after(Duration::from_millis(milliseconds))
    }

    #[test]
    fn a_resolver_that_hangs_is_given_up_and_what_it_says_is_kept() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        fn slow(_: &str) -> Addresses {
            ASKED.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(300));
            Ok(vec![IpAddr::from([192, 0, 2, 1])])
        }
        let begun = Instant::now();
        let late = lookup("slow.example.org", &within(50), slow).unwrap_err();
        assert!(late.contains("does not answer in time") && begun.elapsed() < Duration::from_millis(250), "{late}");
        // It has answered by now, to nobody.
        std::thread::sleep(Duration::from_millis(600));
        assert_eq!(lookup("SLOW.example.org", &within(50), slow), Ok(vec![IpAddr::from([192, 0, 2, 1])]));
        assert_eq!(ASKED.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_failure_is_kept_for_a_moment() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        fn none(_: &str) -> Addresses {
            ASKED.fetch_add(1, Ordering::SeqCst);
            Err("no such name".to_owned())
        }
        for _ in 0..3 {
            assert_eq!(lookup("none.example.org", &within(5000), none), Err("no such name".to_owned()));
        }
        assert_eq!(ASKED.load(Ordering::SeqCst), 1);
        assert_eq!(addresses("192.0.2.7", 9, &within(0)), Ok(vec![SocketAddr::from(([192, 0, 2, 7], 9))]));
    }
}
