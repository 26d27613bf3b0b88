//! Logs as far as their times have come. An event of a time that is still to come was written by a clock that
//! runs ahead, or its time was read wrong: of no day does it show that there was a log on it.
//!
//! The counters of batches tell where there are such. Only of a batch that holds some the times are read.

use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventValue;
use lineal_engine::{BatchInfo, EventRef, NodeNo, Result, Snapshot};

/// Events that are later than a time.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Later {
    /// How many, of those that the view shows.
    pub(crate) events: u64,
    /// When the last of them is, and which it is.
    pub(crate) last: Option<(i64, EventRef)>,
}

/// The events of a batch that are later than a time.
///
/// # Errors
/// What the store says.
pub(crate) fn later(view: &Snapshot, batch: &BatchInfo, than: i64) -> Result<Later> {
    let mut later = Later::default();
    if batch.last_time > than {
        visit(view, batch.node, |event, time| {
            if time > than {
                later.events += 1;
                later.last = later.last.max(Some((time, event)));
            }
        })?;
    }
    Ok(later)
}

/// A batch as far as its times have come, with the counts of all of it; none where it has no time, or none that
/// has come. What is erased or restricted may have been an event until now: of that nothing is called missing.
///
/// # Errors
/// What the store says.
pub(crate) fn until(view: &Snapshot, batch: &BatchInfo, now: i64) -> Result<Option<BatchInfo>> {
    if batch.first_time > batch.last_time || batch.first_time > now {
        return Ok(None);
    }
    let mut last = batch.last_time;
    if last > now {
        let lacks_rows = view.unshown().any(|of| of.batch == batch.node);
        last = if lacks_rows { now } else { batch.first_time };
        visit(view, batch.node, |_, time| {
            if time <= now {
                last = last.max(time);
            }
        })?;
    }
    Ok(Some(BatchInfo { last_time: last, ..*batch }))
}

/// The batches of a deployment with events whose time has come, as far as it has.
///
/// # Errors
/// What the store says.
pub(crate) fn batches(view: &Snapshot, deployment: NodeNo, now: i64) -> Result<Vec<BatchInfo>> {
    let mut found = Vec::new();
    for node in view.batches_of(deployment) {
        if let Some(batch) = view.batch(node).filter(|batch| batch.events > 0) {
            found.extend(until(view, &batch, now)?);
        }
    }
    Ok(found)
}

/// Was this batch cut, as its times had not all come?
pub(crate) fn is_cut(view: &Snapshot, batch: &BatchInfo) -> bool {
    view.batch(batch.node).is_some_and(|whole| whole.last_time > batch.last_time)
}

/// Looks at the time of each event of a batch that has one.
fn visit(view: &Snapshot, batch: NodeNo, mut look: impl FnMut(EventRef, i64)) -> Result<()> {
    let rows = view.rows_of(batch);
    let mut events = rows.iter();
    view.visit_events(rows.iter().copied(), EventField::Time, |value| {
        if let (Some(event), Some(EventValue::Int(time))) = (events.next(), value) {
            look(*event, time);
        }
    })
}
