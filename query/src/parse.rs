//! Text to syntax tree: a lexical guard, pest, and a walk over its pairs.
//!
//! This module and its parts are the only ones that see the grammar's rules. Meaning (fields,
//! variables, directions) is the binder's.

mod clauses;
mod diagnose;
mod expression;
mod forms;
mod guard;
mod literal;
mod signs;
mod slips;
mod statement;
pub(crate) mod token;

use lineal_grammar::{Parser, Rule};
use pest::Parser as _;
use pest::iterators::Pair;

use crate::ast::Script;
use crate::error::{Mistake, Span};

#[cfg(test)]
pub(crate) use diagnose::VERBS;
pub(crate) use guard::{is_forbidden, typographic};
pub(crate) use literal::{parse_hash_text, parse_time_text, wrong_length};

/// Longest request. A question of a page is 2 KiB; the rest is room for lists of keys.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Deepest nesting of brackets. The walk over the pairs recurses, so this guards the stack.
pub const NESTING_MAX: usize = 64;
/// Most operators in one request. A chain of them is a tree as deep as it is long; with these
/// three bounds the deepest one fits a stack of 4 MiB even in a debug build (tests/bounds.rs).
pub const OPERATORS_MAX: usize = 128;
/// Most relations in one request, for the same reason.
pub const RELATIONS_MAX: usize = 64;
/// Most questions in one request, inner ones counted, for the same reason.
pub const QUESTIONS_MAX: usize = 32;

/// How long and how deep a request may be. More than [`TEXT_BYTES_MAX`] and [`NESTING_MAX`] is
/// never allowed: the stack is made for these.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TextBounds {
    /// Bytes of the text.
    pub bytes: usize,
    /// Brackets within brackets.
    pub nesting: usize,
}

impl Default for TextBounds {
    fn default() -> TextBounds {
        TextBounds { bytes: TEXT_BYTES_MAX, nesting: NESTING_MAX }
    }
}

/// Parses a request.
///
/// # Errors
/// The first mistake in the text, with its place and, where one is known, the repair.
pub fn parse(text: &str) -> Result<Script, Mistake> {
    parse_within(text, TextBounds::default())
}

/// Parses a request within bounds of the caller's own.
pub(crate) fn parse_within(text: &str, bounds: TextBounds) -> Result<Script, Mistake> {
    guard::check(text, bounds)?;
    let mut pairs =
        Parser::parse(Rule::script, text).map_err(|error| diagnose::explain(text, &error))?;
    guard::check_operators(&pairs)?;
    match pairs.next() {
        Some(script) => statement::script(&script),
        None => Err(Mistake::new(crate::error::Code::Empty, Span::default(), "no question")),
    }
}

/// The place of a pair in the text.
fn span(pair: &Pair<'_, Rule>) -> Span {
    let span = pair.as_span();
    Span::new(span.start(), span.start() + span.as_str().trim_end().len())
}

/// A pair that the grammar cannot produce here. The grammar and this walk are tested together on
/// every rule, so reaching it is a fault of ours; it is reported instead of breaking the process.
fn unexpected(pair: &Pair<'_, Rule>) -> Mistake {
    Mistake::new(
        crate::error::Code::Syntax,
        span(pair),
        format!("the parser does not know what to do with `{}` here", pair.as_str().trim()),
    )
}
