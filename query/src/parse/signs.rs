//! Signs and numbers as other languages, keyboards and habits of arithmetic write them.

use super::token::{Token, TokenKind};
use crate::ast::UNITS;
use crate::error::{Code, Mistake, Span};

/// A sign, what is wrong with it, what to do, and what to put in its place where that is all.
type Sign = (&'static str, &'static str, &'static str, Option<&'static str>);

const COMMENTS: &str = "a comment begins with two dashes and ends with its line: `-- why`";

/// Signs that mean something elsewhere.
const SIGNS: [Sign; 16] = [
    ("\u{2265}", "at least is written with two signs", "write `>=`", Some(">=")),
    ("\u{2264}", "at most is written with two signs", "write `<=`", Some("<=")),
    ("\u{2260}", "unequal is written with two signs", "write `!=`", Some("!=")),
    ("=<", "at most begins with the angle", "write `<=`", Some("<=")),
    ("===", "equality is one sign", "write `=`", Some("=")),
    ("!==", "unequal is two signs", "write `!=`", Some("!=")),
    ("~", "a regular expression is tried with `matches`", "write `matches`", Some("matches")),
    ("&", "both is a word", "write `and`", Some("and")),
    ("\u{2026}", "a range has two points", "write `..`", Some("..")),
    ("\u{00d7}", "a product is a star", "write `*`", Some("*")),
    ("\u{00f7}", "a quotient is a slash", "write `/`", Some("/")),
    ("%", "there is no remainder", "`like` takes `%` within its text: `name like \"a%\"`", None),
    ("^", "there is no power", "`matches` takes `^` within its text: `name matches \"^a\"`", None),
    ("//", "this begins no comment", COMMENTS, Some("--")),
    ("/*", "this begins no comment", COMMENTS, None),
    ("{", "brackets are round or square", "questions stand in `( )`, lists in `[ ]`", None),
];

/// The repair of a sign or number at which the grammar gave up.
pub(super) fn recognise(
    tokens: &[Token<'_>],
    here: usize,
    statement: &[Token<'_>],
) -> Option<Mistake> {
    let token = tokens.get(here)?;
    let before = here.checked_sub(1).and_then(|index| tokens.get(index));
    let after = tokens.get(here + 1);
    let has_condition = statement.iter().any(|word| word.is("where") || word.is("having"));
    if token.is("=>") && has_condition {
        let mistake = Mistake::new(Code::Habit, token.span, "at least begins with the angle");
        return Some(mistake.hint("write `>=`").replace(">="));
    }
    if let Some((_, message, hint, replacement)) =
        SIGNS.iter().find(|(sign, ..)| token.text == *sign).filter(|_| !statement.is_empty())
    {
        let mistake = Mistake::new(Code::Habit, token.span, *message).hint(*hint);
        return Some(match replacement {
            Some(text) => mistake.replace(*text),
            None => mistake,
        });
    }
    Some(())
        .filter(|()| has_condition)
        .and_then(|()| comma(before, token, after))
        .or_else(|| member(before, token, statement))
        .or_else(|| [Some(token), before].into_iter().flatten().find_map(number))
}

fn is_whole(token: &Token<'_>) -> bool {
    token.kind == TokenKind::Number && token.text.chars().all(|c| c.is_ascii_digit())
}

/// `0,9`
fn comma(
    before: Option<&Token<'_>>,
    token: &Token<'_>,
    after: Option<&Token<'_>>,
) -> Option<Mistake> {
    let (before, after) = (before.filter(|t| is_whole(t))?, after.filter(|t| is_whole(t))?);
    let is_close = before.span.end == token.span.at && token.span.end == after.span.at;
    (token.is(",") && is_close).then(|| {
        let span = before.span.to(after.span);
        // Nobody knows whether `1,000` is a thousand or one.
        if after.text.len() == 3 {
            let text = format!("{}_{}", before.text, after.text);
            return Mistake::new(Code::Habit, span, "a number has no comma")
                .hint(format!("write `{text}` for the whole number, a point for a fraction"));
        }
        Mistake::new(Code::Habit, span, "a fraction begins with a point")
            .replace(format!("{}.{}", before.text, after.text))
    })
}

/// `["a" "b"]`
fn member(
    before: Option<&Token<'_>>,
    token: &Token<'_>,
    statement: &[Token<'_>],
) -> Option<Mistake> {
    let is_value = |t: &&Token<'_>| matches!(t.kind, TokenKind::Text | TokenKind::Number);
    let before = before.filter(is_value)?;
    Some(token).filter(is_value)?;
    let opens = statement.iter().rposition(|word| word.is("["))?;
    let closes = statement.iter().rposition(|word| word.is("]"));
    closes.is_none_or(|closes| closes < opens).then(|| {
        let place = Span::new(before.span.end, before.span.end);
        Mistake::new(Code::Syntax, place, "members of a list are separated by commas")
            .hint("put `,` here")
            .replace(",")
    })
}

/// `1e5`, `1d12h`
fn number(token: &Token<'_>) -> Option<Mistake> {
    if token.kind != TokenKind::Number {
        return None;
    }
    if let Some((digits, power)) = token.text.split_once(['e', 'E'])
        && digits.chars().all(|c| c.is_ascii_digit())
        && power.trim_start_matches(['+', '-']).chars().all(|c| c.is_ascii_digit())
        && power.ends_with(|c: char| c.is_ascii_digit())
    {
        let text = format!("{digits}.0e{power}");
        let is_finite = text.parse().is_ok_and(f64::is_finite);
        return Some(if is_finite {
            Mistake::new(Code::Syntax, token.span, "a number with a power of ten has a point")
                .replace(text)
        } else {
            Mistake::new(
                Code::Number,
                token.span,
                format!("`{}` is too great a number", token.text),
            )
            .hint("fractions go up to 1.7976931348623157e308")
        });
    }
    let parts = lengths(token.text)?;
    let text = parts.join(" + ");
    Some(
        Mistake::new(Code::Syntax, token.span, "a duration has one unit; several are added")
            .replace(format!("({text})")),
    )
}

/// The durations in a row that a text consists of, if it is two or more.
fn lengths(text: &str) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|at| *at > 0)?;
        let letters = rest.get(digits..)?;
        let letters = letters.find(|c: char| c.is_ascii_digit()).unwrap_or(letters.len());
        let (part, more) = rest.split_at(digits + letters);
        UNITS.iter().find(|(_, suffix)| part.get(digits..) == Some(*suffix))?;
        parts.push(part);
        rest = more;
    }
    (parts.len() > 1).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_in_a_row_are_told_from_other_numbers() {
        assert_eq!(lengths("1d12h"), Some(vec!["1d", "12h"]));
        assert_eq!(lengths("2mo3d4h"), Some(vec!["2mo", "3d", "4h"]));
        for text in ["1d", "12", "1x2y", "1dh", "d1h2"] {
            assert_eq!(lengths(text), None, "{text}");
        }
    }
}
