//! What the conditions of a question say of one node alone, and where a stub does not say what they
//! ask for. Unlike the logic of rows this has more than two values: it decides whether an answer
//! can tell, and no row.

use super::{Executor, Run};
use crate::plan::{Expression, FieldReference, SlotId, Unordered};
use crate::source::{NodeNo, Source};
use crate::value::Item;

/// Does a condition hold, as far as one thing alone tells?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Truth {
    False,
    True,
    /// It depends on other things.
    Open,
    /// It depends on what a stub does not say.
    Doubtful,
}

impl Truth {
    pub(super) fn and(self, other: Truth) -> Truth {
        match (self, other) {
            (Truth::False, _) | (_, Truth::False) => Truth::False,
            (Truth::Doubtful, _) | (_, Truth::Doubtful) => Truth::Doubtful,
            (Truth::Open, _) | (_, Truth::Open) => Truth::Open,
            (Truth::True, Truth::True) => Truth::True,
        }
    }

    pub(super) fn not(self) -> Truth {
        match self {
            Truth::False => Truth::True,
            Truth::True => Truth::False,
            open => open,
        }
    }
}

/// Fields that a stub has like any other node.
const STUB_FIELDS: [&str; 3] = ["kind", "key", "missing"];

impl<'a, S: Source> Executor<'a, S> {
    /// What all conditions on a variable say of one node.
    pub(super) fn truth_of_all(
        &mut self,
        parts: &'a Unordered,
        slot: SlotId,
        node: NodeNo,
    ) -> Run<Truth> {
        let bound = self.bindings.get(slot).copied();
        if let Some(place) = self.bindings.get_mut(slot) {
            *place = Item::Node(node);
        }
        let mut all = Truth::True;
        for (condition, slots) in &parts.conditions {
            if slots.contains(&slot) && all != Truth::False {
                all = all.and(self.truth(condition, slot)?);
            }
        }
        if let (Some(place), Some(bound)) = (self.bindings.get_mut(slot), bound) {
            *place = bound;
        }
        Ok(all)
    }

    /// Does a stub lack a field that the thing itself may have?
    pub(super) fn is_unsaid(&mut self, stub: NodeNo, field: FieldReference) -> Run<bool> {
        let is_own = STUB_FIELDS.contains(&field.name);
        Ok(!is_own && self.field(Item::Node(stub), field)?.is_absent())
    }

    /// What a condition says of the node that the variable stands for.
    fn truth(&mut self, condition: &'a Expression, slot: SlotId) -> Run<Truth> {
        match condition {
            Expression::And(a, b) => Ok(self.truth(a, slot)?.and(self.truth(b, slot)?)),
            Expression::Or(a, b) => {
                Ok(self.truth(a, slot)?.not().and(self.truth(b, slot)?.not()).not())
            }
            Expression::Not(of) => Ok(self.truth(of, slot)?.not()),
            part => {
                let mut depends = false;
                let mut fields = Vec::new();
                part.visit(&mut |inner| match inner {
                    Expression::Slot(other) => depends |= *other != slot,
                    Expression::Field(of, field) => {
                        if matches!(**of, Expression::Slot(of) if of == slot) {
                            fields.push(*field);
                        }
                    }
                    Expression::Chain(_)
                    | Expression::InSet(..)
                    | Expression::Exists(..)
                    | Expression::Size(..)
                    | Expression::Collect(..)
                    | Expression::First(..)
                    | Expression::InFind(..)
                    | Expression::Path
                    | Expression::Column(_) => depends = true,
                    _ => {}
                });
                let item = self.bound_item(slot);
                if let Item::Node(node) = item
                    && self.source.is_stub(node)
                {
                    for field in fields {
                        if self.is_unsaid(node, field)? {
                            return Ok(Truth::Doubtful);
                        }
                    }
                }
                if depends {
                    return Ok(Truth::Open);
                }
                Ok(if self.holds(part)? { Truth::True } else { Truth::False })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ruled_out_anyway_is_no_doubt() {
        assert_eq!(Truth::Doubtful.and(Truth::False), Truth::False);
        assert_eq!(Truth::Open.and(Truth::Doubtful), Truth::Doubtful);
        // `or` by De Morgan: what holds anyway is no doubt either.
        let or = |a: Truth, b: Truth| a.not().and(b.not()).not();
        assert_eq!(or(Truth::Doubtful, Truth::True), Truth::True);
        assert_eq!(or(Truth::Doubtful, Truth::Open), Truth::Doubtful);
        assert_eq!(or(Truth::False, Truth::False), Truth::False);
    }
}
