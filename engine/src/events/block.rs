//! Events in memory, one column a field, and their canonical bytes.

use super::column::{Column, Values};
use crate::event_fields::{EVENT_FIELDS, EventField, Group};
use crate::schema::FieldType;
use lineal_proof::value::key_order;
use lineal_proof::{Value, cbor};
use std::cmp::Ordering;
use std::sync::OnceLock;

/// Fields that say where an event was read, and nothing of it.
pub(super) const PLACE: [EventField; 2] = [EventField::Line, EventField::LogId];

/// A value of an event field.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum EventValue<'a> {
    /// Text.
    Text(&'a str),
    /// A whole number, or a time in ns since 1970 UTC.
    Int(i64),
    /// A finite float.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// The bytes of a hash.
    Hash(&'a [u8]),
}

impl<'a> EventValue<'a> {
    /// A value of the record model, if an event may hold such a one.
    #[must_use]
    pub fn of(value: &'a Value) -> Option<EventValue<'a>> {
        Some(match value {
            Value::Text(text) => EventValue::Text(text),
            Value::Int(number) => EventValue::Int(i64::try_from(*number).ok()?),
            Value::Float(number) => EventValue::Float(*number),
            Value::Bool(truth) => EventValue::Bool(*truth),
            Value::Bytes(bytes) => EventValue::Hash(bytes),
            _ => return None,
        })
    }

    /// As a value of the record model.
    #[must_use]
    pub fn to_value(self) -> Value {
        match self {
            EventValue::Text(text) => Value::text(text),
            EventValue::Int(number) => Value::from(number),
            EventValue::Float(number) => Value::float(number),
            EventValue::Bool(truth) => Value::Bool(truth),
            EventValue::Hash(bytes) => Value::Bytes(bytes.to_vec()),
        }
    }
}

/// Events, one column a field.
#[derive(Clone, Debug)]
pub struct EventBlock {
    rows: usize,
    columns: Vec<Option<Column>>,
}

impl Default for EventBlock {
    fn default() -> EventBlock {
        EventBlock { rows: 0, columns: vec![None; EVENT_FIELDS.len()] }
    }
}

/// A field with the canonical bytes of its name, in canonical order within its group.
pub(super) struct Named {
    pub(super) field: EventField,
    pub(super) name: Vec<u8>,
}

pub(super) fn order(group: Group) -> &'static [Named] {
    static ORDERS: OnceLock<[Vec<Named>; 2]> = OnceLock::new();
    let of = |group| {
        let mut specs: Vec<_> = EVENT_FIELDS.iter().filter(|spec| spec.group == group).collect();
        specs.sort_by(|a, b| key_order(a.name, b.name));
        let named = specs.into_iter().map(|spec| {
            let mut name = Vec::new();
            cbor::write_text(&mut name, spec.name);
            Named { field: spec.field, name }
        });
        named.collect()
    };
    let [open, subject] = ORDERS.get_or_init(|| [of(Group::Open), of(Group::Subject)]);
    match group {
        Group::Open => open,
        Group::Subject => subject,
    }
}

impl EventBlock {
    /// No events.
    #[must_use]
    pub fn new() -> EventBlock {
        EventBlock::default()
    }

    /// Whole events.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Sets a field of the event at hand; the last value wins. A value of another type than the
    /// field's is not taken, and neither is a float that is not finite: the answer is then false.
    pub fn set(&mut self, field: EventField, value: EventValue<'_>) -> bool {
        let rows = self.rows;
        let column = &mut self.columns[field as usize];
        let column = column.get_or_insert_with(|| Column::new(field.spec().field_type));
        column.fit(rows);
        column.push(value)
    }

    /// The event at hand is whole.
    pub fn end_row(&mut self) {
        self.rows += 1;
    }

    /// Drops the event at hand.
    pub fn cancel_row(&mut self) {
        let rows = self.rows;
        for column in self.columns.iter_mut().flatten() {
            if column.present.len() > rows {
                column.fit(rows);
            }
        }
    }

    /// The value of a field of a row.
    #[must_use]
    pub fn get(&self, row: usize, field: EventField) -> Option<EventValue<'_>> {
        self.column(field)?.value(row, field.spec().field_type)
    }

    /// The text of a field of a row.
    #[must_use]
    pub fn text(&self, row: usize, field: EventField) -> Option<&str> {
        match self.get(row, field)? {
            EventValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes of a text or hash of a row: what there is to compare, without a look at them.
    fn bytes(&self, row: usize, field: EventField) -> Option<&[u8]> {
        self.column(field).filter(|column| column.has(row)).map(|column| column.bytes(row))
    }

    /// Do two rows hold the same text, or none, in each of these fields?
    #[must_use]
    pub fn same_texts(&self, a: usize, b: usize, fields: &[EventField]) -> bool {
        fields.iter().all(|field| self.column(*field).is_none_or(|column| column.same(a, b)))
    }

    /// The number or time of a field of a row.
    #[must_use]
    pub fn int(&self, row: usize, field: EventField) -> Option<i64> {
        match self.get(row, field)? {
            EventValue::Int(number) => Some(number),
            _ => None,
        }
    }

    /// Is a truth value set and true?
    #[must_use]
    pub fn is_true(&self, row: usize, field: EventField) -> bool {
        self.get(row, field) == Some(EventValue::Bool(true))
    }

    pub(super) fn column(&self, field: EventField) -> Option<&Column> {
        self.columns.get(field as usize)?.as_ref()
    }

    pub(super) fn put_column(&mut self, field: EventField, column: Column, rows: usize) {
        self.rows = self.rows.max(rows);
        self.columns[field as usize] = Some(column);
    }

    /// Does a row hold nothing at all?
    #[must_use]
    pub fn is_empty_row(&self, row: usize) -> bool {
        EVENT_FIELDS.iter().all(|spec| self.get(row, spec.field).is_none())
    }

    /// Appends the canonical bytes of one group of a row.
    pub fn write_group(&self, out: &mut Vec<u8>, row: usize, group: Group) {
        GroupWriter::new(self, group).write(out, row);
    }

    /// The id that an event goes by, and which one: its event id, else its log id, which stands for
    /// the line where it has none. Two rows of one identity are one event.
    #[must_use]
    pub fn identified_by(&self, row: usize) -> Option<(u8, &[u8])> {
        match self.bytes(row, EventField::EventId) {
            Some(id) => Some((b'e', id)),
            None => Some((b'l', self.bytes(row, EventField::LogId)?)),
        }
    }

    /// Who an event is, as a hash of [`EventBlock::identified_by`].
    #[must_use]
    pub fn identity(&self, row: usize) -> Option<[u8; 16]> {
        let (tag, id) = self.identified_by(row)?;
        let mut bytes = Vec::with_capacity(id.len() + 1);
        bytes.push(tag);
        bytes.extend_from_slice(id);
        Some(short_hash(&bytes))
    }

    /// A digest of what a row says, without where it was read (line, log id): two rows of one
    /// identity say the same if these are equal.
    #[must_use]
    pub fn said(&self, row: usize) -> [u8; 16] {
        self.said_without(row, &[])
    }

    /// The same without some fields more.
    pub(super) fn said_without(&self, row: usize, without: &[EventField]) -> [u8; 16] {
        let mut bytes = Vec::with_capacity(512);
        let left_out = |field| PLACE.contains(field) || without.contains(field);
        for spec in EVENT_FIELDS.iter().filter(|spec| !left_out(&spec.field)) {
            if let Some(value) = self.get(row, spec.field) {
                cbor::write_text(&mut bytes, spec.name);
                cbor::write_value(&mut bytes, &value.to_value());
            }
        }
        short_hash(&bytes)
    }

    /// The order of rows in a batch: time, log id, line, absent before present.
    #[must_use]
    pub fn compare_rows(&self, a: usize, b: usize) -> Ordering {
        // Text is compared by its bytes, as `str` is.
        let times = self.int(a, EventField::Time).cmp(&self.int(b, EventField::Time));
        times
            .then_with(|| self.bytes(a, EventField::LogId).cmp(&self.bytes(b, EventField::LogId)))
            .then_with(|| self.int(a, EventField::Line).cmp(&self.int(b, EventField::Line)))
    }
}

/// Writes the canonical bytes of one group of row after row, looking the columns up once.
pub(super) struct GroupWriter<'b> {
    columns: Vec<(&'static Named, &'b Column)>,
}

impl<'b> GroupWriter<'b> {
    pub(super) fn new(block: &'b EventBlock, group: Group) -> GroupWriter<'b> {
        let columns = order(group).iter();
        let columns = columns.filter_map(|named| Some((named, block.column(named.field)?)));
        GroupWriter { columns: columns.collect() }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>, row: usize) {
        let present = self.columns.iter().filter(|(_, column)| column.has(row));
        cbor::write_map_head(out, present.clone().count());
        for (named, column) in present {
            out.extend_from_slice(&named.name);
            match &column.values {
                Values::Bytes { .. } if named.field.spec().field_type == FieldType::Hash => {
                    cbor::write_bytes(out, column.bytes(row));
                }
                Values::Fixed(_) => cbor::write_bytes(out, column.bytes(row)),
                Values::Bytes { .. } | Values::Words { .. } => {
                    let text = column.bytes(row);
                    cbor::write_text_head(out, text.len());
                    out.extend_from_slice(text);
                }
                Values::Ints(values) => cbor::write_int(out, i128::from(values[row])),
                Values::Floats(values) => cbor::write_float(out, values[row]),
                Values::Bools(values) => cbor::write_value(out, &Value::Bool(values[row])),
            }
        }
    }
}

fn short_hash(bytes: &[u8]) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&lineal_proof::Hash::of(bytes).0[..16]);
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_canonical_and_holds_what_was_set() {
        let mut block = EventBlock::new();
        block.set(EventField::Decision, EventValue::Text("refer"));
        block.end_row();
        block.set(EventField::Time, EventValue::Int(5));
        block.set(EventField::Decision, EventValue::Text("wrong"));
        block.set(EventField::Decision, EventValue::Text("grant"));
        block.set(EventField::Confidence, EventValue::Float(-0.0));
        assert!(!block.set(EventField::LatencyMs, EventValue::Float(f64::NAN)));
        block.set(EventField::InputHash, EventValue::Hash(&[1, 2]));
        block.end_row();
        let mut open = Vec::new();
        block.write_group(&mut open, 1, Group::Open);
        let map = cbor::decode_map(&open).unwrap();
        assert_eq!(map.get("decision"), Some(&Value::text("grant")));
        assert_eq!(map.get("confidence"), Some(&Value::Float(0.0)));
        assert_eq!(map.len(), 3);
        let mut subject = Vec::new();
        block.write_group(&mut subject, 1, Group::Subject);
        assert_eq!(
            cbor::decode_map(&subject).unwrap().get("input_hash"),
            Some(&Value::Bytes(vec![1, 2]))
        );
        assert_eq!(block.text(0, EventField::Decision), Some("refer"));
        assert_eq!(block.int(0, EventField::Time), None);
    }

    #[test]
    fn a_cancelled_row_leaves_nothing() {
        let mut block = EventBlock::new();
        block.set(EventField::Decision, EventValue::Text("refer"));
        block.cancel_row();
        block.set(EventField::Time, EventValue::Int(1));
        block.end_row();
        assert_eq!(block.text(0, EventField::Decision), None);
        assert_eq!(block.rows(), 1);
    }
}
