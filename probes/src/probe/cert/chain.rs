//! What was shown: how long it is valid, what its keys and signatures are worth; then whether it is trusted.

use super::Args;
use super::path::{self, certificate, is_proxy, oneline};
use crate::trust::cert::{KeyStrength, key_strength};
use crate::trust::signature::Strength;
use crate::trust::time::{length, shown as shown_time};
use openssl::x509::X509;
use plugin::{Context, Finding, Perfdata, Report, State, Unit};

/// Judges a chain, the certificate in question first.
pub fn judge(args: &Args, shown: &[X509], context: &Context, report: &mut Report) {
    let now = args.now(context);
    let mut least: Option<i64> = None;
    for (n, x509) in shown.iter().enumerate() {
        let what = if n == 0 { "the certificate".to_owned() } else { format!("{} in its chain", oneline(x509)) };
        let certificate = match certificate(x509) {
            Ok(certificate) => certificate,
            Err(why) => {
                report.add(Finding::unknown("unreadable", format!("{what} cannot be judged: {why}")));
                continue;
            }
        };
        let left = certificate.not_after - now;
        least = Some(least.map_or(left, |l| l.min(left)));
        if left < 0 {
            report.add(Finding::critical("expired", format!("{what} expired {} ago", length(left))));
        } else if certificate.not_before > now {
            report.add(Finding::critical(
                "not_yet_valid",
                format!("{what} is valid from {} on; compare the clocks", shown_time(certificate.not_before)),
            ));
        } else {
            let state = args.lifetime().judge(left as f64);
            if state != State::Ok {
                report.add(Finding::new(state, "expiring", format!("{what} expires in {}", length(left))));
            }
        }
        match certificate.key().as_ref().map(key_strength) {
            Ok(KeyStrength::Weak(key)) => {
                report.add(Finding::warning("weak_key", format!("{what} has a weak key ({key})")))
            }
            Ok(KeyStrength::Broken(key)) => {
                report.add(Finding::critical("weak_key", format!("{what} has a broken key ({key})")))
            }
            Ok(KeyStrength::Sound) => {}
            Err(why) => report
                .add(Finding::unknown("key_unreadable", format!("cannot judge the key of {what}: OpenSSL says {why}"))),
        }
        let by = &certificate.algorithm.name;
        match certificate.algorithm.strength {
            _ if certificate.is_root() && n > 0 => {}
            Strength::Weak => report.add(Finding::warning(
                "weak_signature",
                format!("{what} is signed with {by}, which Enterprise Linux 9 refuses"),
            )),
            Strength::Broken => report
                .add(Finding::critical("weak_signature", format!("{what} is signed with {by}, which can be made up"))),
            Strength::Sound => {}
        }
        if is_proxy(x509) {
            report.add(Finding::ok("proxy", format!("{what} is a proxy")));
        }
    }
    let first = oneline(&shown[0]);
    report.headline(match least {
        Some(left) if left >= 0 => format!("{first} is valid for {}", length(left)),
        _ => first,
    });
    let left = least.map_or_else(
        || Perfdata::undetermined("lifetime", Unit::Seconds),
        |l| Perfdata::new("lifetime", l as f64, Unit::Seconds),
    );
    report.perfdata(left.judged_by(args.lifetime()));
    report.perfdata(Perfdata::new("time", context.deadline.elapsed().as_secs_f64(), Unit::Seconds));
    if !args.no_trust {
        report.extend(path::findings(shown, &args.folder(), now, context));
    }
}
