//! A paged search whose entries are handed over one by one, as bytes.
use std::ops::ControlFlow;
use std::time::Instant;

use super::ber::Malformed;
use super::connection::{Connection, Frame, Transport, refused};
use super::error::LdapError;
use super::message::{self, Answer, Filter, RawEntry, ResultCode, Scope, SearchRequest};

/// Pages without an entry that are believed in a row; then the server goes in circles.
const EMPTY_PAGES: u32 = 64;

/// Entries that were skipped are remembered by name up to this many.
const SKIPPED: usize = 1000;

/// What is searched.
#[derive(Debug, Clone)]
pub struct Search<'a> {
    /// baseObject
    pub base: &'a str,
    /// scope
    pub scope: Scope,
    /// filter
    pub filter: Filter,
    /// Names of attributes; none: all that are not operational.
    pub attributes: &'a [&'a str],
    /// Entries a page; 0: without pages.
    pub page: i32,
}

/// How far a search came, also when it ended in an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Entries handed over.
    pub entries: u64,
    /// Entries that were too long for [`super::Limits::message`] and were skipped.
    pub skipped: u64,
    /// The DNs and the lengths of the first of them, where the DN could be read.
    pub skipped_names: Vec<(Vec<u8>, u64)>,
    /// References to other servers, which are not followed.
    pub references: u64,
    /// The first of them.
    pub first_reference: Option<String>,
}

impl Progress {
    /// How many entries were skipped of which not even the name is known.
    pub fn nameless(&self) -> u64 {
        self.skipped - self.skipped_names.len() as u64
    }
}

/// How a page ended, and the cookie for the next one.
type PageEnd = (Done, Option<Vec<u8>>);

/// How a search ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// resultCode
    pub code: ResultCode,
    /// matchedDN
    pub matched: String,
    /// diagnosticMessage
    pub diagnostic: String,
    /// The first URI of a referral.
    pub referral: Option<String>,
    /// Whether the closure stopped it.
    pub stopped: bool,
}

impl<S: Transport> Connection<S> {
    /// Runs a search and hands each entry to `each`, which may break it off. Beyond a result code that is not success this is
    /// no error: the caller knows what noSuchObject means to it.
    pub fn search(
        &mut self,
        search: &Search<'_>,
        progress: &mut Progress,
        mut each: impl FnMut(RawEntry<'_>) -> ControlFlow<()>,
    ) -> Result<Done, LdapError> {
        let mut cookie: Vec<u8> = Vec::new();
        let mut empty_pages = 0;
        loop {
            self.set_phase("to the search");
            let left = self.deadline().saturating_duration_since(Instant::now()).as_secs();
            let id = self.next_id();
            let request = SearchRequest {
                base: search.base,
                scope: search.scope,
                filter: &search.filter,
                attributes: search.attributes,
                time_limit: i32::try_from(left + 1).unwrap_or(0),
                page: search.page,
                cookie: &cookie,
            };
            self.send(&message::search(id, &request))?;
            let before = progress.entries + progress.skipped;
            let (done, next) = match self.page(id, progress, &mut each)? {
                ControlFlow::Continue(end) => end,
                ControlFlow::Break(()) => {
                    let empty = String::new;
                    let code = ResultCode::SUCCESS;
                    return Ok(Done { code, matched: empty(), diagnostic: empty(), referral: None, stopped: true });
                }
            };
            match next {
                Some(next) if done.code == ResultCode::SUCCESS => cookie = next,
                _ => return Ok(done),
            }
            empty_pages = if progress.entries + progress.skipped == before { empty_pages + 1 } else { 0 };
            if empty_pages > EMPTY_PAGES {
                return Err(LdapError::TooMuch { limit: EMPTY_PAGES.into(), unit: "pages without an entry" });
            }
        }
    }

    /// Reads the answers to one request.
    fn page(
        &mut self,
        id: i32,
        progress: &mut Progress,
        each: &mut impl FnMut(RawEntry<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<(), PageEnd>, LdapError> {
        loop {
            let (start, end) = match self.frame()? {
                Frame::Whole(start, end) => (start, end),
                Frame::Skipped(len, dn) => {
                    progress.skipped += 1;
                    if progress.skipped_names.len() < SKIPPED {
                        progress.skipped_names.extend(dn.map(|dn| (dn, len)));
                    }
                    continue;
                }
            };
            self.set_phase("in mid-answer");
            let bytes = self.bytes(start, end);
            let (from, answer) = message::read(bytes).map_err(|Malformed| LdapError::not_ldap(bytes))?;
            if let Answer::Unsolicited(outcome) = answer {
                return Err(refused("to go on", outcome));
            }
            if from != i64::from(id) {
                continue;
            }
            match answer {
                Answer::Entry(entry) => {
                    progress.entries += 1;
                    if progress.entries > self.limits.entries {
                        return Err(LdapError::TooMuch { limit: self.limits.entries, unit: "entries" });
                    }
                    if each(entry).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Answer::Reference(uri) => {
                    progress.references += 1;
                    if progress.first_reference.is_none() {
                        progress.first_reference = Some(text(uri));
                    }
                }
                Answer::Done(outcome, cookie) => {
                    let done = Done {
                        code: outcome.code,
                        matched: text(outcome.matched),
                        diagnostic: text(outcome.diagnostic),
                        referral: outcome.referral.map(text),
                        stopped: false,
                    };
                    return Ok(ControlFlow::Continue((done, cookie.map(<[u8]>::to_vec))));
                }
                Answer::Bound(_) | Answer::Unsolicited(_) | Answer::Other => {}
            }
        }
    }
}

/// A server's words, cut to what a line can bear.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(512)]).into_owned()
}
