//! Events in memory, one column a field, and their canonical bytes.

use crate::event_fields::{EVENT_FIELDS, EventField, Group};
use crate::schema::FieldType;
use lineal_proof::value::key_order;
use lineal_proof::{Value, cbor};
use std::sync::OnceLock;

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

impl EventValue<'_> {
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

/// The values of one field: as many as rows were reached when it was last set.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) present: Vec<bool>,
    pub(super) values: Values,
}

/// Values by their type; an absent row holds a zero or an empty range.
#[derive(Clone, Debug)]
pub(super) enum Values {
    /// Text or hash: the end of each row's bytes.
    Bytes {
        ends: Vec<usize>,
        bytes: Vec<u8>,
    },
    /// Int or time.
    Ints(Vec<i64>),
    Floats(Vec<f64>),
    Bools(Vec<bool>),
}

impl Column {
    pub(super) fn new(field_type: FieldType) -> Column {
        let values = match field_type {
            FieldType::Int | FieldType::Time => Values::Ints(Vec::new()),
            FieldType::Float => Values::Floats(Vec::new()),
            FieldType::Bool => Values::Bools(Vec::new()),
            _ => Values::Bytes { ends: Vec::new(), bytes: Vec::new() },
        };
        Column { present: Vec::new(), values }
    }

    /// Makes it exactly `rows` long.
    fn fit(&mut self, rows: usize) {
        self.present.resize(rows, false);
        match &mut self.values {
            Values::Bytes { ends, bytes } => {
                ends.truncate(rows);
                bytes.truncate(ends.last().copied().unwrap_or(0));
                ends.resize(rows, bytes.len());
            }
            Values::Ints(values) => values.resize(rows, 0),
            Values::Floats(values) => values.resize(rows, 0.0),
            Values::Bools(values) => values.resize(rows, false),
        }
    }

    fn push(&mut self, value: EventValue<'_>) -> bool {
        match (&mut self.values, value) {
            (Values::Bytes { ends, bytes }, EventValue::Text(text)) => {
                bytes.extend_from_slice(text.as_bytes());
                ends.push(bytes.len());
            }
            (Values::Bytes { ends, bytes }, EventValue::Hash(hash)) => {
                bytes.extend_from_slice(hash);
                ends.push(bytes.len());
            }
            (Values::Ints(values), EventValue::Int(number)) => values.push(number),
            // A float that canonical bytes cannot hold is absent: the importer keeps its text.
            (Values::Floats(values), EventValue::Float(number)) if number.is_finite() => {
                values.push(number + 0.0);
            }
            #[expect(clippy::cast_precision_loss, reason = "latencies and confidences are small")]
            (Values::Floats(values), EventValue::Int(number)) => values.push(number as f64),
            (Values::Bools(values), EventValue::Bool(truth)) => values.push(truth),
            _ => return false,
        }
        self.present.push(true);
        true
    }

    /// About how many bytes it takes.
    pub(super) fn size(&self) -> usize {
        let values = match &self.values {
            Values::Bytes { ends, bytes } => ends.len() * 8 + bytes.len(),
            Values::Ints(values) => values.len() * 8,
            Values::Floats(values) => values.len() * 8,
            Values::Bools(values) => values.len(),
        };
        self.present.len() + values
    }

    /// Appends some rows of another column of the same type.
    pub(super) fn extend(&mut self, from: &Column, rows: std::ops::Range<usize>) {
        self.present.extend_from_slice(&from.present[rows.clone()]);
        match (&mut self.values, &from.values) {
            (Values::Bytes { ends, bytes }, Values::Bytes { ends: other_ends, bytes: other }) => {
                let start = if rows.start == 0 { 0 } else { other_ends[rows.start - 1] };
                let end = if rows.end == 0 { 0 } else { other_ends[rows.end - 1] };
                let before = bytes.len();
                bytes.extend_from_slice(&other[start..end]);
                ends.extend(other_ends[rows].iter().map(|end| end - start + before));
            }
            (Values::Ints(values), Values::Ints(other)) => values.extend_from_slice(&other[rows]),
            (Values::Floats(values), Values::Floats(other)) => {
                values.extend_from_slice(&other[rows]);
            }
            (Values::Bools(values), Values::Bools(other)) => values.extend_from_slice(&other[rows]),
            _ => debug_assert!(false, "columns of one field have one type"),
        }
    }

    pub(super) fn bytes(&self, row: usize) -> &[u8] {
        match &self.values {
            Values::Bytes { ends, bytes } => {
                let start = if row == 0 { 0 } else { ends[row - 1] };
                &bytes[start..ends[row]]
            }
            _ => &[],
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
struct Named {
    field: EventField,
    name: Vec<u8>,
}

fn order(group: Group) -> &'static [Named] {
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
        let column = self.column(field)?;
        if !column.present.get(row).copied().unwrap_or(false) {
            return None;
        }
        Some(match &column.values {
            Values::Bytes { .. } if field.spec().field_type == FieldType::Hash => {
                EventValue::Hash(column.bytes(row))
            }
            Values::Bytes { .. } => {
                EventValue::Text(std::str::from_utf8(column.bytes(row)).unwrap_or_default())
            }
            Values::Ints(values) => EventValue::Int(values[row]),
            Values::Floats(values) => EventValue::Float(values[row]),
            Values::Bools(values) => EventValue::Bool(values[row]),
        })
    }

    /// The text of a field of a row.
    #[must_use]
    pub fn text(&self, row: usize, field: EventField) -> Option<&str> {
        match self.get(row, field)? {
            EventValue::Text(text) => Some(text),
            _ => None,
        }
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

    /// Appends the canonical bytes of one group of a row.
    pub fn write_group(&self, out: &mut Vec<u8>, row: usize, group: Group) {
        let here = |named: &&Named| {
            let column = self.columns[named.field as usize].as_ref();
            column.is_some_and(|column| column.present.get(row).copied().unwrap_or(false))
        };
        cbor::write_map_head(out, order(group).iter().filter(here).count());
        for named in order(group).iter().filter(here) {
            out.extend_from_slice(&named.name);
            match self.get(row, named.field) {
                Some(EventValue::Text(text)) => cbor::write_text(out, text),
                Some(EventValue::Int(number)) => cbor::write_int(out, i128::from(number)),
                Some(EventValue::Float(number)) => cbor::write_float(out, number),
                Some(EventValue::Bool(truth)) => cbor::write_value(out, &Value::Bool(truth)),
                Some(EventValue::Hash(bytes)) => cbor::write_bytes(out, bytes),
                None => {}
            }
        }
    }

    /// Who an event is: a hash of its event id, else of its log id, which stands for the line where
    /// it has none. Two rows of one identity are one event.
    #[must_use]
    pub fn identity(&self, row: usize) -> Option<[u8; 16]> {
        let (tag, id) = match self.text(row, EventField::EventId) {
            Some(id) => (b'e', id),
            None => (b'l', self.text(row, EventField::LogId)?),
        };
        let mut bytes = Vec::with_capacity(id.len() + 1);
        bytes.push(tag);
        bytes.extend_from_slice(id.as_bytes());
        Some(short_hash(&bytes))
    }

    /// A digest of what a row says, without where it was read (line, log id): two rows of one
    /// identity say the same if these are equal.
    #[must_use]
    pub fn said(&self, row: usize) -> [u8; 16] {
        const PLACE: [EventField; 2] = [EventField::Line, EventField::LogId];
        let mut bytes = Vec::with_capacity(512);
        for spec in EVENT_FIELDS.iter().filter(|spec| !PLACE.contains(&spec.field)) {
            if let Some(value) = self.get(row, spec.field) {
                cbor::write_text(&mut bytes, spec.name);
                cbor::write_value(&mut bytes, &value.to_value());
            }
        }
        short_hash(&bytes)
    }

    /// The order of rows in a batch: time, log id, line, absent before present.
    #[must_use]
    pub fn compare_rows(&self, a: usize, b: usize) -> std::cmp::Ordering {
        let key = |row| {
            (
                self.int(row, EventField::Time),
                self.text(row, EventField::LogId),
                self.int(row, EventField::Line),
            )
        };
        key(a).cmp(&key(b))
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
