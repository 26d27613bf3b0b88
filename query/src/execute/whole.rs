//! Conditions told of all nodes of a kind at once, as bits (`plan/whole.rs` has the rule).
//!
//! Columns are compared number beside number, relations are followed from the far end: which nodes
//! have an edge to one of those for which the rest holds. What a view cannot tell so (no columns,
//! values of another type) is asked of each node that is left.

use lineal_engine::Wanted;
use lineal_engine::schema::{Direction, FieldType, Kind};

use super::bits::Bits;
use super::{Executor, Run};
use crate::plan::{
    Comparison, Expression, Hop, HopKind, SlotId, StepPlan, compared_field, field_of,
    tied_by_relations,
};
use crate::source::{NodeNo, Source};
use crate::value::{Item, Value};

impl<'a, S: Source> Executor<'a, S> {
    /// The nodes of a scanned kind for which all conditions hold that are told at once.
    pub(super) fn whole(&mut self, step: &'a StepPlan, kind: Kind) -> Run<Bits> {
        let range = self.source.nodes_of(kind);
        self.look(range.len() as u64)?;
        let mut found = Bits::all(&range);
        for condition in &step.whole {
            match self.bits_of(condition, step.slot, kind)? {
                Some(bits) => found.keep(&bits),
                None => {
                    let mut kept = Bits::none(&range);
                    for node in found.nodes() {
                        self.look(1)?;
                        if self.holds_for(condition, step.slot, node)? {
                            kept.add_one(node);
                        }
                    }
                    found = kept;
                }
            }
        }
        if let Some(counted) = self.counted_at(step.slot) {
            // Those that are left are counted one by one.
            counted.tried += (range.len() - found.len()) as u64;
        }
        Ok(found)
    }

    fn holds_for(&mut self, condition: &'a Expression, slot: SlotId, node: NodeNo) -> Run<bool> {
        if let Some(place) = self.bindings.get_mut(slot) {
            *place = Item::Node(node);
        }
        self.holds(condition)
    }

    /// The nodes of a kind for which a condition holds; none where each must be asked.
    fn bits_of(
        &mut self,
        condition: &'a Expression,
        slot: SlotId,
        kind: Kind,
    ) -> Run<Option<Bits>> {
        let range = self.source.nodes_of(kind);
        match condition {
            Expression::And(a, b) | Expression::Or(a, b) => {
                let (Some(mut some), Some(other)) =
                    (self.bits_of(a, slot, kind)?, self.bits_of(b, slot, kind)?)
                else {
                    return Ok(None);
                };
                match condition {
                    Expression::And(..) => some.keep(&other),
                    _ => some.add(&other),
                }
                Ok(Some(some))
            }
            Expression::Not(of) => {
                let Some(of) = self.bits_of(of, slot, kind)? else { return Ok(None) };
                let mut left = Bits::all(&range);
                left.leave_out(&of);
                Ok(Some(left))
            }
            Expression::IsAbsent(of) => {
                let field = field_of(of, slot);
                Ok(field.and_then(|field| self.selected(kind, field.name, Wanted::Absent)))
            }
            Expression::Compare(..) => {
                let Some((field, comparison, value)) = compared_field(condition, slot) else {
                    return Ok(None);
                };
                let value = self.value(value)?;
                let wanted = match (field.field_type, &value) {
                    (_, Value::Absent) => return Ok(Some(Bits::none(&range))),
                    (FieldType::Text, Value::Text(text)) => Wanted::Text(text),
                    (FieldType::Int, Value::Int(number)) => {
                        let (low, high) = bounds(comparison, *number);
                        Wanted::Int(low, high)
                    }
                    (FieldType::Time, Value::Time(time)) => {
                        let (low, high) = bounds(comparison, *time);
                        Wanted::Time(low, high)
                    }
                    _ => return Ok(None),
                };
                Ok(self.selected(kind, field.name, wanted))
            }
            Expression::Chain(chain) => self.leading(kind, &chain.hops, None).map(Some),
            Expression::Exists(find, _) => {
                let Some((step, chain)) = tied_by_relations(find, slot) else { return Ok(None) };
                let Some(other) = chain.hops.last().and_then(|hop| hop.to.single()) else {
                    return Ok(None);
                };
                let mut goal = None;
                for filter in &step.filters {
                    let Some(bits) = self.bits_of(filter, step.slot, other)? else {
                        return Ok(None);
                    };
                    let all = goal.get_or_insert_with(|| Bits::all(&self.source.nodes_of(other)));
                    all.keep(&bits);
                }
                let is_shown = self.plan.slots.get(step.slot).is_some_and(|s| s.with_deleted);
                if !is_shown {
                    // A scanned thing that is deleted in its source is left out: asked one by one.
                    return Ok(None);
                }
                self.leading(kind, &chain.hops, goal.as_ref()).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn selected(&self, kind: Kind, field: &str, wanted: Wanted<'_>) -> Option<Bits> {
        let first = self.source.nodes_of(kind).start;
        let mut words = Vec::new();
        self.source.select(kind, field, wanted, &mut words).then(|| Bits::of(first, words))
    }

    /// The nodes of a kind from which these relations lead to the goal, or to anything.
    fn leading(&mut self, kind: Kind, hops: &[Hop], goal: Option<&Bits>) -> Run<Bits> {
        let source = self.source;
        let range = source.nodes_of(kind);
        let mut found = Bits::none(&range);
        let Some((hop, rest)) = hops.split_first() else { return Ok(found) };
        let (HopKind::Edge(relation, direction), Some(to)) = (&hop.how, hop.to.single()) else {
            return Ok(found);
        };
        let onward = match rest {
            [] => None,
            rest => Some(self.leading(to, rest, goal)?),
        };
        let goal = onward.as_ref().or(goal);
        let goals = source.nodes_of(to);
        let all = source.adjacency(*relation, *direction);
        if let (None, Some(all)) = (goal, &all) {
            let (first, offsets, ends) = all.within(&range);
            // Without a way out of the loop numbers are compared many at a time.
            let is_led = |known: bool, end: &NodeNo| known & goals.contains(end);
            if ends.iter().fold(true, is_led) {
                self.count_edges(ends.len())?;
                found.add_rows(first, offsets);
                return Ok(found);
            }
        }
        // Fewer goals than nodes are quicker asked where they come from: no list of a node is tried
        // end by end (`benches/asking.rs`, q4b).
        if let Some(goal) = goal
            && goal.len() <= range.len()
            && let Some(back) = source.adjacency(*relation, turned(*direction))
        {
            let edges = found.add_ends(goal, back.within(&goals), &range);
            self.count_edges(edges)?;
            return Ok(found);
        }
        let mut edges = 0;
        for (word, nodes) in found.by_word(&range) {
            for (node, bit) in nodes.zip(0..) {
                let ends = match &all {
                    Some(all) => all.of(node),
                    None => source.edges(node, *relation, *direction),
                };
                edges += ends.len();
                let leads = match goal {
                    Some(goal) => ends.iter().any(|end| goal.has(*end)),
                    None => ends.iter().any(|end| goals.contains(end)),
                };
                *word |= u64::from(leads) << bit;
            }
        }
        self.count_edges(edges)?;
        Ok(found)
    }
}

fn turned(direction: Direction) -> Direction {
    match direction {
        Direction::Forward => Direction::Inverse,
        Direction::Inverse => Direction::Forward,
    }
}

/// The least and the greatest number for which a comparison holds; where none does, the first is
/// greater.
fn bounds(comparison: Comparison, number: i64) -> (i64, i64) {
    let none = (i64::MAX, i64::MIN);
    match comparison {
        Comparison::Equal => (number, number),
        Comparison::Less => number.checked_sub(1).map_or(none, |most| (i64::MIN, most)),
        Comparison::LessEqual => (i64::MIN, number),
        Comparison::Greater => number.checked_add(1).map_or(none, |least| (least, i64::MAX)),
        Comparison::GreaterEqual => (number, i64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_at_the_ends_hold_for_nothing() {
        assert_eq!(bounds(Comparison::Less, 5), (i64::MIN, 4));
        let (low, high) = bounds(Comparison::Less, i64::MIN);
        assert!(low > high);
        let (low, high) = bounds(Comparison::Greater, i64::MAX);
        assert!(low > high);
    }
}
