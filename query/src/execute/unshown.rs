//! Events that are erased or restricted: when an answer would need to know what they said.
//!
//! Counters count them, so what is counted without a look at any row is complete. What a row would
//! have to say (a condition, a value that is shown, the row itself) nobody knows, or may not be told.
//! The words of the question decide, not the plan (`doubts.rs`).

use lineal_engine::Unshown;
use lineal_engine::schema::Kind;

use super::item_set::ItemSet;
use super::{Executor, Run};
use crate::answer::Uncertainty;
use crate::plan::{Expression, Kinds, OutputPlan, SelectPlan, SlotId};
use crate::source::Source;
use crate::value::Item;

/// For what a question needs the events of a variable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Need {
    /// Whether there is one, or how many.
    Presence,
    /// What they say.
    Values,
}

impl<'a, S: Source> Executor<'a, S> {
    /// Notes the events of a selection that it would need and that no row shows.
    pub(super) fn doubts_of_unshown(&mut self, select: &'a SelectPlan) -> Run<()> {
        if self.source.unshown().is_empty() {
            return Ok(());
        }
        // Every variable of the question: a condition may ask for one of a question around it.
        for slot in 0..self.plan.slots.len() {
            if self.slot_kinds(slot) != Kinds::one(Kind::Inference) {
                continue;
            }
            let is_own = select.asked.slots.contains(&slot);
            let need = match (needs_values(select, slot), is_own) {
                (true, _) => Need::Values,
                (false, true) => Need::Presence,
                (false, false) => continue,
            };
            // Counters count all events, shown or not.
            let is_counted = matches!(select.output, OutputPlan::Groups(_));
            if need == Need::Presence && is_counted {
                continue;
            }
            let tied = self.asked.get(slot).and_then(|asked| asked.tied.clone());
            self.note_unshown(tied.as_deref(), need);
        }
        Ok(())
    }

    /// Notes what a relation that ends at any event would have to know.
    pub(super) fn note_unshown_among(&mut self, found: &ItemSet) {
        self.note_unshown(Some(found), Need::Presence);
    }

    fn note_unshown(&mut self, tied: Option<&ItemSet>, need: Need) {
        let source = self.source;
        let is_asked = |of: &Unshown| {
            // Events that are known by key are there.
            tied.is_none_or(|tied| {
                let has = |node| tied.has(Item::Node(node));
                tied.events.is_empty() && (has(of.deployment) || has(of.batch))
            })
        };
        for of in source.unshown().iter().filter(|of| is_asked(of)) {
            // Where others are shown, there is one.
            let others_shown = of.events > of.erased + of.restricted;
            if need == Need::Presence && others_shown {
                continue;
            }
            for (count, what) in [
                (of.erased, Uncertainty::Erased(of.erased)),
                (of.restricted, Uncertainty::Restricted(of.restricted)),
            ] {
                if count > 0 {
                    self.reasons.insert((of.batch, what));
                }
            }
        }
    }
}

/// Does anything of a selection ask what events of a variable say, or list them?
fn needs_values(select: &SelectPlan, slot: SlotId) -> bool {
    let conditions = select.asked.conditions.iter().map(|(condition, _)| condition);
    let mut all: Vec<&Expression> = conditions.collect();
    match &select.output {
        OutputPlan::Rows { items, .. } => all.extend(items),
        OutputPlan::Groups(group) => {
            all.extend(&group.keys);
            all.extend(group.aggregates.iter().filter_map(|figure| figure.argument.as_ref()));
            all.extend(&group.items);
        }
    }
    all.extend(select.order.iter().map(|(key, _)| key));
    all.into_iter().any(|expression| names(expression, slot))
}

/// Does an expression name a variable, outside of the questions within it?
fn names(expression: &Expression, slot: SlotId) -> bool {
    let mut is_named = false;
    expression.visit(&mut |part| is_named |= matches!(part, Expression::Slot(of) if *of == slot));
    is_named
}
