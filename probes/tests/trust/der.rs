//! The few encodings that certificates and lists are made of, written.

use chrono::DateTime;

pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        n @ 0..0x80 => out.push(n as u8),
        n => {
            let octets: Vec<u8> = n.to_be_bytes().into_iter().skip_while(|b| *b == 0).collect();
            out.push(0x80 | octets.len() as u8);
            out.extend(octets);
        }
    }
    out.extend(content);
    out
}

pub fn seq(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

pub fn integer(n: u64) -> Vec<u8> {
    let mut octets: Vec<u8> = n.to_be_bytes().into_iter().skip_while(|b| *b == 0).collect();
    if octets.first().is_none_or(|b| b & 0x80 != 0) {
        octets.insert(0, 0);
    }
    tlv(2, &octets)
}

pub fn oid(dotted: &str) -> Vec<u8> {
    let parts: Vec<u64> = dotted.split('.').map(|p| p.parse().unwrap()).collect();
    let mut out = vec![(parts[0] * 40 + parts[1]) as u8];
    for part in &parts[2..] {
        let groups = (1..=9).find(|n| part >> (7 * n) == 0).unwrap();
        out.extend((0..groups).rev().map(|g| (part >> (7 * g) & 0x7f) as u8 | if g > 0 { 0x80 } else { 0 }));
    }
    tlv(6, &out)
}

/// UTCTime until 2049, as RFC 5280 has it.
pub fn time(at: i64) -> Vec<u8> {
    let t = DateTime::from_timestamp(at, 0).unwrap().naive_utc();
    use chrono::{Datelike, Timelike};
    let rest = format!("{:02}{:02}{:02}{:02}{:02}Z", t.month(), t.day(), t.hour(), t.minute(), t.second());
    if t.year() < 2050 {
        tlv(0x17, format!("{:02}{rest}", t.year() % 100).as_bytes())
    } else {
        tlv(0x18, format!("{:04}{rest}", t.year()).as_bytes())
    }
}

pub fn bits(content: &[u8]) -> Vec<u8> {
    tlv(3, &[&[0], content].concat())
}

pub fn extension(id: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let flag = if critical { tlv(1, &[0xff]) } else { Vec::new() };
    seq(&[&oid(id), &flag, &tlv(4, value)])
}

pub fn pem(label: &str, der: &[u8]) -> String {
    let base64 = openssl::base64::encode_block(der);
    let lines: Vec<&str> = base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
