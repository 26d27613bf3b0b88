//! Events of a time that is still to come: a clock ran ahead, or a time was read wrong. They cover no day.

use lineal_engine::NodeNo;
use lineal_proof::Value;

use super::Offence;
use crate::check::Error;
use crate::check::ask::{Asker, HOUR, time_text};
use crate::past::{Later, later};
use crate::report::words::counted;
use crate::rules::Rule;

/// By how much a clock may run ahead, where a rule says it.
const AHEAD_HOURS: &str = "ahead_hours";
/// Else a day, as an import takes it (`lineal_import`).
const DEFAULT_HOURS: f64 = 24.0;
/// Batches that a finding names; all are counted.
const BATCHES_NAMED: usize = 3;
/// The last of the events, in the words of a rule.
const EVENT: &str = "event";

/// Deployments with events that are later than today, and not by so little that clocks differ by it.
#[expect(clippy::cast_possible_truncation, reason = "hours in ns; out of range is cut at its end")]
pub(super) fn events(
    asker: &Asker<'_>,
    rule: &Rule,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let hours = rule.params.get(AHEAD_HOURS).copied().unwrap_or(DEFAULT_HOURS);
    let limit = asker.now.saturating_add((hours * HOUR as f64) as i64);
    let mut offences = Vec::new();
    for deployment in subjects {
        asker.go_on()?;
        offences.extend(of_deployment(asker, *deployment, limit)?);
    }
    Ok(offences)
}

fn of_deployment(
    asker: &Asker<'_>,
    deployment: NodeNo,
    limit: i64,
) -> Result<Option<Offence>, Error> {
    let snapshot = asker.snapshot();
    let (mut all, mut names) = (Later::default(), Vec::new());
    for node in snapshot.batches_of(deployment) {
        let Some(batch) = snapshot.batch(node).filter(|batch| batch.events > 0) else { continue };
        let own = later(snapshot, &batch, limit)?;
        if own.events > 0 {
            all = Later { events: all.events + own.events, last: all.last.max(own.last) };
            names.push(asker.name(node));
        }
    }
    let Some((time, event)) = all.last else { return Ok(None) };
    let more = match names.len().saturating_sub(BATCHES_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    names.truncate(BATCHES_NAMED);
    let say = format!(
        "{} of a time to come, the last of {}, in {}{more}: what has not come covers no day",
        counted(all.events, "event"),
        time_text(time),
        names.join(", ")
    );
    let offence = Offence::said(deployment, say);
    let fields = snapshot.event(event)?;
    let id = |name: &str| fields.get(name).and_then(Value::as_text).map(str::to_owned);
    Ok(Some(match id("event_id").or_else(|| id("log_id")) {
        Some(id) => offence.with(EVENT, id),
        None => offence,
    }))
}
