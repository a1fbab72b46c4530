//! What authorities publish, by a real server of HTTP (Python's), against what is here.

use super::folder::{Folder, Parts};
use super::pki::*;
use super::run;
use super::store::NOW;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn over(folder: &Folder) -> Server {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut python = Command::new("python3");
        python.args([
            "-m",
            "http.server",
            "--bind",
            "127.0.0.1",
            &port.to_string(),
            "--directory",
            folder.path().to_str().unwrap(),
        ]);
        let child = python.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "python3 -m http.server does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Server { child, port }
    }

    fn address(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn authority(folder: &Folder, cn: &str, list: Option<&List>, address: &str) -> Ca {
    let spec = CaSpec { start: NOW - 365 * DAY, end: NOW + 3650 * DAY, alg: None, may_sign_lists: true };
    let ca = Ca::new(cn, Alg::EcSha256, Alg::EcSha256.key(), &spec);
    folder.install(&ca, &Parts::default());
    folder.put(&format!("{cn}.crl_url"), format!("{address}\n"));
    if let Some(list) = list {
        folder.list(&ca, list.pem_by(&ca));
    }
    ca
}

#[test]
fn what_is_published_tells_whose_fault_a_stale_list_is() {
    let (folder, published) = (Folder::new(), Folder::new());
    let server = Server::over(&published);
    let stale = List { last: NOW - 9 * DAY, next: Some(NOW - DAY), ..List::at(NOW) };
    let fresh = List { last: NOW - 2 * DAY, ..List::at(NOW) };
    // The authority has a new one, in DER as most publish it, and the site did not take it.
    let site = authority(&folder, "Site", Some(&stale), &server.address("site.crl"));
    published.put("site.crl", fresh.by(&site));
    // The authority has none that is newer.
    let late = authority(&folder, "Late", Some(&stale), &server.address("late.pem"));
    published.put("late.pem", stale.pem_by(&late));
    // Somebody else's, a page, nothing, and nobody.
    let wrong = authority(&folder, "Wrong", Some(&fresh), &server.address("late.pem"));
    authority(&folder, "Page", Some(&fresh), &server.address("page"));
    published.put("page", "<html><body>moved</body></html>");
    authority(&folder, "Gone", Some(&fresh), &server.address("gone"));
    authority(&folder, "Dead", Some(&fresh), "http://127.0.0.1:9/crl");
    // In order: the very same.
    let good = authority(&folder, "Good", Some(&List::at(NOW)), &server.address("good.pem"));
    published.put("good.pem", List::at(NOW).pem_by(&good));
    let at = NOW.to_string();
    let (text, code) =
        run(&["check_crl", "-v", "--fetch", "-t", "30", "--at", &at, "--ca-dir", folder.path().to_str().unwrap()]);
    for said in [
        "WARNING not_taken: Site: http",
        "site.crl has a newer list since 2 d",
        "WARNING published_stale: Late: http",
        "WARNING published_bad: Wrong: http",
        "WARNING url_fails: Page: http",
        "what comes is no revocation list but an HTML page",
        "WARNING url_fails: Gone: http",
        "answers 404 File not found",
        "WARNING url_fails: Dead: http://127.0.0.1:9/crl gives no list: cannot connect to 127.0.0.1:9",
    ] {
        assert!(text.contains(said), "{said} is not in: {text}");
    }
    assert!(!text.contains("Good: http") && code == 2, "{text}");
    assert!(wrong.cn == "Wrong");
}

#[test]
fn release_metadata_is_fetched() {
    let (folder, published) = (Folder::new(), Folder::new());
    let server = Server::over(&published);
    authority(&folder, "A", Some(&List::at(NOW)), "http://127.0.0.1:9/");
    published.put("release", "<Release><Date>20261101</Date><Version>1.142-1</Version></Release>");
    let said = |name: &str| {
        let (at, address) = (NOW.to_string(), server.address(name));
        run(&["check_ca", "--at", &at, "--ca-dir", folder.path().to_str().unwrap(), "--release", &address])
    };
    let (text, code) = said("release");
    assert!(text.contains("release 1.141 is installed, 1.142-1 is current, released 21 d ago") && code == 2, "{text}");
    let (text, code) = said("none");
    assert!(text.contains("answers 404") && code == 3, "{text}");
}
