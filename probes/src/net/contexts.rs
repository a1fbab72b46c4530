//! Settings of TLS that do not differ from one handshake to the next, made once for all probes of a process. A single run makes the one
//! that it needs; in the resident prober reading the machine's trust anchors would else cost more than all the rest of a check.
//!
//! Sessions are not kept: a resumed one shows no certificate, and what a server would show a newcomer is what is asked.

use openssl::error::ErrorStack;
use openssl::ssl::{SslContext, SslMethod, SslVerifyMode};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What the machine trusts may change; then it is read again after so long.
const HOLDS: Duration = Duration::from_secs(600);

/// Which settings.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Settings {
    /// Whatever the server has, to be looked at: any version, any strength, no judgement.
    Look,
    /// Any certificate: what is read vouches for itself.
    Any,
    /// By the machine's own trust anchors.
    Machine,
}

static MADE: Mutex<[Option<(Instant, SslContext)>; 3]> = Mutex::new([None, None, None]);

/// These settings.
///
/// # Errors
/// OpenSSL cannot be set up.
pub fn settings(which: Settings) -> Result<SslContext, ErrorStack> {
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let place = &mut made[which as usize];
    if let Some((at, context)) = place
        && at.elapsed() < HOLDS
    {
        return Ok(context.clone());
    }
    let context = make(which)?;
    *place = Some((Instant::now(), context.clone()));
    Ok(context)
}

fn make(which: Settings) -> Result<SslContext, ErrorStack> {
    let mut builder = SslContext::builder(SslMethod::tls_client())?;
    builder.set_verify(SslVerifyMode::NONE);
    match which {
        Settings::Look => {
            builder.set_security_level(0);
            builder.set_min_proto_version(None)?;
        }
        Settings::Any => {}
        Settings::Machine => {
            builder.set_default_verify_paths()?;
            builder.set_verify(SslVerifyMode::PEER);
        }
    }
    Ok(builder.build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use openssl::ssl::SslContextRef;

    #[test]
    fn each_is_made_once() {
        let place = |which: Settings| std::ptr::from_ref::<SslContextRef>(&settings(which).unwrap());
        let same = |a: Settings, b: Settings| place(a) == place(b);
        assert!(same(Settings::Look, Settings::Look) && same(Settings::Machine, Settings::Machine));
        assert!(!same(Settings::Look, Settings::Machine) && !same(Settings::Any, Settings::Look));
    }
}
