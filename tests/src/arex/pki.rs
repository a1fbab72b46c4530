//! An authority, the compute element's certificate, and those of its users, made by the openssl command; proxies by arcproxy.

use crate::fail::{Fail, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The user that the compute element knows.
pub const USER: &str = "/DC=org/DC=gridtest/CN=Robot Submitter";
const HOST: &str = "/DC=org/DC=gridtest/CN=localhost";
const AUTHORITY: &str = "/DC=org/DC=gridtest/CN=Compute Test CA";

/// A folder of them.
#[derive(Debug)]
pub struct Pki {
    folder: PathBuf,
}

/// Three days ago, so that proxies may be made that have expired.
fn openssl(folder: &Path, words: &[&str]) -> Result {
    let mut command = Command::new("faketime");
    let output =
        command.args(["-f", "-3d", "openssl"]).args(words).current_dir(folder).output().map_err(Fail::at("openssl"))?;
    ensure(output.status.success(), || format!("openssl {words:?}: {}", String::from_utf8_lossy(&output.stderr)))
}

impl Pki {
    /// Makes all of them, and a proxy of twelve hours of the user's.
    pub fn new(folder: &Path) -> Result<Pki> {
        let pki = Pki { folder: folder.to_owned() };
        std::fs::create_dir_all(pki.anchors())?;
        openssl(
            folder,
            &[
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "30",
                "-subj",
                AUTHORITY,
                "-keyout",
                "ca.key",
                "-out",
                "ca.pem",
                "-addext",
                "keyUsage=critical,keyCertSign,cRLSign",
            ],
        )?;
        std::fs::write(
            folder.join("ca.cnf"),
            "[ca]\ndefault_ca=d\n[d]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\n",
        )?;
        std::fs::write(folder.join("index"), "")?;
        std::fs::write(folder.join("number"), "01\n")?;
        openssl(
            folder,
            &[
                "ca", "-gencrl", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-crldays", "20",
                "-out", "crl.pem",
            ],
        )?;
        let policy = format!(
            "access_id_CA X509 '{AUTHORITY}'\npos_rights globus CA:sign\ncond_subjects globus '\"/DC=org/DC=gridtest/*\"'\n"
        );
        // ARC looks for the old hash, too.
        for kind in ["-subject_hash", "-subject_hash_old"] {
            let output =
                Command::new("openssl").args(["x509", "-noout", kind, "-in", "ca.pem"]).current_dir(folder).output()?;
            let hash = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            std::fs::copy(folder.join("ca.pem"), pki.anchors().join(format!("{hash}.0")))?;
            std::fs::copy(folder.join("crl.pem"), pki.anchors().join(format!("{hash}.r0")))?;
            std::fs::write(pki.anchors().join(format!("{hash}.signing_policy")), &policy)?;
        }
        pki.certificate("host", HOST, "subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n")?;
        pki.certificate("user", USER, "")?;
        pki.certificate("stranger", "/DC=org/DC=gridtest/CN=Somebody Else", "")?;
        pki.proxy("proxy.pem", "user", "12H", None)?;
        Ok(pki)
    }

    /// A certificate NAME.pem with its key NAME.key.
    pub fn certificate(&self, name: &str, subject: &str, extensions: &str) -> Result {
        let (key, request, pem, file) =
            (format!("{name}.key"), format!("{name}.csr"), format!("{name}.pem"), format!("{name}.ext"));
        let usage = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\n";
        std::fs::write(self.file(&file), format!("{usage}{extensions}"))?;
        openssl(
            &self.folder,
            &["req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", subject, "-keyout", &key, "-out", &request],
        )?;
        openssl(
            &self.folder,
            &[
                "x509",
                "-req",
                "-in",
                &request,
                "-CA",
                "ca.pem",
                "-CAkey",
                "ca.key",
                "-CAcreateserial",
                "-days",
                "20",
                "-extfile",
                &file,
                "-out",
                &pem,
            ],
        )?;
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(self.file(&key), std::fs::Permissions::from_mode(0o600))?;
        Ok(())
    }

    /// A proxy by ARC's own tool, made at another time where one is named (as `-2d`).
    pub fn proxy(&self, name: &str, of: &str, lifetime: &str, at: Option<&str>) -> Result {
        let mut command = match at {
            Some(at) => {
                let mut command = Command::new("faketime");
                command.args(["-f", at, "arcproxy"]);
                command
            }
            None => Command::new("arcproxy"),
        };
        command
            .arg("-P")
            .arg(self.file(name))
            .arg("-C")
            .arg(self.file(&format!("{of}.pem")))
            .arg("-K")
            .arg(self.file(&format!("{of}.key")));
        command
            .arg("-T")
            .arg(self.anchors())
            .args(["-c", &format!("validityPeriod={lifetime}")])
            .env("HOME", &self.folder);
        let output = command.output().map_err(Fail::at("arcproxy"))?;
        ensure(output.status.success(), || format!("arcproxy: {}", String::from_utf8_lossy(&output.stdout)))
    }

    /// A proxy of somebody's for whom VOMS vouches, signed by the compute element's host in VOMS' place.
    pub fn voms_proxy(&self, name: &str, of: &str, vomsdir: &Path) -> Result {
        self.voms_proxy_with(name, of, vomsdir, &[])
    }

    /// The same, valid itself, with attributes that expired 19 hours ago.
    pub fn voms_proxy_over(&self, name: &str, of: &str, vomsdir: &Path) -> Result {
        self.voms_proxy_with(name, of, vomsdir, &["-pastac", "20:00", "-vomslife", "1"])
    }

    fn voms_proxy_with(&self, name: &str, of: &str, vomsdir: &Path, options: &[&str]) -> Result {
        std::fs::create_dir_all(vomsdir.join("dteam"))?;
        std::fs::write(vomsdir.join("dteam/localhost.lsc"), format!("{HOST}\n{AUTHORITY}\n"))?;
        let mut command = Command::new("voms-proxy-fake");
        command.args(["-quiet", "-rfc", "-hours", "12", "-voms", "dteam", "-uri", "localhost:15004", "-fqan"]);
        command.arg("/dteam/Role=NULL/Capability=NULL").arg("-certdir").arg(self.anchors());
        command.arg("-cert").arg(self.file(&format!("{of}.pem"))).arg("-key").arg(self.file(&format!("{of}.key")));
        command.arg("-hostcert").arg(self.file("host.pem")).arg("-hostkey").arg(self.file("host.key"));
        command.args(options);
        let output = command.arg("-out").arg(self.file(name)).output().map_err(Fail::at("voms-proxy-fake"))?;
        ensure(output.status.success(), || format!("voms-proxy-fake: {}", String::from_utf8_lossy(&output.stderr)))
    }

    /// The folder of trust anchors.
    pub fn anchors(&self) -> PathBuf {
        self.folder.join("anchors")
    }

    /// Where all lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// One of the files.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The same as a word of a command line.
    pub fn arg(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }
}
