//! What lies upstream of a thing, and what is missing on the way.

use std::collections::HashSet;

use lineal_engine::schema::{Class, Direction, Kind, RELATIONS, Relation};
use lineal_engine::{Error, NodeNo, Snapshot};
use lineal_proof::Value;
use serde_json::{Map, Value as Json, json};

use super::target::found_by;
use super::{
    Target, Tool, beside_json, brief_json, bringer, event_json, input_advice, role_advice,
    tool_of_missing, withdrawn,
};
use crate::answer::State;
use crate::value::time_text;

/// Something on the way that is not as it should be.
#[derive(Debug)]
pub enum Finding {
    /// Referred to, never imported.
    Missing(NodeNo),
    /// A claim that fits several nodes.
    Ambiguous(NodeNo),
    /// A run that records no data set, and what was found instead.
    NoInput(NodeNo, Vec<String>),
    /// A run that records a data set without saying what for.
    NoRole(NodeNo),
    /// A deployment whose events name no model.
    NoModel(NodeNo),
    /// A model that no run is recorded for.
    NoRun(NodeNo),
    /// A data set that was taken back, and since when.
    Withdrawn(NodeNo, i64),
    /// More edges lie upstream than the asker is told: so many are.
    Cut(usize),
}

impl Finding {
    /// Does it leave the answer open?
    #[must_use]
    pub fn is_uncertain(&self) -> bool {
        !matches!(self, Finding::NoInput(..) | Finding::Withdrawn(..))
    }

    /// In words: what it is, then what to do.
    #[must_use]
    pub fn lines(&self, view: &Snapshot) -> Vec<String> {
        self.lines_for(view, &|_| true)
    }

    fn lines_for(&self, view: &Snapshot, sees: &dyn Fn(NodeNo) -> bool) -> Vec<String> {
        let name = |node: &NodeNo| view.name_of(*node);
        match self {
            Finding::Missing(node) => {
                let tool = tool_of_missing(view, *node, sees);
                let bringer = bringer(view.kind_of(*node), tool.as_slice());
                vec![format!("missing: {} is only referred to; {bringer}", name(node))]
            }
            Finding::Ambiguous(node) => {
                let candidates = view.candidates(*node).iter().filter(|node| sees(**node));
                let candidates: Vec<String> = candidates.map(name).collect();
                vec![
                    format!("cannot tell: {} may be {}", name(node), candidates.join(" or ")),
                    format!(
                        "  `lineal alias` decides: lineal alias NAME = {}",
                        candidates.first().map_or("...", String::as_str)
                    ),
                ]
            }
            Finding::NoInput(node, hints) => {
                let found = if hints.is_empty() {
                    "nothing that names data".to_owned()
                } else {
                    hints.join("; ")
                };
                let advice = input_advice(Tool::of_run(view, *node), &name(node));
                vec![
                    format!("{} records no dataset input; found instead: {found}", name(node)),
                    format!("  to record it: {advice}"),
                ]
            }
            Finding::NoRole(node) => vec![format!(
                "{} names data sets without a role; {} records it",
                name(node),
                role_advice(Tool::of_run(view, *node), &name(node))
            )],
            Finding::NoModel(node) => {
                vec![format!(
                    "{}: its events name no model version, so the trail ends here",
                    name(node)
                )]
            }
            Finding::NoRun(node) => {
                vec![format!("{}: no run that made it is recorded", name(node))]
            }
            Finding::Withdrawn(node, at) => {
                vec![format!(
                    "{}: taken back (`lineal withdraw`) at {}",
                    name(node),
                    time_text(*at)
                )]
            }
            Finding::Cut(edges) => vec![
                format!(
                    "truncated: more than {edges} edges lie upstream, and what is beyond is not told"
                ),
                "  a question turns pages over all of it: find dataset upstream of ...".to_owned(),
            ],
        }
    }
}

/// For whom something is told.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    /// Is the subject group of events kept back?
    pub withheld: bool,
    /// Is a node for them?
    pub sees: &'a dyn Fn(NodeNo) -> bool,
    /// Do they no longer wait?
    pub stop: &'a dyn Fn() -> bool,
    /// Most edges that they are told of; at more the lineage is cut, and says so.
    pub edges_max: usize,
}

impl Asker<'_> {
    /// One who sees all, and waits to the end.
    pub const ANYBODY: Asker<'static> =
        Asker { withheld: false, sees: &|_| true, stop: &|| false, edges_max: usize::MAX };

    fn waits(&self) -> Result<(), Untold> {
        if (self.stop)() { Err(Untold::Stopped) } else { Ok(()) }
    }
}

/// Why a lineage is not told.
#[derive(Debug, thiserror::Error)]
pub enum Untold {
    /// Nobody waits for it any more.
    #[error("it was stopped before its end")]
    Stopped,
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] Error),
}

/// What lies upstream of some roots.
#[derive(Debug)]
pub struct Lineage {
    /// Where it begins.
    pub roots: Vec<NodeNo>,
    /// Every node of it once, depth first, roots included.
    pub nodes: Vec<NodeNo>,
    /// Each edge: from, relation, to.
    pub edges: Vec<(NodeNo, &'static str, NodeNo)>,
    /// Data sets behind it by training, in order of discovery.
    pub trained_on: Vec<NodeNo>,
    /// All of them, those that leave the answer open first.
    pub findings: Vec<Finding>,
    /// Is its training data a sensible question?
    pub concerns_training: bool,
}

impl Lineage {
    /// Walks upstream of a node, or of the deployments of events.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if a record cannot be read, and [`Untold::Stopped`].
    pub fn of(view: &Snapshot, target: &Target, asker: &Asker<'_>) -> Result<Lineage, Untold> {
        let roots = roots(view, target);
        let (trained_on, mut is_cut) = training_data(view, &roots, asker)?;
        let mut lineage = Lineage {
            nodes: Vec::new(),
            edges: Vec::new(),
            trained_on,
            findings: Vec::new(),
            concerns_training: roots.iter().any(|root| asks_for_training(view.kind_of(*root))),
            roots,
        };
        let mut seen: HashSet<NodeNo> = HashSet::new();
        // A stack of its own, since lineage may be deep.
        let mut stack: Vec<NodeNo> = lineage.roots.iter().rev().copied().collect();
        while let Some(node) = stack.pop() {
            if !seen.insert(node) {
                continue;
            }
            asker.waits()?;
            let children = upstream(view, node);
            // A node comes with all its edges, or not at all.
            if children.len() > asker.edges_max - lineage.edges.len() {
                is_cut = true;
                break;
            }
            lineage.nodes.push(node);
            // A node is judged once, so no finding comes twice.
            lineage.findings.extend(judge(view, node, &children)?);
            let taken_back = withdrawn(view, node, asker.sees)?;
            lineage.findings.extend(taken_back.map(|it| Finding::Withdrawn(node, it.at)));
            for (relation, target) in children.iter().rev() {
                lineage.edges.push((node, relation.name(), *target));
                stack.push(*target);
            }
        }
        // What leaves the answer open stands first, where a screen is cut.
        lineage.findings.sort_by_key(|finding| !finding.is_uncertain());
        if is_cut {
            lineage.findings.insert(0, Finding::Cut(asker.edges_max));
        }
        Ok(lineage)
    }

    /// Was it cut, at the most edges that its asker is told of?
    #[must_use]
    pub fn is_cut(&self) -> bool {
        matches!(self.findings.first(), Some(Finding::Cut(_)))
    }

    /// Is something on the way missing or in conflict?
    #[must_use]
    pub fn is_uncertain(&self) -> bool {
        self.findings.iter().any(Finding::is_uncertain)
    }
}

/// A lineage for programs; `text` is what was asked for. Of events the subject group may be
/// withheld; of what a reference may mean, only what the asker sees is named.
///
/// # Errors
/// [`Error::Corrupt`] if a record cannot be read, and [`Untold::Stopped`].
pub fn trace_json(
    view: &Snapshot,
    text: &str,
    target: &Target,
    lineage: &Lineage,
    asker: &Asker<'_>,
) -> Result<Json, Untold> {
    let (events, found_by) = match target {
        Target::Node(_) => (Vec::new(), None),
        Target::Events { events, by } => {
            let told = |event: &_| {
                asker.waits()?;
                Ok(event_json(view, *event, asker.withheld)?)
            };
            let events = events.iter().map(told);
            (events.collect::<Result<Vec<_>, Untold>>()?, Some(found_by(by, asker.withheld)))
        }
    };
    let name = |node: &NodeNo| view.name_of(*node);
    let edges = lineage.edges.iter().map(|(from, relation, to)| {
        asker.waits()?;
        Ok(json!({ "from": name(from), "relation": relation, "to": name(to) }))
    });
    let edges = edges.collect::<Result<Vec<Json>, Untold>>()?;
    let findings = lineage.findings.iter().map(|finding| {
        asker.waits()?;
        Ok(finding.lines_for(view, asker.sees).join(" "))
    });
    let findings = findings.collect::<Result<Vec<String>, Untold>>()?;
    let state = match (lineage.is_cut(), lineage.is_uncertain()) {
        (true, _) => State::Truncated,
        (false, true) => State::CannotTell,
        (false, false) => State::Complete,
    };
    Ok(json!({
        "target": text, "events": events, "found_by": found_by,
        "roots": lineage.roots.iter().map(name).collect::<Vec<_>>(),
        "edges": edges,
        "training_data": lineage.trained_on.iter().map(name).collect::<Vec<_>>(),
        // Of what was cut, that there is none is not known.
        "recorded": (lineage.concerns_training && !(lineage.is_cut() && lineage.trained_on.is_empty()))
            .then_some(!lineage.trained_on.is_empty()),
        "completeness": state.name(),
        "findings": findings, "commit": view.commit(),
    }))
}

/// Adds to a lineage for programs what a tree says of its nodes, by their names: `nodes`. Findings
/// then stand with their lines, as a screen shows them.
///
/// # Errors
/// [`Error::Corrupt`] if a record cannot be read, and [`Untold::Stopped`].
pub fn describe(
    json: &mut Json,
    view: &Snapshot,
    lineage: &Lineage,
    asker: &Asker<'_>,
) -> Result<(), Untold> {
    let mut nodes = Map::new();
    for node in &lineage.nodes {
        asker.waits()?;
        let mut told = brief_json(view, *node, asker.sees)?;
        told["beside"] = beside_json(view, *node, asker.sees)?;
        nodes.insert(view.name_of(*node), told);
    }
    json["nodes"] = Json::Object(nodes);
    let lines = lineage.findings.iter().map(|finding| finding.lines_for(view, asker.sees));
    json["finding_lines"] = json!(lines.collect::<Vec<_>>());
    Ok(())
}

/// Where the lineage begins: at the node, or at the deployments of the events.
fn roots(view: &Snapshot, target: &Target) -> Vec<NodeNo> {
    match target {
        Target::Node(node) => vec![*node],
        Target::Events { events, .. } => {
            let mut deployments: Vec<NodeNo> =
                events.iter().filter_map(|event| view.event_deployment(*event)).collect();
            deployments.sort_unstable();
            deployments.dedup();
            deployments
        }
    }
}

fn judge(
    view: &Snapshot,
    node: NodeNo,
    children: &[(Relation, NodeNo)],
) -> Result<Option<Finding>, Error> {
    let has = |relation: Relation| children.iter().any(|(of, _)| *of == relation);
    if !view.candidates(node).is_empty() {
        return Ok(Some(Finding::Ambiguous(node)));
    }
    if view.is_missing(node) {
        return Ok(Some(Finding::Missing(node)));
    }
    Ok(match view.kind_of(node) {
        Kind::Run if !has_inputs(view, node) => {
            let hints = view.field(node, "input_hints")?;
            let hints = hints.as_ref().and_then(Value::as_list).unwrap_or_default();
            let hints = hints.iter().filter_map(Value::as_text).map(str::to_owned);
            Some(Finding::NoInput(node, hints.collect()))
        }
        Kind::Run if has(Relation::Used) && !has(Relation::TrainedOn) => {
            Some(Finding::NoRole(node))
        }
        Kind::Deployment if !has(Relation::Deploys) => Some(Finding::NoModel(node)),
        Kind::Model if !has(Relation::ProducedBy) && !has(Relation::RegisteredFrom) => {
            Some(Finding::NoRun(node))
        }
        _ => None,
    })
}

/// Data sets that training led to, in order of discovery, and whether the walk was cut. A walk of its own: the lineage holds a
/// node once, and may have come to it by another way first.
fn training_data(
    view: &Snapshot,
    roots: &[NodeNo],
    asker: &Asker<'_>,
) -> Result<(Vec<NodeNo>, bool), Untold> {
    let (mut found, mut edges) = (Vec::new(), 0);
    let mut walked: HashSet<NodeNo> = HashSet::new();
    let mut stack: Vec<NodeNo> = roots.iter().rev().copied().collect();
    while let Some(node) = stack.pop() {
        if !walked.insert(node) {
            continue;
        }
        asker.waits()?;
        if view.kind_of(node) == Kind::Dataset && !roots.contains(&node) {
            found.push(node);
        }
        let children = upstream(view, node);
        if children.len() > asker.edges_max - edges {
            return Ok((found, true));
        }
        edges += children.len();
        let children = children.into_iter().rev();
        stack.extend(children.filter(|(relation, _)| is_training(*relation)).map(|(_, to)| to));
    }
    Ok((found, false))
}

/// May training data be reached over this relation?
fn is_training(relation: Relation) -> bool {
    !matches!(
        relation,
        Relation::ValidatedOn | Relation::Used | Relation::TestedOn | Relation::Executes
    )
}

/// What lies directly upstream: lineage, and the data it was tested on.
#[must_use]
pub fn upstream(view: &Snapshot, node: NodeNo) -> Vec<(Relation, NodeNo)> {
    let mut children = Vec::new();
    for spec in &RELATIONS {
        if spec.class == Class::Lineage || spec.relation == Relation::TestedOn {
            let targets = view.edges(node, spec.relation, Direction::Forward);
            children.extend(targets.iter().map(|target| (spec.relation, *target)));
        }
    }
    children
}

/// Do the runs behind a node record any data set at all?
fn has_inputs(view: &Snapshot, run: NodeNo) -> bool {
    [Relation::TrainedOn, Relation::ValidatedOn, Relation::TestedOn, Relation::Used]
        .into_iter()
        .any(|relation| !view.edges(run, relation, Direction::Forward).is_empty())
}

/// Kinds whose training data is a sensible question.
#[must_use]
pub fn asks_for_training(kind: Kind) -> bool {
    matches!(kind, Kind::Model | Kind::Run | Kind::Deployment | Kind::Batch)
}
