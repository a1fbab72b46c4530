//! The paging block `meta` of an answer.
//!
//! GOCDB pages only when asked to (a cursor parameter), 100 rows a page. The `next` link stands on *every* page that
//! has rows, also on the last; the page after the last has count 0 and no `next`. So the only end is count 0.

use super::element::Element;

/// A paging block.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Page {
    /// `link rel="next"`: address of the next page.
    pub next: Option<String>,
    /// `count`: rows on this page.
    pub count: Option<u64>,
    /// `max_page_size`.
    pub max_page_size: Option<u64>,
}

impl Page {
    pub(super) fn read(meta: &Element) -> Self {
        Page {
            next: meta
                .all("link")
                .find(|l| l.attribute("rel") == Some("next"))
                .and_then(|l| l.attribute("href"))
                .map(str::to_owned),
            count: meta.value("count").and_then(|c| c.parse().ok()),
            max_page_size: meta.value("max_page_size").and_then(|c| c.parse().ok()),
        }
    }

    /// The cursor of the next page: the value of `next_cursor` in the `next` link. Only the cursor is taken from the
    /// link, never the address: behind a proxy GOCDB may write a host or a scheme that is not reachable from here.
    pub fn next_cursor(&self) -> Option<&str> {
        let (_, query) = self.next.as_deref()?.split_once('?')?;
        query
            .split('&')
            .find_map(|p| p.strip_prefix("next_cursor="))
            .filter(|c| !c.is_empty() && c.len() <= 20 && c.bytes().all(|b| b.is_ascii_digit()))
    }
}
