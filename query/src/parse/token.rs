//! Words and signs of a text, for messages about it. The grammar does its own reading; this one
//! never fails, so that it can look round a mistake.

use crate::error::Span;

/// What a token is, roughly.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TokenKind {
    /// A word.
    Word,
    /// A word, a colon, a key, without blanks.
    Key,
    /// Something that begins with a digit.
    Number,
    /// Text in quotes.
    Text,
    /// A sign.
    Sign,
}

/// A word or sign and its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind,
    pub(crate) text: &'a str,
    pub(crate) span: Span,
}

impl Token<'_> {
    /// Is it this word, in any case, or this sign?
    pub(crate) fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }
}

/// Signs of more than one character, longest first; those of other languages too.
const SIGNS: [&str; 23] = [
    "]->", "<-[", "===", "!==", "==", "<>", "!=", "<=", ">=", "->", "<-", "-[", "]-", "=~", "&&",
    "||", "..", "|>", "::", "=>", "=<", "//", "/*",
];

/// All tokens of a text, comments left out.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    // A mark of byte order at the front is no part of the text.
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(first) = rest.chars().next() else { break };
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        if rest.starts_with("--") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        let (kind, length) = token(rest, first);
        let length = length.max(first.len_utf8());
        if let Some(text) = rest.get(..length) {
            out.push(Token { kind, text, span: Span::new(at, at + length) });
        }
        at += length;
    }
    out
}

fn run(text: &str, keep: impl Fn(char) -> bool) -> usize {
    text.find(|c| !keep(c)).unwrap_or(text.len())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_key(c: char) -> bool {
    is_word(c) || "-./+%:@~".contains(c)
}

/// The length of what begins with a digit, as the grammar would take it: signs belong to a time or
/// to the power of ten only, so that `1+1` is three tokens.
fn number(rest: &str) -> usize {
    let after = |at: usize| rest.get(at..).unwrap_or_default();
    let digits = |at: usize, count: usize| {
        let mut found = after(at).chars();
        (0..count).all(|_| found.next().is_some_and(|c| c.is_ascii_digit()))
    };
    let sign = |at: usize, signs: &str| after(at).starts_with(|c: char| signs.contains(c));
    let is_day = digits(0, 4) && sign(4, "-") && digits(5, 2) && sign(7, "-") && digits(8, 2);
    if is_day {
        if !sign(10, "T") {
            return 10 + run(after(10), is_word);
        }
        let mut end = 10 + run(after(10), |c| is_word(c) || c == ':');
        if sign(end, ".") && digits(end + 1, 1) {
            end += 1 + run(after(end + 1), is_word);
        }
        let has_zone = sign(end, "+-") && digits(end + 1, 2) && sign(end + 3, ":");
        return if has_zone {
            end + 1 + run(after(end + 1), |c| is_word(c) || c == ':')
        } else {
            end
        };
    }
    let mut end = run(rest, |c| is_word(c) || c == ':');
    if sign(end, ".") && digits(end + 1, 1) {
        end += 1 + run(after(end + 1), is_word);
    }
    let has_power = rest.get(..end).is_some_and(|text| text.ends_with(['e', 'E']));
    if has_power && sign(end, "+-") && digits(end + 1, 1) {
        end += 1 + run(after(end + 1), is_word);
    }
    end
}

/// The kind and length of the token at the start of `rest`.
fn token(rest: &str, first: char) -> (TokenKind, usize) {
    if first == '"' || first == '\'' {
        let mut escaped = false;
        for (at, c) in rest.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                c if c == first => return (TokenKind::Text, at + 1),
                _ => {}
            }
        }
        return (TokenKind::Text, rest.len());
    }
    if first.is_ascii_digit() {
        return (TokenKind::Number, number(rest));
    }
    if is_word(first) || first == '$' || first == '#' {
        let word = first.len_utf8() + rest.get(first.len_utf8()..).map_or(0, |t| run(t, is_word));
        if is_word(first) && rest.get(word..).is_some_and(|t| t.starts_with(':')) {
            let key = rest.get(word + 1..).unwrap_or_default();
            let length = if key.starts_with(['"', '\'']) {
                key.chars().next().map_or(0, |c| token(key, c).1)
            } else if key.starts_with('$') {
                1 + run(key.get(1..).unwrap_or_default(), is_word)
            } else {
                run(key, is_key)
            };
            return (TokenKind::Key, word + 1 + length);
        }
        return (TokenKind::Word, word);
    }
    let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
    (TokenKind::Sign, sign.map_or(first.len_utf8(), |sign| sign.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_end_where_the_grammar_ends_them() {
        for (text, expected) in [
            ("1+1", vec!["1", "+", "1"]),
            ("rows-1-1", vec!["rows", "-", "1", "-", "1"]),
            ("1.x.x", vec!["1", ".", "x", ".", "x"]),
            ("1.5e-3+2", vec!["1.5e-3", "+", "2"]),
            ("1..2", vec!["1", "..", "2"]),
            ("2026-01-02-1d", vec!["2026-01-02", "-", "1d"]),
            ("2026-01-02T03:04:05.6+01:00-5m", vec!["2026-01-02T03:04:05.6+01:00", "-", "5m"]),
            ("2026-01-02T03:04Z..x", vec!["2026-01-02T03:04Z", "..", "x"]),
        ] {
            let found: Vec<_> = tokens(text).into_iter().map(|token| token.text).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn keys_words_and_signs_are_told_apart() {
        let found: Vec<_> =
            tokens("find model:a-b@3 as m -- x\n where t>=2026-01-01..5 == \"a b\"")
                .into_iter()
                .map(|token| token.text)
                .collect();
        assert_eq!(
            found,
            [
                "find",
                "model:a-b@3",
                "as",
                "m",
                "where",
                "t",
                ">=",
                "2026-01-01",
                "..",
                "5",
                "==",
                "\"a b\""
            ]
        );
    }
}
