//! org.sam.WN-Net: which servers the node reaches. Names are looked up by who sends the job: this executable carries no resolver.

use crate::options::Options;
use plugin::{Finding, Perfdata, Report, Unit};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// A connection is made in this time or not at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server, under the name that people know it by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
    name: String,
    address: SocketAddr,
}

/// Reads `NAME=ADDRESS:PORT` or `ADDRESS:PORT`.
pub fn target(text: &str) -> Result<Target, String> {
    let (name, address) = text.split_once('=').unwrap_or((text, text));
    let address = address.parse();
    let wrong = || format!("{text:?} is no server, as srm.example.org=192.0.2.7:8443 or [2001:db8::1]:443");
    address.map(|address| Target { name: name.to_owned(), address }).map_err(|_| wrong())
}

pub(crate) fn run(options: &Options) -> Option<Report> {
    if options.connect.is_empty() {
        return None;
    }
    let mut report = Report::new("NET");
    let tries: Vec<_> = options.connect.iter().map(|target| (target, connecting(target.address))).collect();
    let mut reached = 0;
    for (target, thread) in tries {
        let answer = thread.and_then(|thread| thread.join().unwrap_or_else(|_| Err(std::io::Error::other("a fault"))));
        match answer {
            Ok(took) => {
                reached += 1;
                report.perfdata(Perfdata::new(target.name.clone(), took.as_secs_f64(), Unit::Seconds));
            }
            Err(error) => {
                let why = match error.kind() {
                    std::io::ErrorKind::TimedOut => format!("does not answer within {} s", PATIENCE.as_secs()),
                    _ => format!("cannot be reached: {error}"),
                };
                report.add(Finding::critical("unreachable", format!("{} {why}", target.address)).about(&target.name));
            }
        }
    }
    report.headline(format!("{reached} of {} servers are reached", options.connect.len()));
    Some(report)
}

type Try = std::thread::JoinHandle<std::io::Result<Duration>>;

fn connecting(address: SocketAddr) -> std::io::Result<Try> {
    std::thread::Builder::new().spawn(move || {
        let begun = Instant::now();
        TcpStream::connect_timeout(&address, PATIENCE).map(|_| begun.elapsed())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read_by_name_and_number() {
        assert_eq!(target("a.example.org=192.0.2.7:8443").unwrap().name, "a.example.org");
        assert_eq!(target("[2001:db8::1]:443").unwrap().address.port(), 443);
        assert!(["", "a:1", "a=b:1", "192.0.2.7"].iter().all(|text| target(text).is_err()));
    }
}
