//! What a hold should be over and is not; what is past the end of keeping, with no hold over it.

use std::collections::BTreeSet;

use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventValue;
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{HoldInfo, HoldScope, NodeNo, Snapshot, Store};

use super::Offence;
use super::concerned::{ConcernedLog, logs_of, of_model};
use crate::check::Error;
use crate::check::ask::{Asker, DAY, HOUR, span_text};
use crate::rules::Rule;
use lineal_proof::Value;

/// How long after an incident was recorded a hold must stand, where a rule says it.
const HOLD_HOURS: &str = "hold_hours";

/// What a hold over an incident may be about: what it concerns, and the systems and deployments of that;
/// of a system also those deployments that hang on it through a model version alone.
pub(crate) fn around(snapshot: &Snapshot, incident: NodeNo) -> BTreeSet<NodeNo> {
    let mut nodes: BTreeSet<NodeNo> = BTreeSet::new();
    for relation in [Relation::Concerns, Relation::BelongsTo] {
        nodes.extend(snapshot.edges(incident, relation, Direction::Forward));
    }
    for node in nodes.clone() {
        nodes.extend(snapshot.edges(node, Relation::BelongsTo, Direction::Forward));
        match snapshot.kind_of(node) {
            Kind::Model => nodes.extend(of_model(snapshot, node)),
            Kind::System => nodes.extend(deployments(snapshot, node)),
            Kind::Batch => {
                for deployment in snapshot.edges(node, Relation::ServedBy, Direction::Forward) {
                    nodes.insert(*deployment);
                    nodes.extend(snapshot.edges(
                        *deployment,
                        Relation::BelongsTo,
                        Direction::Forward,
                    ));
                }
            }
            _ => {}
        }
    }
    nodes
}

/// The deployments of a system: its own, and those of its model versions.
pub(super) fn deployments(snapshot: &Snapshot, system: NodeNo) -> Vec<NodeNo> {
    let mut found = Vec::new();
    for part in snapshot.edges(system, Relation::BelongsTo, Direction::Inverse) {
        match snapshot.kind_of(*part) {
            Kind::Deployment => found.push(*part),
            Kind::Model => {
                found.extend(snapshot.edges(*part, Relation::Deploys, Direction::Inverse));
            }
            _ => {}
        }
    }
    found
}

#[expect(clippy::cast_possible_truncation, reason = "hours in ns; out of range is cut at its end")]
pub(super) fn missing(
    store: &Store,
    asker: &Asker<'_>,
    rule: &Rule,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let hours = rule.params.get(HOLD_HOURS).copied().unwrap_or(24.0);
    let most = (hours * HOUR as f64) as i64;
    let snapshot = asker.snapshot();
    let ever = store.holds_ever(snapshot.commit())?;
    let mut offences = Vec::new();
    for incident in subjects {
        asker.go_on()?;
        let recorded = asker.time(*incident, "recorded")?.unwrap_or(snapshot.recorded());
        // One that was released while the authority was not told kept nothing for it.
        let told = asker.time(*incident, "authority_informed_at")?;
        let holds: Vec<&HoldInfo> = ever
            .iter()
            .filter(|(_, end)| end.is_none_or(|end| told.is_some_and(|told| told <= end)))
            .map(|(hold, _)| hold)
            .collect();
        let released = match holds.len() == ever.len() {
            true => "",
            false => " that was not released before the authority was told",
        };
        let late = |first: i64| {
            let behind = first.saturating_sub(recorded);
            (behind > most).then(|| span_text(behind))
        };
        let mut logs = logs_of(snapshot, *incident);
        logs.retain(|log| asker.part.sees(log.node));
        let first = |log: &ConcernedLog| {
            let own = holds.iter().filter(|hold| log.is_held_by(snapshot, hold));
            own.map(|hold| hold.recorded).min()
        };
        let held: Vec<(NodeNo, Option<i64>)> =
            logs.iter().map(|log| (log.node, first(log))).collect();
        if held.iter().any(|(_, first)| first.is_some()) {
            for (node, first) in held {
                let name = asker.name(node);
                let say = match first.map(&late) {
                    Some(None) => continue,
                    Some(Some(behind)) => format!(
                        "the hold over {name}, which it concerns, came {behind} behind the record of the incident"
                    ),
                    None => {
                        format!("no hold over {name}, which it concerns, is recorded{released}")
                    }
                };
                offences.push(Offence::said(*incident, say).with("deployment", name));
            }
            continue;
        }
        // No log of it is held, or it concerns none.
        let around = around(snapshot, *incident);
        let fits = |hold: &&&HoldInfo| match &hold.scope {
            HoldScope::Store => true,
            HoldScope::Node(kind, key) => {
                snapshot.node_with_key(*kind, key).is_some_and(|node| around.contains(&node))
            }
        };
        let first = holds.iter().filter(|_| held.is_empty()).filter(fits);
        let say = match first.map(|hold| hold.recorded).min().map(&late) {
            Some(None) => continue,
            Some(Some(behind)) => {
                format!("the hold came {behind} behind the record of the incident")
            }
            None => format!("no hold over what it concerns is recorded{released}"),
        };
        offences.push(Offence::said(*incident, say));
    }
    Ok(offences)
}

/// Batches of the subjects, which are deployments, that should have been erased.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "days in ns; out of range is cut at its end"
)]
pub(super) fn past_erasure(
    store: &Store,
    asker: &Asker<'_>,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let snapshot = asker.snapshot();
    let holds = store.holds_at(asker.snapshot().commit())?;
    let mut offences = Vec::new();
    for deployment in subjects {
        asker.go_on()?;
        let days = match snapshot.field(*deployment, "log_erase_days")? {
            Some(Value::Float(days)) => days,
            Some(other) => other.as_i64().map_or(f64::MAX, |days| days as f64),
            None => continue,
        };
        let end = asker.now.saturating_sub((days * DAY as f64) as i64);
        let (mut overdue, mut reaching) = (0, 0);
        for batch in snapshot.batches_of(*deployment) {
            let Some(how) = overdue_at(asker, batch, end)? else { continue };
            let log = ConcernedLog::of(snapshot, batch);
            if !holds.iter().any(|hold| log.is_held_by(snapshot, hold)) {
                overdue += 1;
                reaching += usize::from(how == Overdue::InPart);
            }
        }
        if overdue > 0 {
            let in_part = match reaching {
                0 => String::new(),
                _ => format!(
                    "; {reaching} of them also with events that are not, so not yet due as a whole: `lineal erase \
                     event` takes single ones"
                ),
            };
            let say = format!(
                "past the declared end of keeping, with no hold: {}{in_part}",
                batches(overdue)
            );
            offences.push(Offence::said(*deployment, say));
        }
    }
    Ok(offences)
}

/// How much of a batch should have been erased.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Overdue {
    Whole,
    InPart,
}

/// Does a batch still have events of before a time? Of one that reaches over it the rows say so.
fn overdue_at(asker: &Asker<'_>, batch: NodeNo, end: i64) -> Result<Option<Overdue>, Error> {
    asker.go_on()?;
    let snapshot = asker.snapshot();
    let Some(info) = snapshot.batch(batch).filter(|info| info.first_time < end) else {
        return Ok(None);
    };
    let rows = snapshot.rows_of(batch);
    if info.last_time < end {
        return Ok((!rows.is_empty()).then_some(Overdue::Whole));
    }
    let mut is_before = false;
    snapshot.visit_events(rows, EventField::Time, |value| {
        is_before |= matches!(value, Some(EventValue::Int(time)) if time < end);
    })?;
    Ok(is_before.then_some(Overdue::InPart))
}

fn batches(count: usize) -> String {
    if count == 1 { "1 batch".to_owned() } else { format!("{count} batches") }
}
