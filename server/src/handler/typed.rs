//! The head of an answer in the form with types: what `lineal --url` needs to print it as if the
//! store were here.

use crate::problem::Problem;
use crate::reply::withheld_words;
use crate::tenant::Opened;
use crate::wire::With;
use lineal_query::told::brief_json;
use lineal_query::{Answer, Item, NodeNo, Picture, StoreView, Type, Value};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;

/// Most nodes that are told of: nobody reads a larger tree.
const TOLD_MAX: usize = 20_000;

/// The head, with what is wished for beside the answer.
pub(super) fn head(
    answer: &Answer,
    with: &[With],
    opened: &Opened,
    view: &StoreView,
    withheld: bool,
) -> Result<String, Problem> {
    let mut head = answer.wire_head();
    head["withheld"] = json!(withheld_words(withheld));
    if with.contains(&With::Told) && answer.has_store() {
        head["told"] = told(answer, opened)?;
    }
    if with.contains(&With::Picture) && answer.has_store() {
        let picture = Picture::of(answer, view).map_err(|error| match error {
            lineal_query::Error::Picture { .. } => Problem::bad_request(error.to_string()),
            other => Problem::question(&other),
        })?;
        head["picture"] = picture.to_wire();
    }
    Ok(head.to_string())
}

/// A few facts of each node of an answer that is nothing but paths, by their numbers.
fn told(answer: &Answer, opened: &Opened) -> Result<Json, Problem> {
    let mut facts = Map::new();
    if matches!(answer.columns.as_slice(), [column] if column.column_type == Type::Path) {
        let nodes = nodes(answer);
        // `as of`: nodes are numbered as they were then.
        let then = (answer.commit != opened.commit())
            .then(|| opened.store.snapshot_at(answer.commit))
            .transpose()
            .map_err(|error| Problem::store(&error))?;
        let view = then.as_ref().unwrap_or_else(|| opened.snapshot());
        for node in nodes {
            let brief = brief_json(view, node, &|_| true).map_err(|e| Problem::store(&e))?;
            facts.insert(node.to_string(), brief);
        }
    }
    Ok(Json::Object(facts))
}

fn nodes(answer: &Answer) -> BTreeSet<NodeNo> {
    let mut nodes = BTreeSet::new();
    for value in answer.rows.iter().flatten() {
        let Value::Path(path) = value else { continue };
        let items = std::iter::once(path.start).chain(path.steps.iter().map(|step| step.to));
        nodes.extend(items.filter_map(|item| match item {
            Item::Node(node) => Some(node),
            Item::Event(_) => None,
        }));
        if nodes.len() >= TOLD_MAX {
            break;
        }
    }
    nodes
}
