//! Rows that list events: what a row stands for is found batch by batch and put in order by numbers
//! alone, then each value is written once, column by column, where the answer before had its own
//! (`benches/asking.rs`, q10).
//!
//! A row that is made before the rows are in order is moved when they are, and some thousand rows
//! of values are more than the nearest memory holds: each time that all of them are gone through
//! costs as much as reading the columns. What the events of a batch are tied to is found for the
//! first of them.

use std::cell::Cell;
use std::collections::BTreeMap;

use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventValue;
use lineal_engine::schema::{FieldType, Kind};

use super::columns::{algorithm_of, plain_value};
use super::late::{FILLED_AT_ONCE, TEXT_BYTES_MAX, field_of};
use super::row_set::RowSet;
use super::{Executor, Run, Stop, store};
use crate::limits::Limit;
use crate::plan::{End, Expression, Generator, Kinds, OutputPlan, SelectPlan, SlotId, StepPlan};
use crate::source::{EventRef, Source};
use crate::value::{HashValue, Item, Value};

/// What stands in a column.
enum Column {
    Event,
    /// One of the things that events are tied to, by its place among them.
    Thing(usize),
    Field(EventField),
}

/// How a selection lists events.
struct Listing {
    /// The variables that events are tied to, in the order of listing.
    things: Vec<SlotId>,
    columns: Vec<Column>,
}

/// What rows stand for, in memory that is kept.
#[derive(Default, Debug)]
pub(super) struct FoundRows {
    /// Of each row its event, and which of the ties it has.
    rows: Vec<(EventRef, u32)>,
    /// What events are tied to, one tie after the other.
    ties: Vec<Item>,
    /// The rows in their order, each with its time.
    order: Vec<(i64, u32)>,
    /// Some rows in the order in which their events lie: where they are written.
    places: Vec<u32>,
    events: Vec<EventRef>,
}

impl FoundRows {
    fn empty(&mut self) {
        self.rows.clear();
        self.ties.clear();
        self.order.clear();
    }

    fn tie(&self, row: u32, width: usize) -> &[Item] {
        let tie = self.rows.get(row as usize).map_or(0, |(_, tie)| *tie as usize);
        self.ties.get(tie * width..(tie + 1) * width).unwrap_or_default()
    }

    fn event(&self, row: u32) -> Option<EventRef> {
        self.rows.get(row as usize).map(|(event, _)| *event)
    }

    /// Which rows are written together, and in which order their events lie.
    fn lay_out(&mut self, from: usize, to: usize) {
        let FoundRows { rows, order, places, events, .. } = self;
        let own = order.get(from..to).unwrap_or_default();
        places.clear();
        events.clear();
        if own.len() == rows.len() {
            // All of them: they were found in that order.
            places.resize(own.len(), 0);
            for (place, (_, row)) in (0..).zip(own) {
                if let Some(of_row) = places.get_mut(*row as usize) {
                    *of_row = place;
                }
            }
            events.extend(rows.iter().map(|(event, _)| *event));
            return;
        }
        let mut lying: Vec<(u32, u32)> = own.iter().map(|(_, row)| *row).zip(0..).collect();
        lying.sort_unstable();
        for (row, place) in lying {
            if let Some((event, _)) = rows.get(row as usize) {
                places.push(place);
                events.push(*event);
            }
        }
    }

    /// Numbers that its memory holds.
    pub(super) fn capacity(&self) -> usize {
        self.rows.capacity() + self.ties.capacity() + self.order.capacity()
    }
}

impl<'a, S: Source> Executor<'a, S> {
    /// The rows of a selection that lists events with their fields and what they are tied to; false,
    /// with nothing done, where it is another one.
    pub(super) fn listed_into(
        &mut self,
        select: &'a SelectPlan,
        items: &'a [Expression],
        out: &mut RowSet,
    ) -> Run<bool> {
        let (Some((first, rest)), true) = (select.steps.split_first(), out.is_empty()) else {
            return Ok(false);
        };
        let Some(listing) = self.listing(select, items) else { return Ok(false) };
        let mut found = self.machine.kept.found_rows();
        found.empty();
        let ended = match self.find_listed(first, rest, &listing, &mut found) {
            Err(Stop::Error(error)) => Err(Stop::Error(error)),
            // What was found before a bound is told all the same.
            ended => {
                let ordered = self.put_found_in_order(&listing, &mut found);
                let written = ordered.and_then(|()| self.write_found(&listing, &mut found, out));
                written.and(ended)
            }
        };
        self.machine.kept.keep_found_rows(found);
        ended.map(|()| true)
    }

    /// Is it a list of events that are found without trying each, with their fields and with what
    /// their batches alone decide?
    fn listing(&self, select: &SelectPlan, items: &[Expression]) -> Option<Listing> {
        let (first, rest) = select.steps.split_first()?;
        let (event, things) = select.listed.split_first()?;
        let is_found = match &first.from {
            Generator::Scan => first.whole.is_empty(),
            Generator::Chain(chain) => matches!(chain.start, End::Set(_)),
            Generator::Set(_) | Generator::Label(_) | Generator::Events(_) => false,
        };
        let is_event = self.slot_kinds(first.slot) == Kinds::one(Kind::Inference)
            && first.chains.is_empty()
            && first.filters.is_empty();
        let is_plain = select.order.is_empty()
            && select.extreme.is_none()
            && !select.has_hidden
            && matches!(select.output, OutputPlan::Rows { distinct: false, .. });
        // Actors are ordered by their names; a profile counts each candidate.
        let are_things = things.len() == rest.len()
            && rest.iter().all(|step| things.contains(&step.slot))
            && !things.iter().any(|slot| {
                let kinds = self.slot_kinds(*slot);
                kinds.has(Kind::Actor) || kinds.has(Kind::Inference)
            });
        let is_told = *event == first.slot
            && is_found
            && is_event
            && is_plain
            && are_things
            && rest.iter().all(|step| self.is_of_batches(step))
            && !self.noting
            && self.counted.is_none();
        if !is_told {
            return None;
        }
        let column = |item: &Expression| match item {
            Expression::Slot(slot) if slot == event => Some(Column::Event),
            Expression::Slot(slot) => {
                things.iter().position(|thing| thing == slot).map(Column::Thing)
            }
            other => field_of(other)
                .filter(|(slot, _)| slot == event)
                .map(|(_, field)| Column::Field(field)),
        };
        let columns = items.iter().map(column).collect::<Option<Vec<_>>>()?;
        (!columns.is_empty()).then(|| Listing { things: things.to_vec(), columns })
    }

    /// Does what a variable stands for depend on no more of an event than its batch?
    fn is_of_batches(&self, step: &StepPlan) -> bool {
        let Generator::Chain(chain) = &step.from else { return false };
        let is_plain = step.chains.is_empty() && step.filters.is_empty() && step.columns.is_empty();
        is_plain && matches!(chain.start, End::Slot(_)) && self.hops_are_fixed(chain)
    }

    /// Finds the events, and for those of a batch what they are tied to.
    fn find_listed(
        &mut self,
        first: &'a StepPlan,
        rest: &'a [StepPlan],
        listing: &Listing,
        found: &mut FoundRows,
    ) -> Run<()> {
        let row_bytes = (listing.columns.len() * size_of::<Value>()) as u64;
        let fit = self.bytes_left() / row_bytes.max(1);
        let (rows_max, bytes_max) = (self.limits.rows, self.limits.bytes);
        let most = usize::try_from(rows_max.min(fit)).unwrap_or(usize::MAX);
        let is_one = rest.is_empty();
        let mut take = |run: &mut Executor<'a, S>, events: &[EventRef]| {
            for together in events.chunk_by(|a, b| a.batch == b.batch) {
                run.look(together.len() as u64)?;
                let before = found.ties.len();
                if let (Some(event), Some(place)) =
                    (together.first(), run.bindings.get_mut(first.slot))
                {
                    *place = Item::Event(*event);
                }
                let ties = &mut found.ties;
                let mut note = |run: &mut Executor<'a, S>| {
                    ties.extend(listing.things.iter().map(|slot| run.bound_item(*slot)));
                    Ok(true)
                };
                if !is_one {
                    run.bind(rest, &mut note)?;
                }
                let width = listing.things.len().max(1);
                let behind = if is_one { 1 } else { found.ties.len() / width };
                let own = before / width..behind;
                let own =
                    u32::try_from(own.start).unwrap_or(0)..u32::try_from(own.end).unwrap_or(0);
                let rows = together.iter().flat_map(|event| own.clone().map(|tie| (*event, tie)));
                let room = most.saturating_sub(found.rows.len());
                found.rows.extend(rows.take(room));
                if together.len() * own.len() > room {
                    let of_rows = rows_max <= fit;
                    return Err(Stop::Limit(if of_rows {
                        Limit::Rows(rows_max)
                    } else {
                        Limit::Bytes(bytes_max)
                    }));
                }
            }
            Ok(true)
        };
        if matches!(first.from, Generator::Scan) {
            return self.scanned_events(first, &mut take).map(|_| ());
        }
        let events = self.generated(first)?;
        take(self, &events.events)?;
        self.keep_cell(events);
        Ok(())
    }

    /// Puts rows in the order of the times of their events, of those of one time by their ids.
    fn put_found_in_order(&mut self, listing: &Listing, found: &mut FoundRows) -> Run<()> {
        let mut order = std::mem::take(&mut found.order);
        self.look_unless_stopped(found.rows.len())?;
        let put = |time: Option<EventValue<'_>>| {
            let time = match time {
                Some(EventValue::Int(time)) => time,
                _ => i64::MAX,
            };
            order.push((time, u32::try_from(order.len()).unwrap_or(u32::MAX)));
        };
        let events = found.rows.iter().map(|(event, _)| *event);
        self.source.visit_events(events, EventField::Time, put).map_err(store)?;
        order.sort_by_key(|(time, _)| *time);
        let width = listing.things.len();
        for same in order.chunk_by_mut(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            self.put_in_order_of_ids(same, found, width)?;
        }
        found.order = order;
        Ok(())
    }

    /// Puts rows of one time in order.
    fn put_in_order_of_ids(
        &self,
        rows: &mut [(i64, u32)],
        found: &FoundRows,
        width: usize,
    ) -> Run<()> {
        let mut ids = BTreeMap::new();
        for event in rows.iter().filter_map(|(_, row)| found.event(*row)) {
            ids.insert(event, String::new());
        }
        // Ids are read only where they decide.
        if ids.len() > 1 {
            for (event, id) in &mut ids {
                *id = self.event_id(*event)?;
            }
        }
        let key = |row: u32| {
            let event = found.event(row);
            (event.and_then(|event| ids.get(&event)), event, found.tie(row, width))
        };
        rows.sort_by(|(_, a), (_, b)| key(*a).cmp(&key(*b)));
        Ok(())
    }

    /// Writes the values of rows, some thousand rows at a time.
    fn write_found(
        &mut self,
        listing: &Listing,
        found: &mut FoundRows,
        out: &mut RowSet,
    ) -> Run<()> {
        let width = listing.columns.len();
        let mut values = self.machine.kept.answer_before();
        let (mut from, mut at_once) = (0, FILLED_AT_ONCE);
        let mut ended = Ok(());
        while from < found.order.len() && ended.is_ok() {
            let to = found.order.len().min(from + at_once);
            found.lay_out(from, to);
            if values.len() < to * width {
                values.resize(to * width, Value::Absent);
            }
            let own = values.get_mut(from * width..to * width).unwrap_or_default();
            match self.write_rows(listing, found, (from, to), own) {
                Ok(Some(bytes)) => {
                    self.bytes += bytes;
                    from = to;
                }
                // Half of them may fit, down to the one row with which the memory ends.
                Ok(None) if to - from > 1 => at_once = (to - from) / 2,
                Ok(None) => ended = Err(Stop::Limit(Limit::Bytes(self.limits.bytes))),
                Err(stop) => ended = Err(stop),
            }
        }
        values.truncate(from * width);
        let memory = out.put_values(width, values);
        self.machine.kept.keep_answer_before(memory);
        ended
    }

    /// Writes the values of some rows; gives how many bytes they take, or none, and they are not
    /// whole, where that is more than is allowed.
    fn write_rows(
        &mut self,
        listing: &Listing,
        found: &FoundRows,
        (from, to): (usize, usize),
        values: &mut [Value],
    ) -> Run<Option<u64>> {
        let width = listing.columns.len();
        let bytes_max = self.bytes_left();
        let mut bytes = std::mem::size_of_val(values) as u64;
        for (number, column) in listing.columns.iter().enumerate() {
            self.look_unless_stopped(to - from)?;
            let places = found.order.get(from..to).unwrap_or_default().iter();
            let places = places.zip(values.iter_mut().skip(number).step_by(width));
            match column {
                Column::Event => {
                    for ((_, row), place) in places {
                        *place = found.event(*row).map_or(Value::Absent, Value::Event);
                    }
                }
                Column::Thing(thing) => {
                    let tied = listing.things.len();
                    for ((_, row), place) in places {
                        let thing = found.tie(*row, tied).get(*thing);
                        *place = thing.map_or(Value::Absent, |thing| Value::from(*thing));
                    }
                }
                Column::Field(field) => {
                    let left = bytes_max.saturating_sub(bytes);
                    bytes += self.write_column(*field, found, (number, width), values, left)?;
                }
            }
            if bytes > bytes_max {
                return Ok(None);
            }
        }
        Ok(Some(bytes))
    }

    /// Writes a field of the events that were laid out; gives how many bytes the values take beside
    /// themselves. It is ended where these are more than are left.
    fn write_column(
        &mut self,
        field: EventField,
        found: &FoundRows,
        (column, width): (usize, usize),
        values: &mut [Value],
        bytes_left: u64,
    ) -> Run<u64> {
        let FoundRows { places, events, .. } = found;
        let field_type = field.spec().field_type;
        let (bytes, mut next) = (Cell::new(0), places.iter());
        let put = |value: Option<EventValue<'_>>| {
            let place = next.next().map(|place| *place as usize * width + column);
            if let Some(place) = place.and_then(|place| values.get_mut(place)) {
                bytes.set(bytes.get() + write(place, value, field_type));
            }
        };
        let fitting = events.iter().copied().take_while(|_| bytes.get() <= bytes_left);
        self.source.visit_events(fitting, field, put).map_err(store)?;
        let Some(algorithm) = algorithm_of(field) else { return Ok(bytes.get()) };
        let mut next = places.iter();
        let name = |value: Option<EventValue<'_>>| {
            let place = next.next().map(|place| *place as usize * width + column);
            if let (Some(EventValue::Text(name)), Some(Value::Hash(hash))) =
                (value, place.and_then(|place| values.get_mut(place)))
            {
                hash.set_algorithm(name);
            }
        };
        self.source.visit_events(events.iter().copied(), algorithm, name).map_err(store)?;
        Ok(bytes.get())
    }
}

/// Writes a field in the place of what stood there in the answer before, mostly the same field of
/// another event; gives the bytes that the value takes beside itself.
#[inline]
fn write(place: &mut Value, value: Option<EventValue<'_>>, field_type: FieldType) -> u64 {
    match (value, field_type) {
        (None, _) => *place = Value::Absent,
        (Some(EventValue::Int(time)), FieldType::Time) => *place = Value::Time(time),
        (Some(EventValue::Int(number)), _) => *place = Value::Int(number),
        (Some(EventValue::Float(number)), _) => *place = Value::Float(number),
        (Some(EventValue::Bool(truth)), _) => *place = Value::Bool(truth),
        (Some(EventValue::Text(text)), FieldType::Text) => {
            match place {
                // What a long text took is given back.
                Value::Text(own) if own.capacity() <= text.len().max(TEXT_BYTES_MAX) => {
                    own.clear();
                    own.push_str(text);
                }
                place => *place = Value::Text(text.to_owned()),
            }
            return text.len() as u64;
        }
        (Some(EventValue::Hash(bytes)), FieldType::Hash) => {
            *place = Value::Hash(HashValue::new(None, bytes));
            return bytes.len() as u64;
        }
        (Some(other), _) => {
            *place = plain_value(other, field_type, str::to_owned);
            return place.size().saturating_sub(size_of::<Value>() as u64);
        }
    }
    0
}
