//! Figures over groups of bindings. Sums run in the order of the bindings, which is the same for
//! any number of threads, so floats add up to the same bits.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::rc::Rc;

use lineal_engine::event_fields::EventField;
use lineal_engine::schema::Kind;

use super::columns::{WHOLE, units_of};
use super::rows::{Row, order_values};
use super::{Executor, Run, Stop};
use crate::error::{Code, Mistake, Span};
use crate::limits::Limit;
use crate::plan::{Aggregate, AggregateFunction, GroupPlan, SelectPlan, counter};
use crate::source::{BatchCounts, Source};
use crate::value::{Item, Value};

/// The keys of a group, in their order.
#[derive(Clone, Debug)]
struct GroupKey(Vec<Value>);

impl PartialEq for GroupKey {
    fn eq(&self, other: &GroupKey) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for GroupKey {}
impl PartialOrd for GroupKey {
    fn partial_cmp(&self, other: &GroupKey) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for GroupKey {
    fn cmp(&self, other: &GroupKey) -> Ordering {
        order_values(&self.0, &other.0)
    }
}

/// What is gathered for one figure.
#[derive(Clone, Default, Debug)]
struct Gathered {
    /// Rows of the group.
    rows: u64,
    /// Rows for which the argument holds.
    holding: u64,
    /// Values, where the figure needs them all.
    values: Vec<Value>,
}

impl<'a, S: Source> Executor<'a, S> {
    pub(super) fn group_into(
        &mut self,
        select: &'a SelectPlan,
        plan: &'a GroupPlan,
        out: &mut Vec<Row>,
    ) -> Run<()> {
        let mut groups: BTreeMap<GroupKey, Vec<Gathered>> = BTreeMap::new();
        if plan.keys.is_empty() {
            // Without keys there is one group, even of nothing.
            let empty = vec![Gathered::default(); plan.aggregates.len()];
            groups.insert(GroupKey(Vec::new()), empty);
        }
        let mut seen = std::collections::BTreeSet::new();
        let is_event = |slot: &usize| {
            self.plan.slots.get(*slot).is_some_and(|slot| slot.kinds.has(Kind::Inference))
        };
        let event = select.steps.iter().map(|step| step.slot).find(is_event);
        let whole =
            event.filter(|_| plan.whole_batches).map(|slot| (slot, Rc::from(units_of(plan))));
        let outer = std::mem::replace(&mut self.whole, whole);
        let ended = self.bind(&select.steps, &mut |run: &mut Executor<'a, S>| {
            if select.has_hidden {
                let items: Vec<_> =
                    select.listed.iter().map(|slot| run.bound_item(*slot)).collect();
                if !seen.insert(items) {
                    return Ok(true);
                }
            }
            let mut key = Vec::with_capacity(plan.keys.len());
            for part in &plan.keys {
                key.push(run.value(part)?);
            }
            let groups_now = groups.len() as u64;
            let gathered = match groups.entry(GroupKey(key)) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(_) if groups_now >= run.limits.rows => {
                    return Err(Stop::Limit(Limit::Rows(run.limits.rows)));
                }
                Entry::Vacant(free) => {
                    free.insert(vec![Gathered::default(); plan.aggregates.len()])
                }
            };
            for (aggregate, gathered) in plan.aggregates.iter().zip(gathered) {
                run.gather(aggregate, gathered)?;
            }
            Ok(true)
        });
        self.whole = outer;
        for (GroupKey(mut columns), gathered) in groups {
            let keys = columns.len();
            for (aggregate, gathered) in plan.aggregates.iter().zip(gathered) {
                columns.push(figure(aggregate, gathered)?);
            }
            self.group.clone_from(&columns);
            if let Some(having) = &plan.having
                && !self.decide(having)?
            {
                continue;
            }
            columns.truncate(keys);
            for item in &plan.items {
                columns.push(self.value(item)?);
            }
            let mut order = Vec::with_capacity(select.order.len());
            for (key, _) in &select.order {
                order.push(self.value(key)?);
            }
            out.push(Row { values: columns, keys: order, items: Vec::new() });
        }
        ended.map(|_| ())
    }

    fn gather(&mut self, aggregate: &'a Aggregate, gathered: &mut Gathered) -> Run<()> {
        if let Some(counts) = self.batch_at_hand() {
            gathered.rows += counts.events;
            let Some(argument) = &aggregate.argument else { return Ok(()) };
            let slot = self.whole.as_ref().map(|(slot, _)| *slot).unwrap_or_default();
            gathered.holding += match counter(argument, slot) {
                Some(EventField::HumanOverride) => counts.overrides,
                Some(EventField::Art12) => counts.art12,
                _ => 0,
            };
            return Ok(());
        }
        gathered.rows += 1;
        let Some(argument) = &aggregate.argument else { return Ok(()) };
        let value = self.value(argument)?;
        match aggregate.function {
            AggregateFunction::CountIf | AggregateFunction::Share => {
                gathered.holding += u64::from(value == Value::Bool(true));
            }
            AggregateFunction::Count if !aggregate.distinct => {
                gathered.holding += u64::from(!value.is_absent());
            }
            _ if value.is_absent() => {}
            _ => gathered.values.push(value),
        }
        Ok(())
    }
}

impl<S: Source> Executor<'_, S> {
    /// The counters of the batch that stands for all of its events, if one does.
    fn batch_at_hand(&self) -> Option<BatchCounts> {
        let (slot, _) = self.whole.as_ref()?;
        let Item::Event(event) = self.bound_item(*slot) else { return None };
        if event.row != WHOLE {
            return None;
        }
        Some(self.source.batch_counts(self.source.event_batch(event)))
    }
}

/// The figure of what was gathered; of no values it is absent, counts are 0.
fn figure(aggregate: &Aggregate, mut gathered: Gathered) -> Run<Value> {
    if aggregate.distinct {
        gathered.values.sort_by(Value::order);
        gathered.values.dedup_by(|a, b| a.order(b).is_eq());
    }
    let values = gathered.values;
    let whole = |count: u64| Value::Int(i64::try_from(count).unwrap_or(i64::MAX));
    Ok(match aggregate.function {
        AggregateFunction::Count if aggregate.argument.is_none() => whole(gathered.rows),
        AggregateFunction::Count if aggregate.distinct => whole(values.len() as u64),
        AggregateFunction::Count | AggregateFunction::CountIf => whole(gathered.holding),
        AggregateFunction::Share if gathered.rows == 0 => Value::Absent,
        AggregateFunction::Share => Value::Float(ratio(gathered.holding, gathered.rows)),
        AggregateFunction::Sum => sum(&values)?,
        AggregateFunction::Average => match sum(&values)? {
            Value::Int(total) => Value::Float(as_float(total) / count(values.len())),
            Value::Float(total) => Value::Float(total / count(values.len())),
            Value::Duration(total) => {
                let length = i64::try_from(values.len()).unwrap_or(i64::MAX);
                Value::Duration(total / length)
            }
            other => other,
        },
        AggregateFunction::Least => {
            values.into_iter().min_by(Value::order).unwrap_or(Value::Absent)
        }
        AggregateFunction::Greatest => {
            values.into_iter().max_by(Value::order).unwrap_or(Value::Absent)
        }
        AggregateFunction::Percentile(percent) => percentile(values, percent),
    })
}

fn sum(values: &[Value]) -> Run<Value> {
    let too_great = || {
        Stop::from(Mistake::new(Code::Overflow, Span::default(), "a sum is too great for its type"))
    };
    let mut total: Option<Value> = None;
    for value in values {
        total = Some(match (total.take(), value) {
            (None, Value::Int(_) | Value::Float(_) | Value::Duration(_)) => value.clone(),
            (Some(Value::Int(a)), Value::Int(b)) => {
                Value::Int(a.checked_add(*b).ok_or_else(too_great)?)
            }
            (Some(Value::Duration(a)), Value::Duration(b)) => {
                Value::Duration(a.checked_add(*b).ok_or_else(too_great)?)
            }
            (Some(a), b) => match (a.as_number(), b.as_number()) {
                (Some(a), Some(b)) => Value::Float(a + b),
                _ => a,
            },
            (None, _) => continue,
        });
    }
    Ok(total.unwrap_or(Value::Absent))
}

/// Nearest rank: the least value that at least this share of the values does not exceed.
fn percentile(mut values: Vec<Value>, percent: u8) -> Value {
    values.sort_by(Value::order);
    let rank = (values.len() * usize::from(percent)).div_ceil(100);
    values.into_iter().nth(rank.saturating_sub(1)).unwrap_or(Value::Absent)
}

#[expect(clippy::cast_precision_loss, reason = "a share has no more digits than a float")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

#[expect(clippy::cast_precision_loss, reason = "a mean has no more digits than a float")]
fn as_float(number: i64) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "a mean has no more digits than a float")]
fn count(length: usize) -> f64 {
    length as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let values: Vec<_> = (1..=10).map(Value::Int).collect();
        assert_eq!(percentile(values.clone(), 50), Value::Int(5));
        assert_eq!(percentile(values.clone(), 95), Value::Int(10));
        assert_eq!(percentile(vec![Value::Int(7)], 50), Value::Int(7));
        assert_eq!(percentile(Vec::new(), 50), Value::Absent);
    }
}
