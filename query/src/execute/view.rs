//! Which view a question sees, and inner questions that see another one.
//!
//! Numbers of nodes mean nothing outside of their view. An inner question with its own `as of` runs
//! in that view, on what the outer variables stand for there, and what it finds is brought back as
//! the same nodes of the outer view.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::item_set::ItemSet;
use super::row_set::RowSet;
use super::{Executor, Run, Stop, store};
use crate::error::{Code, Mistake, Span};
use crate::plan::{AsOf, FindPlan, SlotId, View};
use crate::source::{NodeNo, Source, Unread};
use crate::value::{Item, Path, Value};

impl<'a, S: Source> Executor<'a, S> {
    /// The view that `as of` means.
    pub(super) fn view(&mut self, (view, span): &AsOf) -> Run<S> {
        let span = *span;
        match view {
            View::Commit(number) => self.view_of_commit(*number, span),
            View::Time(time) => self.view_of_time(*time, span),
            View::Node(set) => {
                let found = self.set(*set)?;
                self.view_of_node(&found.nodes, span)
            }
            View::Revision(digits) => self.view_of_revision(digits, span),
            View::Parameter(place) => {
                match self.parameters.get(*place).cloned().unwrap_or(Value::Absent) {
                    Value::Time(time) => self.view_of_time(time, span),
                    Value::Int(number) if number >= 0 => {
                        self.view_of_commit(number.unsigned_abs(), span)
                    }
                    Value::Text(text) => self.view_of_text(&text, span),
                    _ => {
                        let what = "this parameter is no commit, no time and no node".to_owned();
                        Err(self.no_view(what, span))
                    }
                }
            }
        }
    }

    fn view_of_text(&mut self, text: &str, span: Span) -> Run<S> {
        if let Ok(number) = text.parse() {
            return self.view_of_commit(number, span);
        }
        if let Some(time) = crate::parse::parse_time_text(text) {
            return self.view_of_time(time, span);
        }
        if let Some(digits) = text.strip_prefix('#') {
            return self.view_of_revision(&digits.to_ascii_lowercase(), span);
        }
        if !text.contains(':') {
            let what = format!("`{text}` is no commit, no time and no node");
            return Err(self.no_view(what, span));
        }
        let found = self.reference_text(text, span)?;
        self.view_of_node(&found.nodes, span)
    }

    fn view_of_commit(&self, number: u64, span: Span) -> Run<S> {
        let found = self.source.as_of_commit(number).map_err(store)?;
        found.ok_or_else(|| self.no_view(format!("there is no commit {number}"), span))
    }

    fn view_of_time(&self, time: i64, span: Span) -> Run<S> {
        let found = self.source.as_of_time(time).map_err(store)?;
        let text = crate::value::time_text(time);
        match found {
            Some(found) => Ok(found),
            None => Err(self.too_early(&text, span)?),
        }
    }

    /// Before the first commit there is nothing to see: says from when on there is.
    fn too_early(&self, text: &str, span: Span) -> Run<Stop> {
        let first = self.source.as_of_commit(1).map_err(store)?;
        let hint = match first {
            Some(first) => format!(
                "`as of` goes by when the store recorded, and this one knows from {} on (`as of 1`); \
                 `where time < {text}` goes by what the sources say",
                crate::value::time_text(first.recorded())
            ),
            None => "this store holds no commit yet; `lineal import PATH` makes one".to_owned(),
        };
        let what = format!("nothing was recorded up to {text}");
        Ok(Mistake::new(Code::View, span, what).hint(hint).into())
    }

    /// A checkpoint names its commit; of other nodes it is the last that said something of them.
    fn view_of_node(&self, nodes: &[NodeNo], span: Span) -> Run<S> {
        let [node] = nodes else {
            return Err(self.several(nodes, "this key", span).into());
        };
        let counted = self.source.field(*node, "count").map_err(store)?;
        let is_checkpoint = self.source.kind_of(*node) == lineal_engine::schema::Kind::Checkpoint;
        let count = counted.and_then(|count| count.as_i64()).filter(|_| is_checkpoint);
        let number = count.map_or_else(|| self.source.commit_of(*node), i64::unsigned_abs);
        self.view_of_commit(number, span)
    }

    fn view_of_revision(&mut self, digits: &str, span: Span) -> Run<S> {
        let found = self.id(digits, span)?;
        for node in &found.nodes {
            let revisions = self.source.revisions(*node).map_err(store)?;
            let meant = revisions.iter().find(|revision| revision.id.starts_with(digits));
            if let Some(revision) = meant {
                return self.view_of_commit(revision.commit, span);
            }
        }
        self.view_of_node(&found.nodes, span)
    }

    fn no_view(&self, what: String, span: Span) -> Stop {
        Mistake::new(Code::View, span, what)
            .hint(format!(
                "this store goes up to commit {}, recorded {}",
                self.source.commit(),
                crate::value::time_text(self.source.recorded())
            ))
            .into()
    }

    /// The rows of an inner question in its own view, with that view: nodes in them are its numbers.
    pub(super) fn rows_elsewhere(
        &mut self,
        plan: &'a FindPlan,
        as_of: &AsOf,
    ) -> Run<(RowSet, Rc<S>)> {
        self.elsewhere(plan, as_of, None)
    }

    /// Why an inner question with its own view cannot tell.
    pub(super) fn doubts_elsewhere(&mut self, plan: &'a FindPlan, as_of: &AsOf) -> Run<()> {
        let mut candidates = Vec::with_capacity(plan.outer.len());
        for slot in &plan.outer {
            candidates.push((*slot, self.candidates(*slot)?));
        }
        self.elsewhere(plan, as_of, Some(&candidates)).map(|_| ())
    }

    /// Asks an inner question in its own view: for its rows, or, with what the outer variables may
    /// stand for, for reasons.
    fn elsewhere(
        &mut self,
        plan: &'a FindPlan,
        as_of: &AsOf,
        outer: Option<&[(SlotId, Rc<ItemSet>)]>,
    ) -> Run<(RowSet, Rc<S>)> {
        let view = Rc::new(self.view(as_of)?);
        let mut bindings = self.bindings.clone();
        for slot in plan.outer.iter().filter(|_| outer.is_none()) {
            let Some(Item::Node(node)) = bindings.get(*slot).copied() else { continue };
            match (view.same_node(self.source, node), bindings.get_mut(*slot)) {
                (Some(there), Some(binding)) => *binding = Item::Node(there),
                // The store did not know it then: nothing holds for it.
                _ => return Ok((RowSet::default(), view)),
            }
        }
        let mut there: Executor<'_, S> = Executor {
            plan: self.plan,
            source: &view,
            limits: self.limits,
            now: self.now,
            parameters: self.parameters.clone(),
            bindings,
            path: None,
            group: Vec::new(),
            sets: vec![None; self.plan.sets.len()],
            patterns: BTreeMap::new(),
            memos: Vec::new(),
            blocks: super::RefCell::new(super::Blocks::with(&self.plan.event_fields)),
            machine: &mut *self.machine,
            edges: self.edges,
            events: self.events,
            bytes: self.bytes,
            unchecked: self.unchecked,
            is_stopped: self.is_stopped,
            by_batch: None,
            opened: self.opened,
            total: None,
            asked: Vec::new(),
            noting: outer.is_some(),
            reasons: BTreeSet::new(),
            unread: BTreeSet::new(),
            left_out: BTreeSet::new(),
            warnings: std::mem::take(&mut self.warnings),
            counted: self.counted.take(),
        };
        let rows = match outer {
            None => there.find_rows_here(plan),
            Some(outer) => {
                there.know(self.source, outer);
                there.doubts_here(plan).map(|()| RowSet::default())
            }
        };
        let Executor {
            edges,
            events,
            bytes,
            unchecked,
            is_stopped,
            left_out,
            reasons,
            unread,
            warnings,
            counted,
            opened,
            ..
        } = there;
        (self.edges, self.events, self.bytes, self.opened) = (edges, events, bytes, opened);
        (self.unchecked, self.warnings, self.counted) = (unchecked, warnings, counted);
        self.is_stopped = is_stopped;
        let here = left_out.into_iter().filter_map(|node| self.source.same_node(&view, node));
        self.left_out.extend(here);
        for log in unread.into_iter().filter_map(|place| view.unread().get(place)) {
            // A log that this view leaves out tells of no event of this view.
            let is_same =
                |other: &Unread| (other.is_erased, &other.log) == (log.is_erased, &log.log);
            let here = self.source.unread().iter().position(is_same);
            self.unread.extend(here);
        }
        for (node, what) in reasons {
            if let Some(here) = self.source.same_node(&view, node) {
                self.reasons.insert((here, what));
            }
        }
        Ok((rows?, view))
    }

    /// The rows of an inner question with its own view, as nodes of this view.
    pub(super) fn rows_brought_here(&mut self, plan: &'a FindPlan, as_of: &AsOf) -> Run<RowSet> {
        let (rows, view) = self.rows_elsewhere(plan, as_of)?;
        let mut out = RowSet::default();
        for row in rows.iter() {
            let values = row.values.iter().cloned();
            let brought = values.map(|value| self.brought_here(&view, value));
            match brought.collect::<Option<Vec<Value>>>() {
                Some(values) => out.push(values, [], []),
                None => self.warn(
                    "an inner question found something that this view leaves out: its import is \
                     retracted, or it came later"
                        .to_owned(),
                ),
            }
        }
        Ok(out)
    }

    /// A value of another view as one of this view; none where this view has no such node.
    fn brought_here(&self, view: &S, value: Value) -> Option<Value> {
        let item = |item: Item| match item {
            Item::Node(node) => self.source.same_node(view, node).map(Item::Node),
            event @ Item::Event(_) => Some(event),
        };
        Some(match value {
            Value::Node(node) => Value::Node(self.source.same_node(view, node)?),
            Value::List(values) => Value::List(
                values
                    .into_iter()
                    .map(|value| self.brought_here(view, value))
                    .collect::<Option<_>>()?,
            ),
            Value::Path(path) => {
                let steps = path
                    .steps
                    .iter()
                    .map(|step| Some(crate::value::Step { to: item(step.to)?, ..*step }));
                let (start, steps) = (item(path.start)?, steps.collect::<Option<_>>()?);
                Value::Path(Arc::new(Path { start, steps }))
            }
            other => other,
        })
    }
}
