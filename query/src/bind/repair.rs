//! Values that are written as another type than their place has: what to write there instead.
//!
//! Each repair stands in the place of the value alone, so that a program can put it there.

use super::expression::Typed;
use super::{Bind, function};
use crate::ast::{Binary, Expr, ExprKind, Literal};
use crate::error::{Code, Mistake, Span};
use crate::parse::{parse_hash_text, parse_time_text, wrong_length};
use crate::plan::{Expression, Type};
use crate::value::Value;

/// The mistake of comparing these two, with its repair where one side is only written wrongly.
pub(super) fn unlike(mistake: Mistake, left: (&Expr, Type), right: (&Expr, Type)) -> Mistake {
    for ((expr, _), (_, wanted)) in [(left, right), (right, left)] {
        if let Some((code, text)) = rewritten(expr, wanted) {
            let hint = format!("write `{text}`");
            let mut mistake = Mistake { code, span: expr.span, ..mistake };
            if code == Code::Timestamp {
                mistake = mistake.reworded("a day is written with dashes and two digits each");
            }
            return mistake.hint(hint).replace(text);
        }
    }
    let is_comparison = |expr: &Expr| {
        matches!(
            &expr.node,
            ExprKind::Binary(
                Binary::Equal
                    | Binary::NotEqual
                    | Binary::Less
                    | Binary::LessEqual
                    | Binary::Greater
                    | Binary::GreaterEqual,
                ..
            )
        )
    };
    if is_comparison(left.0) || is_comparison(right.0) {
        return mistake.hint("comparisons are not chained: write `1 < rows and rows < 9`");
    }
    mistake
}

/// The value as its place wants it.
fn rewritten(expr: &Expr, wanted: Type) -> Option<(Code, String)> {
    if wanted == Type::Time
        && let Some(day) = day(expr)
    {
        return Some((Code::Timestamp, day));
    }
    let ExprKind::Literal(literal) = &expr.node else { return None };
    let text = match (literal, wanted) {
        (Literal::Text(text), Type::Time) => parse_time_text(text).map(|_| text.clone()),
        (Literal::Text(text), Type::Int | Type::Float) => {
            text.parse::<i64>().ok().map(|number| number.to_string())
        }
        (Literal::Text(text), Type::Bool) => {
            let text = text.to_ascii_lowercase();
            ["true", "false"].contains(&text.as_str()).then_some(text)
        }
        (Literal::Int(0), Type::Bool) => Some("false".to_owned()),
        (Literal::Int(1), Type::Bool) => Some("true".to_owned()),
        (Literal::Int(number), Type::Text) => Some(format!("\"{number}\"")),
        (Literal::Bool(truth), Type::Text) => Some(format!("\"{truth}\"")),
        (Literal::Float(number), Type::Text) => Some(format!("\"{number}\"")),
        _ => None,
    };
    text.map(|text| (Code::Types, text))
}

/// `2026-3-14` and `2026/03/14`, which read as sums and quotients.
fn day(expr: &Expr) -> Option<String> {
    let ExprKind::Binary(outer, left, last) = &expr.node else { return None };
    let ExprKind::Binary(inner, first, middle) = &left.node else { return None };
    let is_sign = outer == inner && matches!(outer, Binary::Subtract | Binary::Divide);
    let whole = |expr: &Expr| match expr.node {
        ExprKind::Literal(Literal::Int(number)) => Some(number),
        _ => None,
    };
    let text = format!("{:04}-{:02}-{:02}", whole(first)?, whole(middle)?, whole(last)?);
    (is_sign && parse_time_text(&text).is_some()).then_some(text)
}

/// A text beside a hash is the hash that it writes.
pub(super) fn read_hash(typed: &mut Typed, other: Type, span: Span) -> Bind<()> {
    let Expression::Constant(Value::Text(text)) = &typed.expression else { return Ok(()) };
    if other != Type::Hash {
        return Ok(());
    }
    let Some(hash) = parse_hash_text(text) else {
        let mistake = Mistake::new(Code::Types, span, "this text is no hash");
        return Err(
            mistake.hint("write `sha256:\u{2026}` with all its digits, or the digits alone")
        );
    };
    let why = hash.algorithm().and_then(|name| wrong_length(name, 2 * hash.bytes().len()));
    if let Some(why) = why {
        return Err(Mistake::new(Code::Number, span, why).hint("a hash is compared whole"));
    }
    *typed = Typed::new(Expression::Constant(Value::Hash(hash)), Type::Hash);
    Ok(())
}

/// A word without quotes beside a text.
pub(super) fn unquoted(mistake: Mistake, expr: &Expr, beside: Type) -> Mistake {
    match &expr.node {
        ExprKind::Name(name)
            if beside == Type::Text
                && mistake.code == Code::UnknownField
                && mistake.span == expr.span
                && mistake.replacement.is_none()
                && function::named(name).is_none() =>
        {
            let text = format!("\"{name}\"");
            mistake.hint(format!("text stands in quotes: `{text}`")).replace(text)
        }
        _ => mistake,
    }
}

/// Two texts written out are equal or not whatever is recorded: one was to be a field.
pub(super) fn two_texts(
    left: &Expr,
    right: &Expr,
    fields: impl FnOnce() -> Vec<&'static str>,
) -> Bind<()> {
    let text = |expr: &Expr| match &expr.node {
        ExprKind::Literal(Literal::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let (Some(first), Some(_)) = (text(left), text(right)) else { return Ok(()) };
    let mistake = Mistake::new(
        Code::Types,
        left.span,
        "two texts are compared here, which says nothing of what is recorded",
    );
    Err(match fields().into_iter().find(|field| **field == first) {
        Some(field) => mistake.hint("a field stands without quotes").replace(field),
        None => mistake.hint("a field stands without quotes: `name = \"x\"`"),
    })
}
