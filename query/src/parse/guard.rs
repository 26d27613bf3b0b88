//! What is checked before the grammar sees the text: characters, quotes, brackets, nesting.
//!
//! A parser reports an open quote at the end of the text; here it is reported where it opens.

use lineal_engine::schema::Relation;

use super::token::{TokenKind, tokens};
use super::{NESTING_MAX, OPERATORS_MAX, QUESTIONS_MAX, RELATIONS_MAX, TEXT_BYTES_MAX, TextBounds};
use crate::error::{Code, Mistake, Span};

/// A control character that must not stand in a request, not even in text: it could hide what a
/// reader sees. Bidirectional controls reorder what is shown.
pub(crate) fn is_forbidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What a word processor writes instead of a plain character, and the plain one.
pub(crate) fn typographic(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{00ab}' | '\u{00bb}' => "\"",
        '\u{2018}' | '\u{2019}' | '\u{201a}' => "'",
        '\u{00a0}' | '\u{202f}' | '\u{2007}' => " ",
        '\u{2013}' | '\u{2014}' | '\u{2212}' => "-",
        _ => return None,
    })
}

/// Checks the whole text.
pub(super) fn check(text: &str, bounds: TextBounds) -> Result<(), Mistake> {
    let bytes_max = bounds.bytes.min(TEXT_BYTES_MAX);
    if text.len() > bytes_max {
        return Err(Mistake::new(
            Code::TooLong,
            Span::new(bytes_max, bytes_max),
            format!("a request has at most {bytes_max} bytes; this one has {}", text.len()),
        )
        .hint("give long lists as a parameter"));
    }
    let nesting_max = bounds.nesting.min(NESTING_MAX);
    let mut scanner = Scanner { text, open: Vec::new(), nesting_max };
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        at = scanner.step(at, c)?;
    }
    let Some((at, bracket)) = scanner.open.pop() else { return check_length(text) };
    Err(Mistake::new(
        Code::OpenBracket,
        Span::new(at, at + 1),
        format!("this `{bracket}` is not closed"),
    )
    .hint(format!("add `{}`", closing(bracket))))
}

/// Bounds operators and relations: each may make the tree one deeper, and the walks over it recurse.
fn check_length(text: &str) -> Result<(), Mistake> {
    let (mut operators, mut relations, mut questions) = (0, 0, 0);
    let mut before = None;
    for token in tokens(text) {
        let begins_item = before.is_none_or(|before| matches!(before, "," | "["));
        before = Some(token.text);
        let is = |word: &&str| token.is(word);
        if OPERATORS.iter().any(is) && !(begins_item && token.is("-")) {
            operators += 1;
        } else if token.kind == TokenKind::Word
            && (Relation::parse(token.text).is_some() || RELATIONS.iter().any(is))
        {
            relations += 1;
        } else if token.is("find") {
            questions += 1;
        }
        let (what, most) = if operators > OPERATORS_MAX {
            ("operators", OPERATORS_MAX)
        } else if relations > RELATIONS_MAX {
            ("relations", RELATIONS_MAX)
        } else if questions > QUESTIONS_MAX {
            ("questions within each other", QUESTIONS_MAX)
        } else {
            continue;
        };
        return Err(Mistake::new(
            Code::TooDeep,
            token.span,
            format!("a request has at most {most} {what}"),
        )
        .hint("a long choice of values is written `in [\"a\", \"b\"]`, or given as a parameter"));
    }
    Ok(())
}

/// What joins or changes values.
const OPERATORS: [&str; 21] = [
    "and", "or", "not", "in", "is", "like", "matches", "contains", "=", "!=", "<", "<=", ">", ">=",
    "+", "-", "*", "/", "..", ".", "[",
];
/// Closures, beside the relations of the schema.
const RELATIONS: [&str; 2] = ["upstream", "downstream"];

fn closing(bracket: char) -> char {
    if bracket == '(' { ')' } else { ']' }
}

struct Scanner<'a> {
    text: &'a str,
    open: Vec<(usize, char)>,
    nesting_max: usize,
}

impl Scanner<'_> {
    /// Looks at one character; returns where the next one stands.
    fn step(&mut self, at: usize, c: char) -> Result<usize, Mistake> {
        let end = at + c.len_utf8();
        let here = Span::new(at, end);
        if is_forbidden(c) {
            let code = u32::from(c);
            return Err(Mistake::new(
                Code::Control,
                here,
                format!("the control character U+{code:04X} cannot be seen and is not allowed"),
            )
            .hint(format!("in text write `\\u{{{code:x}}}`")));
        }
        match c {
            '"' | '\'' => self.string(at, c),
            '(' | '[' => {
                self.open.push((at, c));
                if self.open.len() > self.nesting_max {
                    return Err(Mistake::new(
                        Code::TooDeep,
                        here,
                        format!("brackets may be nested {} deep", self.nesting_max),
                    ));
                }
                Ok(end)
            }
            ')' | ']' => match self.open.pop() {
                Some((_, bracket)) if closing(bracket) == c => Ok(end),
                Some((_, bracket)) => Err(Mistake::new(
                    Code::StrayBracket,
                    here,
                    format!("`{c}` cannot close `{bracket}`"),
                )
                .replace(closing(bracket).to_string())),
                None => Err(Mistake::new(
                    Code::StrayBracket,
                    here,
                    format!("this `{c}` closes nothing"),
                )
                .hint("remove it")),
            },
            '-' if self.text.get(at..).is_some_and(|rest| rest.starts_with("--"))
                && !self.is_in_key(at) =>
            {
                let line = self.text.get(at..).and_then(|rest| rest.find('\n'));
                Ok(line.map_or(self.text.len(), |length| at + length))
            }
            c => match typographic(c) {
                Some(plain) => Err(Mistake::new(
                    Code::CurlyQuote,
                    here,
                    format!("`{c}` (U+{:04X}) comes from a word processor", u32::from(c)),
                )
                .hint(format!("write a plain `{plain}`"))
                .replace(plain)),
                None => Ok(end),
            },
        }
    }

    /// Is the byte inside a bare key such as `run:a--b`, where dashes begin no comment?
    fn is_in_key(&self, at: usize) -> bool {
        let before = self.text.get(..at).unwrap_or_default();
        let run = before.rfind(|c: char| !("-./+%:@~_".contains(c) || c.is_alphanumeric()));
        before.get(run.map_or(0, |n| n + 1)..).is_some_and(|run| run.contains(':'))
    }

    /// Passes a text in quotes.
    fn string(&self, start: usize, quote: char) -> Result<usize, Mistake> {
        let open = || {
            Mistake::new(
                Code::OpenString,
                Span::new(start, start + 1),
                format!("the text that begins with this {quote} is not closed on its line"),
            )
            .hint(format!("add {quote}; inside text write \\{quote}"))
        };
        let mut at = start + 1;
        loop {
            let rest = self.text.get(at..).unwrap_or_default();
            let mut chars = rest.chars();
            match chars.next() {
                None | Some('\n') => return Err(open()),
                Some(c) if c == quote => return Ok(at + 1),
                Some('\\') => at += escape_length(at, rest)?,
                Some(c) if is_forbidden(c) => {
                    let code = u32::from(c);
                    return Err(Mistake::new(
                        Code::Control,
                        Span::new(at, at + c.len_utf8()),
                        format!("the control character U+{code:04X} cannot be seen"),
                    )
                    .hint(format!("write `\\u{{{code:x}}}`")));
                }
                Some(c) => at += c.len_utf8(),
            }
        }
    }
}

/// The length of the escape at the start of `rest`.
fn escape_length(at: usize, rest: &str) -> Result<usize, Mistake> {
    let tail = rest.get(1..).unwrap_or_default();
    let bad = |length: usize| {
        Mistake::new(Code::BadEscape, Span::new(at, at + length), "no such escape")
            .hint(r#"the escapes are \" \' \\ \n \t \u{e4}"#)
    };
    match tail.chars().next() {
        Some('"' | '\'' | '\\' | 'n' | 't') => Ok(2),
        Some('u') => {
            let digits = tail.strip_prefix("u{").and_then(|t| t.split_once('}')).map(|t| t.0);
            let digits = digits.ok_or_else(|| bad(2))?;
            u32::from_str_radix(digits, 16)
                .ok()
                .and_then(char::from_u32)
                .map(|_| 4 + digits.len())
                .ok_or_else(|| bad(4 + digits.len()))
        }
        Some(c) => Err(bad(1 + c.len_utf8())),
        None => Err(bad(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Option<(Code, usize)> {
        check(text, TextBounds::default()).err().map(|mistake| (mistake.code, mistake.span.at))
    }

    #[test]
    fn dashes_in_a_key_begin_no_comment() {
        assert_eq!(code("find x where y in (find run:a--b)"), None);
        assert_eq!(code("find model -- don't ("), None);
        assert_eq!(code("find model where a-- it's\n = 1"), None);
    }

    #[test]
    fn what_opens_is_named_where_it_opens() {
        assert_eq!(code("find x where a = \"b"), Some((Code::OpenString, 17)));
        assert_eq!(code("find x where (a = 1"), Some((Code::OpenBracket, 13)));
        assert_eq!(code("a)"), Some((Code::StrayBracket, 1)));
        assert_eq!(code("(a]"), Some((Code::StrayBracket, 2)));
        assert_eq!(code(r#"a = "\q""#), Some((Code::BadEscape, 5)));
        assert_eq!(code("a = \u{201c}b\u{201d}"), Some((Code::CurlyQuote, 4)));
        assert_eq!(code("a = \"b\u{202e}\""), Some((Code::Control, 6)));
        assert_eq!(code(&"(".repeat(65)), Some((Code::TooDeep, 64)));
    }
}
