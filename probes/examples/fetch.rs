//! Reads bases of a directory and counts: what the client alone costs.
use probes::net::ldap::*;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let (host, port) = a[1].split_once(':').unwrap();
    let at = probes::net::ldap::connection::resolve(host, port.parse().unwrap()).unwrap();
    let mut c = match Connection::open(&at, Instant::now() + Duration::from_secs(60), Limits::default()) {
        Ok(c) => c,
        Err(e) => {
            println!("{e}");
            std::process::exit(2)
        }
    };
    c.bind().unwrap();
    let page = a[3].parse().unwrap();
    for base in a[2].split('|') {
        let mut p = Progress::default();
        let (mut n, mut v) = (0u64, 0u64);
        let d = c.search(
            &Search {
                base,
                scope: Scope::Subtree,
                filter: Filter::Present("objectClass".into()),
                attributes: &[],
                page,
            },
            &mut p,
            |e| {
                for a in e.attributes() {
                    let (_, vals) = a.unwrap();
                    n += 1;
                    for x in vals {
                        v += x.unwrap().len() as u64;
                    }
                }
                ControlFlow::Continue(())
            },
        );
        println!("{base} {:?} {:?} {n} {v}", d, p);
    }
}
