//! How long what is kept and what is due, for programs: the same here and over the network.

use super::{Class, Due, DueBatch, DueDay, Policy, Standing, due, standing};
use crate::Error;
use crate::record::time_text;
use lineal_engine::{Snapshot, Store};
use serde_json::{Value as Json, json};

/// The class of log batches.
pub const LOGS: &str = "inference-log";

/// A policy, what is due under it at a time, and how its other classes stand.
#[derive(Clone, Debug)]
pub struct Kept<'p> {
    /// What of the inference log is kept, and what is due; none where the policy has no such class.
    pub logs: Option<Due>,
    /// The other classes whose things are counted.
    pub others: Vec<(&'p Class, Standing)>,
}

impl<'p> Kept<'p> {
    /// Looks at a view, in which what is restricted must be shown: it is kept as well.
    ///
    /// # Errors
    /// What the store says.
    pub fn of(
        store: &Store,
        view: &Snapshot,
        policy: &'p Policy,
        now: i64,
    ) -> Result<Kept<'p>, Error> {
        let class = policy.class(LOGS);
        let logs = class.map(|class| due(store, view, class, now)).transpose()?;
        let mut others = Vec::new();
        for class in &policy.classes {
            others.extend(standing(view, class, now)?.map(|standing| (class, standing)));
        }
        Ok(Kept { logs, others })
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self, policy: &Policy, now: i64) -> Json {
        let mut told = json!({
            "policy": policy.name, "version": policy.version, "at": time_text(now),
            "classes": policy.classes.iter().map(class_json).collect::<Vec<_>>(),
        });
        if let Some(logs) = &self.logs {
            told[LOGS] = json!({
                "batches": logs.batches, "retracted": logs.retracted, "below_floor": logs.below_floor,
                "cannot_tell": logs.timeless,
                "due": logs.due.iter().map(batch_json).collect::<Vec<_>>(),
            });
        }
        told["standing"] = self.others.iter().map(standing_json).collect();
        told
    }
}

fn class_json(class: &Class) -> Json {
    json!({
        "class": class.name, "covers": class.covers, "min": class.min.text(), "max": class.max.text(),
        "anchor": class.anchor, "basis": class.basis, "max_basis": class.max_basis,
        "purpose": class.purpose, "holder": class.holder, "on_expiry": class.on_expiry,
        "findings": class.findings,
    })
}

/// A day of the access trail that is due.
#[must_use]
pub fn day_json(day: &DueDay) -> Json {
    json!({
        "node": day.node.to_string(), "name": day.name, "field": day.field,
        "ceiling": time_text(day.ceiling),
    })
}

fn standing_json((class, standing): &(&Class, Standing)) -> Json {
    json!({
        "class": class.name, "nodes": standing.nodes, "below_floor": standing.below_floor,
        "cannot_tell": standing.cannot_tell, "due": standing.due,
        "days": standing.days.iter().map(day_json).collect::<Vec<_>>(),
    })
}

/// A batch that is due.
#[must_use]
pub fn batch_json(batch: &DueBatch) -> Json {
    json!({
        "batch": batch.id.to_string(), "name": batch.name, "deployment": batch.deployment,
        "rows": batch.rows, "retracted": batch.retracted, "last_time": time_text(batch.last_time),
        "ceiling": time_text(batch.ceiling), "hold": batch.hold,
    })
}
