//! Which rows count where two say different things of one event, and the counters that follow.
//!
//! Rows stay as they were written; only the view decides, so that the order of imports never shows
//! (docs/format.md, section 13). Batches that nothing doubts, nearly all, are not opened.

use super::rivals::rivals;
use super::{Snapshot, View};
use crate::error::Result;
use crate::event_fields::EventField;
use crate::events::{EventBlock, Month, MonthCounts, in_order};
use crate::graph::Batch;
use crate::runs::runs_of;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Finds the rows that are outweighed, and counts again what they or a retraction took away.
pub(super) fn weigh(view: Arc<View>) -> Result<Arc<View>> {
    let batches = view.graph.batches();
    if batches.iter().all(|batch| batch.kept.is_none() && batch.doubted.is_empty()) {
        return Ok(view);
    }
    let snapshot = Snapshot::new(view);
    let outweighed = outweighed(&snapshot)?;
    let mut view = Arc::into_inner(snapshot.view).expect("nobody else has seen this view");
    for (at, rows) in &outweighed {
        view.graph.batches_mut()[*at].outweighed = runs_of(rows.iter().copied());
    }
    let snapshot = Snapshot::new(Arc::new(view));
    let mut counted = Vec::new();
    for (at, batch) in snapshot.view.graph.batches().iter().enumerate() {
        if batch.kept.is_some() || !batch.outweighed.is_empty() {
            counted.push((at, count(&snapshot, batch)?));
        }
    }
    let mut view = Arc::into_inner(snapshot.view).expect("nobody else has seen this view");
    for (at, counted) in counted {
        counted.put(&mut view.graph.batches_mut()[at]);
    }
    Ok(Arc::new(view))
}

/// Counts a batch again whose rows that live are others now.
pub(super) fn recount(snapshot: &Snapshot, batch: &mut Batch) -> Result<()> {
    count(snapshot, batch)?.put(batch);
    Ok(())
}

/// For each batch the rows that another row of the same identity outweighs.
fn outweighed(snapshot: &Snapshot) -> Result<BTreeMap<usize, Vec<u32>>> {
    let batches = snapshot.view.graph.batches();
    let mut whole: Option<(usize, EventBlock)> = None;
    let weighed = rivals(
        snapshot,
        |batch| &batch.doubted,
        |at, row| {
            let (_, block) = match whole.take().filter(|(of, _)| *of == at) {
                Some(same) => whole.insert(same),
                None => whole.insert((at, snapshot.read_whole(&batches[at])?)),
            };
            Ok(block.weight(row as usize))
        },
    )?;
    let mut outweighed: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for rows in weighed {
        let Some(heaviest) = rows.iter().max_by_key(|(at, row, weight)| (*weight, *at, *row))
        else {
            continue;
        };
        for (at, row, _) in rows.iter().filter(|other| *other != heaviest) {
            outweighed.entry(*at).or_default().push(*row);
        }
    }
    outweighed.values_mut().for_each(|rows| rows.sort_unstable());
    Ok(outweighed)
}

/// What a batch's counters are for the rows that count.
struct Counted {
    months: Vec<MonthCounts>,
    times: (i64, i64),
}

impl Counted {
    fn put(self, batch: &mut Batch) {
        let mut all = MonthCounts::none_in(None);
        self.months.iter().for_each(|month| all.add(month));
        (batch.events, batch.overrides, batch.art12) = (all.events, all.overrides, all.art12);
        (batch.first_time, batch.last_time) = self.times;
        batch.months = self.months;
    }
}

fn count(snapshot: &Snapshot, batch: &Batch) -> Result<Counted> {
    let fields = [EventField::Time, EventField::HumanOverride, EventField::Art12];
    let block = snapshot.read_batch(batch, &fields)?;
    let mut months: Vec<MonthCounts> = Vec::new();
    let mut times = (i64::MAX, i64::MIN);
    for row in (0..batch.rows).filter(|row| batch.counts(*row)) {
        let row = row as usize;
        let time = block.int(row, EventField::Time);
        if let Some(time) = time {
            times = (times.0.min(time), times.1.max(time));
        }
        let month = time.map(Month::of);
        // Rows stand in the order of time, so a month is nearly always that of the row before.
        if months.last().is_none_or(|counts| counts.month != month) {
            months.push(MonthCounts::none_in(month));
        }
        if let Some(counts) = months.last_mut() {
            let is_true = |field| block.is_true(row, field);
            counts.count(is_true(EventField::HumanOverride), is_true(EventField::Art12));
        }
    }
    // What they counted for is erased with them: they stay events, without a time.
    let gone = crate::runs::rows_of(&batch.erased).filter(|row| batch.counts_erased(*row));
    let mut timeless = MonthCounts::none_in(None);
    gone.for_each(|_| timeless.count(false, false));
    months.extend((timeless.events > 0).then_some(timeless));
    Ok(Counted { months: in_order(months), times })
}
