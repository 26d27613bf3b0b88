//! `retention.json`: how long what of the pack is to be kept, by the policy that the program brings and by
//! what deployments declare; what of it is due is as of the pack's today.

use super::coverage::Covered;
use super::making::Making;
use super::{Error, Files};
use crate::check::time_text;
use crate::retention::{Class, Policy, standing_of};
use lineal_engine::schema::{Kind, fields};
use lineal_query::told::value_json;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;

/// The class of events of log batches in a policy.
const LOGS: &str = "inference-log";
/// Fields of a deployment that say how long its logs are kept begin so.
const DECLARED: &str = "log_";

/// Adds it.
pub(super) fn add(
    making: &Making<'_>,
    files: &mut Files,
    covered: &[Covered],
) -> Result<(), Error> {
    let policy = Policy::read(None)?;
    let nodes: BTreeSet<u32> = making.closure.members.iter().map(|member| member.node).collect();
    let mut classes = Vec::new();
    for class in &policy.classes {
        let standing =
            standing_of(making.snapshot(), class, making.today, &|node| nodes.contains(&node))?;
        let standing = standing.map(|it| {
            json!({
                "nodes": it.nodes, "below_floor": it.below_floor, "cannot_tell": it.cannot_tell,
                "ceiling_passed": it.due,
            })
        });
        classes.push(json!({
            "class": class.name, "covers": class.covers, "floor": class.min.text(),
            "ceiling": class.max.text(), "from": class.anchor, "basis": class.basis,
            "ceiling_basis": class.max_basis, "purpose": class.purpose, "holder": class.holder,
            "on_expiry": class.on_expiry, "to_settle": class.findings, "standing": standing,
        }));
    }
    let class = policy.class(LOGS);
    let logs = covered.iter().map(|covered| log(making, covered, class)).collect::<Vec<Json>>();
    files.json(
        "retention.json",
        &json!({
            "policy": { "name": policy.name, "version": policy.version },
            "today": time_text(making.today), "classes": classes, "logs": logs,
            "holds": "those that touch this stand in custody.json; a hold stops every ceiling",
        }),
    )
}

/// What is said of one deployment's log, and the ends that follow for each batch.
fn log(making: &Making<'_>, covered: &Covered, class: Option<&Class>) -> Json {
    let member = &making.closure.members[covered.member];
    let mut declared = Map::new();
    for spec in fields(Kind::Deployment).iter().filter(|spec| spec.name.starts_with(DECLARED)) {
        if let Some(value) = member.fields.get(spec.name) {
            declared.insert(spec.name.to_owned(), value_json(value, Some(spec.field_type)));
        }
    }
    let view = making.snapshot();
    let batches = covered.batches.iter().filter_map(|batch| {
        let info = view.batch(*batch)?;
        let last = (info.first_time <= info.last_time).then_some(info.last_time);
        let end = |of: fn(&Class, i64) -> Option<i64>| {
            last.zip(class).and_then(|(last, class)| of(class, last)).map(time_text)
        };
        Some(json!({
            "batch": view.name_of(*batch), "id": view.node_id(*batch).to_string(),
            "last_event": last.map(time_text),
            "kept_at_least_until": end(|class, last| class.min.end(last)),
            "erased_by": end(|class, last| class.max.end(last)),
        }))
    });
    json!({
        "deployment": member.name, "id": member.id.to_string(), "declared": declared,
        "batches": batches.collect::<Vec<_>>(),
    })
}
