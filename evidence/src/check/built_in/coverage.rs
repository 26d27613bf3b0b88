//! Days in the life of a deployment on which no batch has events.

use lineal_engine::NodeNo;

use super::Offence;
use crate::check::Error;
use crate::check::ask::{Asker, DAY, time_text};
use crate::report::words::counted;

/// The intervals of a deployment's batches, by their beginning.
pub(super) fn intervals(asker: &Asker<'_>, deployment: NodeNo) -> Vec<(i64, i64, NodeNo)> {
    let snapshot = asker.snapshot();
    let batches = snapshot.batches_of(deployment).into_iter();
    let mut found: Vec<(i64, i64, NodeNo)> = batches
        .filter_map(|node| snapshot.batch(node).filter(|batch| batch.events > 0))
        .map(|batch| (batch.first_time, batch.last_time, batch.node))
        .collect();
    found.sort_unstable();
    found
}

/// When a deployment was declared to start; else its first event.
pub(super) fn start(asker: &Asker<'_>, deployment: NodeNo) -> Result<Option<i64>, Error> {
    for field in ["from", "time", "first_event"] {
        if let Some(time) = asker.time(deployment, field)? {
            return Ok(Some(time));
        }
    }
    Ok(None)
}

pub(super) fn missing_days(asker: &Asker<'_>, subjects: &[NodeNo]) -> Result<Vec<Offence>, Error> {
    let mut offences = Vec::new();
    for deployment in subjects {
        asker.go_on()?;
        let Some(from) = start(asker, *deployment)? else { continue };
        let until = asker.time(*deployment, "until")?.unwrap_or(asker.now).min(asker.now);
        let (first_day, end_day) = (from.div_euclid(DAY), (until - 1).div_euclid(DAY));
        let batches = intervals(asker, *deployment);
        if batches.is_empty() {
            let say = format!("no log at all from {} on", time_text(from));
            offences.push(Offence::said(*deployment, say));
            continue;
        }
        // The day from which on nothing is covered yet.
        let (mut next, mut missing, mut first_missing) = (first_day, 0_i64, None);
        let mut lacks = |from: i64, to: i64| {
            if to > from {
                missing += to - from;
                first_missing.get_or_insert(from);
            }
        };
        for (first, last, _) in batches {
            let (first, last) = (first.div_euclid(DAY), last.div_euclid(DAY));
            lacks(next, first.min(end_day + 1));
            next = next.max(last + 1);
        }
        lacks(next, end_day + 1);
        if let Some(first) = first_missing {
            let all = end_day - first_day + 1;
            let day = time_text(first.saturating_mul(DAY));
            let day = day.get(..10).unwrap_or(&day);
            let say = format!(
                "{missing} of {} without any batch, the first {day}",
                counted(all.unsigned_abs(), "day")
            );
            offences.push(Offence::said(*deployment, say));
        }
    }
    Ok(offences)
}
