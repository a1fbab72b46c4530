//! The accounting server's documents: pages with a table, and JSON. Its pages are HTML that nobody checks (list items and cells that do not
//! end); nothing in them is a reason to give up but a `<` that ends nowhere.

use super::date;
use crate::trust::time::Seconds;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

/// More rows are not kept.
const ROWS: usize = 100_000;

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// When the server built it, as it says.
    pub built: Option<Seconds>,
    /// Cells by row, over all tables.
    pub rows: Vec<Vec<String>>,
    /// The objects of a JSON document, flattened.
    pub objects: Vec<serde_json::Map<String, Value>>,
}

impl Page {
    /// Reads either.
    ///
    /// # Errors
    /// It is neither; one line.
    pub fn read(bytes: &[u8]) -> Result<Page, String> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        if text.starts_with(['{', '[']) {
            let value = serde_json::from_str(text).map_err(|e| e.to_string())?;
            let mut page = Page::default();
            collect(value, 0, &mut page.objects);
            return Ok(page);
        }
        if !text.starts_with('<') {
            return Err(format!(
                "it begins with {:?}",
                plugin::text::shortened(text.lines().next().unwrap_or_default(), 60)
            ));
        }
        html(text)
    }
}

fn collect(value: Value, depth: usize, to: &mut Vec<serde_json::Map<String, Value>>) {
    if depth > 8 || to.len() >= ROWS {
        return;
    }
    match value {
        Value::Array(all) => all.into_iter().for_each(|one| collect(one, depth + 1, to)),
        Value::Object(object) => {
            for one in object.values().filter(|one| one.is_array() || one.is_object()) {
                collect(one.clone(), depth + 1, to);
            }
            to.push(object);
        }
        _ => {}
    }
}

fn html(text: &str) -> Result<Page, String> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    (config.check_end_names, config.allow_unmatched_ends, config.allow_dangling_amp) = (false, true, true);
    let mut page = Page::default();
    // Text outside of cells, and the cell that is open.
    let (mut around, mut cell): (String, Option<String>) = (String::new(), None);
    let mut open = false;
    loop {
        let at = reader.buffer_position();
        match reader.read_event() {
            Err(e) => return Err(format!("byte {at}: {}", plugin::text::line(&e.to_string()))),
            Ok(Event::Eof) => break,
            Ok(Event::Start(tag) | Event::Empty(tag)) => {
                match tag.local_name().as_ref().to_ascii_lowercase().as_str() {
                    "tr" => {
                        end_cell(&mut page, &mut cell);
                        if page.rows.len() < ROWS {
                            page.rows.push(Vec::new());
                        }
                        open = true;
                    }
                    "td" | "th" => {
                        end_cell(&mut page, &mut cell);
                        cell = open.then(String::new);
                    }
                    _ => add(&mut cell, &mut around, " "),
                }
            }
            Ok(Event::End(tag)) => match tag.local_name().as_ref().to_ascii_lowercase().as_str() {
                "tr" | "table" => {
                    end_cell(&mut page, &mut cell);
                    open = false;
                }
                "td" | "th" => end_cell(&mut page, &mut cell),
                _ => add(&mut cell, &mut around, " "),
            },
            Ok(Event::Text(part)) => add(&mut cell, &mut around, &part.into_inner()),
            Ok(Event::GeneralRef(entity)) => add(
                &mut cell,
                &mut around,
                match entity.into_inner().as_ref() {
                    "amp" => "&",
                    "lt" => "<",
                    "gt" => ">",
                    "quot" => "\"",
                    _ => " ",
                },
            ),
            Ok(_) => {}
        }
    }
    end_cell(&mut page, &mut cell);
    page.rows.retain(|row| !row.is_empty());
    // `lastBuild : 2026-11-22 03:00:00.00`
    page.built = around.split("lastBuild").nth(1).and_then(|rest| date(rest.trim_start_matches([' ', ':'])));
    if page.rows.is_empty() {
        return Err("it has no table".to_owned());
    }
    Ok(page)
}

fn add(cell: &mut Option<String>, around: &mut String, text: &str) {
    cell.as_mut().unwrap_or(around).push_str(text);
}

fn end_cell(page: &mut Page, cell: &mut Option<String>) {
    if let (Some(text), Some(row)) = (cell.take(), page.rows.last_mut()) {
        row.push(text.split_whitespace().collect::<Vec<_>>().join(" "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sloppy_pages_and_json_are_read() {
        let page = Page::read(
            b"<html><body><ul><li> ERROR & WARN <li>lastBuild : 2026-11-22 03:00:00.00</ul><hr><table width=100%><tr><th colspan='5'>A&amp;B\
              <tr><td>one<td>two <br> lines</td></tr></table>",
        )
        .unwrap();
        assert_eq!(page.rows, [vec!["A&B".to_owned()], vec!["one".to_owned(), "two lines".to_owned()]]);
        assert_eq!(page.built, Some(1_795_316_400));
        let page = Page::read(b"{\"results\": [{\"SiteName\": \"A\"}, {\"SiteName\": \"B\"}]}").unwrap();
        assert_eq!(page.objects.len(), 3);
        for wrong in ["", "503 Service Unavailable", "<html><p>maintenance</html>", "{\"a\":"] {
            assert!(Page::read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[<>/a-t &;!\\-'\"={}\\[\\]:,0-9]{0,120}") {
            let _ = (Page::read(text.as_bytes()), Page::read(format!("<{text}").as_bytes()), Page::read(format!("[{text}").as_bytes()));
        }
    }
}
