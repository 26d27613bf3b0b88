//! Fields of events in rows: a row is made with the event in their place, and when some thousand rows
//! are found the fields are put in column by column, so that each page is looked up once for all of
//! its rows, and what no row lists is not read (`benches/asking.rs`, q10).

use std::cell::Cell;

use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventValue;
use lineal_engine::schema::FieldType;

use super::columns::{algorithm_of, plain_value};
use super::row_set::RowSet;
use super::scan::WHOLE;
use super::{Executor, Run, Stop, store};
use crate::limits::Limit;
use crate::plan::{Expression, FieldReference, SlotId};
use crate::source::{EventRef, Source};
use crate::value::{HashValue, Item, Value};

/// Rows between two fillings: enough of a page each, and little to be found in vain where a bound on
/// memory ends the answer.
pub(super) const FILLED_AT_ONCE: usize = 4_096;

/// Texts whose memory is kept from one asking to the next.
const TEXTS_MAX: usize = 8_192;
/// Bytes of such a text: ids are shorter. All that are kept are at most a megabyte.
pub(super) const TEXT_BYTES_MAX: usize = 128;

/// Memory that is used again.
#[derive(Default, Debug)]
pub(super) struct Late {
    /// Rows, and the event that stands in each.
    places: Vec<u32>,
    events: Vec<EventRef>,
    texts: Vec<String>,
    /// What each row takes with the fields it has so far, of the rows that fit.
    sizes: Vec<u64>,
}

impl Late {
    /// Takes the texts of values that are not needed any more, for their memory.
    pub(super) fn take_texts(&mut self, values: &mut Vec<Value>) {
        for value in values.iter_mut() {
            if let Value::Text(text) = value
                && self.texts.len() < TEXTS_MAX
                && text.capacity() <= TEXT_BYTES_MAX
            {
                self.texts.push(std::mem::take(text));
            }
        }
        values.clear();
    }
}

/// The variable and the field, if an expression is a field of events and nothing else.
pub(super) fn field_of(expression: &Expression) -> Option<(SlotId, EventField)> {
    let Expression::Field(of, FieldReference { event: Some(field), .. }) = expression else {
        return None;
    };
    match **of {
        Expression::Slot(slot) => Some((slot, *field)),
        _ => None,
    }
}

impl<'a, S: Source> Executor<'a, S> {
    /// The event whose field is put in later.
    pub(super) fn event_of_late(&self, expression: &Expression) -> Option<EventRef> {
        let (slot, _) = field_of(expression)?;
        match self.bound_item(slot) {
            Item::Event(event) if event.row != WHOLE => Some(event),
            _ => None,
        }
    }

    /// Does a column hold fields that are put in later? Its rows are counted when they are whole.
    pub(super) fn has_late(items: &[Expression], order: &[(Expression, bool)]) -> bool {
        let keys = order.iter().map(|(key, _)| key);
        items.iter().chain(keys).any(|expression| field_of(expression).is_some())
    }

    /// Puts the fields into the rows from one on, and counts what these rows take, whole. Rows that
    /// take more memory than is allowed are left out, and what is behind them; where it is wished to
    /// stop, so are those that are not whole.
    pub(super) fn fill(
        &mut self,
        items: &'a [Expression],
        order: &'a [(Expression, bool)],
        rows: &mut RowSet,
        from: usize,
    ) -> Run<()> {
        if from >= rows.len() || !Self::has_late(items, order) {
            return Ok(());
        }
        let mut late = std::mem::take(&mut self.machine.kept.late);
        late.take_texts(&mut self.machine.kept.before);
        let size_of = |row| -> u64 {
            let (values, keys) = rows.values_of(row);
            values.iter().chain(keys).map(Value::size).sum()
        };
        late.sizes.clear();
        late.sizes.extend((from..rows.len()).map(size_of));
        let (values, keys) = rows.values_from(from);
        let items = items.iter().map(field_of);
        let order = order.iter().map(|(key, _)| field_of(key));
        let filled = match self.fill_list(items, values, &mut late) {
            Ok(()) => self.fill_list(order, keys, &mut late),
            ended => ended,
        };
        let (mut bytes, left) = (0, self.bytes_left());
        let fits = |size: &&u64| {
            let is_within = bytes + **size <= left;
            bytes += if is_within { **size } else { 0 };
            is_within
        };
        let fit = late.sizes.iter().take_while(fits).count();
        self.machine.kept.late = late;
        if let Err(stop) = filled {
            rows.cut(from);
            return Err(stop);
        }
        self.bytes += bytes;
        if from + fit < rows.len() {
            rows.cut(from + fit);
            return Err(Stop::Limit(Limit::Bytes(self.limits.bytes)));
        }
        Ok(())
    }

    /// Bytes that rows may still take.
    pub(super) fn bytes_left(&self) -> u64 {
        self.limits.bytes.saturating_sub(self.bytes)
    }

    /// Puts the fields into rows of values, one column after the other.
    fn fill_list(
        &mut self,
        fields: impl ExactSizeIterator<Item = Option<(SlotId, EventField)>>,
        values: &mut [Value],
        late: &mut Late,
    ) -> Run<()> {
        let width = fields.len();
        for (column, field) in fields.enumerate() {
            if let Some((_, field)) = field {
                self.fill_column(field, (column, width), values, late)?;
            }
        }
        Ok(())
    }

    /// Puts one field into the rows that have a size, and leaves a size to those that fit with it:
    /// what would be cut is not held meanwhile.
    fn fill_column(
        &mut self,
        field: EventField,
        (column, width): (usize, usize),
        values: &mut [Value],
        late: &mut Late,
    ) -> Run<()> {
        let bytes_max = self.bytes_left();
        let Late { places, events, texts, sizes } = late;
        places.clear();
        events.clear();
        let rows = values.chunks(width).take(sizes.len());
        for (row, values) in (0..).zip(rows) {
            // A node in the place of the event has its field already.
            if let Some(Value::Event(event)) = values.get(column) {
                places.push(row);
                events.push(*event);
            }
        }
        self.look_unless_stopped(events.len())?;
        let mut text_of = |text: &str| {
            let mut own = texts.pop().unwrap_or_default();
            own.clear();
            own.push_str(text);
            own
        };
        let source = self.source;
        let field_type = field.spec().field_type;
        let mut left = places.iter().map(|row| *row as usize);
        // The rows before one, and what they take together.
        let (mut behind, mut bytes) = (0, 0);
        let is_full = Cell::new(false);
        let put = |found: Option<EventValue<'_>>| {
            let Some(row) = left.next().filter(|_| !is_full.get()) else { return };
            let Some(place) = values.get_mut(row * width + column) else { return };
            let before = place.size();
            put_value(place, found, field_type, &mut text_of);
            if let Some(size) = sizes.get_mut(row) {
                *size = (*size + place.size()).saturating_sub(before);
            }
            bytes += sizes.get(behind..=row).unwrap_or_default().iter().sum::<u64>();
            behind = row + 1;
            if bytes > bytes_max {
                sizes.truncate(row);
                is_full.set(true);
            }
        };
        let fitting = events.iter().copied().take_while(|_| !is_full.get());
        source.visit_events(fitting, field, put).map_err(store)?;
        let Some(algorithm) = algorithm_of(field) else { return Ok(()) };
        let mut left = places.iter().map(|row| *row as usize);
        let name = |found: Option<EventValue<'_>>| {
            let place = left.next().and_then(|row| values.get_mut(row * width + column));
            if let (Some(Value::Hash(hash)), Some(EventValue::Text(name))) = (place, found) {
                hash.set_algorithm(name);
            }
        };
        source.visit_events(events.iter().copied(), algorithm, name).map_err(store)?;
        Ok(())
    }
}

/// Puts a field in the place of its event. Each form is written where it stays: a value that is made
/// on the stack and copied at once waits for its own bytes (`benches/asking.rs`, q10).
#[inline]
fn put_value(
    place: &mut Value,
    found: Option<EventValue<'_>>,
    field_type: FieldType,
    text_of: impl FnOnce(&str) -> String,
) {
    // An event owns nothing that would have to be given back.
    let mut put = |value: Value| std::mem::forget(std::mem::replace(place, value));
    match (found, field_type) {
        (None, _) => put(Value::Absent),
        (Some(EventValue::Int(time)), FieldType::Time) => put(Value::Time(time)),
        (Some(EventValue::Int(number)), _) => put(Value::Int(number)),
        (Some(EventValue::Float(number)), _) => put(Value::Float(number)),
        (Some(EventValue::Bool(truth)), _) => put(Value::Bool(truth)),
        (Some(EventValue::Text(text)), FieldType::Text) => put(Value::Text(text_of(text))),
        (Some(EventValue::Hash(bytes)), FieldType::Hash) => {
            put(Value::Hash(HashValue::new(None, bytes)));
        }
        (Some(other), _) => put(plain_value(other, field_type, text_of)),
    }
}
