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
const SIGNS: [&str; 18] = [
    "]->", "<-[", "==", "<>", "!=", "<=", ">=", "->", "<-", "-[", "]-", "=~", "&&", "||", "..",
    "|>", "::", "=>",
];

/// All tokens of a text, comments left out.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    let mut at = 0;
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
        let run = run(rest, |c| is_word(c) || c == ':' || c == '-' || c == '.' || c == '+');
        let run = rest.get(..run).and_then(|t| t.find("..")).unwrap_or(run);
        return (TokenKind::Number, run);
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
