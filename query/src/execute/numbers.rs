//! Questions for one thing: sets of numbers in the place of rows.
//!
//! `find dataset upstream of ...`, alone or joined by set words, gives one node a row and nothing
//! beside it. Such an answer is a set: what the first step finds is already sorted and without
//! repetitions, and sets are joined by walking along both. No row is made before the last.

use std::cmp::Ordering;
use std::rc::Rc;

use lineal_engine::schema::Kind;

use super::item_set::ItemSet;
use super::row_set::RowSet;
use super::{Executor, Run, Stop};
use crate::ast::SetWord;
use crate::limits::Limit;
use crate::plan::{
    Expression, FindPlan, Generator, Kinds, OperandPlan, OutputPlan, SelectPlan, Slot, StepPlan,
};
use crate::source::{NodeNo, Source};
use crate::value::{Item, Value};

impl<'a, S: Source> Executor<'a, S> {
    /// The rows of a question for one thing; false where a question asks for more.
    pub(super) fn numbers_into(&mut self, plan: &'a FindPlan, out: &mut RowSet) -> Run<bool> {
        if !plan.column_order.is_empty() || !is_for_one(plan, &self.plan.slots) {
            return Ok(false);
        }
        let found = self.numbers(plan)?;
        // As many as the bounds allow: a row is one value.
        let each = Value::Absent.size();
        let fit = self.limits.bytes.saturating_sub(self.bytes) / each;
        let most = usize::try_from(self.limits.rows.min(fit)).unwrap_or(usize::MAX);
        let count = found.nodes.len();
        out.push_nodes(found.nodes.get(..most.min(count)).unwrap_or_default());
        self.bytes += each * out.len() as u64;
        // Actors are ordered by the names that may be read.
        let actors = self.source.nodes_of(Kind::Actor);
        let first = found.nodes.partition_point(|node| *node < actors.start);
        let has_actors = found.nodes.get(first).is_some_and(|node| actors.contains(node));
        self.keep_cell(found);
        if has_actors {
            self.sort(out, &[])?;
        }
        if count <= most {
            Ok(true)
        } else if fit < self.limits.rows {
            Err(Stop::Limit(Limit::Bytes(self.limits.bytes)))
        } else {
            Err(Stop::Limit(Limit::Rows(self.limits.rows)))
        }
    }

    /// The set that a question for one thing gives.
    fn numbers(&mut self, plan: &'a FindPlan) -> Run<Rc<ItemSet>> {
        let mut all: Option<Rc<ItemSet>> = None;
        for operand in &plan.operands {
            let side = match operand {
                OperandPlan::Select(select) => self.numbers_of(select)?,
                OperandPlan::Find(find) => self.numbers(find)?,
            };
            if plan.operands.len() > 1 && side.nodes.len() as u64 > self.limits.rows {
                return Err(Stop::Limit(Limit::Rows(self.limits.rows)));
            }
            all = Some(match all {
                None => side,
                Some(before) => {
                    let mut joined = self.list();
                    join(plan.word, &before.nodes, &side.nodes, &mut joined.nodes);
                    self.keep_cell(before);
                    self.keep_cell(side);
                    self.shared(joined)
                }
            });
        }
        Ok(all.unwrap_or_default())
    }

    /// The things for which the one variable of a selection stands.
    fn numbers_of(&mut self, select: &'a SelectPlan) -> Run<Rc<ItemSet>> {
        for guard in &select.guards {
            if !self.holds(guard)? {
                return Ok(Rc::default());
            }
        }
        let [step] = select.steps.as_slice() else { return Ok(Rc::default()) };
        // Rows are about single events, also within a question that adds up batches.
        let whole = self.by_batch.take();
        let found = self.candidates_of(step);
        self.by_batch = whole;
        found
    }

    pub(super) fn candidates_of(&mut self, step: &'a StepPlan) -> Run<Rc<ItemSet>> {
        let found = match step.from {
            Generator::Scan => self.scanned(step)?,
            _ => self.generated(step)?,
        };
        let with_deleted = self.plan.slots.get(step.slot).is_some_and(|slot| slot.with_deleted);
        let is_plain = step.chains.is_empty() && step.filters.is_empty();
        if is_plain {
            let tried = found.nodes.len();
            self.look(tried as u64)?;
            let is_kept = |node: &NodeNo| with_deleted || !self.source.is_deleted(*node);
            let found = if step.narrowed.is_none() && found.nodes.iter().all(is_kept) {
                found
            } else {
                let mut kept = self.list();
                let kinds = step.narrowed.unwrap_or(Kinds::all());
                self.of_kinds(&found.nodes, kinds, &mut kept.nodes);
                let (source, left_out) = (self.source, &mut self.left_out);
                kept.nodes.retain(|node| {
                    let is_kept = with_deleted || !source.is_deleted(*node);
                    if !is_kept {
                        left_out.insert(*node);
                    }
                    is_kept
                });
                self.keep_cell(found);
                self.shared(kept)
            };
            if let Some(counted) = self.counted_at(step.slot) {
                counted.tried += tried as u64;
                counted.kept += found.nodes.len() as u64;
            }
            return Ok(found);
        }
        let mut kept = self.list();
        for node in &found.nodes {
            self.look(1)?;
            self.candidate(Item::Node(*node), step, &[], &mut |_| {
                kept.nodes.push(*node);
                Ok(true)
            })?;
        }
        self.keep_cell(found);
        Ok(self.shared(kept))
    }

    /// What a scan gives of which conditions are told of all nodes at once.
    fn scanned(&mut self, step: &'a StepPlan) -> Run<Rc<ItemSet>> {
        let named = self.plan.slots.get(step.slot).map_or(Kinds::NONE, |slot| slot.kinds);
        let Some(kind) = step.narrowed.unwrap_or(named).single() else { return Ok(Rc::default()) };
        let found = self.whole(step, kind)?;
        let mut list = self.list();
        list.nodes.extend(found.nodes());
        Ok(self.shared(list))
    }

    /// Those of some sorted nodes that are of these kinds: a kind's nodes stand together.
    fn of_kinds(&self, nodes: &[NodeNo], kinds: Kinds, out: &mut Vec<NodeNo>) {
        for kind in kinds.iter() {
            let range = self.source.nodes_of(kind);
            let from = nodes.partition_point(|node| *node < range.start);
            let behind = nodes.get(from..).unwrap_or_default();
            let count = behind.partition_point(|node| *node < range.end);
            out.extend_from_slice(behind.get(..count).unwrap_or_default());
        }
    }
}

/// Does a question give one node a row, and nothing beside it?
fn is_for_one(find: &FindPlan, slots: &[Slot]) -> bool {
    find.operands.iter().all(|operand| match operand {
        OperandPlan::Select(select) => lists_one(select, slots),
        OperandPlan::Find(find) => {
            let is_plain = find.as_of.is_none() && find.skip.is_none() && find.limit.is_none();
            is_plain && find.column_order.is_empty() && is_for_one(find, slots)
        }
    })
}

fn lists_one(select: &SelectPlan, slots: &[Slot]) -> bool {
    let [step] = select.steps.as_slice() else { return false };
    let is_output = matches!(&select.output, OutputPlan::Rows { items, .. }
        if matches!(items.as_slice(), [Expression::Slot(slot)] if *slot == step.slot));
    let has_events = slots.get(step.slot).is_none_or(|slot| slot.kinds.has(Kind::Inference));
    is_output
        && !has_events
        && select.listed == [step.slot]
        && select.order.is_empty()
        && select.extreme.is_none()
        && (!matches!(step.from, Generator::Scan) || !step.whole.is_empty())
}

/// Joins two sorted lists without repetitions.
fn join(word: SetWord, a: &[NodeNo], b: &[NodeNo], out: &mut Vec<NodeNo>) {
    let (mut a, mut b) = (a, b);
    let is_union = word == SetWord::Union;
    while let (Some((x, behind_x)), Some((y, behind_y))) = (a.split_first(), b.split_first()) {
        let order = x.cmp(y);
        let is_wanted = match word {
            SetWord::Union => true,
            SetWord::Intersect => order.is_eq(),
            SetWord::Except => order.is_lt(),
        };
        if is_wanted {
            out.push(*x.min(y));
        }
        if order != Ordering::Greater {
            a = behind_x;
        }
        if order != Ordering::Less {
            b = behind_y;
        }
    }
    if word != SetWord::Intersect {
        out.extend_from_slice(a);
    }
    if is_union {
        out.extend_from_slice(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_lists_are_joined_as_sets() {
        let joined = |word| {
            let mut out = Vec::new();
            join(word, &[1, 3, 5, 7], &[0, 3, 7, 9], &mut out);
            out
        };
        assert_eq!(joined(SetWord::Union), [0, 1, 3, 5, 7, 9]);
        assert_eq!(joined(SetWord::Intersect), [3, 7]);
        assert_eq!(joined(SetWord::Except), [1, 5]);
    }
}
