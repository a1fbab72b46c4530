//! From the TOML reader's errors to a place and a hint.

use crate::profile_file::nearest;

/// Line and column (in characters), from 1, of a byte of a text.
pub(crate) fn position(text: &str, byte: usize) -> (usize, usize) {
    let mut end = byte.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = text.get(..end).unwrap_or_default();
    let line = 1 + before.bytes().filter(|b| *b == b'\n').count();
    let column = 1 + before.rsplit('\n').next().unwrap_or_default().chars().count();
    (line, column)
}

/// The reader's message in our words, and what to write instead; an own message carries its hint after `; `.
pub(crate) fn hint_for(message: &str) -> (String, String) {
    let unknown = message.strip_prefix("unknown field `").map(|rest| ("unknown key", rest));
    let unknown = unknown.or_else(|| message.strip_prefix("unknown variant `").map(|rest| ("unknown word", rest)));
    if let Some((what, rest)) = unknown
        && let Some((key, rest)) = rest.split_once('`')
    {
        let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
        let hint = match nearest(key, &known) {
            Some(near) => format!("did you mean {near}?"),
            None if known.is_empty() => "nothing stands here".to_owned(),
            None => format!("known here: {}", known.join(", ")),
        };
        return (format!("{what} {key:?}"), hint);
    }
    if let Some(key) = message.strip_prefix("missing field `").and_then(|m| m.strip_suffix('`')) {
        return (format!("the key {key} is missing"), format!("add {key} = …"));
    }
    match message.split_once("; ") {
        Some((what, hint)) => (what.to_owned(), hint.to_owned()),
        None => (message.to_owned(), String::new()),
    }
}
