//! Certificates of services and in files: names, lifetimes, trust, revocation, and what is no such service at all.

use super::pki::Pki;
use super::run;
use super::server::{Server, free_port};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

const LOCALHOST: &str = "subjectAltName=DNS:localhost,IP:127.0.0.1\n";

fn asked(pki: &Pki, port: u16, more: &[&str]) -> (String, i32) {
    let (port, folder) = (port.to_string(), pki.arg("trust"));
    let mut args = vec!["check_cert", "-H", "localhost", "-p", &port, "--ca-dir", &folder];
    args.extend(more);
    run(&args)
}

fn of(pki: &Pki, name: &str) -> Server {
    Server::openssl(&pki.arg(&format!("{name}.pem")), &pki.arg(&format!("{name}.key")), &[])
}

#[test]
fn a_service_in_order_is_ok_and_each_fault_has_its_sentence() {
    let pki = Pki::new();
    pki.certificate("good", "ca", "/DC=org/DC=gridtest/CN=localhost", LOCALHOST, &[]);
    pki.certificate("cnonly", "ca", "/DC=org/DC=gridtest/CN=host\\/localhost", "keyUsage=digitalSignature\n", &[]);
    pki.certificate("other", "ca", "/DC=org/DC=gridtest/CN=other", "subjectAltName=DNS:*.example.org\n", &[]);
    pki.certificate("soon", "ca", "/DC=org/DC=gridtest/CN=localhost", LOCALHOST, &["-days", "2"]);
    pki.certificate(
        "old",
        "ca",
        "/DC=org/DC=gridtest/CN=localhost",
        LOCALHOST,
        &["-startdate", "20200101000000Z", "-enddate", "20210101000000Z"],
    );
    pki.certificate("bad", "ca", "/DC=org/DC=gridtest/CN=localhost", LOCALHOST, &[]);
    pki.authority("stranger", "/CN=Stranger", "20200101000000Z", "20400101000000Z");
    pki.certificate("foreign", "stranger", "/CN=localhost", LOCALHOST, &[]);
    pki.revoke("bad", "ca");
    pki.list("ca", "trust", &["-crldays", "30"]);
    for (name, code, said) in [
        ("good", 0, "CERT OK: /DC=org/DC=gridtest/CN=localhost is valid for 300 d"),
        ("cnonly", 1, "localhost stands in the certificate's CN alone"),
        ("other", 2, "the certificate is not for localhost but for *.example.org, other"),
        ("soon", 1, "the certificate expires in "),
        ("old", 2, "the certificate expired "),
        ("bad", 2, "it is revoked since "),
        ("foreign", 2, "its authority /CN=Stranger ("),
    ] {
        let server = of(&pki, name);
        let (text, got) = asked(&pki, server.port, &[]);
        assert!(text.contains(said) || (said.contains("300 d") && text.contains("299 d")), "{name}: {text}");
        assert_eq!(got, code, "{name}: {text}");
        let file = pki.arg(&format!("{name}.pem"));
        if name != "other" && name != "cnonly" {
            assert_eq!(run(&["check_cert", "-f", &file, "--ca-dir", &pki.arg("trust")]).1, code, "{name} as a file");
        }
    }
    let server = of(&pki, "good");
    assert_eq!(asked(&pki, server.port, &["-w", "400"]).1, 1);
    assert_eq!(asked(&pki, server.port, &["-c", "400d"]).1, 2);
    assert_eq!(asked(&pki, server.port, &["--name", "ce.example.org"]).1, 2);
    // A list that is stale does not say that it is revoked, and not that it is not.
    pki.list("ca", "trust", &["-crl_lastupdate", "20250101000000Z", "-crl_nextupdate", "20250102000000Z"]);
    let (text, code) = asked(&pki, server.port, &[]);
    assert!(text.contains("services here cannot tell whether it is revoked: the list expired") && code == 1, "{text}");
    assert_eq!(asked(&pki, server.port, &["--no-trust"]).1, 0);
}

/// dCache and other services of the grid speak one curve only, and many a host has its name in the CN alone.
#[test]
fn a_server_that_knows_secp521r1_only_is_spoken_to() {
    let pki = Pki::new();
    pki.certificate("good", "ca", "/DC=org/DC=gridtest/CN=localhost", LOCALHOST, &[]);
    pki.certificate("cnonly", "ca", "/DC=org/DC=gridtest/CN=localhost", "keyUsage=digitalSignature\n", &[]);
    pki.list("ca", "trust", &["-crldays", "30"]);
    let token = pki.arg("token");
    std::fs::write(&token, "a.b.c\n").unwrap();
    for (name, version, code) in [("good", "-tls1_3", 0), ("good", "-tls1_2", 0), ("cnonly", "-tls1_2", 1)] {
        let [certificate, key] = ["pem", "key"].map(|kind| pki.arg(&format!("{name}.{kind}")));
        let server = Server::openssl(&certificate, &key, &["-groups", "secp521r1", version]);
        let (text, got) = asked(&pki, server.port, &[]);
        assert_eq!(got, code, "{name} {version}: {text}");
        // check_ce is answered, though by no compute element: TLS and the certificate were taken.
        let (port, state) = (server.port.to_string(), pki.arg(&format!("state-{name}{version}")));
        let words = ["check_ce", "-H", "localhost", "-p", &port, "--token", &token, "--state-dir", &state];
        let (text, got) = run(&[&words[..], &["--ca-dir", &pki.arg("trust")]].concat());
        assert!(got == 2 && text.contains("ARC REST interface"), "{name} {version}: {text}");
    }
}

#[test]
fn what_is_no_such_service_is_told_apart() {
    let pki = Pki::new();
    let (text, code) = asked(&pki, free_port(), &[]);
    assert!(text.contains("Connection refused") && text.lines().count() == 1 && code == 3, "{text}");
    let (text, code) = run(&["check_cert", "-H", "no-such-host.invalid", "--ca-dir", &pki.arg("trust")]);
    assert!(text.contains("there is no host no-such-host.invalid") && code == 3, "{text}");
    for (answer, said) in
        [(&b"220 mail.example.org ESMTP\r\n"[..], "does not speak TLS"), (b"", "closes the connection")]
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(answer);
        });
        let (text, code) = asked(&pki, port, &[]);
        assert!(text.contains(said) && code == 2, "{text}");
        server.join().unwrap();
    }
    let (text, code) = run(&["check_cert", "-f", "/etc/passwd"]);
    assert!(text.contains("there is no certificate in /etc/passwd") && code == 3, "{text}");
    assert_eq!(run(&["check_cert"]).1, 3);
}

#[test]
fn a_server_that_sends_an_octet_a_second_does_not_hold_it_up() {
    let pki = Pki::new();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // The beginning of a record that would be long.
        for octet in [22, 3, 3, 64, 0, 2, 0, 0, 60] {
            if stream.write_all(&[octet]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    });
    let begun = Instant::now();
    let (text, code) = asked(&pki, port, &["-t", "2"]);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert!(text.contains("does not answer within 1.") && code == 3, "{text}");
    server.join().unwrap();
}

#[test]
fn starttls_is_spoken_with_a_real_slapd() {
    let pki = Pki::new();
    pki.certificate("good", "ca", "/DC=org/DC=gridtest/CN=localhost", LOCALHOST, &[]);
    let conf = pki.path("slapd.conf");
    let text = format!(
        "include /etc/ldap/schema/core.schema\nTLSCACertificateFile {0}\nTLSCertificateFile {1}\nTLSCertificateKeyFile {2}\npidfile {3}\ndatabase ldif\nsuffix o=grid\ndirectory {4}\n",
        pki.arg("ca.pem"),
        pki.arg("good.pem"),
        pki.arg("good.key"),
        pki.arg("slapd.pid"),
        pki.arg("db")
    );
    std::fs::write(&conf, text).unwrap();
    std::fs::create_dir(pki.path("db")).unwrap();
    let server = Server::start(
        "/usr/sbin/slapd",
        &["-d", "256", "-f", &conf.display().to_string(), "-h", "ldap://127.0.0.1:PORT"],
    );
    let (text, code) = asked(&pki, server.port, &["--starttls", "ldap"]);
    assert!(text.starts_with("CERT OK: /DC=org/DC=gridtest/CN=localhost") && code == 0, "{text}");
    let (text, code) = asked(&pki, server.port, &["--starttls", "smtp", "-t", "3"]);
    assert!(code == 3 && text.contains("localhost:"), "{text}");
}
