//! An authority with certificates and lists, made by the openssl command, in a folder of trust anchors.

use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

pub struct Pki {
    temp: TempDir,
}

/// Runs a command that has to succeed; its output.
pub fn must(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

impl Pki {
    /// An authority for ten years, its certificate installed in `trust/`, with a list.
    pub fn new() -> Pki {
        let pki = Pki { temp: tempfile::tempdir().unwrap() };
        std::fs::create_dir(pki.path("trust")).unwrap();
        pki.authority("ca", "/DC=org/DC=gridtest/CN=Test CA", "20200101000000Z", "20400101000000Z");
        pki.install("ca", "trust");
        pki.list("ca", "trust", &["-crldays", "30"]);
        pki
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    pub fn arg(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// A self-signed authority, valid between two times.
    pub fn authority(&self, name: &str, subject: &str, from: &str, to: &str) {
        let (key, cert, request, conf) =
            (self.arg(&format!("{name}.key")), self.arg(&format!("{name}.pem")), self.arg("request"), self.conf(name));
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
                subject,
                "-out",
                &request,
            ],
        );
        must(
            "openssl",
            &[
                "ca",
                "-batch",
                "-notext",
                "-config",
                &conf,
                "-selfsign",
                "-keyfile",
                &key,
                "-in",
                &request,
                "-out",
                &cert,
                "-startdate",
                from,
                "-enddate",
                to,
                "-extensions",
                "authority",
            ],
        );
    }

    fn conf(&self, name: &str) -> String {
        let text = format!(
            "[ca]\ndefault_ca=d\n[d]\ndatabase={0}\nnew_certs_dir={1}\ncertificate={2}\nprivate_key={3}\nrand_serial=yes\ndefault_md=sha256\ndefault_days=300\npolicy=p\nunique_subject=no\ncrlnumber={4}\n[p]\ndomainComponent=optional\ncommonName=supplied\n[authority]\nbasicConstraints=critical,CA:true\nsubjectKeyIdentifier=hash\nkeyUsage=critical,keyCertSign,cRLSign\n",
            self.arg(&format!("{name}.index")),
            self.temp.path().display(),
            self.arg(&format!("{name}.pem")),
            self.arg(&format!("{name}.key")),
            self.arg(&format!("{name}.number")),
        );
        let path = self.path(&format!("{name}.cnf"));
        std::fs::write(&path, text).unwrap();
        for (file, content) in [("index", ""), ("number", "01\n")] {
            let file = self.path(&format!("{name}.{file}"));
            if !file.exists() {
                std::fs::write(file, content).unwrap();
            }
        }
        path.display().to_string()
    }

    /// A certificate by an authority: NAME.pem and NAME.key. Extensions as lines of OpenSSL's configuration; more options of `ca`.
    pub fn certificate(&self, name: &str, by: &str, subject: &str, extensions: &str, more: &[&str]) {
        self.with_key(&["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], name, by, subject, extensions, more);
    }

    /// The same with an RSA key, the only kind that VOMS' own tools sign with.
    pub fn rsa_certificate(&self, name: &str, by: &str, subject: &str, extensions: &str) {
        self.with_key(&["rsa:2048"], name, by, subject, extensions, &[]);
    }

    fn with_key(&self, kind: &[&str], name: &str, by: &str, subject: &str, extensions: &str, more: &[&str]) {
        let (key, cert, request, conf) =
            (self.arg(&format!("{name}.key")), self.arg(&format!("{name}.pem")), self.arg("request"), self.conf(by));
        let extfile = self.path("extensions");
        std::fs::write(&extfile, extensions).unwrap();
        let mut req = vec!["req", "-new", "-newkey"];
        req.extend(kind);
        req.extend(["-nodes", "-keyout", &key, "-subj", subject, "-out", &request]);
        must("openssl", &req);
        let extfile = extfile.display().to_string();
        let mut args =
            vec!["ca", "-batch", "-notext", "-config", &conf, "-in", &request, "-out", &cert, "-extfile", &extfile];
        args.extend(more);
        must("openssl", &args);
    }

    pub fn hash(&self, name: &str) -> String {
        must("openssl", &["x509", "-noout", "-hash", "-in", &self.arg(&format!("{name}.pem"))]).trim().to_owned()
    }

    /// Puts an authority's certificate into a folder.
    pub fn install(&self, name: &str, folder: &str) {
        let _ = std::fs::create_dir(self.path(folder));
        std::fs::copy(self.path(&format!("{name}.pem")), self.path(folder).join(format!("{}.0", self.hash(name))))
            .unwrap();
    }

    /// Puts a new list of an authority into a folder.
    pub fn list(&self, name: &str, folder: &str, times: &[&str]) {
        let out = self.path(folder).join(format!("{}.r0", self.hash(name))).display().to_string();
        let conf = self.conf(name);
        let mut args = vec!["ca", "-gencrl", "-config", &conf, "-out", &out];
        args.extend(times);
        must("openssl", &args);
    }

    pub fn revoke(&self, name: &str, by: &str) {
        must("openssl", &["ca", "-config", &self.conf(by), "-revoke", &self.arg(&format!("{name}.pem"))]);
    }

    /// Several files put together into one.
    pub fn joined(&self, name: &str, parts: &[&str]) -> String {
        let whole: Vec<u8> = parts.iter().flat_map(|part| std::fs::read(self.path(part)).unwrap()).collect();
        std::fs::write(self.path(name), whole).unwrap();
        self.arg(name)
    }
}

/// A copy of a folder.
pub fn copied(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}
