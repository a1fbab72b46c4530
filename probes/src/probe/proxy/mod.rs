//! check_proxy (hr.srce.GridProxy-Valid): the proxy that other probes work with: how long it and what VOMS vouches for are valid,
//! whether it is whole, and whether services will take it.
//!
//! Start reading in `run` below; `attributes.rs` judges what VOMS says.

mod attributes;

use super::anchors;
use super::cert::path;
use super::lifetime;
use crate::registry;
use crate::trust::cert::{KeyStrength, key_strength};
use crate::trust::proxy::{Kind, kind_of};
use crate::trust::time::{HOUR, length, shown};
use clap::{ArgMatches, Args as _, Command, FromArgMatches};
use openssl::pkey::PKey;
use openssl::x509::X509;
use plugin::{Context, Finding, Perfdata, Plugin, Range, Report, State, Threshold, Unit, Usage};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The probe.
pub const PLUGIN: Plugin = Plugin {
    name: "check_proxy",
    service: "PROXY",
    version: registry::version,
    command: || {
        Args::augment_args(Command::new("check_proxy")).about("A proxy certificate and what VOMS vouches for in it")
    },
    run,
};

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Proxy")]
pub(super) struct Args {
    /// File of the proxy [default: X509_USER_PROXY, else /tmp/x509up_u with the number of the user]
    #[arg(short = 'x', long, value_name = "FILE")]
    proxy: Option<PathBuf>,
    /// WARNING when it is valid for less than this: hours, or with m, h, d, or a range of hours
    #[arg(short, long, value_name = "TIME", default_value = "6h", value_parser = |t: &str| lifetime::parse(t, HOUR))]
    warning: Range,
    /// CRITICAL when it is valid for less than this; what has expired always is
    #[arg(short, long, value_name = "TIME", default_value = "1h", value_parser = |t: &str| lifetime::parse(t, HOUR))]
    critical: Range,
    /// VOMS must vouch for this virtual organisation
    #[arg(long, value_name = "VO")]
    vo: Option<String>,
    /// And for this group or role, as /ops/Role=pilot
    #[arg(long, value_name = "FQAN")]
    fqan: Option<String>,
    /// Folder that says who may vouch for which organisation (VO/HOST.lsc)
    #[arg(long, value_name = "DIR", default_value = "/etc/grid-security/vomsdir")]
    vomsdir: PathBuf,
    /// Folder of the trust anchors [default: X509_CERT_DIR, else /etc/grid-security/certificates]
    #[arg(long, value_name = "DIR")]
    ca_dir: Option<PathBuf>,
    /// Do not ask whether the grid trusts it
    #[arg(long)]
    no_trust: bool,
    /// Judge as if it were this time: seconds since 1970, or YYYY-MM-DD
    #[arg(long, value_name = "TIME", value_parser = anchors::moment)]
    at: Option<i64>,
}

impl Args {
    fn file(&self) -> PathBuf {
        let named = || std::env::var_os("X509_USER_PROXY").filter(|f| !f.is_empty()).map(PathBuf::from);
        let usual = || PathBuf::from(format!("/tmp/x509up_u{}", nix::unistd::Uid::current()));
        self.proxy.clone().or_else(named).unwrap_or_else(usual)
    }

    fn lifetime(&self) -> Threshold {
        Threshold::new(self.warning, self.critical)
    }
}

fn run(matches: &ArgMatches, context: &Context) -> Result<Report, Usage> {
    let args = Args::from_arg_matches(matches)?;
    let mut report = context.report(PLUGIN.service);
    let file = args.file();
    context.doing(format_args!("reading {}", file.display()));
    match read(&file) {
        Ok((chain, findings)) => {
            report.extend(findings);
            judge(&args, &chain, context, &mut report);
        }
        Err(finding) => report.add(finding),
    }
    Ok(report)
}

/// Reads certificates and key; what is wrong with the file, but for what is in the certificates.
fn read(file: &Path) -> Result<(Vec<X509>, Vec<Finding>), Finding> {
    let name = file.display();
    let cannot = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::NotFound => {
            Finding::critical("missing", format!("there is no proxy {name}; make one, and see what renews it"))
        }
        _ => Finding::unknown("unreadable", format!("cannot read {name}: {e}")),
    };
    let meta = std::fs::metadata(file).map_err(cannot)?;
    let text = std::fs::read(file).map_err(cannot)?;
    let chain = X509::stack_from_pem(&text).ok().filter(|c| !c.is_empty());
    let chain = chain.ok_or_else(|| {
        Finding::critical("broken", format!("there is no certificate in {name}, or a broken one; make the proxy again"))
    })?;
    let mut found = Vec::new();
    if meta.mode() & 0o077 != 0 {
        found.push(Finding::critical(
            "open_to_others",
            format!(
                "{name} may be read by others (mode {:o}), and its key is not locked; chmod 600",
                meta.mode() & 0o777
            ),
        ));
    }
    match PKey::private_key_from_pem_callback(&text, |_| Ok(0)) {
        Ok(key) if chain[0].public_key().is_ok_and(|own| own.public_eq(&key)) => {}
        Ok(_) => found.push(Finding::critical(
            "foreign_key",
            format!("the key in {name} does not belong to its first certificate; make the proxy again"),
        )),
        Err(_) => found.push(Finding::critical(
            "no_key",
            format!("there is no key in {name}, or one with a pass phrase; make the proxy again"),
        )),
    }
    Ok((chain, found))
}

fn judge(args: &Args, chain: &[X509], context: &Context, report: &mut Report) {
    let now = args.at.unwrap_or(context.now);
    let mut least: Option<i64> = None;
    let mut of_proxy = None;
    for x509 in chain {
        let kind = kind_of(x509);
        let what = path::oneline(x509);
        let certificate = match path::certificate(x509) {
            Ok(certificate) => certificate,
            Err(why) => {
                report.add(Finding::unknown("unreadable", format!("{what} cannot be judged: {why}")));
                continue;
            }
        };
        let left = certificate.not_after - now;
        least = Some(least.map_or(left, |l| l.min(left)));
        if left < 0 {
            report.add(Finding::critical(
                "expired",
                format!("{what} expired {} ago; see what renews the proxy", length(left)),
            ));
        } else if certificate.not_before > now {
            report.add(Finding::critical(
                "not_yet_valid",
                format!("{what} is valid from {} on; compare the clocks", shown(certificate.not_before)),
            ));
        }
        if let Ok(KeyStrength::Weak(key) | KeyStrength::Broken(key)) = certificate.key().as_ref().map(key_strength) {
            report.add(Finding::warning(
                "weak_key",
                format!("{what} has a weak key ({key}): services on Enterprise Linux 9 refuse it"),
            ));
        }
        if let Some(proxy) = kind {
            of_proxy = of_proxy.or(Some(proxy));
            if proxy.kind != Kind::Rfc3820 {
                report.add(Finding::warning(
                    "old_proxy",
                    format!("{what} is a {} proxy: OpenSSL takes only those of RFC 3820", proxy.kind.name()),
                ));
            }
        }
    }
    follows(chain, report);
    let left = least.unwrap_or_default();
    let state = args.lifetime().judge(left as f64);
    if left >= 0 && state != State::Ok {
        report.add(Finding::new(
            state,
            "expiring",
            format!("it is valid for {} only; see what renews the proxy", length(left)),
        ));
    }
    let kind = of_proxy.map_or_else(
        || "no proxy, but the certificate itself,".to_owned(),
        |p| format!("{} proxy ({} rights)", p.kind.name(), p.rights),
    );
    let owner = chain.iter().find(|x| !path::is_proxy(x)).map_or_else(|| path::oneline(&chain[0]), path::oneline);
    let valid = if left >= 0 { format!(" is valid for {}", length(left)) } else { String::new() };
    report.headline(format!("{kind} of {owner}{valid}"));
    report.perfdata(Perfdata::new("lifetime", left as f64, Unit::Seconds).judged_by(args.lifetime()));
    attributes::judge(args, chain, now, report);
    // OpenSSL knows no other proxies; of those the certificate they were made from is judged.
    if !args.no_trust {
        let from = if of_proxy.is_some_and(|p| p.kind != Kind::Rfc3820) {
            chain.iter().position(|x| !path::is_proxy(x))
        } else {
            Some(0)
        };
        match from {
            Some(from) => {
                report.extend(path::findings(&chain[from..], &anchors::folder(args.ca_dir.as_ref()), now, context))
            }
            None => report.add(Finding::critical(
                "incomplete",
                "the certificate that the proxy was made from is not in the file: services cannot follow it",
            )),
        }
    }
}

/// A proxy is named as its issuer with one CN more.
fn follows(chain: &[X509], report: &mut Report) {
    for pair in chain.windows(2) {
        if !path::is_proxy(&pair[0]) {
            continue;
        }
        let (own, issuer) = (path::oneline(&pair[0]), path::oneline(&pair[1]));
        if own.strip_prefix(&issuer).is_none_or(|rest| !rest.starts_with("/CN=")) {
            report.add(Finding::critical(
                "wrong_order",
                format!("{own} does not follow {issuer}: the chain is out of order or not one"),
            ));
        }
    }
}
