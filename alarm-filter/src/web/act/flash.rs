//! What became of an action, said once on the page that the browser is sent to. It is kept here under a random key that only
//! the browser that acted can use: nothing that somebody else wrote into an address is ever shown as an answer of ours.

use super::secret::{Browser, random};
use alarm_core::time::{MINUTE, Millis, SECOND, Timestamp};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// How long it can be shown again, by loading the page anew.
const KEPT: Millis = 10 * MINUTE;
/// How many are kept; of more, the oldest go.
const MOST: usize = 1_000;
/// How long undoing is offered beside it; later it is on `/trail` and on the alarm's page.
pub(super) const UNDO: Millis = 10 * SECOND;

/// What became of an action.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::web) struct Flash {
    /// Whether it was done.
    pub(in crate::web) outcome: Outcome,
    /// In one sentence.
    pub(in crate::web) heading: String,
    /// What was refused, and why, one line each.
    pub(in crate::web) lines: Vec<Line>,
    /// How many more lines there would be.
    pub(in crate::web) more: usize,
    /// The record that can be taken back; `None`: nothing can.
    pub(in crate::web) undo: Option<u64>,
    /// When.
    pub(in crate::web) at: Timestamp,
}

/// How an action ended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::web) enum Outcome {
    /// All of it was done.
    #[default]
    Done,
    /// Some of it was.
    Partly,
}

impl Outcome {
    /// The class that goes with it.
    pub(in crate::web) fn word(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Partly => "partly",
        }
    }
}

/// One line, made visible.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::web) struct Line {
    /// The alarm that it is about; empty: none.
    pub(in crate::web) id: String,
    /// What that is.
    pub(in crate::web) what: String,
    /// What is said of it.
    pub(in crate::web) text: String,
}

/// Those that can still be shown.
#[derive(Debug, Default)]
pub(super) struct Flashes(Mutex<VecDeque<Kept>>);

#[derive(Debug)]
struct Kept {
    key: String,
    browser: Browser,
    flash: Arc<Flash>,
}

impl Flash {
    /// Whether undoing is still offered.
    pub(in crate::web) fn offers_undo(&self, now: Timestamp) -> bool {
        self.undo.is_some() && (0..UNDO).contains(&now.since(self.at))
    }
}

impl Flashes {
    /// Keeps one; gives back its key.
    pub(super) fn keep(&self, browser: &Browser, flash: Flash) -> Option<String> {
        let key = random::<8>()?;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = flash.at;
        all.retain(|k| now.since(k.flash.at) < KEPT);
        if all.len() >= MOST {
            all.pop_front();
        }
        all.push_back(Kept { key: key.clone(), browser: browser.clone(), flash: Arc::new(flash) });
        Some(key)
    }

    /// The one of this key, when it is this browser's.
    pub(super) fn find(&self, browser: &Browser, key: &str, now: Timestamp) -> Option<Arc<Flash>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.iter().find(|k| k.key == key && k.browser == *browser)?;
        (now.since(found.flash.at) < KEPT).then(|| found.flash.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_browser_that_acted_sees_it_and_not_for_ever() {
        let (all, now) = (Flashes::default(), Timestamp::from_secs(1_000));
        let (ana, bob) = (Browser::new().unwrap(), Browser::new().unwrap());
        let flash = Flash { heading: "switched off".into(), at: now, undo: Some(7), ..Flash::default() };
        let key = all.keep(&ana, flash).unwrap();
        assert_eq!(all.find(&ana, &key, now).unwrap().heading, "switched off");
        assert!(all.find(&bob, &key, now).is_none() && all.find(&ana, "0123456789abcdef", now).is_none());
        assert!(all.find(&ana, &key, now.plus(KEPT)).is_none());
        let found = all.find(&ana, &key, now).unwrap();
        assert!(found.offers_undo(now.plus(UNDO - 1)) && !found.offers_undo(now.plus(UNDO)));
    }

    #[test]
    fn no_more_than_so_many_are_kept() {
        let (all, ana, now) = (Flashes::default(), Browser::new().unwrap(), Timestamp::from_secs(1_000));
        let keep = || all.keep(&ana, Flash { at: now, ..Flash::default() }).unwrap();
        let first = keep();
        (1..=MOST).for_each(|_| drop(keep()));
        assert!(all.find(&ana, &first, now).is_none());
        assert_eq!(all.0.lock().unwrap().len(), MOST);
    }
}
