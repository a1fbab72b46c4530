//! Walks an answer row by row. Each row is a small tree of elements, so that a method asks for *direct* children: the
//! URL and EXTENSIONS of a service are not those of the endpoints beneath it.
//!
//! Nothing outside of the document is ever read, no document type is accepted, and an entity other than XML's own five
//! and character references stays as it is written. Memory holds the document and one row.

use super::problem::{Problem, first_line, plain};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::borrow::Cow;

/// What a document may cost.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Bytes of the whole document (64 MiB; all of EGI's services are under 15 MiB).
    pub bytes: u64,
    /// Levels of elements, the root included (16; GOCDB needs 6).
    pub depth: usize,
    /// Elements in one row (20 000; a downtime may hold thousands of services).
    pub elements: usize,
    /// Bytes of one element's text; the rest is cut off (16 KiB). One site's long description must not cost the region
    /// its topology, so this is no error.
    pub text: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { bytes: 64 << 20, depth: 16, elements: 20_000, text: 16 << 10 }
    }
}

/// An element with all that is in it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Element {
    /// Its name.
    pub name: String,
    /// Its attributes, in order.
    pub attributes: Vec<(String, String)>,
    /// Its own text, not that of its children.
    pub text: String,
    /// The elements in it, in order.
    pub children: Vec<Element>,
}

impl Element {
    /// The first direct child of that name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|c| c.name == name)
    }

    /// All direct children of that name.
    pub fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
        self.children.iter().filter(move |c| c.name == name)
    }

    /// The text of the first direct child of that name, trimmed; `None` when there is none or it is blank.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.child(name).map(|c| c.text.trim()).filter(|t| !t.is_empty())
    }

    /// An attribute, trimmed; `None` when there is none or it is blank.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.trim()).filter(|v| !v.is_empty())
    }
}

/// The direct children of a document's `results`, one after the other.
pub struct Walk<'d> {
    document: &'d str,
    reader: Reader<&'d [u8]>,
    limits: &'d Limits,
    inside: bool,
    done: bool,
}

/// The document as text: without a byte order mark, and with the replacement character for what is not UTF-8, because
/// one broken byte in one description must not cost the whole answer.
pub fn text(document: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document))
}

impl<'d> Walk<'d> {
    /// Starts at the document's beginning.
    pub fn new(document: &'d str, limits: &'d Limits) -> Result<Self, Problem> {
        if u64::try_from(document.len()).unwrap_or(u64::MAX) > limits.bytes {
            return Err(Problem::TooLarge { limit: limits.bytes });
        }
        if document.trim().is_empty() {
            return Err(Problem::Empty);
        }
        let mut reader = Reader::from_str(document);
        // A bare & in somebody's description is text to us; the row around it is still good.
        reader.config_mut().allow_dangling_amp = true;
        Ok(Walk { document, reader, limits, inside: false, done: false })
    }

    /// The next row or `meta`; `None` after the end of `results`.
    pub fn next_element(&mut self) -> Result<Option<Element>, Problem> {
        loop {
            match self.event()? {
                Event::Eof if self.done => return Ok(None),
                Event::Eof if self.inside => return Err(self.truncated()),
                Event::Eof => return Err(Problem::Words { text: first_line(self.document) }),
                Event::DocType(kind) => {
                    return Err(if kind.trim_start().to_ascii_lowercase().starts_with("html") {
                        self.html()
                    } else {
                        Problem::DocumentType
                    });
                }
                Event::Start(start) if self.inside => return self.element(&start).map(Some),
                Event::Empty(start) if self.inside => {
                    return Ok(Some(Element {
                        name: name(&start),
                        attributes: self.attributes(&start),
                        ..Element::default()
                    }));
                }
                Event::Start(start) => {
                    self.root(&start)?;
                    self.inside = true;
                }
                Event::Empty(start) => {
                    self.root(&start)?;
                    self.done = true;
                }
                Event::End(_) => {
                    self.inside = false;
                    self.done = true;
                }
                Event::Text(t) if t.trim().is_empty() => {}
                // PHP prints its complaints where they arise: before, between or after the rows.
                Event::Text(t) => return Err(Problem::Words { text: first_line(&t) }),
                Event::GeneralRef(_) | Event::CData(_) => return Err(self.malformed("text outside of a row")),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
    }

    fn root(&self, start: &BytesStart<'_>) -> Result<(), Problem> {
        let found = name(start);
        if self.done {
            return Err(self.malformed("a second root element"));
        }
        if found.eq_ignore_ascii_case("results") {
            return Ok(());
        }
        let lower = found.to_ascii_lowercase();
        if ["html", "head", "body", "title", "br", "b", "p", "h1", "h2", "center", "font", "div"]
            .contains(&lower.as_str())
        {
            return Err(self.html());
        }
        if lower == "error" || lower == "errors" {
            return Err(Problem::Words { text: plain(self.document) });
        }
        Err(Problem::WrongRoot { found: first_line(&found) })
    }

    /// Reads on to the end of the element that `start` opened.
    fn element(&mut self, start: &BytesStart<'_>) -> Result<Element, Problem> {
        let mut open = vec![Element { name: name(start), attributes: self.attributes(start), ..Element::default() }];
        let mut count = 1usize;
        loop {
            let event = self.event()?;
            let depth = open.len();
            let Some(top) = open.last_mut() else { return Err(self.malformed("an end without a start")) };
            match event {
                Event::Start(s) | Event::Empty(s) if count >= self.limits.elements => {
                    drop(s);
                    return Err(Problem::RowTooLarge {
                        limit: self.limits.elements,
                        at: self.reader.buffer_position(),
                    });
                }
                Event::Start(s) => {
                    count += 1;
                    // The root and this element count too.
                    if depth + 2 > self.limits.depth {
                        return Err(Problem::TooDeep { limit: self.limits.depth, at: self.reader.buffer_position() });
                    }
                    let attributes = self.attributes(&s);
                    open.push(Element { name: name(&s), attributes, ..Element::default() });
                }
                Event::Empty(s) => {
                    count += 1;
                    let child = Element { name: name(&s), attributes: self.attributes(&s), ..Element::default() };
                    top.children.push(child);
                }
                Event::End(_) => {
                    let Some(closed) = open.pop() else { return Err(self.malformed("an end without a start")) };
                    match open.last_mut() {
                        Some(parent) => parent.children.push(closed),
                        None => return Ok(closed),
                    }
                }
                Event::Text(t) => push(&mut top.text, &t, self.limits.text),
                Event::CData(t) => push(&mut top.text, &t, self.limits.text),
                Event::GeneralRef(r) => {
                    let mut utf8 = [0; 4];
                    match (r.resolve_char_ref(), &*r) {
                        (Ok(Some(c)), _) => push(&mut top.text, c.encode_utf8(&mut utf8), self.limits.text),
                        (_, "amp") => push(&mut top.text, "&", self.limits.text),
                        (_, "lt") => push(&mut top.text, "<", self.limits.text),
                        (_, "gt") => push(&mut top.text, ">", self.limits.text),
                        (_, "quot") => push(&mut top.text, "\"", self.limits.text),
                        (_, "apos") => push(&mut top.text, "'", self.limits.text),
                        (_, unknown) => push(&mut top.text, &format!("&{unknown};"), self.limits.text),
                    }
                }
                Event::Eof => return Err(self.truncated()),
                Event::DocType(_) => return Err(Problem::DocumentType),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
    }

    fn event(&mut self) -> Result<Event<'d>, Problem> {
        self.reader.read_event().map_err(|e| match e {
            // A syntax error is always markup that the end of the input left open.
            quick_xml::Error::Syntax(_) if self.inside => Problem::Truncated { at: self.reader.error_position() },
            _ if !self.inside && !self.document.trim_start().starts_with('<') => {
                Problem::Words { text: first_line(self.document) }
            }
            e => Problem::Malformed { at: self.reader.error_position(), what: first_line(&e.to_string()) },
        })
    }

    /// At most 32 of them; what cannot be read is left out.
    fn attributes(&self, start: &BytesStart<'_>) -> Vec<(String, String)> {
        let mut found = Vec::new();
        // Without the check for repeated names, which takes time with the square of their number.
        for a in start.attributes().with_checks(false).take(32).flatten() {
            let mut value = String::new();
            let unescaped =
                a.normalized_value(quick_xml::XmlVersion::Implicit1_0).unwrap_or_else(|_| Cow::Borrowed(&*a.value));
            push(&mut value, &unescaped, self.limits.text);
            found.push((a.key.as_ref().to_owned(), value));
        }
        found
    }

    fn html(&self) -> Problem {
        let mut end = self.document.len().min(8192);
        while !self.document.is_char_boundary(end) {
            end -= 1;
        }
        let head = &self.document[..end];
        let lower = head.to_ascii_lowercase();
        let title = lower.find("<title").and_then(|t| {
            let from = t + lower[t..].find('>')? + 1;
            let to = from + lower[from..].find('<')?;
            head.get(from..to)
        });
        Problem::Html { title: title.map_or_else(|| plain(head), first_line) }
    }

    fn truncated(&self) -> Problem {
        Problem::Truncated { at: self.reader.buffer_position() }
    }

    fn malformed(&self, what: &str) -> Problem {
        Problem::Malformed { at: self.reader.buffer_position(), what: what.to_owned() }
    }
}

fn name(start: &BytesStart<'_>) -> String {
    start.name().as_ref().chars().take(64).collect()
}

fn push(to: &mut String, more: &str, limit: usize) {
    let room = limit.saturating_sub(to.len());
    if more.len() <= room {
        to.push_str(more);
        return;
    }
    let mut end = room;
    while !more.is_char_boundary(end) {
        end -= 1;
    }
    to.push_str(&more[..end]);
}
