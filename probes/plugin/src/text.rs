//! Text that may stand in a plugin's output: it comes from sites, certificates and servers, and the monitor reads it as its own.

use std::borrow::Cow;

/// Makes text safe for one line of output: `|` would begin performance data, `;` becomes `:` in Nagios' own log, a line end
/// would begin long output, and what steers a terminal or the direction of writing has no business there.
pub fn line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| replaced(c).is_some()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| replaced(c).unwrap_or(c)).collect())
}

fn replaced(c: char) -> Option<char> {
    match c {
        '|' => Some('/'),
        ';' => Some(','),
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
        // Marks that turn the direction of writing, and the invisible ones.
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => Some('?'),
        c if c.is_control() => Some('?'),
        _ => None,
    }
}

/// The longest beginning of `text` that has at most `bytes` bytes and ends with a whole character.
pub fn head(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// `text`, shortened to at most `bytes` bytes; that it was shortened is shown.
pub fn shortened(text: &str, bytes: usize) -> Cow<'_, str> {
    if text.len() <= bytes {
        return Cow::Borrowed(text);
    }
    if bytes < 3 {
        return Cow::Borrowed(head(text, bytes));
    }
    Cow::Owned(format!("{}...", head(text, bytes - 3).trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_the_monitor_would_read_as_its_own_is_replaced() {
        assert_eq!(line("a|b;c\nd\te\u{7}\u{202e}f"), "a/b,c d e??f");
        assert!(matches!(line("plain äöü"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn no_character_is_cut(text in any::<String>(), bytes in 0_usize..40) {
            let short = shortened(&text, bytes);
            prop_assert!(short.len() <= bytes.max(text.len().min(bytes)));
            prop_assert!(text.starts_with(head(&text, bytes)));
        }

        #[test]
        fn a_line_stays_one(text in any::<String>()) {
            let safe = line(&text);
            prop_assert!(!safe.chars().any(|c| c.is_control() || c == '|' || c == ';'));
        }
    }
}
