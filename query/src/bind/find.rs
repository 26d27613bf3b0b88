//! Questions: selections, what joins them, their columns and order.

use super::group::Grouping;
use super::{Bind, Binder};
use crate::ast::{
    Binary, Expr, ExprKind, Find, Item, ItemValue, Output, Query, Return, Select, SetOperand,
    SetWord, Spanned, Tail, Term, Whole,
};
use crate::error::{Code, Mistake, Span};
use crate::plan::{
    Column, Expression, FindPlan, GroupPlan, Kinds, OperandPlan, Ordered, OutputPlan, SelectPlan,
    SlotId, Type, Unordered, fold_batches, order,
};
use crate::suggest::nearest;

/// A question for everything that a term describes.
pub(super) fn find_of_term(term: &Term, span: Span) -> Find {
    let select =
        Select { extreme: None, pattern: vec![term.clone()], condition: None, output: None };
    Find {
        query: Query { first: SetOperand::Select(Box::new(select)), rest: None },
        tail: Tail::default(),
        span: Whole(span),
    }
}

/// What to order by, and whether greatest first.
type OrderKeys = Vec<(Expression, bool)>;

impl Binder {
    /// Binds a question; an inner one inherits the view.
    pub(super) fn find(&mut self, find: &Find, is_outermost: bool) -> Bind<FindPlan> {
        let touched = self.touched.len();
        // The outermost question's view is that of the whole statement.
        let as_of = if is_outermost { None } else { self.as_of(&find.tail)? };
        self.elsewhere |= as_of.is_some();
        if !is_outermost && let Some(format) = &find.tail.format {
            return Err(Mistake::new(
                Code::UnknownFormat,
                format.span,
                "an inner question has no format",
            ));
        }
        let is_single = find.query.rest.is_none();
        let mut operands = Vec::new();
        let mut columns: Vec<Column> = Vec::new();
        let mut correlated = false;
        let rest = find.query.rest.iter().flat_map(|(_, rest)| rest);
        for operand in std::iter::once(&find.query.first).chain(rest) {
            let tail = is_single.then_some(&find.tail);
            let (operand, these, uses) = self.operand(operand, tail)?;
            correlated |= uses;
            if columns.is_empty() {
                columns.clone_from(&these);
            } else if columns.len() != these.len() {
                return Err(Mistake::new(
                    Code::Columns,
                    find.span.0,
                    format!("the sides have {} and {} columns", columns.len(), these.len()),
                )
                .hint("give each side the same columns with `return`"));
            }
            if let Some(mixed) = mixed(&columns, &these) {
                return Err(Mistake { span: find.span.0, ..mixed });
            }
            operands.push(operand);
        }
        let is_select = matches!(operands.as_slice(), [OperandPlan::Select(_)]);
        let mut column_order = Vec::new();
        if !is_select {
            for key in &find.tail.order_by {
                column_order.push((column_of(&key.expr, &columns)?, key.descending));
            }
        }
        Ok(FindPlan {
            operands,
            word: find.query.rest.as_ref().map_or(SetWord::Union, |(word, _)| *word),
            columns,
            column_order,
            skip: self.count(find.tail.skip.as_ref()),
            limit: self.count(find.tail.limit.as_ref()),
            correlated,
            outer: self.outer(touched),
            as_of,
        })
    }

    /// Variables of the questions around this place that were used since then.
    fn outer(&self, since: usize) -> Vec<SlotId> {
        let depth = self.scopes.len();
        let used = self.touched.get(since..).unwrap_or_default().iter().copied();
        let is_outer = |slot: &SlotId| self.slots.get(*slot).is_some_and(|s| s.depth <= depth);
        let mut outer: Vec<SlotId> = used.filter(is_outer).collect();
        outer.sort_unstable();
        outer.dedup();
        outer
    }

    fn operand(
        &mut self,
        operand: &SetOperand,
        tail: Option<&Tail>,
    ) -> Bind<(OperandPlan, Vec<Column>, bool)> {
        match operand {
            SetOperand::Select(select) => {
                self.scopes.push(super::scope::Scope::default());
                // What an outer question groups by is not what this one does.
                let grouping = self.grouping.take();
                let in_condition = std::mem::take(&mut self.in_condition);
                let bound = self.select(select, tail);
                self.in_condition = in_condition;
                self.grouping = grouping;
                let correlated = self.scopes.pop().is_some_and(|scope| scope.correlated);
                let (plan, columns) = bound?;
                Ok((OperandPlan::Select(Box::new(plan)), columns, correlated))
            }
            SetOperand::Subquery(find) => {
                let plan = self.find(find, false)?;
                let (columns, correlated) = (plan.columns.clone(), plan.correlated);
                Ok((OperandPlan::Find(Box::new(plan)), columns, correlated))
            }
        }
    }

    fn select(&mut self, select: &Select, tail: Option<&Tail>) -> Bind<(SelectPlan, Vec<Column>)> {
        if let Some(scope) = self.scopes.last_mut() {
            scope.in_pattern = true;
        }
        let terms: Vec<&Term> = select.pattern.iter().collect();
        let pattern = self.pattern(&terms)?;
        if let Some(scope) = self.scopes.last_mut() {
            scope.in_pattern = false;
        }
        let mut conditions = Vec::new();
        if let Some(condition) = &select.condition {
            self.in_condition = true;
            self.conjuncts(condition, &pattern.slots, &mut conditions)?;
        }
        self.in_condition = false;
        let listed = pattern.listed.clone();
        let has_hidden = pattern.slots.iter().any(|slot| !listed.contains(slot));
        if select.extreme.is_some() && listed.len() != 1 {
            let span = select.pattern.first().map_or(Span::default(), |t| t.subject.span);
            return Err(Mistake::new(
                Code::Columns,
                span,
                "`root` and `tip` are about one term; this question lists several",
            )
            .hint("leave the names out"));
        }
        if select.extreme.is_some() {
            self.comes_along(&super::closure::lineage(true));
        }
        let (output, columns, keys) = match &select.output {
            None => {
                let (items, columns) = self.listed_columns(&listed);
                let keys = self.order_keys(tail, &items, &columns)?;
                (OutputPlan::Rows { distinct: false, items }, columns, keys)
            }
            Some(Output::Return(output)) => {
                let (items, columns) = self.items(output)?;
                let keys = self.order_keys(tail, &items, &columns)?;
                (OutputPlan::Rows { distinct: output.distinct, items }, columns, keys)
            }
            Some(Output::Summarize(summarize)) => {
                let (group, columns, keys) = self.summarize(summarize, tail)?;
                (OutputPlan::Groups(group), columns, keys)
            }
        };
        let parts = Unordered {
            slots: pattern.slots,
            anchors: pattern.anchors,
            chains: pattern.chains,
            conditions,
        };
        let Ordered { guards, steps, asked } =
            order(parts, &mut self.slots, &self.sets, self.naively);
        let mut plan = SelectPlan {
            guards,
            steps,
            listed,
            has_hidden,
            extreme: select.extreme,
            output,
            order: keys,
            asked,
        };
        if let OutputPlan::Groups(group) = &plan.output
            && !self.naively
            && let Some(by) = fold_batches(&plan, group, &self.slots, &self.sets)
            && let OutputPlan::Groups(group) = &mut plan.output
        {
            group.by_batch = Some(Box::new(by));
        }
        Ok((plan, columns))
    }

    /// Splits a condition at `and`, and notes which of these variables each part speaks of.
    pub(super) fn conjuncts(
        &mut self,
        condition: &Expr,
        own: &[SlotId],
        out: &mut Vec<(Expression, Vec<SlotId>)>,
    ) -> Bind<()> {
        if let ExprKind::Binary(Binary::And, left, right) = &condition.node {
            self.conjuncts(left, own, out)?;
            return self.conjuncts(right, own, out);
        }
        let before = self.touched.len();
        let bound = self.condition(condition)?;
        let touched = self.touched.get(before..).unwrap_or_default();
        let mut slots: Vec<SlotId> =
            touched.iter().copied().filter(|slot| own.contains(slot)).collect();
        slots.sort_unstable();
        slots.dedup();
        out.push((bound, slots));
        Ok(())
    }

    /// A column for each listed variable.
    pub(super) fn listed_columns(&self, listed: &[SlotId]) -> (Vec<Expression>, Vec<Column>) {
        let column = |slot: &SlotId| {
            let slot = self.slots.get(*slot);
            let name = slot.map_or(String::new(), |slot| {
                slot.name.clone().unwrap_or_else(|| {
                    slot.kinds.single().map_or("node", lineal_engine::schema::Kind::name).to_owned()
                })
            });
            Column { name, column_type: Type::Node }
        };
        let columns = listed.iter().map(column).collect();
        (listed.iter().map(|slot| Expression::Slot(*slot)).collect(), columns)
    }

    /// The columns of `return`.
    pub(super) fn items(&mut self, output: &Return) -> Bind<(Vec<Expression>, Vec<Column>)> {
        let mut items = Vec::new();
        let mut columns: Vec<Column> = Vec::new();
        for item in &output.items {
            for (expr, name) in self.item_parts(item)? {
                let bound = self.expr(&expr)?;
                let name = unique(name, item, &columns)?;
                columns.push(Column { name, column_type: bound.result });
                items.push(bound.expression);
            }
        }
        Ok((items, columns))
    }

    /// One column, or every field of a variable.
    fn item_parts(&mut self, item: &Item) -> Bind<Vec<(Expr, String)>> {
        match &item.value {
            ItemValue::Expr(expr) => {
                let name = item.alias.as_ref().map_or_else(|| expr.to_string(), |a| a.node.clone());
                Ok(vec![(expr.clone(), name)])
            }
            ItemValue::Star(variable) => {
                let slot = self.need_variable(&variable.node, variable.span)?;
                let span = variable.span;
                let names = super::field::own_fields(self.kinds(slot));
                let of = Spanned::new(ExprKind::Name(variable.node.clone()), span);
                let member = |name: &'static str| {
                    let field = Spanned::new(name.to_owned(), span);
                    let kind = ExprKind::Member(Box::new(of.clone()), field);
                    (Spanned::new(kind, span), format!("{}.{name}", variable.node))
                };
                Ok(names.into_iter().map(member).collect())
            }
        }
    }

    /// The order of rows: by columns or by anything that can be said of a row.
    pub(super) fn order_keys(
        &mut self,
        tail: Option<&Tail>,
        items: &[Expression],
        columns: &[Column],
    ) -> Bind<Vec<(Expression, bool)>> {
        let mut keys = Vec::new();
        for key in tail.map_or(&[][..], |tail| &tail.order_by) {
            let named = match &key.expr.node {
                ExprKind::Name(name) => columns.iter().position(|column| column.name == *name),
                _ => None,
            };
            let expression = match named.and_then(|index| items.get(index)) {
                Some(item) => item.clone(),
                None => {
                    let known = columns.iter().map(|column| column.name.as_str());
                    self.expr(&key.expr)
                        .map_err(|mistake| near_column(mistake, &key.expr, known))?
                        .expression
                }
            };
            keys.push((expression, key.descending));
        }
        Ok(keys)
    }

    fn summarize(
        &mut self,
        summarize: &crate::ast::Summarize,
        tail: Option<&Tail>,
    ) -> Bind<(GroupPlan, Vec<Column>, OrderKeys)> {
        let mut grouping = Grouping::default();
        let mut keys = Vec::new();
        let mut columns: Vec<Column> = Vec::new();
        for group in &summarize.groups {
            for (expr, name) in self.item_parts(group)? {
                let bound = self.expr(&expr)?;
                let name = unique(name, group, &columns)?;
                grouping.keys.push((
                    expr,
                    group.alias.as_ref().map(|alias| alias.node.clone()),
                    bound.result,
                ));
                columns.push(Column { name, column_type: bound.result });
                keys.push(bound.expression);
            }
        }
        self.grouping = Some(grouping);
        let mut items = Vec::new();
        for item in &summarize.items {
            let ItemValue::Expr(expr) = &item.value else {
                let ItemValue::Star(name) = &item.value else { continue };
                return Err(Mistake::new(
                    Code::Columns,
                    name.span,
                    format!("`{}.*` differs within a group", name.node),
                )
                .hint("take figures of single fields: `max(rows)`"));
            };
            let bound = self.expr(expr)?;
            let name = item.alias.as_ref().map_or_else(|| expr.to_string(), |a| a.node.clone());
            let name = unique(name, item, &columns)?;
            if let Some(grouping) = &mut self.grouping {
                grouping.items.push((name.clone(), expr.clone(), bound.clone()));
            }
            columns.push(Column { name, column_type: bound.result });
            items.push(bound.expression);
        }
        let having = summarize.having.as_ref().map(|having| self.condition(having)).transpose()?;
        let mut order = Vec::new();
        for key in tail.map_or(&[][..], |tail| &tail.order_by) {
            order.push((self.expr(&key.expr)?.expression, key.descending));
        }
        let aggregates = self.grouping.take().map(|g| g.aggregates).unwrap_or_default();
        Ok((GroupPlan { keys, aggregates, items, having, by_batch: None }, columns, order))
    }

    /// The kinds of an inner question's only column, which must be a node.
    pub(super) fn node_column(&self, plan: &FindPlan, span: Span) -> Bind<Kinds> {
        let kinds = self.find_kinds(plan);
        match plan.columns.as_slice() {
            [column] if column.column_type == Type::Node => Ok(kinds),
            // Several named terms: the first of them is meant.
            [first, ..] if first.column_type == Type::Node => Ok(kinds),
            _ => Err(Mistake::new(
                Code::Columns,
                span,
                "this inner question must give nodes in its first column",
            )
            .hint("leave `return` out, or return the node first")),
        }
    }

    /// The kinds of the nodes in an inner question's first column, as far as they are known.
    pub(super) fn find_kinds(&self, plan: &FindPlan) -> Kinds {
        let mut kinds = Kinds::NONE;
        for operand in &plan.operands {
            kinds = kinds.or(match operand {
                OperandPlan::Find(find) => self.find_kinds(find),
                OperandPlan::Select(select) => match &select.output {
                    OutputPlan::Rows { items, .. } => match items.first() {
                        Some(Expression::Slot(slot)) => self.kinds(*slot),
                        _ => Kinds::all(),
                    },
                    OutputPlan::Groups(_) => Kinds::all(),
                },
            });
        }
        kinds
    }
}

/// Columns of joined questions that stand in one column and are of unlike types.
fn mixed(first: &[Column], other: &[Column]) -> Option<Mistake> {
    let is_like = |a: Type, b: Type| {
        let is_number = |one: Type| matches!(one, Type::Int | Type::Float);
        a == b || a == Type::Any || b == Type::Any || (is_number(a) && is_number(b))
    };
    let mut pairs = first.iter().zip(other).enumerate();
    let (index, (a, b)) = pairs.find(|(_, (a, b))| !is_like(a.column_type, b.column_type))?;
    let (number, one, two) =
        (index + 1, a.column_type.with_article(), b.column_type.with_article());
    let message = format!("column {number} is {one} on one side and {two} on another");
    Some(
        Mistake::new(Code::Columns, Span::default(), message)
            .hint("give each side the same columns with `return`, or ask two questions"),
    )
}

/// A name that no other column has.
fn unique(name: String, item: &Item, columns: &[Column]) -> Bind<String> {
    if columns.iter().all(|column| column.name != name) {
        return Ok(name);
    }
    let span = match (&item.alias, &item.value) {
        (Some(alias), _) => alias.span,
        (None, ItemValue::Expr(expr)) => expr.span,
        (None, ItemValue::Star(name)) => name.span,
    };
    Err(Mistake::new(Code::NameTaken, span, format!("two columns are named `{name}`"))
        .hint("name one of them with `as`"))
}

/// Of joined selections only columns can order.
fn column_of(expr: &Expr, columns: &[Column]) -> Bind<usize> {
    let text = expr.to_string();
    if let Some(index) = columns.iter().position(|column| column.name == text) {
        return Ok(index);
    }
    let mistake = Mistake::new(
        Code::UnknownVariable,
        expr.span,
        format!("joined questions are ordered by their columns; none is named `{text}`"),
    );
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    Err(match nearest(&text, names.iter().copied()) {
        Some(near) => mistake.replace(near),
        None => mistake.hint(format!("columns are {}", names.join(", "))),
    })
}

/// A misspelt column in an order.
fn near_column<'a>(
    mistake: Mistake,
    expr: &Expr,
    columns: impl Iterator<Item = &'a str>,
) -> Mistake {
    match (&expr.node, mistake.replacement.is_none()) {
        (ExprKind::Name(name), true) => match nearest(name, columns) {
            Some(near) => mistake.clone().hint(format!("did you mean `{near}`?")).replace(near),
            None => mistake,
        },
        _ => mistake,
    }
}
