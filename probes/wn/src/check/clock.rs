//! org.sam.WN-Clock: how far the node's clock is off, by one server of NTP (SNTP, RFC 4330 section 5). Without a server check_ce
//! holds the document's times between submission and end.

use crate::options::Options;
use plugin::{Finding, Perfdata, Report, Unit};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds from 1900 to 1970.
const ERA: f64 = 2_208_988_800.0;
/// Seconds after which NTP's 32 bits begin anew.
const ROUND: f64 = 4_294_967_296.0;

/// Reads an address, with a port or with NTP's.
pub fn server(text: &str) -> Result<SocketAddr, String> {
    let plain = || text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 123));
    text.parse().or_else(|_| plain()).map_err(|_| format!("{text:?} is no address, as 192.0.2.1 or [2001:db8::1]:123"))
}

pub(crate) fn run(options: &Options) -> Option<Report> {
    let server = options.ntp?;
    let mut report = Report::new("CLOCK");
    // A packet may be lost.
    let answer = (0..3).map(|_| ask(server)).find_map(Result::ok).ok_or(()).or_else(|()| ask(server));
    match answer {
        Ok(offset) => {
            report.headline(format!("the clock is off by {offset:.3} s, as {server} says"));
            report.perfdata(Perfdata::new("offset", offset, Unit::Seconds));
            let off = || format!("the node's clock is off by {offset:.1} s");
            if offset.abs() > options.clock_critical {
                report.add(Finding::critical("offset", off()));
            } else if offset.abs() > options.clock_warning {
                report.add(Finding::warning("offset", off()));
            }
        }
        Err(error) => report.add(Finding::unknown("silent", format!("{server} does not tell the time: {error}"))),
    }
    Some(report)
}

/// Seconds by which the server is ahead of us.
fn ask(server: SocketAddr) -> std::io::Result<f64> {
    let any: SocketAddr = if server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(any)?;
    socket.connect(server)?;
    socket.set_read_timeout(Some(Duration::from_secs(3)))?;
    let mut packet = [0_u8; 48];
    // Version 4, client.
    packet[0] = 0b00_100_011;
    let sent = seconds();
    // Sent back by the server: what is no answer to this is none.
    let stamp = sent.to_bits().to_be_bytes();
    packet[40..48].copy_from_slice(&stamp);
    socket.send(&packet)?;
    let mut reply = [0_u8; 48];
    let length = socket.recv(&mut reply)?;
    let received = seconds();
    judge(&reply[..length], &stamp, sent, received)
}

fn judge(reply: &[u8], stamp: &[u8], sent: f64, received: f64) -> std::io::Result<f64> {
    let wrong = |why: &str| Err(std::io::Error::other(why.to_owned()));
    if reply.len() < 48 || reply[0] & 7 != 4 || &reply[24..32] != stamp {
        return wrong("what comes back is no answer of NTP's");
    }
    let unsynchronised = reply[0] >> 6 == 3 || reply[1] == 0 || reply[1] > 15;
    if unsynchronised {
        return wrong("it does not know the time itself");
    }
    let time = |at: usize| {
        let part = |at: usize| f64::from(u32::from_be_bytes([reply[at], reply[at + 1], reply[at + 2], reply[at + 3]]));
        let since = part(at) + part(at + 4) / ROUND - ERA;
        // The next era begins in 2036.
        if since < 0.0 { since + ROUND } else { since }
    };
    Ok(((time(32) - sent) + (time(40) - received)) / 2.0)
}

fn seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(sent: &[u8], ahead: f64, first: u8, stratum: u8) -> Vec<u8> {
        let at = seconds() + ahead + ERA;
        let mut reply = vec![0; 48];
        (reply[0], reply[1]) = (first, stratum);
        reply[24..32].copy_from_slice(sent);
        for from in [32, 40] {
            reply[from..from + 4].copy_from_slice(&((at % ROUND) as u32).to_be_bytes());
            reply[from + 4..from + 8].copy_from_slice(&((at.fract() * ROUND) as u32).to_be_bytes());
        }
        reply
    }

    #[test]
    fn a_server_that_is_ahead_shows_the_offset() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let answering = std::thread::spawn(move || {
            let mut packet = [0; 100];
            let (_, from) = socket.recv_from(&mut packet).unwrap();
            socket.send_to(&reply(&packet[40..48], 90.0, 0b00_100_100, 2), from).unwrap();
        });
        let offset = ask(address).unwrap();
        answering.join().unwrap();
        assert!((offset - 90.0).abs() < 2.0, "{offset}");
    }

    #[test]
    fn what_is_no_answer_is_none() {
        let stamp = [1, 2, 3, 4, 5, 6, 7, 8];
        let at = seconds();
        assert!(judge(&reply(&stamp, 0.0, 0b00_100_100, 2), &stamp, at, at).is_ok());
        assert!(judge(&reply(&stamp, 0.0, 0b11_100_100, 2), &stamp, at, at).is_err(), "alarm");
        assert!(judge(&reply(&stamp, 0.0, 0b00_100_100, 0), &stamp, at, at).is_err(), "kiss of death");
        assert!(judge(&reply(&[0; 8], 0.0, 0b00_100_100, 2), &stamp, at, at).is_err(), "to another");
        assert!(judge(&[], &stamp, at, at).is_err());
        assert_eq!(server("192.0.2.1").unwrap().port(), 123);
        assert_eq!(server("[2001:db8::1]:1123").unwrap().port(), 1123);
        assert!(server("ntp.example.org").is_err());
    }
}
