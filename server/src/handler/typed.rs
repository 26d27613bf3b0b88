//! The head of an answer in the form with types: what `lineal --url` needs to print it as if the
//! store were here.

use crate::problem::Problem;
use crate::wire::With;
use lineal_engine::Error;
use lineal_query::source::Source;
use lineal_query::{Answer, Item, NodeNo, Picture, Type, Value};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;

/// Most nodes that are told of: nobody reads a larger tree.
const TOLD_MAX: usize = 20_000;

/// The head, with what is wished for beside the answer. `tell` gives a few facts of a node of a view.
pub(super) fn head<S: Source<Error = Error>>(
    answer: &Answer,
    with: &[With],
    view: &S,
    withheld: &[&str],
    tell: impl Fn(&S, NodeNo) -> Result<Json, Error>,
) -> Result<String, Problem> {
    let mut head = answer.wire_head();
    head["withheld"] = json!(withheld);
    if with.contains(&With::Told) && answer.has_store() {
        head["told"] = told(answer, view, tell)?;
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
fn told<S: Source<Error = Error>>(
    answer: &Answer,
    view: &S,
    tell: impl Fn(&S, NodeNo) -> Result<Json, Error>,
) -> Result<Json, Problem> {
    let mut facts = Map::new();
    if matches!(answer.columns.as_slice(), [column] if column.column_type == Type::Path) {
        let nodes = nodes(answer);
        // `as of`: nodes are numbered as they were then.
        let then = (answer.commit != view.commit())
            .then(|| view.as_of_commit(answer.commit))
            .transpose()
            .map_err(|error| Problem::store(&error))?
            .flatten();
        for node in nodes {
            let brief = tell(then.as_ref().unwrap_or(view), node);
            facts.insert(node.to_string(), brief.map_err(|e| Problem::store(&e))?);
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
