//! Statements beside `find` and `trace`: `let`, `diff`, `history`, `verify`, `explain`, `profile`.

use super::expression::Typed;
use super::group::Grouping;
use super::{Bind, Binder};
use crate::ast::{Expr, ExprKind, Find, Name, Spanned, Tail, Target};
use crate::error::{Code, Mistake, Span};
use crate::plan::{
    Column, DiffPlan, Expression, HistoryPlan, Kinds, Root, SetId, SetSource, Type, VerifyPlan,
};

/// A set that was saved under a name.
pub(super) struct Saved {
    pub(super) name: String,
    pub(super) set: SetId,
    pub(super) kinds: Kinds,
}

/// What a statement is about.
pub(super) struct Operand {
    pub(super) set: SetId,
    pub(super) kinds: Kinds,
    /// Named by a key, an id or a parameter.
    pub(super) keyed: bool,
}

/// The columns of `diff`.
pub(super) const DIFF_COLUMNS: [(&str, Type); 5] = [
    ("change", Type::Text),
    ("subject", Type::Node),
    ("field", Type::Text),
    ("before", Type::Any),
    ("after", Type::Any),
];

/// The columns of `history`.
pub(super) const HISTORY_COLUMNS: [(&str, Type); 6] = [
    ("time", Type::Time),
    ("recorded", Type::Time),
    ("event", Type::Text),
    ("subject", Type::Node),
    ("by", Type::List),
    ("source", Type::Text),
];

/// The columns of `verify`.
pub(super) const VERIFY_COLUMNS: [(&str, Type); 3] =
    [("subject", Type::Node), ("result", Type::Text), ("detail", Type::Text)];

/// The columns of a table that is written down here.
pub(super) fn columns(table: &[(&str, Type)]) -> Vec<Column> {
    let column = |(name, column_type): &(&str, Type)| Column {
        name: (*name).to_owned(),
        column_type: *column_type,
    };
    table.iter().map(column).collect()
}

impl Binder {
    /// `let name = find ...`
    pub(super) fn save(&mut self, name: &Name, find: &Find) -> Bind<()> {
        if name.node == "it" || self.saved_set(&name.node).is_some() {
            let taken = format!("`{}` already has a meaning", name.node);
            return Err(Mistake::new(Code::NameTaken, name.span, taken).hint("choose another name"));
        }
        let plan = self.find(find, false)?;
        let kinds = self.node_column(&plan, find.span.0)?;
        let set = self.set(SetSource::Find(plan), kinds, false, find.span.0);
        self.saved.push(Saved { name: name.node.clone(), set, kinds });
        Ok(())
    }

    /// The nodes or events that a statement is about.
    pub(super) fn target_set(&mut self, target: &Target) -> Bind<Operand> {
        let (find, span) = match target {
            Target::Variable(name) => {
                let Some((set, kinds)) = self.saved_beside(&name.node) else {
                    return Err(self.unknown_set(name));
                };
                return Ok(Operand { set, kinds, keyed: false });
            }
            Target::Term(term) => {
                if term.link.is_none()
                    && let Some(set) = self.anchor(&term.subject)
                {
                    let kinds = super::pattern::subject_kinds(term);
                    return Ok(Operand { set, kinds, keyed: true });
                }
                (super::find::find_of_term(term, target.span()), target.span())
            }
            Target::Subquery(find) => ((**find).clone(), find.span.0),
        };
        let plan = self.find(&find, false)?;
        let kinds = self.node_column(&plan, span)?;
        let correlated = plan.correlated;
        let set = self.set(SetSource::Find(plan), kinds, correlated, span);
        Ok(Operand { set, kinds, keyed: false })
    }

    fn unknown_set(&self, name: &Name) -> Mistake {
        let hint = format!("save one with `let {} = find \u{2026};`, or name a node", name.node);
        let mistake = self.unknown_variable(&name.node, name.span);
        if mistake.replacement.is_some() { mistake } else { mistake.hint(hint) }
    }

    pub(super) fn diff(&mut self, before: &Target, after: &Target) -> Bind<Root> {
        let (a, b) = (self.target_set(before)?, self.target_set(after)?);
        let wide = |kinds: Kinds| kinds.single().is_none();
        if a.kinds.and(b.kinds).is_empty() && !wide(a.kinds) && !wide(b.kinds) {
            let (x, y) = (a.kinds.words(), b.kinds.words());
            if !a.keyed || !b.keyed {
                return Err(Mistake::new(
                    Code::Types,
                    before.span().to(after.span()),
                    format!("a set of kind {x} and one of kind {y} have no member in common"),
                )
                .hint(format!(
                    "`diff` says which members come and go: compare sets of one kind, such as \
                     `diff (find {x} as of 1) with (find {x})`"
                )));
            }
            return Err(Mistake::new(
                Code::Types,
                before.span().to(after.span()),
                format!("a {x} and a {y} have no fields to compare"),
            )
            .hint(format!("`trace A to B` shows how a {x} and a {y} are connected")));
        }
        Ok(Root::Diff(DiffPlan { before: a.set, after: b.set, keyed: a.keyed && b.keyed }))
    }

    pub(super) fn history(
        &mut self,
        of: &Target,
        condition: Option<&Expr>,
        tail: &Tail,
    ) -> Bind<Root> {
        let operand = self.target_set(of)?;
        // The condition and the order speak of the columns of the answer, not of the node.
        let mut grouping = Grouping { rows: true, ..Grouping::default() };
        for (name, column_type) in HISTORY_COLUMNS {
            let name = Spanned::new(ExprKind::Name(name.to_owned()), Span::default());
            grouping.keys.push((name, None, column_type));
        }
        self.grouping = Some(grouping);
        let filter = condition.map(|condition| self.condition(condition)).transpose()?;
        let mut order = Vec::new();
        for key in &tail.order_by {
            let Typed { expression, .. } = self.expr(&key.expr)?;
            order.push((expression, key.descending));
        }
        self.grouping = None;
        if order.is_empty() {
            order.push((Expression::Column(0), false));
        }
        Ok(Root::History(Box::new(HistoryPlan {
            of: operand.set,
            filter,
            order,
            skip: self.count(tail.skip.as_ref()),
            limit: self.count(tail.limit.as_ref()),
        })))
    }

    pub(super) fn verify(&mut self, deep: bool, of: &Target) -> Bind<Root> {
        let of = self.target_set(of)?.set;
        Ok(Root::Verify(VerifyPlan { deep, of }))
    }
}

/// Why `prove` is refused where a question stands: a proof is a file and no answer.
pub(super) fn no_proof(absent: bool, span: Span) -> Mistake {
    let verb = if absent { "prove no" } else { "prove" };
    let span = Span::new(span.at, span.at + verb.len());
    if absent {
        let what =
            "a proof of what is not recorded is a file of its own, and no answer to a question";
        let hint = "`lineal prove no ...` makes it; `find` answers whether it is recorded, and says how complete the answer is";
        return Mistake::new(Code::NotYet, span, what).hint(hint);
    }
    Mistake::new(Code::NotYet, span, "a proof is a file of its own, and no answer to a question")
        .hint("`lineal prove` makes it, with the same words; `trace A to B` shows the path")
}
