//! A source's whole answer: a file, one document, or all its pages.

use super::config::{ConfigError, Place, SourceConfig};
use super::gocdb::{self, DocumentError, Limits, Method, Rows};
use super::http::{Client, FetchError, Got, Validators};
use super::load_dir::read_file;
use std::path::PathBuf;
use thiserror::Error;
use ureq::http::Uri;

/// A source, ready to be asked.
#[derive(Debug)]
pub struct Fetcher {
    method: Method,
    place: Reach,
    paging: bool,
    limits: Limits,
}

#[derive(Debug)]
enum Reach {
    File(PathBuf),
    Address(Box<Client>, Uri),
}

/// What a source gave.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fetched {
    /// The server says that the last answer still holds.
    NotModified,
    /// An answer.
    Answer {
        /// Its documents: one, or as many as it has pages with rows (at least the first).
        pages: Vec<Vec<u8>>,
        /// For the next time; none for a paged answer, whose first page says nothing about the others.
        validators: Validators,
    },
}

/// Why there is no answer.
#[derive(Clone, Debug, Error, Eq, PartialEq)]
pub enum AnswerError {
    /// It could not be got.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// What was got is no answer.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

/// No GOCDB has a million rows.
const MAX_PAGES: usize = 10_000;

impl Fetcher {
    /// Prepares a source: reads its certificates; opens no connection. The second value says what was left out of the
    /// folder of trust anchors.
    pub fn new(method: Method, source: &SourceConfig) -> Result<(Self, Vec<String>), ConfigError> {
        let place = source.place().map_err(|what| ConfigError { key: format!("{method}.source"), what })?;
        let mut notes = Vec::new();
        let place = match place {
            Place::File(path) => Reach::File(path),
            Place::Address(uri) => {
                let (client, left_out) = Client::new(method, &uri, source)?;
                notes = left_out;
                Reach::Address(Box::new(client), uri)
            }
        };
        let limits = Limits { bytes: source.max_bytes, ..Limits::default() };
        Ok((Fetcher { method, place, paging: source.paging, limits }, notes))
    }

    /// The path or address, for messages.
    pub fn place(&self) -> String {
        match &self.place {
            Reach::File(path) => path.display().to_string(),
            Reach::Address(_, uri) => uri.to_string(),
        }
    }

    /// Reads the pages of an answer into rows.
    pub fn read(&self, pages: &[Vec<u8>]) -> Result<Rows, DocumentError> {
        read_pages(self.method, &self.place(), pages, &self.limits)
    }

    /// Gets the answer. Of a paged one every page has to be there, or none is taken.
    pub fn fetch(&self, validators: &Validators) -> Result<Fetched, AnswerError> {
        match &self.place {
            Reach::File(path) => {
                let bytes = read_file(path, self.limits.bytes)
                    .map_err(|e| self.error(crate::access::because(path, &e, false)))?;
                Ok(Fetched::Answer { pages: vec![bytes], validators: Validators::default() })
            }
            Reach::Address(client, uri) if self.paging => self.all_pages(client, uri),
            Reach::Address(client, uri) => match client.get(uri, validators)? {
                Got::NotModified => Ok(Fetched::NotModified),
                Got::Body { bytes, validators } => {
                    let rows = gocdb::parse(self.method, &uri.to_string(), &bytes, &self.limits)?;
                    if rows.seen() > 0 && rows.page().is_some_and(|p| p.next.is_some()) {
                        let what =
                            "this is one page of an answer; set paging = true, or take the cursor out of the address";
                        return Err(self.error(what.to_owned()).into());
                    }
                    Ok(Fetched::Answer { pages: vec![bytes], validators })
                }
            },
        }
    }

    fn all_pages(&self, client: &Client, uri: &Uri) -> Result<Fetched, AnswerError> {
        let mut pages = Vec::new();
        let mut cursor = 0u64;
        let mut left = self.limits.bytes;
        loop {
            let page_uri =
                with_cursor(uri, cursor).ok_or_else(|| self.error("the cursor makes no address".to_owned()))?;
            let Got::Body { bytes, .. } = client.get(&page_uri, &Validators::default())? else {
                return Err(self
                    .error("a page was answered 304 although nothing was asked about it".to_owned())
                    .into());
            };
            let rows = gocdb::parse(self.method, &page_uri.to_string(), &bytes, &self.limits)?;
            let page = rows.page().cloned().unwrap_or_default();
            let end = rows.seen() == 0 || page.count == Some(0);
            left = left.checked_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX)).ok_or_else(|| {
                self.error(format!(
                    "its pages are longer than {} bytes; narrow the query or raise max_bytes",
                    self.limits.bytes
                ))
            })?;
            // An empty first page is the answer: there is nothing.
            if !end || pages.is_empty() {
                pages.push(bytes);
            }
            if end || page.next.is_none() {
                return Ok(Fetched::Answer { pages, validators: Validators::default() });
            }
            let next = page.next_cursor().and_then(|c| c.parse().ok()).filter(|next| *next > cursor);
            cursor = next.filter(|_| pages.len() < MAX_PAGES).ok_or_else(|| {
                self.error(format!(
                    "page {} does not lead on ({:?}); ask without paging",
                    pages.len(),
                    page.next.unwrap_or_default()
                ))
            })?;
        }
    }

    fn error(&self, what: String) -> FetchError {
        FetchError { method: self.method, place: self.place(), what }
    }
}

/// Reads documents of one method into the rows of one answer.
pub fn read_pages(method: Method, place: &str, pages: &[Vec<u8>], limits: &Limits) -> Result<Rows, DocumentError> {
    let mut all: Option<Rows> = None;
    for page in pages {
        let rows = gocdb::parse(method, place, page, limits)?;
        all = Some(match all {
            None => rows,
            Some(before) => before.and(rows),
        });
    }
    all.map_or_else(|| gocdb::parse(method, place, b"", limits), Ok)
}

/// The address with the cursor in it, instead of any that stands there.
fn with_cursor(uri: &Uri, cursor: u64) -> Option<Uri> {
    let kept = uri.query().unwrap_or_default().split('&');
    let mut query: Vec<&str> =
        kept.filter(|p| !p.is_empty() && !p.starts_with("next_cursor=") && !p.starts_with("prev_cursor=")).collect();
    let cursor = format!("next_cursor={cursor}");
    query.push(&cursor);
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(format!("{}?{}", uri.path(), query.join("&")).parse().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests;
