//! One answer as rows, with what was left out of it.

use super::element::{Element, Limits, Walk, text};
use super::page::Page;
use super::problem::Problem;
use super::{Method, problem};

/// The rows of one answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Document<T> {
    /// The usable rows, in the document's order.
    pub rows: Vec<T>,
    /// How many elements of the row kind the document held, usable or not. 0 is a well-formed answer without any, which
    /// is no error here: whether nothing is an acceptable answer depends on the method.
    pub seen: u64,
    /// The paging block.
    pub page: Option<Page>,
    /// What was left out or taken with a default.
    pub remarks: Remarks,
}

/// What was left out of an answer or taken with a default: counted in full, and the first few in words.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Remarks {
    /// How many rows were skipped.
    pub skipped: u64,
    /// How many remarks there are, skipped rows included.
    pub count: u64,
    /// The first [`Remarks::KEPT`] of them, a line each.
    pub lines: Vec<String>,
}

impl Remarks {
    /// How many lines are kept.
    pub const KEPT: usize = 20;

    /// Adds a line.
    pub fn add(&mut self, line: impl FnOnce() -> String) {
        self.count += 1;
        if self.lines.len() < Self::KEPT {
            self.lines.push(line());
        }
    }

    /// Adds all of another's.
    pub fn extend(&mut self, other: &Remarks) {
        self.skipped += other.skipped;
        self.count += other.count;
        let room = Self::KEPT.saturating_sub(self.lines.len());
        self.lines.extend(other.lines.iter().take(room).cloned());
    }

    /// The lines, and how many more there were.
    pub fn to_lines(&self) -> Vec<String> {
        let mut lines = self.lines.clone();
        let more = self.count.saturating_sub(u64::try_from(lines.len()).unwrap_or(u64::MAX));
        if more > 0 {
            lines.push(format!("and {more} more remarks like these"));
        }
        lines
    }
}

/// Why a row cannot be used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Unfit {
    /// It lacks something, or has something unreadable: this row is skipped.
    Row(String),
    /// It is a row of another method: the document is refused.
    Document(Problem),
}

impl Unfit {
    /// A required element is missing or blank.
    pub(super) fn lacks(element: &str) -> Self {
        Unfit::Row(format!("has no {element}"))
    }
}

impl<T> Document<T> {
    /// Reads a document of `method`; `read` turns each row's element into rows.
    pub(super) fn read(
        method: Method,
        document: &[u8],
        limits: &Limits,
        mut read: impl FnMut(&Element, &mut Document<T>) -> Result<(), Unfit>,
    ) -> Result<Self, Problem> {
        // Before any conversion, which may make the text longer.
        if u64::try_from(document.len()).unwrap_or(u64::MAX) > limits.bytes {
            return Err(Problem::TooLarge { limit: limits.bytes });
        }
        let text = text(document);
        // Replacement characters are longer than the bytes that they replace.
        let limits = Limits { bytes: limits.bytes.saturating_mul(3), ..limits.clone() };
        let mut walk = Walk::new(&text, &limits)?;
        let mut doc = Document { rows: Vec::new(), seen: 0, page: None, remarks: Remarks::default() };
        while let Some(element) = walk.next_element()? {
            if element.name == "meta" {
                doc.page = Some(Page::read(&element));
                continue;
            }
            if element.name != method.row_element() {
                let found = Method::ALL.into_iter().find(|m| m.row_element() == element.name);
                return Err(Problem::WrongMethod {
                    found: found.map_or_else(|| problem::first_line(&element.name), |m| m.name().to_owned()),
                });
            }
            doc.seen += 1;
            match read(&element, &mut doc) {
                Ok(()) => {}
                Err(Unfit::Document(problem)) => return Err(problem),
                Err(Unfit::Row(why)) => doc.skip(&element, &why),
            }
        }
        if doc.rows.is_empty() && doc.remarks.skipped > 0 {
            let example = doc.remarks.lines.first().cloned().unwrap_or_default();
            return Err(Problem::NoUsableRow { rows: doc.seen, example });
        }
        Ok(doc)
    }

    /// These rows and those of a further page; the paging block is the last one's.
    pub(super) fn and(mut self, more: Document<T>) -> Self {
        self.rows.extend(more.rows);
        self.seen += more.seen;
        self.page = more.page;
        self.remarks.extend(&more.remarks);
        self
    }

    /// Counts a row as skipped and names its PRIMARY_KEY.
    pub(super) fn skip(&mut self, element: &Element, why: &str) {
        self.remarks.skipped += 1;
        self.remarks.add(|| format!("{} {} {why}; the row is skipped", element.name, key(element)));
    }
}

/// The row's PRIMARY_KEY: an element in most renderings, an attribute in all; `(without key)` when there is none.
pub(super) fn key(element: &Element) -> &str {
    element.value("PRIMARY_KEY").or_else(|| element.attribute("PRIMARY_KEY")).unwrap_or("(without key)")
}

/// A yes or no: Y and N for services, TRUE and FALSE for sites; any case, and 1 and 0 too.
pub(super) fn flag(word: &str) -> Option<bool> {
    if ["Y", "YES", "TRUE", "1"].iter().any(|w| word.eq_ignore_ascii_case(w)) {
        Some(true)
    } else if ["N", "NO", "FALSE", "0"].iter().any(|w| word.eq_ignore_ascii_case(w)) {
        Some(false)
    } else {
        None
    }
}

/// A required name: present, at most 255 bytes, on one line.
pub(super) fn required<'e>(element: &'e Element, name: &str) -> Result<&'e str, Unfit> {
    let value = element.value(name).ok_or_else(|| Unfit::lacks(name))?;
    if value.len() > 255 || value.chars().any(char::is_control) {
        return Err(Unfit::Row(format!("has an unusable {name} (longer than 255 bytes, or control characters)")));
    }
    Ok(value)
}
