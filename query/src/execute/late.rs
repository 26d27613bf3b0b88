//! Fields of events in rows: a row is made with the event in their place, and when some thousand rows
//! are found the fields are put in column by column, so that each page is looked up once for all of
//! its rows, and what no row lists is not read (`benches/asking.rs`, q10).

use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventValue;
use lineal_engine::schema::FieldType;

use super::columns::{algorithm_of, plain_value};
use super::row_set::RowSet;
use super::scan::WHOLE;
use super::{Executor, Run, store};
use crate::plan::{Expression, FieldReference, SlotId};
use crate::source::{EventRef, Source};
use crate::value::{HashValue, Item, Value};

/// Rows between two fillings: enough of a page each, and little to be found in vain where a bound on
/// memory ends the answer.
pub(super) const FILLED_AT_ONCE: usize = 4_096;

/// Texts whose memory is kept from one asking to the next.
const TEXTS_MAX: usize = 8_192;
/// Bytes of such a text: ids are shorter. All that are kept are at most a megabyte.
const TEXT_BYTES_MAX: usize = 128;

/// Memory that is used again.
#[derive(Default, Debug)]
pub(super) struct Late {
    /// Places in a list of values, and the event that stands in each.
    places: Vec<u32>,
    events: Vec<EventRef>,
    texts: Vec<String>,
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
fn field_of(expression: &Expression) -> Option<(SlotId, EventField)> {
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

    /// Puts the fields into the rows from one on. Rows that take more memory than is allowed are left
    /// out, and what is behind them.
    pub(super) fn fill(
        &mut self,
        items: &'a [Expression],
        order: &'a [(Expression, bool)],
        rows: &mut RowSet,
        from: usize,
    ) -> Run<()> {
        let items = || items.iter().map(field_of);
        let order = || order.iter().map(|(key, _)| field_of(key));
        if !items().chain(order()).any(|field| field.is_some()) {
            return Ok(());
        }
        let (values, keys) = rows.values_from(from);
        let bytes = self.fill_list(items(), values)? + self.fill_list(order(), keys)?;
        if self.bytes.saturating_add(bytes) <= self.limits.bytes {
            return self.count_bytes(bytes);
        }
        for row in from..rows.len() {
            let (values, keys) = rows.values_of(row);
            let late = |field: Option<_>, value: &Value| field.map_or(0, |_| value.size());
            let of_values: u64 = items().zip(values).map(|(f, value)| late(f, value)).sum();
            let of_keys: u64 = order().zip(keys).map(|(f, value)| late(f, value)).sum();
            if let Err(stop) = self.count_bytes(of_values + of_keys) {
                rows.cut(row);
                return Err(stop);
            }
        }
        Ok(())
    }

    /// Puts the fields into rows of values, one column after the other. Gives about how many bytes
    /// they take.
    fn fill_list(
        &mut self,
        fields: impl ExactSizeIterator<Item = Option<(SlotId, EventField)>>,
        values: &mut [Value],
    ) -> Run<u64> {
        let width = fields.len();
        let mut bytes = 0;
        for (column, field) in fields.enumerate() {
            if let Some((_, field)) = field {
                let mut late = std::mem::take(&mut self.machine.kept.late);
                let filled = self.fill_column(field, (column, width), values, &mut late);
                self.machine.kept.late = late;
                bytes += filled?;
            }
        }
        Ok(bytes)
    }

    fn fill_column(
        &mut self,
        field: EventField,
        (column, width): (usize, usize),
        values: &mut [Value],
        late: &mut Late,
    ) -> Run<u64> {
        let Late { places, events, texts } = late;
        places.clear();
        events.clear();
        for (place, value) in (0..).zip(values.iter()).skip(column).step_by(width) {
            // A node in the place of the event has its field already.
            if let Value::Event(event) = value {
                places.push(place);
                events.push(*event);
            }
        }
        let mut text_of = |text: &str| {
            let mut own = texts.pop().unwrap_or_default();
            own.clear();
            own.push_str(text);
            own
        };
        let source = self.source;
        let field_type = field.spec().field_type;
        let mut bytes = (places.len() * size_of::<Value>()) as u64;
        let mut left = places.iter();
        let put = |found: Option<EventValue<'_>>| {
            let place = left.next().and_then(|place| values.get_mut(*place as usize));
            if let Some(place) = place {
                bytes += found.map_or(0, bytes_of);
                put_value(place, found, field_type, &mut text_of);
            }
        };
        source.visit_events(events.iter().copied(), field, put).map_err(store)?;
        let Some(algorithm) = algorithm_of(field) else { return Ok(bytes) };
        let mut left = places.iter();
        let name = |found: Option<EventValue<'_>>| {
            let place = left.next().and_then(|place| values.get_mut(*place as usize));
            if let (Some(Value::Hash(hash)), Some(EventValue::Text(name))) = (place, found) {
                hash.set_algorithm(name);
            }
        };
        source.visit_events(events.iter().copied(), algorithm, name).map_err(store)?;
        Ok(bytes)
    }
}

/// What a value takes beside its place in a list.
fn bytes_of(value: EventValue<'_>) -> u64 {
    match value {
        EventValue::Text(text) => text.len() as u64,
        EventValue::Hash(bytes) => bytes.len() as u64,
        EventValue::Int(_) | EventValue::Float(_) | EventValue::Bool(_) => 0,
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
