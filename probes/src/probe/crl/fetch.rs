//! What the authorities publish (`--fetch`): each address of `.crl_url` is asked, and the list there compared with the one here.
//! That tells whose fault a stale list is. Nothing is written: fetching for services is fetch-crl's task.

use super::consumer::Consumer;
use super::judge::{Judge, Signatures};
use crate::net::http::{Answer, Trust, date, get};
use crate::trust::crl::{Crl, Found, read_file};
use crate::trust::store::{Authority, Store};
use crate::trust::time::{HOUR, Seconds, length, shown};
use plugin::{Context, Finding, Threshold};
use std::sync::Mutex;
use std::sync::PoisonError;

/// So many are asked at once.
const AT_ONCE: usize = 12;
/// A list is not longer than this.
const LARGEST: u64 = 512 << 20;
/// fetch-crl comes every six hours; so long after a new list it should be here.
const TAKEN: Seconds = 24 * HOUR;

/// One authority to ask about, with the list that is here.
pub struct Task<'a> {
    /// The authority.
    pub authority: &'a Authority,
    /// When the list here was issued, and when it expires.
    pub here: Option<(Seconds, Option<Seconds>)>,
}

/// Asks for all of them.
pub fn compare(store: &Store, tasks: &[Task<'_>], now: Seconds, context: &Context) -> Vec<Finding> {
    if tasks.is_empty() {
        return Vec::new();
    }
    context.doing("fetching the lists that the authorities publish");
    let next = Mutex::new(tasks.iter());
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(tasks.len()) {
            scope.spawn(|| {
                loop {
                    let task = next.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(task) = task else { break };
                    let findings = one(store, task, now, context);
                    found.lock().unwrap_or_else(PoisonError::into_inner).extend(findings);
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by(|a: &Finding, b| a.subject.cmp(&b.subject));
    found
}

fn one(store: &Store, task: &Task<'_>, now: Seconds, context: &Context) -> Vec<Finding> {
    let alias = &task.authority.alias;
    let Some(text) = store.file_of(task.authority, "crl_url").and_then(|name| store.text(&name).ok()) else {
        return Vec::new();
    };
    let addresses: Vec<&str> = text.split_whitespace().filter(|word| word.contains("://")).collect();
    let mut found = Vec::new();
    let mut reached = false;
    for address in &addresses {
        match published(address, task, context) {
            Ok(Some(crl)) => {
                reached = true;
                found.extend(against(&crl, address, task, now));
            }
            // Not changed since the list here was issued.
            Ok(None) => reached = true,
            Err(why) if context.deadline.remaining().is_zero() => {
                found.push(Finding::unknown("not_fetched_in_time", format!("{address}: {why}")))
            }
            Err(why) => found.push(Finding::ok("url_fails", format!("{address} gives no list: {why}"))),
        }
    }
    if !reached && !addresses.is_empty() && found.iter().all(|f| f.id == "url_fails") {
        // Every address fails: then the list here will expire.
        let why = found.first().map(|f| f.text.clone()).unwrap_or_default();
        found = vec![Finding::warning("url_fails", format!("{why}; the authority's matter if others see it, too"))];
    }
    found.into_iter().map(|f| f.about(alias)).collect()
}

/// The list at an address; nothing when it has not changed.
fn published(address: &str, task: &Task<'_>, context: &Context) -> Result<Option<Crl>, String> {
    let since = task.here.and_then(|(issued, _)| date(issued));
    let body = match get(address, since.as_deref(), LARGEST, Trust::Content, context)? {
        Answer::NotModified => return Ok(None),
        Answer::Body(body) => body,
    };
    match read_file(body, &[]).map_err(|e| e.to_string())? {
        Found::Lists(_, lists) => match lists.into_iter().next() {
            Some(Ok(crl)) => Ok(Some(crl)),
            Some(Err(why)) => Err(format!("what comes is no revocation list: {why}")),
            None => Err("what comes is no revocation list".to_owned()),
        },
        Found::Empty => Err("what comes is empty".to_owned()),
        Found::Other(what) => Err(format!("what comes is no revocation list but {what}")),
    }
}

fn against(crl: &Crl, address: &str, task: &Task<'_>, now: Seconds) -> Option<Finding> {
    let key = task.authority.certificate.key();
    let signatures = Signatures::by(&key);
    let authority = &task.authority.certificate;
    let judge = Judge { consumer: Consumer::Openssl, authority, key: &signatures, lifetime: Threshold::default(), now };
    let faults = judge.findings(crl);
    let fault = faults.iter().find(|f| f.state() >= plugin::State::Unknown);
    match (fault, task.here) {
        (Some(fault), _) if fault.id == "expired" => Some(Finding::warning(
            "published_stale",
            format!("{address}: the list there is no newer, it expired, too: the authority is late"),
        )),
        (Some(fault), _) => Some(Finding::warning("published_bad", format!("{address}: {}", fault.text))),
        (None, Some((issued, _))) if crl.this_update > issued && now - crl.this_update > TAKEN => {
            let (there, age) = (shown(crl.this_update), length(now - crl.this_update));
            Some(Finding::warning(
                "not_taken",
                format!(
                    "{address} has a newer list since {age} ({there}), and it is not here: fetch-crl does not take it"
                ),
            ))
        }
        (None, None) => {
            Some(Finding::ok("published", format!("{address} has a list in order: fetching is this site's matter")))
        }
        (None, Some((_, Some(next)))) if next <= now => {
            Some(Finding::ok("published", format!("{address} has a list in order: fetching is this site's matter")))
        }
        _ => None,
    }
}
