//! One method's part of a refresh: its source, its last good rows, and when it is asked next.

use super::cache::{self, LastGood};
use super::fetch::{Fetched, Fetcher};
use super::gocdb::{Method, Rows};
use super::guard::Loss;
use super::http::Validators;
use alarm_core::time::{MINUTE, Millis, Timestamp};
use std::collections::BTreeSet;
use std::path::Path;

/// Why a method has no new answer. The last good copy stays in force.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// Which method.
    pub method: Method,
    /// What happened and what to do, one line.
    pub message: String,
    /// The answer was good, but would take away too much: these are the numbers.
    pub refused: Option<Loss>,
    /// When the last good copy was last confirmed; `None`: there is none.
    pub last_good: Option<Timestamp>,
    /// How old that is, in milliseconds.
    pub age: Option<Millis>,
}

/// What came of asking.
pub(super) enum Asked {
    Same,
    New,
    Problem(Problem),
}

pub(super) struct Part {
    pub(super) method: Method,
    pub(super) fetcher: Fetcher,
    pub(super) poll: Millis,
    pub(super) due: Option<Timestamp>,
    pub(super) rows: Option<Rows>,
    pub(super) hash: String,
    validators: Validators,
    pub(super) confirmed: Option<Timestamp>,
    pub(super) problem: Option<Problem>,
    /// Somebody accepted this loss: an answer that takes away no more is let through, once.
    accept: Option<Loss>,
}

impl Part {
    pub(super) fn new(method: Method, fetcher: Fetcher, poll: Millis) -> Self {
        Part {
            method,
            fetcher,
            poll,
            due: None,
            rows: None,
            hash: String::new(),
            validators: Validators::default(),
            confirmed: None,
            problem: None,
            accept: None,
        }
    }

    /// Takes up the last good copy from disk; the error is for the notes.
    pub(super) fn restore(&mut self, dir: &Path, limit: u64) -> Result<(), String> {
        let Some(copy) = cache::load(dir, self.method, limit).map_err(|e| e.to_string())? else { return Ok(()) };
        let rows = self.fetcher.read(&copy.pages).map_err(|e| format!("the last good copy is of no use: {e}"))?;
        // Another source's validators would be answered 304 for something that was never asked of it.
        if copy.place == self.fetcher.place() {
            self.validators = copy.validators;
        }
        (self.rows, self.hash, self.confirmed) = (Some(rows), copy.hash, Some(copy.confirmed));
        Ok(())
    }

    /// Whether it is to be asked; also when the clock was set back by more than an interval.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.due.is_none_or(|due| due <= now || due.since(now) > self.poll)
    }

    /// Accepts what stands refused, so that it is taken at once; `false`: nothing is refused here.
    pub(super) fn accept(&mut self) -> bool {
        self.accept = self.problem.as_ref().and_then(|p| p.refused);
        if self.accept.is_some() {
            self.due = None;
        }
        self.accept.is_some()
    }

    /// Asks the source. `limit` is the share of known objects that may vanish.
    pub(super) fn ask(&mut self, now: Timestamp, dir: &Path, limit: f64, notes: &mut Vec<String>) -> Asked {
        let asked = self.try_ask(now, dir, limit, notes);
        self.accept = None;
        let wait = match &asked {
            // After a failure sooner, but never so soon that it burdens a GOCDB in trouble.
            Asked::Problem(_) => self.poll.min(2 * MINUTE),
            _ => self.poll,
        };
        self.due = Some(now.plus(wait));
        self.problem = match &asked {
            Asked::Problem(p) => Some(p.clone()),
            _ => None,
        };
        asked
    }

    fn try_ask(&mut self, now: Timestamp, dir: &Path, limit: f64, notes: &mut Vec<String>) -> Asked {
        let (pages, validators) = match self.fetcher.fetch(&self.validators) {
            Ok(Fetched::NotModified) => return self.confirmed(now, dir, notes),
            Ok(Fetched::Answer { pages, validators }) => (pages, validators),
            Err(e) => return self.fail(now, e.to_string(), None),
        };
        let hash = cache::hash(&pages);
        if self.rows.is_some() && hash == self.hash {
            self.validators = validators;
            return self.confirmed(now, dir, notes);
        }
        let rows = match self.fetcher.read(&pages) {
            Ok(rows) => rows,
            Err(e) => return self.fail(now, e.to_string(), None),
        };
        if let Some(loss) = self.loss(&rows).filter(|l| l.is_beyond(limit)) {
            // What was accepted is the loss that somebody saw, not a larger one that came meanwhile.
            if !self.accept.is_some_and(|a| loss.lost <= a.lost && loss.now.min(1) == a.now.min(1)) {
                let message = format!(
                    "{} from {}: refused, {loss} (limit {limit}); check the query, or accept it by creating {}",
                    self.method,
                    self.fetcher.place(),
                    dir.join(super::refresh::ACCEPT_SHRINK).display()
                );
                return self.fail(now, message, Some(loss));
            }
            notes.push(format!("{}: accepted by command although {loss}", self.method));
        }
        let copy = LastGood {
            place: self.fetcher.place(),
            fetched: now,
            confirmed: now,
            validators: validators.clone(),
            hash: hash.clone(),
            pages,
        };
        if let Err(e) = cache::store(dir, self.method, &copy) {
            notes.push(e.to_string());
        }
        notes.extend(rows.remarks().to_lines());
        (self.rows, self.hash, self.validators, self.confirmed) = (Some(rows), hash, validators, Some(now));
        Asked::New
    }

    fn confirmed(&mut self, now: Timestamp, dir: &Path, notes: &mut Vec<String>) -> Asked {
        self.confirmed = Some(now);
        if let Err(e) = cache::confirm(dir, self.method, now) {
            notes.push(e.to_string());
        }
        Asked::Same
    }

    fn fail(&self, now: Timestamp, message: String, refused: Option<Loss>) -> Asked {
        Asked::Problem(Problem {
            method: self.method,
            message,
            refused,
            last_good: self.confirmed,
            age: self.confirmed.map(|t| now.since(t)),
        })
    }

    /// What the new rows would take away; `None` for downtimes, which may well all be over.
    fn loss(&self, new: &Rows) -> Option<Loss> {
        match (self.rows.as_ref(), new) {
            (Some(Rows::Sites(old)), Rows::Sites(new)) => Some(between(&old.rows, &new.rows, |r| r.name.clone())),
            (_, Rows::Sites(new)) => Some(between(&[], &new.rows, |r| r.name.clone())),
            (Some(Rows::Services(old)), Rows::Services(new)) => {
                Some(between(&old.rows, &new.rows, |r| (r.host.clone(), r.service_type.clone())))
            }
            (_, Rows::Services(new)) => Some(between(&[], &new.rows, |r| (r.host.clone(), r.service_type.clone()))),
            (_, Rows::Rocs(new)) => Some(between(&[], &new.rows, |r| r.name.clone())),
            (_, Rows::Downtimes(_)) => None,
        }
    }
}

fn between<R, K: Ord>(old: &[R], new: &[R], key: impl Fn(&R) -> K) -> Loss {
    let names = |rows: &[R]| rows.iter().map(&key).collect::<BTreeSet<K>>();
    Loss::between(&names(old), &names(new))
}
