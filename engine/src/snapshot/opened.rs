//! Sealed values that were opened, so that a name is decrypted and checked once in a view and not at
//! each asking (`benches/asking.rs`, q4a). They go with their view.

use super::View;
use lineal_proof::{Hash, Value};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Values that are kept: the people of a large organisation. Past it all are forgotten, which costs
/// each the time of being opened again.
const OPENED_MAX: usize = 10_000;
/// Bytes of a text that is kept: names are shorter, and what is longer is rarely asked for.
const TEXT_MAX: usize = 1_024;

/// What was opened in a view, by its commitment. What could not be opened is asked for again.
#[derive(Default)]
pub(super) struct Opened {
    values: Mutex<HashMap<Hash, Value>>,
}

impl Opened {
    /// The value behind a commitment: the one that is kept, else what `open` finds.
    fn get(&self, commitment: &Hash, open: impl FnOnce() -> Option<Value>) -> Option<Value> {
        let known = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = known.get(commitment) {
            return Some(value.clone());
        }
        drop(known);
        let value = open()?;
        if value.as_text().is_some_and(|text| text.len() <= TEXT_MAX) {
            let mut known = self.values.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= OPENED_MAX {
                known.clear();
            }
            known.insert(*commitment, value.clone());
        }
        Some(value)
    }
}

impl View {
    /// The value behind a commitment, where it can be opened.
    pub(super) fn open_value(&self, commitment: &Hash) -> Option<Value> {
        self.opened.get(commitment, || self.secrets().open_value(commitment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_opened_once_and_what_cannot_be_opened_is_tried_again() {
        let (opened, name) = (Opened::default(), Hash::of(b"name"));
        assert_eq!(opened.get(&name, || None), None);
        let value = Some(Value::text("Anna Keller"));
        assert_eq!(opened.get(&name, || value.clone()), value);
        assert_eq!(opened.get(&name, || None), value, "kept");
        assert_eq!(opened.get(&Hash::of(b"other"), || None), None);
    }

    #[test]
    fn a_bounded_number_of_short_texts_is_kept() {
        let opened = Opened::default();
        let long = Some(Value::text("x".repeat(TEXT_MAX + 1)));
        assert_eq!(opened.get(&Hash::of(b"long"), || long.clone()), long);
        assert_eq!(opened.values.lock().unwrap().len(), 0, "too long to be kept");
        for number in 0..=OPENED_MAX as u64 {
            let value = opened.get(&Hash::of(&number.to_le_bytes()), || Some(Value::text("x")));
            assert!(value.is_some());
        }
        assert_eq!(opened.values.lock().unwrap().len(), 1, "all went but the last");
    }
}
