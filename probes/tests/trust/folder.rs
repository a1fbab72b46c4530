//! A folder of trust anchors, filled as IGTF's packages and fetch-crl fill one.

use super::der::pem;
use super::pki::{Ca, oneline};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use tempfile::TempDir;

pub struct Folder {
    temp: TempDir,
}

/// What is installed of an authority beside its certificate.
pub struct Parts {
    pub info: bool,
    pub namespaces: bool,
    pub signing_policy: bool,
    pub crl_url: bool,
    pub links: bool,
    pub version: &'static str,
    pub fingerprint: Option<String>,
    pub signing_subject: &'static str,
    pub index: u32,
    /// The name of its files, where that is not its own.
    pub alias: Option<&'static str>,
}

impl Default for Parts {
    fn default() -> Parts {
        Parts {
            info: true,
            namespaces: true,
            signing_policy: true,
            crl_url: true,
            links: true,
            version: "1.141",
            fingerprint: None,
            signing_subject: "/DC=org/DC=gridtest/*",
            index: 0,
            alias: None,
        }
    }
}

impl Folder {
    /// An empty one; GRIDWARD_KEEP=1 leaves it behind.
    pub fn new() -> Folder {
        let mut temp = tempfile::tempdir().unwrap();
        temp.disable_cleanup(std::env::var_os("GRIDWARD_KEEP").is_some());
        Folder { temp }
    }

    pub fn path(&self) -> PathBuf {
        self.temp.path().to_owned()
    }

    pub fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.temp.path().join(name), content).unwrap();
    }

    pub fn link(&self, name: &str, to: &str) {
        symlink(to, self.temp.path().join(name)).unwrap();
    }

    pub fn has(&self, name: &str) -> bool {
        self.temp.path().join(name).symlink_metadata().is_ok()
    }

    /// Installs an authority and the links to it; its list is another matter.
    pub fn install(&self, ca: &Ca, parts: &Parts) {
        let alias = parts.alias.unwrap_or(&ca.cn);
        let subject = oneline(&ca.cn);
        self.put(&format!("{alias}.pem"), pem("CERTIFICATE", &ca.der));
        if parts.info {
            let fingerprint = parts.fingerprint.clone().unwrap_or_else(|| ca.fingerprint());
            let version = parts.version;
            self.put(
                &format!("{alias}.info"),
                format!("# made up\nalias = {alias}\nstatus = accredited:classic\nversion = {version}\nsha1fp.0 = {fingerprint}\nsubjectdn = \"{subject}\"\n"),
            );
        }
        if parts.namespaces {
            let text = format!(
                "#NAMESPACES-VERSION: 1.0\nTO Issuer \"{subject}\" \\\n  PERMIT Subject \"/DC=org/DC=gridtest/.*\"\n"
            );
            self.put(&format!("{alias}.namespaces"), text);
        }
        if parts.signing_policy {
            let allowed = parts.signing_subject;
            let text = format!(
                "access_id_CA X509 '{subject}'\npos_rights globus CA:sign\ncond_subjects globus '\"{allowed}\"'\n"
            );
            self.put(&format!("{alias}.signing_policy"), text);
        }
        if parts.crl_url {
            self.put(&format!("{alias}.crl_url"), "http://ca.example.org/crl.pem\n");
        }
        if parts.links {
            let (new, old) = ca.hashes();
            for hash in [new, old] {
                self.link(&format!("{hash}.{}", parts.index), &format!("{alias}.pem"));
                for (there, ending) in [(parts.namespaces, "namespaces"), (parts.signing_policy, "signing_policy")] {
                    if there && !self.has(&format!("{hash}.{ending}")) {
                        self.link(&format!("{hash}.{ending}"), &format!("{alias}.{ending}"));
                    }
                }
            }
        }
    }

    /// Puts a list under both hashes of an authority.
    pub fn list(&self, ca: &Ca, content: impl AsRef<[u8]>) {
        let (new, old) = ca.hashes();
        for hash in [new, old] {
            self.put(&format!("{hash}.r0"), &content);
        }
    }
}
