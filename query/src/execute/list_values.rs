//! Values of rows that list events, each written once: column by column, in the place of what stood
//! there in the answer before, mostly the same field of another event (`benches/asking.rs`, q10).

use std::cell::Cell;

use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventValue;
use lineal_engine::schema::FieldType;

use super::columns::{algorithm_of, plain_value};
use super::late::{FILLED_AT_ONCE, TEXT_BYTES_MAX};
use super::row_set::RowSet;
use super::{Executor, Run, Stop, store};
use crate::limits::Limit;
use crate::plan::SlotId;
use crate::source::{EventRef, Source};
use crate::value::{HashValue, Item, Value};

/// What stands in a column.
pub(super) enum Column {
    Event,
    /// One of the things that events are tied to, by its place among them.
    Thing(usize),
    Field(EventField),
}

/// How a selection lists events.
pub(super) struct Listing {
    /// The variables that events are tied to, in the order of listing.
    pub(super) things: Vec<SlotId>,
    pub(super) columns: Vec<Column>,
}

/// What rows stand for, in memory that is kept.
#[derive(Default, Debug)]
pub(super) struct FoundRows {
    /// Of each row its event, and which of the ties it has.
    pub(super) rows: Vec<(EventRef, u32)>,
    /// What events are tied to, one tie after the other.
    pub(super) ties: Vec<Item>,
    /// The rows in their order, each with its time.
    pub(super) order: Vec<(i64, u32)>,
    /// Some rows in the order in which their events lie: where they are written.
    places: Vec<u32>,
    events: Vec<EventRef>,
}

impl FoundRows {
    pub(super) fn empty(&mut self) {
        self.rows.clear();
        self.ties.clear();
        self.order.clear();
    }

    pub(super) fn tie(&self, row: u32, width: usize) -> &[Item] {
        let tie = self.rows.get(row as usize).map_or(0, |(_, tie)| *tie as usize);
        self.ties.get(tie * width..(tie + 1) * width).unwrap_or_default()
    }

    pub(super) fn event(&self, row: u32) -> Option<EventRef> {
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

impl<S: Source> Executor<'_, S> {
    /// Writes the values of rows, some thousand rows at a time.
    pub(super) fn write_found(
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
