//! Comparisons, membership and arithmetic: types that fit, parameters that take the other's type.

use std::sync::Arc;

use super::expression::{Typed, negated};
use super::{Bind, Binder, repair};
use crate::ast::{Binary, Expr, ExprKind};
use crate::error::{Code, Mistake, Span};
use crate::plan::{Comparison, Expression, Kinds, Pattern, SetId, SetSource, Type};
use crate::value::Value;

impl Binder {
    /// The set that an expression names, if it is a key, an id, or a parameter beside a node.
    pub(super) fn named_set(&mut self, expr: &Expr, beside: Type) -> Option<SetId> {
        match &expr.node {
            ExprKind::Reference(reference) => Some(self.reference(reference, expr.span)),
            ExprKind::Id(id) => {
                Some(self.set(SetSource::Id(id.clone()), Kinds::nodes(), false, expr.span))
            }
            ExprKind::Parameter(name) if beside == Type::Node => {
                let place = self.parameter(name, Type::Node, expr.span);
                Some(self.set(SetSource::Parameter(place), Kinds::all(), false, expr.span))
            }
            _ => None,
        }
    }

    pub(super) fn comparison(
        &mut self,
        operator: Binary,
        left: &Expr,
        right: &Expr,
        span: Span,
    ) -> Bind<Typed> {
        let is_equality = matches!(operator, Binary::Equal | Binary::NotEqual);
        for (this, other) in [(left, right), (right, left)] {
            if !is_equality || !names_node(this) {
                continue;
            }
            let other_typed = self.expr(other)?;
            if let Some(set) = self.named_set(this, other_typed.result) {
                let kinds = self.sets.get(set).map_or(Kinds::NONE, |set| set.kinds);
                let named = Typed { expression: Expression::Key(set), result: Type::Node, kinds };
                self.fits(&other_typed, &named, span)?;
                let expression = Expression::InSet(Box::new(other_typed.expression), set);
                let expression = negated(operator == Binary::NotEqual, expression);
                return Ok(Typed::new(expression, Type::Bool));
            }
        }
        repair::two_texts(left, right, || self.field_names())?;
        let mut a = self.expr(left)?;
        let mut b = self.expr(right).map_err(|m| repair::unquoted(m, right, a.result))?;
        repair::read_hash(&mut a, b.result, left.span)?;
        repair::read_hash(&mut b, a.result, right.span)?;
        self.fits(&a, &b, span)
            .map_err(|m| repair::unlike(m, (left, a.result), (right, b.result)))?;
        self.expect(&mut a, b.result);
        self.expect(&mut b, a.result);
        let comparison = match operator {
            Binary::Less => Comparison::Less,
            Binary::LessEqual => Comparison::LessEqual,
            Binary::Greater => Comparison::Greater,
            Binary::GreaterEqual => Comparison::GreaterEqual,
            _ => Comparison::Equal,
        };
        let unordered =
            matches!(a.result, Type::Bool | Type::Node | Type::Map | Type::List | Type::Path);
        if comparison != Comparison::Equal && unordered {
            return Err(Mistake::new(
                Code::Types,
                span,
                format!("values of type {} have no order", a.result.name()),
            )
            .hint("a range is written `rows > 1 and rows < 9`, or `in 2..9`"));
        }
        let expression =
            Expression::Compare(comparison, Box::new(a.expression), Box::new(b.expression));
        Ok(Typed::new(negated(operator == Binary::NotEqual, expression), Type::Bool))
    }

    /// The fields of the first term.
    fn field_names(&mut self) -> Vec<&'static str> {
        let kinds = self.it().map_or(Kinds::NONE, |it| self.kinds(it));
        super::all_fields(kinds).iter().map(|field| field.name).collect()
    }

    /// Refuses to compare what can never be equal.
    fn fits(&self, a: &Typed, b: &Typed, span: Span) -> Bind<()> {
        let fits = match (a.result, b.result) {
            (Type::Any, _)
            | (_, Type::Any)
            | (Type::Int | Type::Float, Type::Int | Type::Float)
            | (Type::Text, Type::Hash)
            | (Type::Hash, Type::Text) => true,
            (Type::Node, Type::Node) => {
                a.kinds == Kinds::NONE || b.kinds == Kinds::NONE || !a.kinds.and(b.kinds).is_empty()
            }
            (Type::Months, _) | (_, Type::Months) => {
                return Err(Mistake::new(
                    Code::Types,
                    span,
                    "months and years differ in length and are not compared",
                )
                .hint("compare times: `retention_until < time + 10y`"));
            }
            (a, b) => a == b,
        };
        if fits {
            return Ok(());
        }
        if a.result == Type::Node && b.result == Type::Node {
            return Err(Mistake::new(
                Code::Types,
                span,
                format!("a {} is never a {}", a.kinds.words(), b.kinds.words()),
            ));
        }
        let mistake = Mistake::new(
            Code::Types,
            span,
            format!(
                "{} cannot be compared with {}",
                a.result.with_article(),
                b.result.with_article()
            ),
        );
        Err(match (a.result, b.result) {
            (Type::Time, Type::Text) | (Type::Text, Type::Time) => {
                mistake.hint("write times without quotes: `2026-03-14`, `2026-03-14T09:00Z`")
            }
            (Type::Int | Type::Float, Type::Text) | (Type::Text, Type::Int | Type::Float) => {
                mistake.hint("text is written in quotes, numbers without")
            }
            (Type::Bool, _) | (_, Type::Bool) => {
                mistake.hint("truth values are `true` and `false`")
            }
            (Type::Node, _) | (_, Type::Node) => {
                mistake.hint("compare a field of it, such as its name, or with `kind:key`")
            }
            _ => mistake.hint("`show fields of \u{2026}` gives the type of each field"),
        })
    }

    /// `a in b`.
    pub(super) fn membership(&mut self, left: &Expr, right: &Expr) -> Bind<Expression> {
        if let ExprKind::Name(name) = &right.node
            && let Some((set, kinds)) = self.saved_beside(name)
        {
            let of = self.expr(left)?;
            let saved = Typed { expression: Expression::Path, result: Type::Node, kinds };
            self.fits(&of, &saved, left.span.to(right.span))?;
            return Ok(Expression::InSet(Box::new(of.expression), set));
        }
        match &right.node {
            ExprKind::Binary(Binary::Range, low, high) => {
                let mut of = self.expr(left)?;
                let (mut low_bound, mut high_bound) = (self.expr(low)?, self.expr(high)?);
                for (bound, expr) in [(&mut low_bound, low), (&mut high_bound, high)] {
                    repair::read_hash(bound, of.result, expr.span)?;
                    self.fits(&of, bound, expr.span)
                        .map_err(|m| repair::unlike(m, (left, of.result), (expr, bound.result)))?;
                    self.expect(bound, of.result);
                }
                self.expect(&mut of, low_bound.result);
                Ok(Expression::InRange(
                    Box::new(of.expression),
                    Box::new(low_bound.expression),
                    Box::new(high_bound.expression),
                ))
            }
            ExprKind::List(items) => self.in_list(left, items),
            ExprKind::Subquery(find) => {
                let of = self.expr(left)?;
                let plan = self.find(find, false)?;
                let column = plan.columns.first().map_or(Type::Any, |column| column.column_type);
                if of.result == Type::Node && column == Type::Node {
                    let kinds = self.find_kinds(&plan);
                    let span = find.span.0;
                    let found = Typed { expression: Expression::Path, result: Type::Node, kinds };
                    self.fits(&of, &found, left.span.to(span))?;
                    let correlated = plan.correlated;
                    let set = self.set(SetSource::Find(plan), kinds, correlated, span);
                    return Ok(Expression::InSet(Box::new(of.expression), set));
                }
                if plan.columns.len() != 1 {
                    return Err(Mistake::new(
                        Code::Columns,
                        find.span.0,
                        format!("`in` needs one column, this gives {}", plan.columns.len()),
                    )
                    .hint("choose it with `return`"));
                }
                self.fits(&of, &Typed::new(Expression::Path, column), left.span.to(find.span.0))?;
                let memo = self.memo();
                Ok(Expression::InFind(Box::new(of.expression), Arc::new(plan), memo))
            }
            ExprKind::Name(name) if self.variable(name).is_none() && self.is_unknown(name) => {
                Err(self
                    .unknown_variable(name, right.span)
                    .hint(format!("save a set first: `let {name} = find \u{2026};`")))
            }
            _ => {
                let mut list = self.expr(right)?;
                let of = self.expr(left)?;
                self.expect(&mut list, Type::List);
                if !matches!(list.result, Type::List | Type::Any) {
                    return Err(Mistake::new(
                        Code::Types,
                        right.span,
                        format!(
                            "`in` needs a list, a range or a question, not {}",
                            list.result.with_article()
                        ),
                    ));
                }
                Ok(Expression::In(Box::new(of.expression), Box::new(list.expression)))
            }
        }
    }

    /// No field of the first term either.
    fn is_unknown(&mut self, name: &str) -> bool {
        let kinds = self.it().map_or(Kinds::NONE, |it| self.kinds(it));
        super::all_fields(kinds).iter().all(|field| field.name != name)
    }

    fn in_list(&mut self, left: &Expr, items: &[Expr]) -> Bind<Expression> {
        let mut of = self.expr(left)?;
        let mut values = Vec::new();
        let mut nodes = Vec::new();
        for item in items {
            if names_node(item)
                && let Some(set) = self.named_set(item, of.result)
            {
                let test = Expression::InSet(Box::new(of.expression.clone()), set);
                nodes.push(test);
                continue;
            }
            let unquoted = |mistake| repair::unquoted(mistake, item, of.result);
            let mut bound = self.expr(item).map_err(unquoted)?;
            repair::read_hash(&mut bound, of.result, item.span)?;
            self.fits(&of, &bound, item.span)
                .map_err(|m| repair::unlike(m, (left, of.result), (item, bound.result)))?;
            self.expect(&mut bound, of.result);
            self.expect(&mut of, bound.result);
            values.push(bound.expression);
        }
        let list = Expression::In(Box::new(of.expression), Box::new(Expression::List(values)));
        Ok(nodes.into_iter().fold(list, |all, test| Expression::Or(Box::new(all), Box::new(test))))
    }

    /// `like` and `contains`.
    pub(super) fn text_test(&mut self, operator: Binary, left: &Expr, right: &Expr) -> Bind<Typed> {
        let mut of = self.expr(left)?;
        let mut pattern = self.expr(right).map_err(|m| repair::unquoted(m, right, Type::Text))?;
        let is_list = operator == Binary::Contains && of.result == Type::List;
        let fits = |result: Type| matches!(result, Type::Text | Type::Any);
        // What the schema calls a list holds texts.
        if is_list && matches!(of.expression, Expression::Field(..)) {
            self.expect(&mut pattern, Type::Text);
            let text = Typed::new(Expression::Path, Type::Text);
            self.fits(&text, &pattern, right.span)
                .map_err(|m| repair::unlike(m, (left, Type::Text), (right, pattern.result)))?;
        }
        if !is_list {
            for (typed, span) in [(&of, left.span), (&pattern, right.span)] {
                if !fits(typed.result) {
                    return Err(Mistake::new(
                        Code::Types,
                        span,
                        format!(
                            "`{}` works on text, not on {}",
                            operator.word(),
                            typed.result.with_article()
                        ),
                    ));
                }
            }
            self.expect(&mut of, Type::Text);
            self.expect(&mut pattern, Type::Text);
        }
        let (of, pattern) = (Box::new(of.expression), Box::new(pattern.expression));
        let expression = if operator == Binary::Like {
            Expression::Like(of, pattern)
        } else {
            Expression::Contains(of, pattern)
        };
        Ok(Typed::new(expression, Type::Bool))
    }

    /// `matches`: the pattern is read now where it is known now.
    pub(super) fn matches(&mut self, left: &Expr, right: &Expr) -> Bind<Typed> {
        let mut of = self.expr(left)?;
        let mut pattern = self.expr(right)?;
        for (typed, span) in [(&of, left.span), (&pattern, right.span)] {
            if !matches!(typed.result, Type::Text | Type::Any) {
                let what = typed.result.with_article();
                return Err(Mistake::new(
                    Code::Types,
                    span,
                    format!("`matches` works on text, not on {what}"),
                ));
            }
        }
        self.expect(&mut of, Type::Text);
        self.expect(&mut pattern, Type::Text);
        let pattern = match pattern.expression {
            Expression::Constant(Value::Text(text)) => {
                Pattern::Known(regular(&text).map_err(|why| bad_pattern(right.span, &why))?)
            }
            other => {
                if let Expression::Parameter(place) = other
                    && let Some(parameter) = self.parameters.get_mut(place)
                {
                    parameter.is_pattern = true;
                }
                Pattern::Given(Box::new(other))
            }
        };
        Ok(Typed::new(Expression::Matches(Box::new(of.expression), pattern), Type::Bool))
    }
}

/// Most bytes that a regular expression may take once it is compiled: patterns of a line take some
/// kilobytes, `(a{1000}){1000}` gigabytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Reads a regular expression; it runs in linear time, whatever it says.
pub(crate) fn regular(text: &str) -> Result<regex::Regex, String> {
    let built = regex::RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        // The last line says what is wrong; those before draw the pattern, whose place is known.
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        }
    })
}

/// The mistake of a text that is no regular expression.
fn bad_pattern(span: Span, why: &str) -> Mistake {
    Mistake::new(Code::Pattern, span, format!("this is no regular expression: {why}"))
        .hint("look-around and back references are not part of it; `like` takes `%` and `_`")
}

/// Does it name a node by its key?
fn names_node(expr: &Expr) -> bool {
    matches!(expr.node, ExprKind::Reference(_) | ExprKind::Id(_) | ExprKind::Parameter(_))
}
