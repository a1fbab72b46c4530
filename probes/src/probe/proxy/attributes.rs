//! What VOMS vouches for in a proxy.

use super::Args;
use crate::probe::cert::path;
use crate::trust::cert::Certificate;
use crate::trust::signature::Verdict;
use crate::trust::time::{Seconds, length, shown};
use crate::trust::voms::{Attributes, attributes};
use openssl::x509::X509;
use plugin::{Finding, Perfdata, Report, State, Unit};

/// Judges the attribute certificates of the youngest proxy that has some.
pub fn judge(args: &Args, chain: &[X509], now: Seconds, report: &mut Report) {
    let mut found = Vec::new();
    for x509 in chain.iter().take_while(|x| path::is_proxy(x)) {
        match x509.to_der().map_err(|e| e.to_string()).and_then(|der| attributes(&der).map_err(|e| e.to_string())) {
            Ok(some) if !some.is_empty() => {
                found = some;
                break;
            }
            Ok(_) => {}
            Err(why) => report
                .add(Finding::critical("voms_broken", format!("what VOMS put into the proxy cannot be read: {why}"))),
        }
    }
    for one in &found {
        report.extend(of_one(args, one, chain, now).into_iter().map(|f| f.about(format!("VOMS {}", one.vo))));
        let left = one.not_after - now;
        report
            .perfdata(Perfdata::new(format!("voms_{}", one.vo), left as f64, Unit::Seconds).judged_by(args.lifetime()));
    }
    wanted(args, &found, report);
}

fn wanted(args: &Args, found: &[Attributes], report: &mut Report) {
    if let Some(vo) = &args.vo
        && !found.iter().any(|one| one.vo == *vo)
    {
        let text = if found.is_empty() {
            "VOMS vouches for nothing in it".to_owned()
        } else {
            format!("VOMS vouches in it for {} only", listed(found.iter().map(|one| one.vo.as_str())))
        };
        report.add(Finding::critical(
            "no_vo",
            format!("{text}, and {vo} is needed; see how the proxy is made (--voms {vo})"),
        ));
    }
    if let Some(fqan) = &args.fqan {
        // A role that is not given and a capability, which no longer is, are left out by some.
        let plain = |f: &str| f.trim_end_matches("/Capability=NULL").trim_end_matches("/Role=NULL").to_owned();
        let all: Vec<&str> = found.iter().flat_map(|one| one.fqans.iter().map(String::as_str)).collect();
        if !all.iter().any(|f| plain(f) == plain(fqan)) {
            report.add(Finding::critical(
                "no_fqan",
                format!("{fqan} is needed, and VOMS vouches for {}", listed(all.into_iter())),
            ));
        }
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = names.collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}

fn of_one(args: &Args, one: &Attributes, chain: &[X509], now: Seconds) -> Vec<Finding> {
    let mut found = Vec::new();
    let left = one.not_after - now;
    if left < 0 {
        found.push(Finding::critical(
            "voms_expired",
            format!("what it vouches for expired {} ago, before the proxy: services see no groups", length(left)),
        ));
    } else if one.not_before > now {
        found.push(Finding::critical(
            "voms_not_yet_valid",
            format!("what it vouches for is valid from {} on; compare the clocks", shown(one.not_before)),
        ));
    } else {
        let state = args.lifetime().judge(left as f64);
        if state != State::Ok {
            found.push(Finding::new(
                state,
                "voms_expiring",
                format!("what it vouches for is valid for {} only", length(left)),
            ));
        }
    }
    let holder = chain.iter().filter_map(|x| path::certificate(x).ok()).any(|c| c.serial == one.holder_serial);
    if !holder {
        found.push(Finding::critical(
            "voms_foreign",
            "it vouches for another certificate than those in the proxy: services ignore it",
        ));
    }
    found.push(Finding::ok("voms", format!("{} by {} of {}", one.fqans.join(", "), one.issuer.oneline(), one.server)));
    found.extend(signer(args, one));
    found
}

/// Whether who signed it may vouch for the organisation: the names in VO/HOST.lsc, and the signature.
fn signer(args: &Args, one: &Attributes) -> Option<Finding> {
    let Some(Ok(certificate)) = one.signers.first().map(|der| Certificate::new(der)) else {
        return Some(Finding::ok(
            "voms_not_judged",
            "cannot judge its signature: its signer's certificate was not sent along",
        ));
    };
    let verdict = certificate.key().map(|key| one.verify(&key));
    match verdict {
        Ok(Verdict::Good) => {}
        Ok(Verdict::Bad) => {
            return Some(Finding::critical(
                "voms_bad_signature",
                format!("its signature is not by {}", certificate.subject.oneline()),
            ));
        }
        Ok(Verdict::CannotJudge(why)) | Err(why) => {
            return Some(Finding::unknown("voms_not_judged", format!("cannot judge its signature: {why}")));
        }
    }
    if certificate.subject != one.issuer {
        return Some(Finding::critical(
            "voms_bad_signature",
            format!("it was issued by {} and signed by {}", one.issuer.oneline(), certificate.subject.oneline()),
        ));
    }
    let folder = args.vomsdir.join(&one.vo);
    // A name from the proxy must not lead out of the folder.
    if one.vo.contains(['/', '\0']) || one.vo.starts_with('.') {
        return Some(Finding::critical("voms_broken", "the name of its organisation is none"));
    }
    let Ok(entries) = std::fs::read_dir(&folder) else {
        return Some(Finding::ok(
            "voms_not_judged",
            format!("whether its signer may vouch is not known: there is no {}", folder.display()),
        ));
    };
    let subject = certificate.subject.oneline();
    let mut any = false;
    for entry in entries.flatten() {
        if entry.path().extension().is_none_or(|e| e != "lsc") {
            continue;
        }
        any = true;
        let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
        let mut names =
            text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#') && !l.starts_with("---"));
        if names.next() == Some(&subject) && names.next().is_some_and(|issuer| issuer == certificate.issuer.oneline()) {
            return None;
        }
    }
    any.then(|| {
        Finding::critical(
            "voms_unknown_signer",
            format!("{subject} may not vouch for it: no .lsc file in {} names it and its authority", folder.display()),
        )
    })
}
