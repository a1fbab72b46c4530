//! Text of others, made safe to look at (law 6): what could move the cursor, reverse the reading direction, hide itself or
//! paint over its neighbours is written out as an escape. Markup is not touched here: the templates escape it.

use std::borrow::Cow;
use std::fmt::Write;

/// Combining marks that may follow each other; more of them are written out, since they grow into the lines around.
const MARKS: u32 = 3;

/// One line: everything but plain characters written out, line breaks and tabs too.
pub fn visible(text: &str) -> Cow<'_, str> {
    write_out(text, false)
}

/// Several lines: as [`visible`], with line breaks and tabs kept.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    write_out(text, true)
}

/// At most `chars` characters of a text made visible, and `…` where it was longer.
pub(super) fn clipped(text: &str, chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(chars) {
        Some((end, _)) => Cow::Owned(visible(&text[..end]).into_owned() + "…"),
        None => visible(text),
    }
}

fn write_out(text: &str, lines: bool) -> Cow<'_, str> {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut marks = 0;
    for c in text.chars() {
        marks = if combines(c) { marks + 1 } else { 0 };
        // Writing into a String cannot fail.
        let _fits = match c {
            '\n' | '\t' if lines => out.write_char(c),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            c if c.is_control() => write!(out, "\\x{:02x}", u32::from(c)),
            c if hidden(c) || marks > MARKS => write!(out, "\\u{{{:x}}}", u32::from(c)),
            c => out.write_char(c),
        };
    }
    Cow::Owned(out)
}

/// Characters that show nothing, or change how others are shown.
fn hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e0fff}'
            | '\u{f0000}'..='\u{10ffff}'
    )
}

/// Whether a character is drawn onto the one before it.
pub(super) fn combines(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{610}'..='\u{61a}'
            | '\u{64b}'..='\u{65f}' | '\u{e31}' | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}'
            | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_as_it_is() {
        assert!(matches!(visible("CRITICAL: 3 of 5 jobs failed | jobs=5;;;0"), Cow::Borrowed(_)));
        assert_eq!(visible("Größe überschritten – 日本語"), "Größe überschritten – 日本語");
    }

    #[test]
    fn nothing_hides_or_moves() {
        assert_eq!(visible("\u{1b}[31mred\u{1b}[0m"), "\\x1b[31mred\\x1b[0m");
        assert_eq!(visible("ab\u{202e}cd\u{2066}"), "ab\\u{202e}cd\\u{2066}");
        assert_eq!(visible("zero\u{200b}width\u{feff}"), "zero\\u{200b}width\\u{feff}");
        assert_eq!(visible("a\r\nb\tc\0\u{7f}\u{85}"), "a\\r\\nb\\tc\\x00\\x7f\\x85");
        assert_eq!(visible_lines("a\nb\tc\r\u{2028}"), "a\nb\tc\\r\\u{2028}");
        assert_eq!(visible("tag\u{e0041}"), "tag\\u{e0041}");
    }

    #[test]
    fn marks_do_not_pile_up() {
        let zalgo = format!("Z{}", "\u{35f}".repeat(40));
        assert_eq!(visible(&zalgo).matches('\u{35f}').count(), 3);
    }

    #[test]
    fn clipping_counts_characters() {
        assert_eq!(clipped("äöüß", 4), "äöüß");
        assert_eq!(clipped("äöüßx", 4), "äöüß…");
        assert_eq!(clipped("\u{202e}abc", 2), "\\u{202e}a…");
    }
}
