//! Sealed values that were opened, so that a name is decrypted and checked once in a view and not at
//! each asking, and the fields that hold them, so that a record is decoded once (`benches/asking.rs`,
//! q4a). They go with their view.

use super::View;
use crate::error::Result;
use crate::graph::NodeNo;
use crate::sealed::Sought;
use crate::store::ErasedValues;
use lineal_proof::{Hash, Value};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Values that are kept: the people of a large organisation. Past it all are forgotten, which costs
/// each the time of being opened again.
const OPENED_MAX: usize = 10_000;
/// Bytes of a text that is kept: names are shorter, and what is longer is rarely asked for.
const TEXT_MAX: usize = 1_024;

/// A field of a node: its number among those that have a column.
pub(super) type FieldOf = (NodeNo, usize);

/// What was opened in a view: values by their commitment, and fields of nodes that no column holds.
/// What could not be opened is asked for again, and an erasure makes all of it forgotten.
#[derive(Default)]
pub(super) struct Opened {
    erased: Arc<ErasedValues>,
    /// Erasures that were known when what is kept was opened.
    as_of: AtomicU64,
    values: Mutex<HashMap<Hash, Value>>,
    fields: Mutex<HashMap<FieldOf, Value>>,
}

/// What is kept under a key.
fn kept<K: Eq + std::hash::Hash>(known: &Mutex<HashMap<K, Value>>, key: &K) -> Option<Value> {
    known.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
}

/// Keeps a short text, if it was opened as of the last erasure.
fn keep<K: Eq + std::hash::Hash>(
    known: &Mutex<HashMap<K, Value>>,
    (key, value): (K, &Value),
    is_current: impl FnOnce() -> bool,
) {
    if value.as_text().is_some_and(|text| text.len() <= TEXT_MAX) {
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_current() {
            return;
        }
        if known.len() >= OPENED_MAX {
            known.clear();
        }
        known.insert(key, value.clone());
    }
}

impl Opened {
    /// Nothing yet of a store whose erasures are these.
    pub(super) fn obeying(erased: Arc<ErasedValues>) -> Opened {
        Opened { erased, ..Opened::default() }
    }

    /// Forgets what was opened before the last erasure, and says which that is.
    fn obey(&self) -> u64 {
        let count = self.erased.count();
        if self.as_of.load(Ordering::Acquire) != count {
            let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
            let mut fields = self.fields.lock().unwrap_or_else(PoisonError::into_inner);
            values.clear();
            fields.clear();
            self.as_of.store(count, Ordering::Release);
        }
        count
    }

    /// The value behind a commitment: the one that is kept, else what `open` finds; none of an erased
    /// one, whether its key is there still or not.
    fn get(&self, commitment: &Hash, open: impl FnOnce() -> Option<Value>) -> Option<Value> {
        let count = self.obey();
        if let Some(value) = kept(&self.values, commitment) {
            return Some(value);
        }
        let value = open()?;
        if self.erased.holds(commitment) {
            return None;
        }
        keep(&self.values, (*commitment, &value), || self.erased.count() == count);
        Some(value)
    }

    /// A field of which the column says that the records must be asked: the value that is kept, else
    /// what `ask` finds.
    pub(super) fn field(
        &self,
        of: FieldOf,
        ask: impl FnOnce() -> Result<Option<Value>>,
    ) -> Result<Option<Value>> {
        let count = self.obey();
        if let Some(value) = kept(&self.fields, &of) {
            return Ok(Some(value));
        }
        let value = ask()?;
        if let Some(value) = &value {
            keep(&self.fields, (of, value), || self.erased.count() == count);
        }
        Ok(value)
    }
}

impl View {
    /// The value behind a commitment, where it can be opened, and may be as far as this view shows. That it
    /// should open and does not is damage of the view.
    pub(super) fn open_value(&self, commitment: &Hash, with_restricted: bool) -> Option<Value> {
        if !with_restricted && self.graph.restricted_values.binary_search(commitment).is_ok() {
            return None;
        }
        self.opened.get(commitment, || {
            let sought = self.secrets().seek(commitment);
            match sought {
                Sought::Found(value) => Some(value),
                missed => {
                    self.missed(commitment, &missed);
                    None
                }
            }
        })
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
    fn an_erased_value_is_not_given_though_it_was_opened_and_can_be_opened_still() {
        let erased = Arc::new(ErasedValues::default());
        let opened = Opened::obeying(Arc::clone(&erased));
        let [name, other] = [b"name", b"else"].map(|name| Hash::of(name));
        let value = Some(Value::text("Anna Keller"));
        assert_eq!(opened.get(&name, || value.clone()), value);
        assert_eq!(opened.field((7, 1), || Ok(value.clone())).unwrap(), value);
        erased.note([name].into_iter());
        assert_eq!(opened.get(&name, || value.clone()), None);
        assert_eq!(opened.field((7, 1), || Ok(None)).unwrap(), None, "what is kept is forgotten");
        assert_eq!(opened.get(&other, || value.clone()), value);
        // One that was erased while it was being opened is not kept.
        let late = || {
            erased.note([name].into_iter());
            Ok(value.clone())
        };
        assert_eq!(opened.field((7, 1), late).unwrap(), value);
        assert_eq!(opened.field((7, 1), || Ok(None)).unwrap(), None);
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
    #[test]
    fn a_field_is_asked_of_the_records_once_and_a_failure_is_not_kept() {
        let opened = Opened::default();
        let failed = || Err(crate::Error::NoCommit { number: 1, newest: 0 });
        assert!(opened.field((7, 1), failed).is_err());
        assert_eq!(opened.field((7, 1), || Ok(None)).unwrap(), None, "absent is asked again");
        let value = Some(Value::text("Anna Keller"));
        assert_eq!(opened.field((7, 1), || Ok(value.clone())).unwrap(), value);
        assert_eq!(opened.field((7, 1), || Ok(None)).unwrap(), value, "kept");
        assert_eq!(opened.field((7, 2), || Ok(None)).unwrap(), None, "another field");
        let number = Some(Value::from(5_i64));
        assert_eq!(opened.field((7, 3), || Ok(number.clone())).unwrap(), number);
        assert_eq!(opened.field((7, 3), || Ok(None)).unwrap(), None, "no text");
    }
}
