//! Why a document was not taken as an answer of GOCDB.

use super::Method;
use thiserror::Error;

/// A document that was not taken: which method, from where, why, and what to do.
#[derive(Clone, Debug, Error, Eq, PartialEq)]
#[error("{method} from {place}: {problem}")]
pub struct DocumentError {
    /// Whose answer it should have been.
    pub method: Method,
    /// Path or address.
    pub place: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a document. Texts out of the document are cut to one line of 120 characters.
#[derive(Clone, Debug, Error, Eq, PartialEq)]
pub enum Problem {
    /// Nothing but white space.
    #[error("the document is empty; look at GOCDB's status, and ask again later")]
    Empty,
    /// A web page: a login, a maintenance notice, a proxy's error.
    #[error(
        "this is a web page ({title:?}), not GOCDB's XML; check the address and whether it asks for a client certificate"
    )]
    Html {
        /// Its title, or its first line.
        title: String,
    },
    /// An error in words, which is how GOCDB answers a wrong parameter.
    #[error("GOCDB answers in words: {text:?}; check the method and the parameters in the address")]
    Words {
        /// Its first line.
        text: String,
    },
    /// Another root element.
    #[error("the root element is {found:?}, not results; check the address")]
    WrongRoot {
        /// The root's name.
        found: String,
    },
    /// Rows of another method.
    #[error(
        "its rows are those of {found}; set the source under that method's name, or correct method= in the address"
    )]
    WrongMethod {
        /// The method, or the row's element where the method is not clear.
        found: String,
    },
    /// Rows, and none of them usable.
    #[error("none of its {rows} rows could be used ({example}); check method= in the address")]
    NoUsableRow {
        /// How many rows.
        rows: u64,
        /// The first that was skipped, and why.
        example: String,
    },
    /// The document ends before its root element does.
    #[error("the document breaks off at byte {at}; ask again, and raise the timeout if it stays so")]
    Truncated {
        /// Where.
        at: u64,
    },
    /// Not XML.
    #[error("not well-formed at byte {at} ({what}); ask again, and report it to GOCDB if it stays so")]
    Malformed {
        /// Where.
        at: u64,
        /// What.
        what: String,
    },
    /// It declares a document type, which GOCDB never does; entities could be hidden in it.
    #[error("it declares a document type, which GOCDB's answers never do; check who answers at this address")]
    DocumentType,
    /// Longer than allowed.
    #[error("longer than {limit} bytes; narrow the query, use paging, or raise max_bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// Elements nested deeper than any rendering of GOCDB.
    #[error("elements nested deeper than {limit} levels at byte {at}; check who answers at this address")]
    TooDeep {
        /// The limit.
        limit: usize,
        /// Where.
        at: u64,
    },
    /// One row with more elements than any service has.
    #[error("a row with more than {limit} elements at byte {at}; check who answers at this address")]
    RowTooLarge {
        /// The limit.
        limit: usize,
        /// Where.
        at: u64,
    },
}

/// The first line that is not blank, at most 120 characters of it, without control characters.
pub(super) fn first_line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(120).collect()
}

/// The first line of a page's beginning, without what stands in angle brackets.
pub(in crate::topology) fn plain(page: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for c in page.chars().take(4096) {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            c if !in_tag => text.push(c),
            _ => {}
        }
    }
    first_line(&text)
}
