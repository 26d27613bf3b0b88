//! Deployments that began behind a serious incident and before the authority was told (Article 73(6)): of each
//! service that the incident concerns, by a deployment, a model version, a system or a batch.

use std::collections::BTreeSet;

use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{NodeNo, Snapshot};
use lineal_proof::Value;

use super::Offence;
use super::concerned::logs_of;
use super::holds::around;
use crate::check::Error;
use crate::check::ask::{Asker, time_text};

/// Since when a deployment runs: as declared, else as its source dates it, else since its first event.
const BEGAN: [&str; 3] = ["from", "time", "first_event"];
/// When an incident happened, else when it was known.
const HAPPENED: [&str; 2] = ["time", "aware_at"];

/// The starts of each incident, each a finding of its own. Of an incident without a time nothing can be told here.
pub(super) fn starts(asker: &Asker<'_>, subjects: &[NodeNo]) -> Result<Vec<Offence>, Error> {
    let mut offences = Vec::new();
    for incident in subjects {
        asker.go_on()?;
        let Some(since) = first_of(asker, *incident, &HAPPENED)? else { continue };
        let told = asker.time(*incident, "authority_informed_at")?;
        for deployment in of_its_services(asker, *incident)? {
            let Some(began) = first_of(asker, deployment, &BEGAN)? else { continue };
            let is_untold = began > since && told.is_none_or(|told| began < told);
            if is_untold && !is_a_stop(asker, deployment)? {
                let (name, began) = (asker.name(deployment), time_text(began));
                let say = format!("{name} started on {began}, before the authority was told");
                offences.push(Offence::said(*incident, say));
            }
        }
    }
    Ok(offences)
}

/// The deployments that an incident concerns, and those of the same services.
fn of_its_services(asker: &Asker<'_>, incident: NodeNo) -> Result<BTreeSet<NodeNo>, Error> {
    let view = asker.snapshot();
    let mut found = concerned(view, incident);
    let mut services = BTreeSet::new();
    for deployment in &found {
        services.extend(service(view, *deployment)?);
    }
    if !services.is_empty() {
        for deployment in view.nodes_of(Kind::Deployment) {
            asker.go_on()?;
            if service(view, deployment)?.is_some_and(|service| services.contains(&service)) {
                found.insert(deployment);
            }
        }
    }
    found.retain(|deployment| asker.part.sees(*deployment));
    Ok(found)
}

/// The deployments that an incident concerns; of one that names no log those of the system that it belongs to.
fn concerned(view: &Snapshot, incident: NodeNo) -> BTreeSet<NodeNo> {
    let mut nodes = BTreeSet::new();
    for log in logs_of(view, incident) {
        nodes.insert(log.node);
        nodes.extend(view.edges(log.node, Relation::ServedBy, Direction::Forward));
    }
    if nodes.is_empty() {
        nodes = around(view, incident);
    }
    nodes.retain(|node| view.kind_of(*node) == Kind::Deployment);
    nodes
}

fn service(view: &Snapshot, deployment: NodeNo) -> Result<Option<String>, Error> {
    let value = view.field(deployment, "service")?;
    Ok(value.as_ref().and_then(Value::as_text).map(str::to_owned))
}

/// The first of these fields that is recorded.
fn first_of(asker: &Asker<'_>, node: NodeNo, fields: &[&str]) -> Result<Option<i64>, Error> {
    for field in fields {
        if let Some(time) = asker.time(node, field)? {
            return Ok(Some(time));
        }
    }
    Ok(None)
}

/// Is it on record that a deployment was put out of use? Such a start altered nothing that is searched for.
fn is_a_stop(asker: &Asker<'_>, deployment: NodeNo) -> Result<bool, Error> {
    let view = asker.snapshot();
    for change in view.edges(deployment, Relation::Concerns, Direction::Inverse) {
        let is_seen = view.kind_of(*change) == Kind::Change && asker.part.sees(*change);
        if is_seen && view.field(*change, "type")?.as_ref().and_then(Value::as_text) == Some("stop")
        {
            return Ok(true);
        }
    }
    Ok(false)
}
