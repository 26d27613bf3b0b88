//! Is the head of the log signed, and stamped by an outside clock?

use lineal_engine::{NodeNo, Store};

use super::Offence;
use crate::check::Error;
use crate::check::ask::{Asker, HOUR, span_text, time_text};
use crate::check::header::checkpoint;
use crate::rules::Rule;

/// How long after the last event a stamp is still in time, where a rule says it.
const ANCHOR_HOURS: &str = "anchor_hours";

#[expect(clippy::cast_possible_truncation, reason = "hours in ns; out of range is cut at its end")]
pub(super) fn anchored(
    store: &Store,
    asker: &Asker<'_>,
    rule: &Rule,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let snapshot = asker.snapshot();
    let most = (rule.params.get(ANCHOR_HOURS).copied().unwrap_or(24.0) * HOUR as f64) as i64;
    let batches = snapshot.batches().filter(|batch| asker.part.sees(batch.node));
    let last_event = batches.map(|batch| batch.last_time).max();
    let say = match checkpoint(store, snapshot.commit())? {
        None => "no checkpoint of the log is signed".to_owned(),
        Some((size, None)) => format!("no time-stamp authority stamped checkpoint {size}"),
        Some((size, Some(stamped))) => match last_event {
            Some(last) if stamped - last > most => format!(
                "anchored late: checkpoint {size} was stamped on {}, {} behind the last event",
                time_text(stamped),
                span_text(stamped - last)
            ),
            Some(last) if last > stamped => {
                format!("events since {} are behind the last stamp", time_text(stamped))
            }
            _ => return Ok(Vec::new()),
        },
    };
    Ok(subjects.iter().map(|node| Offence::said(*node, say.clone())).collect())
}
