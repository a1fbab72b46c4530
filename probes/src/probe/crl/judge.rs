//! What one list is worth to whoever relies on it, and which of several is taken.

use super::consumer::Consumer;
use crate::trust::cert::{Certificate, KeyStrength, key_strength};
use crate::trust::crl::Crl;
use crate::trust::signature::{Strength, Verdict};
use crate::trust::time::{Seconds, length, shown};
use openssl::pkey::{PKey, Public};
use plugin::{Finding, State, Threshold};
use std::cell::RefCell;

/// What lists are judged by.
pub struct Judge<'a> {
    /// Whose view is taken.
    pub consumer: Consumer,
    /// The authority.
    pub authority: &'a Certificate,
    /// What its key says of signatures.
    pub key: &'a Signatures<'a>,
    /// How long a list must still hold, in seconds.
    pub lifetime: Threshold,
    /// The time.
    pub now: Seconds,
}

/// An authority's key and what it said so far: each signature is checked once, whoever's view is taken.
pub struct Signatures<'a> {
    key: &'a Result<PKey<Public>, String>,
    known: RefCell<Vec<(*const Crl, Verdict)>>,
}

impl<'a> Signatures<'a> {
    /// By this key, or why OpenSSL cannot read it.
    pub fn by(key: &'a Result<PKey<Public>, String>) -> Signatures<'a> {
        Signatures { key, known: RefCell::default() }
    }

    fn verified(&self, crl: &Crl) -> Verdict {
        let place = std::ptr::from_ref(crl);
        if let Some((_, verdict)) = self.known.borrow().iter().find(|(known, _)| *known == place) {
            return verdict.clone();
        }
        let verdict = match self.key {
            Ok(key) => crl.verify(key),
            Err(why) => Verdict::CannotJudge(format!("OpenSSL cannot read the authority's key: {why}")),
        };
        self.known.borrow_mut().push((place, verdict.clone()));
        verdict
    }
}

impl Judge<'_> {
    /// Whether the list is this authority's by name, and does not say to be signed by another key or certificate of it.
    pub fn is_own(&self, crl: &Crl) -> bool {
        crl.issuer == self.authority.subject && self.same_key(crl)
    }

    fn same_key(&self, crl: &Crl) -> bool {
        let by_key = match (&crl.authority_key, &self.authority.key_id) {
            (Some(said), Some(own)) => said == own,
            _ => true,
        };
        by_key && crl.authority_serial.as_ref().is_none_or(|serial| *serial == self.authority.serial)
    }

    /// Why it is not taken into account at all, whatever else it says.
    fn refused(&self, crl: &Crl) -> Option<Finding> {
        let scope = crl.scope.clone().unwrap_or_default();
        if crl.issuer != self.authority.subject {
            let text = format!("the list was issued by {}: services have none of this authority", crl.issuer.oneline());
            return Some(Finding::critical("wrong_issuer", text));
        }
        if !self.same_key(crl) {
            let text = "the list was signed with another key, perhaps a former one: services do not take it".to_owned();
            return Some(match self.verified(crl) {
                Verdict::Good => Finding::critical(
                    "wrong_key_id",
                    "the list names another key or certificate than the one it is signed with: services do not take it",
                ),
                _ => Finding::critical("bad_signature", text),
            });
        }
        if crl.delta && self.consumer != Consumer::OpensslOriginal {
            return Some(Finding::critical(
                "delta_only",
                "it is a delta list, which services do not take alone: the complete one is missing",
            ));
        }
        if scope.indirect && self.consumer != Consumer::Canl {
            return Some(Finding::critical(
                "indirect",
                "it is an indirect list, which OpenSSL does not take unless told to",
            ));
        }
        if scope.some_reasons {
            return Some(Finding::critical(
                "some_reasons",
                "it holds only revocations for some reasons, which services do not take alone",
            ));
        }
        if scope.invalid {
            return Some(Finding::critical(
                "invalid_scope",
                "its issuing distribution point contradicts itself: services do not take it",
            ));
        }
        None
    }

    fn verified(&self, crl: &Crl) -> Verdict {
        self.key.verified(crl)
    }

    /// Everything that is wrong with a list; nothing when it can be relied on.
    pub fn findings(&self, crl: &Crl) -> Vec<Finding> {
        if let Some(refused) = self.refused(crl) {
            return vec![refused];
        }
        let mut found = Vec::new();
        if crl.delta {
            found.push(Finding::warning(
                "delta_only",
                "it is a delta list, which this OpenSSL takes for the complete one: what was revoked before counts as good",
            ));
        }
        match self.verified(crl) {
            Verdict::Good => {}
            Verdict::Bad => found.push(Finding::critical(
                "bad_signature",
                "the list's signature is wrong: it was changed, or signed by somebody else",
            )),
            Verdict::CannotJudge(why) => found
                .push(Finding::unknown("signature_not_judged", format!("cannot judge the list's signature: {why}"))),
        }
        if self.authority.signs_crls == Some(false) {
            found.push(Finding::critical(
                "no_crl_sign",
                "the authority's certificate does not allow it to sign lists (keyUsage without cRLSign)",
            ));
        }
        if let Some(oid) = crl.unknown_critical.as_ref().or(crl.unknown_critical_entry.as_ref()) {
            let place = if crl.unknown_critical.is_some() { "the list" } else { "an entry of the list" };
            found.push(Finding::critical(
                "unknown_critical_extension",
                format!("{place} has a critical extension that services do not know ({oid}): they refuse it"),
            ));
        }
        let scope = crl.scope.clone().unwrap_or_default();
        if scope.only_authorities || scope.only_attributes {
            let what = if scope.only_attributes { "attribute certificates" } else { "certificates of authorities" };
            found.push(Finding::critical(
                "wrong_scope",
                format!("the list is only about {what}: users and hosts are refused"),
            ));
        } else if scope.named {
            found
                .push(Finding::ok("named_scope", "the list is only for certificates that name its distribution point"));
        }
        self.times(crl, &mut found);
        self.strength(crl, &mut found);
        if crl.version == 0 {
            found.push(Finding::ok(
                "odd_version",
                "the list has a version that RFC 5280 does not know; OpenSSL does not mind",
            ));
        }
        found
    }

    fn times(&self, crl: &Crl, found: &mut Vec<Finding>) {
        let now = self.now;
        if let Some(what) = &crl.bad_time {
            found.push(Finding::critical(
                "unparsable",
                format!("one of the list's times cannot be read ({what}): services refuse it"),
            ));
            return;
        }
        if crl.this_update > now {
            let (on, off) = (shown(crl.this_update), length(crl.this_update - now));
            found.push(Finding::critical(
                "not_yet_valid",
                format!("the list is valid from {on} on, {off} from now: services refuse it; compare the clocks"),
            ));
        }
        match crl.next_update {
            None => found.push(Finding::warning("no_next_update", "the list does not say when the next one comes, which RFC 5280 requires: nobody notices when it is stale")),
            // OpenSSL and canl take the last second for expired.
            Some(next) if next <= now => {
                found.push(Finding::critical("expired", format!("the list expired {} ago: certificates of this authority are refused", length(now - next))));
            }
            Some(next) => {
                let left = next - now;
                let state = self.lifetime.judge(left as f64);
                if state != State::Ok {
                    found.push(Finding::new(state, "expiring", format!("the list expires in {}: then certificates of this authority are refused", length(left))));
                }
            }
        }
    }

    fn strength(&self, crl: &Crl, found: &mut Vec<Finding>) {
        let name = &crl.algorithm.name;
        match (crl.algorithm.strength, self.consumer) {
            (Strength::Sound, _) => {}
            (Strength::Weak, Consumer::OpensslEl9) => found.push(Finding::critical(
                "weak_signature",
                format!("the list is signed with {name}, which Enterprise Linux 9 refuses"),
            )),
            (Strength::Weak, _) => found.push(Finding::warning(
                "weak_signature",
                format!("the list is signed with {name}, which Enterprise Linux 9 refuses"),
            )),
            (Strength::Broken, _) => found.push(Finding::critical(
                "weak_signature",
                format!("the list is signed with {name}: anybody can make such a list"),
            )),
        }
        // Told with the authority itself; here only what makes a difference.
        if self.consumer == Consumer::OpensslEl9
            && let Ok(KeyStrength::Weak(what)) = self.key.key.as_ref().map(key_strength)
        {
            found.push(Finding::critical(
                "weak_key",
                format!("the authority's key is weak ({what}): Enterprise Linux 9 refuses it"),
            ));
        }
    }

    /// The list that the consumer goes by, of those it sees; with what is wrong with it.
    pub fn choose<'a>(&self, lists: &[(&'a str, &'a Crl)]) -> Option<(&'a str, &'a Crl, Vec<Finding>)> {
        let judged = lists.iter().map(|(file, crl)| (*file, *crl));
        if self.consumer == Consumer::Canl {
            // It goes on until one does.
            let judged = judged.map(|(file, crl)| (file, crl, self.findings(crl)));
            return judged.min_by_key(|(_, _, found)| found.iter().map(Finding::state).max().unwrap_or_default());
        }
        let mut best: Option<(u8, &str, &Crl)> = None;
        for (file, crl) in judged {
            let score = self.score(crl);
            let better =
                best.is_none_or(|(top, _, b)| score > top || (score == top && crl.this_update > b.this_update));
            if better {
                best = Some((score, file, crl));
            }
        }
        best.map(|(_, file, crl)| (file, crl, self.findings(crl)))
    }

    /// OpenSSL's order (get_crl_score): what it refuses, then lists with unknown critical extensions, out of scope, out of time.
    /// The signature does not count.
    fn score(&self, crl: &Crl) -> u8 {
        if self.refused(crl).is_some() {
            // Among those that are refused the more telling reason: not somebody else's list.
            return u8::from(crl.issuer == self.authority.subject);
        }
        let scope = crl.scope.clone().unwrap_or_default();
        let sound = crl.unknown_critical.is_none() && crl.unknown_critical_entry.is_none();
        let in_time =
            crl.bad_time.is_none() && crl.this_update <= self.now && crl.next_update.is_none_or(|next| next > self.now);
        2 + u8::from(sound) * 16
            + u8::from(!(scope.only_authorities || scope.only_attributes)) * 8
            + u8::from(in_time) * 4
    }
}
