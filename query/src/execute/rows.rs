//! Bindings to rows: columns, order, set words, `root` and `tip`.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;

use lineal_engine::schema::Kind;

use super::item_set::ItemSet;
use super::join::Memo;
use super::late::FILLED_AT_ONCE;
use super::row_set::{Row, RowSet, put};
use super::scan::Window;
use super::{Executor, Run, Stop};
use crate::ast::{Extreme, SetWord};
use crate::limits::Limit;
use crate::plan::{Expression, FindPlan, Kinds, OperandPlan, OutputPlan, SelectPlan};
use crate::source::{EventRef, NodeNo, Source};
use crate::value::{Item, Value};

impl<'a, S: Source> Executor<'a, S> {
    /// The rows of an inner question, ordered and bounded.
    pub(super) fn inner_rows(&mut self, plan: &'a FindPlan, memo: usize) -> Run<Rc<RowSet>> {
        if !plan.correlated
            && let Some(Memo::Rows(known)) = self.memo(memo)
        {
            return Ok(known.clone());
        }
        let rows = Rc::new(self.find_rows(plan)?);
        if !plan.correlated {
            self.remember(memo, Memo::Rows(rows.clone()));
        }
        Ok(rows)
    }

    pub(super) fn find_rows(&mut self, plan: &'a FindPlan) -> Run<RowSet> {
        match &plan.as_of {
            Some(as_of) => self.rows_brought_here(plan, as_of),
            None => self.find_rows_here(plan),
        }
    }

    /// The rows of an inner question in the view at hand.
    pub(super) fn find_rows_here(&mut self, plan: &'a FindPlan) -> Run<RowSet> {
        let mut rows = RowSet::default();
        self.find_into(plan, &mut rows, usize::MAX)?;
        let (skip, limit) = self.page(plan.skip, plan.limit)?;
        rows.page(skip, limit);
        Ok(rows)
    }

    /// Is there a row? Stops at the first where nothing else matters.
    pub(super) fn has_row(&mut self, plan: &'a FindPlan, memo: usize) -> Run<bool> {
        let is_plain =
            plan.as_of.is_none() && plan.correlated && plan.skip.is_none() && plan.limit.is_none();
        if let ([OperandPlan::Select(select)], true) = (plan.operands.as_slice(), is_plain)
            && select.extreme.is_none()
            && matches!(select.output, OutputPlan::Rows { .. })
        {
            let mut rows = RowSet::default();
            self.select_into(select, &mut rows, 1)?;
            return Ok(!rows.is_empty());
        }
        Ok(!self.inner_rows(plan, memo)?.is_empty())
    }

    /// The rows of a question in their order; `skip` and `limit` are the caller's. What was found
    /// before a bound ended it is in `out`.
    pub(super) fn find_into(
        &mut self,
        plan: &'a FindPlan,
        out: &mut RowSet,
        most: usize,
    ) -> Run<()> {
        if most == usize::MAX && self.numbers_into(plan, out)? {
            return Ok(());
        }
        if let [OperandPlan::Select(select)] = plan.operands.as_slice() {
            if plan.limit.is_none() && matches!(select.output, OutputPlan::Rows { .. }) {
                self.refuse_rows(select)?;
            }
            let clock = self.clock();
            let ended = self.select_into(select, out, most);
            // A cut set has wrong extremes; no row is better than a wrong one.
            if ended.is_err() && select.extreme.is_some() {
                out.clear();
            }
            let descending: Vec<bool> = select.order.iter().map(|(_, d)| *d).collect();
            let sorted = self.sort(out, &descending);
            self.count_select(select, clock, out.len());
            return sorted.and(ended);
        }
        let mut sides = Vec::new();
        for operand in &plan.operands {
            let rows = match operand {
                OperandPlan::Find(find) => self.find_rows(find)?,
                OperandPlan::Select(select) => {
                    let mut rows = RowSet::default();
                    if matches!(select.output, OutputPlan::Rows { .. }) {
                        self.refuse_rows(select)?;
                    }
                    let clock = self.clock();
                    self.select_into(select, &mut rows, usize::MAX)?;
                    self.count_select(select, clock, rows.len());
                    rows
                }
            };
            sides.push(self.as_set(rows.into_values_alone())?);
        }
        let mut sides = sides.into_iter();
        let mut rows = sides.next().unwrap_or_default();
        for side in sides {
            let sorted: Vec<&[Value]> = side.iter().map(|row| row.values).collect();
            let holds = |row: Row<'_>| {
                sorted.binary_search_by(|other| order_values(other, row.values)).is_ok()
            };
            match plan.word {
                SetWord::Union => {
                    rows.append(side);
                    rows = self.as_set(rows)?;
                }
                SetWord::Intersect => rows.retain(holds),
                SetWord::Except => rows.retain(|row| !holds(row)),
            }
        }
        if plan.column_order.is_empty() && out.is_empty() {
            *out = rows;
            rows = RowSet::default();
        }
        for row in rows.iter() {
            let key = |(column, _): &(usize, bool)| row.values.get(*column).cloned();
            let keys = plan.column_order.iter().map(|by| key(by).unwrap_or(Value::Absent));
            out.push(row.values.iter().cloned(), keys, []);
        }
        let descending: Vec<bool> = plan.column_order.iter().map(|(_, d)| *d).collect();
        self.sort(out, &descending)?;
        // Each side kept to the bound; together they may pass it.
        let rows_max = self.limits.rows;
        let kept = usize::try_from(rows_max).unwrap_or(usize::MAX);
        let is_cut = out.len() > kept;
        out.page(0, kept);
        if is_cut { Err(Stop::Limit(Limit::Rows(rows_max))) } else { Ok(()) }
    }

    fn select_into(&mut self, select: &'a SelectPlan, out: &mut RowSet, most: usize) -> Run<()> {
        for guard in &select.guards {
            if !self.holds(guard)? {
                return Ok(());
            }
        }
        let (distinct, items) = match &select.output {
            OutputPlan::Groups(group) => return self.group_into(select, group, out),
            OutputPlan::Rows { distinct, items } => (*distinct, items),
        };
        let rows_max = self.limits.rows;
        // Rows are about single events, also within a question that adds up batches.
        let whole = self.by_batch.take();
        let is_whole = most == usize::MAX;
        let mut is_led = if is_whole { self.led_into(select, items, out) } else { Ok(false) };
        if is_whole && matches!(is_led, Ok(false)) {
            is_led = self.listed_into(select, items, out);
        }
        let mut filled = out.len();
        let mut waiting = 0;
        let ended = match is_led {
            Ok(false) => self.bind(&select.steps, &mut |run: &mut Executor<'a, S>| {
                if out.len() as u64 >= rows_max {
                    return Err(Stop::Limit(Limit::Rows(rows_max)));
                }
                waiting += run.late_row_into(items, &select.order, &select.listed, out)?;
                if out.len() - filled >= FILLED_AT_ONCE || waiting > run.bytes_left() {
                    waiting = 0;
                    let from = std::mem::replace(&mut filled, out.len());
                    run.fill(items, &select.order, out, from)?;
                }
                Ok(out.len() < most)
            }),
            done => done,
        };
        self.by_batch = whole;
        // What was found before a bound has its fields too, if memory is left for them.
        let ended = match ended {
            Err(Stop::Error(error)) => Err(Stop::Error(error)),
            ended => self.fill(items, &select.order, out, filled).and(ended),
        };
        if select.has_hidden {
            let sorted = self.put_in_order(out, |a, b| a.items.cmp(b.items));
            if sorted.is_err() {
                // What stands there twice is not known: no row is better than one too many.
                out.clear();
            }
            sorted?;
            out.dedup_by(|a, b| a.items == b.items);
        }
        ended?;
        if let Some(extreme) = select.extreme {
            self.keep_extremes(extreme, out)?;
        }
        if distinct {
            // The first of equal rows, in the order of their things, stands for all.
            let mut rows = std::mem::take(out);
            self.put_in_order(&mut rows, |a, b| a.items.cmp(b.items))?;
            *out = self.as_set(rows)?;
        }
        Ok(())
    }

    /// Appends one row for the variables as they are bound.
    pub(super) fn row_into(
        &mut self,
        items: &'a [Expression],
        order: &'a [(Expression, bool)],
        listed: &[usize],
        out: &mut RowSet,
    ) -> Run<()> {
        self.late_row_into(items, order, listed, out)?;
        let row = out.len().saturating_sub(1);
        self.fill(items, order, out, row)
    }

    /// As [`Executor::row_into`], without the fields of events: [`Executor::fill`] puts them in. Gives
    /// the bytes of the row that it is to count.
    fn late_row_into(
        &mut self,
        items: &'a [Expression],
        order: &'a [(Expression, bool)],
        listed: &[usize],
        out: &mut RowSet,
    ) -> Run<u64> {
        let before = out.lengths();
        let ended = self.row_parts(items, order, listed, out);
        match ended {
            Ok(_) => out.end_row(before),
            Err(_) => out.cancel_row(before),
        }
        ended
    }

    fn row_parts(
        &mut self,
        items: &'a [Expression],
        order: &'a [(Expression, bool)],
        listed: &[usize],
        out: &mut RowSet,
    ) -> Run<u64> {
        let mut bytes = 0;
        for item in items {
            self.value_or_event(item, &mut bytes, out.begin_row().0)?;
        }
        for (key, _) in order {
            self.value_or_event(key, &mut bytes, out.begin_row().1)?;
        }
        out.begin_row().2.extend(listed.iter().map(|slot| self.bound_item(*slot)));
        if Self::has_late(items, order) {
            return Ok(bytes);
        }
        self.count_bytes(bytes)?;
        Ok(0)
    }

    /// Appends a value, counted; or the event of which a field stands there later, and is counted then.
    #[inline]
    fn value_or_event(
        &mut self,
        expression: &'a Expression,
        bytes: &mut u64,
        out: &mut Vec<Value>,
    ) -> Run<()> {
        if let Some(event) = self.event_of_late(expression) {
            put(out, event, Value::Event);
            return Ok(());
        }
        let value = self.value(expression)?;
        *bytes += value.size();
        out.push(value);
        Ok(())
    }

    /// Keeps what has no other result upstream (`root`) or downstream (`tip`) of it.
    fn keep_extremes(&mut self, extreme: Extreme, rows: &mut RowSet) -> Run<()> {
        let all = ItemSet::of(
            rows.iter().filter_map(|row| node_of(row.items.first())).collect(),
            rows.iter().filter_map(|row| event_of(row.items.first())).collect(),
        );
        let closure = crate::bind::lineage(true);
        let kinds = Kinds::all();
        // Closures upstream are small: `tip` needs one from all results together, since a result
        // that another one reaches is not a tip; `root` asks for each.
        let reached = match extreme {
            Extreme::Tip => self.reach(&closure, &all, kinds, Window::default())?,
            Extreme::Root => {
                let mut nodes = Vec::new();
                let mut events = Vec::new();
                for item in all.items() {
                    let found =
                        self.reach(&closure, &ItemSet::one(item), kinds, Window::default())?;
                    if found.meets(&all) {
                        match item {
                            Item::Node(node) => nodes.push(node),
                            Item::Event(event) => events.push(event),
                        }
                    }
                }
                ItemSet::of(nodes, events)
            }
        };
        rows.retain(|row| row.items.first().is_some_and(|item| !reached.has(*item)));
        Ok(())
    }

    /// Sorts rows by their keys, then by what they stand for, then by their values. Absent values
    /// stand last in both directions.
    pub(super) fn sort(&mut self, rows: &mut RowSet, descending: &[bool]) -> Run<()> {
        if rows.is_in_order() {
            return Ok(());
        }
        let events = self.event_order(rows)?;
        let actors = self.actor_places(rows);
        let nodes = |a: &NodeNo, b: &NodeNo| match (actors.get(a), actors.get(b)) {
            (Some(x), Some(y)) => x.cmp(y).then_with(|| a.cmp(b)),
            _ => a.cmp(b),
        };
        let items = |a: &Item, b: &Item| match (a, b) {
            // A batch's number differs between stores; an event's time and id do not.
            (Item::Event(x), Item::Event(y)) => events.compare(*x, *y),
            (Item::Node(x), Item::Node(y)) => nodes(x, y),
            _ => a.cmp(b),
        };
        let values = |a: &Value, b: &Value| match (a, b) {
            (Value::Node(x), Value::Node(y)) => nodes(x, y),
            _ => a.order(b),
        };
        let compare = |a: Row<'_>, b: Row<'_>| {
            for (index, (x, y)) in a.keys.iter().zip(b.keys).enumerate() {
                let is_descending = descending.get(index).copied().unwrap_or(false);
                let order = order_key(x, y, is_descending, values);
                if order.is_ne() {
                    return order;
                }
            }
            let unequal = a.items.iter().zip(b.items).map(|(x, y)| items(x, y)).find(|o| o.is_ne());
            unequal.unwrap_or_else(|| {
                let parts = a.values.iter().zip(b.values);
                let unequal = parts.map(|(x, y)| values(x, y)).find(|order| order.is_ne());
                unequal.unwrap_or_else(|| a.values.len().cmp(&b.values.len()))
            })
        };
        self.put_in_order(rows, compare)
    }

    /// Sorts, and asks on the way whether to stop.
    fn put_in_order(
        &mut self,
        rows: &mut RowSet,
        compare: impl Fn(Row<'_>, Row<'_>) -> Ordering,
    ) -> Run<()> {
        if self.is_stopped {
            // What was found before somebody wished to stop is put in order all the same.
            rows.sort_by(compare);
            return Ok(());
        }
        rows.sort_by_asking(compare, || self.look_now())
    }

    /// Rows as a set of their values.
    fn as_set(&mut self, mut rows: RowSet) -> Run<RowSet> {
        self.put_in_order(&mut rows, |a, b| order_values(a.values, b.values))?;
        rows.dedup_by(|a, b| order_values(a.values, b.values).is_eq());
        Ok(rows)
    }

    /// What orders actors in every store alike: their names, where these may be read. Their keys
    /// are made with a secret of the store.
    fn actor_places(&self, rows: &RowSet) -> BTreeMap<NodeNo, String> {
        let (source, mut places) = (self.source, BTreeMap::new());
        let actors = source.nodes_of(Kind::Actor);
        if rows.len() < 2 || actors.is_empty() {
            return places;
        }
        for row in rows.iter() {
            let values = row.values.iter().chain(row.keys).filter_map(Value::as_item);
            for item in row.items.iter().copied().chain(values) {
                if let Item::Node(node) = item
                    && actors.contains(&node)
                {
                    places.entry(node).or_insert_with(|| source.name_of(node));
                }
            }
        }
        places
    }
}

fn node_of(item: Option<&Item>) -> Option<u32> {
    if let Some(Item::Node(node)) = item { Some(*node) } else { None }
}

fn event_of(item: Option<&Item>) -> Option<EventRef> {
    if let Some(Item::Event(event)) = item { Some(*event) } else { None }
}

pub(super) fn order_values(a: &[Value], b: &[Value]) -> Ordering {
    let unequal = a.iter().zip(b).map(|(a, b)| a.order(b)).find(|order| order.is_ne());
    unequal.unwrap_or_else(|| a.len().cmp(&b.len()))
}

fn order_key(
    a: &Value,
    b: &Value,
    is_descending: bool,
    order: impl Fn(&Value, &Value) -> Ordering,
) -> Ordering {
    match (a.is_absent(), b.is_absent()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) if is_descending => order(b, a),
        (false, false) => order(a, b),
    }
}
