//! What an erasure's record says of one row (docs/format.md, section "Erasure").

use crate::hash::Hash;
use crate::value::{Map, Value};

/// What a record of an erasure kept of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kept {
    /// Its leaf.
    Leaf(Hash),
    /// Nothing: the whole batch was erased.
    Nothing,
}

/// What the record says of a row of a batch; none if it does not erase it.
pub(super) fn kept(record: &Map, batch: &Hash, row: u64) -> Option<Kept> {
    let format = record.get("format").and_then(Value::as_i64);
    let decision = record.get("decision").and_then(Value::as_text);
    if format != Some(1) || decision != Some("erased") {
        return None;
    }
    let batches = record.get("batches")?.as_list()?;
    batches.iter().find_map(|entry| {
        let [link, runs, leaves] = entry.as_list()? else { return None };
        if link.as_link()?.0 != *batch {
            return None;
        }
        let place = place(runs.as_list()?, row)?;
        match leaves {
            Value::Null => Some(Kept::Nothing),
            Value::Bytes(bytes) => {
                let (leaves, rest) = bytes.as_chunks();
                let leaf = leaves.get(usize::try_from(place).ok()?)?;
                rest.is_empty().then_some(Kept::Leaf(Hash(*leaf)))
            }
            _ => None,
        }
    })
}

/// The leaf that the record kept of a bucket of a batch's keys; none if it names none.
pub(super) fn kept_bucket(record: &Map, batch: &Hash, bucket: u32) -> Option<Hash> {
    let own = entries_of(record, "keys", batch)?;
    let [_, buckets] = own else { return None };
    buckets.as_list()?.iter().find_map(|entry| {
        let [number, leaf] = entry.as_list()? else { return None };
        let is_own = number.as_i64() == Some(bucket.into());
        is_own.then(|| Hash::from_slice(leaf.as_bytes()?)).flatten()
    })
}

/// Does the record erase a batch whole, so that nothing is left that shows what was in it?
pub(super) fn took_all(record: &Map, batch: &Hash) -> bool {
    matches!(entries_of(record, "batches", batch), Some([_, _, Value::Null]))
}

/// The first item of a record's list that is about a batch.
fn entries_of<'r>(record: &'r Map, list: &str, batch: &Hash) -> Option<&'r [Value]> {
    let format = record.get("format").and_then(Value::as_i64);
    let decision = record.get("decision").and_then(Value::as_text);
    if format != Some(1) || decision != Some("erased") {
        return None;
    }
    record.get(list)?.as_list()?.iter().find_map(|entry| {
        let items = entry.as_list()?;
        (items.first()?.as_link()?.0 == *batch).then_some(items)
    })
}

/// The place of a row among those of the runs.
fn place(runs: &[Value], row: u64) -> Option<u64> {
    let mut before = 0_u64;
    for run in runs {
        let [first, count] = run.as_list()? else { return None };
        let number = |value: &Value| value.as_i64().and_then(|number| u64::try_from(number).ok());
        let (first, count) = (number(first)?, number(count)?);
        if let Some(within) = row.checked_sub(first).filter(|within| *within < count) {
            return before.checked_add(within);
        }
        before = before.checked_add(count)?;
    }
    None
}
