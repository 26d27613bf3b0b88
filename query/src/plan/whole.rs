//! The rewrite that tells conditions of all nodes of a kind at once.

use lineal_engine::schema::{FieldType, Kind};

use super::{
    Chain, Comparison, End, Expression, FieldReference, FindPlan, Generator, Hop, HopKind, Kinds,
    OperandPlan, OutputPlan, Slot, SlotId, StepPlan,
};

/// **What one variable alone decides is told of all nodes of its kind at once.**
/// Where a kind is scanned, conditions that compare a field with a value that is the same for every
/// row, that ask whether relations lead anywhere, or whether an inner question tied by relations
/// alone has a row, are worked out as sets: column beside column, and relations from their far end.
/// Valid because such a condition depends on nothing but the node, so the set for which it holds is
/// the same whenever it is asked; where a view has no columns each node is asked as ever.
pub(super) fn take_whole(step: &mut StepPlan, all: &[Slot]) {
    let named = all.get(step.slot).map_or(Kinds::NONE, |slot| slot.kinds);
    let kind = step.narrowed.unwrap_or(named).single();
    if !matches!(step.from, Generator::Scan) || kind.is_none_or(|kind| kind == Kind::Inference) {
        return;
    }
    let slot = step.slot;
    let (chains, left): (Vec<Chain>, Vec<Chain>) =
        std::mem::take(&mut step.chains).into_iter().partition(|chain| is_open(chain, slot));
    step.chains = left;
    step.whole.extend(chains.into_iter().map(|chain| Expression::Chain(Box::new(chain))));
    let (told, left): (Vec<Expression>, Vec<Expression>) =
        std::mem::take(&mut step.filters).into_iter().partition(|filter| is_whole(filter, slot));
    step.filters = left;
    step.whole.extend(told);
}

fn is_whole(condition: &Expression, slot: SlotId) -> bool {
    match condition {
        Expression::And(a, b) | Expression::Or(a, b) => is_whole(a, slot) && is_whole(b, slot),
        Expression::Not(of) => is_whole(of, slot),
        Expression::Compare(..) => compared_field(condition, slot).is_some(),
        Expression::IsAbsent(of) => field_of(of, slot).is_some(),
        Expression::Chain(chain) => is_open(chain, slot),
        Expression::Exists(find, _) => tied_by_relations(find, slot).is_some(),
        _ => false,
    }
}

/// The field of an expression that is a field of the variable.
pub(crate) fn field_of(expression: &Expression, slot: SlotId) -> Option<FieldReference> {
    match expression {
        Expression::Field(of, field) if matches!(**of, Expression::Slot(s) if s == slot) => {
            Some(*field)
        }
        _ => None,
    }
}

/// `field op value`, where the field is the variable's, has a type that columns compare, and the
/// value is written down or given.
pub(crate) fn compared_field(
    condition: &Expression,
    slot: SlotId,
) -> Option<(FieldReference, Comparison, &Expression)> {
    let Expression::Compare(comparison, a, b) = condition else { return None };
    let is_given =
        |value: &Expression| matches!(value, Expression::Constant(_) | Expression::Parameter(_));
    let (field, comparison, value) = match (field_of(a, slot), field_of(b, slot)) {
        (Some(field), None) => (field, *comparison, &**b),
        (None, Some(field)) => {
            let turned = match comparison {
                Comparison::Equal => Comparison::Equal,
                Comparison::Less => Comparison::Greater,
                Comparison::LessEqual => Comparison::GreaterEqual,
                Comparison::Greater => Comparison::Less,
                Comparison::GreaterEqual => Comparison::LessEqual,
            };
            (field, turned, &**a)
        }
        _ => return None,
    };
    let is_compared = match field.field_type {
        FieldType::Int | FieldType::Time => true,
        FieldType::Text => comparison == Comparison::Equal,
        _ => false,
    };
    (is_compared && is_given(value)).then_some((field, comparison, value))
}

/// Does it ask of the variable alone whether relations lead anywhere?
fn is_open(chain: &Chain, slot: SlotId) -> bool {
    chain.start == End::Slot(slot) && chain.end == End::Any && are_edges(&chain.hops)
}

fn are_edges(hops: &[Hop]) -> bool {
    let is_plain = |hop: &Hop| {
        matches!(hop.how, HopKind::Edge(..))
            && hop.to_set.is_none()
            && hop.to.single().is_some_and(|kind| kind != Kind::Inference)
    };
    !hops.is_empty() && hops.iter().all(is_plain)
}

/// The one step of an inner question whose thing the variable is tied to by relations, and whose
/// conditions speak of that thing alone.
pub(crate) fn tied_by_relations(find: &FindPlan, slot: SlotId) -> Option<(&StepPlan, &Chain)> {
    let is_plain = find.as_of.is_none() && find.skip.is_none() && find.limit.is_none();
    let [OperandPlan::Select(select)] = find.operands.as_slice() else { return None };
    let [step] = select.steps.as_slice() else { return None };
    let Generator::Chain(chain) = &step.from else { return None };
    let is_tied = is_plain
        && chain.start == End::Slot(slot)
        && are_edges(&chain.hops)
        && select.guards.is_empty()
        && select.extreme.is_none()
        && matches!(select.output, OutputPlan::Rows { .. })
        && step.chains.is_empty()
        && step.columns.is_empty()
        && step.narrowed.is_none()
        && step.filters.iter().all(|filter| is_whole(filter, step.slot));
    is_tied.then_some((step, chain))
}
