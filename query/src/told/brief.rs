//! A node in a few facts: what a tree says of it beside its name.

use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{Error, NodeNo, Snapshot};
use lineal_proof::Value;
use serde_json::{Map, Value as Json, json};

use super::{type_of, value_json, withdrawn};
use crate::value::time_text;

/// Most approvals and as many documents that are told of a node: a tree is to be read.
pub const BESIDE_MAX: usize = 5;

/// The fields that are told of a kind.
fn told(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Deployment => &["events", "overrides", "first_event", "last_event"],
        Kind::Model => &["stage", "aliases", "form", "time"],
        Kind::Run => &["name", "status", "started"],
        Kind::Dataset => &["uri", "source_type", "rows"],
        Kind::Code => &["repo"],
        _ => &[],
    }
}

fn only(view: &Snapshot, node: NodeNo, names: &[&str]) -> Result<Map<String, Json>, Error> {
    if names.is_empty() {
        return Ok(Map::new());
    }
    let fields = view.fields(node)?.fields;
    let kind = view.kind_of(node);
    let known = names.iter().filter_map(|name| Some((name, fields.get(name)?)));
    Ok(known
        .map(|(name, value)| ((*name).to_owned(), value_json(value, type_of(kind, name))))
        .collect())
}

/// What a line of a tree says of a node: its kind, whether it is recorded, the fields that matter
/// there, of a run who did it, and of a data set since when it is taken back.
///
/// # Errors
/// [`Error::Corrupt`] if a record cannot be read.
pub fn brief_json(
    view: &Snapshot,
    node: NodeNo,
    sees: &dyn Fn(NodeNo) -> bool,
) -> Result<Json, Error> {
    let kind = view.kind_of(node);
    let missing = view.is_missing(node);
    if !view.candidates(node).is_empty() || missing {
        let unclear = !view.candidates(node).is_empty();
        return Ok(json!({ "kind": kind.name(), "missing": missing, "unclear": unclear }));
    }
    let people = if kind == Kind::Run { people(view, node, sees) } else { Vec::new() };
    let mut brief = json!({
        "kind": kind.name(), "missing": false, "unclear": false,
        "deleted": view.is_deleted(node), "fields": only(view, node, told(kind))?,
        "people": people,
    });
    if let Some(taken_back) = withdrawn(view, node, sees)? {
        brief["withdrawn"] = json!(time_text(taken_back.at));
    }
    Ok(brief)
}

fn people(view: &Snapshot, node: NodeNo, sees: &dyn Fn(NodeNo) -> bool) -> Vec<String> {
    let people = view.edges(node, Relation::DoneBy, Direction::Forward);
    people.iter().filter(|node| sees(**node)).map(|node| view.name_of(*node)).collect()
}

/// What stands beside a node in a tree: decisions and documents, the first [`BESIDE_MAX`] of each; of decisions
/// the rejections first, so that none is left out for an approval.
///
/// # Errors
/// [`Error::Corrupt`] if a record cannot be read.
pub fn beside_json(
    view: &Snapshot,
    node: NodeNo,
    sees: &dyn Fn(NodeNo) -> bool,
) -> Result<Json, Error> {
    let beside = |relation: Relation| {
        let all = view.edges(node, relation, Direction::Inverse).iter();
        all.copied().filter(|node| sees(*node))
    };
    let (mut rejections, mut others) = (Vec::new(), Vec::new());
    for decision in beside(Relation::Approves) {
        let word = view.field(decision, "decision")?;
        let is_rejection = word.as_ref().and_then(Value::as_text) == Some("rejected");
        if is_rejection { &mut rejections } else { &mut others }.push(decision);
    }
    let mut approvals = Vec::new();
    for approval in rejections.into_iter().chain(others).take(BESIDE_MAX) {
        let fields = only(view, approval, &["decision", "role", "time", "expires"])?;
        let people = people(view, approval, sees);
        approvals.push(json!({ "fields": fields, "people": people }));
    }
    let mut documents = Vec::new();
    for document in beside(Relation::Documents).take(BESIDE_MAX) {
        let fields = only(view, document, &["type"])?;
        documents.push(json!({ "name": view.name_of(document), "fields": fields }));
    }
    Ok(json!({ "approvals": approvals, "documents": documents }))
}
