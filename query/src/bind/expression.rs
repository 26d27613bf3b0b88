//! Expressions: names to variables, fields, functions and columns.

use std::sync::Arc;

use super::{Bind, Binder, function};
use crate::ast::{Binary, Expr, ExprKind, Literal, Name, SetCall, Subject, Unary, Unit};
use crate::error::{Code, Mistake, Span};
use crate::plan::{End, Expression, Function, Kinds, SetSource, Type};
use crate::value::{HashValue, Value};

/// An expression with what is known of it before running.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    pub(super) expression: Expression,
    pub(super) result: Type,
    /// Of a node: what it can be.
    pub(super) kinds: Kinds,
}

impl Typed {
    pub(super) fn new(expression: Expression, result: Type) -> Typed {
        Typed { expression, result, kinds: Kinds::NONE }
    }

    pub(super) fn node(expression: Expression, kinds: Kinds) -> Typed {
        Typed { expression, result: Type::Node, kinds }
    }
}

impl Binder {
    /// An expression that must be true or false.
    pub(super) fn condition(&mut self, expr: &Expr) -> Bind<Expression> {
        let typed = self.expr(expr)?;
        if matches!(typed.result, Type::Bool | Type::Any) {
            return Ok(typed.expression);
        }
        Err(Mistake::new(
            Code::NoCondition,
            expr.span,
            format!("this is {}, not a condition", typed.result.with_article()),
        )
        .hint("compare it with something: `= \u{2026}`, `is not null`"))
    }

    pub(super) fn expr(&mut self, expr: &Expr) -> Bind<Typed> {
        if let Some(column) = self.grouped(expr)? {
            return Ok(column);
        }
        match &expr.node {
            ExprKind::Literal(literal) => Ok(constant(literal, expr.span)?),
            ExprKind::Parameter(name) => {
                let place = self.parameter(name, Type::Any, expr.span);
                Ok(Typed::new(Expression::Parameter(place), Type::Any))
            }
            ExprKind::Reference(_) | ExprKind::Id(_) => self.single_node(expr),
            ExprKind::Name(name) => self.name(name, expr.span),
            ExprKind::Member(of, field) => self.member(of, field),
            ExprKind::Index(of, index) => self.index(of, index),
            ExprKind::List(items) => {
                let items: Bind<Vec<_>> =
                    items.iter().map(|item| Ok(self.expr(item)?.expression)).collect();
                Ok(Typed::new(Expression::List(items?), Type::List))
            }
            ExprKind::Call(name, distinct, arguments) => self.call(name, *distinct, arguments),
            ExprKind::ExistsTerm(term) => match self.exists_term(term)? {
                Some(chain) => Ok(Typed::new(Expression::Chain(Box::new(chain)), Type::Bool)),
                None => {
                    let find = super::find::find_of_term(term, expr.span);
                    self.exists_find(&find)
                }
            },
            ExprKind::ExistsFind(find) => self.exists_find(find),
            ExprKind::SetCall(call, find) => self.set_call(*call, find),
            ExprKind::Subquery(find) => Err(Mistake::new(
                Code::Columns,
                find.span.0,
                "an inner question is no single value",
            )
            .hint("write `first(find \u{2026})`, `size(find \u{2026})`, or use it after `in`")),
            ExprKind::Related(subject, link) => {
                let (start, kinds) = match subject {
                    None => match self.it() {
                        Some(slot) => (End::Slot(slot), self.kinds(slot)),
                        None => return Err(self.unknown_variable("it", expr.span)),
                    },
                    Some(subject) => self.subject(subject)?,
                };
                let chain = self.test_chain(start, kinds, link)?;
                Ok(Typed::new(Expression::Chain(Box::new(chain)), Type::Bool))
            }
            ExprKind::Unary(Unary::Not, of) => {
                let of = self.condition(of)?;
                Ok(Typed::new(Expression::Not(Box::new(of)), Type::Bool))
            }
            ExprKind::Unary(Unary::Negative, of) => self.negative(of),
            ExprKind::Binary(operator, left, right) => {
                self.binary(*operator, left, right, expr.span)
            }
            ExprKind::IsNull(negated, of) => {
                let of = self.expr(of)?.expression;
                let absent = Expression::IsAbsent(Box::new(of));
                let expression = if *negated { Expression::Not(Box::new(absent)) } else { absent };
                Ok(Typed::new(expression, Type::Bool))
            }
        }
    }

    fn subject(&mut self, subject: &crate::ast::Spanned<Subject>) -> Bind<(End, Kinds)> {
        if let Subject::Variable(name) = &subject.node {
            if let Some((set, kinds)) = self.saved_beside(name) {
                return Ok((End::Set(set), kinds));
            }
            let slot = self.need_variable(name, subject.span)?;
            return Ok((End::Slot(slot), self.kinds(slot)));
        }
        match self.anchor(subject) {
            Some(set) => {
                Ok((End::Set(set), self.sets.get(set).map_or(Kinds::NONE, |set| set.kinds)))
            }
            None => Ok((End::Any, Kinds::all())),
        }
    }

    /// `model:x` where a value stands: it must be one node when it runs.
    fn single_node(&mut self, expr: &Expr) -> Bind<Typed> {
        let set = match &expr.node {
            ExprKind::Reference(reference) => self.reference(reference, expr.span),
            ExprKind::Id(id) => {
                self.set(SetSource::Id(id.clone()), Kinds::nodes(), false, expr.span)
            }
            _ => return Err(self.unknown_variable("it", expr.span)),
        };
        let kinds = self.sets.get(set).map_or(Kinds::NONE, |set| set.kinds);
        Ok(Typed::node(Expression::Key(set), kinds))
    }

    fn negative(&mut self, of: &Expr) -> Bind<Typed> {
        let bound = self.expr(of)?;
        if !matches!(
            bound.result,
            Type::Int | Type::Float | Type::Duration | Type::Months | Type::Any
        ) {
            return Err(Mistake::new(
                Code::Types,
                of.span,
                format!("{} has no negative", bound.result.with_article()),
            ));
        }
        Ok(Typed::new(Expression::Negative(Box::new(bound.expression)), bound.result))
    }

    fn exists_find(&mut self, find: &crate::ast::Find) -> Bind<Typed> {
        let plan = self.find(find, false)?;
        let memo = self.memo();
        Ok(Typed::new(Expression::Exists(Arc::new(plan), memo), Type::Bool))
    }

    fn set_call(&mut self, call: SetCall, find: &crate::ast::Find) -> Bind<Typed> {
        let plan = self.find(find, false)?;
        let memo = self.memo();
        let column = plan.columns.first().map_or(Type::Any, |column| column.column_type);
        if call != SetCall::Size && plan.columns.len() != 1 {
            return Err(Mistake::new(
                Code::Columns,
                find.span.0,
                format!("one column is needed here, this question gives {}", plan.columns.len()),
            )
            .hint("choose it with `return`"));
        }
        let kinds = self.find_kinds(&plan);
        let plan = Arc::new(plan);
        Ok(match call {
            SetCall::Size => Typed::new(Expression::Size(plan, memo), Type::Int),
            SetCall::List => Typed::new(Expression::Collect(plan, memo), Type::List),
            SetCall::First => {
                Typed { expression: Expression::First(plan, memo), result: column, kinds }
            }
        })
    }

    fn call(&mut self, name: &Name, distinct: bool, arguments: &[Expr]) -> Bind<Typed> {
        if let Some(aggregate) = function::aggregate(&name.node) {
            return self.aggregate(name, aggregate, distinct, arguments);
        }
        if distinct {
            return Err(Mistake::new(
                Code::Arguments,
                name.span,
                format!("`{}` takes no `distinct`", name.node),
            ));
        }
        let spec = function::find(name)?;
        self.of_now |= spec.function == Function::Now;
        let mut bound = Vec::new();
        for (index, argument) in arguments.iter().enumerate() {
            bound.push(self.argument(spec.wanted(index), argument)?);
        }
        let result = function::check(spec, name, arguments, &bound)?;
        let arguments = bound.into_iter().map(|typed| typed.expression).collect();
        Ok(Typed::new(Expression::Call(spec.function, arguments), result))
    }

    /// An argument; a parameter takes the type of its place.
    fn argument(&mut self, wanted: &[Type], argument: &Expr) -> Bind<Typed> {
        if let (ExprKind::Parameter(_), [Type::Node]) = (&argument.node, wanted)
            && let Some(set) = self.named_set(argument, Type::Node)
        {
            return Ok(Typed::node(Expression::Key(set), Kinds::all()));
        }
        let mut typed = self.expr(argument)?;
        if let Some(first) = wanted.iter().find(|one| **one == Type::Text).or(wanted.first()) {
            self.expect(&mut typed, *first);
        }
        Ok(typed)
    }

    fn binary(&mut self, operator: Binary, left: &Expr, right: &Expr, span: Span) -> Bind<Typed> {
        match operator {
            Binary::And | Binary::Or => {
                let (a, b) = (self.condition(left)?, self.condition(right)?);
                let expression = if operator == Binary::And {
                    Expression::And(Box::new(a), Box::new(b))
                } else {
                    Expression::Or(Box::new(a), Box::new(b))
                };
                Ok(Typed::new(expression, Type::Bool))
            }
            Binary::Add | Binary::Subtract | Binary::Multiply | Binary::Divide => {
                self.arithmetic(operator, left, right, span)
            }
            Binary::In | Binary::NotIn => {
                let expression = self.membership(left, right)?;
                Ok(Typed::new(negated(operator == Binary::NotIn, expression), Type::Bool))
            }
            Binary::Like | Binary::Contains => self.text_test(operator, left, right),
            Binary::Matches => self.matches(left, right),
            Binary::Range => Err(Mistake::new(Code::Types, span, "a range stands after `in` only")
                .hint("write `time in 2026-01-01..2026-02-01`")),
            _ => self.comparison(operator, left, right, span),
        }
    }
}

pub(super) fn negated(negate: bool, expression: Expression) -> Expression {
    if negate { Expression::Not(Box::new(expression)) } else { expression }
}

/// A literal as a value.
fn constant(literal: &Literal, span: Span) -> Bind<Typed> {
    let (value, result) = match literal {
        Literal::Text(text) => (Value::Text(text.clone()), Type::Text),
        Literal::Int(number) => (Value::Int(*number), Type::Int),
        Literal::Float(number) => (Value::Float(*number), Type::Float),
        Literal::Bool(truth) => (Value::Bool(*truth), Type::Bool),
        Literal::Time(time) => (Value::Time(*time), Type::Time),
        Literal::Hash(algorithm, digits) => {
            let bytes = data_encoding::HEXLOWER.decode(digits.as_bytes()).map_err(|_| {
                Mistake::new(Code::Number, span, "a hash has an even number of digits")
            })?;
            (Value::Hash(HashValue::new(Some(algorithm), &bytes)), Type::Hash)
        }
        Literal::Duration(count, unit) => {
            let value = length_of(*count, *unit);
            let value = value
                .ok_or_else(|| Mistake::new(Code::Number, span, "this duration is too long"))?;
            let result =
                if matches!(value, Value::Months(_)) { Type::Months } else { Type::Duration };
            (value, result)
        }
    };
    Ok(Typed::new(Expression::Constant(value), result))
}

/// So many of a unit; `None` where it is too long to be counted.
pub(crate) fn length_of(count: i64, unit: Unit) -> Option<Value> {
    let size: i64 = match unit {
        Unit::Nanosecond | Unit::Month => 1,
        Unit::Microsecond => 1_000,
        Unit::Millisecond => 1_000_000,
        Unit::Second => 1_000_000_000,
        Unit::Minute => 60_000_000_000,
        Unit::Hour => 3_600_000_000_000,
        Unit::Day => 86_400_000_000_000,
        Unit::Week => 604_800_000_000_000,
        Unit::Year => 12,
    };
    let length = count.checked_mul(size)?;
    let is_calendar = matches!(unit, Unit::Month | Unit::Year);
    Some(if is_calendar { Value::Months(length) } else { Value::Duration(length) })
}
