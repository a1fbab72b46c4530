//! The way through one list (RFC 5280, 5.1). Only the window of `stream.rs` and what `Crl` keeps are in memory.

use super::stream::Stream;
use super::{Crl, CrlError, Revoked, Scope, Signed};
use crate::trust::der::{Reader, boolean, dotted, extensions, header, tag};
use crate::trust::name::Name;
use crate::trust::signature::Algorithm;
use crate::trust::time;
use std::io::Read;

/// Beyond this an entry is none.
const LARGEST_ENTRY: u64 = 1 << 20;

/// Reads one encoded list; `wanted` are the serial numbers to look for, as INTEGER's octets.
///
/// # Errors
/// It is none, or cannot be read.
pub fn read<R: Read>(input: R, wanted: &[Vec<u8>]) -> Result<Crl, CrlError> {
    let mut stream = Stream::new(input);
    let outer = stream.header()?;
    if outer.tag != tag::SEQUENCE {
        return Err(stream.wrong("it does not begin as a certificate revocation list does"));
    }
    stream.consume(outer.size);
    let outer_end = stream.at() + outer.length;
    stream.signed_from_here();
    let tbs = stream.header()?;
    if tbs.tag != tag::SEQUENCE {
        return Err(stream.wrong("no list inside"));
    }
    stream.consume(tbs.size);
    let tbs_end = stream.at() + tbs.length;

    let mut version = 1;
    if next_tag(&mut stream)? == tag::INTEGER {
        version = match Reader::new(&stream.value()?).expect(tag::INTEGER)? {
            [1] => 2,
            [0] => 1,
            _ => 0,
        };
    }
    let inner_algorithm = stream.value()?;
    let algorithm = Algorithm::read(Reader::new(&inner_algorithm).expect(tag::SEQUENCE)?);
    stream.sum_with(algorithm.summing());
    let issuer = stream.value()?;
    let issuer = Name::new(&issuer).map_err(|e| CrlError::Unparsable(format!("its issuer is no name: {e}")))?;
    let mut bad_time = None;
    let this_update = read_time(&mut stream, &mut bad_time)?;
    let is_time = |tag: Option<u8>| matches!(tag, Some(tag::UTC_TIME | tag::GENERALIZED_TIME));
    let next_update =
        if is_time(inside(&mut stream, tbs_end)?) { Some(read_time(&mut stream, &mut bad_time)?) } else { None };

    let mut crl = Crl {
        version,
        issuer,
        this_update,
        next_update,
        bad_time,
        entries: 0,
        number: None,
        authority_key: None,
        authority_serial: None,
        delta: false,
        scope: None,
        unknown_critical: None,
        unknown_critical_entry: None,
        revoked: Vec::new(),
        algorithm,
        signed: Signed {
            summed: crate::trust::signature::Summed::Nothing(String::new()),
            signature: Vec::new(),
            same_algorithm: false,
        },
    };
    if inside(&mut stream, tbs_end)? == Some(tag::SEQUENCE) {
        let list = stream.header()?;
        stream.consume(list.size);
        let end = stream.at() + list.length;
        if end > tbs_end {
            return Err(stream.wrong("a list of entries that is longer than what it stands in"));
        }
        entries(&mut stream, end, wanted, &mut crl)?;
    }
    if inside(&mut stream, tbs_end)? == Some(0xa0) {
        let whole = stream.value()?;
        let content = Reader::new(Reader::new(&whole).expect(0xa0)?).expect(tag::SEQUENCE)?;
        list_extensions(content, &mut crl)?;
    }
    if stream.at() != tbs_end {
        return Err(stream.wrong("something that does not belong into a list"));
    }
    crl.signed.summed = stream.signed_until_here();
    crl.signed.same_algorithm = stream.value()? == inner_algorithm;
    let bits = stream.value()?;
    let bits = Reader::new(&bits).expect(tag::BIT_STRING)?;
    // The first octet counts the bits that are missing from the last one; in signatures none.
    if stream.at() != outer_end {
        return Err(stream.wrong("an end that is not where it says"));
    }
    let (missing, octets) = bits.split_first().ok_or_else(|| stream.wrong("a signature without any bits"))?;
    if *missing > 7 {
        return Err(stream.wrong("a signature whose last octet lacks more bits than it has"));
    }
    crl.signed.signature = octets.to_vec();
    if let Some(last) = crl.signed.signature.last_mut() {
        *last &= 0xff << missing;
    }
    Ok(crl)
}

fn next_tag<R: Read>(stream: &mut Stream<R>) -> Result<u8, CrlError> {
    Ok(stream.need(1)?[0])
}

/// The tag of the next value if there is one before `end`.
fn inside<R: Read>(stream: &mut Stream<R>, end: u64) -> Result<Option<u8>, CrlError> {
    if stream.at() < end { next_tag(stream).map(Some) } else { Ok(None) }
}

/// A time that is none does not keep a list from being one; what is wrong is put beside it.
fn read_time<R: Read>(stream: &mut Stream<R>, bad: &mut Option<String>) -> Result<time::Seconds, CrlError> {
    let value = stream.value()?;
    let tlv = Reader::new(&value).any()?;
    if !matches!(tlv.tag, tag::UTC_TIME | tag::GENERALIZED_TIME) {
        return Err(stream.wrong("no time where one belongs"));
    }
    Ok(time::read(tlv.tag, tlv.value).unwrap_or_else(|e| {
        *bad = Some(e.to_string());
        0
    }))
}

/// The entries, as many at a time as the window holds. Of each only what has to be looked at is.
fn entries<R: Read>(stream: &mut Stream<R>, end: u64, wanted: &[Vec<u8>], crl: &mut Crl) -> Result<(), CrlError> {
    while stream.at() < end {
        let window = stream.window();
        let limit = usize::try_from(end - stream.at()).unwrap_or(usize::MAX).min(window.len());
        let (mut used, mut missing) = (0, None);
        while used < limit {
            let rest = &window[used..limit];
            let Some(h) = header(rest).map_err(|e| stream.wrong(e.to_string()))? else { break };
            if h.tag != tag::SEQUENCE || h.length > LARGEST_ENTRY {
                return Err(stream.wrong(format!("entry {} is none", crl.entries + 1)));
            }
            let size = h.size + h.length as usize;
            let Some(entry) = rest.get(h.size..size) else {
                missing = Some(size);
                break;
            };
            crl.entries += 1;
            one_entry(entry, wanted, crl).map_err(|e| stream.wrong(format!("entry {}: {e}", crl.entries)))?;
            used += size;
        }
        // Nothing more can come where all that is left of the list was there.
        let whole = (end - stream.at()) as usize == limit;
        stream.consume(used);
        if stream.at() < end {
            if whole || missing.is_some_and(|size| size as u64 > end - stream.at()) {
                return Err(stream.wrong("an entry that is longer than the list"));
            }
            let wider = missing.unwrap_or(0).max(stream.window().len() + 1);
            stream.need(wider)?;
        }
    }
    Ok(())
}

fn one_entry(entry: &[u8], wanted: &[Vec<u8>], crl: &mut Crl) -> Result<(), CrlError> {
    let mut reader = Reader::new(entry);
    let serial = reader.expect(tag::INTEGER)?;
    let when = reader.any()?;
    if !matches!(when.tag, tag::UTC_TIME | tag::GENERALIZED_TIME) {
        return Err(CrlError::Unparsable("no time of revocation".to_owned()));
    }
    let mut reason = None;
    if !reader.is_empty() {
        let list = extensions(reader.expect(tag::SEQUENCE)?)?;
        for extension in list {
            match extension.oid {
                // reasonCode, an ENUMERATED
                [0x55, 0x1d, 0x15] => reason = extension.value.last().copied(),
                // certificateIssuer is critical by its nature, and known.
                [0x55, 0x1d, 0x1d] => continue,
                _ => {}
            }
            if extension.critical && crl.unknown_critical_entry.is_none() {
                crl.unknown_critical_entry = Some(dotted(extension.oid));
            }
        }
    }
    if wanted.iter().any(|w| w == serial) {
        crl.revoked.push(Revoked { serial: serial.to_vec(), since: time::read(when.tag, when.value)?, reason });
    }
    Ok(())
}

fn list_extensions(content: &[u8], crl: &mut Crl) -> Result<(), CrlError> {
    for extension in extensions(content)? {
        match extension.oid {
            // cRLNumber. What cannot be read of it OpenSSL takes for not there; likewise of the next.
            [0x55, 0x1d, 0x14] => crl.number = number(extension.value),
            // authorityKeyIdentifier
            [0x55, 0x1d, 0x23] => {
                let mut fields = Reader::new(extension.value).sequence().unwrap_or(Reader::new(&[]));
                while let Ok(field) = fields.any() {
                    match field.tag {
                        0x80 => crl.authority_key = Some(field.value.to_vec()),
                        0x82 => crl.authority_serial = Some(field.value.to_vec()),
                        _ => {}
                    }
                }
                continue;
            }
            // deltaCRLIndicator
            [0x55, 0x1d, 0x1b] => {
                crl.delta = true;
                continue;
            }
            // issuingDistributionPoint
            [0x55, 0x1d, 0x1c] => {
                crl.scope = Some(scope(extension.value).unwrap_or(Scope { invalid: true, ..Scope::default() }));
                continue;
            }
            _ => {}
        }
        // OpenSSL knows the three above as critical ones, and no other.
        if extension.critical && crl.unknown_critical.is_none() {
            crl.unknown_critical = Some(dotted(extension.oid));
        }
    }
    Ok(())
}

/// The octets of a number that is not negative, without leading zeros.
fn number(value: &[u8]) -> Option<Vec<u8>> {
    let octets = Reader::new(value).expect(tag::INTEGER).ok().filter(|o| o.first().is_some_and(|b| b & 0x80 == 0))?;
    let zeros = octets.iter().position(|&b| b != 0).unwrap_or(octets.len() - 1);
    Some(octets[zeros..].to_vec())
}

fn scope(value: &[u8]) -> Option<Scope> {
    let mut scope = Scope::default();
    let mut fields = Reader::new(value).sequence().ok()?;
    while !fields.is_empty() {
        let field = fields.any().ok()?;
        match field.tag {
            0xa0 => scope.named = true,
            0x81 => scope.only_users = boolean(field.value),
            0x82 => scope.only_authorities = boolean(field.value),
            0x83 => scope.some_reasons = true,
            0x84 => scope.indirect = boolean(field.value),
            0x85 => scope.only_attributes = boolean(field.value),
            _ => return None,
        }
    }
    let only = [scope.only_users, scope.only_authorities, scope.only_attributes];
    scope.invalid = only.iter().filter(|set| **set).count() > 1;
    Some(scope)
}
