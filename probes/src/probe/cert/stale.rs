//! What a server says to a client's certificate that is in order here. A daemon that read its lists or authorities long ago
//! refuses everybody while the files on its disk are fresh; only a handshake tells.

use super::path::{self, certificate, oneline};
use super::{Args, session};
use crate::net::connect::Timed;
use crate::net::tls::{Failure, Identity, Session, alert, ask};
use crate::probe::crl::revocation;
use crate::trust::time::{MINUTE, length};
use chrono::DateTime;
use openssl::ssl::SslStream;
use plugin::{Context, Finding, Report};
use std::time::Duration;

/// What makes most servers say something: a request of HTTP, which others answer by closing.
const QUESTION: &[u8] = b"GET / HTTP/1.0\r\n\r\n";
/// A server that refuses does so at once; one that waits for another protocol says nothing.
const PATIENCE: Duration = Duration::from_secs(3);
/// An anonymous bind of LDAP (RFC 4511, 4.2).
const BIND: &[u8] = &[0x30, 0x0c, 2, 1, 1, 0x60, 7, 2, 1, 3, 4, 0, 0x80, 0];

/// Finds out whether the server takes the client.
pub fn judge(args: &Args, host: &str, identity: &Identity, session: Session, context: &Context, report: &mut Report) {
    let place = format!("{host}:{}", args.port());
    let question = match args.starttls.as_deref() {
        Some("ldap") => BIND,
        Some("smtp") => b"EHLO probe.invalid\r\n",
        Some(_) => b"a NOOP\r\n",
        None => QUESTION,
    };
    context.doing(format_args!("waiting for what {place} says to the client's certificate"));
    let failure = match session.stream {
        Ok(mut stream) => match asked(&mut stream, question) {
            Ok(answer) => {
                let clock = date(&answer).map(|at| at - context.now).filter(|off| off.abs() > 5 * MINUTE);
                if let Some(off) = clock {
                    report.add(Finding::warning(
                        "clock",
                        format!("the clock of {place} is {} {}", length(off), if off > 0 { "ahead" } else { "behind" }),
                    ));
                }
                return report.add(Finding::ok("client_taken", format!("{place} takes the client's certificate")));
            }
            Err(failure) => failure,
        },
        Err(failure) => failure,
    };
    match failure {
        Failure::Alert(code) => refused(args, host, &place, identity, code, context, report),
        Failure::Silent => report.add(Finding::ok(
            "client_not_refused",
            format!("{place} said nothing against the client's certificate within {} s", PATIENCE.as_secs()),
        )),
        // It said nothing against the client, only nothing to the question.
        Failure::Closed => report.add(Finding::ok(
            "client_not_refused",
            format!("{place} closed the connection without a word against the client's certificate"),
        )),
        Failure::NotTls => report.extend(super::failed(&failure, &place, false, PATIENCE)),
        Failure::Other(why) => report.add(Finding::unknown(
            "client_not_judged",
            format!("{place} said nothing to the client's certificate: {why}"),
        )),
    }
}

fn refused(
    args: &Args,
    host: &str,
    place: &str,
    identity: &Identity,
    code: u8,
    context: &Context,
    report: &mut Report,
) {
    let own = own_faults(args, identity, context);
    let clock = clock_of(args, host, context);
    let by_clock = clock
        .filter(|off| off.abs() > 5 * MINUTE)
        .map(|off| format!("; its clock is {} {}", length(off), if off > 0 { "ahead" } else { "behind" }));
    let clock_text = match (&by_clock, clock) {
        (Some(text), _) => text.clone(),
        (None, Some(_)) => "; its clock is right".to_owned(),
        (None, None) => String::new(),
    };
    let finding = match code {
        alert::CERTIFICATE_EXPIRED if own.is_empty() => Finding::critical(
            "stale_in_memory",
            format!(
                "{place} says that the client's certificate has expired (alert 45), and it is valid here: the server holds an expired CRL or CA, or its clock is wrong{clock_text}; restart it, and see that it reloads"
            ),
        ),
        alert::CERTIFICATE_EXPIRED => Finding::critical(
            "client_expired",
            format!(
                "{place} says that the client's certificate has expired (alert 45), and so it is here: {}",
                own.join(", ")
            ),
        ),
        alert::CERTIFICATE_REVOKED if own.is_empty() => Finding::critical(
            "client_revoked",
            format!("{place} says that the client's certificate is revoked (alert 44); the list here does not say so"),
        ),
        alert::CERTIFICATE_REVOKED => Finding::critical(
            "client_revoked",
            format!(
                "{place} says that the client's certificate is revoked (alert 44), and so it is here: {}",
                own.join(", ")
            ),
        ),
        alert::BAD_CERTIFICATE => Finding::critical(
            "client_bad",
            format!(
                "{place} refuses the client's certificate (alert 42): not valid yet by its clock, as its list may be, or damaged{clock_text}"
            ),
        ),
        alert::UNKNOWN_CA => Finding::critical(
            "client_unknown_ca",
            format!(
                "{place} refuses the client's certificate (alert 48): it does not have its authority, or no list of that{clock_text}"
            ),
        ),
        alert::CERTIFICATE_UNKNOWN => Finding::critical(
            "client_refused",
            format!("{place} refuses the client's certificate (alert 46) and does not say why{clock_text}"),
        ),
        other => {
            Finding::critical("client_refused", format!("{place} ends the handshake with alert {other}{clock_text}"))
        }
    };
    let faults = own.into_iter().map(|fault| Finding::critical("client", fault));
    report.add(if finding.id == "client_expired" || finding.id == "client_revoked" {
        finding
    } else {
        finding.with_all(faults)
    });
}

/// What is wrong with the client's own chain by the clock and the trust anchors here.
fn own_faults(args: &Args, identity: &Identity, context: &Context) -> Vec<String> {
    let (now, folder) = (args.now(context), args.folder());
    let mut faults = Vec::new();
    let way = match path::build(&identity.chain, &folder, now) {
        Ok(path) if !path.steps.is_empty() => path.steps,
        _ => identity.chain.clone(),
    };
    for (n, x509) in way.iter().enumerate() {
        let Ok(certificate) = certificate(x509) else { continue };
        if certificate.not_after < now {
            faults.push(format!("{} expired {} ago", oneline(x509), length(now - certificate.not_after)));
        } else if certificate.not_before > now {
            faults.push(format!("{} is not valid yet", oneline(x509)));
        }
        if let Some(Ok(issuer)) = way.get(n + 1).map(path::certificate)
            && !path::is_proxy(x509)
        {
            let revoked = revocation(&folder, &issuer, &certificate.serial, now, context);
            faults.extend(
                revoked
                    .into_iter()
                    .filter(|f| f.id == "revoked" || f.id == "list_expired")
                    .map(|f| format!("{}: {}", oneline(x509), f.text)),
            );
        }
    }
    faults
}

/// How far the server's clock is off, in seconds, if it tells one to a client without a certificate.
fn clock_of(args: &Args, host: &str, context: &Context) -> Option<i64> {
    if args.starttls.is_some() {
        return None;
    }
    let mut stream = session(args, host, None, context).ok()?.stream.ok()?;
    let answer = asked(&mut stream, QUESTION).ok()?;
    date(&answer).map(|at| at - context.now)
}

/// What the server says to a question, soon.
fn asked(stream: &mut SslStream<Timed>, question: &[u8]) -> Result<Vec<u8>, Failure> {
    stream.get_mut().within(PATIENCE);
    ask(stream, question)
}

/// The Date of an answer of HTTP (RFC 9110, 6.6.1), in seconds since 1970.
fn date(answer: &[u8]) -> Option<i64> {
    let text = String::from_utf8_lossy(answer);
    let value = text
        .lines()
        .take_while(|l| !l.is_empty())
        .find_map(|l| l.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("date")))?
        .1;
    DateTime::parse_from_rfc2822(value.trim()).ok().map(|d| d.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_of_an_answer_is_read() {
        assert_eq!(
            date(b"HTTP/1.1 200 OK\r\nServer: x\r\ndate: Sun, 22 Nov 2026 00:00:00 GMT\r\n\r\n"),
            Some(1_795_305_600)
        );
        assert_eq!(date(b"\x30\x0c"), None);
    }
}
