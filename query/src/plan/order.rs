//! Chooses the order in which the variables of a selection are bound.
//!
//! Start where a key is known, go on along relations, scan a kind only when nothing else is left;
//! test a condition as soon as its variables are bound. The choice depends on the question alone,
//! so the same question runs the same way in every store. What else is rewritten stands in
//! [`super::rewrites`], one function a rewrite.

use lineal_engine::schema::Kind;

use super::rewrites::{self, slots_of};
use super::whole::take_whole;
use super::{
    Chain, End, Expression, Generator, Label, SetDefinition, SetId, SetSource, Slot, SlotId,
    StepPlan,
};

/// The parts of a selection before they are in order.
#[derive(Clone, Debug)]
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
/// Events of a known stretch of time with a known value: batches are chosen by their times, and the
/// pages of their columns by what stands in them, before anything else is touched.
const COST_SCAN_STRETCH: u32 = 50;
const COST_SCAN: u32 = 100;
const COST_SCAN_NODES: u32 = 200;
const COST_SCAN_EVENTS: u32 = 1000;

/// The parts of a selection in order.
pub(crate) struct Ordered {
    /// Conditions without variables.
    pub(crate) guards: Vec<Expression>,
    pub(crate) steps: Vec<StepPlan>,
    /// What is asked about: the same for every plan of a question.
    pub(crate) asked: Unordered,
}

/// Orders the variables. Naively, nothing is rewritten: every variable is scanned in the order of
/// naming.
pub(crate) fn order(
    parts: Unordered,
    all: &mut [Slot],
    sets: &[SetDefinition],
    naively: bool,
) -> Ordered {
    mark_scanned(&parts, all, sets);
    let mut asked = parts.clone();
    rewrites::lift_relations(&mut asked);
    let (guards, steps) =
        if naively { unrewritten(parts, sets) } else { rewritten(asked.clone(), all, sets) };
    Ordered { guards, steps, asked }
}

/// The plan that follows what is known; relations in the conditions are lifted already.
fn rewritten(
    parts: Unordered,
    all: &[Slot],
    sets: &[SetDefinition],
) -> (Vec<Expression>, Vec<StepPlan>) {
    let event_keys = rewrites::event_keys(&parts.conditions);
    let labels = rewrites::labels(&parts.conditions, all);
    let stretches = rewrites::stretches(&parts.conditions);
    let (guards, mut waiting): (Vec<_>, Vec<_>) =
        parts.conditions.into_iter().partition(|(_, slots)| slots.is_empty());
    let mut chains = parts.chains;
    let mut anchors = parts.anchors;
    let mut left = parts.slots.clone();
    let mut steps = Vec::new();
    let keys = Keys { events: &event_keys, labels: &labels, stretches: &stretches };
    while let Some((place, source)) = cheapest(&left, &anchors, &chains, &keys, all, sets) {
        let slot = left.remove(place);
        let from = match source {
            Choice::Scan => Generator::Scan,
            Choice::EventKey(index) => match event_keys.get(index) {
                Some((_, key)) => Generator::Events(key.clone()),
                None => Generator::Scan,
            },
            Choice::Label(index) => match labels.get(index) {
                Some(label) => Generator::Label(label.clone()),
                None => Generator::Scan,
            },
            Choice::Anchor(index) => Generator::Set(anchors.remove(index).1),
            Choice::Chain(index) => {
                let chain = chains.remove(index);
                let is_end = chain.end == End::Slot(slot);
                Generator::Chain(if is_end { chain } else { chain.reversed() })
            }
        };
        let mut step = step(slot, from);
        take_ready(&mut step, &mut anchors, &mut chains, &mut waiting, &left, sets);
        rewrites::narrow_kinds(&mut step, all);
        take_whole(&mut step, all);
        step.window = rewrites::window(slot, &step.filters);
        let kinds = all.get(slot).map_or(super::Kinds::NONE, |slot| slot.kinds);
        if kinds == super::Kinds::one(Kind::Inference) {
            step.columns = rewrites::column_tests(slot, &mut step.filters);
        }
        steps.push(step);
    }
    (guards.into_iter().map(|(condition, _)| condition).collect(), steps)
}

fn step(slot: SlotId, from: Generator) -> StepPlan {
    StepPlan {
        slot,
        from,
        narrowed: None,
        whole: Vec::new(),
        chains: Vec::new(),
        filters: Vec::new(),
        columns: Vec::new(),
        window: (None, None),
    }
}

/// The plan that the words of the question describe.
fn unrewritten(parts: Unordered, sets: &[SetDefinition]) -> (Vec<Expression>, Vec<StepPlan>) {
    let Unordered { slots, mut anchors, mut chains, conditions } = parts;
    let (guards, mut waiting): (Vec<_>, Vec<_>) =
        conditions.into_iter().partition(|(_, slots)| slots.is_empty());
    let mut steps = Vec::new();
    for (place, slot) in slots.iter().enumerate() {
        let mut step = step(*slot, Generator::Scan);
        let left = slots.get(place + 1..).unwrap_or_default();
        take_ready(&mut step, &mut anchors, &mut chains, &mut waiting, left, sets);
        steps.push(step);
    }
    (guards.into_iter().map(|(condition, _)| condition).collect(), steps)
}

/// Moves to a step what can be tested now that its variable is bound.
fn take_ready(
    step: &mut StepPlan,
    anchors: &mut Vec<(SlotId, SetId)>,
    chains: &mut Vec<Chain>,
    waiting: &mut Vec<(Expression, Vec<SlotId>)>,
    left: &[SlotId],
    sets: &[SetDefinition],
) {
    let slot = step.slot;
    anchors.retain(|(other, set)| {
        let is_here = *other == slot;
        if is_here {
            step.filters.push(Expression::InSet(Box::new(Expression::Slot(slot)), *set));
        }
        !is_here
    });
    chains.retain(|chain| {
        let speaks_of = slots_of(chain, sets);
        let is_ready =
            speaks_of.contains(&slot) && speaks_of.iter().all(|other| !left.contains(other));
        if is_ready {
            let starts = chain.start == End::Slot(slot) || chain.end != End::Slot(slot);
            step.chains.push(if starts { chain.clone() } else { chain.reversed() });
        }
        !is_ready
    });
    let (ready, later): (Vec<_>, Vec<_>) = std::mem::take(waiting)
        .into_iter()
        .partition(|(_, slots)| slots.iter().all(|slot| !left.contains(slot)));
    *waiting = later;
    step.filters.extend(ready.into_iter().map(|(condition, _)| condition));
}

/// Says of each variable whether what is deleted in its source is left out.
///
/// A scan leaves it out, a key or a relation shows it. Which of several terms is scanned must not
/// depend on the plan: of terms that are tied together the first named one is, unless one of them
/// is known by key; all others are reached.
fn mark_scanned(parts: &Unordered, all: &mut [Slot], sets: &[SetDefinition]) {
    let mut groups: Vec<(Vec<SlotId>, bool)> =
        parts.slots.iter().map(|slot| (vec![*slot], false)).collect();
    let mut ties: Vec<(Vec<SlotId>, bool)> = Vec::new();
    for (slot, _) in &parts.anchors {
        ties.push((vec![*slot], true));
    }
    let lifted = parts.conditions.iter().filter_map(|(condition, _)| match condition {
        Expression::Chain(chain) => Some(&**chain),
        _ => None,
    });
    for chain in parts.chains.iter().chain(lifted) {
        let own: Vec<SlotId> =
            slots_of(chain, sets).into_iter().filter(|slot| parts.slots.contains(slot)).collect();
        let is_known = |end: End| match end {
            End::Set(_) => true,
            // A variable of a question around this one stands for a thing already.
            End::Slot(slot) => !parts.slots.contains(&slot),
            End::Any => false,
        };
        ties.push((own, is_known(chain.start) || is_known(chain.end)));
    }
    for (condition, slots) in &parts.conditions {
        if let (Expression::InSet(..), [slot]) = (condition, slots.as_slice()) {
            ties.push((vec![*slot], true));
        }
    }
    for (tied, is_known) in ties {
        let mut joined = (Vec::new(), is_known);
        groups.retain(|(slots, known)| {
            let touches = slots.iter().any(|slot| tied.contains(slot));
            if touches {
                joined.0.extend(slots.iter().copied());
                joined.1 |= known;
            }
            !touches
        });
        groups.push(joined);
    }
    for (mut slots, is_known) in groups {
        slots.sort_unstable();
        for (place, slot) in slots.into_iter().enumerate() {
            if let Some(slot) = all.get_mut(slot) {
                slot.with_deleted |= is_known || place > 0;
            }
        }
    }
}

/// How a variable can be bound.
enum Choice {
    Scan,
    Anchor(usize),
    Chain(usize),
    EventKey(usize),
    Label(usize),
}

/// Values by which the store finds things without a scan.
struct Keys<'a> {
    events: &'a [(SlotId, Expression)],
    labels: &'a [Label],
    /// Events of which a stretch of time and a value are known.
    stretches: &'a [SlotId],
}

/// Is all that a set may hold of these kinds?
fn is_within(set: SetId, kinds: super::Kinds, sets: &[SetDefinition]) -> bool {
    sets.get(set).is_some_and(|set| set.kinds.and(kinds) == set.kinds)
}

fn cheapest(
    left: &[SlotId],
    anchors: &[(SlotId, SetId)],
    chains: &[Chain],
    keys: &Keys<'_>,
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
        for (index, (keyed, _)) in keys.events.iter().enumerate() {
            // The index knows events only; another kind may have a field of that name.
            if keyed == slot && kinds == super::Kinds::one(Kind::Inference) {
                offer(COST_KEY, place, Choice::EventKey(index));
            }
        }
        for (index, (anchored, set)) in anchors.iter().enumerate() {
            // Things of another kind that the set may hold are none of this variable.
            if anchored == slot && is_within(*set, kinds, sets) {
                offer(set_cost(*set, sets), place, Choice::Anchor(index));
            }
        }
        for (index, label) in keys.labels.iter().enumerate() {
            if label.slot == *slot {
                offer(COST_EDGE, place, Choice::Label(index));
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
            // What the chain avoids must be known before it leads anywhere.
            if slots_of(chain, sets).iter().any(|needed| needed != slot && left.contains(needed)) {
                continue;
            }
            let along = if chain.has_closure() { COST_CLOSURE } else { COST_EDGE };
            match other {
                End::Slot(other) if other == *slot => {}
                End::Slot(_) => offer(along, place, Choice::Chain(index)),
                End::Set(set) => {
                    offer(along + set_cost(set, sets), place, Choice::Chain(index));
                }
                End::Any => {}
            }
        }
        let cost = match kinds.single() {
            Some(Kind::Inference) if keys.stretches.contains(slot) => COST_SCAN_STRETCH,
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
