//! Proxies as Globus and VOMS make them, and what can be wrong with one.

use super::pki::{Pki, must};
use super::run;
use std::os::unix::fs::PermissionsExt;

struct Stage {
    pki: Pki,
}

impl Stage {
    fn new() -> Stage {
        let pki = Pki::new();
        pki.certificate(
            "user",
            "ca",
            "/DC=org/DC=gridtest/CN=Some User",
            "keyUsage=digitalSignature,keyEncipherment\n",
            &[],
        );
        pki.rsa_certificate("voms", "ca", "/DC=org/DC=gridtest/CN=voms.example.org", "keyUsage=digitalSignature\n");
        std::fs::set_permissions(pki.path("user.key"), std::fs::Permissions::from_mode(0o400)).unwrap();
        std::fs::set_permissions(pki.path("voms.key"), std::fs::Permissions::from_mode(0o400)).unwrap();
        Stage { pki }
    }

    /// A proxy by VOMS' own tool, with attributes that it makes up.
    fn voms(&self, name: &str, more: &[&str]) -> String {
        let p = &self.pki;
        let (cert, key, host, host_key, dir, out) =
            (p.arg("user.pem"), p.arg("user.key"), p.arg("voms.pem"), p.arg("voms.key"), p.arg("trust"), p.arg(name));
        let mut args = vec![
            "-quiet",
            "-cert",
            &cert,
            "-key",
            &key,
            "-hostcert",
            &host,
            "-hostkey",
            &host_key,
            "-certdir",
            &dir,
            "-out",
            &out,
            "-voms",
            "ops",
            "-uri",
            "voms.example.org:15004",
            "-fqan",
            "/ops/Role=NULL/Capability=NULL",
            "-rfc",
        ];
        args.extend(more);
        must("voms-proxy-fake", &args);
        out
    }

    /// A proxy without attributes, by OpenSSL: of RFC 3820, or of the old kind by its name alone.
    fn plain(&self, name: &str, cn: &str, extensions: &str) -> String {
        let p = &self.pki;
        let (key, request, cert, ext) =
            (p.arg("proxy.key"), p.arg("proxy.req"), p.arg("proxy.pem"), p.arg("proxy.ext"));
        std::fs::write(p.path("proxy.ext"), extensions).unwrap();
        let subject = format!("/DC=org/DC=gridtest/CN=Some User/CN={cn}");
        must(
            "openssl",
            &[
                "req",
                "-new",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-keyout",
                &key,
                "-subj",
                &subject,
                "-out",
                &request,
            ],
        );
        must(
            "openssl",
            &[
                "x509",
                "-req",
                "-in",
                &request,
                "-CA",
                &p.arg("user.pem"),
                "-CAkey",
                &p.arg("user.key"),
                "-set_serial",
                "77",
                "-days",
                "1",
                "-extfile",
                &ext,
                "-out",
                &cert,
            ],
        );
        let out = p.joined(name, &["proxy.pem", "proxy.key", "user.pem"]);
        std::fs::set_permissions(&out, std::fs::Permissions::from_mode(0o600)).unwrap();
        out
    }

    fn asked(&self, file: &str, more: &[&str]) -> (String, i32) {
        let (dir, voms) = (self.pki.arg("trust"), self.pki.arg("vomsdir"));
        let mut args = vec!["check_proxy", "-x", file, "--ca-dir", &dir, "--vomsdir", &voms];
        args.extend(more);
        run(&args)
    }
}

const RFC3820: &str =
    "keyUsage=critical,digitalSignature\nproxyCertInfo=critical,language:id-ppl-inheritAll,pathlen:3\n";

#[test]
fn a_proxy_of_rfc_3820_is_ok_and_its_faults_are_told() {
    let stage = Stage::new();
    let file = stage.plain("good", "12345", RFC3820);
    let (text, code) = stage.asked(&file, &[]);
    assert!(
        text.starts_with("PROXY OK: RFC 3820 proxy (all rights) of /DC=org/DC=gridtest/CN=Some User is valid for ")
            && code == 0,
        "{text}"
    );
    assert_eq!((stage.asked(&file, &["-w", "48"]).1, stage.asked(&file, &["-c", "2d"]).1), (1, 2));
    let (text, code) = stage.asked(&file, &["--vo", "ops"]);
    assert!(text.contains("VOMS vouches for nothing in it, and ops is needed") && code == 2, "{text}");
    let later =
        (std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() + 100_000).to_string();
    let (text, code) = stage.asked(&file, &["--at", &later]);
    assert!(text.contains("/CN=Some User/CN=12345 expired ") && code == 2, "{text}");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (text, code) = stage.asked(&file, &[]);
    assert!(text.contains("may be read by others (mode 644)") && code == 2, "{text}");
    let (text, code) = stage.asked(&stage.pki.arg("nothing"), &[]);
    assert!(text.contains("there is no proxy ") && code == 2, "{text}");
    let foreign = stage.pki.joined("foreign", &["proxy.pem", "voms.key", "user.pem"]);
    std::fs::set_permissions(&foreign, std::fs::Permissions::from_mode(0o600)).unwrap();
    let (text, _) = stage.asked(&foreign, &[]);
    assert!(text.contains("does not belong to its first certificate"), "{text}");
    let headless = stage.pki.joined("headless", &["proxy.pem", "proxy.key"]);
    std::fs::set_permissions(&headless, std::fs::Permissions::from_mode(0o600)).unwrap();
    let (text, code) = stage.asked(&headless, &[]);
    assert!(text.contains("it is not trusted: its authority /DC=org/DC=gridtest/CN=Some User") && code == 2, "{text}");
    // Who the proxy is of has been revoked.
    stage.pki.revoke("user", "ca");
    stage.pki.list("ca", "trust", &["-crldays", "30"]);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let (text, code) = stage.asked(&file, &[]);
    assert!(text.contains("/DC=org/DC=gridtest/CN=Some User: it is revoked since") && code == 2, "{text}");
}

#[test]
fn proxies_of_before_the_rfc_are_named() {
    let stage = Stage::new();
    for (cn, rights) in [("proxy", "all"), ("limited proxy", "limited")] {
        let file = stage.plain("legacy", cn, "keyUsage=digitalSignature\n");
        let (text, code) = stage.asked(&file, &[]);
        assert!(
            text.contains(&format!("legacy proxy ({rights} rights)"))
                && text.contains("OpenSSL takes only those of RFC 3820")
                && code == 1,
            "{text}"
        );
    }
    let file = stage.plain("limited", "99", "proxyCertInfo=critical,language:1.3.6.1.4.1.3536.1.1.1.9\n");
    let (text, code) = stage.asked(&file, &[]);
    assert!(text.contains("RFC 3820 proxy (limited rights)") && code == 0, "{text}");
}

#[test]
fn what_voms_vouches_for_is_judged_by_itself() {
    let stage = Stage::new();
    let file = stage.voms("voms.proxy", &["-hours", "20", "-vomslife", "12"]);
    let (text, code) = stage.asked(&file, &["--vo", "ops", "--fqan", "/ops", "-v"]);
    assert!(
        text.contains("voms_ops=43")
            && text.contains(
                "/ops/Role=NULL/Capability=NULL by /DC=org/DC=gridtest/CN=voms.example.org of voms.example.org:15004"
            ),
        "{text}"
    );
    assert_eq!(code, 0, "{text}");
    let (text, code) = stage.asked(&file, &["--vo", "dteam"]);
    assert!(text.contains("VOMS vouches in it for ops only, and dteam is needed") && code == 2, "{text}");
    let (text, code) = stage.asked(&file, &["--fqan", "/ops/Role=pilot"]);
    assert!(
        text.contains("/ops/Role=pilot is needed, and VOMS vouches for /ops/Role=NULL/Capability=NULL") && code == 2,
        "{text}"
    );
    let (text, code) = stage.asked(&file, &["-w", "15h"]);
    assert!(
        // The second in which it was made may be this one still.
        ["11 h 59 min", "12 h"]
            .iter()
            .any(|left| text.contains(&format!("VOMS ops: what it vouches for is valid for {left} only")))
            && !text.contains("it is valid for 1")
            && code == 1,
        "{text}"
    );
    // Who may vouch.
    let folder = stage.pki.path("vomsdir").join("ops");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("voms.example.org.lsc"),
        "/DC=org/DC=gridtest/CN=voms.example.org\n/DC=org/DC=gridtest/CN=Test CA\n",
    )
    .unwrap();
    assert_eq!(stage.asked(&file, &[]).1, 0);
    std::fs::write(
        folder.join("voms.example.org.lsc"),
        "/DC=org/DC=gridtest/CN=voms.example.org\n/DC=org/CN=Another CA\n",
    )
    .unwrap();
    let (text, code) = stage.asked(&file, &[]);
    assert!(text.contains("voms.example.org may not vouch for it: no .lsc file in") && code == 2, "{text}");
    std::fs::remove_dir_all(&folder).unwrap();
    // The attributes end before the proxy.
    let short = stage.voms("short.proxy", &["-hours", "20", "-vomslife", "1", "-pastac", "7200"]);
    let (text, code) = stage.asked(&short, &[]);
    assert!(text.contains("VOMS ops: what it vouches for expired") && code == 2, "{text}");
}
