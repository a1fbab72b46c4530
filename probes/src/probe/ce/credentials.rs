//! What we show to a compute element: a proxy from a file, one that is made here from a certificate and its key (of a service or robot),
//! or a bearer token.
//!
//! A proxy that is made is kept in the state folder, since a key of RSA costs more than all the rest of a call; all compute elements
//! share it, and it is made anew in time. The certificate's key never leaves its file.

use super::options::Args;
use crate::net::tls::Identity;
use crate::probe::cert::path;
use crate::trust::signature::first;
use crate::trust::time::{HOUR, Seconds, length};
use crate::trust::{proxy, voms};
use nix::fcntl::{Flock, FlockArg};
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::sha::Sha256;
use openssl::x509::X509;
use plugin::{Context, Finding};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A proxy that is made is valid for so long, as a user's own is.
const LIFE: Seconds = 12 * HOUR;
/// One that would be longer by no more than this is not made.
const WORTHWHILE: Seconds = 600;
/// Bits of its key.
const BITS: u32 = 2048;
/// Another call makes it; it is asked again after so long.
const AGAIN: Duration = Duration::from_millis(20);

/// What is shown.
pub(super) struct Shown {
    /// The certificate, those behind it, and its key.
    pub identity: Identity,
    /// Where it stands.
    pub file: PathBuf,
}

/// What we show. With a token alone there may be nothing.
///
/// # Errors
/// It cannot be used: ours to mend.
pub(super) fn shown(args: &Args, context: &Context) -> Result<Option<Shown>, Finding> {
    if let (Some(certificate), Some(key)) = (&args.cert, &args.key) {
        return made(args, certificate, key, context).map(Some);
    }
    if args.token.is_some() && args.proxy.is_none() {
        return Ok(None);
    }
    let file = proxy_file(args);
    let identity = Identity::read(&file, None).map_err(|why| wrong(&format!("{why}; nothing can be submitted")))?;
    let until = until(&identity).map_err(|why| wrong(&format!("{} cannot be used: {why}", file.display())))?;
    if until <= context.now {
        let ago = length(context.now - until);
        return Err(wrong(&format!("our proxy {} expired {ago} ago; see what renews it", file.display())));
    }
    Ok(Some(Shown { identity, file }))
}

fn wrong(what: &str) -> Finding {
    Finding::unknown("credentials", what)
}

fn proxy_file(args: &Args) -> PathBuf {
    let named = || std::env::var_os("X509_USER_PROXY").filter(|f| !f.is_empty()).map(PathBuf::from);
    let usual = || PathBuf::from(format!("/tmp/x509up_u{}", nix::unistd::Uid::current()));
    args.proxy.clone().or_else(named).unwrap_or_else(usual)
}

/// When the first certificate of a chain expires.
fn until(identity: &Identity) -> Result<Seconds, String> {
    identity.chain.iter().try_fold(Seconds::MAX, |until, x509| Ok(until.min(path::certificate(x509)?.not_after)))
}

/// The proxy of a certificate: the one that was made, if it holds, else a new one.
fn made(args: &Args, certificate: &Path, key: &Path, context: &Context) -> Result<Shown, Finding> {
    let own =
        Identity::read(certificate, Some(key)).map_err(|why| wrong(&format!("{why}; nothing can be submitted")))?;
    let broken = |why: String| wrong(&format!("{} cannot be used: {why}", certificate.display()));
    let until = until(&own).map_err(broken)?;
    if until <= context.now {
        let ago = length(context.now - until);
        return Err(wrong(&format!("our certificate {} expired {ago} ago; ask for a new one", certificate.display())));
    }
    let attributes = match &args.voms_proxy {
        Some(file) => Some(kept_attributes(file, certificate, &own, context.now)?),
        None => None,
    };
    let mut sum = Sha256::new();
    sum.update(&own.chain[0].to_der().unwrap_or_default());
    sum.update(attributes.as_deref().unwrap_or_default());
    let name: String = sum.finish()[..16].iter().map(|b| format!("{b:02x}")).collect();
    let folder = args.state_dir.join("proxies");
    let file = folder.join(format!("{name}.pem"));
    // It need not last longer than a new one would.
    let enough = args.needed().min(until.min(context.now + LIFE) - context.now - WORTHWHILE).max(0);
    if let Some(identity) = holds(&file, &own, context.now + enough) {
        return Ok(Shown { identity, file });
    }
    let at = |why: String| {
        wrong(&format!("cannot keep a proxy in {}: {why}; name another folder with --state-dir", folder.display()))
    };
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|e| at(e.to_string()))?;
    let Some(_lock) = lock(&folder.join("lock"), context).map_err(at)? else {
        let what = format!(
            "another call makes a proxy in {} and is not done in time; the next call tries again",
            folder.display()
        );
        return Err(wrong(&what));
    };
    if let Some(identity) = holds(&file, &own, context.now + enough) {
        return Ok(Shown { identity, file });
    }
    context.doing(format_args!("making a proxy of {}", certificate.display()));
    let until = until.min(context.now + LIFE);
    let text = make(&own, attributes.as_deref(), context.now, until).map_err(broken)?;
    clear(&folder, context.now);
    write(&file, &text).map_err(|e| at(e.to_string()))?;
    let identity = Identity::read(&file, None).map_err(|why| wrong(&why))?;
    Ok(Shown { identity, file })
}

/// A proxy that is there, belongs to this certificate and is valid until then.
fn holds(file: &Path, own: &Identity, then: Seconds) -> Option<Identity> {
    let identity = Identity::read(file, None).ok()?;
    let same = identity.chain.get(1)?.to_der().ok()? == own.chain[0].to_der().ok()?;
    (same && until(&identity).is_ok_and(|until| until > then)).then_some(identity)
}

/// The VOMS attributes of a proxy, as another proxy of the same certificate may carry them.
fn kept_attributes(file: &Path, certificate: &Path, own: &Identity, now: Seconds) -> Result<Vec<u8>, Finding> {
    let place = file.display();
    let text = std::fs::read(file).map_err(|e| wrong(&format!("cannot read {place}: {e}; see --voms-proxy")))?;
    let chain = X509::stack_from_pem(&text).unwrap_or_default();
    let broken = |why: String| wrong(&format!("cannot use the VOMS attributes of {place}: {why}; make them anew"));
    let serial = path::certificate(&own.chain[0]).map_err(broken)?.serial;
    for x509 in &chain {
        let der = x509.to_der().map_err(|e| broken(first(&e)))?;
        let Some(carried) = voms::carried(&der).map_err(|e| broken(e.0))? else { continue };
        let found = voms::attributes(&der).map_err(|e| broken(e.0))?;
        for one in &found {
            if one.holder_serial != serial {
                return Err(wrong(&format!(
                    "the VOMS attributes of {place} were not issued to the certificate {}; make them anew with it",
                    certificate.display()
                )));
            }
            if one.not_after <= now {
                let ago = length(now - one.not_after);
                return Err(wrong(&format!(
                    "the attributes of {} in {place} expired {ago} ago; see what renews them",
                    one.vo
                )));
            }
        }
        if !found.is_empty() {
            return Ok(carried.to_vec());
        }
    }
    Err(wrong(&format!("there are no VOMS attributes in {place}; make it with voms-proxy-init -voms")))
}

/// A proxy, its key, and what is behind it, as every tool of the grid reads it.
fn make(own: &Identity, attributes: Option<&[u8]>, now: Seconds, until: Seconds) -> Result<Vec<u8>, String> {
    let from = path::certificate(&own.chain[0])?.not_before.max(now - proxy::BEFORE);
    let make = || {
        let key = PKey::from_rsa(Rsa::generate(BITS)?)?;
        let mut text = proxy::make(&own.chain[0], own.key(), &key, (from, until), attributes)?.to_pem()?;
        text.extend(key.rsa()?.private_key_to_pem()?);
        for certificate in &own.chain {
            text.extend(certificate.to_pem()?);
        }
        Ok(text)
    };
    make().map_err(|e| first(&e))
}

/// One call at a time makes proxies. `None` when another is not done in time.
fn lock(path: &Path, context: &Context) -> Result<Option<Flock<File>>, String> {
    let open = || OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
    let mut file = open().map_err(|e| e.to_string())?;
    loop {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(Some(lock)),
            Err((_, nix::errno::Errno::EWOULDBLOCK)) if context.deadline.remaining() <= AGAIN => return Ok(None),
            Err((back, nix::errno::Errno::EWOULDBLOCK)) => {
                file = back;
                std::thread::sleep(AGAIN);
            }
            Err((_, e)) => return Err(format!("cannot lock {}: {e}", path.display())),
        }
    }
}

/// Removes proxies that have expired: other attributes make another file.
fn clear(folder: &Path, now: Seconds) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let expired =
            || Identity::read(&path, None).and_then(|identity| until(&identity)).is_ok_and(|until| until <= now);
        if path.extension().is_some_and(|e| e == "pem") && expired() {
            // What stays costs a file.
            let _ = std::fs::remove_file(&path);
        }
    }
}

/// Nobody else may read it, not even while it is written.
fn write(file: &Path, text: &[u8]) -> std::io::Result<()> {
    let new = file.with_extension("new");
    if let Err(e) = std::fs::remove_file(&new)
        && e.kind() != std::io::ErrorKind::NotFound
    {
        return Err(e);
    }
    let mut out = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new)?;
    out.write_all(text)?;
    std::fs::rename(&new, file)
}

/// The token, where one is to be used (WLCG Bearer Token Discovery).
///
/// # Errors
/// There is none: ours to mend.
pub(super) fn token(args: &Args) -> Result<Option<String>, Finding> {
    let Some(file) = &args.token else { return Ok(None) };
    let read = |path: &Path| {
        std::fs::read_to_string(path).map_err(|e| wrong(&format!("cannot read the token {}: {e}", path.display())))
    };
    let text = if file.as_os_str() == "auto" { discovered().map_err(|why| wrong(&why))? } else { read(file)? };
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(wrong("there is no bearer token where one should be, or it is none"));
    }
    Ok(Some(token.to_owned()))
}

/// WLCG Bearer Token Discovery, 1 to 4.
fn discovered() -> Result<String, String> {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    if let Some(token) = set("BEARER_TOKEN") {
        return Ok(token.to_string_lossy().into_owned());
    }
    let name = format!("bt_u{}", nix::unistd::Uid::current());
    let mut places: Vec<PathBuf> = set("BEARER_TOKEN_FILE").into_iter().map(PathBuf::from).collect();
    if places.is_empty() {
        places.extend(set("XDG_RUNTIME_DIR").map(|dir| PathBuf::from(dir).join(&name)));
        places.push(Path::new("/tmp").join(&name));
    }
    places.iter().find_map(|path| std::fs::read_to_string(path).ok()).ok_or_else(|| {
        let shown: Vec<String> = places.iter().map(|p| p.display().to_string()).collect();
        format!("there is no bearer token: none in BEARER_TOKEN, nor in {}", shown.join(", "))
    })
}
