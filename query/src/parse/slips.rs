//! Small slips in our own language: a word too few, a sign too many, two words for one.

use lineal_engine::schema::{KINDS, Relation};

use super::diagnose::word_class;
use super::token::{Token, TokenKind};
use crate::ast::UNITS;
use crate::error::{Code, Mistake, Span};

/// What may follow a term, and so no thing that an article could stand before.
const CLAUSE_WORDS: [&str; 13] = [
    "where",
    "return",
    "summarize",
    "order",
    "skip",
    "limit",
    "as",
    "format",
    "upstream",
    "downstream",
    "union",
    "intersect",
    "except",
];

/// The slip at or just before the token at which the grammar gave up, if it is a known one.
/// `statement` holds the tokens of the statement or inner question before that one.
pub(super) fn recognise(
    tokens: &[Token<'_>],
    here: usize,
    statement: &[Token<'_>],
) -> Option<Mistake> {
    let at = |index: Option<usize>| index.and_then(|index| tokens.get(index));
    let (before, token) = (at(here.checked_sub(1)), at(Some(here)));
    let after = at(here.checked_add(1));
    let first = at(here.checked_sub(2));
    unlike(first, before, token)
        .or_else(|| values(before, token, after))
        .or_else(|| closure(token?, statement, after))
        .or_else(|| terms(before?, token?, after, statement))
        .or_else(|| columns(before?, token?, statement))
}

/// A relation that is written as two words, at the token where the grammar gave up.
pub(super) fn split_relations(tokens: &[Token<'_>], here: usize) -> Option<Mistake> {
    let at = |index: Option<usize>| index.and_then(|index| tokens.get(index));
    split_relation(at(here.checked_sub(1)), at(Some(here)))
        .or_else(|| split_relation(at(Some(here)), at(here.checked_add(1))))
}

fn slip(span: Span, message: impl Into<std::borrow::Cow<'static, str>>) -> Mistake {
    Mistake::new(Code::Syntax, span, message)
}

/// `used by` for `used_by`.
fn split_relation(first: Option<&Token<'_>>, second: Option<&Token<'_>>) -> Option<Mistake> {
    let (first, second) = (first?, second?);
    let joined = format!("{}_{}", first.text, second.text).to_lowercase();
    Relation::parse(&joined)?;
    let span = first.span.to(second.span);
    Some(slip(span, "this relation is one word").hint(format!("write `{joined}`")).replace(joined))
}

/// `is not 'x'`, `in 'a', 'b'`, `1d 12h`.
fn unlike(
    first: Option<&Token<'_>>,
    before: Option<&Token<'_>>,
    token: Option<&Token<'_>>,
) -> Option<Mistake> {
    let (first, before, token) = (first?, before?, token?);
    let is_value = |token: &Token<'_>| matches!(token.kind, TokenKind::Text | TokenKind::Number);
    if first.is("is") && before.is("not") && is_value(token) {
        let text = format!("!= {}", token.text);
        let span = first.span.to(token.span);
        return Some(slip(span, "`is not` tests for absence only").replace(text));
    }
    if first.is("in") && is_value(before) && token.is(",") {
        let span = before.span;
        return Some(
            slip(span, "a list stands in square brackets").hint("write `in [\"a\", \"b\"]`"),
        );
    }
    let is_length = |token: &Token<'_>| {
        token.kind == TokenKind::Number
            && UNITS.iter().any(|(_, suffix)| {
                token.text.strip_suffix(suffix).is_some_and(|count| {
                    !count.is_empty() && count.chars().all(|c| c.is_ascii_digit())
                })
            })
    };
    if is_length(before) && is_length(token) {
        let text = format!("({} + {})", before.text, token.text);
        let span = before.span.to(token.span);
        return Some(slip(span, "a duration has one unit; several are added").replace(text));
    }
    None
}

/// `30 d`, `.8`, `is 'x'`, `2026-01-01 00:00`, `$`.
fn values(
    before: Option<&Token<'_>>,
    token: Option<&Token<'_>>,
    after: Option<&Token<'_>>,
) -> Option<Mistake> {
    let here = token?;
    if here.is("$") {
        return Some(slip(here.span, "a parameter has a name").hint("write `$name`"));
    }
    if here.is(".")
        && let Some(digits) = after.filter(|after| after.kind == TokenKind::Number)
    {
        let text = format!("0.{}", digits.text);
        let span = here.span.to(digits.span);
        return Some(slip(span, "a number begins with a digit").replace(text));
    }
    let before = before?;
    let both = before.span.to(here.span);
    let is_count =
        before.kind == TokenKind::Number && before.text.chars().all(|c| c.is_ascii_digit());
    if is_count && UNITS.iter().any(|(_, suffix)| *suffix == here.text) {
        let text = format!("{}{}", before.text, here.text);
        return Some(slip(both, "a duration is written without a blank").replace(text));
    }
    if before.text.len() == 10 && before.kind == TokenKind::Number && here.text.contains(':') {
        let text = format!("{}T{}Z", before.text, here.text);
        return Some(
            slip(both, "a time of day follows its day with `T` and has a zone").replace(text),
        );
    }
    if before.is("is") && matches!(here.kind, TokenKind::Text | TokenKind::Number) {
        let text = format!("= {}", here.text);
        return Some(slip(both, "`is` tests for absence only").replace(text));
    }
    if is_count && here.is(",") {
        let hint = "write `skip 5 limit 10`";
        return Some(slip(here.span, "one number stands after `limit` or `skip`").hint(hint));
    }
    None
}

/// `via x upstream of`, `upstream of a and b`.
fn closure(
    token: &Token<'_>,
    statement: &[Token<'_>],
    after: Option<&Token<'_>>,
) -> Option<Mistake> {
    let is_modifier = ["via", "avoiding", "within"].iter().any(|word| token.is(word));
    let has_where = statement.iter().any(|word| word.is("where") || word.is("having"));
    let reaches = statement.iter().any(|word| word.is("upstream") || word.is("downstream"));
    if token.is("within") && has_where && !reaches {
        return Some(
            slip(token.span, "`within` bounds the edges of a way")
                .hint("of times write `time in 2026-01-01..2026-02-01` or `time > now() - 3d`"),
        );
    }
    if is_modifier && after.is_some() {
        let hint = "write `upstream via trained_on of model:x`";
        return Some(
            slip(token.span, format!("`{}` stands between `upstream` and `of`", token.text))
                .hint(hint),
        );
    }
    let joins = token.is("and") || token.is("or");
    (joins && !has_where).then(|| {
        slip(token.span, format!("`{}` joins conditions, not things", token.text))
            .hint("write `where upstream of model:x and upstream of model:y`")
    })
}

/// `find all …`, `find model m`, `dataset that trains …`, `run with …`.
fn terms(
    before: &Token<'_>,
    token: &Token<'_>,
    after: Option<&Token<'_>>,
    statement: &[Token<'_>],
) -> Option<Mistake> {
    let is = |words: &[&str]| words.iter().any(|word| token.is(word));
    if before.is("find") && is(&["all", "every", "any", "the", "a"]) {
        let is_article = after.is_some_and(|after| {
            after.kind == TokenKind::Word && !CLAUSE_WORDS.iter().any(|word| after.is(word))
        });
        return Some(if is_article {
            slip(token.span, "`find` gives all that fit").hint("leave this word out")
        } else {
            let word = token.text;
            slip(token.span, "`find` is followed by a kind").hint(format!(
                "write `find model`; of a saved set `{word}`: `find node where it in {word}`"
            ))
        });
    }
    let has_clause =
        statement.iter().any(|word| ["where", "return", "summarize"].iter().any(|c| word.is(c)));
    let is_kind = KINDS.iter().any(|kind| before.is(kind.name())) || before.is("node");
    if has_clause || !is_kind || token.kind != TokenKind::Word {
        return None;
    }
    if is(&["that", "which", "who", "whose"]) {
        return Some(
            slip(token.span, "a relation follows its term directly")
                .hint("write `dataset trains run`, or `where` and a condition"),
        );
    }
    if is(&["with", "having", "if", "when"]) {
        return Some(slip(token.span, "a condition begins with `where`").replace("where"));
    }
    if word_class(token.text).is_some() {
        return None;
    }
    let (kind, word) = (before.text, token.text);
    Some(slip(token.span, format!("`{word}` cannot follow `{kind}`")).hint(format!(
        "`{kind} as {word}` names the term, `{kind}:{word}` is the one with that key, a relation \
         ties it to another"
    )))
}

/// `return m.name m.version`
fn columns(before: &Token<'_>, token: &Token<'_>, statement: &[Token<'_>]) -> Option<Mistake> {
    let last = statement.iter().rev().find(|word| {
        ["where", "return", "summarize", "order", "having"].iter().any(|clause| word.is(clause))
    })?;
    let ends_value = matches!(before.kind, TokenKind::Word | TokenKind::Number | TokenKind::Text)
        || before.is(")");
    let begins_value = matches!(token.kind, TokenKind::Word | TokenKind::Key);
    if !ends_value || !begins_value {
        return None;
    }
    if last.is("where") || last.is("having") {
        let hint = "join conditions with `and` or `or`; text stands in quotes";
        return Some(slip(token.span, format!("`{}` cannot stand here", token.text)).hint(hint));
    }
    Some(
        slip(token.span, format!("`{}` cannot stand here", token.text))
            .hint("columns are separated by commas; a name follows `as`"),
    )
}
