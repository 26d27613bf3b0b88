//! Figures over groups of bindings. No figure depends on the order in which rows come, so the plan
//! and the number of threads do not show.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::fold::{JOBS_MAX, Job};
use super::gather::{Gathered, Odd};
use super::row_set::RowSet;
use super::rows::order_values;
use super::{Executor, Run, Stop};
use crate::bind::function::AGGREGATES;
use crate::limits::Limit;
use crate::plan::{
    Aggregate, AggregateFunction, ByBatch, Expression, GroupPlan, SelectPlan, speaks_of,
};
use crate::source::Source;
use crate::value::{Item, Value};

/// The keys of a group, in their order.
#[derive(Clone, Debug)]
pub(super) struct GroupKey(pub(super) Vec<Value>);

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

/// The groups so far.
#[derive(Default)]
pub(super) struct Groups<'a> {
    aggregates: &'a [Aggregate],
    found: BTreeMap<GroupKey, Vec<Gathered>>,
}

impl<'a> Groups<'a> {
    /// What a group has gathered; it is made if there is none.
    fn at<S: Source>(&mut self, run: &Executor<'_, S>, key: GroupKey) -> Run<&mut Vec<Gathered>> {
        let is_full = self.found.len() as u64 >= run.limits.rows;
        if is_full && !self.found.contains_key(&key) {
            return Err(Stop::Limit(Limit::Rows(run.limits.rows)));
        }
        let count = self.aggregates.len();
        Ok(self.found.entry(key).or_insert_with(|| vec![Gathered::default(); count]))
    }

    /// Adds what a part has gathered.
    pub(super) fn join<S: Source>(
        &mut self,
        run: &Executor<'_, S>,
        key: GroupKey,
        part: Vec<Gathered>,
    ) -> Run<()> {
        let aggregates = self.aggregates;
        let gathered = self.at(run, key)?;
        for ((aggregate, gathered), part) in aggregates.iter().zip(gathered).zip(part) {
            gathered.join(aggregate, part);
        }
        Ok(())
    }
}

impl<'a, S: Source> Executor<'a, S> {
    /// The groups of a selection. A bound that ends it leaves none: figures over some of the rows
    /// would be wrong ones.
    pub(super) fn group_into(
        &mut self,
        select: &'a SelectPlan,
        plan: &'a GroupPlan,
        out: &mut RowSet,
    ) -> Run<()> {
        let ended = match &plan.by_batch {
            Some(by) => match self.tally(select, plan, by, out) {
                Ok(true) => return Ok(()),
                Ok(false) => self.gather_groups(select, plan, out),
                Err(stop) => Err(stop),
            },
            None => self.gather_groups(select, plan, out),
        };
        if let Err(Stop::Limit(_)) = ended {
            // A figure over a part would be taken for the figure: none is given.
            self.warn("figures are left out: not all that they count was come by".to_owned());
        }
        ended
    }

    fn gather_groups(
        &mut self,
        select: &'a SelectPlan,
        plan: &'a GroupPlan,
        out: &mut RowSet,
    ) -> Run<()> {
        let mut groups = Groups { aggregates: &plan.aggregates, ..Groups::default() };
        if plan.keys.is_empty() {
            // Without keys there is one group, even of nothing.
            groups.at(self, GroupKey(Vec::new()))?;
        }
        let outer =
            std::mem::replace(&mut self.by_batch, plan.by_batch.as_ref().map(|by| by.event));
        let ended = match &plan.by_batch {
            Some(by) => self.group_batches(select, plan, by, &mut groups),
            None => self.group_rows(select, plan, &mut groups),
        };
        self.by_batch = outer;
        ended?;
        self.warn_of_odd(plan, &groups);
        for (GroupKey(mut columns), gathered) in groups.found {
            for (aggregate, gathered) in plan.aggregates.iter().zip(gathered) {
                columns.push(gathered.figure(aggregate)?);
            }
            self.group = columns;
            self.group_row(select, plan, out)?;
        }
        Ok(())
    }

    /// The row of the group at hand, if it is wanted.
    pub(super) fn group_row(
        &mut self,
        select: &'a SelectPlan,
        plan: &'a GroupPlan,
        out: &mut RowSet,
    ) -> Run<()> {
        if let Some(having) = &plan.having
            && !self.holds(having)?
        {
            return Ok(());
        }
        let before = out.lengths();
        let ended = self.group_parts(select, plan, out);
        match ended {
            Ok(()) => out.end_row(before),
            Err(_) => out.cancel_row(before),
        }
        ended
    }

    fn group_parts(
        &mut self,
        select: &'a SelectPlan,
        plan: &'a GroupPlan,
        out: &mut RowSet,
    ) -> Run<()> {
        let (columns, order, _) = out.begin_row();
        columns.extend(self.group.iter().take(plan.keys.len()).cloned());
        for item in &plan.items {
            columns.push(self.value(item)?);
        }
        for (key, _) in &select.order {
            order.push(self.value(key)?);
        }
        Ok(())
    }

    /// Says how many values a figure over a member did not take as numbers: a map holds what the
    /// source wrote, so the schema cannot tell.
    fn warn_of_odd(&mut self, plan: &GroupPlan, groups: &Groups<'_>) {
        for (place, aggregate) in plan.aggregates.iter().enumerate() {
            let of_numbers = match aggregate.function {
                AggregateFunction::Sum | AggregateFunction::Average => "leaves out",
                AggregateFunction::Least
                | AggregateFunction::Greatest
                | AggregateFunction::Percentile(_) => "orders as texts",
                _ => continue,
            };
            let Some(member) = aggregate.argument.as_ref().and_then(member_words) else { continue };
            let mut odd = Odd::default();
            for gathered in groups.found.values().filter_map(|all| all.get(place)) {
                odd.absent += gathered.odd.absent;
                odd.texts += gathered.odd.texts;
            }
            let is_it = |row: &&(&str, AggregateFunction, &str)| row.1 == aggregate.function;
            let name = AGGREGATES.iter().find(is_it).map_or("a figure", |row| row.0);
            if odd.texts > 0 {
                self.warn(format!(
                    "{name} of {member} {of_numbers} values that are texts ({}); `number(x)` reads \
                     the number that a text holds",
                    odd.texts
                ));
            }
            if odd.absent > 0 {
                self.warn(format!(
                    "{name} of {member} leaves out what has none recorded ({})",
                    odd.absent
                ));
            }
        }
    }

    /// Gathers binding by binding.
    fn group_rows(
        &mut self,
        select: &'a SelectPlan,
        plan: &'a GroupPlan,
        groups: &mut Groups<'a>,
    ) -> Run<()> {
        self.refuse_rows(select)?;
        let mut seen = BTreeSet::new();
        self.bind(&select.steps, &mut |run: &mut Executor<'a, S>| {
            if !run.is_new(select, &mut seen) {
                return Ok(true);
            }
            let mut key = Vec::with_capacity(plan.keys.len());
            for part in &plan.keys {
                key.push(run.value(part)?);
            }
            let mut values = Vec::with_capacity(plan.aggregates.len());
            for aggregate in &plan.aggregates {
                let argument = aggregate.argument.as_ref();
                values.push(argument.map(|argument| run.value(argument)).transpose()?);
            }
            let gathered = groups.at(run, GroupKey(key))?;
            for ((aggregate, value), gathered) in plan.aggregates.iter().zip(values).zip(gathered) {
                let before = gathered.kept();
                gathered.add(aggregate, value);
                run.bytes += gathered.kept().saturating_sub(before);
            }
            run.count_bytes(0)?;
            Ok(true)
        })?;
        Ok(())
    }

    /// Binds all but the events, then folds these batch beside batch.
    fn group_batches(
        &mut self,
        select: &'a SelectPlan,
        plan: &'a GroupPlan,
        by: &'a ByBatch,
        groups: &mut Groups<'a>,
    ) -> Run<()> {
        let folding = self.folding(select, plan, by)?;
        self.refuse_figures(select, &folding)?;
        let mut seen = BTreeSet::new();
        let mut jobs: Vec<Job> = Vec::new();
        self.bind(&select.steps, &mut |run: &mut Executor<'a, S>| {
            let Item::Event(event) = run.bound_item(by.event) else { return Ok(true) };
            if !run.is_new(select, &mut seen) {
                return Ok(true);
            }
            let mut key = Vec::with_capacity(plan.keys.len());
            for part in &plan.keys {
                let varies = speaks_of(part, by.event);
                key.push(if varies { Value::Absent } else { run.value(part)? });
            }
            jobs.push(Job { batch: run.source.event_batch(event), key });
            if jobs.len() >= JOBS_MAX {
                run.fold(&folding, &jobs, groups)?;
                jobs.clear();
            }
            Ok(true)
        })?;
        self.fold(&folding, &jobs, groups)
    }

    /// Was this row not there before? Only terms that are not listed make one twice.
    pub(super) fn is_new(&self, select: &SelectPlan, seen: &mut BTreeSet<Vec<Item>>) -> bool {
        !select.has_hidden
            || seen.insert(select.listed.iter().map(|slot| self.bound_item(*slot)).collect())
    }
}

/// A member of a map, as it is asked for: none for what the schema types.
fn member_words(argument: &Expression) -> Option<String> {
    let (of, name) = match argument {
        Expression::Member(of, name) => (of, name.clone()),
        Expression::Index(of, index) => match &**index {
            Expression::Constant(Value::Text(name)) => (of, name.clone()),
            _ => return None,
        },
        _ => return None,
    };
    match &**of {
        Expression::Field(_, field) => Some(format!("{}[\"{name}\"]", field.name)),
        _ => Some(name),
    }
}
