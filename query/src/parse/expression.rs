//! Expressions: the grammar's flat list, given its shape by operator strength.

use std::sync::LazyLock;

use lineal_grammar::Rule;
use pest::iterators::Pair;
use pest::pratt_parser::{Assoc, Op, PrattParser};

use super::literal::literal;
use super::statement::{find, id, name, parameter, reference, relation, subject, target, term};
use super::{span, unexpected};
use crate::ast::{Binary, Expr, ExprKind, Link, SetCall, Spanned, Unary};
use crate::error::Mistake;

/// Operators, loosest first (language reference, "Operators").
static STRENGTH: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    let left = |rule| Op::infix(rule, Assoc::Left);
    PrattParser::new()
        .op(left(Rule::or_op))
        .op(left(Rule::and_op))
        .op(Op::prefix(Rule::not_op))
        .op(left(Rule::eq_op)
            | left(Rule::ne_op)
            | left(Rule::le_op)
            | left(Rule::ge_op)
            | left(Rule::lt_op)
            | left(Rule::gt_op)
            | left(Rule::in_op)
            | left(Rule::not_in_op)
            | left(Rule::like_op)
            | left(Rule::matches_op)
            | left(Rule::contains_op))
        .op(left(Rule::range_op))
        .op(left(Rule::add_op) | left(Rule::sub_op))
        .op(left(Rule::mul_op) | left(Rule::div_op))
        .op(Op::prefix(Rule::neg_op))
        .op(Op::postfix(Rule::is_null)
            | Op::postfix(Rule::is_not_null)
            | Op::postfix(Rule::index)
            | Op::postfix(Rule::member))
});

type Parsed<T> = Result<T, Mistake>;
type P<'a> = Pair<'a, Rule>;

pub(super) fn expr(pair: P<'_>) -> Parsed<Expr> {
    STRENGTH
        .map_primary(primary)
        .map_prefix(|operator, of| {
            let of = of?;
            let unary =
                if operator.as_rule() == Rule::not_op { Unary::Not } else { Unary::Negative };
            let place = span(&operator).to(of.span);
            Ok(Spanned::new(ExprKind::Unary(unary, Box::new(of)), place))
        })
        .map_infix(|left, operator, right| {
            let (left, right) = (left?, right?);
            let place = left.span.to(right.span);
            let binary = binary(&operator)?;
            let kind = ExprKind::Binary(binary, Box::new(left), Box::new(right));
            Ok(Spanned::new(kind, place))
        })
        .map_postfix(|of, operator| {
            let of = of?;
            let place = of.span.to(span(&operator));
            let of = Box::new(of);
            let kind = match operator.as_rule() {
                Rule::is_null => ExprKind::IsNull(false, of),
                Rule::is_not_null => ExprKind::IsNull(true, of),
                Rule::member => ExprKind::Member(of, name(&inner(&operator)?)),
                Rule::index => ExprKind::Index(of, Box::new(expr(inner(&operator)?)?)),
                _ => return Err(unexpected(&operator)),
            };
            Ok(Spanned::new(kind, place))
        })
        .parse(pair.into_inner())
}

fn inner<'a>(pair: &P<'a>) -> Parsed<P<'a>> {
    pair.clone().into_inner().next().ok_or_else(|| unexpected(pair))
}

fn binary(pair: &P<'_>) -> Parsed<Binary> {
    Ok(match pair.as_rule() {
        Rule::or_op => Binary::Or,
        Rule::and_op => Binary::And,
        Rule::eq_op => Binary::Equal,
        Rule::ne_op => Binary::NotEqual,
        Rule::lt_op => Binary::Less,
        Rule::le_op => Binary::LessEqual,
        Rule::gt_op => Binary::Greater,
        Rule::ge_op => Binary::GreaterEqual,
        Rule::in_op => Binary::In,
        Rule::not_in_op => Binary::NotIn,
        Rule::like_op => Binary::Like,
        Rule::matches_op => Binary::Matches,
        Rule::contains_op => Binary::Contains,
        Rule::range_op => Binary::Range,
        Rule::add_op => Binary::Add,
        Rule::sub_op => Binary::Subtract,
        Rule::mul_op => Binary::Multiply,
        Rule::div_op => Binary::Divide,
        _ => return Err(unexpected(pair)),
    })
}

fn primary(pair: P<'_>) -> Parsed<Expr> {
    let place = span(&pair);
    let kind = match pair.as_rule() {
        Rule::string
        | Rule::timestamp
        | Rule::duration
        | Rule::hash
        | Rule::float
        | Rule::integer
        | Rule::boolean => ExprKind::Literal(literal(&pair)?),
        Rule::reference => ExprKind::Reference(reference(&pair)?),
        Rule::node_id => ExprKind::Id(id(&pair)),
        Rule::param => ExprKind::Parameter(parameter(&pair)),
        Rule::field => ExprKind::Name(pair.as_str().trim().to_owned()),
        Rule::paren => return expr(inner(&pair)?),
        Rule::subquery => ExprKind::Subquery(Box::new(find(&pair)?)),
        Rule::list => ExprKind::List(pair.into_inner().map(expr).collect::<Parsed<_>>()?),
        Rule::call => call(&pair)?,
        Rule::exists => exists(&pair)?,
        Rule::set_call => set_call(&pair)?,
        Rule::relation_pred => related(&pair)?,
        _ => return Err(unexpected(&pair)),
    };
    Ok(Spanned::new(kind, place))
}

fn call(pair: &P<'_>) -> Parsed<ExprKind> {
    let mut parts = pair.clone().into_inner();
    let function = name(&parts.next().ok_or_else(|| unexpected(pair))?);
    let distinct = parts.peek().is_some_and(|part| part.as_rule() == Rule::distinct_kw);
    if distinct {
        parts.next();
    }
    Ok(ExprKind::Call(function, distinct, parts.map(expr).collect::<Parsed<_>>()?))
}

fn exists(pair: &P<'_>) -> Parsed<ExprKind> {
    let what = pair.clone().into_inner().find(|part| part.as_rule() != Rule::exists_kw);
    match what {
        Some(part) if part.as_rule() == Rule::term => {
            Ok(ExprKind::ExistsTerm(Box::new(term(&part)?)))
        }
        Some(part) if part.as_rule() == Rule::subquery => {
            Ok(ExprKind::ExistsFind(Box::new(find(&part)?)))
        }
        _ => Err(unexpected(pair)),
    }
}

fn set_call(pair: &P<'_>) -> Parsed<ExprKind> {
    let mut parts = pair.clone().into_inner();
    let word = parts.next().map(|part| part.as_rule());
    let call = match word {
        Some(Rule::size_kw) => SetCall::Size,
        Some(Rule::list_kw) => SetCall::List,
        Some(Rule::first_kw) => SetCall::First,
        _ => return Err(unexpected(pair)),
    };
    let question = parts.next().ok_or_else(|| unexpected(pair))?;
    Ok(ExprKind::SetCall(call, Box::new(find(&question)?)))
}

fn related(pair: &P<'_>) -> Parsed<ExprKind> {
    let mut of = None;
    let mut how = None;
    let mut to = None;
    for part in pair.clone().into_inner() {
        match part.as_rule() {
            Rule::subject => of = Some(subject(&inner(&part)?)?),
            Rule::relation => how = Some(relation(&part)?),
            Rule::target => to = Some(target(&part)?),
            _ => return Err(unexpected(&part)),
        }
    }
    let (Some(relation), Some(target)) = (how, to) else { return Err(unexpected(pair)) };
    Ok(ExprKind::Related(of, Box::new(Link { relation, target })))
}
