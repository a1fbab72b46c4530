//! Whether the grid's trust anchors lead to a certificate, and whether one on the way is revoked. OpenSSL builds the way and
//! finds authorities by the hashes of their names, so that only those are read that are needed; the lists are read as check_crl
//! reads them, in little memory.

use crate::probe::crl::revocation;
use crate::trust::cert::Certificate;
use crate::trust::signature::first;
use openssl::error::ErrorStack;
use openssl::ssl::SslFiletype;
use openssl::stack::Stack;
use openssl::x509::store::{X509Lookup, X509StoreBuilder};
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509StoreContext};
use plugin::{Context, Finding};
use std::path::Path;

/// What OpenSSL made of a chain.
pub struct Way {
    /// OpenSSL's error, 0 for none, in its words, and how far from the end it is.
    pub error: (i32, String, u32),
    /// The way from the certificate to its root, as far as there is one.
    pub steps: Vec<X509>,
}

/// Builds the way.
///
/// # Errors
/// OpenSSL cannot be set up; one line.
pub fn build(shown: &[X509], folder: &Path, now: i64) -> Result<Way, String> {
    try_build(shown, folder, now).map_err(|e| format!("OpenSSL cannot judge it: {}", first(&e)))
}

fn try_build(shown: &[X509], folder: &Path, now: i64) -> Result<Way, ErrorStack> {
    let mut builder = X509StoreBuilder::new()?;
    builder.add_lookup(X509Lookup::hash_dir())?.add_dir(&folder.to_string_lossy(), SslFiletype::PEM)?;
    let mut param = X509VerifyParam::new()?;
    param.set_time(now);
    // X509_V_FLAG_ALLOW_PROXY_CERTS: RFC 3820.
    param.set_flags(X509VerifyFlags::ALLOW_PROXY_CERTS)?;
    builder.set_param(&param)?;
    let store = builder.build();
    let mut between = Stack::new()?;
    for certificate in shown.iter().skip(1) {
        between.push(certificate.clone())?;
    }
    let mut context = X509StoreContext::new()?;
    context.init(&store, &shown[0], &between, |c| {
        c.verify_cert()?;
        let error = c.error();
        let steps = c.chain().map(|way| way.iter().map(|x| x.to_owned()).collect()).unwrap_or_default();
        Ok(Way { error: (error.as_raw(), error.error_string().to_owned(), c.error_depth()), steps })
    })
}

/// What is wrong with the way to a certificate, but for lifetimes, which are told with the chain.
pub fn findings(shown: &[X509], folder: &Path, now: i64, context: &Context) -> Vec<Finding> {
    context.doing(format_args!("looking for its authority in {}", folder.display()));
    if let Err(e) = std::fs::read_dir(folder) {
        return vec![Finding::unknown(
            "unreadable",
            format!("cannot read the folder {}: {e}; name another with --ca-dir, or --no-trust", folder.display()),
        )];
    }
    let path = match build(shown, folder, now) {
        Ok(path) => path,
        Err(why) => return vec![Finding::unknown("not_judged", why)],
    };
    let mut found: Vec<Finding> = trust(&path, folder).into_iter().collect();
    for (n, pair) in path.steps.windows(2).enumerate() {
        let name = oneline(&pair[0]);
        if is_proxy(&pair[0]) {
            // Nobody revokes a proxy.
            continue;
        }
        let (Ok(own), Ok(issuer)) = (certificate(&pair[0]), certificate(&pair[1])) else { continue };
        let own_state = revocation(folder, &issuer, &own.serial, now, context);
        found.extend(own_state.into_iter().map(|f| if n == 0 { f } else { f.about(name.clone()) }));
    }
    found
}

fn trust(path: &Way, folder: &Path) -> Option<Finding> {
    let (error, said, depth) = &path.error;
    let end = path.steps.last().map(|last| {
        last.issuer_name()
            .to_der()
            .ok()
            .and_then(|der| crate::trust::name::Name::new(&der).ok())
            .map(|n| format!("{} ({}.0)", n.oneline(), n.hash()))
            .unwrap_or_default()
    });
    let end = end.unwrap_or_default();
    Some(match error {
        0 => return None,
        // Expired and not yet valid are told with the chain.
        9 | 10 => return None,
        2 | 20 | 21 => Finding::critical(
            "untrusted",
            format!("it is not trusted: its authority {end} is not in {}", folder.display()),
        ),
        18 => Finding::critical("untrusted", "it is signed by itself alone"),
        19 => {
            Finding::critical("untrusted", format!("it is not trusted: its root {end} is not in {}", folder.display()))
        }
        7 => {
            Finding::critical("bad_signature", format!("a signature in its chain is wrong (certificate {})", depth + 1))
        }
        _ => Finding::critical(
            "untrusted",
            format!("it is not trusted: {said} (certificate {} of the chain)", depth + 1),
        ),
    })
}

/// This project's view of it.
///
/// # Errors
/// It cannot be read; in a few words.
pub fn certificate(x509: &X509) -> Result<Certificate, String> {
    Certificate::new(&x509.to_der().map_err(|e| first(&e))?)
}

/// The subject as grid files write it.
pub fn oneline(x509: &X509) -> String {
    x509.subject_name()
        .to_der()
        .ok()
        .and_then(|der| crate::trust::name::Name::new(&der).ok())
        .map(|n| n.oneline())
        .unwrap_or_default()
}

/// Whether it is a proxy, of RFC 3820 or of before (`CN=proxy`).
pub fn is_proxy(x509: &X509) -> bool {
    crate::trust::proxy::kind_of(x509).is_some()
}
