//! Real handshakes on the loopback, with certificates made for these tests.

use super::super::config::SourceConfig;
use super::super::fetch::{AnswerError, Fetched, Fetcher};
use super::super::gocdb::Method;
use super::super::http::Validators;
use super::super::testserver::{Server, ok, status};
use super::*;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::sync::Arc;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/gocdb/tls").join(name)
}

/// A GOCDB that wants a client certificate.
fn server() -> Server {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file("ca.pem")).unwrap()).unwrap();
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(
            vec![CertificateDer::from_pem_file(file("server.pem")).unwrap()],
            PrivateKeyDer::from_pem_file(file("server.key")).unwrap(),
        )
        .unwrap();
    let config = Arc::new(config);
    Server::over(
        |r| if r.target == "/plain" { status(302, "") } else { ok("<results/>") },
        move |stream, serve| serve(&mut StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream)),
    )
}

fn source(server: &Server) -> SourceConfig {
    let mut source = SourceConfig::new(format!("https://localhost:{}/", server.address.port()));
    source.ca = Some(file("ca.pem"));
    source.certificate = Some(file("client.pem"));
    source.key = Some(file("client.key"));
    source
}

fn fetch(source: &SourceConfig) -> Result<Fetched, AnswerError> {
    Fetcher::new(Method::GetSite, source).unwrap().0.fetch(&Validators::default())
}

fn refused(source: &SourceConfig) -> String {
    Fetcher::new(Method::GetSite, source).unwrap_err().to_string()
}

#[test]
fn a_client_certificate_opens_the_door() {
    let server = server();
    fetch(&source(&server)).unwrap();
}

#[test]
fn without_or_with_the_wrong_certificates_there_is_no_answer() {
    let server = server();
    let mut s = source(&server);
    (s.certificate, s.key) = (None, None);
    let line = fetch(&s).unwrap_err().to_string();
    assert!(line.contains("client certificate"), "{line}");
    let mut s = source(&server);
    s.ca = Some(file("client.pem"));
    let line = fetch(&s).unwrap_err().to_string();
    assert!(line.contains("no secure connection"), "{line}");
    let mut s = source(&server);
    s.ca = None;
    assert!(fetch(&s).unwrap_err().to_string().contains("no secure connection"), "unknown to the web");
}

#[test]
fn a_folder_of_anchors_is_taken_whole_with_what_cannot_be_read_left_out() {
    let server = server();
    let dir = tempfile::tempdir().unwrap();
    for name in ["test.pem", "0a1b2c3d.0", "9f8e7d6c.0"] {
        std::fs::copy(file("ca.pem"), dir.path().join(name)).unwrap();
    }
    std::fs::write(dir.path().join("bad.pem"), "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n")
        .unwrap();
    std::fs::write(dir.path().join("0a1b2c3d.signing_policy"), "no anchor").unwrap();
    std::fs::write(dir.path().join("0a1b2c3d.r0"), "no anchor").unwrap();
    let mut s = source(&server);
    s.ca = Some(dir.path().to_owned());
    let (fetcher, notes) = Fetcher::new(Method::GetSite, &s).unwrap();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].contains("bad.pem"));
    fetcher.fetch(&Validators::default()).unwrap();
}

#[test]
fn what_cannot_work_is_said_before_any_connection() {
    let server = server();
    let with = |change: &dyn Fn(&mut SourceConfig)| {
        let mut s = source(&server);
        change(&mut s);
        refused(&s)
    };
    let line = with(&|s| s.key = Some(file("server.key")));
    assert!(line.contains("server.key: does not go with"), "{line}");
    assert!(with(&|s| s.key = Some(file("ca.pem"))).contains("no PEM private key"));
    assert!(with(&|s| s.certificate = Some(file("client.key"))).contains("holds no PEM certificate"));
    assert!(with(&|s| s.ca = Some(file("none"))).contains("make it readable"));
    let empty = tempfile::tempdir().unwrap();
    assert!(with(&|s| s.ca = Some(empty.path().to_owned())).contains("no usable trust anchor"));
    let encrypted = empty.path().join("key");
    std::fs::write(&encrypted, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")
        .unwrap();
    assert!(with(&|s| s.key = Some(encrypted.clone())).contains("is encrypted"));
}
