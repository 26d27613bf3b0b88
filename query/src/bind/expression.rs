//! Expressions: names to variables, fields, functions and columns.

use std::sync::Arc;

use lineal_engine::event_fields::{EVENT_FIELDS, EventField};
use lineal_engine::schema::{COMMON_FIELDS, FieldSpec, FieldType, Kind, Relation, fields};

use super::{Bind, Binder, function};
use crate::ast::{Binary, Expr, ExprKind, Literal, Name, SetCall, Subject, Unary, Unit};
use crate::error::{Code, Mistake, Span};
use crate::plan::{Arithmetic, End, Expression, FieldReference, Kinds, SetSource, Type};
use crate::suggest::nearest;
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

    fn node(expression: Expression, kinds: Kinds) -> Typed {
        Typed { expression, result: Type::Node, kinds }
    }
}

/// Recorded as a number of nanoseconds; in the language a length of time is a duration.
const LONGEST_SILENCE: &str = "longest_silence";

/// What a field gives.
pub(crate) fn field_type(field: &FieldReference) -> Type {
    if field.name == LONGEST_SILENCE { Type::Duration } else { field.field_type.into() }
}

/// Fields of events beside those of the event table.
const EVENT_EXTRAS: [FieldReference; 8] = [
    FieldReference { name: "kind", field_type: FieldType::Text, event: None },
    FieldReference { name: "key", field_type: FieldType::Text, event: None },
    FieldReference { name: "recorded", field_type: FieldType::Time, event: None },
    FieldReference { name: "updated", field_type: FieldType::Time, event: None },
    FieldReference { name: "source", field_type: FieldType::Text, event: None },
    FieldReference { name: "sources", field_type: FieldType::List, event: None },
    FieldReference { name: "missing", field_type: FieldType::Bool, event: None },
    FieldReference { name: "gone", field_type: FieldType::Bool, event: None },
];

/// Fields of every node that an event, a row of a batch, does not have, and what to ask instead.
const OF_NODES_ALONE: [(&str, &str); 5] = [
    ("id", "`event_id`, `request_id` and `log_id` are the ids that are recorded of an event"),
    ("tags", "`rest` is what no rule of the mapping takes, as JSON"),
    (
        "deleted",
        "a log marks no event deleted; `part_of batch as b` leads to what holds for its batch",
    ),
    ("revisions", "an event is a row of a batch: `part_of batch as b return b.revisions`"),
    (
        "conflict",
        "of rows that say different things of one event one counts: `outweighed` of its batch",
    ),
];

/// The names of the fields of a variable that are its own: the common ones are left out where the
/// kind is known.
pub(super) fn own_fields(kinds: Kinds) -> Vec<&'static str> {
    match kinds.single() {
        Some(Kind::Inference) => EVENT_FIELDS.iter().map(|spec| spec.name).collect(),
        Some(kind) => fields(kind).iter().map(|spec| spec.name).collect(),
        None => COMMON_FIELDS.iter().map(|spec| spec.name).collect(),
    }
}

/// Every field that things of these kinds can have.
pub(crate) fn all_fields(kinds: Kinds) -> Vec<FieldReference> {
    let mut out: Vec<FieldReference> = Vec::new();
    let mut add = |spec: &FieldSpec| {
        if out.iter().all(|field: &FieldReference| field.name != spec.name) {
            let event = EventField::parse(spec.name);
            out.push(FieldReference { name: spec.name, field_type: spec.field_type, event });
        }
    };
    if kinds != Kinds::one(Kind::Inference) {
        COMMON_FIELDS.iter().for_each(&mut add);
    }
    for kind in kinds.iter() {
        fields(kind).iter().for_each(&mut add);
    }
    if kinds.has(Kind::Inference) {
        for spec in EVENT_FIELDS {
            if out.iter().all(|field| field.name != spec.name) {
                let event = Some(spec.field);
                out.push(FieldReference { name: spec.name, field_type: spec.field_type, event });
            }
        }
        for extra in EVENT_EXTRAS {
            if out.iter().all(|field| field.name != extra.name) {
                out.push(extra);
            }
        }
    }
    out
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

    fn name(&mut self, name: &str, span: Span) -> Bind<Typed> {
        if name == "path" && self.scopes.last().is_some_and(|scope| scope.has_path) {
            return Ok(Typed::new(Expression::Path, Type::Path));
        }
        if let Some(slot) = self.variable(name) {
            return Ok(Typed::node(Expression::Slot(slot), self.kinds(slot)));
        }
        if self.saved_set(name).is_some() {
            return Err(Mistake::new(
                Code::Columns,
                span,
                format!("`{name}` is a set, no single value"),
            )
            .hint(format!("write `it in {name}`, or `upstream of {name}`")));
        }
        let Some(it) = self.it() else { return Err(self.unknown_variable(name, span)) };
        let kinds = self.kinds(it);
        match all_fields(kinds).into_iter().find(|field| field.name == name) {
            Some(field) => Ok(self.field(Expression::Slot(it), field)),
            None => Err(self.unknown_field(name, kinds, span, true)),
        }
    }

    fn field(&mut self, of: Expression, field: FieldReference) -> Typed {
        self.event_fields.extend(field.event);
        if field.name == "deleted"
            && self.in_condition
            && let Expression::Slot(slot) = of
            && let Some(slot) = self.slots.get_mut(slot)
        {
            slot.with_deleted = true;
        }
        let value = Expression::Field(Box::new(of), field);
        if field_type(&field) == Type::Duration {
            let one = Box::new(Expression::Constant(Value::Duration(1)));
            let length =
                Expression::Arithmetic(Arithmetic::Multiply, Box::new(value), one, Span::default());
            return Typed::new(length, Type::Duration);
        }
        Typed::new(value, field_type(&field))
    }

    fn unknown_field(&self, name: &str, kinds: Kinds, span: Span, or_variable: bool) -> Mistake {
        let what = kinds.words();
        let fields = all_fields(kinds);
        let known = if or_variable { self.known_names() } else { Vec::new() };
        let mistake =
            Mistake::new(Code::UnknownField, span, format!("{what} has no field `{name}`"));
        if Relation::parse(name).is_some() {
            return mistake
                .hint(format!("`{name}` is a relation: write `{name} kind:key`, without a sign"));
        }
        if kinds.single() == Some(Kind::Inference)
            && let Some((_, hint)) = OF_NODES_ALONE.iter().find(|(field, _)| *field == name)
        {
            return mistake.hint(*hint);
        }
        let words = fields.iter().map(|field| field.name);
        if let Some(near) = nearest(name, words.chain(known.iter().map(String::as_str))) {
            return mistake.replace(near);
        }
        // `latency` for `latency_ms`.
        let begins = |field: &&FieldReference| {
            field.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('_'))
        };
        if let Some(field) = fields.iter().find(begins) {
            return mistake.replace(field.name);
        }
        if name == "id" && kinds.single() == Some(Kind::Inference) {
            return mistake.hint("an event has no revisions; its `key` names it").replace("key");
        }
        if or_variable && let Some(spec) = function::named(name) {
            return mistake
                .hint(format!("`{0}` is a function: write `{0}({1})`", spec.name, spec.example));
        }
        let topic = kinds.single().map_or("node", Kind::name);
        let quotes = if or_variable { "; text stands in quotes" } else { "" };
        mistake.hint(format!("`show fields of {topic}` lists them{quotes}"))
    }

    fn member(&mut self, of: &Expr, field: &Name) -> Bind<Typed> {
        // `m.name` where m is no variable: say that, not that a field is missing.
        if let ExprKind::Name(name) = &of.node
            && self.grouping.as_ref().is_none_or(|grouping| !grouping.rows)
            && self.variable(name).is_none()
            && self
                .it()
                .is_none_or(|it| all_fields(self.kinds(it)).iter().all(|field| field.name != name))
        {
            return Err(self.unknown_variable(name, of.span));
        }
        let bound = self.expr(of)?;
        match bound.result {
            Type::Node => {
                let kinds = bound.kinds;
                let found = all_fields(kinds).into_iter().find(|f| f.name == field.node);
                match found {
                    Some(reference) => Ok(self.field(bound.expression, reference)),
                    None => Err(self.unknown_field(&field.node, kinds, field.span, false)),
                }
            }
            Type::Map | Type::Any => {
                let member = Expression::Member(Box::new(bound.expression), field.node.clone());
                Ok(Typed::new(member, Type::Any))
            }
            other => Err(Mistake::new(
                Code::Types,
                field.span,
                format!("{} has no members", other.with_article()),
            )
            .hint("only nodes and maps such as `params` have")),
        }
    }

    fn index(&mut self, of: &Expr, index: &Expr) -> Bind<Typed> {
        let bound = self.expr(of)?;
        let by = self.expr(index)?;
        let fits = match bound.result {
            Type::Map => matches!(by.result, Type::Text | Type::Any),
            Type::List => matches!(by.result, Type::Int | Type::Any),
            Type::Any => true,
            _ => false,
        };
        if !fits {
            return Err(Mistake::new(
                Code::Types,
                index.span,
                format!(
                    "{} has no member by {}",
                    bound.result.with_article(),
                    by.result.with_article()
                ),
            )
            .hint("a map takes text, `params[\"learning rate\"]`, a list a number from 0"));
        }
        let expression = Expression::Index(Box::new(bound.expression), Box::new(by.expression));
        Ok(Typed::new(expression, Type::Any))
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
            let algorithm = Some(algorithm.clone());
            (Value::Hash(HashValue { algorithm, bytes }), Type::Hash)
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
