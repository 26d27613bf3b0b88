//! What the counters of a store answer: counts of all events, of human overrides and of Article 12
//! marks, by deployment and month, and the first and last time.

use lineal_engine::event_fields::EventField;
use lineal_engine::events::MonthCounts;
use lineal_engine::schema::{Direction, Kind, Relation};

use super::rewrites::{is_field, is_time_test};
use super::{
    Aggregate, AggregateFunction, Chain, Comparison, End, Expression, Function, Generator,
    GroupPlan, HopKind, Kinds, SelectPlan, SlotId, StepPlan, speaks_of,
};
use crate::value::Value;

/// Which events a counter counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pick {
    All,
    None,
    /// Those for which the field is true, or is not.
    Overrides(bool),
    Art12(bool),
}

impl Pick {
    /// How many of these they are.
    pub(crate) fn of(self, counts: &MonthCounts) -> u64 {
        match self {
            Pick::All => counts.events,
            Pick::None => 0,
            Pick::Overrides(true) => counts.overrides,
            Pick::Overrides(false) => counts.events.saturating_sub(counts.overrides),
            Pick::Art12(true) => counts.art12,
            Pick::Art12(false) => counts.events.saturating_sub(counts.art12),
        }
    }

    fn complement(self) -> Pick {
        match self {
            Pick::All => Pick::None,
            Pick::None => Pick::All,
            Pick::Overrides(is) => Pick::Overrides(!is),
            Pick::Art12(is) => Pick::Art12(!is),
        }
    }

    /// The events that are in both; none where no counter counts them.
    fn and(self, other: Pick) -> Option<Pick> {
        match (self, other) {
            (Pick::All, one) | (one, Pick::All) => Some(one),
            (a, b) if a == b => Some(a),
            (a, b) if a == b.complement() => Some(Pick::None),
            (Pick::None, _) | (_, Pick::None) => Some(Pick::None),
            _ => None,
        }
    }

    /// The events for which a condition holds, if there is a counter of them.
    fn where_holds(condition: &Expression, event: SlotId) -> Option<Pick> {
        let is_true = |of: &Expression| {
            let fields = [
                (EventField::HumanOverride, Pick::Overrides(true)),
                (EventField::Art12, Pick::Art12(true)),
            ];
            fields.into_iter().find(|(field, _)| is_field(of, event, *field)).map(|(_, pick)| pick)
        };
        match condition {
            Expression::Not(of) => Pick::where_holds(of, event).map(Pick::complement),
            Expression::Compare(Comparison::Equal, a, b) => match (&**a, &**b) {
                (of, Expression::Constant(Value::Bool(true)))
                | (Expression::Constant(Value::Bool(true)), of) => is_true(of),
                _ => None,
            },
            of => is_true(of),
        }
    }
}

/// A figure that counters tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CounterFigure {
    /// How many events.
    Rows,
    /// How many of the events a condition holds for, or which share.
    Holding(Pick),
    /// How many of the events say a time.
    Timed,
    FirstTime,
    LastTime,
}

/// A group whose figures are sums of counters.
#[derive(Debug)]
pub(crate) struct Counting {
    /// The events that are counted, apart from bounds of their time.
    pub(crate) pick: Pick,
    /// Of the conditions on columns, those that bound the time.
    pub(crate) time_tests: Vec<usize>,
    pub(crate) figures: Vec<CounterFigure>,
    /// Deployments may stand for their events.
    pub(crate) route: Option<Route>,
}

/// How a deployment leads to what its events are grouped by.
#[derive(Debug)]
pub(crate) struct Route {
    /// Edges from the deployment, with the kinds that they lead to.
    pub(crate) hops: Vec<(Relation, Direction, Kinds)>,
    /// Kinds of the deployment, and of what it leads to in the end.
    pub(crate) from: Kinds,
    pub(crate) to: Kinds,
    /// The place of the step that binds the end; none where nothing stands beside the events.
    pub(crate) step: Option<usize>,
    /// The answer comes in the order of its keys.
    pub(crate) in_order: bool,
}

/// What of a group counters tell, if they tell all of it.
pub(super) fn counting(
    select: &SelectPlan,
    group: &GroupPlan,
    step: &StepPlan,
    slots: &[super::Slot],
) -> Option<Counting> {
    let event = step.slot;
    let bucketed = group.keys.iter().any(|key| speaks_of(key, event));
    if !group.keys.iter().all(|key| !speaks_of(key, event) || is_bucket(key, event)) {
        return None;
    }
    let mut pick = Pick::All;
    let mut time_tests = Vec::new();
    for (place, test) in step.columns.iter().enumerate() {
        if is_time_test(test, event) {
            time_tests.push(place);
        } else {
            pick = pick.and(Pick::where_holds(test, event)?)?;
        }
    }
    let is_whole = !bucketed && time_tests.is_empty() && pick == Pick::All;
    let figure = |aggregate: &Aggregate| figure(aggregate, event, pick, is_whole);
    let figures = group.aggregates.iter().map(figure).collect::<Option<Vec<_>>>()?;
    let route = route(select, group, step, slots);
    Some(Counting { pick, time_tests, figures, route })
}

fn figure(
    aggregate: &Aggregate,
    event: SlotId,
    pick: Pick,
    is_whole: bool,
) -> Option<CounterFigure> {
    if aggregate.distinct {
        return None;
    }
    let is_time = |of: &Expression| is_field(of, event, EventField::Time);
    match (aggregate.function, &aggregate.argument) {
        (AggregateFunction::Count, None) => Some(CounterFigure::Rows),
        (AggregateFunction::Count, Some(of)) if is_time(of) => Some(CounterFigure::Timed),
        (AggregateFunction::CountIf | AggregateFunction::Share, Some(of)) => {
            pick.and(Pick::where_holds(of, event)?).map(CounterFigure::Holding)
        }
        // Of a month only the whole's first and last time are known.
        (AggregateFunction::Least, Some(of)) if is_time(of) && is_whole => {
            Some(CounterFigure::FirstTime)
        }
        (AggregateFunction::Greatest, Some(of)) if is_time(of) && is_whole => {
            Some(CounterFigure::LastTime)
        }
        _ => None,
    }
}

/// A stretch of the time of an event.
pub(super) fn is_bucket(key: &Expression, event: SlotId) -> bool {
    matches!(key, Expression::Call(Function::Bucket(_), arguments)
        if matches!(arguments.as_slice(), [time] if is_field(time, event, EventField::Time)))
}

/// **Deployments stand for events** where one variable at most stands beside them, plain edges lead
/// from the deployment of an event to it, and time is divided by months or years. Valid because an
/// event has one deployment, and each pair of an event and a thing is one row.
fn route(
    select: &SelectPlan,
    group: &GroupPlan,
    event: &StepPlan,
    slots: &[super::Slot],
) -> Option<Route> {
    let is_month = |key: &Expression| {
        use super::BucketUnit::{Month, Year};
        matches!(key, Expression::Call(Function::Bucket(Month | Year), _))
    };
    let of_event = |key: &&Expression| speaks_of(key, event.slot);
    if select.has_hidden || !group.keys.iter().filter(of_event).all(is_month) {
        return None;
    }
    let kinds = |slot: SlotId| slots.get(slot).map_or(Kinds::NONE, |slot| slot.kinds);
    let deployments = Kinds::one(Kind::Deployment);
    let (beside, chain) = match select.steps.as_slice() {
        [_] => (None, None),
        [first, second] => {
            let other = usize::from(first.slot == event.slot);
            let chain = match &second.from {
                Generator::Chain(chain) if matches!(first.from, Generator::Scan) => chain,
                _ => return None,
            };
            let step = if other == 0 { first } else { second };
            (Some((other, step)), Some(out_of_event(chain, event.slot, step.slot)?))
        }
        _ => return None,
    };
    if beside.is_none() && !matches!(event.from, Generator::Scan) {
        return None;
    }
    if beside.is_some_and(|(_, step)| !step.chains.is_empty()) {
        return None;
    }
    let hops = chain.as_ref().map_or(&[][..], |chain| &chain.hops);
    let mut edges = Vec::with_capacity(hops.len());
    for hop in hops {
        let HopKind::Edge(relation, direction) = hop.how else { return None };
        if hop.to_set.is_some() {
            return None;
        }
        edges.push((relation, direction, hop.to));
    }
    let from = match edges.first() {
        None => deployments,
        Some((Relation::ServedBy, Direction::Forward, to)) => deployments.and(*to),
        Some(_) => return None,
    };
    let node = beside.map(|(_, step)| step.slot);
    let narrowed = beside.and_then(|(_, step)| step.narrowed);
    let is_node = |key: &Expression| matches!(key, Expression::Slot(slot) if Some(*slot) == node);
    let has_actors = node.is_some_and(|node| kinds(node).has(Kind::Actor));
    // Nodes come in their order, months in theirs within each.
    let in_order = match group.keys.as_slice() {
        [] => true,
        [one] => is_node(one) || is_month(one),
        [node, month] => is_node(node) && is_month(month),
        _ => false,
    } && !has_actors;
    Some(Route {
        hops: edges.into_iter().skip(1).collect(),
        from,
        to: narrowed.unwrap_or_else(|| node.map_or(deployments, kinds)),
        step: beside.map(|(place, _)| place),
        in_order,
    })
}

/// The chain between an event and another variable, seen from the event.
fn out_of_event(chain: &Chain, event: SlotId, other: SlotId) -> Option<Chain> {
    if (chain.start, chain.end) == (End::Slot(event), End::Slot(other)) {
        return Some(chain.clone());
    }
    let is_turned = (chain.start, chain.end) == (End::Slot(other), End::Slot(event));
    is_turned.then(|| chain.reversed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_in_two_picks_are_known_only_where_one_decides() {
        let (overrides, art12) = (Pick::Overrides(true), Pick::Art12(false));
        assert_eq!(Pick::All.and(overrides), Some(overrides));
        assert_eq!(overrides.and(overrides), Some(overrides));
        assert_eq!(overrides.and(overrides.complement()), Some(Pick::None));
        assert_eq!(Pick::None.and(art12), Some(Pick::None));
        assert_eq!(overrides.and(art12), None);
        let counts = MonthCounts { month: None, events: 9, overrides: 2, art12: 4 };
        let of = |pick: Pick| (pick.of(&counts), pick.complement().of(&counts));
        assert_eq!((of(Pick::All), of(overrides), of(art12)), ((9, 0), (2, 7), (5, 4)));
    }
}
