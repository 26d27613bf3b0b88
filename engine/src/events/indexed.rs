//! Which event fields can be looked up by value.

use super::{EventBlock, EventValue, KeyEntry};
use crate::event_fields::{EVENT_FIELDS, EventField};
use crate::keys::ValueHasher;
use crate::schema::FieldType;
use lineal_proof::Value;

/// A set of event fields, one bit a field number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct IndexedFields(u64);

const _: () = assert!(EVENT_FIELDS.len() <= 64, "a field is a bit of 64");

impl Default for IndexedFields {
    fn default() -> IndexedFields {
        IndexedFields(1 << EventField::InputHash as u8)
    }
}

impl IndexedFields {
    /// From what the setting `indexed` lists; names that are no hash or text field are left out.
    pub(crate) fn from_setting(value: &Value) -> IndexedFields {
        let names = value.as_list().unwrap_or_default().iter().filter_map(Value::as_text);
        let fields = names
            .filter_map(EventField::parse)
            .filter(|field| matches!(field.spec().field_type, FieldType::Hash | FieldType::Text));
        IndexedFields(fields.fold(0, |bits, field| bits | 1 << field as u8))
    }

    pub(crate) fn from_bits(bits: u64) -> IndexedFields {
        IndexedFields(bits)
    }

    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    pub(crate) fn holds(self, field: EventField) -> bool {
        self.0 & 1 << field as u8 != 0
    }

    /// Adds an entry for each indexed value of a batch's rows; the rows are given in their order in
    /// the batch.
    pub(crate) fn entries(
        self,
        hasher: &ValueHasher,
        block: &EventBlock,
        rows: &(impl Iterator<Item = usize> + Clone),
        batch: u32,
        entries: &mut Vec<KeyEntry>,
    ) {
        for field in self.fields() {
            let name = field.spec().name;
            let (mut values, mut places) = (Vec::new(), Vec::new());
            for (row, place) in (0_u32..).zip(rows.clone()) {
                match block.get(place, field) {
                    Some(EventValue::Hash(value)) => values.push(value),
                    Some(EventValue::Text(value)) => values.push(value.as_bytes()),
                    _ => continue,
                }
                places.push(row);
            }
            let hashes = hasher.hash_all(name, values.into_iter());
            let new = hashes.into_iter().zip(places);
            entries.extend(new.map(|(hash, row)| KeyEntry { hash, batch, row }));
        }
    }

    pub(crate) fn fields(self) -> Vec<EventField> {
        let specs = EVENT_FIELDS.iter().map(|spec| spec.field);
        specs.filter(|field| self.holds(*field)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_names_hash_and_text_fields() {
        let names = ["input_hash", "event_id", "confidence", "nonsense"].map(Value::text);
        let indexed = IndexedFields::from_setting(&Value::List(names.to_vec()));
        assert_eq!(indexed.fields(), [EventField::EventId, EventField::InputHash]);
        assert_eq!(IndexedFields::from_bits(indexed.bits()), indexed);
        assert_eq!(IndexedFields::default().fields(), [EventField::InputHash]);
    }
}
