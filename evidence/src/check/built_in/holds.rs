//! What a hold should be over and is not; what is past the end of keeping, with no hold over it.

use std::collections::BTreeSet;

use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{HoldInfo, HoldScope, NodeNo, Snapshot, Store};

use super::Offence;
use super::concerned::{ConcernedLog, logs_of};
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
            Kind::Model => {
                nodes.extend(snapshot.edges(node, Relation::Deploys, Direction::Inverse));
            }
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
    let holds: Vec<HoldInfo> = store.holds_at(snapshot.commit())?;
    let mut offences = Vec::new();
    for incident in subjects {
        asker.go_on()?;
        let recorded = asker.time(*incident, "recorded")?.unwrap_or(snapshot.recorded());
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
                    None => format!("no hold over {name}, which it concerns, is recorded"),
                };
                offences.push(Offence::said(*incident, say).with("deployment", name));
            }
            continue;
        }
        // No log of it is held, or it concerns none.
        let around = around(snapshot, *incident);
        let fits = |hold: &&HoldInfo| match &hold.scope {
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
            None => "no hold over what it concerns is recorded".to_owned(),
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
        let systems = snapshot.edges(*deployment, Relation::BelongsTo, Direction::Forward);
        let is_held = holds.iter().any(|hold| match &hold.scope {
            HoldScope::Store => true,
            HoldScope::Node(kind, key) => snapshot
                .node_with_key(*kind, key)
                .is_some_and(|node| node == *deployment || systems.contains(&node)),
        });
        if is_held {
            continue;
        }
        let overdue = snapshot.batches_of(*deployment).into_iter().filter(|batch| {
            let last = snapshot.batch(*batch).map(|batch| batch.last_time);
            last.is_some_and(|last| last < end) && !snapshot.rows_of(*batch).is_empty()
        });
        let overdue = overdue.count();
        if overdue > 0 {
            let say =
                format!("past the declared end of keeping, with no hold: {}", batches(overdue));
            offences.push(Offence::said(*deployment, say));
        }
    }
    Ok(offences)
}

fn batches(count: usize) -> String {
    if count == 1 { "1 batch".to_owned() } else { format!("{count} batches") }
}
