//! Folders that chance makes: whatever lies under an authority's hash, this says CRITICAL exactly when OpenSSL refuses.

use super::der::{pem, tlv};
use super::folder::{Folder, Parts};
use super::pki::*;
use super::store::{NOW, openssl_here, openssl_says, relying};
use super::{about, badness, judged};

/// A small generator (xorshift). Keys and signatures are new in every run; a seed tells the same story but for them.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.next().is_multiple_of(n)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

fn some_list(chance: &mut Chance, ca: &Ca, other: &Ca) -> Vec<u8> {
    let mut list = List::at(NOW);
    // Of two that were issued in the same second OpenSSL takes one or the other, as its sorting falls out.
    list.last = NOW - chance.below(10_000) as i64 - chance.below(20) as i64 * DAY / 2
        + if chance.one_in(8) { 12 * DAY } else { 0 };
    list.next = if chance.one_in(10) { None } else { Some(NOW + (chance.below(12) as i64 - 3) * DAY + 5) };
    list.authority_key = match chance.below(6) {
        0 => Some(ca.key_id()),
        1 => Some(other.key_id()),
        _ => None,
    };
    list.delta = chance.one_in(12);
    list.scope = match chance.below(16) {
        0 => Some(tlv(0x81, &[0xff])),
        1 => Some(tlv(0x82, &[0xff])),
        2 => Some(tlv(0x84, &[0xff])),
        3 => Some(tlv(0x85, &[0xff])),
        4 => Some(tlv(0x83, &[6, 0x40])),
        5 => Some([tlv(0x81, &[0xff]), tlv(0x85, &[0xff])].concat()),
        _ => None,
    };
    list.unknown_critical = chance.one_in(14);
    list.unknown_critical_entry = chance.one_in(14);
    list.v1 = chance.one_in(10);
    let by = if chance.one_in(7) { other } else { ca };
    let mut der = list.by(by);
    if chance.one_in(10) {
        let at = (chance.below(1 << 16) as usize * der.len()) >> 16;
        der[at] ^= 1 << chance.below(8);
    }
    if chance.one_in(12) {
        return der;
    }
    if chance.one_in(14) {
        return b"nothing of the kind".to_vec();
    }
    let mut text = pem("X509 CRL", &der).into_bytes();
    if chance.one_in(12) {
        text.truncate((chance.below(1 << 16) as usize * text.len()) >> 16);
    }
    if chance.one_in(10) {
        list.last += 1;
        text.extend(list.pem_by(ca));
    }
    text
}

#[test]
fn critical_means_that_openssl_refuses() {
    let seed = std::env::var("GRIDWARD_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(20_261_122);
    let mut chance = Chance(seed);
    let folder = Folder::new();
    let spec = CaSpec { start: NOW - 365 * DAY, end: NOW + 3650 * DAY, alg: None, may_sign_lists: true };
    let mut cas = Vec::new();
    for n in 0..600 {
        let cn = format!("C{n:03}");
        let ca = Ca::new(&cn, Alg::EcSha256, Alg::EcSha256.key(), &spec);
        // Of the same name, and now and then of another.
        let other = Ca::new(if chance.one_in(4) { "another" } else { &cn }, Alg::EcSha256, Alg::EcSha256.key(), &spec);
        folder.install(&ca, &Parts::default());
        let hash = ca.hashes().0;
        for number in 0..chance.below(4) {
            let skipped = chance.one_in(9);
            if !skipped {
                folder.put(&format!("{hash}.r{number}"), some_list(&mut chance, &ca, &other));
            }
        }
        cas.push(ca);
    }
    let report = judged("check_crl", &folder.path(), NOW, &["--rank", "weak_*=ok", "--consumer", openssl_here()]);
    let store = relying(&folder.path());
    let (mut wrong, mut refused) = (Vec::new(), 0);
    for (n, ca) in cas.iter().enumerate() {
        let (error, said) = openssl_says(&store, &ca.leaf(n as u64 + 9000, NOW));
        let findings = about(&report, &ca.cn);
        let critical = findings.iter().any(|f| f.0 == badness("CRITICAL"));
        refused += usize::from(error != 0);
        if critical != (error != 0) {
            wrong.push(format!("{} ({}): OpenSSL {error} {said}, this {findings:?}", ca.cn, ca.hashes().0));
        }
    }
    // Both outcomes are there, or nothing was tried.
    assert!((100..500).contains(&refused), "{refused} refused");
    assert!(
        wrong.is_empty(),
        "seed {seed}: {} of {} differ in {}\n{}",
        wrong.len(),
        cas.len(),
        folder.path().display(),
        wrong.join("\n")
    );
}
