//! Sealing a batch: the root over its rows and the counters that answer without opening them.

use super::EventBlock;
use crate::clock::civil_date;
use crate::event_fields::{EVENT_FIELDS, EventField, Group};
use lineal_proof::event::{Salts, leaf};
use lineal_proof::merkle::Tree;
use lineal_proof::{Hash, Map, Value};
use std::collections::BTreeMap;

/// What a batch's revision says about its rows (docs/format.md, section 9).
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct BatchCounters {
    /// Rows.
    pub rows: u64,
    /// The first event's time.
    pub first_time: Option<i64>,
    /// The last event's time.
    pub last_time: Option<i64>,
    /// The longest time between two neighbours, ns.
    pub longest_silence: i64,
    /// Events with a human override.
    pub overrides: u64,
    /// Events marked for Article 12.
    pub art12: u64,
    /// Events that have a field, by its name; none left out.
    pub presence: BTreeMap<&'static str, u64>,
    /// Events, overrides and Article 12 marks by `YYYY-MM`.
    pub months: BTreeMap<String, [u64; 3]>,
    /// Bytes of the canonical rows.
    pub size: u64,
}

/// The year and month of a time, as `YYYY-MM` in UTC.
#[must_use]
pub(crate) fn month_of(ns: i64) -> String {
    let (year, month, _) = civil_date(ns);
    format!("{year:04}-{month:02}")
}

impl BatchCounters {
    fn count(&mut self, block: &EventBlock, row: usize) {
        self.rows += 1;
        let overridden = block.is_true(row, EventField::HumanOverride);
        let art12 = block.is_true(row, EventField::Art12);
        self.overrides += u64::from(overridden);
        self.art12 += u64::from(art12);
        for spec in EVENT_FIELDS {
            if block.get(row, spec.field).is_some() {
                *self.presence.entry(spec.name).or_default() += 1;
            }
        }
        let Some(time) = block.int(row, EventField::Time) else { return };
        if let Some(last) = self.last_time {
            self.longest_silence = self.longest_silence.max(time.saturating_sub(last));
        }
        self.first_time = self.first_time.or(Some(time));
        self.last_time = Some(time);
        let month = self.months.entry(month_of(time)).or_default();
        month[0] += 1;
        month[1] += u64::from(overridden);
        month[2] += u64::from(art12);
    }

    /// As the fields of a batch's revision, without root, seed and name.
    #[must_use]
    pub fn to_fields(&self) -> Map {
        let mut fields = Map::new();
        fields.insert("rows", self.rows);
        for (name, time) in [("first_time", self.first_time), ("last_time", self.last_time)] {
            if let Some(time) = time {
                fields.insert(name, time);
            }
        }
        fields.insert("longest_silence", self.longest_silence);
        fields.insert("overrides", self.overrides);
        fields.insert("art12", self.art12);
        let presence: Map = self.presence.iter().map(|(name, count)| (*name, *count)).collect();
        fields.insert("presence", Value::Map(presence));
        if self.months.len() > 1 {
            let months = self.months.iter().map(|(month, counts)| {
                (
                    month.clone(),
                    Value::List(counts.iter().map(|count| Value::from(*count)).collect()),
                )
            });
            fields.insert("months", Value::Map(months.collect()));
        }
        fields.insert("size", self.size);
        fields
    }
}

/// A batch with its root.
#[derive(Clone, Debug)]
pub struct SealedBatch {
    /// The Merkle root.
    pub root: Hash,
    /// The counters.
    pub counters: BatchCounters,
}

/// Hashes rows of a block in the order given, which must be a batch's order.
#[must_use]
pub(crate) fn seal(block: &EventBlock, rows: &[u32], seed: &[u8; 32]) -> SealedBatch {
    let mut salts = Salts::new(seed, rows.len() as u64);
    let mut tree = Tree::default();
    let mut counters = BatchCounters::default();
    let (mut open, mut subject) = (Vec::with_capacity(1024), Vec::with_capacity(512));
    for (place, row) in rows.iter().enumerate() {
        let row = *row as usize;
        open.clear();
        subject.clear();
        block.write_group(&mut open, row, Group::Open);
        block.write_group(&mut subject, row, Group::Subject);
        counters.size += (open.len() + subject.len()) as u64;
        counters.count(block, row);
        tree.push(leaf(salts.salt(place as u64), &open, &subject));
    }
    SealedBatch { root: tree.root(), counters }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::EventValue;

    #[test]
    fn months_are_those_of_the_calendar() {
        assert_eq!(month_of(0), "1970-01");
        assert_eq!(month_of(-1), "1969-12");
        assert_eq!(month_of(951_782_400_000_000_000), "2000-02");
        assert_eq!(month_of(1_709_251_199_999_999_999), "2024-02");
        assert_eq!(month_of(1_709_251_200_000_000_000), "2024-03");
    }

    #[test]
    fn counters_count_rows_and_find_the_silence() {
        let mut block = EventBlock::new();
        for (time, overridden) in [(10, true), (13, false), (14, true)] {
            block.set(EventField::Time, EventValue::Int(time));
            block.set(EventField::HumanOverride, EventValue::Bool(overridden));
            block.end_row();
        }
        let sealed = seal(&block, &[0, 1, 2], &[1; 32]);
        let counters = sealed.counters;
        assert_eq!((counters.rows, counters.overrides), (3, 2));
        assert_eq!((counters.longest_silence, counters.last_time), (3, Some(14)));
        assert_ne!(sealed.root, seal(&block, &[1, 0, 2], &[1; 32]).root);
        assert_ne!(sealed.root, seal(&block, &[0, 1, 2], &[2; 32]).root);
    }
}
