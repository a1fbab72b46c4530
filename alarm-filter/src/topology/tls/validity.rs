//! Until when a certificate is valid: the one thing of it that an administrator has to be reminded of. No more of X.509 is
//! read here; whether a certificate can be trusted is for rustls to say.

use alarm_core::time::Timestamp;
use chrono::NaiveDateTime;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// `notAfter` of a certificate; `None` when its bytes are none.
pub(super) fn not_after(der: &[u8]) -> Option<Timestamp> {
    let (certificate, _) = take(der, SEQUENCE)?;
    let (mut rest, _) = take(certificate, SEQUENCE)?;
    if rest.first() == Some(&VERSION) {
        rest = skip(rest)?;
    }
    // Serial number, algorithm, issuer.
    for _ in 0..3 {
        rest = skip(rest)?;
    }
    let (validity, _) = take(rest, SEQUENCE)?;
    time(skip(validity)?)
}

fn time(element: &[u8]) -> Option<Timestamp> {
    let tag = *element.first()?;
    let (text, _) = take(element, tag)?;
    let text = std::str::from_utf8(text).ok()?;
    let full = match tag {
        // RFC 5280: two digits from 50 on are of the last century.
        UTC_TIME => format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let at = NaiveDateTime::parse_from_str(&full, "%Y%m%d%H%M%SZ").ok()?;
    Some(Timestamp::from_secs(at.and_utc().timestamp()))
}

/// The content of the element at the begin, which has this tag, and what follows it.
fn take(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match usize::from(*first) {
        short if short < 0x80 => (short, rest),
        // More than four bytes of length are no certificate.
        long => {
            let (length, rest) = rest.split_at_checked(long & 0x7f).filter(|(l, _)| (1..=4).contains(&l.len()))?;
            (length.iter().fold(0usize, |n, b| n << 8 | usize::from(*b)), rest)
        }
    };
    (*found == tag).then(|| rest.split_at_checked(length))?
}

fn skip(bytes: &[u8]) -> Option<&[u8]> {
    take(bytes, *bytes.first()?).map(|(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    #[test]
    fn a_certificate_says_until_when() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/gocdb/tls/server.pem");
        let der = CertificateDer::from_pem_file(path).unwrap();
        // As `openssl x509 -noout -enddate` prints it.
        assert_eq!(not_after(&der).unwrap().to_string(), "2120-01-01T00:00:00Z");
    }

    #[test]
    fn both_kinds_of_time() {
        let of = |tag: u8, text: &str| time(&[&[tag, text.len() as u8], text.as_bytes()].concat()).map(|t| t.secs());
        assert_eq!(of(UTC_TIME, "700101000001Z"), Some(1));
        assert_eq!(of(UTC_TIME, "491231235959Z"), Some(2_524_607_999));
        assert_eq!(of(GENERALIZED_TIME, "20500101000000Z"), Some(2_524_608_000));
        assert_eq!(of(GENERALIZED_TIME, "yesterday"), None);
    }

    proptest! {
        #[test]
        fn any_bytes(bytes: Vec<u8>) {
            let _ = not_after(&bytes);
        }
    }
}
