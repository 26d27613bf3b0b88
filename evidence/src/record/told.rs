//! What was recorded, for programs: the same here, over the network and for assistants.

use super::desk::Recorded;
use super::error::Result;
use super::known::about_type;
use super::request::{Record, Request};
use super::standing::{Standing, standing};
use super::words::time_text;
use lineal_engine::{Snapshot, Store};
use lineal_query::{Limits, Parameters, Prepared, Request as Asking, State, StoreView, Value};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// What a withdrawn data set reaches: deployments with their events, and the models between. By itself, which models were
/// evaluated on it: what is known of them rests on it too, though nothing of it is in them.
const REACHED: [(&str, &str); 3] = [
    ("deployments", "find deployment downstream of $dataset return it, events, overrides"),
    ("models", "find model downstream of $dataset return it"),
    (
        "evaluated",
        "find model evaluated_by evaluation tested_on $dataset \
         union find model downstream via registered_from of (find model evaluated_by evaluation tested_on $dataset) \
         union find model downstream via produced_by, registered_from of (find run tested_on $dataset) \
         union find model used_by run tested_on $dataset",
    ),
];
/// Rows given of each; all are counted.
const LISTED: usize = 1_000;

/// How it stands with the approval of a node, as JSON.
#[must_use]
pub fn standing_json(view: &Snapshot, stands: &Standing) -> Json {
    let decided = stands.decided.iter().map(|it| {
        json!({
            "approval": view.name_of(it.approval), "decision": it.decision, "by": it.by,
            "at": it.at.map(time_text), "recorded": time_text(it.recorded),
            "expires": it.expires.map(time_text), "keys_needed": it.keys_needed,
            "signature": it.signature.name(), "says": it.signature.words(),
            "of_what_is_current": it.is_current,
        })
    });
    json!({
        "granted": stands.is_granted(), "keys_needed": stands.keys_needed,
        "keys": stands.keys, "rejected": stands.rejected, "notes": stands.notes,
        "decisions": decided.collect::<Vec<_>>(),
    })
}

/// What was recorded; of a decision with how it stands now.
///
/// # Errors
/// [`super::Error::Store`] if a record cannot be read.
pub fn recorded_facts(
    store: &Store,
    request: &Request,
    recorded: &Recorded,
    now: i64,
) -> Result<Json> {
    let Recorded { kind, node, commit, import, known } = recorded;
    let mut told = json!({
        "node": node, "kind": kind.name(), "commit": commit, "import": import, "known": known,
    });
    if let Record::Attach { document_type, .. } = &request.record
        && let Some(note) = about_type(document_type)
    {
        told["notes"] = json!([note]);
    }
    if let Record::Approve { node, .. } | Record::Reject { node, .. } = &request.record {
        let view = store.snapshot()?;
        let of = super::desk::node(&view, node)?;
        told["standing"] = standing_json(&view, &standing(store, &view, of, now)?);
    }
    Ok(told)
}

/// The same, and of a withdrawal what the data set reached. Both are read after the commit.
///
/// # Errors
/// [`super::Error::Store`] if a record cannot be read.
pub fn recorded_json(
    store: &Arc<Store>,
    request: &Request,
    recorded: &Recorded,
    now: i64,
) -> Result<Json> {
    let mut told = recorded_facts(store, request, recorded, now)?;
    if let Record::Withdraw { node } = &request.record {
        told["reached"] = reached(store, node, now)?;
    }
    Ok(told)
}

fn reached(store: &Arc<Store>, dataset: &str, now: i64) -> Result<Json> {
    let view = StoreView::new(Arc::clone(store))?;
    let snapshot = view.snapshot();
    let node = super::desk::node_of(snapshot, lineal_engine::schema::Kind::Dataset, dataset)?;
    let parameters = Parameters::new().text("dataset", snapshot.name_of(node));
    let limits = Limits::default();
    let asking = Asking { parameters: &parameters, limits: &limits, now };
    let mut told = json!({});
    let mut complete = State::Complete;
    for (what, question) in REACHED {
        let prepared = Prepared::new(question).map_err(lineal_query::Error::from)?;
        let answer = prepared.run(&view, &asking)?;
        let number = |value: Option<&Value>| match value {
            Some(Value::Int(number)) => Some(*number),
            _ => None,
        };
        let rows = answer.rows.iter().take(LISTED).filter_map(|row| {
            let Some(Value::Node(node)) = row.first() else { return None };
            Some(match what {
                "deployments" => json!({
                    "node": snapshot.name_of(*node), "events": number(row.get(1)),
                    "overrides": number(row.get(2)),
                }),
                _ => json!({ "node": snapshot.name_of(*node) }),
            })
        });
        told[what] = json!({ "total": answer.total, "rows": rows.collect::<Vec<_>>() });
        if answer.completeness.state() != State::Complete {
            complete = answer.completeness.state();
        }
    }
    told["completeness"] = json!(complete.name());
    Ok(told)
}
