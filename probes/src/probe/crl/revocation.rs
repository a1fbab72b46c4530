//! Whether one certificate is revoked, for probes that look at certificates: the lists of one authority are read, no others.

use super::consumer::Consumer;
use super::judge::{Judge, Signatures};
use crate::trust::cert::Certificate;
use crate::trust::crl::{Encoding, Found, read_shared};
use crate::trust::time::{Seconds, shown};
use plugin::{Context, Finding, State, Threshold};
use std::path::Path;

/// What an authority's lists in a folder say of a serial number. That there is no list is a note: not every machine fetches them.
pub fn revocation(folder: &Path, issuer: &Certificate, serial: &[u8], now: Seconds, context: &Context) -> Vec<Finding> {
    let hash = issuer.subject.hash();
    let mut lists = Vec::new();
    for number in 0.. {
        let path = folder.join(format!("{hash}.r{number}"));
        if path.symlink_metadata().is_err() {
            break;
        }
        context.doing(format_args!("reading {}", path.display()));
        match read_shared(&path, serial, context.deadline).as_deref() {
            Ok(Found::Lists(Encoding::Pem, found)) => lists.extend(found.iter().flatten().cloned()),
            Err(why) => {
                let text = format!("whether it is revoked is not known: cannot read {}: {why}", path.display());
                return vec![Finding::unknown("list_unreadable", text)];
            }
            Ok(_) => {}
        }
    }
    let key = issuer.key();
    let signatures = Signatures::by(&key);
    let judge =
        Judge { consumer: Consumer::Openssl, authority: issuer, key: &signatures, lifetime: Threshold::default(), now };
    let own: Vec<_> = lists.iter().filter(|crl| judge.is_own(crl)).map(|crl| ("", crl)).collect();
    let Some((_, crl, faults)) = judge.choose(&own) else {
        return vec![Finding::ok(
            "no_list",
            format!("whether it is revoked is not known: there is no list of its authority ({hash}.r0)"),
        )];
    };
    let mut found = Vec::new();
    // Reason 8 takes a revocation back.
    if let Some(revoked) = crl.revoked.last().filter(|r| r.reason != Some(8)) {
        found.push(Finding::critical("revoked", format!("it is revoked since {}", shown(revoked.since))));
    }
    if let Some(fault) = faults.iter().find(|f| f.state() >= State::Unknown) {
        let id = if fault.id == "expired" { "list_expired" } else { "list_unusable" };
        found.push(Finding::warning(
            id,
            format!("services here cannot tell whether it is revoked: {} ({hash}.r0)", fault.text),
        ));
    }
    found
}
