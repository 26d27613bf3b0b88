//! Clauses and set words of ours in the wrong place, and how they stand in the right one.

use super::diagnose::VERBS;
use super::token::{Token, TokenKind};
use crate::error::{Code, Mistake, Span};

/// Clauses of a question in the order in which they stand.
pub(super) const CLAUSES: [&str; 9] =
    ["where", "return", "summarize", "having", "order", "skip", "limit", "as", "format"];

/// What to say where a clause is out of place.
pub(super) const ORDER: &str =
    "the order is find, where, return or summarize, order by, skip, limit, as of, format";

pub(super) fn is_clause(token: &Token<'_>) -> bool {
    CLAUSES.iter().any(|clause| token.is(clause))
}

/// The clause of this rank as a reader would call it.
fn name(rank: usize) -> Option<&'static str> {
    CLAUSES.get(rank).map(|clause| if *clause == "as" { "as of" } else { clause })
}

/// Where each clause of these tokens begins, with its rank. `as m` is no clause, `as of` is.
fn clauses(tokens: &[Token<'_>]) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.text {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        let rank = CLAUSES.iter().position(|clause| token.is(clause));
        let is_clause = !token.is("as") || tokens.get(index + 1).is_some_and(|t| t.is("of"));
        if let Some(rank) = rank.filter(|_| depth == 0 && is_clause) {
            out.push((index, rank));
        }
    }
    out
}

/// The clause or set word at which the grammar gave up, if it is one. `statement` holds the tokens
/// of the statement or inner question before it.
pub(super) fn recognise(
    text: &str,
    tokens: &[Token<'_>],
    here: usize,
    statement: &[Token<'_>],
) -> Option<Mistake> {
    let token = tokens.get(here)?;
    let says = |message: String| Mistake::new(Code::Syntax, token.span, message);
    if ["union", "intersect", "except"].iter().any(|word| token.is(word)) {
        return Some(
            says("different set words need brackets".to_owned())
                .hint("write `(find \u{2026} union find \u{2026}) except find \u{2026}`"),
        );
    }
    if VERBS.iter().any(|verb| token.is(verb)) && !statement.is_empty() {
        let before = tokens.get(here.checked_sub(1)?)?;
        let joined = before.is("(") || before.kind == TokenKind::Sign;
        return (!joined).then(|| {
            says("a new statement begins here".to_owned())
                .hint("put `;` between statements, or brackets round an inner question")
        });
    }
    let rank = CLAUSES.iter().position(|clause| token.is(clause))?;
    let earlier = clauses(statement);
    let (_, seen) = *earlier.iter().rev().find(|(_, clause)| *clause >= rank)?;
    let (this, other) = (name(rank)?, name(seen)?);
    if rank == seen {
        let mistake = says(format!("`{this}` stands twice"));
        let has_choice = statement.iter().any(|word| word.is("or"));
        return Some(match this {
            "where" if has_choice => mistake.hint("join conditions with `and`"),
            "where" => mistake.hint("join conditions with `and`").replace("and"),
            _ => mistake.hint("write it once"),
        });
    }
    let mistake = says(format!("`{this}` stands before `{other}`")).hint(ORDER);
    let (first, _) = *earlier.iter().find(|(_, clause)| *clause > rank)?;
    let first = statement.get(first)?;
    Some(match moved(text, tokens, here, first.span.at) {
        Some((span, text)) => Mistake { span, ..mistake }.replace(text),
        None => mistake,
    })
}

/// The clause at `here`, put before what begins at byte `first`: the stretch of text and what
/// stands in its place then.
fn moved(text: &str, tokens: &[Token<'_>], here: usize, first: usize) -> Option<(Span, String)> {
    let rest = tokens.get(here..)?;
    let ends = |token: &Token<'_>| token.is(";") || token.is("union") || token.is("intersect");
    let mut depth = 0_i32;
    let end = rest.iter().position(|token| {
        depth += i32::from(token.is("(")) - i32::from(token.is(")"));
        depth < 0 || (depth == 0 && ends(token))
    });
    let rest = rest.get(..end.unwrap_or(rest.len()))?;
    let next = clauses(rest).get(1).map_or(rest.len(), |(index, _)| *index);
    let (begin, last) = (rest.first()?.span.at, rest.get(next.checked_sub(1)?)?.span.end);
    let clause = text.get(begin..last)?;
    let before = text.get(first..begin)?.trim_end();
    Some((Span::new(first, last), format!("{clause} {before}")))
}
