//! One file instead of a folder (`--crl`): what it is worth, and whether serial numbers stand in it.

use super::Args;
use super::consumer::Consumer;
use super::judge::{Judge, Signatures};
use super::lists::Read;
use crate::trust::cert::{self, Certificate};
use crate::trust::crl::{Crl, Encoding, Revoked, read_file};
use crate::trust::store::open;
use crate::trust::time::{length, shown};
use plugin::{Context, Finding, Perfdata, Report, Unit, Usage};
use std::path::Path;

/// Judges it.
///
/// # Errors
/// A serial number is none.
pub fn judge(args: &Args, file: &Path, context: &Context, report: &mut Report) -> Result<(), Usage> {
    let wanted: Vec<Vec<u8>> = args.lists.serial.iter().map(|s| serial(s)).collect::<Result<_, _>>()?;
    context.doing(format_args!("reading {}", file.display()));
    let read = Read::of(open(file, context.deadline).and_then(|input| read_file(input, &wanted)));
    let name = file.display().to_string();
    let about = |f: Finding| f.about(name.clone());
    let (encoding, found) = match read {
        Read::Lists(encoding, found) => (encoding, found),
        Read::Empty => {
            report.add(about(Finding::critical("empty", "the file is empty")));
            return Ok(());
        }
        Read::Other(what) => {
            report.add(about(Finding::critical("unparsable", format!("it is no revocation list but {what}"))));
            return Ok(());
        }
        Read::Unreadable(why) => {
            report.add(about(Finding::unknown("unreadable", format!("cannot be read: {why}"))));
            return Ok(());
        }
    };
    for list in &found {
        match list {
            Ok(crl) => one(args, crl, &wanted, context, report, &name),
            Err(why) => report.add(about(Finding::critical("unparsable", format!("it is no revocation list: {why}")))),
        }
    }
    report.detail(1, format!("encoding {}", if encoding == Encoding::Der { "DER" } else { "PEM" }));
    Ok(())
}

fn one(args: &Args, crl: &Crl, wanted: &[Vec<u8>], context: &Context, report: &mut Report, name: &str) {
    let now = args.anchors.now(context);
    match issuer(args, crl, context) {
        Ok(authority) => {
            let key = authority.key();
            let signatures = Signatures::by(&key);
            let consumer = args.lists.consumer();
            let judge =
                Judge { consumer, authority: &authority, key: &signatures, lifetime: args.lists.lifetime(), now };
            report.extend(judge.findings(crl).into_iter().map(|f| args.anchors.ranked(f.about(name))));
            if consumer == Consumer::Openssl && !judge.is_own(crl) {
                report.detail(1, format!("the authority is {}", authority.subject.oneline()));
            }
        }
        Err(finding) => report.add(finding.about(name)),
    }
    let mut said = String::new();
    for serial in wanted {
        let hex: String = serial.iter().map(|b| format!("{b:02X}")).collect();
        match crl.revoked.iter().rev().find(|r| r.serial == *serial) {
            Some(Revoked { reason: Some(8), .. }) | None => said.push_str(&format!("{hex} is not revoked, ")),
            Some(r) => report
                .add(Finding::critical("revoked", format!("{hex} is revoked since {}", shown(r.since))).about(name)),
        }
    }
    let number = crl.shown_number().map(|n| format!(" {n}")).unwrap_or_default();
    let left = crl.next_update.map(|next| next - now);
    let until = left.filter(|left| *left > 0).map(|left| format!(", holds for {}", length(left))).unwrap_or_default();
    report.headline(format!(
        "{said}list{number} of {} with {} entries, issued {}{until}",
        crl.issuer.oneline(),
        crl.entries,
        shown(crl.this_update)
    ));
    let left = left.map_or_else(
        || Perfdata::undetermined("next_update", Unit::Seconds),
        |left| Perfdata::new("next_update", left as f64, Unit::Seconds),
    );
    report.perfdata(left.judged_by(args.lists.lifetime()));
    report.perfdata(Perfdata::count("entries", crl.entries as usize));
}

/// The certificate that was named, or the one of the folder that OpenSSL would find. No folder is loaded for one authority.
fn issuer(args: &Args, crl: &Crl, context: &Context) -> Result<Certificate, Finding> {
    if let Some(file) = &args.lists.issuer {
        let read = open(file, context.deadline).map_err(|e| e.to_string()).and_then(cert::read_file);
        let found = read.map_err(|why| {
            Finding::unknown("issuer_unreadable", format!("cannot read the certificate {}: {why}", file.display()))
        })?;
        let first = found.0.into_iter().next();
        return first.ok_or_else(|| {
            Finding::unknown("issuer_unreadable", format!("there is no certificate in {}", file.display()))
        });
    }
    let folder = args.anchors.folder();
    let hash = crl.issuer.hash();
    let mut candidates = Vec::new();
    for number in 0.. {
        let Ok(input) = open(&folder.join(format!("{hash}.{number}")), context.deadline) else { break };
        candidates.extend(cert::read_file(input).map(|(found, _)| found).unwrap_or_default());
    }
    candidates.retain(|c| c.subject == crl.issuer);
    let named = |c: &Certificate| crl.authority_key.is_some() && c.key_id == crl.authority_key;
    let best = candidates.iter().position(named).unwrap_or(0);
    if best < candidates.len() {
        return Ok(candidates.swap_remove(best));
    }
    let (name, folder) = (crl.issuer.oneline(), folder.display());
    Err(Finding::unknown(
        "no_issuer",
        format!(
            "cannot judge it: its authority {name} is not in {folder} ({hash}.0); name its certificate with --issuer"
        ),
    ))
}

/// A serial number as the INTEGER's octets.
fn serial(text: &str) -> Result<Vec<u8>, String> {
    let digits = text.trim_start_matches("0x").replace(':', "");
    let value = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|p| u8::from_str_radix(p, 16).ok());
    let even = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits };
    let octets = even.as_bytes().chunks(2).map(value).collect::<Option<Vec<u8>>>().filter(|o| !o.is_empty());
    let octets = octets.ok_or_else(|| format!("{text:?} is no serial number in hexadecimal digits"))?;
    let mut octets: Vec<u8> = octets.iter().copied().skip_while(|b| *b == 0).collect();
    if octets.first().is_none_or(|b| b & 0x80 != 0) {
        octets.insert(0, 0);
    }
    Ok(octets)
}
