//! Which rows count where two say different things of one event, and the counters that follow.
//!
//! Rows stay as they were written; only the view decides, so that the order of imports never shows
//! (docs/format.md, section 13). Batches that nothing doubts, nearly all, are not opened.

use super::{Snapshot, View};
use crate::error::Result;
use crate::event_fields::EventField;
use crate::events::{EventBlock, Month, MonthCounts, in_order};
use crate::graph::Batch;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What weighs between rows of one identity: the row's own time, then what it says. Not the time of
/// its batch: that moves when another file holds some of the batch's rows too.
type Weight = (Option<i64>, [u8; 16]);

/// Rows of one identity: batch, row, weight.
type Rivals = Vec<(usize, u32, Weight)>;

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
        view.graph.batches_mut()[*at].outweighed = rows.iter().map(|row| (*row, 1)).collect();
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
        let batch = &mut view.graph.batches_mut()[at];
        let mut all = MonthCounts::none_in(None);
        counted.months.iter().for_each(|month| all.add(month));
        (batch.events, batch.overrides, batch.art12) = (all.events, all.overrides, all.art12);
        (batch.first_time, batch.last_time) = counted.times;
        batch.months = counted.months;
    }
    Ok(Arc::new(view))
}

/// For each batch the rows that another row of the same identity outweighs.
fn outweighed(snapshot: &Snapshot) -> Result<BTreeMap<usize, Vec<u32>>> {
    let batches = snapshot.view.graph.batches();
    let mut rivals: HashMap<[u8; 16], Rivals> = HashMap::new();
    let mut sources: Vec<&str> = Vec::new();
    for batch in batches.iter().filter(|batch| !batch.doubted.is_empty()) {
        let block = snapshot.read_batch(batch, &[EventField::EventId, EventField::LogId])?;
        let rows = batch.doubted.iter().flat_map(|(first, count)| *first..first + count);
        for row in rows.filter(|row| batch.has_row(*row)) {
            if let Some(identity) = block.identity(row as usize) {
                rivals.entry(identity).or_default();
            }
        }
        sources.extend(snapshot.graph().key_text(batch.node, 0));
    }
    if rivals.is_empty() {
        return Ok(BTreeMap::new());
    }
    for (at, batch) in batches.iter().enumerate() {
        let source = snapshot.graph().key_text(batch.node, 0);
        if source.is_none_or(|source| !sources.contains(&source)) {
            continue;
        }
        let ids = snapshot.read_batch(batch, &[EventField::EventId, EventField::LogId])?;
        let rows = (0..batch.rows).filter(|row| batch.has_row(*row));
        let mut whole: Option<EventBlock> = None;
        for row in rows {
            let Some(identity) = ids.identity(row as usize) else { continue };
            let Some(known) = rivals.get_mut(&identity) else { continue };
            if whole.is_none() {
                whole = Some(snapshot.read_whole(batch)?);
            }
            let Some(block) = &whole else { continue };
            let row_no = row as usize;
            let weight = (block.int(row_no, EventField::Time), block.said(row_no));
            known.push((at, row, weight));
        }
    }
    let mut outweighed: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for rows in rivals.into_values() {
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
