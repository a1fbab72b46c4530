//! Connections that outlive a run, beside a server of OpenSSL's own that closes them as it likes. What a real A-REX does is tested in the
//! group `ce`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on")]

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::ssl::{SslAcceptor, SslMethod};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509Name};
use plugin::Context;
use probes::net::kept;
use probes::net::rest::{Request, Rest, Server};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// What the server does with the request of this number on a connection.
#[derive(Clone, Copy)]
enum Does {
    Answers,
    ClosesInstead,
    /// What comes is no TLS any more, as an alert of it is not an answer.
    Garbles,
    AnswersAndCloses,
}

struct Stand {
    port: u16,
    anchors: tempfile::TempDir,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Stand {
    /// `does` says what is done with each request, counted from 0 over all connections.
    fn start(does: fn(usize) -> Does) -> Stand {
        let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        let mut name = X509Name::builder().unwrap();
        name.append_entry_by_text("CN", "127.0.0.1").unwrap();
        let name = name.build();
        let mut x509 = X509::builder().unwrap();
        x509.set_version(2).unwrap();
        let serial = BigNum::from_u32(7).unwrap().to_asn1_integer().unwrap();
        x509.set_serial_number(&serial).unwrap();
        x509.set_subject_name(&name).unwrap();
        x509.set_issuer_name(&name).unwrap();
        x509.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
        x509.set_not_after(&Asn1Time::days_from_now(30).unwrap()).unwrap();
        x509.set_pubkey(&key).unwrap();
        x509.append_extension(BasicConstraints::new().ca().build().unwrap()).unwrap();
        let alternative =
            SubjectAlternativeName::new().ip("127.0.0.1").build(&x509.x509v3_context(None, None)).unwrap();
        x509.append_extension(alternative).unwrap();
        x509.sign(&key, MessageDigest::sha256()).unwrap();
        let x509 = x509.build();
        let anchors = tempfile::tempdir().unwrap();
        let hash = format!("{:08x}", x509.subject_name_hash());
        std::fs::write(anchors.path().join(format!("{hash}.0")), x509.to_pem().unwrap()).unwrap();
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
        acceptor.set_private_key(&key).unwrap();
        acceptor.set_certificate(&x509).unwrap();
        let acceptor = Arc::new(acceptor.build());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (seen, asked) = (connections.clone(), requests.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (acceptor, seen, asked) = (acceptor.clone(), seen.clone(), asked.clone());
                std::thread::spawn(move || {
                    let Ok(stream) = acceptor.accept(stream) else { return };
                    seen.fetch_add(1, SeqCst);
                    let mut reader = BufReader::new(stream);
                    let mut line = String::new();
                    while reader.read_line(&mut line).is_ok_and(|n| n > 0) {
                        let ended = line == "\r\n";
                        line.clear();
                        if !ended {
                            continue;
                        }
                        let does = does(asked.fetch_add(1, SeqCst));
                        if matches!(does, Does::ClosesInstead) {
                            return;
                        }
                        if matches!(does, Does::Garbles) {
                            reader.get_ref().get_ref().write_all(b"no more of this, said the server").unwrap();
                            continue;
                        }
                        reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").unwrap();
                        if matches!(does, Does::AnswersAndCloses) {
                            return;
                        }
                    }
                });
            }
        });
        Stand { port, anchors, connections, requests }
    }

    fn rest<'c>(&self, context: &'c Context, token: Option<&str>) -> Rest<'c> {
        let anchors: PathBuf = self.anchors.path().to_owned();
        let server = Server {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            ca_dir: anchors,
            identity: None,
            token: token.map(str::to_owned),
        };
        Rest::new(server, context)
    }

    /// A run of one request: whether it was answered, and how many times hands were shaken.
    fn run(&self, token: Option<&str>) -> (bool, u32) {
        let context = Context::new("check_ce", Duration::from_secs(20), 0);
        let mut rest = self.rest(&context, token);
        let reply = rest.ask(Request { method: "GET", path: "/", ..Request::default() });
        assert!(reply.is_ok(), "{reply:?}");
        (reply.is_ok_and(|reply| reply.body == b"hi"), rest.handshakes())
    }

    fn settle(&self) {
        // A close is on its way.
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// One test, since what is kept is kept for the whole process.
#[test]
fn a_connection_outlives_a_run_and_one_that_was_closed_is_no_verdict() {
    // A single run keeps none.
    let stand = Stand::start(|_| Does::Answers);
    assert_eq!([stand.run(None), stand.run(None)], [(true, 1), (true, 1)]);
    kept::keep(3);
    assert_eq!([stand.run(None), stand.run(None), stand.run(None)], [(true, 1), (true, 0), (true, 0)]);
    // Another token is another user, who shakes hands.
    assert_eq!([stand.run(Some("a")), stand.run(Some("a")), stand.run(None)], [(true, 1), (true, 0), (true, 0)]);
    assert_eq!((stand.connections.load(SeqCst), stand.requests.load(SeqCst)), (4, 8));
    // Two runs at the same time: the second waits for the first one's.
    let first = Context::new("check_ce", Duration::from_secs(20), 0);
    let mut rest = stand.rest(&first, Some("two"));
    assert!(rest.ask(Request { method: "GET", path: "/", ..Request::default() }).is_ok());
    std::thread::scope(|scope| {
        let second = scope.spawn(|| stand.run(Some("two")));
        // Long enough for it to wait, as a rule; if it comes later there is one that is kept.
        std::thread::sleep(Duration::from_millis(100));
        drop(rest);
        assert_eq!(second.join().unwrap(), (true, 0));
    });
    // Closed while nobody looked: it is seen before anything is asked.
    let stand = Stand::start(|number| if number == 0 { Does::AnswersAndCloses } else { Does::Answers });
    assert_eq!(stand.run(None), (true, 1));
    stand.settle();
    assert_eq!((stand.run(None), stand.requests.load(SeqCst)), ((true, 1), 2));
    // Closed at the very moment when it is asked: it is asked once more, on a new one.
    let stand = Stand::start(|number| if number == 1 { Does::ClosesInstead } else { Does::Answers });
    assert_eq!(stand.run(None), (true, 1));
    assert_eq!((stand.run(None), stand.requests.load(SeqCst)), ((true, 1), 3));
    // The same with what cannot be read.
    let stand = Stand::start(|number| if number == 1 { Does::Garbles } else { Does::Answers });
    assert_eq!(stand.run(None), (true, 1));
    assert_eq!((stand.run(None), stand.requests.load(SeqCst)), ((true, 1), 3));
    // But once only: a server that never answers is a verdict.
    let stand = Stand::start(|number| if number == 0 { Does::Answers } else { Does::ClosesInstead });
    assert_eq!(stand.run(None), (true, 1));
    let context = Context::new("check_ce", Duration::from_secs(20), 0);
    let mut rest = stand.rest(&context, None);
    let reply = rest.ask(Request { method: "GET", path: "/", ..Request::default() });
    assert!(reply.is_err_and(|fault| fault.to_string().contains("closes the connection instead of answering")));
    assert_eq!((rest.handshakes(), stand.requests.load(SeqCst)), (1, 3));
    drop(rest);
    // No more than three are open: of four places the one that was used longest ago gives way.
    let stands = [0; 4].map(|_| Stand::start(|_| Does::Answers));
    for stand in &stands {
        assert_eq!(stand.run(None), (true, 1));
    }
    assert_eq!([3, 2, 1].map(|n: usize| stands[n].run(None)), [(true, 0); 3]);
    assert_eq!(stands[0].run(None), (true, 1));
}
