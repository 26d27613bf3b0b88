//! What weighs between rows of one event that say different things (docs/format.md, section 13.7).
//!
//! Only what a row itself says weighs, so that neither the order of imports nor how they were grouped
//! shows; and first what is the same in every store, whatever its keys. The form that a row came in does
//! not weigh: a row that says the same as a known one is not written again, so its form depends on which
//! came first.

use super::EventBlock;
use super::block::PLACE;
use crate::event_fields::{EVENT_FIELDS, EventField};

/// Fields that hold keys of persons: another store has other ones for the same persons.
const KEYED: [EventField; 2] = [EventField::Reviewer, EventField::VerifiedBy];

/// What a row weighs: of two rows of one event that with the greater weight counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Weight {
    /// How many fields it has, those left out that say where it was read: a poorer form of an event
    /// does not take the place of a richer one.
    fields: usize,
    /// Its own time. Not that of its batch: that moves when another file holds some of the batch's
    /// rows too.
    time: Option<i64>,
    /// What it says without keys of persons.
    keyless: [u8; 16],
    /// All that it says: between rows that differ in persons alone.
    said: [u8; 16],
}

impl Weight {
    /// The digest of all that the row says: [`EventBlock::said`].
    #[must_use]
    pub fn said(&self) -> [u8; 16] {
        self.said
    }
}

impl EventBlock {
    /// What a row weighs.
    #[must_use]
    pub fn weight(&self, row: usize) -> Weight {
        let has = |field: EventField| !PLACE.contains(&field) && self.get(row, field).is_some();
        Weight {
            fields: EVENT_FIELDS.iter().filter(|spec| has(spec.field)).count(),
            time: self.int(row, EventField::Time),
            keyless: self.said_without(row, &KEYED),
            said: self.said(row),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::EventValue;

    /// Rows that say these things and nothing else.
    fn block(rows: &[&[(EventField, EventValue<'_>)]]) -> EventBlock {
        let mut block = EventBlock::new();
        for row in rows {
            for (field, value) in *row {
                block.set(*field, *value);
            }
            block.end_row();
        }
        block
    }

    #[test]
    fn a_row_that_says_more_outweighs_a_later_one_and_its_place_weighs_nothing() {
        use EventField::{HumanOverride, Line, LogId, Time};
        let (earlier, later) = (EventValue::Int(1), EventValue::Int(2));
        let block = block(&[
            &[(Time, earlier), (HumanOverride, EventValue::Bool(true))],
            &[(Time, later), (Line, EventValue::Int(9)), (LogId, EventValue::Text("a"))],
            &[(Time, later), (HumanOverride, EventValue::Bool(false))],
            &[(Time, later), (LogId, EventValue::Text("b"))],
        ]);
        assert!(block.weight(0) > block.weight(1), "two fields of the event against one");
        assert!(block.weight(2) > block.weight(0), "of as many fields the later one");
        assert_eq!(block.weight(1), block.weight(3), "where it was read says nothing of it");
    }

    #[test]
    fn keys_of_persons_weigh_only_where_nothing_else_differs() {
        use EventField::{Decision, Reviewer, Time};
        // The same two rows in two stores, which know the persons under other keys.
        for [first, second] in [["actor-1", "actor-2"], ["actor-2", "actor-1"]] {
            let said = |decision, reviewer| {
                let (decision, reviewer) = (EventValue::Text(decision), EventValue::Text(reviewer));
                [(Time, EventValue::Int(1)), (Decision, decision), (Reviewer, reviewer)]
            };
            let (grant, reject) = (said("grant", first), said("reject", second));
            let (others, same) = (said("grant", second), said("grant", first));
            let block = block(&[&grant, &reject, &others, &same]);
            let [grant, reject, others, same] = [0, 1, 2, 3].map(|row| block.weight(row));
            let keyless = (grant.keyless, reject.keyless);
            assert_eq!(grant > reject, keyless.0 > keyless.1);
            assert_eq!(others > reject, keyless.0 > keyless.1, "whoever reviewed it");
            assert_eq!(grant.keyless, others.keyless);
            assert_ne!(grant, others, "one of two rows counts, here too");
            assert_eq!(grant, same);
        }
    }
}
