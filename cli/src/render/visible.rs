//! Recorded text on a terminal. Whoever wrote a log line must not drive the screen of the one who
//! reads it: a control sequence can hide lines, rewrite others or set the clipboard.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Text as one line in which nothing acts: control characters, and those that turn the direction of
/// writing, stand as the escapes of the query language. JSON and CSV hold the text itself.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if acts(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// The same for text that may have several lines.
pub(crate) fn visible_lines(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

/// Is it a character for the terminal and not for the eye?
fn acts(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_shown_and_the_rest_stays() {
        assert_eq!(visible("\x1b[31mRED\x07\u{9b}\r\n\t"), r"\u{1b}[31mRED\u{7}\u{9b}\u{d}\n\t");
        assert_eq!(visible("a\u{202e}b"), r"a\u{202e}b");
        assert!(matches!(visible(r"Größe 3 µm, 日本, a\b"), Cow::Borrowed(_)));
        assert_eq!(visible_lines("one\r\ntwo\x08"), "one\ntwo\\u{8}");
    }
}
