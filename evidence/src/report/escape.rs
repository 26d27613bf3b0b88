//! Text of others in forms of ours: what is written into HTML and Markdown means the same letters and
//! nothing else.
//!
//! Names come from exports and logs, and so from anybody. Controls, and marks that turn the direction of
//! a line, are shown by their numbers: they would make a file that is no XML, or a name that reads as
//! another.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Text as content or attribute (in double quotes) of HTML, SVG and XML.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in visible(text).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Text on one line of Markdown, which may stand in a cell of a table; `begins`: its first letter may
/// begin a line.
pub(super) fn markdown(text: &str, begins: bool) -> String {
    let text = visible(text);
    let text = text.as_ref();
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for (at, letter) in text.char_indices() {
        let is_special = match letter {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '!'
            | '&' | '$' => true,
            // What begins a list or a rule does so at the beginning of a line only.
            '-' | '+' | '=' => begins && at == 0,
            '.' | ')' => {
                let before = &text[..at];
                let counts = !before.is_empty() && before.bytes().all(|byte| byte.is_ascii_digit());
                (begins && counts) || before.ends_with("www")
            }
            // No link from what looks like an address.
            ':' => text[at..].starts_with("://"),
            _ => false,
        };
        if is_special {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// Code in Markdown: in a fence that is longer than any within. In a table a bar is escaped even there
/// (GFM, section 4.10).
pub(super) fn markdown_code(text: &str, in_table: bool) -> String {
    let text = visible(text);
    let text = if in_table { text.replace('|', "\\|") } else { text.into_owned() };
    let mut longest = 0;
    let mut run = 0;
    for letter in text.chars() {
        run = if letter == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    if text.is_empty() { String::new() } else { format!("{fence}{pad}{text}{pad}{fence}") }
}

/// A path in a pack as the target of a link: whatever is no letter, digit or one of `-._/` is written by
/// its bytes, so that no path is a scheme or ends a mark.
pub(super) fn path(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.trim_start_matches('/').bytes() {
        if byte.is_ascii_alphanumeric() || b"-._/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Line ends and tabs as blanks; other controls, and what turns the direction, by their numbers.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' | '\t' => out.push(' '),
            hidden if is_hidden(hidden) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(hidden));
            }
            other => out.push(other),
        }
    }
    Cow::Owned(out)
}

fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::{html, markdown, markdown_code, path};

    #[test]
    fn hostile_names_stay_letters() {
        assert_eq!(
            html("<script>alert('x')</script>\" &"),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot; &amp;"
        );
        assert_eq!(markdown("a|b\n# c <i>", true), "a\\|b \\# c \\<i\\>");
        assert_eq!(markdown("[x](y) ![z](w)", true), "\\[x\\](y) \\!\\[z\\](w)");
        assert_eq!(markdown("- one", true), "\\- one");
        assert_eq!(markdown("12. one-two", true), "12\\. one-two");
        assert_eq!(markdown("v1.2", true), "v1.2");
        assert_eq!(markdown("0.5 - 1", false), "0.5 - 1");
        assert_eq!(markdown("see https://x.example", true), "see https\\://x.example");
        assert_eq!(html("a\u{202e}b\u{0}c"), "a\\u{202e}b\\u{0}c");
    }

    #[test]
    fn code_has_a_fence_that_it_does_not_hold() {
        assert_eq!(markdown_code("a`b``c", false), "```a`b``c```");
        assert_eq!(markdown_code("`x", false), "`` `x ``");
        assert_eq!(markdown_code("a|b", true), "`a\\|b`");
        assert_eq!(markdown_code("a\nb", false), "`a b`");
    }

    #[test]
    fn a_path_is_no_scheme() {
        assert_eq!(path("proofs/a-1.json"), "proofs/a-1.json");
        assert_eq!(path("javascript:alert(1)"), "javascript%3Aalert%281%29");
        assert_eq!(path("//host/x"), "host/x");
    }
}
