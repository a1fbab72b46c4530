//! check_cert (hr.srce.CertLifetime and its kin, hr.srce.*-CertLifetime): the certificate of a TLS service or in a file, as a
//! client of the grid judges it; and whether a service still goes by a list or an authority that has expired (`--stale`).
//!
//! Start reading in `run` below: `chain.rs` judges what was shown, `host.rs` whether it is for this host, `path.rs` whether the
//! grid trusts it and whether it is revoked, `stale.rs` what the server says to a client's certificate.

mod chain;
pub(crate) mod host;
pub(crate) mod path;
mod stale;

use super::lifetime;
use crate::net::connect::connect;
use crate::net::starttls::Protocol;
use crate::net::tls::{Failure, Identity, Session, alert, handshake};
use crate::registry;
use crate::trust::time::DAY;
use clap::{ArgMatches, Args as _, Command, FromArgMatches};
use openssl::x509::X509;
use plugin::{Context, Finding, Plugin, Range, Report, Threshold, Usage};
use std::path::PathBuf;
use std::time::Duration;

/// The probe.
pub const PLUGIN: Plugin = Plugin {
    name: "check_cert",
    service: "CERT",
    version: registry::version,
    command: || {
        Args::augment_args(Command::new("check_cert"))
            .about("Certificate of a TLS service or in a file, as the grid judges it")
    },
    run,
};

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Certificate")]
pub(super) struct Args {
    /// Host to connect to
    #[arg(short = 'H', long, value_name = "HOST", required_unless_present = "file", conflicts_with = "file")]
    hostname: Option<String>,
    /// Port [default: 443, or that of --starttls]
    #[arg(short, long, value_name = "PORT")]
    port: Option<u16>,
    /// File with a certificate and perhaps those behind it, PEM or DER
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Speak this until the server is ready for TLS
    #[arg(long, value_name = "PROTOCOL", value_parser = ["ldap", "smtp", "imap", "pop3"])]
    starttls: Option<String>,
    /// Name that the certificate must be for [default: the host]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// WARNING when one of the chain is valid for less than this: days, or with m, h, d, or a range of days
    #[arg(short, long, value_name = "TIME", default_value = "7d", value_parser = |t: &str| lifetime::parse(t, DAY))]
    warning: Range,
    /// CRITICAL when one of the chain is valid for less than this; what has expired always is
    #[arg(short, long, value_name = "TIME", default_value = "0d", value_parser = |t: &str| lifetime::parse(t, DAY))]
    critical: Range,
    /// Folder of the trust anchors [default: X509_CERT_DIR, else /etc/grid-security/certificates]
    #[arg(long, value_name = "DIR")]
    ca_dir: Option<PathBuf>,
    /// Do not ask whether the grid trusts it, nor whether it is revoked
    #[arg(long)]
    no_trust: bool,
    /// Show this certificate (or proxy) to the server
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// Its key [default: in the same file]
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Find out whether the server takes that certificate, or goes by a list or an authority that has expired
    #[arg(long, requires = "cert", conflicts_with = "file")]
    stale: bool,
    /// Judge as if it were this time: seconds since 1970, or YYYY-MM-DD
    #[arg(long, value_name = "TIME", value_parser = super::anchors::moment)]
    at: Option<i64>,
}

impl Args {
    fn folder(&self) -> PathBuf {
        super::anchors::folder(self.ca_dir.as_ref())
    }

    fn now(&self, context: &Context) -> i64 {
        self.at.unwrap_or(context.now)
    }

    fn lifetime(&self) -> Threshold {
        Threshold::new(self.warning, self.critical)
    }

    fn protocol(&self) -> Option<Protocol> {
        self.starttls.as_deref().and_then(Protocol::named)
    }

    fn port(&self) -> u16 {
        self.port.or(self.protocol().map(Protocol::port)).unwrap_or(443)
    }
}

fn run(matches: &ArgMatches, context: &Context) -> Result<Report, Usage> {
    let args = Args::from_arg_matches(matches)?;
    let mut report = context.report(PLUGIN.service);
    match (&args.file, &args.hostname) {
        (Some(file), _) => match read_file(file) {
            Ok(shown) => chain::judge(&args, &shown, context, &mut report),
            Err(finding) => report.add(finding),
        },
        (None, Some(host)) => {
            let identity = match &args.cert {
                Some(cert) => match Identity::read(cert, args.key.as_deref()) {
                    Ok(identity) => Some(identity),
                    Err(why) => {
                        report.add(Finding::unknown("identity", why));
                        return Ok(report);
                    }
                },
                None => None,
            };
            service(&args, host, identity.as_ref(), context, &mut report);
        }
        (None, None) => return Err(Usage("neither --hostname nor --file is given".to_owned())),
    }
    Ok(report)
}

fn read_file(file: &std::path::Path) -> Result<Vec<X509>, Finding> {
    let name = file.display();
    let bytes = std::fs::read(file).map_err(|e| Finding::unknown("unreadable", format!("cannot read {name}: {e}")))?;
    let read = if bytes.first() == Some(&0x30) {
        X509::from_der(&bytes).map(|one| vec![one])
    } else {
        X509::stack_from_pem(&bytes)
    };
    match read {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(Finding::unknown("unreadable", format!("there is no certificate in {name}, or a broken one"))),
    }
}

/// Connects and shakes hands once.
///
/// # Errors
/// A finding, where it did not come to a handshake.
fn session(args: &Args, host: &str, identity: Option<&Identity>, context: &Context) -> Result<Session, Finding> {
    let port = args.port();
    let mut stream = connect(host, port, context)
        .map_err(|e| Finding::unknown("not_connected", format!("{e}: its certificate cannot be judged")))?;
    if let Some(protocol) = args.protocol() {
        context.doing(format_args!("asking {host}:{port} for STARTTLS"));
        protocol.start(&mut stream).map_err(|why| Finding::unknown("no_starttls", format!("{host}:{port}: {why}")))?;
    }
    context.doing(format_args!("shaking hands with {host}:{port}"));
    handshake(stream, args.name.as_deref().unwrap_or(host), identity).map_err(|why| Finding::unknown("no_tls", why))
}

fn service(args: &Args, host: &str, identity: Option<&Identity>, context: &Context, report: &mut Report) {
    let place = format!("{host}:{}", args.port());
    let session = match session(args, host, identity, context) {
        Ok(session) => session,
        Err(finding) => return report.add(finding),
    };
    report.detail(1, format!("{place} speaks {}", session.version));
    let shown = session.chain.clone();
    if args.stale
        && let Some(identity) = identity
    {
        stale::judge(args, host, identity, session, context, report);
    } else if let Err(failure) = &session.stream {
        report.extend(failed(failure, &place, !shown.is_empty(), context.deadline.elapsed()));
    }
    if !shown.is_empty() {
        chain::judge(args, &shown, context, report);
        report.extend(host::judge(&shown[0], args.name.as_deref().unwrap_or(host)));
    }
}

/// What a handshake that failed means where nothing is asked about the client.
fn failed(failure: &Failure, place: &str, has_certificate: bool, patience: Duration) -> Option<Finding> {
    match failure {
        // The server wants to see a certificate; its own was seen.
        Failure::Alert(alert::HANDSHAKE_FAILURE | alert::BAD_CERTIFICATE | alert::CERTIFICATE_REQUIRED)
            if has_certificate =>
        {
            Some(Finding::ok("wants_certificate", format!("{place} wants a certificate of the client (--cert)")))
        }
        Failure::Closed if has_certificate => {
            Some(Finding::ok("wants_certificate", format!("{place} closes the connection after the handshake began")))
        }
        Failure::Alert(alert) => {
            Some(Finding::critical("no_tls", format!("{place} ends the handshake with alert {alert}")))
        }
        Failure::NotTls => Some(Finding::critical(
            "not_tls",
            format!("{place} does not speak TLS; is it another port, or one with --starttls?"),
        )),
        Failure::Closed => {
            Some(Finding::critical("no_tls", format!("{place} closes the connection instead of shaking hands")))
        }
        Failure::Silent => {
            Some(Finding::unknown("timeout", format!("{place} does not answer within {:.1} s", patience.as_secs_f64())))
        }
        Failure::Other(why) => Some(Finding::unknown("no_tls", format!("{place}: {why}"))),
    }
}
