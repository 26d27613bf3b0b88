//! Pairs of statements, selections, patterns and relations to their trees.

use lineal_engine::schema::{Kind, Relation};
use lineal_grammar::Rule;
use pest::iterators::{Pair, Pairs};

use super::expression::expr;
use super::literal::{integer, literal, string};
use super::{span, unexpected};
use crate::ast::{
    AsOf, Count, Extreme, Find, Item, ItemValue, Key, Link, LinkRelation, Literal, Modifiers, Name,
    OrderKey, Output, Query, Reach, Reference, Return, Script, Select, SetOperand, SetWord,
    Spanned, Statement, Subject, Summarize, Tail, Target, Term, Trace, Via, Whole,
};
use crate::error::{Code, Mistake};

type Parsed<T> = Result<T, Mistake>;
type P<'a> = Pair<'a, Rule>;

/// Takes the next pair; the grammar promises it.
fn next<'a>(of: &P<'a>, inner: &mut Pairs<'a, Rule>) -> Parsed<P<'a>> {
    inner.next().ok_or_else(|| unexpected(of))
}

/// The pairs of a rule that carry meaning: keywords with none are left out.
fn parts<'a>(pair: &P<'a>) -> impl Iterator<Item = P<'a>> + use<'a> {
    pair.clone().into_inner().filter(|part| !is_noise(part.as_rule()))
}

/// Keywords that only separate.
fn is_noise(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::let_kw
            | Rule::find_kw
            | Rule::trace_kw
            | Rule::diff_kw
            | Rule::history_kw
            | Rule::prove_kw
            | Rule::verify_kw
            | Rule::show_kw
            | Rule::where_kw
            | Rule::return_kw
            | Rule::summarize_kw
            | Rule::by_kw
            | Rule::having_kw
            | Rule::order_kw
            | Rule::skip_kw
            | Rule::limit_kw
            | Rule::as_kw
            | Rule::of_kw
            | Rule::format_kw
            | Rule::via_kw
            | Rule::avoiding_kw
            | Rule::within_kw
            | Rule::to_kw
            | Rule::with_kw
            | Rule::exists_kw
            | Rule::EOI
    )
}

pub(super) fn script(pair: &P<'_>) -> Parsed<Script> {
    let statements = parts(pair).map(|part| {
        let place = span(&part);
        Ok(Spanned::new(statement(&part)?, place))
    });
    Ok(Script { statements: statements.collect::<Parsed<_>>()? })
}

fn statement(pair: &P<'_>) -> Parsed<Statement> {
    let mut inner = pair.clone().into_inner().filter(|part| !is_noise(part.as_rule()));
    let mut take = || inner.next().ok_or_else(|| unexpected(pair));
    Ok(match pair.as_rule() {
        Rule::find_stmt => Statement::Find(find(pair)?),
        Rule::let_stmt => Statement::Let(name(&take()?), find(&take()?)?),
        Rule::explain_stmt => {
            let profile = take()?.as_rule() == Rule::profile_kw;
            let body = take()?;
            let place = span(&body);
            Statement::Explain(profile, Box::new(Spanned::new(statement(&body)?, place)))
        }
        Rule::trace_stmt => Statement::Trace(Box::new(trace(pair)?)),
        Rule::diff_stmt => Statement::Diff(target(&take()?)?, target(&take()?)?, tail(pair)?),
        Rule::history_stmt => {
            let of = target(&take()?)?;
            let condition = parts(pair).find(|part| part.as_rule() == Rule::where_clause);
            let condition = condition.map(|part| only_expr(&part)).transpose()?;
            Statement::History(of, condition, tail(pair)?)
        }
        Rule::prove_stmt => {
            let first = take()?;
            let absent = first.as_rule() == Rule::no_kw;
            let of = if absent { take()? } else { first };
            Statement::Prove(absent, target(&of)?, tail(pair)?)
        }
        Rule::verify_stmt => {
            let first = take()?;
            let deep = first.as_rule() == Rule::deep_kw;
            let of = if deep { take()? } else { first };
            Statement::Verify(deep, target(&of)?, tail(pair)?)
        }
        Rule::show_stmt => {
            let topic = name(&take()?);
            let of = inner.next().filter(|part| part.as_rule() != Rule::format);
            Statement::Show(topic, of.map(|part| name(&part)), tail(pair)?)
        }
        _ => return Err(unexpected(pair)),
    })
}

/// A word as it was written.
pub(super) fn name(pair: &P<'_>) -> Name {
    Spanned::new(pair.as_str().trim().to_owned(), span(pair))
}

/// `find ...` with its tail; also of a subquery.
pub(super) fn find(pair: &P<'_>) -> Parsed<Find> {
    if pair.as_rule() == Rule::subquery {
        let mut found = find(&next(pair, &mut first_of(pair, Rule::find_stmt))?)?;
        found.span = Whole(span(pair));
        return Ok(found);
    }
    let mut inner = pair.clone().into_inner();
    let query = query(&next(pair, &mut inner)?)?;
    Ok(Find { query, tail: tail(pair)?, span: Whole(span(pair)) })
}

/// The inner pairs from the first of that rule on.
fn first_of<'a>(pair: &P<'a>, rule: Rule) -> Pairs<'a, Rule> {
    let mut inner = pair.clone().into_inner();
    while inner.peek().is_some_and(|part| part.as_rule() != rule) {
        inner.next();
    }
    inner
}

fn query(pair: &P<'_>) -> Parsed<Query> {
    let mut operands = Vec::new();
    let mut word = None;
    for part in parts(pair) {
        match part.as_rule() {
            Rule::union_kw => word = Some(SetWord::Union),
            Rule::intersect_kw => word = Some(SetWord::Intersect),
            Rule::except_kw => word = Some(SetWord::Except),
            Rule::select => operands.push(SetOperand::Select(Box::new(select(&part)?))),
            Rule::subquery => operands.push(SetOperand::Subquery(Box::new(find(&part)?))),
            _ => return Err(unexpected(&part)),
        }
    }
    let mut operands = operands.into_iter();
    let first = operands.next().ok_or_else(|| unexpected(pair))?;
    Ok(Query { first, rest: word.map(|word| (word, operands.collect())) })
}

fn select(pair: &P<'_>) -> Parsed<Select> {
    let mut select = Select { extreme: None, pattern: Vec::new(), condition: None, output: None };
    for part in parts(pair) {
        match part.as_rule() {
            Rule::root_kw => select.extreme = Some(Extreme::Root),
            Rule::tip_kw => select.extreme = Some(Extreme::Tip),
            Rule::pattern => {
                select.pattern = parts(&part).map(|t| term(&t)).collect::<Parsed<_>>()?;
            }
            Rule::where_clause => select.condition = Some(only_expr(&part)?),
            Rule::return_clause => select.output = Some(Output::Return(return_clause(&part)?)),
            Rule::summarize => select.output = Some(Output::Summarize(summarize(&part)?)),
            _ => return Err(unexpected(&part)),
        }
    }
    Ok(select)
}

fn only_expr(pair: &P<'_>) -> Parsed<crate::ast::Expr> {
    expr(next(pair, &mut first_of(pair, Rule::expr))?)
}

fn return_clause(pair: &P<'_>) -> Parsed<Return> {
    let distinct = pair.clone().into_inner().any(|part| part.as_rule() == Rule::distinct_kw);
    let items = parts(pair).filter(|part| part.as_rule() == Rule::item);
    Ok(Return { distinct, items: items.map(|part| item(&part)).collect::<Parsed<_>>()? })
}

fn summarize(pair: &P<'_>) -> Parsed<Summarize> {
    let mut out = Summarize { items: Vec::new(), groups: Vec::new(), having: None };
    for part in parts(pair) {
        match part.as_rule() {
            Rule::item => out.items.push(item(&part)?),
            Rule::group => out.groups.push(item(&part)?),
            Rule::having => out.having = Some(only_expr(&part)?),
            _ => return Err(unexpected(&part)),
        }
    }
    Ok(out)
}

fn item(pair: &P<'_>) -> Parsed<Item> {
    let mut inner = parts(pair);
    let first = inner.next().ok_or_else(|| unexpected(pair))?;
    let value = if first.as_rule() == Rule::star {
        ItemValue::Star(name(&next(&first, &mut first.clone().into_inner())?))
    } else {
        ItemValue::Expr(expr(first)?)
    };
    Ok(Item { value, alias: inner.next().map(|word| name(&word)) })
}

fn tail(pair: &P<'_>) -> Parsed<Tail> {
    let mut tail = Tail::default();
    for part in parts(pair) {
        match part.as_rule() {
            Rule::order_by => {
                tail.order_by = parts(&part).map(|key| order_key(&key)).collect::<Parsed<_>>()?;
            }
            Rule::skip => tail.skip = Some(count(&part)?),
            Rule::limit => tail.limit = Some(count(&part)?),
            Rule::as_of => tail.as_of = Some(as_of(&part)?),
            Rule::format => tail.format = parts(&part).next().map(|word| name(&word)),
            _ => {}
        }
    }
    Ok(tail)
}

fn order_key(pair: &P<'_>) -> Parsed<OrderKey> {
    let mut inner = pair.clone().into_inner();
    let key = expr(next(pair, &mut inner)?)?;
    let descending = inner.any(|part| part.as_rule() == Rule::desc_kw);
    Ok(OrderKey { expr: key, descending })
}

fn count(pair: &P<'_>) -> Parsed<Spanned<Count>> {
    let part = parts(pair).next().ok_or_else(|| unexpected(pair))?;
    let place = span(&part);
    let count = if part.as_rule() == Rule::param {
        Count::Parameter(parameter(&part))
    } else {
        Count::Number(integer(part.as_str(), place)?.unsigned_abs())
    };
    Ok(Spanned::new(count, place))
}

fn as_of(pair: &P<'_>) -> Parsed<Spanned<AsOf>> {
    let part = parts(pair).next().ok_or_else(|| unexpected(pair))?;
    let place = span(&part);
    let as_of = match part.as_rule() {
        Rule::timestamp => match literal(&part)? {
            Literal::Time(time) => AsOf::Time(time),
            _ => return Err(unexpected(&part)),
        },
        Rule::integer => AsOf::Commit(integer(part.as_str(), place)?.unsigned_abs()),
        Rule::reference => AsOf::Reference(reference(&part)?),
        Rule::node_id => AsOf::Id(id(&part)),
        Rule::param => AsOf::Parameter(parameter(&part)),
        _ => return Err(unexpected(&part)),
    };
    Ok(Spanned::new(as_of, place))
}

pub(super) fn term(pair: &P<'_>) -> Parsed<Term> {
    let mut inner = parts(pair);
    let first = inner.next().ok_or_else(|| unexpected(pair))?;
    let mut term = Term { subject: subject(&first)?, alias: None, link: None };
    for part in inner {
        match part.as_rule() {
            Rule::alias => term.alias = parts(&part).next().map(|word| name(&word)),
            Rule::link => term.link = Some(Box::new(link(&part)?)),
            _ => return Err(unexpected(&part)),
        }
    }
    Ok(term)
}

/// A kind, reference, id, parameter or variable, from its own pair.
pub(super) fn subject(pair: &P<'_>) -> Parsed<Spanned<Subject>> {
    let subject = match pair.as_rule() {
        Rule::kind => Subject::Kind(kind(pair)),
        Rule::reference => Subject::Reference(reference(pair)?),
        Rule::node_id => Subject::Id(id(pair)),
        Rule::param => Subject::Parameter(parameter(pair)),
        Rule::var => Subject::Variable(pair.as_str().to_owned()),
        _ => return Err(unexpected(pair)),
    };
    Ok(Spanned::new(subject, span(pair)))
}

/// A kind's word; `None` is `node`.
fn kind(pair: &P<'_>) -> Option<Kind> {
    Kind::parse(pair.as_str())
}

pub(super) fn id(pair: &P<'_>) -> String {
    pair.as_str().trim_start_matches('#').to_ascii_lowercase()
}

pub(super) fn parameter(pair: &P<'_>) -> String {
    pair.as_str().trim_start_matches('$').to_owned()
}

pub(super) fn reference(pair: &P<'_>) -> Parsed<Reference> {
    let mut inner = pair.clone().into_inner();
    let kind = kind(&next(pair, &mut inner)?);
    let key = next(pair, &mut inner)?;
    let key = match key.as_rule() {
        Rule::param => Key::Parameter(parameter(&key)),
        Rule::string => {
            let mut text = string(key.as_str());
            if let Some(version) = inner.next() {
                text.push('@');
                text.push_str(version.as_str());
            }
            if text.is_empty() {
                return Err(Mistake::new(Code::Syntax, span(pair), "this key is empty"));
            }
            Key::Text(text)
        }
        Rule::bare_key => Key::Text(key.as_str().to_owned()),
        _ => return Err(unexpected(&key)),
    };
    Ok(Reference { kind, key })
}

pub(super) fn link(pair: &P<'_>) -> Parsed<Link> {
    let mut inner = pair.clone().into_inner();
    let relation = relation(&next(pair, &mut inner)?)?;
    Ok(Link { relation, target: target(&next(pair, &mut inner)?)? })
}

pub(super) fn relation(pair: &P<'_>) -> Parsed<Spanned<LinkRelation>> {
    let part = parts(pair).next().ok_or_else(|| unexpected(pair))?;
    let place = span(&part);
    let relation = match part.as_rule() {
        Rule::reach => {
            let downstream = part.clone().into_inner().any(|p| p.as_rule() == Rule::downstream_kw);
            LinkRelation::Reach(Reach { downstream, modifiers: modifiers(&part)? })
        }
        Rule::edge => {
            let (relation, direction) =
                Relation::parse(part.as_str()).ok_or_else(|| unexpected(&part))?;
            LinkRelation::Edge(relation, direction)
        }
        _ => return Err(unexpected(&part)),
    };
    Ok(Spanned::new(relation, place))
}

fn modifiers(pair: &P<'_>) -> Parsed<Modifiers> {
    let mut out = Modifiers::default();
    for part in parts(pair) {
        match part.as_rule() {
            Rule::via => {
                for item in parts(&part) {
                    out.via.push(Spanned::new(via(&item)?, span(&item)));
                }
            }
            Rule::avoiding => {
                let of = parts(&part).next().ok_or_else(|| unexpected(&part))?;
                out.avoiding.push(target(&of)?);
            }
            Rule::within => out.within = Some(Spanned::new(within(&part)?, span(&part))),
            _ => {}
        }
    }
    Ok(out)
}

fn via(pair: &P<'_>) -> Parsed<Via> {
    let word = pair.as_str();
    if pair.as_rule() == Rule::edge {
        let (relation, direction) = Relation::parse(word).ok_or_else(|| unexpected(pair))?;
        return Ok(Via::Edge(relation, direction));
    }
    match word.to_ascii_lowercase().as_str() {
        "lineage" => Ok(Via::Lineage),
        "any" => Ok(Via::Any),
        "training" => Ok(Via::Training),
        _ => Err(unexpected(pair)),
    }
}

fn within(pair: &P<'_>) -> Parsed<(u32, u32)> {
    let mut bounds = Vec::new();
    for part in parts(pair) {
        let place = span(&part);
        let bound = u32::try_from(integer(part.as_str(), place)?);
        bounds.push(bound.map_err(|_| {
            Mistake::new(Code::Number, place, "a distance goes up to 4294967295 edges")
        })?);
    }
    match bounds.as_slice() {
        [most] => Ok((1, *most)),
        [least, most] if least <= most => Ok((*least, *most)),
        _ => Err(Mistake::new(Code::Number, span(pair), "this distance runs backwards")
            .hint("write the smaller number first")),
    }
}

/// A subquery, term or variable, from `target` or `operand`.
pub(super) fn target(pair: &P<'_>) -> Parsed<Target> {
    let part = match pair.as_rule() {
        Rule::target | Rule::operand => next(pair, &mut pair.clone().into_inner())?,
        _ => pair.clone(),
    };
    Ok(match part.as_rule() {
        Rule::subquery => Target::Subquery(Box::new(find(&part)?)),
        Rule::term => Target::Term(Box::new(term(&part)?)),
        Rule::var => Target::Variable(name(&part)),
        _ => return Err(unexpected(&part)),
    })
}

fn trace(pair: &P<'_>) -> Parsed<Trace> {
    let mut ends = Vec::new();
    let mut all = false;
    let mut condition = None;
    let mut output = None;
    for part in parts(pair) {
        match part.as_rule() {
            Rule::all_kw => all = true,
            Rule::operand => ends.push(target(&part)?),
            Rule::where_clause => condition = Some(only_expr(&part)?),
            Rule::return_clause => output = Some(return_clause(&part)?),
            _ => {}
        }
    }
    let mut ends = ends.into_iter();
    let (Some(from), Some(to)) = (ends.next(), ends.next()) else { return Err(unexpected(pair)) };
    let modifiers = modifiers(pair)?;
    Ok(Trace { all, from, to, modifiers, condition, output, tail: tail(pair)? })
}
