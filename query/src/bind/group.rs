//! Figures over groups: what an expression means once rows have been grouped.

use super::expression::Typed;
use super::{Bind, Binder};
use crate::ast::{Expr, ExprKind, Name};
use crate::error::{Code, Mistake};
use crate::plan::{Aggregate, AggregateFunction, Expression, Kinds, Type};
use crate::suggest::nearest;

/// What is known of the groups while the columns are bound.
#[derive(Default)]
pub(super) struct Grouping {
    /// What is grouped by, as written, with its name and type.
    pub(super) keys: Vec<(Expr, Option<String>, Type)>,
    pub(super) aggregates: Vec<Aggregate>,
    /// Columns that are bound already, by name and as written.
    pub(super) items: Vec<(String, Expr, Typed)>,
    /// Rows of a table that stand by themselves, not groups of others.
    pub(super) rows: bool,
}

impl Binder {
    /// After grouping, an expression that is a group key or a column is that column; a bare name
    /// that is neither has no single value.
    pub(super) fn grouped(&mut self, expr: &Expr) -> Bind<Option<Typed>> {
        let Some(grouping) = &self.grouping else { return Ok(None) };
        let named = |alias: &str| matches!(&expr.node, ExprKind::Name(name) if name == alias);
        for (index, (key, alias, result)) in grouping.keys.iter().enumerate() {
            if key == expr || alias.as_deref().is_some_and(named) {
                let mut typed = Typed::new(Expression::Column(index), *result);
                if *result == Type::Node {
                    typed.kinds = Kinds::all();
                }
                return Ok(Some(typed));
            }
        }
        if let Some((.., typed)) =
            grouping.items.iter().find(|(name, item, _)| named(name) || item == expr)
        {
            return Ok(Some(typed.clone()));
        }
        if grouping.rows {
            let ExprKind::Name(name) = &expr.node else { return Ok(None) };
            let known: Vec<String> =
                grouping.keys.iter().map(|(key, ..)| key.to_string()).collect();
            let mistake = Mistake::new(
                Code::UnknownVariable,
                expr.span,
                format!("this answer has no column `{name}`"),
            );
            return Err(match nearest(name, known.iter().map(String::as_str)) {
                Some(near) => mistake.replace(near),
                None => mistake.hint(format!("its columns are {}", known.join(", "))),
            });
        }
        if matches!(expr.node, ExprKind::Name(_) | ExprKind::Member(..)) {
            return Err(Mistake::new(
                Code::Columns,
                expr.span,
                format!("`{expr}` differs within a group"),
            )
            .hint(format!("group by it, or take a figure of it: `max({expr})`")));
        }
        Ok(None)
    }

    /// `count()`, `share(x)`, ...
    pub(super) fn aggregate(
        &mut self,
        name: &Name,
        function: AggregateFunction,
        distinct: bool,
        arguments: &[Expr],
    ) -> Bind<Typed> {
        let Some(grouping) = self.grouping.take().filter(|grouping| !grouping.rows) else {
            return Err(Mistake::new(
                Code::Arguments,
                name.span,
                format!("`{}` is a figure over many rows", name.node),
            )
            .hint("write `summarize` instead of `return`, or `size(find \u{2026})`"));
        };
        // Its argument speaks of the rows, not of the group.
        let argument = match arguments {
            [] if function == AggregateFunction::Count => Ok(None),
            [one] => self.expr(one).map(Some),
            _ => Err(Mistake::new(
                Code::Arguments,
                name.span,
                format!("`{}` takes one argument", name.node),
            )),
        };
        self.grouping = Some(grouping);
        let argument = argument?;
        let given = argument.as_ref().map_or(Type::Any, |typed| typed.result);
        let needs: &[Type] = match function {
            AggregateFunction::CountIf | AggregateFunction::Share => &[Type::Bool],
            AggregateFunction::Sum
            | AggregateFunction::Average
            | AggregateFunction::Percentile(_) => &[Type::Int, Type::Float, Type::Duration],
            _ => &[],
        };
        if !needs.is_empty() && given != Type::Any && !needs.contains(&given) {
            let names: Vec<_> = needs.iter().map(|t| t.with_article()).collect();
            return Err(Mistake::new(
                Code::Arguments,
                name.span,
                format!(
                    "`{}` takes {}, not {}",
                    name.node,
                    names.join(" or "),
                    given.with_article()
                ),
            ));
        }
        let result = match function {
            AggregateFunction::Count | AggregateFunction::CountIf => Type::Int,
            AggregateFunction::Share => Type::Float,
            AggregateFunction::Average if given == Type::Int => Type::Float,
            _ => given,
        };
        let argument = argument.map(|typed| typed.expression);
        let Some(grouping) = &mut self.grouping else {
            return Ok(Typed::new(Expression::Column(0), result));
        };
        grouping.aggregates.push(Aggregate { function, distinct, argument });
        let column = grouping.keys.len() + grouping.aggregates.len() - 1;
        Ok(Typed::new(Expression::Column(column), result))
    }
}
