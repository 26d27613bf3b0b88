//! Events of a deployment before its declared start or from its declared end on.

use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventValue;
use lineal_engine::{BatchInfo, NodeNo};

use super::Offence;
use crate::check::Error;
use crate::check::ask::{Asker, time_text};
use crate::report::words::counted;

/// Rows that are read for one deployment at most: batches that lie across a limit. Beyond it the
/// counters alone speak, and the finding says `at least`.
const ROWS_MAX: u64 = 2_000_000;

/// Events outside, as far as they were looked at.
#[derive(Default)]
struct Outside {
    events: u64,
    first: Option<i64>,
    last: Option<i64>,
    is_bound_reached: bool,
}

impl Outside {
    fn add(&mut self, events: u64, first: i64, last: i64) {
        self.events += events;
        self.first = Some(self.first.map_or(first, |known| known.min(first)));
        self.last = Some(self.last.map_or(last, |known| known.max(last)));
    }
}

pub(super) fn outside(asker: &Asker<'_>, subjects: &[NodeNo]) -> Result<Vec<Offence>, Error> {
    let mut offences = Vec::new();
    for deployment in subjects {
        asker.go_on()?;
        let declared = match asker.time(*deployment, "from")? {
            Some(from) => Some(from),
            None => asker.time(*deployment, "time")?,
        };
        let until = asker.time(*deployment, "until")?;
        let (start, end) = (declared.unwrap_or(i64::MIN), until.unwrap_or(i64::MAX));
        if declared.is_none() && until.is_none() {
            continue;
        }
        let mut found = Outside::default();
        let mut read = 0_u64;
        for node in asker.snapshot().batches_of(*deployment) {
            asker.go_on()?;
            let Some(batch) = asker.snapshot().batch(node).filter(|batch| batch.events > 0) else {
                continue;
            };
            if batch.first_time >= start && batch.last_time < end {
                continue;
            }
            if batch.last_time < start || batch.first_time >= end {
                found.add(batch.events, batch.first_time, batch.last_time);
                continue;
            }
            read = read.saturating_add(batch.events);
            if read > ROWS_MAX {
                found.is_bound_reached = true;
                let at = if batch.first_time < start { batch.first_time } else { batch.last_time };
                found.add(1, at, at);
                continue;
            }
            rows(asker, &batch, (start, end), &mut found)?;
        }
        let (Some(first), Some(last)) = (found.first, found.last) else { continue };
        let interval = match (declared, until) {
            (Some(from), Some(until)) => format!("{} to {}", time_text(from), time_text(until)),
            (Some(from), None) => format!("from {}", time_text(from)),
            (_, until) => format!("until {}", until.map(time_text).unwrap_or_default()),
        };
        let least = if found.is_bound_reached { "at least " } else { "" };
        let say = format!(
            "outside the declared interval ({interval}): {least}{}, the first {}, the last {}",
            counted(found.events, "event"),
            time_text(first),
            time_text(last)
        );
        offences.push(Offence::said(*deployment, say));
    }
    Ok(offences)
}

/// Counts the rows of a batch that lie outside.
fn rows(
    asker: &Asker<'_>,
    batch: &BatchInfo,
    (start, end): (i64, i64),
    found: &mut Outside,
) -> Result<(), Error> {
    let events = asker.snapshot().rows_of(batch.node);
    asker.snapshot().visit_events(events, EventField::Time, |value| {
        if let Some(EventValue::Int(time)) = value
            && (time < start || time >= end)
        {
            found.add(1, time, time);
        }
    })?;
    Ok(())
}
