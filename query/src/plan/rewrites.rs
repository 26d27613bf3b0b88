//! The rewrites of the planner, each with its rule. A plan with all of them and a plan with none
//! give the same answer (tests/planner.rs, on questions and graphs made at random).

use lineal_engine::event_fields::EventField;
use lineal_engine::is_looked_up;
use lineal_engine::schema::{KINDS, Kind};

use super::counters::{counting, is_bucket};
use super::order::Unordered;
use super::{
    ByBatch, Chain, Comparison, End, Expression, FieldReference, Function, Generator, GroupPlan,
    HopKind, Kinds, Label, LabelBy, SelectPlan, SetDefinition, SetId, SetSource, Slot, SlotId,
    StepPlan, TimeBound,
};

/// Variables that must be bound before a chain can be tested: its ends, and what it avoids.
pub(super) fn slots_of(chain: &Chain, sets: &[SetDefinition]) -> Vec<SlotId> {
    let mut slots = Vec::new();
    for end in [chain.start, chain.end] {
        if let End::Slot(slot) = end {
            slots.push(slot);
        }
    }
    for hop in &chain.hops {
        let HopKind::Reach { to_target, .. } = &hop.how else { continue };
        for set in &to_target.avoiding {
            match sets.get(*set).map(|set| &set.source) {
                Some(SetSource::Slot(slot)) => slots.push(*slot),
                Some(SetSource::Find(find)) => slots.extend(&find.outer),
                _ => {}
            }
        }
    }
    slots
}

/// **A relation in the condition is a relation of the pattern.**
/// `find K as k where R and k r T` is `find K as k r T where R`: a variable can then be reached
/// from the other end instead of being scanned. Likewise `k in S` is a key of k.
/// Valid because both stand under `and`, and a chain in the pattern makes no rows of its own.
pub(super) fn lift_relations(parts: &mut Unordered) {
    let mut kept = Vec::new();
    for (condition, slots) in std::mem::take(&mut parts.conditions) {
        match condition {
            Expression::Chain(chain) if matches!(chain.start, End::Slot(slot) if parts.slots.contains(&slot)) =>
            {
                parts.chains.push(*chain);
            }
            Expression::InSet(of, set) => match *of {
                Expression::Slot(slot) if slots == [slot] && parts.slots.contains(&slot) => {
                    parts.anchors.push((slot, set));
                }
                other => kept.push((Expression::InSet(Box::new(other), set), slots)),
            },
            other => kept.push((other, slots)),
        }
    }
    parts.conditions = kept;
}

/// `slot.field = value` where the value is the same for every row.
fn fixed_equality(condition: &Expression) -> Option<(SlotId, FieldReference, &Expression)> {
    let Expression::Compare(Comparison::Equal, a, b) = condition else { return None };
    [(a, b), (b, a)].into_iter().find_map(|(field, value)| {
        let Expression::Field(of, reference) = &**field else { return None };
        let Expression::Slot(slot) = **of else { return None };
        is_fixed(value).then_some((slot, *reference, &**value))
    })
}

/// **An event with a known hash or id comes from the index.**
/// The condition stays: the index only brings candidates, and never fewer than there are.
pub(super) fn event_keys(conditions: &[(Expression, Vec<SlotId>)]) -> Vec<(SlotId, Expression)> {
    let key = |condition: &Expression| {
        let (slot, field, value) = fixed_equality(condition)?;
        let is_key = matches!(
            field.event,
            Some(EventField::InputHash | EventField::RequestId | EventField::EventId)
        );
        is_key.then(|| (slot, value.clone()))
    };
    conditions.iter().filter_map(|(condition, _)| key(condition)).collect()
}

/// **Events of a known stretch of time with a known value are scanned before nodes are.**
/// `find inference as i ... where i.system = $s and i.time in $a..$b` begins with the batches of that
/// time, however many nodes the question leads on to. Where no value is known a deployment's counters
/// may tell, so these questions begin as they did.
pub(super) fn stretches(conditions: &[(Expression, Vec<SlotId>)]) -> Vec<SlotId> {
    let valued = conditions.iter().filter_map(|(condition, _)| {
        let (slot, field, _) = fixed_equality(condition)?;
        field.event.is_some_and(|field| field != EventField::Time).then_some(slot)
    });
    let filters: Vec<&Expression> = conditions.iter().map(|(condition, _)| condition).collect();
    let is_bound = |slot: &SlotId| {
        let (from, to) = window(*slot, filters.iter().copied());
        from.is_some() && to.is_some()
    };
    valued.filter(is_bound).collect()
}

/// `slot.field in [values]` where the values are the same for every row.
fn fixed_membership(condition: &Expression) -> Option<(SlotId, FieldReference, &Expression)> {
    let Expression::In(of, list) = condition else { return None };
    let Expression::Field(of, reference) = &**of else { return None };
    let Expression::Slot(slot) = **of else { return None };
    let fixed = match &**list {
        Expression::List(items) => items.iter().all(is_fixed),
        list => is_fixed(list),
    };
    fixed.then_some((slot, *reference, &**list))
}

/// **A node with a known name, version or tag comes from the labels.**
/// `find model where name = "x"` looks the name up, and so does `name in ["x", "y"]`. The store
/// finds every node of which some source, or the key, says this; the condition stays and decides
/// where sources disagree. Names of actors are sealed, so they are not looked up.
pub(super) fn labels(conditions: &[(Expression, Vec<SlotId>)], all: &[Slot]) -> Vec<Label> {
    let kind_of = |slot: SlotId| {
        let kind = all.get(slot)?.kinds.single()?;
        (kind != Kind::Inference).then_some(kind)
    };
    let named = |condition: &Expression| {
        let (slot, field, value) =
            fixed_equality(condition).or_else(|| fixed_membership(condition))?;
        let kind = kind_of(slot)?;
        let by = LabelBy::Field(field.name);
        is_looked_up(kind, field.name).then(|| Label { slot, kind, by, value: value.clone() })
    };
    let tagged = |condition: &Expression| {
        let Expression::Compare(Comparison::Equal, a, b) = condition else { return None };
        [(a, b), (b, a)].into_iter().find_map(|(tag, value)| {
            let (of, name) = match &**tag {
                Expression::Member(of, name) => (of, name.clone()),
                Expression::Index(of, name) => match &**name {
                    Expression::Constant(crate::value::Value::Text(name)) => (of, name.clone()),
                    _ => return None,
                },
                _ => return None,
            };
            let Expression::Field(of, field) = &**of else { return None };
            let Expression::Slot(slot) = **of else { return None };
            let kind = kind_of(slot)?;
            let is_tag = field.name == "tags" && is_fixed(value);
            let by = LabelBy::Tag(name);
            is_tag.then(|| Label { slot, kind, by, value: (**value).clone() })
        })
    };
    let found = conditions.iter().map(|(condition, _)| condition);
    found.filter_map(|condition| named(condition).or_else(|| tagged(condition))).collect()
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
                | Expression::Call(Function::Now, _)
        );
    });
    fixed
}

/// **A condition on the kind is the kind of the variable.**
/// `find node as n ... where n.kind in ["model", "run"]` binds n to models and runs alone: a scan
/// goes through these, a closure follows only what can lead to them, and nothing is compared. Valid
/// because a node's kind is part of what it is; events are left out, their kind is not their number's.
pub(super) fn narrow_kinds(step: &mut StepPlan, all: &[Slot]) {
    let named = all.get(step.slot).map_or(Kinds::NONE, |slot| slot.kinds);
    if named.has(Kind::Inference) {
        return;
    }
    let slot = step.slot;
    let before = step.filters.len();
    let mut kinds = named;
    step.filters.retain(|filter| match kinds_of_condition(filter, slot) {
        Some(wanted) => {
            kinds = kinds.and(wanted);
            false
        }
        None => true,
    });
    if step.filters.len() == before {
        return;
    }
    step.narrowed = Some(kinds);
    if let Generator::Chain(chain) = &mut step.from
        && let Some(hop) = chain.hops.last_mut()
        && let HopKind::Reach { to_target, .. } = &mut hop.how
    {
        *to_target = std::sync::Arc::new(to_target.toward(kinds));
        hop.to = hop.to.and(kinds);
        chain.memo += NARROWED;
    }
}

/// Added to the number under which a chain is kept: the words of the question, which are walked for
/// reasons, lead to all kinds, and must not meet what was found of some.
const NARROWED: usize = 1 << 31;

/// The kinds for which `slot.kind = ...` or `slot.kind in [...]` holds.
fn kinds_of_condition(condition: &Expression, slot: SlotId) -> Option<Kinds> {
    let is_kind = |of: &Expression| {
        matches!(of, Expression::Field(of, field)
            if field.name == "kind" && matches!(**of, Expression::Slot(s) if s == slot))
    };
    let named = |value: &Expression| match value {
        Expression::Constant(crate::value::Value::Text(text)) => {
            Some(KINDS.into_iter().filter(|kind| kind.name() == text).collect::<Kinds>())
        }
        _ => None,
    };
    match condition {
        Expression::Compare(Comparison::Equal, a, b) if is_kind(a) => named(b),
        Expression::Compare(Comparison::Equal, a, b) if is_kind(b) => named(a),
        Expression::In(of, list) if is_kind(of) => match &**list {
            Expression::List(items) => {
                let each = items.iter().map(named);
                each.reduce(|a, b| Some(a?.or(b?))).unwrap_or(Some(Kinds::NONE))
            }
            Expression::Constant(crate::value::Value::List(items)) => {
                let each = items.iter().map(|item| named(&Expression::Constant(item.clone())));
                each.reduce(|a, b| Some(a?.or(b?))).unwrap_or(Some(Kinds::NONE))
            }
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn is_field(expression: &Expression, slot: SlotId, field: EventField) -> bool {
    matches!(expression, Expression::Field(of, reference)
        if matches!(**of, Expression::Slot(s) if s == slot) && reference.event == Some(field))
}

/// **Batches outside of the time that is asked for are not read.**
/// A bound of an event's time that is the same for every row becomes a bound of its batch's first
/// and last time. The conditions stay and decide for each event.
pub(super) fn window<'e>(
    slot: SlotId,
    filters: impl IntoIterator<Item = &'e Expression>,
) -> (Option<TimeBound>, Option<TimeBound>) {
    let is_time = |expression: &Expression| is_field(expression, slot, EventField::Time);
    let bound = |time: &Expression, open: bool| {
        is_fixed(time).then(|| TimeBound { time: time.clone(), open })
    };
    let (mut from, mut to) = (None, None);
    for filter in filters {
        let (low, high) = match filter {
            Expression::InRange(of, low, high) if is_time(of) => {
                (bound(low, false), bound(high, true))
            }
            Expression::Compare(comparison, of, time) if is_time(of) => match comparison {
                Comparison::Greater => (bound(time, true), None),
                Comparison::GreaterEqual => (bound(time, false), None),
                Comparison::Less => (None, bound(time, true)),
                Comparison::LessEqual => (None, bound(time, false)),
                Comparison::Equal => (bound(time, false), bound(time, false)),
            },
            _ => continue,
        };
        (from, to) = (low.or(from), high.or(to));
    }
    (from, to)
}

/// **What columns can decide is decided on columns, batch beside batch.**
/// Conditions over fields of one event and values that are the same for every row are taken out of
/// the filters and tested on the columns of whole batches, on all cores. Valid because they read
/// nothing but the event; only comparisons that are never a warning are taken.
pub(super) fn column_tests(slot: SlotId, filters: &mut Vec<Expression>) -> Vec<Expression> {
    let (columns, rest) =
        std::mem::take(filters).into_iter().partition(|filter| reads_columns(slot, filter));
    *filters = rest;
    columns
}

fn reads_columns(slot: SlotId, filter: &Expression) -> bool {
    let field = |expression: &Expression| {
        matches!(expression, Expression::Field(of, reference)
            if matches!(**of, Expression::Slot(s) if s == slot) && reference.event.is_some())
    };
    let beside = |a: &Expression, b: &Expression| field(a) && is_fixed(b);
    match filter {
        Expression::And(a, b) | Expression::Or(a, b) => {
            reads_columns(slot, a) && reads_columns(slot, b)
        }
        Expression::Not(of) => reads_columns(slot, of),
        Expression::Compare(_, a, b) => beside(a, b) || beside(b, a),
        Expression::InRange(of, low, high) => beside(of, low) && is_fixed(high),
        Expression::IsAbsent(of) => field(of),
        Expression::In(of, list) => {
            field(of) && matches!(&**list, Expression::List(items) if items.iter().all(is_fixed))
        }
        Expression::Like(of, pattern) | Expression::Contains(of, pattern) => beside(of, pattern),
        Expression::Field(..) => field(filter),
        _ => false,
    }
}

/// **Groups of events are folded batch beside batch, and a count is the sum of counters.**
/// Where keys and figures of a group ask only for fields of an event, or for things that do not vary
/// within its batch, each batch stands for its events while the other variables are bound; then its
/// columns are folded, without binding row by row. Where they are counts of events, of overrides or
/// of Article 12 marks, by nothing but stretches of time, counters answer ([`super::counters`]): those
/// of deployments, else those of a batch where each of its months is of one group. Valid because a relation of an event is one of its batch, and no
/// figure depends on the order of rows.
pub(crate) fn fold_batches(
    select: &SelectPlan,
    group: &GroupPlan,
    all: &[Slot],
    sets: &[SetDefinition],
) -> Option<ByBatch> {
    let is_event =
        |slot: SlotId| all.get(slot).is_some_and(|slot| slot.kinds == Kinds::one(Kind::Inference));
    let may_be_event = |set: &SetId| {
        sets.get(*set).is_none_or(|set| set.correlated || set.kinds.has(Kind::Inference))
    };
    let events: Vec<SlotId> =
        select.steps.iter().map(|step| step.slot).filter(|slot| is_event(*slot)).collect();
    let [event] = *events.as_slice() else { return None };
    let step = select.steps.iter().find(|step| step.slot == event)?;
    let comes_by_batch = match &step.from {
        Generator::Scan => true,
        // A batch says nothing of single events that are avoided.
        Generator::Chain(chain) => chain.hops.iter().all(|hop| match &hop.how {
            HopKind::Reach { to_target, .. } => !to_target.avoiding.iter().any(may_be_event),
            HopKind::Edge(..) => true,
        }),
        Generator::Set(_) | Generator::Events(_) | Generator::Label(_) => false,
    };
    if !select.listed.contains(&event) || !comes_by_batch || !step.filters.is_empty() {
        return None;
    }
    // A relation that is only tested asks whether this very event is in a set.
    let mut tested = select.steps.iter().flat_map(|step| &step.chains);
    if tested.any(|chain| [chain.start, chain.end].contains(&End::Slot(event))) {
        return None;
    }
    let others = select.steps.iter().filter(|step| step.slot != event);
    let mut conditions = others.flat_map(|step| step.filters.iter().chain(&step.columns));
    if conditions.any(|condition| speaks_of(condition, event)) {
        return None;
    }
    let arguments = group.aggregates.iter().filter_map(|figure| figure.argument.as_ref());
    let is_folded = group.keys.iter().all(|key| !speaks_of(key, event) || is_per_event(key, event))
        && arguments.into_iter().all(|argument| is_per_event(argument, event));
    is_folded.then(|| ByBatch { event, counting: counting(select, group, step, all) })
}

/// A value that the columns of an event tell.
fn is_per_event(value: &Expression, event: SlotId) -> bool {
    matches!(value, Expression::Constant(_))
        || is_bucket(value, event)
        || reads_columns(event, value)
}

/// Does the expression, or a question within it, depend on the variable?
pub(crate) fn speaks_of(expression: &Expression, slot: SlotId) -> bool {
    let mut found = false;
    expression.visit(&mut |part| {
        found |= match part {
            Expression::Slot(other) => *other == slot,
            Expression::Chain(chain) => {
                [chain.start, chain.end].contains(&End::Slot(slot)) || chain.has_closure()
            }
            Expression::Exists(find, _)
            | Expression::Size(find, _)
            | Expression::Collect(find, _)
            | Expression::First(find, _)
            | Expression::InFind(_, find, _) => find.outer.contains(&slot),
            // A set may vary with any variable; it is rarely beside counts.
            Expression::InSet(..) | Expression::Key(_) => false,
            _ => false,
        };
    });
    found
}

/// A condition that holds for every time between two for which it holds.
pub(super) fn is_time_test(test: &Expression, event: SlotId) -> bool {
    match test {
        Expression::Compare(_, of, bound) => {
            is_field(of, event, EventField::Time) && is_fixed(bound)
        }
        Expression::InRange(of, low, high) => {
            is_field(of, event, EventField::Time) && is_fixed(low) && is_fixed(high)
        }
        Expression::And(a, b) => is_time_test(a, event) && is_time_test(b, event),
        _ => false,
    }
}
