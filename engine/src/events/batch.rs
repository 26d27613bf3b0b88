//! Sealing a batch: the root over its rows and the counters that answer without opening them.

use super::EventBlock;
use super::block::GroupWriter;
use super::months::{Month, MonthCounts};
use crate::clock::civil_date;
use crate::event_fields::{EVENT_FIELDS, EventField, EventFieldSpec, Group};
use lineal_proof::event::Leaves;
use lineal_proof::{Hash, Map, Value};
use std::collections::BTreeMap;
use std::ops::Range;

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
    /// What is counted of each month that has events; those without a time are in none.
    pub months: BTreeMap<Month, MonthCounts>,
    /// Bytes of the canonical rows.
    pub size: u64,
}

const DAY: i64 = 86_400_000_000_000;

/// The month that is being counted: neighbours nearly always share theirs.
#[derive(Default)]
struct Open {
    /// Days since 1970 that are known to be in it.
    days: Range<i64>,
    counts: Option<MonthCounts>,
}

impl Open {
    fn move_to(&mut self, time: i64, months: &mut BTreeMap<Month, MonthCounts>) {
        self.close(months);
        let (_, _, day) = civil_date(time);
        let today = time.div_euclid(DAY);
        // To the first of the month for certain, and to the 28th, which every month has.
        let first = today - (day - 1);
        let counts = Some(MonthCounts::none_in(Some(Month::of(time))));
        *self = Open { days: first..(first + 28).max(today + 1), counts };
    }

    fn close(&mut self, months: &mut BTreeMap<Month, MonthCounts>) {
        let Some(counts) = self.counts.take() else { return };
        let Some(month) = counts.month else { return };
        months.entry(month).or_insert(MonthCounts::none_in(Some(month))).add(&counts);
    }
}

impl BatchCounters {
    /// Counts rows of a block in a batch's order, column by column.
    pub(crate) fn of(block: &EventBlock, rows: &[u32]) -> BatchCounters {
        let mut counters = BatchCounters { rows: rows.len() as u64, ..BatchCounters::default() };
        for spec in EVENT_FIELDS {
            counters.count_present(block, spec, rows);
        }
        let mut month = Open::default();
        for row in rows {
            let row = *row as usize;
            let overridden = block.is_true(row, EventField::HumanOverride);
            let art12 = block.is_true(row, EventField::Art12);
            counters.overrides += u64::from(overridden);
            counters.art12 += u64::from(art12);
            let Some(time) = block.int(row, EventField::Time) else { continue };
            if let Some(last) = counters.last_time {
                let silence = time.saturating_sub(last);
                counters.longest_silence = counters.longest_silence.max(silence);
            }
            counters.first_time = counters.first_time.or(Some(time));
            counters.last_time = Some(time);
            if !month.days.contains(&time.div_euclid(DAY)) {
                month.move_to(time, &mut counters.months);
            }
            if let Some(counts) = &mut month.counts {
                counts.count(overridden, art12);
            }
        }
        month.close(&mut counters.months);
        counters
    }

    /// Counts which of some rows have a field.
    pub(crate) fn count_present(
        &mut self,
        block: &EventBlock,
        spec: &EventFieldSpec,
        rows: &[u32],
    ) {
        let Some(column) = block.column(spec.field) else { return };
        let present = rows.iter().filter(|row| column.has(**row as usize)).count() as u64;
        if present > 0 {
            *self.presence.entry(spec.name).or_default() += present;
        }
    }

    /// Adds what is counted of other rows.
    pub(crate) fn add(&mut self, other: &BatchCounters) {
        self.rows += other.rows;
        self.first_time = [self.first_time, other.first_time].into_iter().flatten().min();
        self.last_time = self.last_time.max(other.last_time);
        self.longest_silence = self.longest_silence.max(other.longest_silence);
        self.overrides += other.overrides;
        self.art12 += other.art12;
        for (name, count) in &other.presence {
            *self.presence.entry(name).or_default() += count;
        }
        for (month, counts) in &other.months {
            self.months.entry(*month).or_insert(MonthCounts::none_in(Some(*month))).add(counts);
        }
        self.size += other.size;
    }

    /// Do its events lie in several months, or have some no time while others have one?
    fn is_divided(&self) -> bool {
        let timed: u64 = self.months.values().map(|counts| counts.events).sum();
        self.months.len() > 1 || (timed > 0 && timed < self.rows)
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
        if self.is_divided() {
            let months = self.months.iter().map(|(month, counts)| {
                let counts = [counts.events, counts.overrides, counts.art12];
                (month.to_string(), Value::List(counts.into_iter().map(Value::from).collect()))
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
    let mut leaves = Leaves::new(seed, rows.len() as u64);
    let mut counters = BatchCounters::of(block, rows);
    let [open, subject] = [Group::Open, Group::Subject].map(|group| GroupWriter::new(block, group));
    for row in rows {
        leaves.push(|to_open, to_subject| {
            open.write(to_open, *row as usize);
            subject.write(to_subject, *row as usize);
        });
    }
    let (root, size) = leaves.finish();
    counters.size = size;
    SealedBatch { root, counters }
}

/// The leaves of a batch that is the whole block, and its root.
pub(crate) fn leaves(block: &EventBlock, seed: &[u8; 32]) -> (Vec<Hash>, Hash) {
    let mut leaves = Leaves::new(seed, block.rows() as u64).kept();
    let [open, subject] = [Group::Open, Group::Subject].map(|group| GroupWriter::new(block, group));
    for row in 0..block.rows() {
        leaves.push(|to_open, to_subject| {
            open.write(to_open, row);
            subject.write(to_subject, row);
        });
    }
    leaves.finish_with_leaves()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::EventValue;

    #[test]
    fn each_event_is_counted_in_its_month() {
        let mut block = EventBlock::new();
        let mut expected: BTreeMap<Month, MonthCounts> = BTreeMap::new();
        let hour = DAY / 24;
        // Hours over three years, leap day among them, and one step back.
        let times = (0..26_280).step_by(5).map(|step| 1_672_531_200_000_000_000 + step * hour);
        for time in times.chain([1_672_531_200_000_000_000]) {
            block.set(EventField::Time, EventValue::Int(time));
            block.set(EventField::Art12, EventValue::Bool(time % (3 * hour) == 0));
            block.end_row();
            let month = Month::of(time);
            let counts = expected.entry(month).or_insert(MonthCounts::none_in(Some(month)));
            counts.count(false, time % (3 * hour) == 0);
        }
        let rows: Vec<u32> = (0..u32::try_from(block.rows()).unwrap()).collect();
        let counters = BatchCounters::of(&block, &rows);
        assert_eq!(counters.months.len(), 36);
        assert_eq!(counters.months, expected);
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
    #[test]
    fn months_are_written_where_not_all_events_share_one() {
        let counters = |times: &[Option<i64>]| {
            let mut block = EventBlock::new();
            for time in times {
                if let Some(time) = time {
                    block.set(EventField::Time, EventValue::Int(*time));
                }
                block.set(EventField::HumanOverride, EventValue::Bool(time.is_none()));
                block.end_row();
            }
            let rows: Vec<u32> = (0..u32::try_from(times.len()).unwrap()).collect();
            let fields = BatchCounters::of(&block, &rows).to_fields();
            fields.get("months").cloned()
        };
        let list = |counts: [u64; 3]| Value::List(counts.into_iter().map(Value::from).collect());
        let map = |months: &[(&str, [u64; 3])]| {
            let months = months.iter().map(|(month, counts)| ((*month).to_owned(), list(*counts)));
            Some(Value::Map(months.collect()))
        };
        assert_eq!(counters(&[Some(0), Some(DAY)]), None);
        assert_eq!(counters(&[None, None]), None);
        assert_eq!(counters(&[None, Some(0)]), map(&[("1970-01", [1, 0, 0])]));
        let two = map(&[("1969-12", [1, 0, 0]), ("1970-01", [2, 0, 0])]);
        assert_eq!(counters(&[Some(-1), Some(0), Some(1)]), two);
    }
}
