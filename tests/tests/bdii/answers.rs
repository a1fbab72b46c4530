//! How a BDII answers: limits, referrals, what is not there, and servers that break in the middle.

use crate::{clean, told};
use e2e::bdii::fake::{directory, done, entry, message, question, result, serve};
use e2e::bdii::{Answer, Slapd, check};
use e2e::fail::ensure;
use e2e::place::now;
use e2e::{Fail, Result};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

#[test]
fn entries_are_counted_as_ldapsearch_counts_them() -> Result {
    let slapd = Slapd::start(&clean(3), "")?;
    let mut counts = Vec::new();
    for base in ["o=grid,o=shadow", "o=glue"] {
        let url = format!("ldap://127.0.0.1:{}", slapd.port);
        let output = Command::new("ldapsearch").args(["-LLL", "-x", "-H", &url, "-b", base, "1.1"]).output();
        let output = output.map_err(Fail::at("ldapsearch"))?;
        counts.push(String::from_utf8_lossy(&output.stdout).lines().filter(|line| line.starts_with("dn:")).count());
    }
    let answer = slapd.check(&[])?;
    let expected = format!("glue1={};;;0 glue2={};;;0", counts[0], counts[1]);
    ensure(counts[0] > 50 && answer.first().contains(&expected), || format!("{expected}; {}", told(&answer)))
}

#[test]
fn a_site_that_is_missing_is_told_from_a_bdii_that_is_missing() -> Result {
    let slapd = Slapd::start(&clean(3), "")?;
    let answer = slapd.check(&["--site", "GW-SITE-999"])?;
    ensure(answer.code == 2, || told(&answer))?;
    ensure(answer.first().contains("site GW-SITE-999 is in neither GLUE 1.3 nor GLUE 2.0"), || told(&answer))?;
    ensure(answer.text.contains("does not have GW-SITE-999: its tree ends at"), || told(&answer))?;
    let slapd = Slapd::start(&clean(1).only(true, false), "")?;
    let answer = slapd.check(&["--site", "GW-SITE-999"])?;
    ensure(answer.text.contains("the BDII has no GLUE 2.0, and so not GW-SITE-999"), || told(&answer))
}

#[test]
fn reachable_asks_for_the_base_alone() -> Result {
    let slapd = Slapd::start(&clean(1), "")?;
    let answer = slapd.check(&["--reachable"])?;
    ensure(answer.code == 0 && answer.first().contains("answers and has o=glue | time="), || told(&answer))?;
    let answer = slapd.check(&["--reachable", "--glue2", "off"])?;
    ensure(answer.code == 0 && answer.first().contains("answers and has o=grid | time="), || told(&answer))?;
    let answer = slapd.check(&["--reachable", "-w", "@0:60"])?;
    ensure(answer.code == 1 && answer.first().contains("the first answer took"), || told(&answer))?;
    let answer = slapd.check(&["--reachable", "--site", "GW-SITE-999"])?;
    let lacks = "answers, but has no GLUE2DomainID=GW-SITE-999,GLUE2GroupID=grid,o=glue and no";
    ensure(answer.code == 2 && answer.first().contains(lacks), || told(&answer))?;
    // Nothing else is asked, but for the end.
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = asked.clone();
    let port = serve(move |stream| {
        loop {
            let next = question(stream)?;
            heard.lock().unwrap_or_else(PoisonError::into_inner).push((next.operation, next.base));
            match next.operation {
                0x60 => stream.write_all(&message(next.id, &result(0x61, 0, "")))?,
                0x63 => {
                    stream.write_all(&message(next.id, &entry(b"o=glue", &[])))?;
                    done(stream, next.id, 0)?;
                }
                _ => return Ok(()),
            }
        }
    })?;
    let answer = check(port, &["--reachable"])?;
    ensure(answer.code == 0, || told(&answer))?;
    let all = asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
    ensure(all.starts_with(&[(0x60, String::new()), (0x63, "o=glue".to_owned())]), || format!("{all:?}"))?;
    ensure(all.iter().skip(2).all(|(operation, _)| *operation == 0x42), || format!("{all:?}"))?;
    let hangs = serve(|_| {
        std::thread::sleep(Duration::from_secs(30));
        Ok(())
    })?;
    let (answer, took) = timed(hangs, &["--reachable", "-t", "3"])?;
    ensure(answer.code == 2, || told(&answer))?;
    in_time(&answer, took, 3)
}

#[test]
fn a_size_limit_makes_the_answer_unknown_with_the_count_of_what_came() -> Result {
    let slapd = Slapd::start(&clean(1), "sizelimit 20")?;
    let answer = slapd.check(&[])?;
    ensure(answer.code == 3, || told(&answer))?;
    ensure(answer.first().contains("only a part of GLUE 2.0 came: 20 entries, then sizeLimitExceeded (4)"), || {
        told(&answer)
    })
}

#[test]
fn a_server_that_refers_elsewhere_is_not_followed_and_that_is_said() -> Result {
    let content = clean(1).only(true, false);
    let slapd = Slapd::start(&content, "referral ldap://other.example.net/")?;
    let answer = slapd.check(&[])?;
    ensure(answer.code == 2 && answer.first().contains("the server refers to ldap://other.example.net/"), || {
        told(&answer)
    })
}

#[test]
fn statistics_that_are_old_are_stale_and_a_server_without_any_is_judged_by_its_entries() -> Result {
    let slapd = Slapd::start(&clean(1), "")?;
    // slapd wrote the statistics now; a range that has nothing of that in it stands for an old one.
    let answer = slapd.check(&["--freshness-warning", "@0:600"])?;
    ensure(answer.code == 1 && answer.first().contains("the BDII's last update is"), || told(&answer))?;
    let late = (now() + 10_000).to_string();
    let answer = slapd.check(&["--at", &late, "--no-content"])?;
    ensure(answer.code == 2 && answer.first().contains("the BDII's last update is 2 h"), || told(&answer))?;
    let mut content = clean(1);
    content.statistics = false;
    let slapd = Slapd::start(&content, "")?;
    let answer = slapd.check(&[])?;
    ensure(answer.code == 0, || told(&answer))?;
    let answer = slapd.check(&["--at", &late, "--no-content"])?;
    ensure(answer.code == 2 && answer.first().contains("there are no statistics below o=infosys"), || told(&answer))?;
    let slapd = Slapd::start(&content.only(true, false), "")?;
    let answer = slapd.check(&["--glue2", "off"])?;
    ensure(answer.code == 3 && answer.first().contains("how fresh it is cannot be told"), || told(&answer))
}

fn timed(port: u16, options: &[&str]) -> Result<(Answer, Duration)> {
    let begun = Instant::now();
    let answer = check(port, options)?;
    Ok((answer, begun.elapsed()))
}

fn in_time(answer: &Answer, took: Duration, limit: u64) -> Result {
    ensure(took < Duration::from_secs(limit), || format!("took {took:?}: {}", told(answer)))
}

fn some_entries() -> Vec<Vec<u8>> {
    let one = |n: u8| {
        entry(
            format!("GLUE2DomainID=S{n},o=glue").as_bytes(),
            &[
                ("objectClass", &[b"GLUE2Domain", b"GLUE2AdminDomain"]),
                ("GLUE2DomainID", &[format!("S{n}").as_bytes()]),
            ],
        )
    };
    (0..3).map(one).collect()
}

#[test]
fn a_server_that_stalls_in_mid_answer_is_unknown_with_the_count_and_in_time() -> Result {
    let port = directory(some_entries(), |stream, _| {
        let mut rest = [0; 100];
        let _waits_until_the_client_goes = stream.read(&mut rest)?;
        Ok(())
    })?;
    let (answer, took) = timed(port, &["-t", "3"])?;
    in_time(&answer, took, 4)?;
    let expected = "only a part of GLUE 2.0 came: 3 entries, then no answer in time in mid-answer";
    ensure(answer.code == 3 && answer.first().contains(expected), || told(&answer))
}

#[test]
fn a_server_that_ends_in_mid_answer_is_unknown_with_the_count() -> Result {
    let port = directory(some_entries(), |stream, _| stream.shutdown(std::net::Shutdown::Both))?;
    let answer = check(port, &["--glue1", "off"])?;
    let expected = "only a part of GLUE 2.0 came: 3 entries, then the server closed the connection in mid-answer";
    ensure(answer.code == 3 && answer.first().contains(expected), || told(&answer))
}

#[test]
fn bytes_that_drip_do_not_outlast_the_time() -> Result {
    let port = serve(|stream| {
        let asked = question(stream)?;
        for byte in message(asked.id, &result(0x61, 0, "")).iter().chain(&[0; 600]) {
            stream.write_all(&[*byte])?;
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    })?;
    let (answer, took) = timed(port, &["-t", "2"])?;
    in_time(&answer, took, 3)?;
    ensure(answer.code == 2 || answer.code == 3, || told(&answer))
}

#[test]
fn a_server_that_takes_the_connection_and_says_nothing_is_critical_in_time() -> Result {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let (answer, took) = timed(listener.local_addr()?.port(), &["-t", "2"])?;
    in_time(&answer, took, 3)?;
    ensure(answer.code == 2 && answer.first().contains("no answer in time to the bind"), || told(&answer))
}

#[test]
fn what_is_no_bdii_is_said_to_be_something_else() -> Result {
    for (bytes, said) in [
        (&b"\x15\x03\x03\x00\x02\x02\x46"[..], "TLS speaks here"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "an HTTP server speaks here"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "an SSH server speaks here"),
        (b"\xff\xff\xff\xff\xff\xff", "is this the port of a BDII?"),
        (b"", "the server closed the connection to the bind: end of data"),
    ] {
        let port = serve(move |stream| {
            question(stream)?;
            stream.write_all(bytes)
        })?;
        let answer = check(port, &[])?;
        ensure(answer.code == 2 && answer.first().contains(said), || format!("{said}: {}", told(&answer)))?;
    }
    let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let answer = check(free, &[])?;
    ensure(answer.code == 2 && answer.first().contains("connection refused"), || told(&answer))?;
    let answer = check(free, &["-H", "no-such-host.invalid"])?;
    ensure(answer.code == 3 && answer.first().contains("no-such-host.invalid has no address"), || told(&answer))
}

#[test]
fn bytes_that_are_no_utf_8_are_told_and_the_output_is_utf_8() -> Result {
    let wrong = entry(
        b"GLUE2DomainID=S\xff,o=glue",
        &[
            ("objectClass", &[b"GLUE2Domain"]),
            ("GLUE2DomainID", &[b"S\xff"]),
            ("GLUE2DomainDescription", &[b"caf\xe9|;\n"]),
        ],
    );
    let port = directory(vec![wrong], |stream, id| done(stream, id, 0))?;
    let answer = check(port, &["--glue1", "off"])?;
    ensure(answer.text.contains("bytes that are no UTF-8 (GW004)"), || told(&answer))
}

#[test]
fn a_server_that_sends_pages_without_end_is_left() -> Result {
    // The same cookie for ever, and never an entry.
    let port = directory(Vec::new(), |stream, id| {
        let page = e2e::bdii::fake::tlv(0x30, &[2, 1, 0, 4, 1, b'c']);
        let control = [e2e::bdii::fake::tlv(4, b"1.2.840.113556.1.4.319"), e2e::bdii::fake::tlv(4, &page)].concat();
        let controls = e2e::bdii::fake::tlv(0xa0, &e2e::bdii::fake::tlv(0x30, &control));
        stream.write_all(&message(id, &[result(0x65, 0, ""), controls].concat()))
    })?;
    let (answer, took) = timed(port, &["-t", "8", "--glue1", "off"])?;
    in_time(&answer, took, 5)?;
    ensure(answer.code == 2 && answer.first().contains("64 pages without an entry"), || told(&answer))
}

#[test]
fn a_message_that_says_it_is_huge_is_skipped_and_does_not_fill_the_memory() -> Result {
    let port = directory(Vec::new(), |stream, id| {
        let value = vec![b'x'; 12 << 20];
        stream.write_all(&message(id, &entry(b"GLUE2ServiceID=huge,o=glue", &[("GLUE2ServiceName", &[&value])])))?;
        stream
            .write_all(&message(id, &entry(b"GLUE2ServiceID=small,o=glue", &[("objectClass", &[b"GLUE2Service"])])))?;
        done(stream, id, 0)
    })?;
    let answer = check(port, &["--glue1", "off"])?;
    ensure(answer.text.contains("GLUE2ServiceID=huge,o=glue: 12288 kB"), || told(&answer))?;
    ensure(answer.text.contains("entries=2;"), || told(&answer))
}
