//! `trace A to B`: two ends, what to follow between them, and what to say of each path.

use std::sync::Arc;

use super::closure::{can_reach, closure};
use super::pattern::Pattern;
use super::scope::Scope;
use super::{Bind, Binder};
use crate::ast::{Target, Term, Trace};
use crate::error::{Code, Mistake};
use crate::plan::{
    Column, Expression, Function, Ordered, OutputPlan, SelectPlan, SetSource, SlotId, TracePlan,
    Type, Unordered, order,
};

impl Binder {
    pub(super) fn trace(&mut self, trace: &Trace) -> Bind<TracePlan> {
        self.scopes.push(Scope { in_pattern: true, ..Scope::default() });
        let mut pattern = Pattern::default();
        let from = self.trace_end(&trace.from, &mut pattern)?;
        let to = self.trace_end(&trace.to, &mut pattern)?;
        // An end is come to through edges, so one that is deleted in its source is shown.
        for end in [from, to] {
            if let Some(slot) = self.slots.get_mut(end) {
                slot.with_deleted = true;
            }
        }
        let followed = self.followed(&trace.modifiers)?;
        let (start, goal) = (self.kinds(from), self.kinds(to));
        if !can_reach(&followed, true, start, goal) && !can_reach(&followed, false, start, goal) {
            let mistake = Mistake::new(
                Code::Impossible,
                trace.to.span(),
                format!("no path can lead from {} to {}", start.words(), goal.words()),
            );
            return Err(if followed.is_default {
                mistake.hint("`via any` after it also follows records about things")
            } else {
                mistake.hint("`show relations` lists what joins which kinds")
            });
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.it = Some(from);
            scope.in_pattern = false;
            scope.has_path = true;
        }
        let mut conditions = Vec::new();
        if let Some(condition) = &trace.condition {
            self.in_condition = true;
            self.conjuncts(condition, &pattern.slots, &mut conditions)?;
            self.in_condition = false;
        }
        let (filters, conditions): (Vec<_>, Vec<_>) =
            conditions.into_iter().partition(|(condition, _)| speaks_of_path(condition));
        let (items, columns) = match &trace.output {
            Some(output) => self.items(output)?,
            None => (
                vec![Expression::Path],
                vec![Column { name: "path".to_owned(), column_type: Type::Path }],
            ),
        };
        let keys = self.order_keys(Some(&trace.tail), &items, &columns)?;
        let listed = pattern.listed.clone();
        let has_hidden = pattern.slots.iter().any(|slot| !listed.contains(slot));
        let parts = Unordered {
            slots: pattern.slots,
            anchors: pattern.anchors,
            chains: pattern.chains,
            conditions,
        };
        let Ordered { guards, steps, asked } =
            order(parts, &mut self.slots, &self.sets, self.naively);
        let ends = SelectPlan {
            guards,
            steps,
            has_hidden,
            extreme: None,
            output: OutputPlan::Rows {
                distinct: false,
                items: listed.iter().map(|slot| Expression::Slot(*slot)).collect(),
            },
            listed,
            order: Vec::new(),
            asked,
        };
        self.scopes.pop();
        let (from_up, from_down) =
            (closure(&followed, true, goal), closure(&followed, false, goal));
        let (to_up, to_down) = (closure(&followed, true, start), closure(&followed, false, start));
        for closure in [&from_up, &from_down, &to_up, &to_down] {
            self.comes_along(closure);
        }
        Ok(TracePlan {
            ends,
            from,
            to,
            all: trace.all,
            unbounded: trace.all && trace.modifiers.within.is_none() && trace.tail.limit.is_none(),
            by_length: is_by_length(&keys),
            from_up: Arc::new(from_up),
            from_down: Arc::new(from_down),
            to_up: Arc::new(to_up),
            to_down: Arc::new(to_down),
            filters: filters.into_iter().map(|(filter, _)| filter).collect(),
            items,
            distinct: trace.output.as_ref().is_some_and(|output| output.distinct),
            order: keys,
            columns,
            skip: self.count(trace.tail.skip.as_ref()),
            limit: self.count(trace.tail.limit.as_ref()),
        })
    }

    /// An end is always listed.
    fn trace_end(&mut self, target: &Target, pattern: &mut Pattern) -> Bind<SlotId> {
        match target {
            Target::Term(term) => {
                let terms: [&Term; 1] = [term];
                let bound = self.pattern(&terms)?;
                let slot = bound.listed.first().copied().unwrap_or_default();
                pattern.slots.extend(bound.slots);
                for slot in bound.listed {
                    if !pattern.listed.contains(&slot) {
                        pattern.listed.push(slot);
                    }
                }
                pattern.anchors.extend(bound.anchors);
                pattern.chains.extend(bound.chains);
                Ok(slot)
            }
            Target::Subquery(find) => {
                let plan = self.find(find, false)?;
                let kinds = self.node_column(&plan, find.span.0)?;
                let correlated = plan.correlated;
                let set = self.set(SetSource::Find(plan), kinds, correlated, find.span.0);
                let slot = self.slot(None, kinds, find.span.0)?;
                pattern.slots.push(slot);
                pattern.listed.push(slot);
                pattern.anchors.push((slot, set));
                Ok(slot)
            }
            Target::Variable(name) => {
                let Some((set, kinds)) = self.saved_beside(&name.node) else {
                    return Err(self.unknown_variable(&name.node, name.span));
                };
                let slot = self.slot(None, kinds, name.span)?;
                pattern.slots.push(slot);
                pattern.listed.push(slot);
                pattern.anchors.push((slot, set));
                Ok(slot)
            }
        }
    }
}

/// Are the rows ordered by the lengths of their paths, the shortest first?
fn is_by_length(keys: &[(Expression, bool)]) -> bool {
    match keys {
        [] => true,
        [(Expression::Call(Function::Length, arguments), false)] => {
            matches!(arguments.as_slice(), [Expression::Path])
        }
        _ => false,
    }
}

/// Conditions on the path are tested once it is found.
fn speaks_of_path(expression: &Expression) -> bool {
    let mut found = false;
    expression.visit(&mut |part| found |= matches!(part, Expression::Path));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_on_the_path_is_found_below_a_call() {
        let call = Expression::Call(crate::plan::Function::Length, vec![Expression::Path]);
        assert!(speaks_of_path(&Expression::Not(Box::new(call))));
        assert!(!speaks_of_path(&Expression::Slot(0)));
    }
}
