//! Chooses the order in which the variables of a selection are bound.
//!
//! Start where a key is known, go on along relations, scan a kind only when nothing else is left;
//! test a condition as soon as its variables are bound. The choice depends on the question alone,
//! so the same question runs the same way in every store.

use lineal_engine::event_fields::EventField;
use lineal_engine::schema::Kind;

use super::{
    Chain, Comparison, End, Expression, Generator, SetDefinition, SetId, SetSource, Slot, SlotId,
    StepPlan,
};

/// The parts of a selection before they are in order.
pub(crate) struct Unordered {
    /// Its variables, in the order of naming.
    pub(crate) slots: Vec<SlotId>,
    /// Variables that must be in a set: those with a key.
    pub(crate) anchors: Vec<(SlotId, SetId)>,
    pub(crate) chains: Vec<Chain>,
    /// Conditions that must all hold, each with the variables of this selection it speaks of.
    pub(crate) conditions: Vec<(Expression, Vec<SlotId>)>,
}

/// What binding a variable costs, roughly; only the order of these matters.
const COST_KEY: u32 = 1;
const COST_EDGE: u32 = 2;
const COST_CLOSURE: u32 = 10;
const COST_SCAN: u32 = 100;
const COST_SCAN_NODES: u32 = 200;
const COST_SCAN_EVENTS: u32 = 1000;

/// Orders the variables; returns the conditions without variables and the steps.
pub(crate) fn order(
    mut parts: Unordered,
    all: &[Slot],
    sets: &[SetDefinition],
) -> (Vec<Expression>, Vec<StepPlan>) {
    lift(&mut parts);
    let event_keys = event_keys(&parts.conditions);
    let (guards, mut waiting): (Vec<_>, Vec<_>) =
        parts.conditions.into_iter().partition(|(_, slots)| slots.is_empty());
    let mut chains = parts.chains;
    let mut anchors = parts.anchors;
    let mut left = parts.slots.clone();
    let mut steps = Vec::new();
    while let Some((place, source)) = cheapest(&left, &anchors, &chains, &event_keys, all, sets) {
        let slot = left.remove(place);
        let mut step = StepPlan {
            slot,
            from: Generator::Scan,
            chains: Vec::new(),
            filters: Vec::new(),
            window: (None, None),
        };
        match source {
            Choice::Scan => {}
            Choice::EventKey(index) => {
                if let Some((_, key)) = event_keys.get(index) {
                    step.from = Generator::Events(key.clone());
                }
            }
            Choice::Anchor(index) => step.from = Generator::Set(anchors.remove(index).1),
            Choice::Chain(index) => {
                let chain = chains.remove(index);
                let is_end = chain.end == End::Slot(slot);
                step.from = Generator::Chain(if is_end { chain } else { chain.reversed() });
            }
        }
        anchors.retain(|(other, set)| {
            let is_here = *other == slot;
            if is_here {
                step.filters.push(Expression::InSet(Box::new(Expression::Slot(slot)), *set));
            }
            !is_here
        });
        let is_bound = |end: End| !matches!(end, End::Slot(other) if left.contains(&other));
        let touches = |end: End| end == End::Slot(slot);
        chains.retain(|chain| {
            let is_ready = (touches(chain.start) || touches(chain.end))
                && is_bound(chain.start)
                && is_bound(chain.end);
            if is_ready {
                let starts = touches(chain.start);
                step.chains.push(if starts { chain.clone() } else { chain.reversed() });
            }
            !is_ready
        });
        let (ready, later): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|(_, slots)| slots.iter().all(|slot| !left.contains(slot)));
        waiting = later;
        step.filters.extend(ready.into_iter().map(|(condition, _)| condition));
        step.window = window(slot, &step.filters);
        steps.push(step);
    }
    (guards.into_iter().map(|(condition, _)| condition).collect(), steps)
}

/// Conditions that are themselves a relation or a key of a variable become chains and anchors, so
/// that a variable can be reached from there.
fn lift(parts: &mut Unordered) {
    let mut kept = Vec::new();
    for (condition, slots) in std::mem::take(&mut parts.conditions) {
        match condition {
            Expression::Chain(chain) if matches!(chain.start, End::Slot(slot) if parts.slots.contains(&slot)) =>
            {
                parts.chains.push(*chain);
            }
            Expression::InSet(of, set) => match *of {
                Expression::Slot(slot) if parts.slots.contains(&slot) => {
                    parts.anchors.push((slot, set));
                }
                other => kept.push((Expression::InSet(Box::new(other), set), slots)),
            },
            other => kept.push((other, slots)),
        }
    }
    parts.conditions = kept;
}

/// How a variable can be bound.
enum Choice {
    Scan,
    Anchor(usize),
    Chain(usize),
    EventKey(usize),
}

/// Hashes and ids that events must have; the conditions stay, the index only brings candidates.
fn event_keys(conditions: &[(Expression, Vec<SlotId>)]) -> Vec<(SlotId, Expression)> {
    let key = |condition: &Expression| -> Option<(SlotId, Expression)> {
        let Expression::Compare(Comparison::Equal, a, b) = condition else { return None };
        [(a, b), (b, a)].into_iter().find_map(|(field, value)| {
            let Expression::Field(of, reference) = &**field else { return None };
            let Expression::Slot(slot) = **of else { return None };
            let is_key = matches!(
                reference.event,
                Some(EventField::InputHash | EventField::RequestId | EventField::EventId)
            );
            (is_key && is_fixed(value)).then(|| (slot, (**value).clone()))
        })
    };
    conditions.iter().filter_map(|(condition, _)| key(condition)).collect()
}

fn cheapest(
    left: &[SlotId],
    anchors: &[(SlotId, SetId)],
    chains: &[Chain],
    event_keys: &[(SlotId, Expression)],
    all: &[Slot],
    sets: &[SetDefinition],
) -> Option<(usize, Choice)> {
    let mut best: Option<(u32, usize, Choice)> = None;
    let mut offer = |cost: u32, place: usize, choice: Choice| {
        if best.as_ref().is_none_or(|(least, ..)| cost < *least) {
            best = Some((cost, place, choice));
        }
    };
    for (place, slot) in left.iter().enumerate() {
        let kinds = all.get(*slot).map_or(super::Kinds::NONE, |slot| slot.kinds);
        for (index, (keyed, _)) in event_keys.iter().enumerate() {
            // The index knows events only; another kind may have a field of that name.
            if keyed == slot && kinds == super::Kinds::one(Kind::Inference) {
                offer(COST_KEY, place, Choice::EventKey(index));
            }
        }
        for (index, (anchored, set)) in anchors.iter().enumerate() {
            if anchored == slot {
                offer(set_cost(*set, sets), place, Choice::Anchor(index));
            }
        }
        for (index, chain) in chains.iter().enumerate() {
            let other = if chain.end == End::Slot(*slot) {
                chain.start
            } else if chain.start == End::Slot(*slot) {
                chain.end
            } else {
                continue;
            };
            let along = if chain.has_closure() { COST_CLOSURE } else { COST_EDGE };
            match other {
                End::Slot(other) if left.contains(&other) => {}
                End::Slot(_) => offer(along, place, Choice::Chain(index)),
                End::Set(set) => {
                    offer(along + set_cost(set, sets), place, Choice::Chain(index));
                }
                End::Any => {}
            }
        }
        let cost = match kinds.single() {
            Some(Kind::Inference) => COST_SCAN_EVENTS,
            Some(_) => COST_SCAN,
            None => COST_SCAN_NODES,
        };
        offer(cost, place, Choice::Scan);
    }
    best.map(|(_, place, choice)| (place, choice))
}

fn set_cost(set: SetId, sets: &[SetDefinition]) -> u32 {
    match sets.get(set).map(|set| &set.source) {
        Some(SetSource::Find(_)) | None => COST_CLOSURE,
        Some(_) => COST_KEY,
    }
}

/// Does it not depend on the row at hand?
fn is_fixed(expression: &Expression) -> bool {
    let mut fixed = true;
    expression.visit(&mut |part| {
        fixed &= matches!(
            part,
            Expression::Constant(_)
                | Expression::Parameter(_)
                | Expression::Arithmetic(..)
                | Expression::Call(super::Function::Now, _)
        );
    });
    fixed
}

/// Bounds of an event's time among its conditions.
fn window(slot: SlotId, filters: &[Expression]) -> (Option<Expression>, Option<Expression>) {
    let is_time = |expression: &Expression| {
        matches!(expression, Expression::Field(of, field)
            if matches!(**of, Expression::Slot(s) if s == slot)
                && field.event == Some(EventField::Time))
    };
    let (mut from, mut to) = (None, None);
    for filter in filters {
        match filter {
            Expression::InRange(of, low, high) if is_time(of) => {
                if is_fixed(low) {
                    from = Some((**low).clone());
                }
                if is_fixed(high) {
                    to = Some((**high).clone());
                }
            }
            Expression::Compare(comparison, of, bound) if is_time(of) && is_fixed(bound) => {
                match comparison {
                    Comparison::Greater | Comparison::GreaterEqual => {
                        from = Some((**bound).clone());
                    }
                    // `<=` would need the bound itself; the batch test allows for it.
                    Comparison::Less | Comparison::LessEqual => to = Some((**bound).clone()),
                    Comparison::Equal => {
                        from = Some((**bound).clone());
                        to = Some((**bound).clone());
                    }
                }
            }
            _ => {}
        }
    }
    (from, to)
}
