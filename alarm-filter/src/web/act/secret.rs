//! Against forms of others: a form is good only in the browser that it was written for, and only for who it was written for.
//!
//! The browser has a random cookie that no script and no other site sees. In each form stands the keyed hash of that cookie
//! and of the operator's name; the key is made of the system's randomness when the process starts, so that after a new start
//! every page has to be loaded anew.

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

/// A browser's cookie: 16 random bytes in hexadecimal digits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Browser(String);

/// What forms are checked with.
#[derive(Debug)]
pub(super) struct Secret(hmac::Key);

/// Random bytes in hexadecimal digits, two for each; `None`: the system has no randomness to give.
pub(super) fn random<const BYTES: usize>() -> Option<String> {
    let mut bytes = [0; BYTES];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(hex(&bytes))
}

fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from(if n < 10 { b'0' + n } else { b'a' + n - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

impl Browser {
    /// One that was never seen before.
    pub(super) fn new() -> Option<Self> {
        random::<16>().map(Browser)
    }

    /// What a cookie says, if it can be one of ours.
    pub(super) fn read(value: &str) -> Option<Self> {
        let digits = |b: u8| b.is_ascii_digit() || matches!(b, b'a'..=b'f');
        (value.len() == 32 && value.bytes().all(digits)).then(|| Browser(value.to_owned()))
    }

    /// The cookie's value.
    pub(super) fn value(&self) -> &str {
        &self.0
    }
}

impl Secret {
    /// A new one.
    pub(super) fn new() -> Option<Self> {
        hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok().map(Secret)
    }

    /// What stands in the forms of this browser for this operator.
    pub(super) fn token(&self, browser: &Browser, who: &str) -> String {
        hex(hmac::sign(&self.0, Self::signed(browser, who).as_bytes()).as_ref())
    }

    /// Whether a form was written for this browser and this operator. The comparison takes as long for any.
    pub(super) fn is_token(&self, token: &str, browser: &Browser, who: &str) -> bool {
        let digit = |b: &u8| char::from(*b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let pairs = token.as_bytes().chunks(2).map(|pair| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        });
        let Some(tag) = pairs.collect::<Option<Vec<u8>>>() else { return false };
        hmac::verify(&self.0, Self::signed(browser, who).as_bytes(), &tag).is_ok()
    }

    /// The cookie has one length, so that nobody's name can be a part of it.
    fn signed(browser: &Browser, who: &str) -> String {
        format!("{} {who}", browser.value())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_good_for_one_browser_one_operator_and_one_process() {
        let (secret, other) = (Secret::new().unwrap(), Secret::new().unwrap());
        let (ana, bob) = (Browser::new().unwrap(), Browser::new().unwrap());
        let token = secret.token(&ana, "ana");
        assert_eq!(token.len(), 64);
        assert!(secret.is_token(&token, &ana, "ana"));
        assert!(!secret.is_token(&token, &bob, "ana") && !secret.is_token(&token, &ana, "bob"));
        assert!(!other.is_token(&token, &ana, "ana"));
        let cut = token.len() - 2;
        for bad in ["", "0", "zz", "é", &token[..cut], &token[1..], &format!("{token}00")] {
            assert!(!secret.is_token(bad, &ana, "ana"), "{bad:?}");
        }
    }

    #[test]
    fn only_what_can_be_ours_is_a_cookie() {
        let new = Browser::new().unwrap();
        assert_eq!(Browser::read(new.value()), Some(new.clone()));
        assert_ne!(Browser::new().unwrap(), new);
        for bad in ["", "0123", &"G".repeat(32), &"A".repeat(32), &"0".repeat(33), "é23456789012345678901234567890a"] {
            assert_eq!(Browser::read(bad), None, "{bad}");
        }
    }
}
