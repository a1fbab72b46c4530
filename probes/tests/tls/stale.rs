//! The test for what a server holds in its memory: five ways to refuse a client, five sentences.

use super::pki::{Pki, copied};
use super::run;
use super::server::Server;

const LOCALHOST: &str = "subjectAltName=DNS:localhost,IP:127.0.0.1\n";

struct Stage {
    pki: Pki,
}

impl Stage {
    fn new() -> Stage {
        let pki = Pki::new();
        pki.certificate("host", "ca", "/DC=org/DC=gridtest/CN=localhost", LOCALHOST, &[]);
        pki.certificate("client", "ca", "/DC=org/DC=gridtest/CN=client", "keyUsage=digitalSignature\n", &[]);
        copied(&pki.path("trust"), &pki.path("theirs"));
        Stage { pki }
    }

    /// Asks a server that goes by a folder of its own; `before` is put before `openssl`.
    fn asked(&self, folder: &str, version: &str, client: &str) -> (String, i32) {
        let folder = self.pki.arg(folder);
        let more = [
            "-Verify",
            "3",
            "-verify_return_error",
            "-CApath",
            &folder,
            "-no-CAfile",
            "-no-CAstore",
            "-crl_check",
            version,
        ];
        let server = Server::openssl(&self.pki.arg("host.pem"), &self.pki.arg("host.key"), &more);
        self.of(&server, client)
    }

    fn of(&self, server: &Server, client: &str) -> (String, i32) {
        let port = server.port.to_string();
        let (cert, key) = (self.pki.arg(&format!("{client}.pem")), self.pki.arg(&format!("{client}.key")));
        run(&[
            "check_cert",
            "-H",
            "localhost",
            "-p",
            &port,
            "--ca-dir",
            &self.pki.arg("trust"),
            "--cert",
            &cert,
            "--key",
            &key,
            "--stale",
            "-v",
        ])
    }
}

const VERSIONS: [&str; 2] = ["-tls1_2", "-tls1_3"];

#[test]
fn a_server_with_fresh_files_takes_the_client() {
    let stage = Stage::new();
    for version in VERSIONS {
        let (text, code) = stage.asked("theirs", version, "client");
        assert!(text.contains("takes the client's certificate") && code == 0, "{version}: {text}");
    }
}

#[test]
fn five_ways_to_refuse_are_five_sentences() {
    let stage = Stage::new();
    let pki = &stage.pki;
    // A list that has expired, while the one here is fresh.
    pki.list("ca", "theirs", &["-crl_lastupdate", "20250101000000Z", "-crl_nextupdate", "20250108000000Z"]);
    for version in VERSIONS {
        let (text, code) = stage.asked("theirs", version, "client");
        assert!(
            text.contains("the server holds an expired CRL or CA, or its clock is wrong") && code == 2,
            "{version}: {text}"
        );
    }
    // No list at all.
    std::fs::remove_file(pki.path("theirs").join(format!("{}.r0", pki.hash("ca")))).unwrap();
    for version in VERSIONS {
        let (text, code) = stage.asked("theirs", version, "client");
        assert!(
            text.contains("(alert 48): it does not have its authority, or no list of that") && code == 2,
            "{version}: {text}"
        );
    }
    // A list that is not valid yet by the server's clock: what a clock that is behind does.
    pki.list("ca", "theirs", &["-crl_lastupdate", "20390101000000Z", "-crl_nextupdate", "20390201000000Z"]);
    for version in VERSIONS {
        let (text, code) = stage.asked("theirs", version, "client");
        assert!(text.contains("(alert 42): not valid yet by its clock") && code == 2, "{version}: {text}");
    }
    // A client that is revoked there, and here.
    pki.certificate("revoked", "ca", "/DC=org/DC=gridtest/CN=revoked", "keyUsage=digitalSignature\n", &[]);
    pki.revoke("revoked", "ca");
    pki.list("ca", "theirs", &["-crldays", "30"]);
    for version in VERSIONS {
        let (text, code) = stage.asked("theirs", version, "revoked");
        assert!(
            text.contains("is revoked (alert 44), the list here does not say so") && code == 2,
            "{version}: {text}"
        );
    }
    pki.list("ca", "trust", &["-crldays", "30"]);
    let (text, _) = stage.asked("theirs", "-tls1_3", "revoked");
    assert!(
        text.contains("is revoked (alert 44), and so it is here: /DC=org/DC=gridtest/CN=revoked: it is revoked since"),
        "{text}"
    );
    // An authority that has expired, there and here.
    pki.authority("dead", "/DC=org/DC=gridtest/CN=Dead CA", "20200101000000Z", "20250101000000Z");
    pki.certificate("orphan", "dead", "/DC=org/DC=gridtest/CN=orphan", "keyUsage=digitalSignature\n", &[]);
    for folder in ["theirs", "trust"] {
        pki.install("dead", folder);
        pki.list("dead", folder, &["-crldays", "30"]);
    }
    for version in VERSIONS {
        let (text, code) = stage.asked("theirs", version, "orphan");
        assert!(
            text.contains("has expired (alert 45), and so it is here: /DC=org/DC=gridtest/CN=Dead CA expired")
                && code == 2,
            "{version}: {text}"
        );
    }
}

#[test]
fn a_server_whose_clock_is_behind_is_found_by_its_date() {
    let stage = Stage::new();
    let folder = stage.pki.arg("theirs");
    let (cert, key) = (stage.pki.arg("host.pem"), stage.pki.arg("host.key"));
    // faketime puts s_server's clock back; it is asked without a certificate for its Date, which s_server has none of: the
    // sentence is then without it.
    let server = Server::start(
        "faketime",
        &[
            "-f",
            "-400d",
            "openssl",
            "s_server",
            "-quiet",
            "-www",
            "-accept",
            "127.0.0.1:PORT",
            "-cert",
            &cert,
            "-key",
            &key,
            "-Verify",
            "3",
            "-verify_return_error",
            "-CApath",
            &folder,
            "-no-CAfile",
            "-no-CAstore",
            "-crl_check",
        ],
    );
    let (text, code) = stage.of(&server, "client");
    assert!(text.contains("(alert 42): not valid yet by its clock") && code == 2, "{text}");
}
