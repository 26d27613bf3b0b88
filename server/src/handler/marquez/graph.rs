//! The graph of jobs and datasets around one of them.

use super::found::{Name, World};
use super::nothing;
use crate::problem::Problem;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// Most nodes of one answer: each is told with all that Marquez tells of it.
const NODES_MAX: usize = 2_000;
/// Most steps: more than any graph of so many nodes is deep.
const DEPTH_MAX: u64 = NODES_MAX as u64;

/// A node of the graph.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Node {
    Dataset(Name),
    Job(Name),
}

impl Node {
    fn id(&self) -> String {
        let (word, Name { namespace, name }) = match self {
            Node::Dataset(name) => ("dataset", name),
            Node::Job(name) => ("job", name),
        };
        format!("{word}:{namespace}:{name}")
    }
}

/// What goes into a node and what comes out of it.
#[derive(Default)]
struct Edges {
    into: BTreeSet<Node>,
    out: BTreeSet<Node>,
}

fn edges(world: &World<'_>, node: &Node) -> Edges {
    match node {
        Node::Job(name) => {
            let Some(job) = world.job(name) else { return Edges::default() };
            Edges {
                into: world.inputs(job).into_iter().map(Node::Dataset).collect(),
                out: world.outputs(job).into_iter().map(Node::Dataset).collect(),
            }
        }
        Node::Dataset(name) => {
            let mut edges = Edges::default();
            for job in world.jobs_at(&world.dataset(name)) {
                let Some(node) = world.job(&job) else { continue };
                if world.outputs(node).contains(name) {
                    edges.into.insert(Node::Job(job.clone()));
                }
                if world.inputs(node).contains(name) {
                    edges.out.insert(Node::Job(job));
                }
            }
            edges
        }
    }
}

/// The node of that id. Both parts may hold colons, so each place to cut is tried.
fn find(world: &World<'_>, id: &str) -> Result<Node, Problem> {
    let known = "`nodeId` is `dataset:NAMESPACE:NAME` or `job:NAMESPACE:NAME`; nothing else has lineage of its own here";
    let (word, rest) = id.split_once(':').ok_or_else(|| Problem::bad_request(known))?;
    let cuts = rest
        .match_indices(':')
        .map(|(at, _)| Name::new(rest[..at].to_owned(), rest[at + 1..].to_owned()));
    let found: Vec<Node> = match word {
        "dataset" => cuts.filter(|it| !world.dataset(it).is_empty()).map(Node::Dataset).collect(),
        "job" => cuts.filter(|it| world.job(it).is_some()).map(Node::Job).collect(),
        _ => return Err(Problem::bad_request(known)),
    };
    match <[Node; 1]>::try_from(found) {
        Ok([node]) => Ok(node),
        Err(none) if none.is_empty() => Err(nothing()),
        Err(_) => Err(Problem::ambiguous(
            "several things are called so, cut at different colons; ask for their jobs by name",
        )),
    }
}

/// The graph around a node, so many steps.
///
/// # Errors
/// [`Problem`] if nothing or several things are called so, or if it is too large.
pub(super) fn around(world: &World<'_>, id: &str, depth: u64) -> Result<Json, Problem> {
    let start = find(world, id)?;
    let mut seen: BTreeMap<Node, Edges> = BTreeMap::new();
    let mut next = vec![start];
    for _ in 0..=depth.min(DEPTH_MAX) {
        for node in std::mem::take(&mut next) {
            if seen.contains_key(&node) {
                continue;
            }
            if seen.len() >= NODES_MAX {
                return Err(Problem::bad_request(format!(
                    "more than {NODES_MAX} jobs and datasets are that near; ask for a smaller `depth`"
                )));
            }
            let edges = edges(world, &node);
            next.extend(edges.into.iter().chain(&edges.out).cloned());
            seen.insert(node, edges);
        }
    }
    let mut graph = Vec::new();
    for (node, edges) in &seen {
        let within = |others: &BTreeSet<Node>| -> Vec<String> {
            others.iter().filter(|other| seen.contains_key(*other)).map(Node::id).collect()
        };
        let (kind, data) = match node {
            Node::Dataset(name) => ("DATASET", world.dataset_json(name, &world.dataset(name))?),
            Node::Job(name) => {
                let job = world.job(name).ok_or_else(nothing)?;
                ("JOB", world.job_json(name, job)?)
            }
        };
        let id = node.id();
        let edge = |from: &str, to: &str| json!({ "origin": from, "destination": to });
        let into: Vec<Json> = within(&edges.into).iter().map(|it| edge(it, &id)).collect();
        let out: Vec<Json> = within(&edges.out).iter().map(|it| edge(&id, it)).collect();
        graph.push(
            json!({ "id": id, "type": kind, "data": data, "inEdges": into, "outEdges": out }),
        );
    }
    Ok(json!({ "graph": graph }))
}
