//! Why an answer cannot tell: what its question asks about, apart from how it is answered.
//!
//! Before the rows are made, the relations of the question are walked once, from what is known
//! toward what is sought, and what is only referred to, open or without a role on the way is
//! noted. The order is that of the words and no condition ends a walk early, so neither the plan
//! nor the store's indexes show; what a walk from a key finds is kept for the rows. Where nothing
//! of the kinds in question is doubtful, nothing is walked.

use std::rc::Rc;

use lineal_engine::schema::{Kind, Relation};

use super::asked::{Asked, emptied};
use super::item_set::ItemSet;
use super::scan::Window;
use super::truth::Truth;
use super::{Executor, Run};
use crate::ast::Extreme;
use crate::plan::{
    Chain, Expression, FindPlan, Kinds, OperandPlan, OutputPlan, Root, SelectPlan, SetId,
    SetSource, SlotId,
};
use crate::source::{NodeNo, Source};
use crate::value::Item;

impl<'a, S: Source> Executor<'a, S> {
    /// Notes why the answer to a statement cannot tell.
    pub(super) fn doubts(&mut self, root: &'a Root) -> Run<()> {
        self.look_up_keys(root)?;
        let doubts = self.plan.doubts;
        let is_doubtful = |kind: Kind| !self.source.doubtful(kind).is_empty();
        let has_unread = doubts.kinds.has(Kind::Inference) && !self.source.unread().is_empty();
        // Only an input without a role makes training data uncertain.
        let has_roleless = doubts.training && self.source.has_edges(Relation::Used);
        let hides_events = doubts.kinds.has(Kind::Inference) && !self.source.unshown().is_empty();
        let is_needed = has_roleless
            || hides_events
            || doubts.elsewhere
            || has_unread
            || matches!(root, Root::Diff(_))
            || doubts.kinds.iter().any(is_doubtful);
        if !is_needed {
            return Ok(());
        }
        self.asked = emptied(std::mem::take(&mut self.machine.kept.asked));
        self.asked.resize(self.plan.slots.len(), Asked::default());
        self.noting = true;
        let ended = match root {
            Root::Find(find) => self.doubts_of_find(find),
            Root::Trace(trace) => {
                let outputs = trace.items.iter().chain(&trace.filters);
                self.doubts_of_select(&trace.ends)
                    .and_then(|()| outputs.into_iter().try_for_each(|e| self.doubts_within(e)))
            }
            Root::History(history) => self.doubts_of_set(history.of),
            Root::Verify(verify) => self.doubts_of_set(verify.of),
            Root::Diff(diff) => self
                .doubts_of_set(diff.before)
                .and_then(|()| self.doubts_of_set(diff.after))
                .and_then(|()| self.doubts_of_diff(diff)),
            // Explained, a question is not answered; profiled, it comes here by itself.
            Root::Show(_) | Root::Explain(..) => Ok(()),
        };
        self.noting = false;
        ended
    }

    /// Looks up every key of a question that is about this view, so that one that is not recorded
    /// is an error whatever else holds.
    fn look_up_keys(&mut self, root: &Root) -> Run<()> {
        if self.plan.doubts.elsewhere || matches!(root, Root::Show(_) | Root::Explain(..)) {
            return Ok(());
        }
        for (id, set) in self.plan.sets.iter().enumerate() {
            if !matches!(set.source, SetSource::Find(_) | SetSource::Slot(_)) {
                self.set(id)?;
            }
        }
        Ok(())
    }

    /// In another view: what the outer variables may stand for, as nodes of this view.
    pub(super) fn know(&mut self, elsewhere: &S, outer: &[(SlotId, Rc<ItemSet>)]) {
        self.asked = vec![Asked::default(); self.plan.slots.len()];
        for (slot, items) in outer {
            let here = |node: &NodeNo| self.source.same_node(elsewhere, *node);
            let nodes = items.nodes.iter().filter_map(here).collect();
            let items = Rc::new(ItemSet::of(nodes, items.events.clone()));
            let asked = Asked { tied: Some(items.clone()), kept: Some(items), parts: None };
            self.set_asked(*slot, asked);
        }
    }

    pub(super) fn doubts_of_find(&mut self, find: &'a FindPlan) -> Run<()> {
        match &find.as_of {
            Some(as_of) => self.doubts_elsewhere(find, as_of),
            None => self.doubts_here(find),
        }
    }

    pub(super) fn doubts_here(&mut self, find: &'a FindPlan) -> Run<()> {
        for operand in &find.operands {
            match operand {
                OperandPlan::Select(select) => self.doubts_of_select(select)?,
                OperandPlan::Find(find) => self.doubts_of_find(find)?,
            }
        }
        Ok(())
    }

    fn doubts_of_select(&mut self, select: &'a SelectPlan) -> Run<()> {
        let parts = &select.asked;
        for slot in &parts.slots {
            self.set_asked(*slot, Asked { parts: Some(parts), ..Asked::default() });
        }
        for (slot, set) in &parts.anchors {
            self.doubts_of_set(*set)?;
            if let Some(found) = self.known_set(*set)? {
                self.meet(*slot, &found);
            }
        }
        self.walk_chains(parts)?;
        for (condition, _) in &parts.conditions {
            self.doubts_within(condition)?;
            self.doubts_of_values(condition)?;
        }
        for slot in &parts.slots {
            self.doubts_of_fields(*slot)?;
            self.doubts_of_events(*slot)?;
        }
        self.doubts_of_unshown(select)?;
        if let (Some(Extreme::Root | Extreme::Tip), Some(slot)) =
            (select.extreme, select.listed.first())
        {
            let all = self.candidates(*slot)?;
            let closure = crate::bind::lineage(true);
            self.reach(&closure, &all, Kinds::nodes(), Window::default())?;
        }
        match &select.output {
            OutputPlan::Rows { items, .. } => {
                items.iter().try_for_each(|item| self.doubts_within(item))?;
            }
            OutputPlan::Groups(group) => {
                let figures = group.aggregates.iter().filter_map(|figure| figure.argument.as_ref());
                let mut outputs = group.keys.iter().chain(figures).chain(&group.items);
                outputs.try_for_each(|output| self.doubts_within(output))?;
            }
        }
        select.order.iter().try_for_each(|(key, _)| self.doubts_within(key))
    }

    /// Relations and inner questions within an expression, whatever stands beside them.
    fn doubts_within(&mut self, expression: &'a Expression) -> Run<()> {
        let mut chains: Vec<&'a Chain> = Vec::new();
        let mut finds: Vec<&'a FindPlan> = Vec::new();
        let mut sets: Vec<SetId> = Vec::new();
        expression.visit(&mut |part| match part {
            Expression::Chain(chain) => chains.push(chain),
            Expression::Exists(find, _)
            | Expression::Size(find, _)
            | Expression::Collect(find, _)
            | Expression::First(find, _)
            | Expression::InFind(_, find, _) => finds.push(find),
            Expression::InSet(_, set) | Expression::Key(set) => sets.push(*set),
            _ => {}
        });
        for chain in chains {
            self.walk(chain)?;
        }
        for find in finds {
            self.doubts_of_find(find)?;
        }
        sets.into_iter().try_for_each(|set| self.doubts_of_set(set))
    }

    /// What a condition compares with may be what a stub in an inner question does not say.
    fn doubts_of_values(&mut self, condition: &'a Expression) -> Run<()> {
        let mut compared: Vec<&'a Expression> = Vec::new();
        condition.visit(&mut |part| match part {
            Expression::Collect(find, _)
            | Expression::First(find, _)
            | Expression::InFind(_, find, _)
                if find.as_of.is_none() =>
            {
                compared.extend(find.operands.iter().filter_map(first_value));
            }
            _ => {}
        });
        for value in compared {
            let mut fields = Vec::new();
            value.visit(&mut |part| {
                if let Expression::Field(of, field) = part
                    && let Expression::Slot(slot) = **of
                {
                    fields.push((slot, *field));
                }
            });
            for (slot, field) in fields {
                for node in self.stubs_of(slot)? {
                    if self.is_unsaid(node, field)? {
                        self.note(node);
                    }
                }
            }
        }
        Ok(())
    }

    /// What is only referred to, among what a variable may stand for.
    fn stubs_of(&mut self, slot: SlotId) -> Run<Vec<NodeNo>> {
        let source = self.source;
        let tied = self.asked.get(slot).and_then(|asked| asked.tied.clone());
        let kinds = self.slot_kinds(slot);
        let all = kinds.iter().flat_map(|kind| source.doubtful(kind)).copied();
        let stubs: Vec<NodeNo> = all
            .filter(|node| source.is_stub(*node))
            .filter(|node| tied.as_ref().is_none_or(|tied| tied.has(Item::Node(*node))))
            .collect();
        self.look(stubs.len() as u64)?;
        Ok(stubs)
    }

    pub(super) fn doubts_of_set(&mut self, set: SetId) -> Run<()> {
        let plan = self.plan;
        match plan.sets.get(set).map(|set| &set.source) {
            Some(SetSource::Find(find)) => self.doubts_of_find(find),
            _ => Ok(()),
        }
    }

    /// Do conditions ask for what a stub does not say?
    fn doubts_of_fields(&mut self, slot: SlotId) -> Run<()> {
        let Some(asked) = self.asked.get(slot).cloned() else { return Ok(()) };
        let Some(parts) = asked.parts else { return Ok(()) };
        for node in self.stubs_of(slot)? {
            if self.truth_of_all(parts, slot, node)? == Truth::Doubtful {
                self.note(node);
            }
        }
        Ok(())
    }

    /// Lines that could not be read may have been events that are asked for.
    fn doubts_of_events(&mut self, slot: SlotId) -> Run<()> {
        if self.slot_kinds(slot) != Kinds::one(Kind::Inference) {
            return Ok(());
        }
        // Events that are known by key are there.
        let tied = self.asked.get(slot).and_then(|asked| asked.tied.as_ref());
        if tied.is_none_or(|tied| tied.events.is_empty()) {
            self.note_unread();
        }
        Ok(())
    }

    /// Notes every log with lines left out. Which deployment such a line speaks of is what could not
    /// be read: a deployment may have had its only event of that log, or of all, in it.
    pub(super) fn note_unread(&mut self) {
        self.unread.extend(0..self.source.unread().len());
    }
}

/// What an inner question gives to the one around it.
fn first_value(operand: &OperandPlan) -> Option<&Expression> {
    match operand {
        OperandPlan::Select(select) => match &select.output {
            OutputPlan::Rows { items, .. } => items.first(),
            OutputPlan::Groups(group) => group.keys.first(),
        },
        OperandPlan::Find(find) => find.operands.first().and_then(first_value),
    }
}
