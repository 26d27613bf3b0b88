//! What is checked before the grammar sees the text: characters, quotes, brackets, nesting.
//!
//! A parser reports an open quote at the end of the text; here it is reported where it opens.

use lineal_engine::schema::Relation;
use lineal_grammar::Rule;
use pest::iterators::Pairs;

use super::token::{Token, TokenKind, tokens};
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
        '\u{00a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => " ",
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}' => "-",
        _ => return None,
    })
}

/// What takes no room on a line: of use within text, elsewhere only a difference that nobody sees.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
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
    // Editors write a mark of byte order at the front of a file; the grammar passes it too.
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        at = scanner.step(at, c)?;
    }
    let Some((at, bracket)) = scanner.open.pop() else { return check_length(text) };
    let mistake =
        |span| Mistake::new(Code::OpenBracket, span, format!("this `{bracket}` is not closed"));
    let hint = format!("add `{}`", closing(bracket));
    // With another one open around it, where each should close is anybody's guess.
    let inner = if scanner.open.is_empty() { bracket_content(text, at) } else { None };
    Err(match inner {
        Some(end) => {
            let inner = text.get(at..end).unwrap_or_default();
            let repaired = format!("{inner}{}", closing(bracket));
            mistake(Span::new(at, end)).hint(hint).replace(repaired)
        }
        None => mistake(Span::new(at, at + 1)).hint(hint),
    })
}

/// Where what belongs into a bracket that is not closed ends: before the next clause that cannot
/// stand in it, or with the statement. None where it holds nothing.
fn bracket_content(text: &str, at: usize) -> Option<usize> {
    let within: Vec<Token<'_>> =
        tokens(text).into_iter().filter(|token| token.span.at > at).collect();
    // A question in brackets has clauses of its own.
    let is_question = within.first()?.is("find");
    let mut depth = 0_usize;
    let mut end = None;
    for token in &within {
        if token.is("(") || token.is("[") {
            depth += 1;
        } else if token.is(")") || token.is("]") {
            depth = depth.saturating_sub(1);
        }
        let is_clause = !is_question && ENDS_A_CONDITION.iter().any(|word| token.is(word));
        if depth == 0 && (token.is(";") || is_clause) {
            break;
        }
        end = Some(token.span.end);
    }
    end
}

/// Words that stand in no condition and no list: what is open before them ends there.
const ENDS_A_CONDITION: [&str; 10] =
    ["find", "where", "return", "summarize", "having", "order", "skip", "limit", "format", "union"];

/// Bounds relations and questions: each may make the tree one deeper, and the grammar recurses.
fn check_length(text: &str) -> Result<(), Mistake> {
    let (mut relations, mut questions) = (0, 0);
    for token in tokens(text) {
        if token.kind == TokenKind::Word
            && (Relation::parse(token.text).is_some() || RELATIONS.iter().any(|w| token.is(w)))
        {
            relations += 1;
        } else if token.is("find") {
            questions += 1;
        }
        if relations > RELATIONS_MAX {
            return Err(too_many("relations", RELATIONS_MAX, token.span)
                .hint("ask in steps: save a set with `let s = find \u{2026};` and go on from it"));
        }
        if questions > QUESTIONS_MAX {
            return Err(too_many("questions", QUESTIONS_MAX, token.span)
                .hint("inner ones and saved sets are counted; ask them one after the other"));
        }
    }
    Ok(())
}

/// Bounds operators as the grammar read them: a chain of them is a tree as deep as it is long, and
/// the walks over it recurse. A sign at the front of a value is none: a list of negative numbers
/// is flat.
pub(super) fn check_operators(pairs: &Pairs<'_, Rule>) -> Result<(), Mistake> {
    let mut count = 0;
    let mut before = None;
    for pair in pairs.clone().flatten() {
        let rule = pair.as_rule();
        let is_sign = rule == Rule::neg_op && before == Some(Rule::expr);
        if is_operator(rule) && !is_sign {
            count += 1;
        }
        if count > OPERATORS_MAX {
            return Err(too_many("operators", OPERATORS_MAX, super::span(&pair)).hint(
                "a long choice of values is written `in [\"a\", \"b\"]`, or given as a parameter",
            ));
        }
        before = Some(rule);
    }
    Ok(())
}

/// What joins or changes values.
fn is_operator(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::not_op
            | Rule::neg_op
            | Rule::or_op
            | Rule::and_op
            | Rule::not_in_op
            | Rule::in_op
            | Rule::like_op
            | Rule::matches_op
            | Rule::contains_op
            | Rule::ne_op
            | Rule::le_op
            | Rule::ge_op
            | Rule::eq_op
            | Rule::lt_op
            | Rule::gt_op
            | Rule::range_op
            | Rule::add_op
            | Rule::sub_op
            | Rule::mul_op
            | Rule::div_op
            | Rule::is_not_null
            | Rule::is_null
            | Rule::index
            | Rule::member
    )
}

fn too_many(what: &str, most: usize, span: Span) -> Mistake {
    Mistake::new(Code::TooDeep, span, format!("a request has at most {most} {what}"))
}

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
        if is_invisible(c) {
            let code = u32::from(c);
            let message = format!("the character U+{code:04X} takes no room and cannot be seen");
            return Err(Mistake::new(Code::Control, here, message)
                .hint("remove it; within quotes it may stand")
                .replace(""));
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
                .hint("remove it")
                .replace("")),
            },
            '-' if self.text.get(at..).is_some_and(|rest| rest.starts_with("--"))
                && !self.is_in_key(at) =>
            {
                let line = self.text.get(at..).and_then(|rest| rest.find('\n'));
                Ok(line.map_or(self.text.len(), |length| at + length))
            }
            c => match typographic(c) {
                Some(plain) => Err(self.curly(here, c, plain)),
                None => Ok(end),
            },
        }
    }

    /// What a word processor made of a plain sign; of a pair of quotes both are repaired.
    fn curly(&self, here: Span, c: char, plain: &str) -> Mistake {
        let says = |span: Span| {
            let message = format!("`{c}` (U+{:04X}) comes from a word processor", u32::from(c));
            Mistake::new(Code::CurlyQuote, span, message).hint(format!("write a plain `{plain}`"))
        };
        let rest = self.text.get(here.end..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        let closes = |other: char| {
            other != '\u{201e}' && (plain.starts_with(other) || typographic(other) == Some(plain))
        };
        let close = line.char_indices().find(|(_, other)| closes(*other));
        match close.filter(|_| matches!(plain, "\"" | "'")) {
            Some((length, closing)) => {
                let inner = line.get(..length).unwrap_or_default().replace('\\', "\\\\");
                let end = here.end + length + closing.len_utf8();
                says(Span::new(here.at, end)).replace(format!("{plain}{inner}{plain}"))
            }
            None => says(here).replace(plain),
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
            let message =
                format!("the text that begins with this {quote} is not closed on its line");
            let mistake = Mistake::new(Code::OpenString, Span::new(start, start + 1), message)
                .hint(format!("add {quote}; inside text write \\{quote}"));
            // A single word ends where the text must end; of more nobody knows how many are meant.
            let rest = self.text.get(start..).unwrap_or_default();
            let line = rest.split('\n').next().unwrap_or_default().trim_end();
            let word = line.trim_end_matches([')', ']', ',', ';']);
            let is_word =
                word.len() > 1 && !word.ends_with('\\') && !word.contains(char::is_whitespace);
            if is_word {
                let span = Span::new(start, start + word.len());
                Mistake { span, ..mistake }.replace(format!("{word}{quote}"))
            } else {
                mistake
            }
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
    if let Some(sign) = tail.chars().next().filter(|sign| matches!(sign, '%' | '_')) {
        let hint = format!("for a `{sign}` that `like` takes as it is, write `\\\\{sign}`");
        return Err(bad(2).hint(hint).replace(format!("\\\\{sign}")));
    }
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
